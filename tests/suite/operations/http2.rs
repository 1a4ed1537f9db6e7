//! The end of an instance as HTTP/2 sees it: connections are told to go, what has begun ends whole, and what comes after
//! that is nobody's, so that its client may send it elsewhere (RFC 9113 6.8).

use serde_json::{Value, json};

use super::{app_that_waits, try_request, until_app_has_it};
use crate::support::dev_idp::KIRSTEN;
use crate::support::frames::Client;
use crate::support::peers::{traffic, traffic_server};
use crate::support::{Harness, Setup};

const PUBLIC: &str = "[[route]]\npath = \"/*\"\naccess = \"public\"\n";
const NO_ERROR: u32 = 0;

fn get(chain: &Harness, stream: u32, path: &str) -> Value {
    let fields = json!([
        [":method", "GET"],
        [":scheme", "http"],
        [":path", path],
        [":authority", chain.host()]
    ]);
    json!(["headers", stream, fields, true])
}

#[test]
fn a_stream_that_has_begun_ends_whole_and_one_behind_the_goaway_is_not_taken_up() {
    let (app, answer) = app_that_waits();
    let mut chain = Setup {
        server: "shutdown_delay = \"5m\"\ngrace_period = \"5m\"\n".to_owned(),
        upstream: Some(app),
        tables: PUBLIC.to_owned(),
        ..Setup::default()
    }
    .start();
    let mut client = Client::of(chain.address);
    // The first GOAWAY lets all streams be, the second one names the last.
    client.begin(&json!([
        get(&chain, 1, "/slow"),
        ["gone", 2],
        get(&chain, 3, "/late"),
        ["tell"]
    ]));
    until_app_has_it(&answer);
    chain.vestibule.signal("TERM");
    let admin = chain.admin;
    chain.vestibule.wait_until("no readiness", || {
        let ask = b"GET /readyz HTTP/1.1\r\nHost: admin\r\n\r\n";
        try_request(admin, ask).is_ok_and(|answer| answer.status == 503)
    });
    // Its connections go on until the delay is over: nobody is told anything yet.
    let mut other = Client::of(chain.address);
    let steps = json!([get(&chain, 1, "/one"), get(&chain, 3, "/two")]);
    let came = other.play(&steps);
    let statuses: Vec<_> = came.streams.values().map(|one| one.status).collect();
    assert_eq!(statuses, [Some(200); 2], "{came:?}");
    assert_eq!(came.goaways, Vec::<u32>::new());

    chain.vestibule.signal("TERM");
    client.until_it_tells();
    answer.send(()).expect("the app");
    let came = client.come();
    let slow = &came.streams[&1];
    assert_eq!((slow.status, slow.body.as_str()), (Some(200), "done"));
    assert_eq!(slow.reset, None, "{came:?}");
    assert_eq!(came.goaway, Some(NO_ERROR), "{came:?}");
    assert_eq!(came.goaways[..2], [i32::MAX as u32, 1], "{came:?}");
    let late = came.streams.get(&3);
    assert!(late.is_none_or(|late| late.status.is_none()), "{came:?}");
    assert!(came.closed && !came.silent, "{came:?}");
    assert_eq!(chain.vestibule.wait().code(), Some(0));
    let log = chain.vestibule.output();
    assert!(!log.contains("\"/late\""), "{log}");
    assert!(!log.contains("requests still running"), "{log}");
}

#[test]
fn a_grpc_stream_ends_with_its_status_or_with_the_grace_period() {
    // Ten seconds are longer than the one that idle connections have.
    for (grace, messages, ends) in [("60s", 100, true), ("2s", 100_000, false)] {
        let home = tempfile::tempdir().expect("a directory");
        let (_app, port) = traffic_server("grpc-server", home.path());
        let mut chain = Setup {
            server: format!("grace_period = \"{grace}\"\n"),
            upstream: Some(format!("h2c://127.0.0.1:{port}")),
            ..Setup::default()
        }
        .start();
        let cookies = chain.signed_in_without_page(KIRSTEN);
        let id = chain.vestibule.id().to_string();
        let count = messages.to_string();
        let output = traffic(&["grpc-stop", chain.host(), &cookies, &id, &count])
            .output()
            .expect("python");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        let (came, status) = said.trim().split_once(' ').expect(&error);
        let came: u32 = came.parse().expect("a number");
        match ends {
            true => assert_eq!((came, status), (messages, "OK"), "{error}"),
            false => assert!(came >= 3 && status == "UNAVAILABLE", "{said} {error}"),
        }
        assert_eq!(chain.vestibule.wait().code(), Some(0));
        let log = chain.vestibule.output();
        assert_eq!(
            log.contains("stopped with requests still running"),
            !ends,
            "{log}"
        );
        let cut = log.matches("\"grace_period_over\"").count();
        assert_eq!(cut, usize::from(!ends), "{log}");
    }
}
