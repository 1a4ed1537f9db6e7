//! Sign-ins that would go in circles: whatever a browser, or something before it, does to our
//! cookies, a page says why after three of them within a minute.

use serde_json::{Value, json};

use super::cookies::person_with_groups;
use super::tokens::cookie;
use crate::support::dev_idp::KIRSTEN;
use crate::support::{Browser, Harness, Response, Setup};

mod in_a_browser;

/// A page of the app.
const PAGE: &str = "/page";
/// More steps than three logins and their end take.
const STEPS: usize = 30;
/// Every page of this kind.
const HEADING: &str = "Sign-in goes in circles";

/// What happens to the jar after each answer.
type Flaw<'f> = &'f dyn Fn(&mut Browser);

/// A request that is answered with the page, and what the browser sends with it.
struct Stuck {
    page: Response,
    cookies: String,
}

/// Follows all redirects; the flaw comes before each next request.
fn follow(browser: &mut Browser, first: Response, flaw: Flaw<'_>) -> Stuck {
    follow_by(browser, first, flaw, &|browser, page| browser.follow(page))
}

/// The same with a way of one's own to the next page.
fn follow_by(
    browser: &mut Browser,
    first: Response,
    flaw: Flaw<'_>,
    next: &dyn Fn(&mut Browser, &Response) -> Response,
) -> Stuck {
    let mut page = first;
    let mut cookies = browser.app_cookies();
    for _ in 0..STEPS {
        flaw(browser);
        if page.status != 302 {
            return Stuck { page, cookies };
        }
        cookies = browser.app_cookies();
        page = next(browser, &page);
    }
    panic!("redirected without end: {:?}", browser.trail);
}

/// The person opens the page and signs in; the provider remembers them from then on.
fn go(chain: &Harness, browser: &mut Browser, flaw: Flaw<'_>) -> Stuck {
    let first = browser.get(PAGE);
    let login = follow(browser, first, flaw).page;
    sign_in(chain, browser, &login, flaw)
}

fn sign_in(chain: &Harness, browser: &mut Browser, login: &Response, flaw: Flaw<'_>) -> Stuck {
    let fields = [
        ("username", KIRSTEN),
        ("password", chain.idp().password(KIRSTEN)),
    ];
    let answer = browser.click(login, Some("signIn"), &fields);
    follow(browser, answer, flaw)
}

/// The page is there, says this, the log knows the cause, and no more than three logins were begun.
fn assert_named(chain: &mut Harness, stuck: &Stuck, reason: &str, says: &[&str]) {
    let page = &stuck.page;
    assert_eq!(page.status, 400, "{page:?}");
    let html = page.html();
    for text in [HEADING, "rd=%2Fpage", "after three attempts"]
        .iter()
        .chain(says)
    {
        assert!(html.contains(text), "{text}: {html}");
    }
    assert_eq!(chain.idp().asked("domain:authorize"), 3, "{reason}");
    assert_eq!(chain.echo.count(), 0, "nothing of it reached the app");
    let reference = html
        .split("Reference: <code>")
        .nth(1)
        .and_then(|rest| rest.split('<').next())
        .expect("a reference");
    let reason = format!("\"reason\":\"{reason}\"");
    let line = chain.await_log(&["\"login_failed\"", &reason, reference]);
    assert_remedy(&line, &html);
}

/// What the log says that helps is what the page says to the people who run this.
fn assert_remedy(line: &str, html: &str) {
    let line: Value = serde_json::from_str(line).expect("a line of JSON");
    let remedy = line["remedy"].as_str().expect("a remedy");
    let (_, operators) = html
        .split_once("For the people who run this application")
        .expect("a part for them");
    let operators = operators.replace("&#39;", "'");
    assert!(operators.contains(remedy), "{remedy}: {operators}");
}

fn is_ours(name: &str) -> bool {
    name.trim_start_matches("__Host-").starts_with("vestibule")
}

fn is_login(name: &str) -> bool {
    is_ours(name) && name.ends_with("-login")
}

