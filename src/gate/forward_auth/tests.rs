//! What front proxies are told, whichever of them asks; parts that only some ask about are below.

use std::time::Duration;

use http::Method;
use serde_json::json;
use zeroize::Zeroizing;

use super::{Dialect, ForwardAuth};
use crate::config::Config;
use crate::gate::client::TrustedProxies;
use crate::gate::headers::HeaderRules;
use crate::gate::headers::preset::Preset;
use crate::gate::refresh::{Outcome, Refresh, RefreshError};
use crate::gate::reply::Reply;
use crate::gate::route::{Access, Route};
use crate::gate::signin::Tokens;
use crate::gate::tests::support::{
    COOKIE, Desk, EXP, Jar, NOW, Req, access_claims, body, changed, config, header_of, id_claims,
    key, location, route, set_cookies, signed_in_under,
};
use crate::gate::time::{LEEWAY, UnixTime};
use crate::gate::{Decision, Effect};

mod conditions;
mod oauth2_proxy;
mod refusing;
mod renewing;

const OVER: UnixTime = UnixTime::from_secs(EXP + LEEWAY);
const ALL: [Dialect; 4] = [
    Dialect::Nginx,
    Dialect::Traefik,
    Dialect::Caddy,
    Dialect::Envoy,
];

fn asked_by(dialect: Dialect) -> Config {
    let mut config = config();
    config.server.forward_auth = Some(ForwardAuth {
        dialect,
        cookies: false,
    });
    // Where the tests' requests come from.
    config.server.trusted_proxies = TrustedProxies {
        nets: vec!["203.0.113.0/24".parse().unwrap()],
        unix: false,
    };
    config
}

fn with_routes(dialect: Dialect, routes: Vec<Route>) -> Config {
    Config {
        routes,
        ..asked_by(dialect)
    }
}

fn with_cookies(dialect: Dialect) -> Config {
    let mut config = asked_by(dialect);
    config.server.forward_auth = Some(ForwardAuth {
        dialect,
        cookies: true,
    });
    config
}

/// The question about a request to the public host, as each front proxy puts it.
fn question(dialect: Dialect, method: &str, target: &str) -> Req {
    let at_auth = |req: Req| req.with("host", "vestibule.internal:8080");
    match dialect {
        Dialect::Nginx => at_auth(Req::get("/_vestibule/auth"))
            .with(
                "x-original-url",
                &format!("https://wiki.example.com{target}"),
            )
            .with("x-original-method", method),
        Dialect::Traefik | Dialect::Caddy => at_auth(Req::get("/_vestibule/auth"))
            .with("x-forwarded-method", method)
            .with("x-forwarded-proto", "https")
            .with("x-forwarded-host", "wiki.example.com")
            .with("x-forwarded-uri", target),
        Dialect::Envoy => Req::new(
            Method::from_bytes(method.as_bytes()).unwrap(),
            &format!("/_vestibule/auth{target}"),
        ),
    }
}

fn ask(dialect: Dialect, target: &str) -> Req {
    question(dialect, "GET", target)
}

fn reason(reply: &Reply) -> Option<&'static str> {
    reply.note.reason
}

fn refused(desk: &mut Desk, req: &Req) -> &'static str {
    let reply = desk.reply(req);
    assert_eq!(reply.status, 403, "{reply:?}");
    assert_eq!(reply.note.outcome, "forward_auth_refused", "{reply:?}");
    reply.note.reason.unwrap()
}

fn renewal(desk: &mut Desk, req: &Req) -> Refresh {
    match desk.decide(req) {
        Decision::Perform(Effect::Refresh(ask)) => ask,
        other => panic!("no refresh is asked for: {other:?}"),
    }
}

/// What the edge does with newer tokens.
fn renew(desk: &Desk, ask: &Refresh) -> Outcome {
    let (iat, exp) = (desk.now.secs(), desk.now.secs() + 3600);
    let id = json!({ "iat": iat, "exp": exp, "nonce": null });
    let access = json!({ "iat": iat, "exp": exp });
    let tokens = Tokens {
        id_token: Zeroizing::new(key().sign(&changed(id_claims(), &id))),
        access_token: Zeroizing::new(key().sign(&changed(access_claims(), &access))),
        refresh_token: None,
    };
    let keys = desk.keys.as_ref().unwrap();
    let checked = desk.gate.check_refreshed(ask, &tokens, keys, desk.now);
    desk.gate.refreshed(ask, tokens, checked.unwrap(), desk.now)
}

