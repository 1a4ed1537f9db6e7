//! An upstream that remembers each request byte for byte.
//!
//! Any path answers 200 with the request's head as JSON. The query changes that: `status=404`,
//! `h=NAME:VALUE` (any number) adds response headers, `body=TEXT` replaces the body,
//! `html` makes it a page. `SELF` in a value stands for the request's own target, encoded for a query.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use super::wire;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Method, target and version.
    pub(crate) line: String,
    /// In the order and spelling received; bytes as Latin-1.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Everything up to the empty line, as received.
    pub(crate) head: String,
}

impl Seen {
    /// Values of all headers of exactly that name, letter case aside.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The only header of that name; two are a failure.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(
            all.len() <= 1,
            "upstream got {name} {} times: {all:?}",
            all.len()
        );
        all.first().copied()
    }

    /// Values of all headers that an app could take for `name`: any letter case, and any
    /// character but letters and digits for the hyphen.
    pub(crate) fn alike(&self, name: &str) -> Vec<&str> {
        let key = |text: &str| -> String {
            text.chars()
                .map(|c| {
                    if c.is_ascii_alphanumeric() {
                        c.to_ascii_lowercase()
                    } else {
                        '-'
                    }
                })
                .collect()
        };
        self.headers
            .iter()
            .filter(|(other, _)| key(other) == key(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The request target.
    pub(crate) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or("")
    }
}

pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Echo {
    pub(crate) fn start() -> Self {
        let seen = Arc::default();
        let all = Arc::clone(&seen);
        let address = wire::serve(move |stream| serve(&stream, &all));
        Self { address, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("the lock").clone()
    }

    /// How many requests have arrived.
    pub(crate) fn count(&self) -> usize {
        self.seen.lock().expect("the lock").len()
    }

    /// The latest request.
    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().expect("a request at the upstream")
    }
}

/// Serves a connection until its end; a client that goes away is no failure of the test.
fn serve(stream: &TcpStream, seen: &Mutex<Vec<Seen>>) {
    let mut reader = BufReader::new(Tee {
        inner: stream,
        copy: Vec::new(),
    });
    while let Ok((line, headers)) = wire::read_head(&mut reader) {
        let mut request = Seen {
            line,
            headers,
            body: Vec::new(),
            head: String::new(),
        };
        request.head = reader
            .get_ref()
            .copy
            .iter()
            .copied()
            .map(char::from)
            .collect();
        if let Some(end) = request.head.find("\r\n\r\n") {
            request.head.truncate(end);
        }
        let length = request
            .header("content-length")
            .and_then(|n| n.parse().ok());
        let chunked = request
            .all("transfer-encoding")
            .iter()
            .any(|v| v.contains("chunked"));
        match wire::read_body(&mut reader, chunked, length, false) {
            Ok(body) => request.body = body,
            Err(_) => return,
        }
        reader.get_mut().copy.clear();
        seen.lock().expect("the lock").push(request.clone());
        let (mut writer, answer) = (stream, answer(&request));
        if writer.write_all(&answer).is_err() {
            return;
        }
    }
}

/// Keeps what was read.
struct Tee<'s> {
    inner: &'s TcpStream,
    copy: Vec<u8>,
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.copy.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

fn answer(request: &Seen) -> Vec<u8> {
    let query = request
        .target()
        .split_once('?')
        .map_or("", |(_, query)| query);
    let (mut status, mut extra, mut body) = ("200".to_owned(), String::new(), None);
    let mut kind = "application/json";
    let own: String = url::form_urlencoded::byte_serialize(request.target().as_bytes()).collect();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let value = value.replace("SELF", &own);
        match name.as_ref() {
            "status" => status = value,
            "h" => extra += &format!("{}\r\n", value.replacen(':', ": ", 1)),
            "body" => body = Some(value),
            "html" => kind = "text/html",
            _ => {}
        }
    }
    let body = body.unwrap_or_else(|| {
        serde_json::json!({ "line": request.line, "headers": request.headers }).to_string()
    });
    let length = body.len();
    let mut bytes = format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\n{extra}Content-Length: {length}\r\n\r\n"
    )
    .into_bytes();
    if !request.line.starts_with("HEAD ") {
        bytes.extend_from_slice(body.as_bytes());
    }
    bytes
}
