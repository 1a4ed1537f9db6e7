//! Whoever reads nothing of what it is sent is left, client or app; whoever reads slowly is not.

use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustls::StreamOwned;
use socket2::{Domain, Socket, Type};

use super::super::listeners::{serve_tls, session};
use super::super::traffic::{connect, read_to, serve, text};
use super::connections::until_connected;
use super::{PATIENCE, PREFACE, frame};
use crate::support::authority::Authority;
use crate::support::wire::read_response;
use crate::support::{Harness, Setup};

const PUBLIC: &str =
    "[[route]]\npath = \"/private/*\"\n[[route]]\npath = \"/*\"\naccess = \"public\"\n";
const SHORT: &str = "timeouts = { write = \"1s\" }\n";
const LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const SWITCH: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const EVENTS: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const EVENT: &[u8] = b"9\r\ndata: x\n\n\r\n";
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

/// A chain in front of an app that says as much as it is asked for, in each way: more than anything keeps, or nothing
/// unless it is spoken to. What it was asked for is told once nobody takes more of it.
fn endless(public_url: Option<&str>) -> (Harness, Receiver<String>) {
    let (tell, ended) = channel();
    let app = serve(move |mut stream| {
        while let Some(head) = read_to(&mut stream, b"\r\n\r\n") {
            let head = text(&head);
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let some = [b'x'; 4096];
            let frame = [&[0x82, 126, 0x10, 0], some.as_slice()].concat();
            let (start, part) = match path.as_str() {
                "/length" => (LENGTH, some.to_vec()),
                "/chunked" => (CHUNKED, [b"1000\r\n", some.as_slice(), b"\r\n"].concat()),
                "/frames" => (SWITCH, frame),
                "/echo" => return echo(stream, SWITCH),
                "/events" => return echo(stream, EVENTS),
                _ => {
                    let pad = "b".repeat(5_000);
                    let fields: String = (0..10).map(|n| format!("X-{n}: {pad}\r\n")).collect();
                    let head = CHUNKED.replacen("\r\n", &format!("\r\n{fields}"), 1);
                    if stream.write_all((head + "0\r\n\r\n").as_bytes()).is_err() {
                        return;
                    }
                    continue;
                }
            };
            let mut goes_on = stream.write_all(start.as_bytes()).is_ok();
            while goes_on {
                goes_on = stream.write_all(&part).is_ok();
            }
            // Nobody listens any more once the test has ended.
            return tell.send(path).unwrap_or_default();
        }
    });
    let chain = Setup {
        upstream: Some(format!("http://{app}")),
        server: SHORT.to_owned(),
        tables: PUBLIC.to_owned(),
        public_url: public_url.map(str::to_owned),
        ..Setup::default()
    }
    .start();
    (chain, ended)
}

/// What comes goes back; as an event, if the answer is one.
fn echo(mut stream: TcpStream, head: &str) {
    let mut bytes = [0; 256];
    let mut goes_on = stream.write_all(head.as_bytes());
    if head == EVENTS {
        goes_on = stream.write_all(EVENT);
        thread::sleep(Duration::from_secs(4));
        goes_on = goes_on.and_then(|()| stream.write_all(EVENT));
    }
    while let (Ok(()), Ok(read @ 1..)) = (&goes_on, stream.read(&mut bytes)) {
        goes_on = stream.write_all(&bytes[..read]);
    }
}

/// A client whose kernel takes little unread.
fn narrow(address: SocketAddr, keeps: usize) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(keeps).expect("an option");
    socket.connect(&address.into()).expect("the proxy");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

fn ask(chain: &Harness, path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\n{more}\r\n",
        chain.host()
    )
}

/// The app is let go, and the log says why.
fn is_left(chain: &mut Harness, ended: &Receiver<String>, path: &str) {
    let left = ended.recv_timeout(PATIENCE);
    assert_eq!(left.as_deref(), Ok(path));
    chain.await_log(&["\"client_gone\"", "\"client_stalled\"", path]);
}

/// What was on its way, and then an end of whatever kind.
fn ends(stream: &mut impl Read) {
    let mut some = [0; 1 << 16];
    loop {
        match stream.read(&mut some) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                let is_open = [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut];
                assert!(!is_open.contains(&error.kind()), "{error}");
                return;
            }
        }
    }
}

