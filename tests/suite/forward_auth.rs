//! Front proxies of others that ask before they send a request on: nginx, Caddy, Envoy and HAProxy, each
//! by its recipe, and Traefik by what it sends.

use std::time::{Duration, Instant};

use serde_json::json;

use super::cookies::person_with_groups;
use super::hostile_tokens::rows::CLIENT;
use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::fronts::{Front, Kind, by_recipe, front};
use crate::support::{Browser, Response, Setup};

mod by_hand;
mod documented;
mod recipes;
mod upgrades;

/// No condition takes longer to come true, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(120);

const ROUTES: &str = "[[route]]\npath = \"/public/\"\naccess = \"public\"\n\
    [[route]]\npath = \"/admin/\"\naccess = { groups = [\"Admins\"] }\n";

/// A client of the pool that is a program.
const MACHINE: &str = "8machineclient00000000000ee";

#[test]
fn nginx_asks_before_it_sends_on() {
    asks_before_it_sends_on(Kind::Nginx, "");
}

#[test]
fn caddy_asks_before_it_sends_on() {
    asks_before_it_sends_on(Kind::Caddy, "");
}

#[test]
fn caddy_with_cookies_asks_before_it_sends_on() {
    let server = "forward_auth_cookies = true";
    asks_before_it_sends_on(Kind::CaddyWithCookies, server);
}

#[test]
fn envoy_asks_before_it_sends_on() {
    asks_before_it_sends_on(Kind::Envoy, "");
}

#[test]
fn haproxy_asks_before_it_sends_on() {
    asks_before_it_sends_on(Kind::Haproxy, "");
}

#[test]
fn the_host_that_is_asked_about_is_the_one_by_which_the_front_proxy_goes() {
    let routes = "[[route]]\nhost = \"admin.localhost\"\naccess = { groups = [\"Admins\"] }\n\
        [[route]]\nhost = \"localhost\"\naccess = \"public\"\n";
    for kind in [Kind::Nginx, Kind::Caddy, Kind::Envoy, Kind::Haproxy] {
        let front = by_recipe(
            kind,
            Setup {
                hosts: vec!["admin.localhost".to_owned()],
                tables: routes.to_owned(),
                ..Setup::default()
            },
        );
        assert_eq!(raw(&front, "/page", "").status, 200, "{kind:?}");
        // The target goes before the Host header (RFC 9112 3.2.2).
        let target = format!("http://admin.localhost:{}/secret", front.address.port());
        let seen = front.chain.echo.count();
        let answer = raw(&front, &target, "");
        assert_eq!(front.chain.echo.count(), seen, "{kind:?}: {answer:?}");
    }
}

/// All that a person, a script and an attacker get.
fn asks_before_it_sends_on(kind: Kind, server: &str) {
    let api = "[[route]]\npath = \"/api/*\"\napi = true\naccess = { scopes = [\"orders/read\"] }\n";
    let front = &by_recipe(
        kind,
        Setup {
            server: server.to_owned(),
            provider: format!("api = {{ clients = [\"{CLIENT}\", \"{MACHINE}\"] }}"),
            tables: format!("{ROUTES}{api}"),
            ..Setup::default()
        },
    );
    signing_in_by_navigation(front);
    who_may_go_where(front);
    clients_with_tokens(front);
    people_with_many_groups(front);
    forged_headers_change_nothing(front);
    the_app_sees_the_request_that_was_asked_about(front);
    the_question_is_not_for_clients(front);
}

