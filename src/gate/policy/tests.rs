//! Who may pass, and the words for the log.

use std::cell::Cell;
use std::collections::HashSet;

use super::*;
use crate::gate::rule::{Rule, Values};
use crate::gate::tests::support::proof;

fn person() -> Person {
    Person {
        user: "kirsten".to_owned(),
        email: None,
        name: None,
        groups: Vec::new(),
        access_right: None,
        attributes: Vec::new(),
    }
}

/// A rule on groups, and one on a group and an email.
fn rules() -> Access {
    let values =
        |names: &[&str]| Values::new(names.iter().map(|&name| name.to_owned()).collect()).unwrap();
    let one = Rule::new(vec![Condition::Groups(values(&["Editors", "Admins"]))]).unwrap();
    let other = Rule::new(vec![
        Condition::AllGroups(values(&["Guests"])),
        Condition::EmailDomains(values(&["corp.example"])),
    ]);
    Access::Rules(Arc::new(Rules::new(vec![one, other.unwrap()]).unwrap()))
}

fn judged(access: Access, presented: Presented<'_>) -> (Result<Option<Person>, Denial>, bool) {
    let asked = Cell::new(false);
    let permit = judge(access.clone(), || {
        asked.set(true);
        presented
    });
    let who = permit.map(|permit| {
        assert_eq!(*permit.access(), access);
        permit.who().cloned()
    });
    (who, asked.get())
}

#[test]
fn the_table_of_access_and_identity() {
    let nobody = || Presented::None(NoIdentity::NoCookie);
    let no_person = || Presented::NoPerson(NoPerson::SeveralRights);
    let someone = || Presented::Person(person().into(), proof());
    let sign_in = Denial::SignIn(NoIdentity::NoCookie);
    let unfit = Denial::Forbidden(Forbidden::NoPerson(NoPerson::SeveralRights));
    let closed = Denial::Forbidden(Forbidden::Nobody);
    let editor = Person {
        groups: vec!["Editors".to_owned()],
        ..person()
    };
    let editor_there = || Presented::Person(editor.clone().into(), proof());
    for (access, presented, expected) in [
        (Access::Public, nobody(), Ok(None)),
        (Access::Public, someone(), Ok(None)),
        (Access::Public, no_person(), Ok(None)),
        (Access::Optional, nobody(), Ok(None)),
        (Access::Optional, someone(), Ok(Some(person()))),
        (Access::Optional, no_person(), Ok(None)),
        (Access::SignedIn, nobody(), Err(sign_in.clone())),
        (Access::SignedIn, someone(), Ok(Some(person()))),
        (Access::SignedIn, no_person(), Err(unfit.clone())),
        (rules(), nobody(), Err(sign_in)),
        (rules(), no_person(), Err(unfit)),
        (rules(), editor_there(), Ok(Some(editor.clone()))),
        (Access::Nobody, nobody(), Err(closed.clone())),
        (Access::Nobody, someone(), Err(closed.clone())),
        (Access::Nobody, no_person(), Err(closed)),
    ] {
        let (who, asked) = judged(access.clone(), presented);
        assert_eq!(who, expected, "{access:?}");
        // A public route does not so much as look at the cookie.
        assert_eq!(asked, access.looks_for_identity(), "{access:?}");
    }
}

#[test]
fn every_reason_has_its_own_word() {
    let token = [
        TokenError::TooLong,
        TokenError::Malformed,
        TokenError::Duplicate,
        TokenError::Critical,
        TokenError::Algorithm,
        TokenError::NoKeyId,
        TokenError::UnknownKey,
        TokenError::Signature,
        TokenError::Claim,
        TokenError::Issuer,
        TokenError::Audience,
        TokenError::TokenUse,
        TokenError::IdentityProvider,
        TokenError::Expired,
        TokenError::NotYetValid,
        TokenError::Nonce,
        TokenError::Foreign,
    ];
    let identity = [
        NoIdentity::NoCookie,
        NoIdentity::Unreadable(OpenError::Malformed),
        NoIdentity::Unreadable(OpenError::UnknownKey),
        NoIdentity::Unreadable(OpenError::Forged),
        NoIdentity::UnknownFormat,
        NoIdentity::OtherProvider,
        NoIdentity::LifetimeOver,
        NoIdentity::NoKeys,
    ];
    let values = || Values::new(vec!["a".to_owned()]).unwrap();
    let claim = crate::gate::claims::ClaimPath::parse("a").unwrap();
    let conditions = [
        Condition::Groups(values()),
        Condition::AllGroups(values()),
        Condition::AccessRight(values()),
        Condition::EmailDomains(values()),
        Condition::Provider(values()),
        Condition::Claim(claim, values()),
    ];
    let forbidden = [
        Forbidden::Nobody,
        Forbidden::NoRuleForMethod,
        Forbidden::NoPerson(NoPerson::NoUser("email".to_owned())),
        Forbidden::NoPerson(NoPerson::ControlInUser),
        Forbidden::NoPerson(NoPerson::SeveralRights),
        Forbidden::HeaderTooLong,
        Forbidden::ForeignOrigin,
    ];
    let words: Vec<&str> = token
        .iter()
        .map(|error| NoIdentity::Token(*error).reason())
        .chain(identity.iter().map(|why| why.reason()))
        .chain(forbidden.iter().map(Forbidden::reason))
        .chain(conditions.iter().map(Condition::reason))
        .collect();
    // One of them has hyphens, as the contract writes it.
    let legal = |b: u8| b.is_ascii_lowercase() || b == b'_' || b == b'-';
    assert!(
        words.iter().all(|word| word.bytes().all(legal)),
        "{words:?}"
    );
    assert_eq!(words.iter().collect::<HashSet<_>>().len(), words.len());
}

#[test]
fn a_permit_shows_no_one_in_debug_output() {
    let permit = judge(Access::SignedIn, || {
        Presented::Person(person().into(), proof())
    })
    .unwrap();
    let shown = format!(
        "{permit:?} {:?}",
        Presented::Person(person().into(), proof())
    );
    assert!(!shown.contains("kirsten"), "{shown}");
}

#[test]
fn a_refusal_says_what_each_rule_asks_for_and_which_of_it_is_there() {
    let guest = Person {
        groups: vec!["Guests".to_owned()],
        ..person()
    };
    let (refused, _) = judged(rules(), Presented::Person(guest.into(), proof()));
    let Err(Denial::Forbidden(Forbidden::Rules(unmet))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(unmet.account, "kirsten");
    let told: Vec<Vec<(String, bool)>> = unmet
        .rules
        .iter()
        .map(|rule| {
            rule.iter()
                .map(|(c, holds)| (c.to_string(), *holds))
                .collect()
        })
        .collect();
    assert_eq!(
        told,
        [
            vec![("one of the groups Editors, Admins".to_owned(), false)],
            vec![
                ("the group Guests".to_owned(), true),
                ("an email address at corp.example".to_owned(), false),
            ],
        ]
    );
    // Two rules lack different things.
    assert_eq!(Forbidden::Rules(unmet.clone()).reason(), "rule_several");
    let one = Unmet {
        rules: unmet.rules[1..].to_vec(),
        ..unmet.clone()
    };
    assert_eq!(Forbidden::Rules(one).reason(), "rule_email_domains");
    let shown = format!("{:?}", Denial::Forbidden(Forbidden::Rules(unmet)));
    assert!(!shown.contains("kirsten"), "{shown}");
}
