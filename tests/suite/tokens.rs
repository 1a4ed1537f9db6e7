//! Sessions that open, around tokens that are no good: each is as if none, with its reason in the log.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::dev_idp::KIRSTEN;
use crate::support::sealer::{Place, Session, seal};
use crate::support::{Harness, records};

#[test]
fn a_session_around_a_good_token_is_good() {
    // Or the others would prove nothing.
    let chain = Harness::start();
    let token = chain.idp().mint(KIRSTEN, "id", json!({}));
    assert_eq!(present(&chain, &cookie(&chain, &token, "corp", now())), 200);
    assert_eq!(chain.echo.last().header("X-Forwarded-Email"), Some(KIRSTEN));
}

#[test]
fn a_token_signed_by_another_key_is_as_if_none() {
    assert_worthless("id", json!({ "key": "foreign" }), "token_signature");
}

#[test]
fn a_token_signed_by_the_key_for_access_tokens_under_the_other_key_id_is_as_if_none() {
    // Header and signature disagree about the key.
    let chain = Harness::start();
    let honest = chain.idp().mint(KIRSTEN, "id", json!({}));
    let kid = header_of(&honest)["kid"].clone();
    assert_worthless_at(
        chain,
        "id",
        json!({ "key": "access", "header": { "kid": kid } }),
        "token_signature",
    );
}

#[test]
fn an_unknown_key_id_is_as_if_none() {
    assert_worthless(
        "id",
        json!({ "header": { "kid": "bm8gc3VjaCBrZXk=" } }),
        "token_unknown_kid",
    );
}

#[test]
fn another_pools_token_is_as_if_none() {
    let issuer = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Another99";
    assert_worthless("id", json!({ "claims": { "iss": issuer } }), "token_issuer");
}

#[test]
fn a_token_for_another_client_is_as_if_none() {
    assert_worthless(
        "id",
        json!({ "claims": { "aud": "another-client" } }),
        "token_audience",
    );
}

#[test]
fn an_access_token_posing_as_id_token_is_as_if_none() {
    let chain = Harness::start();
    let token = chain.idp().mint(KIRSTEN, "access", json!({}));
    assert_eq!(present(&chain, &cookie(&chain, &token, "corp", now())), 401);
    // Even if it had our client in `aud`.
    let client = chain.idp().client_id.clone();
    assert_worthless_at(
        chain,
        "access",
        json!({ "claims": { "aud": client } }),
        "token_use",
    );
}

#[test]
fn an_expired_token_is_as_if_none() {
    let (issued, expired) = (now() - 7200, now() - 3600);
    let claims = json!({ "claims": { "iat": issued, "auth_time": issued, "exp": expired } });
    assert_worthless("id", claims, "token_expired");
}

#[test]
fn a_token_without_expiry_or_with_one_in_words_is_as_if_none() {
    assert_worthless("id", json!({ "claims": { "exp": null } }), "token_claim");
    assert_worthless(
        "id",
        json!({ "claims": { "exp": (now() + 3600).to_string() } }),
        "token_claim",
    );
}

#[test]
fn an_unsigned_token_is_as_if_none() {
    assert_worthless("id", json!({ "key": "none" }), "token_algorithm");
}

#[test]
fn a_token_signed_with_the_public_key_as_a_password_is_as_if_none() {
    assert_worthless("id", json!({ "key": "hs256-public" }), "token_algorithm");
}

#[test]
fn a_token_with_a_critical_header_is_as_if_none() {
    assert_worthless(
        "id",
        json!({ "header": { "crit": ["exp"] } }),
        "token_critical_header",
    );
}

