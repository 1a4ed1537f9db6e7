//! The whole way in a real chromium, in front of the demo's legacy app. Pictures are kept under
//! `target/screenshots/`.

use crate::support::dev_idp::{KIRSTEN, NADIA, NADIA_BUTTON, OLA};
use crate::support::peers::{Peer, legacy_app};
use crate::support::webdriver::Chromium;
use crate::support::{Harness, Setup};

#[tokio::test]
async fn a_local_user_signs_in_sees_the_app_and_signs_out() {
    let (chain, _app) = demo();
    let chromium = Chromium::start().await;
    chromium.open(&chain.origin).await;
    chromium.find("#signIn").await;
    chromium.screenshot("local-1-login").await;
    chromium
        .submit_login(KIRSTEN, chain.idp().password(KIRSTEN))
        .await;

    assert_eq!(chromium.text("#greeting").await, "Good day, Kirsten Holm");
    assert_eq!(chromium.text("#name").await, "Kirsten Holm");
    assert_eq!(chromium.text("#email").await, KIRSTEN);
    assert_eq!(chromium.text("#groups").await, "Editors,Brand-Nordics");
    assert_eq!(chromium.text("#access-right").await, "Local Company");
    assert!(
        !chromium.text("#received").await.contains("vestibule="),
        "no cookie of ours in the app"
    );
    chromium.screenshot("local-2-app").await;

    chromium.click("a[href='/leave']").await;
    chromium.click("#send").await;
    assert_eq!(chromium.text("#answer-to").await, KIRSTEN);
    chromium.screenshot("local-3-form").await;

    chromium
        .open(&format!("{}/_vestibule/whoami", chain.origin))
        .await;
    assert!(chromium.text("body").await.contains(KIRSTEN));
    chromium.screenshot("local-4-whoami").await;

    chromium.open(&chain.origin).await;
    chromium.click("#sign-out").await;
    chromium.await_path("/_vestibule/signed-out").await;
    chromium.screenshot("local-5-signed-out").await;

    // The app is closed again, and the provider has forgotten the person.
    chromium.open(&chain.origin).await;
    chromium.find("#signIn").await;
    chromium.close().await;
}

#[tokio::test]
async fn an_entra_person_signs_in_through_the_button() {
    let (chain, _app) = demo();
    let chromium = Chromium::start().await;
    chromium.open(&format!("{}/leave", chain.origin)).await;
    chromium.click("#idp-entra").await;
    chromium.find(&format!("#{NADIA_BUTTON}")).await;
    chromium.screenshot("entra-1-picker").await;
    chromium.click(&format!("#{NADIA_BUTTON}")).await;
    chromium.click("#send").await;
    assert_eq!(
        chromium.text("#answer-to").await,
        NADIA,
        "back on the page that was asked for"
    );
    chromium.open(&chain.origin).await;
    assert_eq!(chromium.text("#email").await, NADIA);
    chromium.screenshot("entra-2-app").await;
    chromium.close().await;
}

#[tokio::test]
async fn two_tabs_sign_in_at_once_and_each_lands_on_its_own_page() {
    let (chain, _app) = demo();
    let chromium = Chromium::start().await;
    chromium.open(&format!("{}/?tab=one", chain.origin)).await;
    chromium.find("#signIn").await;
    let one = chromium.client.window().await.expect("the first tab");
    let two = chromium
        .client
        .new_window(true)
        .await
        .expect("a second tab")
        .handle;
    chromium
        .client
        .switch_to_window(two.clone())
        .await
        .expect("the second tab");
    chromium
        .open(&format!("{}/leave?tab=two", chain.origin))
        .await;
    chromium.find("#signIn").await;

    // The first tab finishes after the second has begun.
    chromium
        .client
        .switch_to_window(one)
        .await
        .expect("the first tab");
    chromium.submit_login(OLA, chain.idp().password(OLA)).await;
    chromium.find("#greeting").await;
    assert_eq!(
        chromium.url().await.as_str(),
        format!("{}/?tab=one", chain.origin)
    );
    chromium.screenshot("tabs-1-first").await;

    chromium
        .client
        .switch_to_window(two)
        .await
        .expect("the second tab");
    chromium.submit_login(OLA, chain.idp().password(OLA)).await;
    chromium.find("#send").await;
    assert_eq!(
        chromium.url().await.as_str(),
        format!("{}/leave?tab=two", chain.origin)
    );
    chromium.screenshot("tabs-2-second").await;
    chromium.close().await;
}

/// The demo's app behind Vestibule, with the demo's access right.
fn demo() -> (Harness, Peer) {
    let app = legacy_app();
    let chain = Setup {
        upstream: Some(app.url.clone()),
        identity: "access_right = \"custom:access_right\"".to_owned(),
        ..Setup::default()
    }
    .start();
    (chain, app)
}
