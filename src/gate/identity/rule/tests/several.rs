//! Claims of which several values count: groups above all.

use super::*;

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
