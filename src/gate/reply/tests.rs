//! Who asks, and what every answer of ours carries.

use super::*;
use crate::gate::tests::support::{Req, body, header_of, set_cookies, text};

fn asker(method: &Method, headers: &[(&str, &str)]) -> Asker {
    let mut req = Req::new(method.clone(), "/");
    for (name, value) in headers {
        req = req.and(name, value);
    }
    Asker::of(&req.view())
}

const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const ANY: (&str, &str) = ("accept", "*/*");
const NAVIGATE: (&str, &str) = ("sec-fetch-mode", "navigate");
const DOCUMENT: (&str, &str) = ("sec-fetch-dest", "document");
const SITE: (&str, &str) = ("sec-fetch-site", "none");

#[test]
fn fetch_metadata_says_who_asks() {
    for (headers, get, post) in [
        (
            vec![NAVIGATE, DOCUMENT, SITE, HTML],
            Asker::Navigation,
            Asker::Form,
        ),
        (vec![NAVIGATE, DOCUMENT], Asker::Navigation, Asker::Form),
        (
            vec![NAVIGATE, DOCUMENT, ANY],
            Asker::Navigation,
            Asker::Form,
        ),
        (
            vec![NAVIGATE, ("sec-fetch-dest", "iframe"), HTML],
            Asker::Frame,
            Asker::Frame,
        ),
        (
            vec![NAVIGATE, ("sec-fetch-dest", "frame"), HTML],
            Asker::Frame,
            Asker::Frame,
        ),
        (
            vec![NAVIGATE, ("sec-fetch-dest", "object"), HTML],
            Asker::Frame,
            Asker::Frame,
        ),
        (
            vec![NAVIGATE, ("sec-fetch-dest", "embed"), HTML],
            Asker::Frame,
            Asker::Frame,
        ),
        (
            vec![("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "object")],
            Asker::Frame,
            Asker::Frame,
        ),
        (
            vec![
                ("sec-fetch-mode", "cors"),
                ("sec-fetch-dest", "empty"),
                HTML,
            ],
            Asker::Script,
            Asker::Script,
        ),
        (
            vec![
                ("sec-fetch-mode", "same-origin"),
                ("sec-fetch-dest", "document"),
                HTML,
            ],
            Asker::Script,
            Asker::Script,
        ),
        (
            vec![
                ("sec-fetch-mode", "no-cors"),
                ("sec-fetch-dest", "image"),
                HTML,
            ],
            Asker::Script,
            Asker::Script,
        ),
        (
            vec![
                ("sec-fetch-mode", "websocket"),
                ("sec-fetch-dest", "websocket"),
            ],
            Asker::Script,
            Asker::Script,
        ),
        // Half of it is not a navigation, whatever it accepts.
        (vec![NAVIGATE, HTML], Asker::Script, Asker::Script),
        (vec![DOCUMENT, HTML], Asker::Script, Asker::Script),
        (vec![SITE, HTML], Asker::Script, Asker::Script),
        // Doubled, it says nothing.
        (
            vec![NAVIGATE, NAVIGATE, DOCUMENT, HTML],
            Asker::Script,
            Asker::Script,
        ),
    ] {
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(asker(&method, &headers), get, "{method} {headers:?}");
        }
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            assert_eq!(asker(&method, &headers), post, "{method} {headers:?}");
        }
    }
}

#[test]
fn without_fetch_metadata_accept_says_it() {
    for (headers, get, post) in [
        (vec![HTML], Asker::Navigation, Asker::Form),
        (
            vec![("accept", "TEXT/HTML")],
            Asker::Navigation,
            Asker::Form,
        ),
        (
            vec![("accept", "image/png"), ("accept", "text/html")],
            Asker::Navigation,
            Asker::Form,
        ),
        (vec![ANY], Asker::Script, Asker::Script),
        (
            vec![("accept", "application/json")],
            Asker::Script,
            Asker::Script,
        ),
        (
            vec![("accept", "text/plain, application/xhtml+xml")],
            Asker::Script,
            Asker::Script,
        ),
        (vec![], Asker::Script, Asker::Script),
        (
            vec![("x-requested-with", "XMLHttpRequest")],
            Asker::Script,
            Asker::Script,
        ),
    ] {
        assert_eq!(asker(&Method::GET, &headers), get, "{headers:?}");
        assert_eq!(asker(&Method::HEAD, &headers), get, "{headers:?}");
        assert_eq!(asker(&Method::POST, &headers), post, "{headers:?}");
    }
}