#[test]
fn a_client_that_reads_nothing_is_left_and_one_that_is_told_nothing_is_not() {
    let (mut chain, ended) = endless(None);
    let mut websocket = connect(chain.address);
    websocket
        .write_all(ask(&chain, "/echo", UPGRADE).as_bytes())
        .expect("sent");
    read_to(&mut websocket, b"\r\n\r\n").expect("a switch");
    let mut events = connect(chain.address);
    events
        .write_all(ask(&chain, "/events", "").as_bytes())
        .expect("sent");
    read_to(&mut events, b"data: x\n\n").expect("an event");

    for (path, more) in [("/length", ""), ("/chunked", ""), ("/frames", UPGRADE)] {
        let mut stream = narrow(chain.address, 4096);
        stream
            .write_all(ask(&chain, path, more).as_bytes())
            .expect("sent");
        is_left(&mut chain, &ended, path);
        ends(&mut stream);
    }

    // Several times as long as anybody may refuse what it is sent.
    let frame = [0x82, 0x82, 1, 2, 3, 4, 5, 6];
    websocket.write_all(&frame).expect("sent");
    let mut back = [0; 8];
    websocket.read_exact(&mut back).expect("the same frame");
    assert_eq!(back, frame);
    read_to(&mut events, b"data: x\n\n").expect("another event");
}

/// Asks for the same again and again without reading, until the log says that this client is left.
fn asks_until_it_is_left(path: &str, request: impl Fn(&Harness) -> String) {
    let (mut chain, _ended) = endless(None);
    let request = request(&chain);
    let mut stream = narrow(chain.address, 4096);
    let line = format!("\"{path}\"");
    for times in 1.. {
        assert!(times < 10_000, "somebody keeps all of that");
        if stream.write_all(request.as_bytes()).is_err() {
            break;
        }
        // Its line is written when its answer has gone, or could not.
        chain.await_log_times(&line, times);
        if chain.vestibule.output().contains("client_gone") {
            break;
        }
    }
    chain.await_log(&["\"client_gone\"", "\"client_stalled\"", path]);
    ends(&mut stream);
}

/// pingora has no limit for a head that is followed by chunks, nor for the last chunk.
#[test]
fn a_client_that_reads_no_heads_is_left() {
    asks_until_it_is_left("/heads", |chain| ask(chain, "/heads", ""));
}

/// Those of a protected route, for which nobody is signed in: of them, a form that is kept is the largest.
#[test]
fn a_client_that_reads_no_answers_of_ours_is_left_for_the_same_reason() {
    asks_until_it_is_left("/private/form", |chain| {
        let form = format!("a={}", "b".repeat(60_000));
        let fields = format!(
            "Accept: text/html\r\nOrigin: {}\r\nContent-Length: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            chain.origin,
            form.len(),
        );
        ask(chain, "/private/form", &fields).replacen("GET", "POST", 1) + &form
    });
}

#[test]
fn tls_buys_no_time_for_reading_either() {
    let (mut chain, ended) = endless(Some("https://wiki.example.com"));
    let home = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(home.path(), "ca");
    let (certificate, key) = authority.issue("us", "wiki.example.com");
    serve_tls(&mut chain, &certificate, &key, "");
    for path in ["/length", "/chunked"] {
        let mut stream = StreamOwned::new(
            session(&authority, &[b"http/1.1"]),
            narrow(chain.address, 4096),
        );
        stream
            .write_all(ask(&chain, path, "").as_bytes())
            .expect("sent");
        is_left(&mut chain, &ended, path);
        ends(&mut stream.sock);
    }
}

#[test]
fn http2_buys_no_time_either_by_its_windows_or_without() {
    let (mut chain, ended) = endless(None);
    let host = chain.host().as_bytes().to_owned();
    let length = u8::try_from(host.len()).expect("a short host");
    // GET, http, and the path as it is.
    let fields = |path: &str| {
        let path_length = u8::try_from(path.len()).expect("a short path");
        let path = [&[0x04, path_length], path.as_bytes()].concat();
        [&[0x82, 0x86], path.as_slice(), &[0x41, length], &host].concat()
    };
    let begin = |stream: &mut TcpStream, path: &str, window: [u8; 4]| {
        let settings = [&[0, 4], window.as_slice()].concat();
        let fields = fields(path);
        let fields_length = u16::try_from(fields.len()).expect("few");
        let all = [
            PREFACE,
            &frame(4, 0, 0, 6, &settings),
            // As much as there may be for all streams.
            &frame(8, 0, 0, 4, &[0x7F, 0xFE, 0, 0]),
            &frame(1, 5, 1, fields_length, &fields),
        ];
        stream.write_all(&all.concat()).expect("sent");
    };
    // It reads, and gives no room.
    let mut stream = narrow(chain.address, 4096);
    begin(&mut stream, "/chunked", [0; 4]);
    let mut copy = stream.try_clone().expect("the same");
    let reader = thread::spawn(move || {
        let (mut all, mut some) = (Vec::new(), [0; 4096]);
        // RST_STREAM on stream 1.
        while !all
            .windows(9)
            .any(|head| head == [0, 0, 4, 3, 0, 0, 0, 0, 1])
        {
            let read = copy.read(&mut some).expect("more");
            assert_ne!(read, 0, "the end of the connection");
            all.extend_from_slice(&some[..read]);
        }
    });
    is_left(&mut chain, &ended, "/chunked");
    reader
        .join()
        .expect("a reset, and a connection that goes on");
    drop(stream);

    // It gives room, and reads nothing.
    let mut stream = narrow(chain.address, 4096);
    begin(&mut stream, "/length", [0x7F, 0xFF, 0xFF, 0xFF]);
    let left = ended.recv_timeout(PATIENCE);
    assert_eq!(left.as_deref(), Ok("/length"));
    chain.await_log(&["\"client_gone\"", "/length"]);
    // Nor does the connection wait for ever to say that the stream is over.
    until_connected(&chain, 0);
    ends(&mut stream);
}

