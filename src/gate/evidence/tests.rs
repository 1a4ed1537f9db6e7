//! The access token: kept where a header needs it, sent while it holds.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::config::{Config, ProviderKind};
use crate::gate::assertion::Asserter;
use crate::gate::assertion::key::AssertionKey;
use crate::gate::headers::preset::Preset;
use crate::gate::headers::{HeaderRules, Name, VALUE_MAX};
use crate::gate::signin::Tokens;
use crate::gate::tests::support::{
    COOKIE, Desk, EXP, Jar, NOW, Req, access_claims, body, callback, changed, config, header_of,
    id_claims, key, set_cookies,
};
use crate::gate::time::UnixTime;
use crate::gate::token::TOKEN_MAX;

fn with(presets: &[Preset]) -> Config {
    Config {
        headers: HeaderRules::new(presets, Vec::new()),
        ..config()
    }
}

/// Signs in with such an access token; its status, if that fails.
fn sign_in(desk: &mut Desk, access_token: String) -> Result<Jar, u16> {
    let mut jar = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login"), &mut jar);
    let back = callback(&started.state).cookies(&jar);
    let exchange = desk.exchange(&back);
    let claims = changed(id_claims(), &json!({ "nonce": started.nonce }));
    let tokens = Tokens {
        id_token: Zeroizing::new(key().sign(&claims)),
        access_token: Zeroizing::new(access_token),
        refresh_token: None,
    };
    let reply = desk.finish(&back, &exchange, tokens, &started.nonce);
    match reply.status.as_u16() {
        302 => {
            jar.take_in(set_cookies(&reply));
            Ok(jar)
        }
        status => Err(status),
    }
}

fn sent(desk: &mut Desk, jar: &Jar) -> Option<String> {
    let forward = desk.forward(&Req::get("/").cookies(jar));
    let mut found = forward
        .edits
        .set()
        .filter(|(name, _)| **name == "authorization");
    let value = found
        .next()
        .map(|(_, value)| value.to_str().unwrap().to_owned());
    assert!(found.next().is_none());
    value
}

fn access(changes: &Value) -> String {
    key().sign(&changed(access_claims(), changes))
}

#[test]
fn bearer_sends_the_access_token_until_it_ends_and_then_no_token_at_all() {
    let mut desk = Desk::new(&with(&[Preset::Vestibule, Preset::Bearer]));
    let token = access(&json!({ "exp": EXP - 600 }));
    let jar = sign_in(&mut desk, token.clone()).unwrap();
    assert_eq!(sent(&mut desk, &jar), Some(format!("Bearer {token}")));
    desk.now = UnixTime::from_secs(EXP - 601);
    assert_eq!(sent(&mut desk, &jar), Some(format!("Bearer {token}")));
    desk.now = UnixTime::from_secs(EXP - 600);
    let forward = desk.forward(&Req::get("/").cookies(&jar));
    let named = |name: &str| forward.edits.set().any(|(n, _)| *n == name);
    assert!(named("x-forwarded-user") && !named("authorization"));
    assert!(desk.gate.is_managed_header(0, "authorization"));
}

#[test]
fn a_person_sees_that_a_token_is_sent_and_not_which() {
    let mut desk = Desk::new(&with(&[Preset::Bearer]));
    let jar = sign_in(&mut desk, access(&json!({ "exp": EXP - 600 }))).unwrap();
    let whoami = Req::get("/_vestibule/whoami").cookies(&jar);
    let headers = body(&desk.reply(&whoami))["headers"].clone();
    assert_eq!(headers, json!({ "Authorization": "(token)" }));
    desk.now = UnixTime::from_secs(EXP - 600);
    assert_eq!(body(&desk.reply(&whoami))["headers"], json!({}));
}

#[test]
fn what_no_header_needs_is_not_in_the_session() {
    let token = access(&json!({}));
    let size = |config: &Config| {
        let jar = sign_in(&mut Desk::new(config), token.clone()).unwrap();
        let values = jar.0.iter().filter(|(name, _)| name.starts_with(COOKIE));
        values.map(|(_, value)| value.len()).sum::<usize>()
    };
    let without = size(&config());
    let with = size(&with(&[Preset::Vestibule, Preset::Bearer]));
    assert!(with >= without + token.len(), "{without} {with}");
    let mut desk = Desk::new(&config());
    let jar = sign_in(&mut desk, token).unwrap();
    assert_eq!(sent(&mut desk, &jar), None);
    assert!(!desk.gate.is_managed_header(0, "authorization"));
    // Switched on later, it is there after the next login.
    desk.gate = Desk::new(&self::with(&[Preset::Bearer])).gate;
    assert_eq!(sent(&mut desk, &jar), None);
}

