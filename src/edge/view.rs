//! From pingora's request header to what the core sees.

use std::borrow::Cow;
use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Version, header};
use memchr::{memchr, memchr_iter, memchr2};
use pingora::proxy::Session;

use crate::gate::request::{RequestError, RequestView};

/// A request as it was received. Borrowed from pingora while the core decides;
/// [`into_owned`](Self::into_owned) for an effect, which outlives the borrow.
pub(super) struct Received<'s> {
    method: Cow<'s, Method>,
    target: Bytes,
    authority: Option<String>,
    headers: Cow<'s, HeaderMap>,
}

/// Why a request is refused before the core sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FramingError {
    /// Several lengths, or one beside Transfer-Encoding: two readers may see
    /// two bodies (RFC 9112 6.1 and 6.3, field.md R18).
    #[error("the request declares its length more than once")]
    TwoLengths,
    /// A line of the header ends with LF alone: a reader in front of us may have
    /// seen one line where we see two (RFC 9112 2.2).
    #[error("a line of the request's header does not end with CR LF")]
    BareLineFeed,
    /// Something else than `chunked`, or more than one: two readers may see two
    /// bodies (RFC 9112 6.1, 7).
    #[error("the request's transfer coding is not chunked alone")]
    Coding,
    /// A longer path and query than apps read (RFC 9110 15.5.15).
    #[error("the request's path and query are too long")]
    TargetTooLong,
    /// More header fields than an app expects, or longer ones.
    #[error("the request's header is too large")]
    TooLarge,
}

/// Most header fields and bytes of a request's header.
const FIELDS_MAX: usize = 100;
pub(super) const HEADER_MAX: usize = 64 * 1024;
/// Most bytes of a request's target: twice what the most patient of common
/// servers reads (IIS; Apache and nginx read 8 KiB).
const TARGET_MAX: usize = 32 * 1024;
/// Most bytes of a path that the log shows.
const LOGGED_MAX: usize = 512;

impl<'s> Received<'s> {
    /// Reads the request in the session.
    pub(super) fn of(session: &'s Session) -> Result<Self, FramingError> {
        let header = session.req_header();
        let crumbs = match header.version {
            // Browsers send each cookie in a field of its own (RFC 9113 8.2.3).
            Version::HTTP_2 => header.headers.get_all(header::COOKIE).iter().count(),
            _ => 0,
        };
        if header.headers.len().saturating_sub(crumbs) > FIELDS_MAX {
            return Err(FramingError::TooLarge);
        }
        let mut target = None;
        if let Some(http1) = session.as_downstream().as_http1() {
            let raw = http1.get_headers_raw_bytes();
            if raw.len() > HEADER_MAX {
                return Err(FramingError::TooLarge);
            }
            // pingora drops Content-Length beside Transfer-Encoding, and cuts
            // a fragment off the target: only the raw bytes still have them.
            let lengths = content_lengths(&raw)?;
            let is_chunked = is_chunked(&header.headers)?;
            if lengths > 1 || (lengths > 0 && is_chunked) {
                return Err(FramingError::TwoLengths);
            }
            target = request_target(&raw).map(|received| raw.slice_ref(received));
        }
        // HTTP/2 allows the same length twice, and HTTP/1.1 does not: pingora
        // would send both on.
        if header
            .headers
            .get_all(header::CONTENT_LENGTH)
            .iter()
            .count()
            > 1
        {
            return Err(FramingError::TwoLengths);
        }
        if header.raw_path().len() > TARGET_MAX {
            return Err(FramingError::TargetTooLong);
        }
        let authority = (header.version == Version::HTTP_2)
            .then(|| header.uri.authority().map(|a| a.as_str().to_owned()))
            .flatten();
        Ok(Self {
            method: Cow::Borrowed(&header.method),
            target: target.unwrap_or_else(|| Bytes::copy_from_slice(header.raw_path())),
            authority,
            headers: Cow::Borrowed(&header.headers),
        })
    }

