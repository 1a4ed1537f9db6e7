//! How long things take, counted by bounds that are the same for all.
//!
//! Owns the bounds. Must not know what is timed, nor how it is shown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::Phases;

/// Upper bounds in microseconds, and how they are written in seconds.
const BOUNDS: [(u64, &str); 11] = [
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
];

/// Times, counted without a lock.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each bound, and one for what is above them all.
    counts: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

/// A histogram as it is shown: counts up to each bound, then all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Bounds in seconds, the last of them `+Inf`, and how many were not longer.
    pub buckets: Vec<(&'static str, u64)>,
    /// All of them together, in microseconds.
    pub micros: u64,
}

/// The times of one app.
#[derive(Debug, Default)]
pub struct AppTimes {
    /// Until a new connection was there.
    pub connect: Histogram,
    /// From a connection to the head of an answer.
    pub first_byte: Histogram,
}

/// The times of all apps, by their names in the configuration.
#[derive(Debug, Default)]
pub struct Apps(ArcSwap<BTreeMap<String, Arc<AppTimes>>>);

impl Histogram {
    /// One more.
    pub fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|(bound, _)| micros <= *bound);
        if let Some(count) = self.counts.get(place.unwrap_or(BOUNDS.len())) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// As Prometheus wants it.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let bounds = BOUNDS.iter().map(|(_, text)| *text).chain(["+Inf"]);
        let mut all = 0;
        let buckets = bounds.zip(&self.counts).map(|(bound, count)| {
            all += count.load(Ordering::Relaxed);
            (bound, all)
        });
        Shown {
            buckets: buckets.collect(),
            micros: self.micros.load(Ordering::Relaxed),
        }
    }
}

impl Shown {
    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.last().map_or(0, |(_, count)| *count)
    }
}

impl Apps {
    /// Counts a request to one of them. Without a lock, but for the first of each.
    pub(super) fn add(&self, app: &str, phases: &Phases) {
        let known = self.0.load();
        let times = match known.get(app) {
            Some(times) => Arc::clone(times),
            None => self.begin(app),
        };
        if let Some(part) = phases.connect() {
            times.connect.add(part.lasted);
        }
        if let Some(part) = phases.first_byte() {
            times.first_byte.add(part.lasted);
        }
    }

    fn begin(&self, app: &str) -> Arc<AppTimes> {
        let new = Arc::<AppTimes>::default();
        self.0.rcu(|all| {
            let mut all = BTreeMap::clone(all);
            all.entry(app.to_owned())
                .or_insert_with(|| Arc::clone(&new));
            all
        });
        // Another request may have been first.
        self.0.load().get(app).map_or(new, Arc::clone)
    }

    /// All that were asked so far.
    #[must_use]
    pub fn all(&self) -> Arc<BTreeMap<String, Arc<AppTimes>>> {
        self.0.load_full()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_every_bucket_that_is_not_shorter() {
        let times = Histogram::default();
        for micros in [0, 5_000, 5_001, 99_000, 10_000_001] {
            times.add(Duration::from_micros(micros));
        }
        let shown = times.shown();
        let at = |bound: &str| {
            let mut buckets = shown.buckets.iter();
            buckets.find(|(text, _)| *text == bound).unwrap().1
        };
        assert_eq!(
            (at("0.005"), at("0.01"), at("0.05"), at("0.1")),
            (2, 3, 3, 4)
        );
        assert_eq!((at("10"), at("+Inf"), shown.count()), (4, 5, 5));
        assert_eq!(shown.micros, 10_109_002);
        assert!(shown.buckets.is_sorted_by_key(|(_, count)| *count));
    }

    #[test]
    fn each_app_has_its_own_times() {
        let apps = Apps::default();
        apps.add("wiki", &Phases::all());
        apps.add("wiki", &Phases::all());
        apps.add("shop", &Phases::begin());
        let all = apps.all();
        assert_eq!(all["wiki"].first_byte.shown().count(), 2);
        assert_eq!(all["wiki"].connect.shown().count(), 2);
        assert_eq!(all["shop"].first_byte.shown().count(), 0);
    }
}
