//! The composition root: from a configuration to a running server. The only
//! file that knows everyone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use pingora::prelude::{Server, background_service};
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, ShutdownSignal, ShutdownSignalWatch, ShutdownWatch};
use pingora::services::background::BackgroundService;
use pingora::services::listening::Service;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::clock;
use crate::config::Config;
use crate::config::load::Sources;
use crate::edge::admin::Admin;
use crate::edge::http::{HttpClient, HttpError};
use crate::edge::leash::Leashed;
use crate::edge::proxy::Proxy;
use crate::edge::reload::Reloader;
use crate::edge::serving::{Current, Serving};
use crate::gate::memory::Memory;
use crate::gate::seal::RandomError;
use crate::gate::{Gate, NoSessionKey};
use crate::telemetry::{self, InFlight};

/// How long running requests may take to end after SIGTERM.
const DRAIN: Duration = Duration::from_secs(25);
const DRAIN_STEP: Duration = Duration::from_millis(20);
/// How long the listeners may take to open.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// Retries of one request towards the app: before anything was sent, or of an
/// idempotent one on a kept connection that turned out to be dead.
const RETRIES: usize = 4;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address} ({key}): {source}")]
    Listen {
        /// The configuration's key.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// No outbound client.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// See [`NoSessionKey`].
    #[error(transparent)]
    Key(#[from] NoSessionKey),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Serves until SIGTERM or SIGINT, then drains and returns. `path` is where the
/// configuration was read from, and `sources` what it was made of: it is
/// reloaded when that changes.
///
/// # Errors
/// See [`StartError`]; nothing has been served then.
pub fn run(path: &Path, config: &Config, sources: Sources) -> Result<(), StartError> {
    // Everything that is TLS here uses aws-lc; a provider that was installed
    // before is as good.
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        tracing::debug!("a TLS crypto provider was installed before");
    }
    check_addresses(config)?;
    let http = HttpClient::new()?;
    let in_flight = InFlight::default();
    let memory = Arc::new(Memory::new(&mut clock::random)?);
    let gate = Gate::with_memory(config, memory)?;
    let serving = Arc::new(Current::from_pointee(Serving::new(config, gate, http)?));
    let proxy = Proxy::new(Arc::clone(&serving), in_flight.clone());
    let reloader = Reloader::new(path.to_owned(), config, sources, Arc::clone(&serving));

    let mut server = Server::new_with_opt_and_conf(None, server_conf(config));
    server.bootstrap();
    let public = Leashed::new(&server.configuration, proxy, &serving.load());
    let mut public = Service::new("public".to_owned(), public);
    for address in &config.server.listen {
        public.add_tcp(&address.to_string());
    }
    let doors = Doors {
        addresses: config.server.listen.clone(),
        open: Arc::default(),
    };
    let admin = Admin::new(Arc::clone(&serving), Arc::clone(&doors.open));
    let mut admin = Service::new("admin".to_owned(), admin);
    admin.add_tcp(&config.server.admin_listen.to_string());
    admin.threads = Some(1);
    server.add_service(public);
    server.add_service(admin);
    server.add_service(background_service("configuration", reloader));
    server.add_service(background_service("drain", Drain(in_flight)));
    server.add_service(background_service("doors", doors));
    tracing::info!(address = %config.server.admin_listen, "listening for health checks");
    server.run(RunArgs {
        shutdown_signal: Box::new(Signals),
    });
    Ok(())
}

fn server_conf(config: &Config) -> ServerConf {
    ServerConf {
        threads: config.server.threads,
        max_retries: RETRIES,
        // A runtime for each thread: connections are many and short, and none of
        // their tasks is worth moving to another core (docs/performance.md).
        work_stealing: false,
        // `Drain` ends the process as soon as nothing is being served.
        grace_period_seconds: Some(DRAIN.as_secs() + 1),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    }
}

/// pingora would panic on an address that is taken: look first.
fn check_addresses(config: &Config) -> Result<(), StartError> {
    let public = config.server.listen.iter().map(|a| ("server.listen", *a));
    let admin = std::iter::once(("server.admin_listen", config.server.admin_listen));
    // All are held at once, so that two equal ones show too.
    let mut held = Vec::new();
    for (key, address) in public.chain(admin) {
        match TcpListener::bind(address) {
            Ok(listener) => held.push(listener),
            Err(source) => {
                return Err(StartError::Listen {
                    key,
                    address,
                    source,
                });
            }
        }
    }
    Ok(())
}

/// Tells when the public listeners answer: pingora starts all services at once,
/// so that health checks would otherwise call ready what does not listen yet.
struct Doors {
    addresses: Vec<SocketAddr>,
    open: Arc<AtomicBool>,
}

#[async_trait]
impl BackgroundService for Doors {
    async fn start(&self, _shutdown: ShutdownWatch) {
        let began = Instant::now();
        // Of port 0 only the kernel knows which one it became.
        for address in self.addresses.iter().filter(|a| a.port() != 0) {
            while TcpStream::connect(reachable(*address)).await.is_err() {
                if began.elapsed() > OPEN_WITHIN {
                    tracing::error!(address = %address, "the listener did not open");
                    telemetry::flush();
                    std::process::exit(1);
                }
                sleep(DRAIN_STEP).await;
            }
            tracing::info!(address = %address, "listening");
        }
        self.open.store(true, Ordering::Release);
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

/// SIGTERM and SIGINT drain; SIGHUP is the reloader's.
struct Signals;

#[async_trait]
impl ShutdownSignalWatch for Signals {
    async fn recv(&self) -> ShutdownSignal {
        // SIGQUIT would dump a core that holds keys.
        let (Ok(mut terminate), Ok(mut interrupt), Ok(mut quit)) = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
            signal(SignalKind::quit()),
        ) else {
            tracing::error!("signals cannot be waited for");
            return ShutdownSignal::FastShutdown;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = quit.recv() => {}
        }
        tracing::info!("stopping: running requests may end");
        ShutdownSignal::GracefulTerminate
    }
}

/// Ends the process once nothing is being served any more, or after [`DRAIN`].
struct Drain(InFlight);

#[async_trait]
impl BackgroundService for Drain {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        if shutdown.changed().await.is_err() {
            return;
        }
        let began = Instant::now();
        // A request that was accepted a moment ago has not been counted yet.
        sleep(DRAIN_STEP * 5).await;
        while !self.0.is_empty() && began.elapsed() < DRAIN {
            sleep(DRAIN_STEP).await;
        }
        if self.0.is_empty() {
            tracing::info!("stopped");
        } else {
            tracing::warn!("stopped with requests still running");
        }
        telemetry::flush();
        std::process::exit(0);
    }
}
