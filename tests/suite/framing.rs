//! Requests that two parsers read as different ones: each is refused, or forwarded so that every app reads the same.
//!
//! Three apps stand behind the same proxy: one that reads by RFC 9112 to the letter, one that believes any sign of
//! chunks, one that believes any length. What is hidden behind a request asks for a path that is for nobody: judged
//! by the proxy it is 403, and no app may ever see it.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::wire::read_response;
use crate::support::{Harness, Setup};

/// What every reader has to make of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// An answer of the proxy's own, or none; no app sees anything.
    Refused,
    /// One request with this body.
    Forwarded(&'static str),
}
use Fate::{Forwarded, Refused};

/// How an app reads.
#[derive(Clone, Copy, Debug)]
enum Reader {
    Strict,
    BelievesChunks,
    BelievesLengths,
}

/// `HOST` becomes the proxy's; `HIDDEN` a request of its own for what is for nobody.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: HOST\r\n\r\n";

/// Heads of a POST to `/in` after its `Host`, and bodies, with what has to become of them.
#[rustfmt::skip] // a table: one row a line
const BODIES: &[(&str, &str, &str, Fate)] = &[
    ("a length", "Content-Length: 5\r\n", "hello", Forwarded("hello")),
    ("chunks", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n", Forwarded("hello")),
    ("chunks in capitals", "Transfer-Encoding: CHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n", Forwarded("hello")),
    ("length, then chunks", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunks, then length", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("a length of nothing and chunks", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("two lengths", "Content-Length: 5\r\nContent-Length: 0\r\n", "helloHIDDEN", Refused),
    ("two lengths, the other way", "Content-Length: 0\r\nContent-Length: 5\r\n", "helloHIDDEN", Refused),
    ("the same length twice", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello", Refused),
    ("a list of lengths", "Content-Length: 5, 5\r\n", "hello", Refused),
    ("a list of two lengths", "Content-Length: 0, 5\r\n", "helloHIDDEN", Refused),
    ("a length with a sign", "Content-Length: +5\r\n", "helloHIDDEN", Refused),
    ("a length below nothing", "Content-Length: -1\r\n", "HIDDEN", Refused),
    ("a length in sixteens", "Content-Length: 0x5\r\n", "helloHIDDEN", Refused),
    ("a length with a space in it", "Content-Length: 5 0\r\n", "helloHIDDEN", Refused),
    ("a length with a comma", "Content-Length: 5,\r\n", "helloHIDDEN", Refused),
    ("a length in words", "Content-Length: five\r\n", "helloHIDDEN", Refused),
    ("no length at all", "Content-Length:\r\n", "HIDDEN", Refused),
    ("a length beyond 64 bits", "Content-Length: 18446744073709551621\r\n", "helloHIDDEN", Refused),
    ("a length with a fraction", "Content-Length: 5.0\r\n", "helloHIDDEN", Refused),
    ("a length in other digits", "Content-Length: \u{665}\r\n", "helloHIDDEN", Refused),
    ("a length before its colon", "Content-Length : 5\r\n", "helloHIDDEN", Refused),
    ("a length folded", "Content-Length:\r\n 5\r\n", "helloHIDDEN", Refused),
    ("chunked twice in one", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunked in two headers", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunked, then identity", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("identity, then chunked", "Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("two headers, the last identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("identity", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "helloHIDDEN", Refused),
    ("gzip, then chunked", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("nearly chunked", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("nearly chunked, with a length", "Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunked with a parameter", "Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunked in quotes", "Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunked after a vertical tab", "Transfer-Encoding: \u{b}chunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunked folded", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunked before its colon", "Transfer-Encoding : chunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunked after a bare LF", "X-A: b\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunked after a bare CR", "X-A: b\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "helloHIDDEN", Refused),
    ("an empty coding", "Transfer-Encoding:\r\n", "0\r\n\r\nHIDDEN", Refused),
    ("chunked by a name with an underscore", "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello", Forwarded("hello")),
    ("a chunk in sixteens with 0x", "Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n", Refused),
    ("a chunk with a sign", "Transfer-Encoding: chunked\r\n", "+5\r\nhello\r\n0\r\n\r\n", Refused),
    ("a chunk below nothing", "Transfer-Encoding: chunked\r\n", "-1\r\nhello\r\n0\r\n\r\n", Refused),
    ("a chunk beyond 64 bits", "Transfer-Encoding: chunked\r\n", "10000000000000005\r\nhello\r\n0\r\n\r\n", Refused),
    ("a chunk in words", "Transfer-Encoding: chunked\r\n", "z\r\nhello\r\n0\r\n\r\n", Refused),
    ("a chunk that is longer than it says", "Transfer-Encoding: chunked\r\n", "3\r\nhello\r\n0\r\n\r\n", Refused),
    ("a chunk with an extension", "Transfer-Encoding: chunked\r\n", "5;a=b\r\nhello\r\n0\r\n\r\n", Forwarded("hello")),
    ("a bare LF behind a chunk's size", "Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n", Refused),
    // An extension ends with its line, and none is passed on (RFC 9112 7.1.1).
    ("a bare LF in an extension", "Transfer-Encoding: chunked\r\n", "5;a\nb\r\nhello\r\n0\r\n\r\n", Forwarded("hello")),
    ("trailers that frame", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n", Forwarded("hello")),
    ("a trailer that identifies", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX-Forwarded-User: root\r\n\r\n", Forwarded("hello")),
    ("a length that Connection takes away", "Connection: content-length\r\nContent-Length: 5\r\n", "hello", Forwarded("hello")),
    ("chunks that Connection takes away", "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n", Forwarded("hello")),
    ("an upgrade that is none, with a body", "Connection: upgrade\r\nUpgrade: nothing\r\nContent-Length: 5\r\n", "hello", Forwarded("hello")),
    ("h2c by upgrade", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nContent-Length: 5\r\n", "hello", Forwarded("hello")),
    ("a body behind a websocket's head", "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 5\r\n", "hello", Forwarded("hello")),
    ("what the app has not continued", "Expect: 100-continue\r\nContent-Length: 5\r\n", "hello", Forwarded("hello")),
    ("an expectation that nobody knows", "Expect: 100-continued\r\nContent-Length: 5\r\n", "hello", Forwarded("hello")),
    ("another request behind it", "Content-Length: 5\r\n", "helloHIDDEN", Forwarded("hello")),
];

/// Whole requests.
#[rustfmt::skip] // a table: one row a line
const WHOLE: &[(&str, &str, Fate)] = &[
    ("no body", "GET /in HTTP/1.1\r\nHost: HOST\r\n\r\n", Forwarded("")),
    ("a GET with a body", "GET /in HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n\r\nhello", Forwarded("hello")),
    ("another request behind no body", "GET /in HTTP/1.1\r\nHost: HOST\r\n\r\nHIDDEN", Forwarded("")),
    ("HTTP/1.0 with a length", "POST /in HTTP/1.0\r\nHost: HOST\r\nContent-Length: 5\r\n\r\nhello", Forwarded("hello")),
    ("HTTP/1.0 with chunks", "POST /in HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHIDDEN", Refused),
    ("HTTP/1.0 kept open, with chunks", "POST /in HTTP/1.0\r\nHost: HOST\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHIDDEN", Refused),
    ("HTTP/0.9", "GET /in\r\n\r\n", Refused),
    ("HTTP/1.2", "GET /in HTTP/1.2\r\nHost: HOST\r\n\r\n", Refused),
    ("HTTP/2.0 in words", "GET /in HTTP/2.0\r\nHost: HOST\r\n\r\n", Refused),
    ("http in small letters", "GET /in http/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("a space behind the version", "GET /in HTTP/1.1 \r\nHost: HOST\r\n\r\n", Refused),
    ("two spaces before the target", "GET  /in HTTP/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("a tab before the target", "GET\t/in HTTP/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("a target with a space", "GET /in HTTP/1.1 HTTP/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("a method that is no token", "GE(T /in HTTP/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("a NUL in the target", "GET /in\0 HTTP/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("a NUL in a value", "GET /in HTTP/1.1\r\nHost: HOST\r\nX-A: a\0b\r\n\r\n", Refused),
    ("a NUL in a name", "GET /in HTTP/1.1\r\nHost: HOST\r\nX-\0A: b\r\n\r\n", Refused),
    ("a bare CR in a value", "GET /in HTTP/1.1\r\nHost: HOST\r\nX-A: a\rb\r\n\r\n", Refused),
    ("bare LFs", "GET /in HTTP/1.1\nHost: HOST\n\nHIDDEN", Refused),
    ("one bare LF", "GET /in HTTP/1.1\r\nX-A: b\nHost: HOST\r\n\r\n", Refused),
    ("an end by LF alone", "GET /in HTTP/1.1\r\nHost: HOST\r\n\nHIDDEN", Refused),
    ("a fold", "GET /in HTTP/1.1\r\nHost: HOST\r\nX-A: b\r\n c\r\n\r\n", Refused),
    ("a fold first of all", "GET /in HTTP/1.1\r\n X-A: b\r\nHost: HOST\r\n\r\n", Refused),
    ("a line without a colon", "GET /in HTTP/1.1\r\nHost: HOST\r\nX-A\r\n\r\n", Refused),
    ("a line without a name", "GET /in HTTP/1.1\r\nHost: HOST\r\n: b\r\n\r\n", Refused),
    ("a name with a space", "GET /in HTTP/1.1\r\nHost: HOST\r\nX A: b\r\n\r\n", Refused),
    ("no host", "GET /in HTTP/1.1\r\n\r\n", Refused),
    ("two hosts", "GET /in HTTP/1.1\r\nHost: HOST\r\nHost: other.example\r\n\r\n", Refused),
    ("the same host twice", "GET /in HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", Refused),
    ("two hosts in one", "GET /in HTTP/1.1\r\nHost: HOST, other.example\r\n\r\n", Refused),
    ("another host in the target", "GET http://other.example/in HTTP/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("a person in the target", "GET http://a@HOST/in HTTP/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("a target of a tunnel", "GET HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("a tunnel", "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\nHIDDEN", Refused),
    ("a star", "GET * HTTP/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("a trace", "TRACE /in HTTP/1.1\r\nHost: HOST\r\n\r\n", Refused),
    ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Refused),
];

#[test]
fn each_request_that_could_be_read_as_two_is_refused_or_unambiguous_to_every_app() {
    thread::scope(|scope| {
        for reader in [
            Reader::Strict,
            Reader::BelievesChunks,
            Reader::BelievesLengths,
        ] {
            scope.spawn(move || all_before(reader));
        }
    });
}

fn all_before(reader: Reader) {
    let app = App::start(reader);
    let chain = Setup {
        upstream: Some(format!("http://{}", app.address)),
        tables: "[[route]]\npath = \"/hidden\"\naccess = \"nobody\"\n\n\
                 [[route]]\npath = \"/*\"\naccess = \"public\"\n"
            .to_owned(),
        ..Setup::default()
    }
    .start();
    let posts = BODIES.iter().map(|(name, head, body, fate)| {
        (
            *name,
            format!("POST /in HTTP/1.1\r\nHost: HOST\r\n{head}\r\n{body}"),
            *fate,
        )
    });
    let whole = WHOLE
        .iter()
        .map(|(name, bytes, fate)| (*name, (*bytes).to_owned(), *fate));
    let mut wrong = Vec::new();
    for (number, (name, bytes, fate)) in posts.chain(whole).enumerate() {
        let bytes = bytes
            .replace("HIDDEN", HIDDEN)
            .replace("HOST", chain.host());
        let status = exchange(&chain, &bytes);
        let seen = app.take();
        let expected = match fate {
            Refused => Vec::new(),
            Forwarded(body) => vec![Seen {
                target: "/in".to_owned(),
                body: body.to_owned(),
            }],
        };
        let is_answered = match fate {
            Refused => status.is_none_or(|status| (400..=505).contains(&status)),
            Forwarded(_) => status == Some(200),
        };
        if seen != expected || !is_answered {
            wrong.push(format!("{name}: answered {status:?}, the app saw {seen:?}"));
        }
        // And nobody else gets its answer.
        let target = format!("/after/{number}");
        let answer = chain.raw(&format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n",
            chain.host()
        ));
        assert_eq!(
            (answer.status, answer.text()),
            (200, target.clone()),
            "{reader:?}, after: {name}"
        );
        assert_eq!(
            app.take(),
            [Seen {
                target,
                body: String::new()
            }],
            "{reader:?}, after: {name}"
        );
    }
    assert_eq!(wrong, Vec::<String>::new(), "{reader:?}");
}

/// Sends a request whole, and nothing more; the status of the first answer, if there is one.
fn exchange(chain: &Harness, bytes: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(chain.address).expect("the proxy");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a socket");
    // It may be refused before it is read.
    drop(stream.write_all(bytes.as_bytes()));
    let answer = read_response(&mut BufReader::new(&stream), false).ok();
    // What is behind it is answered too, or the connection closed, before it counts.
    drop(stream.shutdown(Shutdown::Write));
    drop(stream.read_to_end(&mut Vec::new()));
    answer.map(|answer| answer.status)
}

/// A request as an app has read it.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    target: String,
    body: String,
}

/// Answers each request with its target.
struct App {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl App {
    fn start(reader: Reader) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let into = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let into = Arc::clone(&into);
                thread::spawn(move || serve(reader, stream, &into));
            }
        });
        Self { address, seen }
    }

    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().expect("no panic"))
    }
}

fn serve(reader: Reader, mut stream: TcpStream, seen: &Mutex<Vec<Seen>>) {
    let mut held = Vec::new();
    let mut piece = [0; 4096];
    loop {
        while let Some((request, length)) = reader.read(&held) {
            held.drain(..length);
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}",
                request.target.len(),
                request.target
            );
            seen.lock().expect("no panic").push(request);
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
        match stream.read(&mut piece) {
            Ok(count) if count > 0 => held.extend_from_slice(&piece[..count]),
            _ => return,
        }
    }
}

impl Reader {
    /// The first request in these bytes and its length, once it is whole. What a
    /// strict app refuses it sees as a request for `400`.
    fn read(self, bytes: &[u8]) -> Option<(Seen, usize)> {
        let head_end = self.end_of_head(bytes)?;
        let text = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
        let mut lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
        let target = lines
            .next()?
            .split_whitespace()
            .nth(1)
            .unwrap_or("400")
            .to_owned();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| {
                (
                    name.trim().replace('_', "-").to_lowercase(),
                    value.trim().to_lowercase(),
                )
            })
            .collect();
        let all = |wanted: &str| -> Vec<&str> {
            headers
                .iter()
                .filter(|(name, _)| name == wanted)
                .map(|(_, value)| value.as_str())
                .collect()
        };
        let (lengths, codings) = (all("content-length"), all("transfer-encoding"));
        let is_chunked = codings.iter().any(|coding| coding.contains("chunked"));
        let length = |text: &str| {
            let digits = text.trim_start_matches('+');
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            digits[..end].parse::<usize>().unwrap_or(0)
        };
        let rest = &bytes[head_end..];
        let (body, taken) = match self {
            Self::Strict if is_doubtful(&text, &lengths, &codings) => {
                return Some((
                    Seen {
                        target: "400".to_owned(),
                        body: String::new(),
                    },
                    bytes.len(),
                ));
            }
            Self::BelievesLengths if !lengths.is_empty() => by_length(rest, length(lengths[0]))?,
            _ if is_chunked => by_chunks(rest)?,
            _ => by_length(rest, lengths.last().map_or(0, |text| length(text)))?,
        };
        Some((Seen { target, body }, head_end + taken))
    }

    fn end_of_head(self, bytes: &[u8]) -> Option<usize> {
        let find = |end: &[u8]| {
            let at = bytes.windows(end.len()).position(|window| window == end)?;
            Some(at + end.len())
        };
        match self {
            Self::Strict => find(b"\r\n\r\n"),
            _ => [find(b"\r\n\r\n"), find(b"\n\n"), find(b"\n\r\n")]
                .into_iter()
                .flatten()
                .min(),
        }
    }
}

/// RFC 9112 2.2, 5.1, 5.2, 6.1, 6.3.
fn is_doubtful(head: &str, lengths: &[&str], codings: &[&str]) -> bool {
    let lines: Vec<&str> = head.split("\r\n").collect();
    let is_odd = |line: &&str| {
        line.contains(['\r', '\n', '\0'])
            || line.starts_with([' ', '\t'])
            || line
                .split_once(':')
                .is_some_and(|(name, _)| name.ends_with([' ', '\t']) && !name.contains('/'))
    };
    lines.iter().any(is_odd)
        || lengths.len() + codings.len() > 1
        || lengths
            .iter()
            .any(|length| length.is_empty() || !length.bytes().all(|b| b.is_ascii_digit()))
        || codings.iter().any(|coding| *coding != "chunked")
        || (!codings.is_empty() && lines[0].ends_with("HTTP/1.0"))
}

fn by_length(bytes: &[u8], length: usize) -> Option<(String, usize)> {
    let body = bytes.get(..length)?;
    Some((String::from_utf8_lossy(body).into_owned(), length))
}

/// Sizes as they come: with `0x`, a sign or an extension; ends of lines likewise.
fn by_chunks(bytes: &[u8]) -> Option<(String, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    let line = |at: &mut usize| {
        let end = *at + bytes.get(*at..)?.iter().position(|b| *b == b'\n')?;
        let text = String::from_utf8_lossy(&bytes[*at..end])
            .trim()
            .to_lowercase();
        *at = end + 1;
        Some(text)
    };
    loop {
        let size = line(&mut at)?;
        let digits = size.trim_start_matches('+').trim_start_matches("0x");
        let end = digits
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(digits.len());
        let size = usize::from_str_radix(&digits[..end], 16).unwrap_or(0);
        if size == 0 {
            while !line(&mut at)?.is_empty() {}
            return Some((String::from_utf8_lossy(&body).into_owned(), at));
        }
        body.extend_from_slice(bytes.get(at..at + size)?);
        at += size;
        line(&mut at)?;
    }
}
