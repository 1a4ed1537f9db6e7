//! Our own pages: everything escaped, nothing foreign.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::gate::page::{Ask, Language, Look, Page, Resending, Script, Word};

const EVIL: &str = "<script>alert(1)</script>\"'&\u{0}\u{1b}";
const HARMLESS: &str = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\u{fffd}\u{fffd}";

#[test]
fn everything_is_escaped_everywhere_in_every_language() {
    let evil = || EVIL.to_owned();
    let said = || Word::ChooserButton {
        provider: EVIL.to_owned().into(),
    };
    for language in Language::ALL {
        let html = Page::new(said())
            .text(evil())
            .row(evil(), evil())
            .section(said(), vec![(evil().into(), evil().into())])
            .link(EVIL, said())
            .top_link(EVIL, said())
            .choice(EVIL, said(), true)
            .post(EVIL, said())
            .onward(Script::KeepFragment, EVIL, vec![("key", evil())])
            .detail(said(), evil())
            .ask(Ask {
                action: evil(),
                carried: vec![(evil(), evil())],
                name: "email",
                label: said(),
                value: Some(evil()),
                problem: Some(said()),
                button: said(),
            })
            .at_first(
                "x",
                Page::default().text(evil()).resending(Resending {
                    action: evil(),
                    enctype: "text/plain",
                }),
            )
            .below(said(), Page::default().text(evil()).row(evil(), said()))
            .render(Look::built_in(), language);
        // The one script is ours.
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert!(!html.contains(['\u{0}', '\u{1b}']));
        // Title and heading, a paragraph, the section with its row, six pairs, the form's seven,
        // the part that is shown at first, the way onward: twice, with its data, and the part
        // below with its heading.
        let count = 2 + 1 + 3 + 2 * 6 + 7 + 2 + 3 + 4;
        assert_eq!(html.matches(HARMLESS).count(), count, "{html}");
        let opening = format!("<!doctype html>\n<html lang=\"{}\">", language.tag());
        assert!(html.starts_with(&opening), "{html}");
    }
}

#[test]
fn a_page_needs_nothing_foreign() {
    let html = Page::new(Word::LogoutTitle)
        .text("p".to_owned())
        .post("/_vestibule/logout", Word::Continue)
        .render(Look::built_in(), Language::English);
    for forbidden in [
        "http:", "https:", "src=", "<script", "<link", "<img", "@import", "url(", "style=\"",
        " onclick", "<iframe",
    ] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert_eq!(html.matches("<h1>Sign out?</h1>").count(), 1);
    assert_eq!(html.matches("<title>Sign out?</title>").count(), 1);
}

#[test]
fn the_policy_allows_the_one_style_sheet_and_nothing_else() {
    let html = Page::new(Word::LogoutTitle).render(Look::built_in(), Language::English);
    let style = html
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    let hash = STANDARD.encode(Sha256::digest(style));
    let policy = Page::new(Word::LogoutTitle).policy(Look::built_in());
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
        let page =
            Page::new(Word::LogoutTitle).onward(script, "/a?b&c", vec![("key", "k".to_owned())]);
        let html = page.render(Look::built_in(), Language::English);
        let inline = html.split("<script>").nth(1).unwrap();
        let inline = inline.split("</script>").next().unwrap();
        assert_eq!(inline, script.source());
        let hash = STANDARD.encode(Sha256::digest(inline));
        let policy = page.policy(Look::built_in());
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
    let html = Page::new(Word::LogoutTitle)
        .link("/_vestibule/login?rd=%2F&x=1", Word::SignIn)
        .top_link("/a", Word::TryAgain)
        .post("/_vestibule/logout", Word::SignOut)
        .render(Look::built_in(), Language::English);
    assert!(html.contains("href=\"/_vestibule/login?rd=%2F&amp;x=1\">Sign in</a>"));
    assert!(html.contains("href=\"/a\" target=\"_top\">Try again</a>"));
    assert_eq!(html.matches("target=").count(), 1);
    assert!(html.contains("<form method=\"post\" action=\"/_vestibule/logout\"><button"));
}
