//! Many tabs at once, and the back button, in a real chromium.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::webdriver::Chromium;
use crate::support::{Harness, Setup};

const TABS: usize = 10;
/// How long a page may take before the test is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Fills and sends the provider's form if it is empty.
const AGAIN: &str = "const [name, password] = arguments;\
    const field = document.querySelector('#username');\
    if (field && !field.value) {\
        field.value = name;\
        document.querySelector('#password').value = password;\
        document.querySelector('#signIn').click();\
    }";

/// A chain whose `/public/` needs no session.
fn chain() -> Harness {
    Setup {
        tables: "[[route]]\npath = \"/public/*\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    }
    .start()
}

/// A page of the app with this heading.
fn page(chain: &Harness, path: &str, heading: &str) -> String {
    format!(
        "{}{path}?html&body=%3Ch1%3E{heading}%3C/h1%3E",
        chain.origin
    )
}

#[tokio::test]
async fn ten_tabs_sign_in_at_once_and_each_lands_on_its_own_page() {
    let chain = chain();
    let chromium = Chromium::start().await;
    // The provider's page has a cookie of its own against forgery, one for all tabs: it is there
    // before they are, since tabs that got different ones would be refused by the provider.
    chromium.open(&page(&chain, "/before", "Before")).await;
    chromium.find("#signIn").await;
    let first = chromium.client.window().await.expect("the first tab");
    let pages: Vec<String> = (0..TABS)
        .map(|tab| page(&chain, &format!("/tab-{tab}"), &format!("Tab{tab}")))
        .collect();
    // All are opened by one script, none waits for another.
    let script = "arguments[0].forEach(page => window.open(page))";
    let opened = chromium.client.execute(script, vec![json!(pages)]).await;
    opened.expect("ten tabs");
    let mut tabs = chromium.client.windows().await.expect("the tabs");
    tabs.retain(|tab| *tab != first);
    assert_eq!(tabs.len(), TABS);

    // Each waits at the provider for the word of the first, which all of them hear.
    let wait = "const [name, password] = arguments;\
        document.querySelector('#username').value = name;\
        document.querySelector('#password').value = password;\
        new BroadcastChannel('go').onmessage = () => document.querySelector('#signIn').click()";
    for tab in &tabs {
        let there = chromium.client.switch_to_window(tab.clone()).await;
        there.expect("a tab");
        chromium.find("#signIn").await;
        let who = vec![json!(OLA), json!(chain.idp().password(OLA))];
        let waits = chromium.client.execute(wait, who).await;
        waits.expect("a tab that waits");
    }
    let go = "new BroadcastChannel('go').postMessage(1);\
        document.querySelector('#signIn').click()";
    let gone = chromium.client.execute(go, Vec::new()).await;
    gone.expect("the word");

    let mut landed = Vec::new();
    for tab in &tabs {
        let there = chromium.client.switch_to_window(tab.clone()).await;
        there.expect("a tab");
        let began = Instant::now();
        while !chromium.url().await.path().starts_with("/tab-") {
            assert!(began.elapsed() < PATIENCE, "at {}", chromium.url().await);
            // Who signs in ten times at once at the provider is forgotten there in between: a tab
            // whose login begins once more just then is asked again.
            let who = vec![json!(OLA), json!(chain.idp().password(OLA))];
            let _asked_again = chromium.client.execute(AGAIN, who).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let heading = chromium.text("h1").await;
        let number: usize = heading[3..].parse().expect("a number");
        let url = chromium.url().await;
        assert_eq!(url.as_str(), pages[number], "its own page");
        landed.push(number);
    }
    landed.sort_unstable();
    assert_eq!(landed, (0..TABS).collect::<Vec<_>>(), "each once");
    println!(
        "{} logins were begun",
        chain.idp().asked("domain:authorize")
    );
    chromium.close().await;
}

#[tokio::test]
async fn back_after_a_login_is_no_trap_and_signing_in_twice_is_no_error() {
    let mut chain = chain();
    let chromium = Chromium::start().await;
    let start = page(&chain, "/public/", "Start");
    chromium.open(&start).await;
    let wanted = page(&chain, "/page", "Wanted");
    chromium.open(&wanted).await;
    let password = chain.idp().password(KIRSTEN).to_owned();
    chromium.submit_login(KIRSTEN, &password).await;
    chromium.await_path("/page").await;

    // The provider's page is still there, with a login that is over.
    chromium.client.back().await.expect("back");
    chromium.await_path("/login").await;
    // The browser may have kept what was typed, too.
    for field in ["#username", "#password"] {
        let cleared = chromium.find(field).await.clear().await;
        cleared.expect("an empty field");
    }
    chromium.submit_login(KIRSTEN, &password).await;
    chromium.await_path("/page").await;
    assert_eq!(chromium.url().await.as_str(), wanted);
    assert_eq!(chromium.text("h1").await, "Wanted");
    chain.await_log(&["\"login_unknown\"", "\"already_signed_in\""]);
    assert_eq!(chain.idp().asked("domain:authorize"), 1, "no second login");

    // Before that page is what was there before: none of our own steps.
    for path in ["/login", "/public/"] {
        chromium.client.back().await.expect("back");
        chromium.await_path(path).await;
    }
    assert_eq!(chromium.url().await.as_str(), start);
    chromium.close().await;
}

#[tokio::test]
async fn back_after_a_logout_shows_nothing_of_ours_and_protected_pages_ask_anew() {
    let chain = chain();
    let chromium = Chromium::start().await;
    // A page whose app forbids to store it.
    let wanted = page(&chain, "/page", "Wanted") + "&h=Cache-Control:no-store";
    chromium.open(&wanted).await;
    chromium
        .submit_login(KIRSTEN, chain.idp().password(KIRSTEN))
        .await;
    chromium.await_path("/page").await;
    chromium
        .open(&format!("{}/_vestibule/whoami", chain.origin))
        .await;
    assert_eq!(chromium.text("h1").await, "Who you are here");
    chromium
        .open(&format!("{}/_vestibule/logout", chain.origin))
        .await;
    chromium.await_path("/_vestibule/signed-out").await;
    let asked = chain.idp().asked("domain:authorize");

    // The page of who one is, then the app's: each begins a login of its own.
    for step in 1..=2 {
        chromium.client.back().await.expect("back");
        let began = Instant::now();
        while chain.idp().asked("domain:authorize") < asked + step {
            assert!(began.elapsed() < PATIENCE, "at {}", chromium.url().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        chromium.await_path("/login").await;
        chromium.find("#signIn").await;
    }
    chromium.open(&wanted).await;
    chromium.find("#signIn").await;
    let mut seen = chain.echo.seen();
    seen.retain(|request| request.target().starts_with("/page"));
    assert_eq!(seen.len(), 1, "the app was not asked again");
    chromium.close().await;
}