fn signing_in_by_navigation(front: &Front) {
    let (kind, chain) = (front.kind, &front.chain);
    let mut person = front.browser();
    let script = person.script("GET", "/page");
    assert_eq!(script.status, 401, "{kind:?}: {script:?}");
    let form = person.post("/page", &[("a", "b")]);
    assert_eq!(form.status, 401, "{kind:?}: {form:?}");
    assert_eq!(chain.echo.count(), 0, "the app sees nothing of either");
    let password = chain.idp().password(KIRSTEN);
    let page = person.sign_in("/page?x=1&y=%C3%A9", KIRSTEN, password);
    assert_eq!(page.status, 200, "{kind:?}: {:?}", person.trail);
    let seen = chain.echo.last();
    assert_eq!(seen.target(), "/page?x=1&y=%C3%A9");
    assert_eq!(seen.header("x-forwarded-user"), Some(KIRSTEN));
    assert_eq!(seen.header("x-forwarded-email"), Some(KIRSTEN));
    assert_eq!(seen.header("x-forwarded-name"), Some("Kirsten Holm"));
    assert_eq!(
        seen.header("x-forwarded-groups"),
        Some("Editors,Brand-Nordics")
    );
    let form = person.post("/page", &[("a", "b")]);
    assert_eq!(form.status, 200, "{kind:?}");
    let seen = chain.echo.last();
    assert!(seen.line.starts_with("POST "), "{}", seen.line);
    assert_eq!(seen.body, b"a=b");
    assert_eq!(seen.header("x-forwarded-user"), Some(KIRSTEN));
}

fn who_may_go_where(front: &Front) {
    let kind = front.kind;
    let mut kirsten = front.signed_in(KIRSTEN);
    assert_eq!(kirsten.get("/admin/x").status, 403, "{kind:?}");
    assert_eq!(kirsten.get("/%61dmin/x").status, 403, "{kind:?}");
    let mut ola = front.signed_in(OLA);
    assert_eq!(ola.get("/admin/x").status, 200, "{kind:?}");
    let seen = front.chain.echo.last();
    assert_eq!(seen.header("x-forwarded-groups"), Some("Admins"));
    let mut nobody = front.browser();
    assert_eq!(nobody.script("GET", "/public/x").status, 200, "{kind:?}");
    // One path for the front proxy and another for the app is nobody's.
    let before = front.chain.echo.count();
    for path in [
        "/public/..%2Fadmin/x",
        "/public/%2e%2e/admin/x",
        "/public//admin",
    ] {
        let status = raw(front, path, "").status;
        assert!(
            matches!(status, 400 | 401 | 403 | 404),
            "{kind:?} {path}: {status}"
        );
    }
    assert_eq!(front.chain.echo.count(), before, "{kind:?}");
}

/// Scripts with bearer tokens, where `route.api` says so (docs/api.md).
fn clients_with_tokens(front: &Front) {
    let (kind, chain) = (front.kind, &front.chain);
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    let reads = bearer(&chain.idp().client_credentials("orders/read"));
    let answer = raw(front, "/api/orders/7?x=1", &reads);
    assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
    let seen = chain.echo.last();
    assert_eq!(seen.target(), "/api/orders/7?x=1");
    assert_eq!(seen.alike("x-forwarded-user"), [MACHINE], "{kind:?}");
    // A good cookie makes a bad token no better.
    let cookie = format!("Cookie: {}\r\n", front.signed_in(OLA).app_cookies());
    let before = chain.echo.count();
    for (what, path, lines, status) in [
        ("nobody", "/api/orders/7", String::new(), 401),
        ("a bad one", "/api/orders/7", bearer("x.y.z"), 401),
        (
            "and a cookie",
            "/api/orders/7",
            bearer("x.y.z") + &cookie,
            401,
        ),
        (
            "another scope",
            "/api/orders/7",
            bearer(&chain.idp().client_credentials("orders/write")),
            403,
        ),
        ("where none is taken", "/page", reads.clone(), 401),
    ] {
        let answer = raw(front, path, &lines);
        assert_eq!(answer.status, status, "{kind:?} {what}: {answer:?}");
    }
    // nginx takes no two of them itself.
    let answer = raw(front, "/api/orders/7", &reads.repeat(2));
    assert!(matches!(answer.status, 400 | 401), "{kind:?}: {answer:?}");
    assert_eq!(chain.echo.count(), before, "{kind:?}");
}

