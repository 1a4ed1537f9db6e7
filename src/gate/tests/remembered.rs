//! Verified sessions are remembered: what a hit saves, what it still asks, what
//! ends it, and how much memory it may take.

use dev_idp::jws::SigningKey;
use serde_json::json;

use super::session_life::{opened, page, seal, signed_in, signed_in_with, user, why};
use super::support::{
    COOKIE, Desk, EXP, Jar, NOW, Req, config, jwks, key, key_set_of, secret_key,
    signed_in_without_refresh,
};
use crate::gate::cookie::VALUE_MAX;
use crate::gate::origin::PublicOrigin;
use crate::gate::seal::KeyRing;

fn checks(desk: &Desk) -> u64 {
    desk.gate.verified_figures().checks
}

fn entries(desk: &Desk) -> usize {
    desk.gate.verified_figures().entries
}

/// The same person's session under another id, and so another seal.
fn another(desk: &mut Desk, jar: &Jar, number: u32) -> Jar {
    let mut plain = opened(desk, jar).encode(desk.now);
    plain[1..5].copy_from_slice(&number.to_be_bytes());
    seal(desk, &plain)
}

#[test]
fn a_session_costs_one_signature_check_until_its_seal_changes() {
    let (mut desk, jar) = signed_in();
    let before = checks(&desk);
    for target in ["/", "/page", "/_vestibule/session", "/_vestibule/whoami"] {
        desk.decide(&Req::open(target).cookies(&jar));
    }
    assert_eq!((checks(&desk) - before, entries(&desk)), (1, 1));
    assert_eq!(desk.gate.verified_figures().hits, 3, "all but the first");
    let first = desk.forward(&page().cookies(&jar));
    let second = desk.forward(&page().cookies(&jar));
    let headers = |forward: &crate::gate::Forward| -> Vec<(String, Vec<u8>)> {
        let set = forward.edits.set();
        set.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect()
    };
    assert_eq!(headers(&first), headers(&second));
    assert!(headers(&first).len() > 4);
    // The very same person and values: claims are mapped once per token, not per request.
    let person = |forward: &crate::gate::Forward| std::ptr::from_ref(forward.permit.who().unwrap());
    assert_eq!(person(&first), person(&second));
    let bytes = |forward: &crate::gate::Forward| {
        let mut set = forward.edits.set();
        let user = set.find(|(name, _)| **name == "x-forwarded-user").unwrap();
        user.1.as_bytes().as_ptr()
    };
    assert_eq!(bytes(&first), bytes(&second));
    // Nobody else is taken for them, however like the cookies are.
    let other = another(&mut desk, &jar, 7);
    assert_eq!(user(&mut desk, &other), "kirsten.holm@example.org");
    assert_eq!((checks(&desk) - before, entries(&desk)), (2, 2));
}

#[test]
fn a_core_that_is_succeeded_gives_its_memory_back_and_serves_on() {
    let (mut desk, jar) = signed_in();
    user(&mut desk, &jar);
    assert_eq!(entries(&desk), 1);
    desk.gate.retire();
    assert_eq!(entries(&desk), 0);
    assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
}

#[test]
fn without_a_cache_every_request_costs_a_check() {
    let mut config = config();
    config.session.verification_cache = 0;
    let (mut desk, jar) = signed_in_with(&config, &json!({}));
    let before = checks(&desk);
    for _ in 0..3 {
        user(&mut desk, &jar);
    }
    assert_eq!((checks(&desk) - before, entries(&desk)), (3, 0));
}

#[test]
fn a_cache_too_small_for_anybody_is_as_good_as_none() {
    for size in [1, 2, 100, 1 << 10, 5 << 10] {
        let mut config = config();
        config.session.verification_cache = size;
        let (mut desk, jar) = signed_in_with(&config, &json!({}));
        let before = checks(&desk);
        for number in 0..3 {
            assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
            let other = another(&mut desk, &jar, number);
            assert_eq!(user(&mut desk, &other), "kirsten.holm@example.org");
        }
        assert_eq!((checks(&desk) - before, entries(&desk)), (6, 0), "{size}");
    }
    // Where one fits, one is remembered.
    let mut config = config();
    config.session.verification_cache = 64 << 10;
    let (mut desk, jar) = signed_in_with(&config, &json!({}));
    let before = checks(&desk);
    user(&mut desk, &jar);
    user(&mut desk, &jar);
    assert_eq!((checks(&desk) - before, entries(&desk)), (1, 1));
}

#[test]
fn a_hit_is_the_whole_value_and_nothing_like_it() {
    let (mut desk, jar) = signed_in();
    user(&mut desk, &jar);
    let before = checks(&desk);
    let sealed = jar.0[COOKIE].clone();
    for at in (0..sealed.len()).step_by(7).chain([sealed.len() - 1]) {
        let mut bytes = sealed.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let text = String::from_utf8(bytes).unwrap();
        why(&mut desk, &Jar::of(COOKIE, &text));
        why(&mut desk, &Jar::of(COOKIE, &sealed[at + 1..]));
        why(&mut desk, &Jar::of(COOKIE, &sealed[..at]));
    }
    why(&mut desk, &Jar::of(COOKIE, &format!("{sealed}{sealed}")));
    assert_eq!(
        (checks(&desk), entries(&desk)),
        (before, 1),
        "no signature is checked before the seal opens, and nothing bad is remembered"
    );
}

