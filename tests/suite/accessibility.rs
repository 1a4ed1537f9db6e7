//! Every page of ours under the rules of axe-core, in a real chromium: on a phone in all languages, in English and
//! German also in the dark and on a desk, and some in a look of somebody's own. Pictures are kept under
//! `target/screenshots/`.
//!
//! The pages are what a process answers, with the headers that it sends; only how they come into the browser is
//! short: one that is hard to lead a browser to, or that leads on by itself, would not stand still to be looked at.

mod pages;
mod served;

use std::fs;

use serde_json::{Value, json};

use crate::support::peers::root;
use crate::support::webdriver::Chromium;
use crate::support::{Harness, Response, Setup};

use served::{BAD, Served};

/// What axe-core calls what keeps people from using a page.
const IMPACTS: [&str; 2] = ["serious", "critical"];

/// How somebody looks at a page: the window's width, and light or dark.
type Sight = (u32, &'static str);

/// On a phone and on a desk, by day and by night.
const SIGHTS: [Sight; 4] = [
    (360, "light"),
    (360, "dark"),
    (1280, "light"),
    (1280, "dark"),
];

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_page() {
    let mut looks = Vec::new();
    for shown in pages::all() {
        // Words differ in length, which matters where there is little room; colours do not.
        let sights = match shown.language {
            "en" | "de" => &SIGHTS[..],
            _ => &SIGHTS[..1],
        };
        looks.push((
            format!("{}-{}", shown.name, shown.language),
            shown.page,
            sights,
        ));
    }
    for shown in pages::in_own_look() {
        let name = format!("own-{}", shown.name);
        looks.push((name, shown.page, &SIGHTS[1..3]));
    }
    let served = Served::start(looks.iter().map(|(name, page, _)| (name.as_str(), page)));
    let halves = looks.split_at(looks.len() / 2);
    let (one, other) = tokio::join!(look_at(&served, halves.0), look_at(&served, halves.1));
    let found = [one, other].concat();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What is wrong with these pages, in a chromium of their own.
async fn look_at(served: &Served, looks: &[(String, Response, &[Sight])]) -> Vec<String> {
    let source = root().join("tests/support/axe/node_modules/axe-core/axe.min.js");
    let axe = fs::read_to_string(&source).expect("axe-core; scripts/setup test installs it");
    let chromium = Chromium::start().await;
    let mut found = Vec::new();
    for (name, _, sights) in looks {
        chromium.open(&served.url(name)).await;
        chromium.run(&axe).await;
        // The policy that came with the page lets its style sheet and its pictures be.
        if chromium.run(IS_DRESSED).await != json!(true) {
            found.push(format!("{name}: comes without its style sheet or its logo"));
        }
        for (width, scheme) in *sights {
            chromium.looks_like(*width, scheme).await;
            chromium
                .screenshot(&format!("page-{name}-{width}-{scheme}"))
                .await;
            for violation in violations(&chromium.run(RUN).await) {
                found.push(format!("{name} {width} {scheme}: {violation}"));
            }
            // Nothing has to be scrolled sideways (WCAG 1.4.10).
            let wider = "return document.documentElement.scrollWidth > window.innerWidth";
            if chromium.run(wider).await == json!(true) {
                found.push(format!("{name} {width}: wider than the window"));
            }
        }
    }
    // The rules do find something where there is something to find.
    chromium.open(&served.url(BAD)).await;
    let report = chromium.run(&format!("{axe}\n{RUN}")).await;
    assert!(violations(&report).len() >= 3, "{report}");
    assert_eq!(chromium.run(IS_DRESSED).await, json!(false));
    chromium.close().await;
    found
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

/// Runs the rules of WCAG and what axe-core knows to be good besides.
const RUN: &str = "return axe.run(document,{resultTypes:['violations']}).then(r=>r.violations\
    .map(v=>({id:v.id,impact:v.impact,nodes:v.nodes.map(n=>n.html+' '+n.failureSummary)})))";

/// Whether the page has its style sheet, which browsers leave out where the policy does not name it, and each picture.
const IS_DRESSED: &str = "return document.styleSheets.length===1&&\
    [...document.images].every(i=>i.complete&&i.naturalWidth>0)";

fn violations(report: &Value) -> Vec<String> {
    let all = report.as_array().expect("a list of violations");
    let serious = all.iter().filter(|violation| {
        let impact = violation["impact"].as_str().unwrap_or_default();
        IMPACTS.contains(&impact)
    });
    serious.map(Value::to_string).collect()
}
