//! What is believed: sessions, tokens, what strangers wrote, what others built.

use serde_json::json;

use super::{ruled, status};
use crate::suite::login::{callback_of, token_calls};
use crate::suite::session::session_cookies;
use crate::suite::tokens::present_token;
use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::{Harness, peers};

#[test]
fn r09_no_session_survives_its_end_or_the_next_login() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let first = session_cookies(&browser);
    // A second login without a logout in between: the person has changed, and so has the session.
    browser.arrive("/_vestibule/logout");
    let page = browser.sign_in("/", OLA, chain.idp().password(OLA));
    assert_eq!(page.status, 200);
    assert_eq!(chain.echo.last().header("X-Forwarded-User"), Some(OLA));
    assert_ne!(session_cookies(&browser), first);

    // The end reaches every cookie, with the attributes that it was set with.
    let answer = browser.get("/_vestibule/logout");
    for (name, _) in session_cookies(&chain.signed_in(OLA)) {
        let set = answer.all("set-cookie");
        let line = set
            .iter()
            .find(|line| line.starts_with(&format!("{name}=")));
        let line = line.unwrap_or_else(|| panic!("{name} is not deleted: {set:?}"));
        assert!(
            line.contains("Path=/") && line.contains("HttpOnly"),
            "{line}"
        );
    }
    assert_eq!(browser.script("GET", "/data").status, 401);
}

#[test]
fn r10_no_two_cookies_share_a_nonce() {
    let chain = Harness::start();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100 {
        let answer =
            chain.raw("GET /_vestibule/login HTTP/1.1\r\nHost: HOST\r\nAccept: text/html\r\n\r\n");
        let line = answer
            .header("set-cookie")
            .expect("a login cookie")
            .to_owned();
        let value = line.split([';', '=']).nth(1).expect("its value").to_owned();
        // Version, key id and nonce are the first 17 bytes.
        assert!(seen.insert(value[..22].to_owned()), "{value}");
    }
}

#[test]
fn r11_what_is_sealed_for_one_purpose_opens_for_no_other() {
    let chain = Harness::start();
    let mut browser = chain.browser();
    let callback = callback_of(&chain, &mut browser, "/");
    let state = super::super::login::query_of(&callback)["state"].clone();
    let logins = browser
        .cookie("vestibule-login")
        .expect("a login in flight")
        .to_owned();
    let session = session_cookies(&chain.signed_in(KIRSTEN)).remove(0).1;
    for posing in [&state, &logins] {
        let request =
            format!("GET /data HTTP/1.1\r\nHost: HOST\r\nCookie: vestibule={posing}\r\n\r\n");
        assert_eq!(chain.raw(&request).status, 401);
    }
    let before = token_calls(&chain);
    for (cookie, as_state) in [
        (&session, &state),
        (&state, &state),
        (&logins, &logins),
        (&logins, &session),
    ] {
        let answer = chain.raw(&format!(
            "GET /_vestibule/callback?code=x&state={as_state} HTTP/1.1\r\nHost: HOST\r\nCookie: vestibule-login={cookie}\r\n\r\n"
        ));
        assert_ne!(answer.status, 200);
    }
    assert_eq!(token_calls(&chain), before, "nothing was redeemed");
}

#[test]
fn r14_no_bearer_token_opens_a_route_that_does_not_ask_for_one() {
    let chain = ruled();
    for token_use in ["id", "access"] {
        let token = chain.idp().mint(KIRSTEN, token_use, json!({}));
        assert_eq!(
            status(
                &chain,
                "GET",
                "/data",
                &format!("Authorization: Bearer {token}")
            ),
            401,
            "{token_use}"
        );
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn r15_odd_types_and_algorithms_make_no_token() {
    let chain = Harness::start();
    for order in [
        json!({ "claims": { "exp": "9999999999" } }),
        json!({ "claims": { "exp": null } }),
        json!({ "claims": { "iat": "now" } }),
        json!({ "claims": { "nbf": "0" } }),
        json!({ "claims": { "iss": null } }),
        json!({ "claims": { "aud": null } }),
        json!({ "key": "none" }),
        json!({ "key": "hs256-public" }),
        json!({ "header": { "alg": "RS384" } }),
        json!({ "header": { "alg": null } }),
        json!({ "header": { "kid": null } }),
    ] {
        let token = chain.idp().mint(KIRSTEN, "id", order.clone());
        assert_eq!(present_token(&chain, &token), 401, "{order}");
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn r17_what_a_stranger_wrote_is_escaped() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    for page in [
        browser.get("/_vestibule/whoami?%3Cscript%3Ealert(1)%3C/script%3E"),
        browser.get("/_vestibule/no%3Cscript%3Ealert(1)"),
        browser.get("/_vestibule/callback?error=%3Cscript%3Ealert(1)&error_description=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"),
        chain.raw("GET / HTTP/1.1\r\nHost: <script>alert(1)</script>\r\nAccept: text/html\r\n\r\n"),
    ] {
        let text = page.text();
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{text}");
    }
}

#[test]
fn r19_unknown_key_ids_cause_no_flood_at_the_provider() {
    let chain = Harness::start();
    let before = chain.idp().asked("issuer:jwks");
    for number in 0..50 {
        let order = json!({ "header": { "kid": format!("no-such-key-{number}") } });
        let token = chain.idp().mint(KIRSTEN, "id", order);
        present_token(&chain, &token);
    }
    let asked = chain.idp().asked("issuer:jwks") - before;
    assert!(asked <= 1, "asked {asked} times for keys");
}

#[test]
fn r19_duplicate_protocol_parameters_are_refused() {
    let chain = Harness::start();
    let mut browser = chain.browser();
    let callback = callback_of(&chain, &mut browser, "/");
    let before = token_calls(&chain);
    for extra in [
        "&state=x",
        "&code=x",
        "&code=",
        "&error=access_denied&error=x",
        "&%73tate=x",
    ] {
        let answer = browser.get(&format!("{callback}{extra}"));
        assert_eq!(answer.status, 400, "{extra}");
    }
    assert_eq!(token_calls(&chain), before, "no network call");
}

#[test]
fn r20_the_dependencies_are_those_that_were_chosen() {
    let lock = std::fs::read_to_string(peers::root().join("Cargo.lock")).expect("the lock file");
    let lock: toml::Table = lock.parse().expect("TOML");
    let version = |name: &str| {
        let packages = lock["package"].as_array().expect("packages");
        let found = packages
            .iter()
            .find(|package| package["name"].as_str() == Some(name));
        let text = found
            .and_then(|package| package["version"].as_str())
            .unwrap_or_else(|| panic!("no {name}"));
        let numbers: Vec<u64> = text
            .split(['.', '-', '+'])
            .filter_map(|part| part.parse().ok())
            .collect();
        numbers
    };
    assert!(version("pingora") >= vec![0, 9, 1]);
    assert!(version("aws-lc-rs") >= vec![1, 19, 0]);
    let manifest = std::fs::read_to_string(peers::root().join("Cargo.toml")).expect("the manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let ours = manifest["dependencies"].as_table().expect("dependencies");
    for other in ["jsonwebtoken", "rsa", "ring", "p256", "ed25519-dalek"] {
        assert!(
            !ours.contains_key(other),
            "signatures are aws-lc's: {other}"
        );
    }
}