    /// The same, on its own.
    pub(super) fn into_owned(self) -> Received<'static> {
        Received {
            method: Cow::Owned(self.method.into_owned()),
            target: self.target,
            authority: self.authority,
            headers: Cow::Owned(self.headers.into_owned()),
        }
    }

    /// What of it says where it leads, on its own: for as long as its connection
    /// is open. Cookies and the like are not kept.
    pub(super) fn into_outline(self) -> Received<'static> {
        let mut headers = HeaderMap::new();
        for name in [header::HOST, header::ORIGIN, header::UPGRADE] {
            for value in self.headers.get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
        Received {
            headers: Cow::Owned(headers),
            method: Cow::Owned(self.method.into_owned()),
            // Not as a part of all that was received.
            target: Bytes::copy_from_slice(&self.target),
            authority: self.authority,
        }
    }

    /// What the core sees of it.
    pub(super) fn view(&self) -> Result<RequestView<'_>, RequestError> {
        RequestView::new(
            &self.method,
            &self.target,
            self.authority.as_deref(),
            &self.headers,
        )
    }
}

/// The host that a request is for, as far as it says so legibly.
pub(super) fn host_of(session: &Session) -> Option<&str> {
    let header = session.req_header();
    match header.headers.get(header::HOST) {
        Some(host) => host.to_str().ok(),
        None => header.uri.authority().map(|authority| authority.as_str()),
    }
}

/// The address of whoever opened the connection.
pub(super) fn client_of(session: &Session) -> Option<IpAddr> {
    session
        .client_addr()
        .and_then(|address| address.as_inet())
        .map(std::net::SocketAddr::ip)
}

/// The path for the log: without its query, which may hold secrets. Nothing is
/// written before somebody asks for it.
pub(super) struct Path<'s>(&'s [u8]);

impl<'s> Path<'s> {
    pub(super) fn of(session: &'s Session) -> Self {
        let target = session.req_header().raw_path();
        let end = memchr2(b'?', b'#', target).unwrap_or(target.len());
        Self(target.get(..end.min(LOGGED_MAX)).unwrap_or_default())
    }
}

impl<'p> From<&'p [u8]> for Path<'p> {
    /// One that has been kept.
    fn from(path: &'p [u8]) -> Self {
        Self(path)
    }
}

impl From<Path<'_>> for Box<[u8]> {
    fn from(path: Path<'_>) -> Self {
        path.0.into()
    }
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

fn request_target(raw: &[u8]) -> Option<&[u8]> {
    let line = lines(raw).find(|line| !line.trim_ascii().is_empty())?;
    let mut words = line.trim_ascii().split(|b| *b == b' ');
    words.nth(1)
}

/// How many lengths are declared, those in one list among them.
fn content_lengths(raw: &[u8]) -> Result<usize, FramingError> {
    let mut lengths = 0;
    for line in lines(raw) {
        if !line.ends_with(b"\r") {
            return Err(FramingError::BareLineFeed);
        }
        let Some((name, value)) = memchr(b':', line).and_then(|at| line.split_at_checked(at))
        else {
            continue;
        };
        if name.trim_ascii().eq_ignore_ascii_case(b"content-length") {
            lengths += memchr_iter(b',', value).count() + 1;
        }
    }
    Ok(lengths)
}

/// Whether the body comes in chunks.
fn is_chunked(headers: &HeaderMap) -> Result<bool, FramingError> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(false),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(true),
        _ => Err(FramingError::Coding),
    }
}

/// Lines, each without its LF. A header may be long: this looks at many bytes
/// at a time.
fn lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(raw);
    std::iter::from_fn(move || {
        let text = rest.filter(|text| !text.is_empty())?;
        let end = memchr(b'\n', text).unwrap_or(text.len());
        let (line, after) = text.split_at_checked(end)?;
        rest = after.get(1..);
        Some(line)
    })
}
