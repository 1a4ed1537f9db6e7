//! What the core may see of a request, and the one reading of its path.
//!
//! Owns [`RequestPath`] (what is matched is what is sent) and [`RequestView`].
//! Must not know how the request was received.

use http::{HeaderMap, Method, header};

use super::origin;

/// A request's path in its canonical form: hex digits upper-case, unreserved
/// characters decoded (RFC 3986 6.2.2.1–2), applied once.
///
/// Forms that a proxy and an app are known to read differently never become
/// one: dot segments in any encoding, backslashes, control bytes, raw `#`, bad
/// percent-encodings (field.md R4, R5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPath {
    canonical: String,
    ambiguous: bool,
}

/// Why a path is refused with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Does not begin with a slash.
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// A control byte, raw or encoded.
    #[error("the path holds a control character")]
    Control,
    /// A raw fragment, which no client may send.
    #[error("the path holds a fragment")]
    Fragment,
    /// A raw backslash.
    #[error("the path holds a backslash")]
    Backslash,
    /// A percent sign without two hex digits.
    #[error("the path holds a broken percent-encoding")]
    PercentEncoding,
    /// `.` or `..` as a segment, in any encoding and with any parameter.
    #[error("the path holds a dot segment")]
    DotSegment,
}

impl RequestPath {
    /// Reads a path (without its query).
    ///
    /// # Errors
    /// See [`PathError`]; each is answered with 400.
    pub fn parse(path: impl AsRef<[u8]>) -> Result<Self, PathError> {
        let path = path.as_ref();
        if path.first() != Some(&b'/') {
            return Err(PathError::NotAbsolute);
        }
        let mut canonical = String::with_capacity(path.len());
        let mut bytes = path.iter().copied();
        while let Some(byte) = bytes.next() {
            match byte {
                0..=0x20 | 0x7f => return Err(PathError::Control),
                b'#' => return Err(PathError::Fragment),
                b'\\' => return Err(PathError::Backslash),
                b'%' => {
                    let decoded =
                        hex_pair(bytes.next(), bytes.next()).ok_or(PathError::PercentEncoding)?;
                    match decoded {
                        0..=0x1f | 0x7f => return Err(PathError::Control),
                        b if is_unreserved(b) => canonical.push(char::from(b)),
                        b => push_encoded(&mut canonical, b),
                    }
                }
                b if b == b'/' || is_pchar(b) => canonical.push(char::from(b)),
                b => push_encoded(&mut canonical, b),
            }
        }
        if has_dot_segment(&canonical) {
            return Err(PathError::DotSegment);
        }
        let ambiguous = is_ambiguous(&canonical);
        Ok(Self {
            canonical,
            ambiguous,
        })
    }

    /// The canonical form: matched, and sent when any route has a path.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Whether it holds `;`, `//`, `%2F`, `%5C`, a double encoding of one of
    /// them, or an overlong UTF-8 form, which apps read in different ways.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }
}

/// All that the core sees of a request. Debug shows neither query nor headers.
pub struct RequestView<'r> {
    method: &'r Method,
    path: RequestPath,
    query: Option<&'r str>,
    host: &'r str,
    headers: &'r HeaderMap,
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
        let (path, query) = match target.iter().position(|b| *b == b'?') {
            Some(at) => {
                let (path, query) = target.split_at_checked(at).ok_or(RequestError::Target)?;
                (path, query.get(1..))
            }
            None => (target, None),
        };
        let query = query.map(read_query).transpose()?;
        Ok(Self {
            method,
            path: RequestPath::parse(path)?,
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

    /// The query without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&'r str> {
        self.query
    }

    /// Path and query, canonical: what a person comes back to after signing in.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        match self.query {
            Some(query) => format!("{}?{query}", self.path.canonical),
            None => self.path.canonical.clone(),
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
fn split_absolute_form(target: &[u8]) -> Result<(Option<&str>, &[u8]), RequestError> {
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
    origin::split_host(chosen)
        .map(|_| chosen)
        .ok_or(RequestError::Host)
}

fn read_query(query: &[u8]) -> Result<&str, RequestError> {
    if query.iter().any(|b| *b <= 0x20 || *b == 0x7f || *b == b'#') {
        return Err(RequestError::Query);
    }
    std::str::from_utf8(query).map_err(|_| RequestError::Query)
}

fn hex_pair(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    u8::try_from(digit(high?)? * 16 + digit(low?)?).ok()
}

fn push_encoded(text: &mut String, byte: u8) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    text.push('%');
    for nibble in [byte >> 4, byte & 0xf] {
        text.push(HEX.get(usize::from(nibble)).copied().unwrap_or('0'));
    }
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 3.3, without percent-encodings.
fn is_pchar(b: u8) -> bool {
    is_unreserved(b)
        || matches!(
            b,
            b'!' | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

/// Decoded once more, and once more again, as a sloppy app would: is any
/// segment a dot segment? Slashes and backslashes of any encoding separate,
/// and a `;parameter` is cut off, since some apps do both.
fn has_dot_segment(canonical: &str) -> bool {
    if !canonical.contains('.') && !canonical.contains("%25") {
        return false;
    }
    let mut text = canonical.as_bytes().to_vec();
    for _ in 0..3 {
        let dotted = text.split(|b| matches!(b, b'/' | b'\\')).any(|segment| {
            let name = segment.split(|b| *b == b';').next().unwrap_or_default();
            matches!(name, b"." | b"..")
        });
        if dotted {
            return true;
        }
        text = decode_once(&text);
    }
    false
}

fn is_ambiguous(canonical: &str) -> bool {
    let found = |text: &[u8]| {
        text.contains(&b';')
            || text.windows(2).any(|pair| pair == b"//")
            || text
                .windows(3)
                .any(|three| three == b"%2F" || three == b"%5C")
    };
    // Old decoders take %C0%AE for a dot (RFC 3629 3 forbids such forms).
    let overlong = canonical.contains("%C0") || canonical.contains("%C1") || {
        let after = canonical.split("%E0%").skip(1);
        after.into_iter().any(|rest| rest.starts_with(['8', '9']))
    };
    if overlong || found(canonical.as_bytes()) {
        return true;
    }
    if !canonical.contains("%25") && !canonical.contains("%3B") {
        return false;
    }
    let once = decode_once(canonical.as_bytes());
    let upper = once.to_ascii_uppercase();
    found(&upper) || upper.contains(&b'\\') || found(&decode_once(&upper))
}

fn decode_once(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%'
            && let Some(byte) = hex_pair(tail.first().copied(), tail.get(1).copied())
        {
            out.push(byte);
            rest = tail.get(2..).unwrap_or_default();
            continue;
        }
        out.push(*first);
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests;
