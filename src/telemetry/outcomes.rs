//! How requests ended, counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::spread::Spread;

/// An outcome, and the reason if there is one; both from closed lists.
type Ended = (&'static str, &'static str);

type Counts = BTreeMap<Ended, Arc<Spread<AtomicU64>>>;

/// What alerts and dashboard ask for: there from the start, as 0. A sum over
/// what is absent is no number in Prometheus, and compares with nothing; and the
/// first of a kind is an increase only where 0 was seen before. `login_failed`,
/// whose reasons are many, is there without one.
const FROM_THE_START: [Ended; 13] = [
    ("forbidden", ""),
    ("internal_error", "no_randomness"),
    ("login_failed", ""),
    ("login_started", "asked"),
    ("provider_out", "provider_keys_missing"),
    ("provider_out", "provider_not_ready"),
    ("provider_out", "refresh_unavailable"),
    ("provider_out", "token_endpoint_unavailable"),
    ("sign_in_needed", "no_cookie"),
    ("signed_in", ""),
    ("signed_out", ""),
    ("upstream_failed", "internal"),
    ("upstream_failed", "upstream_unreachable"),
];

/// Counts requests by outcome and reason. Reads are lock-free, and so is
/// counting but for the first request of a kind; no two threads count in one
/// number.
#[derive(Debug)]
pub struct Outcomes(ArcSwap<Counts>);

impl Default for Outcomes {
    fn default() -> Self {
        let counts = FROM_THE_START.map(|ended| (ended, Arc::default()));
        Self(ArcSwap::from_pointee(Counts::from(counts)))
    }
}

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
            let mut all = Counts::clone(all);
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
        let counted: Vec<_> = outcomes
            .all()
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(
            counted,
            [
                (("forbidden", ""), 4_000),
                (("forbidden", "rules"), 4_000),
                (("forwarded", ""), 8_000),
            ]
        );
    }
}
