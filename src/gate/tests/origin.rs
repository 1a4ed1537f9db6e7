//! Public origins, and which one a request is for.

use super::support::Dice;
use crate::gate::origin::{Origin, OriginError, PublicOrigin, for_host, split_host};

fn origin(text: &str) -> PublicOrigin {
    PublicOrigin::parse(text).unwrap()
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    for (text, expected, host, port) in [
        (
            "https://wiki.example.com",
            "https://wiki.example.com",
            "wiki.example.com",
            443,
        ),
        (
            "https://wiki.example.com/",
            "https://wiki.example.com",
            "wiki.example.com",
            443,
        ),
        (
            "https://wiki.example.com:443",
            "https://wiki.example.com",
            "wiki.example.com",
            443,
        ),
        (
            "https://wiki.example.com:8443",
            "https://wiki.example.com:8443",
            "wiki.example.com",
            8443,
        ),
        (
            "https://WIKI.Example.com",
            "https://wiki.example.com",
            "wiki.example.com",
            443,
        ),
        (
            "https://wiki.example.com.",
            "https://wiki.example.com",
            "wiki.example.com",
            443,
        ),
        (
            "HTTPS://wiki.example.com",
            "https://wiki.example.com",
            "wiki.example.com",
            443,
        ),
        (
            "https://bücher.example",
            "https://xn--bcher-kva.example",
            "xn--bcher-kva.example",
            443,
        ),
        ("http://localhost", "http://localhost", "localhost", 80),
        ("http://localhost:80", "http://localhost", "localhost", 80),
        (
            "http://app.localhost:8080",
            "http://app.localhost:8080",
            "app.localhost",
            8080,
        ),
        (
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080",
            "127.0.0.1",
            8080,
        ),
        (
            "http://127.0.0.2:8080",
            "http://127.0.0.2:8080",
            "127.0.0.2",
            8080,
        ),
        ("http://[::1]:8080", "http://[::1]:8080", "[::1]", 8080),
        (
            "https://[2001:db8::1]",
            "https://[2001:db8::1]",
            "[2001:db8::1]",
            443,
        ),
    ] {
        let origin = origin(text);
        assert_eq!(origin.as_str(), expected, "{text}");
        assert_eq!(origin.to_string(), expected);
        assert_eq!((origin.host(), origin.port()), (host, port), "{text}");
        assert_eq!(origin.is_https(), expected.starts_with("https"));
        assert_eq!(
            format!("{}://{}", origin.scheme(), origin.authority()),
            expected
        );
    }
}

#[test]
fn what_is_more_or_less_than_an_origin_is_refused() {
    for (text, error) in [
        ("", OriginError::NotAUrl),
        ("wiki.example.com", OriginError::NotAUrl),
        ("//wiki.example.com", OriginError::NotAUrl),
        ("https://", OriginError::NotAUrl),
        ("https://wiki.example.com:99999", OriginError::NotAUrl),
        ("ftp://wiki.example.com", OriginError::Scheme),
        ("javascript:alert(1)", OriginError::Scheme),
        ("localhost:8080", OriginError::Scheme),
        ("http://wiki.example.com", OriginError::PlainHttp),
        ("http://10.0.0.1", OriginError::PlainHttp),
        ("http://0.0.0.0:8080", OriginError::PlainHttp),
        ("http://notlocalhost", OriginError::PlainHttp),
        ("http://localhost.example.com", OriginError::PlainHttp),
        ("http://127.0.0.1.example.com", OriginError::PlainHttp),
        ("https://wiki.example.com/wiki", OriginError::Path),
        ("https://wiki.example.com/wiki/", OriginError::Path),
        ("https://wiki.example.com//", OriginError::Path),
        ("https://user@wiki.example.com", OriginError::Extra),
        ("https://:password@wiki.example.com", OriginError::Extra),
        ("https://wiki.example.com/?", OriginError::Extra),
        ("https://wiki.example.com?a=b", OriginError::Extra),
        ("https://wiki.example.com#a", OriginError::Extra),
    ] {
        assert_eq!(PublicOrigin::parse(text), Err(error), "{text}");
    }
}

#[test]
fn a_host_header_is_a_name_and_perhaps_a_port() {
    for (host, expected) in [
        ("wiki.example.com", Some(("wiki.example.com", None))),
        ("wiki.example.com.", Some(("wiki.example.com", None))),
        (
            "wiki.example.com:443",
            Some(("wiki.example.com", Some(443))),
        ),
        (
            "wiki.example.com.:8443",
            Some(("wiki.example.com", Some(8443))),
        ),
        ("wiki.example.com:", Some(("wiki.example.com", None))),
        ("[::1]", Some(("[::1]", None))),
        ("[::1]:8080", Some(("[::1]", Some(8080)))),
        ("my_host-1", Some(("my_host-1", None))),
        ("", None),
        (".", None),
        (":80", None),
        ("a:b", None),
        ("a:80:80", None),
        ("a:99999", None),
        ("a:-1", None),
        ("a:+1", None),
        ("[::1", None),
        ("[::1]x", None),
        ("[::1]8080", None),
        ("a b", None),
        ("a,b", None),
        ("a/b", None),
        ("user@a", None),
        ("a?b", None),
        ("a#b", None),
        ("a\\b", None),
        ("a%2eb", None),
        ("bücher.example", None),
        ("https://wiki.example.com", None),
    ] {
        assert_eq!(split_host(host), expected, "{host:?}");
    }
}

