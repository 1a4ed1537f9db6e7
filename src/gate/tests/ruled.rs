//! Routes with rules: who is let through, what the others are told, and that
//! what was matched is what is sent.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::support::{
    Desk, Jar, Req, body, changed, config, header_of, id_claims, route, set_cookies, text,
};
use crate::gate::claims::ClaimPath;
use crate::gate::cookie::Stripped;
use crate::gate::request::{Forms, RequestPath};
use crate::gate::route::{Access, Route, Router, Ruling};
use crate::gate::rule::{Condition, Rule, Rules, Values};
use crate::gate::{Decision, Effect};

fn values(names: &[&str]) -> Values {
    Values::new(names.iter().map(|&name| name.to_owned()).collect()).unwrap()
}

fn asks(condition: Condition) -> Access {
    let rule = Rule::new(vec![condition]).unwrap();
    Access::Rules(Arc::new(Rules::new(vec![rule]).unwrap()))
}

fn groups(names: &[&str]) -> Access {
    asks(Condition::Groups(values(names)))
}

fn desk(routes: Vec<Route>) -> Desk {
    let mut config = config();
    config.routes = routes;
    Desk::new(&config)
}

/// Somebody whose token holds these changes.
fn signed_in(desk: &mut Desk, changes: &Value) -> Jar {
    let mut jar = Jar::default();
    desk.sign_in_as("/", &changed(id_claims(), changes), &mut jar);
    jar
}

#[test]
fn a_rule_opens_for_whom_it_names_and_for_nobody_else() {
    let mut desk = desk(vec![route(&["/edit/*"], groups(&["Editors"]))]);
    let editor = signed_in(&mut desk, &json!({ "cognito:groups": ["Editors"] }));
    let reader = signed_in(&mut desk, &json!({ "cognito:groups": ["Readers"] }));
    let forward = desk.forward(&Req::open("/edit/x").cookies(&editor));
    assert!(forward.permit.who().is_some());
    assert_eq!(forward.note.route.as_deref(), Some("route[0] /edit/*"));
    let refused = desk.reply(&Req::open("/edit/x").cookies(&reader));
    assert_eq!(refused.status, 403);
    assert_eq!(refused.note.reason, Some("rule_groups"));
    assert_eq!(refused.note.route.as_deref(), Some("route[0] /edit/*"));
    assert!(refused.note.user.is_some());
    // Everything else is as it was.
    let forward = desk.forward(&Req::open("/x").cookies(&reader));
    assert_eq!(forward.note.route.as_deref(), Some("default"));
    // Whoever is not signed in is asked to be, and learns nothing of the rule.
    let page = desk.reply(&Req::open("/edit/x"));
    assert_eq!(page.status, 302);
    assert_eq!(page.note.route.as_deref(), Some("route[0] /edit/*"));
    let json = desk.reply(&Req::get("/edit/x"));
    assert_eq!(json.status, 401);
    assert!(!text(&json).contains("Editors"));
}

#[test]
fn a_refusal_tells_people_what_is_needed_and_who_they_are() {
    let mut desk = desk(vec![route(&["/edit/*"], groups(&["Editors", "R&D <x>"]))]);
    let reader = signed_in(&mut desk, &json!({ "cognito:groups": ["Readers"] }));
    let page = desk.reply(&Req::open("/edit/x").cookies(&reader));
    assert_eq!(page.status, 403, "never a redirect");
    assert!(header_of(&page, "location").is_none());
    assert!(set_cookies(&page).is_empty());
    let reference = page.note.reference.clone().unwrap();
    for part in [
        "one of the groups Editors, R&amp;D &lt;x&gt;",
        "kirsten.holm@example.org",
        "Sign in as someone else",
        "/_vestibule/logout?rd=%2Fedit%2Fx",
        "/edit/*",
        &reference,
    ] {
        assert!(text(&page).contains(part), "{part}\n{}", text(&page));
    }
    assert!(!text(&page).contains("Readers"), "what they have is theirs");
    let answer = desk.reply(&Req::get("/edit/x").cookies(&reader));
    assert_eq!(answer.status, 403);
    let answer_body = body(&answer);
    assert_eq!(answer_body["error"], "forbidden");
    assert_eq!(
        answer_body["needs_one_of"],
        json!(["one of the groups Editors, R&D <x>"])
    );
    assert_eq!(answer_body["account"], "kirsten.holm@example.org");
    assert_eq!(answer_body["route"], "route[0] /edit/*");
    assert_eq!(answer_body["reference"], json!(answer.note.reference));
}

