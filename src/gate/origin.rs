//! Public origins: what the browser sees in front of the path.
//!
//! Owns reading `server.public_url` and the `Host` header, and telling which
//! origin a request is for. Must not know about cookies or routes.

use std::fmt;

use url::{Host, Url};

/// Scheme, host and port as the browser sees them; the default port is dropped.
///
/// Everything that depends on "where we are" (cookie attributes, redirect URIs,
/// same-origin checks, `X-Forwarded-Proto`) comes from here, never from the
/// socket or a client's header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PublicOrigin {
    https: bool,
    host: String,
    port: Option<u16>,
    text: String,
}

/// An origin as browsers write it into `Origin` (RFC 6454 6.2), ours or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads `https://app.example.com`, or what an app's web view sends
    /// (`capacitor://localhost`); a single trailing slash is tolerated.
    ///
    /// # Errors
    /// See [`OriginError`]; `null` is everybody's and so nobody's origin.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let (scheme, rest) = text.split_once("://").ok_or(OriginError::NotAUrl)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('/') {
            return Err(OriginError::Path);
        }
        if rest.contains(['?', '#', '@']) {
            return Err(OriginError::Extra);
        }
        // A star would look as if it stood for any name.
        let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '*' | '\\' | ',');
        if rest.is_empty() || rest.contains(odd) {
            return Err(OriginError::NotAUrl);
        }
        let url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_| OriginError::NotAUrl)?;
        Ok(Self(match url.origin() {
            origin @ url::Origin::Tuple(..) => origin.ascii_serialization(),
            url::Origin::Opaque(_) if url.scheme() == "file" => return Err(OriginError::NotAUrl),
            url::Origin::Opaque(_) => format!("{}://{rest}", url.scheme()),
        }))
    }

    /// The text to compare with.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no public origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not a URL at all.
    #[error("is not a URL")]
    NotAUrl,
    /// A scheme other than http and https.
    #[error("has to begin with https:// (or http:// for a loopback host)")]
    Scheme,
    /// Plain http for a host that is not this machine: cookies and codes would travel in clear.
    #[error("is http for a host that is not loopback; browsers must reach it by https")]
    PlainHttp,
    /// A path; the prefix of our own pages is `server.path_prefix`.
    #[error(
        "has a path; an origin has none (the prefix of Vestibule's own pages is server.path_prefix)"
    )]
    Path,
    /// User name, password, query or fragment.
    #[error("has a user name, query or fragment; an origin has none")]
    Extra,
}

impl PublicOrigin {
    /// Reads an origin such as `https://wiki.example.com`; a single trailing
    /// slash is tolerated.
    ///
    /// # Errors
    /// See [`OriginError`].
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text).map_err(|_| OriginError::NotAUrl)?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(OriginError::Scheme),
        };
        let host = url.host().ok_or(OriginError::NotAUrl)?;
        if !https && !is_loopback(&host) {
            return Err(OriginError::PlainHttp);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::Extra);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(OriginError::Extra);
        }
        if url.path() != "/" {
            return Err(OriginError::Path);
        }
        let host = without_trailing_dot(&host.to_string()).to_ascii_lowercase();
        let port = url.port();
        let scheme = if https { "https" } else { "http" };
        let text = match port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        Ok(Self {
            https,
            host,
            port,
            text,
        })
    }

    /// `https://wiki.example.com`, without a trailing slash or a default port.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether browsers reach this origin by https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The scheme's name.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// The host, lower-case, an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Host and, unless it is the scheme's default, port: what an app's `Host` header would say.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.text
            .split_once("://")
            .map_or(self.text.as_str(), |(_, authority)| authority)
    }

    /// The port, the scheme's default filled in.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }

    /// Whether a browser-sent absolute URL or `Origin` value is of this very origin.
    #[must_use]
    pub fn is_origin_of(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| {
            url.scheme() == self.scheme()
                && url.port() == self.port
                && url
                    .host_str()
                    .is_some_and(|host| without_trailing_dot(host) == self.host)
                && url.username().is_empty()
                && url.password().is_none()
        })
    }
}

impl fmt::Display for PublicOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a host is this machine by definition (RFC 6761 6.3, RFC 1122 3.2.1.3).
#[must_use]
pub fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = without_trailing_dot(name.as_ref());
            name.eq_ignore_ascii_case("localhost")
                || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// The origin that a request's `Host` (or `:authority`) names.
///
/// Exact host and port first; otherwise the host alone, if exactly one origin
/// has it, since a port in `Host` changes behind port mappings.
#[must_use]
pub fn for_host<'o>(
    origins: impl Iterator<Item = &'o PublicOrigin> + Clone,
    host: &str,
) -> Option<&'o PublicOrigin> {
    let (name, port) = split_host(host)?;
    let same_name = |origin: &&PublicOrigin| origin.host.eq_ignore_ascii_case(name);
    let exact = origins
        .clone()
        .filter(same_name)
        .find(|origin| port.map_or(origin.port.is_none(), |port| port == origin.port()));
    if exact.is_some() {
        return exact;
    }
    let mut named = origins.filter(same_name);
    match (named.next(), named.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// Splits `host[:port]`; a trailing dot of the name is dropped. `None` if it is no host at all.
#[must_use]
pub fn split_host(host: &str) -> Option<(&str, Option<u16>)> {
    let (name, port) = if host.starts_with('[') {
        let end = host.find(']')?;
        let (name, rest) = host.split_at_checked(end + 1)?;
        (
            name,
            rest.strip_prefix(':').or(rest.is_empty().then_some("")),
        )
    } else {
        match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, Some("")),
        }
    };
    let port = match port? {
        "" => None,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
        _ => return None,
    };
    let name = without_trailing_dot(name);
    let legal =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'[' | b']' | b':');
    (!name.is_empty() && name.bytes().all(legal)).then_some((name, port))
}

fn without_trailing_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}