#[test]
fn a_signed_in_person_passes_and_every_identity_header_is_there() {
    for dialect in ALL {
        let (mut desk, jar) = signed_in_under(&asked_by(dialect));
        let reply = desk.reply(&ask(dialect, "/page?x=1").cookies(&jar));
        assert_eq!(reply.status, 200, "{dialect:?}");
        assert_eq!(reply.note.outcome, "allowed");
        assert_eq!(reply.note.route.as_deref(), Some("default"));
        for (name, value) in [
            ("x-forwarded-user", "kirsten.holm@example.org"),
            ("x-forwarded-email", "kirsten.holm@example.org"),
            ("x-forwarded-name", "Kirsten Holm"),
            ("x-forwarded-groups", "Editors,Brand-Nordics"),
            ("x-access-right", "Local Company"),
        ] {
            assert_eq!(header_of(&reply, name), Some(value), "{dialect:?}");
        }
        assert!(reply.body.is_empty());
        assert_eq!(header_of(&reply, "cache-control"), Some("no-store"));
        assert!(set_cookies(&reply).is_empty());
    }
}

#[test]
fn what_a_person_lacks_is_there_and_empty() {
    for dialect in ALL {
        let mut desk = Desk::new(&asked_by(dialect));
        let mut jar = Jar::default();
        let without = json!({ "cognito:groups": null, "custom:access_right": null });
        desk.sign_in_as("/", &changed(id_claims(), &without), &mut jar);
        let reply = desk.reply(&ask(dialect, "/").cookies(&jar));
        assert_eq!(reply.status, 200);
        assert_eq!(header_of(&reply, "x-forwarded-groups"), Some(""));
        assert_eq!(header_of(&reply, "x-access-right"), Some(""));
        assert_eq!(
            header_of(&reply, "x-forwarded-user"),
            Some("kirsten.holm@example.org")
        );
    }
}

#[test]
fn public_and_optional_requests_pass_with_all_of_them_empty() {
    for dialect in ALL {
        let routes = vec![
            route(&["/public/"], Access::Public),
            route(&["/maybe/"], Access::Optional),
        ];
        let (mut desk, jar) = signed_in_under(&with_routes(dialect, routes));
        for (req, user) in [
            (ask(dialect, "/public/x"), ""),
            (ask(dialect, "/public/x").cookies(&jar), ""),
            (ask(dialect, "/maybe/x"), ""),
            (
                ask(dialect, "/maybe/x").cookies(&jar),
                "kirsten.holm@example.org",
            ),
        ] {
            let reply = desk.reply(&req);
            assert_eq!(reply.status, 200);
            assert_eq!(header_of(&reply, "x-forwarded-user"), Some(user));
            assert!(header_of(&reply, "x-forwarded-groups").is_some());
        }
    }
}

#[test]
fn who_is_not_signed_in_gets_what_the_front_proxy_can_hand_on() {
    for dialect in ALL {
        let mut desk = Desk::new(&asked_by(dialect));
        let script = desk.reply(&ask(dialect, "/page?x=1"));
        assert_eq!(script.status, 401, "{dialect:?}");
        assert_eq!(reason(&script), Some("no_cookie"));
        assert!(header_of(&script, "www-authenticate").is_some());
        assert_eq!(body(&script)["error"], "unauthenticated");

        let navigation = desk.reply(&ask(dialect, "/page?x=1").navigates());
        if dialect == Dialect::Nginx {
            assert_eq!(navigation.status, 401);
        } else {
            assert_eq!(
                location(&navigation),
                "https://wiki.example.com/_vestibule/login?rd=%2Fpage%3Fx%3D1"
            );
        }
        // The method that counts is the asked one.
        let form = desk.reply(&question(dialect, "POST", "/page").navigates());
        assert_eq!(form.status, 401, "{dialect:?}");
    }
}

