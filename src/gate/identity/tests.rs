//! From claims to a person; every token is a real one.

use serde_json::json;

use super::*;
use crate::gate::tests::support::{
    self, CLIENT, ISSUER, NOW, POOL, changed, id_claims, key, key_set, rule,
};
use crate::gate::token::Verifier;

pub(super) fn verified(changes: &Value) -> VerifiedIdentity {
    let issuer = vec![ISSUER.to_owned()];
    Verifier::new(ProviderKind::Oidc, issuer, CLIENT.to_owned())
        .verify(&key().sign(&changed(id_claims(), changes)), &key_set(), NOW)
        .unwrap()
}

fn by(identity: &Identity, provider: &Provider, changes: &Value) -> Result<Person, NoPerson> {
    Mapping::new(identity, provider).person(&verified(changes), &KeptClaims::default())
}

fn person(changes: &Value) -> Result<Person, NoPerson> {
    by(&support::identity(), &support::provider(), changes)
}

/// The auto group's owner, as Cognito writes it (cognito.md 2.2).
fn federated(provider: &str) -> Value {
    json!([{ "userId": "x", "providerName": provider, "providerType": "OIDC", "issuer": null,
        "primary": "true", "dateCreated": "1789990000123" }])
}

/// A local profile that an identity elsewhere is linked to (cognito.md 3.4).
fn linked(provider: &str) -> Value {
    let mut identities = federated(provider);
    identities[0]["primary"] = json!("false");
    identities
}

#[test]
fn a_local_user_is_told_whole() {
    assert_eq!(
        person(&json!({})),
        Ok(Person {
            user: "kirsten.holm@example.org".to_owned(),
            email: Some("kirsten.holm@example.org".to_owned()),
            name: Some("Kirsten Holm".to_owned()),
            groups: vec!["Editors".to_owned(), "Brand-Nordics".to_owned()],
            access_right: Some("Local Company".to_owned()),
            attributes: Vec::new(),
        })
    );
}

#[test]
fn what_is_not_there_is_absent() {
    let bare = json!({
        "cognito:groups": null, "custom:access_right": null, "given_name": null, "family_name": null,
    });
    let person = person(&bare).unwrap();
    assert_eq!((person.name, person.access_right), (None, None));
    assert_eq!(person.groups, Vec::<String>::new());
}

#[test]
fn an_email_counts_as_the_provider_says() {
    use EmailVerified::{Auto, Ignore, Require};
    for (said, local, from_entra, required) in [
        (json!(true), true, true, true),
        (json!(false), false, true, false),
        (json!(null), true, true, false),
        // Strings from userinfo and some providers.
        (json!("true"), true, true, true),
        (json!("TRUE"), true, true, true),
        (json!("false"), false, true, false),
        (json!("yes"), false, true, false),
        (json!(""), false, true, false),
        (json!(1), false, true, false),
        (json!([true]), false, true, false),
    ] {
        for (mode, identities, believed) in [
            (Auto, json!(null), local),
            (Auto, json!([]), local),
            (Auto, json!("entra"), local),
            (Auto, federated("entra"), from_entra),
            (Auto, linked("entra"), local),
            (Auto, json!([null]), local),
            (Require, json!(null), required),
            (Require, federated("entra"), required),
            (Ignore, json!(null), true),
            (Ignore, federated("entra"), true),
        ] {
            let provider = Provider {
                email_verified: mode,
                ..support::provider()
            };
            let identity = Identity {
                user: rule(&["sub"]),
                ..support::identity()
            };
            let claims = json!({ "email_verified": said, "identities": identities });
            let person = by(&identity, &provider, &claims).unwrap();
            assert_eq!(person.email.is_some(), believed, "{mode:?} {claims}");
        }
    }
}

#[test]
fn only_cognito_vouches_for_federated_people() {
    let oidc = Provider {
        kind: ProviderKind::Oidc,
        ..support::provider()
    };
    let claims = json!({ "email_verified": false, "identities": federated("entra") });
    let found = by(&support::identity(), &oidc, &claims);
    assert_eq!(found, Err(NoPerson::NoUser("email".to_owned())));
    assert!(person(&claims).is_ok());
}

#[test]
fn an_unbelieved_email_is_absent_everywhere() {
    let unbelieved = json!({ "email_verified": false });
    assert_eq!(
        person(&unbelieved),
        Err(NoPerson::NoUser("email".to_owned()))
    );
    // No silent fall-back: only where the configuration says so.
    let either = Identity {
        user: rule(&["email", "sub"]),
        name: Some(rule(&["email"])),
        ..support::identity()
    };
    let person = by(&either, &support::provider(), &unbelieved).unwrap();
    assert_eq!(person.user, "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d");
    assert_eq!((person.email, person.name), (None, None));
}

