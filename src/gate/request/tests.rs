use super::*;

fn canonical(path: &str) -> Result<String, PathError> {
    RequestPath::parse(path).map(|p| p.canonical)
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
    ] {
        assert_eq!(canonical(raw), Err(error), "{raw}");
    }
}

#[test]
fn ambiguous_forms_are_marked() {
    for raw in [
        "/a;b", "/a//b", "//a", "/a%2Fb", "/a%2fb", "/a%5Cb", "/a%252fb", "/a%255cb", "/a%253bb",
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
    assert_eq!(view("/a?b=c", None, &one).unwrap().path_and_query(), "/a?b=c");
    let absolute = view("http://wiki.example.com/a", None, &one).unwrap();
    assert_eq!(absolute.path_and_query(), "/a");
    for (target, authority, headers, error) in [
        ("http://evil.example/a", None, hosts(&["wiki.example.com"]), RequestError::HostMismatch),
        ("/a", Some("evil.example"), hosts(&["wiki.example.com"]), RequestError::HostMismatch),
        ("/a", None, hosts(&[]), RequestError::Host),
        ("/a", None, hosts(&["a.example", "b.example"]), RequestError::Host),
        ("/a", None, hosts(&["a.example, b.example"]), RequestError::Host),
        ("/a", None, hosts(&["a.example:port"]), RequestError::Host),
        ("ftp://wiki.example.com/a", None, hosts(&["wiki.example.com"]), RequestError::Target),
        ("*", None, hosts(&["wiki.example.com"]), RequestError::Target),
        ("/a?b#c", None, hosts(&["wiki.example.com"]), RequestError::Query),
    ] {
        assert_eq!(view(target, authority, &headers).map(|_| ()), Err(error), "{target}");
    }
}
