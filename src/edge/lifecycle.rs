//! From the first listener to the end of the process, and in which order the end comes.
//!
//! Owns the stages of a stop, of which the first may begin long before the others,
//! and how long each may take; must not know what is served, nor by whom. The order
//! is what loses no request: first nobody is sent here any more, then nothing is
//! accepted any more, then what is idle closes, and what runs is waited for.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use pingora::server::ShutdownWatch;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use crate::config::Stop;
use crate::spread::Spread;
use crate::telemetry::{InFlight, InFlightGuard};

/// How long a connection without a request may still bring one after the
/// listeners have closed. A client that sends on a kept connection at that
/// moment gets its answer (RFC 9112 9.3.1 lets it fail; RFC 9112 9.6).
const LINGER: Duration = Duration::from_secs(1);
/// How long requests that are cut off may take to be told of: for threads that
/// are busy. It is done in a moment.
const LAST_LINES: Duration = Duration::from_millis(900);
const STEP: Duration = Duration::from_millis(20);

/// The life of the process.
#[derive(Debug)]
pub struct Lifecycle {
    listening: AtomicBool,
    /// Since when nobody should send anything here any more.
    left: OnceLock<Instant>,
    /// The end comes by itself from here on.
    stopping: AtomicBool,
    /// In pingora's form: true once nothing is accepted any more.
    closing: watch::Sender<bool>,
    /// True once connections without a request are to close.
    clearing: watch::Sender<bool>,
    connections: Arc<AtomicUsize>,
    in_flight: InFlight,
    /// What still runs has to end, now.
    is_cut: AtomicBool,
    /// Says so to each thread by itself: every request waits for it.
    cut: Spread<Notify>,
}

/// How a stop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing was being served any more.
    Drained,
    /// Requests were still running.
    CutShort,
}

/// Counts one connection while it lives.
#[derive(Debug)]
pub(super) struct ConnectionGuard(Arc<AtomicUsize>);

impl ConnectionGuard {
    /// One more of these.
    pub(super) fn new(connections: &Arc<AtomicUsize>) -> Self {
        connections.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(connections))
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            listening: AtomicBool::new(false),
            left: OnceLock::new(),
            stopping: AtomicBool::new(false),
            closing: watch::Sender::new(false),
            clearing: watch::Sender::new(false),
            connections: Arc::default(),
            in_flight: InFlight::default(),
            is_cut: AtomicBool::new(false),
            cut: Spread::default(),
        }
    }
}

impl Lifecycle {
    /// The public listeners accept.
    pub(super) fn listens(&self) {
        self.listening.store(true, Ordering::Release);
    }

