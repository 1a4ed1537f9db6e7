//! Websockets: every kind of message, each way to end, with TLS in front, and apps that answer before they are asked.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::{Mutex, mpsc};

use super::{
    Harness, PATIENCE, PUBLIC_ROUTE, Setup, connect, in_front_of, read_to, says_ok, serve, text,
};
use crate::suite::listeners::serve_tls;
use crate::support::authority::Authority;
use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::traffic_server;

const SWITCH: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

#[test]
fn websockets_pass_whole_fragmented_large_pinged_and_closed() {
    let home = tempfile::tempdir().expect("a directory");
    let (_app, port) = traffic_server("ws-echo", home.path());
    let chain = in_front_of(&format!("http://127.0.0.1:{port}"), "");
    let cookies = chain.signed_in_without_page(KIRSTEN);
    let url = format!("ws://{}/socket", chain.host());
    says_ok(&["ws-client", &url, &chain.origin, &cookies]);
}

#[test]
fn websockets_pass_over_tls() {
    let home = tempfile::tempdir().expect("a directory");
    let (_app, port) = traffic_server("ws-echo", home.path());
    let authority = Authority::new(home.path(), "ca");
    let (certificate, key) = authority.issue("us", "wiki.example.com");
    let mut chain = Setup {
        public_url: Some("https://wiki.example.com".to_owned()),
        upstream: Some(format!("http://127.0.0.1:{port}")),
        ..Setup::default()
    }
    .start();
    let cookies = chain.signed_in_without_page(KIRSTEN);
    serve_tls(&mut chain, &certificate, &key, "");
    let address = chain.address.to_string();
    let ca = authority.file.display().to_string();
    let (url, origin) = ("wss://wiki.example.com/socket", "https://wiki.example.com");
    says_ok(&["ws-client", url, origin, &cookies, &ca, &address]);
}

/// Whoever is left alone on its half of the connection learns of it.
#[test]
fn the_end_of_one_half_is_the_end_of_the_other() {
    let (ended, end) = mpsc::channel();
    let ended = Mutex::new(ended);
    let app = serve(move |mut stream| {
        let asked = read_to(&mut stream, b"\r\n\r\n").unwrap_or_default();
        stream.write_all(SWITCH).expect("sent");
        if asked.starts_with(b"GET /first ") {
            // The app is the first to go.
            return;
        }
        let mut rest = Vec::new();
        let read = stream.read_to_end(&mut rest).is_ok();
        let ended = ended.lock().expect("the lock");
        ended.send((read, rest)).expect("the test");
    });
    let chain = in_front_of(&format!("http://{app}"), PUBLIC_ROUTE);
    let open = |path: &str| {
        let mut stream = connect(chain.address);
        let ask = upgrade(&chain, path);
        stream.write_all(ask.as_bytes()).expect("sent");
        let head = read_to(&mut stream, b"\r\n\r\n").unwrap_or_default();
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", text(&head));
        stream
    };
    let mut stream = open("/first");
    assert_eq!(stream.read(&mut [0; 8]).expect("the end"), 0);
    let mut stream = open("/second");
    stream.write_all(b"last words").expect("sent");
    stream.shutdown(Shutdown::Write).expect("half of it");
    let heard = end.recv_timeout(PATIENCE).expect("the app");
    assert_eq!(heard, (true, b"last words".to_vec()));
}

/// An app that answers whatever status it is told goes on in HTTP behind it, and would believe what no request of ours
/// brings: nothing that is sent behind such an answer may reach it.
#[test]
fn a_101_that_is_not_agreed_on_opens_no_way_past_the_rules() {
    let (told, heard) = mpsc::channel();
    let told = Mutex::new(told);
    let app = serve(move |mut stream| {
        let asked = text(&read_to(&mut stream, b"\r\n\r\n").unwrap_or_default());
        let more: &[u8] = match asked.split(' ').nth(1) {
            Some("/h2c") => b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
            Some("/unasked") => b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            Some("/plain") => b"\r\n",
            _ => return,
        };
        let answer = [b"HTTP/1.1 101 Switching Protocols\r\n", more].concat();
        stream.write_all(&answer).expect("sent");
        let mut behind = Vec::new();
        let _ended = stream.read_to_end(&mut behind);
        told.lock()
            .expect("the lock")
            .send(behind)
            .expect("the test");
    });
    let chain = in_front_of(&format!("http://{app}"), PUBLIC_ROUTE);
    let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\nX-Forwarded-User: root\r\n\r\n";
    let unasked = format!("GET /unasked HTTP/1.1\r\nHost: {}\r\n\r\n", chain.host());
    for ask in [upgrade(&chain, "/plain"), upgrade(&chain, "/h2c"), unasked] {
        let mut stream = connect(chain.address);
        let sent = stream.write_all((ask.clone() + hidden).as_bytes());
        sent.expect("sent");
        let head = text(&read_to(&mut stream, b"\r\n\r\n").unwrap_or_default());
        assert!(head.starts_with("HTTP/1.1 502 "), "{ask}{head}");
        // It may be gone.
        let _sent = stream.write_all(hidden.as_bytes());
        let behind = heard.recv_timeout(PATIENCE).expect("the app");
        assert_eq!(text(&behind), "", "{ask}");
    }
}

fn upgrade(chain: &Harness, path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        chain.host()
    )
}

/// pingora's issue 946: whoever answers 101 before the end of the (empty) request has been
/// seen was cut off.
#[test]
fn an_app_that_switches_at_once_keeps_its_websocket() {
    let app = serve(|mut stream| {
        // With the first byte of the request, and with words of its own.
        let mut byte = [0; 1];
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        let hello = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello";
        if stream.write_all(hello).is_err() || read_to(&mut stream, b"\r\n\r\n").is_none() {
            return;
        }
        let mut bytes = [0; 64];
        while let Ok(read @ 1..) = stream.read(&mut bytes) {
            if stream.write_all(&bytes[..read]).is_err() {
                return;
            }
        }
    });
    let chain = in_front_of(&format!("http://{app}"), PUBLIC_ROUTE);
    for turn in 0..200 {
        let mut stream = connect(chain.address);
        let ask = upgrade(&chain, "/socket");
        stream.write_all(ask.as_bytes()).expect("sent");
        let head = read_to(&mut stream, b"\r\n\r\n").unwrap_or_default();
        assert!(head.starts_with(b"HTTP/1.1 101"), "{turn}: {}", text(&head));
        assert!(read_to(&mut stream, b"hello").is_some(), "{turn}");
        for word in ["one", "another"] {
            stream.write_all(word.as_bytes()).expect("sent");
            assert!(
                read_to(&mut stream, word.as_bytes()).is_some(),
                "{turn}: {word}"
            );
        }
    }
}
