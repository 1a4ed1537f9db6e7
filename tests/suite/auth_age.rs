//! `max_auth_age`: people whose sign-in at the provider is too long ago sign in there anew.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::dev_idp::KIRSTEN;
use crate::support::{Harness, Response, Setup};

/// No condition takes longer to come true, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(120);

fn limited(age: &str) -> Harness {
    Setup {
        provider: format!("max_auth_age = \"{age}\""),
        ..Setup::default()
    }
    .start()
}

/// Whether each authorization request so far asked for a new sign-in.
fn prompts(chain: &Harness) -> Vec<bool> {
    let log = chain.idp().call("GET", "/log", &Value::Null);
    let entries = log["domain:authorize"].as_array().expect("a log");
    let has_prompt = |entry: &Value| {
        entry["query"]
            .as_array()
            .unwrap()
            .contains(&json!("prompt"))
    };
    entries.iter().map(has_prompt).collect()
}

fn is_login_page(chain: &Harness, page: &Response) -> bool {
    page.status == 200 && page.url.starts_with(&chain.idp().domain)
}

#[test]
fn a_sign_in_of_long_ago_is_repeated_once_with_the_password() {
    let chain = limited("10m");
    let mut browser = chain.browser();
    let password = chain.idp().password(KIRSTEN);
    // The pool remembers a sign-in of twenty minutes ago.
    chain.idp().set_clock(-1_200);
    let again = browser.sign_in("/a?b=c", KIRSTEN, password);
    assert!(is_login_page(&chain, &again), "{:?}", browser.trail);
    assert_eq!(prompts(&chain), [false, true]);
    assert!(!browser.has_session());
    // It does not hold out a page of its own for so long; so once more from the start.
    chain.idp().set_clock(0);
    let again = browser.arrive("/a?b=c");
    assert!(is_login_page(&chain, &again), "{:?}", browser.trail);
    assert_eq!(prompts(&chain), [false, true, false, true]);
    let page = browser.submit_login(&again, KIRSTEN, password);
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert_eq!(page.url, format!("{}/a?b=c", chain.origin));
    assert_eq!(chain.echo.last().header("X-Forwarded-Email"), Some(KIRSTEN));
    let told = browser.script("GET", "/_vestibule/session").json();
    let left = told["expires_in"].as_u64().expect("seconds");
    assert!(left <= 600, "{told}");
}

#[test]
fn a_provider_that_asks_nobody_anew_gets_a_page_and_no_loop() {
    let mut chain = limited("10m");
    let mut browser = chain.browser();
    let password = chain.idp().password(KIRSTEN).to_owned();
    let classic = json!({ "pool": chain.idp().pool, "login_pages": "classic" });
    chain.idp().call("POST", "/switches", &classic);
    chain.idp().set_clock(-1_200);
    let page = browser.sign_in("/wiki", KIRSTEN, &password);
    assert_eq!(page.status, 403, "{:?}", browser.trail);
    assert!(page.text().contains("too long ago"), "{}", page.text());
    assert_eq!(prompts(&chain), [false, true], "and no third time");
    assert!(!browser.has_session());
    assert_eq!(chain.echo.count(), 0);
    let line = chain.await_log(&[
        "\"login_failed\"",
        "\"auth_too_old\"",
        "\"remedy\":\"look at the provider",
    ]);
    let reference = line.split("\"reference\":\"").nth(1).expect("a reference");
    let reference = reference.split('"').next().unwrap();
    assert!(page.text().contains(reference), "{line}");
    // What the page offers helps.
    chain.idp().set_clock(0);
    let answer = browser.click_link(&page, "Sign out and sign in again");
    let signed_out = browser.finish(answer);
    assert!(
        signed_out.url.contains("/_vestibule/signed-out"),
        "{:?}",
        browser.trail
    );
    let page = browser.sign_in("/wiki", KIRSTEN, &password);
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert_eq!(page.url, format!("{}/wiki", chain.origin));
}

#[test]
fn a_session_ends_when_its_sign_in_gets_too_old() {
    let chain = limited("1m");
    let offset = |seconds: i64| {
        let path = format!("/clients/{}", chain.idp().client_id);
        let change = json!({ "clock_offset_seconds": seconds });
        chain.idp().call("PATCH", &path, &change);
    };
    // Signed in forty seconds ago.
    offset(-40);
    let mut browser = chain.signed_in(KIRSTEN);
    offset(0);
    let began = Instant::now();
    let answer = loop {
        let answer = browser.get("/page");
        if answer.status != 200 {
            break answer;
        }
        assert!(began.elapsed() < PATIENCE, "it goes on");
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(answer.status, 302, "{answer:?}");
    let refreshes = chain.idp().call("GET", "/counters/grants", &Value::Null);
    assert_eq!(refreshes["refresh_token"].as_u64().unwrap_or(0), 0);
    // The pool remembers the browser, and asks for the password all the same.
    let login = browser.finish(answer);
    assert!(is_login_page(&chain, &login), "{:?}", browser.trail);
    let page = browser.submit_login(&login, KIRSTEN, chain.idp().password(KIRSTEN));
    assert_eq!(page.status, 200, "{:?}", browser.trail);
}

#[test]
fn a_provider_that_does_not_say_when_gets_a_page_that_says_so() {
    let chain = limited("10m");
    for claim in [Value::Null, json!("yesterday")] {
        let fault = json!({
            "endpoint": "domain:token", "times": 1, "kind": "tamper-token",
            "claims": { "auth_time": claim },
        });
        chain.idp().call("POST", "/faults", &fault);
        let mut browser = chain.browser();
        let page = browser.sign_in("/", KIRSTEN, chain.idp().password(KIRSTEN));
        assert_eq!(page.status, 502, "{:?}", browser.trail);
        assert!(page.text().contains("does not say when"), "{}", page.text());
        assert!(!browser.has_session());
    }
    assert_eq!(prompts(&chain), [false, false]);
}

#[test]
fn another_provider_is_asked_by_max_age_and_has_to_answer() {
    let chain = Setup {
        third_party: true,
        provider: "max_auth_age = \"1h\"".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let login = browser.get("/_vestibule/login?rd=/docs");
    let asked = url::Url::parse(&login.location()).expect("a URL");
    let query: Vec<_> = asked.query_pairs().collect();
    assert!(
        query
            .iter()
            .any(|(name, value)| name == "max_age" && value == "3600")
    );
    assert!(!query.iter().any(|(name, _)| name == "prompt"));
    let page = super::third_party::sign_in(&mut browser, "/docs", "frida");
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    let told = browser.script("GET", "/_vestibule/session").json();
    let left = told["expires_in"].as_u64().expect("seconds");
    assert!((1..=3600).contains(&left), "{told}");
}
