//! Threads that each serve whole connections.
//!
//! Owns to which of them a connection goes, and how it gets there. Must not
//! know what is served. Each thread has a runtime of its own: whatever a request
//! waits for wakes the thread that serves it, and no other. In one runtime of
//! several threads pingora leaves a connection with the thread that accepted it,
//! and an idle one to an app with any thread; both have to be woken across
//! cores then (ADR 29).

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::protocols::l4::stream::Stream as Accepted;
use pingora::protocols::{GetSocketDigest, SocketDigest, Stream};
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;
use pingora::services::listening::Service as Listening;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::lifecycle::{ConnectionGuard, Lifecycle};
use super::places::Taken;

/// A connection that was accepted, and that no runtime watches yet.
pub(super) enum Socket {
    /// Of a client with this address.
    Tcp(TcpStream, SocketAddr),
    /// Of a client on this machine.
    Unix(UnixStream),
}

/// A connection on its way to the thread that serves it.
struct Arrival {
    socket: Socket,
    _guards: [ConnectionGuard; 2],
    _place: Taken,
}

/// One of these threads, as a service of pingora's.
pub struct Lane<A> {
    name: &'static str,
    app: Arc<A>,
    arrivals: UnboundedReceiver<Arrival>,
    life: Arc<Lifecycle>,
    /// How many of them serve yet.
    serving: Arc<AtomicUsize>,
}

/// All of these threads, for whoever accepts.
pub(super) struct Lanes {
    entrances: Vec<Entrance>,
    life: Arc<Lifecycle>,
}

struct Entrance {
    arrivals: UnboundedSender<Arrival>,
    /// Connections that are served there.
    connections: Arc<AtomicUsize>,
}

/// So many threads that serve by an app; the first one is the caller's.
pub(super) fn lanes<A>(
    name: &'static str,
    app: A,
    threads: usize,
    life: &Arc<Lifecycle>,
) -> (Lanes, Lane<A>, Vec<Lane<A>>) {
    let app = Arc::new(app);
    let serving = Arc::new(AtomicUsize::new(threads.max(1)));
    let lane = |_| {
        let (entrance, arrivals) = unbounded_channel();
        let entrance = Entrance {
            arrivals: entrance,
            connections: Arc::default(),
        };
        let lane = Lane {
            name,
            app: Arc::clone(&app),
            arrivals,
            life: Arc::clone(life),
            serving: Arc::clone(&serving),
        };
        (entrance, lane)
    };
    let (entrance, first) = lane(0);
    let (mut entrances, others): (Vec<_>, Vec<_>) = (1..threads).map(lane).unzip();
    entrances.push(entrance);
    let life = Arc::clone(life);
    (Lanes { entrances, life }, first, others)
}

impl Lanes {
    /// Has a connection served by the thread that has the fewest.
    pub(super) fn take(&self, socket: Socket, place: Taken) {
        let open = self.entrances.iter();
        let open = open.filter(|entrance| !entrance.arrivals.is_closed());
        let fewest = open.min_by_key(|entrance| entrance.connections.load(Ordering::Relaxed));
        let Some(entrance) = fewest else {
            tracing::error!("no thread serves connections any more");
            return;
        };
        let arrival = Arrival {
            socket,
            _guards: [
                self.life.connection(),
                ConnectionGuard::new(&entrance.connections),
            ],
            _place: place,
        };
        if entrance.arrivals.send(arrival).is_err() {
            tracing::error!("a thread serves no connections any more");
        }
    }
}

impl<A> std::fmt::Debug for Lane<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<A: ServerApp + Send + Sync + 'static> Lane<A> {
    /// Serves what arrives, on the thread that calls, until connections without
    /// a request are to close.
    pub(super) async fn serve(&mut self) {
        let closing = self.life.closing();
        let mut clearing = pin!(self.life.clearing());
        let serve = |arrival| {
            tokio::spawn(serve(arrival, Arc::clone(&self.app), closing.clone()));
        };
        loop {
            tokio::select! {
                biased;
                Some(arrival) = self.arrivals.recv() => serve(arrival),
                () = &mut clearing => break,
            }
        }
        while let Ok(arrival) = self.arrivals.try_recv() {
            serve(arrival);
        }
        // It has connections of every thread close that bring no request.
        if self.serving.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.app.cleanup().await;
        }
    }
}

