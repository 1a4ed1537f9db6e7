//! API clients: bearer tokens through the running proxy, honest ones and every hostile one, alone and beside
//! cookies, in the path and behind a front proxy that asks.

mod hostile;

use serde_json::json;

use super::hostile_tokens::rows::{CLIENT, says_invalid_token};
use crate::support::dev_idp::KIRSTEN;
use crate::support::{Harness, Setup};

/// A client of the pool that is a program.
const MACHINE: &str = "8machineclient00000000000ee";

const ROUTES: &str = "[[route]]\npath = \"/api/people/*\"\napi = true\ncors_preflight = true\n\
    [[route]]\npath = \"/api/orders/*\"\napi = true\naccess = { scopes = [\"orders/read\"] }\n\
    [[route]]\npath = \"/api/editors/*\"\napi = true\naccess = { groups = [\"Editors\"] }\n";

const IDENTITY: &str = "user = [\"email\", \"username\"]";

#[test]
fn a_bearer_in_query_or_body_is_never_read_and_another_scheme_is_the_apps() {
    let chain = emulated("");
    let token = chain.idp().mint(KIRSTEN, "access", json!({}));
    let get = |target: &str, lines: &str| {
        chain.raw(&format!(
            "GET {target} HTTP/1.1\r\nHost: HOST\r\n{lines}\r\n"
        ))
    };
    let none = "Bearer realm=\"localhost\"";
    let in_query = get(&format!("/api/people/x?access_token={token}"), "");
    assert_eq!(
        (in_query.status, in_query.header("WWW-Authenticate")),
        (401, Some(none))
    );
    let body = format!("access_token={token}");
    let posted = chain.raw(&format!(
        "POST /api/people/x HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!(
        (posted.status, posted.header("WWW-Authenticate")),
        (401, Some(none))
    );
    let basic = get("/api/people/x", "Authorization: Basic YTpi\r\n");
    assert_eq!(
        (basic.status, basic.header("WWW-Authenticate")),
        (401, Some(none))
    );
    // A browser that opens an API is not sent to sign in.
    let opened = get(
        "/api/people/x",
        "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
    );
    assert_eq!(
        (opened.status, opened.header("Content-Type")),
        (401, Some("application/json"))
    );
    assert_eq!(chain.echo.count(), 0);

    let mut browser = chain.signed_in(KIRSTEN);
    let cookie = browser.app_cookies();
    let basic = get(
        "/api/people/x",
        &format!("Authorization: Basic YTpi\r\nCookie: {cookie}\r\n"),
    );
    assert_eq!(basic.status, 200);
    assert_eq!(
        chain.echo.last().header("Authorization"),
        Some("Basic YTpi")
    );
    assert_eq!(chain.echo.last().header("X-Forwarded-User"), Some(KIRSTEN));
    // A bad bearer beside that good cookie is judged alone.
    let before = chain.echo.count();
    let bad = get(
        "/api/people/x",
        &format!("Authorization: Bearer x.y.z\r\nCookie: {cookie}\r\n"),
    );
    assert!(bad.status == 401 && says_invalid_token(&bad), "{bad:?}");
    assert_eq!(chain.echo.count(), before);
    // Elsewhere nobody looks at it, and it goes to the app as it is.
    let page = get(
        "/page",
        &format!("Authorization: Bearer x.y.z\r\nCookie: {cookie}\r\n"),
    );
    assert_eq!(page.status, 200);
    assert_eq!(
        chain.echo.last().header("Authorization"),
        Some("Bearer x.y.z")
    );
    // Our own pages are for cookies alone.
    let session = get(
        "/_vestibule/session",
        &format!("Authorization: Bearer {token}\r\n"),
    );
    assert_eq!(session.status, 401);
    assert_eq!(browser.script("GET", "/_vestibule/session").status, 200);
}

#[test]
fn a_machine_gets_a_token_by_its_credentials_and_passes_scopes_alone() {
    let chain = emulated("");
    let token = client_credentials(&chain, "orders/read");
    let ask = |path: &str| {
        chain.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {token}\r\n\r\n"
        ))
    };
    assert_eq!(ask("/api/orders/7").status, 200);
    let seen = chain.echo.last();
    assert_eq!(
        seen.header("X-Forwarded-User"),
        Some(machine_id(&chain).as_str())
    );
    for absent in [
        "X-Forwarded-Email",
        "X-Forwarded-Name",
        "X-Forwarded-Groups",
        "X-Access-Right",
        "Authorization",
    ] {
        assert_eq!(seen.header(absent), None, "{absent}");
    }
    let people = ask("/api/people/x");
    assert_eq!(
        (people.status, people.header("WWW-Authenticate")),
        (403, None)
    );
    assert_eq!(people.json()["error"], "forbidden");
    let other = client_credentials(&chain, "orders/write");
    let lacking = chain.raw(&format!(
        "GET /api/orders/7 HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {other}\r\n\r\n"
    ));
    assert_eq!(lacking.status, 403);
    let challenge =
        "Bearer realm=\"localhost\", error=\"insufficient_scope\", scope=\"orders/read\"";
    assert_eq!(lacking.header("WWW-Authenticate"), Some(challenge));
    assert_eq!(lacking.json()["error"], "insufficient_scope");
}

