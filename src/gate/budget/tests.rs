//! An account that does not fit is told so, with sizes and nothing else of it.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::*;
use crate::config::Config;
use crate::gate::callback::Failed;
use crate::gate::tests::support::{
    Desk, Jar, Req, body, callback, changed, config, id_claims, set_cookies, text, tokens,
};

/// A login that is answered with these tokens, up to where the edge would ask the core.
fn answered(config: &Config, html: bool, change: impl FnOnce(&mut Tokens, &Value)) -> Reply {
    let mut desk = Desk::new(config);
    let mut jar = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login?rd=/a"), &mut jar);
    let back = callback(&started.state).cookies(&jar);
    let back = if html {
        back
    } else {
        back.with("accept", "*/*")
    };
    let exchange = desk.exchange(&back);
    let claims = changed(id_claims(), &json!({ "nonce": started.nonce }));
    let mut tokens = tokens(&claims);
    change(&mut tokens, &claims);
    let reply = match desk.gate.check_sizes("corp", &tokens) {
        Ok(()) => desk.finish(&back, &exchange, tokens, &started.nonce),
        Err(over) => {
            let (failed, dice) = (Err(Failed::TooLarge(over)), &mut desk.dice);
            let mut rng = |bytes: &mut [u8]| dice.fill(bytes);
            desk.gate
                .after_exchange(&back.view(), &exchange, failed, desk.now, &mut rng)
        }
    };
    jar.take_in(set_cookies(&reply));
    assert_eq!(jar.names(), Vec::<&str>::new(), "neither session nor login");
    reply
}

fn sign(claims: &Value) -> Zeroizing<String> {
    Zeroizing::new(crate::gate::tests::support::key().sign(claims))
}

fn groups(count: usize) -> Value {
    let groups: Vec<String> = (0..count)
        .map(|n| format!("secret-group-{n:030}"))
        .collect();
    json!({ "cognito:groups": groups })
}

fn assert_page(reply: &Reply, reason: &str, parts: &[&str]) {
    assert_eq!(
        (reply.status.as_u16(), reply.note.reason),
        (403, Some(reason))
    );
    let page = text(reply);
    for part in parts {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains(reply.note.reference.as_deref().unwrap()));
    assert!(page.contains("href=\"/_vestibule/login?rd=%2Fa\""));
    for secret in ["secret-group", "kirsten", "eyJ", "d3a4f8c2"] {
        assert!(!page.contains(secret), "{secret}: {page}");
    }
}

#[test]
fn a_token_that_is_too_long_by_itself_is_named() {
    let long = |tokens: &mut Tokens, claims: &Value| {
        tokens.id_token = sign(&changed(claims.clone(), &groups(400)));
    };
    let reply = answered(&config(), true, long);
    let parts = ["ID token", "16,384 bytes", "Mostly it is groups"];
    assert_page(&reply, "session_too_large_id_token", &parts);
    let reply = answered(&config(), false, long);
    assert_eq!(body(&reply)["error"], "login_failed");
    assert_eq!(body(&reply)["reference"], json!(reply.note.reference));

    let opaque = "a".repeat(TOKEN_MAX + 1);
    let long = |tokens: &mut Tokens, _: &Value| *tokens.access_token = opaque.clone();
    let reply = answered(&config(), true, long);
    let parts = ["Access token", "16,385 bytes"];
    assert_page(&reply, "session_too_large_access_token", &parts);
    // Where nobody reads or keeps it, its length is of no interest.
    let mut oidc = config();
    oidc.providers[0].kind = ProviderKind::Oidc;
    let mut tokens = tokens(&id_claims());
    *tokens.access_token = opaque.clone();
    assert_eq!(Desk::new(&oidc).gate.check_sizes("corp", &tokens), Ok(()));
    // Nor is that of a refresh token which is not kept.
    tokens.refresh_token = Some(Zeroizing::new(opaque));
    assert_eq!(Desk::new(&oidc).gate.check_sizes("corp", &tokens), Ok(()));
}

#[test]
fn parts_that_do_not_fit_together_are_all_shown_and_the_largest_is_the_reason() {
    let long = |tokens: &mut Tokens, claims: &Value| {
        tokens.id_token = sign(&changed(claims.clone(), &groups(100)));
        tokens.refresh_token = Some(Zeroizing::new("r.".repeat(7_000)));
    };
    let reply = answered(&config(), true, long);
    let parts = [
        "ID token",
        "Refresh token",
        "14,003 bytes",
        "All of it, sealed",
        "19,750 bytes",
    ];
    assert_page(&reply, "session_too_large_refresh_token", &parts);
    let shown = text(&reply);
    assert!(!shown.contains("Access token") && !shown.contains("serinfo"));
}

#[test]
fn every_part_has_a_word_of_its_own_for_the_log() {
    let mut reasons: Vec<_> = Part::ALL.map(Part::reason).to_vec();
    assert!(
        reasons
            .iter()
            .all(|word| word.starts_with("session_too_large_"))
    );
    reasons.sort_unstable();
    reasons.dedup();
    assert_eq!(reasons.len(), PARTS);
    let over = Oversize::of_part(Part::Userinfo, 13_000, 12_288);
    assert_eq!(
        over.to_string(),
        "the session takes 13000 bytes where 12288 fit, mostly for: Claims of userinfo"
    );
}

#[test]
fn bytes_are_written_as_people_read_them() {
    for (bytes, written) in [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1,000 bytes"),
        (19_750, "19,750 bytes"),
        (1_234_567, "1,234,567 bytes"),
    ] {
        assert_eq!(Text::from(in_bytes(bytes)).to_string(), written);
    }
}
