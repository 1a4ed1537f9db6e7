//! What is known of the provider by now: its endpoints and keys, fetched in
//! the background and swapped in as a whole.
//!
//! Owns the state. `schedule` says when to fetch, `discovery` where. A fetch
//! that fails changes nothing: the last good keys stay, until they are older
//! than the configuration allows.

mod discovery;
mod schedule;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use pingora::server::ShutdownWatch;
use pingora::services::background::BackgroundService;
use tokio::time::{sleep, sleep_until};

use self::discovery::Discovery;
pub use self::discovery::{DiscoveryError, Resolved, discovery_url};
pub use self::schedule::KeyRequest;
pub(super) use self::schedule::PAUSE;
use self::schedule::{Schedule, Turns};
use super::http::{Document, HttpClient};
use super::skew::ProviderClock;
use crate::clock;
use crate::config::Provider;
use crate::gate::time::UnixTime;
use crate::gate::token::{Algorithm, KeySet};

/// A snapshot of what is known.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Where to send browsers and codes.
    pub endpoints: Option<Resolved>,
    /// The document that the keys were read from, for the second opinion on ID tokens.
    pub key_document: Bytes,
    keys: Option<Arc<KeySet>>,
    fetched: Option<UnixTime>,
    max_age: Option<Duration>,
}

/// The provider as this process knows it.
pub struct ProviderState {
    discovery: Discovery,
    algorithms: Vec<Algorithm>,
    keys_max_age: Option<Duration>,
    http: HttpClient,
    clock: Arc<ProviderClock>,
    snapshot: ArcSwap<Snapshot>,
    ready: AtomicBool,
    turns: Turns,
}

/// How much is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Discovery and keys.
    All,
    /// Keys, from where they were the last time.
    Keys,
}

impl std::fmt::Debug for ProviderState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderState")
            .field("issuer", &self.discovery.issuer())
            .finish_non_exhaustive()
    }
}

/// Finds a provider's endpoints, as the background does it.
///
/// # Errors
/// See [`DiscoveryError`].
pub async fn resolve(provider: &Provider, http: &HttpClient) -> Result<Resolved, DiscoveryError> {
    Discovery::new(provider).resolve(http).await
}

impl Snapshot {
    /// The provider's keys, unless they have not been seen for too long.
    #[must_use]
    pub fn keys(&self, now: UnixTime) -> Option<&KeySet> {
        let keys = self.keys.as_deref()?;
        match (self.max_age, self.keys_age(now)) {
            (Some(max), Some(age)) if age > max => None,
            _ => Some(keys),
        }
    }

    fn has_userinfo(&self) -> bool {
        let endpoints = self.endpoints.as_ref();
        endpoints.is_some_and(|endpoints| endpoints.userinfo.is_some())
    }

    /// The same, with keys that may become this old.
    fn aged(&self, max_age: Option<Duration>) -> Self {
        Self {
            max_age,
            ..self.clone()
        }
    }

    /// How long ago the keys were fetched, once they were.
    #[must_use]
    pub fn keys_age(&self, now: UnixTime) -> Option<Duration> {
        Some(Duration::from_secs(now.since(self.fetched?)))
    }
}

impl ProviderState {
    /// Nothing is known yet; [`BackgroundService::start`] finds it out.
    #[must_use]
    pub fn new(provider: &Provider, http: HttpClient) -> Self {
        Self::after(None, provider, http)
    }

    /// The same provider under another configuration. Its keys are still its keys
    /// if they are found and read as before: they are good until the first fetch,
    /// which goes at once, has brought them anew.
    #[must_use]
    pub fn after(before: Option<&Self>, provider: &Provider, http: HttpClient) -> Self {
        let clock = Arc::new(ProviderClock::new(&provider.issuer));
        let discovery = Discovery::new(provider);
        let before = before.filter(|before| {
            before.discovery.finds_the_same(&discovery)
                && before.algorithms == provider.signing_algorithms
                && (!provider.userinfo || before.snapshot.load().has_userinfo())
        });
        let snapshot = before.map(|before| before.snapshot.load().aged(provider.keys_max_age));
        let is_ready = before.is_some_and(Self::is_ready);
        Self {
            discovery,
            algorithms: provider.signing_algorithms.clone(),
            keys_max_age: provider.keys_max_age,
            http: http.towards(&provider.http).watching(Arc::clone(&clock)),
            clock,
            snapshot: ArcSwap::from_pointee(snapshot.unwrap_or_default()),
            ready: AtomicBool::new(is_ready),
            turns: Turns::new(),
        }
    }

    /// The client for all that is asked of this provider.
    #[must_use]
    pub fn http(&self) -> HttpClient {
        self.http.clone()
    }