#[test]
fn the_asked_request_falls_under_the_rule_of_a_forwarded_one() {
    for dialect in ALL {
        let mut only_get = route(&["/read/"], Access::SignedIn);
        only_get.methods = vec![Method::GET];
        let routes = vec![
            route(&["/closed/"], Access::Nobody),
            route(&["/public/"], Access::Public),
            only_get,
        ];
        let (mut desk, jar) = signed_in_under(&with_routes(dialect, routes));
        for (method, target, status, why) in [
            ("GET", "/closed/x", 403, Some("route_closed")),
            // One reading of the path: encoded, it is the same.
            ("GET", "/%63losed/x", 403, Some("route_closed")),
            ("GET", "/read/x", 200, None),
            ("HEAD", "/read/x", 200, None),
            ("POST", "/read/x", 403, Some("no-rule-for-method")),
            ("GET", "/public/x", 200, None),
            (
                "GET",
                "/public//x",
                403,
                Some("forward_auth_path_ambiguous"),
            ),
            (
                "GET",
                "/public;y/x",
                403,
                Some("forward_auth_path_ambiguous"),
            ),
        ] {
            let reply = desk.reply(&question(dialect, method, target).cookies(&jar));
            assert_eq!(reply.status, status, "{dialect:?} {method} {target}");
            assert_eq!(reason(&reply), why, "{dialect:?} {method} {target}");
        }
        let trace = desk.reply(&question(dialect, "TRACE", "/public/x").cookies(&jar));
        let status = if dialect == Dialect::Envoy { 405 } else { 403 };
        assert_eq!(trace.status, status, "{dialect:?}");
    }
}

#[test]
fn our_own_pages_pass_as_public_ones_where_the_front_proxy_alone_names_them() {
    let narrowed =
        ask(Dialect::Caddy, "/_vestibule/login").to("/_vestibule/auth?allowed_groups=Admins");
    let mut desk = Desk::new(&asked_by(Dialect::Caddy));
    assert_eq!(desk.reply(&narrowed).status, 200);
    for dialect in [Dialect::Traefik, Dialect::Caddy, Dialect::Envoy] {
        let (mut desk, jar) = signed_in_under(&asked_by(dialect));
        for path in ["/_vestibule/login?rd=%2F", "/_vestibule/callback?code=x"] {
            let reply = desk.reply(&ask(dialect, path).cookies(&jar));
            assert_eq!(reply.status, 200);
            assert_eq!(header_of(&reply, "x-forwarded-user"), Some(""));
        }
    }
}

#[test]
fn our_own_pages_pass_as_they_are_spelt_and_for_their_methods_alone() {
    for dialect in [Dialect::Traefik, Dialect::Caddy, Dialect::Envoy] {
        let mut config = asked_by(dialect);
        config.providers[0].callback_path = Some("/signed/in".to_owned());
        config.server.whoami = false;
        let (mut desk, jar) = signed_in_under(&config);
        for (method, target) in [
            // The front proxy goes by the spelling that it has received.
            ("GET", "/%5fvestibule/login"),
            ("GET", "/_vestibule/logi%6E?rd=%2F"),
            ("GET", "/signed/%69n?code=x"),
            ("POST", "/_vestibule/login"),
            ("DELETE", "/_vestibule/logout"),
            ("HEAD", "/signed/in?code=x"),
            ("POST", "/signed/in"),
            ("OPTIONS", "/_vestibule/session"),
            ("GET", "/_vestibule/whoami"),
            ("GET", "/_vestibule/jwks.json"),
        ] {
            let req = question(dialect, method, target).cookies(&jar);
            assert_eq!(
                refused(&mut desk, &req),
                "forward_auth_own_path",
                "{dialect:?} {method} {target}"
            );
        }
        for (method, target) in [
            ("GET", "/_vestibule/login?rd=%2F"),
            ("POST", "/_vestibule/logout"),
            ("GET", "/signed/in?code=x"),
        ] {
            let reply = desk.reply(&question(dialect, method, target));
            assert_eq!(reply.status, 200, "{dialect:?} {method} {target}");
        }
    }
}

#[test]
fn a_websocket_from_a_foreign_page_is_refused_as_a_forwarded_one() {
    for dialect in ALL {
        let (mut desk, jar) = signed_in_under(&asked_by(dialect));
        // nginx keeps Upgrade to itself.
        let socket = ask(dialect, "/socket")
            .cookies(&jar)
            .with("sec-websocket-version", "13");
        let ours = socket.clone().with("origin", "https://wiki.example.com");
        assert_eq!(desk.reply(&ours).status, 200);
        let reply = desk.reply(&socket.with("origin", "https://evil.example"));
        assert_eq!(reply.status, 403);
        assert_eq!(reason(&reply), Some("websocket_origin"));
    }
}