/// Sessions that need several cookies: more than front proxies take of a header by themselves.
fn people_with_many_groups(front: &Front) {
    let (name, password, groups) = person_with_groups(&front.chain, 100);
    let mut person = front.browser();
    let page = person.sign_in("/page", name, password);
    assert_eq!(page.status, 200, "{:?}: {:?}", front.kind, person.trail);
    assert!(
        person.app_cookies().len() > 8_192,
        "{}",
        person.app_cookies().len()
    );
    let seen = front.chain.echo.last();
    let told = seen
        .header("x-forwarded-groups")
        .map(|told| told.split(',').count());
    assert_eq!(told, Some(groups.len()), "{:?}", front.kind);
}

fn forged_headers_change_nothing(front: &Front) {
    let (kind, chain) = (front.kind, &front.chain);
    let public = format!("{}/public/x", chain.origin);
    let forged = format!(
        "X-Original-URL: {public}\r\nX-Original-Uri: /public/x\r\nX-Original-Method: GET\r\n\
         X-Forwarded-Uri: /public/x\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Proto: http\r\n\
         X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\nX-Forwarded-Prefix: /public\r\n\
         X-Forwarded-User: admin\r\nX-Access-Right: Admin\r\nX_Forwarded_User: admin\r\n\
         X-Forwarded_User: admin\r\nX.Forwarded.User: admin\r\nX-Forwarded-Groups: Admins\r\n\
         x-forwarded-user: root\r\nX_Access_Right: Admin\r\n\
         Connection: close, X-Forwarded-Groups, X-Forwarded-User, X-Access-Right\r\n"
    );
    let before = chain.echo.count();
    let answer = raw(front, "/page", &forged);
    assert_eq!(answer.status, 401, "{kind:?}: {answer:?}");
    assert_eq!(chain.echo.count(), before, "{kind:?}");

    let session = |person: &Browser| format!("{forged}Cookie: {}\r\n", person.app_cookies());
    // No access right is mapped, so nobody has one.
    let ola = front.signed_in(OLA);
    let answer = raw(front, "/page", &session(&ola));
    assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
    let seen = chain.echo.last();
    assert_eq!(seen.target(), "/page");
    assert_eq!(seen.alike("x-forwarded-user"), [OLA], "{kind:?}");
    assert_eq!(seen.alike("x-forwarded-groups"), ["Admins"], "{kind:?}");
    for name in ["x-forwarded-host", "forwarded"] {
        let told = seen.alike(name).join(",");
        assert!(!told.contains("evil"), "{kind:?}: {name}: {told}");
    }
    // Nor is the app told to drop what it is told.
    let hop = seen.alike("connection").join(",").to_lowercase();
    assert!(!hop.contains("x-"), "{kind:?}: {hop}");
    let upgrade = format!(
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nOrigin: {}\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: Upgrade,",
        chain.origin
    );
    let before = chain.echo.count();
    raw(
        front,
        "/page",
        &session(&ola).replace("Connection: close,", &upgrade),
    );
    assert!(chain.echo.count() > before, "{kind:?}");
    let upgraded = chain.echo.last();
    assert_eq!(upgraded.alike("x-forwarded-groups"), ["Admins"], "{kind:?}");
    let hop = upgraded.alike("connection").join(",").to_lowercase();
    assert!(!hop.contains("x-"), "{kind:?}: {hop}");
    let right = seen.alike("x-access-right");
    assert!(
        right.iter().all(|right| right.is_empty()),
        "{kind:?}: {right:?}"
    );
    let url = seen.alike("x-original-url");
    assert!(url.iter().all(|url| *url != public), "{kind:?}: {url:?}");

    let kirsten = front.signed_in(KIRSTEN);
    assert_eq!(
        raw(front, "/admin/x", &session(&kirsten)).status,
        403,
        "{kind:?}"
    );

    // A public page is told of nobody.
    assert_eq!(raw(front, "/public/x", &session(&kirsten)).status, 200);
    for name in ["x-forwarded-user", "x-forwarded-groups", "x-access-right"] {
        let seen = chain.echo.last();
        let told = seen.alike(name);
        assert!(
            told.iter().all(|told| told.is_empty()),
            "{kind:?}: {told:?}"
        );
    }
}

