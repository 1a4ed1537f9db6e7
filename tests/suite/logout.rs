//! The end of a session: here, at the provider, and in the app.

use crate::support::dev_idp::KIRSTEN;
use crate::support::{Browser, Harness, Setup};

#[test]
fn signing_out_ends_here_and_at_the_provider_and_says_so() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let page = browser.arrive("/_vestibule/logout");
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert_eq!(page.url, format!("{}/_vestibule/signed-out", chain.origin));
    let at_provider = format!("{}/logout?", chain.idp().domain);
    let hop = browser
        .trail
        .iter()
        .find(|(_, url)| url.starts_with(&at_provider));
    let (_, hop) = hop.unwrap_or_else(|| panic!("not through the provider: {:?}", browser.trail));
    let query = super::login::query_of(hop);
    assert_eq!(query["client_id"], chain.idp().client_id);
    assert_eq!(
        query["logout_uri"],
        format!("{}/_vestibule/signed-out", chain.origin)
    );
    assert_closed(&mut browser);

    // The provider has forgotten the person too: its login page asks again.
    let login = browser.arrive("/");
    assert!(login.html().contains("id=\"signIn\""), "{}", login.text());
}

#[test]
fn signing_out_revokes_the_refresh_token() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    browser.arrive("/_vestibule/logout");
    assert_eq!(chain.idp().asked("domain:revoke"), 1);
}

#[test]
fn every_deletion_repeats_the_attributes_of_the_cookie() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let names: Vec<String> = browser
        .cookie_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    // A chunk of an older, larger session.
    browser.set_cookie("vestibule.7", "stale");
    let answer = browser.get("/_vestibule/logout");
    for name in names.iter().chain([&"vestibule.7".to_owned()]) {
        let line = answer
            .all("set-cookie")
            .into_iter()
            .find(|line| line.starts_with(&format!("{name}=")));
        // A login cookie without logins in it may stay.
        let Some(line) = line else {
            assert_eq!(name, "vestibule-login", "not deleted: {answer:?}");
            continue;
        };
        let line = line.to_ascii_lowercase();
        assert!(
            line.contains("max-age=0") || line.contains("1970"),
            "{line}"
        );
        assert!(
            line.contains("path=/") && line.contains("httponly") && line.contains("samesite=lax"),
            "{line}"
        );
    }
}

#[test]
fn signing_out_works_without_a_session() {
    let chain = Harness::start();
    let mut browser = chain.browser();
    let page = browser.arrive("/_vestibule/logout");
    assert_eq!(
        page.url,
        format!("{}/_vestibule/signed-out", chain.origin),
        "{:?}",
        browser.trail
    );
    assert_eq!(page.status, 200);
}

