//! How many clients may be connected at a time.
//!
//! Owns the places, and what is said of it when all are taken. Must not know
//! what is served. A flood of connections that say nothing would take all files
//! that this process may open: then the app cannot be asked either, nor the
//! provider. Whoever finds no place waits at the kernel until somebody leaves.

use std::future::pending;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::lifecycle::ConnectionGuard;

/// How rarely the same is told of a listener that cannot take up anybody.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// As many as there are.
#[derive(Debug)]
pub struct Places {
    free: Arc<Semaphore>,
    all: usize,
    taken: Arc<AtomicUsize>,
    waits: AtomicU64,
    told: Seldom,
}

/// One that is kept for whoever comes next.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// One that a client has, until this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    _place: Place,
    _counted: ConnectionGuard,
}

impl Places {
    /// So many, for so many listeners; nobody counts more than there can be files.
    /// A listener on which nobody comes keeps one all the same, so that beyond the
    /// first each has one more: none starves, and so many more may be connected.
    #[must_use]
    pub fn of(all: usize, listeners: usize) -> Self {
        let kept = listeners.saturating_sub(1);
        let all = all.min(Semaphore::MAX_PERMITS.saturating_sub(kept));
        Self {
            free: Arc::new(Semaphore::new(all.saturating_add(kept))),
            all,
            taken: Arc::default(),
            waits: AtomicU64::new(0),
            told: Seldom::default(),
        }
    }

    /// As many as anybody wants.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::of(usize::MAX, 1)
    }

    /// How many there are.
    pub(super) fn all(&self) -> usize {
        self.all
    }

    /// How many clients are connected.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// How often a listener has had to wait for one.
    pub(super) fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// One that is free now.
    pub(super) fn try_keep(&self) -> Option<Place> {
        let permit = Arc::clone(&self.free).try_acquire_owned();
        permit.ok().map(|_permit| Place { _permit })
    }

    /// One, as soon as somebody leaves.
    pub(super) async fn keep(&self) -> Place {
        self.waits.fetch_add(1, Ordering::Relaxed);
        if self.told.may_tell(Instant::now()) {
            tracing::warn!(
                clients = self.all,
                "as many clients are connected as may be (server.max_connections); others wait until one leaves"
            );
        }
        match Arc::clone(&self.free).acquire_owned().await {
            Ok(_permit) => Place { _permit },
            // Nobody closes it.
            Err(_) => pending().await,
        }
    }

    /// Somebody has it now.
    pub(super) fn take(&self, place: Place) -> Taken {
        Taken {
            _place: place,
            _counted: ConnectionGuard::new(&self.taken),
        }
    }
}

/// When the same may be told again.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    pub(super) fn may_tell(&self, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may = last.is_none_or(|last| now.saturating_duration_since(last) >= TOLD_EVERY);
        if may {
            *last = Some(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_finds_no_place_waits_until_somebody_leaves() {
        let places = Places::of(2, 1);
        let first = places.take(places.try_keep().unwrap());
        let second = places.try_keep().unwrap();
        assert_eq!((places.all(), places.taken(), places.waits()), (2, 1, 0));
        let second = places.take(second);
        assert!(places.try_keep().is_none());
        let long = Duration::from_secs(3_600);
        assert!(timeout(long, places.keep()).await.is_err());
        assert_eq!((places.taken(), places.waits()), (2, 1));
        let (third, ()) = tokio::join!(places.keep(), async { drop(first) });
        assert_eq!((places.taken(), places.waits()), (1, 2));
        drop((second, third));
        assert_eq!(places.taken(), 0);
        assert!(Places::unlimited().try_keep().is_some());
    }

    #[test]
    fn each_listener_keeps_one_and_all_the_others_are_for_whoever_comes() {
        let places = Places::of(3, 3);
        let kept = [places.try_keep().unwrap(), places.try_keep().unwrap()];
        let taken = [(); 3].map(|()| places.take(places.try_keep().unwrap()));
        assert!(places.try_keep().is_none());
        assert_eq!((places.all(), places.taken()), (3, 3));
        drop((kept, taken));
        assert!(Places::of(usize::MAX, 9).try_keep().is_some());
    }

    #[test]
    fn the_same_is_told_once_in_a_while() {
        let told = Seldom::default();
        let now = Instant::now();
        let after = |seconds| told.may_tell(now + Duration::from_secs(seconds));
        assert_eq!(
            [0, 1, 59, 60, 61, 200].map(after),
            [true, false, false, true, false, true]
        );
        assert!(!told.may_tell(now), "a clock that goes back");
    }
}