#[test]
fn a_request_is_for_the_origin_that_its_host_names() {
    let origins = [
        origin("https://wiki.example.com"),
        origin("https://docs.example.com:8443"),
        origin("http://localhost:8080"),
        origin("http://localhost:9090"),
    ];
    for (host, expected) in [
        ("wiki.example.com", Some("https://wiki.example.com")),
        ("wiki.example.com:443", Some("https://wiki.example.com")),
        ("WIKI.example.COM.", Some("https://wiki.example.com")),
        // A port that a mapping in front has changed.
        ("wiki.example.com:8080", Some("https://wiki.example.com")),
        ("docs.example.com", Some("https://docs.example.com:8443")),
        ("localhost:8080", Some("http://localhost:8080")),
        ("localhost:9090", Some("http://localhost:9090")),
        // Two have the name, none the port: neither.
        ("localhost", None),
        ("localhost:7070", None),
        ("example.com", None),
        ("evil.example", None),
        ("a.wiki.example.com", None),
        ("wiki.example.com.evil.example", None),
        ("wiki.example.comx", None),
        ("", None),
    ] {
        let found = for_host(origins.iter(), host).map(PublicOrigin::as_str);
        assert_eq!(found, expected, "{host}");
    }
}

#[test]
fn only_urls_of_the_very_origin_are_of_it() {
    let wiki = origin("https://wiki.example.com");
    for (url, ours) in [
        ("https://wiki.example.com", true),
        ("https://wiki.example.com/", true),
        ("https://wiki.example.com/a?b#c", true),
        ("https://wiki.example.com:443/a", true),
        ("https://WIKI.example.com/a", true),
        ("https://wiki.example.com./a", true),
        ("http://wiki.example.com/", false),
        ("https://wiki.example.com:8443/", false),
        ("https://wiki.example.com.evil.example/", false),
        ("https://evilwiki.example.com/", false),
        ("https://a.wiki.example.com/", false),
        ("https://evil.example/https://wiki.example.com/", false),
        ("https://wiki.example.com@evil.example/", false),
        ("https://user@wiki.example.com/", false),
        ("https://:x@wiki.example.com/", false),
        ("null", false),
        ("", false),
        ("/a", false),
        ("//wiki.example.com/", false),
        ("blob:https://wiki.example.com/x", false),
        ("data:text/html,x", false),
    ] {
        assert_eq!(wiki.is_origin_of(url), ours, "{url}");
    }
}

#[test]
fn no_host_header_panics() {
    let origins = [
        origin("https://wiki.example.com"),
        origin("http://[::1]:8080"),
    ];
    let mut dice = Dice::new(1);
    let alphabet: Vec<char> = "wiki.example.com[]:0189@/é ".chars().collect();
    for _ in 0..50_000 {
        let host: String = (0..dice.below(20)).map(|_| *dice.pick(&alphabet)).collect();
        if let Some(found) = for_host(origins.iter(), &host) {
            assert!(host.to_lowercase().starts_with(found.host()), "{host}");
        }
    }
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn any_origin_is_read_as_browsers_write_it() {
    for (text, expected) in [
        ("https://App.Example.com",     Ok("https://app.example.com")),
        ("https://app.example.com/",    Ok("https://app.example.com")),
        ("https://app.example.com:443", Ok("https://app.example.com")),
        ("http://intranet:8080",        Ok("http://intranet:8080")),
        ("https://[::1]:444",           Ok("https://[::1]:444")),
        ("capacitor://localhost",       Ok("capacitor://localhost")),
        ("chrome-extension://abcdef",   Ok("chrome-extension://abcdef")),
        ("null",                        Err(OriginError::NotAUrl)),
        ("*",                           Err(OriginError::NotAUrl)),
        ("https://*.example.com",       Err(OriginError::NotAUrl)),
        ("https://",                    Err(OriginError::NotAUrl)),
        ("file://",                     Err(OriginError::NotAUrl)),
        ("file://host",                 Err(OriginError::NotAUrl)),
        ("app.example.com",             Err(OriginError::NotAUrl)),
        ("https://a.example b",         Err(OriginError::NotAUrl)),
        ("https://a.example\\b",        Err(OriginError::NotAUrl)),
        ("https://app.example.com/x",   Err(OriginError::Path)),
        ("https://app.example.com//",   Err(OriginError::Path)),
        ("https://u@app.example.com",   Err(OriginError::Extra)),
        ("https://app.example.com?x",   Err(OriginError::Extra)),
    ] {
        let read = Origin::parse(text);
        assert_eq!(read.as_ref().map(Origin::as_str), expected.as_ref().copied(), "{text}");
    }
}
