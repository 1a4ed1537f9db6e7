//! Where the public is served, by which certificate, and how that stops.
//!
//! Owns what an address is, as far as it can be written into the
//! configuration. Must not open one: that is `edge::listeners`.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::sign::CertifiedKey;

/// One entry of `server.listen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// `ADDR:PORT`.
    Tcp(SocketAddr),
    /// `unix:/path`: absolute, and short enough for a socket (unix(7)).
    Unix(PathBuf),
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// How a stop goes: `server.shutdown_delay` and `server.grace_period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// How long requests are still accepted while health checks are told otherwise.
    pub delay: Duration,
    /// How long running requests may take to end after that.
    pub grace: Duration,
}

/// `server.tls`: a certificate chain, the server's own first, and its key,
/// which belong together. `None` only where secrets were not to be read; no
/// handshake succeeds then.
#[derive(Clone)]
pub struct ServerTls(pub(crate) Option<Arc<CertifiedKey>>);

impl ServerTls {
    /// For a handshake.
    #[must_use]
    pub fn certified(&self) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls([redacted])")
    }
}
