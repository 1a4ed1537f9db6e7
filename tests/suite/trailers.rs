//! Fields behind a body: they pass from HTTP/2 to HTTP/2, as gRPC needs them, without what belongs before a body and without
//! what identifies people; wherever HTTP/1.1 has a part in it they end, and nothing that is behind them changes.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::frames::{App, Client, seen};
use crate::support::wire::{read_head, read_response};
use crate::support::{Harness, Setup};

const PATIENCE: Duration = Duration::from_secs(60);

/// What an app sends behind its answers.
fn trailers() -> Value {
    json!([
        ["x-after", "1"],
        ["grpc-status", "0"],
        ["grpc-message", "all%20is%20well"],
        ["set-cookie", "vestibule=evil; Path=/"],
        ["set-cookie", "theme=dark"],
        ["x-forwarded-user", "root"],
        ["x_forwarded_user", "root"],
        ["remote-user", "root"],
        ["x-access-right", "root"],
        ["authorization", "Bearer root"],
        ["www-authenticate", "Basic"],
        ["host", "other.example"],
        ["cache-control", "public"],
        ["content-length", "50"],
        ["content-type", "text/html"],
        ["strict-transport-security", "max-age=0"],
        ["x-last", "2"],
    ])
}

fn in_front_of(app: &str) -> Harness {
    Setup {
        upstream: Some(app.to_owned()),
        tables: "[[route]]\npath = \"/*\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    }
    .start()
}

fn get(chain: &Harness, path: &str) -> Value {
    let fields = json!([
        [":method", "GET"],
        [":scheme", "http"],
        [":path", path],
        [":authority", chain.host()],
    ]);
    json!([["headers", 1, fields, true]])
}

#[test]
fn from_http2_to_http2_those_pass_that_may_stand_behind_a_body() {
    let app = App::start(&trailers());
    let chain = in_front_of(&app.url);
    let mut client = Client::of(chain.address);
    let answer = client.ask(&get(&chain, "/trailers"));
    assert_eq!(answer.status, Some(200), "{answer:?}");
    assert!(
        answer
            .headers
            .contains(&("trailer".into(), "x-after".into()))
    );
    let passed = [
        ("x-after", "1"),
        ("grpc-status", "0"),
        ("grpc-message", "all%20is%20well"),
        ("x-last", "2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(answer.trailers.as_deref(), Some(&passed[..]));
    // The other way nothing passes: the app knows of an end alone.
    let mut steps = get(&chain, "/in");
    steps[0][2][0][1] = "POST".into();
    steps[0][3] = false.into();
    let list = steps.as_array_mut().expect("a list");
    list.push(json!(["data", 1, "hello", false]));
    list.push(json!([
        "trailers",
        1,
        [["x-a", "b"], ["x-forwarded-user", "root"]]
    ]));
    assert_eq!(client.ask(&steps).status, Some(200));
    let answer = client.ask(&get(&chain, "/after"));
    let said = serde_json::from_str(&answer.body).expect("JSON");
    let (request, trailers) = seen(&said).pop().expect("a request");
    assert_eq!((request.body.as_str(), trailers), ("hello", None));
}

#[test]
fn from_http2_to_http1_they_end() {
    let app = App::start(&trailers());
    let chain = in_front_of(&app.url);
    let mut stream = connect(chain.address);
    let host = chain.host();
    for _ in 0..2 {
        let ask = format!("GET /trailers HTTP/1.1\r\nHost: {host}\r\nTE: trailers\r\n\r\n");
        stream.write_all(ask.as_bytes()).expect("sent");
        // Whatever stood behind the first answer would be the second.
        let answer = read_response(&mut BufReader::new(&stream), false).expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["asked"], "/trailers");
        assert!(answer.all("trailer").is_empty(), "{answer:?}");
    }
}

/// An app of HTTP/1.1 on connections that are kept, with these bytes behind the last chunk of each answer.
fn app_of_http1(behind: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().expect("the same"));
                while let Ok((line, _)) = read_head(&mut reader) {
                    let target = line.split(' ').nth(1).unwrap_or_default();
                    let behind = match target.starts_with("/plain") {
                        true => "0\r\n\r\n",
                        false => behind,
                    };
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-After\r\n\r\n{:x}\r\n{target}\r\n{behind}",
                        target.len()
                    );
                    if (&stream).write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

const BEHIND_CHUNKS: &str = "0\r\nX-After: 1\r\nSet-Cookie: vestibule=evil\r\nX-Forwarded-User: root\r\n\
     Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn from_http1_they_end_and_the_next_answer_is_whole() {
    let chain = in_front_of(&format!("http://{}", app_of_http1(BEHIND_CHUNKS)));
    let mut client = Client::of(chain.address);
    for turn in 0..3 {
        let path = format!("/{turn}");
        let answer = client.ask(&get(&chain, &path));
        assert_eq!((answer.status, &answer.body), (Some(200), &path));
        assert_eq!((answer.trailers, answer.reset), (None, None));
        assert!(answer.headers.iter().all(|(name, _)| name != "trailer"));
    }
    let mut stream = connect(chain.address);
    let host = chain.host();
    let ask = format!(
        "GET /a HTTP/1.1\r\nHost: {host}\r\nTE: trailers\r\n\r\n\
         GET /b HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).expect("sent");
    let mut reader = BufReader::new(&stream);
    let first = read_response(&mut reader, false).expect("an answer");
    assert_eq!(first.text(), "/a");
    assert!(first.all("trailer").is_empty(), "{first:?}");
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).expect("the end");
    let rest = String::from_utf8_lossy(&rest).to_lowercase();
    assert!(
        !rest.contains("x-after") && !rest.contains("evil"),
        "{rest}"
    );
    // Behind another one on the same connection comes what was asked for, or nothing.
    assert!(
        rest.is_empty() || rest.starts_with("http/1.1 200") && rest.contains("/b"),
        "{rest}"
    );
}

/// Trailers that do not end as they have to, or not at all.
#[test]
fn what_an_app_says_behind_its_chunks_is_nobody_elses_answer() {
    const EVIL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let behind: [String; 5] = [
        format!("0\r\n\r\n{EVIL}"),
        format!("0\r\nX-A: b\r\n\r\n{EVIL}"),
        format!("0\n\n{EVIL}"),
        format!("0\r\nX-A: b\n\n{EVIL}"),
        format!("0\r\nX-A: {}\r\n\r\n{EVIL}", "b".repeat(100_000)),
    ];
    for behind in behind {
        let app = app_of_http1(behind.leak());
        let chain = in_front_of(&format!("http://{app}"));
        for turn in 0..3 {
            let mut stream = connect(chain.address);
            let host = chain.host();
            let ask = format!("GET /{turn} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            stream.write_all(ask.as_bytes()).expect("sent");
            stream.shutdown(Shutdown::Write).ok();
            let mut all = Vec::new();
            drop(stream.read_to_end(&mut all));
            let all = String::from_utf8_lossy(&all);
            assert!(!all.contains("evil"), "{all}");
            let plain = chain.raw(&format!(
                "GET /plain/{turn} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"
            ));
            let said = (plain.status, plain.text());
            assert_eq!(said, (200, format!("/plain/{turn}")));
        }
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the proxy");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}
