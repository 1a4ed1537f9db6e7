//! Rows of cognito.md 1.6 that end at the provider: the page that a person sees is not ours.

use std::fs;

use serde_json::json;

use super::{end_by, logins};
use crate::suite::login::query_of;
use crate::support::dev_idp::KIRSTEN;
use crate::support::{Browser, Harness, Response, Setup};

/// The lines of the log with this outcome.
fn lines_with(chain: &Harness, outcome: &str) -> usize {
    let log = fs::read_to_string(&chain.vestibule.stdout).expect("the log");
    let outcome = format!("\"outcome\":\"{outcome}\"");
    log.lines().filter(|line| line.contains(&outcome)).count()
}

/// A page of the provider's own, with what docs/troubleshooting.md is read for.
fn assert_ends_there(chain: &Harness, browser: &Browser, page: &Response, text: &str) {
    let at = format!("{}/error?", chain.idp().domain);
    assert!(page.url.starts_with(&at), "{text}: {:?}", browser.trail);
    assert_eq!(page.status, 400, "{text}");
    assert!(page.html().contains(text), "{text}: {}", page.html());
    // Of ours nothing is on it, and nothing leads into a circle.
    assert!(!page.html().contains(&chain.origin), "{}", page.html());
    assert!(!browser.has_session());
}

#[test]
fn rows_that_end_at_the_provider_come_back_to_nothing() {
    let mut chain = Harness::start();
    let mut started = 0;
    for (row, text) in [
        ("redirect-mismatch", "redirect_mismatch"),
        ("parameters-missing", "Required parameters missing"),
        ("option-not-available", "Login option is not available"),
        ("no-branding", "Login pages unavailable"),
        (
            "saml-acs",
            "An error was encountered with the requested page",
        ),
        ("too-late", "Something went wrong"),
    ] {
        end_by(&chain, row, 1);
        let mut browser = chain.browser();
        let page = browser.arrive("/page");
        assert_ends_there(&chain, &browser, &page, text);
        assert_eq!(logins(&browser), 1, "{row}");
        // Where the cause is gone, whoever begins anew from the application gets on.
        let login = browser.arrive("/page");
        assert!(login.url.contains("/login?"), "{row}: {:?}", browser.trail);
        started += 2;
    }
    assert_eq!(chain.idp().asked("domain:token"), 0);
    assert_eq!(chain.echo.count(), 0);
    chain.await_log_times("\"outcome\":\"login_started\"", started);
    assert_eq!(lines_with(&chain, "login_started"), started);
    assert_eq!(lines_with(&chain, "login_failed"), 0);
}

#[test]
fn a_port_that_need_not_be_said_is_never_sent_and_one_that_is_registered_ends_there() {
    let chain = Setup {
        public_url: Some("https://wiki.example.com:443".to_owned()),
        ..Setup::default()
    }
    .start();
    let login = chain.raw("GET /_vestibule/login HTTP/1.1\r\nHost: wiki.example.com\r\n\r\n");
    let login = login.header("Location").expect("the login").to_owned();
    let sent = "https://wiki.example.com/_vestibule/callback";
    assert_eq!(query_of(&login)["redirect_uri"], sent);
    let client = format!("/clients/{}", chain.idp().client_id);
    let with_port = sent.replace(".com/", ".com:443/");
    for (registered, is_good) in [(sent, true), (&with_port, false)] {
        let change = json!({ "callbacks": [registered] });
        chain.idp().call("PATCH", &client, &change);
        let mut browser = chain.browser();
        let page = browser.arrive(&login);
        match is_good {
            true => assert!(page.url.contains("/login?"), "{:?}", browser.trail),
            false => assert_ends_there(&chain, &browser, &page, "redirect_mismatch"),
        }
    }
}

#[test]
fn a_sign_out_that_is_not_registered_ends_at_the_provider_and_here_all_the_same() {
    let chain = Harness::start();
    let client = format!("/clients/{}", chain.idp().client_id);
    let mut browser = chain.signed_in(KIRSTEN);
    chain
        .idp()
        .call("PATCH", &client, &json!({ "signouts": [] }));
    let page = browser.arrive("/_vestibule/logout");
    let text = "Required String parameter 'redirect_uri' is not present";
    let seen = page.html().replace("&#39;", "'").replace("&#x27;", "'");
    assert!(seen.contains(text), "{seen}: {:?}", browser.trail);
    assert_ends_there(&chain, &browser, &page, "Required String parameter");
    // Nor does the provider know the person any more.
    let login = browser.arrive("/page");
    assert!(login.url.contains("/login?"), "{:?}", browser.trail);
}
