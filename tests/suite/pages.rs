//! Headers of our own answers: not stored, not framed, not sniffed, no foreign content.

use std::net::SocketAddr;

use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::free_port;
use crate::support::{Harness, Response, Setup};

#[test]
fn every_answer_of_ours_is_hardened() {
    let chain = Setup {
        tables: "[[route]]\npath = \"/admin/*\"\naccess = \"nobody\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut person = chain.signed_in(KIRSTEN);
    let mut stranger = chain.browser();
    let frame = [
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "iframe"),
        ("Accept", "text/html"),
    ];
    let mut misdirected = chain.raw("GET / HTTP/1.1\r\nHost: other.example\r\n\r\n");
    misdirected.url = "misdirected".to_owned();

    let answers = [
        stranger.get("/page"),
        stranger.script("GET", "/page"),
        stranger.post("/form", &[("a", "b")]),
        stranger.get("/_vestibule/login"),
        stranger.get("/_vestibule/signed-out"),
        stranger.get("/_vestibule/no-such"),
        stranger.get("/_vestibule/callback"),
        stranger.get("/_vestibule/callback?error=access_denied"),
        stranger.get("/_vestibule/callback?code=a&state=b"),
        stranger.script("GET", "/_vestibule/session"),
        stranger.send(
            "GET",
            "/_vestibule/logout",
            &[("Sec-Fetch-Site", "cross-site")],
            b"",
        ),
        person.get("/_vestibule/whoami"),
        person.script("GET", "/_vestibule/session"),
        person.get("/admin/x"),
        person.script("GET", "/admin/x"),
        person.get("/_vestibule/logout"),
        misdirected,
    ];
    for answer in &answers {
        assert_hardened(answer, "'none'");
    }
    // Only pages of this origin may show the way out of a frame; nobody else's.
    let framed = stranger.send("GET", "/page", &frame, b"");
    assert_hardened(&framed, "'self'");
    assert_eq!(framed.header("x-frame-options"), Some("SAMEORIGIN"));
}

#[test]
fn head_requests_get_no_body() {
    let chain = Harness::start();
    for path in ["/_vestibule/signed-out", "/_vestibule/no-such", "/page"] {
        // A body after the head would be read as the answer to the next request.
        let answer = chain.raw(&format!(
            "HEAD {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"
        ));
        assert!(answer.status >= 200, "{path}");
        assert!(answer.body.is_empty(), "{path}");
    }
}

#[test]
fn the_admin_paths_are_not_on_the_public_listener() {
    let chain = Harness::start();
    for path in ["/healthz", "/readyz", "/metrics", "/version"] {
        // They belong to the app there.
        assert_eq!(chain.browser().script("GET", path).status, 401, "{path}");
        assert_eq!(
            chain
                .browser()
                .script("GET", &format!("/_vestibule{path}"))
                .status,
            404,
            "{path}"
        );
    }
    assert_eq!(chain.ask_admin("/healthz").status, 200);
    assert_eq!(chain.ask_admin("/readyz").status, 200);
    assert_eq!(chain.ask_admin("/").status, 404);
    assert_eq!(chain.ask_admin("/_vestibule/session").status, 404);
}

#[test]
fn what_is_out_of_order_has_a_reference_that_the_log_has_too() {
    let free = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut chain = Setup {
        no_upstream: true,
        tables: format!(
            "[upstream.default]\nurl = \"http://{free}\"\n[[route]]\npath = \"/open\"\naccess = \"public\"\n"
        ),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let login = browser.arrive("/");
    let fields = [
        ("username", KIRSTEN),
        ("password", chain.idp().password(KIRSTEN)),
    ];
    let back = browser.click(&login, Some("signIn"), &fields).location();
    chain.idp.take().expect("the emulator").stop();
    for (path, status, outcome) in [
        (back.as_str(), 503, "provider_out"),
        ("/open", 502, "upstream_failed"),
    ] {
        let page = browser.get(path);
        assert_eq!(page.status, status, "{page:?}");
        let html = page.html();
        let reference = html.split("Reference: <code>").nth(1);
        let reference = reference.and_then(|rest| rest.split('<').next());
        let reference = reference.unwrap_or_else(|| panic!("no reference: {html}"));
        assert_eq!(reference.len(), 8, "{html}");
        let field = format!("\"reference\":\"{reference}\"");
        chain.await_log(&[&format!("\"{outcome}\""), &field]);
    }
    let answer = browser.script("GET", "/open").json();
    let reference = answer["reference"].as_str().expect("a reference");
    chain.await_log(&["\"upstream_unreachable\"", reference]);
}

fn assert_hardened(answer: &Response, ancestors: &str) {
    let what = format!("{} {}", answer.status, answer.url);
    let header = |name| {
        answer
            .header(name)
            .unwrap_or_else(|| panic!("{what}: no {name}"))
    };
    assert!(header("cache-control").contains("no-store"), "{what}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    if matches!(answer.status, 301..=399) {
        assert!(answer.body.is_empty(), "{what}: {}", answer.text());
        return;
    }
    let csp = header("content-security-policy");
    assert!(csp.contains("default-src 'none'"), "{what}: {csp}");
    assert!(
        csp.contains(&format!("frame-ancestors {ancestors}")),
        "{what}: {csp}"
    );
    assert!(
        !csp.contains("unsafe-inline") && !csp.contains("unsafe-eval"),
        "{what}: {csp}"
    );
    if answer
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("text/html"))
    {
        let page = answer.text();
        assert!(
            page.to_lowercase().contains("<!doctype html>"),
            "{what}: {page}"
        );
        assert!(
            !page.contains("src=\"http") && !page.contains("href=\"//"),
            "{what}: {page}"
        );
    }
}
