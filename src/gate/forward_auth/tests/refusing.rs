//! Questions that are not understood, and who may ask at all.

use super::*;

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
        (Dialect::Traefik, t("/").with("x-forwarded-proto", "h2c"), "forward_auth_unreadable"),
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
        let (mut desk, jar) = signed_in_under(&with_routes(dialect, routes()));
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
        let (mut desk, jar) = signed_in_under(&config);
        let reply = desk.reply(&ask(dialect, "/").cookies(&jar));
        assert_eq!(reply.status, 404, "{dialect:?}");
        assert!(header_of(&reply, "x-forwarded-user").is_none());
    }
}

#[test]
fn without_forward_auth_the_endpoint_is_not_there() {
    let (mut desk, jar) = signed_in_under(&config());
    for path in ["/_vestibule/auth", "/_vestibule/auth/page"] {
        let req = ask(Dialect::Nginx, "/").to(path).cookies(&jar);
        let reply = desk.reply(&req.with("host", "wiki.example.com"));
        assert_eq!(reply.status, 404);
    }
}

#[test]
fn only_envoy_asks_below_the_endpoint() {
    for dialect in [Dialect::Nginx, Dialect::Traefik, Dialect::Caddy] {
        let (mut desk, jar) = signed_in_under(&asked_by(dialect));
        let req = ask(dialect, "/").to("/_vestibule/auth/x").cookies(&jar);
        assert_eq!(desk.reply(&req).status, 404);
    }
}
