//! What was broken once.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::support::dev_idp::KIRSTEN;
use crate::support::{Harness, Setup};

#[test]
fn a_websocket_that_the_app_breaks_off_gets_no_page_of_ours_inside() {
    let app = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", app.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for mut stream in app.incoming().flatten() {
            let mut head = [0; 4096];
            let read = stream.read(&mut head);
            if read.is_err() {
                continue;
            }
            let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi";
            if stream.write_all(switch.as_bytes()).is_ok() {
                // Unread bytes make the end of the connection a reset.
                std::thread::sleep(std::time::Duration::from_millis(200));
                drop(stream);
            }
        }
    });
    let chain = Setup {
        tables: "[[route]]\naccess = \"public\"\n".to_owned(),
        upstream: Some(url),
        ..Setup::default()
    }
    .start();
    let mut client = TcpStream::connect(address(&chain)).expect("the proxy");
    let ask = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        chain.host()
    );
    client.write_all(ask.as_bytes()).expect("sent");
    let mut answer = vec![0; 4096];
    let first = client.read(&mut answer).expect("an answer");
    answer.truncate(first);
    // Bytes that the app never reads, so that its end is a reset.
    client.write_all(b"a frame or so").expect("sent");
    let mut rest = Vec::new();
    if client.read_to_end(&mut rest).is_err() {
        // A reset here too is an honest end.
        rest.clear();
    }
    answer.extend(rest);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(!answer.contains("upstream_"), "{answer}");
}

#[test]
fn a_websocket_of_another_origin_is_refused() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let ask = |origin: &str| {
        chain.raw(&format!(
            "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             Origin: {origin}\r\nCookie: {cookies}\r\n\r\n",
            chain.host()
        ))
    };
    let before = chain.echo.count();
    for origin in ["http://evil.example", "null", "http://localhost:1", ""] {
        assert_eq!(ask(origin).status, 403, "{origin}");
    }
    assert_eq!(chain.echo.count(), before);
    assert_eq!(ask(&format!("http://{}", chain.host())).status, 200);
    assert_eq!(chain.echo.count(), before + 1);
}

#[test]
fn an_unknown_host_is_named_the_configured_ones_in_answer_and_log() {
    let mut chain = Harness::start();
    let answer = chain.raw("GET /x HTTP/1.1\r\nHost: other.example\r\n\r\n");
    let ours = format!("http://{}", chain.host());
    assert_eq!(answer.status, 421);
    assert!(answer.text().contains(&ours), "{}", answer.text());
    chain.await_log(&["no server.public_url", &ours]);
}

#[test]
fn declared_lengths_that_could_be_read_in_two_ways_are_refused() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let ask = |lengths: &str| {
        chain.raw(&format!(
            "POST /form HTTP/1.1\r\nHost: {}\r\nCookie: {cookies}\r\n{lengths}\r\nabc",
            chain.host()
        ))
    };
    let before = chain.echo.count();
    for lengths in [
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3, 3\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    ] {
        assert_eq!(ask(lengths).status, 400, "{lengths}");
    }
    assert_eq!(chain.echo.count(), before);
    let seen = {
        assert_eq!(
            ask("Content-Length: 3\r\nTransfer_Encoding: chunked\r\n").status,
            200
        );
        chain.echo.last()
    };
    assert!(seen.header("transfer_encoding").is_none(), "{}", seen.head);
    assert_eq!(seen.body, b"abc");
}

#[test]
fn trace_shows_nobody_what_the_app_is_told() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let before = chain.echo.count();
    let answer = chain.raw(&format!(
        "TRACE / HTTP/1.1\r\nHost: {}\r\nCookie: {cookies}\r\n\r\n",
        chain.host()
    ));
    assert_eq!((answer.status, chain.echo.count()), (405, before));
}

fn address(chain: &Harness) -> String {
    chain.host().replace("localhost", "127.0.0.1")
}
