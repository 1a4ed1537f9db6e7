//! What holds for every answer: its headers, and that nothing secret shows in
//! debug output.

use http::Method;
use serde_json::json;

use super::support::{
    COOKIE, Desk, Dice, Jar, LOGIN_COOKIE, Req, callback, changed, config, header_of, id_claims,
    key, route, tokens,
};
use crate::gate::cache::{Audience, CacheControl, cache_control};
use crate::gate::callback::Failed;
use crate::gate::callback::hint::ClientRefusal;
use crate::gate::page::{Page, Word};
use crate::gate::query::Params;
use crate::gate::reply::Reply;
use crate::gate::route::Access;
use crate::gate::signin::ExchangeError;
use crate::gate::unavailable::{AppFailure, app_failed};
use crate::gate::{Decision, Effect};

fn desk() -> Desk {
    let mut config = config();
    config.routes = vec![
        route(&["/public/"], Access::Public),
        route(&["/closed/"], Access::Nobody),
    ];
    Desk::new(&config)
}

fn carries_our_headers(reply: &Reply, what: &str) {
    assert_eq!(
        header_of(reply, "cache-control"),
        Some("no-store"),
        "{what}"
    );
    assert_eq!(
        header_of(reply, "x-content-type-options"),
        Some("nosniff"),
        "{what}"
    );
    assert_eq!(
        header_of(reply, "referrer-policy"),
        Some("no-referrer"),
        "{what}"
    );
    assert!(
        matches!(
            header_of(reply, "x-frame-options"),
            Some("DENY" | "SAMEORIGIN")
        ),
        "{what}"
    );
    if !reply.body.is_empty() {
        let policy = header_of(reply, "content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{what}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") || policy.contains("frame-ancestors 'self'"),
            "{what}"
        );
        assert!(header_of(reply, "content-type").is_some(), "{what}");
    }
    for (name, value) in &reply.headers {
        assert!(value.to_str().is_ok(), "{what}: {name}");
        assert_ne!(name, "access-control-allow-origin", "{what}");
    }
}

#[test]
fn every_answer_carries_our_headers() {
    let targets = [
        "/",
        "/closed/x",
        "/a//b",
        "/_vestibule/login",
        "/_vestibule/login?fragment=none",
        "/_vestibule/login/other",
        "/_vestibule/return?rd=/x&key=AAAAAAAAAAAA",
        "/_vestibule/callback",
        "/_vestibule/callback?a=1&a=2",
        "/_vestibule/callback?error=access_denied",
        "/_vestibule/logout",
        "/_vestibule/signed-out",
        "/_vestibule/session",
        "/_vestibule/whoami",
        "/_vestibule/none",
    ];
    let mut desk = desk();
    let mut session = Jar::default();
    desk.sign_in(&mut session);
    let mut no_person = Jar::default();
    let claims = changed(id_claims(), &json!({ "email": null }));
    desk.sign_in_as("/", &claims, &mut no_person);
    let mut seen = std::collections::BTreeSet::new();
    for target in targets {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
            let bare = Req::new(method.clone(), target);
            let frame = bare.clone().navigates().with("sec-fetch-dest", "iframe");
            for req in [
                bare.clone(),
                bare.clone().navigates(),
                frame,
                bare.with("host", "evil.example"),
            ] {
                for jar in [
                    &Jar::default(),
                    &Jar::of(COOKIE, "garbage"),
                    &session,
                    &no_person,
                ] {
                    for keys in [true, false] {
                        let taken = if keys { None } else { desk.keys.take() };
                        let decision = desk.decide(&req.clone().cookies(jar));
                        if let Some(keys) = taken {
                            desk.keys = Some(keys);
                        }
                        let reply = match decision {
                            Decision::Reply(reply) => reply,
                            Decision::Perform(Effect::Logout(logout)) => logout.reply,
                            Decision::Perform(Effect::Authorize(authorize)) => {
                                let url = url::Url::parse("https://login.example.com/").unwrap();
                                desk.gate.login_started(authorize, &url)
                            }
                            Decision::Forward(_) => continue,
                            other => panic!("{other:?}"),
                        };
                        assert_ne!(reply.status, 500, "{method} {target}");
                        seen.insert(reply.status.as_u16());
                        carries_our_headers(&reply, &format!("{method} {target} {}", reply.status));
                    }
                }
            }
        }
    }
    let expected = [200, 302, 400, 401, 403, 404, 405, 421, 503];
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        expected,
        "all of them were seen"
    );
}

