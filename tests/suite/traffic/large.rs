//! Bodies of any size cost no memory, by each way through which they can go.
//!
//! The kernel's own high-water mark says what they cost, so that nothing between two looks is missed.

use std::fs;
use std::io::{BufReader, Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::{Harness, PUBLIC_ROUTE, connect, in_front_of, read_to, serve, text};
use crate::support::peers::{peer_script, root};
use crate::support::wire;

/// What a large body may cost in memory, however large it is.
const GROWTH_MAX: u64 = 20 << 20;
/// How large it is, in bytes, unless `TRAFFIC_BYTES` says so.
const LARGE: u64 = 256 << 20;
/// The same by HTTP/2, whose small frames take a debug build their time.
const LARGE_BY_HTTP2: u64 = 64 << 20;

#[test]
fn an_upload_takes_no_memory() {
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
    let peak = Peak::of(&chain);
    let mut stream = connect(chain.address);
    let head = format!(
        "PUT /file HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        chain.host(),
        large()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let bytes = vec![b'x'; 1 << 16];
    let mut sent = 0;
    while sent < large() {
        let part = bytes.len().min((large() - sent) as usize);
        stream.write_all(&bytes[..part]).expect("sent");
        sent += part as u64;
    }
    let answer = wire::read_response(&mut BufReader::new(stream), false).expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    assert_eq!(received.load(Ordering::Relaxed), large());
    peak.is_low("upload, HTTP/1.1 to HTTP/1.1", large());
}

#[test]
fn a_download_takes_no_memory_however_slow_its_reader_is() {
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
    let peak = Peak::of(&chain);
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
    let mut read = 0;
    let mut bytes = vec![0; 1 << 16];
    while read < large() {
        let part = stream.read(&mut bytes).expect("more");
        assert_ne!(part, 0, "the end, after {read} bytes");
        read += part as u64;
    }
    peak.is_low("download, HTTP/1.1 to HTTP/1.1, a slow reader", large());
}

#[test]
fn bodies_by_http2_take_no_memory_before_an_app_of_http1() {
    there_and_back("http", "HTTP/1.1");
}

#[test]
fn bodies_by_http2_take_no_memory_before_an_app_of_http2() {
    there_and_back("h2c", "HTTP/2");
}

/// An upload by HTTP/2, and a download whose reader is slow, before an app of this kind.
fn there_and_back(kind: &str, version: &str) {
    let size = bytes(LARGE_BY_HTTP2);
    let app = peer_script("large.mjs", &[kind]);
    let chain = in_front_of(&app.url, PUBLIC_ROUTE);
    for (way, what, slow) in [
        ("put", "upload", ""),
        ("get", "download", ", a slow reader"),
    ] {
        let peak = Peak::of(&chain);
        let output = Command::new("node")
            .arg(root().join("tests/support/large.mjs"))
            .args([way, &chain.origin, &size.to_string()])
            .output()
            .expect("node");
        let said = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.trim(), format!("200 {size}"), "{way}: {error}");
        peak.is_low(&format!("{what}, HTTP/2 to {version}{slow}"), size);
    }
}

fn large() -> u64 {
    bytes(LARGE)
}

fn bytes(unless_said: u64) -> u64 {
    let said = std::env::var("TRAFFIC_BYTES").ok();
    said.map_or(unless_said, |said| said.parse().expect("a number of bytes"))
}

/// The most memory that the proxy has used since it was made.
struct Peak<'c> {
    chain: &'c Harness,
    before: u64,
}

impl<'c> Peak<'c> {
    fn of(chain: &'c Harness) -> Self {
        // proc_pid_clear_refs(5): the high-water mark begins anew.
        let path = format!("/proc/{}/clear_refs", chain.vestibule.id());
        fs::write(path, "5").expect("its high-water mark");
        let before = memory(chain, "VmRSS:");
        Self { chain, before }
    }

    /// Says it as a line of a table.
    fn is_low(&self, what: &str, bytes: u64) {
        let most = memory(self.chain, "VmHWM:");
        let growth = most.saturating_sub(self.before);
        let mb = |bytes: u64| bytes as f64 / 1e6;
        println!(
            "| {what} | {bytes} | {:.1} | {:.1} |",
            mb(self.before),
            mb(growth)
        );
        assert!(most >= self.before, "the mark is that of this body");
        assert!(growth < GROWTH_MAX, "{what}: it grew by {growth} bytes");
    }
}

/// Memory of the proxy (resident) by this line of its status, in bytes.
pub(crate) fn memory(chain: &Harness, name: &str) -> u64 {
    let status =
        fs::read_to_string(format!("/proc/{}/status", chain.vestibule.id())).expect("its status");
    let line = status.lines().find(|line| line.starts_with(name));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<u64>().ok())
        .expect("a number")
        << 10
}
