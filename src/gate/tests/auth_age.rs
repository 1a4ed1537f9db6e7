//! How long ago people may have authenticated at the provider.

use std::time::Duration;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::session_life::{page, user, why};
use super::support::{
    Desk, EXP, Jar, NOW, Req, access_claims, at, body, callback, changed, config, header_of,
    id_claims, key, key_set, location, set_cookies, signed_in_under, text, tokens,
};
use crate::config::Config;
use crate::gate::explain::Asking;
use crate::gate::policy::NoIdentity;
use crate::gate::reply::Reply;
use crate::gate::signin::{Authorize, Tokens};
use crate::gate::time::LEEWAY;
use crate::gate::token::TokenError;
use crate::gate::{Decision, Effect};

/// `auth_time` of the tokens in these tests.
const AUTHENTICATED: u64 = 1_790_000_000;
/// `max_auth_age` of these tests, in seconds: less than a token's life.
const MAX: u64 = 1_800;

fn limited() -> Config {
    let mut config = config();
    config.providers[0].max_auth_age = Some(Duration::from_secs(MAX));
    config
}

fn signed_in() -> (Desk, Jar) {
    signed_in_under(&limited())
}

/// The login that a request begins.
fn begun(desk: &mut Desk, req: &Req) -> Authorize {
    match desk.decide_onward(req) {
        Decision::Perform(Effect::Authorize(authorize)) => authorize,
        other => panic!("no login begins: {other:?}"),
    }
}

/// A login from `path`, answered with this `auth_time`.
fn answered(desk: &mut Desk, path: &str, auth_time: &Value, jar: &mut Jar) -> Reply {
    let started = desk.start(&Req::open(path).cookies(jar), jar);
    let back = callback(&started.state).cookies(jar);
    let exchange = desk.exchange(&back);
    let claims = json!({ "nonce": started.nonce, "auth_time": auth_time });
    let tokens = tokens(&changed(id_claims(), &claims));
    let reply = desk.finish(&back, &exchange, tokens, &started.nonce);
    jar.take_in(set_cookies(&reply));
    reply
}

/// What stands above what is not for the person.
const OPERATORS: &str = "<h2>For the people who run this application</h2>";

fn has_session(jar: &Jar) -> bool {
    jar.names().contains(&"__Host-vestibule")
}

#[test]
fn an_old_sign_in_is_asked_anew_once_and_then_explained() {
    let mut desk = Desk::new(&limited());
    let mut jar = Jar::default();
    let old = json!(NOW.secs() - MAX);
    let reply = answered(&mut desk, "/_vestibule/login?rd=/a%3Fb", &old, &mut jar);
    let again = "/_vestibule/login?rd=%2Fa%3Fb&prompt=login";
    assert_eq!(location(&reply), again);
    assert_eq!(reply.note.reason, Some("auth_too_old"));
    assert!(!has_session(&jar), "{:?}", jar.names());
    assert!(begun(&mut desk, &Req::open(again)).reauthenticate);

    let reply = answered(&mut desk, again, &old, &mut jar);
    assert_eq!(
        (reply.status.as_u16(), reply.note.reason),
        (403, Some("auth_too_old"))
    );
    let page = text(&reply);
    let (person, operators) = page.split_once(OPERATORS).unwrap();
    for part in [
        "too long ago",
        "turn to the people who run",
        "/_vestibule/logout?rd=%2Fa%3Fb",
    ] {
        assert!(person.contains(part), "{part}: {page}");
    }
    for part in ["30m", "prompt=login", "max_auth_age"] {
        assert!(
            operators.contains(part) && !person.contains(part),
            "{part}: {page}"
        );
    }
    let reference = reply.note.reference.as_deref().unwrap();
    assert!(page.contains(reference) && !page.contains("/login?"));
    assert!(!page.contains(&old.to_string()), "no claim is shown");
    assert_eq!(jar.names(), Vec::<&str>::new());

    let reply = answered(&mut desk, again, &json!(NOW.secs()), &mut jar);
    assert_eq!(location(&reply), "/a?b");
    assert!(has_session(&jar));
}

#[test]
fn the_limit_holds_to_the_second_at_a_login() {
    for (age, signs_in) in [(0, true), (MAX - 1, true), (MAX, false), (MAX + 1, false)] {
        let mut jar = Jar::default();
        let auth_time = json!(NOW.secs() - age);
        let mut desk = Desk::new(&limited());
        answered(&mut desk, "/_vestibule/login", &auth_time, &mut jar);
        assert_eq!(has_session(&jar), signs_in, "{age}");
    }
    // The leeway is for clocks that disagree.
    for (ahead, reason) in [(LEEWAY, None), (LEEWAY + 1, Some("token_not_yet_valid"))] {
        let mut jar = Jar::default();
        let auth_time = json!(NOW.secs() + ahead);
        let mut desk = Desk::new(&limited());
        let reply = answered(&mut desk, "/_vestibule/login", &auth_time, &mut jar);
        assert_eq!(reply.note.reason, reason);
        assert_eq!(has_session(&jar), reason.is_none());
        if reason.is_some() {
            let (_, operators) = text(&reply).split_once(OPERATORS).unwrap();
            assert!(operators.contains("NTP"), "{operators}");
        }
    }
}

