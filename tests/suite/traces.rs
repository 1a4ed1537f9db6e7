//! By which trace a request is known to the app and in the log, and by which name its person.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::root;
use crate::support::{Harness, Setup, source};

const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

/// An app that anybody may ask.
fn open_app() -> Harness {
    let setup = Setup {
        tables: "[[route]]\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    };
    setup.start()
}

fn get(chain: &Harness, path: &str, headers: &str) {
    let answer = chain.raw(&format!(
        "GET {path} HTTP/1.1\r\nHost: HOST\r\n{headers}\r\n"
    ));
    assert_eq!(answer.status, 200, "{headers}");
}

fn fields(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

/// Version, trace id, parent id and flags.
fn parts(traceparent: &str) -> [&str; 4] {
    let parts: Vec<&str> = traceparent.split('-').collect();
    parts.try_into().expect("four parts")
}

#[test]
fn a_good_traceparent_reaches_the_app_as_it_is_and_the_log_has_its_id() {
    let mut chain = open_app();
    let state = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
    get(
        &chain,
        "/good",
        &format!("Traceparent: {GOOD}\r\ntracestate: {state}\r\n"),
    );
    let seen = chain.echo.last();
    assert_eq!(seen.header("traceparent"), Some(GOOD));
    assert_eq!(seen.header("tracestate"), Some(state));
    let line = fields(&chain.await_log(&["\"request\"", "\"/good\""]));
    assert_eq!(line["trace_id"], parts(GOOD)[1]);
}

#[test]
fn whatever_else_a_client_sends_the_app_gets_exactly_one_good_traceparent() {
    let mut chain = open_app();
    let mut ids = BTreeSet::new();
    for (place, sent) in [
        String::new(),
        format!("traceparent: {GOOD}\r\nTRACEPARENT: {GOOD}\r\n"),
        format!("traceparent: {GOOD}, {GOOD}\r\n"),
        format!("traceparent: {GOOD}-more\r\n"),
        format!("traceparent: {}\r\n", GOOD.to_uppercase()),
        format!("traceparent: ff{}\r\n", &GOOD[2..]),
        format!("traceparent: 00-{}-b7ad6b7169203331-01\r\n", "0".repeat(32)),
        "traceparent: \r\n".to_owned(),
        "traceparent: x\r\n".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let path = format!("/bad/{place}");
        get(
            &chain,
            &path,
            &format!("{sent}tracestate: rojo=00f067aa0ba902b7\r\n"),
        );
        let seen = chain.echo.last();
        let told = seen.header("traceparent").expect("a traceparent");
        let [version, id, parent, flags] = parts(told);
        assert_eq!(
            (version, id.len(), parent.len(), flags),
            ("00", 32, 16, "01"),
            "{sent}"
        );
        assert_ne!(id, parts(GOOD)[1], "{sent}");
        assert!(ids.insert(id.to_owned()), "{sent}");
        assert_eq!(seen.header("tracestate"), None, "{sent}");
        let line = fields(&chain.await_log(&["\"request\"", &format!("\"{path}\"")]));
        assert_eq!(line["trace_id"], id);
    }
    // Of a version to come, what is known of it today.
    get(
        &chain,
        "/later",
        &format!("traceparent: 07{}-later\r\n", &GOOD[2..]),
    );
    assert_eq!(chain.echo.last().header("traceparent"), Some(GOOD));
}

#[test]
fn the_line_of_each_request_has_its_trace_and_the_times_of_its_phases() {
    let setup = Setup {
        server: "threads = 1\n".to_owned(),
        ..Setup::default()
    };
    let mut chain = setup.start();
    let mut browser = chain.signed_in(KIRSTEN);
    let callback = fields(&chain.await_log(&["\"signed_in\""]));
    assert!(callback["provider_ms"].as_f64() > Some(0.0), "{callback}");
    assert!(callback["decide_ms"].is_number(), "{callback}");
    assert!(callback.get("first_byte_ms").is_none(), "{callback}");

    let first = fields(&chain.await_log(&["\"forwarded\""]));
    assert!(first["connect_ms"].is_number(), "{first}");
    assert!(first["first_byte_ms"].as_f64() > Some(0.0), "{first}");
    assert!(first.get("provider_ms").is_none(), "{first}");
    assert_eq!(browser.get("/second").status, 200);
    let second = fields(&chain.await_log(&["\"forwarded\"", "\"/second\""]));
    assert!(
        second.get("connect_ms").is_none(),
        "the connection was there: {second}"
    );
    assert!(second["first_byte_ms"].is_number(), "{second}");

    // A page with a reference: one line has both.
    let page = chain.raw("GET /_vestibule/callback?state=x&code=y HTTP/1.1\r\nHost: HOST\r\nAccept: text/html\r\n\r\n");
    assert_eq!(page.status, 400);
    let failed = fields(&chain.await_log(&["\"login_failed\""]));
    let reference = failed["reference"].as_str().expect("a reference");
    assert!(page.text().contains(reference));
    assert_eq!(
        failed["trace_id"].as_str().map(str::len),
        Some(32),
        "{failed}"
    );
}

#[test]
fn the_text_for_people_has_the_same_fields() {
    let setup = Setup {
        tables: "[[route]]\naccess = \"public\"\n[log]\nformat = \"text\"\n".to_owned(),
        ..Setup::default()
    };
    let mut chain = setup.start();
    get(&chain, "/text", &format!("traceparent: {GOOD}\r\n"));
    let line = chain.await_log(&[" request ", "path=/text"]);
    for field in [
        " INFO ",
        "method=\"GET\"",
        "status=200",
        "outcome=\"forwarded\"",
        "client=127.0.0.1",
        "host=\"localhost\"",
        "route=\"",
        "trace_id=\"0af7651916cd43dd8448eb211c80319c\"",
        " ms=",
        "decide_ms=0.",
        "connect_ms=",
        "first_byte_ms=",
    ] {
        assert!(line.contains(field), "{field} in {line}");
    }
}

#[test]
fn the_line_says_whose_address_it_was_and_which_of_our_hosts() {
    let public = "[[route]]\naccess = \"public\"\n";
    let trusting = "trusted_proxies = [\"127.0.0.1\"]\nforward_auth = \"nginx\"\n";
    let told = |chain: &mut Harness, path: &str| fields(&chain.await_log(&["\"request\"", path]));
    for (client, server) in [
        (None, ""),
        (None, trusting),
        (Some("hash"), trusting),
        (Some("off"), trusting),
    ] {
        let mut chain = Setup {
            log_client: client,
            server: server.to_owned(),
            tables: public.to_owned(),
            ..Setup::default()
        }
        .start();
        let from = |client: &str| format!("X-Forwarded-For: 1.1.1.1, {client}\r\n");
        get(&chain, "/one", &from("203.0.113.9"));
        get(&chain, "/same", &from("203.0.113.9"));
        get(&chain, "/other", &from("2001:db8::1"));
        let [one, same, other] = ["\"/one\"", "\"/same\"", "\"/other\""]
            .map(|path| told(&mut chain, path)["client"].as_str().map(str::to_owned));
        match (client, server) {
            (None, "") => assert_eq!((one.as_deref(), other), (Some("127.0.0.1"), one.clone())),
            (None, _) => assert_eq!(
                (one.as_deref(), other.as_deref()),
                (Some("203.0.113.9"), Some("2001:db8::1"))
            ),
            (Some("hash"), _) => {
                let hash = one.clone().expect("a hash");
                assert!(hash.len() == 12 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
                assert!(other.is_some() && other != one);
            }
            (_, _) => assert_eq!((&one, &other), (&None, &None)),
        }
        assert_eq!(one, same);
        assert_eq!(told(&mut chain, "\"/one\"")["host"], "localhost");
        // A name that is not ours is nobody's to write into the log.
        let elsewhere = "GET /elsewhere HTTP/1.1\r\nHost: evil.example\r\n\r\n";
        assert_eq!(chain.raw(elsewhere).status, 200);
        let line = told(&mut chain, "\"/elsewhere\"");
        assert!(line.get("host").is_none(), "{line}");
        if !server.is_empty() {
            let asked = format!(
                "GET /_vestibule/auth HTTP/1.1\r\nHost: auth.internal\r\nX-Original-URL: {}/x\r\n\
                 X-Original-Method: GET\r\n{}\r\n",
                chain.origin,
                from("203.0.113.9")
            );
            assert_eq!(chain.raw(&asked).status, 200);
            let line = told(&mut chain, "\"/_vestibule/auth\"");
            assert_eq!(line["host"], "localhost", "{line}");
            assert_eq!(line["client"].as_str(), one.as_deref(), "{line}");
        }
    }
}

#[test]
fn every_described_outcome_and_reason_is_one_of_the_program() {
    let page = fs::read_to_string(root().join("docs/logging.md")).expect("the page");
    let source = source::of_the_program();
    let (outcomes, reasons) = described(&page);
    for word in outcomes.iter().chain(&reasons) {
        assert!(source.contains(&format!("\"{word}\"")), "{word}");
    }
    for part in source.split("Note::new(\"").skip(1) {
        let outcome = part.split('"').next().unwrap_or("");
        assert!(outcomes.contains(outcome), "{outcome} is not described");
    }
}

/// Outcomes and reasons that docs/logging.md lists.
pub(super) fn described(page: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let section = |head: &str| {
        let mut sections = page.split("\n## ");
        let found = sections.find(|section| section.starts_with(head));
        found.unwrap_or_else(|| panic!("no section {head}"))
    };
    let outcomes = section("Outcomes").lines();
    let outcomes = outcomes.filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let reasons = section("Reasons").split("\n- ").skip(1);
    let reasons = reasons.flat_map(|item| item.split('`').skip(1).step_by(2));
    (
        outcomes.map(str::to_owned).collect(),
        reasons.map(str::to_owned).collect(),
    )
}

#[test]
fn the_log_names_people_by_a_hash_by_their_account_or_not_at_all() {
    let hash = |name: &str| name.len() == 12 && name.bytes().all(|b| b.is_ascii_hexdigit());
    for user in ["hash", "plain", "off"] {
        let mut chain = Setup {
            log_user: Some(user),
            ..Setup::default()
        }
        .start();
        let mut browser = chain.signed_in(KIRSTEN);
        assert_eq!(browser.get("/here").status, 200);
        assert_eq!(browser.script("GET", "/_vestibule/session").status, 200);
        let account = browser.script("GET", "/_vestibule/session").json()["user"].clone();
        let account = account.as_str().expect("the account name").to_owned();
        for path in ["\"/here\"", "\"/_vestibule/session\""] {
            let line = chain.await_log(&["\"request\"", path]);
            let fields = fields(&line);
            match (user, fields.get("user").and_then(Value::as_str)) {
                ("hash", Some(name)) => assert!(hash(name), "{line}"),
                ("plain", Some(name)) => assert_eq!(name, account),
                ("off", None) => {}
                other => panic!("{other:?}: {line}"),
            }
        }
        let log = chain.vestibule.output();
        assert_eq!(log.contains(&account), user == "plain", "{user}: {log}");
    }
}