#[test]
fn an_email_has_exactly_one_at_sign() {
    // field.md R16.
    for (email, good) in [
        ("a@example.com", true),
        ("  a@example.com  ", true),
        ("Nadia.Berg@example.com", true),
        ("jörg@exämple.com", true),
        ("a@evil.example@example.com", false),
        ("a@@example.com", false),
        ("@example.com", false),
        ("a@", false),
        ("a", false),
        ("", false),
        ("a b@example.com", false),
        ("a@exa\nmple.com", false),
        ("a@example.com\u{0}", false),
        ("a@example.com\u{2028}x", false),
    ] {
        let found = person(&json!({ "email": email }));
        match found {
            Ok(person) => {
                assert!(good, "{email:?}");
                assert_eq!(person.email.as_deref(), Some(email.trim()));
                assert_eq!(person.user, email.trim());
            }
            Err(error) => {
                assert!(!good, "{email:?}");
                assert_eq!(error, NoPerson::NoUser("email".to_owned()));
            }
        }
    }
}

#[test]
fn the_user_is_the_first_usable_claim() {
    let identity = |names: &[&str]| Identity {
        user: rule(names),
        ..support::identity()
    };
    for (names, changes, expected) in [
        (
            &["cognito:username"][..],
            json!({}),
            Ok("d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d"),
        ),
        (
            &["custom:login", "email"],
            json!({ "custom:login": "kh" }),
            Ok("kh"),
        ),
        (
            &["custom:login", "email"],
            json!({}),
            Ok("kirsten.holm@example.org"),
        ),
        (
            &["custom:login", "email"],
            json!({ "custom:login": "  " }),
            Ok("kirsten.holm@example.org"),
        ),
        (
            &["custom:login", "email"],
            json!({ "custom:login": ["kh"] }),
            Ok("kirsten.holm@example.org"),
        ),
        (
            &["employee.number"],
            json!({ "employee": { "number": 4711 } }),
            Ok("4711"),
        ),
        (
            &["identities.userId"],
            json!({ "identities": federated("entra") }),
            Ok("x"),
        ),
        (&["custom:login"], json!({}), Err("custom:login")),
        (
            &["custom:login", "upn"],
            json!({ "upn": "" }),
            Err("custom:login, upn"),
        ),
    ] {
        let found = by(&identity(names), &support::provider(), &changes).map(|person| person.user);
        let expected = match expected {
            Ok(user) => Ok(user.to_owned()),
            Err(names) => Err(NoPerson::NoUser(names.to_owned())),
        };
        assert_eq!(found, expected, "{names:?} {changes}");
    }
}

#[test]
fn a_control_character_in_the_user_is_nobody() {
    let identity = Identity {
        user: rule(&["custom:login"]),
        ..support::identity()
    };
    for login in [
        "a\nb",
        "a\r\nX-Admin: 1",
        "a\u{0}",
        "\u{7f}a",
        "a\u{85}b",
        "a\u{9b}b",
        "a\tb",
    ] {
        let found = by(
            &identity,
            &support::provider(),
            &json!({ "custom:login": login }),
        );
        assert_eq!(found, Err(NoPerson::ControlInUser), "{login:?}");
    }
    // At the ends it is white space, which is trimmed.
    let found = by(
        &identity,
        &support::provider(),
        &json!({ "custom:login": "a\n" }),
    );
    assert_eq!(found.map(|person| person.user), Ok("a".to_owned()));
}

#[test]
fn the_name_is_the_one_claim_or_made_of_two() {
    for (changes, name) in [
        (json!({}), Some("Kirsten Holm")),
        (json!({ "name": "K. Holm" }), Some("K. Holm")),
        (json!({ "name": " " }), Some("Kirsten Holm")),
        (json!({ "family_name": null }), Some("Kirsten")),
        (json!({ "given_name": null }), Some("Holm")),
        (json!({ "given_name": "", "family_name": null }), None),
    ] {
        assert_eq!(person(&changes).unwrap().name.as_deref(), name, "{changes}");
    }
    let identity = Identity {
        name: Some(rule(&["nickname", "sub"])),
        ..support::identity()
    };
    let named = by(
        &identity,
        &support::provider(),
        &json!({ "nickname": "Kis" }),
    )
    .unwrap();
    assert_eq!(named.name.as_deref(), Some("Kis"));
}

#[test]
fn groups_of_all_claims_are_merged_without_doubles() {
    let identity = Identity {
        groups: rule(&[
            "cognito:groups",
            "custom:entra_groups",
            "missing",
            "org.teams",
        ]),
        ..support::identity()
    };
    let claims = json!({
        "cognito:groups": ["a", "b", "a"],
        "custom:entra_groups": "[b, Local+Company]",
        "org": { "teams": "single" },
    });
    let person = by(&identity, &support::provider(), &claims).unwrap();
    assert_eq!(person.groups, ["a", "b", "Local Company", "single"]);
}