#[test]
fn a_provider_that_does_not_say_when_lets_nobody_in_and_nobody_goes_in_circles() {
    let wrong = [
        json!(null),
        json!(NOW.secs().to_string()),
        json!(-1),
        json!(1_790_000_000_000_u64),
        json!([AUTHENTICATED]),
        json!(true),
    ];
    for path in ["/_vestibule/login", "/_vestibule/login?prompt=login"] {
        for auth_time in &wrong {
            let mut desk = Desk::new(&limited());
            let mut jar = Jar::default();
            let reply = answered(&mut desk, path, auth_time, &mut jar);
            assert_eq!(
                (reply.status.as_u16(), reply.note.reason),
                (502, Some("token_auth_time")),
                "{auth_time}"
            );
            let (person, operators) = text(&reply).split_once(OPERATORS).unwrap();
            assert!(person.contains("does not say when you signed in"));
            assert!(operators.contains("auth_time") && !person.contains("auth_time"));
            assert!(text(&reply).contains(reply.note.reference.as_deref().unwrap()));
            assert_eq!(jar.names(), Vec::<&str>::new());
        }
    }
    // Without a limit nobody asks.
    for auth_time in [json!(null), json!("1790000000"), json!(1)] {
        let mut desk = Desk::new(&config());
        let mut jar = Jar::default();
        let path = "/_vestibule/login?prompt=login";
        assert!(!begun(&mut desk, &Req::open(path)).reauthenticate);
        answered(&mut desk, path, &auth_time, &mut jar);
        assert!(has_session(&jar), "{auth_time}");
        assert!(!user(&mut desk, &jar).is_empty());
    }
}

#[test]
fn a_session_ends_when_its_authentication_is_too_old_whether_remembered_or_not() {
    for cache in [0, 32 << 20] {
        let mut config = limited();
        config.session.verification_cache = cache;
        let mut desk = Desk::new(&config);
        let mut jar = Jar::default();
        desk.sign_in(&mut jar);
        desk.now = at(AUTHENTICATED + MAX - 1);
        assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
        let login = Req::open("/_vestibule/login?rd=/page").cookies(&jar);
        assert!(!begun(&mut desk, &login).reauthenticate, "nobody needs it");
        desk.now = at(AUTHENTICATED + MAX);
        assert_eq!(why(&mut desk, &jar), "auth_too_old");
        assert_eq!(why(&mut desk, &jar), "auth_too_old");
        let script = desk.reply(&Req::get("/data").cookies(&jar));
        assert_eq!(script.status, 401);
        // The way to sign in asks for more than what the provider remembers.
        assert!(begun(&mut desk, &login).reauthenticate);
    }
}

#[test]
fn only_the_age_is_a_reason_to_be_asked_anew() {
    let (mut desk, jar) = signed_in();
    let login = Req::open("/_vestibule/login");
    assert!(!begun(&mut desk, &login).reauthenticate, "no session");
    // The session has ended for another reason.
    desk.now = NOW.plus(8 * 3600);
    assert!(!begun(&mut desk, &login.cookies(&jar)).reauthenticate);
    for (query, asked) in [
        ("prompt=login", true),
        ("prompt=none", false),
        ("prompt=LOGIN", false),
        ("prompt=login&prompt=login", false),
        ("prompt=", false),
    ] {
        let login = Req::open(&format!("/_vestibule/login?{query}"));
        assert_eq!(begun(&mut desk, &login).reauthenticate, asked, "{query}");
    }
}

#[test]
fn a_session_of_unknown_age_counts_for_nothing_once_there_is_a_limit() {
    let mut desk = Desk::new(&config());
    let mut jar = Jar::default();
    let claims = changed(id_claims(), &json!({ "auth_time": null }));
    desk.sign_in_as("/", &claims, &mut jar);
    assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
    assert_eq!(why(&mut Desk::new(&limited()), &jar), "token_auth_time");
}

/// Tokens of a refresh at `desk.now`.
fn renewed(desk: &Desk, changes: &Value) -> Tokens {
    let times = json!({ "iat": desk.now.secs(), "exp": desk.now.secs() + 3600 });
    let id = changed(changed(id_claims(), &times), &json!({ "nonce": null }));
    Tokens {
        id_token: Zeroizing::new(key().sign(&changed(id, changes))),
        access_token: Zeroizing::new(key().sign(&changed(access_claims(), &times))),
        refresh_token: None,
    }
}

