//! How much a request may bring, how long it may take to say what it asks for and to take what it is sent, and how many
//! clients may be connected.

mod connections;
mod writes;

use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rustls::StreamOwned;
use serde_json::json;

use super::listeners::{serve_tls, session};
use super::traffic::large::memory;
use crate::support::authority::Authority;
use crate::support::frames::Client;
use crate::support::wire::read_response;
use crate::support::{Harness, Setup};

const PATIENCE: Duration = Duration::from_secs(120);
const HURRY: &str = "timeouts = { header = \"1s\", idle = \"1s\" }\n";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn chain(server: &str) -> Harness {
    Setup {
        server: server.to_owned(),
        tables: "[[route]]\npath = \"/*\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    }
    .start()
}

#[test]
fn fields_bytes_and_targets_beyond_the_limit_are_refused_in_words() {
    let chain = chain("");
    let mut client = Client::of(chain.address);
    let fields = |count: usize| -> Vec<(String, String)> {
        (0..count)
            .map(|n| (format!("x-{n}"), "b".to_owned()))
            .collect()
    };
    let long = |bytes: usize| vec![("x-a".to_owned(), "b".repeat(bytes))];
    let path = |bytes: usize| format!("/{}", "p".repeat(bytes - 1));
    let short = || "/page".to_owned();
    // HTTP/2's limit on bytes is the library's, which answers without words.
    let rows = [
        ("90 fields", short(), fields(90), 200, 200, None),
        ("101 fields", short(), fields(101), 431, 431, Some("header")),
        ("60,000 bytes", short(), long(60_000), 200, 200, None),
        ("70,000 bytes", short(), long(70_000), 431, 431, None),
        (
            "a target of 32,000 bytes",
            path(32_000),
            vec![],
            200,
            200,
            None,
        ),
        (
            "a target of 33,000 bytes",
            path(33_000),
            vec![],
            414,
            414,
            Some("path"),
        ),
    ];
    for (name, path, more, by_http1, by_http2, words) in rows {
        let lines: String = more.iter().map(|(k, v)| format!("{k}: {v}\r\n")).collect();
        let answer = chain.raw(&format!("GET {path} HTTP/1.1\r\nHost: HOST\r\n{lines}\r\n"));
        assert_eq!(answer.status, by_http1, "{name}: {answer:?}");
        let mut all = vec![
            (":method".to_owned(), "GET".to_owned()),
            (":scheme".to_owned(), "http".to_owned()),
            (":path".to_owned(), path),
            (":authority".to_owned(), chain.host().to_owned()),
        ];
        all.extend(more);
        let mut came = client.play(&json!([["headers", 1, all, true]]));
        // The library may end the connection before its answer is out.
        if by_http2 >= 400 && came.closed && came.streams.is_empty() {
            continue;
        }
        let stream = came.streams.remove(&1);
        let stream = stream.unwrap_or_else(|| panic!("{name}: no answer: {came:?}"));
        assert_eq!(stream.status, Some(by_http2), "{name}: {stream:?}");
        if let Some(words) = words {
            for said in [answer.text(), stream.body] {
                assert!(
                    said.contains("bad_request") && said.contains(words),
                    "{said}"
                );
            }
        }
    }
    // More than is looked at, or than is ever read.
    for (name, more) in [
        ("300 fields", "X-A: b\r\n".repeat(300)),
        ("2 MB", format!("X-A: {}\r\n", "b".repeat(2 << 20))),
    ] {
        let answer = crate::support::wire::try_request(
            chain.address,
            format!("GET /page HTTP/1.1\r\nHost: {}\r\n{more}\r\n", chain.host()).as_bytes(),
        );
        assert!(
            answer.is_ok_and(|answer| answer.status == 400) || name == "2 MB",
            "{name}"
        );
    }
    assert_eq!(
        chain.raw("GET /page HTTP/1.1\r\nHost: HOST\r\n\r\n").status,
        200
    );
}

/// Sends these bytes again and again, each time sooner than any wait for one would end, until the connection does; what
/// came before that.
fn until_cut_off(name: &str, stream: &mut (impl Read + Write), bytes: &[u8]) -> Vec<u8> {
    let began = Instant::now();
    let (mut said, mut some) = (Vec::new(), [0; 4096]);
    while began.elapsed() < PATIENCE {
        if stream
            .write_all(bytes)
            .and_then(|()| stream.flush())
            .is_err()
        {
            return said;
        }
        match stream.read(&mut some) {
            Ok(0) => return said,
            Ok(read) => said.extend_from_slice(&some[..read]),
            // Nothing yet.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // What was on its way is answered with a reset.
            Err(error) => {
                let kinds = [ErrorKind::ConnectionReset, ErrorKind::UnexpectedEof];
                assert!(kinds.contains(&error.kind()), "{name}: {error}");
                return said;
            }
        }
    }
    panic!("{name}: it may take as long as it likes");
}

/// A connection on which a wait for an answer is a short one.
fn connect(chain: &Harness) -> TcpStream {
    let stream = TcpStream::connect(chain.address).expect("the proxy");
    let step = Some(Duration::from_millis(100));
    stream.set_read_timeout(step).expect("a timeout");
    stream
}

/// Of HTTP/2, on stream 1 or later ones.
fn frame(kind: u8, flags: u8, stream: u8, length: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = length.to_be_bytes();
    [&[0, high, low, kind, flags, 0, 0, 0, stream], payload].concat()
}

#[test]
fn whoever_sends_a_header_byte_by_byte_is_cut_off() {
    let chain = chain(HURRY);
    let head = format!("GET /page HTTP/1.1\r\nHost: {}\r\n", chain.host());
    let mut first = connect(&chain);
    first.write_all(head.as_bytes()).expect("sent");
    first.write_all(b"X-A: ").expect("sent");
    let said = until_cut_off("a first request", &mut first, b"b");
    assert_eq!(said, b"", "{}", String::from_utf8_lossy(&said));

    let mut kept = connect(&chain);
    kept.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let whole = format!("{head}\r\n");
    kept.write_all(whole.as_bytes()).expect("sent");
    let answer = read_response(&mut BufReader::new(&kept), false).expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    let step = Some(Duration::from_millis(100));
    kept.set_read_timeout(step).expect("a timeout");
    kept.write_all(head.as_bytes()).expect("sent");
    kept.write_all(b"X-A: ").expect("sent");
    let said = until_cut_off("a kept connection", &mut kept, b"b");
    assert_eq!(said, b"", "{}", String::from_utf8_lossy(&said));

    // A whole request, and then a header that does not end.
    let mut http2 = connect(&chain);
    let host = chain.host().as_bytes();
    let length = u8::try_from(host.len()).expect("a short host");
    let fields = [&[0x82, 0x86, 0x84, 0x41, length], host].concat();
    let begun = [
        PREFACE,
        &frame(4, 0, 0, 0, b""),
        &frame(1, 5, 1, u16::try_from(fields.len()).expect("few"), &fields),
        &frame(1, 0, 3, 16_000, b""),
    ];
    http2.write_all(&begun.concat()).expect("sent");
    let said = until_cut_off("HTTP/2", &mut http2, b"b");
    // The answer's HEADERS on stream 1.
    let answered = said.windows(5).any(|head| head == [4, 0, 0, 0, 1]);
    assert!(answered, "{said:?}");
    let answer = chain.raw("GET /page HTTP/1.1\r\nHost: HOST\r\n\r\n");
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn tls_buys_no_time() {
    let home = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(home.path(), "ca");
    let (certificate, key) = authority.issue("us", "wiki.example.com");
    let mut chain = Setup {
        public_url: Some("https://wiki.example.com".to_owned()),
        ..Setup::default()
    }
    .start();
    serve_tls(&mut chain, &certificate, &key, HURRY);

    // A record that does not end.
    let mut handshake = connect(&chain);
    handshake.write_all(&[22, 3, 1, 2, 0, 1]).expect("sent");
    until_cut_off("a handshake", &mut handshake, &[0]);
    chain.await_log(&["a TLS handshake failed", "\"tls_timeout\""]);

    let encrypted = |protocol: &[u8]| {
        let socket = TcpStream::connect(chain.address).expect("the proxy");
        let mut stream = StreamOwned::new(session(&authority, &[protocol]), socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).expect("TLS");
        }
        assert_eq!(stream.conn.alpn_protocol(), Some(protocol));
        let step = Some(Duration::from_millis(100));
        stream.sock.set_read_timeout(step).expect("a timeout");
        stream
    };
    let mut http1 = encrypted(b"http/1.1");
    http1
        .write_all(b"GET /page HTTP/1.1\r\nHost: wiki.example.com\r\nX-A: ")
        .expect("sent");
    let said = until_cut_off("HTTP/1.1", &mut http1, b"b");
    assert_eq!(said, b"", "{}", String::from_utf8_lossy(&said));
    let mut half = encrypted(b"h2");
    half.write_all(&PREFACE[..10]).expect("sent");
    until_cut_off("half a preface", &mut half, b"");
    let mut http2 = encrypted(b"h2");
    let begun = [
        PREFACE,
        &frame(4, 0, 0, 0, b""),
        &frame(1, 0, 1, 16_000, b""),
    ];
    http2.write_all(&begun.concat()).expect("sent");
    until_cut_off("HTTP/2", &mut http2, b"b");
}

#[test]
fn a_body_may_take_its_time_and_a_connection_waits_no_longer_than_it_may() {
    let chain = chain(HURRY);
    let mut stream = TcpStream::connect(chain.address).expect("the proxy");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let head = format!(
        "POST /page HTTP/1.1\r\nHost: {}\r\nContent-Length: 30\r\n\r\n",
        chain.host()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    for _ in 0..30 {
        stream.write_all(b"b").expect("sent");
        thread::sleep(Duration::from_millis(100));
    }
    let mut reader = BufReader::new(&stream);
    let answer = read_response(&mut reader, false).expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).expect("the end");
    assert_eq!(rest, b"");
}

/// Of the memory for one client, by which the number of clients is bounded (`files::CLIENT`).
const CLIENT: u64 = 192 * 1024;

#[test]
fn a_client_that_keeps_its_header_takes_no_more_than_is_counted_for_it() {
    const CLIENTS: u64 = 300;
    let chain = chain("");
    chain.raw("GET /page HTTP/1.1\r\nHost: HOST\r\n\r\n");
    let before = memory(&chain, "VmRSS:");
    let head = format!("GET /page HTTP/1.1\r\nHost: {}\r\nX-A: ", chain.host());
    // As much as is read of one that has not ended.
    let rest = vec![b'a'; 127 * 1024 - head.len()];
    let waiting: Vec<TcpStream> = (0..CLIENTS)
        .map(|_| {
            let mut stream = TcpStream::connect(chain.address).expect("the proxy");
            stream.write_all(head.as_bytes()).expect("sent");
            stream.write_all(&rest).expect("sent");
            stream
        })
        .collect();
    let grown = |kind| memory(&chain, kind).saturating_sub(before);
    let began = Instant::now();
    while grown("VmRSS:") < CLIENTS * 127 * 1024 {
        assert!(began.elapsed() < PATIENCE, "not all of it is read");
        thread::sleep(Duration::from_millis(20));
    }
    // Whoever sends more is cut off.
    for mut stream in &waiting {
        let _cut = stream.write_all(&[b'a'; 64 * 1024]);
    }
    for mut stream in &waiting {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let end = stream.read_to_end(&mut Vec::new());
        assert!(end.is_ok() || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    }
    let most = grown("VmHWM:");
    assert!(most < CLIENTS * CLIENT, "{most} bytes");
}

#[test]
fn a_header_that_never_ends_takes_no_memory() {
    let chain = chain("");
    chain.raw("GET /page HTTP/1.1\r\nHost: HOST\r\n\r\n");
    let before = memory(&chain, "VmRSS:");
    let head = format!("GET /page HTTP/1.1\r\nHost: {}\r\nX-A: ", chain.host());
    let floods: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(chain.address).expect("the proxy");
            // It may be cut off while it is being written.
            let _cut = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(&[b'a'; 900_000]));
            stream
        })
        .collect();
    // Cut off, each of them; nobody waits for more.
    for mut stream in floods {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut said = Vec::new();
        let end = stream.read_to_end(&mut said);
        assert!(end.is_ok() || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    }
    let grown = memory(&chain, "VmRSS:").saturating_sub(before);
    assert!(grown < 32 * 1024 * 1024, "{grown} bytes");
}