#[test]
fn groups_are_understood_in_every_shape() {
    for (value, expected) in [
        (json!(["a", "b"]), vec!["a", "b"]),
        (json!("[\"a\",\"b\"]"), vec!["a", "b"]),
        (json!("[a, b]"), vec!["a", "b"]),
        (json!("[]"), vec![]),
        (json!("a,b"), vec!["a,b"]),
        (json!(null), vec![]),
        (json!(["A", "a"]), vec!["A", "a"]),
    ] {
        let person = person(&json!({ "cognito:groups": value })).unwrap();
        assert_eq!(person.groups, expected, "{value}");
    }
}

#[test]
fn the_automatic_group_of_federated_people_is_dropped() {
    let entra = format!("{POOL}_entra");
    let other = format!("{POOL}_other");
    // Whatever identities says of it, or does not say.
    for identities in [
        federated("entra"),
        federated("Entra"),
        federated("nobody"),
        json!([{}, 1, { "providerName": 5 }]),
        json!([{ "providerName": "other" }, { "providerName": "entra" }]),
        json!("[]"),
        json!(null),
    ] {
        for (groups, expected) in [
            (json!([entra, "Editors"]), vec!["Editors"]),
            (json!([entra]), vec![]),
            (json!([other]), vec![]),
            (json!([entra, "x", other]), vec!["x"]),
            (json!(format!("[{entra}, x]")), vec!["x"]),
            (
                json!([POOL, "x_y", "eu-central-1_Other_entra"]),
                vec![POOL, "x_y", "eu-central-1_Other_entra"],
            ),
        ] {
            let claims = json!({ "identities": identities, "cognito:groups": groups });
            assert_eq!(person(&claims).unwrap().groups, expected, "{claims}");
        }
    }
    let claims = json!({ "cognito:groups": [entra, "x"] });
    // Where the issuer does not end in the pool's id, the one that is written counts.
    for (issuer, pool) in [
        ("https://issuer.example/idp", Some(POOL.to_owned())),
        (&format!("https://issuer.example/{POOL}/"), None),
    ] {
        let provider = Provider {
            issuer: issuer.to_owned(),
            user_pool_id: pool,
            ..support::provider()
        };
        let person = by(&support::identity(), &provider, &claims).unwrap();
        assert_eq!(person.groups, ["x"], "{issuer}");
    }
    let keeping = Identity {
        keep_provider_group: true,
        ..support::identity()
    };
    let person = by(&keeping, &support::provider(), &claims).unwrap();
    assert_eq!(person.groups, [entra.as_str(), "x"]);
    // Only Cognito has such groups.
    let oidc = Provider {
        kind: ProviderKind::Oidc,
        ..support::provider()
    };
    let claims = json!({ "identities": federated("entra"), "cognito:groups": [entra] });
    let person = by(&support::identity(), &oidc, &claims).unwrap();
    assert_eq!(person.groups, [entra]);
}

#[test]
fn there_is_one_access_right_or_none() {
    for (value, expected) in [
        (json!("Local Company"), Ok(Some("Local Company"))),
        (json!(" Local Company "), Ok(Some("Local Company"))),
        (json!(["one"]), Ok(Some("one"))),
        (json!(["one", "one"]), Ok(Some("one"))),
        (json!("[one]"), Ok(Some("one"))),
        (json!("a,b"), Ok(Some("a,b"))),
        (json!(3), Ok(Some("3"))),
        (json!(""), Ok(None)),
        (json!([]), Ok(None)),
        (json!(null), Ok(None)),
        (json!(["one", "two"]), Err(NoPerson::SeveralRights)),
        (json!("[one, two]"), Err(NoPerson::SeveralRights)),
        (json!("[\"one\",\"two\"]"), Err(NoPerson::SeveralRights)),
    ] {
        let found =
            person(&json!({ "custom:access_right": value })).map(|person| person.access_right);
        let expected = expected.map(|right| right.map(str::to_owned));
        assert_eq!(found, expected, "{value}");
    }
    let identity = Identity {
        access_right: Some(rule(&["role", "custom:access_right"])),
        ..support::identity()
    };
    let right = |claims: &Value| {
        by(&identity, &support::provider(), claims)
            .unwrap()
            .access_right
    };
    assert_eq!(
        right(&json!({ "role": "admin" })).as_deref(),
        Some("admin"),
        "the first present"
    );
    assert_eq!(
        right(&json!({ "role": [] })).as_deref(),
        Some("Local Company")
    );
}

#[test]
fn nobody_shows_in_debug_output() {
    let person = person(&json!({})).unwrap();
    assert_eq!(format!("{person:?}"), "Person([redacted])");
}
