//! All that an app speaks passes as it is: websockets, streams of events, gRPC, bodies of any size, interim answers.

use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::{traffic, traffic_server};
use crate::support::{Harness, Setup, wire};

/// Nothing that has to come takes longer, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a large body may cost in memory, however large it is.
const GROWTH_MAX: u64 = 20 << 20;
/// How large it is, in bytes, unless `TRAFFIC_BYTES` says so.
const LARGE: u64 = 256 << 20;
const PUBLIC_ROUTE: &str = "[[route]]\naccess = \"public\"\n";

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
fn grpc_passes_unary_and_streaming_in_both_directions() {
    let home = tempfile::tempdir().expect("a directory");
    let (_app, port) = traffic_server("grpc-server", home.path());
    let chain = in_front_of(&format!("h2c://127.0.0.1:{port}"), "");
    let cookies = chain.signed_in_without_page(KIRSTEN);
    says_ok(&["grpc-client", chain.host(), &cookies]);
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
        let ask = format!(
            "GET /socket HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            chain.host()
        );
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

#[test]
fn events_arrive_one_by_one() {
    let (seen, go_on) = mpsc::channel();
    let go_on = std::sync::Mutex::new(go_on);
    let app = serve(move |mut stream| {
        let asked = read_to(&mut stream, b"\r\n\r\n").expect("a request");
        if !asked.starts_with(b"GET /events ") {
            let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
            return stream.write_all(plain).expect("sent");
        }
        let go_on = go_on.lock().expect("the lock");
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("sent");
        for number in 0..600 {
            let event = format!("data: {number:04}\n\n");
            let chunk = format!("{:x}\r\n{event}\r\n", event.len());
            stream.write_all(chunk.as_bytes()).expect("sent");
            // As a second goes by between two, so does the way to the client and back.
            go_on.recv_timeout(PATIENCE).expect("it has arrived");
        }
        stream.write_all(b"0\r\n\r\n").expect("sent");
    });
    let chain = in_front_of(&format!("http://{app}"), "");
    let cookies = chain.signed_in_without_page(KIRSTEN);
    let mut stream = connect(chain.address);
    let ask = format!(
        "GET /events HTTP/1.1\r\nHost: {}\r\nCookie: {cookies}\r\n\r\n",
        chain.host()
    );
    stream.write_all(ask.as_bytes()).expect("sent");
    let head = read_to(&mut stream, b"\r\n\r\n").expect("a head");
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", text(&head));
    for number in 0..600 {
        let event = format!("data: {number:04}\n\n");
        assert!(read_to(&mut stream, event.as_bytes()).is_some(), "{number}");
        seen.send(()).expect("the app");
    }
}

#[test]
fn a_large_upload_takes_no_memory() {
    let received = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&received);
    let app = serve(move |mut stream| {
        read_to(&mut stream, b"\r\n\r\n").expect("a request");
        let mut bytes = vec![0; 1 << 16];
        while counted.load(Ordering::Relaxed) < large() {
            let read = stream.read(&mut bytes).expect("more");
            assert_ne!(read, 0, "the end, too early");
            counted.fetch_add(read as u64, Ordering::Relaxed);
        }
        let done = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        stream.write_all(done).expect("sent");
    });
    let chain = in_front_of(&format!("http://{app}"), PUBLIC_ROUTE);
    let before = memory(&chain);
    let mut stream = connect(chain.address);
    let head = format!(
        "PUT /file HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        chain.host(),
        large()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let bytes = vec![b'x'; 1 << 16];
    let (mut sent, mut most) = (0, 0);
    while sent < large() {
        let part = bytes.len().min((large() - sent) as usize);
        stream.write_all(&bytes[..part]).expect("sent");
        sent += part as u64;
        if sent.is_multiple_of(16 << 20) {
            most = memory(&chain).max(most);
        }
    }
    let answer = wire::read_response(&mut BufReader::new(stream), false).expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    assert_eq!(received.load(Ordering::Relaxed), large());
    let growth = most.saturating_sub(before);
    println!(
        "upload of {} bytes: {before} bytes before, {growth} more at most",
        large()
    );
    assert!(growth < GROWTH_MAX, "it grew by {growth} bytes");
}

#[test]
fn a_large_download_takes_no_memory_however_slow_its_reader_is() {
    let sent = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&sent);
    let app = serve(move |mut stream| {
        read_to(&mut stream, b"\r\n\r\n").expect("a request");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", large());
        stream.write_all(head.as_bytes()).expect("sent");
        let bytes = vec![b'x'; 1 << 16];
        while counted.load(Ordering::Relaxed) < large() {
            let rest = large() - counted.load(Ordering::Relaxed);
            let part = bytes.len().min(rest as usize);
            stream.write_all(&bytes[..part]).expect("sent");
            counted.fetch_add(part as u64, Ordering::Relaxed);
        }
    });
    let chain = in_front_of(&format!("http://{app}"), PUBLIC_ROUTE);
    let before = memory(&chain);
    let mut stream = connect(chain.address);
    let ask = format!("GET /file HTTP/1.1\r\nHost: {}\r\n\r\n", chain.host());
    stream.write_all(ask.as_bytes()).expect("sent");
    let head = read_to(&mut stream, b"\r\n\r\n").expect("a head");
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", text(&head));
    // Nobody reads, until the app can write no more.
    let (mut last, mut same) = (0, 0);
    while same < 20 {
        thread::sleep(Duration::from_millis(50));
        let now = sent.load(Ordering::Relaxed);
        same = if now == last && now > 0 { same + 1 } else { 0 };
        last = now;
    }
    assert!(last < large(), "all of it is held somewhere");
    let (mut most, mut read) = (memory(&chain), 0);
    let mut bytes = vec![0; 1 << 16];
    let mut step = 0;
    while read < large() {
        let part = stream.read(&mut bytes).expect("more");
        assert_ne!(part, 0, "the end, after {read} bytes");
        read += part as u64;
        if read / (16 << 20) > step {
            step = read / (16 << 20);
            most = memory(&chain).max(most);
        }
    }
    let growth = most.saturating_sub(before);
    println!(
        "download of {} bytes: {before} bytes before, {growth} more at most",
        large()
    );
    assert!(growth < GROWTH_MAX, "it grew by {growth} bytes");
}

