//! What the claims have to say.

use super::*;
use crate::gate::time::LEEWAY;

type Row = (&'static str, Value, Result<(), TokenError>);

fn check(verifier: &Verifier, table: &[Row]) {
    for (what, changes, expected) in table {
        let token = key().sign(&changed(id_claims(), changes));
        assert_eq!(verdict(verifier, &token), *expected, "{what}: {changes}");
    }
}

/// The payload's text with one claim written as it stands here.
fn check_raw(claim: &str, rows: &[(&str, Result<(), TokenError>)]) {
    for (raw, expected) in rows {
        let text = changed(id_claims(), &json!({ claim: "@" })).to_string();
        let text = text.replace("\"@\"", raw);
        let token = key().sign_raw(header(&json!({})).as_bytes(), text.as_bytes());
        assert_eq!(verdict(&cognito(), &token), *expected, "{claim}: {raw}");
    }
}

const NULL_TAKES_AWAY: Value = Value::Null;

#[test]
fn a_token_without_a_legible_end_never_counts() {
    let now = NOW.secs();
    check(
        &cognito(),
        &[
            (
                "missing",
                json!({ "exp": NULL_TAKES_AWAY }),
                Err(TokenError::Claim),
            ),
            (
                "text",
                json!({ "exp": "1790003600" }),
                Err(TokenError::Claim),
            ),
            ("empty text", json!({ "exp": "" }), Err(TokenError::Claim)),
            ("list", json!({ "exp": [EXP] }), Err(TokenError::Claim)),
            ("object", json!({ "exp": {} }), Err(TokenError::Claim)),
            ("true", json!({ "exp": true }), Err(TokenError::Claim)),
            ("negative", json!({ "exp": -1 }), Err(TokenError::Claim)),
            ("zero", json!({ "exp": 0 }), Err(TokenError::Expired)),
            (
                "long ago",
                json!({ "exp": now - 3600 }),
                Err(TokenError::Expired),
            ),
            (
                "just over",
                json!({ "exp": now - LEEWAY }),
                Err(TokenError::Expired),
            ),
            (
                "within the leeway",
                json!({ "exp": now - LEEWAY + 1 }),
                Ok(()),
            ),
            ("now", json!({ "exp": now }), Ok(())),
        ],
    );
    check_raw(
        "exp",
        &[
            ("null", Err(TokenError::Claim)),
            ("1790003600.75", Ok(())),
            ("1.7900036e9", Ok(())),
            ("1790000040.9", Err(TokenError::Expired)),
            ("-1790003600", Err(TokenError::Claim)),
            ("-0.5", Err(TokenError::Claim)),
            ("1e300", Err(TokenError::Claim)),
            ("1e400", Err(TokenError::Malformed)),
            ("NaN", Err(TokenError::Malformed)),
            ("Infinity", Err(TokenError::Malformed)),
            ("0x6AB1D2F0", Err(TokenError::Malformed)),
            ("01790003600", Err(TokenError::Malformed)),
            ("253402300799", Ok(())),
        ],
    );
}

#[test]
fn a_number_beyond_the_year_9999_is_no_end() {
    check_raw(
        "exp",
        &[
            ("253402300800", Err(TokenError::Claim)),
            // Milliseconds, where seconds are meant.
            ("1790003600000", Err(TokenError::Claim)),
            ("253402300800.0", Err(TokenError::Claim)),
            ("18446744073709551615", Err(TokenError::Claim)),
            ("18446744073709551616", Err(TokenError::Claim)),
            ("99999999999999999999999", Err(TokenError::Claim)),
        ],
    );
}

#[test]
fn a_token_from_the_future_says_that_a_clock_is_wrong() {
    let now = NOW.secs();
    check(
        &cognito(),
        &[
            (
                "iat missing",
                json!({ "iat": NULL_TAKES_AWAY }),
                Err(TokenError::Claim),
            ),
            (
                "iat text",
                json!({ "iat": "1790000000" }),
                Err(TokenError::Claim),
            ),
            ("iat negative", json!({ "iat": -5 }), Err(TokenError::Claim)),
            ("iat long ago", json!({ "iat": 1 }), Ok(())),
            ("iat in the leeway", json!({ "iat": now + LEEWAY }), Ok(())),
            (
                "iat beyond",
                json!({ "iat": now + LEEWAY + 1 }),
                Err(TokenError::NotYetValid),
            ),
            (
                "nbf text",
                json!({ "nbf": "1790000000" }),
                Err(TokenError::Claim),
            ),
            ("nbf list", json!({ "nbf": [] }), Err(TokenError::Claim)),
            ("nbf past", json!({ "nbf": now - 1 }), Ok(())),
            ("nbf in the leeway", json!({ "nbf": now + LEEWAY }), Ok(())),
            (
                "nbf beyond",
                json!({ "nbf": now + LEEWAY + 1 }),
                Err(TokenError::NotYetValid),
            ),
        ],
    );
    check_raw(
        "nbf",
        &[
            ("null", Err(TokenError::Claim)),
            ("1e400", Err(TokenError::Malformed)),
        ],
    );
    check_raw(
        "iat",
        &[("null", Err(TokenError::Claim)), ("1790000000.5", Ok(()))],
    );
}

#[test]
fn the_issuer_is_compared_byte_for_byte() {
    for other in [
        format!("{ISSUER}/"),
        format!(" {ISSUER}"),
        format!("{ISSUER}\u{0}"),
        ISSUER.to_uppercase(),
        ISSUER.replace("https:", "http:"),
        ISSUER.replace("https:", "HTTPS:"),
        ISSUER.replace(".amazonaws.com", ".amazonaws.com.evil.example"),
        ISSUER.replace("https://", "https://user@"),
        ISSUER.replace(".com/", ".com:443/"),
        ISSUER.replace("ExAmP1e99", "UpStrm002"),
        ISSUER[..ISSUER.len() - 1].to_owned(),
        "https://evil.example".to_owned(),
        String::new(),
    ] {
        let token = key().sign(&changed(id_claims(), &json!({ "iss": other })));
        assert_eq!(
            verdict(&cognito(), &token),
            Err(TokenError::Issuer),
            "{other}"
        );
    }
    for value in [json!([ISSUER]), json!(1), json!({}), json!(true)] {
        let token = key().sign(&changed(id_claims(), &json!({ "iss": value })));
        assert_eq!(
            verdict(&cognito(), &token),
            Err(TokenError::Claim),
            "{value}"
        );
    }
    let token = key().sign(&changed(id_claims(), &json!({ "iss": null })));
    assert_eq!(
        verdict(&cognito(), &token),
        Err(TokenError::Claim),
        "missing"
    );
}

#[test]
fn further_issuers_are_accepted_when_they_are_configured() {
    let updated = "https://issuer.example.com/eu-central-1_ExAmP1e99";
    let token = key().sign(&changed(id_claims(), &json!({ "iss": updated })));
    assert_eq!(verdict(&cognito(), &token), Err(TokenError::Issuer));
    let issuers = vec![ISSUER.to_owned(), updated.to_owned()];
    let both = Verifier::new(ProviderKind::Cognito, issuers, CLIENT.to_owned());
    assert_eq!(verdict(&both, &token), Ok(()));
    assert_eq!(verdict(&both, &key().sign(&id_claims())), Ok(()));
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn the_identity_provider_is_the_one_that_is_let_in() {
    let identities = |names: &[&str]| {
        let named = |name: &&str| json!({ "userId": "x", "providerName": name, "primary": "true" });
        json!({ "identities": names.iter().map(named).collect::<Vec<_>>() })
    };
    let other = Err(TokenError::IdentityProvider);
    for (wanted, changes, expected) in [
        (None, json!({}), Ok(())),
        (None, identities(&["other"]), Ok(())),
        (Some("entra"), identities(&["entra"]), Ok(())),
        (Some("entra"), identities(&["other", "entra"]), other),
        (Some("entra"), identities(&["entra", "entra"]), other),
        (Some("entra"), json!({ "identities": [{ "providerName": "entra", "primary": "true" }] }), Ok(())),
        (Some("entra"), json!({ "identities": [{ "providerName": "entra", "primary": true }] }), Ok(())),
        (Some("entra"), json!({ "identities": [{ "providerName": "entra", "primary": "false" }] }), other),
        (Some("entra"), json!({ "identities": [{ "providerName": "entra", "primary": false }] }), other),
        (Some("entra"), json!({ "identities": [{ "providerName": "entra", "primary": null }] }), other),
        (Some("entra"), identities(&["other"]), other),
        (Some("entra"), identities(&["Entra"]), other),
        (Some("entra"), identities(&["entra "]), other),
        (Some("entra"), identities(&[]), other),
        (Some("entra"), json!({}), other),
        (Some("entra"), json!({ "identities": [{ "userId": "entra" }, "entra"] }), other),
        (Some("entra"), json!({ "identities": "entra" }), Err(TokenError::Claim)),
        (Some("entra"), json!({ "identities": { "providerName": "entra" } }), Err(TokenError::Claim)),
        (Some("COGNITO"), json!({}), Ok(())),
        (Some("COGNITO"), identities(&[]), Ok(())),
        (Some("COGNITO"), identities(&["entra"]), other),
    ] {
        let verifier = cognito().only_through(wanted.map(str::to_owned));
        let token = key().sign(&changed(id_claims(), &changes));
        assert_eq!(verdict(&verifier, &token), expected, "{wanted:?} {changes}");
    }
}

#[test]
fn the_audience_is_our_client() {
    let table: Vec<Row> = vec![
        (
            "missing",
            json!({ "aud": NULL_TAKES_AWAY }),
            Err(TokenError::Claim),
        ),
        ("number", json!({ "aud": 1 }), Err(TokenError::Claim)),
        (
            "object",
            json!({ "aud": { CLIENT: true } }),
            Err(TokenError::Claim),
        ),
        ("empty", json!({ "aud": "" }), Err(TokenError::Audience)),
        (
            "other",
            json!({ "aud": "other" }),
            Err(TokenError::Audience),
        ),
        (
            "longer",
            json!({ "aud": format!("{CLIENT}x") }),
            Err(TokenError::Audience),
        ),
        (
            "shorter",
            json!({ "aud": &CLIENT[1..] }),
            Err(TokenError::Audience),
        ),
        (
            "upper case",
            json!({ "aud": CLIENT.to_uppercase() }),
            Err(TokenError::Audience),
        ),
        (
            "space-separated",
            json!({ "aud": format!("{CLIENT} other") }),
            Err(TokenError::Audience),
        ),
        ("list of us", json!({ "aud": [CLIENT] }), Ok(())),
        (
            "empty list",
            json!({ "aud": [] }),
            Err(TokenError::Audience),
        ),
        (
            "list without us",
            json!({ "aud": ["other", "another"] }),
            Err(TokenError::Audience),
        ),
        (
            "list with a number",
            json!({ "aud": [CLIENT, 1] }),
            Err(TokenError::Claim),
        ),
        (
            "nested",
            json!({ "aud": [[CLIENT]] }),
            Err(TokenError::Claim),
        ),
        (
            "several, no azp",
            json!({ "aud": ["other", CLIENT] }),
            Err(TokenError::Audience),
        ),
        (
            "several, azp ours",
            json!({ "aud": ["other", CLIENT], "azp": CLIENT }),
            Ok(()),
        ),
        (
            "several, azp other",
            json!({ "aud": ["other", CLIENT], "azp": "other" }),
            Err(TokenError::Audience),
        ),
        ("azp ours", json!({ "azp": CLIENT }), Ok(())),
        (
            "azp other",
            json!({ "azp": "other" }),
            Err(TokenError::Audience),
        ),
        ("azp empty", json!({ "azp": "" }), Err(TokenError::Audience)),
        (
            "azp list",
            json!({ "azp": [CLIENT] }),
            Err(TokenError::Audience),
        ),
        (
            "azp ours, aud other",
            json!({ "aud": "other", "azp": CLIENT }),
            Err(TokenError::Audience),
        ),
    ];
    check(&cognito(), &table);
    check(&oidc(), &table);
    check_raw("azp", &[("null", Err(TokenError::Audience))]);
}

#[test]
fn cognito_says_what_a_token_is_for() {
    for (what, value) in [
        ("swapped", json!("access")),
        ("missing", NULL_TAKES_AWAY),
        ("empty", json!("")),
        ("upper case", json!("ID")),
        ("list", json!(["id"])),
        ("number", json!(1)),
    ] {
        let changes = json!({ "token_use": value });
        check(
            &cognito(),
            &[(what, changes.clone(), Err(TokenError::TokenUse))],
        );
        check(&oidc(), &[(what, changes, Ok(()))]);
    }
}

#[test]
fn there_is_always_a_subject() {
    for value in [
        NULL_TAKES_AWAY,
        json!(""),
        json!(7),
        json!(["x"]),
        json!({}),
        json!(false),
    ] {
        check(
            &cognito(),
            &[("sub", json!({ "sub": value }), Err(TokenError::Claim))],
        );
        check(
            &oidc(),
            &[("sub", json!({ "sub": value }), Err(TokenError::Claim))],
        );
    }
    check(
        &cognito(),
        &[("any text", json!({ "sub": "not-a-uuid" }), Ok(()))],
    );
}

#[test]
fn the_nonce_is_this_logins() {
    let identity = |changes: &Value| {
        let token = key().sign(&changed(id_claims(), changes));
        cognito().verify(&token, &key_set(), NOW).unwrap()
    };
    assert_eq!(identity(&json!({})).check_nonce("n-7Yh2kQ"), Ok(()));
    for expected in ["", "n-7Yh2k", "n-7Yh2kQQ", "N-7yH2Kq", "other"] {
        let checked = identity(&json!({})).check_nonce(expected);
        assert_eq!(checked, Err(TokenError::Nonce), "{expected:?}");
    }
    for nonce in [NULL_TAKES_AWAY, json!(""), json!(1), json!(["n-7Yh2kQ"])] {
        let checked = identity(&json!({ "nonce": nonce })).check_nonce("n-7Yh2kQ");
        assert_eq!(checked, Err(TokenError::Nonce), "{nonce}");
    }
}
