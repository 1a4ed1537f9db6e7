//! From the login endpoint to the provider.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};

use super::support::{
    COOKIE, Desk, Dice, Jar, LOGIN_COOKIE, ORIGIN, Req, config, header_of, location, origin,
    set_cookies, text,
};
use crate::gate::login::{LOGINS_MAX, LoginState, Logins, STATE_MAX};
use crate::gate::origin::PublicOrigin;
use crate::gate::return_to::TARGET_MAX;
use crate::gate::seal::{Context, Purpose, RandomError};
use crate::gate::{Decision, Effect, Known};

fn desk() -> Desk {
    Desk::new(&config())
}

fn state_of(desk: &Desk, state: &str) -> LoginState {
    let context = Context {
        purpose: Purpose::State,
        name: "state",
        origin: ORIGIN,
    };
    let opened = desk.gate.ring.open(context, state.as_bytes()).unwrap();
    LoginState::decode(&opened.plain, &origin()).unwrap()
}

fn logins_of(desk: &Desk, jar: &Jar) -> Logins {
    let context = Context {
        purpose: Purpose::Logins,
        name: LOGIN_COOKIE,
        origin: ORIGIN,
    };
    let opened = desk
        .gate
        .ring
        .open(context, jar.0[LOGIN_COOKIE].as_bytes())
        .unwrap();
    Logins::decode(&opened.plain, &origin()).unwrap()
}

fn target_of(rd: &str) -> String {
    let mut desk = desk();
    let started = desk.start(
        &Req::open(&format!("/_vestibule/login{rd}")),
        &mut Jar::default(),
    );
    state_of(&desk, &started.state).target.as_str().to_owned()
}

#[test]
fn a_login_link_passes_on_what_it_may() {
    let mut config = config();
    config.providers[0].authorize_params.forwarded =
        vec!["login_hint".to_owned(), "lang".to_owned()];
    let mut desk = Desk::new(&config);
    let long = "x".repeat(513);
    for (query, expected) in [
        (
            "login_hint=a%26b%40example.com",
            &[("login_hint", "a&b@example.com")][..],
        ),
        (
            "lang=de&login_hint=a",
            &[("login_hint", "a"), ("lang", "de")],
        ),
        ("prompt=none&state=x&client_id=y&login_hint=", &[]),
        // Twice is nothing: two readers could see two values.
        ("lang=de&lang=fr", &[]),
        (format!("lang={long}").as_str(), &[]),
    ] {
        let target = format!("/_vestibule/login?rd=/x&{query}");
        let Decision::Perform(Effect::Authorize(authorize)) =
            desk.decide_onward(&Req::open(&target))
        else {
            panic!("{query}");
        };
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(authorize.passed_on, expected, "{query}");
    }
}

#[test]
fn a_login_seals_its_state_and_sets_its_cookie() {
    for target in [
        "/_vestibule/login?rd=/a%3Fb",
        "/_vestibule/login/corp?rd=/a%3Fb",
        "/_vestibule/start?rd=/a%3Fb",
        "/_vestibule/sign_in?provider=corp&rd=/a%3Fb",
    ] {
        let mut desk = desk();
        let authorize = match desk.decide_onward(&Req::open(target)) {
            Decision::Perform(Effect::Authorize(authorize)) => authorize,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            authorize.redirect_uri,
            "https://wiki.example.com/_vestibule/callback"
        );
        assert_eq!(
            (authorize.nonce.len(), authorize.code_verifier.len()),
            (22, 43)
        );
        let state = state_of(&desk, &authorize.state);
        assert_eq!(
            (
                state.target.as_str(),
                state.provider.as_str(),
                state.attempt
            ),
            ("/a?b", "corp", 1)
        );
        assert_eq!(state.first_attempt, desk.now);
        let url = url::Url::parse("https://login.example.com/oauth2/authorize").unwrap();
        let (nonce, verifier) = (authorize.nonce.clone(), authorize.code_verifier.clone());
        let reply = desk.gate.login_started(authorize, &url);
        assert_eq!(
            (reply.status, location(&reply)),
            (StatusCode::FOUND, url.as_str())
        );
        let [cookie] = set_cookies(&reply)[..] else {
            panic!("one cookie");
        };
        assert!(cookie.starts_with("__Host-vestibule-login="));
        let mut jar = Jar::default();
        jar.take_in([cookie]);
        let login = logins_of(&desk, &jar).take(&state, desk.now).unwrap();
        assert_eq!((login.nonce(), login.code_verifier()), (nonce, verifier));
    }
}