#[test]
fn what_is_no_token_is_as_if_none() {
    let chain = Harness::start();
    for text in [
        "",
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "....",
        "eyJhbGciOiJSUzI1NiJ9..",
        "\u{0}.\u{0}.\u{0}",
    ] {
        assert_eq!(
            present(&chain, &cookie(&chain, text, "corp", now())),
            401,
            "{text:?}"
        );
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn a_person_without_the_claim_that_names_the_user_is_told_which_it_is() {
    // No silent fall-back from the email to something else.
    let mut chain = Harness::start();
    let token = chain
        .idp()
        .mint(KIRSTEN, "id", json!({ "claims": { "email": null } }));
    let value = cookie(&chain, &token, "corp", now());
    let answer = chain.raw(&format!(
        "GET /data HTTP/1.1\r\nHost: HOST\r\nAccept: text/html\r\nCookie: vestibule={value}\r\n\r\n"
    ));
    assert_eq!(answer.status, 403);
    assert!(answer.html().contains("email"), "{}", answer.text());
    chain.await_log(&["no_user_claim", "\"claim\":\"email\""]);
    let script = chain.raw(&format!(
        "GET /data HTTP/1.1\r\nHost: HOST\r\nCookie: vestibule={value}\r\n\r\n"
    ));
    assert_eq!(script.status, 403);
    assert_eq!(script.json()["claim"], "email");
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn a_session_of_another_provider_is_as_if_none() {
    let mut chain = Harness::start();
    let token = chain.idp().mint(KIRSTEN, "id", json!({}));
    assert_eq!(
        present(&chain, &cookie(&chain, &token, "other", now())),
        401
    );
    chain.await_log(&["session_provider"]);
}

#[test]
fn a_session_beyond_its_lifetime_is_as_if_none() {
    let mut chain = Harness::start();
    let token = chain.idp().mint(KIRSTEN, "id", json!({}));
    let signed_in = now() - 9 * 3600;
    assert_eq!(
        present(&chain, &cookie(&chain, &token, "corp", signed_in)),
        401
    );
    chain.await_log(&["session_lifetime"]);
}

#[test]
fn a_cookie_of_another_purpose_name_or_origin_is_as_if_none() {
    let mut chain = Harness::start();
    let token = chain.idp().mint(KIRSTEN, "id", json!({}));
    let session = Session {
        provider: "corp",
        signed_in: now(),
        id_token: &token,
    }
    .encode();
    let origin = chain.origin.clone();
    for (purpose, name, origin) in [
        ("logins", "vestibule", origin.as_str()),
        ("session", "vestibule-login", origin.as_str()),
        ("session", "__Host-vestibule", origin.as_str()),
        ("session", "vestibule", "http://localhost"),
        ("session", "vestibule", "https://wiki.example.com"),
    ] {
        let value = seal(
            &key(&chain),
            &Place {
                purpose,
                name,
                origin,
            },
            &session,
        );
        assert_eq!(present(&chain, &value), 401, "{purpose} {name} {origin}");
    }
    chain.await_log(&["cookie_forged"]);
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn whatever_is_inside_the_seal_nothing_breaks() {
    let chain = Harness::start();
    let token = chain.idp().mint(KIRSTEN, "id", json!({}));
    let whole = Session {
        provider: "corp",
        signed_in: now(),
        id_token: &token,
    }
    .encode();
    let origin = chain.origin.clone();
    let place = Place {
        purpose: "session",
        name: "vestibule",
        origin: &origin,
    };
    let mut plains: Vec<Vec<u8>> = (0..whole.len())
        .step_by(37)
        .map(|end| whole[..end].to_vec())
        .collect();
    plains.push([&whole[..], b"more"].concat());
    plains.push(vec![0xff; 200]);
    plains.push([&[2], &whole[1..]].concat());
    for plain in plains {
        assert_eq!(
            present(&chain, &seal(&key(&chain), &place, &plain)),
            401,
            "{plain:?}"
        );
    }
    let value = seal(&key(&chain), &place, &whole);
    assert_eq!(present(&chain, &value), 200, "and it still serves");
}

fn assert_worthless(token_use: &str, order: Value, reason: &str) {
    assert_worthless_at(Harness::start(), token_use, order, reason);
}

fn assert_worthless_at(mut chain: Harness, token_use: &str, order: Value, reason: &str) {
    let token = chain.idp().mint(KIRSTEN, token_use, order);
    assert_eq!(present(&chain, &cookie(&chain, &token, "corp", now())), 401);
    assert_eq!(chain.echo.count(), 0);
    chain.await_log(&[reason]);
}

/// A session cookie around a token.
/// A session cookie of that provider around a token.
pub(super) fn cookie(chain: &Harness, token: &str, provider: &str, signed_in: u64) -> String {
    let value = sealed(chain, token, provider, signed_in);
    records::secret("cookie", &value);
    value
}

/// One of a flood: without a record, since the log scan would not end with thousands.
pub(super) fn one_of_many(chain: &Harness, token: &str) -> String {
    sealed(chain, token, "corp", now())
}

fn sealed(chain: &Harness, token: &str, provider: &str, signed_in: u64) -> String {
    let place = Place {
        purpose: "session",
        name: "vestibule",
        origin: &chain.origin,
    };
    let session = Session {
        provider,
        signed_in,
        id_token: token,
    };
    seal(&key(chain), &place, &session.encode())
}

/// The status that a script gets with a session around that token.
pub(super) fn present_token(chain: &Harness, token: &str) -> u16 {
    present(chain, &cookie(chain, token, "corp", now()))
}

/// A session cookie around a token, signed in just now.
pub(super) fn session_cookie(chain: &Harness, token: &str) -> String {
    cookie(chain, token, "corp", now())
}

/// The status that a script gets with that cookie.
pub(super) fn present(chain: &Harness, value: &str) -> u16 {
    chain
        .raw(&format!(
            "GET /data HTTP/1.1\r\nHost: HOST\r\nCookie: vestibule={value}\r\n\r\n"
        ))
        .status
}

pub(super) fn key(chain: &Harness) -> String {
    std::fs::read_to_string(chain.file("session-key")).expect("the key's file")
}

fn header_of(token: &str) -> Value {
    use base64::Engine;
    let header = token.split('.').next().unwrap_or("");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(header)
        .expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}
