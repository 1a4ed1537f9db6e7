//! Names and attributes of our cookies.

use std::time::{Duration, Instant};

use serde_json::json;

use super::login::is_base64url;
use super::session::session_cookies;
use crate::support::dev_idp::KIRSTEN;
use crate::support::{Browser, Harness, Response, Setup};

/// No condition takes longer to come true, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// A new person of the pool with so many groups of 42 characters, and their names.
pub(super) fn person_with_groups(
    chain: &Harness,
    count: usize,
) -> (&'static str, &'static str, Vec<String>) {
    let (name, password) = ("crowd@example.org", "Vestibule-Demo-9");
    let groups: Vec<String> = (0..count).map(|n| format!("group-{n:036}")).collect();
    let person = json!({
        "pool": chain.idp().pool, "username": name, "password": password, "groups": groups,
        "attributes": { "email_verified": "true", "name": "Crowd" },
    });
    chain.idp().call("POST", "/users", &person);
    (name, password, groups)
}

#[test]
fn a_hundred_groups_come_in_chunks_and_leave_none_when_they_become_few() {
    let chain = Harness::start();
    let client = |changes: serde_json::Value| {
        let path = format!("/clients/{}", chain.idp().client_id);
        chain.idp().call("PATCH", &path, &changes);
    };
    let (name, password, groups) = person_with_groups(&chain, 100);
    // Its tokens end in a hundred seconds: the first request asks for newer ones.
    client(json!({ "clock_offset_seconds": 100 - 3_600 }));
    let mut browser = chain.browser();
    let login = browser.arrive("/");
    let fields = [("username", name), ("password", password)];
    let mut answer = browser.click(&login, Some("signIn"), &fields);
    while !browser.has_session() {
        answer = browser.follow(&answer);
    }
    client(json!({ "clock_offset_seconds": 0 }));
    let names: Vec<String> = session_cookies(&browser)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert!(names.len() > 1, "{names:?}");
    assert_eq!(names[0], "vestibule.1");
    for (name, value) in session_cookies(&browser) {
        assert!(name.len() + value.len() < 4_000, "{name}");
    }

    let path = format!("/users/{}/{name}", chain.idp().pool);
    chain
        .idp()
        .call("PATCH", &path, &json!({ "groups": ["one"] }));
    assert_eq!(browser.get("/first").status, 200);
    let seen = chain.echo.last();
    let told: Vec<&str> = seen
        .header("X-Forwarded-Groups")
        .unwrap()
        .split(',')
        .collect();
    assert_eq!(told, groups, "the app is told of all of them");
    assert_eq!(seen.header("Cookie"), None);

    // Once refreshed it is one cookie, and no chunk is left behind.
    let began = Instant::now();
    while browser.cookie("vestibule").is_none() {
        assert!(
            began.elapsed() < PATIENCE,
            "no newer session: {:?}",
            browser.cookie_names()
        );
        assert_eq!(browser.get("/next").status, 200);
    }
    let names: Vec<String> = session_cookies(&browser)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["vestibule"]);
    assert_eq!(browser.get("/last").status, 200);
    assert_eq!(chain.echo.last().header("X-Forwarded-Groups"), Some("one"));
}

#[test]
fn an_account_beyond_all_cookies_is_told_so_and_goes_in_no_circle() {
    let mut chain = Harness::start();
    let (name, password, groups) = person_with_groups(&chain, 400);
    let mut browser = chain.browser();
    let page = browser.sign_in("/wiki", name, password);
    assert_eq!(page.status, 403, "{:?}", browser.trail);
    for part in ["too large", "ID token", "16,384 bytes", "groups"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    assert!(!page.text().contains(&groups[7]) && !page.text().contains(name));
    assert!(!browser.has_session());
    assert_eq!(chain.idp().asked("domain:authorize"), 1);
    assert_eq!(chain.echo.count(), 0);
    let line = chain.await_log(&[
        "\"login_failed\"",
        "\"session_too_large_id_token\"",
        "\"remedy\":\"let the provider",
    ]);
    let reference = line.split("\"reference\":\"").nth(1).expect("a reference");
    assert!(
        page.text().contains(reference.split('"').next().unwrap()),
        "{line}"
    );
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