/// In whichever spelling a CGI's reader may take it for.
fn the_app_sees_the_request_that_was_asked_about(front: &Front) {
    let mut forged = String::new();
    for name in recipes::OVERRIDES {
        let underscored = name.replace('-', "_");
        let dotted = name.replace('-', ".");
        for spelling in [name, &underscored, &underscored.to_uppercase(), &dotted] {
            forged += &format!("{spelling}: /public\r\n");
        }
    }
    assert_eq!(raw(front, "/public/admin/secret", &forged).status, 200);
    let seen = front.chain.echo.last();
    assert_eq!(seen.target(), "/public/admin/secret");
    for name in recipes::OVERRIDES {
        let there = seen.alike(name);
        assert!(there.is_empty(), "{:?} {name}: {there:?}", front.kind);
    }
}

fn the_question_is_not_for_clients(front: &Front) {
    let kirsten = front.signed_in(KIRSTEN);
    let headers = format!(
        "X-Original-URL: {}/page\r\nX-Original-Method: GET\r\nCookie: {}\r\n",
        front.chain.origin,
        kirsten.app_cookies()
    );
    for path in [
        "/_vestibule/auth",
        "/_vestibule/auth/",
        "/_vestibule/auth/page",
        "/_vestibule/%61uth/page",
        "/_vestibule/%61uth",
        "/_vestibule/auth?allowed_groups=Editors",
    ] {
        let answer = raw(front, path, &headers);
        assert_eq!(answer.status, 404, "{:?} {path}: {answer:?}", front.kind);
        assert!(answer.header("x-forwarded-user").is_none());
    }
}

/// A script's GET through the front proxy, with these header lines.
fn raw(front: &Front, path: &str, headers: &str) -> Response {
    let host = front.chain.host();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
    crate::support::raw_request(front.address, request)
}

/// Somebody signed in, whose token ends in a moment.
fn about_to_end(front: &Front) -> Browser {
    // A token's life, Vestibule's leeway, and what a login takes on a busy machine.
    let offset = 20 - 3600 - 60;
    client(
        front,
        &json!({ "clock_offset_seconds": offset, "lifetimes": { "id": 3600, "access": 3600, "refresh": 100_000 } }),
    );
    let mut person = front.browser();
    sign_in_alone(front, &mut person);
    client(front, &json!({ "clock_offset_seconds": 0 }));
    person
}

/// Signs in, and asks the app for nothing.
fn sign_in_alone(front: &Front, person: &mut Browser) {
    let login = person.arrive("/_vestibule/login");
    let password = front.chain.idp().password(KIRSTEN);
    let fields = [("username", KIRSTEN), ("password", password)];
    let mut answer = person.click(&login, Some("signIn"), &fields);
    while !person.has_session() {
        answer = person.follow(&answer);
    }
}

fn client(front: &Front, change: &serde_json::Value) {
    let idp = front.chain.idp();
    let path = format!("/clients/{}", idp.client_id);
    idp.call("PATCH", &path, change);
}

fn logins(front: &Front) -> u64 {
    front.chain.idp().asked("domain:authorize")
}

fn renewed_with_cookies(front: &Front) {
    let mut person = about_to_end(front);
    let (before, cookie) = (logins(front), person.app_cookies());
    let answer = person.script("GET", "/page");
    assert_eq!(answer.status, 200, "{:?}: {answer:?}", front.kind);
    assert_ne!(person.app_cookies(), cookie, "{:?}", front.kind);
    let newer = person.app_cookies();
    assert_eq!(person.script("GET", "/page").status, 200);
    assert_eq!(person.app_cookies(), newer, "once is enough");
    assert_eq!(logins(front), before);
}

