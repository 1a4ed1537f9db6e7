//! Answers that were kept, given again: the same headers and bytes, but that a page stands still.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::{Response, wire};

/// The name of a page that breaks rules.
pub(super) const BAD: &str = "bad";

const BAD_PAGE: &str = "<!doctype html><title>x</title><style>p{color:#ccc}</style><p><font color=#cccccc>faint</font> <a href=/></a>";

/// The headers that say what a browser may do with a page.
const KEPT: [&str; 4] = [
    "content-type",
    "content-language",
    "content-security-policy",
    "x-content-type-options",
];

/// A server of kept answers, by their names.
pub(super) struct Served {
    address: SocketAddr,
}

impl Served {
    pub(super) fn start<'p>(pages: impl Iterator<Item = (&'p str, &'p Response)>) -> Self {
        let mut answers: HashMap<String, Vec<u8>> = pages
            .map(|(name, page)| (format!("/{name}"), again(page)))
            .collect();
        let policy =
            "content-type: text/html\r\ncontent-security-policy: style-src 'unsafe-hashes'\r\n";
        answers.insert(format!("/{BAD}"), answer(policy, BAD_PAGE));
        let address = wire::serve(move |stream| serve(&stream, &answers));
        Self { address }
    }

    pub(super) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }
}

/// One answer a connection; chromium opens some that it never uses.
fn serve(stream: &TcpStream, answers: &HashMap<String, Vec<u8>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let _head = lines.take_while(|line| !line.is_empty()).count();
    let path = first.split(' ').nth(1).unwrap_or_default();
    let none = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let answer = answers.get(path).map_or(&none[..], Vec::as_slice);
    let mut stream = stream;
    let _sent = stream.write_all(answer);
}

/// The answer with the headers that it came with, whatever its status was.
fn again(page: &Response) -> Vec<u8> {
    let mut head = String::new();
    for (name, value) in &page.headers {
        if KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept)) {
            head += &format!("{name}: {value}\r\n");
        }
    }
    answer(&head, &stands_still(&page.text()))
}

fn answer(head: &str, html: &str) -> Vec<u8> {
    let length = html.len();
    format!("HTTP/1.1 200 OK\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n{html}")
        .into_bytes()
}

/// The page without what makes it go on.
fn stands_still(html: &str) -> String {
    let mut still = html.to_owned();
    while let (Some(start), Some(end)) = (still.find("<script>"), still.find("</script>")) {
        still.replace_range(start..end + "</script>".len(), "");
    }
    still
}
