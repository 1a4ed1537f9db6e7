//! The same in a real chromium. Pictures are kept under `target/screenshots/`.

use serde_json::json;

use super::{HEADING, PAGE, flaws, go, page_that_redirects};
use crate::support::Harness;
use crate::support::dev_idp::KIRSTEN;
use crate::support::webdriver::Chromium;

#[tokio::test]
async fn a_browser_that_allows_no_cookies_gets_the_page_and_no_endless_redirect() {
    let mut chain = Harness::start();
    let chromium = Chromium::without_cookies_of(&chain.origin).await;
    chromium.open(&format!("{}{PAGE}", chain.origin)).await;
    chromium
        .submit_login(KIRSTEN, chain.idp().password(KIRSTEN))
        .await;
    chromium.await_path("/_vestibule/callback").await;
    assert_eq!(chromium.text("h1").await, HEADING);
    let told = chromium.text("main").await;
    assert!(told.contains("Allow cookies for this site"), "{told}");
    chain.await_log(&["\"login_failed\"", "\"login_cookie_lost\""]);
    assert_eq!(chain.idp().asked("domain:authorize"), 3);
    chromium.screenshots("circles-1-no-cookies").await;
    chromium.close().await;
}

#[tokio::test]
async fn an_app_that_redirects_into_the_login_is_stopped_in_a_real_browser() {
    let chain = Harness::start();
    let chromium = Chromium::start().await;
    let page = page_that_redirects();
    chromium.open(&format!("{}{page}", chain.origin)).await;
    chromium
        .submit_login(KIRSTEN, chain.idp().password(KIRSTEN))
        .await;
    chromium.await_path("/_vestibule/login").await;
    assert_eq!(chromium.text("h1").await, HEADING);
    assert_eq!(chain.idp().asked("domain:authorize"), 3);
    chromium.screenshots("circles-2-app").await;
    chromium.close().await;
}

#[tokio::test]
async fn the_page_of_each_cause_is_shown_in_a_real_browser() {
    let chromium = Chromium::start().await;
    for (name, flaw, _, says) in flaws() {
        let chain = Harness::start();
        let mut browser = chain.browser();
        let stuck = go(&chain, &mut browser, flaw);
        // The real browser asks once more what the other one asked last.
        let public = format!("{}/_vestibule/signed-out", chain.origin);
        chromium.open(&public).await;
        let gone = chromium.client.delete_all_cookies().await;
        gone.expect("no cookies");
        for cookie in stuck
            .cookies
            .split("; ")
            .filter(|cookie| !cookie.is_empty())
        {
            let set = "document.cookie = arguments[0] + '; path=/'";
            let set = chromium.client.execute(set, vec![json!(cookie)]).await;
            set.expect("a cookie");
        }
        chromium.open(&stuck.page.url).await;
        assert_eq!(chromium.text("h1").await, HEADING, "{name}");
        assert!(chromium.text("main").await.contains(says), "{name}");
        chromium.screenshots(&format!("circles-3-{name}")).await;
    }
    let chain = Harness::start();
    chain.idp().set_clock(7_200);
    chromium.open(&format!("{}{PAGE}", chain.origin)).await;
    chromium
        .submit_login(KIRSTEN, chain.idp().password(KIRSTEN))
        .await;
    chromium.await_path("/_vestibule/callback").await;
    let told = chromium.text("main").await;
    assert!(told.contains("differ too much"), "{told}");
    chromium.screenshots("circles-4-clocks").await;
    chromium.close().await;
}
