//! What the server's part of a kept fragment is: a page before the login, a
//! target of ours, a page after it.

use http::Method;

use super::support::{
    Desk, Jar, Req, callback, changed, config, header_of, id_claims, location, onward, set_cookies,
    text, tokens,
};
use crate::gate::fragment::FragmentKey;
use crate::gate::{Decision, Effect};
use serde_json::json;

const KEY: &str = "AAECAwQFBgcI";

fn desk() -> Desk {
    Desk::new(&config())
}

/// The value of one of our attributes on the page.
fn data(html: &str, name: &str) -> String {
    let value = html.split(&format!(" data-{name}=\"")).nth(1).unwrap();
    value.split('"').next().unwrap().replace("&amp;", "&")
}

fn begins(decision: &Decision) -> bool {
    matches!(decision, Decision::Perform(Effect::Authorize(_)))
}

#[test]
fn only_a_browser_that_opens_a_page_of_its_own_is_asked_for_a_fragment() {
    let mut desk = desk();
    let login = "/_vestibule/login?rd=/a%3Fb";
    let asked = desk.reply(&Req::open(login));
    assert_eq!(
        (asked.status.as_u16(), asked.note.outcome, asked.note.reason),
        (200, "page", Some("fragment_asked"))
    );
    assert!(set_cookies(&asked).is_empty(), "no login has begun");
    for req in [
        Req::get(login),
        Req::get(login).with("accept", "text/html"),
        Req::open(login).with("sec-fetch-mode", "cors"),
        Req::open(login).with("sec-fetch-dest", "empty"),
        Req::open(login).with("sec-fetch-dest", "iframe"),
        Req::open(login).and("sec-fetch-dest", "document"),
        Req::new(Method::HEAD, login).navigates(),
        Req::open("/_vestibule/login?rd=/a&fragment=none"),
        Req::open("/_vestibule/login?rd=/a&fragment=x&fragment=y"),
        Req::open(&format!("/_vestibule/login?rd=/a&fragment={KEY}")),
    ] {
        assert!(begins(&desk.decide(&req)), "{:?}", req.view());
    }
    let prefetch = desk.reply(&Req::open(login).with("sec-purpose", "prefetch"));
    assert_eq!(prefetch.status, 401);
}

#[test]
fn the_page_goes_on_to_where_it_was_opened_with_one_parameter_more() {
    for (opened, none) in [
        ("/_vestibule/login", "/_vestibule/login?fragment=none"),
        ("/_vestibule/login?", "/_vestibule/login?fragment=none"),
        (
            "/_vestibule/login/corp?rd=/a%3Fb%26c&x=%22",
            "/_vestibule/login/corp?rd=/a%3Fb%26c&x=%22&fragment=none",
        ),
        (
            "/_vestibule/sign_in?fragment=&rd=/a",
            "/_vestibule/sign_in?fragment=&rd=/a&fragment=none",
        ),
    ] {
        let mut desk = desk();
        let reply = desk.reply(&Req::open(opened));
        assert_eq!(onward(&reply).unwrap(), none);
        let html = text(&reply);
        let (kept, key) = (data(html, "kept"), data(html, "key"));
        assert_eq!(kept, none.replace("=none", &format!("={key}")));
        assert!(FragmentKey::parse(&key).is_some(), "{key}");
        for next in [none, &kept] {
            assert!(begins(&desk.decide(&Req::open(next))), "{next}");
        }
        let other = desk.reply(&Req::open(opened));
        assert_ne!(data(text(&other), "key"), key, "each login has its own");
    }
}

/// Where a login that began at `query` ends.
fn ends(query: &str) -> String {
    let mut desk = desk();
    let mut jar = Jar::default();
    let asked = Req::open(&format!("/_vestibule/login?{query}"));
    let started = desk.start(&asked, &mut jar);
    let back = callback(&started.state).cookies(&jar);
    let exchange = desk.exchange(&back);
    let claims = changed(id_claims(), &json!({ "nonce": started.nonce }));
    let reply = desk.finish(&back, &exchange, tokens(&claims), &started.nonce);
    location(&reply).to_owned()
}

#[test]
fn a_login_with_a_fragment_ends_by_way_of_the_page_that_puts_it_back() {
    let by_way = format!("/_vestibule/return?key={KEY}&rd=%2Fa%3Fb%3Dc");
    assert_eq!(ends(&format!("rd=/a%3Fb=c&fragment={KEY}")), by_way);
    assert_eq!(ends("rd=/a%3Fb=c&fragment=none"), "/a?b=c");
    for wrong in [
        "AAECAwQFBgc",
        "AAECAwQFBgcIAA",
        "AAECAwQFBgc!",
        "%20",
        "none",
    ] {
        assert_eq!(ends(&format!("rd=/a&fragment={wrong}")), "/a", "{wrong}");
    }
    // "Try again" after a failure, and a login begun anew, have it still.
    let again = url::form_urlencoded::byte_serialize(by_way.as_bytes()).collect::<String>();
    assert_eq!(ends(&format!("rd={again}&fragment=none")), by_way);
    assert_eq!(ends(&format!("rd={again}&fragment={KEY}")), by_way);
    // A target too long to go by way of it is worth more than its fragment.
    let long = format!("/{}", "x".repeat(2_030));
    assert_eq!(ends(&format!("rd={long}&fragment={KEY}")), long);
}

#[test]
fn the_page_after_the_login_leads_to_a_target_of_ours_alone() {
    let mut desk = desk();
    for (rd, target) in [
        ("/a%3Fb%3Dc%26d", "/a?b=c&d"),
        ("/a%23own", "/a#own"),
        ("https://wiki.example.com/x", "/x"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/%5Cevil.example", "/"),
        ("/_vestibule/logout", "/"),
        ("/_vestibule/login", "/"),
        ("/_vestibule/return?key=AAECAwQFBgcI%26rd=/x", "/"),
        ("/_vestibule/whoami", "/_vestibule/whoami"),
    ] {
        let path = format!("/_vestibule/return?key={KEY}&rd={rd}");
        let reply = desk.reply(&Req::open(&path));
        assert_eq!((reply.status.as_u16(), reply.note.outcome), (200, "page"));
        assert_eq!(onward(&reply).unwrap(), target, "{rd}");
        assert_eq!(data(text(&reply), "key"), KEY);
        let policy = header_of(&reply, "content-security-policy").unwrap();
        assert!(policy.contains("script-src 'sha256-"), "{policy}");
        // Who runs no script goes there at once.
        for req in [
            Req::get(&path),
            Req::open(&path).with("sec-fetch-dest", "iframe"),
        ] {
            assert_eq!(location(&desk.reply(&req)), target, "{rd}");
        }
    }
    for query in [
        "rd=/a",
        "rd=/a&key=x",
        "rd=/a&key=AAECAwQFBgcI&key=AAECAwQFBgcI",
    ] {
        let reply = desk.reply(&Req::open(&format!("/_vestibule/return?{query}")));
        assert_eq!(location(&reply), "/a", "{query}");
    }
    let evil = "/_vestibule/return?key=%22onx=%22AAAA&rd=%2F%22%3E%3Cscript%3E";
    assert!(!text(&desk.reply(&Req::open(evil))).contains("<script>\">"));
}
