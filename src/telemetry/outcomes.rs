//! How requests ended, counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::spread::Spread;

/// An outcome, and the reason if there is one; both from closed lists.
type Ended = (&'static str, &'static str);

/// Counts requests by outcome and reason. Reads are lock-free, and so is
/// counting but for the first request of a kind; no two threads count in one
/// number.
#[derive(Debug, Default)]
pub struct Outcomes(ArcSwap<BTreeMap<Ended, Arc<Spread<AtomicU64>>>>);

impl Outcomes {
    /// One more request that ended so.
    pub fn count(&self, outcome: &'static str, reason: Option<&'static str>) {
        let ended = (outcome, reason.unwrap_or_default());
        if let Some(counter) = self.0.load().get(&ended) {
            counter.own().fetch_add(1, Ordering::Relaxed);
            return;
        }
        let new = Arc::new(Spread::default());
        self.0.rcu(|all| {
            let mut all = BTreeMap::clone(all);
            all.entry(ended).or_insert_with(|| Arc::clone(&new));
            all
        });
        // Another request of this kind may have been first.
        let all = self.0.load();
        all.get(&ended)
            .unwrap_or(&new)
            .own()
            .fetch_add(1, Ordering::Relaxed);
    }

    /// All so far, by outcome and reason.
    #[must_use]
    pub fn all(&self) -> Vec<(Ended, u64)> {
        let all = self.0.load();
        let sum = |counts: &Spread<AtomicU64>| {
            let counts = counts.iter().map(|count| count.load(Ordering::Relaxed));
            counts.sum()
        };
        all.iter()
            .map(|(ended, counts)| (*ended, sum(counts)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_count_at_once_lose_nothing() {
        let outcomes = Outcomes::default();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for round in 0..1_000 {
                        outcomes.count("forwarded", None);
                        outcomes.count("forbidden", (round % 2 == 0).then_some("rules"));
                    }
                });
            }
        });
        assert_eq!(
            outcomes.all(),
            [
                (("forbidden", ""), 4_000),
                (("forbidden", "rules"), 4_000),
                (("forwarded", ""), 8_000),
            ]
        );
    }
}
