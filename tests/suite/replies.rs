//! Who gets what when not signed in: the table of the contract, row by row.

use crate::support::dev_idp::KIRSTEN;
use crate::support::html::Page;
use crate::support::{Harness, Response, Setup};

const NAVIGATION: &str =
    "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";

#[test]
fn a_navigation_is_sent_into_login_from_its_own_path() {
    let chain = Harness::start();
    for method in ["GET", "HEAD"] {
        let answer = ask(&chain, method, NAVIGATION);
        assert_leads_into_login(&chain, &answer);
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn without_fetch_metadata_accept_decides() {
    let chain = Harness::start();
    assert_leads_into_login(
        &chain,
        &ask(&chain, "GET", "Accept: text/html,*/*;q=0.8\r\n"),
    );
    assert_script_answer(&chain, &ask(&chain, "GET", "Accept: */*\r\n"), "/");
    assert_script_answer(&chain, &ask(&chain, "GET", ""), "/");
}

#[test]
fn fetch_metadata_beats_accept() {
    let chain = Harness::start();
    let headers = "Accept: text/html\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";
    assert_script_answer(&chain, &ask(&chain, "GET", headers), "/");
}

#[test]
fn a_frame_gets_a_page_whose_link_leaves_the_frame() {
    let chain = Harness::start();
    for kind in ["iframe", "frame", "object", "embed"] {
        let headers =
            format!("Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: {kind}\r\n");
        let answer = ask(&chain, "GET", &headers);
        assert_eq!(answer.status, 401, "{kind}");
        let page = Page::parse(&answer.html());
        let link = page
            .all("a")
            .next()
            .unwrap_or_else(|| panic!("no link: {}", answer.text()));
        assert_eq!(link.get("target"), Some("_top"), "{}", answer.text());
        assert_no_login_state(&answer);
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn a_prefetch_starts_no_login() {
    let chain = Harness::start();
    for purpose in [
        "Sec-Purpose: prefetch",
        "Sec-Purpose: prefetch;prerender",
        "Purpose: prefetch",
    ] {
        let answer = ask(&chain, "GET", &format!("{NAVIGATION}{purpose}\r\n"));
        assert_eq!(answer.status, 401, "{purpose}");
        assert_no_login_state(&answer);
    }
}

#[test]
fn a_posted_form_gets_a_page_not_a_redirect() {
    let chain = Harness::start();
    let headers = format!(
        "{NAVIGATION}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n"
    );
    let answer = chain.raw(&format!(
        "POST /form HTTP/1.1\r\nHost: HOST\r\n{headers}\r\ntext=hi"
    ));
    assert_eq!(answer.status, 401);
    assert!(answer.html().contains("<html"), "{}", answer.text());
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn a_script_gets_json_with_an_absolute_login_url() {
    let chain = Harness::start();
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
        let headers =
            "Accept: application/json\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";
        assert_script_answer(&chain, &ask(&chain, method, headers), "/");
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn the_login_url_leads_back_to_the_page_that_the_script_runs_on() {
    let chain = Harness::start();
    let own = format!("Referer: {}/board/7?tab=2\r\n", chain.origin);
    assert_script_answer(&chain, &ask(&chain, "GET", &own), "/board/7");
    let foreign = "Referer: https://evil.example/board/7\r\n";
    assert_script_answer(&chain, &ask(&chain, "GET", foreign), "/");
}

#[test]
fn an_image_or_style_sheet_gets_401_not_a_login() {
    let chain = Harness::start();
    for kind in ["image", "style", "script", "font"] {
        let headers =
            format!("Accept: */*\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: {kind}\r\n");
        let answer = ask(&chain, "GET", &headers);
        assert_eq!(answer.status, 401, "{kind}");
        assert_no_login_state(&answer);
    }
}

#[test]
fn an_unknown_host_is_misdirected() {
    let chain = Harness::start();
    let answer = chain.raw(&format!(
        "GET / HTTP/1.1\r\nHost: other.example\r\n{NAVIGATION}\r\n"
    ));
    assert_eq!(answer.status, 421);
    assert!(
        answer.text().contains(chain.host()),
        "names what is configured: {}",
        answer.text()
    );
    assert_no_login_state(&answer);
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn an_unknown_path_of_ours_is_our_404() {
    let chain = Harness::start();
    let browser = chain.signed_in(KIRSTEN);
    let before = chain.echo.count();
    for path in [
        "/_vestibule",
        "/_vestibule/",
        "/_vestibule/no-such",
        "/_vestibule/session/x",
    ] {
        let cookies = browser.app_cookies();
        let answer = chain.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\n\r\n"
        ));
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(
        chain.echo.count(),
        before,
        "nothing under the prefix reaches the app"
    );
}

#[test]
fn a_path_that_only_looks_like_ours_belongs_to_the_app() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    assert_eq!(browser.get("/_vestibule-of-the-app").status, 200);
    assert_eq!(chain.echo.last().target(), "/_vestibule-of-the-app");
}

#[test]
fn signed_in_but_not_allowed_is_403_and_never_a_redirect() {
    let chain = Setup {
        tables: "[[route]]\npath = \"/admin/*\"\naccess = \"nobody\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.signed_in(KIRSTEN);
    let before = chain.echo.count();
    let page = browser.get("/admin/panel");
    assert_eq!(page.status, 403);
    assert!(page.html().contains("<html"));
    let answer = browser.script("GET", "/admin/panel");
    assert_eq!(answer.status, 403);
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("application/json"),
        "{answer:?}"
    );
    answer.json();
    assert_eq!(chain.echo.count(), before);
}

#[test]
fn a_public_route_needs_no_session_and_carries_no_identity() {
    let chain = Setup {
        tables: "[[route]]\npath = \"/public/*\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let answer = ask_path(&chain, "GET", "/public/logo", NAVIGATION);
    assert_eq!(answer.status, 200);
    let mut browser = chain.signed_in(KIRSTEN);
    assert_eq!(browser.get("/public/logo").status, 200);
    let seen = chain.echo.last();
    assert!(seen.alike("X-Forwarded-User").is_empty(), "{}", seen.head);
    assert!(seen.alike("X-Forwarded-Email").is_empty(), "{}", seen.head);
    assert!(
        !seen.head.contains("vestibule="),
        "no cookie of ours either: {}",
        seen.head
    );
}

fn ask(chain: &Harness, method: &str, headers: &str) -> Response {
    ask_path(chain, method, "/some/page?q=1", headers)
}

fn ask_path(chain: &Harness, method: &str, path: &str, headers: &str) -> Response {
    let mut answer = chain.raw(&format!(
        "{method} {path} HTTP/1.1\r\nHost: HOST\r\n{headers}\r\n"
    ));
    answer.url = format!("{}{path}", chain.origin);
    answer
}

fn assert_leads_into_login(chain: &Harness, answer: &Response) {
    assert_eq!(answer.status, 302, "{answer:?}");
    let target = answer.location();
    let ours = format!("{}/_vestibule/login", chain.origin);
    let theirs = format!("{}/oauth2/authorize", chain.idp().domain);
    assert!(
        target.starts_with(&ours) || target.starts_with(&theirs),
        "{target}"
    );
}

fn assert_script_answer(chain: &Harness, answer: &Response, returns_to: &str) {
    assert_eq!(answer.status, 401, "{answer:?}");
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer realm=\"localhost\"")
    );
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("application/json"),
        "{answer:?}"
    );
    let body = answer.json();
    assert_eq!(body["error"], "unauthenticated");
    let login = url::Url::parse(body["login_url"].as_str().unwrap()).expect("an absolute URL");
    assert!(
        login
            .as_str()
            .starts_with(&format!("{}/_vestibule/login", chain.origin)),
        "{login}"
    );
    let target = login
        .query_pairs()
        .find(|(name, _)| name == "rd")
        .map(|(_, rd)| rd.into_owned());
    let target = target.unwrap_or_else(|| "/".to_owned());
    assert_eq!(target.split('?').next(), Some(returns_to), "{login}");
    assert_no_login_state(answer);
}

fn assert_no_login_state(answer: &Response) {
    assert!(answer.all("set-cookie").is_empty(), "{answer:?}");
}
