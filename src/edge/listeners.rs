//! The public listeners: TCP addresses and unix sockets.
//!
//! Owns how they are opened, and what makes sure of it beforehand. Must not know what is served on them.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use pingora::listeners::ListenerConfig;
use pingora::server::ShutdownWatch;
use pingora::services::background::BackgroundService;
use pingora::services::listening::Service;
use tokio::time::{Instant, sleep};

use crate::config::{Listen, Server};
use crate::telemetry;

/// How long the listeners may take to open.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
const OPEN_STEP: Duration = Duration::from_millis(20);

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address} ({key}): {source}")]
    Address {
        /// The configuration's key.
        key: &'static str,
        /// The address.
        address: Listen,
        /// Why.
        source: io::Error,
    },
    /// TLS cannot be set up; nothing is served plain instead.
    #[error("TLS cannot be set up")]
    Tls,
}

/// Makes sure of all addresses: pingora would panic on one that is taken, and
/// take a unix socket away from whoever listens on it. Removes sockets that
/// nobody listens on any more.
///
/// # Errors
/// The first address that cannot be listened on.
pub fn check(server: &Server) -> Result<(), ListenError> {
    let admin = Listen::Tcp(server.admin_listen);
    let public = server.listen.iter().map(|a| ("server.listen", a));
    // All are held at once, so that two equal ones show too.
    let mut held = Vec::new();
    for (key, address) in public.chain([("server.admin_listen", &admin)]) {
        let tried = match address {
            Listen::Tcp(address) => TcpListener::bind(address).map(|held_one| {
                held.push(held_one);
            }),
            Listen::Unix(path) => make_way(path),
        };
        tried.map_err(|source| ListenError::Address {
            key,
            address: address.clone(),
            source,
        })?;
    }
    Ok(())
}

/// Leaves nothing at the path, and has made sure that a socket can be there.
fn make_way(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            let why = "something that is no socket is there";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        // Only a refusal says that nobody listens: whoever may not ask is not told.
        Ok(_) => match UnixStream::connect(path) {
            Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path)?;
            }
            Err(error) => return Err(error),
        },
    }
    UnixListener::bind(path).map(drop)?;
    fs::remove_file(path)
}

/// A service for the public on all its addresses. Where TLS ends here, the
/// application does that itself.
#[must_use]
pub fn public<A>(app: A, server: &Server) -> Service<A> {
    let mut service = Service::new("public".to_owned(), app);
    for address in &server.listen {
        service.add_listener(match address {
            Listen::Tcp(address) => ListenerConfig::tcp(address.to_string()),
            Listen::Unix(path) => ListenerConfig::uds(path.to_string_lossy())
                .permissions(fs::Permissions::from_mode(server.socket_mode)),
        });
    }
    service
}

/// Tells when the public listeners answer: pingora starts all services at once,
/// so that health checks would otherwise call ready what does not listen yet.
#[derive(Debug)]
pub struct Doors {
    addresses: Vec<Listen>,
    open: Arc<AtomicBool>,
}

impl Doors {
    /// Those of this configuration.
    #[must_use]
    pub fn new(server: &Server) -> Self {
        Self {
            addresses: server.listen.clone(),
            open: Arc::default(),
        }
    }

    /// Whether all of them answer.
    #[must_use]
    pub fn open(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.open)
    }
}

#[async_trait]
impl BackgroundService for Doors {
    async fn start(&self, _shutdown: ShutdownWatch) {
        let began = Instant::now();
        for address in &self.addresses {
            while !answers(address).await {
                if began.elapsed() > OPEN_WITHIN {
                    tracing::error!(address = %address, "the listener did not open");
                    telemetry::flush();
                    std::process::exit(1);
                }
                sleep(OPEN_STEP).await;
            }
            tracing::info!(address = %address, "listening");
        }
        self.open.store(true, Ordering::Release);
    }
}

async fn answers(address: &Listen) -> bool {
    match address {
        // Only the kernel knows which one it became.
        Listen::Tcp(address) if address.port() == 0 => true,
        Listen::Tcp(address) => tokio::net::TcpStream::connect(reachable(*address))
            .await
            .is_ok(),
        Listen::Unix(path) => tokio::net::UnixStream::connect(path).await.is_ok(),
    }
}

/// Where this machine itself reaches an address that may stand for all of its own.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_socket_that_nobody_listens_on_makes_way() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("v.sock");
        make_way(&path).unwrap();
        assert!(!path.exists(), "nothing is left of the attempt");
        let listening = UnixListener::bind(&path).unwrap();
        let error = make_way(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(listening);
        assert!(path.exists(), "a stale one");
        make_way(&path).unwrap();
        assert!(!path.exists());
        fs::write(&path, "somebody's file").unwrap();
        let error = make_way(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's file");
        let target = home.path().join("target.sock");
        drop(UnixListener::bind(&target).unwrap());
        let link = home.path().join("link.sock");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(make_way(&link).is_err(), "a link is no socket");
        assert!(make_way(&home.path().join("none/v.sock")).is_err());
    }
}
