//! Websockets and event streams, and how they end with the session that they were opened for.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::{Browser, Harness, Setup};

/// Nothing that has to come takes longer, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(90);

const WEBSOCKET: &str = "/socket";
const EVENTS: &str = "/events";
const DOWNLOAD: &str = "/download";

#[test]
fn signing_out_ends_what_the_session_has_open_and_nothing_else() {
    let mut chain = streaming(Setup::default());
    let mut kirsten = chain.signed_in(KIRSTEN);
    let ola = chain.signed_in(OLA);
    let mut socket = open(&chain, &kirsten, WEBSOCKET);
    let mut events = open(&chain, &kirsten, EVENTS);
    let mut download = open(&chain, &kirsten, DOWNLOAD);
    let mut other = open(&chain, &ola, WEBSOCKET);
    for connection in [&mut socket, &mut events, &mut download, &mut other] {
        connection.answers("before");
    }

    let page = kirsten.arrive("/_vestibule/logout");
    assert_eq!(page.status, 200, "{:?}", kirsten.trail);
    socket.ends();
    events.ends();
    other.answers("another person's");
    download.answers("an answer that ends by itself");
    // Each has one line, and is counted once.
    for path in ["\"/socket\"", "\"/events\""] {
        chain.await_log(&[path, "\"outcome\":\"ended\"", "\"session_signed_out\""]);
    }
    let log = chain.vestibule.output();
    for path in ["\"path\":\"/socket\"", "\"path\":\"/events\""] {
        assert_eq!(log.matches(path).count(), 1, "{log}");
    }
    let counted = chain.ask_admin("/metrics").text();
    let ended = "vestibule_requests_total{outcome=\"ended\",reason=\"session_signed_out\"} 2\n";
    assert!(counted.contains(ended), "{counted}");
}

#[test]
fn the_lifetime_of_a_session_ends_what_it_has_open() {
    let mut chain = streaming(Setup {
        session: "lifetime = \"30s\"".to_owned(),
        ..Setup::default()
    });
    let person = chain.signed_in(KIRSTEN);
    let mut socket = open(&chain, &person, WEBSOCKET);
    let mut events = open(&chain, &person, EVENTS);
    socket.answers("before");
    events.answers("before");
    socket.ends();
    events.ends();
    chain.await_log(&["\"outcome\":\"ended\"", "\"reason\":\"session_lifetime\""]);
}

