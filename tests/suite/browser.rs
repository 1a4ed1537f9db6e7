//! The whole way in a real chromium, in front of the demo's legacy app. Pictures are kept under
//! `target/screenshots/`.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::support::dev_idp::{KIRSTEN, NADIA, NADIA_BUTTON, OLA, OLA_OF_POOL2};
use crate::support::peers::{Peer, legacy_app, root};
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

    chromium.follow("a[href='/leave']").await;
    chromium.follow("#send").await;
    assert_eq!(chromium.text("#answer-to").await, KIRSTEN);
    chromium.screenshot("local-3-form").await;

    chromium
        .open(&format!("{}/_vestibule/whoami", chain.origin))
        .await;
    assert!(chromium.text("body").await.contains(KIRSTEN));
    chromium.screenshot("local-4-whoami").await;

    chromium.open(&chain.origin).await;
    chromium.follow("#sign-out").await;
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
    chromium.follow("#idp-entra").await;
    chromium.find(&format!("#{NADIA_BUTTON}")).await;
    chromium.screenshot("entra-1-picker").await;
    chromium.follow(&format!("#{NADIA_BUTTON}")).await;
    chromium.follow("#send").await;
    assert_eq!(
        chromium.text("#answer-to").await,
        NADIA,
        "back on the page that was asked for"
    );
    chromium.open(&chain.origin).await;
    assert_eq!(chromium.text("#email").await, NADIA);
    assert_eq!(chromium.text("#groups").await, "Editors,Staff,Admins");
    assert_eq!(chromium.text("#access-right").await, "Global Company");
    chromium.screenshot("entra-2-app").await;
    chromium.follow("a[href='/admin']").await;
    assert_eq!(chromium.text("#admin").await, "Administration");
    chromium.close().await;
}

#[tokio::test]
async fn the_demo_says_by_what_each_person_comes() {
    let (chain, _app) = demo();
    let ready = chain.dir.path().join("emulator.json");
    fs::write(&ready, json!({ "users": chain.idp().users() }).to_string()).expect("a file");
    let output = Command::new("python3")
        .arg(root().join("deploy/demo/welcome.py"))
        .arg(&ready)
        .output()
        .expect("Python");
    let said = String::from_utf8(output.stdout).expect("text");
    let (first, rest) = said
        .split_once("the button \"Continue with Pool2\"")
        .expect("the second pool's people");
    let (pool2, entra) = rest
        .split_once("the button \"Continue with entra\"")
        .expect("Entra's people");
    for (place, name, password) in [
        (first, KIRSTEN, true),
        (first, OLA, true),
        (pool2, OLA_OF_POOL2, true),
        (entra, "Nadia Berg", false),
    ] {
        let line = place.lines().find(|line| line.trim().starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name} is elsewhere: {said}"));
        if password {
            assert!(line.contains(chain.idp().password(name)), "{line}");
        }
    }

    // As it says: on the second pool's own page, where the first one's has nobody of that name.
    let chromium = Chromium::start().await;
    chromium.open(&chain.origin).await;
    chromium.follow("#idp-Pool2").await;
    chromium
        .submit_login(OLA_OF_POOL2, chain.idp().password(OLA_OF_POOL2))
        .await;
    assert_eq!(chromium.text("#email").await, OLA_OF_POOL2);
    assert_eq!(chromium.text("#groups").await, "Partners");
    chromium.close().await;
}

#[tokio::test]
async fn the_demo_shows_a_403_that_says_what_is_needed() {
    let (chain, _app) = demo();
    let chromium = Chromium::start().await;
    chromium.open(&format!("{}/admin", chain.origin)).await;
    chromium.find("#signIn").await;
    chromium
        .submit_login(KIRSTEN, chain.idp().password(KIRSTEN))
        .await;
    chromium.await_path("/admin").await;
    let page = chromium.text("body").await;
    assert!(page.contains("Admins") && page.contains(KIRSTEN), "{page}");
    chromium.screenshot("demo-forbidden").await;
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

/// The demo's app behind Vestibule, with what the demo's configuration says of people and of routes.
fn demo() -> (Harness, Peer) {
    let app = legacy_app();
    let shipped = fs::read_to_string(root().join("deploy/demo/vestibule.toml")).expect("the demo");
    let mut tables: toml::Table = shipped.parse().expect("TOML");
    tables.retain(|name, _| name == "identity" || name == "route");
    let chain = Setup {
        upstream: Some(app.url.clone()),
        provider: "api = { clients = [\"8machineclient00000000000ee\"] }".to_owned(),
        identity: table(&mut tables, "identity"),
        tables: tables.to_string(),
        ..Setup::default()
    }
    .start();
    (chain, app)
}

/// A table's keys as lines, taken out of the document.
fn table(document: &mut toml::Table, name: &str) -> String {
    let keys = document.remove(name);
    let keys = keys.as_ref().and_then(toml::Value::as_table);
    keys.expect("a table")
        .iter()
        .map(|(key, value)| format!("{key} = {value}\n"))
        .collect()
}
