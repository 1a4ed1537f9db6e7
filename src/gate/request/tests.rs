use super::path::{decode_once, is_unreserved};
use super::*;

fn canonical(path: &str) -> Result<String, PathError> {
    RequestPath::parse(path).map(|p| p.canonical().to_owned())
}

#[test]
fn one_reading_of_a_path() {
    for (raw, expected) in [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/%61dmin", "/admin"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/café", "/caf%C3%A9"),
        ("/a%20b", "/a%20b"),
        ("/{id}", "/%7Bid%7D"),
        ("/a%2fb", "/a%2Fb"),
        ("/%7Euser", "/~user"),
        ("/users/@me", "/users/@me"),
        ("/.well-known/x", "/.well-known/x"),
        ("/a..b/...", "/a..b/..."),
    ] {
        assert_eq!(canonical(raw), Ok(expected.to_owned()), "{raw}");
    }
}

#[test]
fn reading_twice_changes_nothing() {
    for raw in ["/%61/%c3%a9", "/a%2525", "/a;b//c", "/{x}"] {
        let once = canonical(raw).unwrap();
        assert_eq!(canonical(&once), Ok(once.clone()), "{raw}");
    }
}

#[test]
fn what_proxy_and_app_read_differently_is_refused() {
    for (raw, error) in [
        ("admin", PathError::NotAbsolute),
        ("", PathError::NotAbsolute),
        ("/a\u{1}", PathError::Control),
        ("/a b", PathError::Control),
        ("/a%00", PathError::Control),
        ("/a%0d%0aX: y", PathError::Control),
        ("/a#b", PathError::Fragment),
        ("/a\\b", PathError::Backslash),
        ("/a%", PathError::PercentEncoding),
        ("/a%2", PathError::PercentEncoding),
        ("/a%zz", PathError::PercentEncoding),
        ("/a/../b", PathError::DotSegment),
        ("/a/./b", PathError::DotSegment),
        ("/..", PathError::DotSegment),
        ("/a/%2e%2E/b", PathError::DotSegment),
        ("/a/.%2e/b", PathError::DotSegment),
        ("/a/%252e%252e/b", PathError::DotSegment),
        ("/public/..;/admin", PathError::DotSegment),
        ("/public/..;x=1/admin", PathError::DotSegment),
        ("/public%2f..%2fadmin", PathError::DotSegment),
        ("/public%5c..%5cadmin", PathError::DotSegment),
        ("/public/..%5cadmin", PathError::DotSegment),
        ("/public%252f..%252fadmin", PathError::DotSegment),
        ("/public/..%3F", PathError::DotSegment),
        ("/public/..%23x", PathError::DotSegment),
        ("/public/.%3fx", PathError::DotSegment),
        ("/public/..%253F", PathError::DotSegment),
        ("/public/..%2523", PathError::DotSegment),
    ] {
        assert_eq!(canonical(raw), Err(error), "{raw}");
    }
}

#[test]
fn ambiguous_forms_are_marked() {
    for raw in [
        "/public/%C0%AE%C0%AE/admin",
        "/%c1%9c",
        "/%E0%80%AE",
        "/a;b",
        "/a//b",
        "//a",
        "/a%2Fb",
        "/a%2fb",
        "/a%5Cb",
        "/a%252fb",
        "/a%255cb",
        "/a%253bb",
        "/a%3Bb",
    ] {
        assert!(RequestPath::parse(raw).unwrap().is_ambiguous(), "{raw}");
    }
    for raw in ["/", "/a/b", "/a%25b", "/a%20b", "/a:b@c"] {
        assert!(!RequestPath::parse(raw).unwrap().is_ambiguous(), "{raw}");
    }
}

fn view<'r>(
    target: &'r str,
    authority: Option<&'r str>,
    headers: &'r HeaderMap,
) -> Result<RequestView<'r>, RequestError> {
    RequestView::new(&Method::GET, target.as_bytes(), authority, headers)
}

fn hosts(hosts: &[&'static str]) -> HeaderMap {
    hosts
        .iter()
        .map(|h| (header::HOST, http::HeaderValue::from_static(h)))
        .fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(name, value);
            map
        })
}

