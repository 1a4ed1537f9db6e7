//! Our own pages: everything escaped, nothing foreign.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::gate::page::{Page, Script};

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
        .onward(Script::KeepFragment, EVIL, vec![("key", EVIL.to_owned())])
        .detail(EVIL, EVIL)
        .below(EVIL, Page::default().text(EVIL).row(EVIL, EVIL))
        .render();
    // The one script is ours.
    assert_eq!(html.matches("<script").count(), 1, "{html}");
    assert!(!html.contains(['\u{0}', '\u{1b}']));
    // Title and heading, a paragraph, five pairs, the way onward: twice, with its data, and the
    // part below with its heading.
    assert_eq!(html.matches(HARMLESS).count(), 2 + 1 + 2 * 5 + 3 + 4);
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
    let policy = Page::new("T").policy();
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'"
        )
    );
}

#[test]
fn a_page_that_leads_on_runs_its_own_script_alone_and_needs_none() {
    for script in Script::ALL {
        let page = Page::new("T").onward(script, "/a?b&c", vec![("key", "k".to_owned())]);
        let html = page.render();
        let inline = html.split("<script>").nth(1).unwrap();
        let inline = inline.split("</script>").next().unwrap();
        assert_eq!(inline, script.source());
        let hash = STANDARD.encode(Sha256::digest(inline));
        let policy = page.policy();
        assert!(policy.contains(&format!("; script-src 'sha256-{hash}';")));
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        // A script's text ends where it says, and holds nothing that ends it.
        assert!(!inline.contains("</") && !inline.contains("<!--"));
        for forbidden in [
            "http:",
            "https:",
            "eval",
            "innerHTML",
            "document.write",
            "fetch(",
        ] {
            assert!(!inline.contains(forbidden), "{forbidden}");
        }
        let href = "href=\"/a?b&amp;c\" data-key=\"k\">Continue</a>";
        assert!(html.contains(href), "{html}");
        let refresh =
            "<noscript><meta http-equiv=\"refresh\" content=\"0;url=/a?b&amp;c\"></noscript>";
        assert!(html.contains(refresh), "{html}");
    }
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
