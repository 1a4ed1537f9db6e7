//! Apps that read HTTP/1.1 strictly, or in the lax ways that servers are known for, and whether all of them read the
//! same.
//!
//! Owns what is sent to an app byte for byte and every reading of it. Must not know what a test sends, or expects.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use super::wire;

/// A request as an app has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) target: String,
    pub(crate) body: String,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
}

/// How an app reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reader {
    /// By RFC 9112 to the letter.
    Strict,
    Lax(Lax),
}

/// The ways in which servers are lax.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lax {
    /// Any sign of chunks, over a length beside it.
    pub(crate) te_wins: bool,
    /// Of several lengths; else the first.
    pub(crate) last_length: bool,
    pub(crate) cr_ends_lines: bool,
}

/// Answers each request with its target, and keeps what it got.
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl App {
    pub(crate) fn start(reader: Reader) -> Self {
        let got: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let all = Arc::clone(&got);
        let address = wire::serve(move |stream| serve(stream, reader, &all));
        Self { address, got }
    }

    /// The whole requests since the last time, in no order over connections.
    ///
    /// # Errors
    /// What two readers would not agree about.
    pub(crate) fn take(&self) -> Result<Vec<Request>, String> {
        let mut all = Vec::new();
        for connection in self.got.lock().expect("the lock").iter_mut() {
            let (requests, length) = one_reading(connection)
                .map_err(|why| format!("{why}\nthe app got: {}", connection.escape_ascii()))?;
            connection.drain(..length);
            all.extend(requests);
        }
        Ok(all)
    }
}

fn serve(mut stream: TcpStream, reader: Reader, all: &Mutex<Vec<Vec<u8>>>) {
    let place = {
        let mut all = all.lock().expect("the lock");
        all.push(Vec::new());
        all.len() - 1
    };
    let mut held = Vec::new();
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return,
            Ok(read) => {
                held.extend_from_slice(&bytes[..read]);
                all.lock().expect("the lock")[place].extend_from_slice(&bytes[..read]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        let Ok((requests, length)) = reader.read(&held) else {
            return;
        };
        held.drain(..length);
        for Request { target, .. } in requests {
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{target}",
                target.len()
            );
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// All whole requests in what came and how long they are, if every reader finds the same.
pub(crate) fn one_reading(got: &[u8]) -> Result<(Vec<Request>, usize), String> {
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
                let same = other.as_ref().is_ok_and(|(requests, length)| {
                    let bodies = |all: &[Request]| -> Vec<(String, String)> {
                        let one = |one: &Request| (one.target.clone(), one.body.clone());
                        all.iter().map(one).collect()
                    };
                    *length == strict.1 && bodies(requests) == bodies(&strict.0)
                });
                if !same {
                    return Err(format!(
                        "{lax:?} reads {other:?}, strictly it is {strict:?}"
                    ));
                }
            }
        }
    }
    Ok(strict)
}

enum Framing {
    Chunked,
    Length(usize),
}

/// A body and what follows it; `None` if it is not whole yet.
type Whole<'b> = Option<(Vec<u8>, &'b [u8])>;

impl Reader {
    /// The whole requests in these bytes, and their length. What is not there yet is no mistake.
    fn read(self, bytes: &[u8]) -> Result<(Vec<Request>, usize), String> {
        let mut rest = bytes;
        let mut all = Vec::new();
        while let Some((one, after)) = self.one(rest)? {
            all.push(one);
            rest = after;
        }
        Ok((all, bytes.len() - rest.len()))
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
        Ok(body.map(|(body, rest)| {
            let request = Request {
                target,
                body: body.into_iter().map(char::from).collect(),
                headers,
            };
            (request, rest)
        }))
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
        let value = value.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        Ok((name, value.to_owned()))
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
                    ([coding], []) if coding.eq_ignore_ascii_case("chunked") => {
                        Ok(Framing::Chunked)
                    }
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
        let length = match lax.last_length {
            true => lengths.last(),
            false => lengths.first(),
        };
        match (is_chunked, length) {
            (true, None) => Ok(Framing::Chunked),
            (true, Some(_)) if lax.te_wins => Ok(Framing::Chunked),
            (_, Some(length)) => Ok(Framing::Length(digits(length, 10))),
            (false, None) => Ok(Framing::Length(0)),
        }
    }

    /// Lax ones read sizes as they come, with `0x`, a sign or an extension, and over trailers, which nobody gets.
    fn chunks(self, mut rest: &[u8]) -> Result<Whole<'_>, String> {
        let mut body = Vec::new();
        loop {
            let Some((line, after)) = self.line(rest)? else {
                return Ok(None);
            };
            let size = match self {
                Self::Strict => usize::from_str_radix(&line, 16)
                    .ok()
                    .filter(|_| !line.starts_with('+'))
                    .ok_or_else(|| format!("the chunk size {line:?}"))?,
                Self::Lax(_) => digits(line.trim().trim_start_matches("0x"), 16),
            };
            rest = after;
            if size == 0 {
                let Some((end, after)) = self.line(rest)? else {
                    return Ok(None);
                };
                return match end.as_str() {
                    "" => Ok(Some((body, after))),
                    trailer => Err(format!("the trailer {trailer:?}")),
                };
            }
            if rest.len() < size.saturating_add(2) {
                return Ok(None);
            }
            body.extend_from_slice(&rest[..size]);
            if &rest[size..size + 2] != b"\r\n" {
                return Err("a chunk without its end".to_owned());
            }
            rest = &rest[size + 2..];
        }
    }
}

/// The number that a text begins with, as far as it is one.
fn digits(text: &str, radix: u32) -> usize {
    let digits = text.trim_start_matches('+');
    let end = digits
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(digits.len());
    usize::from_str_radix(&digits[..end], radix).unwrap_or(0)
}
