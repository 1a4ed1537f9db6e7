//! Apps that fail, in each of the ways in which they do: what people, scripts and the log are told, and which
//! requests are sent a second time, and which must not be.

use std::fs;
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::net::TcpSocket;

use crate::support::peers::{free_port, free_port_of_both, root};
use crate::support::wire::{self, Kept};
use crate::support::{Harness, Response, Setup};

/// Nothing that has to come takes longer, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(60);
const PUBLIC: &str = "[[route]]\npath = \"/*\"\naccess = \"public\"\n";

/// What an app does with a request that it has read.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Answers, and keeps the connection.
    Answer,
    /// Answers, says nothing of an end, and closes.
    AnswerAndClose,
    /// Closes without a byte.
    Close,
    /// Sends these bytes and closes.
    Say(&'static [u8]),
    /// Reads on, and says nothing.
    Silence,
}

/// A request as the app got it: the number of its connection, method and path, and how long its body was.
type Got = (usize, String, usize);

/// An app that does what it is told with each request.
struct App {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
}

impl App {
    /// `act` gets the number of the connection, and that of the request on it, from 0 both.
    fn start(act: impl Fn(usize, usize) -> Act + Send + Sync + 'static) -> Self {
        Self::on("127.0.0.1:0", act)
    }

    fn on(
        address: impl ToSocketAddrs,
        act: impl Fn(usize, usize) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (got, act) = (Arc::new(Mutex::new(Vec::new())), Arc::new(act));
        let all = Arc::clone(&got);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let (all, act) = (Arc::clone(&all), Arc::clone(&act));
                thread::spawn(move || {
                    // A proxy that hangs up ends it; what the app got says whether it should have.
                    let _ended = serve(stream, number, &all, |request| act(number, request));
                });
            }
        });
        Self { address, got }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().expect("the lock").clone()
    }

    /// All requests, as method and path.
    fn lines(&self) -> Vec<String> {
        self.got().into_iter().map(|(_, line, _)| line).collect()
    }
}

fn serve(
    stream: TcpStream,
    connection: usize,
    got: &Mutex<Vec<Got>>,
    act: impl Fn(usize) -> Act,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    for request in 0.. {
        let (line, headers) = wire::read_head(&mut reader)?;
        let value = |wanted: &str| {
            let mut all = headers.iter();
            all.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.as_str())
        };
        let length = value("content-length").and_then(|text| text.parse().ok());
        let body = wire::read_body(
            &mut reader,
            value("transfer-encoding").is_some(),
            length,
            false,
        )?;
        let line = line.trim_end_matches(" HTTP/1.1").to_owned();
        let entry = (connection, line, body.len());
        got.lock().expect("the lock").push(entry);
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
        match act(request) {
            Act::Answer => writer.write_all(whole)?,
            Act::AnswerAndClose => return writer.write_all(whole),
            Act::Close => return Ok(()),
            Act::Say(bytes) => return writer.write_all(bytes),
            Act::Silence => {}
        }
    }
    Ok(())
}

/// An app with one Vestibule in front.
fn in_front_of(url: &str) -> Harness {
    Setup {
        upstream: Some(url.to_owned()),
        tables: PUBLIC.to_owned(),
        ..Setup::default()
    }
    .start()
}

/// A request without a body, or with one of four bytes.
fn request(chain: &Harness, line: &str) -> String {
    let body = match line.starts_with('P') {
        true => "Content-Length: 4\r\n\r\nform",
        false => "\r\n",
    };
    format!("{line} HTTP/1.1\r\nHost: {}\r\n{body}", chain.host())
}

fn ask(chain: &Harness, line: &str) -> Response {
    chain.raw(&request(chain, line))
}

