//! The one shape of `identity.*`: every form in which a claim comes, the map
//! and what holds where nothing is left.

use serde_json::json;

use super::*;
use crate::config::{Identity, Provider, ProviderKind};
use crate::gate::identity::tests::verified;
use crate::gate::identity::{AttributeValue, KeptClaims, Mapping, NoPerson, Person};
use crate::gate::tests::support::{self, POOL, rule};

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn map(entries: &[(&str, &[&str])]) -> ValueMap {
    let entries = entries.iter();
    entries
        .map(|(name, local)| ((*name).to_owned(), texts(local)))
        .collect()
}

fn by(identity: &Identity, claims: &Value) -> Result<Person, NoPerson> {
    Mapping::new(identity, &support::provider()).person(&verified(claims), &KeptClaims::default())
}

fn groups(rule: ClaimRule, claims: &Value) -> Vec<String> {
    let identity = Identity {
        groups: rule,
        ..support::identity()
    };
    by(&identity, claims).unwrap().groups
}

fn right(rule: ClaimRule, order: &[&str], claims: &Value) -> Result<Option<String>, NoPerson> {
    let identity = Identity {
        access_right: Some(rule),
        order: texts(order),
        ..support::identity()
    };
    by(&identity, claims).map(|person| person.access_right)
}

fn attribute(kind: AttributeKind, rule: ClaimRule, claims: &Value) -> Option<AttributeValue> {
    let name = "it".to_owned();
    let identity = Identity {
        attributes: vec![AttributeRule { name, rule, kind }],
        ..support::identity()
    };
    let mut attributes = by(&identity, claims).unwrap().attributes;
    let found = attributes.pop();
    assert!(attributes.is_empty());
    found.map(|attribute| {
        assert_eq!(attribute.name, "it");
        attribute.value
    })
}

#[test]
fn a_claim_is_understood_in_every_shape_that_reaches_us() {
    // cognito.md 2.2, 2.5, 3.3: one row for each shape, by its name in the configuration.
    for (claim, claims, expected) in [
        ("g", json!({ "g": ["a", "b"] }), &["a", "b"][..]),
        ("g", json!({ "g": "[a, b]" }), &["a", "b"]),
        (
            "g",
            json!({ "g": "[Local+Company,R%26D]" }),
            &["Local Company", "R&D"],
        ),
        ("g", json!({ "g": "[\"a\", \"b,c\"]" }), &["a", "b,c"]),
        (
            "g",
            json!({ "g": "plain, with a comma" }),
            &["plain, with a comma"],
        ),
        ("g", json!({ "g": true }), &["true"]),
        ("g", json!({ "g": "true" }), &["true"]),
        ("g", json!({ "g": 4711 }), &["4711"]),
        ("g", json!({ "g": 1.5 }), &["1.5"]),
        ("g.name", json!({ "g": { "name": "a" } }), &["a"]),
        (
            "g.name",
            json!({ "g": [{ "name": "a" }, { "name": "b" }] }),
            &["a", "b"],
        ),
        (
            "g.names",
            json!({ "g": [{ "names": ["a"] }, { "names": "[b, c]" }] }),
            &["a", "b", "c"],
        ),
        (
            "https://x\\.example/g",
            json!({ "https://x.example/g": ["a"] }),
            &["a"],
        ),
        (
            "https://x.example/g",
            json!({ "https://x.example/g": ["a"] }),
            &["a"],
        ),
        ("custom:g", json!({ "custom:g": "a" }), &["a"]),
        (
            "a.b",
            json!({ "a.b": "exact", "a": { "b": "path" } }),
            &["exact"],
        ),
        ("g", json!({}), &[]),
        ("g", json!({ "g": null }), &[]),
        ("g", json!({ "g": [] }), &[]),
        ("g", json!({ "g": "" }), &[]),
        ("g", json!({ "g": {} }), &[]),
    ] {
        assert_eq!(
            groups(rule(&[claim]), &claims),
            expected,
            "{claim} {claims}"
        );
    }
}

