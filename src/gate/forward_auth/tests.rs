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
    key, location, route, set_cookies,
};
use crate::gate::time::{LEEWAY, UnixTime};
use crate::gate::{Decision, Effect};

mod oauth2_proxy;

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

fn signed_in(config: &Config) -> (Desk, Jar) {
    let mut desk = Desk::new(config);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    (desk, jar)
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
        let (mut desk, jar) = signed_in(&asked_by(dialect));
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
        let (mut desk, jar) = signed_in(&with_routes(dialect, routes));
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
        let (mut desk, jar) = signed_in(&with_routes(dialect, routes));
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
#[rustfmt::skip] // a table: one row a line
fn what_is_missing_doubled_or_unreadable_is_refused() {
    let routes = || vec![route(&["/admin/"], Access::Nobody)];
    let n = |target: &str| ask(Dialect::Nginx, target);
    let t = |target: &str| ask(Dialect::Traefik, target);
    let bare = Req::get("/_vestibule/auth");
    for (dialect, req, why) in [
        (Dialect::Nginx, bare.clone(), "forward_auth_missing"),
        (Dialect::Nginx, bare.clone().with("x-original-url", "https://wiki.example.com/"), "forward_auth_missing"),
        (Dialect::Nginx, bare.clone().with("x-original-method", "GET"), "forward_auth_missing"),
        // Nobody else's headers count, not even where nothing else is there.
        (Dialect::Nginx, t("/"), "forward_auth_missing"),
        (Dialect::Nginx, bare.clone().with("x-forwarded-uri", "/"), "forward_auth_missing"),
        (Dialect::Nginx, bare.clone().with("x-original-uri", "/"), "forward_auth_missing"),
        (Dialect::Traefik, n("/"), "forward_auth_missing"),
        (Dialect::Caddy, n("/"), "forward_auth_missing"),
        (Dialect::Envoy, n("/"), "forward_auth_missing"),
        (Dialect::Envoy, t("/"), "forward_auth_missing"),
        (Dialect::Nginx, n("/").and("x-original-url", "https://wiki.example.com/"), "forward_auth_repeated"),
        (Dialect::Nginx, n("/").and("x-original-method", "GET"), "forward_auth_repeated"),
        (Dialect::Traefik, t("/").and("x-forwarded-uri", "/"), "forward_auth_repeated"),
        (Dialect::Traefik, t("/").and("x-forwarded-host", "wiki.example.com"), "forward_auth_repeated"),
        (Dialect::Traefik, t("/").and("x-forwarded-proto", "https"), "forward_auth_repeated"),
        (Dialect::Traefik, t("/").and("x-forwarded-method", "GET"), "forward_auth_repeated"),
        (Dialect::Nginx, n("/").with("x-original-url", ""), "forward_auth_unreadable"),
        (Dialect::Nginx, n("/").with("x-original-url", "/page"), "forward_auth_unreadable"),
        (Dialect::Nginx, n("/").with("x-original-url", "wiki.example.com/page"), "forward_auth_unreadable"),
        (Dialect::Nginx, n("/").with("x-original-url", "ftp://wiki.example.com/"), "forward_auth_unreadable"),
        (Dialect::Nginx, n("/").with("x-original-url", "https://u@wiki.example.com/"), "forward_auth_unreadable"),
        (Dialect::Nginx, n("/").with("x-original-url", "https:///page"), "forward_auth_unreadable"),
        (Dialect::Nginx, n("/").with("x-original-url", "https://wiki.example.com?x"), "forward_auth_unreadable"),
        (Dialect::Nginx, n("/").with("x-original-method", ""), "forward_auth_unreadable"),
        (Dialect::Nginx, n("/").with("x-original-method", "GE T"), "forward_auth_unreadable"),
        (Dialect::Traefik, t("/").with("x-forwarded-proto", "wss"), "forward_auth_unreadable"),
        (Dialect::Traefik, t("/").with("x-forwarded-proto", "https,http"), "forward_auth_unreadable"),
        (Dialect::Traefik, t("/").with("x-forwarded-host", "a.example, wiki.example.com"), "forward_auth_unreadable"),
        (Dialect::Traefik, t("/").with("x-forwarded-host", ""), "forward_auth_unreadable"),
        (Dialect::Traefik, t("/").with("x-forwarded-method", "G,T"), "forward_auth_unreadable"),
        (Dialect::Traefik, t("page"), "forward_auth_path"),
        (Dialect::Traefik, t(""), "forward_auth_path"),
        (Dialect::Traefik, t("https://wiki.example.com/"), "forward_auth_path"),
        (Dialect::Nginx, n("/public/../admin/"), "forward_auth_path"),
        (Dialect::Nginx, n("/public/%2e%2E/admin/"), "forward_auth_path"),
        (Dialect::Nginx, n("/public\\admin"), "forward_auth_path"),
        (Dialect::Nginx, n("/page#/public"), "forward_auth_path"),
        (Dialect::Nginx, n("/%zz"), "forward_auth_path"),
        (Dialect::Nginx, n("/a, /b"), "forward_auth_path"),
        (Dialect::Nginx, n("/?a b"), "forward_auth_query"),
        (Dialect::Nginx, n("/").with("x-original-url", "https://other.example.com/"), "forward_auth_host"),
        (Dialect::Traefik, t("/").with("x-forwarded-host", "other.example.com"), "forward_auth_host"),
        (Dialect::Envoy, ask(Dialect::Envoy, "/").with("host", "other.example.com"), "forward_auth_host"),
        (Dialect::Nginx, n("/_vestibule/auth"), "forward_auth_own_path"),
        (Dialect::Nginx, n("/_vestibule/nothing"), "forward_auth_own_path"),
        (Dialect::Envoy, ask(Dialect::Envoy, "/_vestibule/auth/_vestibule/auth/"), "forward_auth_own_path"),
    ] {
        let (mut desk, jar) = signed_in(&with_routes(dialect, routes()));
        assert_eq!(refused(&mut desk, &req.clone().cookies(&jar)), why, "{dialect:?} {:?}", req.headers());
    }
}

#[test]
fn a_refusal_names_what_is_wrong_and_no_value() {
    let mut desk = Desk::new(&asked_by(Dialect::Traefik));
    let req = ask(Dialect::Traefik, "/secret-page").and("x-forwarded-host", "hidden.example");
    let reply = desk.reply(&req);
    let said = body(&reply)["error_description"].to_string();
    assert!(said.contains("X-Forwarded-Host"), "{said}");
    assert!(!said.contains("hidden") && !said.contains("secret"));
}

#[test]
fn others_than_trusted_proxies_find_nothing_there() {
    for dialect in ALL {
        let mut config = asked_by(dialect);
        config.server.trusted_proxies = TrustedProxies {
            nets: vec!["198.51.100.0/24".parse().unwrap()],
            unix: true,
        };
        let (mut desk, jar) = signed_in(&config);
        let reply = desk.reply(&ask(dialect, "/").cookies(&jar));
        assert_eq!(reply.status, 404, "{dialect:?}");
        assert!(header_of(&reply, "x-forwarded-user").is_none());
    }
}

#[test]
fn without_forward_auth_the_endpoint_is_not_there() {
    let (mut desk, jar) = signed_in(&config());
    for path in ["/_vestibule/auth", "/_vestibule/auth/page"] {
        let req = ask(Dialect::Nginx, "/").to(path).cookies(&jar);
        let reply = desk.reply(&req.with("host", "wiki.example.com"));
        assert_eq!(reply.status, 404);
    }
}

#[test]
fn only_envoy_asks_below_the_endpoint() {
    for dialect in [Dialect::Nginx, Dialect::Traefik, Dialect::Caddy] {
        let (mut desk, jar) = signed_in(&asked_by(dialect));
        let req = ask(dialect, "/").to("/_vestibule/auth/x").cookies(&jar);
        assert_eq!(desk.reply(&req).status, 404);
    }
}

#[test]
fn our_own_pages_pass_as_public_ones_where_the_front_proxy_alone_names_them() {
    let narrowed =
        ask(Dialect::Caddy, "/_vestibule/login").to("/_vestibule/auth?allowed_groups=Admins");
    let mut desk = Desk::new(&asked_by(Dialect::Caddy));
    assert_eq!(desk.reply(&narrowed).status, 200);
    for dialect in [Dialect::Traefik, Dialect::Caddy, Dialect::Envoy] {
        let (mut desk, jar) = signed_in(&asked_by(dialect));
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
        let (mut desk, jar) = signed_in(&config);
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
#[rustfmt::skip] // a table: one row a line
fn conditions_of_the_query_have_to_hold_too() {
    let groups = |named: &str| {
        let values = crate::gate::rule::Values::new(vec![named.to_owned()]).unwrap();
        let rule = crate::gate::rule::Rule::new(vec![crate::gate::rule::Condition::Groups(values)]);
        Access::Rules(std::sync::Arc::new(crate::gate::rule::Rules::one(rule.unwrap())))
    };
    for (access, query, status, why) in [
        (Access::SignedIn, "", 200, None),
        (Access::SignedIn, "allowed_groups=Editors", 200, None),
        (Access::SignedIn, "allowed_groups=Admins,Editors", 200, None),
        (Access::SignedIn, "allowed_groups=Admins", 403, Some("rule_groups")),
        (Access::SignedIn, "allowed_groups=editors", 403, Some("rule_groups")),
        (Access::SignedIn, "allowed_emails=kirsten.holm%40example.org", 200, None),
        (Access::SignedIn, "allowed_emails=kirsten.holm%40EXAMPLE.org", 200, None),
        (Access::SignedIn, "allowed_emails=Kirsten.Holm%40example.org", 403, Some("rule_emails")),
        (Access::SignedIn, "allowed_emails=holm%40example.org", 403, Some("rule_emails")),
        (Access::SignedIn, "allowed_email_domains=example.org", 200, None),
        (Access::SignedIn, "allowed_email_domains=ample.org", 403, Some("rule_email_domains")),
        (Access::SignedIn, "allowed_email_domains=*", 403, Some("rule_email_domains")),
        (Access::SignedIn, "allowed_groups=Editors&allowed_email_domains=example.com", 403, Some("rule_email_domains")),
        (Access::SignedIn, "allowed_groups=Editors&allowed_email_domains=example.org", 200, None),
        // Beside the route's own.
        (groups("Editors"), "allowed_groups=Brand-Nordics", 200, None),
        (groups("Admins"), "allowed_groups=Editors", 403, Some("rule_groups")),
        (groups("Editors"), "allowed_groups=Admins", 403, Some("rule_groups")),
        (Access::Public, "allowed_groups=Admins", 403, Some("rule_groups")),
        (Access::Optional, "allowed_groups=Admins", 403, Some("rule_groups")),
        (Access::Nobody, "allowed_groups=Editors", 403, Some("route_closed")),
        // What is not understood is never ignored.
        (Access::SignedIn, "allowed_group=Editors", 403, Some("forward_auth_parameter_unknown")),
        (Access::Public, "x=", 403, Some("forward_auth_parameter_unknown")),
        (Access::SignedIn, "allowed_groups=", 403, Some("forward_auth_parameter_empty")),
        (Access::SignedIn, "allowed_groups=,%20,", 403, Some("forward_auth_parameter_empty")),
        (Access::SignedIn, "allowed_groups", 403, Some("forward_auth_parameter_empty")),
        (Access::SignedIn, "allowed_groups=Editors&allowed_groups=Editors", 403, Some("forward_auth_parameter_repeated")),
    ] {
        for dialect in [Dialect::Nginx, Dialect::Traefik, Dialect::Caddy] {
            let routes = vec![route(&["/ruled/"], access.clone())];
            let (mut desk, jar) = signed_in(&with_routes(dialect, routes));
            let req = ask(dialect, "/ruled/x").to(&format!("/_vestibule/auth?{query}"));
            let reply = desk.reply(&req.clone().cookies(&jar));
            assert_eq!(reply.status, status, "{access:?} {query}");
            assert_eq!(reason(&reply), why, "{access:?} {query}");
        }
    }
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn the_clients_query_that_caddy_hands_on_is_refused_for_nothing_and_opens_nothing() {
    for (dialect, asked, query, status) in [
        (Dialect::Caddy, "x=1&x=2", "x=1&x=2", 200),
        (Dialect::Caddy, "x=1", "x=2", 403),
        (Dialect::Caddy, "", "x=2", 403),
        // It could stand in Caddy's configuration as well.
        (Dialect::Caddy, "allowed_groups=Admins", "allowed_groups=Admins", 403),
        (Dialect::Caddy, "x=1&allowed_groups=Admins", "x=1&allowed_groups=Admins", 403),
        (Dialect::Caddy, "allowed_groups=Admins&x=1", "allowed_groups=Admins", 403),
        (Dialect::Caddy, "allowed_groups=Editors&allowed_groups=x", "allowed_groups=Editors&allowed_groups=x", 403),
        (Dialect::Traefik, "x=1", "x=1", 403),
        (Dialect::Nginx, "x=1", "x=1", 403),
    ] {
        let (mut desk, jar) = signed_in(&asked_by(dialect));
        let req = ask(dialect, &format!("/page?{asked}")).cookies(&jar);
        let reply = desk.reply(&req.to(&format!("/_vestibule/auth?{query}")));
        assert_eq!(reply.status, status, "{dialect:?} {asked} {query}");
    }
}

#[test]
fn conditions_let_nobody_in_without_signing_in() {
    let routes = vec![route(&["/public/"], Access::Public)];
    let mut desk = Desk::new(&with_routes(Dialect::Nginx, routes));
    let req = ask(Dialect::Nginx, "/public/x").to("/_vestibule/auth?allowed_groups=Editors");
    assert_eq!(desk.reply(&req).status, 401);
}

#[test]
fn the_query_below_envoy_is_the_clients_and_no_condition() {
    let (mut desk, jar) = signed_in(&asked_by(Dialect::Envoy));
    for query in ["allowed_groups=Admins", "x=1&x=2", ""] {
        let req = ask(Dialect::Envoy, &format!("/page?{query}")).cookies(&jar);
        assert_eq!(desk.reply(&req).status, 200, "{query}");
    }
}

#[test]
fn a_websocket_from_a_foreign_page_is_refused_as_a_forwarded_one() {
    for dialect in ALL {
        let (mut desk, jar) = signed_in(&asked_by(dialect));
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
fn without_cookies_an_ended_token_is_an_ended_session() {
    for dialect in ALL {
        let (mut desk, jar) = signed_in(&asked_by(dialect));
        // Due is not over: nothing is asked for.
        desk.now = UnixTime::from_secs(EXP - 10);
        let reply = desk.reply(&ask(dialect, "/").cookies(&jar));
        assert_eq!(reply.status, 200);
        assert!(set_cookies(&reply).is_empty());
        desk.now = OVER;
        let reply = desk.reply(&ask(dialect, "/").cookies(&jar));
        assert_eq!(reply.status, 401);
        assert_eq!(reason(&reply), Some("token_expired"));
        assert!(set_cookies(&reply).is_empty());
    }
}

#[test]
fn without_cookies_nothing_slides() {
    for (cookies, is_set) in [(false, false), (true, true)] {
        let mut config = asked_by(Dialect::Caddy);
        if cookies {
            config = with_cookies(Dialect::Caddy);
        }
        config.session.idle_timeout = Some(std::time::Duration::from_secs(1800));
        let (mut desk, jar) = signed_in(&config);
        desk.now = NOW.plus(1200);
        let reply = desk.reply(&ask(Dialect::Caddy, "/").cookies(&jar));
        assert_eq!(reply.status, 200);
        assert_eq!(!set_cookies(&reply).is_empty(), is_set);
        desk.now = NOW.plus(1800);
        let reply = desk.reply(&ask(Dialect::Caddy, "/").cookies(&jar));
        assert_eq!(reason(&reply), Some("session_idle"));
    }
}

#[test]
fn without_cookies_an_old_copy_does_not_live_on_the_activity_of_others() {
    for dialect in ALL {
        let mut config = asked_by(dialect);
        config.session.idle_timeout = Some(std::time::Duration::from_secs(1800));
        let (mut desk, copy) = signed_in(&config);
        let mut jar = copy.clone();
        desk.now = NOW.plus(1200);
        let page = Req::open("/page");
        let answer = desk.forward(&page.cookies(&jar));
        jar.take_in(answer.set_cookies.iter().map(String::as_str));
        desk.now = NOW.plus(1800);
        let fresh = desk.reply(&ask(dialect, "/").cookies(&jar));
        assert_eq!(fresh.status, 200, "{dialect:?}");
        let old = desk.reply(&ask(dialect, "/").cookies(&copy));
        assert_eq!(old.status, 401, "{dialect:?}");
        assert_eq!(reason(&old), Some("session_idle"));
    }
}

#[test]
fn with_cookies_tokens_are_renewed_and_the_answer_carries_the_session() {
    for dialect in ALL {
        for now in [UnixTime::from_secs(EXP - 10), OVER] {
            let (mut desk, mut jar) = signed_in(&with_cookies(dialect));
            desk.now = now;
            let req = ask(dialect, "/").cookies(&jar);
            let wanted = renewal(&mut desk, &req);
            desk.refreshed = Some(renew(&desk, &wanted));
            let reply = desk.reply(&req);
            assert_eq!(reply.status, 200, "{dialect:?}");
            let before = jar.0[COOKIE].clone();
            jar.take_in(set_cookies(&reply));
            assert_ne!(jar.0[COOKIE], before);
            desk.refreshed = None;
            let reply = desk.reply(&ask(dialect, "/").cookies(&jar));
            assert_eq!(reply.status, 200);
        }
    }
}

#[test]
fn with_cookies_an_outage_signs_nobody_out() {
    for dialect in ALL {
        let (mut desk, jar) = signed_in(&with_cookies(dialect));
        let req = ask(dialect, "/").navigates().cookies(&jar);
        desk.now = UnixTime::from_secs(EXP - 10);
        renewal(&mut desk, &req);
        desk.refreshed = Some(Err(RefreshError::Unavailable("test")));
        assert_eq!(desk.reply(&req).status, 200, "the token still holds");
        desk.now = OVER;
        let reply = desk.reply(&req);
        assert_eq!(reply.status, 503);
        assert!(header_of(&reply, "retry-after").is_some());
    }
}

#[test]
fn the_login_renews_a_session_that_only_needs_newer_tokens() {
    let (mut desk, mut jar) = signed_in(&asked_by(Dialect::Nginx));
    desk.now = OVER;
    let login = Req::open("/_vestibule/login?rd=%2Fpage%3Fx%3D1");
    let req = login.clone().cookies(&jar);
    let wanted = renewal(&mut desk, &req);
    desk.refreshed = Some(renew(&desk, &wanted));
    let reply = desk.reply(&req);
    assert_eq!(location(&reply), "/page?x=1");
    desk.refreshed = None;
    // Another tab that was sent here with the same cookie goes back too.
    assert_eq!(location(&desk.reply(&req)), "/page?x=1");
    jar.take_in(set_cookies(&reply));
    let asked = ask(Dialect::Nginx, "/page?x=1").cookies(&jar);
    assert_eq!(desk.reply(&asked).status, 200);
    // Whoever comes with a good session wants to sign in.
    let decision = desk.decide_onward(&login.cookies(&jar));
    assert!(matches!(decision, Decision::Perform(Effect::Authorize(_))));
}

#[test]
fn where_it_is_not_renewed_the_login_goes_on() {
    let (mut desk, jar) = signed_in(&asked_by(Dialect::Nginx));
    desk.now = OVER;
    let req = Req::open("/_vestibule/login?rd=%2F").cookies(&jar);
    renewal(&mut desk, &req);
    desk.refreshed = Some(Err(RefreshError::Refused("test")));
    let decision = desk.decide_onward(&req);
    assert!(matches!(decision, Decision::Perform(Effect::Authorize(_))));
    desk.refreshed = Some(Err(RefreshError::Unavailable("test")));
    assert_eq!(desk.reply(&req).status, 503);
}

#[test]
fn in_an_outage_the_login_sends_nobody_back_to_a_question_that_refuses_them() {
    for dialect in ALL {
        for cookies in [false, true] {
            let mut config = match cookies {
                true => with_cookies(dialect),
                false => asked_by(dialect),
            };
            config.session.outage_grace = Duration::from_secs(600);
            let (mut desk, jar) = signed_in(&config);
            desk.now = OVER;
            let login = Req::open("/_vestibule/login?rd=%2Fpage").cookies(&jar);
            let asked = ask(dialect, "/page").navigates().cookies(&jar);
            let outage = Some(Err(RefreshError::Unavailable("test")));
            renewal(&mut desk, &login);
            desk.refreshed.clone_from(&outage);
            let at_login = desk.reply(&login);
            // The question alone says whether anybody was asked for newer tokens.
            desk.refreshed = outage.filter(|_| cookies);
            let passes = desk.reply(&asked).status == 200;
            assert_eq!(passes, cookies, "{dialect:?}");
            match passes {
                true => assert_eq!(location(&at_login), "/page"),
                false => {
                    assert_eq!(at_login.status, 503, "{dialect:?}");
                    assert_eq!(reason(&at_login), Some("refresh_unavailable"));
                    assert!(header_of(&at_login, "retry-after").is_some());
                }
            }
        }
    }
}

#[test]
fn without_forward_auth_a_login_is_a_login() {
    let (mut desk, jar) = signed_in(&config());
    desk.now = OVER;
    let req = Req::open("/_vestibule/login?rd=%2F").cookies(&jar);
    let decision = desk.decide_onward(&req);
    assert!(matches!(decision, Decision::Perform(Effect::Authorize(_))));
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
        assert_eq!(location(&desk.reply(&at(target))), login);
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
    let (mut desk, jar) = signed_in(&config);
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
    let (mut desk, jar) = signed_in(&asked_by(Dialect::Nginx));
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
