//! The composition root: from a configuration to a running server. The only
//! file that knows everyone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::prelude::{Server, background_service};
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, ShutdownSignal, ShutdownSignalWatch, ShutdownWatch};
use pingora::services::background::BackgroundService;
use pingora::services::listening::Service;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::clock;
use crate::config::Config;
use crate::config::load::Sources;
use crate::edge::admin::Admin;
use crate::edge::collector::Collector;
use crate::edge::door::Door;
use crate::edge::http::{HttpClient, HttpError};
use crate::edge::leash::Leashed;
use crate::edge::listeners::{self, Doors, ListenError};
use crate::edge::proxy::Proxy;
use crate::edge::reload::Reloader;
use crate::edge::serving::{Current, Serving};
use crate::gate::memory::Memory;
use crate::gate::seal::RandomError;
use crate::gate::{Gate, NoSessionKey};
use crate::telemetry::{self, InFlight, Queue, Told};

/// How long running requests may take to end after SIGTERM.
const DRAIN: Duration = Duration::from_secs(25);
/// How much of that the collector may take for the last spans.
const LAST_SPANS: Duration = Duration::from_secs(3);
const DRAIN_STEP: Duration = Duration::from_millis(20);
/// Retries of one request towards the app: before anything was sent, or of an
/// idempotent one on a kept connection that turned out to be dead.
const RETRIES: usize = 4;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// See [`ListenError`].
    #[error(transparent)]
    Listen(#[from] ListenError),
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
    listeners::check(&config.server)?;
    let http = HttpClient::new()?;
    let in_flight = InFlight::default();
    let memory = Arc::new(Memory::new(&mut clock::random)?);
    let gate = Gate::with_memory(config, memory)?;
    let (queue, records) = Queue::new();
    let told = Told {
        outcomes: Arc::default(),
        apps: Arc::default(),
        provider: Arc::default(),
        queue: queue.clone(),
    };
    let serving = Serving::new(config, gate, http, told)?;
    serving.take_over();
    let collector = Collector::new(records, serving.collector());
    let serving = Arc::new(Current::from_pointee(serving));
    let proxy = Proxy::new(Arc::clone(&serving), in_flight.clone());
    let reloader = Reloader::new(path.to_owned(), config, sources, Arc::clone(&serving));

    let mut server = Server::new_with_opt_and_conf(None, server_conf(config));
    server.bootstrap();
    let public = Leashed::new(&server.configuration, proxy, &serving.load());
    let door = Door::new(public, &config.server, &serving)?;
    let public = listeners::public(door, &config.server);
    let doors = Doors::new(&config.server);
    let admin = Admin::new(Arc::clone(&serving), doors.open());
    let mut admin = Service::new("admin".to_owned(), admin);
    admin.add_tcp(&config.server.admin_listen.to_string());
    admin.threads = Some(1);
    server.add_service(public);
    server.add_service(admin);
    server.add_service(background_service("configuration", reloader));
    server.add_service(background_service("collector", collector));
    server.add_service(background_service("drain", Drain(in_flight, queue)));
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
struct Drain(InFlight, Queue);

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
        let left = DRAIN.saturating_sub(began.elapsed()).min(LAST_SPANS);
        if !self.1.flush(left).await {
            tracing::warn!("stopped with spans that the collector does not have");
        }
        telemetry::flush();
        std::process::exit(0);
    }
}