#[test]
fn heads_and_ranges_pass_as_they_are() {
    let chain = Setup {
        tables: PUBLIC_ROUTE.to_owned(),
        ..Setup::default()
    }
    .start();
    let host = chain.host();
    // Two requests on one connection: the first has a length and no body.
    let mut stream = connect(chain.address);
    let ask = format!("HEAD /file?body=12345 HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(ask.as_bytes()).expect("sent");
    let mut reader = BufReader::new(stream.try_clone().expect("the same"));
    let head = wire::read_response(&mut reader, true).expect("an answer");
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("5"))
    );
    let ask = format!(
        "GET /file?status=206&body=34&h=Content-Range:bytes%202-3/5&h=Accept-Ranges:bytes HTTP/1.1\r\n\
         Host: {host}\r\nRange: bytes=2-3\r\nIf-Range: \"tag\"\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).expect("sent");
    let part = wire::read_response(&mut reader, false).expect("an answer");
    assert_eq!((part.status, part.text().as_str()), (206, "34"));
    assert_eq!(part.header("content-range"), Some("bytes 2-3/5"));
    let seen = chain.echo.last();
    assert_eq!(seen.header("range"), Some("bytes=2-3"));
    assert_eq!(seen.header("if-range"), Some("\"tag\""));
}

#[test]
fn interim_answers_pass_before_the_last_one() {
    let app = serve(|mut stream| {
        let head = read_to(&mut stream, b"\r\n\r\n").expect("a request");
        let early = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
        let is_waiting = text(&head)
            .to_ascii_lowercase()
            .contains("expect: 100-continue");
        let interim = if is_waiting {
            "HTTP/1.1 100 Continue\r\n\r\n"
        } else {
            early
        };
        stream.write_all(interim.as_bytes()).expect("sent");
        if is_waiting {
            read_to(&mut stream, b"body").expect("a body");
        }
        let done = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
        stream.write_all(done.as_bytes()).expect("sent");
    });
    let chain = in_front_of(&format!("http://{app}"), PUBLIC_ROUTE);
    let host = chain.host();
    let mut stream = connect(chain.address);
    let ask = format!("GET /page HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(ask.as_bytes()).expect("sent");
    let early = read_to(&mut stream, b"\r\n\r\n").expect("an interim answer");
    assert!(early.starts_with(b"HTTP/1.1 103"), "{}", text(&early));
    assert!(
        text(&early)
            .to_ascii_lowercase()
            .contains("link: </style.css>; rel=preload")
    );
    assert!(read_to(&mut stream, b"done").is_some());
    let mut stream = connect(chain.address);
    let ask = format!(
        "PUT /file HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).expect("sent");
    let interim = read_to(&mut stream, b"\r\n\r\n").expect("an interim answer");
    assert!(interim.starts_with(b"HTTP/1.1 100"), "{}", text(&interim));
    stream.write_all(b"body").expect("sent");
    assert!(read_to(&mut stream, b"done").is_some());
}

impl Harness {
    /// The cookies of somebody who has signed in, where the app has no pages.
    fn signed_in_without_page(&self, username: &str) -> String {
        let mut browser = self.browser();
        let login = browser.arrive("/_vestibule/login?rd=/_vestibule/signed-out");
        let answer = browser.submit_login(&login, username, self.idp().password(username));
        let page = browser.finish(answer);
        assert!(browser.has_session(), "{page:?}");
        browser.app_cookies()
    }
}

fn in_front_of(app: &str, tables: &str) -> Harness {
    Setup {
        upstream: Some(app.to_owned()),
        tables: tables.to_owned(),
        ..Setup::default()
    }
    .start()
}

fn says_ok(arguments: &[&str]) {
    let output = traffic(arguments).output().expect("python");
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim(), "ok", "{error}");
}

/// An app of a connection each.
fn serve(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the proxy");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_nodelay(true).expect("an option");
    stream
}

/// All up to these bytes; `None` if they do not come.
fn read_to(stream: &mut TcpStream, end: &[u8]) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        let mut byte = [0; 1];
        stream.read_exact(&mut byte).ok()?;
        read.extend(byte);
    }
    Some(read)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn large() -> u64 {
    let said = std::env::var("TRAFFIC_BYTES").ok();
    said.map_or(LARGE, |said| said.parse().expect("a number of bytes"))
}

/// Memory that the proxy has in use (resident), in bytes.
fn memory(chain: &Harness) -> u64 {
    let status =
        fs::read_to_string(format!("/proc/{}/status", chain.vestibule.id())).expect("its status");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("a line");
    let kib = line.split_whitespace().nth(1).expect("a number");
    kib.parse::<u64>().expect("a number") << 10
}
