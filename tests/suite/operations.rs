//! Restarts, drains and reloads under load, alone and behind load balancers: nothing that was asked stays unanswered,
//! and nobody is signed out. The load is `benches/operations`, of which `make rolling` and `make reloads` are the long
//! runs; here it is as slow as tests need it to be.

mod http2;
mod leaving;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::root;
use crate::support::wire::{read_response, serve, try_request};
use crate::support::{Harness, Response, Setup};

/// Nothing that has to come takes longer, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(90);
/// 1001, "going away", as a server's frame (RFC 6455 5.2, 5.5.1).
const GOING_AWAY: [u8; 4] = [0x88, 2, 0x03, 0xE9];

#[test]
fn instances_that_restart_behind_haproxy_lose_no_request_and_no_session() {
    disturb("rolling --balancer haproxy --rounds 1 --rate 40 --pause 1 --sessions 20");
}

#[test]
fn instances_that_restart_behind_nginx_lose_no_request_and_no_session() {
    disturb("rolling --balancer nginx --rounds 1 --rate 40 --pause 1 --sessions 20");
}

#[test]
fn twenty_reloads_under_load_fail_no_request() {
    disturb("reloads --times 20 --rate 200 --sessions 20 --pause 0.1");
}

#[test]
fn a_stop_under_load_fails_no_request_that_was_accepted() {
    disturb("stop --rate 200 --sessions 20 --pause 2");
}

/// Runs a part of `benches/operations/disturb.py` against the programs of this build.
fn disturb(arguments: &str) {
    let vestibule = Path::new(env!("CARGO_BIN_EXE_vestibule"));
    let target = vestibule.ancestors().nth(2).expect("a target directory");
    let done = Command::new("python3")
        .arg(root().join("benches/operations/disturb.py"))
        .args(arguments.split(' '))
        .env("VESTIBULE", vestibule)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("python3");
    let said =
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    println!("{said}");
    assert!(done.status.success(), "{arguments}:\n{said}");
}

#[test]
fn readiness_goes_first_then_new_connections_and_running_requests_last() {
    let (app, answer) = app_that_waits();
    let mut chain = Setup {
        server: "shutdown_delay = \"5m\"\ngrace_period = \"5m\"\n".to_owned(),
        upstream: Some(app),
        ..Setup::default()
    }
    .start();
    let cookies = chain.signed_in_without_page(KIRSTEN);
    let mut kept = TcpStream::connect(chain.address).expect("a connection");
    let slow = thread::spawn({
        let (address, ask) = (chain.address, get(&chain, &cookies, "/slow"));
        move || try_request(address, ask.as_bytes()).expect("its answer")
    });
    until_app_has_it(&answer);
    assert_eq!(
        ask(&mut kept, &get(&chain, &cookies, "/")).header("connection"),
        Some("keep-alive")
    );
    chain.vestibule.signal("TERM");
    let admin = chain.admin;
    let readiness = || {
        let ask = "GET /readyz HTTP/1.1\r\nHost: admin\r\n\r\n";
        try_request(admin, ask.as_bytes()).expect("the admin listener answers to the end")
    };
    chain
        .vestibule
        .wait_until("no readiness", || readiness().status == 503);
    assert_eq!(readiness().text(), "not ready: stopping\n");
    assert_eq!(chain.ask_admin("/healthz").status, 200, "but alive");
    // Not a second word: that it leaves, it knows.
    chain.vestibule.signal("USR1");

    // What comes all the same is served, and told that it was the last time.
    for last in [
        ask(&mut kept, &get(&chain, &cookies, "/")),
        chain.raw(&get(&chain, &cookies, "/")),
    ] {
        assert_eq!(
            (last.status, last.header("connection")),
            (200, Some("close"))
        );
    }
    // A second word: no more delay.
    chain.vestibule.signal("TERM");
    let address = chain.address;
    chain
        .vestibule
        .wait_until("closed listeners", || TcpStream::connect(address).is_err());
    assert_eq!(readiness().status, 503, "health is asked to the end");
    answer.send(()).expect("the app");
    let slow = slow.join().expect("the slow request");
    assert_eq!((slow.status, slow.text().as_str()), (200, "done"));
    assert_eq!(chain.vestibule.wait().code(), Some(0));
}