#[test]
fn people_scripts_and_the_log_are_told_how_the_app_failed() {
    let closes = App::start(|_, _| Act::Close);
    let no_http = App::start(|_, _| Act::Say(b"SSH-2.0-OpenSSH_9.2\r\n"));
    let half_a_head = App::start(|_, _| Act::Say(b"HTTP/1.1 200 OK\r\nContent-Le"));
    let silent = App::start(|_, _| Act::Silence);
    let refused = format!("http://127.0.0.1:{}", free_port());
    let full = Full::new();
    let apps = [
        ("refused", refused, NOT_THERE),
        ("closes", closes.url(), BROKEN),
        ("no-http", no_http.url(), BROKEN),
        ("half-a-head", half_a_head.url(), BROKEN),
        ("silent", silent.url(), TOO_SLOW),
        ("full", full.url(), TOO_SLOW),
    ];
    let mut tables = String::new();
    for (name, url, _) in &apps {
        // Whoever answers at all has a second; a limit below one is one too.
        let (connect, response) = match *name {
            "silent" => ("1s", "300ms"),
            "full" => ("300ms", "1s"),
            _ => ("1s", "1s"),
        };
        tables += &format!(
            "[upstream.{name}]\nurl = \"{url}\"\ntimeouts = {{ connect = \"{connect}\", response = \"{response}\" }}\n\n"
        );
    }
    for (name, ..) in &apps {
        tables += &format!(
            "[[route]]\npath = \"/{name}\"\nupstream = \"{name}\"\naccess = \"public\"\n\n"
        );
    }
    let mut chain = Setup {
        no_upstream: true,
        tables,
        ..Setup::default()
    }
    .start();
    for (name, _, expected) in apps {
        let Failure {
            status,
            error,
            title,
        } = expected;
        let page = chain.browser().get(&format!("/{name}"));
        assert_eq!(page.status, status, "{name}: {page:?}");
        let heading = format!("<h1>{}</h1>", word(title));
        assert!(page.html().contains(&heading), "{name}: {page:?}");
        let told = ask(&chain, &format!("GET /{name}"));
        assert_eq!(told.status, status, "{name}: {told:?}");
        assert_eq!(told.json()["error"], error, "{name}: {told:?}");
        for answer in [&page, &told] {
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
        }
        let path = format!("\"/{name}\"");
        let (outcome, reason) = ("\"upstream_failed\"", format!("\"reason\":\"{error}\""));
        let line = chain.await_log(&[outcome, &reason, &path]);
        assert!(line.contains(&format!("\"status\":{status}")), "{line}");
        chain.await_log_times(&path, 2);
        let text = chain.vestibule.output();
        let both = text
            .lines()
            .filter(|line| line.contains(&path) && line.contains(&reason));
        assert_eq!(both.count(), 2, "{name}");
    }
}

/// What is told of a failure.
#[derive(Clone, Copy)]
struct Failure {
    status: u16,
    /// In the answer for scripts, and as the reason in the log.
    error: &'static str,
    /// The key of the page's heading.
    title: &'static str,
}

const NOT_THERE: Failure = Failure {
    status: 502,
    error: "upstream_unreachable",
    title: "app-out.not-there",
};
const BROKEN: Failure = Failure {
    status: 502,
    error: "upstream_broken",
    title: "app-out.broken",
};
const TOO_SLOW: Failure = Failure {
    status: 504,
    error: "upstream_timeout",
    title: "app-out.too-slow",
};

fn word(key: &str) -> String {
    let words = fs::read_to_string(root().join("src/gate/page/words/en.toml")).expect("words");
    let line = words
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
    let text = line.and_then(|text| text.strip_suffix('"')).expect(key);
    text.replace('\'', "&#39;")
}

/// A listener whose queue is full: who connects hears nothing, as from a machine that drops packets.
struct Full {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
    _listener: tokio::net::TcpListener,
    _queued: Vec<TcpStream>,
}

