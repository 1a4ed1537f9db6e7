//! What each key of a rule means.

use serde_json::json;

use super::*;

fn person() -> Person {
    Person {
        user: "kirsten".to_owned(),
        email: Some("kirsten@corp.example".to_owned()),
        name: None,
        groups: vec!["Editors".to_owned(), "Brand Nordics".to_owned()],
        access_right: Some("Local Company".to_owned()),
        attributes: Vec::new(),
    }
}

fn claims() -> Map<String, Value> {
    let claims = json!({
        "department": "Sales",
        "roles": ["reader", "writer"],
        "custom:teams": "[north, south+west]",
        "address": { "country": "NO" },
        "level": 3,
        "staff": true,
        "empty": [],
        "nothing": null,
    });
    claims.as_object().unwrap().clone()
}

fn values(names: &[&str]) -> Values {
    Values::new(names.iter().map(|&name| name.to_owned()).collect()).unwrap()
}

fn claim(name: &str, names: &[&str]) -> Condition {
    Condition::Claim(ClaimPath::parse(name).unwrap(), values(names))
}

/// Whether one condition holds, and the values that it was judged by.
fn judged(condition: Condition, person: &Person) -> (bool, Vec<String>) {
    let rules = Rules::new(vec![Rule::new(vec![condition]).unwrap()]).unwrap();
    let claims = claims();
    let who = Who {
        person,
        provider: "corp",
        claims: &claims,
        userinfo: None,
        grant: Grant::default(),
    };
    let verdict = rules.verdicts(who).next().unwrap();
    let [one] = verdict.conditions() else {
        panic!("one condition, one verdict");
    };
    assert_eq!(verdict.holds(), one.holds);
    let has = one.has.iter().map(|value| value.clone().into_owned());
    (one.holds, has.collect())
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn every_key_holds_for_whom_it_names() {
    use Condition::{AccessRight, AllGroups, EmailDomains, Groups, Provider};
    for (condition, holds) in [
        (Groups(values(&["Editors"])), true),
        (Groups(values(&["Admins", "Brand Nordics"])), true),
        (Groups(values(&["Admins"])), false),
        (Groups(values(&["editors"])), false),
        (Groups(values(&["Editor"])), false),
        (Groups(values(&["Brand"])), false),
        (AllGroups(values(&["Editors"])), true),
        (AllGroups(values(&["Brand Nordics", "Editors"])), true),
        (AllGroups(values(&["Editors", "Admins"])), false),
        (AccessRight(values(&["Local Company"])), true),
        (AccessRight(values(&["Admin", "Local Company"])), true),
        (AccessRight(values(&["Admin"])), false),
        (AccessRight(values(&["local company"])), false),
        (EmailDomains(values(&["corp.example"])), true),
        (EmailDomains(values(&["other.example", "CORP.Example"])), true),
        (EmailDomains(values(&["example"])), false),
        (EmailDomains(values(&["sub.corp.example"])), false),
        (EmailDomains(values(&["orp.example"])), false),
        (Provider(values(&["corp"])), true),
        (Provider(values(&["other", "corp"])), true),
        (Provider(values(&["other"])), false),
        (claim("department", &["Sales"]), true),
        (claim("department", &["Support", "Sales"]), true),
        (claim("department", &["sales"]), false),
        (claim("roles", &["writer"]), true),
        (claim("roles", &["admin"]), false),
        (claim("custom:teams", &["south west"]), true),
        (claim("custom:teams", &["south"]), false),
        (claim("address.country", &["NO"]), true),
        (claim("address", &["NO"]), false),
        (claim("level", &["3"]), true),
        (claim("staff", &["true"]), true),
        (claim("staff", &["false"]), false),
        (claim("empty", &["[]"]), false),
        (claim("nothing", &["null"]), false),
        (claim("absent", &["x"]), false),
    ] {
        let shown = format!("{condition:?}");
        assert_eq!(judged(condition, &person()).0, holds, "{shown}");
    }
}

#[test]
fn what_somebody_does_not_have_opens_nothing() {
    let bare = Person {
        email: None,
        groups: Vec::new(),
        access_right: None,
        ..person()
    };
    for condition in [
        Condition::Groups(values(&["Editors"])),
        Condition::AllGroups(values(&["Editors"])),
        Condition::AccessRight(values(&["Local Company"])),
        Condition::EmailDomains(values(&["corp.example"])),
    ] {
        let shown = format!("{condition:?}");
        assert_eq!(judged(condition, &bare), (false, Vec::new()), "{shown}");
    }
}

#[test]
fn an_email_has_the_domain_after_its_only_at() {
    // field.md R16, CVE-2026-40574.
    for (email, domain) in [
        ("a@corp.example", Some("corp.example")),
        ("a@CORP.example", Some("CORP.example")),
        (" a@corp.example ", Some("corp.example")),
        ("a@evil.example@corp.example", None),
        ("a@corp.example@evil.example", None),
        ("a@@corp.example", None),
        ("\"a@evil.example\"@corp.example", None),
        ("@corp.example", None),
        ("corp.example", None),
        ("a@", None),
        ("", None),
    ] {
        let somebody = Person {
            email: Some(email.to_owned()),
            ..person()
        };
        let rule = Condition::EmailDomains(values(&["corp.example"]));
        let (holds, has) = judged(rule, &somebody);
        assert_eq!(has.first().map(String::as_str), domain, "{email}");
        assert_eq!(holds, domain.is_some(), "{email}");
    }
}

#[test]
fn the_values_that_decided_come_with_the_verdict() {
    let somebody = person();
    for (condition, has) in [
        (
            Condition::Groups(values(&["x"])),
            vec!["Editors", "Brand Nordics"],
        ),
        (
            Condition::AccessRight(values(&["x"])),
            vec!["Local Company"],
        ),
        (Condition::Provider(values(&["x"])), vec!["corp"]),
        (claim("custom:teams", &["x"]), vec!["north", "south west"]),
        (claim("absent", &["x"]), vec![]),
    ] {
        assert_eq!(judged(condition, &somebody).1, has);
    }
}

#[test]
fn all_keys_of_a_table_have_to_hold_and_one_of_the_tables() {
    let yes = || Condition::Groups(values(&["Editors"]));
    let no = || Condition::AccessRight(values(&["Admin"]));
    let somebody = person();
    let claims = claims();
    let who = Who {
        person: &somebody,
        provider: "corp",
        claims: &claims,
        userinfo: None,
        grant: Grant::default(),
    };
    for (tables, verdicts) in [
        (vec![vec![yes()]], vec![true]),
        (vec![vec![no()]], vec![false]),
        (vec![vec![yes(), yes()]], vec![true]),
        (vec![vec![yes(), no()]], vec![false]),
        (vec![vec![no(), yes()]], vec![false]),
        (vec![vec![no()], vec![yes()]], vec![false, true]),
        (
            vec![vec![yes(), no()], vec![no(), yes()]],
            vec![false, false],
        ),
    ] {
        let rules = tables.into_iter().map(|table| Rule::new(table).unwrap());
        let rules = Rules::new(rules.collect()).unwrap();
        let found: Vec<bool> = rules.verdicts(who).map(|verdict| verdict.holds()).collect();
        assert_eq!(found, verdicts);
    }
}

#[test]
fn nothing_that_holds_for_everybody_can_be_built() {
    assert_eq!(Rules::new(Vec::new()), None);
    assert_eq!(Rule::new(Vec::new()), None);
    assert_eq!(Values::new(Vec::new()), None);
}

#[test]
fn needs_are_told_in_words() {
    use Condition::{AccessRight, AllGroups, EmailDomains, Groups, Provider};
    for (condition, words) in [
        (Groups(values(&["A"])), "the group A"),
        (Groups(values(&["A", "B"])), "one of the groups A, B"),
        (AllGroups(values(&["A", "B"])), "all of the groups A, B"),
        (AccessRight(values(&["A"])), "the access right A"),
        (
            AccessRight(values(&["A", "B"])),
            "one of the access rights A, B",
        ),
        (
            EmailDomains(values(&["a.example"])),
            "an email address at a.example",
        ),
        (
            EmailDomains(values(&["a.example", "b.example"])),
            "an email address at one of a.example, b.example",
        ),
        (Provider(values(&["corp"])), "a sign-in through corp"),
        (claim("department", &["Sales"]), "department to be Sales"),
        (
            claim("department", &["Sales", "R&D"]),
            "department to be one of Sales, R&D",
        ),
    ] {
        assert_eq!(condition.to_string(), words);
    }
}

#[test]
fn a_claim_that_the_id_token_lacks_is_looked_for_in_userinfo() {
    let rule = |name: &str, wanted: &str| {
        let rule = Rule::new(vec![claim(name, &[wanted])]).unwrap();
        Rules::new(vec![rule]).unwrap()
    };
    let object = |value: Value| value.as_object().unwrap().clone();
    let claims = object(json!({ "both": "token", "blank": " ", "deep": { "a": "token" } }));
    let beside = object(json!({
        "both": "userinfo", "blank": "userinfo", "only": "userinfo", "deep": { "b": "userinfo" },
    }));
    let somebody = person();
    for (name, value, without, with) in [
        ("both", "token", true, true),
        ("both", "userinfo", false, false),
        ("blank", "userinfo", false, true),
        ("only", "userinfo", false, true),
        ("deep.b", "userinfo", false, true),
        ("deep.a", "token", true, true),
        ("none", "userinfo", false, false),
    ] {
        for (userinfo, holds) in [(None, without), (Some(&beside), with)] {
            let who = Who {
                person: &somebody,
                provider: "corp",
                claims: &claims,
                userinfo,
                grant: Grant::default(),
            };
            let rules = rule(name, value);
            let verdict = rules.verdicts(who).next().unwrap();
            assert_eq!(verdict.holds(), holds, "{name} {value}");
        }
    }
}

#[test]
fn verdicts_show_nothing_of_the_person_in_debug_output() {
    let (somebody, claims) = (person(), claims());
    let who = Who {
        person: &somebody,
        provider: "corp",
        claims: &claims,
        userinfo: None,
        grant: Grant::default(),
    };
    let rules = Rules::new(vec![Rule::new(vec![claim("roles", &["x"])]).unwrap()]).unwrap();
    let shown = format!("{who:?} {:?}", rules.verdicts(who).next().unwrap());
    assert!(
        !shown.contains("writer") && !shown.contains("kirsten"),
        "{shown}"
    );
}
