//! The callback: state, login cookie, code, tokens, in that order.

use http::Method;
use serde_json::json;

use super::support::{
    COOKIE, Desk, Jar, LOGIN_COOKIE, NOW, Req, Started, callback, changed, config, id_claims,
    location, set_cookies, text, tokens,
};
use crate::gate::login::LOGIN_LIFETIME;
use crate::gate::origin::PublicOrigin;
use crate::gate::{Decision, Effect};

pub(super) fn desk() -> Desk {
    Desk::new(&config())
}

/// A login to `/page` in flight.
pub(super) fn begun() -> (Desk, Jar, Started) {
    let mut desk = desk();
    let mut jar = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login?rd=/page"), &mut jar);
    (desk, jar, started)
}

fn restarted(decision: Decision) -> bool {
    matches!(decision, Decision::Perform(Effect::Authorize(_)))
}

#[test]
fn a_login_ends_where_it_began_with_a_session() {
    let mut desk = desk();
    let mut jar = Jar::default();
    let asked = Req::open("/wiki/Main?a=b");
    let login = location(&desk.reply(&asked)).to_owned();
    let started = desk.start(&Req::open(&login), &mut jar);
    assert_eq!(jar.names(), [LOGIN_COOKIE]);
    let back = callback(&started.state).cookies(&jar);
    let exchange = desk.exchange(&back);
    assert_eq!(exchange.exchange.code(), "the-code");
    assert_eq!(
        exchange.redirect_uri,
        "https://wiki.example.com/_vestibule/callback"
    );
    assert_eq!(exchange.exchange.login().nonce(), started.nonce);
    let claims = changed(id_claims(), &json!({ "nonce": started.nonce }));
    let reply = desk.finish(&back, &exchange, tokens(&claims), &started.nonce);
    assert_eq!(location(&reply), "/wiki/Main?a=b");
    assert_eq!((reply.note.outcome, reply.note.reason), ("signed_in", None));
    jar.take_in(set_cookies(&reply));
    assert_eq!(
        jar.names(),
        [COOKIE, LOGIN_COOKIE],
        "what is left of the login tells when logins go in circles"
    );
    let forward = desk.forward(&asked.cookies(&jar));
    let told: Vec<String> = forward
        .edits
        .set()
        .map(|(name, value)| format!("{}: {}", name.as_str(), value.to_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            "x-forwarded-user: kirsten.holm@example.org",
            "x-forwarded-email: kirsten.holm@example.org",
            "x-forwarded-name: Kirsten Holm",
            "x-forwarded-groups: Editors,Brand-Nordics",
            "x-access-right: Local Company",
            "x-forwarded-for: 203.0.113.7",
            "x-real-ip: 203.0.113.7",
            "forwarded: for=203.0.113.7;host=\"wiki.example.com\";proto=https",
            "x-forwarded-proto: https",
            "x-forwarded-host: wiki.example.com",
            "x-forwarded-port: 443",
        ]
    );
    assert!(forward.set_cookies.is_empty());
}

#[test]
fn a_code_without_the_login_cookie_is_never_redeemed() {
    let (mut desk, jar, started) = begun();
    let mut other = Jar::default();
    let others = desk.start(&Req::open("/_vestibule/login?rd=/page"), &mut other);
    let mut flipped = jar.0[LOGIN_COOKIE].clone().into_bytes();
    flipped[40] = if flipped[40] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    for (what, jar) in [
        ("absent", Jar::default()),
        ("another login's", other.clone()),
        ("garbage", Jar::of(LOGIN_COOKIE, "garbage")),
        ("flipped", Jar::of(LOGIN_COOKIE, &flipped)),
        (
            "under another name",
            Jar::of("vestibule-login", &jar.0[LOGIN_COOKIE]),
        ),
        ("the state itself", Jar::of(LOGIN_COOKIE, &started.state)),
        (
            "in the session's place",
            Jar::of(COOKIE, &jar.0[LOGIN_COOKIE]),
        ),
    ] {
        let decision = desk.decide(&callback(&started.state).cookies(&jar));
        assert!(restarted(decision), "{what}");
    }
    // The victim's browser has a login of its own; the attacker's code is not taken.
    assert!(restarted(
        desk.decide(&callback(&others.state).cookies(&jar))
    ));
    desk.exchange(&callback(&started.state).cookies(&jar));
}

