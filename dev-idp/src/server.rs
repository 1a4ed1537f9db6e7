//! The four listeners and the life of the process's part in them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request as HyperRequest, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::http::{Half, Reply, ReplyBody, Request};
use crate::router::{App, Origin, Outcome};
use crate::seed;
use crate::world::Origins;

/// Largest request body; a login form has a few hundred bytes.
const LARGEST_BODY: usize = 1 << 20;

/// How to start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address of all listeners; loopback only.
    pub host: IpAddr,
    /// Issuer host on this port, login domain on the next, Entra tenant on
    /// the one after, admin API eight above. 0: four free ports.
    pub base_port: u16,
    /// Callback URLs of the demo client beside the built-in ones.
    pub callbacks: Vec<String>,
    /// Sign-out URLs of the demo client beside the built-in ones. They are
    /// also registered at the Entra tenant, which wants its post-logout
    /// targets among its redirect URIs (cognito.md 3.7).
    pub signouts: Vec<String>,
}

/// Why the emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It hands out tokens to anyone who asks, so only this machine may ask.
    #[error("{0} is not a loopback address; the emulator signs tokens for anyone who asks")]
    NotLoopback(IpAddr),
    /// The ports above the base would not exist.
    #[error("base port {0} leaves no room for the ports up to base + 8")]
    PortRange(u16),
    /// An additional callback or sign-out URL.
    #[error("{0:?} cannot be registered: absolute, no fragment, https unless the host is local")]
    Url(String),
    /// Most often: another emulator is running.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A running emulator. Dropping it closes the listeners.
#[derive(Debug)]
pub struct Emulator {
    greeting: Value,
    _listeners: JoinSet<()>,
}

impl Emulator {
    /// Binds the listeners, seeds the pools and serves until dropped.
    ///
    /// # Errors
    /// If the settings are refused or a port is taken.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        if !settings.host.is_loopback() {
            return Err(StartError::NotLoopback(settings.host));
        }
        let mut bound = Vec::new();
        for (origin, offset) in [
            (Origin::Issuer, 0),
            (Origin::Domain, 1),
            (Origin::Entra, 2),
            (Origin::Admin, 8),
        ] {
            bound.push((origin, bind(settings, offset).await?));
        }
        let url_of = |wanted: Origin| {
            bound
                .iter()
                .find(|(origin, _)| *origin == wanted)
                .map(|(_, (address, _))| format!("http://{address}"))
                .unwrap_or_default()
        };
        let origins = Origins {
            issuer: url_of(Origin::Issuer),
            domain: url_of(Origin::Domain),
            entra: url_of(Origin::Entra),
            admin: url_of(Origin::Admin),
        };
        let world = seed::world(origins, &settings.callbacks, &settings.signouts)?;
        let greeting = seed::greeting(&world);
        if let Some(keys) = seed::demo_keys(&world) {
            // A thread of its own, which nobody waits for: not even the exit.
            std::thread::spawn(move || keys.warm());
        }
        let app = Arc::new(App::new(world));
        let mut listeners = JoinSet::new();
        for (origin, (_, listener)) in bound {
            listeners.spawn(accept(Arc::clone(&app), origin, listener));
        }
        Ok(Self {
            greeting,
            _listeners: listeners,
        })
    }

    /// Where everything is and who can sign in: the line the program prints.
    #[must_use]
    pub fn greeting(&self) -> &Value {
        &self.greeting
    }
}

async fn bind(settings: &Settings, offset: u16) -> Result<(SocketAddr, TcpListener), StartError> {
    let port = match settings.base_port {
        0 => 0,
        base if base > u16::MAX - 8 => return Err(StartError::PortRange(base)),
        base => base + offset,
    };
    let address = SocketAddr::new(settings.host, port);
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    Ok((listener.local_addr().map_err(failed)?, listener))
}

async fn accept(app: Arc<App>, origin: Origin, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        // An error here is the peer's or a shortage of descriptors; both pass.
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(Arc::clone(&app), origin, stream));
        } else {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(app: Arc<App>, origin: Origin, stream: TcpStream) {
    let reset = AtomicBool::new(false);
    let service = service_fn(|request| answer(&app, origin, request, &reset));
    let mut connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // A connection that ends badly is the peer's business, or was asked for.
    drop((&mut connection).await);
    if reset.load(Ordering::Relaxed) {
        let stream = connection.into_parts().io.into_inner();
        // Closing now resets; if not, it is closed, which is as bad.
        drop(stream.set_zero_linger());
    }
}

/// There is no answer: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("a fault was asked for")]
struct NoAnswer;

async fn answer(
    app: &App,
    origin: Origin,
    request: HyperRequest<Incoming>,
    reset: &AtomicBool,
) -> Result<Response<ReplyBody>, NoAnswer> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        return Ok(Reply::new(413).into_response(Half::Both));
    };
    let request = Request::new(
        parts.method,
        parts.uri.path().to_owned(),
        parts.uri.query().unwrap_or_default().to_owned(),
        parts.headers,
        body.to_bytes(),
    );
    match app.answer(origin, &request).await {
        Outcome::Reply(reply) => Ok(reply.into_response(Half::Both)),
        Outcome::Half(reply) => Ok(reply.into_response(Half::First)),
        Outcome::Nothing { reset: wanted } => {
            reset.store(wanted, Ordering::Relaxed);
            Err(NoAnswer)
        }
    }
}
