//! The composition root: from a configuration to a running server. The only
//! file that knows everyone.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::prelude::{Server, background_service};
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, ShutdownSignal, ShutdownSignalWatch};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;

use crate::clock;
use crate::config::Config;
use crate::config::load::Sources;
use crate::edge::accepting::Accepting;
use crate::edge::admin::Admin;
use crate::edge::collector::Collector;
use crate::edge::door::Door;
use crate::edge::files;
use crate::edge::http::{HttpClient, HttpError};
use crate::edge::leash::Leashed;
use crate::edge::lifecycle::{Ended, Lifecycle};
use crate::edge::listeners::{self, ListenError};
use crate::edge::notify::{self, State};
use crate::edge::places::Places;
use crate::edge::proxy::Proxy;
use crate::edge::reload::Reloader;
use crate::edge::serving::{Current, Serving};
use crate::gate::memory::Memory;
use crate::gate::seal::RandomError;
use crate::gate::{Gate, NoSessionKey};
use crate::telemetry::{self, Queue, Told};

/// How long the collector may take for the last spans.
const LAST_SPANS: Duration = Duration::from_secs(3);
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
    let files = files::raise_limit();
    let wanted = config.server.max_connections;
    let clients = files::clients(files, files::memory_limit(), wanted);
    let http = HttpClient::new()?;
    let life = Arc::new(Lifecycle::default());
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
    let reloader = Reloader::new(path.to_owned(), config, sources, Arc::clone(&serving));

    let mut server = Server::new_with_opt_and_conf(None, server_conf(config));
    server.bootstrap();
    let listeners = listeners::open(&config.server)?;
    let places = Arc::new(Places::of(clients, listeners.public.len()));
    let proxy = Proxy::new(Arc::clone(&serving), Arc::clone(&life));
    let public = Leashed::new(&server.configuration, proxy, Arc::clone(&serving));
    let public = Door::new(public, &config.server, &serving)?;
    let (public, lanes) = Accepting::new(
        "public",
        public,
        config.server.threads,
        listeners.public,
        Arc::clone(&life),
        || notify::tell(State::Ready),
    );
    let public = public
        .once_ready(Arc::clone(&serving))
        .within(Arc::clone(&places));
    let admin = Admin::new(Arc::clone(&serving), Arc::clone(&life), places);
    // Whoever asks for health is answered to the very end: this life never ends.
    let to_the_end = Arc::new(Lifecycle::default());
    let listeners = vec![listeners.admin];
    let (admin, _) = Accepting::new("admin", admin, 1, listeners, to_the_end, || {});
    server.add_service(public);
    for lane in lanes {
        server.add_service(lane);
    }
    server.add_service(admin);
    server.add_service(background_service("configuration", reloader));
    server.add_service(background_service("collector", collector));
    server.run(RunArgs {
        shutdown_signal: Box::new(Stopping {
            serving,
            life,
            queue,
        }),
    });
    Ok(())
}

fn server_conf(config: &Config) -> ServerConf {
    ServerConf {
        // How many connections to apps are kept: so many for each. Services have one
        // thread each, since none of their tasks is worth moving (docs/performance.md).
        threads: config.server.threads,
        work_stealing: false,
        max_retries: RETRIES,
        ..ServerConf::default()
    }
}

/// SIGTERM and SIGINT drain, and SIGUSR1 begins with it; SIGHUP is the reloader's.
/// The process ends here: pingora's own way closes all listeners at once, health checks included.
struct Stopping {
    serving: Arc<Current>,
    life: Arc<Lifecycle>,
    queue: Queue,
}

/// The signals that end it, and the one that comes before them.
struct Signals {
    leave: Signal,
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            leave: signal(SignalKind::user_defined1())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            // By default, SIGQUIT would dump a core that holds keys.
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Returns at one that ends it: whether it was SIGINT. What comes before is
    /// told to `leave`.
    async fn stop(&mut self, leave: impl Fn() + Send) -> bool {
        loop {
            tokio::select! {
                _ = self.leave.recv() => leave(),
                _ = self.terminate.recv() => return false,
                _ = self.interrupt.recv() => return true,
                _ = self.quit.recv() => return false,
            }
        }
    }
}

#[async_trait]
impl ShutdownSignalWatch for Stopping {
    async fn recv(&self) -> ShutdownSignal {
        let Ok(mut signals) = Signals::new() else {
            tracing::error!("signals cannot be waited for");
            return ShutdownSignal::FastShutdown;
        };
        let leave = || {
            if self.life.leave() {
                tracing::info!("leaving: requests are served on until a signal to stop");
            }
        };
        let by_hand = signals.stop(leave).await;
        let mut stop = self.serving.load().stop();
        if by_hand {
            // Nobody balances load to a terminal.
            stop.delay = Duration::ZERO;
        }
        tracing::info!("stopping: running requests may end");
        notify::tell(State::Stopping);
        // One at a time asks for the next signal; that it should leave, it knows by then.
        let signals = Mutex::new(signals);
        let next = || async {
            signals.lock().await.stop(|| ()).await;
        };
        match self.life.end(stop, next).await {
            Ended::Drained => tracing::info!("stopped"),
            Ended::CutShort => tracing::warn!("stopped with requests still running"),
        }
        if !self.queue.flush(LAST_SPANS).await {
            tracing::warn!("stopped with spans that the collector does not have");
        }
        telemetry::flush();
        std::process::exit(0);
    }
}