#[test]
fn a_guess_of_the_browser_is_a_prefetch() {
    for hint in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("purpose", "Prefetch"),
        ("x-moz", "prefetch"),
    ] {
        let headers = [hint, NAVIGATE, DOCUMENT, HTML];
        assert_eq!(asker(&Method::GET, &headers), Asker::Prefetch, "{hint:?}");
        assert_eq!(asker(&Method::GET, &[hint]), Asker::Prefetch, "{hint:?}");
    }
    assert_eq!(
        asker(&Method::GET, &[("purpose", "preview"), HTML]),
        Asker::Navigation
    );
}

#[test]
fn every_kind_of_answer_carries_the_headers_of_the_contract() {
    let note = || Note::new("page");
    let page = || Page::new(Word::LogoutTitle);
    let browser = Req::open("/");
    let script = Req::get("/");
    for reply in [
        Reply::page(StatusCode::OK, page(), note()),
        Reply::json(StatusCode::OK, &json!({}), note()),
        Reply::redirect("/x", note()),
        Reply::bad_request("why", "path_ambiguous"),
        Reply::refusal(&browser.view(), StatusCode::FORBIDDEN, "no", page(), note()),
        Reply::refusal(&script.view(), StatusCode::FORBIDDEN, "no", page(), note()),
    ] {
        assert_eq!(header_of(&reply, "cache-control"), Some("no-store"));
        assert_eq!(header_of(&reply, "x-content-type-options"), Some("nosniff"));
        assert_eq!(header_of(&reply, "referrer-policy"), Some("no-referrer"));
        assert_eq!(header_of(&reply, "x-frame-options"), Some("DENY"));
        if !reply.body.is_empty() {
            let policy = header_of(&reply, "content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert!(header_of(&reply, "content-type").is_some());
        }
    }
}

#[test]
fn a_refusal_is_a_page_where_html_is_read_and_json_elsewhere() {
    let page = Page::new(Word::ForbiddenTitle).text("For people.".to_owned());
    let note = Note {
        reference: Some("0badcafe".to_owned()),
        ..Note::new("forbidden")
    };
    let refuse = |req: &Req| {
        Reply::refusal(
            &req.view(),
            StatusCode::FORBIDDEN,
            "forbidden",
            page.clone(),
            note.clone(),
        )
    };
    for req in [Req::open("/"), Req::get("/").with("accept", "text/html")] {
        let reply = refuse(&req);
        assert_eq!(reply.status, 403);
        assert_eq!(
            header_of(&reply, "content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(text(&reply).contains("For people."));
    }
    for req in [
        Req::get("/"),
        Req::get("/").with("accept", "application/json"),
    ] {
        let reply = refuse(&req);
        assert_eq!(reply.status, 403);
        assert_eq!(
            body(&reply),
            json!({ "error": "forbidden", "reference": "0badcafe" })
        );
    }
}

#[test]
fn a_value_that_is_no_header_becomes_500() {
    for value in ["a\r\nSet-Cookie: x=y", "a\nb", "a\u{0}", "é"] {
        let reply = Reply::redirect(value, Note::new("page"));
        assert_eq!(
            (reply.status, header_of(&reply, "location")),
            (StatusCode::INTERNAL_SERVER_ERROR, None)
        );
        let reply = Reply::redirect("/", Note::new("page")).with_cookies([value.to_owned()]);
        assert_eq!(reply.status, 500);
        assert!(set_cookies(&reply).is_empty());
    }
}

#[test]
fn cookies_and_delays_are_added() {
    let reply = Reply::json(StatusCode::SERVICE_UNAVAILABLE, &json!({}), Note::new("x"))
        .with_cookies(["a=1".to_owned(), "b=2".to_owned()])
        .retry_after(5);
    assert_eq!(set_cookies(&reply), ["a=1", "b=2"]);
    assert_eq!(header_of(&reply, "retry-after"), Some("5"));
}

#[test]
fn a_note_does_not_name_the_user_in_debug_output() {
    let note = Note::new("forwarded").because("x").by(Some("kirsten"));
    assert_eq!(note.user, Some(User("kirsten".to_owned())));
    assert!(!format!("{note:?}").contains("kirsten"));
}
