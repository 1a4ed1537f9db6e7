//! What a request may carry: headers, cookies, framing.

use std::net::TcpStream;

use super::ruled;
use crate::support::Harness;
use crate::support::dev_idp::KIRSTEN;
use crate::support::wire::{read_response, try_request};

#[test]
fn r01_underscore_and_dot_spellings_reach_no_app() {
    let chain = ruled();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    for (path, cookies) in [("/page", cookies.as_str()), ("/public/page", "none=1")] {
        let answer = chain.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\nX_Forwarded_User: evil\r\n\
             x.forwarded.user: evil\r\nX-FORWARDED-USER: evil\r\nX-Forwarded_User: evil\r\n\r\n"
        ));
        assert_eq!(answer.status, 200, "{path}");
        let expected: &[&str] = if path == "/page" { &[KIRSTEN] } else { &[] };
        assert_eq!(
            chain.echo.last().alike("X-Forwarded-User"),
            expected,
            "{path}"
        );
    }
}

#[test]
fn r02_a_nomination_removes_no_header_of_ours_and_goes_no_further() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    chain.raw(&format!(
        "GET / HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\nConnection: x-forwarded-email, cookie, host\r\n\r\n"
    ));
    let seen = chain.echo.last();
    assert_eq!(seen.alike("X-Forwarded-Email"), [KIRSTEN]);
    assert_eq!(seen.header("host"), Some(chain.host()));
    assert!(
        !seen
            .all("connection")
            .iter()
            .any(|value| value.contains("x-forwarded")),
        "{}",
        seen.head
    );
}

#[test]
fn r12_crafted_cookies_break_nothing() {
    let chain = Harness::start();
    for cookie in [
        "vestibule",
        "vestibule=",
        "vestibule==",
        "vestibule=%00",
        "vestibule=\u{e9}",
        "vestibule.0=A; vestibule.1=A",
        "vestibule.99999999999999999999=A",
        "vestibule.-1=A",
        "vestibule.1=A; vestibule.1=B; vestibule.2=C",
        "vestibule=\"quoted\"",
        ";;;;;;=;=;vestibule",
        "vestibule-login=AAAA",
        "=vestibule",
    ] {
        let request = format!("GET /data HTTP/1.1\r\nHost: HOST\r\nCookie: {cookie}\r\n\r\n");
        assert_eq!(chain.raw(&request).status, 401, "{cookie:?}");
    }
    let bytes = [
        b"GET /data HTTP/1.1\r\nHost: ",
        chain.host().as_bytes(),
        b"\r\nCookie: vestibule=\xff\xfe\x80\r\n\r\n",
    ]
    .concat();
    assert_eq!(
        crate::support::raw_request(chain.address, bytes).status,
        401
    );
    assert_eq!(chain.ask_admin("/healthz").status, 200);
}

#[test]
fn r13_after_a_local_reply_upstream_sees_no_byte() {
    let chain = ruled();
    for (method, target, headers, body) in [
        ("GET", "/data", "", ""),
        ("GET", "/page", "Accept: text/html\r\n", ""),
        ("POST", "/form", "Content-Length: 5\r\n", "hello"),
        (
            "POST",
            "/form",
            "Transfer-Encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
        ),
        (
            "POST",
            "/form",
            "Content-Length: 5\r\nExpect: 100-continue\r\n",
            "hello",
        ),
        ("GET", "/admin/x", "", ""),
        (
            "GET",
            "/ws",
            "Connection: upgrade\r\nUpgrade: websocket\r\n",
            "",
        ),
        ("GET", "/_vestibule/whoami", "", ""),
        ("GET", "/public/../data", "", ""),
    ] {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: HOST\r\n{headers}\r\n{body}");
        let status = chain.raw(&request).status;
        assert!((300..500).contains(&status), "{method} {target}: {status}");
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn r18_the_body_of_a_refused_request_is_no_request() {
    use std::io::{BufReader, Write};
    let chain = ruled();
    let hidden = format!(
        "GET /public/smuggled HTTP/1.1\r\nHost: {}\r\n\r\n",
        chain.host()
    );
    let chunk = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
    for (framing, body) in [
        (format!("Content-Length: {}", hidden.len()), hidden.as_str()),
        ("Transfer-Encoding: chunked".to_owned(), chunk.as_str()),
        (
            format!("Expect: 100-continue\r\nContent-Length: {}", hidden.len()),
            hidden.as_str(),
        ),
    ] {
        for path in ["/form", "/admin/x", "/_vestibule/session"] {
            let mut stream = TcpStream::connect(chain.address).expect("a connection");
            stream
                .write_all(
                    format!(
                        "POST {path} HTTP/1.1\r\nHost: {}\r\n{framing}\r\n\r\n{body}",
                        chain.host()
                    )
                    .as_bytes(),
                )
                .expect("sent");
            let mut reader = BufReader::new(stream.try_clone().expect("the same connection"));
            let refused = read_response(&mut reader, false).expect("an answer");
            assert!(
                (300..500).contains(&refused.status),
                "{framing}: {refused:?}"
            );
            // Drained or closed: if the connection still lives, the next answer is to the next request.
            let next = format!(
                "GET /public/next HTTP/1.1\r\nHost: {}\r\n\r\n",
                chain.host()
            );
            if stream.write_all(next.as_bytes()).is_ok()
                && let Ok(answer) = read_response(&mut reader, false)
            {
                assert!(
                    answer.text().contains("/public/next"),
                    "{framing}: {answer:?}"
                );
            }
        }
    }
    let smuggled = chain
        .echo
        .seen()
        .into_iter()
        .any(|seen| seen.target() == "/public/smuggled");
    assert!(
        !smuggled,
        "the body of a refused request was taken for a request"
    );
}

#[test]
fn r18_smuggled_requests_reach_no_app() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let hidden = "GET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n".replace("HOST", chain.host());
    for (version, framing) in [
        (
            "1.1",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n".to_owned(),
        ),
        (
            "1.1",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n".to_owned(),
        ),
        ("1.1", "Transfer-Encoding:\r\n chunked\r\n".to_owned()),
        ("1.1", "Transfer-Encoding: xchunked\r\n".to_owned()),
        ("1.1", "Transfer-Encoding: chunked, identity\r\n".to_owned()),
        ("1.1", "Transfer-Encoding : chunked\r\n".to_owned()),
        (
            "1.1",
            "Content-Length: 4\r\nContent-Length: 5\r\n".to_owned(),
        ),
        ("1.1", "Content-Length: +4\r\n".to_owned()),
        ("1.0", "Transfer-Encoding: chunked\r\n".to_owned()),
    ] {
        let before = chain.echo.count();
        let request = format!(
            "POST /form HTTP/{version}\r\nHost: {}\r\nCookie: {cookies}\r\n{framing}\r\n0\r\n\r\n{hidden}",
            chain.host()
        );
        let answer = try_request(chain.address, request.as_bytes());
        // Refused, or closed without an answer; never two requests.
        let status = answer.map_or(0, |answer| answer.status);
        let seen = chain.echo.seen();
        let smuggled = seen[before..].iter().any(|seen| {
            seen.target() == "/smuggled" && seen.alike("X-Forwarded-User") != Vec::<&str>::new()
        });
        assert!(
            !smuggled,
            "{framing:?}: a request without a session reached the app"
        );
        assert!(
            matches!(status, 0 | 200 | 400 | 401 | 411 | 501 | 505),
            "{framing:?}: {status}"
        );
        for request in &seen[before..] {
            assert!(
                request.all("transfer-encoding").len() + request.all("content-length").len() <= 1,
                "{}",
                request.head
            );
        }
    }
}