#[test]
fn nothing_of_the_login_is_readable_from_outside() {
    let mut desk = desk();
    let mut jar = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login?rd=/hidden-target"), &mut jar);
    for sealed in [&started.state, &jar.0[LOGIN_COOKIE]] {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"hidden"));
        assert!(!sealed.contains(&started.nonce));
    }
}

#[test]
fn the_way_back_is_on_this_origin_or_the_front_page() {
    for (rd, target) in [
        ("", "/"),
        ("?rd=", "/"),
        ("?rd=/a/b%3Fc%3Dd", "/a/b?c=d"),
        ("?rd=https://wiki.example.com/a%3Fb", "/a?b"),
        ("?rd=https://wiki.example.com:443/a", "/a"),
        ("?rd=/_vestibule/whoami", "/_vestibule/whoami"),
        ("?rd=//evil.example", "/"),
        ("?rd=/%5Cevil.example", "/"),
        ("?rd=%2F%09%2Fevil.example", "/"),
        ("?rd=https://evil.example/a", "/"),
        ("?rd=https://wiki.example.com.evil.example/a", "/"),
        ("?rd=https://wiki.example.com@evil.example/a", "/"),
        ("?rd=http://wiki.example.com/a", "/"),
        ("?rd=javascript:alert(1)", "/"),
        ("?rd=a", "/"),
        ("?rd=/a&rd=/b", "/"),
        ("?RD=/a", "/"),
    ] {
        assert_eq!(target_of(rd), target, "{rd}");
    }
}

#[test]
fn a_way_back_into_the_flow_leads_to_the_front_page() {
    for path in [
        "/_vestibule/login",
        "/_vestibule/login/corp",
        "/_vestibule/login?rd=/x",
        "/_vestibule/callback?code=x",
        "/_vestibule/logout",
        "/_vestibule/signed-out",
        "/_vestibule/session",
        "/_vestibule",
        "/_vestibule/",
        "/%5Fvestibule/logout",
        "/_vestibule/%6Cogout",
        "https://wiki.example.com/_vestibule/logout",
        // Browsers resolve these before they ask.
        "/x/../_vestibule/logout",
        "/./_vestibule/logout",
        "/x/%2e%2e/_vestibule/logout",
        "/_vestibule/x/../logout",
        "/_vestibule/./login",
    ] {
        let rd: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
        assert_eq!(target_of(&format!("?rd={rd}")), "/", "{path}");
    }
    let mut config = config();
    config.providers[0].callback_path = Some("/oauth2/callback".to_owned());
    let mut desk = Desk::new(&config);
    let asked = Req::open("/_vestibule/login?rd=/oauth2/callback");
    let started = desk.start(&asked, &mut Jar::default());
    assert_eq!(state_of(&desk, &started.state).target.as_str(), "/");
}

#[test]
fn an_unknown_provider_is_404() {
    for target in [
        "/_vestibule/login/other",
        "/_vestibule/login/",
        "/_vestibule/login/corp/x",
        "/_vestibule/login/CORP",
        "/_vestibule/login?provider=other",
        "/_vestibule/login/corp?provider=other",
        "/_vestibule/login/other?provider=corp",
    ] {
        let reply = desk().reply(&Req::open(target));
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (404, Some("provider_unknown")),
            "{target}"
        );
        assert!(set_cookies(&reply).is_empty());
    }
}

#[test]
fn a_login_takes_get_and_head() {
    for method in [Method::POST, Method::PUT, Method::OPTIONS] {
        let reply = desk().reply(&Req::new(method, "/_vestibule/login"));
        assert_eq!(reply.status, 405);
        assert_eq!(header_of(&reply, "allow"), Some("GET, HEAD"));
    }
}

#[test]
fn state_and_cookie_stay_within_their_bounds() {
    let mut desk = desk();
    let mut jar = Jar::default();
    for (number, length) in [1, 500, 737, 738, 800, 1_024, 2_000, TARGET_MAX]
        .into_iter()
        .cycle()
        .take(30)
        .enumerate()
    {
        let path = format!("/{}", "p".repeat(length - 1));
        let req = Req::open(&format!("/_vestibule/login?rd={path}")).cookies(&jar);
        let started = desk.start(&req, &mut jar);
        assert!(started.state.len() <= STATE_MAX, "{}", started.state.len());
        assert!(
            LOGIN_COOKIE.len() + jar.0[LOGIN_COOKIE].len() < 4_000,
            "{number}"
        );
        let login = logins_of(&desk, &jar).take(&state_of(&desk, &started.state), desk.now);
        assert_eq!(login.unwrap().target().as_str(), path);
    }
}

