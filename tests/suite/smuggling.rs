//! Requests that two readers may read as different ones (field.md R18): each is refused, or goes on in the one form
//! that every reader reads the same.
//!
//! What the app got is kept byte for byte and read again: once as strictly as RFC 9112 has it, and in several lax
//! ways that servers are known for. All readings have to agree, behind an app that is strict and one that is lax.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::{Harness, Setup};

/// Whoever is still waited for then is waited for in vain; nothing is expected of it.
const ENOUGH: Duration = Duration::from_secs(1);

const HIDDEN: &str = "GET /smuggled HTTP/1.1\r\nHost: HOST\r\nX: y\r\n\r\n";
/// `HIDDEN` in a chunk of its own: where the other reader's body ends, it begins.
const IN_CHUNK: &str = "1\r\nx\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\nX: y\r\n\r\n";

/// Header lines between `Host` and the empty line, and what follows.
#[rustfmt::skip] // a table: one row a line
const FRAMING: &[(&str, &str, &str)] = &[
    ("CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked", IN_CHUNK),
    ("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4", "5c\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\nContent-Length: 15\r\n\r\nx=1\r\n0\r\n\r\n"),
    ("TE twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", IN_CHUNK),
    ("TE twice the same", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", IN_CHUNK),
    ("TE list", "Transfer-Encoding: chunked, identity", IN_CHUNK),
    ("TE list, last", "Transfer-Encoding: identity, chunked", IN_CHUNK),
    ("TE gzip", "Transfer-Encoding: gzip, chunked", IN_CHUNK),
    ("TE unknown", "Transfer-Encoding: xchunked", IN_CHUNK),
    ("TE quoted", "Transfer-Encoding: \"chunked\"", IN_CHUNK),
    ("TE tab", "Transfer-Encoding:\tchunked", IN_CHUNK),
    ("TE vertical tab", "Transfer-Encoding: \x0bchunked", IN_CHUNK),
    ("TE null", "Transfer-Encoding: chunked\0", IN_CHUNK),
    ("TE with a length and a vertical tab", "Content-Length: 6\r\nTransfer-Encoding: \x0bchunked", IN_CHUNK),
    ("TE unknown with a length", "Content-Length: 6\r\nTransfer-Encoding: xchunked", IN_CHUNK),
    ("TE space before the colon", "Content-Length: 6\r\nTransfer-Encoding : chunked", IN_CHUNK),
    ("TE after a space", "Content-Length: 6\r\n Transfer-Encoding: chunked", IN_CHUNK),
    ("TE with an underscore", "Content-Length: 6\r\nTransfer_Encoding: chunked", IN_CHUNK),
    ("TE folded", "Content-Length: 6\r\nTransfer-Encoding:\r\n chunked", IN_CHUNK),
    ("TE in a fold", "Content-Length: 6\r\nX: y\r\n\tTransfer-Encoding: chunked", IN_CHUNK),
    ("TE after a bare LF", "Content-Length: 6\r\nX: y\nTransfer-Encoding: chunked", IN_CHUNK),
    ("TE after a bare CR", "Content-Length: 6\r\nX: y\rTransfer-Encoding: chunked", IN_CHUNK),
    ("TE nominated", "Connection: transfer-encoding\r\nTransfer-Encoding: chunked", IN_CHUNK),
    ("two lengths", "Content-Length: 6\r\nContent-Length: 50", HIDDEN),
    ("two equal lengths", "Content-Length: 6\r\nContent-Length: 6", HIDDEN),
    ("a list of lengths", "Content-Length: 6, 50", HIDDEN),
    ("a signed length", "Content-Length: +6", HIDDEN),
    ("a negative length", "Content-Length: -6", HIDDEN),
    ("a hexadecimal length", "Content-Length: 0x6", HIDDEN),
    ("two words", "Content-Length: 6 50", HIDDEN),
    ("an empty length", "Content-Length:", HIDDEN),
    ("a huge length", "Content-Length: 18446744073709551622", HIDDEN),
    ("a length after a space before the colon", "Content-Length : 6", HIDDEN),
    ("a length with an underscore", "Content_Length: 50", HIDDEN),
    ("a length with a dot", "Content.Length: 50", HIDDEN),
    ("a nominated length", "Connection: content-length\r\nContent-Length: 6", HIDDEN),
    ("a length after a bare LF", "X: y\nContent-Length: 50", HIDDEN),
    ("a length after a null", "X: y\0\r\nContent-Length: 6", HIDDEN),
    ("a length for GET", "Content-Length: 6", HIDDEN),
    ("chunk with an extension", "Transfer-Encoding: chunked", "1;a=b\r\nx\r\n0\r\n\r\n"),
    ("chunk with LF in its extension", "Transfer-Encoding: chunked", "1;\nxx\r\n4c\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n0\r\n\r\n"),
    ("chunk size with a prefix", "Transfer-Encoding: chunked", "0x1\r\nx\r\n0\r\n\r\n"),
    ("chunk size negative", "Transfer-Encoding: chunked", "-1\r\nx\r\n0\r\n\r\n"),
    ("chunk size signed", "Transfer-Encoding: chunked", "+1\r\nx\r\n0\r\n\r\n"),
    ("chunk size too large", "Transfer-Encoding: chunked", "10000000000000001\r\nx\r\n0\r\n\r\n"),
    ("chunk size with a space", "Transfer-Encoding: chunked", "1 \r\nx\r\n0\r\n\r\n"),
    ("chunk size with an underscore", "Transfer-Encoding: chunked", "1_0\r\nx\r\n0\r\n\r\n"),
    ("chunk ended by LF", "Transfer-Encoding: chunked", "1\nx\n0\n\n"),
    ("chunk longer than said", "Transfer-Encoding: chunked", "1\r\nxyz\r\n0\r\n\r\n"),
    ("chunk without its end", "Transfer-Encoding: chunked", "1\r\nx0\r\n\r\n"),
    ("trailers", "Transfer-Encoding: chunked\r\nTrailer: Content-Length", "1\r\nx\r\n0\r\nContent-Length: 50\r\nX-Forwarded-User: root\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("early websocket", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", HIDDEN),
    ("early upgrade with a length", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 6", HIDDEN),
    ("early upgrade in chunks", "Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked", IN_CHUNK),
    ("upgrade to h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", HIDDEN),
    ("upgrade to a made-up protocol", "Connection: Upgrade\r\nUpgrade: foo", HIDDEN),
    ("expectation", "Content-Length: 6\r\nExpect: 100-continue", HIDDEN),
    ("expectation unknown", "Content-Length: 6\r\nExpect: x 100-continue", HIDDEN),
    ("expectation without a body", "Expect: 100-continue", HIDDEN),
    ("two hosts", "Host: evil.example", HIDDEN),
    ("no name", ": x", HIDDEN),
    ("no colon", "nothing", HIDDEN),
    ("a name with a space", "X Y: z", HIDDEN),
    ("bare LF at the end", "X: y\n\nGET /smuggled HTTP/1.1\r\nHost: HOST", ""),
    ("bare CR at the end", "X: y\r\r", HIDDEN),
];

/// Whole heads.
#[rustfmt::skip] // a table: one row a line
const LINES: &[(&str, &str)] = &[
    ("1.0 with TE", "POST /case HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("1.0 with TE, kept", "POST /case HTTP/1.0\r\nHost: HOST\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("1.0 with TE and a length", "POST /case HTTP/1.0\r\nHost: HOST\r\nConnection: keep-alive\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
    ("1.0 without a length", "POST /case HTTP/1.0\r\nHost: HOST\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("0.9", "GET /case\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("1.9", "GET /case HTTP/1.9\r\nHost: HOST\r\n\r\n"),
    ("2.0 in words", "GET /case HTTP/2.0\r\nHost: HOST\r\n\r\n"),
    ("two versions", "GET /case HTTP/1.1 HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("two spaces", "GET  /case HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("a tab", "GET\t/case\tHTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("a space in the target", "GET /case /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("CR in the target", "GET /case\r/smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("null in the method", "GET\0 /case HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("empty lines first", "\r\n\r\nGET /case HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("another host in the target", "GET http://evil.example/case HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("CONNECT", "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("an asterisk", "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("HTTP/2's preface in HTTP/1", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("lines of bare LF", "GET /case HTTP/1.1\nHost: HOST\nContent-Length: 6\n\nGET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n"),
];

#[test]
fn each_is_refused_or_forwarded_in_one_reading_to_a_strict_app() {
    nothing_is_smuggled(&App::start(Reader::Strict));
}

#[test]
fn each_is_refused_or_forwarded_in_one_reading_to_a_lax_app() {
    let lax = Lax {
        te_wins: false,
        last_length: true,
        cr_ends_lines: true,
    };
    nothing_is_smuggled(&App::start(Reader::Lax(lax)));
}

/// The readers find what they are there for.
#[test]
fn the_readers_tell_ambiguous_requests() {
    for ambiguous in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 2\r\n\r\nab",
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 2\r\n\r\nab",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
    ] {
        assert!(one_reading(ambiguous.as_bytes()).is_err(), "{ambiguous}");
    }
    for plain in [
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET /c HTTP/1.1\r\n\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
        "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nab",
    ] {
        assert!(one_reading(plain.as_bytes()).is_ok(), "{plain}");
    }
}

fn nothing_is_smuggled(app: &App) {
    let chain = Setup {
        upstream: Some(format!("http://{}", app.address)),
        tables: "[[route]]\npath = [\"/case\", \"/after\"]\naccess = \"public\"\n\
                 [[route]]\npath = \"/smuggled\"\naccess = \"nobody\"\n"
            .to_owned(),
        ..Setup::default()
    }
    .start();
    let framing = FRAMING.iter().flat_map(|(name, headers, body)| {
        ["GET", "POST"].map(|method| {
            let head = format!("{method} /case HTTP/1.1\r\nHost: HOST\r\n{headers}\r\n\r\n");
            (format!("{method} {name}"), head + body)
        })
    });
    let lines = LINES
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), (*bytes).to_owned()));
    for (name, bytes) in framing.chain(lines) {
        let answers = send(&chain, &bytes);
        for got in app.got() {
            let read = one_reading(&got).unwrap_or_else(|why| {
                panic!(
                    "{name}: {why}\nsent: {bytes:?}\nthe app got: {}",
                    got.escape_ascii()
                )
            });
            let foreign = read
                .iter()
                .find(|one| !["/case", "/after"].contains(&one.target.as_str()));
            assert!(foreign.is_none(), "{name}: the app got {foreign:?}");
            let told = ["x-forwarded-user: root", "evil.example"];
            let text = got.escape_ascii().to_string().to_ascii_lowercase();
            assert!(
                !told.iter().any(|word| text.contains(word)),
                "{name}: {text}"
            );
        }
        // An answer of some kind, or an end; the next person's connection is as good as before.
        let after = chain.raw("GET /after HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n");
        assert_eq!(after.status, 200, "{name}: {}", answers.escape_ascii());
    }
}

/// Sends a case with a plain request behind it, and reads all that comes back.
fn send(chain: &Harness, bytes: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(chain.address).expect("the proxy");
    stream.set_read_timeout(Some(ENOUGH)).expect("a timeout");
    let bytes = format!("{bytes}GET /after HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n");
    let bytes = bytes.replace("HOST", chain.host());
    let mut answers = Vec::new();
    // Whoever refuses may close before all is sent, or read.
    let _sent = stream.write_all(bytes.as_bytes());
    let _read = stream.read_to_end(&mut answers);
    answers
}

/// An app that keeps what it gets, byte for byte.
struct App {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl App {
    fn start(reader: Reader) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let got: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let all = Arc::clone(&got);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let all = Arc::clone(&all);
                thread::spawn(move || serve(stream, reader, &all));
            }
        });
        Self { address, got }
    }

    /// What came in by each connection.
    fn got(&self) -> Vec<Vec<u8>> {
        self.got.lock().expect("the lock").clone()
    }
}

fn serve(mut stream: TcpStream, reader: Reader, all: &Mutex<Vec<Vec<u8>>>) {
    let place = {
        let mut all = all.lock().expect("the lock");
        all.push(Vec::new());
        all.len() - 1
    };
    let mut answered = 0;
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return,
            Ok(read) => all.lock().expect("the lock")[place].extend_from_slice(&bytes[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        let got = all.lock().expect("the lock")[place].clone();
        let Ok(read) = reader.read(&got) else {
            return;
        };
        for _ in answered..read.len() {
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
        answered = read.len();
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Request {
    target: String,
    body: Vec<u8>,
}

/// A body and what follows it; `None` if it is not whole yet.
type Whole<'b> = Option<(Vec<u8>, &'b [u8])>;

#[derive(Clone, Copy)]
enum Reader {
    Strict,
    Lax(Lax),
}

/// The ways in which servers are lax.
#[derive(Clone, Copy, Debug)]
struct Lax {
    /// Over a length beside it.
    te_wins: bool,
    /// Of several; else the first.
    last_length: bool,
    cr_ends_lines: bool,
}

/// All whole requests in what came, if every reader finds the same.
fn one_reading(got: &[u8]) -> Result<Vec<Request>, String> {
    let strict = Reader::Strict.read(got)?;
    for te_wins in [false, true] {
        for last_length in [false, true] {
            for cr_ends_lines in [false, true] {
                let lax = Lax {
                    te_wins,
                    last_length,
                    cr_ends_lines,
                };
                let other = Reader::Lax(lax).read(got);
                if other.as_ref() != Ok(&strict) {
                    return Err(format!(
                        "{lax:?} reads {other:?}, strictly it is {strict:?}"
                    ));
                }
            }
        }
    }
    Ok(strict)
}

impl Reader {
    /// The whole requests in these bytes. What is not there yet is no mistake.
    fn read(self, bytes: &[u8]) -> Result<Vec<Request>, String> {
        let mut rest = bytes;
        let mut all = Vec::new();
        while let Some((one, after)) = self.one(rest)? {
            all.push(one);
            rest = after;
        }
        Ok(all)
    }

    fn one(self, bytes: &[u8]) -> Result<Option<(Request, &[u8])>, String> {
        let Some((first, mut rest)) = self.line(bytes)? else {
            return Ok(None);
        };
        let words: Vec<_> = first.split(' ').collect();
        if matches!(self, Self::Strict) && (words.len() != 3 || words[2] != "HTTP/1.1") {
            return Err(format!("the request line {first:?}"));
        }
        let target = words.get(1).copied().unwrap_or_default().to_owned();
        let mut headers: Vec<(String, String)> = Vec::new();
        loop {
            let Some((line, after)) = self.line(rest)? else {
                return Ok(None);
            };
            rest = after;
            if line.is_empty() {
                break;
            }
            headers.push(self.header(&line)?);
        }
        let body = match self.framing(&headers)? {
            Framing::Chunked => self.chunks(rest)?,
            Framing::Length(length) => {
                (rest.len() >= length).then(|| (rest[..length].to_vec(), &rest[length..]))
            }
        };
        Ok(body.map(|(body, rest)| (Request { target, body }, rest)))
    }

    /// A line without its end; `None` if it is not whole yet.
    fn line(self, bytes: &[u8]) -> Result<Option<(String, &[u8])>, String> {
        let (line, rest) = match self {
            Self::Strict => {
                let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else {
                    return Ok(None);
                };
                (&bytes[..end], &bytes[end + 2..])
            }
            Self::Lax(lax) => {
                let ends = |byte: &u8| *byte == b'\n' || lax.cr_ends_lines && *byte == b'\r';
                let Some(end) = bytes.iter().position(ends) else {
                    return Ok(None);
                };
                let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
                let rest = &bytes[end + 1..];
                let rest = match bytes[end] {
                    b'\r' => rest.strip_prefix(b"\n").unwrap_or(rest),
                    _ => rest,
                };
                (line, rest)
            }
        };
        if matches!(self, Self::Strict) && line.iter().any(|byte| *byte < b' ' && *byte != b'\t') {
            return Err(format!("a control character in {}", line.escape_ascii()));
        }
        Ok(Some((line.iter().copied().map(char::from).collect(), rest)))
    }

    fn header(self, line: &str) -> Result<(String, String), String> {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if let Self::Strict = self {
            let good = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            if name.is_empty() || !name.chars().all(good) || !line.contains(':') {
                return Err(format!("the header {line:?}"));
            }
            return Ok((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let name: String = name.trim().to_ascii_lowercase().replace(['_', '.'], "-");
        Ok((
            name,
            value
                .trim_matches(|c: char| c.is_whitespace() || c.is_control())
                .to_owned(),
        ))
    }

    fn framing(self, headers: &[(String, String)]) -> Result<Framing, String> {
        let all = |name: &str| -> Vec<&str> {
            let same = headers.iter().filter(|(other, _)| other == name);
            same.map(|(_, value)| value.as_str()).collect()
        };
        let (codings, lengths) = (all("transfer-encoding"), all("content-length"));
        let lax = match self {
            Self::Lax(lax) => lax,
            Self::Strict => {
                return match (codings.as_slice(), lengths.as_slice()) {
                    ([], []) => Ok(Framing::Length(0)),
                    (["chunked"], []) => Ok(Framing::Chunked),
                    ([], [length]) if length.bytes().all(|byte| byte.is_ascii_digit()) => length
                        .parse()
                        .map(Framing::Length)
                        .map_err(|_| format!("the length {length}")),
                    other => Err(format!("framing by {other:?}")),
                };
            }
        };
        let is_chunked = codings
            .iter()
            .any(|one| one.to_ascii_lowercase().contains("chunked"));
        let length = if lax.last_length {
            lengths.last()
        } else {
            lengths.first()
        };
        match (is_chunked, length) {
            (true, None) => Ok(Framing::Chunked),
            (true, Some(_)) if lax.te_wins => Ok(Framing::Chunked),
            (_, Some(length)) => {
                let digits = length.trim_start_matches('+');
                let end = digits
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(digits.len());
                Ok(Framing::Length(digits[..end].parse().unwrap_or(0)))
            }
            (false, None) => Ok(Framing::Length(0)),
        }
    }

    fn chunks(self, mut rest: &[u8]) -> Result<Whole<'_>, String> {
        let mut body = Vec::new();
        loop {
            let Some((line, after)) = self.line(rest)? else {
                return Ok(None);
            };
            let size = match self {
                Self::Strict => line.as_str(),
                Self::Lax(_) => line.split(';').next().unwrap_or_default().trim(),
            };
            let size =
                usize::from_str_radix(size, 16).map_err(|_| format!("the chunk size {line:?}"))?;
            if size == 0 {
                let Some((end, after)) = self.line(after)? else {
                    return Ok(None);
                };
                return match end.as_str() {
                    "" => Ok(Some((body, after))),
                    trailer => Err(format!("the trailer {trailer:?}")),
                };
            }
            if after.len() < size + 2 {
                return Ok(None);
            }
            body.extend_from_slice(&after[..size]);
            if &after[size..size + 2] != b"\r\n" {
                return Err("a chunk without its end".to_owned());
            }
            rest = &after[size + 2..];
        }
    }
}

enum Framing {
    Chunked,
    Length(usize),
}