impl Full {
    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let listener = {
            let _entered = runtime.enter();
            let socket = TcpSocket::new_v4().expect("a socket");
            let any = SocketAddr::from(([127, 0, 0, 1], 0));
            socket.bind(any).expect("a free port");
            socket.listen(0).expect("a listener")
        };
        let address = listener.local_addr().expect("its address");
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            queued.push(stream);
            assert!(queued.len() < 100, "the queue has no end");
        }
        Self {
            address,
            _runtime: runtime,
            _listener: listener,
            _queued: queued,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

#[test]
fn an_answer_that_breaks_off_breaks_off_for_the_client_too_and_the_log_says_so() {
    let app = App::start(|_, _| Act::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
    let mut chain = in_front_of(&app.url());
    let request = format!("GET /half HTTP/1.1\r\nHost: {}\r\n\r\n", chain.host());
    let mut stream = TcpStream::connect(chain.address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut reader = BufReader::new(stream);
    let (first, headers) = wire::read_head(&mut reader).expect("a head");
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    let length = headers.iter().find(|(name, _)| name == "Content-Length");
    assert_eq!(length.map(|(_, value)| value.as_str()), Some("10"));
    let mut rest = Vec::new();
    let _end = std::io::Read::read_to_end(&mut reader, &mut rest);
    assert_eq!(rest, b"half", "no page of ours behind half an answer");
    let line = chain.await_log(&["\"/half\""]);
    for part in ["upstream_failed", "upstream_broken", "\"status\":200"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert_eq!(app.got().len(), 1, "a begun answer is not asked for again");
}

/// An app that keeps its first connection once, and closes it under the second request; and a client whose first one it
/// has answered.
fn closed_under_the_second_request() -> (App, Harness, Kept) {
    let app = App::start(|connection, request| match (connection, request) {
        (0, 1..) => Act::Close,
        _ => Act::Answer,
    });
    let chain = in_front_of(&app.url());
    let mut kept = Kept::open(chain.address);
    kept.send(&request(&chain, "GET /first"));
    assert_eq!(kept.answer().status, 200);
    (app, chain, kept)
}

/// RFC 9110 9.2.2: what is not idempotent may not be sent again where the app may have seen it.
#[test]
fn what_a_kept_connection_took_with_it_is_sent_again_only_if_that_changes_nothing() {
    for (line, is_again) in [
        ("GET /second", true),
        ("HEAD /second", true),
        ("PUT /second", true),
        ("DELETE /second", true),
        ("POST /second", false),
        ("PATCH /second", false),
    ] {
        let (app, chain, mut kept) = closed_under_the_second_request();
        kept.send(&request(&chain, line));
        let got = match line.starts_with("HEAD") {
            true => kept.answer_to_head(),
            false => kept.answer(),
        };
        let (status, times) = if is_again { (200, 2) } else { (502, 1) };
        assert_eq!(got.status, status, "{line}: {got:?}");
        let mut lines = app.lines();
        assert_eq!(lines.remove(0), "GET /first");
        assert_eq!(lines, vec![line.to_owned(); times], "{:?}", app.got());
        if !is_again {
            assert_eq!(got.json()["error"], "upstream_broken", "{line}");
            continue;
        }
        let got = app.got();
        assert_eq!((got[1].0, got[2].0), (0, 1), "by a new connection: {got:?}");
        assert_eq!(got[1].2, got[2].2, "with all of its body: {got:?}");
    }
}

#[test]
fn what_a_new_connection_took_with_it_is_not_sent_again() {
    let app = App::start(|_, _| Act::Close);
    let chain = in_front_of(&app.url());
    for line in ["GET /one", "POST /two"] {
        assert_eq!(ask(&chain, line).status, 502, "{line}");
    }
    assert_eq!(app.lines(), ["GET /one", "POST /two"]);
}

/// More than is held for a second time (64 KiB) is sent once, idempotent or not.
#[test]
fn what_is_too_long_to_be_held_is_not_sent_again_in_part() {
    let (app, chain, mut kept) = closed_under_the_second_request();
    let host = chain.host();
    let (length, body) = (300_000, "x".repeat(300_000));
    kept.send(&format!(
        "PUT /second HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    assert_eq!(kept.answer().status, 502);
    assert_eq!(
        app.got()[1..],
        [(0, "PUT /second".to_owned(), length)],
        "once, and whole"
    );
}

/// Nothing was written on it, so nothing can happen twice: any method goes by a new connection.
#[test]
fn a_kept_connection_that_the_app_has_closed_is_not_used() {
    let app = App::start(|connection, _| match connection {
        0 => Act::AnswerAndClose,
        _ => Act::Answer,
    });
    let chain = in_front_of(&app.url());
    assert_eq!(ask(&chain, "GET /first").status, 200);
    // The answer may be here before the end of its connection is.
    thread::sleep(Duration::from_millis(200));
    let answer = ask(&chain, "POST /second");
    assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
    let got = app.got();
    assert_eq!(got.len(), 2, "{got:?}");
    assert_eq!(got[1], (1, "POST /second".to_owned(), 4));
}

/// Acted out where `localhost` is both 127.0.0.1 and ::1, as it is on most machines.
#[test]
fn of_two_addresses_the_one_that_lives_gets_each_request_once() {
    let localhost: Vec<_> = ("localhost", 0)
        .to_socket_addrs()
        .expect("localhost")
        .collect();
    if !localhost.iter().any(SocketAddr::is_ipv6) || !localhost.iter().any(SocketAddr::is_ipv4) {
        println!("localhost is {localhost:?} alone here: nothing to see");
        return;
    }
    // Nobody listens at 127.0.0.1, which is asked first.
    let port = free_port_of_both();
    let app = App::on(("::1", port), |_, _| Act::AnswerAndClose);
    let chain = in_front_of(&format!("http://localhost:{port}"));
    for number in 0..3 {
        for method in ["GET", "POST"] {
            let line = format!("{method} /{number}");
            let answer = ask(&chain, &line);
            assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
            assert_eq!(app.lines().last(), Some(&line));
        }
    }
    assert_eq!(app.got().len(), 6);
}