#[test]
fn an_opaque_token_ends_with_the_id_token_and_a_doubtful_one_has_ended() {
    let mut oidc = with(&[Preset::Bearer]);
    oidc.providers[0].kind = ProviderKind::Oidc;
    let part = |claims: &str| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims)
    };
    let jwt = |claims: &str| format!("e30.{}.c2ln", part(claims));
    let in_time = NOW.secs() + 100;
    for (token, is_sent) in [
        ("opaque-0123456789".to_owned(), true),
        ("two.dots".to_owned(), true),
        (jwt("{\"scope\":\"x\"}"), true),
        (jwt("no JSON"), true),
        (jwt(&format!("{{\"exp\":{in_time}}}")), true),
        (jwt(&format!("{{\"exp\":{}}}", NOW.secs())), false),
        (jwt(&format!("{{\"exp\":\"{in_time}\"}}")), false),
        (jwt(&format!("{{\"exp\":-{in_time}}}")), false),
        (jwt("{\"exp\":null}"), false),
    ] {
        let mut desk = Desk::new(&oidc);
        let jar = sign_in(&mut desk, token.clone()).unwrap();
        let expected = is_sent.then(|| format!("Bearer {token}"));
        assert_eq!(sent(&mut desk, &jar), expected, "{token}");
    }
}

#[test]
fn a_token_that_a_session_or_a_header_cannot_carry_is_never_cut() {
    let mut oidc = with(&[Preset::Bearer]);
    oidc.providers[0].kind = ProviderKind::Oidc;
    let mut desk = Desk::new(&oidc);
    let jar = sign_in(&mut desk, "t".repeat(VALUE_MAX - "Bearer ".len())).unwrap();
    assert!(sent(&mut desk, &jar).is_some());
    for length in [VALUE_MAX, TOKEN_MAX + 1] {
        match sign_in(&mut Desk::new(&oidc), "t".repeat(length)) {
            Ok(jar) => {
                let reply = desk.reply(&Req::get("/").cookies(&jar));
                assert_eq!(reply.status, 403, "{length}");
            }
            Err(status) => assert!(length > TOKEN_MAX && status >= 400, "{length}: {status}"),
        }
    }
}

#[test]
fn a_session_has_one_assertion_until_it_is_due_and_its_keys_are_public() {
    let asserter = || {
        let keys = vec![AssertionKey::generate().unwrap()];
        Asserter::new("wiki".to_owned(), keys).unwrap()
    };
    let name = Name::parse("X-Signed").unwrap();
    let mut signing = config();
    signing.headers = signing.headers.with_assertion(name, asserter());
    let mut desk = Desk::new(&signing);
    let jar = sign_in(&mut desk, access(&json!({}))).unwrap();
    let sent = |desk: &mut Desk, jar: &Jar| -> String {
        let forward = desk.forward(&Req::get("/").cookies(jar));
        let mut found = forward.edits.set().filter(|(name, _)| **name == "x-signed");
        let value = found.next().unwrap().1.to_str().unwrap().to_owned();
        assert!(found.next().is_none());
        value
    };
    let first = sent(&mut desk, &jar);
    desk.now = NOW.plus(100);
    assert_eq!(sent(&mut desk, &jar), first);
    let other = sign_in(&mut desk, access(&json!({}))).unwrap();
    assert_ne!(sent(&mut desk, &other), first);
    desk.now = NOW.plus(290);
    assert_ne!(sent(&mut desk, &jar), first, "ten seconds are not enough");

    let keys = Req::get("/_vestibule/jwks.json");
    let reply = desk.reply(&keys);
    assert_eq!(reply.status, 200);
    assert_eq!(body(&reply), *signing.headers.jwks().unwrap());
    assert_eq!(header_of(&reply, "cache-control"), Some("no-store"));
    assert_eq!(Desk::new(&config()).reply(&keys).status, 404);
    // Another configuration signs with its own key.
    signing.headers = config()
        .headers
        .with_assertion(Name::parse("X-Signed").unwrap(), asserter());
    desk.gate = Desk::new(&signing).gate;
    let kid = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(kid(&sent(&mut desk, &jar)), kid(&first));
}
