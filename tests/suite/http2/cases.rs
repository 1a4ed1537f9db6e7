//! Requests of HTTP/2 that no client library would send, and what has to become of each.

/// What has to become of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    /// A refusal, a reset or the end of the connection; no app sees anything of it.
    Refused,
    /// One request with this body.
    Forwarded(&'static str),
    /// A reset on its way: an app may have seen its head, and none of its body.
    Cut,
    /// The same behind the end of a request: it may have been answered before.
    CutBehind,
}
use Fate::{Cut, Forwarded, Refused};

type Fields = &'static [(&'static str, &'static str)];

/// `HOST` becomes the proxy's; `HIDDEN` a request of its own for what is for nobody.
pub(super) const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: HOST\r\nX-A: b\r\n\r\n";
/// What a request for `/in` begins with.
pub(super) const GET: Fields = &[
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/in"),
    (":authority", "HOST"),
];
pub(super) const POST: Fields = &[
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/in"),
    (":authority", "HOST"),
];

/// Fields behind those of `GET`.
#[rustfmt::skip] // a table: one row a line
pub(super) const FIELDS: &[(&str, Fields, Fate)] = &[
    ("nothing more", &[], Forwarded("")),
    ("a CR in a value", &[("x-a", "b\rx-forwarded-user: root")], Refused),
    ("an LF in a value", &[("x-a", "b\nx-forwarded-user: root")], Refused),
    ("another line in a value", &[("x-a", "b\r\nx-forwarded-user: root")], Refused),
    ("another request in a value", &[("x-a", "b\r\n\r\nHIDDEN")], Refused),
    ("a NUL in a value", &[("x-a", "b\0c")], Refused),
    ("a control character in a value", &[("x-a", "b\u{1}c")], Refused),
    ("a value with spaces around it", &[("x-a", " b\t")], Forwarded("")),
    ("a value beyond ASCII", &[("x-a", "\u{fc}")], Forwarded("")),
    ("another line in a name", &[("x-a: b\r\nx-forwarded-user", "root")], Refused),
    ("a colon in a name", &[("x-a:b", "c")], Refused),
    ("a space in a name", &[("x-a b", "c")], Refused),
    ("a NUL in a name", &[("x-\0a", "c")], Refused),
    ("no name", &[("", "c")], Refused),
    ("a name beyond ASCII", &[("x-\u{fc}", "c")], Refused),
    ("a name in capitals", &[("X-A", "b")], Refused),
    ("a length in capitals", &[("Content-Length", "5")], Refused),
    ("a coding", &[("transfer-encoding", "chunked")], Refused),
    ("a coding with spaces", &[("transfer-encoding", " chunked")], Refused),
    ("a coding by a name with an underscore", &[("transfer_encoding", "chunked")], Forwarded("")),
    ("a length by a name with an underscore", &[("content_length", "50")], Forwarded("")),
    ("a connection that ends", &[("connection", "close")], Refused),
    ("a connection that upgrades", &[("connection", "upgrade"), ("upgrade", "websocket")], Refused),
    ("an upgrade alone", &[("upgrade", "h2c")], Refused),
    ("an old way to keep alive", &[("keep-alive", "timeout=5")], Refused),
    ("an older way to keep alive", &[("proxy-connection", "keep-alive")], Refused),
    ("settings of HTTP/2", &[("http2-settings", "AAMAAABkAAQCAAAAAAIAAAAA")], Forwarded("")),
    ("trailers are welcome", &[("te", "trailers")], Forwarded("")),
    ("codings are welcome", &[("te", "gzip")], Refused),
    ("an expectation", &[("expect", "100-continue")], Forwarded("")),
    ("the same host again", &[("host", "HOST")], Forwarded("")),
    ("another host", &[("host", "other.example")], Refused),
    ("the same host twice", &[("host", "HOST"), ("host", "HOST")], Refused),
    ("another host as well", &[("host", "HOST"), ("host", "other.example")], Refused),
    ("no host", &[("host", "")], Refused),
    ("two hosts in one", &[("host", "HOST, other.example")], Refused),
    ("a person at the host", &[("host", "a@HOST")], Refused),
    ("another line behind the host", &[("host", "HOST\r\nx-forwarded-user: root")], Refused),
    ("a length of nothing", &[("content-length", "0")], Forwarded("")),
    ("a length of what does not come", &[("content-length", "5")], Refused),
    ("a method behind the fields", &[("x-a", "b"), (":method", "POST")], Refused),
    ("a new pseudo-header behind the fields", &[("x-a", "b"), (":protocol", "websocket")], Refused),
    ("an identity", &[("x-forwarded-user", "root"), ("x_forwarded_user", "root")], Forwarded("")),
    ("another path by a header", &[("x-original-url", "/hidden"), ("x-http-method-override", "POST")], Forwarded("")),
    ("a cookie with another line", &[("cookie", "a=1\r\nx-forwarded-user: root")], Refused),
    ("cookies in crumbs", &[("cookie", "a=1"), ("cookie", "b=2")], Forwarded("")),
];

