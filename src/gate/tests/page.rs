//! Our own pages: everything escaped, nothing foreign.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::gate::page::{Page, content_security_policy};

const EVIL: &str = "<script>alert(1)</script>\"'&\u{0}\u{1b}";
const HARMLESS: &str = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\u{fffd}\u{fffd}";

#[test]
fn everything_is_escaped_everywhere() {
    let html = Page::new(EVIL)
        .text(EVIL)
        .row(EVIL, EVIL)
        .link(EVIL, EVIL)
        .top_link(EVIL, EVIL)
        .post(EVIL, EVIL)
        .detail(EVIL, EVIL)
        .render();
    assert!(!html.contains("<script"), "{html}");
    assert!(!html.contains(['\u{0}', '\u{1b}']));
    // Title and heading, a paragraph, and six pairs.
    assert_eq!(html.matches(HARMLESS).count(), 2 + 1 + 2 * 5);
}

#[test]
fn a_page_needs_nothing_foreign() {
    let html = Page::new("T")
        .text("p")
        .post("/_vestibule/logout", "Go")
        .render();
    for forbidden in [
        "http:", "https:", "src=", "<script", "<link", "<img", "@import", "url(", "style=\"",
        " onclick", "<iframe",
    ] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert_eq!(html.matches("<h1>T</h1>").count(), 1);
    assert_eq!(html.matches("<title>T</title>").count(), 1);
}

#[test]
fn the_policy_allows_the_one_style_sheet_and_nothing_else() {
    let html = Page::new("T").render();
    let style = html
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    let hash = STANDARD.encode(Sha256::digest(style));
    let policy = content_security_policy();
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'"
        )
    );
}

#[test]
fn links_and_buttons_go_where_they_should() {
    let html = Page::new("T")
        .link("/_vestibule/login?rd=%2F&x=1", "In")
        .top_link("/a", "Top")
        .post("/_vestibule/logout", "Out")
        .render();
    assert!(html.contains("href=\"/_vestibule/login?rd=%2F&amp;x=1\">In</a>"));
    assert!(html.contains("href=\"/a\" target=\"_top\">Top</a>"));
    assert_eq!(html.matches("target=").count(), 1);
    assert!(html.contains("<form method=\"post\" action=\"/_vestibule/logout\"><button"));
}
