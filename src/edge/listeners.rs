//! The listeners: TCP addresses and unix sockets.
//!
//! Owns how they are opened, and what makes sure of it beforehand. Must not know what is served on them.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use socket2::SockRef;

use super::lanes::Socket;
use crate::config::{Listen, Server};

/// How many connections may wait to be accepted; the kernel has a limit of its own.
const BACKLOG: i32 = 65_535;

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

/// A listener.
pub struct Opened {
    /// Where it is; the kernel's choice for port 0.
    pub(super) address: Listen,
    listener: Bound,
}

/// A listener that no runtime watches; it never waits for a connection.
pub(super) enum Bound {
    /// An address.
    Tcp(TcpListener),
    /// A path.
    Unix(UnixListener),
}

/// A listener that a runtime watches.
pub(super) enum Listener {
    /// An address.
    Tcp(tokio::net::TcpListener),
    /// A path.
    Unix(tokio::net::UnixListener),
}

/// All listeners of an instance.
#[derive(Debug)]
pub struct Listeners {
    /// Those of `server.listen`.
    pub public: Vec<Opened>,
    /// That of `server.admin_listen`.
    pub admin: Opened,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Opened {
    /// For the runtime that accepts on it.
    pub(super) fn into_listener(self) -> io::Result<Listener> {
        Ok(match self.listener {
            Bound::Tcp(listener) => Listener::Tcp(tokio::net::TcpListener::from_std(listener)?),
            Bound::Unix(listener) => Listener::Unix(tokio::net::UnixListener::from_std(listener)?),
        })
    }
}

impl Listener {
    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(listener) => {
                let (socket, client) = listener.accept().await?;
                Ok(Socket::Tcp(socket.into_std()?, client))
            }
            Self::Unix(listener) => {
                let (socket, _) = listener.accept().await?;
                socket.into_std().map(Socket::Unix)
            }
        }
    }

    /// To accept what the kernel has taken in already, and nothing more.
    pub(super) fn into_bound(self) -> io::Result<Bound> {
        Ok(match self {
            Self::Tcp(listener) => Bound::Tcp(listener.into_std()?),
            Self::Unix(listener) => Bound::Unix(listener.into_std()?),
        })
    }
}

impl Bound {
    /// A connection that the kernel has taken in.
    pub(super) fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(listener) => {
                let (socket, client) = listener.accept()?;
                Ok(Socket::Tcp(socket, client))
            }
            Self::Unix(listener) => {
                let (socket, _) = listener.accept()?;
                Ok(Socket::Unix(socket))
            }
        }
    }
}

/// Opens all listeners, or none. Removes sockets that nobody listens on any more.
///
/// # Errors
/// The first address that cannot be listened on.
pub fn open(server: &Server) -> Result<Listeners, ListenError> {
    let mut public = Vec::new();
    for address in &server.listen {
        let key = "server.listen";
        public.push(match address {
            Listen::Tcp(address) => tcp(*address, key)?,
            Listen::Unix(path) => unix(path, server.socket_mode)?,
        });
    }
    let admin = tcp(server.admin_listen, "server.admin_listen")?;
    Ok(Listeners { public, admin })
}

fn tcp(address: SocketAddr, key: &'static str) -> Result<Opened, ListenError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        // On one that listens already, this sets how many may wait.
        SockRef::from(&listener).listen(BACKLOG)?;
        Ok((listener.local_addr()?, listener))
    });
    let (address, listener) = bound.map_err(|source| ListenError::Address {
        key,
        address: Listen::Tcp(address),
        source,
    })?;
    Ok(Opened {
        address: Listen::Tcp(address),
        listener: Bound::Tcp(listener),
    })
}

fn unix(path: &Path, mode: u32) -> Result<Opened, ListenError> {
    let opened = make_way(path).and_then(|()| {
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        listener.set_nonblocking(true)?;
        SockRef::from(&listener).listen(BACKLOG)?;
        Ok(listener)
    });
    let address = Listen::Unix(path.to_owned());
    match opened {
        Ok(listener) => Ok(Opened {
            address,
            listener: Bound::Unix(listener),
        }),
        Err(source) => Err(ListenError::Address {
            key: "server.listen",
            address,
            source,
        }),
    }
}

/// Leaves nothing at the path: a socket can be there.
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
    Ok(())
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
        let nowhere = unix(&home.path().join("none/v.sock"), 0o660);
        assert!(nowhere.is_err());
        let opened = unix(&path, 0o600).is_err();
        assert!(opened, "somebody's file is there");
    }
}