#[test]
fn a_text_is_cut_only_at_what_is_configured() {
    let split = |separator: &str| ClaimRule {
        split: Some(separator.to_owned()),
        ..rule(&["g"])
    };
    for (separator, value, expected) in [
        (",", json!("a, b,,c"), &["a", "b", "c"][..]),
        (";", json!("a,b; c"), &["a,b", "c"]),
        (" ", json!("a  b"), &["a", "b"]),
        // Lists are not cut a second time.
        (",", json!(["a,b"]), &["a,b"]),
        (",", json!("[a%2Cb,c]"), &["a,b", "c"]),
        (";", json!("[a;b, c]"), &["a;b", "c"]),
        (",", json!(","), &[]),
        (",", json!(7), &["7"]),
    ] {
        let found = groups(split(separator), &json!({ "g": value }));
        assert_eq!(found, expected, "{separator} {value}");
    }
}

#[test]
fn groups_are_mapped_one_to_many_and_merged() {
    let entries: &[(&str, &[&str])] = &[
        ("Local Company", &["Argentina", "Chile", "Bolivia"]),
        ("Global Company", &["Chile", "World"]),
        ("Editors", &["Editors"]),
    ];
    let with = |unmapped, default: &[&str]| ClaimRule {
        map: Some(map(entries)),
        unmapped,
        default: texts(default),
        ..rule(&["g", "h"])
    };
    for (unmapped, default, claims, expected) in [
        (
            Unmapped::Keep,
            &[][..],
            json!({ "g": ["Local Company"] }),
            &["Argentina", "Chile", "Bolivia"][..],
        ),
        (
            Unmapped::Keep,
            &[],
            json!({ "g": ["Local Company", "x"], "h": "Global Company" }),
            &["Argentina", "Chile", "Bolivia", "x", "World"],
        ),
        (
            Unmapped::Drop,
            &[],
            json!({ "g": ["Local Company", "x"], "h": "Global Company" }),
            &["Argentina", "Chile", "Bolivia", "World"],
        ),
        // Values are trimmed and case-sensitive.
        (
            Unmapped::Drop,
            &[],
            json!({ "g": [" Editors ", "editors"] }),
            &["Editors"],
        ),
        (Unmapped::Drop, &[], json!({ "g": ["x"] }), &[]),
        (
            Unmapped::Drop,
            &["Everybody", "Guests"],
            json!({ "g": ["x"] }),
            &["Everybody", "Guests"],
        ),
        (
            Unmapped::Drop,
            &["Everybody"],
            json!({ "g": ["Editors"] }),
            &["Editors"],
        ),
        (Unmapped::Drop, &["Everybody"], json!({}), &["Everybody"]),
        (
            Unmapped::Keep,
            &["Everybody"],
            json!({ "g": ["x"] }),
            &["x"],
        ),
        (Unmapped::Keep, &["Everybody"], json!({}), &["Everybody"]),
        (Unmapped::Keep, &[], json!({}), &[]),
    ] {
        assert_eq!(
            groups(with(unmapped, default), &claims),
            expected,
            "{unmapped:?} {default:?} {claims}"
        );
    }
}

#[test]
fn the_automatic_group_goes_before_the_map_unless_it_is_to_stay() {
    let automatic = format!("{POOL}_entra");
    let identities = json!([{ "providerName": "entra" }]);
    for (keep, map_it, expected) in [
        (false, false, &["x"][..]),
        (false, true, &["x"]),
        (true, false, &[automatic.as_str(), "x"]),
        (true, true, &["From Entra", "x"]),
    ] {
        let entries: &[(&str, &[&str])] = &[(automatic.as_str(), &["From Entra"])];
        let identity = Identity {
            groups: ClaimRule {
                map: map_it.then(|| map(entries)),
                ..rule(&["cognito:groups"])
            },
            keep_provider_group: keep,
            ..support::identity()
        };
        let claims = json!({ "identities": identities, "cognito:groups": [automatic, "x"] });
        let person = by(&identity, &claims).unwrap();
        assert_eq!(person.groups, expected, "{keep} {map_it}");
        // A federated email is believed either way.
        let unverified = json!({ "identities": identities, "email_verified": false });
        assert!(
            by(&identity, &unverified).unwrap().email.is_some(),
            "{keep}"
        );
    }
}

