//! Where the public is served, and by which certificate.
//!
//! Owns what an address is, as far as it can be written into the
//! configuration. Must not open one: that is `edge::listeners`.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

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