#[test]
fn a_state_that_is_not_ours_is_explained_not_followed() {
    let (mut desk, mut jar, started) = begun();
    desk.sign_in(&mut jar);
    let session = jar.0[COOKIE].clone();
    let mut flipped = started.state.clone().into_bytes();
    flipped[30] = if flipped[30] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    for (what, target) in [
        ("no state", "?code=x".to_owned()),
        ("empty", "?code=x&state=".to_owned()),
        ("nothing at all", String::new()),
        ("garbage", "?code=x&state=garbage".to_owned()),
        ("flipped", format!("?code=x&state={flipped}")),
        ("cut off", format!("?code=x&state={}", &started.state[..40])),
        ("a session", format!("?code=x&state={session}")),
        ("padded", format!("?code=x&state={}%3D", started.state)),
        ("too long", format!("?code=x&state={}", "A".repeat(1_025))),
    ] {
        let req = Req::open(&format!("/_vestibule/callback{target}")).cookies(&jar);
        let reply = desk.reply(&req);
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (400, Some("state_unreadable")),
            "{what}"
        );
        assert!(set_cookies(&reply).is_empty(), "{what}");
        assert!(
            text(&reply).contains("href=\"/_vestibule/login?rd=%2F\""),
            "{what}"
        );
    }
}

#[test]
fn a_state_of_another_origin_or_key_is_unreadable() {
    let mut config = config();
    config
        .server
        .origins
        .push(PublicOrigin::parse("https://docs.example.com").unwrap());
    let mut desk = Desk::new(&config);
    let mut jar = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login"), &mut jar);
    let elsewhere = callback(&started.state)
        .cookies(&jar)
        .with("host", "docs.example.com");
    assert_eq!(desk.reply(&elsewhere).note.reason, Some("state_unreadable"));
    config.session.keys = vec![super::support::secret_key(9)];
    let mut desk = Desk::new(&config);
    let reply = desk.reply(&callback(&started.state).cookies(&jar));
    assert_eq!(reply.note.reason, Some("state_unreadable"));
}

#[test]
fn a_doubled_parameter_is_400_before_anything_else() {
    let (mut desk, jar, started) = begun();
    let state = &started.state;
    for query in [
        format!("code=a&code=b&state={state}"),
        format!("code=a&code=a&state={state}"),
        format!("code=a&state={state}&state={state}"),
        format!("code=a&state={state}&state=x"),
        format!("code=a&state={state}&%73tate=x"),
        format!("code=a&state={state}&iss=x&iss=y"),
        format!("code=a&state={state}&x=1&x=2"),
        format!("error=a&error=b&state={state}"),
        format!("code=a&state={state}&code="),
    ] {
        let req = Req::open(&format!("/_vestibule/callback?{query}")).cookies(&jar);
        let reply = desk.reply(&req);
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (400, Some("callback_doubled_parameter")),
            "{query}"
        );
        assert!(set_cookies(&reply).is_empty());
    }
    desk.exchange(&callback(state).cookies(&jar));
}

