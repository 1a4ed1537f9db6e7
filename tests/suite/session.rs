//! What a cookie is worth, and when it is worth nothing.

use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::{Browser, Harness, Response};

#[test]
fn the_session_endpoint_tells_scripts_who_is_signed_in() {
    let chain = Harness::start();
    let mut browser = chain.browser();
    let answer = browser.script("GET", "/_vestibule/session");
    assert_eq!(answer.status, 401);
    let login = answer.json()["login_url"].as_str().unwrap().to_owned();
    assert!(
        login.starts_with(&format!("{}/_vestibule/login", chain.origin)),
        "{login}"
    );

    let mut browser = chain.signed_in(KIRSTEN);
    let answer = browser.script("GET", "/_vestibule/session");
    assert_eq!(answer.status, 200);
    let text = answer.text();
    assert!(
        text.contains(KIRSTEN) && text.contains("Kirsten Holm"),
        "{text}"
    );
    assert!(text.contains("/_vestibule/logout"), "{text}");
    assert!(!text.contains("eyJ"), "never a token: {text}");
}

#[test]
fn whoami_shows_identity_and_headers_but_no_token() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let page = browser.get("/_vestibule/whoami").html();
    assert!(
        page.contains(KIRSTEN) && page.contains("X-Forwarded-Email"),
        "{page}"
    );
    assert!(!page.contains("eyJ"), "never a token: {page}");
    for cookie in browser.app_cookies().split("; ") {
        assert!(
            !page.contains(cookie.split_once('=').unwrap().1),
            "never a cookie"
        );
    }
}

#[test]
fn a_second_request_asks_the_provider_nothing() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let before = chain.idp().counters();
    for _ in 0..5 {
        assert_eq!(browser.get("/again").status, 200);
    }
    assert_eq!(chain.idp().counters(), before);
}

#[test]
fn one_changed_character_anywhere_makes_the_cookie_worth_nothing() {
    let chain = Harness::start();
    let browser = chain.signed_in(KIRSTEN);
    let cookies = browser.app_cookies();
    assert_eq!(ask(&chain, &cookies).status, 200);
    let before = chain.echo.count();
    // All characters of the first and last twenty of each value, every eleventh in between.
    for pair in cookies
        .split("; ")
        .filter(|pair| !pair.starts_with("vestibule-login"))
    {
        let (name, value) = pair.split_once('=').unwrap();
        for position in 0..value.len() {
            if position >= 20 && position + 20 < value.len() && position % 11 != 0 {
                continue;
            }
            let mut changed = value.as_bytes().to_vec();
            changed[position] = if changed[position] == b'A' {
                b'B'
            } else {
                b'A'
            };
            let changed = format!("{name}={}", String::from_utf8(changed).unwrap());
            let answer = ask(&chain, &cookies.replace(pair, &changed));
            assert_eq!(answer.status, 401, "position {position} of {name}");
        }
    }
    assert_eq!(chain.echo.count(), before);
}

#[test]
fn a_tampered_cookie_is_as_if_none_and_not_deleted() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    tamper(&mut browser);
    let answer = browser.get("/page");
    assert_eq!(answer.status, 302, "a navigation goes into login");
    let answer = browser.script("GET", "/page");
    assert_eq!(answer.status, 401);
    assert!(
        answer.all("set-cookie").is_empty(),
        "an unreadable cookie is ignored: {answer:?}"
    );
}

#[test]
fn cut_lengthened_and_padded_cookies_are_as_if_none() {
    let chain = Harness::start();
    let browser = chain.signed_in(KIRSTEN);
    for (name, value) in session_cookies(&browser) {
        let whole = browser.app_cookies();
        let pair = format!("{name}={value}");
        for changed in [
            value[..value.len() - 1].to_owned(),
            value[1..].to_owned(),
            format!("{value}A"),
            format!("{value}="),
            format!("{value}AAAA"),
            String::new(),
        ] {
            let answer = ask(&chain, &whole.replace(&pair, &format!("{name}={changed}")));
            assert_eq!(answer.status, 401, "{name}={changed}");
        }
    }
}

#[test]
fn a_login_cookie_is_no_session_cookie() {
    let chain = Harness::start();
    let mut browser = chain.browser();
    browser.arrive("/");
    let login = browser
        .cookie("vestibule-login")
        .expect("a login in flight")
        .to_owned();
    assert_eq!(ask(&chain, &format!("vestibule={login}")).status, 401);
}