#[test]
fn a_grace_period_that_is_over_ends_what_still_runs_and_a_second_signal_ends_it_at_once() {
    for grace in ["1s", "1h"] {
        let (app, answer) = app_that_waits();
        let mut chain = Setup {
            server: format!("grace_period = \"{grace}\"\n"),
            upstream: Some(app),
            ..Setup::default()
        }
        .start();
        let cookies = chain.signed_in_without_page(KIRSTEN);
        let mut stream = TcpStream::connect(chain.address).expect("a connection");
        let ask = get(&chain, &cookies, "/slow");
        stream.write_all(ask.as_bytes()).expect("sent");
        until_app_has_it(&answer);
        chain.vestibule.signal("TERM");
        chain.await_log(&["stopping: running requests may end"]);
        if grace == "1h" {
            chain.vestibule.signal("TERM");
        }
        assert_eq!(chain.vestibule.wait().code(), Some(0));
        let log = chain.vestibule.output();
        assert!(log.contains("stopped with requests still running"), "{log}");
        let cut = ended_by_us("grace_period_over", 0);
        assert_eq!(lines_of(&log, "/slow"), [cut], "{grace}: {log}");
    }
}

#[test]
fn a_stop_says_goodbye_on_websockets_and_does_not_wait_for_event_streams() {
    let (app, told) = app_with_sockets();
    let mut chain = Setup {
        upstream: Some(app),
        ..Setup::default()
    }
    .start();
    let cookies = chain.signed_in_without_page(KIRSTEN);
    let open = |path: &str, headers: &str| {
        let mut stream = TcpStream::connect(chain.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let ask =
            get(&chain, &cookies, path).replacen("\r\n\r\n", &format!("\r\n{headers}\r\n"), 1);
        stream.write_all(ask.as_bytes()).expect("sent");
        head(&mut stream);
        stream
    };
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    let (mut quiet, mut events) = (open("/quiet", upgrade), open("/events", ""));
    // In the middle of a frame of ten bytes, of which four have come.
    let mut busy = open("/busy", upgrade);
    let mut begun = [0; 6];
    busy.read_exact(&mut begun)
        .expect("the beginning of a frame");
    assert_eq!(&begun, b"\x82\x0aabcd");

    chain.vestibule.signal("TERM");
    let mut frame = [0; 4];
    quiet.read_exact(&mut frame).expect("a close frame");
    assert_eq!(frame, GOING_AWAY);
    let mut rest = Vec::new();
    let ended = events.read_to_end(&mut rest);
    assert!(ended.is_ok(), "the stream of events ends: {ended:?}");
    // The frame is finished first, and nothing of what the app says after it comes.
    told.send(()).expect("the app");
    let mut last = [0; 10];
    busy.read_exact(&mut last).expect("the frame's end");
    assert_eq!(&last[..6], b"efghij");
    assert_eq!(last[6..], GOING_AWAY);
    // The browser answers as it has to, and its word reaches the app, which hangs up.
    for stream in [&mut quiet, &mut busy] {
        stream
            .write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE9])
            .expect("the answer");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("the end");
        assert_eq!(rest, b"");
    }
    assert_eq!(chain.vestibule.wait().code(), Some(0));
    let log = chain.vestibule.output();
    for (path, status) in [("/quiet", 101), ("/busy", 101), ("/events", 200)] {
        let stopped = ended_by_us("stopping", status);
        assert_eq!(lines_of(&log, path), [stopped], "{path}: {log}");
    }
    assert!(log.contains("\"stopped\""), "{log}");
}