#[async_trait]
impl<A: ServerApp + Send + Sync + 'static> Service for Lane<A> {
    async fn start_service(
        &mut self,
        _inherited: Option<ListenFds>,
        _shutdown: ShutdownWatch,
        _tasks_for_each: usize,
    ) {
        self.serve().await;
    }

    fn name(&self) -> &str {
        self.name
    }

    fn threads(&self) -> Option<usize> {
        Some(1)
    }
}

/// `closing` is never looked at here, so that the app sees its change.
async fn serve<A: ServerApp + Send + Sync + 'static>(
    arrival: Arrival,
    app: Arc<A>,
    closing: ShutdownWatch,
) {
    let Arrival {
        socket,
        _guards,
        _place,
    } = arrival;
    match watched(socket) {
        Ok(stream) => Listening::handle_event(stream, app, closing).await,
        Err(error) if is_gone(&error) => {}
        Err(error) => tracing::error!(%error, "a connection cannot be served"),
    }
}

/// Whether that is the client's doing.
fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected | io::ErrorKind::ConnectionReset
    )
}

/// The connection, watched by the runtime that asks.
fn watched(socket: Socket) -> io::Result<Stream> {
    let (mut stream, client) = match socket {
        Socket::Tcp(socket, client) => {
            socket.set_nonblocking(true)?;
            // A small answer must not wait for the acknowledgement of another one.
            socket.set_nodelay(true)?;
            let stream = tokio::net::TcpStream::from_std(socket)?;
            (Accepted::from(stream), Some(client))
        }
        Socket::Unix(socket) => {
            socket.set_nonblocking(true)?;
            let stream = tokio::net::UnixStream::from_std(socket)?;
            (Accepted::from(stream), None)
        }
    };
    let digest = SocketDigest::from_raw_fd(stream.as_raw_fd());
    if let Some(client) = client {
        // One that is asked for later would be asked of the kernel.
        digest.peer_addr.get_or_init(|| Some(client.into()));
    }
    stream.set_socket_digest(digest);
    Ok(Box::new(stream))
}

#[cfg(test)]
mod tests {
    use super::super::places::Places;
    use super::*;

    fn arrives(lanes: &Lanes) {
        let places = Places::unlimited();
        let place = places.take(places.try_keep().unwrap());
        lanes.take(Socket::Unix(UnixStream::pair().unwrap().0), place);
    }

    /// Three threads that serve nothing.
    fn three() -> (Lanes, Vec<Lane<()>>) {
        let life = Arc::new(Lifecycle::default());
        let (entrance, first, mut all) = lanes("test", (), 3, &life);
        all.push(first);
        (entrance, all)
    }

    /// How many have arrived at each.
    fn arrived(lanes: &[Lane<()>]) -> Vec<usize> {
        lanes.iter().map(|lane| lane.arrivals.len()).collect()
    }

    #[test]
    fn the_one_with_the_fewest_connections_serves_the_next() {
        let (entrance, mut lanes) = three();
        for _ in 0..6 {
            arrives(&entrance);
        }
        assert_eq!(arrived(&lanes), [2, 2, 2]);
        // Two end at one of them, which gets the next two.
        drop(lanes[1].arrivals.try_recv().unwrap());
        drop(lanes[1].arrivals.try_recv().unwrap());
        arrives(&entrance);
        arrives(&entrance);
        assert_eq!(arrived(&lanes), [2, 2, 2]);
    }

    #[test]
    fn one_that_has_ended_gets_none() {
        let (entrance, mut lanes) = three();
        lanes.truncate(1);
        arrives(&entrance);
        arrives(&entrance);
        assert_eq!(arrived(&lanes), [2]);
        lanes.clear();
        arrives(&entrance);
    }
}
