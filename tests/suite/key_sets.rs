//! The provider's keys as they come and go: rotation, outages, floods.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dev_idp::jws::SigningKey;
use serde_json::json;

use super::hostile_tokens::rows::{CLIENT, claims, setup};
use super::tokens::{one_of_many, present, present_token, session_cookie};
use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::issuer::Issuer;
use crate::support::{Harness, Setup};

/// The pause between fetches that key ids ask for.
const PAUSE: Duration = Duration::from_secs(10);

#[test]
fn a_flood_of_unknown_key_ids_asks_for_keys_once_in_ten_seconds() {
    let chain = quiet();
    // Any key does: a kid that is not published is refused before the signature is looked at.
    let stranger = SigningKey::generate();
    let claims = claims(&chain.idp().issuer);
    let before = chain.idp().asked("issuer:jwks");
    let began = Instant::now();
    let (chain_ref, stranger, claims) = (&chain, &stranger, &claims);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                // One signature for all: only the header differs, and it is not reached.
                let good = stranger.sign(claims);
                let (_, rest) = good.split_once('.').expect("a header");
                for number in 0..2_500 {
                    let header =
                        json!({ "alg": "RS256", "kid": format!("made-up-{thread}-{number}") });
                    let header = super::hostile_tokens::rows::encode(header.to_string());
                    let cookie = one_of_many(chain_ref, &format!("{header}.{rest}"));
                    assert_eq!(present(chain_ref, &cookie), 401);
                }
            });
        }
    });
    let pauses = began.elapsed().as_secs() / PAUSE.as_secs();
    let asked = chain.idp().asked("issuer:jwks") - before;
    assert!(
        asked <= pauses + 1,
        "asked {asked} times in {pauses} pauses"
    );
    assert_eq!(chain.echo.count(), 0);
    // And who has a good session is served as ever.
    let token = chain.idp().mint(KIRSTEN, "id", json!({}));
    assert_eq!(present_token(&chain, &token), 200);
}

#[test]
fn keys_rotate_under_load_and_no_good_request_is_refused() {
    let chain = quiet();
    let old = session_cookie(&chain, &chain.idp().mint(KIRSTEN, "id", json!({})));
    let done = AtomicBool::new(false);
    /// Also where an expectation fails, or the load would go on for ever.
    struct Finish<'d>(&'d AtomicBool);
    impl Drop for Finish<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    std::thread::scope(|scope| {
        let finish = Finish(&done);
        let load: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut served = 0_u32;
                    while !done.load(Ordering::Acquire) {
                        assert_eq!(
                            present(&chain, &old),
                            200,
                            "after {served} that were served"
                        );
                        served += 1;
                    }
                    served
                })
            })
            .collect();
        rotate(&chain, "overlap");
        // A person signs in under load, with a token of the new key: the login waits for it.
        let mut browser = chain.signed_in(OLA);
        assert_eq!(browser.script("GET", "/data").status, 200);
        rotate(&chain, "overlap");
        // The next one meets an instance that knows neither the key nor the person.
        let mut browser = chain.signed_in(KIRSTEN);
        assert_eq!(browser.script("GET", "/data").status, 200);
        drop(finish);
        for thread in load {
            let served = thread.join().expect("no request was refused");
            assert!(served > 0);
        }
    });
}

#[test]
fn the_first_request_with_a_new_key_is_served_where_the_pause_is_over() {
    // Another instance signed the person in; this one has not seen the key yet.
    let [old, new] = [SigningKey::generate(), SigningKey::generate()];
    let issuer = Issuer::start(&[old.public_jwk()]);
    let mut chain = setup(issuer.provider("cognito", CLIENT), "").start();
    let (old_token, new_token) = (
        old.sign(&claims(&issuer.url)),
        new.sign(&claims(&issuer.url)),
    );
    assert_eq!(present_token(&chain, &old_token), 200);
    sleep_through_the_pause();
    issuer.publish(&[new.public_jwk(), old.public_jwk()]);
    assert_eq!(
        present_token(&chain, &new_token),
        200,
        "not even once refused"
    );
    assert_eq!(present_token(&chain, &old_token), 200);
    chain.await_log(&["the provider has a new key"]);

    // The old one is withdrawn; whatever brings the next fetch, its tokens count no more.
    issuer.publish(&[new.public_jwk()]);
    sleep_through_the_pause();
    let stranger = SigningKey::generate().sign(&claims(&issuer.url));
    assert_eq!(present_token(&chain, &stranger), 401);
    assert_eq!(present_token(&chain, &old_token), 401);
    assert_eq!(present_token(&chain, &new_token), 200);
    chain.await_log(&["a key of the provider is gone"]);
    chain.await_log(&["token_unknown_kid"]);
}

#[test]
fn what_is_no_key_set_never_replaces_the_last_good_one() {
    let key = SigningKey::generate();
    let issuer = Issuer::start(&[key.public_jwk()]);
    let mut chain = setup(issuer.provider("cognito", CLIENT), "").start();
    let token = key.sign(&claims(&issuer.url));
    let stranger = SigningKey::generate().sign(&claims(&issuer.url));
    // What else is no key set: `gate/token/tests/key_sets.rs`.
    issuer.publish(&[json!({ "kty": "oct", "k": "AAAA", "alg": "HS256", "kid": "x" })]);
    for outage in ["no usable key", "an error"] {
        let asked = issuer.asked();
        // An unknown key brings the next fetch as soon as it is permitted.
        assert_eq!(present_token(&chain, &stranger), 401);
        chain
            .vestibule
            .wait_until("the next fetch", || issuer.asked() > asked);
        assert_eq!(present_token(&chain, &token), 200, "{outage}");
        issuer.answer(|published| published.status = 503);
    }
    chain.await_log(&["its last keys stay in use"]);
}

#[test]
fn a_login_with_a_key_that_is_not_known_yet_waits_for_it() {
    let chain = Harness::start();
    let before = chain.idp().asked("issuer:jwks");
    rotate(&chain, "hard");
    let mut browser = chain.signed_in(KIRSTEN);
    assert_eq!(browser.script("GET", "/data").status, 200);
    assert_eq!(chain.idp().asked("issuer:jwks") - before, 1);
}

/// Without a log line for each of the thousands.
fn quiet() -> Harness {
    Setup {
        tables: "[log]\nlevel = \"warn\"\n".to_owned(),
        ..Setup::default()
    }
    .start()
}

fn rotate(chain: &Harness, mode: &str) {
    let order = json!({ "pool": chain.idp().pool, "which": "both", "mode": mode });
    chain.idp().call("POST", "/keys/rotate", &order);
}

/// There is nothing to wait for but the time itself.
fn sleep_through_the_pause() {
    std::thread::sleep(PAUSE + Duration::from_millis(500));
}