#[test]
fn host_and_target_have_to_agree() {
    let one = hosts(&["wiki.example.com"]);
    assert_eq!(
        view("/a?b=c", None, &one).unwrap().path_and_query(),
        "/a?b=c"
    );
    let absolute = view("http://wiki.example.com/a", None, &one).unwrap();
    assert_eq!(absolute.path_and_query(), "/a");
    for (target, authority, headers, error) in [
        (
            "http://evil.example/a",
            None,
            hosts(&["wiki.example.com"]),
            RequestError::HostMismatch,
        ),
        (
            "/a",
            Some("evil.example"),
            hosts(&["wiki.example.com"]),
            RequestError::HostMismatch,
        ),
        ("/a", None, hosts(&[]), RequestError::Host),
        (
            "/a",
            None,
            hosts(&["a.example", "b.example"]),
            RequestError::Host,
        ),
        (
            "/a",
            None,
            hosts(&["a.example, b.example"]),
            RequestError::Host,
        ),
        ("/a", None, hosts(&["a.example:port"]), RequestError::Host),
        (
            "ftp://wiki.example.com/a",
            None,
            hosts(&["wiki.example.com"]),
            RequestError::Target,
        ),
        (
            "*",
            None,
            hosts(&["wiki.example.com"]),
            RequestError::Target,
        ),
        (
            "/a?b#c",
            None,
            hosts(&["wiki.example.com"]),
            RequestError::Query,
        ),
    ] {
        assert_eq!(
            view(target, authority, &headers).map(|_| ()),
            Err(error),
            "{target}"
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_encoded() {
    for (raw, expected) in [
        (&b"/\xff"[..], "/%FF"),
        (b"/\xc3\xa9", "/%C3%A9"),
        (b"/\"<>^`{|}[]", "/%22%3C%3E%5E%60%7B%7C%7D%5B%5D"),
        (b"/!$&'()*+,;=:@", "/!$&'()*+,;=:@"),
    ] {
        let path = RequestPath::parse(raw).unwrap();
        assert_eq!(path.canonical(), expected);
    }
}

#[test]
fn every_encoding_of_a_letter_reads_alike() {
    for byte in b'!'..=b'~' {
        for encoded in [format!("/a%{byte:02x}b"), format!("/a%{byte:02X}b")] {
            let found = canonical(&encoded).unwrap();
            let expected = if is_unreserved(byte) {
                format!("/a{}b", char::from(byte))
            } else {
                format!("/a%{byte:02X}b")
            };
            assert_eq!(found, expected, "{encoded}");
        }
    }
}

/// What a sloppy app might make of a path: decoded twice, backslashes turned,
/// parameters cut off, dots resolved.
fn sloppy(path: &str) -> Vec<u8> {
    let mut text = decode_once(&decode_once(path.as_bytes()));
    text.iter_mut()
        .filter(|b| **b == b'\\')
        .for_each(|b| *b = b'/');
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for segment in text.split(|b| *b == b'/') {
        let name = segment.split(|b| *b == b';').next().unwrap_or_default();
        match name {
            b".." => drop(kept.pop()),
            b"." | b"" => {}
            name => kept.push(name.to_vec()),
        }
    }
    kept.join(&b'/')
}

#[test]
fn no_unambiguous_path_is_another_one_for_a_sloppy_app() {
    let mut seed = 11_u64;
    let pieces = [
        "/", "/", "a", "public", "admin", ".", "..", "%2e", "%2E", "%252e", "%2f", "%2F", "%5c",
        "%255C", "%252f", ";", "%3b", "%253B", "\\", "%", "%25", "#", "%61", "%00", "é", " ",
    ];
    let mut accepted = 0;
    for _ in 0..300_000 {
        let mut raw = String::from("/");
        for _ in 0..6 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            raw.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        let Ok(path) = RequestPath::parse(&raw) else {
            continue;
        };
        assert_eq!(
            canonical(path.canonical()),
            Ok(path.canonical().to_owned()),
            "{raw}"
        );
        if path.is_ambiguous() {
            continue;
        }
        accepted += 1;
        let once = decode_once(path.canonical().as_bytes());
        let plain: Vec<u8> = once
            .split(|b| *b == b'/')
            .filter(|s| !s.is_empty())
            .collect::<Vec<_>>()
            .join(&b'/');
        let seen = sloppy(path.canonical());
        // A doubled encoding may be undone, but it moves nobody elsewhere.
        assert_eq!(decode_once(&plain), seen, "{raw}");
        assert_eq!(
            seen.split(|b| *b == b'/').count(),
            plain.split(|b| *b == b'/').count(),
            "{raw}"
        );
    }
    assert!(accepted > 1_000, "{accepted}");
}

#[test]
fn the_query_is_untouched_and_never_matched() {
    let one = hosts(&["wiki.example.com"]);
    for (target, path, query) in [
        ("/a", "/a", None),
        ("/a?", "/a", Some("")),
        ("/a?b=%61&c=/../d;e//f", "/a", Some("b=%61&c=/../d;e//f")),
        ("/a??b", "/a", Some("?b")),
        ("/%61?%", "/a", Some("%")),
        ("/a?é", "/a", Some("é")),
    ] {
        let view = view(target, None, &one).unwrap();
        assert_eq!(
            (view.path().canonical(), view.query()),
            (path, query),
            "{target}"
        );
    }
    let bad = RequestView::new(&Method::GET, b"/a?\xff", None, &one).map(|_| ());
    assert_eq!(bad, Err(RequestError::Query));
    for target in ["/a?b c", "/a?b\tc", "/a?b\u{7f}", "/a?b\r\nc", "/a?b#"] {
        assert_eq!(
            view(target, None, &one).map(|_| ()),
            Err(RequestError::Query),
            "{target:?}"
        );
    }
}

#[test]
fn forms_of_the_target_and_the_host() {
    let wiki = hosts(&["wiki.example.com"]);
    let none = hosts(&[]);
    for (target, authority, headers, host) in [
        (
            "https://wiki.example.com/a",
            None,
            &wiki,
            "wiki.example.com",
        ),
        ("HTTP://wiki.example.com/a", None, &wiki, "wiki.example.com"),
        (
            "http://wiki.example.com./a",
            None,
            &wiki,
            "wiki.example.com",
        ),
        ("/a", Some("wiki.example.com"), &none, "wiki.example.com"),
        ("/a", Some("wiki.example.com"), &wiki, "wiki.example.com"),
    ] {
        assert_eq!(
            view(target, authority, headers).unwrap().host(),
            host,
            "{target}"
        );
    }
    assert_eq!(
        view("http://wiki.example.com", None, &wiki)
            .unwrap()
            .path_and_query(),
        "/"
    );
    for target in [
        "http://user@wiki.example.com/a",
        "http://wiki.example.com:99999/a",
        "http:///a",
        "http://wiki.example.com.evil.example/a",
        "http://wiki.example.com:81/a",
    ] {
        assert_eq!(
            view(target, None, &wiki).map(|_| ()),
            Err(RequestError::HostMismatch),
            "{target}"
        );
    }
    for target in [
        "http:/a",
        "http:a",
        "wiki.example.com:443",
        "",
        "http://wiki.example.com?a",
        "a/b",
    ] {
        assert_eq!(
            view(target, None, &wiki).map(|_| ()),
            Err(RequestError::Target),
            "{target}"
        );
    }
    for host in ["", "a b", "a/b", "user@a", "a,b", "[::1", "a:b:c"] {
        let header = hosts(&[]);
        assert_eq!(
            view("/a", Some(host), &header).map(|_| ()),
            Err(RequestError::Host),
            "{host}"
        );
    }
}

#[test]
fn a_header_counts_if_it_is_there_once_and_legible() {
    let mut headers = hosts(&["wiki.example.com"]);
    headers.append("x-one", http::HeaderValue::from_static("a"));
    headers.append("x-two", http::HeaderValue::from_static("a"));
    headers.append("x-two", http::HeaderValue::from_static("a"));
    headers.append("x-odd", http::HeaderValue::from_bytes(b"\xff").unwrap());
    headers.append(header::COOKIE, http::HeaderValue::from_static("a=b"));
    headers.append(
        header::COOKIE,
        http::HeaderValue::from_bytes(b"c=\xff").unwrap(),
    );
    let view = view("/", None, &headers).unwrap();
    assert_eq!(view.header("x-one"), Some("a"));
    assert_eq!(view.header("X-One"), Some("a"));
    for name in ["x-two", "x-odd", "x-none"] {
        assert_eq!(view.header(name), None, "{name}");
    }
    assert_eq!(
        view.cookie_headers().collect::<Vec<_>>(),
        [&b"a=b"[..], b"c=\xff"]
    );
}

#[test]
fn overlong_forms_are_ambiguous() {
    // RFC 3629 3: what an old decoder takes for a dot, a slash or a backslash.
    for raw in [
        "/%c0%ae%c0%ae/a",
        "/a%C0%AFb",
        "/a%c1%9cb",
        "/a%e0%80%afb",
        "/a%E0%9F%BFb",
        "/a%f0%80%80%aeb",
        "/a%F0%8F%BF%BFb",
        // And what is one after a second decoding.
        "/a%25c0%25aeb",
        "/a%25E0%2580%25AFb",
        "/a%25%43%30%25AEb",
    ] {
        assert!(RequestPath::parse(raw).unwrap().is_ambiguous(), "{raw}");
    }
    assert!(
        RequestPath::parse(b"/a\xc0\xafb").unwrap().is_ambiguous(),
        "raw bytes too"
    );
    for raw in ["/caf%C3%A9", "/%E0%A4%85", "/%E6%97%A5", "/%F0%9F%98%80"] {
        assert!(!RequestPath::parse(raw).unwrap().is_ambiguous(), "{raw}");
    }
}