#[test]
fn the_access_right_in_all_combinations_of_unmapped_and_default() {
    use Unmapped::{Default, Deny, Keep};
    let entries: &[(&str, &[&str])] = &[("Global Company", &["Admin"]), ("Local", &["Sales"])];
    let some = |right: &str| Ok(Some(right.to_owned()));
    let denied = || Err(NoPerson::NoRight);
    for (unmapped, default, mapped, unknown, absent) in [
        (Keep, None, some("Admin"), some("x"), Ok(None)),
        (Keep, Some("Guest"), some("Admin"), some("x"), some("Guest")),
        (Deny, None, some("Admin"), denied(), denied()),
        (Deny, Some("Guest"), some("Admin"), denied(), some("Guest")),
        (
            Default,
            Some("Guest"),
            some("Admin"),
            some("Guest"),
            some("Guest"),
        ),
    ] {
        let rule = ClaimRule {
            map: Some(map(entries)),
            unmapped,
            default: default.into_iter().map(str::to_owned).collect(),
            ..rule(&["r"])
        };
        let of = |claims: Value| right(rule.clone(), &[], &claims);
        assert_eq!(
            of(json!({ "r": "Global Company" })),
            mapped,
            "{unmapped:?} {default:?}"
        );
        assert_eq!(of(json!({ "r": "x" })), unknown, "{unmapped:?} {default:?}");
        for nothing in [json!({}), json!({ "r": [] }), json!({ "r": "" })] {
            assert_eq!(of(nothing), absent, "{unmapped:?} {default:?}");
        }
        // What is mapped counts, whatever stands beside it.
        let beside = of(json!({ "r": ["x", "Global Company"] }));
        let expected = match unmapped {
            Keep => Err(NoPerson::SeveralRights),
            _ => mapped,
        };
        assert_eq!(beside, expected, "{unmapped:?} {default:?}");
    }
}

#[test]
fn the_order_decides_and_what_it_does_not_rank_is_ambiguous() {
    let order = &["Admin", "Sales", "Reader"];
    for (value, order, expected) in [
        (json!(["Sales", "Admin"]), &order[..], Ok("Admin")),
        (json!(["Reader", "Sales"]), order, Ok("Sales")),
        (json!("[Reader, Sales]"), order, Ok("Sales")),
        (json!(["x", "Reader"]), order, Ok("Reader")),
        (json!(["x"]), order, Ok("x")),
        (json!(["x", "y"]), order, Err(NoPerson::SeveralRights)),
        (json!(["Sales", "Admin"]), &[], Err(NoPerson::SeveralRights)),
        (json!(["Sales", "Sales"]), &[], Ok("Sales")),
        // The order ranks local names; case counts.
        (
            json!(["admin", "sales"]),
            order,
            Err(NoPerson::SeveralRights),
        ),
    ] {
        let found = right(rule(&["r"]), order, &json!({ "r": value }));
        let expected = expected.map(|right| Some(right.to_owned()));
        assert_eq!(found, expected, "{value} {order:?}");
    }
    let entries: &[(&str, &[&str])] = &[("g1", &["Sales"]), ("g2", &["Reader", "Admin"])];
    let mapped = ClaimRule {
        map: Some(map(entries)),
        unmapped: Unmapped::Deny,
        ..rule(&["r"])
    };
    let claims = json!({ "r": ["g1", "g2", "g3"] });
    assert_eq!(right(mapped, order, &claims), Ok(Some("Admin".to_owned())));
}