#[test]
fn a_value_of_one_origin_is_none_of_another() {
    let mut config = config();
    let other = PublicOrigin::parse("https://docs.example.com").unwrap();
    config.server.origins.push(other);
    let (mut desk, jar) = signed_in_with(&config, &json!({}));
    user(&mut desk, &jar);
    let elsewhere = || page().with("host", "docs.example.com").cookies(&jar);
    assert_eq!(
        desk.reply(&elsewhere()).note.reason,
        Some("cookie_forged"),
        "although it is remembered on its own"
    );
    assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
}

#[test]
fn chunks_are_one_value() {
    let groups: Vec<String> = (0..80)
        .map(|number| format!("{number:032x}-a-long-name-of-a-group"))
        .collect();
    let (mut desk, jar) = signed_in_with(&config(), &json!({ "cognito:groups": groups }));
    assert!(jar.names().len() > 2 && jar.0[&format!("{COOKIE}.1")].len() == VALUE_MAX);
    let before = checks(&desk);
    for _ in 0..3 {
        desk.decide(&page().cookies(&jar));
    }
    assert_eq!((checks(&desk) - before, entries(&desk)), (1, 1));
}

#[test]
fn times_are_asked_on_every_hit() {
    let mut config = config();
    config.session.idle_timeout = Some(std::time::Duration::from_secs(1800));
    let (mut desk, jar) = signed_in_with(&config, &json!({ "nbf": NOW.secs() }));
    let cases = [
        (EXP + 60, "session_idle"),
        (EXP + 9 * 3600, "session_lifetime"),
        (NOW.secs() - 61, "token_not_yet_valid"),
    ];
    for (at, reason) in cases {
        desk.now = NOW;
        user(&mut desk, &jar);
        desk.now = super::support::at(at);
        assert_eq!(why(&mut desk, &jar), reason, "{at}");
    }
    let mut desk = Desk::new(&self::config());
    let jar = signed_in_without_refresh(&mut desk);
    desk.now = super::support::at(EXP + 59);
    user(&mut desk, &jar);
    desk.now = super::support::at(EXP + 60);
    assert_eq!(why(&mut desk, &jar), "token_expired");
    assert_eq!(entries(&desk), 0, "what is over takes no memory");
}

#[test]
fn a_key_that_is_gone_takes_its_sessions_along_and_a_new_one_does_not() {
    let (mut desk, jar) = signed_in();
    user(&mut desk, &jar);
    let before = checks(&desk);
    let other = SigningKey::generate();
    let set = |keys: &[&SigningKey]| Some(key_set_of(jwks(keys)));
    for keys in [&[key()][..], &[key(), &other], &[&other, key()]] {
        desk.keys = set(keys);
        user(&mut desk, &jar);
    }
    assert_eq!(checks(&desk), before, "equal and added keys change nothing");
    desk.keys = set(&[&other]);
    assert_eq!(why(&mut desk, &jar), "token_unknown_kid");
    assert_eq!(entries(&desk), 0);
    // The same name, another key.
    let mut forged = other.public_jwk();
    forged["kid"] = key().public_jwk()["kid"].clone();
    desk.keys = set(&[key()]);
    user(&mut desk, &jar);
    let document = json!({ "keys": [forged] });
    desk.keys = Some(key_set_of(document));
    assert_eq!(why(&mut desk, &jar), "token_signature");
}

#[test]
fn a_token_that_does_not_hold_is_never_remembered() {
    let (mut desk, jar) = signed_in();
    desk.keys = Some(key_set_of(jwks(&[&SigningKey::generate()])));
    for _ in 0..2 {
        assert_eq!(why(&mut desk, &jar), "token_unknown_kid");
    }
    assert_eq!(entries(&desk), 0);
    desk.keys = Some(key_set_of(jwks(&[key()])));
    assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
}

#[test]
fn a_remembered_session_is_sealed_anew_once_a_new_key_has_settled() {
    let (mut desk, jar) = signed_in();
    let keys = [secret_key(2), secret_key(1)];
    let old = KeyRing::new(&[secret_key(1)]).unwrap();
    desk.gate.ring = old.succeeded_by(&keys, NOW, 300).unwrap();
    assert!(desk.forward(&page().cookies(&jar)).set_cookies.is_empty());
    let before = checks(&desk);
    desk.now = NOW.plus(300);
    assert_eq!(desk.forward(&page().cookies(&jar)).set_cookies.len(), 1);
    assert_eq!(checks(&desk), before, "it was a hit");
}

#[test]
fn memory_is_bounded_and_a_scan_does_not_drive_out_who_keeps_coming() {
    let mut config = config();
    config.session.verification_cache = 1 << 20;
    let (mut desk, jar) = signed_in_with(&config, &json!({}));
    for _ in 0..4 {
        user(&mut desk, &jar);
    }
    for number in 0..600 {
        let other = another(&mut desk, &jar, number);
        user(&mut desk, &other);
        if number % 10 == 0 {
            user(&mut desk, &jar);
        }
        assert!(desk.gate.verified_figures().bytes <= 1 << 20);
    }
    assert!((40..400).contains(&entries(&desk)), "{}", entries(&desk));
    let before = checks(&desk);
    user(&mut desk, &jar);
    assert_eq!(checks(&desk), before, "still remembered");
}
