//! Every page of ours under the rules of axe-core, in a real chromium: in English and German, light and dark, on a
//! phone and on a desk. Pictures are kept under `target/screenshots/`.
//!
//! The pages are what a process answers, byte for byte; only how they come into the browser is short: one that is
//! hard to lead a browser to, or that leads on by itself, would not stand still to be looked at.

use std::fs;

use serde_json::{Value, json};

use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::root;
use crate::support::webdriver::Chromium;
use crate::support::{Browser, Harness, Response, Setup};

const LANGUAGES: [&str; 2] = ["en", "de"];
/// What axe-core calls what keeps people from using a page.
const IMPACTS: [&str; 2] = ["serious", "critical"];

/// A page as it was answered, by a name for its pictures.
struct Shown {
    name: &'static str,
    page: Response,
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_page() {
    let pages = all_pages();
    let source = root().join("tests/support/axe/node_modules/axe-core/axe.min.js");
    let axe = fs::read_to_string(&source).expect("axe-core; scripts/setup test installs it");
    let dir = tempfile::tempdir().expect("a directory");
    let chromium = Chromium::start().await;
    let mut found = Vec::new();
    for (language, Shown { name, page }) in &pages {
        let file = dir.path().join(format!("{name}-{language}.html"));
        fs::write(&file, stands_still(&page.text())).expect("the page's file");
        chromium.open(&format!("file://{}", file.display())).await;
        for (width, scheme) in [
            (360, "light"),
            (360, "dark"),
            (1280, "light"),
            (1280, "dark"),
        ] {
            chromium.looks_like(width, scheme).await;
            chromium
                .screenshot(&format!("page-{name}-{language}-{width}-{scheme}"))
                .await;
            let report = chromium.run(&format!("{axe}\n{RUN}")).await;
            for violation in violations(&report) {
                found.push(format!("{name} {language} {width} {scheme}: {violation}"));
            }
            // Nothing has to be scrolled sideways (WCAG 1.4.10).
            let wider = "return document.documentElement.scrollWidth > window.innerWidth";
            if chromium.run(wider).await == json!(true) {
                found.push(format!("{name} {language} {width}: wider than the window"));
            }
        }
    }
    // The rules do find something where there is something to find.
    let file = dir.path().join("bad.html");
    let bad = "<!doctype html><title>x</title><p style='color:#ccc'>faint <a href=/></a>";
    fs::write(&file, bad).expect("the page's file");
    chromium.open(&format!("file://{}", file.display())).await;
    let report = chromium.run(&format!("{axe}\n{RUN}")).await;
    assert!(violations(&report).len() >= 3, "{report}");
    chromium.close().await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn the_keyboard_reaches_everything_in_the_order_in_which_it_stands() {
    let chain = several().start();
    let chromium = Chromium::start().await;
    chromium
        .open(&format!("{}/_vestibule/login?fragment=none", chain.origin))
        .await;
    chromium.find(".choice a").await;
    let next = "return (()=>{const e=document.activeElement,s=getComputedStyle(e);\
                return [e.tagName+' '+(e.textContent||e.name),s.outlineStyle,parseFloat(s.outlineWidth)]})()";
    let all = chromium
        .run("return [...document.querySelectorAll('a,button,input:not([type=hidden])')].map(e=>e.tagName+' '+(e.textContent||e.name))")
        .await;
    let all = all.as_array().expect("a list").clone();
    assert!(all.len() >= 4, "{all:?}");
    for expected in all {
        chromium.press_tab().await;
        let focused = chromium.run(next).await;
        assert_eq!(focused[0], expected);
        assert_eq!(focused[1], "solid", "the focus is seen: {focused}");
        assert!(focused[2].as_f64() >= Some(2.0), "{focused}");
    }
    chromium.close().await;
}

#[tokio::test]
async fn a_browser_gets_its_own_language() {
    let chain = Harness::start();
    for (tag, heading) in [
        ("de-AT", "Sie sind abgemeldet"),
        ("fr", "Vous êtes déconnecté"),
        ("es-MX", "La sesión está cerrada"),
        ("da", "Du er logget ud"),
        ("nl", "You are signed out"),
    ] {
        let chromium = Chromium::speaking(tag).await;
        chromium
            .open(&format!("{}/_vestibule/signed-out", chain.origin))
            .await;
        assert_eq!(chromium.text("h1").await, heading, "{tag}");
        let lang = chromium.run("return document.documentElement.lang").await;
        assert_eq!(lang, if tag == "nl" { "en" } else { &tag[..2] });
        chromium.close().await;
    }
}

/// Each page in each language.
fn all_pages() -> Vec<(&'static str, Shown)> {
    let chain = Setup {
        tables:
            "[[route]]\npath = \"/admin/*\"\naccess = { groups = [\"Admins\", \"Operations\"] }\n\
                 [[route]]\npath = \"/closed\"\naccess = \"nobody\"\n"
                .to_owned(),
        ..Setup::default()
    }
    .start();
    let choosing = several().start();
    let mut person = chain.signed_in(KIRSTEN);
    let mut pages = Vec::new();
    for language in LANGUAGES {
        let mut stranger = chain.browser();
        let mut add = |name, page: Response| {
            assert!(
                page.text().contains("<!doctype html>"),
                "{name}: {}",
                page.text()
            );
            let lang = format!("<html lang=\"{language}\">");
            assert!(page.text().contains(&lang), "{name}: {}", page.text());
            pages.push((language, Shown { name, page }));
        };
        add(
            "chooser",
            ask(
                &mut choosing.browser(),
                language,
                "/_vestibule/login?fragment=none",
            ),
        );
        let unknown = "/_vestibule/login?fragment=none&email=nobody";
        add(
            "chooser-unknown",
            ask(&mut choosing.browser(), language, unknown),
        );
        add(
            "login-failed",
            ask(
                &mut stranger,
                language,
                "/_vestibule/callback?error=access_denied",
            ),
        );
        add(
            "no-state",
            ask(
                &mut stranger,
                language,
                "/_vestibule/callback?code=a&state=b",
            ),
        );
        add(
            "not-found",
            ask(&mut stranger, language, "/_vestibule/no-such"),
        );
        add(
            "signed-out",
            ask(&mut stranger, language, "/_vestibule/signed-out"),
        );
        add(
            "logout",
            ask_from(&mut stranger, language, "/_vestibule/logout", "cross-site"),
        );
        add("forbidden", ask(&mut person, language, "/admin/x"));
        add("closed", ask(&mut person, language, "/closed"));
        add("whoami", ask(&mut person, language, "/_vestibule/whoami"));
        add(
            "nothing-sent",
            ask(&mut person, language, "/_vestibule/resume"),
        );
        let headers = [("Accept", "text/html"), ("Accept-Language", language)];
        add(
            "session-ended",
            stranger.send("POST", "/form", &headers, b"a=b"),
        );
        add(
            "method",
            person.send("POST", "/_vestibule/whoami", &headers, b"a=b"),
        );
        let frame = [
            headers[0],
            headers[1],
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "iframe"),
        ];
        add("frame", stranger.send("GET", "/page", &frame, b""));
        let elsewhere = format!(
            "GET / HTTP/1.1\r\nHost: other.example\r\nAccept: text/html\r\nAccept-Language: {language}\r\n\r\n"
        );
        add("unknown-address", chain.raw(&elsewhere));
        add("circles", circles(&chain, language));
    }
    pages
}

/// Three providers.
fn several() -> Setup {
    Setup {
        several: true,
        provider: "email_domains = [\"example.org\", \"example.com\"]\n".to_owned(),
        ..Setup::default()
    }
}

fn ask(browser: &mut Browser, language: &str, path: &str) -> Response {
    ask_from(browser, language, path, "none")
}

fn ask_from(browser: &mut Browser, language: &str, path: &str, site: &str) -> Response {
    let headers = [
        ("Accept", "text/html"),
        ("Accept-Language", language),
        ("Sec-Fetch-Site", site),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
    ];
    browser.send("GET", path, &headers, b"")
}

/// A browser that keeps no cookie, until somebody says so.
fn circles(chain: &Harness, language: &str) -> Response {
    let headers = [("Accept", "text/html"), ("Accept-Language", language)];
    let mut browser = chain.browser();
    let mut page = browser.send("GET", "/page", &headers, b"");
    for _ in 0..40 {
        browser.lose(|name| name.starts_with("vestibule"));
        if page.status != 302 {
            if page.text().contains("id=\"signIn\"") {
                let fields = [
                    ("username", KIRSTEN),
                    ("password", chain.idp().password(KIRSTEN)),
                ];
                page = browser.click(&page, Some("signIn"), &fields);
                continue;
            }
            return page;
        }
        page = browser.send("GET", &page.location(), &headers, b"");
    }
    panic!("redirected without end: {:?}", browser.trail);
}

/// The page without what makes it go on, and with the parts shown that a script shows.
fn stands_still(html: &str) -> String {
    let mut still = html.replace(" hidden>", ">");
    while let (Some(start), Some(end)) = (still.find("<script>"), still.find("</script>")) {
        still.replace_range(start..end + "</script>".len(), "");
    }
    still
}

/// Runs the rules of WCAG and what axe-core knows to be good besides.
const RUN: &str = "return axe.run(document,{resultTypes:['violations']}).then(r=>r.violations\
    .map(v=>({id:v.id,impact:v.impact,nodes:v.nodes.map(n=>n.html+' '+n.failureSummary)})))";

fn violations(report: &Value) -> Vec<String> {
    let all = report.as_array().expect("a list of violations");
    let serious = all.iter().filter(|violation| {
        let impact = violation["impact"].as_str().unwrap_or_default();
        IMPACTS.contains(&impact)
    });
    serious.map(Value::to_string).collect()
}
