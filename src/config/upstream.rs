//! `[upstream]`: the apps behind us.
//!
//! Owns where each listens, what is spoken there and who it has to be. Must not
//! know which request goes to which of them: routes say so.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::gate::headers::HeaderRules;

/// `[upstream]`, or the `[upstream.NAME]` tables.
#[derive(Debug)]
pub struct Upstreams {
    /// At least one, but for forward-auth alone.
    pub apps: Vec<Upstream>,
    /// Which of them answers where no route names one.
    pub default: Option<usize>,
}

/// One app.
#[derive(Debug)]
pub struct Upstream {
    /// The table's name; `default` for `[upstream]`.
    pub name: String,
    /// Where it listens.
    pub address: Address,
    /// What is spoken there.
    pub protocol: Protocol,
    /// Which host it is asked for.
    pub host: HostHeader,
    /// Who it has to be, for https.
    pub tls: UpstreamTls,
    /// Which headers tell it about people, if not `[headers]`.
    pub headers: Option<HeaderRules>,
    /// How long it may take.
    pub timeouts: Timeouts,
}

/// Where an app listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A host and a port; the scheme's default is filled in.
    Tcp {
        /// Host name or address, as a connection needs it (no brackets).
        host: String,
        /// Port.
        port: u16,
    },
    /// A unix socket's path.
    Unix(String),
}

/// What is spoken to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/2 or 1.1 over TLS, whichever the app prefers (RFC 7301).
    Https,
    /// HTTP/2 without TLS, with prior knowledge (RFC 9113 3.3).
    H2c,
}

/// The `Host` that an app gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostHeader {
    /// What the browser sent.
    Keep,
    /// This one.
    Is(String),
}

/// `upstream.tls`.
#[derive(Debug, Default)]
pub struct UpstreamTls {
    /// The name that the app's certificate has to be for; empty without TLS alone.
    pub server_name: String,
    /// Authorities, as DER, in place of the system's.
    pub ca: Option<Vec<Vec<u8>>>,
    /// Our own certificate chain, as DER, and its key.
    pub client: Option<(Vec<Vec<u8>>, PrivateKey)>,
}

/// A private key as DER. Debug does not show it.
#[derive(Default)]
pub struct PrivateKey(pub(crate) Zeroizing<Vec<u8>>);

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey([redacted])")
    }
}

/// `upstream.timeouts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection is there, TLS included.
    pub connect: Duration,
    /// Longest silence of the app while an answer is due or under way.
    pub response: Duration,
    /// How long an unused connection is kept.
    pub idle: Duration,
}
