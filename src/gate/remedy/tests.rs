use super::*;
use crate::gate::claims::ClaimPath;
use crate::gate::policy::Unmet;
use crate::gate::rule::Values;

const GUIDE: &str = include_str!("../../../docs/troubleshooting.md");
const API: &str = include_str!("../../../docs/api.md");

fn unmet(conditions: Vec<Condition>) -> Forbidden {
    Forbidden::Rules(Unmet {
        account: "kirsten".to_owned(),
        route: None,
        rules: conditions
            .into_iter()
            .map(|one| vec![(one, false)])
            .collect(),
    })
}

/// All of them.
fn all() -> Vec<Forbidden> {
    let values = || Values::new(vec!["x".to_owned()]).unwrap();
    let conditions = [
        Condition::Groups(values()),
        Condition::AllGroups(values()),
        Condition::AccessRight(values()),
        Condition::EmailDomains(values()),
        Condition::Emails(values()),
        Condition::Provider(values()),
        Condition::Claim(ClaimPath::parse("tier").unwrap(), values()),
        Condition::Scopes(values()),
    ];
    let several = conditions[..2].to_vec();
    let people = [
        NoPerson::NoUser("email".to_owned()),
        NoPerson::ControlInUser,
        NoPerson::ForeignUser,
        NoPerson::SeveralRights,
        NoPerson::NoRight,
        NoPerson::Revoked,
    ];
    let others = [
        Forbidden::Machine,
        Forbidden::Nobody,
        Forbidden::NoRuleForMethod,
        Forbidden::HeaderTooLong,
        Forbidden::Unsigned,
        Forbidden::ForeignOrigin,
    ];
    let rules = conditions.map(|one| unmet(vec![one])).into_iter();
    rules
        .chain([unmet(several)])
        .chain(people.map(Forbidden::NoPerson))
        .chain(others)
        .collect()
}

/// Why a bearer token may count for nothing.
fn bearers() -> Vec<NoIdentity> {
    let tokens = [
        TokenError::Audience,
        TokenError::Issuer,
        TokenError::TokenUse,
        TokenError::Expired,
        TokenError::NotYetValid,
        TokenError::Malformed,
        TokenError::TooLong,
        TokenError::Algorithm,
        TokenError::UnknownKey,
        TokenError::NoKeyId,
        TokenError::Signature,
        TokenError::Claim,
        TokenError::AuthTime,
        TokenError::IdentityProvider,
        TokenError::Duplicate,
        TokenError::Critical,
    ];
    let others = [
        NoIdentity::BearerNotTaken,
        NoIdentity::BearerMalformed,
        NoIdentity::Revoked,
        NoIdentity::AuthTooOld,
    ];
    let others = others.into_iter();
    others.chain(tokens.map(NoIdentity::Token)).collect()
}

/// The rows between two marks of a page.
fn rows<'p>(page: &'p str, mark: &str) -> Vec<&'p str> {
    let table = page.split(mark).nth(1).expect("the table");
    table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect()
}

#[test]
fn the_guide_has_each_reason_of_a_403_with_its_words_and_no_other() {
    let row = |why: Forbidden| {
        let (reason, text, remedy) = (why.reason(), why.word().english(), why.remedy());
        format!("| `{reason}` | {text} | {remedy} |")
    };
    let expected: Vec<String> = all().into_iter().map(row).collect();
    let rows = rows(GUIDE, "<!-- not let through -->");
    assert_eq!(rows, expected, "\n{}\n", expected.join("\n"));
}

#[test]
fn the_page_on_api_clients_has_each_reason_of_a_refused_bearer() {
    let row = |why: NoIdentity| {
        let remedy = why.bearer_remedy().unwrap_or("");
        format!("| `{}` | {remedy} |", why.reason())
    };
    let expected: Vec<String> = bearers().into_iter().map(row).collect();
    let rows = rows(API, "<!-- refused -->");
    assert_eq!(rows, expected, "\n{}\n", expected.join("\n"));
}

#[test]
fn what_the_log_says_has_the_remedy() {
    for why in all() {
        let note = why.note();
        assert_eq!(note.outcome, "forbidden");
        assert_eq!(note.reason, Some(why.reason()));
        assert_eq!(note.remedy, Some(why.remedy()));
        let remedy = why.remedy();
        assert!(!remedy.ends_with('.') && remedy.len() > 20, "{remedy}");
    }
    let not_taken = NoIdentity::BearerNotTaken.note();
    assert_eq!(not_taken.remedy, NoIdentity::BearerNotTaken.bearer_remedy());
    assert!(not_taken.remedy.is_some());
    assert_eq!(NoIdentity::NoCookie.note().remedy, None);
}