#[test]
fn so_do_answers_after_an_effect_and_for_an_app_that_fails() {
    let errors = [
        ExchangeError::Refused,
        ExchangeError::Client(ClientRefusal::Request),
        ExchangeError::Unavailable,
        ExchangeError::NoIdToken,
        ExchangeError::IdToken,
    ];
    for error in errors {
        let mut desk = desk();
        let mut jar = Jar::default();
        let started = desk.start(&Req::open("/_vestibule/login"), &mut jar);
        let req = callback(&started.state).cookies(&jar);
        let exchange = desk.exchange(&req);
        let dice = &mut desk.dice;
        let failed = Err(Failed::Exchange(error));
        let reply =
            desk.gate
                .after_exchange(&req.view(), &exchange, failed, desk.now, &mut |bytes| {
                    dice.fill(bytes)
                });
        carries_our_headers(&reply, &format!("{error:?}"));
    }
    for (failure, status) in [
        (AppFailure::NotThere, 502),
        (AppFailure::Broken, 502),
        (AppFailure::TooSlow, 504),
        (AppFailure::Internal, 500),
    ] {
        for req in [Req::open("/"), Req::get("/")] {
            let rng = &mut |bytes: &mut [u8]| Dice::new(1).fill(bytes);
            let reply = app_failed(&req.view(), failure, rng);
            assert_eq!(
                (reply.status.as_u16(), reply.note.outcome),
                (status, "upstream_failed")
            );
            carries_our_headers(&reply, &format!("{failure:?}"));
        }
    }
}