#[test]
fn single_values_are_mapped_too() {
    let entries: &[(&str, &[&str])] =
        &[("kirsten.holm@example.org", &["kholm"]), ("bad", &["a\nb"])];
    let with = |unmapped| Identity {
        user: ClaimRule {
            map: Some(map(entries)),
            unmapped,
            ..rule(&["login", "email"])
        },
        ..support::identity()
    };
    let user = |unmapped, claims: &Value| by(&with(unmapped), claims).map(|person| person.user);
    assert_eq!(user(Unmapped::Keep, &json!({})), Ok("kholm".to_owned()));
    assert_eq!(
        user(Unmapped::Keep, &json!({ "login": "x" })),
        Ok("x".to_owned())
    );
    // The first that is present counts, also if the map leaves it out.
    let nobody = NoPerson::NoUser("login, email".to_owned());
    assert_eq!(user(Unmapped::Drop, &json!({ "login": "x" })), Err(nobody));
    let control = json!({ "login": "bad" });
    assert_eq!(user(Unmapped::Keep, &control), Err(NoPerson::ControlInUser));
    // An email is one after the map, too.
    let entries: &[(&str, &[&str])] = &[("kirsten.holm@example.org", &["no address"])];
    let identity = Identity {
        email: ClaimRule {
            map: Some(map(entries)),
            ..rule(&["email"])
        },
        ..support::identity()
    };
    assert_eq!(by(&identity, &json!({})).unwrap().email, None);
    let named = Identity {
        name: Some(ClaimRule {
            default: texts(&["Somebody"]),
            ..rule(&["nickname"])
        }),
        ..support::identity()
    };
    let name = by(&named, &json!({})).unwrap().name;
    assert_eq!(name.as_deref(), Some("Somebody"));
}

#[test]
fn an_attribute_has_the_type_that_is_configured() {
    use AttributeKind::{Bool, List, Number, Text};
    let one = |text: &str| Some(AttributeValue::One(text.to_owned()));
    for (kind, value, expected) in [
        (Text, json!("Sales"), one("Sales")),
        (Text, json!(7), one("7")),
        (Text, json!(true), one("true")),
        (Text, json!("[a, b]"), one("[a, b]")),
        (Text, json!(["a"]), None),
        (Text, json!(""), None),
        (Text, json!(null), None),
        (Number, json!(7), one("7")),
        (Number, json!(-1.5), one("-1.5")),
        (Number, json!("007"), one("007")),
        (Number, json!(" 42 "), one("42")),
        (Number, json!("1e3"), one("1e3")),
        (Number, json!("inf"), None),
        (Number, json!("NaN"), None),
        (Number, json!("1e999"), None),
        (Number, json!("4 711"), None),
        (Number, json!("seven"), None),
        (Number, json!(true), None),
        (Bool, json!(true), one("true")),
        (Bool, json!(false), one("false")),
        (Bool, json!("true"), one("true")),
        (Bool, json!("FALSE"), one("false")),
        (Bool, json!("yes"), None),
        (Bool, json!(1), None),
        (
            List,
            json!(["a", "b", "a"]),
            Some(AttributeValue::Many(texts(&["a", "b"]))),
        ),
        (
            List,
            json!("[a, b]"),
            Some(AttributeValue::Many(texts(&["a", "b"]))),
        ),
        (
            List,
            json!("a,b"),
            Some(AttributeValue::Many(texts(&["a,b"]))),
        ),
        (List, json!([]), None),
        (List, json!(null), None),
    ] {
        let found = attribute(kind, rule(&["x"]), &json!({ "x": value }));
        assert!(found == expected, "{kind:?} {value}");
    }
}

#[test]
fn an_attribute_is_mapped_merged_and_defaulted_like_the_rest() {
    let entries: &[(&str, &[&str])] = &[("ja", &["true"]), ("DK", &["Nordics", "Europe"])];
    let mapped = |claims: &[&str], default: &[&str]| ClaimRule {
        map: Some(map(entries)),
        unmapped: Unmapped::Drop,
        default: texts(default),
        ..rule(claims)
    };
    let staff = |value: Value| {
        attribute(
            AttributeKind::Bool,
            mapped(&["x"], &["false"]),
            &json!({ "x": value }),
        )
    };
    assert!(staff(json!("ja")) == Some(AttributeValue::One("true".to_owned())));
    assert!(staff(json!("nein")) == Some(AttributeValue::One("false".to_owned())));
    let zones =
        |claims: &Value| attribute(AttributeKind::List, mapped(&["x", "y"], &["World"]), claims);
    let many = |list: &[&str]| Some(AttributeValue::Many(texts(list)));
    assert!(zones(&json!({ "x": ["DK"], "y": "ja" })) == many(&["Nordics", "Europe", "true"]));
    assert!(zones(&json!({ "y": "SE" })) == many(&["World"]));
}

