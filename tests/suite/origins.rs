//! Several public origins of one process: each has its own cookies, callback, sign-out URL and sessions.

use std::process::Command;

use serde_json::Value;

use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::html::form_encode;
use crate::support::peers::free_port;
use crate::support::webdriver::Chromium;
use crate::support::{Browser, Harness, Response, Setup};

const SHOP: &str = "shop.localhost";
const DOCS: &str = "docs.localhost";

/// `http://localhost:PORT`, and two more on the same port.
fn setup() -> Setup {
    Setup {
        hosts: vec![SHOP.to_owned(), DOCS.to_owned()],
        ..Setup::default()
    }
}

/// Three origins, and somebody who has signed in on the first.
fn signed_in() -> (Harness, String, Browser) {
    let chain = setup().start();
    let shop = chain.other_origin(SHOP);
    let browser = chain.signed_in_at("/page", KIRSTEN);
    (chain, shop, browser)
}

/// A login link of one origin with a target.
fn link(origin: &str, rd: &str) -> String {
    let rd = form_encode(&[("rd".to_owned(), rd.to_owned())]);
    format!("{origin}/_vestibule/login?{rd}")
}

/// From an origin's page to the provider's answer, which is not followed.
fn answer_at(browser: &mut Browser, chain: &Harness, origin: &str, username: &str) -> Response {
    let fields = [
        ("username", username),
        ("password", chain.idp().password(username)),
    ];
    let callback = format!("{origin}/_vestibule/callback");
    let mut answer = browser.get(&format!("{origin}/page"));
    loop {
        answer = match answer.status {
            302 if answer.location().starts_with(&callback) => return answer,
            302 => browser.follow(&answer),
            _ => browser.click(&answer, Some("signIn"), &fields),
        };
    }
}

#[test]
fn a_session_on_one_is_none_on_another_which_signs_in_without_a_question() {
    let (chain, shop, mut browser) = signed_in();
    // Even the very cookie, under the name that both have, is worth nothing there.
    let cookie = browser.app_cookies();
    let request = format!(
        "GET /page HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n",
        &shop["http://".len()..]
    );
    assert_eq!(chain.raw(&request).status, 401);
    assert_eq!(browser.script("GET", &format!("{shop}/page")).status, 401);

    // The provider knows the person: not a page, not a word.
    let before = chain.idp().asked("domain:login");
    let landed = browser.arrive(&format!("{shop}/other?a=b"));
    assert_eq!(landed.status, 200, "{:?}", browser.trail);
    assert_eq!(landed.url, format!("{shop}/other?a=b"));
    assert_eq!(chain.idp().asked("domain:login"), before, "no login page");
    let by_callback = format!("{shop}/_vestibule/callback?");
    assert!(
        browser
            .trail
            .iter()
            .any(|(_, url)| url.starts_with(&by_callback)),
        "its own callback: {:?}",
        browser.trail
    );
    let seen = chain.echo.last();
    assert_eq!(seen.header("X-Forwarded-User"), Some(KIRSTEN));
    assert_eq!(
        seen.header("X-Forwarded-Host"),
        Some(&shop["http://".len()..])
    );
    // Neither session has touched the other.
    browser.move_to(&shop);
    assert!(browser.has_session());
    let theirs = browser.app_cookies();
    browser.move_to(&chain.origin);
    assert!(browser.has_session());
    assert_ne!(browser.app_cookies(), theirs);
    assert_eq!(browser.get("/page").status, 200);
}

#[test]
fn a_sign_out_ends_the_session_of_its_origin_and_comes_back_to_it() {
    let (chain, shop, mut browser) = signed_in();
    assert_eq!(browser.arrive(&format!("{shop}/page")).status, 200);
    browser.move_to(&shop);
    let out = browser.get(&format!("{shop}/_vestibule/logout"));
    let query = out.location();
    let logout_uri = form_encode(&[(
        "logout_uri".to_owned(),
        format!("{shop}/_vestibule/signed-out"),
    )]);
    assert!(query.contains(&logout_uri), "{query}");
    let signed_out = browser.finish(out);
    assert_eq!(signed_out.status, 200, "{:?}", browser.trail);
    assert_eq!(signed_out.url, format!("{shop}/_vestibule/signed-out"));
    assert!(!browser.has_session());
    browser.move_to(&chain.origin);
    assert_eq!(
        browser.script("GET", "/page").status,
        200,
        "the other goes on"
    );
    // From now on the provider asks.
    let asked = browser.arrive(&format!("{shop}/page"));
    assert!(asked.url.contains("/login?"), "{:?}", browser.trail);
}