    /// Whether the public listeners accept.
    pub(super) fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Acquire)
    }

    /// Nobody should send anything here any more; whoever does is served all the
    /// same, until [`Self::end`]. Whether that is new.
    pub fn leave(&self) -> bool {
        self.left.set(Instant::now()).is_ok()
    }

    /// Whether nobody should send anything here any more: connections close with
    /// their next answer.
    pub(super) fn is_leaving(&self) -> bool {
        self.left.get().is_some()
    }

    /// Whether the end has begun, which needs nobody's further word.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Turns true when nothing is accepted any more.
    pub(super) fn closing(&self) -> ShutdownWatch {
        self.closing.subscribe()
    }

    /// Returns when nothing is accepted any more.
    pub(super) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        drop(closing.wait_for(|closing| *closing).await);
    }

    /// Returns when connections without a request have to close.
    pub(super) async fn clearing(&self) {
        // The sender is ours, so that this ends in no other way.
        let mut clearing = self.clearing.subscribe();
        drop(clearing.wait_for(|clearing| *clearing).await);
    }

    /// One more connection, until the guard is dropped.
    pub(super) fn connection(&self) -> ConnectionGuard {
        ConnectionGuard::new(&self.connections)
    }

    /// One more request, until the guard is dropped.
    pub(super) fn request(&self) -> InFlightGuard {
        self.in_flight.enter()
    }

    /// Serves to the end, or until what still runs is cut off: `None` then.
    pub(super) async fn until_cut<T>(
        &self,
        mut serve: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        // It hears what is said from here on, and the flag tells what was said before.
        let mut said = pin!(self.cut.own().notified());
        poll_fn(|context| {
            // Whatever it was woken by, it must not go on: one may have broken another.
            if self.is_cut.load(Ordering::SeqCst) {
                return Poll::Ready(None);
            }
            match serve.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending => said.as_mut().poll(context).map(|()| None),
            }
        })
        .await
    }

    /// The end, in its order. The delay runs since [`Self::leave`], if that was before.
    /// `hasten` is somebody's second word: it skips what is left of the delay, and
    /// after that of everything.
    pub async fn end<F: Future<Output = ()>>(
        &self,
        stop: Stop,
        mut hasten: impl FnMut() -> F,
    ) -> Ended {
        // First, so that whoever sees that it leaves sees why.
        self.stopping.store(true, Ordering::Relaxed);
        self.leave();
        let gone = self.left.get().map_or(Duration::ZERO, Instant::elapsed);
        let delay = stop.delay.saturating_sub(gone);
        if !delay.is_zero() {
            tokio::select! {
                () = sleep(delay) => {}
                () = hasten() => {}
            }
        }
        self.closing.send_replace(true);
        let drained = pin!(self.drained(stop.grace));
        let ended = tokio::select! {
            ended = drained => ended,
            () = hasten() => self.outcome(),
        };
        if ended == Ended::CutShort {
            self.cut_off().await;
        }
        ended
    }

    /// Ends what still runs, and waits until all of it has been told of.
    async fn cut_off(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        for cut in self.cut.iter() {
            cut.notify_waiters();
        }
        let began = Instant::now();
        while !self.in_flight.is_empty() && began.elapsed() < LAST_LINES {
            sleep(STEP).await;
        }
    }

    async fn drained(&self, grace: Duration) -> Ended {
        let began = Instant::now();
        self.until_no_connection(LINGER.min(grace)).await;
        self.clearing.send_replace(true);
        while !self.in_flight.is_empty() && began.elapsed() < grace {
            sleep(STEP).await;
        }
        // An answer by HTTP/2 leaves after its request has ended, by its connection.
        self.until_no_connection(LINGER.min(grace.saturating_sub(began.elapsed())))
            .await;
        self.outcome()
    }

    fn outcome(&self) -> Ended {
        match self.in_flight.is_empty() {
            true => Ended::Drained,
            false => Ended::CutShort,
        }
    }

    async fn until_no_connection(&self, patience: Duration) {
        let began = Instant::now();
        while self.connections.load(Ordering::Acquire) > 0 && began.elapsed() < patience {
            sleep(STEP).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn stop(delay: u64, grace: u64) -> Stop {
        Stop {
            delay: Duration::from_secs(delay),
            grace: Duration::from_secs(grace),
        }
    }

    /// How long the end takes, in seconds, while `held` is held.
    async fn end_of(life: &Lifecycle, stop: Stop) -> (Ended, u64) {
        let began = Instant::now();
        let ended = life.end(stop, pending::<()>).await;
        (ended, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn what_serves_nothing_ends_at_once() {
        let life = Lifecycle::default();
        assert_eq!(end_of(&life, stop(0, 25)).await, (Ended::Drained, 0));
        assert!(life.is_leaving() && *life.closing().borrow());
    }

    #[tokio::test(start_paused = true)]
    async fn it_leaves_before_it_closes() {
        let life = Arc::new(Lifecycle::default());
        let ending = tokio::spawn({
            let life = Arc::clone(&life);
            async move { end_of(&life, stop(5, 25)).await }
        });
        sleep(Duration::from_secs(4)).await;
        assert!(life.is_leaving(), "health checks say so from the start");
        assert!(!*life.closing().borrow(), "it accepts on");
        assert_eq!(ending.await.unwrap(), (Ended::Drained, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_runs_since_it_left_and_nothing_ends_by_leaving() {
        for (gone, left) in [(2, 3), (5, 0), (3600, 0)] {
            let life = Lifecycle::default();
            assert!(life.leave(), "that is new");
            sleep(Duration::from_secs(gone)).await;
            assert!(!life.leave(), "and the first time counts");
            assert!(life.is_leaving() && !life.is_stopping());
            assert!(!*life.closing().borrow(), "it accepts on");
            assert_eq!(end_of(&life, stop(5, 25)).await, (Ended::Drained, left));
            assert!(life.is_stopping());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn idle_connections_have_a_moment_and_requests_have_the_grace() {
        let life = Lifecycle::default();
        let _idle = life.connection();
        assert_eq!(end_of(&life, stop(0, 25)).await, (Ended::Drained, 2));
        let life = Lifecycle::default();
        let _request = life.request();
        assert_eq!(end_of(&life, stop(0, 25)).await, (Ended::CutShort, 25));
        let life = Lifecycle::default();
        let request = life.request();
        let connection = life.connection();
        tokio::spawn(async move {
            sleep(Duration::from_secs(7)).await;
            drop((request, connection));
        });
        assert_eq!(end_of(&life, stop(0, 25)).await, (Ended::Drained, 7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_cut_off_hears_of_it_and_may_tell_of_it() {
        let life = Arc::new(Lifecycle::default());
        let request = tokio::spawn({
            let (life, request) = (Arc::clone(&life), life.request());
            async move {
                let cut = life.until_cut(pin!(pending::<()>())).await;
                assert_eq!(cut, None);
                sleep(LAST_LINES / 2).await;
                drop(request);
            }
        });
        assert_eq!(end_of(&life, stop(0, 25)).await, (Ended::CutShort, 25));
        assert!(request.is_finished());
        // Whoever asks later hears it too.
        assert_eq!(life.until_cut(pin!(async {})).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_word_hastens_it() {
        let life = Lifecycle::default();
        let _request = life.request();
        let began = Instant::now();
        let ended = life
            .end(stop(60, 60), || sleep(Duration::from_secs(1)))
            .await;
        assert_eq!(
            (ended, began.elapsed().as_secs()),
            (Ended::CutShort, 2),
            "the first one ends the delay, the second one the rest"
        );
    }
}
