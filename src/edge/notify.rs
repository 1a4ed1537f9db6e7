//! Tells the service manager what the process is doing (sd_notify(3)).
//!
//! Owns the datagrams to the socket that `NOTIFY_SOCKET` names. Without one
//! nobody asked, and a message that cannot be sent is lost: the manager has its
//! own time limits.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// What there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The listeners accept; of a reload, it is over.
    Ready,
    /// A reload was asked for.
    Reloading,
    /// The end has begun.
    Stopping,
}

impl State {
    fn message(self) -> &'static str {
        match self {
            Self::Ready => "READY=1\nSTATUS=serving",
            Self::Reloading => "RELOADING=1\nSTATUS=reloading",
            Self::Stopping => "STOPPING=1\nSTATUS=draining",
        }
    }
}

/// Tells the service manager, if there is one that wants to know.
#[expect(
    clippy::disallowed_methods,
    reason = "the manager's own word to its child, and no configuration"
)]
pub fn tell(state: State) {
    let Ok(name) = std::env::var("NOTIFY_SOCKET") else {
        return;
    };
    if let Err(error) = send(&name, state.message()) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}

/// A name is a path, or with `@` in front one of the abstract name space.
fn send(name: &str, message: &str) -> io::Result<()> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(message.as_bytes(), &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_by_either_kind_of_name() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("notify");
        let name = format!("vestibule-test-{}", std::process::id());
        let named = UnixDatagram::bind(&path).unwrap();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let of_no_path = UnixDatagram::bind_addr(&address).unwrap();
        for (socket, name) in [
            (named, path.to_str().unwrap().to_owned()),
            (of_no_path, format!("@{name}")),
        ] {
            send(&name, State::Stopping.message()).unwrap();
            let mut bytes = [0; 64];
            let read = socket.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..read], b"STOPPING=1\nSTATUS=draining");
        }
        assert!(send("/nobody/listens", "READY=1").is_err());
    }
}