#[test]
fn an_answer_at_another_origins_callback_is_refused_before_any_token_call() {
    let chain = setup().start();
    let shop = chain.other_origin(SHOP);
    let mut browser = chain.browser();
    let answer = answer_at(&mut browser, &chain, &shop, KIRSTEN).location();
    let before = chain.idp().asked("domain:token");
    let moved = answer.replace(&shop, &chain.origin);
    let refused = browser.get(&moved);
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(!browser.has_session());
    // The state of one with the code of another.
    let own = answer_at(&mut browser, &chain, &chain.origin, OLA).location();
    let code = |url: &str| {
        let url = url::Url::parse(url).expect("a URL");
        let found = url.query_pairs().find(|(name, _)| name == "code");
        found.expect("a code").1.into_owned()
    };
    let mixed = own.replace(&code(&own), &code(&answer));
    assert_eq!(chain.idp().asked("domain:token"), before);
    // This one belongs to a login of this browser, so that the provider is asked, and refuses: the
    // code was given to another redirect URI.
    let mixed = browser.get(&mixed);
    assert_eq!(mixed.status, 502, "{}", mixed.text());
    assert!(!browser.has_session());
    // Where it belongs, the first one would have been good, had its code not been burnt.
    browser.move_to(&shop);
    assert!(!browser.has_session());
}

#[test]
fn a_login_goes_on_at_the_origin_that_it_leads_to() {
    let (chain, shop, mut browser) = signed_in();
    let target = format!("{shop}/deep/page?a=b&c=%2Fd");
    let first = browser.get(&link(&chain.origin, &target));
    assert_eq!(first.status, 302);
    let there = first.location();
    assert!(
        there.starts_with(&format!("{shop}/_vestibule/login?")),
        "{there}"
    );
    let landed = browser.finish(first);
    assert_eq!(landed.status, 200, "{:?}", browser.trail);
    assert_eq!(landed.url, target);
    browser.move_to(&shop);
    assert!(browser.has_session());
    // Whoever is nobody yet is asked once, and lands there too.
    let mut nobody = chain.browser();
    let page = nobody.sign_in(
        &link(&chain.origin, &target),
        OLA,
        chain.idp().password(OLA),
    );
    assert_eq!(
        (page.status, page.url),
        (200, target.clone()),
        "{:?}",
        nobody.trail
    );
    assert!(
        !nobody.has_session(),
        "no session where nobody wants to be: {:?}",
        nobody.trail
    );
    // Nothing but the origins themselves.
    for rd in [
        "http://evil.localhost/x".to_owned(),
        format!("{shop}@evil.example/x"),
        format!("{shop}.evil.example/x"),
        target.replace("http://", "https://"),
        format!("{shop}//evil.example"),
        format!("{shop}\\@evil.example"),
        "http://shop.localhost:1/x".to_owned(),
    ] {
        let mut nobody = chain.browser();
        let answer = nobody.get(&link(&chain.origin, &rd));
        let location = answer.location();
        assert!(
            location.starts_with(&chain.idp().domain),
            "{rd}: {location}"
        );
    }
}

