//! The page on which people choose, without a script and in a real chromium.

use super::{CORPS, setup};
use crate::support::Setup;
use crate::support::browser::onward;
use crate::support::dev_idp::{KIRSTEN, OLA_OF_POOL2};
use crate::support::webdriver::Chromium;

#[test]
fn the_chooser_goes_on_without_a_script() {
    let chain = setup().start();
    let mut browser = chain.browser();
    let page = browser.arrive("/docs?a=b");
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert!(onward(&page).is_none());
    let html = page.html();
    assert!(html.contains("Sign in with Partner Ltd."), "{html}");
    let login = browser.click_link(&page, "Sign in with Partner Ltd.");
    let login = browser.finish(login);
    let landed = browser.submit_login(&login, OLA_OF_POOL2, chain.idp().password(OLA_OF_POOL2));
    assert_eq!(
        landed.url,
        format!("{}/docs?a=b", chain.origin),
        "{:?}",
        browser.trail
    );
    // By the address, the other way.
    let mut browser = chain.browser();
    let page = browser.arrive("/docs?a=b");
    let login = browser.click(&page, None, &[("email", KIRSTEN)]);
    let login = browser.finish(login);
    let landed = browser.submit_login(&login, KIRSTEN, chain.idp().password(KIRSTEN));
    assert_eq!(
        landed.url,
        format!("{}/docs?a=b", chain.origin),
        "{:?}",
        browser.trail
    );
}

#[tokio::test]
async fn people_choose_in_a_real_browser_and_the_choice_is_remembered() {
    let chain = Setup {
        several: true,
        provider: format!("{CORPS}display_name = \"Example\"\n"),
        ..Setup::default()
    }
    .start();
    let chromium = Chromium::start().await;
    let wanted = format!(
        "{}/deep/page?html&body=%3Ch1%3EHere%3C/h1%3E#part-2",
        chain.origin
    );
    chromium.open(&wanted).await;
    let first = chromium.text(".choice .action").await;
    assert_eq!(first, "Sign in with Example");
    chromium.screenshots("chooser").await;

    // The browser itself keeps back what is no address.
    chromium.fill("#asked", "not-an-address").await;
    chromium.click(".ask button").await;
    let query = chromium.url().await.query().unwrap_or("").to_owned();
    assert!(!query.contains("email="), "{query}");

    // By the partner's address, with the fragment.
    chromium.open("about:blank").await;
    chromium.open(&wanted).await;
    chromium.fill("#asked", OLA_OF_POOL2).await;
    chromium.click(".ask button").await;
    chromium
        .sign_in_to(
            "/deep/page",
            OLA_OF_POOL2,
            chain.idp().password(OLA_OF_POOL2),
        )
        .await;
    assert_eq!(chromium.text("h1").await, "Here");
    assert_eq!(chromium.url().await.fragment(), Some("part-2"));

    // The next time it is the first, and still asked for.
    chromium
        .open(&format!("{}/_vestibule/login", chain.origin))
        .await;
    let first = chromium.text(".choice .action").await;
    assert_eq!(first, "Sign in with Partner Ltd.");
    chromium.screenshots("chooser-remembered").await;
    chromium.close().await;
}
