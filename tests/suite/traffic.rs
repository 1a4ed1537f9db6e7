//! All that an app speaks passes as it is: websockets, streams of events, gRPC, bodies of any size, interim answers.

mod heads;
mod waiting;
mod websockets;

use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
fn grpc_passes_unary_and_streaming_in_both_directions() {
    let home = tempfile::tempdir().expect("a directory");
    let (_app, port) = traffic_server("grpc-server", home.path());
    let chain = in_front_of(&format!("h2c://127.0.0.1:{port}"), "");
    let cookies = chain.signed_in_without_page(KIRSTEN);
    says_ok(&["grpc-client", chain.host(), &cookies]);
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

impl Harness {
    /// The cookies of somebody who has signed in, where the app has no pages.
    pub(super) fn signed_in_without_page(&self, username: &str) -> String {
        let mut browser = self.browser();
        let login = browser.arrive("/_vestibule/login?rd=/_vestibule/signed-out");
        let answer = browser.submit_login(&login, username, self.idp().password(username));
        let page = browser.finish(answer);
        let cookies = browser.app_cookies();
        let is_session = |cookie: &str| {
            let name = cookie.trim_start_matches("__Host-");
            name.starts_with("vestibule=") || name.starts_with("vestibule.")
        };
        assert!(cookies.split("; ").any(is_session), "{page:?}");
        cookies
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
pub(super) fn memory(chain: &Harness) -> u64 {
    let status =
        fs::read_to_string(format!("/proc/{}/status", chain.vestibule.id())).expect("its status");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("a line");
    let kib = line.split_whitespace().nth(1).expect("a number");
    kib.parse::<u64>().expect("a number") << 10
}