#[test]
fn another_site_cannot_sign_a_person_out() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    for headers in [
        // A link or an image of another site, with and without fetch metadata.
        vec![
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
        ],
        vec![
            ("Sec-Fetch-Site", "same-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
        ],
        vec![
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Mode", "no-cors"),
            ("Sec-Fetch-Dest", "image"),
        ],
        vec![("Referer", "https://evil.example/")],
        vec![("Origin", "https://evil.example")],
        vec![("Origin", "null")],
        vec![],
    ] {
        let answer = browser.send("GET", "/_vestibule/logout", &headers, b"");
        assert_eq!(answer.status, 200, "{headers:?}");
        assert!(
            answer.html().contains("<form"),
            "{headers:?}: {}",
            answer.text()
        );
        assert!(
            answer.all("set-cookie").is_empty(),
            "{headers:?}: {answer:?}"
        );
    }
    let headers = [
        ("Origin", "https://evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let answer = browser.send("POST", "/_vestibule/logout", &headers, b"");
    assert_eq!(answer.status, 200);
    assert!(answer.all("set-cookie").is_empty(), "{answer:?}");
    assert_eq!(browser.get("/still").status, 200);
}

#[test]
fn the_apps_own_links_and_forms_sign_out_at_once() {
    let chain = Harness::start();
    let origin = chain.origin.clone();
    let referer = format!("{origin}/some/page?x");
    for (method, headers) in [
        (
            "GET",
            vec![
                ("Sec-Fetch-Site", "same-origin"),
                ("Sec-Fetch-Mode", "navigate"),
                ("Sec-Fetch-Dest", "document"),
            ],
        ),
        (
            "GET",
            vec![
                ("Sec-Fetch-Site", "none"),
                ("Sec-Fetch-Mode", "navigate"),
                ("Sec-Fetch-Dest", "document"),
            ],
        ),
        (
            "POST",
            vec![
                ("Sec-Fetch-Site", "same-origin"),
                ("Sec-Fetch-Mode", "navigate"),
                ("Sec-Fetch-Dest", "document"),
            ],
        ),
        // Browsers without fetch metadata.
        (
            "GET",
            vec![("Referer", referer.as_str()), ("Accept", "text/html")],
        ),
        (
            "POST",
            vec![("Origin", origin.as_str()), ("Accept", "text/html")],
        ),
    ] {
        let mut browser = chain.signed_in(KIRSTEN);
        let answer = browser.send(method, "/_vestibule/logout", &headers, b"");
        assert!(
            matches!(answer.status, 302 | 303),
            "{method} {headers:?}: {answer:?}"
        );
        assert_closed(&mut browser);
    }
}

#[test]
fn the_button_of_that_page_signs_out() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let page = browser.send(
        "GET",
        "/_vestibule/logout",
        &[("Sec-Fetch-Site", "cross-site")],
        b"",
    );
    let answer = browser.click(&page, None, &[]);
    let page = browser.finish(answer);
    assert_eq!(
        page.url,
        format!("{}/_vestibule/signed-out", chain.origin),
        "{:?}",
        browser.trail
    );
    assert_closed(&mut browser);
}

#[test]
fn a_script_is_told_where_the_provider_signs_out() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let answer = browser.script("POST", "/_vestibule/logout");
    assert_eq!(answer.status, 200);
    let url = answer.json()["logout_url"].as_str().unwrap().to_owned();
    assert!(
        url.starts_with(&format!("{}/logout?", chain.idp().domain)),
        "{url}"
    );
    assert_closed(&mut browser);
}

#[test]
fn the_signed_out_page_is_public_and_never_redirects() {
    let chain = Harness::start();
    assert_eq!(chain.browser().get("/_vestibule/signed-out").status, 200);
    let mut browser = chain.signed_in(KIRSTEN);
    assert_eq!(browser.get("/_vestibule/signed-out").status, 200);
    assert_eq!(
        browser.get("/still").status,
        200,
        "looking at it signs nobody out"
    );
}

#[test]
fn a_provider_that_is_down_does_not_keep_the_session_alive() {
    let mut chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    chain.idp.take().unwrap().stop();
    let answer = browser.get("/_vestibule/logout");
    assert!(matches!(answer.status, 200 | 302), "{answer:?}");
    assert_closed(&mut browser);
}

/// The app is closed to this browser.
fn assert_closed(browser: &mut Browser) {
    let names = browser.cookie_names();
    assert!(
        !names
            .iter()
            .any(|name| *name == "vestibule" || name.starts_with("vestibule.")),
        "{names:?}"
    );
    assert_eq!(browser.script("GET", "/data").status, 401);
    assert_eq!(browser.get("/page").status, 302);
}

#[test]
fn a_copied_cookie_is_worth_nothing_after_the_sign_out() {
    let mut chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let mut copy = chain.browser();
    for name in ["vestibule", "vestibule.1", "vestibule.2"] {
        if let Some(value) = browser.cookie(name) {
            copy.set_cookie(name, value);
        }
    }
    assert_eq!(
        copy.get("/").status,
        200,
        "a copy works as long as the session does"
    );
    browser.arrive("/_vestibule/logout");
    let answer = copy.script("GET", "/");
    assert_eq!(answer.status, 401, "{answer:?}");
    chain.await_log(&["session_signed_out"]);
}

#[test]
fn whoever_cannot_sign_in_yet_sees_a_page_and_no_circle() {
    let chain = Setup {
        session: "revoked = { signed_in_before = \"2100-01-01T00:00:00Z\" }".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let page = browser.sign_in("/", KIRSTEN, chain.idp().password(KIRSTEN));
    assert_eq!(page.status, 403, "{:?}", browser.trail);
    assert!(
        page.html()
            .contains("Nobody can sign in here at the moment"),
        "{}",
        page.text()
    );
}