#[test]
fn sources_are_asked_in_their_order_and_no_others() {
    let kept = KeptClaims {
        access_token: json!({ "x": "access", "only_access": "a" })
            .as_object()
            .unwrap()
            .clone(),
        userinfo: json!({ "x": "userinfo", "only_userinfo": "u" })
            .as_object()
            .unwrap()
            .clone(),
    };
    let find = |claim: &str, from: Option<ClaimSource>, userinfo: bool, claims: &Value| {
        let name = "it".to_owned();
        let rule = ClaimRule {
            from,
            ..rule(&[claim])
        };
        let kind = AttributeKind::Text;
        let identity = Identity {
            attributes: vec![AttributeRule { name, rule, kind }],
            ..support::identity()
        };
        let provider = Provider {
            userinfo,
            kind: ProviderKind::Cognito,
            ..support::provider()
        };
        let person = Mapping::new(&identity, &provider).person(&verified(claims), &kept);
        match person.unwrap().attributes.pop().map(|found| found.value) {
            Some(AttributeValue::One(value)) => Some(value),
            _ => None,
        }
    };
    let token = json!({ "x": "id" });
    let none = json!({});
    for (claim, from, userinfo, claims, expected) in [
        ("x", None, true, &token, Some("id")),
        ("x", None, true, &none, Some("userinfo")),
        ("x", None, false, &none, None),
        ("only_userinfo", None, true, &token, Some("u")),
        ("only_access", None, true, &token, None),
        ("x", Some(ClaimSource::IdToken), true, &none, None),
        ("x", Some(ClaimSource::IdToken), true, &token, Some("id")),
        (
            "x",
            Some(ClaimSource::AccessToken),
            true,
            &token,
            Some("access"),
        ),
        (
            "x",
            Some(ClaimSource::Userinfo),
            true,
            &token,
            Some("userinfo"),
        ),
        ("x", Some(ClaimSource::Userinfo), false, &token, None),
    ] {
        let found = find(claim, from, userinfo, claims);
        assert_eq!(
            found.as_deref(),
            expected,
            "{claim} {from:?} {userinfo} {claims}"
        );
    }
}

#[test]
fn an_email_of_userinfo_is_believed_as_one_of_the_token() {
    let email = |userinfo: Value, claims: Value| {
        let kept = KeptClaims {
            userinfo: userinfo.as_object().unwrap().clone(),
            ..KeptClaims::default()
        };
        let provider = Provider {
            userinfo: true,
            ..support::provider()
        };
        let identity = Identity {
            user: rule(&["sub"]),
            ..support::identity()
        };
        Mapping::new(&identity, &provider)
            .person(&verified(&claims), &kept)
            .unwrap()
            .email
    };
    let none = json!({ "email": null, "email_verified": null });
    for (userinfo, claims, believed) in [
        (json!({ "email": "u@example.com" }), none.clone(), true),
        (
            json!({ "email": "u@example.com", "email_verified": "true" }),
            none.clone(),
            true,
        ),
        (
            json!({ "email": "u@example.com", "email_verified": "false" }),
            none.clone(),
            false,
        ),
        (
            json!({ "email": "u@example.com", "email_verified": false }),
            none,
            false,
        ),
        // The ID token's word holds where userinfo says nothing.
        (
            json!({ "email": "u@example.com" }),
            json!({ "email": null, "email_verified": false }),
            false,
        ),
        (
            json!({ "email": "u@example.com", "email_verified": "false" }),
            json!({ "email": null, "email_verified": null, "identities": [{ "providerName": "entra" }] }),
            true,
        ),
    ] {
        let expected = believed.then_some("u@example.com");
        assert_eq!(
            email(userinfo.clone(), claims.clone()).as_deref(),
            expected,
            "{userinfo} {claims}"
        );
    }
}
