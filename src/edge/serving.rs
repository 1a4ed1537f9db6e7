//! What one configuration has come to: the core, the providers and the apps, as
//! they stand together. A reload puts another one in its place; a request keeps
//! the one that it began with.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use http::HeaderValue;
use pingora::proxy::Session;
use rustls::sign::CertifiedKey;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::collector::{Target, Targets};
use super::form::FORMS_READ_MAX;
use super::handshake::Failures;
use super::http::HttpClient;
use super::leash::Ends;
use super::links::Links;
use super::missing_key::WAITERS_MAX;
use super::refresh::{Flight, Refresher};
use super::upstream::Resolver;
use super::view::{FramingError, Received};
use crate::clock;
use crate::config::{ClientTimeouts, Config, Stop};
use crate::gate::refresh::Outcome;
use crate::gate::reply::Reply;
use crate::gate::request::RequestView;
use crate::gate::{Decision, Effect, Forward, Gate, NoSessionKey};
use crate::telemetry::{Phases, Telemetry, Told};

/// How long an answer of the app waits for newer tokens, so as to carry them.
const HEAD_WAIT: Duration = Duration::from_millis(500);

/// What is being served by, for whoever begins something now.
pub type Current = ArcSwap<Serving>;

/// One configuration at work.
pub struct Serving {
    pub(super) gate: Arc<Gate>,
    pub(super) links: Arc<Links>,
    pub(super) refresher: Arc<Refresher>,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) ends: Arc<Ends>,
    pub(super) limits: Arc<Limits>,
    pub(super) counters: Arc<Counters>,
    was_ready: Arc<AtomicBool>,
    /// `Strict-Transport-Security`, where it is wanted.
    pub(super) hsts: Option<HeaderValue>,
    /// How the process stops.
    stop: Stop,
    /// How long clients may take.
    pub(super) client: ClientTimeouts,
    /// What handshakes are answered with.
    certificate: Option<Arc<CertifiedKey>>,
    upstreams: Vec<Resolver>,
    /// Where spans go, and where that is looked up.
    target: Option<Arc<Target>>,
    collector: Targets,
    http: HttpClient,
}

/// What is counted from the start of the process on.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) reloads: ReloadCounters,
    pub(super) logins: Logins,
    /// TLS handshakes that failed.
    pub(super) handshakes: Failures,
}

