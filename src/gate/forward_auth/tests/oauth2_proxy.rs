//! An nginx by oauth2-proxy's documentation, which hands on what a client says under the names that it does not set.

use http::Method;

use super::{ALL, header_of, refused};
use crate::config::Config;
use crate::gate::forward_auth::Dialect;
use crate::gate::route::{Access, Route};
use crate::gate::tests::support::{Desk, Req, route, signed_in_under};

/// Under `path_prefix = "/oauth2"`, as the documentation has it.
fn asked_by(dialect: Dialect) -> Config {
    let mut config = super::asked_by(dialect);
    config.server.path_prefix = "/oauth2".to_owned();
    config
}

fn with_routes(dialect: Dialect, routes: Vec<Route>) -> Config {
    Config {
        routes,
        ..asked_by(dialect)
    }
}

/// What nginx asks, at the documentation's path.
fn question(method: &str, target: &str) -> Req {
    super::question(Dialect::Nginx, method, target).to("/oauth2/auth")
}

/// The lines of oauth2-proxy's documentation: `Host` and `X-Forwarded-Uri`.
fn by_documentation(target: &str) -> Req {
    Req::get("/oauth2/auth").with("x-forwarded-uri", target)
}

#[test]
fn below_any_other_prefix_that_header_is_as_if_it_were_not_there() {
    let public = || vec![route(&["/public/"], Access::Public)];
    for (prefix, routes) in [
        ("/_vestibule", vec![]),
        ("/_vestibule", public()),
        ("/oauth2x", vec![]),
        ("/sso/oauth2", public()),
        ("/OAUTH2", public()),
    ] {
        let mut config = with_routes(Dialect::Nginx, routes);
        config.server.path_prefix = prefix.to_owned();
        let (mut desk, jar) = signed_in_under(&config);
        let at = format!("{prefix}/auth");
        for uri in ["/page", "/public/x", "/secret", "", "/../%zz"] {
            // What nginx sets decides, whatever the client says beside it.
            let asked = question("GET", "/page").to(&at);
            let asked = asked
                .with("x-forwarded-uri", uri)
                .and("x-forwarded-uri", "/");
            assert_eq!(desk.reply(&asked).status, 401, "{prefix} {uri:?}");
            assert_eq!(
                desk.reply(&asked.cookies(&jar)).status,
                200,
                "{prefix} {uri:?}"
            );
            // It stands in for nothing.
            let bare = by_documentation(uri).to(&at).cookies(&jar);
            assert_eq!(refused(&mut desk, &bare), "forward_auth_missing");
            for (name, value) in [
                ("x-original-url", "https://wiki.example.com/public/x"),
                ("x-original-method", "GET"),
            ] {
                let half = bare.clone().with(name, value);
                assert_eq!(refused(&mut desk, &half), "forward_auth_missing", "{name}");
            }
        }
    }
}

#[test]
fn the_documented_set_up_of_oauth2_proxy_works_where_one_rule_covers_all() {
    let (mut desk, jar) = signed_in_under(&asked_by(Dialect::Nginx));
    let asked = by_documentation("/page?x=1");
    assert_eq!(desk.reply(&asked).status, 401);
    let reply = desk.reply(&asked.cookies(&jar));
    assert_eq!(reply.status, 200);
    assert_eq!(
        header_of(&reply, "x-forwarded-user"),
        Some("kirsten.holm@example.org")
    );
    let everything = vec![route(&[], Access::SignedIn)];
    let (mut desk, jar) = signed_in_under(&with_routes(Dialect::Nginx, everything));
    assert_eq!(desk.reply(&by_documentation("/").cookies(&jar)).status, 200);
}

#[test]
fn where_rules_differ_that_set_up_has_to_say_which_request_it_means() {
    let mut by_method = route(&[], Access::Public);
    by_method.methods = vec![Method::OPTIONS];
    let mut by_host = route(&[], Access::Public);
    by_host.hosts = vec!["wiki.example.com".to_owned()];
    for one in [route(&["/public/"], Access::Public), by_method, by_host] {
        let (mut desk, jar) = signed_in_under(&with_routes(Dialect::Nginx, vec![one]));
        let why = refused(&mut desk, &by_documentation("/page").cookies(&jar));
        assert_eq!(why, "forward_auth_missing");
    }
    // What such an nginx would not send is not added to it.
    let (mut desk, jar) = signed_in_under(&asked_by(Dialect::Nginx));
    for name in ["x-original-method", "x-forwarded-method"] {
        let req = by_documentation("/").with(name, "GET").cookies(&jar);
        assert_eq!(refused(&mut desk, &req), "forward_auth_missing");
    }
    let req = by_documentation("/../x").cookies(&jar);
    assert_eq!(refused(&mut desk, &req), "forward_auth_path");
    for dialect in [Dialect::Traefik, Dialect::Caddy, Dialect::Envoy] {
        let (mut desk, jar) = signed_in_under(&asked_by(dialect));
        let why = refused(&mut desk, &by_documentation("/").cookies(&jar));
        assert_eq!(why, "forward_auth_missing", "{dialect:?}");
    }
}

