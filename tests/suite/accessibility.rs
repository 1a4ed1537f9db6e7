//! Every page of ours under the rules of axe-core, in a real chromium: in English and German, light and dark, on a
//! phone and on a desk. Pictures are kept under `target/screenshots/`.
//!
//! The pages are what a process answers, byte for byte; only how they come into the browser is short: one that is
//! hard to lead a browser to, or that leads on by itself, would not stand still to be looked at.

mod pages;

use std::fs;

use serde_json::{Value, json};

use crate::support::peers::root;
use crate::support::webdriver::Chromium;
use crate::support::{Harness, Setup};

use pages::Shown;

/// What axe-core calls what keeps people from using a page.
const IMPACTS: [&str; 2] = ["serious", "critical"];

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_page() {
    let pages = pages::all();
    let source = root().join("tests/support/axe/node_modules/axe-core/axe.min.js");
    let axe = fs::read_to_string(&source).expect("axe-core; scripts/setup test installs it");
    let dir = tempfile::tempdir().expect("a directory");
    let chromium = Chromium::start().await;
    let mut found = Vec::new();
    for Shown {
        name,
        language,
        page,
    } in &pages
    {
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

/// Three providers.
fn several() -> Setup {
    Setup {
        several: true,
        provider: "email_domains = [\"example.org\", \"example.com\"]\n".to_owned(),
        ..Setup::default()
    }
}

/// The page without what makes it go on.
fn stands_still(html: &str) -> String {
    let mut still = html.to_owned();
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
