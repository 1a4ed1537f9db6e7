//! When a provider's keys are fetched, and how those who wait for them hear of it.
//!
//! Owns the times. Whatever clients send, fetches for the sake of key ids begin
//! at least [`PAUSE`] apart, and all who wait share one.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Between the beginnings of two fetches that key ids ask for (field.md R19).
pub(crate) const PAUSE: Duration = Duration::from_secs(10);
/// Keys are fetched anew after this time if the provider names none.
const REFRESH: Duration = Duration::from_secs(15 * 60);
/// Not sooner, whatever it names: nobody shall make us a nuisance to it.
const REFRESH_MIN: Duration = Duration::from_secs(5 * 60);
/// Not later: a key that the provider has withdrawn is good for an hour at most.
const REFRESH_MAX: Duration = Duration::from_secs(60 * 60);
/// Waits between attempts while nothing is known yet.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_FIRST_RETRY: Duration = Duration::from_secs(15);
/// Waits between attempts while the last good keys are in use.
const RETRY: Duration = PAUSE;
const LAST_RETRY: Duration = REFRESH_MIN;

/// When to fetch next.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    is_known: bool,
    failures: u32,
}

impl Schedule {
    /// How long to wait after a fetch whose answer may be kept for `max_age`.
    pub(super) fn after_success(&mut self, max_age: Option<Duration>) -> Duration {
        self.is_known = true;
        self.failures = 0;
        max_age.map_or(REFRESH, |age| age.clamp(REFRESH_MIN, REFRESH_MAX))
    }

    /// How long to wait after a fetch that brought nothing: twice as long each time.
    pub(super) fn after_failure(&mut self) -> Duration {
        let (first, last) = match self.is_known {
            false => (FIRST_RETRY, LAST_FIRST_RETRY),
            true => (RETRY, LAST_RETRY),
        };
        let wait = first.saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        wait.min(last)
    }
}

/// What everybody may know of the fetches.
#[derive(Clone, Copy, Debug)]
struct Progress {
    /// How many have begun, and how many of these have ended.
    begun: u64,
    ended: u64,
    /// No fetch for a key id begins sooner.
    next: Instant,
    /// There are no more fetches.
    is_over: bool,
}

/// The meeting place of those who miss a key and the one task that fetches.
pub(super) struct Turns {
    wanted: watch::Sender<()>,
    progress: watch::Sender<Progress>,
}

/// Someone misses a key, and has asked for it.
#[derive(Debug)]
pub struct KeyRequest {
    progress: watch::Receiver<Progress>,
    asked: Instant,
    /// How many fetches had begun by then.
    begun: u64,
    seen: u64,
    is_prompt: bool,
}

impl Turns {
    pub(super) fn new() -> Self {
        let progress = Progress {
            begun: 0,
            ended: 0,
            next: Instant::now(),
            is_over: false,
        };
        Self {
            wanted: watch::Sender::new(()),
            progress: watch::Sender::new(progress),
        }
    }

    /// Asks for a fetch, as soon as one is permitted.
    pub(super) fn ask(&self) -> KeyRequest {
        let progress = self.progress.subscribe();
        let now = *progress.borrow();
        self.wanted.send_replace(());
        KeyRequest {
            progress,
            asked: Instant::now(),
            begun: now.begun,
            seen: now.ended,
            is_prompt: !now.is_over && (now.begun > now.ended || Instant::now() >= now.next),
        }
    }

    /// For the fetching task: hears of every question.
    pub(super) fn questions(&self) -> watch::Receiver<()> {
        self.wanted.subscribe()
    }

    /// A fetch begins; it answers all questions so far.
    pub(super) fn begin(&self, questions: &mut watch::Receiver<()>) {
        questions.mark_unchanged();
        self.progress.send_modify(|progress| {
            progress.begun += 1;
            progress.next = Instant::now() + PAUSE;
        });
    }

    /// It has ended, one way or the other.
    pub(super) fn end(&self) {
        self.progress
            .send_modify(|progress| progress.ended = progress.begun);
    }

    /// There are no more fetches from now on: nobody waits for one.
    pub(super) fn close(&self) {
        self.progress
            .send_modify(|progress| progress.is_over = true);
    }

    /// When the next fetch for a key id may begin.
    pub(super) fn next(&self) -> Instant {
        self.progress.borrow().next
    }
}

impl KeyRequest {
    /// Whether a fetch runs already, or begins at once: then its answer is a
    /// matter of one round trip.
    #[must_use]
    pub fn is_prompt(&self) -> bool {
        self.is_prompt
    }

    /// Waits for the end of a fetch: look again then. False if there is nothing
    /// left to wait for, because a fetch that began after the question has ended,
    /// there are no more of them, or `patience`, which counts from the question,
    /// is over.
    pub async fn answered(&mut self, patience: Duration) -> bool {
        if self.seen > self.begun {
            return false;
        }
        let seen = self.seen;
        let is_news = |progress: &Progress| progress.ended > seen || progress.is_over;
        let next = self.progress.wait_for(is_news);
        match timeout_at(self.asked + patience, next).await {
            Ok(Ok(progress)) if progress.ended > seen => {
                self.seen = progress.ended;
                true
            }
            Ok(_) | Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