#[test]
fn traefik_calls_the_two_schemes_by_other_names_for_a_websocket() {
    let (mut desk, jar) = signed_in_under(&asked_by(Dialect::Traefik));
    for proto in ["http", "https", "ws", "wss"] {
        let asked = ask(Dialect::Traefik, "/page").with("x-forwarded-proto", proto);
        assert_eq!(desk.reply(&asked).status, 401, "{proto}");
        let reply = desk.reply(&asked.cookies(&jar));
        assert_eq!(reply.status, 200, "{proto}");
    }
    for proto in ["", "WS", "ws,wss", "wss:", "ftp"] {
        let asked = ask(Dialect::Traefik, "/page").with("x-forwarded-proto", proto);
        let why = refused(&mut desk, &asked.cookies(&jar));
        assert_eq!(why, "forward_auth_unreadable", "{proto}");
    }
}

#[test]
fn a_login_at_the_apps_own_path_learns_where_it_is() {
    let mut desk = Desk::new(&asked_by(Dialect::Nginx));
    let at = |target| Req::open("/_vestibule/sign_in").with("x-auth-request-redirect", target);
    for (target, login) in [
        ("/page?x=1", "/_vestibule/login?rd=%2Fpage%3Fx%3D1"),
        (
            "https://wiki.example.com/page",
            "/_vestibule/login?rd=%2Fpage",
        ),
    ] {
        let reply = desk.reply(&at(target));
        assert_eq!(location(&reply), login);
        // nginx may make 403 of it (error_page 401 =403), whose Location no browser follows.
        let page = String::from_utf8_lossy(&reply.body);
        assert!(page.contains(&format!("href=\"{login}\"")), "{page}");
    }
    for target in [
        "https://evil.example/",
        "//evil.example",
        "/_vestibule/start",
    ] {
        let decision = desk.decide_onward(&at(target));
        let begins = matches!(decision, Decision::Perform(Effect::Authorize(_)));
        assert!(begins, "{target}: {decision:?}");
    }
}

#[test]
fn without_an_app_nothing_else_is_there() {
    let mut config = asked_by(Dialect::Nginx);
    config.upstreams.default = None;
    let (mut desk, jar) = signed_in_under(&config);
    for path in ["/", "/page", "/_vestibulex"] {
        for req in [Req::open(path), Req::open(path).cookies(&jar)] {
            assert_eq!(desk.reply(&req).status, 404, "{path}");
        }
    }
    let asked = ask(Dialect::Nginx, "/page").cookies(&jar);
    assert_eq!(desk.reply(&asked).status, 200);
}

#[test]
fn one_check_of_the_signature_serves_questions_and_forwarded_requests() {
    let (mut desk, jar) = signed_in_under(&asked_by(Dialect::Nginx));
    desk.forward(&Req::open("/page").cookies(&jar));
    let checks = desk.gate.verified_figures().checks;
    for _ in 0..3 {
        let asked = ask(Dialect::Nginx, "/page").cookies(&jar);
        assert_eq!(desk.reply(&asked).status, 200);
    }
    assert_eq!(desk.gate.verified_figures().checks, checks);
}

#[test]
fn secrets_of_presets_and_the_assertion_have_their_names_too() {
    let mut config = asked_by(Dialect::Caddy);
    config.headers = HeaderRules::new(
        &[Preset::Oauth2ProxyAuthRequest, Preset::Bearer],
        Vec::new(),
    );
    let routes = vec![route(&["/public/"], Access::Public)];
    let mut desk = Desk::new(&Config { routes, ..config });
    let reply = desk.reply(&ask(Dialect::Caddy, "/public/x"));
    for name in [
        "x-auth-request-user",
        "x-auth-request-email",
        "x-auth-request-preferred-username",
        "x-auth-request-groups",
        "gap-auth",
        "authorization",
    ] {
        assert_eq!(header_of(&reply, name), Some(""), "{name}");
    }
}
