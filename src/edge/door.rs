//! Which protocol a new connection speaks.
//!
//! Owns the look at its first bytes: HTTP/2 with prior knowledge (RFC 9113 3.3)
//! beside HTTP/1.1 on one plain listener. With TLS, the handshake comes first,
//! and ALPN says it.
//! pingora's own look waits for 24 bytes without end, and the shortest request
//! of HTTP/1.0 has 18.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::protocols::{ALPN, Stream};
use pingora::server::ShutdownWatch;
use tokio::time::timeout;

use super::gather::gathered;
use super::handshake::Handshakes;
use super::leash::Leashed;
use super::listeners::ListenError;
use super::pace::{PREFACE, paced};
use super::serving::Current;
use super::websocket::watched;
use crate::config::Server;

/// As much of it as tells the two apart, and as every request has.
const TELLING: usize = 3;

/// The public listener's application.
#[derive(Debug)]
pub struct Door {
    /// What TCP connections begin with, if TLS ends here.
    tls: Option<Handshakes>,
    http: Arc<Leashed>,
    http2: Arc<Leashed>,
    /// How long clients may take.
    serving: Arc<Current>,
}

impl Door {
    /// In front of this one.
    ///
    /// # Errors
    /// [`ListenError::Tls`]: nothing is served plain instead.
    pub fn new(app: Leashed, server: &Server, serving: &Arc<Current>) -> Result<Self, ListenError> {
        let tls = server
            .tls
            .is_some()
            .then(|| Handshakes::new(Arc::clone(serving)));
        Ok(Self {
            tls: tls.transpose().map_err(|_| ListenError::Tls)?,
            http2: Arc::new(app.of_http2()),
            http: Arc::new(app),
            serving: Arc::clone(serving),
        })
    }
}

#[async_trait]
impl ServerApp for Door {
    async fn process_new(
        self: &Arc<Self>,
        connection: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        let mut connection = match &self.tls {
            Some(tls) if needs_handshake(&connection) => tls.shake(connection).await?,
            Some(_) | None => connection,
        };
        let limits = self.serving.load().client;
        let is_plain = connection.get_ssl_digest().is_none();
        if is_plain && is_http2(&mut connection, limits.idle).await? {
            let connection = Box::new(paced(connection, limits));
            return self.http2.serve_http2(connection, shutdown).await;
        }
        if connection.selected_alpn_proto() == Some(ALPN::H2) {
            let connection = Box::new(paced(connection, limits));
            return self.http.serve_http2(connection, shutdown).await;
        }
        // Only HTTP/1.1 can become a websocket here.
        let serve = |connection| self.http.process_new(connection, shutdown);
        watched(Box::new(gathered(connection, limits.write)), serve).await
    }

    async fn cleanup(&self) {
        ServerApp::cleanup(self.http.as_ref()).await;
    }
}

/// A connection comes by here again after each request. Unix sockets stay
/// plain; whatever is not known to be one is encrypted.
fn needs_handshake(connection: &Stream) -> bool {
    let digest = connection.get_socket_digest();
    let local = digest.as_ref().and_then(|digest| digest.local_addr());
    let is_unix = local.is_some_and(|address| address.as_unix().is_some());
    connection.get_ssl_digest().is_none() && !is_unix
}

/// `None` if nobody says in time which it is.
async fn is_http2(connection: &mut Stream, patience: Duration) -> Option<bool> {
    let look = async {
        match begins_with::<TELLING>(connection).await? {
            true => begins_with::<{ PREFACE.len() }>(connection).await,
            false => Some(false),
        }
    };
    timeout(patience, look).await.ok()?
}

/// Whether the connection begins with so many bytes of the preface; they stay
/// there to be read. `None` if it ended before.
async fn begins_with<const N: usize>(connection: &mut Stream) -> Option<bool> {
    let mut head = [0; N];
    let seen = connection.try_peek(&mut head).await.ok()?;
    Some(seen && PREFACE.starts_with(&head))
}