#[test]
fn a_reload_that_closes_a_route_ends_what_is_open_on_it_and_nothing_else() {
    let mut chain = streaming(Setup {
        tables: "[[route]]\npath = \"/events\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    });
    let person = chain.signed_in(KIRSTEN);
    let nobody = chain.browser();
    let mut socket = open(&chain, &person, WEBSOCKET);
    let mut events = open(&chain, &nobody, EVENTS);
    let mut other = open(&chain, &person, "/socket/other");
    for connection in [&mut socket, &mut events, &mut other] {
        connection.answers("before");
    }
    let text = std::fs::read_to_string(&chain.config).expect("the config");
    let closed = "[[route]]\npath = \"/socket\"\naccess = { groups = [\"Nobody\"] }\n\
                  [[route]]\npath = \"/events\"\naccess = \"signed-in\"\n";
    let before = "[[route]]\npath = \"/events\"\naccess = \"public\"\n";
    assert!(text.contains(before), "{text}");
    std::fs::write(&chain.config, text.replace(before, closed)).expect("the config");
    socket.ends();
    events.ends();
    other.answers("another route");
    chain.await_log(&["\"outcome\":\"ended\"", "\"reason\":\"rule_groups\""]);
    chain.await_log(&["\"outcome\":\"ended\"", "\"reason\":\"no_cookie\""]);
}

#[test]
fn a_session_key_that_is_removed_ends_what_is_open_by_it() {
    let mut chain = streaming(Setup::default());
    let old = chain.signed_in(KIRSTEN);
    let mut socket = open(&chain, &old, WEBSOCKET);
    socket.answers("before");
    let key = crate::support::harness::fresh_key();
    crate::support::records::secret("session key", &key);
    std::fs::write(chain.file("session-key"), &key).expect("the key");
    socket.ends();
    chain.await_log(&["\"outcome\":\"ended\"", "\"reason\":\"cookie_key_retired\""]);
    let mut socket = open(&chain, &chain.signed_in(KIRSTEN), WEBSOCKET);
    socket.answers("by the new key");
}

#[test]
fn a_reload_that_revokes_ends_what_is_open() {
    let mut chain = streaming(Setup::default());
    let person = chain.signed_in(KIRSTEN);
    let mut socket = open(&chain, &person, WEBSOCKET);
    let mut events = open(&chain, &person, EVENTS);
    socket.answers("before");
    events.answers("before");
    let text = std::fs::read_to_string(&chain.config).expect("the config");
    let revoked = "[session]\nrevoked = { signed_in_before = \"2100-01-01T00:00:00Z\" }\n";
    std::fs::write(&chain.config, text.replace("[session]\n", revoked)).expect("the config");
    socket.ends();
    events.ends();
    chain.await_log(&["\"outcome\":\"ended\"", "\"reason\":\"session_revoked\""]);
}

#[test]
fn what_is_open_without_a_session_does_not_end_with_any() {
    let chain = streaming(Setup {
        tables: "[[route]]\npath = \"/socket\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    });
    let mut person = chain.signed_in(KIRSTEN);
    let mut socket = open(&chain, &person, WEBSOCKET);
    socket.answers("before");
    person.arrive("/_vestibule/logout");
    socket.answers("after");
}

#[test]
fn a_route_names_whose_pages_open_a_websocket() {
    let chain = streaming(Setup {
        tables: "[[route]]\npath = \"/socket\"\norigins = [\"https://app.example.com\"]\n"
            .to_owned(),
        ..Setup::default()
    });
    let person = chain.signed_in(KIRSTEN);
    let status = |path: &str, origin: &str| {
        let mut stream = TcpStream::connect(chain.address).expect("the proxy");
        let origin = format!("Origin: {origin}\r\n");
        stream
            .write_all(ask(&chain, &person, path, &origin).as_bytes())
            .expect("sent");
        let mut head = [0; 12];
        stream.read_exact(&mut head).expect("an answer");
        String::from_utf8_lossy(&head).into_owned()
    };
    assert_eq!(status(WEBSOCKET, "https://app.example.com"), "HTTP/1.1 101");
    assert_eq!(status(WEBSOCKET, &chain.origin), "HTTP/1.1 101");
    assert_eq!(status(WEBSOCKET, "https://evil.example"), "HTTP/1.1 403");
    assert_eq!(
        status("/socket/2", "https://app.example.com"),
        "HTTP/1.1 403"
    );
}

/// An open connection.
struct Open {
    stream: TcpStream,
    is_socket: bool,
}

impl Open {
    /// What the client says comes back; where it cannot say anything, the app goes on by itself.
    fn answers(&mut self, what: &str) {
        if self.is_socket {
            let said = self.stream.write_all(b"ping");
            assert!(said.is_ok(), "{what}: {said:?}");
        }
        let mut bytes = [0; 4];
        let read = self.stream.read_exact(&mut bytes);
        assert!(read.is_ok(), "{what}: {read:?}");
    }

    /// Nothing is said any more, and the end comes all the same.
    fn ends(&mut self) {
        let mut rest = [0; 1024];
        loop {
            match self.stream.read(&mut rest) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    let kind = error.kind();
                    assert_eq!(kind, std::io::ErrorKind::ConnectionReset, "still open");
                    return;
                }
            }
        }
    }
}

fn open(chain: &Harness, person: &Browser, path: &str) -> Open {
    let mut stream = TcpStream::connect(chain.address).expect("the proxy");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
        .write_all(ask(chain, person, path, "").as_bytes())
        .expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0; 1];
        stream.read_exact(&mut byte).expect("a head");
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let is_socket = path.starts_with(WEBSOCKET);
    let expected = match is_socket {
        true => "HTTP/1.1 101",
        false => "HTTP/1.1 200",
    };
    assert!(head.starts_with(expected), "{head}");
    Open { stream, is_socket }
}

fn ask(chain: &Harness, person: &Browser, path: &str, more: &str) -> String {
    let upgrade = match path {
        EVENTS | DOWNLOAD => "",
        _ => {
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
              Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        }
    };
    let (host, cookies) = (chain.host(), person.app_cookies());
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n{upgrade}{more}\r\n")
}

/// A chain in front of an app that keeps its connections open.
fn streaming(setup: Setup) -> Harness {
    let app = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", app.local_addr().expect("its address"));
    thread::spawn(move || {
        for stream in app.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    Setup {
        upstream: Some(url),
        ..setup
    }
    .start()
}

/// One request; the end of the connection is the end of this.
fn serve(mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0; 1];
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or_default();
    let kind = match target {
        EVENTS => "text/event-stream; charset=utf-8",
        DOWNLOAD => "application/octet-stream",
        _ if head.to_ascii_lowercase().contains("upgrade: websocket") => {
            return echo(&stream);
        }
        _ => {
            let plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
            return stream.write_all(plain.as_bytes()).unwrap_or_default();
        }
    };
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n");
    if stream.write_all(answer.as_bytes()).is_err() {
        return;
    }
    while stream.write_all(b"8\r\ndata: x\n\r\n").is_ok() {
        if target == EVENTS {
            // Nothing happens any more, until nobody listens.
            return stream.read(&mut [0]).map(drop).unwrap_or_default();
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// What comes goes back: nothing moves unless the client moves it.
fn echo(mut stream: &TcpStream) {
    let switch =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    if stream.write_all(switch.as_bytes()).is_err() {
        return;
    }
    let mut bytes = [0; 256];
    while let Ok(read @ 1..) = stream.read(&mut bytes) {
        let Some(said) = bytes.get(..read) else {
            return;
        };
        if stream.write_all(said).is_err() {
            return;
        }
    }
}
