//! `[server]`: where the public face is, and how it treats who comes.
//!
//! Owns what all listeners have in common. Must not know what one address is
//! (`config::listen`), or what stands behind the face.

use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderValue;

use super::{Listen, ServerTls, Stop};
use crate::gate::client::TrustedProxies;
use crate::gate::forward_auth::ForwardAuth;
use crate::gate::origin::PublicOrigin;

/// `[server]`.
#[derive(Debug)]
pub struct Server {
    /// Addresses that serve the public; at least one.
    pub listen: Vec<Listen>,
    /// Who may open our unix sockets, as the file's mode bits.
    pub socket_mode: u32,
    /// What TCP connections are served by TLS with; `None`: plain.
    pub tls: Option<ServerTls>,
    /// `Strict-Transport-Security` (RFC 6797) of answers on https origins.
    pub hsts: Option<HeaderValue>,
    /// Address of health and readiness, never reachable through the public one.
    pub admin_listen: SocketAddr,
    /// What browsers see; at least one, the first is the default of `explain`-like output.
    pub origins: Vec<PublicOrigin>,
    /// Prefix of all our own paths: begins with a slash, does not end in one.
    pub path_prefix: String,
    /// Whether the signed-in person may see what the app receives.
    pub whoami: bool,
    /// Whose word about the client's address counts.
    pub trusted_proxies: TrustedProxies,
    /// Whether and how front proxies may ask about requests.
    pub forward_auth: Option<ForwardAuth>,
    /// Whether routes match whatever the case of a path is.
    pub ignore_path_case: bool,
    /// How the process stops.
    pub stop: Stop,
    /// How long clients may take.
    pub timeouts: ClientTimeouts,
    /// Worker threads; at least one.
    pub threads: usize,
    /// How many clients may be connected at a time; at least one.
    pub max_connections: Option<usize>,
}

/// `server.timeouts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// How long the header of a request may take.
    pub header: Duration,
    /// How long a connection of HTTP/1.1 may wait for its next request.
    pub idle: Duration,
    /// How long a client may take nothing of what it is sent.
    pub write: Duration,
}
