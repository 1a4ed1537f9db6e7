//! Answers that take their time: streams of events, and polls that wait for one.

use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{
    Harness, KIRSTEN, PATIENCE, PUBLIC_ROUTE, Setup, connect, in_front_of, read_to, serve, text,
};

/// With limits of so many seconds in place of all that are minutes by default.
fn in_a_hurry(app: &str, seconds: u64) -> Harness {
    Setup {
        no_upstream: true,
        server: format!("timeouts = {{ header = \"{seconds}s\", idle = \"{seconds}s\" }}\n"),
        tables: format!(
            "[upstream]\nurl = \"{app}\"\n\
             timeouts = {{ response = \"{seconds}s\", idle = \"{seconds}s\" }}\n\n{PUBLIC_ROUTE}"
        ),
        ..Setup::default()
    }
    .start()
}

#[test]
fn events_arrive_one_by_one() {
    let (seen, go_on) = mpsc::channel();
    let go_on = std::sync::Mutex::new(go_on);
    let app = serve(move |mut stream| {
        let asked = read_to(&mut stream, b"\r\n\r\n").expect("a request");
        if !asked.starts_with(b"GET /events ") {
            let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
            return stream.write_all(plain).expect("sent");
        }
        let go_on = go_on.lock().expect("the lock");
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("sent");
        for number in 0..600 {
            let event = format!("data: {number:04}\n\n");
            let chunk = format!("{:x}\r\n{event}\r\n", event.len());
            stream.write_all(chunk.as_bytes()).expect("sent");
            // As a second goes by between two, so does the way to the client and back.
            go_on.recv_timeout(PATIENCE).expect("it has arrived");
        }
        stream.write_all(b"0\r\n\r\n").expect("sent");
    });
    let chain = in_front_of(&format!("http://{app}"), "");
    let cookies = chain.signed_in_without_page(KIRSTEN);
    let mut stream = connect(chain.address);
    let ask = format!(
        "GET /events HTTP/1.1\r\nHost: {}\r\nCookie: {cookies}\r\n\r\n",
        chain.host()
    );
    stream.write_all(ask.as_bytes()).expect("sent");
    let head = read_to(&mut stream, b"\r\n\r\n").expect("a head");
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", text(&head));
    for number in 0..600 {
        let event = format!("data: {number:04}\n\n");
        assert!(read_to(&mut stream, event.as_bytes()).is_some(), "{number}");
        seen.send(()).expect("the app");
    }
}

/// Ten minutes are twice the longest silence that an app is allowed by default (`upstream.timeouts.response`). Here every
/// limit is 6 seconds, and the stream goes on for twice as long: what ends one at ten minutes would end this one.
#[test]
fn a_stream_outlives_every_limit_as_long_as_something_comes() {
    const EVENTS: u32 = 30;
    let app = serve(|mut stream| {
        let _asked = read_to(&mut stream, b"\r\n\r\n");
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        if stream.write_all(head.as_bytes()).is_err() {
            return;
        }
        for number in 0..EVENTS {
            thread::sleep(Duration::from_millis(400));
            let event = format!("data: {number:04}\n\n");
            let chunk = format!("{:x}\r\n{event}\r\n", event.len());
            if stream.write_all(chunk.as_bytes()).is_err() {
                return;
            }
        }
        drop(stream.write_all(b"0\r\n\r\n"));
    });
    let chain = in_a_hurry(&format!("http://{app}"), 6);
    let mut stream = connect(chain.address);
    let ask = format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", chain.host());
    stream.write_all(ask.as_bytes()).expect("sent");
    for number in 0..EVENTS {
        let event = format!("data: {number:04}\n\n");
        assert!(read_to(&mut stream, event.as_bytes()).is_some(), "{number}");
    }
    assert!(read_to(&mut stream, b"0\r\n\r\n").is_some(), "its end");
}

/// The app's silence counts, and nothing of what clients are held to.
#[test]
fn a_poll_may_wait_as_long_as_the_app_may_be_silent_and_no_longer() {
    let (never, nothing) = mpsc::channel::<()>();
    let nothing = std::sync::Mutex::new(nothing);
    let app = serve(move |mut stream| {
        let asked = read_to(&mut stream, b"\r\n\r\n").unwrap_or_default();
        if asked.starts_with(b"GET /never ") {
            let _silence = nothing.lock().expect("the lock").recv_timeout(PATIENCE);
            return;
        }
        // Longer than clients may take for a header and between two.
        thread::sleep(Duration::from_secs(3));
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews"));
    });
    let chain = Setup {
        upstream: Some(format!("http://{app}")),
        server: "timeouts = { header = \"1s\", idle = \"1s\" }\n".to_owned(),
        tables: PUBLIC_ROUTE.to_owned(),
        ..Setup::default()
    }
    .start();
    let poll = chain.raw("GET /poll HTTP/1.1\r\nHost: HOST\r\n\r\n");
    assert_eq!((poll.status, poll.text().as_str()), (200, "news"));
    let chain = in_a_hurry(&format!("http://{app}"), 1);
    let poll = chain.raw("GET /never HTTP/1.1\r\nHost: HOST\r\n\r\n");
    assert_eq!(poll.status, 504, "{poll:?}");
    assert_eq!(poll.json()["error"], "upstream_timeout", "{poll:?}");
    drop(never);
}

/// The head is not kept back for the sake of the body, although both leave together where they come together.
#[test]
fn the_head_of_an_answer_does_not_wait_for_its_body() {
    let (seen, go_on) = mpsc::channel();
    let go_on = std::sync::Mutex::new(go_on);
    let app = serve(move |mut stream| {
        let _asked = read_to(&mut stream, b"\r\n\r\n");
        let go_on = go_on.lock().expect("the lock");
        for part in [
            "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n",
            "slow",
            "body",
        ] {
            stream.write_all(part.as_bytes()).expect("sent");
            go_on.recv_timeout(PATIENCE).expect("it has arrived");
        }
    });
    let chain = in_front_of(&format!("http://{app}"), PUBLIC_ROUTE);
    let mut stream = connect(chain.address);
    let ask = format!("GET /report HTTP/1.1\r\nHost: {}\r\n\r\n", chain.host());
    stream.write_all(ask.as_bytes()).expect("sent");
    for end in ["\r\n\r\n", "slow", "body"] {
        assert!(read_to(&mut stream, end.as_bytes()).is_some(), "{end}");
        seen.send(()).expect("the app");
    }
}

/// Who is told nothing sends the request again, and it would be done twice.
#[test]
fn what_an_answer_begins_with_is_told_though_it_breaks_off() {
    let app = serve(|mut stream| {
        let _asked = read_to(&mut stream, b"\r\n\r\n");
        let begun = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-Order: 4711\r\n\r\nhalf of it";
        drop(stream.write_all(begun.as_bytes()));
    });
    let chain = in_front_of(&format!("http://{app}"), PUBLIC_ROUTE);
    for _ in 0..20 {
        let mut stream = connect(chain.address);
        let ask = format!(
            "POST /order HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n",
            chain.host()
        );
        stream.write_all(ask.as_bytes()).expect("sent");
        let head = read_to(&mut stream, b"\r\n\r\n").expect("a head");
        assert!(
            text(&head).to_lowercase().contains("x-order: 4711"),
            "{}",
            text(&head)
        );
    }
}