#[test]
fn an_error_of_the_provider_is_shown_with_its_own_text() {
    for (error, status, reason) in [
        ("access_denied", 403, "provider_access_denied"),
        ("login_required", 403, "provider_login_required"),
        ("interaction_required", 403, "provider_login_required"),
        ("invalid_scope", 502, "provider_invalid_scope"),
        ("unauthorized_client", 502, "provider_unauthorized_client"),
        ("invalid_request", 502, "provider_invalid_request"),
        ("server_error", 502, "provider_server_error"),
        ("temporarily_unavailable", 502, "provider_server_error"),
        ("something_else", 502, "provider_error"),
        ("%3Cscript%3E", 502, "provider_error"),
    ] {
        let (mut desk, mut jar, started) = begun();
        let query = format!("error={error}&error_description=%3Cb%3Eevil-words%3C/b%3E");
        let stateful = Req::open(&format!(
            "/_vestibule/callback?{query}&state={}",
            started.state
        ));
        for (req, rd) in [
            (stateful.clone().cookies(&jar), "%2Fpage"),
            // Shown without the cookie and without a state too, never acted upon.
            (stateful, "%2Fpage"),
            (Req::open(&format!("/_vestibule/callback?{query}")), "%2F"),
        ] {
            let reply = desk.reply(&req);
            assert_eq!(
                (reply.status.as_u16(), reply.note.reason),
                (status, Some(reason)),
                "{error}"
            );
            let html = text(&reply);
            assert!(
                !html.contains("evil-words") && !html.contains("<script"),
                "{html}"
            );
            assert!(
                html.contains(&format!("href=\"/_vestibule/login?rd={rd}\"")),
                "{html}"
            );
            assert!(html.contains(reply.note.reference.as_ref().unwrap()));
            jar.take_in(set_cookies(&reply));
        }
        assert_eq!(jar.names(), Vec::<&str>::new(), "the login is answered");
    }
}

#[test]
fn an_answer_that_names_its_issuer_names_ours() {
    // RFC 9207.
    let ours =
        url::form_urlencoded::byte_serialize(super::support::ISSUER.as_bytes()).collect::<String>();
    let (mut desk, jar, started) = begun();
    for iss in [
        "https://evil.example",
        "https%3A%2F%2Fevil.example",
        &format!("{ours}%2F"),
        &ours.to_lowercase(),
    ] {
        let req = Req::open(&format!(
            "/_vestibule/callback?code=x&state={}&iss={iss}",
            started.state
        ));
        let reply = desk.reply(&req.cookies(&jar));
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (400, Some("provider_mismatch")),
            "{iss}"
        );
    }
    let req = Req::open(&format!(
        "/_vestibule/callback?code=x&state={}&iss={ours}",
        started.state
    ));
    desk.exchange(&req.cookies(&jar));
}

#[test]
fn a_callback_of_another_provider_is_refused() {
    let (mut desk, jar, started) = begun();
    for id in ["other", "", "CORP", "corp/x"] {
        let req = Req::open(&format!(
            "/_vestibule/callback/{id}?code=x&state={}",
            started.state
        ));
        let reply = desk.reply(&req.cookies(&jar));
        assert_eq!(
            (reply.status.as_u16(), reply.note.outcome),
            (404, "not_found"),
            "{id}"
        );
        assert!(set_cookies(&reply).is_empty(), "{id}");
    }
    let req = Req::open(&format!(
        "/_vestibule/callback/corp?code=x&state={}",
        started.state
    ));
    desk.exchange(&req.cookies(&jar));
    // The same key, another provider by now.
    let mut renamed = config();
    renamed.providers[0].id = crate::config::ProviderId("renamed".to_owned());
    let reply = Desk::new(&renamed).reply(&callback(&started.state).cookies(&jar));
    assert_eq!(reply.note.reason, Some("provider_mismatch"));
}

#[test]
fn an_answer_without_a_code_ends_the_login() {
    let long = "c".repeat(2_049);
    for code in ["", "&code=", &format!("&code={long}")] {
        let (mut desk, mut jar, started) = begun();
        let req = Req::open(&format!(
            "/_vestibule/callback?state={}{code}",
            started.state
        ));
        let reply = desk.reply(&req.cookies(&jar));
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (400, Some("code_missing"))
        );
        jar.take_in(set_cookies(&reply));
        assert_eq!(jar.names(), Vec::<&str>::new());
    }
    let (mut desk, jar, started) = begun();
    let req = Req::open(&format!(
        "/_vestibule/callback?state={}&code={}",
        started.state,
        "c".repeat(2_048)
    ));
    desk.exchange(&req.cookies(&jar));
}

#[test]
fn a_callback_is_a_get() {
    let (mut desk, jar, started) = begun();
    let target = format!("/_vestibule/callback?code=x&state={}", started.state);
    let reply = desk.reply(&Req::new(Method::POST, &target).cookies(&jar));
    assert_eq!(reply.status, 405);
}