/// All fields.
#[rustfmt::skip] // a table: one row a line
pub(super) const PSEUDO: &[(&str, Fields, Fate)] = &[
    ("two methods", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":method", "POST")], Refused),
    ("two paths", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":path", "/hidden")], Refused),
    ("two schemes", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":scheme", "http")], Refused),
    ("two authorities", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":authority", "other.example")], Refused),
    ("the same authority twice", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":authority", "HOST")], Refused),
    ("a path behind a field", &[(":method", "GET"), (":scheme", "http"), (":authority", "HOST"), ("x-a", "b"), (":path", "/in")], Refused),
    ("a pseudo-header that nobody knows", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":vestibule", "x")], Refused),
    ("a pseudo-header of answers", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":status", "200")], Refused),
    ("a pseudo-header without a name", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":", "x")], Refused),
    ("a pseudo-header with a space", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":path ", "/hidden")], Refused),
    ("no method", &[(":scheme", "http"), (":path", "/in"), (":authority", "HOST")], Refused),
    ("no path", &[(":method", "GET"), (":scheme", "http"), (":authority", "HOST")], Refused),
    ("no scheme", &[(":method", "GET"), (":path", "/in"), (":authority", "HOST")], Refused),
    ("no authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in")], Refused),
    ("a host for an authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), ("host", "HOST")], Forwarded("")),
    // Public routes without a host answer on any.
    ("another host for an authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), ("host", "elsewhere.example")], Forwarded("")),
    ("two hosts for an authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), ("host", "HOST"), ("host", "other.example")], Refused),
    ("an empty authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "")], Refused),
    ("an empty authority and a host", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", ""), ("host", "HOST")], Refused),
    // Public routes without a host answer on any.
    ("another authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "elsewhere.example")], Forwarded("")),
    ("another authority with the right host", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "other.example"), ("host", "HOST")], Refused),
    ("a person in the authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "a@HOST")], Refused),
    ("a path in the authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST/hidden")], Refused),
    ("another line in the authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST\r\nx-forwarded-user: root")], Refused),
    ("a space in the authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST other.example")], Refused),
    ("a list in the authority", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST,other.example")], Refused),
    ("an empty path", &[(":method", "GET"), (":scheme", "http"), (":path", ""), (":authority", "HOST")], Refused),
    ("a path without a slash", &[(":method", "GET"), (":scheme", "http"), (":path", "in"), (":authority", "HOST")], Refused),
    ("a path of two slashes", &[(":method", "GET"), (":scheme", "http"), (":path", "//other.example/in"), (":authority", "HOST")], Refused),
    ("a URL for a path", &[(":method", "GET"), (":scheme", "http"), (":path", "http://HOST/in"), (":authority", "HOST")], Refused),
    ("another host's URL for a path", &[(":method", "GET"), (":scheme", "http"), (":path", "http://other.example/in"), (":authority", "HOST")], Refused),
    ("a star for a path", &[(":method", "GET"), (":scheme", "http"), (":path", "*"), (":authority", "HOST")], Refused),
    ("a star for all", &[(":method", "OPTIONS"), (":scheme", "http"), (":path", "*"), (":authority", "HOST")], Refused),
    ("a space in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in HTTP/1.1"), (":authority", "HOST")], Refused),
    ("a tab in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in\tb"), (":authority", "HOST")], Refused),
    ("another line in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in HTTP/1.1\r\nx-forwarded-user: root\r\nx-a: b"), (":authority", "HOST")], Refused),
    ("another request in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in HTTP/1.1\r\nHost: HOST\r\n\r\nHIDDEN"), (":authority", "HOST")], Refused),
    ("an LF in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in\nb"), (":authority", "HOST")], Refused),
    ("a NUL in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in\0"), (":authority", "HOST")], Refused),
    ("a DEL in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in\u{7f}"), (":authority", "HOST")], Refused),
    // Cut off by the library, before anybody decides.
    ("a fragment in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in#b"), (":authority", "HOST")], Forwarded("")),
    ("a backslash in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in\\..\\hidden"), (":authority", "HOST")], Refused),
    ("dots in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in/../hidden"), (":authority", "HOST")], Refused),
    ("dots in the path, escaped", &[(":method", "GET"), (":scheme", "http"), (":path", "/in/%2e%2e/hidden"), (":authority", "HOST")], Refused),
    ("a space in the query", &[(":method", "GET"), (":scheme", "http"), (":path", "/in?a=b c"), (":authority", "HOST")], Refused),
    ("another line in the query", &[(":method", "GET"), (":scheme", "http"), (":path", "/in?a=b\r\nx-forwarded-user: root"), (":authority", "HOST")], Refused),
    ("bytes beyond ASCII in the path", &[(":method", "GET"), (":scheme", "http"), (":path", "/in\u{fc}"), (":authority", "HOST")], Refused),
    ("https as the scheme", &[(":method", "GET"), (":scheme", "https"), (":path", "/in"), (":authority", "HOST")], Forwarded("")),
    // Nobody believes it: scheme and host come from public_url.
    ("another scheme", &[(":method", "GET"), (":scheme", "ftp"), (":path", "/in"), (":authority", "HOST")], Forwarded("")),
    ("an empty scheme", &[(":method", "GET"), (":scheme", ""), (":path", "/in"), (":authority", "HOST")], Forwarded("")),
    ("a URL for a scheme", &[(":method", "GET"), (":scheme", "http://other.example/in?"), (":path", "/in"), (":authority", "HOST")], Refused),
    ("another line in the scheme", &[(":method", "GET"), (":scheme", "http\r\nx-forwarded-user: root"), (":path", "/in"), (":authority", "HOST")], Refused),
    ("a method with a space", &[(":method", "GET /hidden HTTP/1.1"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST")], Refused),
    ("another line in the method", &[(":method", "GET /in HTTP/1.1\r\nx-forwarded-user: root\r\nx-a: b\r\n\r\nGET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST")], Refused),
    ("an empty method", &[(":method", ""), (":scheme", "http"), (":path", "/in"), (":authority", "HOST")], Refused),
    ("a method in small letters", &[(":method", "get"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST")], Forwarded("")),
    ("a method that nobody knows", &[(":method", "BREW"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST")], Forwarded("")),
    ("a tunnel", &[(":method", "CONNECT"), (":authority", "HOST")], Refused),
    ("a tunnel with a path", &[(":method", "CONNECT"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST")], Refused),
    // Nobody was told that it could be asked for (RFC 8441 3); browsers take HTTP/1.1 then.
    ("a websocket by extended CONNECT", &[(":method", "CONNECT"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":protocol", "websocket"), ("sec-websocket-version", "13")], Refused),
    ("a protocol for a method that has none", &[(":method", "GET"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST"), (":protocol", "websocket")], Refused),
    ("a trace", &[(":method", "TRACE"), (":scheme", "http"), (":path", "/in"), (":authority", "HOST")], Refused),
    ("the preface as a request", &[(":method", "PRI"), (":scheme", "http"), (":path", "*"), (":authority", "HOST")], Refused),
];

/// Fields behind those of `POST`, and a body.
#[rustfmt::skip] // a table: one row a line
pub(super) const BODIES: &[(&str, Fields, &str, Fate)] = &[
    ("a body without a length", &[], "hello", Forwarded("hello")),
    ("a body and its length", &[("content-length", "5")], "hello", Forwarded("hello")),
    ("a longer body than its length", &[("content-length", "5")], "helloHIDDEN", Cut),
    ("a shorter body than its length", &[("content-length", "50")], "hello", Cut),
    ("a body with a length of nothing", &[("content-length", "0")], "HIDDEN", Cut),
    ("a request in a body", &[], "HIDDEN", Forwarded("HIDDEN")),
    ("a chunk's end in a body", &[], "0\r\n\r\nHIDDEN", Forwarded("0\r\n\r\nHIDDEN")),
    ("two lengths, in a body", &[("content-length", "5"), ("content-length", "0")], "hello", Refused),
    ("the same length twice, in a body", &[("content-length", "5"), ("content-length", "5")], "hello", Refused),
    ("a list of lengths, in a body", &[("content-length", "5, 5")], "hello", Refused),
    ("a list of two lengths, in a body", &[("content-length", "5, 0")], "hello", Refused),
    ("a length with a sign", &[("content-length", "+5")], "hello", Refused),
    ("a length below nothing", &[("content-length", "-1")], "hello", Refused),
    ("a length with a space before it", &[("content-length", " 5")], "hello", Refused),
    ("an empty length", &[("content-length", "")], "hello", Refused),
    ("a length in sixteens", &[("content-length", "0x5")], "hello", Refused),
    ("a length beyond 64 bits", &[("content-length", "18446744073709551621")], "hello", Refused),
    ("a length with another line", &[("content-length", "5\r\nx-forwarded-user: root")], "hello", Refused),
    ("a coding beside a body", &[("transfer-encoding", "chunked")], "0\r\n\r\nHIDDEN", Refused),
    ("a coding by another name beside a body", &[("transfer_encoding", "chunked")], "0\r\n\r\nHIDDEN", Forwarded("0\r\n\r\nHIDDEN")),
    ("an expectation before a body", &[("expect", "100-continue")], "hello", Forwarded("hello")),
];

/// Trailers behind a body of `hello`.
#[rustfmt::skip] // a table: one row a line
pub(super) const TRAILERS: &[(&str, Fields, Fate)] = &[
    ("trailers that identify, authenticate, route and frame", &[("x-a", "b"), ("x-forwarded-user", "root"), ("authorization", "root"), ("host", "other.example"), ("content-length", "50")], Forwarded("hello")),
    ("trailers with a pseudo-header", &[(":path", "/hidden")], Forwarded("hello")),
    ("trailers with a coding", &[("transfer-encoding", "chunked")], Cut),
    ("trailers with another line", &[("x-a", "b\r\nx-forwarded-user: root")], Cut),
];
