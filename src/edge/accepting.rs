//! Accepts connections until the end begins, and loses none then.
//!
//! Owns the loop over a listener. Must not know what is served on it. pingora's
//! own loop closes a listener together with what the kernel has taken in for it
//! already, and drops connections on which no request has arrived yet: both are
//! requests that fail at each stop under load.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::lanes::{Lane, Lanes, lanes};
use super::lifecycle::{ConnectionGuard, Lifecycle};
use super::listeners::{Listener, Opened};
use super::places::{Place, Places, Seldom};
use super::serving::Current;
use crate::telemetry;

/// How long connections wait for providers that are not known yet, after the start.
const READY_PATIENCE: Duration = Duration::from_secs(3);
const READY_STEP: Duration = Duration::from_millis(10);
/// Without a free file descriptor, connections wait at the kernel.
const BREATH: Duration = Duration::from_secs(1);

/// A service on listeners that are open. Its thread serves a share of their
/// connections too.
pub struct Accepting<A> {
    lanes: Arc<Lanes>,
    lane: Lane<A>,
    listeners: Vec<Opened>,
    life: Arc<Lifecycle>,
    /// For those who are connected.
    places: Arc<Places>,
    /// Called once all of them accept.
    accepts: fn(),
    /// Whose providers have to be known first.
    awaited: Option<Arc<Current>>,
}

impl<A> std::fmt::Debug for Accepting<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accepting")
            .field("lane", &self.lane)
            .finish_non_exhaustive()
    }
}

impl<A> Accepting<A> {
    /// Serves by `app` until `life` closes, on so many threads: that of this service,
    /// and those of the other ones. Calls `accepts` once all listeners do.
    #[must_use]
    pub fn new(
        name: &'static str,
        app: A,
        threads: usize,
        listeners: Vec<Opened>,
        life: Arc<Lifecycle>,
        accepts: fn(),
    ) -> (Self, Vec<Lane<A>>) {
        let (lanes, lane, others) = lanes(name, app, threads, &life);
        let accepting = Self {
            lanes: Arc::new(lanes),
            lane,
            listeners,
            life,
            places: Arc::new(Places::unlimited()),
            accepts,
            awaited: None,
        };
        (accepting, others)
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

    /// Takes up no more clients than there are places.
    #[must_use]
    pub fn within(self, places: Arc<Places>) -> Self {
        Self { places, ..self }
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
        let mut loops = JoinSet::new();
        for opened in std::mem::take(&mut self.listeners) {
            let address = opened.address.clone();
            let listener = match opened.into_listener() {
                Ok(listener) => listener,
                Err(error) => {
                    tracing::error!(%error, %address, "the listener cannot be used");
                    unusable("a listener cannot be used")
                }
            };
            let accept = Accept {
                lanes: Arc::clone(&self.lanes),
                life: Arc::clone(&self.life),
                places: Arc::clone(&self.places),
                told: Seldom::default(),
                _until_handed_over: self.life.connection(),
            };
            tracing::info!(%address, "listening");
            loops.spawn(accept.run(listener));
        }
        self.life.listens();
        (self.accepts)();
        let watch = async {
            while let Some(ended) = loops.join_next().await {
                if ended.is_err() {
                    unusable("a listener ended by itself");
                }
            }
        };
        tokio::join!(watch, self.lane.serve());
    }

    fn name(&self) -> &str {
        self.lane.name()
    }

    fn threads(&self) -> Option<usize> {
        self.lane.threads()
    }
}

/// Ends the process: listeners that do accept would have everybody believe that all do.
fn unusable(why: &'static str) -> ! {
    tracing::error!("stopped: {why}");
    telemetry::flush();
    std::process::exit(1)
}

struct Accept {
    lanes: Arc<Lanes>,
    life: Arc<Lifecycle>,
    places: Arc<Places>,
    /// That nobody can be taken up.
    told: Seldom,
    /// The end waits for what is accepted last.
    _until_handed_over: ConnectionGuard,
}

impl Accept {
    async fn run(self, listener: Listener) {
        while let Some(place) = self.place().await {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.life.closed() => break,
            };
            match accepted {
                Ok(socket) => self.lanes.take(socket, self.places.take(place)),
                Err(error) => tokio::select! {
                    () = self.refused(&error) => {}
                    () = self.life.closed() => break,
                },
            }
        }
        // Whoever is connected already may ask, and is told that it was the last time. Without
        // waiting for anybody else, so that as little as can be lies between the last look and the end.
        let Ok(listener) = listener.into_bound() else {
            return;
        };
        while let Some(place) = self.places.try_keep()
            && let Ok(socket) = listener.accept()
        {
            self.lanes.take(socket, self.places.take(place));
        }
    }

    /// For the next client; `None` once nobody is accepted any more.
    async fn place(&self) -> Option<Place> {
        if let Some(place) = self.places.try_keep() {
            return Some(place);
        }
        tokio::select! {
            place = self.places.keep() => Some(place),
            () = self.life.closed() => None,
        }
    }

    /// A connection that ended before it was accepted is nothing; a lack of file
    /// descriptors is told, though not each time, and waited for.
    async fn refused(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return;
        }
        if self.told.may_tell(Instant::now()) {
            tracing::error!(%error, "a connection cannot be accepted; it is tried again every second");
        }
        sleep(BREATH).await;
    }
}