fn is_session(name: &str) -> bool {
    is_ours(name) && !is_login(name)
}

/// The causes that a jar at `http://localhost` can have: each with what happens after each answer,
/// its word in the log, and what its page says.
fn flaws<'f>() -> [(&'static str, Flaw<'f>, &'static str, &'static str); 5] {
    [
        (
            "none",
            &|browser| browser.lose(is_ours),
            "login_cookie_lost",
            "Your browser sends back no cookie",
        ),
        (
            "no-login",
            &|browser| {
                browser.lose(is_login);
                browser.set_cookie("theme", "dark");
            },
            "login_cookie_lost",
            "does not send back the cookie that this sign-in needs",
        ),
        (
            "no-session",
            &|browser| browser.lose(is_session),
            "session_cookie_lost",
            "the cookie that says so did not come back",
        ),
        ("cut", &cut, "session_unreadable", "cannot be read here"),
        (
            "login-changed",
            &|browser| {
                if browser.cookie("vestibule-login").is_some() {
                    browser.set_cookie("vestibule-login", "AAAA");
                }
            },
            "login_cookie_lost",
            "does not send back the cookie that this sign-in needs",
        ),
    ]
}

/// The end of the session's cookie is cut off.
fn cut(browser: &mut Browser) {
    if let Some(value) = browser.cookie("vestibule") {
        let value = value[..value.len() - 4].to_owned();
        browser.set_cookie("vestibule", &value);
    }
}

#[test]
fn a_jar_that_loses_or_changes_our_cookies_gets_the_page_and_its_cause() {
    for (name, flaw, reason, says) in flaws() {
        let mut chain = Harness::start();
        let mut browser = chain.browser();
        let stuck = go(&chain, &mut browser, flaw);
        println!("{name}");
        let address = chain.origin.clone();
        assert_named(&mut chain, &stuck, reason, &[says, &address]);

        // Who tries again with a jar that is mended gets in.
        let answer = browser.click_link(&stuck.page, "Try again");
        let landed = follow(&mut browser, answer, &|_| {}).page;
        assert_eq!(landed.status, 200, "{name}: {landed:?}");
        assert_eq!(landed.url, format!("{}{PAGE}", chain.origin));
    }
}

#[test]
fn a_session_that_is_too_large_for_what_is_on_the_way_is_named() {
    let all: Flaw<'_> = &|browser| browser.lose(|name| name.starts_with("vestibule."));
    let second: Flaw<'_> = &|browser| browser.lose(|name| name == "vestibule.2");
    for (flaw, reason, says) in [
        (
            all,
            "session_cookie_too_large",
            "is large and did not come back",
        ),
        (
            second,
            "session_chunks_missing",
            "only a part of the cookies",
        ),
    ] {
        let mut chain = Harness::start();
        let (name, password, _) = person_with_groups(&chain, 100);
        let mut browser = chain.browser();
        let first = browser.get(PAGE);
        let login = follow(&mut browser, first, flaw).page;
        let fields = [("username", name), ("password", password)];
        let answer = browser.click(&login, Some("signIn"), &fields);
        let stuck = follow(&mut browser, answer, flaw);
        assert_named(
            &mut chain,
            &stuck,
            reason,
            &[says, "large_client_header_buffers"],
        );
        let size = stuck.page.text();
        let size = size.split(" characters").next().unwrap_or("");
        let size = size.rsplit('>').next().and_then(|text| text.parse().ok());
        assert!(size.is_some_and(|size: u32| size > 4_096), "{size:?}");
    }
}