/// Logins by provider: how many were begun, and how they ended once somebody
/// came back with a code. Names are those of the configuration.
#[derive(Debug, Default)]
pub(super) struct Logins(Mutex<BTreeMap<(String, &'static str), u64>>);

impl Logins {
    pub(super) const RESULTS: [&str; 3] = ["started", "done", "failed"];

    /// One more; `result` is one of [`RESULTS`](Self::RESULTS).
    pub(super) fn count(&self, provider: &str, result: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((provider.to_owned(), result)).or_default() += 1;
    }

    /// So far.
    pub(super) fn of(&self, provider: &str, result: &'static str) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&(provider.to_owned(), result));
        count.copied().unwrap_or(0)
    }
}

/// How reloads ended.
#[derive(Debug, Default)]
pub(super) struct ReloadCounters {
    /// Taken up.
    pub(super) done: AtomicU64,
    /// Refused for their mistakes.
    pub(super) refused: AtomicU64,
    /// Whether the last one was: what is in the files now would not start.
    pub(super) is_refused: AtomicBool,
}

/// How much may be under way at once, whatever was reloaded since.
pub(super) struct Limits {
    pub(super) key_waiters: Semaphore,
    pub(super) forms: Semaphore,
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serving")
            .field("links", &self.links)
            .finish_non_exhaustive()
    }
}

impl Serving {
    /// The first one.
    ///
    /// # Errors
    /// Without a session key; a [`Config`] that was loaded has one.
    pub fn new(
        config: &Config,
        gate: Gate,
        http: HttpClient,
        told: Told,
    ) -> Result<Self, NoSessionKey> {
        let gate = Arc::new(gate);
        let first_key = config.session.keys.first().ok_or(NoSessionKey)?;
        let telemetry = Arc::new(Telemetry::new(config, first_key, told));
        let target = Target::of(config.telemetry.otlp.as_ref(), &http);
        let links = Arc::new(Links::new(config, &http));
        Ok(Self {
            ends: Arc::new(Ends::new(Arc::clone(&gate), Arc::clone(&telemetry))),
            gate,
            refresher: Arc::new(Refresher::new(Arc::clone(&links))),
            links,
            telemetry,
            limits: Arc::new(Limits {
                key_waiters: Semaphore::new(WAITERS_MAX),
                forms: Semaphore::new(FORMS_READ_MAX),
            }),
            counters: Arc::default(),
            was_ready: Arc::default(),
            hsts: config.server.hsts.clone(),
            stop: config.server.stop,
            client: config.server.timeouts,
            certificate: certificate(config),
            upstreams: resolvers(config),
            target,
            collector: Arc::default(),
            http,
        })
    }

    /// The one that takes this one's place under a new configuration. What is
    /// known of a provider stays if it is the same one; what this instance
    /// remembers of sessions, and refreshes under way, stay in any case.
    ///
    /// # Errors
    /// Without a session key; a [`Config`] that was loaded has one.
    pub fn succeeded_by(&self, config: &Config) -> Result<Self, NoSessionKey> {
        // Also if nobody has asked.
        let _is_ready = self.is_ready();
        let gate = Arc::new(self.gate.succeeded_by(config, clock::now())?);
        let first_key = config.session.keys.first().ok_or(NoSessionKey)?;
        let http = self.http.clone();
        let links = Arc::new(self.links.succeeded_by(config, &http));
        let told = self.telemetry.told().clone();
        Ok(Self {
            gate,
            refresher: Arc::new(self.refresher.succeeded_by(Arc::clone(&links))),
            links,
            telemetry: Arc::new(Telemetry::new(config, first_key, told)),
            ends: Arc::clone(&self.ends),
            limits: Arc::clone(&self.limits),
            counters: Arc::clone(&self.counters),
            was_ready: Arc::clone(&self.was_ready),
            hsts: config.server.hsts.clone(),
            stop: config.server.stop,
            client: config.server.timeouts,
            // Listeners that speak TLS do so until the next start.
            certificate: certificate(config).or_else(|| self.certificate()),
            upstreams: resolvers(config),
            target: Target::of(config.telemetry.otlp.as_ref(), &http),
            collector: Arc::clone(&self.collector),
            http,
        })
    }

    /// Whether endpoints and keys of every provider have been seen. Only the start
    /// of the process waits for that: a provider that a reload adds or changes,
    /// and that does not answer, must not take an instance out of its load
    /// balancer that serves the people of all others (ADR 21).
    #[must_use]
    pub fn is_ready(&self) -> bool {
        if !self.was_ready.load(Ordering::Acquire) && self.links.unseen().next().is_none() {
            self.was_ready.store(true, Ordering::Release);
        }
        self.was_ready.load(Ordering::Acquire)
    }

    /// How the process stops under this configuration.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop
    }

    /// The providers.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// From now on, open connections are held against this one, and spans go
    /// where it says.
    pub fn take_over(&self) {
        self.collector.store(self.target.clone());
        self.ends
            .follow(Arc::clone(&self.gate), Arc::clone(&self.telemetry));
    }

    /// Where spans go at the moment.
    #[must_use]
    pub fn collector(&self) -> Targets {
        Arc::clone(&self.collector)
    }

    /// What is told of requests.
    #[must_use]
    pub fn told(&self) -> &Told {
        self.telemetry.told()
    }

    /// When open connections have to end.
    pub(super) fn ends(&self) -> &Arc<Ends> {
        &self.ends
    }

    /// What a handshake is answered with at the moment.
    pub(super) fn certificate(&self) -> Option<Arc<CertifiedKey>> {
        self.certificate.clone()
    }

    /// The app that a request goes to.
    pub(super) fn app(&self, forward: &Forward) -> Option<&Resolver> {
        self.upstreams.get(forward.upstream)
    }

    /// Asks the core, and does what it asks for first: an effect on the
    /// provider's side, then, if it comes to that, the reading of a form. Notes
    /// how long it waited for the provider.
    pub(super) async fn fate_of(
        &self,
        session: &mut Session,
        client: Option<IpAddr>,
        phases: &mut Phases,
    ) -> Result<Decision, FramingError> {
        let received = Received::of(session)?;
        let mut decision = self.decide_with_keys(&received, client, phases).await;
        if !matches!(decision, Decision::Perform(Effect::KeepForm(_)))
            && let Decision::Perform(effect) = decision
        {
            let since = Instant::now();
            decision = self.perform(effect, received.into_owned(), client).await;
            phases.waited(since);
        }
        match decision {
            Decision::Perform(Effect::KeepForm(ask)) => {
                Ok(Decision::Reply(self.keep_form(session, ask).await))
            }
            decision => Ok(decision),
        }
    }

    /// Asks the core.
    pub(super) fn decide(&self, received: &Received<'_>, client: Option<IpAddr>) -> Decision {
        match received.view() {
            Ok(view) => self.decide_on(&view, client, None),
            Err(error) => {
                let reply = Reply::bad_request(&error.to_string(), "request_unreadable");
                Decision::Reply(reply)
            }
        }
    }

    /// The same, once the refresh that it asked for is over.
    pub(super) fn decide_on(
        &self,
        view: &RequestView<'_>,
        client: Option<IpAddr>,
        refreshed: Option<&Outcome>,
    ) -> Decision {
        let now = clock::now();
        self.links.with_known(refreshed, now, |known| {
            self.gate
                .decide(view, known, client, now, &mut clock::random)
        })
    }

    /// The cookies of an answer whose head is there: those that were decided
    /// upon, or newer ones if the session has been refreshed since. Whoever
    /// began the refresh waits a little for it.
    pub(super) async fn cookies_for_head(
        &self,
        session: &Session,
        forward: &Forward,
        flight: Option<Flight>,
    ) -> Vec<String> {
        if let Some(flight) = flight
            && timeout(HEAD_WAIT, flight.end()).await.is_err()
        {
            tracing::debug!("the app's answer does not wait for newer tokens any longer");
        }
        let mark = forward.mark.as_ref();
        let since = mark
            .filter(|mark| self.gate.has_newer(mark))
            .and_then(|mark| {
                let received = Received::of(session).ok()?;
                let view = received.view().ok()?;
                let now = clock::now();
                let cookies = self
                    .gate
                    .cookies_since(mark, &view, now, &mut clock::random);
                (!cookies.is_empty()).then_some(cookies)
            });
        if since.is_some() || forward.set_cookies.is_empty() {
            return since.unwrap_or_default();
        }
        // The person may have signed out since, or another tab may have brought
        // a newer cookie already.
        match (&forward.lease, mark) {
            (Some(lease), Some(mark)) if self.gate.may_write(lease, mark, clock::now()) => {
                forward.set_cookies.clone()
            }
            _ => Vec::new(),
        }
    }
}

fn certificate(config: &Config) -> Option<Arc<CertifiedKey>> {
    config.server.tls.as_ref()?.certified()
}

fn resolvers(config: &Config) -> Vec<Resolver> {
    config.upstreams.apps.iter().map(Resolver::new).collect()
}
