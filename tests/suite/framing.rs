//! Requests that two parsers read as different ones (field.md R18): each is refused, or goes on in the one form that
//! every reader reads the same.
//!
//! What the app got is kept byte for byte and read again: once as strictly as RFC 9112 has it, and in the lax ways that
//! servers are known for (`support::readers`). All readings have to agree, behind an app that is strict and behind lax
//! ones. What is hidden behind a request asks for a path that is for nobody: judged by the proxy it is 403, and no app
//! may ever see it.

mod cases;

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use self::cases::{BODIES, Fate, HIDDEN, WHOLE};
use crate::support::readers::{App, Lax, Reader, Request, one_reading};
use crate::support::wire::read_response;
use crate::support::{Harness, Setup};

/// Whatever has to come comes sooner.
const PATIENCE: Duration = Duration::from_secs(20);
/// Asked for behind each request, on the same connection.
const BEHIND: &str = "GET /behind HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";

#[test]
fn each_request_that_could_be_read_as_two_is_refused_or_unambiguous_to_every_app() {
    let lax = |te_wins| {
        Reader::Lax(Lax {
            te_wins,
            last_length: true,
            cr_ends_lines: true,
        })
    };
    thread::scope(|scope| {
        for reader in [Reader::Strict, lax(false), lax(true)] {
            scope.spawn(move || all_before(reader));
        }
    });
}

/// The readers find what they are there for.
#[test]
fn the_readers_tell_ambiguous_requests() {
    for ambiguous in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Forwarded-User: root\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 2\r\n\r\nab",
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 2\r\n\r\nab",
        "GET / HTTP/1.1\r\nHost: a\r\n X: y\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
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
    let bodies = BODIES.iter().flat_map(|(name, head, body, fate)| {
        ["POST", "GET"].map(|method| {
            let head = format!("{method} /in HTTP/1.1\r\nHost: HOST\r\n{head}\r\n{body}");
            (format!("{method}, {name}"), head, *fate)
        })
    });
    let whole = WHOLE
        .iter()
        .map(|(name, bytes, fate)| ((*name).to_owned(), (*bytes).to_owned(), *fate));
    let mut wrong = Vec::new();
    for (number, (name, bytes, fate)) in bodies.chain(whole).enumerate() {
        let bytes = (bytes + BEHIND)
            .replace("HIDDEN", HIDDEN)
            .replace("HOST", chain.host());
        let status = exchange(&chain, &bytes);
        match app.take() {
            Ok(seen) if is_right(fate, status, &seen) => {}
            other => wrong.push(format!(
                "{name}: answered {status:?}, the app saw {other:?}"
            )),
        }
        // And nobody else gets its answer.
        let target = format!("/after/{number}");
        let answer = chain.raw(&format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n",
            chain.host()
        ));
        let after = (answer.status, answer.text());
        assert_eq!(after, (200, target.clone()), "{reader:?}, after: {name}");
        let seen = app.take().expect("one reading");
        let targets: Vec<_> = seen.iter().map(|one| &one.target).collect();
        assert_eq!(targets, [&target], "{reader:?}, after: {name}");
    }
    assert!(wrong.is_empty(), "{reader:?}\n{}", wrong.join("\n"));
}

/// Whether all is as it has to be: what came of the request, and that what was sent behind it is a request of its own or
/// none at all.
fn is_right(fate: Fate, status: Option<u16>, seen: &[Request]) -> bool {
    let told = |(_, value): &(String, String)| ["root", "other.example"].contains(&value.as_str());
    if seen.iter().flat_map(|one| &one.headers).any(told) {
        return false;
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|one| (one.target.as_str(), one.body.as_str()))
        .collect();
    let first = match fate {
        Fate::Refused => {
            return seen.is_empty() && status.is_none_or(|status| (400..=505).contains(&status));
        }
        Fate::Forwarded(body) => ("/in", body),
        Fate::ForwardedTo(target) => (target, ""),
    };
    status == Some(200) && (seen == [first] || seen == [first, ("/behind", "")])
}

/// Sends bytes, and reads all that comes back; the status of the first answer, if there is one.
fn exchange(chain: &Harness, bytes: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(chain.address).expect("the proxy");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    // It may be refused before it is read.
    drop(stream.write_all(bytes.as_bytes()));
    let answer = read_response(&mut BufReader::new(&stream), false).ok();
    // What is behind it is answered too, or the connection closed, before it counts.
    drop(stream.shutdown(Shutdown::Write));
    drop(stream.read_to_end(&mut Vec::new()));
    answer.map(|answer| answer.status)
}
