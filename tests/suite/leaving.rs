//! Clients that leave before their answer: how the log tells of them.

use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use super::traffic::{PATIENCE, connect, read_to, serve, text};
use crate::support::dev_idp::KIRSTEN;
use crate::support::frames::Client;
use crate::support::{Harness, Setup};

/// Error codes of RFC 9113 7.
const NO_ERROR: u32 = 0;
const CANCEL: u32 = 8;
/// DATA on the stream of no request: a connection error (RFC 9113 6.1).
const BREACH: &str = "000000000000000000";

/// An app that never answers but for its first page. It says which path it was asked for.
fn thinking() -> (String, Receiver<String>) {
    let (tell, asked) = channel();
    let tell = Mutex::new(tell);
    let app = serve(move |mut stream| {
        let head = text(&read_to(&mut stream, b"\r\n\r\n").unwrap_or_default());
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        if path == "/" {
            let page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
            return stream.write_all(page).expect("sent");
        }
        // The test may have ended without it.
        let _told = tell.lock().expect("the lock").send(path);
        read_to(&mut stream, b"never");
    });
    (format!("http://{app}"), asked)
}

#[test]
fn whoever_leaves_while_the_app_thinks_is_told_of_as_gone_and_by_name() {
    let (app, asked) = thinking();
    let mut chain = Setup {
        upstream: Some(app),
        ..Setup::default()
    }
    .start();
    let cookies = chain.signed_in_without_page(KIRSTEN);
    let until_asked_for = |path: &str| {
        let asked = asked.recv_timeout(PATIENCE);
        assert_eq!(asked.as_deref(), Ok(path));
    };
    let mut stream = connect(chain.address);
    let host = chain.host();
    let ask = format!("GET /http1 HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\r\n");
    stream.write_all(ask.as_bytes()).expect("sent");
    until_asked_for("/http1");
    drop(stream);
    is_told(&mut chain, "/http1", &json!(["client_gone", null]));

    let gone = json!(["client_gone", null]);
    let unreadable = json!(["bad_request", "request_unreadable"]);
    for (path, then, fate) in [
        ("/cancel", json!(["reset", 1, CANCEL]), &gone),
        ("/no-error", json!(["reset", 1, NO_ERROR]), &gone),
        // As before: the client does not keep to the protocol.
        ("/breach", json!(["raw", BREACH]), &unreadable),
    ] {
        let mut client = Client::of(chain.address);
        client.begin(&json!([get(&chain, path, &cookies), ["wait"], then]));
        until_asked_for(path);
        client.go_on();
        is_told(&mut chain, path, fate);
    }
    let mut client = Client::of(chain.address);
    client.begin(&json!([get(&chain, "/closed", &cookies), ["wait"]]));
    until_asked_for("/closed");
    // With its connection.
    drop(client);
    is_told(&mut chain, "/closed", &gone);
}

fn get(chain: &Harness, path: &str, cookies: &str) -> Value {
    let fields = json!([
        [":method", "GET"],
        [":scheme", "http"],
        [":path", path],
        [":authority", chain.host()],
        ["cookie", cookies]
    ]);
    json!(["headers", 1, fields, true])
}

/// The request has one line, which says so of it, and whose it was.
fn is_told(chain: &mut Harness, path: &str, fate: &Value) {
    let path = format!("\"path\":\"{path}\"");
    let line = chain.await_log(&[&path]);
    let fields: Value = serde_json::from_str(&line).expect("JSON");
    let told = json!([fields["outcome"], fields["reason"]]);
    assert_eq!(told, *fate, "{line}");
    assert!(fields["user"].is_string(), "{line}");
    assert_eq!(fields["route"], "default", "{line}");
    let log = chain.vestibule.output();
    assert_eq!(log.matches(&path).count(), 1, "{log}");
}