#[test]
fn a_used_login_is_not_redeemed_again() {
    let (mut desk, mut jar, started) = begun();
    let back = callback(&started.state).cookies(&jar);
    let exchange = desk.exchange(&back);
    let claims = changed(id_claims(), &json!({ "nonce": started.nonce }));
    let reply = desk.finish(&back, &exchange, tokens(&claims), &started.nonce);
    jar.take_in(set_cookies(&reply));
    // Back button, or an answer sent twice: where a session is, on to the target.
    let reply = desk.reply(&callback(&started.state).cookies(&jar));
    assert_eq!(location(&reply), "/page");
    assert_eq!(reply.note.reason, Some("already_signed_in"));
    assert!(set_cookies(&reply).is_empty());
    jar.0.remove(COOKIE);
    assert!(restarted(
        desk.decide(&callback(&started.state).cookies(&jar))
    ));
}

#[test]
fn two_tabs_sign_in_at_once() {
    for first in [0, 1] {
        let mut desk = desk();
        let mut jar = Jar::default();
        let tabs: Vec<Started> = ["/a", "/b"]
            .iter()
            .map(|rd| {
                let req = Req::open(&format!("/_vestibule/login?rd={rd}")).cookies(&jar);
                desk.start(&req, &mut jar)
            })
            .collect();
        for tab in [first, 1 - first] {
            let back = callback(&tabs[tab].state).cookies(&jar);
            let exchange = desk.exchange(&back);
            let claims = changed(id_claims(), &json!({ "nonce": tabs[tab].nonce }));
            let reply = desk.finish(&back, &exchange, tokens(&claims), &tabs[tab].nonce);
            assert_eq!(location(&reply), ["/a", "/b"][tab]);
            jar.take_in(set_cookies(&reply));
        }
        assert_eq!(jar.names(), [COOKIE, LOGIN_COOKIE]);
    }
}

#[test]
fn a_lost_cookie_is_tried_three_times_and_then_explained() {
    let (mut desk, _, mut started) = begun();
    // The browser never brings a cookie back.
    for _second_and_third in 0..2 {
        desk.now = desk.now.plus(5);
        started = desk.start(&callback(&started.state), &mut Jar::default());
    }
    let reply = desk.reply(&callback(&started.state));
    assert_eq!(
        (reply.status.as_u16(), reply.note.reason),
        (400, Some("login_cookie_lost"))
    );
    let html = text(&reply);
    for shown in [
        "https://wiki.example.com",
        LOGIN_COOKIE,
        "rd=%2Fpage",
        reply.note.reference.as_ref().unwrap(),
    ] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
    assert!(set_cookies(&reply).is_empty());
    // A minute after the first attempt a new row begins.
    desk.now = NOW.plus(60);
    let again = desk.start(&callback(&started.state), &mut Jar::default());
    desk.now = desk.now.plus(1);
    assert!(
        restarted(desk.decide(&callback(&again.state))),
        "this was the first of the new row"
    );
}

#[test]
fn a_restart_keeps_the_other_logins_and_the_target() {
    let (mut desk, _, lost) = begun();
    let mut jar = Jar::default();
    let kept = desk.start(&Req::open("/_vestibule/login?rd=/kept"), &mut jar);
    let again = desk.start(&callback(&lost.state).cookies(&jar), &mut jar);
    let exchange = desk.exchange(&callback(&kept.state).cookies(&jar));
    assert_eq!(exchange.exchange.login().target().as_str(), "/kept");
    let exchange = desk.exchange(&callback(&again.state).cookies(&jar));
    assert_eq!(exchange.exchange.login().target().as_str(), "/page");
    assert_eq!(exchange.exchange.login().attempt(), 2);
}

#[test]
fn a_login_that_took_too_long_begins_anew() {
    let (mut desk, jar, started) = begun();
    desk.now = NOW.plus(LOGIN_LIFETIME - 1);
    desk.exchange(&callback(&started.state).cookies(&jar));
    desk.now = NOW.plus(LOGIN_LIFETIME);
    assert!(restarted(
        desk.decide(&callback(&started.state).cookies(&jar))
    ));
}
