//! How far this machine's clock is from the provider's, by the `Date` of its
//! answers (RFC 9110 6.6.1).
//!
//! Owns the last measurement, and the word in the log when it changes. Must not
//! know what follows from it: that is the core's.

use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use http::header::{AGE, DATE};

use crate::gate::time::{LEEWAY, UnixTime};

/// Before the first measurement.
const UNKNOWN: i64 = i64::MIN;

/// The provider's clock, as its answers show it.
#[derive(Debug)]
pub struct ProviderClock {
    issuer: String,
    ahead: AtomicI64,
    /// What the log was told last; 0 while there was nothing to tell.
    told: AtomicI64,
}

impl ProviderClock {
    /// Of the provider with this issuer; nothing is known yet.
    #[must_use]
    pub fn new(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            ahead: AtomicI64::new(UNKNOWN),
            told: AtomicI64::new(0),
        }
    }

    /// By how many seconds this machine's clock is ahead of the provider's;
    /// negative if it is behind. Nothing until the provider has said so.
    #[must_use]
    pub fn ahead(&self) -> Option<i64> {
        Some(self.ahead.load(Ordering::Relaxed)).filter(|ahead| *ahead != UNKNOWN)
    }

    /// Takes the time from an answer that came at `now`, and warns once if it
    /// differs by more than tokens allow.
    pub fn note(&self, headers: &HeaderMap, now: UnixTime) {
        let Some(ahead) = ahead_by(headers, now) else {
            return;
        };
        self.ahead.store(ahead, Ordering::Relaxed);
        let told = self.told.load(Ordering::Relaxed);
        let Some(word) = word(told, ahead) else {
            return;
        };
        // Of several answers at once, one tells.
        let order = Ordering::Relaxed;
        if self
            .told
            .compare_exchange(told, word, order, order)
            .is_err()
        {
            return;
        }
        let issuer = &self.issuer;
        match word {
            0 => tracing::info!(%issuer, "this machine's clock is as the provider's again"),
            ahead => {
                let seconds = ahead.unsigned_abs();
                let side = if ahead > 0 { "ahead of" } else { "behind" };
                tracing::warn!(
                    %issuer, seconds,
                    "this machine's clock is {side} the provider's by more than tokens allow: sign-ins fail; set it by NTP"
                );
            }
        }
    }
}

/// By how many seconds our clock is ahead of an answer's `Date`. Nothing if
/// there is none that can be read, or the answer comes out of a cache.
#[must_use]
pub fn ahead_by(headers: &HeaderMap, now: UnixTime) -> Option<i64> {
    if headers.contains_key(AGE) {
        return None;
    }
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = chrono::DateTime::parse_from_rfc2822(date).ok()?.timestamp();
    i64::try_from(now.secs()).ok()?.checked_sub(date)
}

/// What to tell now, of clocks that differ by `ahead` when `told` was told
/// last: 0 if they agree again. Between half the leeway and all of it, what was
/// told stands, so that a clock at the edge does not fill the log.
fn word(told: i64, ahead: i64) -> Option<i64> {
    let off = ahead.unsigned_abs();
    if off > LEEWAY && (told == 0 || ahead.abs_diff(told) > LEEWAY) {
        return Some(ahead);
    }
    (told != 0 && off <= LEEWAY / 2).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time of RFC 9110's example.
    const THEN: u64 = 784_111_777;

    fn dated(date: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, date.parse().unwrap());
        headers
    }

    #[test]
    fn the_date_of_an_answer_is_held_against_our_clock() {
        let headers = dated("Sun, 06 Nov 1994 08:49:37 GMT");
        for (now, ahead) in [(THEN, 0), (THEN + 300, 300), (THEN - 300, -300)] {
            let found = ahead_by(&headers, UnixTime::from_secs(now));
            assert_eq!(found, Some(ahead));
        }
        let now = UnixTime::from_secs(THEN);
        assert_eq!(ahead_by(&dated("yesterday"), now), None);
        assert_eq!(ahead_by(&HeaderMap::new(), now), None);
        let mut cached = headers.clone();
        cached.insert(AGE, "600".parse().unwrap());
        assert_eq!(ahead_by(&cached, now), None);
        assert_eq!(ahead_by(&headers, UnixTime::from_secs(u64::MAX)), None);
    }

    #[test]
    fn a_difference_is_told_once_and_so_is_its_end() {
        for (told, ahead, expected) in [
            (0, 0, None),
            (0, 60, None),
            (0, -60, None),
            (0, 61, Some(61)),
            (0, -61, Some(-61)),
            (61, 61, None),
            (61, 121, None),
            (61, 122, Some(122)),
            (61, -61, Some(-61)),
            // At the edge, nothing changes.
            (61, 59, None),
            (61, 31, None),
            (61, 30, Some(0)),
            (-61, -30, Some(0)),
        ] {
            assert_eq!(word(told, ahead), expected, "{told}, {ahead}");
        }
    }

    #[test]
    fn the_latest_answer_counts_and_one_without_a_date_says_nothing() {
        let clock = ProviderClock::new("https://issuer.example");
        assert_eq!(clock.ahead(), None);
        let headers = dated("Sun, 06 Nov 1994 08:49:37 GMT");
        clock.note(&headers, UnixTime::from_secs(THEN + 500));
        clock.note(&HeaderMap::new(), UnixTime::from_secs(THEN));
        assert_eq!(clock.ahead(), Some(500));
        clock.note(&headers, UnixTime::from_secs(THEN - 2));
        assert_eq!(clock.ahead(), Some(-2));
    }
}