#[test]
fn forms_and_the_way_back_are_kept_for_their_origin_alone() {
    let (chain, shop, mut browser) = signed_in();
    // A form that outlived its session, on the second origin.
    browser.move_to(&shop);
    let kept = browser.post(&format!("{shop}/save?x"), &[("text", "mine")]);
    assert_eq!(kept.status, 401);
    let html = kept.html();
    let resume = html
        .split("rd=")
        .find(|part| part.contains("resume"))
        .unwrap_or_else(|| panic!("no way to resume: {html}"));
    let resume: String = resume.split(['"', '&']).next().unwrap_or("").to_owned();
    let resume = url::form_urlencoded::parse(format!("rd={resume}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .expect("a path");
    assert_eq!(browser.arrive(&format!("{shop}/page")).status, 200);
    let there = browser.get(&format!("{shop}{resume}"));
    assert!(
        there.text().contains("/save?x"),
        "{}: {}",
        there.status,
        there.text()
    );
    let elsewhere = browser.get(&format!("{}{resume}", chain.origin));
    assert!(
        elsewhere.text().contains("Nothing is kept here"),
        "{}: {}",
        elsewhere.status,
        elsewhere.text()
    );
    // The page to come back to as somebody else.
    let out = browser.get(&format!("{shop}/_vestibule/logout?rd=%2Fback-here"));
    assert_eq!(out.status, 302, "{}", out.text());
    assert!(browser.cookie("vestibule-back").is_some());
    browser.move_to(&chain.origin);
    assert!(browser.cookie("vestibule-back").is_none());
    let signed_out = browser.get(&format!("{}/_vestibule/signed-out", chain.origin));
    assert!(
        !signed_out.html().contains("back-here"),
        "{}",
        signed_out.html()
    );
}

#[test]
fn other_hosts_are_told_which_there_are() {
    let chain = setup().start();
    let answer = chain.raw("GET / HTTP/1.1\r\nHost: other.localhost\r\n\r\n");
    assert_eq!(answer.status, 421);
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let ours = [
        chain.origin.clone(),
        chain.other_origin(SHOP),
        chain.other_origin(DOCS),
    ];
    assert_eq!(body["configured"], serde_json::json!(ours));
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn check_lists_what_to_register_for_each() {
    let chain = setup().start();
    let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["check", "--config"])
        .arg(&chain.config)
        .output()
        .expect("the command");
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    for origin in [
        chain.origin.clone(),
        chain.other_origin(SHOP),
        chain.other_origin(DOCS),
    ] {
        for path in ["callback", "signed-out"] {
            let url = format!("    {origin}/_vestibule/{path}\n");
            assert!(
                told.contains(&url) || told.ends_with(url.trim_end()),
                "{url}: {told}"
            );
        }
    }
}

#[test]
fn a_front_proxy_is_answered_by_the_origin_that_it_asks_about() {
    let chain = Setup {
        server: "forward_auth = \"nginx\"\ntrusted_proxies = [\"127.0.0.1\"]\n".to_owned(),
        ..setup()
    }
    .start();
    let shop = chain.other_origin(SHOP);
    let browser = chain.signed_in_at("/page", KIRSTEN);
    let cookie = browser.app_cookies();
    let asked = |url: &str| {
        chain.raw(&format!(
            "GET /_vestibule/auth HTTP/1.1\r\nHost: internal\r\nX-Original-URL: {url}\r\n\
             X-Original-Method: GET\r\nCookie: {cookie}\r\n\r\n"
        ))
    };
    let own = asked(&format!("{}/x", chain.origin));
    assert_eq!(own.status, 200, "{}", own.text());
    assert_eq!(own.header("X-Forwarded-User"), Some(KIRSTEN));
    let others = asked(&format!("{shop}/x"));
    assert_eq!(others.status, 401);
    let body: Value = serde_json::from_slice(&others.body).expect("JSON");
    let login = body["login_url"].as_str().expect("a URL");
    assert!(
        login.starts_with(&format!("{shop}/_vestibule/login?")),
        "{login}"
    );
    assert_eq!(asked("http://evil.localhost/x").status, 403);
}

#[test]
fn a_websocket_of_one_of_ours_is_no_foreign_one() {
    let (chain, shop, browser) = signed_in();
    let cookie = browser.app_cookies();
    let open = |origin: &str| {
        chain
            .raw(&format!(
                "GET /socket HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Origin: {origin}\r\nCookie: {cookie}\r\n\r\n"
            ))
            .status
    };
    assert_ne!(open(&chain.origin), 403);
    assert_ne!(open(&shop), 403);
    assert_eq!(open("http://evil.localhost"), 403);
}

#[test]
fn origins_on_one_host_do_not_take_each_others_cookies() {
    // Cookies know no ports, and browsers keep one of a name for a host.
    let host = format!("localhost:{}", free_port());
    let chain = Setup {
        hosts: vec![host.clone()],
        ..Setup::default()
    }
    .start();
    let second = format!("http://{host}");
    let mut browser = chain.signed_in_at("/page", KIRSTEN);
    browser.knows(&host, chain.address);
    assert_eq!(
        browser.arrive(&format!("{second}/page")).status,
        200,
        "{:?}",
        browser.trail
    );
    for origin in [&chain.origin, &second, &chain.origin] {
        let page = browser.get(&format!("{origin}/page"));
        assert_eq!(
            (page.status, page.url),
            (200, format!("{origin}/page")),
            "no login in between: {:?}",
            browser.trail
        );
        // The app sees neither of them.
        assert_eq!(chain.echo.last().header("Cookie"), None);
    }
}

#[tokio::test]
async fn a_real_browser_keeps_them_apart() {
    let chain = setup().start();
    let (shop, docs) = (chain.other_origin(SHOP), chain.other_origin(DOCS));
    let chromium = Chromium::start().await;
    chromium
        .open(&format!(
            "{}/first?html&body=%3Ch1%3EFirst%3C/h1%3E",
            chain.origin
        ))
        .await;
    chromium
        .sign_in_to("/first", KIRSTEN, chain.idp().password(KIRSTEN))
        .await;
    assert_eq!(chromium.text("h1").await, "First");
    // Silently on the second, with its fragment; by a link of the first on the third.
    chromium
        .open(&format!(
            "{shop}/second?html&body=%3Ch1%3ESecond%3C/h1%3E#part"
        ))
        .await;
    chromium.await_path("/second").await;
    assert_eq!(chromium.text("h1").await, "Second");
    assert_eq!(chromium.url().await.fragment(), Some("part"));
    let target = format!("{docs}/third?html&body=%3Ch1%3EThird%3C/h1%3E");
    chromium.open(&link(&chain.origin, &target)).await;
    chromium.await_path("/third").await;
    assert_eq!(chromium.text("h1").await, "Third");
    assert_eq!(chromium.url().await.host_str(), Some(DOCS));
    assert_eq!(chain.idp().asked("domain:token"), 3, "a session each");
    chromium.close().await;
}
