//! Answers that are told by their heads: HEAD, ranges, interim ones, and refusals before a body is sent.

use std::io::{BufReader, Write};

use super::{PUBLIC_ROUTE, Setup, connect, in_front_of, read_to, serve, text};
use crate::support::wire;

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

#[test]
fn parts_of_ranges_and_their_refusals_pass_byte_for_byte() {
    const PARTS: &str = "--cut\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-0/5\r\n\r\nh\r\n\
         --cut\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-4/5\r\n\r\no\r\n--cut--\r\n";
    let app = serve(|mut stream| {
        let asked = read_to(&mut stream, b"\r\n\r\n").expect("a request");
        let answer = match text(&asked)
            .to_ascii_lowercase()
            .contains("range: bytes=0-0,4-4")
        {
            true => format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=cut\r\n\
                 Content-Length: {}\r\n\r\n{PARTS}",
                PARTS.len()
            ),
            false => "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */5\r\n\
                 Content-Length: 0\r\n\r\n"
                .to_owned(),
        };
        stream.write_all(answer.as_bytes()).expect("sent");
    });
    let chain = in_front_of(&format!("http://{app}"), PUBLIC_ROUTE);
    let ask = |range: &str| {
        chain.raw(&format!(
            "GET /file HTTP/1.1\r\nHost: HOST\r\nRange: bytes={range}\r\n\r\n"
        ))
    };
    let parts = ask("0-0,4-4");
    assert_eq!((parts.status, parts.text().as_str()), (206, PARTS));
    let kind = parts.header("content-type");
    assert_eq!(kind, Some("multipart/byteranges; boundary=cut"));
    let none = ask("7-9");
    assert_eq!((none.status, none.text().as_str()), (416, ""));
    assert_eq!(none.header("content-range"), Some("bytes */5"));
}

/// RFC 9110 10.1.1: the last answer may come in place of the first.
#[test]
fn an_app_that_refuses_before_the_body_is_heard_at_once() {
    let app = serve(|mut stream| {
        read_to(&mut stream, b"\r\n\r\n").expect("a request");
        let refusal =
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch";
        stream.write_all(refusal.as_bytes()).expect("sent");
    });
    let chain = in_front_of(&format!("http://{app}"), PUBLIC_ROUTE);
    let mut stream = connect(chain.address);
    let ask = format!(
        "PUT /file HTTP/1.1\r\nHost: {}\r\nContent-Length: 4000000\r\nExpect: 100-continue\r\n\r\n",
        chain.host()
    );
    stream.write_all(ask.as_bytes()).expect("sent");
    let answer = wire::read_response(&mut BufReader::new(stream), false).expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (413, "much"));
}