#[test]
fn a_session_that_ends_at_once_is_named_and_so_is_one_of_another_clock() {
    let now = vestibule::clock::now().secs();
    for (signed_in, issued, reason, says) in [
        (
            now - 9 * 3600,
            now,
            "session_ends_at_once",
            "your session ended again at once",
        ),
        (
            now,
            now - 7_200,
            "session_clock_skew",
            "(this application&#39;s is ahead)",
        ),
    ] {
        let mut chain = Harness::start();
        let claims = json!({ "iat": issued, "auth_time": issued, "exp": issued + 3_600 });
        let token = chain.idp().mint(KIRSTEN, "id", json!({ "claims": claims }));
        let sealed = cookie(&chain, &token, "corp", signed_in);
        let flaw = |browser: &mut Browser| {
            if browser.cookie("vestibule").is_some() {
                browser.set_cookie("vestibule", &sealed);
            }
        };
        let mut browser = chain.browser();
        let stuck = go(&chain, &mut browser, &flaw);
        assert_named(&mut chain, &stuck, reason, &[says]);
    }
}

/// What leads from a wrong address to the right one.
const THE_WAY: &str = "href=\"https://wiki.example.com/_vestibule/login?rd=%2Fpage\"";

/// A chain that browsers should reach by https.
fn behind_tls() -> Harness {
    Setup {
        public_url: Some("https://wiki.example.com".to_owned()),
        ..Setup::default()
    }
    .start()
}

/// What a browser sends to an http address that is not loopback: no Fetch Metadata.
const BY_HTTP: [(&str, &str); 2] = [("Accept", "text/html"), ("X-Forwarded-Proto", "http")];

#[test]
fn a_browser_that_stays_at_http_is_told_so_and_one_that_comes_to_https_gets_in() {
    for headers in [&BY_HTTP[..], &BY_HTTP[..1]] {
        let mut chain = behind_tls();
        let mut browser = chain.browser();
        let by_http = |browser: &mut Browser, page: &Response| {
            browser.send("GET", &page.location(), headers, b"")
        };
        // Whatever is Secure is not kept.
        let flaw: Flaw<'_> = &|browser| browser.lose(is_ours);
        let first = browser.send("GET", PAGE, headers, b"");
        let login = follow_by(&mut browser, first, flaw, &by_http).page;
        let fields = [
            ("username", KIRSTEN),
            ("password", chain.idp().password(KIRSTEN)),
        ];
        let answer = browser.click(&login, Some("signIn"), &fields);
        let back = answer.clone();
        let stuck = follow_by(&mut browser, answer, flaw, &by_http);
        let says = "This site seems to be opened by http";
        assert_named(&mut chain, &stuck, "login_plain_http", &[says, THE_WAY]);

        // The provider leads to https: there, only the first cookie is missing.
        let landed = follow(&mut browser, back, &|_| {}).page;
        assert_eq!(landed.status, 200, "{landed:?}");
        assert_eq!(landed.url, "https://wiki.example.com/page");
    }
}

#[test]
fn a_host_that_differs_from_public_url_is_named() {
    let mut chain = behind_tls();
    let seen = "https://wiki.example.com:8443";
    let mut browser = Browser::new(seen, chain.address);
    // What leads to the public address is led back to the other one.
    let back = |browser: &mut Browser, page: &Response| {
        let target = page.location();
        let target = target.replacen("https://wiki.example.com/", &format!("{seen}/"), 1);
        let headers = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")];
        browser.send("GET", &target, &headers, b"")
    };
    let flaw: Flaw<'_> = &|browser| browser.lose(is_ours);
    let first = browser.get(PAGE);
    let login = follow_by(&mut browser, first, flaw, &back).page;
    let fields = [
        ("username", KIRSTEN),
        ("password", chain.idp().password(KIRSTEN)),
    ];
    let answer = browser.click(&login, Some("signIn"), &fields);
    let stuck = follow_by(&mut browser, answer, flaw, &back);
    let says = [
        "under another address",
        "<td>wiki.example.com:8443</td>",
        "server.public_url",
        THE_WAY,
    ];
    assert_named(&mut chain, &stuck, "login_other_host", &says);

    // Another name goes nowhere from the start.
    let other =
        chain.raw("GET /page HTTP/1.1\r\nHost: intranet.example\r\nAccept: text/html\r\n\r\n");
    assert_eq!(other.status, 421);
    assert!(
        other.text().contains("https://wiki.example.com"),
        "{other:?}"
    );
    chain.await_log(&["\"misdirected\"", "\"host_unknown\""]);
}