#[test]
fn no_debug_output_shows_a_secret_or_a_person() {
    let mut config = config();
    config.providers[0].kind = crate::config::ProviderKind::Oidc;
    config.session.keys.push(super::support::secret_key(2));
    let mut desk = Desk::new(&config);
    let mut jar = Jar::default();
    let mut shown = vec![format!("{config:?} {:?}", desk.gate)];
    let asked = Req::open("/_vestibule/login?rd=/concealed");
    let authorize = desk.decide_onward(&asked);
    shown.push(format!("{authorize:?}"));
    let Decision::Perform(Effect::Authorize(authorize)) = authorize else {
        panic!("no login");
    };
    let verifier = authorize.code_verifier.to_string();
    let (state, nonce) = (authorize.state.clone(), authorize.nonce.clone());
    let url = url::Url::parse(&format!("https://login.example.com/?state={state}")).unwrap();
    let reply = desk.gate.login_started(authorize, &url);
    shown.push(format!("{reply:?}"));
    jar.take_in(super::support::set_cookies(&reply));
    let login_cookie = jar.0[LOGIN_COOKIE].clone();

    let back = callback(&state).cookies(&jar);
    shown.push(format!("{:?}", back.view()));
    let exchange = desk.exchange(&back);
    shown.push(format!("{exchange:?} {:?}", exchange.exchange));
    let claims = changed(id_claims(), &json!({ "nonce": nonce }));
    let minted = tokens(&claims);
    let id_token = minted.id_token.to_string();
    shown.push(format!("{minted:?}"));
    let reply = desk.finish(&back, &exchange, minted, &nonce);
    shown.push(format!("{reply:?}"));
    jar.take_in(super::support::set_cookies(&reply));
    let session = jar.0[COOKIE].clone();

    let mut rotated = config;
    rotated.session.keys.reverse();
    let mut desk = Desk::new(&rotated);
    let forwarded = desk.forward(&Req::open("/").cookies(&jar));
    assert_eq!(
        forwarded.set_cookies.len(),
        1,
        "a key is retired, so a cookie is in there"
    );
    shown.push(format!(
        "{forwarded:?} {:?} {:?}",
        forwarded.edits, forwarded.permit
    ));

    for req in [
        Req::open("/page?token=concealed"),
        Req::open("/_vestibule/whoami"),
        Req::open("/_vestibule/session"),
        Req::open("/_vestibule/logout"),
        Req::open("/_vestibule/callback?code=the-code&state=x"),
    ] {
        let req = req.cookies(&jar);
        shown.push(format!("{:?} {:?}", req.view(), desk.decide(&req)));
    }

    let page = Page::new(Word::ChooserButton {
        provider: "concealed".to_owned().into(),
    })
    .text("concealed".to_owned())
    .row("concealed".to_owned(), "kirsten".to_owned());
    let params = Req::open("/_vestibule/callback?code=the-code&state=concealed");
    shown.push(format!("{page:?} {:?}", Params::of(&params.view())));

    let all = shown.join("\n");
    let signature = id_token.rsplit('.').next().unwrap();
    for secret in [
        "concealed",
        "the-code",
        "the-client-secret",
        "a-refresh-token",
        "kirsten",
        "Kirsten",
        "Editors",
        &verifier,
        &nonce,
        &state,
        &login_cookie,
        &session,
        signature,
        "[1, 1, 1, 1",
        "[2, 2, 2, 2",
        "AQEBAQEB",
        "AgICAgIC",
    ] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[test]
fn noise_in_place_of_cookies_and_queries_never_panics() {
    let mut desk = desk();
    let mut jar = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login"), &mut jar);
    let good = jar.0[LOGIN_COOKIE].clone();
    desk.sign_in(&mut jar);
    let session = jar.0[COOKIE].clone();
    let mut dice = Dice::new(1);
    let pieces = [
        "code",
        "state",
        "error",
        "iss",
        "rd",
        "provider",
        "=",
        "&",
        "%",
        "%2",
        "%00",
        "+",
        ";",
        "x",
        &good,
        &started.state,
        &session,
        "\"",
        ",",
        COOKIE,
        LOGIN_COOKIE,
        ".1",
        ".5",
        "; ",
    ];
    for _ in 0..3_000 {
        let mut text = || -> String { (0..dice.below(9)).map(|_| *dice.pick(&pieces)).collect() };
        let (query, cookie) = (text(), text());
        let path = *dice.pick(&[
            "/",
            "/_vestibule/login",
            "/_vestibule/callback",
            "/_vestibule/logout",
            "/_vestibule/session",
        ]);
        let req =
            Req::open(&format!("{path}?{}", query.replace([' ', '"'], ""))).with("cookie", &cookie);
        if let Decision::Reply(reply) = desk.decide(&req) {
            assert_ne!(reply.status, 500, "{query} {cookie}");
        }
    }
}

#[test]
fn a_token_of_another_key_never_signs_in() {
    let mut desk = desk();
    let mut jar = Jar::default();
    let mallory = dev_idp::jws::SigningKey::generate_with_kid(key().kid());
    let started = desk.start(&Req::open("/_vestibule/login"), &mut jar);
    let back = callback(&started.state).cookies(&jar);
    let exchange = desk.exchange(&back);
    let claims = changed(id_claims(), &json!({ "nonce": started.nonce }));
    let mut forged = tokens(&claims);
    *forged.id_token = mallory.sign(&claims);
    let reply = desk.finish(&back, &exchange, forged, &started.nonce);
    assert_eq!(
        (reply.status.as_u16(), reply.note.reason),
        (502, Some("token_signature"))
    );
    jar.take_in(super::support::set_cookies(&reply));
    assert_eq!(jar.names(), Vec::<&str>::new());
}

#[test]
fn odd_cache_control_values_are_read_as_caches_read_them() {
    let replaced = |text: &str| CacheControl::Replace(text.to_owned().into());
    for (said, audience, becomes) in [
        (&[""][..], Audience::OnePerson, replaced("private")),
        (&[" , ,"], Audience::OnePerson, replaced("private")),
        (
            &["Public , Max-Age=60"],
            Audience::OnePerson,
            replaced("private, Max-Age=60"),
        ),
        (&["s-maxage = 60"], Audience::OnePerson, replaced("private")),
        (
            &["no-cache"],
            Audience::OnePerson,
            replaced("private, no-cache"),
        ),
        (
            &["immutable", "PRIVATE"],
            Audience::OnePerson,
            CacheControl::Keep,
        ),
        (&["NO-STORE"], Audience::OneSession, CacheControl::Keep),
        (
            &["private"],
            Audience::OneSession,
            replaced("private, no-cache"),
        ),
        (&["s-maxage=60"], Audience::Everybody, CacheControl::Keep),
    ] {
        assert_eq!(cache_control(said, audience), becomes, "{said:?}");
    }
}
