//! Signing out: only when it is meant, and all the way.

use http::Method;
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use super::support::{
    COOKIE, Desk, ISSUER, Jar, LOGIN_COOKIE, NOW, Req, body, callback, changed, config, header_of,
    id_claims, location, set_cookies, signed_in_under, text, tokens,
};
use crate::config::{LogoutReach, ProviderId, ProviderKind};
use crate::gate::reply::Reply;
use crate::gate::signout::Logout;
use crate::gate::{Decision, Effect};

const SIGNED_OUT: &str = "https://wiki.example.com/_vestibule/signed-out";

pub(super) fn out() -> Req {
    Req::open("/_vestibule/logout").with("sec-fetch-site", "same-origin")
}

pub(super) fn logout(desk: &mut Desk, req: &Req) -> Logout {
    match desk.decide(req) {
        Decision::Perform(Effect::Logout(logout)) => logout,
        other => panic!("no sign-out: {other:?}"),
    }
}

fn acts(method: Method, headers: &[(&str, &str)]) -> bool {
    let (mut desk, jar) = signed_in_under(&config());
    let mut req = Req::new(method, "/_vestibule/logout")
        .with("accept", "text/html")
        .cookies(&jar);
    for (name, value) in headers {
        req = req.and(name, value);
    }
    match desk.decide(&req) {
        Decision::Perform(Effect::Logout(_)) => true,
        Decision::Reply(reply) => {
            assert_eq!(
                (reply.status.as_u16(), reply.note.reason),
                (200, Some("logout_question"))
            );
            assert!(text(&reply).contains("<form method=\"post\" action=\"/_vestibule/logout\">"));
            assert_eq!(text(&reply).matches("<button").count(), 1);
            assert!(set_cookies(&reply).is_empty());
            false
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_what_is_meant_signs_out() {
    let site = |site: &'static str| ("sec-fetch-site", site);
    let page = [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    for (headers, get, post) in [
        (vec![site("same-origin"), page[0], page[1]], true, true),
        (vec![site("none"), page[0], page[1]], true, true),
        (vec![site("same-site"), page[0], page[1]], false, false),
        (vec![site("cross-site"), page[0], page[1]], false, false),
        (vec![site("SAME-ORIGIN"), page[0], page[1]], false, false),
        (vec![site(""), page[0], page[1]], false, false),
        (
            vec![site("same-origin"), site("cross-site"), page[0], page[1]],
            false,
            false,
        ),
        // A GET has to open a page: no image, no frame, no script.
        (
            vec![
                site("same-origin"),
                ("sec-fetch-mode", "no-cors"),
                ("sec-fetch-dest", "image"),
            ],
            false,
            true,
        ),
        (
            vec![site("same-origin"), page[0], ("sec-fetch-dest", "iframe")],
            false,
            true,
        ),
        (
            vec![
                site("same-origin"),
                ("sec-fetch-mode", "cors"),
                ("sec-fetch-dest", "empty"),
            ],
            false,
            true,
        ),
        (vec![site("same-origin")], false, true),
        // Fetch Metadata decides where it is there, whatever else is.
        (
            vec![
                site("cross-site"),
                page[0],
                page[1],
                ("origin", "https://wiki.example.com"),
            ],
            false,
            false,
        ),
        (
            vec![
                site("cross-site"),
                page[0],
                page[1],
                ("referer", "https://wiki.example.com/a"),
            ],
            false,
            false,
        ),
        // Without it, Origin or Referer.
        (vec![], false, false),
        (vec![("origin", "https://wiki.example.com")], true, true),
        (
            vec![("referer", "https://wiki.example.com/a?b")],
            true,
            true,
        ),
        (vec![("origin", "null")], false, false),
        (vec![("origin", "")], false, false),
        (vec![("origin", "https://evil.example")], false, false),
        (vec![("origin", "http://wiki.example.com")], false, false),
        (
            vec![("origin", "https://wiki.example.com.evil.example")],
            false,
            false,
        ),
        (vec![("origin", "https://wiki.example.com/")], false, false),
        (
            vec![
                ("origin", "https://evil.example"),
                ("referer", "https://wiki.example.com/"),
            ],
            false,
            false,
        ),
        (
            vec![("origin", "null"), ("referer", "https://wiki.example.com/")],
            false,
            false,
        ),
        (
            vec![("referer", "https://evil.example/https://wiki.example.com/")],
            false,
            false,
        ),
        (
            vec![("referer", "https://wiki.example.com.evil.example/")],
            false,
            false,
        ),
        (
            vec![("referer", "https://wiki.example.com@evil.example/")],
            false,
            false,
        ),
        (vec![("referer", "http://wiki.example.com/")], false, false),
        (
            vec![("sec-purpose", "prefetch"), site("none"), page[0], page[1]],
            false,
            false,
        ),
    ] {
        assert_eq!(acts(Method::GET, &headers), get, "GET {headers:?}");
        assert_eq!(acts(Method::POST, &headers), post, "POST {headers:?}");
        assert!(!acts(Method::HEAD, &headers), "HEAD {headers:?}");
    }
}

#[test]
fn a_doubled_origin_says_nothing() {
    let doubled = [
        ("origin", "https://evil.example"),
        ("origin", "https://wiki.example.com"),
        ("referer", "https://wiki.example.com/"),
    ];
    assert!(!acts(Method::POST, &doubled));
}

#[test]
fn other_methods_are_405() {
    let (mut desk, jar) = signed_in_under(&config());
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        let reply = desk.reply(&Req::new(method, "/_vestibule/logout").cookies(&jar));
        assert_eq!(
            (reply.status.as_u16(), header_of(&reply, "allow")),
            (405, Some("GET, HEAD, POST"))
        );
    }
}

#[test]
fn the_session_ends_here_at_the_token_endpoint_and_at_cognito() {
    let (mut desk, mut jar) = signed_in_under(&config());
    desk.start(&Req::open("/_vestibule/login").cookies(&jar), &mut jar);
    let logout = logout(&mut desk, &out().cookies(&jar));
    assert_eq!(logout.refresh_tokens[0].1.as_str(), "a-refresh-token");
    // Not RP-initiated logout: these two and nothing else (cognito.md 1.10).
    assert_eq!(
        location(&logout.reply),
        "https://login.example.com/logout?client_id=4exampleclient0000000000aa\
         &logout_uri=https%3A%2F%2Fwiki.example.com%2F_vestibule%2Fsigned-out"
    );
    assert_eq!(logout.reply.note.outcome, "signed_out");
    jar.take_in(set_cookies(&logout.reply));
    assert_eq!(jar.names(), Vec::<&str>::new(), "login state too");
    assert_eq!(
        desk.reply(&Req::open("/").cookies(&jar)).note.reason,
        Some("no_cookie")
    );
}

#[test]
fn an_openid_provider_gets_the_token_as_a_hint() {
    let mut oidc = config();
    oidc.providers[0].kind = ProviderKind::Oidc;
    let (mut desk, jar) = signed_in_under(&oidc);
    desk.logout = Some(Url::parse("https://idp.example/logout?tenant=a%26b").unwrap());
    let reply = logout(&mut desk, &out().cookies(&jar)).reply;
    let url = Url::parse(location(&reply)).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "tenant",
            "id_token_hint",
            "client_id",
            "post_logout_redirect_uri"
        ]
    );
    assert_eq!(pairs[0].1, "a&b");
    assert_eq!(pairs[1].1.split('.').count(), 3);
    assert_eq!(pairs[3].1, SIGNED_OUT);
    // Without a session there is none to give.
    let reply = logout(&mut desk, &out()).reply;
    assert!(
        !location(&reply).contains("id_token_hint"),
        "{}",
        location(&reply)
    );
}

#[test]
fn a_script_signs_out_and_is_told_where_to_go_on_but_never_a_token() {
    for kind in [ProviderKind::Cognito, ProviderKind::Oidc] {
        let mut config = config();
        config.providers[0].kind = kind;
        let (mut desk, jar) = signed_in_under(&config);
        let req = Req::new(Method::POST, "/_vestibule/logout")
            .with("sec-fetch-site", "same-origin")
            .with("sec-fetch-mode", "cors")
            .with("sec-fetch-dest", "empty")
            .cookies(&jar);
        let logout = logout(&mut desk, &req);
        assert!(!logout.refresh_tokens.is_empty());
        assert_eq!(logout.reply.status, 200);
        let url = body(&logout.reply)["logout_url"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            url.starts_with("https://login.example.com/logout?client_id="),
            "{url}"
        );
        assert!(!url.contains("eyJ") && !url.contains("hint"), "{url}");
        assert_eq!(set_cookies(&logout.reply).len(), 2, "login state too");
    }
}

#[test]
fn a_local_sign_out_stays_here() {
    let mut local = config();
    local.providers[0].logout = LogoutReach::Local;
    let (mut desk, jar) = signed_in_under(&local);
    let gone = logout(&mut desk, &out().cookies(&jar));
    assert_eq!(location(&gone.reply), SIGNED_OUT);
    assert!(!gone.refresh_tokens.is_empty());
    // And so does one whose provider has no logout.
    let (mut desk, jar) = signed_in_under(&config());
    desk.logout = None;
    assert_eq!(
        location(&logout(&mut desk, &out().cookies(&jar)).reply),
        SIGNED_OUT
    );
}

#[test]
fn signing_out_works_without_a_good_session() {
    let (mut desk, jar) = signed_in_under(&config());
    let none = logout(&mut desk, &out());
    assert!(none.refresh_tokens.is_empty() && set_cookies(&none.reply).is_empty());
    let garbage = logout(&mut desk, &out().cookies(&Jar::of(COOKIE, "garbage")));
    assert!(garbage.refresh_tokens.is_empty());
    assert_eq!(set_cookies(&garbage.reply).len(), 1);
    // An expired token is revoked and gone all the same; so without keys.
    desk.now = NOW.plus(100_000);
    desk.keys = None;
    let late = logout(&mut desk, &out().cookies(&jar));
    assert!(!late.refresh_tokens.is_empty());
    assert_eq!(set_cookies(&late.reply).len(), 2, "login state too");
}

#[test]
fn another_providers_refresh_token_is_not_sent_to_this_one() {
    let (_, jar) = signed_in_under(&config());
    let mut renamed = config();
    renamed.providers[0].id = ProviderId("renamed".to_owned());
    renamed.providers[0].kind = ProviderKind::Oidc;
    let mut desk = Desk::new(&renamed);
    let logout = logout(&mut desk, &out().cookies(&jar));
    assert!(logout.refresh_tokens.is_empty());
    assert!(!location(&logout.reply).contains("eyJ"));
    assert_eq!(set_cookies(&logout.reply).len(), 2, "both cookies go");
}

#[test]
fn every_session_that_the_browser_holds_is_ended_and_revoked() {
    let mut desk = Desk::new(&config());
    let (mut first, mut second, mut third) = (Jar::default(), Jar::default(), Jar::default());
    for (jar, token) in [
        (&mut first, "one"),
        (&mut second, "two"),
        (&mut third, "three"),
    ] {
        let started = desk.start(&Req::open("/_vestibule/login"), jar);
        let back = callback(&started.state).cookies(jar);
        let exchange = desk.exchange(&back);
        let mut tokens = tokens(&changed(id_claims(), &json!({ "nonce": started.nonce })));
        tokens.refresh_token = Some(Zeroizing::new(token.to_owned()));
        let reply = desk.finish(&back, &exchange, tokens, &started.nonce);
        jar.take_in(set_cookies(&reply));
        desk.now = desk.now.plus(1);
    }
    // One was set with another path; the third came in a chunk.
    let both = format!(
        "{COOKIE}={}; {COOKIE}={}; {COOKIE}=garbage; {COOKIE}.1={}",
        first.0[COOKIE], second.0[COOKIE], third.0[COOKIE]
    );
    let logout = logout(&mut desk, &out().with("cookie", &both));
    let mut revoked: Vec<_> = logout
        .refresh_tokens
        .iter()
        .map(|(_, t)| t.as_str())
        .collect();
    assert_eq!(revoked[0], "three", "the newest first");
    revoked.sort_unstable();
    assert_eq!(revoked, ["one", "three", "two"]);
    for jar in [&first, &second, &third] {
        let reply = desk.reply(&Req::get("/page").cookies(jar));
        assert_eq!(reply.note.reason, Some("session_signed_out"));
    }
}

#[test]
fn two_cookies_of_one_session_are_one_sign_out() {
    let (mut desk, jar) = signed_in_under(&config());
    let twice = format!("{COOKIE}={0}; {COOKIE}={0}", jar.0[COOKIE]);
    let logout = logout(&mut desk, &out().with("cookie", &twice));
    assert_eq!(logout.refresh_tokens.len(), 1);
}

#[test]
fn every_chunk_is_deleted() {
    let mut desk = Desk::new(&config());
    let mut jar = Jar::default();
    let groups: Vec<String> = (0..100).map(|n| format!("{n:042}")).collect();
    desk.sign_in_as(
        "/",
        &changed(
            id_claims(),
            &json!({ "cognito:groups": groups, "iss": ISSUER }),
        ),
        &mut jar,
    );
    jar.0.insert(format!("{COOKIE}.5"), "stale".to_owned());
    jar.0.insert(LOGIN_COOKIE.to_owned(), "stale".to_owned());
    assert_eq!(jar.names().len(), 4);
    let reply = logout(&mut desk, &out().cookies(&jar)).reply;
    jar.take_in(set_cookies(&reply));
    assert_eq!(jar.names(), Vec::<&str>::new());
}

fn signed_out(req: &Req) -> Reply {
    signed_in_under(&config()).0.reply(req)
}

#[test]
fn the_signed_out_page_never_redirects() {
    let (_, jar) = signed_in_under(&config());
    for req in [
        Req::open("/_vestibule/signed-out"),
        Req::get("/_vestibule/signed-out"),
    ] {
        for req in [
            req.clone(),
            req.clone().cookies(&jar),
            req.with("sec-purpose", "prefetch"),
        ] {
            let reply = signed_out(&req);
            assert_eq!(reply.status, 200);
            assert!(text(&reply).contains("href=\"/_vestibule/login?rd=%2F\""));
            assert!(set_cookies(&reply).is_empty());
        }
    }
    let json = signed_out(&Req::get("/_vestibule/signed-out").with("accept", "application/json"));
    assert_eq!(body(&json), json!({ "signed_out": true }));
}
