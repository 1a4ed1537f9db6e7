//! Accepts connections until the end begins, and loses none then.
//!
//! Owns the loop over a listener. Must not know what is served on it. pingora's
//! own loop closes a listener together with what the kernel has taken in for it
//! already, and drops connections on which no request has arrived yet: both are
//! requests that fail at each stop under load.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::protocols::l4::listener::Listener;
use pingora::protocols::l4::stream::Stream as Accepted;
use pingora::protocols::{GetSocketDigest, SocketDigest, Stream};
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;
use pingora::services::listening::Service as Listening;
use pingora_runtime::current_handle;
use tokio::time::{sleep, timeout};

use super::lifecycle::{ConnectionGuard, Lifecycle};
use super::listeners::Opened;
use super::serving::Current;

/// How long connections wait for providers that are not known yet, after the start.
const READY_PATIENCE: Duration = Duration::from_secs(3);
const READY_STEP: Duration = Duration::from_millis(10);
/// Without a free file descriptor, connections wait at the kernel.
const BREATH: Duration = Duration::from_secs(1);

/// A service on listeners that are open.
pub struct Accepting<A> {
    name: &'static str,
    threads: Option<usize>,
    app: Arc<A>,
    listeners: Vec<Opened>,
    life: Arc<Lifecycle>,
    /// Called once all of them accept.
    accepts: fn(),
    /// Whose providers have to be known first.
    awaited: Option<Arc<Current>>,
}

impl<A> std::fmt::Debug for Accepting<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accepting")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<A> Accepting<A> {
    /// Serves by that app until `life` closes; calls `accepts` once all listeners do.
    #[must_use]
    pub fn new(
        name: &'static str,
        app: A,
        listeners: Vec<Opened>,
        life: Arc<Lifecycle>,
        threads: Option<usize>,
        accepts: fn(),
    ) -> Self {
        Self {
            name,
            threads,
            app: Arc::new(app),
            listeners,
            life,
            accepts,
            awaited: None,
        }
    }

    /// Accepts only once the keys of these providers are there, though not for
    /// ever. Until then connections wait at the kernel: a load balancer without
    /// health checks sends people as soon as it is not refused, and they would
    /// be told that the provider is out.
    #[must_use]
    pub fn once_ready(self, serving: Arc<Current>) -> Self {
        Self {
            awaited: Some(serving),
            ..self
        }
    }

    async fn readiness(&self) {
        let Some(serving) = &self.awaited else {
            return;
        };
        let known = async {
            while !serving.load().is_ready() {
                sleep(READY_STEP).await;
            }
        };
        if timeout(READY_PATIENCE, known).await.is_err() {
            tracing::warn!("a provider is not known yet; requests are taken all the same");
        }
    }
}

#[async_trait]
impl<A: ServerApp + Send + Sync + 'static> Service for Accepting<A> {
    async fn start_service(
        &mut self,
        _inherited: Option<ListenFds>,
        _shutdown: ShutdownWatch,
        _tasks_for_each: usize,
    ) {
        self.readiness().await;
        let mut loops = Vec::new();
        for opened in std::mem::take(&mut self.listeners) {
            let address = opened.address.clone();
            let listener = match opened.into_listener() {
                Ok(listener) => listener,
                Err(error) => {
                    tracing::error!(%error, %address, "the listener cannot be used");
                    continue;
                }
            };
            let accept = Accept {
                app: Arc::clone(&self.app),
                closing: self.life.closing(),
                life: Arc::clone(&self.life),
            };
            tracing::info!(%address, "listening");
            loops.push(current_handle().spawn(accept.run(listener)));
        }
        self.life.listens();
        (self.accepts)();
        for one in loops {
            if one.await.is_err() {
                tracing::error!("a listener ended by itself");
            }
        }
        self.life.clearing().await;
        self.app.cleanup().await;
    }

    fn name(&self) -> &str {
        self.name
    }

    fn threads(&self) -> Option<usize> {
        self.threads
    }
}

struct Accept<A> {
    app: Arc<A>,
    life: Arc<Lifecycle>,
    /// Never looked at here, so that whoever gets a copy sees each change.
    closing: ShutdownWatch,
}

impl<A: ServerApp + Send + Sync + 'static> Accept<A> {
    async fn run(self, listener: Listener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.life.closed() => break,
            };
            match accepted {
                Ok(connection) => self.take(connection),
                Err(error) => refused(&error).await,
            }
        }
        // Whoever is connected already may ask, and is told that it was the last time. Without
        // waiting for anybody else, so that as little as can be lies between the last look and the end.
        match listener {
            Listener::Tcp(listener) => {
                if let Ok(listener) = listener.into_std() {
                    self.take_all(|| {
                        let connection = listener.accept()?.0;
                        connection.set_nonblocking(true)?;
                        tokio::net::TcpStream::from_std(connection).map(Accepted::from)
                    });
                }
            }
            Listener::Unix(listener) => {
                if let Ok(listener) = listener.into_std() {
                    self.take_all(|| {
                        let connection = listener.accept()?.0;
                        connection.set_nonblocking(true)?;
                        tokio::net::UnixStream::from_std(connection).map(Accepted::from)
                    });
                }
            }
        }
    }

    /// What the kernel has taken in already.
    fn take_all(&self, accept: impl Fn() -> io::Result<Accepted>) {
        while let Ok(mut connection) = accept() {
            let digest = SocketDigest::from_raw_fd(connection.as_raw_fd());
            connection.set_socket_digest(digest);
            self.take(connection);
        }
    }

    fn take(&self, connection: Accepted) {
        let app = Arc::clone(&self.app);
        let (closing, guard) = (self.closing.clone(), self.life.connection());
        // Another thread each time: connections are spread over them.
        current_handle().spawn(serve(connection, app, closing, guard));
    }
}

async fn serve<A: ServerApp + Send + Sync + 'static>(
    mut connection: Accepted,
    app: Arc<A>,
    closing: ShutdownWatch,
    _guard: ConnectionGuard,
) {
    // A small answer must not wait for the acknowledgement of another one.
    if connection.set_nodelay().is_err() {
        return;
    }
    let stream: Stream = Box::new(connection);
    Listening::handle_event(stream, app, closing).await;
}

/// A connection that ended before it was accepted is nothing; a lack of file
/// descriptors is told, and waited for.
async fn refused(error: &io::Error) {
    if error.kind() == io::ErrorKind::ConnectionAborted {
        return;
    }
    tracing::error!(%error, "a connection cannot be accepted");
    sleep(BREATH).await;
}