#[test]
fn the_service_manager_is_told_of_start_reload_and_stop() {
    let chain = Harness::start();
    let path = chain.file("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let name = path.display().to_string();
    let mut replica = chain.replica_in(0, &[("NOTIFY_SOCKET", &name)]);
    let next = || {
        let mut bytes = [0; 128];
        let read = socket.recv(&mut bytes).expect("a message");
        let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
        text.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(next(), "READY=1");
    replica.process.signal("HUP");
    assert_eq!([next(), next()], ["RELOADING=1", "READY=1"]);
    fs::write(&replica.config, "not a configuration").expect("the config");
    replica.process.signal("HUP");
    assert_eq!([next(), next()], ["RELOADING=1", "READY=1"], "it goes on");
    replica.process.signal("TERM");
    assert_eq!(next(), "STOPPING=1");
    assert_eq!(replica.process.wait().code(), Some(0));
}

/// All that the log tells of requests for a path: outcome, reason and status.
fn lines_of(log: &str, path: &str) -> Vec<Value> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines
        .filter(|line: &Value| line["message"] == "request" && line["path"] == path)
        .map(|line| json!([line["outcome"], line["reason"], line["status"]]))
        .collect()
}

/// What is told of a request that we have ended.
fn ended_by_us(reason: &str, status: u16) -> Value {
    json!(["ended", reason, status])
}

/// A request of somebody who has signed in.
fn get(chain: &Harness, cookies: &str, path: &str) -> String {
    let host = chain.host();
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\r\n")
}

/// One request on a connection that may be kept.
fn ask(stream: &mut TcpStream, request: &str) -> Response {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(request.as_bytes()).expect("sent");
    read_response(&mut std::io::BufReader::new(stream), false).expect("an answer")
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.extend(byte);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Two sides of one agreement: what the app has got, and that it may answer.
struct Waiting {
    got: mpsc::Receiver<()>,
    answer: mpsc::Sender<()>,
}

impl Waiting {
    fn send(&self, _: ()) -> Result<(), mpsc::SendError<()>> {
        self.answer.send(())
    }
}

fn until_app_has_it(waiting: &Waiting) {
    waiting.got.recv_timeout(PATIENCE).expect("a request");
}

/// An app that answers at once, but for `/slow`, which waits until it may.
fn app_that_waits() -> (String, Waiting) {
    let (gets, got) = mpsc::channel();
    let (answer, may) = mpsc::channel();
    let may = std::sync::Arc::new(std::sync::Mutex::new(may));
    let app = serve(move |mut stream| {
        let head = head(&mut stream);
        let body = match head.starts_with("GET /slow ") {
            true => {
                gets.send(()).expect("the test");
                // The test may have ended without it.
                let _may = may.lock().expect("the lock").recv();
                "done"
            }
            false => "page",
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        // Nor does it matter whether anybody is there to hear it.
        let _sent = stream.write_all(answer.as_bytes());
    });
    (format!("http://{app}"), Waiting { got, answer })
}

/// An app with a websocket that says nothing, one that pauses in the middle of a frame until it may go on, and a stream
/// of events. A close frame ends a websocket, as it should.
fn app_with_sockets() -> (String, mpsc::Sender<()>) {
    let (go, may) = mpsc::channel();
    let may = std::sync::Arc::new(std::sync::Mutex::new(may));
    let app = serve(move |mut stream| {
        let head = head(&mut stream);
        let mut say = |bytes: &[u8]| stream.write_all(bytes).unwrap_or_default();
        if head.starts_with("GET /events ") {
            say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n");
        } else {
            say(b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        }
        if head.starts_with("GET /busy ") {
            say(b"\x82\x0aabcd");
            let _may = may.lock().expect("the lock").recv();
            say(b"efghij\x81\x05never");
        }
        let mut close = [0; 8];
        if stream.read_exact(&mut close).is_ok() {
            assert_eq!(close, [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE9]);
        }
    });
    (format!("http://{app}"), go)
}