#[test]
fn a_refresh_makes_no_authentication_younger() {
    let rows = [
        (json!({}), None),
        (
            json!({ "auth_time": EXP - 200 }),
            Some(TokenError::AuthTime),
        ),
        (
            json!({ "auth_time": AUTHENTICATED - 1 }),
            Some(TokenError::AuthTime),
        ),
        (json!({ "auth_time": null }), Some(TokenError::AuthTime)),
        (
            json!({ "auth_time": AUTHENTICATED.to_string() }),
            Some(TokenError::Claim),
        ),
    ];
    for (changes, refused) in rows {
        let mut config = config();
        config.providers[0].max_auth_age = Some(Duration::from_secs(4 * 3600));
        let mut desk = Desk::new(&config);
        let mut jar = Jar::default();
        desk.sign_in(&mut jar);
        desk.now = at(EXP - 100);
        let ask = desk.forward(&page().cookies(&jar)).refresh.unwrap();
        let tokens = renewed(&desk, &changes);
        let checked = desk
            .gate
            .check_refreshed(&ask, &tokens, &key_set(), desk.now);
        assert_eq!(checked.as_ref().err().copied(), refused, "{changes}");
        let Ok(checked) = checked else { continue };
        let session = desk.gate.refreshed(&ask, tokens, checked, desk.now);
        assert_eq!(session.unwrap().generation(), 1);
        // Its new token would hold for long, and its authentication does not.
        desk.now = at(EXP - 200 + 3600);
        let ends = at(AUTHENTICATED + 4 * 3600);
        let told = desk.reply(
            &Req::open("/_vestibule/session")
                .cookies(&jar)
                .with("accept", "*/*"),
        );
        assert_eq!(body(&told)["expires_at"], json!(ends.secs()));
    }
}

#[test]
fn nobody_asks_for_newer_tokens_of_an_authentication_that_is_over() {
    // It ends before the token does: a newer one would help nobody.
    let mut config = limited();
    config.providers[0].max_auth_age = Some(Duration::from_secs(3_550));
    let mut desk = Desk::new(&config);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    desk.now = at(EXP - 100);
    assert!(desk.forward(&page().cookies(&jar)).refresh.is_none());
    // It is over, and the token too.
    desk.now = at(EXP + LEEWAY);
    assert_eq!(why(&mut desk, &jar), "auth_too_old");
    let login = Req::open("/_vestibule/login").cookies(&jar);
    assert!(begun(&mut desk, &login).reauthenticate);
}

#[test]
fn our_pages_tell_the_end_of_the_authentication() {
    let (mut desk, jar) = signed_in();
    let told = desk.reply(&Req::get("/_vestibule/session").cookies(&jar));
    assert_eq!(body(&told)["expires_at"], json!(AUTHENTICATED + MAX));
    assert_eq!(body(&told)["expires_in"], json!(MAX - 100));
    let told = desk.reply(&Req::open("/_vestibule/whoami").cookies(&jar));
    assert!(text(&told).contains("28 min<"), "{}", text(&told));
    assert_eq!(header_of(&told, "set-cookie"), None);
}

#[test]
fn an_open_connection_ends_with_its_authentication() {
    let (mut desk, jar) = signed_in();
    let lease = desk.forward(&Req::get("/socket").cookies(&jar)).lease;
    let mut lease = lease.unwrap();
    assert_eq!(desk.gate.renew(&mut lease, NOW), Ok(MAX - 100));
    let end = at(AUTHENTICATED + MAX);
    assert_eq!(
        desk.gate.renew(&mut lease, end),
        Err(NoIdentity::AuthTooOld)
    );
}

#[test]
fn a_token_is_explained_as_a_session_of_it_would_be() {
    let desk = Desk::new(&limited());
    let asking = |changes: &Value, secs| {
        let token = key().sign(&changed(id_claims(), changes));
        desk.gate.asking("corp", &token, &key_set(), at(secs))
    };
    let nothing = json!({});
    let last = asking(&nothing, AUTHENTICATED + MAX - 1);
    assert!(matches!(last, Asking::Somebody(_)));
    for (changes, secs, expected) in [
        (nothing, AUTHENTICATED + MAX, NoIdentity::AuthTooOld),
        (
            json!({ "auth_time": null }),
            NOW.secs(),
            NoIdentity::Token(TokenError::AuthTime),
        ),
    ] {
        match asking(&changes, secs) {
            Asking::Refused(why) => assert_eq!(why, expected),
            other => panic!("{other:?}"),
        }
    }
}