#[test]
fn an_id_token_counts_only_where_it_is_admitted_and_then_as_its_person() {
    for (admitted, status) in [
        ("", 401),
        ("tokens = [\"access\", \"id\"]", 200),
        ("tokens = [\"id\"]", 200),
    ] {
        let chain = emulated(admitted);
        let token = chain.idp().mint(KIRSTEN, "id", json!({}));
        let request = format!(
            "GET /api/people/x HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        assert_eq!(chain.raw(&request).status, status, "{admitted}");
        if status == 200 {
            let seen = chain.echo.last();
            assert_eq!(seen.header("X-Forwarded-User"), Some(KIRSTEN));
            assert_eq!(
                seen.header("X-Forwarded-Groups"),
                Some("Editors,Brand-Nordics")
            );
            assert_eq!(seen.header("Authorization"), None);
        }
        let access = chain.idp().mint(KIRSTEN, "access", json!({}));
        let request = format!(
            "GET /api/people/x HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {access}\r\n\r\n"
        );
        let expected = if admitted == "tokens = [\"id\"]" {
            401
        } else {
            200
        };
        assert_eq!(chain.raw(&request).status, expected, "{admitted}");
    }
}

#[test]
fn a_preflight_reaches_the_app_without_identity_and_nothing_else_does() {
    let chain = emulated("");
    let browser = chain.signed_in(KIRSTEN);
    let cookie = browser.app_cookies();
    let token = chain.idp().mint(KIRSTEN, "access", json!({}));
    let preflight = |path: &str, lines: &str| {
        chain.raw(&format!(
            "OPTIONS {path} HTTP/1.1\r\nHost: HOST\r\nOrigin: https://app.example.com\r\n{lines}\r\n"
        ))
    };
    let real =
        "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: authorization\r\n";
    let with_all = format!(
        "{real}Cookie: {cookie}\r\nX-Forwarded-User: eve\r\nRemote-User: eve\r\nAuthorization: Bearer {token}\r\n"
    );
    assert_eq!(preflight("/api/people/x", &with_all).status, 200);
    let seen = chain.echo.last();
    for absent in [
        "X-Forwarded-User",
        "Remote-User",
        "X-Forwarded-Groups",
        "Cookie",
        "Authorization",
    ] {
        assert_eq!(seen.header(absent), None, "{absent}");
    }
    let before = chain.echo.count();
    for (what, path, lines) in [
        ("no method is asked for", "/api/people/x", String::new()),
        (
            "a route that lets none through",
            "/api/orders/x",
            real.to_owned(),
        ),
        (
            "a bad bearer, and no preflight",
            "/api/people/x",
            "Authorization: Bearer x\r\n".to_owned(),
        ),
    ] {
        assert_eq!(preflight(path, &lines).status, 401, "{what}");
    }
    let get = chain.raw(&format!(
        "GET /api/people/x HTTP/1.1\r\nHost: HOST\r\nOrigin: https://app.example.com\r\n{real}\r\n"
    ));
    assert_eq!(get.status, 401, "only OPTIONS is one");
    assert_eq!(chain.echo.count(), before);
    // With a token it is an ordinary request.
    let authorized = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(preflight("/api/people/x", &authorized).status, 200);
    assert!(chain.echo.last().header("X-Forwarded-User").is_some());
}

#[test]
fn a_front_proxy_that_asks_gets_statuses_and_no_way_to_a_login() {
    let chain = Setup {
        server: "trusted_proxies = [\"127.0.0.1/32\"]\nforward_auth = \"nginx\"".to_owned(),
        no_upstream: true,
        ..emulated_setup("")
    }
    .start();
    let ask = |path: &str, lines: &str| {
        let url = format!("{}{path}", chain.origin);
        chain.raw(&format!(
            "GET /_vestibule/auth HTTP/1.1\r\nHost: HOST\r\nX-Original-URL: {url}\r\nX-Original-Method: GET\r\n{lines}\r\n"
        ))
    };
    let token = chain.idp().mint(KIRSTEN, "access", json!({}));
    let machine = client_credentials(&chain, "orders/read");
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    let let_in = ask("/api/people/x", &bearer(&token));
    assert_eq!(let_in.status, 200);
    assert!(
        let_in
            .header("X-Forwarded-User")
            .is_some_and(|user| !user.is_empty())
    );
    // Whoever copies it takes the client's away.
    assert_eq!(let_in.header("Authorization"), Some(""));
    assert_eq!(ask("/api/orders/x", &bearer(&machine)).status, 200);
    for (what, path, lines, status) in [
        ("nobody", "/api/people/x", String::new(), 401),
        ("a bad one", "/api/people/x", bearer("x.y.z"), 401),
        ("a machine's", "/api/people/x", bearer(&machine), 403),
        ("without the scope", "/api/orders/x", bearer(&token), 403),
        ("where none is taken", "/page", bearer(&token), 401),
    ] {
        assert_eq!(ask(path, &lines).status, status, "{what}");
    }
    let bad = ask("/api/people/x", &bearer("x.y.z"));
    assert!(says_invalid_token(&bad), "{bad:?}");
}

#[test]
fn a_machine_of_an_issuer_that_nobody_here_wrote_gets_in_by_audience_and_scope() {
    let api = "api = { audiences = [\"https://orders.example.com\"] }\n";
    let chain = Setup {
        third_party: true,
        provider: api.to_owned(),
        tables: ROUTES.replace("orders/read", "orders-read"),
        ..Setup::default()
    }
    .start();
    let provider = chain.third_party.as_ref().expect("the provider");
    let ask = |path: &str, token: &str| {
        chain.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {token}\r\n\r\n"
        ))
    };
    let token = provider.machine_token("https://orders.example.com", "orders-read");
    assert_eq!(ask("/api/orders/7", &token).status, 200);
    assert_eq!(
        chain.echo.last().header("X-Forwarded-User"),
        Some("orders-script")
    );
    assert_eq!(ask("/api/people/x", &token).status, 403);
    let other = provider.machine_token("https://elsewhere.example.com", "orders-read");
    assert!(says_invalid_token(&ask("/api/orders/7", &other)));
    let lacking = provider.machine_token("https://orders.example.com", "orders-write");
    assert_eq!(ask("/api/orders/7", &lacking).status, 403);
}

/// The emulator's pool, with its machine client let in beside our own.
fn emulated(api: &str) -> Harness {
    emulated_setup(api).start()
}

fn emulated_setup(api: &str) -> Setup {
    let comma = if api.is_empty() { "" } else { ", " };
    Setup {
        provider: format!("api = {{ clients = [\"{CLIENT}\", \"{MACHINE}\"]{comma}{api} }}"),
        tables: ROUTES.to_owned(),
        identity: IDENTITY.to_owned(),
        ..Setup::default()
    }
}

fn machine_id(chain: &Harness) -> String {
    let id = chain.idp().machine_client_id.clone();
    assert_eq!(id, MACHINE, "the emulator's machine client");
    id
}

/// A token as a script gets it (RFC 6749 4.4).
fn client_credentials(chain: &Harness, scope: &str) -> String {
    chain.idp().client_credentials(scope)
}