#[test]
fn the_state_of_a_login_is_no_session_cookie() {
    let chain = Harness::start();
    let mut browser = chain.browser();
    let mut answer = browser.get("/");
    while answer.location_param("state").is_none() {
        answer = browser.follow(&answer);
    }
    let state = answer.location_param("state").unwrap();
    assert_eq!(ask(&chain, &format!("vestibule={state}")).status, 401);
}

#[test]
fn a_cookie_sealed_by_another_key_is_as_if_none() {
    let (one, two) = (Harness::start(), Harness::start());
    let cookies = one.signed_in(KIRSTEN).app_cookies();
    assert_eq!(ask(&one, &cookies).status, 200);
    assert_eq!(ask(&two, &cookies).status, 401);
    assert_eq!(two.echo.count(), 0);
}

#[test]
fn a_session_survives_a_restart_with_the_same_key() {
    let mut chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    chain.restart();
    assert_eq!(browser.get("/after").status, 200);
}

#[test]
fn parts_of_two_sessions_make_none() {
    let chain = Harness::start();
    let (one, two) = (chain.signed_in(KIRSTEN), chain.signed_in(OLA));
    let (one, two) = (session_cookies(&one), session_cookies(&two));
    // Only when the session needs several cookies is there anything to mix.
    if one.len() > 1 && one.len() == two.len() {
        let mut mixed = one.clone();
        mixed[1].1.clone_from(&two[1].1);
        assert_eq!(ask(&chain, &join(&mixed)).status, 401);
        let mut fewer = one.clone();
        fewer.pop();
        assert_eq!(ask(&chain, &join(&fewer)).status, 401);
    }
    let mut swapped = join(&one);
    swapped.push_str("; unrelated=1");
    assert_eq!(ask(&chain, &swapped).status, 200);
}

#[test]
fn a_new_login_replaces_the_session() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let before = browser.app_cookies();
    browser.script("POST", "/_vestibule/logout");
    let mut fresh = chain.browser();
    let page = fresh.sign_in("/", OLA, chain.idp().password(OLA));
    assert_eq!(page.status, 200);
    assert_eq!(chain.echo.last().header("X-Forwarded-Email"), Some(OLA));
    assert_ne!(fresh.app_cookies(), before);
}

#[test]
fn cookies_beyond_all_measure_are_refused_or_ignored() {
    let chain = Harness::start();
    for (name, count, length) in [
        ("vestibule", 1, 60_000),
        ("vestibule.", 60, 900),
        ("vestibule.", 300, 20),
    ] {
        let cookies: Vec<String> = (1..=count)
            .map(|n| {
                let name = if count == 1 {
                    name.to_owned()
                } else {
                    format!("{name}{n}")
                };
                format!("{name}={}", "A".repeat(length))
            })
            .collect();
        let answer = ask(&chain, &cookies.join("; "));
        assert!(
            (400..500).contains(&answer.status),
            "{count} of {length}: {}",
            answer.status
        );
    }
    assert_eq!(chain.echo.count(), 0);
}

/// A script's request with these cookies.
fn ask(chain: &Harness, cookies: &str) -> Response {
    chain.raw(&format!(
        "GET /data HTTP/1.1\r\nHost: HOST\r\nAccept: */*\r\nCookie: {cookies}\r\n\r\n"
    ))
}

/// Names and values of the cookies that make up the session.
pub(super) fn session_cookies(browser: &Browser) -> Vec<(String, String)> {
    let cookies: Vec<(String, String)> = browser
        .app_cookies()
        .split("; ")
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| *name == "vestibule" || name.starts_with("vestibule."))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert!(
        !cookies.is_empty(),
        "no session: {:?}",
        browser.cookie_names()
    );
    cookies
}

/// Changes a character in the middle of the session.
pub(super) fn tamper(browser: &mut Browser) {
    let (name, value) = session_cookies(browser).remove(0);
    let middle = value.len() / 2;
    let other = if value.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    browser.set_cookie(
        &name,
        &format!("{}{other}{}", &value[..middle], &value[middle + 1..]),
    );
}

fn join(cookies: &[(String, String)]) -> String {
    let pairs: Vec<String> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("; ")
}