#[test]
fn rules_on_claims_see_no_email_that_is_not_believed() {
    let path = |name: &str| ClaimPath::parse(name).unwrap();
    let mail = Condition::Claim(path("email"), values(&["kirsten.holm@example.org"]));
    let domain = Condition::EmailDomains(values(&["example.org"]));
    let role = Condition::Claim(path("custom:role"), values(&["boss"]));
    let mut config = config();
    config.providers[0].identity.user.claims = vec![path("sub")];
    config.routes = vec![
        route(&["/mail/*"], asks(mail)),
        route(&["/domain/*"], asks(domain)),
        route(&["/role/*"], asks(role)),
    ];
    let mut desk = Desk::new(&config);
    for (changes, open) in [
        (json!({}), [true, true, false]),
        (json!({ "email_verified": false }), [false, false, false]),
        (
            json!({ "email_verified": false, "custom:role": "[boss]" }),
            [false, false, true],
        ),
        (
            json!({ "email": "x@evil.example@example.org" }),
            [false, false, false],
        ),
        (json!({ "email": "X@EXAMPLE.ORG" }), [false, true, false]),
    ] {
        let jar = signed_in(&mut desk, &changes);
        for (target, open) in ["/mail/x", "/domain/x", "/role/x"].iter().zip(open) {
            let decision = desk.decide(&Req::open(target).cookies(&jar));
            let forwarded = matches!(decision, Decision::Forward(_));
            assert_eq!(forwarded, open, "{changes} {target}");
        }
    }
}

#[test]
fn a_method_that_no_rule_names_is_refused() {
    let reads = Route {
        methods: vec![Method::GET],
        ..route(&["/api/*"], Access::SignedIn)
    };
    let mut desk = desk(vec![reads, route(&["/"], Access::Public)]);
    let jar = signed_in(&mut desk, &json!({}));
    for method in [Method::GET, Method::HEAD] {
        desk.forward(&Req::new(method, "/api/x").cookies(&jar));
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        for jar in [&jar, &Jar::default()] {
            let req = Req::new(method.parse().unwrap(), "/api/x").cookies(jar);
            let refused = desk.reply(&req);
            assert_eq!(refused.status, 403, "{method}");
            assert_eq!(refused.note.reason, Some("no-rule-for-method"));
            assert_eq!(body(&refused)["error"], "forbidden");
        }
        desk.forward(&Req::new(method.parse().unwrap(), "/x"));
    }
}

#[test]
fn a_websocket_of_another_origin_is_refused_on_ruled_routes_too() {
    let mut desk = desk(vec![route(&["/ws"], groups(&["Editors"]))]);
    let jar = signed_in(&mut desk, &json!({ "cognito:groups": ["Editors"] }));
    let req = |origin: &str| {
        let req = Req::get("/ws").with("upgrade", "websocket");
        req.with("origin", origin).cookies(&jar)
    };
    desk.forward(&req("https://wiki.example.com"));
    let refused = desk.reply(&req("https://evil.example"));
    assert_eq!(refused.note.reason, Some("websocket_origin"));
}

/// Arbitrary targets, with what is known to confuse in them.
struct Targets(u64);

impl Iterator for Targets {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        const PIECES: &[&str] = &[
            "/", "/", "a", "files", "admin", ".", "..", "%2e", "%252e", "%2f", "%252F", "%5c",
            "%255C", ";", ";v=1", "%3b", "%253B", "%61", "%c3%a9", "{x}", "%25", "?", "%C0%AF",
        ];
        let mut target = String::from("/");
        for _ in 0..7 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            target.push_str(PIECES[(self.0 >> 33) as usize % PIECES.len()]);
        }
        Some(target)
    }
}

