//! Claims of which one value counts: the access right, and single attributes.

use super::*;

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