#[test]
fn the_oldest_of_too_many_logins_is_forgotten() {
    let mut desk = desk();
    let mut jar = Jar::default();
    let mut states = Vec::new();
    for number in 0..LOGINS_MAX + 2 {
        let req = Req::open(&format!("/_vestibule/login?rd=/{number}")).cookies(&jar);
        states.push(desk.start(&req, &mut jar).state);
    }
    let mut logins = logins_of(&desk, &jar);
    for (number, state) in states.iter().enumerate() {
        let found = logins.take(&state_of(&desk, state), desk.now).is_some();
        assert_eq!(found, number >= 2, "{number}");
    }
}

#[test]
fn an_unreadable_login_cookie_is_replaced() {
    let mut desk = desk();
    for value in ["", "garbage", &"x".repeat(5_000)] {
        let mut jar = Jar::of(LOGIN_COOKIE, value);
        let started = desk.start(&Req::open("/_vestibule/login").cookies(&jar), &mut jar);
        let mut logins = logins_of(&desk, &jar);
        assert!(
            logins
                .take(&state_of(&desk, &started.state), desk.now)
                .is_some()
        );
    }
}

#[test]
fn each_origin_has_its_own_redirect_uri_and_cookie() {
    let mut config = config();
    config
        .server
        .origins
        .push(PublicOrigin::parse("http://localhost:8080").unwrap());
    let mut desk = Desk::new(&config);
    let asked = Req::open("/_vestibule/login").with("host", "localhost:8080");
    let authorize = match desk.decide_onward(&asked) {
        Decision::Perform(Effect::Authorize(authorize)) => authorize,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        authorize.redirect_uri,
        "http://localhost:8080/_vestibule/callback"
    );
    let url = url::Url::parse("https://login.example.com/").unwrap();
    let reply = desk.gate.login_started(authorize, &url);
    let cookie = set_cookies(&reply)[0];
    assert!(
        cookie.starts_with("vestibule-login=") && !cookie.contains("Secure"),
        "{cookie}"
    );
}

#[test]
fn prefix_and_callback_path_are_what_the_provider_is_told() {
    let mut config = config();
    config.server.path_prefix = "/oauth2".to_owned();
    config.providers[0].callback_path = Some("/login/oauth2/code/cognito".to_owned());
    let mut desk = Desk::new(&config);
    let reply = desk.reply(&Req::open("/a"));
    assert_eq!(location(&reply), "/oauth2/login?rd=%2Fa");
    let authorize = match desk.decide_onward(&Req::open("/oauth2/sign_in?rd=/a")) {
        Decision::Perform(Effect::Authorize(authorize)) => authorize,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        authorize.redirect_uri,
        "https://wiki.example.com/login/oauth2/code/cognito"
    );
    let post = desk.reply(&Req::new(Method::POST, "/login/oauth2/code/cognito"));
    assert_eq!(post.status, 405, "ours for every method");
}

#[test]
fn without_randomness_no_login_begins() {
    let desk = desk();
    let asked = Req::open("/_vestibule/login?fragment=none");
    for working in 0..5 {
        let mut calls = 0;
        let mut rng = |bytes: &mut [u8]| {
            calls += 1;
            bytes.fill(1);
            if calls > working {
                Err(RandomError)
            } else {
                Ok(())
            }
        };
        let decision = desk
            .gate
            .decide(&asked.view(), Known::default(), None, desk.now, &mut rng);
        match decision {
            Decision::Reply(reply) => {
                assert_eq!(
                    (reply.status.as_u16(), reply.note.reason),
                    (500, Some("no_randomness"))
                );
                assert!(set_cookies(&reply).is_empty() && text(&reply).contains("try again"));
            }
            other => panic!("after {working} calls: {other:?}"),
        }
    }
}

#[test]
fn a_provider_that_is_not_known_yet_is_503() {
    let req = Req::open("/_vestibule/login");
    let rng = &mut |bytes: &mut [u8]| Dice::new(1).fill(bytes);
    let reply = desk().gate.login_impossible(&req.view(), rng);
    assert_eq!(
        (reply.status.as_u16(), header_of(&reply, "retry-after")),
        (503, Some("5"))
    );
    assert!(set_cookies(&reply).is_empty());
}

#[test]
fn a_session_cookie_is_not_touched_by_a_login() {
    let mut desk = desk();
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let before = jar.0[COOKIE].clone();
    desk.start(&Req::open("/_vestibule/login").cookies(&jar), &mut jar);
    assert_eq!(jar.0[COOKIE], before);
}
