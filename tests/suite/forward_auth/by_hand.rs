//! Vestibule alone, asked by hand: as Traefik asks, and by who may not.

use super::ROUTES;
use crate::support::dev_idp::KIRSTEN;
use crate::support::{Harness, Response, Setup};

/// Vestibule alone, asked by hand.
fn asked(server: &str) -> Harness {
    Setup {
        server: server.to_owned(),
        no_upstream: true,
        tables: ROUTES.to_owned(),
        ..Setup::default()
    }
    .start()
}

/// What Traefik 3 sends for a GET of `uri`, with `more` header lines.
fn by_traefik(chain: &Harness, uri: &str, more: &str) -> Response {
    chain.raw(&format!(
        "GET /_vestibule/auth HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: {}\r\n\
         X-Forwarded-Method: GET\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Proto: https\r\n\
         X-Forwarded-Server: traefik\r\nX-Forwarded-Uri: {uri}\r\nX-Real-Ip: 203.0.113.9\r\n{more}\r\n",
        chain.address,
        chain.host(),
    ))
}

#[test]
fn traefik_gets_what_it_hands_on() {
    let chain = asked("forward_auth = \"traefik\"\ntrusted_proxies = [\"127.0.0.0/8\"]");
    let navigation =
        "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
    let answer = by_traefik(&chain, "/page?x=1", navigation);
    assert_eq!(answer.status, 302);
    // Absolute: Traefik would take a path for one of the auth service's own.
    let login = format!("{}/_vestibule/login?rd=%2Fpage%3Fx%3D1", chain.origin);
    assert_eq!(answer.header("location"), Some(login.as_str()));
    assert_eq!(by_traefik(&chain, "/page", "").status, 401);

    let mut kirsten = chain.browser();
    let login = kirsten.arrive("/_vestibule/login?rd=%2F");
    let fields = [
        ("username", KIRSTEN),
        ("password", chain.idp().password(KIRSTEN)),
    ];
    let mut answer = kirsten.click(&login, Some("signIn"), &fields);
    while !kirsten.has_session() {
        answer = kirsten.follow(&answer);
    }
    let cookie = format!("Cookie: {}\r\n", kirsten.app_cookies());
    let answer = by_traefik(&chain, "/page", &cookie);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-forwarded-user"), Some(KIRSTEN));
    // Present and empty, so that the client's own is replaced.
    assert_eq!(answer.header("x-access-right"), Some(""));
    assert_eq!(by_traefik(&chain, "/admin/x", &cookie).status, 403);
    let doubled = format!("{cookie}X-Forwarded-Uri: /public/x\r\n");
    assert_eq!(by_traefik(&chain, "/page", &doubled).status, 403);
    // No app: nothing but our own pages is there.
    assert_eq!(kirsten.get("/page").status, 404);
    assert_eq!(kirsten.get("/").status, 404);
}

#[test]
fn refusals_are_logged_with_their_reason() {
    let mut chain = asked("forward_auth = \"nginx\"\ntrusted_proxies = [\"127.0.0.1\"]");
    let answer = chain.raw("GET /_vestibule/auth HTTP/1.1\r\nHost: HOST\r\n\r\n");
    assert_eq!(answer.status, 403);
    let said = answer.json()["error_description"].to_string();
    assert!(said.contains("X-Original-URL"), "{said}");
    chain.await_log(&[
        "forward_auth_refused",
        "forward_auth_missing",
        "/_vestibule/auth",
    ]);
}

#[test]
fn nobody_but_a_trusted_proxy_may_ask() {
    for server in [
        "forward_auth = \"traefik\"",
        "forward_auth = \"traefik\"\ntrusted_proxies = [\"10.0.0.0/8\", \"unix\"]",
    ] {
        let chain = asked(server);
        assert_eq!(by_traefik(&chain, "/public/x", "").status, 404);
    }
}