    /// By how many seconds this machine's clock is ahead of the provider's;
    /// negative if it is behind. Nothing until the provider has said so.
    #[must_use]
    pub fn clock_ahead(&self) -> Option<i64> {
        self.clock.ahead()
    }

    /// What is known now.
    pub fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Whether endpoints and keys have been seen once.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// A token named a key that is not known: fetches again, as soon as that is
    /// permitted. Who does not wait for the answer drops it.
    pub fn ask_for_keys(&self) -> KeyRequest {
        self.turns.ask()
    }

    async fn fetch(&self, scope: Scope) -> Result<(Snapshot, Option<Duration>), DiscoveryError> {
        let known = self.snapshot.load_full();
        let endpoints = self.endpoints(scope, known.endpoints.as_ref()).await?;
        let document = self.http.get(&endpoints.jwks).await;
        let Document { body, max_age } = document.map_err(|source| DiscoveryError::Fetch {
            document: "keys",
            source,
        })?;
        // The same document: the same keys, parsed already.
        let keys = match &known.keys {
            Some(keys) if known.key_document == body => Arc::clone(keys),
            _ => Arc::new(KeySet::parse(&body, &self.algorithms)?),
        };
        let snapshot = Snapshot {
            endpoints: Some(endpoints),
            key_document: body,
            keys: Some(keys),
            fetched: Some(clock::now()),
            max_age: self.keys_max_age,
        };
        Ok((snapshot, max_age))
    }

    /// Keys are fetched from the last known place also while discovery fails.
    async fn endpoints(
        &self,
        scope: Scope,
        known: Option<&Resolved>,
    ) -> Result<Resolved, DiscoveryError> {
        match (scope, known) {
            (Scope::Keys, Some(known)) => Ok(known.clone()),
            (_, None) => self.discovery.resolve(&self.http).await,
            (Scope::All, Some(known)) => {
                let found = self.discovery.resolve(&self.http).await;
                Ok(found.unwrap_or_else(|error| {
                    let issuer = self.discovery.issuer();
                    tracing::warn!(%issuer, %error, "endpoints cannot be asked for; the last ones stay");
                    known.clone()
                }))
            }
        }
    }

    fn take(&self, snapshot: Snapshot) {
        let issuer = self.discovery.issuer();
        let before = self.snapshot.swap(Arc::new(snapshot));
        let now = self.snapshot.load();
        match (&before.keys, &now.keys) {
            (None, Some(keys)) => tracing::info!(%issuer, keys = keys.len(), "provider is known"),
            (Some(old), Some(keys)) if !keys.holds_all_of(old) => {
                tracing::info!(%issuer, keys = keys.len(), "a key of the provider is gone: its tokens count no more");
            }
            (Some(old), Some(keys)) if !old.holds_all_of(keys) => {
                tracing::info!(%issuer, keys = keys.len(), "the provider has a new key");
            }
            _ => {}
        }
        self.ready.store(true, Ordering::Release);
    }

    fn lament(&self, error: &DiscoveryError) {
        let issuer = self.discovery.issuer();
        let (snapshot, now) = (self.snapshot.load(), clock::now());
        match snapshot.keys_age(now).map(|age| age.as_secs()) {
            None => tracing::warn!(%issuer, %error, "provider cannot be asked"),
            Some(keys_age_seconds) if snapshot.keys(now).is_none() => tracing::error!(
                %issuer, %error, keys_age_seconds,
                "provider cannot be asked, and its keys are older than keys_max_age: nobody gets in"
            ),
            Some(keys_age_seconds) => tracing::warn!(
                %issuer, %error, keys_age_seconds,
                "provider cannot be asked; its last keys stay in use"
            ),
        }
    }
}

/// However the task ends that asks the provider, nobody goes on waiting for it.
struct Closing<'t>(&'t Turns);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[async_trait]
impl BackgroundService for ProviderState {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let _closing = Closing(&self.turns);
        let mut schedule = Schedule::default();
        let mut questions = self.turns.questions();
        let mut scope = Scope::All;
        loop {
            self.turns.begin(&mut questions);
            let wait = match self.fetch(scope).await {
                Ok((snapshot, max_age)) => {
                    self.take(snapshot);
                    schedule.after_success(max_age)
                }
                Err(error) => {
                    self.lament(&error);
                    schedule.after_failure()
                }
            };
            self.turns.end();
            let question = async {
                // While nothing is known, the retries are quick enough.
                if !self.is_ready() || questions.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                sleep_until(self.turns.next()).await;
            };
            scope = tokio::select! {
                () = sleep(wait) => Scope::All,
                () = question => Scope::Keys,
                _ = shutdown.changed() => return,
            };
        }
    }
}
