//! A changed configuration takes effect while requests go on.
//!
//! Owns when the files are looked at, and what is done about a change. Decides
//! nothing about what is in them: a configuration with mistakes changes
//! nothing. What a request began with, it ends with.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use pingora::server::ShutdownWatch;
use pingora::services::background::BackgroundService;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::links::{Link, Links};
use super::notify::{self, State};
use super::provider::ProviderState;
use super::serving::{Current, Serving};
use crate::config::Config;
use crate::config::load::{Loaded, Sources, load_with_sources};

/// How often the files are looked at. By their contents: mounted ones are
/// swapped by symbolic links, and their times say nothing.
const LOOK: Duration = Duration::from_secs(2);
/// How long new providers may take to be known before it is served by all the same.
const PROVIDER_PATIENCE: Duration = Duration::from_secs(10);
/// How long a provider that is served by no more is asked on.
const LINGER: Duration = Duration::from_secs(30);
const PROVIDER_STEP: Duration = Duration::from_millis(50);

/// Takes up changed configurations, and keeps what is known of the providers fresh.
pub struct Reloader {
    path: PathBuf,
    first: Sources,
    fixed: Fixed,
    serving: Arc<Current>,
}

/// What only a restart can change, as text.
#[derive(Clone, PartialEq, Eq)]
struct Fixed(Vec<(&'static str, String)>);

impl Fixed {
    fn of(config: &Config) -> Self {
        let server = &config.server;
        Self(vec![
            ("server.listen", format!("{:?}", server.listen)),
            ("server.socket_mode", format!("{:o}", server.socket_mode)),
            ("server.tls", server.tls.is_some().to_string()),
            ("server.admin_listen", server.admin_listen.to_string()),
            ("server.threads", server.threads.to_string()),
            (
                "server.max_connections",
                format!("{:?}", server.max_connections),
            ),
            ("log.format", format!("{:?}", config.log.format)),
            ("log.level", config.log.level.to_string()),
        ])
    }
}

impl std::fmt::Debug for Reloader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloader")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A provider that is being asked in the background, until this is dropped.
struct Kept {
    provider: Arc<ProviderState>,
    task: JoinHandle<()>,
    _end: watch::Sender<bool>,
}

impl Kept {
    fn fresh(provider: &Arc<ProviderState>) -> Self {
        let (end, shutdown) = watch::channel(false);
        let kept = Arc::clone(provider);
        Self {
            provider: Arc::clone(provider),
            task: tokio::spawn(async move { kept.start(shutdown).await }),
            _end: end,
        }
    }
}

/// All providers that are served by.
struct AllKept(Vec<Arc<Kept>>);

impl AllKept {
    /// Those of other links; a provider that is still the same is asked on.
    fn followed_by(&self, links: &Links) -> Self {
        let kept = links.iter().map(Link::state).map(|state| {
            let same = self.find(state);
            same.map_or_else(|| Arc::new(Kept::fresh(state)), Arc::clone)
        });
        Self(kept.collect())
    }

    fn find(&self, state: &Arc<ProviderState>) -> Option<&Arc<Kept>> {
        let mut all = self.0.iter();
        all.find(|kept| Arc::ptr_eq(&kept.provider, state))
    }

    /// Others are served by. Requests that began with these may still be waiting
    /// for a key of one, so they go on for as long as they do.
    fn linger(self) {
        tokio::spawn(async move {
            sleep(LINGER).await;
            drop(self);
        });
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reloader {
    /// Follows the file that this configuration was read from.
    #[must_use]
    pub fn new(path: PathBuf, config: &Config, first: Sources, serving: Arc<Current>) -> Self {
        Self {
            path,
            first,
            fixed: Fixed::of(config),
            serving,
        }
    }

    /// The files as they are now. They may be on a slow mount.
    async fn read(&self) -> Option<(Result<Loaded, String>, Sources)> {
        let path = self.path.clone();
        let read = move || {
            let (loaded, sources) = load_with_sources(&path);
            (loaded.map_err(|errors| errors.to_string()), sources)
        };
        tokio::task::spawn_blocking(read).await.ok()
    }

    /// Serves by a new configuration, or says why not.
    async fn take_up(&self, loaded: Result<Loaded, String>, kept: &mut AllKept) {
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(errors) => {
                self.refused();
                tracing::error!(
                    error = %errors,
                    "the new configuration is refused; the old one stays"
                );
                return;
            }
        };
        for warning in &loaded.warnings {
            tracing::warn!(warning = %warning, "configuration");
        }
        let config = &loaded.config;
        let Fixed(fixed) = Fixed::of(config);
        for (key, _) in fixed
            .iter()
            .zip(&self.fixed.0)
            .filter(|(new, old)| new != old)
            .map(|(new, _)| new)
        {
            tracing::warn!(key, "this key takes effect with the next start");
        }
        let next = match self.serving.load().succeeded_by(config) {
            Ok(next) => Arc::new(next),
            Err(error) => {
                self.refused();
                tracing::error!(%error, "the new configuration is refused; the old one stays");
                return;
            }
        };
        let known = kept.followed_by(next.links());
        await_new(next.links(), kept).await;
        self.serve_by(next);
        std::mem::replace(kept, known).linger();
    }

    fn refused(&self) {
        let serving = self.serving.load();
        let reloads = &serving.counters.reloads;
        reloads.refused.fetch_add(1, Ordering::Relaxed);
        reloads.is_refused.store(true, Ordering::Relaxed);
    }

    fn serve_by(&self, next: Arc<Serving>) {
        let before = self.serving.swap(Arc::clone(&next));
        next.take_over();
        before.gate.retire();
        let reloads = &next.counters.reloads;
        reloads.done.fetch_add(1, Ordering::Relaxed);
        reloads.is_refused.store(false, Ordering::Relaxed);
        tracing::info!("the configuration was reloaded");
    }
}

/// Requests go by the old configuration until the keys of new providers are
/// there; one that was out before keeps nothing up.
async fn await_new(links: &Links, before: &AllKept) {
    let began = Instant::now();
    let is_missing = |link: &&Link| before.find(link.state()).is_none() && !link.state().is_ready();
    while links.iter().any(|link| is_missing(&link)) {
        if began.elapsed() > PROVIDER_PATIENCE {
            let out: Vec<&str> = links.iter().filter(is_missing).map(Link::id).collect();
            tracing::warn!(
                providers = out.join(", "),
                "new providers cannot be asked yet; sign-in through them is not available until then"
            );
            return;
        }
        sleep(PROVIDER_STEP).await;
    }
}

#[async_trait]
impl BackgroundService for Reloader {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let mut kept = AllKept(Vec::new()).followed_by(self.serving.load().links());
        let mut hangups = signal(SignalKind::hangup()).ok();
        // What is served by or was refused, and what was seen at the last look.
        let (mut settled, mut seen) = (self.first.clone(), self.first.clone());
        loop {
            let is_asked = tokio::select! {
                () = sleep(LOOK) => false,
                () = hangup(&mut hangups) => true,
                _ = shutdown.changed() => return,
            };
            // Nothing is converted for a look at what has not changed.
            if !is_asked && seen == settled && is_the_same(&seen).await {
                continue;
            }
            let Some((loaded, sources)) = self.read().await else {
                continue;
            };
            // Files that change one after the other are taken up together.
            let is_stable = sources == seen;
            seen = sources;
            if is_asked {
                notify::tell(State::Reloading);
            }
            if is_asked || (is_stable && seen != settled) {
                settled = seen.clone();
                self.take_up(loaded, &mut kept).await;
            }
            if is_asked {
                notify::tell(State::Ready);
            }
        }
    }
}

/// Whether the files are still what they were. They may be on a slow mount.
async fn is_the_same(seen: &Sources) -> bool {
    let before = seen.clone();
    let look = move || before.read_again() == before;
    tokio::task::spawn_blocking(look).await.unwrap_or(false)
}

async fn hangup(hangups: &mut Option<Signal>) {
    match hangups {
        Some(hangups) => {
            hangups.recv().await;
        }
        None => std::future::pending().await,
    }
}
