//! Names and attributes of our cookies.

use super::login::is_base64url;
use super::session::session_cookies;
use crate::support::dev_idp::KIRSTEN;
use crate::support::{Browser, Harness, Response, Setup};

#[test]
fn cookies_on_http_are_httponly_lax_and_without_an_age() {
    let chain = Harness::start();
    let mut browser = chain.browser();
    let set = cookie_lines(&chain, &mut browser);
    assert!(
        set.iter().any(|line| line.starts_with("vestibule-login=")),
        "{set:?}"
    );
    assert!(
        set.iter().any(|line| is_session_line(line, "vestibule")),
        "{set:?}"
    );
    for line in &set {
        assert_attributes(line, false);
    }
}

#[test]
fn cookies_on_https_have_the_host_prefix_and_are_secure() {
    let chain = Setup {
        public_url: Some("https://wiki.example.com".to_owned()),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let set = cookie_lines(&chain, &mut browser);
    assert!(
        set.iter()
            .any(|line| line.starts_with("__Host-vestibule-login=")),
        "{set:?}"
    );
    assert!(
        set.iter()
            .any(|line| is_session_line(line, "__Host-vestibule")),
        "{set:?}"
    );
    for line in &set {
        assert_attributes(line, true);
    }
}

#[test]
fn a_large_session_is_cut_into_cookies_that_browsers_keep() {
    let chain = Harness::start();
    let mut browser = chain.browser();
    let page = browser.sign_in_by_entra("/", "user-many-groups");
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    let cookies = session_cookies(&browser);
    let numbers: Vec<String> = (1..=cookies.len())
        .map(|n| format!("vestibule.{n}"))
        .collect();
    let names: Vec<&String> = cookies.iter().map(|(name, _)| name).collect();
    if cookies.len() > 1 {
        assert_eq!(
            names,
            numbers.iter().collect::<Vec<_>>(),
            "numbered, and no whole one beside them"
        );
    }
    for (name, value) in &cookies {
        assert!(
            name.len() + value.len() < 4000,
            "{name} has {} bytes",
            value.len()
        );
    }
    assert!(
        browser.app_cookies().len() < 16_000,
        "a front proxy has to let the header through"
    );

    // A smaller session leaves no chunk of the larger one behind.
    browser.set_cookie("vestibule.5", "stale");
    browser.arrive("/_vestibule/logout");
    let page = browser.sign_in("/", KIRSTEN, chain.idp().password(KIRSTEN));
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert!(
        !browser.cookie_names().contains(&"vestibule.5"),
        "{:?}",
        browser.cookie_names()
    );
    assert_eq!(chain.echo.last().header("X-Forwarded-User"), Some(KIRSTEN));
}

/// All our Set-Cookie lines of a login, deletions aside.
fn cookie_lines(chain: &Harness, browser: &mut Browser) -> Vec<String> {
    let mut lines = Vec::new();
    let mut keep = |answer: &Response| {
        if answer.url.starts_with(&chain.origin) {
            let set = answer
                .all("set-cookie")
                .into_iter()
                .filter(|line| !line.contains("Max-Age=0"));
            lines.extend(set.map(str::to_owned));
        }
    };
    let mut answer = browser.get("/");
    keep(&answer);
    while answer.status == 302 {
        answer = browser.follow(&answer);
        keep(&answer);
    }
    let fields = [
        ("username", KIRSTEN),
        ("password", chain.idp().password(KIRSTEN)),
    ];
    answer = browser.click(&answer, Some("signIn"), &fields);
    keep(&answer);
    while answer.status == 302 {
        answer = browser.follow(&answer);
        keep(&answer);
    }
    assert_eq!(answer.status, 200, "{:?}", browser.trail);
    lines
}

fn is_session_line(line: &str, name: &str) -> bool {
    line.starts_with(&format!("{name}=")) || line.starts_with(&format!("{name}.1="))
}

fn assert_attributes(line: &str, secure: bool) {
    let parts: Vec<String> = line
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase())
        .collect();
    let has = |part: &str| parts.iter().any(|other| other == part);
    assert!(
        has("httponly") && has("samesite=lax") && has("path=/"),
        "{line}"
    );
    assert_eq!(has("secure"), secure, "{line}");
    assert!(
        !parts
            .iter()
            .any(|part| part.starts_with("max-age") || part.starts_with("expires")),
        "{line}"
    );
    assert!(
        !parts.iter().any(|part| part.starts_with("domain")),
        "{line}"
    );
    let value = line.split(';').next().unwrap().split_once('=').unwrap().1;
    assert!(is_base64url(value), "{line}");
}
