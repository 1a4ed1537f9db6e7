//! What the core may see of a request, and the one reading of its path.
//!
//! Owns [`RequestPath`] (what is matched is what is sent) and [`RequestView`].
//! Must not know how the request was received.

use http::{HeaderMap, Method, header};

use super::origin;

mod path;

pub(in crate::gate) use path::decode_once;
pub use path::{Forms, PathError, RequestPath};

/// All that the core sees of a request. Debug shows neither query nor headers.
pub struct RequestView<'r> {
    method: &'r Method,
    path: RequestPath,
    query: Option<&'r str>,
    host: &'r str,
    headers: &'r HeaderMap,
    is_canonical: bool,
}

impl std::fmt::Debug for RequestView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestView")
            .field("method", self.method)
            .field("path", &self.path)
            .field("headers", &self.headers.len())
            .finish_non_exhaustive()
    }
}

/// Why a request is refused with 400 before anything else is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The target is not `/path`, or an absolute URL of the same host as `Host`.
    #[error("the request target is neither a path nor a URL of this host")]
    Target,
    /// See [`PathError`].
    #[error(transparent)]
    Path(#[from] PathError),
    /// The query holds bytes that are no URL.
    #[error("the query holds bytes that no URL has")]
    Query,
    /// No `Host`, several, or one that is no host.
    #[error("the Host header is missing, doubled or no host name")]
    Host,
    /// The target's authority and `Host` name different hosts.
    #[error("the request target and the Host header name different hosts")]
    HostMismatch,
}

impl<'r> RequestView<'r> {
    /// Reads a request line and header fields.
    ///
    /// `target` is the request target byte for byte as received; `authority`
    /// is HTTP/2's `:authority` if there is one.
    ///
    /// # Errors
    /// See [`RequestError`]; each is answered with 400.
    pub fn new(
        method: &'r Method,
        target: &'r [u8],
        authority: Option<&'r str>,
        headers: &'r HeaderMap,
    ) -> Result<Self, RequestError> {
        let (target_host, target) = split_absolute_form(target)?;
        let host = one_host(headers, authority)?;
        if let Some(target_host) = target_host
            && origin::split_host(target_host) != origin::split_host(host)
        {
            return Err(RequestError::HostMismatch);
        }
        Self::at_host(method, target, host, headers)
    }

    /// The same of a request whose host does not stand in its `Host` field,
    /// since somebody else received it. `target` is path and query.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub(in crate::gate) fn at_host(
        method: &'r Method,
        target: &'r [u8],
        host: &'r str,
        headers: &'r HeaderMap,
    ) -> Result<Self, RequestError> {
        if origin::split_host(host).is_none() {
            return Err(RequestError::Host);
        }
        let (path, query) = match target.iter().position(|b| *b == b'?') {
            Some(at) => {
                let (path, query) = target.split_at_checked(at).ok_or(RequestError::Target)?;
                (path, query.get(1..))
            }
            None => (target, None),
        };
        let query = query.map(read_query).transpose()?;
        let received = path;
        let path = RequestPath::parse(received)?;
        Ok(Self {
            method,
            is_canonical: path.canonical().as_bytes() == received,
            path,
            query,
            host,
            headers,
        })
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &'r Method {
        self.method
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &RequestPath {
        &self.path
    }

    /// Whether the path was received in its canonical form: whoever compares it
    /// byte for byte sees the same.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.is_canonical
    }

    /// The query without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&'r str> {
        self.query
    }

    /// Path and query, canonical: what a person comes back to after signing in.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        match self.query {
            Some(query) => format!("{}?{query}", self.path.canonical()),
            None => self.path.canonical().to_owned(),
        }
    }

    /// The host that the request is for, as sent.
    #[must_use]
    pub fn host(&self) -> &'r str {
        self.host
    }

    /// All header fields.
    #[must_use]
    pub fn headers(&self) -> &'r HeaderMap {
        self.headers
    }

    /// A header's value if it is there exactly once and is visible ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'r str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// Every `Cookie` header field (HTTP/2 may send several, RFC 9113 8.2.3).
    pub fn cookie_headers(&self) -> impl Iterator<Item = &'r [u8]> + use<'r> {
        self.headers
            .get_all(header::COOKIE)
            .iter()
            .map(http::HeaderValue::as_bytes)
    }
}

/// Cuts `http://host` off an absolute-form target (RFC 9112 3.2.2).
pub(in crate::gate) fn split_absolute_form(
    target: &[u8],
) -> Result<(Option<&str>, &[u8]), RequestError> {
    if target.first() == Some(&b'/') {
        return Ok((None, target));
    }
    let rest = [&b"http://"[..], b"https://"]
        .iter()
        .find_map(|scheme| {
            let (head, rest) = target.split_at_checked(scheme.len())?;
            head.eq_ignore_ascii_case(scheme).then_some(rest)
        })
        .ok_or(RequestError::Target)?;
    let end = rest
        .iter()
        .position(|b| matches!(b, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end).ok_or(RequestError::Target)?;
    let authority = std::str::from_utf8(authority).map_err(|_| RequestError::Target)?;
    match rest.first() {
        Some(b'/') => Ok((Some(authority), rest)),
        None => Ok((Some(authority), b"/")),
        Some(_) => Err(RequestError::Target),
    }
}

fn one_host<'r>(
    headers: &'r HeaderMap,
    authority: Option<&'r str>,
) -> Result<&'r str, RequestError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host.to_str().map_err(|_| RequestError::Host)?),
        (None, _) => None,
        (Some(_), Some(_)) => return Err(RequestError::Host),
    };
    let chosen = match (host, authority) {
        (Some(host), Some(authority)) => {
            if origin::split_host(host) != origin::split_host(authority) {
                return Err(RequestError::HostMismatch);
            }
            host
        }
        (Some(host), None) => host,
        (None, Some(authority)) => authority,
        (None, None) => return Err(RequestError::Host),
    };
    Ok(chosen)
}

fn read_query(query: &[u8]) -> Result<&str, RequestError> {
    if query.iter().any(|b| *b <= 0x20 || *b == 0x7f || *b == b'#') {
        return Err(RequestError::Query);
    }
    std::str::from_utf8(query).map_err(|_| RequestError::Query)
}

#[cfg(test)]
mod tests;
