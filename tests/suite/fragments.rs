//! The URL's fragment comes back after the login, though no server ever sees it.

use crate::support::browser::onward;
use crate::support::dev_idp::KIRSTEN;
use crate::support::webdriver::Chromium;
use crate::support::{Harness, Response};

/// A page of the app.
const PAGE: &str = "/deep/page?html&body=%3Ch1%3EHere%3C/h1%3E";

/// How a browser opens a page of its own.
const OPENS: [(&str, &str); 4] = [
    ("Accept", "text/html"),
    ("Sec-Fetch-Site", "none"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
];

async fn sign_in(chain: &Harness, chromium: &Chromium) {
    chromium
        .sign_in_to("/deep/page", KIRSTEN, chain.idp().password(KIRSTEN))
        .await;
    assert_eq!(chromium.text("h1").await, "Here");
}

/// What of ours is left in the tab.
async fn left_in_tab(chromium: &Chromium) -> String {
    let keys = chromium
        .client
        .execute("return Object.keys(sessionStorage).join()", Vec::new());
    let keys = keys.await.expect("a script of the test");
    keys.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_fragment_of_the_first_request_comes_back_in_a_real_browser() {
    let chain = Harness::start();
    let chromium = Chromium::start().await;
    let wanted = format!("{}{PAGE}#part-2?x=/y&z=%C3%A9", chain.origin);
    chromium.open(&wanted).await;
    chromium.find("#signIn").await;
    let url = chromium.url().await;
    assert_eq!(url.fragment(), None, "the provider has it not: {url}");
    sign_in(&chain, &chromium).await;
    assert_eq!(chromium.url().await.as_str(), wanted);
    assert_eq!(left_in_tab(&chromium).await, "", "nothing is left behind");
    for seen in chain.echo.seen() {
        assert!(!seen.head.contains("part-2"), "{}", seen.head);
    }
    chromium.close().await;
}

#[tokio::test]
async fn each_login_of_a_tab_has_its_own_fragment_and_back_is_no_trap() {
    let chain = Harness::start();
    let chromium = Chromium::start().await;
    let before = format!("{}/_vestibule/signed-out", chain.origin);
    chromium.open(&before).await;
    chromium
        .open(&format!("{}{PAGE}#first", chain.origin))
        .await;
    chromium.find("#signIn").await;
    // Back from the provider's page leads to where the person came from.
    chromium.client.back().await.expect("back");
    chromium.await_path("/_vestibule/signed-out").await;
    let second = format!("{}{PAGE}#second", chain.origin);
    chromium.open(&second).await;
    chromium.find("#signIn").await;
    sign_in(&chain, &chromium).await;
    assert_eq!(chromium.url().await.as_str(), second);

    // Without one, and with one too long: the page alone.
    for fragment in [String::new(), format!("#{}", "x".repeat(513))] {
        chromium
            .client
            .delete_all_cookies()
            .await
            .expect("no cookies");
        chromium.open("about:blank").await;
        chromium
            .open(&format!("{}{PAGE}{fragment}", chain.origin))
            .await;
        sign_in(&chain, &chromium).await;
        let url = chromium.url().await;
        assert_eq!(url.as_str(), format!("{}{PAGE}", chain.origin));
    }
    chromium.close().await;
}

#[tokio::test]
async fn a_link_to_the_login_keeps_a_fragment_too() {
    let chain = Harness::start();
    let chromium = Chromium::start().await;
    let rd: String = url::form_urlencoded::byte_serialize(PAGE.as_bytes()).collect();
    let link = format!("{}/_vestibule/login/corp?rd={rd}#linked", chain.origin);
    chromium.open(&link).await;
    chromium.find("#signIn").await;
    sign_in(&chain, &chromium).await;
    let landed = format!("{}{PAGE}#linked", chain.origin);
    assert_eq!(chromium.url().await.as_str(), landed);
    chromium.close().await;
}

#[test]
fn the_page_before_the_login_is_for_browsers_that_open_a_page() {
    let chain = Harness::start();
    let login = "/_vestibule/login?rd=%2Fdeep";
    let ask = |headers: &[(&str, &str)]| chain.browser().send("GET", login, headers, b"");
    let page = ask(&OPENS);
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.header("set-cookie"), None, "no login has begun");
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    assert!(page.text().contains("Signing you in"));
    // Without a script: by the page's own word.
    let next = onward(&page).expect("a way on");
    let begun: Response = chain.browser().send("GET", &next, &OPENS, b"");
    assert_eq!(begun.status, 302, "{begun:?}");
    assert!(begun.location().starts_with(&chain.idp().domain));

    // Everyone else goes on at once, and the app's own path never shows a page.
    let everyone_else: [&[(&str, &str)]; 3] = [
        &[("Accept", "text/html")],
        &[("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")],
        &[("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")],
    ];
    for headers in everyone_else {
        assert_eq!(ask(headers).status, 302, "{headers:?}");
    }
    let app = chain.browser().send("GET", "/deep", &OPENS, b"");
    assert_eq!(app.status, 302);
    assert!(app.location().contains("/_vestibule/login?rd="));
}