#[test]
fn no_page_of_ours_passes_an_nginx_that_might_let_the_client_name_it() {
    for routes in [vec![], vec![route(&["/admin/"], Access::Nobody)]] {
        let (mut desk, jar) = signed_in_under(&with_routes(Dialect::Nginx, routes));
        for method in ["GET", "HEAD", "POST", "OPTIONS"] {
            for path in ["sign_in", "login", "callback?code=x", "logout", "session"] {
                let target = format!("/oauth2/{path}");
                for req in [
                    question(method, &target),
                    // As it comes from oauth2-proxy's set-up, when somebody opens /secret.
                    question(method, &target)
                        .with("host", "wiki.example.com")
                        .with("x-forwarded-uri", "/secret"),
                ] {
                    refused(&mut desk, &req);
                    refused(&mut desk, &req.cookies(&jar));
                }
            }
        }
        let req = question("GET", "/oauth2/sign_in");
        assert_eq!(refused(&mut desk, &req), "forward_auth_own_path");
    }
    let mut desk = Desk::new(&asked_by(Dialect::Nginx));
    let why = refused(&mut desk, &by_documentation("/oauth2/sign_in"));
    assert_eq!(why, "forward_auth_own_path");
}

/// A preflight of another page's script, as the front proxy of a dialect asks about it.
fn preflight(dialect: Dialect, target: &str) -> Req {
    super::question(dialect, "OPTIONS", target)
        .with("origin", "https://other.example")
        .with("access-control-request-method", "GET")
}

#[test]
fn a_preflight_is_public_only_where_no_client_can_claim_one() {
    let mut lets_through = route(&[], Access::SignedIn);
    lets_through.manner.cors_preflight = true;
    for dialect in ALL {
        let mut desk = Desk::new(&super::with_routes(dialect, vec![lets_through.clone()]));
        let asked = preflight(dialect, "/x").with("authorization", "Bearer a.b.c");
        let reply = desk.reply(&asked);
        assert_eq!(reply.status, 200);
        // Whoever copies it takes the client's away.
        assert_eq!(header_of(&reply, "authorization"), Some(""), "{dialect:?}");
    }
    let (mut desk, jar) = signed_in_under(&with_routes(Dialect::Nginx, vec![lets_through]));
    // oauth2-proxy's set-up hands on what the client says under the other names.
    let claimed = preflight(Dialect::Nginx, "/secret")
        .to("/oauth2/auth")
        .with("host", "wiki.example.com")
        .with("x-forwarded-uri", "/secret");
    assert_eq!(refused(&mut desk, &claimed), "forward_auth_two_requests");
    // So it is not for such a route at all.
    let why = refused(&mut desk, &by_documentation("/secret").cookies(&jar));
    assert_eq!(why, "forward_auth_missing");
}

#[test]
fn what_the_set_up_of_oauth2_proxy_names_has_to_be_the_same_request() {
    let (mut desk, jar) = signed_in_under(&asked_by(Dialect::Nginx));
    let both = |original: &str, uri: &str| {
        let req = Req::get("/oauth2/auth").with("x-original-url", original);
        let req = req.with("x-original-method", "GET").cookies(&jar);
        req.with("x-forwarded-uri", uri)
    };
    let same = both("https://wiki.example.com/page?x=1", "/page?x=1");
    assert_eq!(desk.reply(&same).status, 200);
    for req in [
        both("https://wiki.example.com/page", "/secret"),
        both("https://wiki.example.com/page?x=1", "/page?x=2"),
        both("https://wiki.example.com/page", "/%70age"),
        both("https://other.example.com/page", "/page"),
        both("https://wiki.example.com/page", "/page").with("host", "other.example.com"),
    ] {
        assert_eq!(refused(&mut desk, &req), "forward_auth_two_requests");
    }
    let repeated = same.and("x-forwarded-uri", "/page?x=1");
    assert_eq!(refused(&mut desk, &repeated), "forward_auth_repeated");

    // Where rules differ, the method alone would do.
    let mut by_method = route(&[], Access::Public);
    by_method.methods = vec![Method::OPTIONS];
    let mut desk = Desk::new(&with_routes(Dialect::Nginx, vec![by_method]));
    let req = both("https://wiki.example.com/page", "/page").with("x-original-method", "OPTIONS");
    assert_eq!(refused(&mut desk, &req), "forward_auth_two_requests");
}