/// Whether the kernel tells how much a client has acknowledged (`edge::stall`): then it need not read a third of what
/// the kernel keeps for it.
fn counts_what_is_read() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a Linux");
    let mut numbers = release.split('.').map(|part| part.parse::<u32>().ok());
    (numbers.next().flatten(), numbers.next().flatten()) >= (Some(6), Some(2))
}

#[test]
fn whoever_reads_a_little_now_and_then_gets_all() {
    const SIZE: usize = 20_000_000;
    let app = serve(|mut stream| {
        read_to(&mut stream, b"\r\n\r\n").expect("a request");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("sent");
        for _ in 0..SIZE / 10_000 {
            stream.write_all(&[b'x'; 10_000]).expect("sent");
        }
    });
    let chain = Setup {
        upstream: Some(format!("http://{app}")),
        server: "timeouts = { write = \"3s\" }\n".to_owned(),
        tables: PUBLIC.to_owned(),
        ..Setup::default()
    }
    .start();
    let mut stream = narrow(chain.address, 64 * 1024);
    stream
        .write_all(ask(&chain, "/file", "").as_bytes())
        .expect("sent");
    let head = read_to(&mut stream, b"\r\n\r\n").expect("a head");
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", text(&head));
    // Three times as long as nothing may be read, in which the kernel never says that there is room again.
    let mut some = match counts_what_is_read() {
        true => vec![0; 10_000],
        false => vec![0; 150_000],
    };
    for _ in 0..100 {
        stream.read_exact(&mut some).expect("more");
        thread::sleep(Duration::from_millis(100));
    }
    let mut rest = SIZE - 100 * some.len();
    let mut some = vec![0; 100_000];
    while rest > 0 {
        let read = stream.read(&mut some).expect("more");
        assert_ne!(read, 0, "the end, too early");
        rest -= read;
    }
}

#[test]
fn an_app_that_stops_reading_is_left() {
    let (tell, ended) = channel();
    let app = serve(move |mut stream| {
        read_to(&mut stream, b"\r\n\r\n").expect("a request");
        // It holds the connection, and looks after it only once it is told.
        let told: Receiver<()> = {
            let (go, told) = channel();
            tell.send(go).expect("a test");
            told
        };
        told.recv().expect("a test");
        ends(&mut stream);
        tell.send(channel().0).expect("a test");
    });
    let mut chain = Setup {
        no_upstream: true,
        tables: format!("[upstream]\nurl = \"http://{app}\"\ntimeouts.response = \"1s\"\n{PUBLIC}"),
        ..Setup::default()
    }
    .start();
    for framing in ["Content-Length: 1000000000", "Transfer-Encoding: chunked"] {
        let mut stream = connect(chain.address);
        let head = format!(
            "PUT /file HTTP/1.1\r\nHost: {}\r\n{framing}\r\n\r\n",
            chain.host()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        let mut writer = stream.try_clone().expect("the same");
        let upload = thread::spawn(move || {
            let part = [b"1000\r\n", [b'x'; 4096].as_slice(), b"\r\n"].concat();
            // Until nobody takes it any more.
            while writer.write_all(&part).is_ok() {}
        });
        let go = ended.recv_timeout(PATIENCE).expect("a request at the app");
        let answer = read_response(&mut BufReader::new(&stream), false).expect("an answer");
        assert_eq!(answer.status, 504, "{framing}: {answer:?}");
        drop(stream);
        go.send(()).expect("the app");
        ended.recv_timeout(PATIENCE).expect("the end at the app");
        upload.join().expect("the end of the upload");
    }
    chain.await_log_times("\"upstream_timeout\"", 2);
}