#[test]
fn with_cookies_passed_on_nginx_keeps_people_signed_in() {
    renewed_with_cookies(&front(Kind::Nginx, "forward_auth_cookies = true", ""));
}

#[test]
fn with_cookies_passed_on_caddy_keeps_people_signed_in() {
    let server = "forward_auth_cookies = true";
    renewed_with_cookies(&front(Kind::CaddyWithCookies, server, ""));
}

#[test]
fn with_cookies_passed_on_envoy_keeps_people_signed_in() {
    renewed_with_cookies(&front(Kind::Envoy, "forward_auth_cookies = true", ""));
}

/// A token that has ended is a 401, and the login renews the session without the provider's page.
fn ends_without_cookies(front: &Front) {
    let mut person = about_to_end(front);
    let (kind, before) = (front.kind, logins(front));
    let began = Instant::now();
    loop {
        let answer = person.script("GET", "/page");
        assert!(answer.all("set-cookie").is_empty(), "{kind:?}: {answer:?}");
        if answer.status == 401 {
            break;
        }
        assert_eq!(answer.status, 200, "{kind:?}: {answer:?}");
        assert!(began.elapsed() < PATIENCE, "{kind:?}: the token never ends");
        std::thread::sleep(Duration::from_millis(200));
    }
    let page = person.arrive("/page?x=1");
    assert_eq!(page.status, 200, "{kind:?}: {:?}", person.trail);
    assert_eq!(front.chain.echo.last().target(), "/page?x=1");
    assert_eq!(
        logins(front),
        before,
        "{kind:?}: not by way of the provider"
    );
    assert_eq!(person.script("GET", "/page").status, 200, "{kind:?}");
}

#[test]
fn without_cookies_a_session_ends_with_its_token_behind_nginx() {
    ends_without_cookies(&front(Kind::Nginx, "", ""));
}

#[test]
fn without_cookies_a_session_ends_with_its_token_behind_caddy() {
    ends_without_cookies(&front(Kind::Caddy, "", ""));
}

#[test]
fn without_cookies_a_session_ends_with_its_token_behind_envoy() {
    ends_without_cookies(&front(Kind::Envoy, "", ""));
}

#[test]
fn haproxy_asks_about_the_host_that_the_app_gets() {
    let front = front(Kind::Haproxy, "", ROUTES);
    let host = front.chain.host();
    let at = |hosts: &str| {
        let request = format!("GET /public/x HTTP/1.1\r\n{hosts}\r\n");
        crate::support::raw_request(front.address, request)
    };
    assert_eq!(at(&format!("Host: {host}\r\n")).status, 200);
    let before = front.chain.echo.count();
    for hosts in [
        format!("Host: evil.example, {host}\r\n"),
        format!("Host: evil.example,{host}\r\n"),
        format!("Host: {host},evil.example\r\n"),
        format!("Host: evil.example\r\nHost: {host}\r\n"),
        String::new(),
    ] {
        let answer = at(&hosts);
        assert!(matches!(answer.status, 400 | 403), "{hosts:?}: {answer:?}");
    }
    assert_eq!(front.chain.echo.count(), before);
}

#[test]
fn haproxy_sends_no_other_spelling_of_our_own_pages_to_the_app() {
    let front = front(Kind::Haproxy, "", ROUTES);
    let host = front.chain.host();
    for (method, path) in [
        ("POST", "/%5fvestibule/login"),
        ("GET", "/%5fvestibule/login"),
        ("GET", "/_vestibule%2Flogin"),
        ("GET", "/_vestibul%65/session"),
    ] {
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
        let answer = crate::support::raw_request(front.address, request);
        assert_ne!(answer.status, 503, "{method} {path}: {answer:?}");
    }
    assert_eq!(front.chain.echo.count(), 0);
}