/// A page of the app that sends everybody who comes into our login.
fn page_that_redirects() -> String {
    let location = encoded("Location:/_vestibule/login?rd=SELF");
    format!("{PAGE}?status=302&h={location}")
}

/// A page of the app that takes nobody for signed in, and says where one signs in.
fn page_that_refuses() -> String {
    let html = encoded("<!doctype html><a href=\"/_vestibule/login?rd=SELF\">Sign in</a>");
    format!("{PAGE}?status=401&html&body={html}")
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn an_app_that_asks_for_a_sign_in_again_and_again_is_named() {
    for page in [page_that_redirects(), page_that_refuses()] {
        let mut chain = Harness::start();
        let mut browser = chain.browser();
        let first = browser.get(&page);
        let login = follow(&mut browser, first, &|_| {}).page;
        let mut stuck = sign_in(&chain, &mut browser, &login, &|_| {});
        while stuck.page.status == 401 {
            let answer = browser.click_link(&stuck.page, "Sign in");
            stuck = follow(&mut browser, answer, &|_| {});
        }
        assert_eq!(stuck.page.status, 400, "{:?}", stuck.page);
        let html = stuck.page.html();
        for text in [HEADING, "You are signed in, but", "see whoami"] {
            assert!(html.contains(text), "{text}: {html}");
        }
        assert_eq!(chain.idp().asked("domain:authorize"), 3);
        assert_eq!(chain.echo.count(), 3, "each time as a signed-in person");
        let line = chain.await_log(&["\"login_failed\"", "\"app_asks_again\""]);
        assert_remedy(&line, &html);
        // The session is untouched.
        assert_eq!(browser.get("/other").status, 200);
    }
}

#[test]
fn clocks_that_differ_are_told_in_seconds_at_the_first_attempt() {
    for (offset, reason, side) in [
        (7_200, "token_not_yet_valid", "behind"),
        (-7_200, "token_expired", "ahead"),
    ] {
        let mut chain = Harness::start();
        chain.idp().set_clock(offset);
        let mut browser = chain.browser();
        let told = go(&chain, &mut browser, &|_| {}).page;
        assert_eq!(told.status, 502, "{told:?}");
        let html = told.html();
        assert!(html.contains("differ too much"), "{html}");
        let words = format!(" seconds (this application&#39;s is {side})");
        let seconds = html.split(&words).next().unwrap_or("");
        let seconds = seconds
            .rsplit('>')
            .next()
            .and_then(|text| text.parse().ok());
        // The machine may be slow; two hours are two hours.
        assert!(
            seconds.is_some_and(|seconds: u32| (7_100..7_300).contains(&seconds)),
            "{html}"
        );
        let line = chain.await_log(&["\"login_failed\"", reason]);
        assert!(line.contains("keep its time by NTP"), "{line}");
        assert_remedy(&line, &html);
        assert_eq!(chain.idp().asked("domain:authorize"), 1);
        // The provider's answers said so before any token did.
        let warned = "the provider's by more than tokens allow";
        chain.await_log(&["\"WARN\"", side, warned, "\"seconds\":7"]);

        chain.idp().set_clock(0);
        let answer = browser.click_link(&told, "Try again");
        let mut landed = follow(&mut browser, answer, &|_| {}).page;
        // By its own clock, the provider may have forgotten the person.
        if landed.url.starts_with(&chain.idp().domain) {
            landed = sign_in(&chain, &mut browser, &landed, &|_| {}).page;
        }
        assert_eq!(landed.url, format!("{}{PAGE}", chain.origin));
        assert_eq!(landed.status, 200, "{landed:?}");
        chain.await_log(&["clock is as the provider's again"]);
        assert_eq!(chain.vestibule.output().matches(warned).count(), 1, "once");
    }
}