#[test]
fn the_path_that_was_matched_is_the_path_that_is_sent() {
    let all = Forms {
        semicolon: true,
        double_slash: true,
        encoded_slash: true,
        encoded_backslash: true,
    };
    let allowing = |path: &str, access| Route {
        allow_in_path: all,
        ..route(&[path], access)
    };
    let routes = vec![
        allowing("/", Access::Public),
        allowing("/files/*", Access::Public),
        allowing("/files/a", Access::Public),
        route(&["/admin/*"], Access::Nobody),
    ];
    let router = Router::new(routes.clone());
    let label = |path: &str| {
        let path = RequestPath::parse(path).unwrap();
        match router.find(Some("wiki.example.com"), &path, &Method::GET) {
            Some(Ruling::Rule { label, .. }) => Some(Arc::clone(label)),
            _ => None,
        }
    };
    let mut desk = desk(routes);
    let (mut plain, mut special) = (0, 0);
    for target in Targets(7).take(60_000) {
        // Targets that nobody can read at all are the affair of `request`.
        if RequestPath::parse(target.split('?').next().unwrap()).is_err() {
            continue;
        }
        let Decision::Forward(forward) = desk.decide(&Req::get(&target)) else {
            continue;
        };
        let sent = forward.target.as_deref().unwrap();
        let path = sent.split('?').next().unwrap();
        // Read again, it is the same path under the same rule.
        assert_eq!(
            RequestPath::parse(path).unwrap().canonical(),
            path,
            "{target}"
        );
        assert_eq!(label(path), forward.note.route, "{target}");
        let query = |text: &str| text.split_once('?').map(|(_, query)| query.to_owned());
        assert_eq!(query(sent), query(&target), "{target}");
        // No app finds itself in the closed part, however it reads the path.
        let mut seen = path.to_owned().into_bytes();
        for _ in 0..3 {
            let names: Vec<&[u8]> = seen
                .split(|b| matches!(b, b'/' | b'\\'))
                .map(|name| name.split(|b| *b == b';').next().unwrap())
                .filter(|name| !name.is_empty())
                .collect();
            assert_ne!(names.first(), Some(&&b"admin"[..]), "{target}");
            seen = percent_decode(&seen);
        }
        match RequestPath::parse(path).unwrap().is_ambiguous() {
            true => special += 1,
            false => plain += 1,
        }
    }
    assert!(plain > 500 && special > 500, "{plain} {special}");
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = &tail[2..];
            }
            _ => out.push(*first),
        }
    }
    out
}

#[test]
fn a_sign_out_keeps_the_page_to_come_back_to_as_someone_else() {
    let mut desk = desk(Vec::new());
    let sign_out = |desk: &mut Desk, target: &str, jar: &mut Jar| {
        let req = Req::open(target).with("sec-fetch-site", "same-origin");
        let Decision::Perform(Effect::Logout(logout)) = desk.decide(&req.cookies(jar)) else {
            panic!("{target}");
        };
        jar.take_in(set_cookies(&logout.reply));
        let page = desk.reply(&Req::open("/_vestibule/signed-out").cookies(jar));
        text(&page).to_owned()
    };
    for (target, back) in [
        ("/_vestibule/logout?rd=%2Fa%3Fb%3Dc", "rd=%2Fa%3Fb%3Dc\""),
        // The next plain sign-out knows nothing of it any more.
        ("/_vestibule/logout", "rd=%2F\""),
        (
            "/_vestibule/logout?rd=https%3A%2F%2Fevil.example%2F",
            "rd=%2F\"",
        ),
        ("/_vestibule/logout?rd=%2F%2Fevil.example", "rd=%2F\""),
        ("/_vestibule/logout?rd=%2F_vestibule%2Flogout", "rd=%2F\""),
    ] {
        let mut jar = signed_in(&mut desk, &json!({}));
        sign_out(&mut desk, "/_vestibule/logout?rd=%2Fbefore", &mut jar);
        let page = sign_out(&mut desk, target, &mut jar);
        assert!(page.contains(back), "{target}\n{page}");
    }
    // A cookie that a neighbour made up leads nowhere else.
    for made_up in [
        "",
        "x",
        "Ly9ldmlsLmV4YW1wbGU",
        "aHR0cHM6Ly9ldmlsLmV4YW1wbGUv",
    ] {
        let jar = Jar::of("__Host-vestibule-back", made_up);
        let page = desk.reply(&Req::open("/_vestibule/signed-out").cookies(&jar));
        assert!(text(&page).contains("rd=%2F\""), "{made_up}");
    }
    // Asked from elsewhere, the question keeps the page.
    let page =
        desk.reply(&Req::open("/_vestibule/logout?rd=%2Fa").with("sec-fetch-site", "cross-site"));
    assert!(text(&page).contains("action=\"/_vestibule/logout?rd=%2Fa\""));
    assert!(desk.gate.strip_cookies(b"__Host-vestibule-back=x") == Stripped::Nothing);
}
