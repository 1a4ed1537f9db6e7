//! HTTP/1.1 by hand: what is sent is exactly what the test wrote, and an answer keeps its bytes.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A peer that says nothing for so long has failed the test.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// In the order and spelling received.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Where it came from, for `Location` and forms.
    pub(crate) url: String,
}

/// As in a log: first line, headers, body as text.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} from {}", self.status, self.url)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        write!(f, "\n{}", self.text())
    }
}

impl Response {
    /// The only header of that name; two are a failure.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(
            all.len() <= 1,
            "{name} is there {} times: {all:?}",
            all.len()
        );
        all.first().copied()
    }

    /// All headers of that name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }

    /// The body, which must be HTML by its content type.
    pub(crate) fn html(&self) -> String {
        let kind = self.header("content-type").unwrap_or("");
        assert!(
            kind.starts_with("text/html"),
            "not HTML but {kind:?}: {self:?}"
        );
        self.text()
    }

    /// Where a redirect leads, as an absolute URL.
    pub(crate) fn location(&self) -> String {
        let location = self
            .header("location")
            .unwrap_or_else(|| panic!("no Location: {} {}", self.status, self.text()));
        url::Url::parse(&self.url)
            .and_then(|base| base.join(location))
            .map(String::from)
            .unwrap_or_else(|error| panic!("Location {location:?}: {error}"))
    }

    /// A query parameter of the redirect's target.
    pub(crate) fn location_param(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(&self.location()).expect("an absolute URL");
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// Sends bytes as they are and reads one answer.
pub(crate) fn raw_request(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Response {
    try_request(address, bytes.as_ref()).unwrap_or_else(|error| {
        panic!(
            "no answer from {address}: {error}\nto: {}",
            String::from_utf8_lossy(bytes.as_ref())
        )
    })
}

/// The same, for peers that may close without an answer.
pub(crate) fn try_request(address: SocketAddr, bytes: &[u8]) -> std::io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    // A peer may answer and close before it has read all: then its answer counts, not our error.
    let sent = stream.write_all(bytes);
    let answer = read_response(&mut BufReader::new(stream), bytes.starts_with(b"HEAD "));
    match (sent, answer) {
        (_, Ok(answer)) => Ok(answer),
        (Err(error), _) | (Ok(()), Err(error)) => Err(error),
    }
}

/// A connection that is kept for several requests.
pub(crate) struct Kept {
    stream: BufReader<TcpStream>,
}

impl Kept {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &str) {
        let stream = self.stream.get_mut();
        stream.write_all(bytes.as_bytes()).expect("sent");
    }

    /// The next answer.
    pub(crate) fn answer(&mut self) -> Response {
        read_response(&mut self.stream, false).expect("an answer")
    }

    /// The same to a HEAD request.
    pub(crate) fn answer_to_head(&mut self) -> Response {
        read_response(&mut self.stream, true).expect("an answer")
    }
}

/// Reads one answer; interim ones (1xx) are skipped.
pub(crate) fn read_response(reader: &mut impl BufRead, to_head: bool) -> std::io::Result<Response> {
    loop {
        let (first, headers) = read_head(reader)?;
        let status = first
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| malformed(&first))?;
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
            url: String::new(),
        };
        match status {
            101 => return Ok(response),
            100..=199 => continue,
            204 | 304 => return Ok(response),
            _ if to_head => return Ok(response),
            _ => {}
        }
        let length = response
            .all("content-length")
            .first()
            .and_then(|n| n.parse().ok());
        let chunked = response
            .all("transfer-encoding")
            .iter()
            .any(|v| v.contains("chunked"));
        response.body = read_body(reader, chunked, length, true)?;
        return Ok(response);
    }
}

/// The first line and the headers, as received.
pub(crate) fn read_head(
    reader: &mut impl BufRead,
) -> std::io::Result<(String, Vec<(String, String)>)> {
    let first = read_line(reader)?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            return Ok((first, headers));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed(&line))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// A body by its framing; `to_end` if neither length nor chunks are given.
pub(crate) fn read_body(
    reader: &mut impl BufRead,
    chunked: bool,
    length: Option<usize>,
    to_end: bool,
) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if chunked {
        loop {
            let line = read_line(reader)?;
            let size = line.split(';').next().unwrap_or("").trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| malformed(&line))?;
            let mut chunk = vec![0; size];
            reader.read_exact(&mut chunk)?;
            body.append(&mut chunk);
            read_line(reader)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    match length {
        Some(length) => {
            body.resize(length, 0);
            reader.read_exact(&mut body)?;
        }
        None if to_end => {
            reader.read_to_end(&mut body)?;
        }
        None => {}
    }
    Ok(body)
}

fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line.into_iter().map(char::from).collect())
}

fn malformed(line: &str) -> std::io::Error {
    std::io::Error::other(format!("malformed HTTP: {line:?}"))
}

/// A server on a free port, of a thread for each connection.
pub(crate) fn serve(each: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let each = Arc::new(each);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let each = Arc::clone(&each);
            thread::spawn(move || each(stream));
        }
    });
    address
}
