//! When a request got where.
//!
//! Owns which phases there are. Must not know what happened in them.

use std::time::{Duration, Instant};

/// The times of one request, each looked at once.
#[derive(Clone, Copy, Debug)]
pub struct Phases {
    began: Instant,
    /// The first wait for the provider, and how long all of them took.
    provider: Option<(Instant, Duration)>,
    decided: Option<Instant>,
    sought: Option<Instant>,
    /// And whether the connection is a new one.
    connected: Option<(Instant, bool)>,
    answered: Option<Instant>,
}

/// A part of a request's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// From the request's beginning to this one's.
    pub after: Duration,
    /// How long it took.
    pub lasted: Duration,
}

impl Phases {
    /// The request's header has been read.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            began: Instant::now(),
            provider: None,
            decided: None,
            sought: None,
            connected: None,
            answered: None,
        }
    }

    /// The provider has been waited for since then.
    pub fn waited(&mut self, since: Instant) {
        let (first, before) = self.provider.unwrap_or((since, Duration::ZERO));
        self.provider = Some((first, before + since.elapsed()));
    }

    /// It is known what becomes of the request.
    pub fn decided(&mut self) {
        self.decided = Some(Instant::now());
    }

    /// A connection to the app is needed.
    pub fn seeks_app(&mut self) {
        // Further attempts are part of the same phase.
        self.sought.get_or_insert_with(Instant::now);
    }

    /// There is one.
    pub fn connected(&mut self, is_new: bool) {
        self.connected = Some((Instant::now(), is_new));
    }

    /// The head of the app's answer is there.
    pub fn answered(&mut self) {
        self.answered = Some(Instant::now());
    }

    /// All of it, up to now.
    #[must_use]
    pub fn whole(&self) -> Duration {
        self.began.elapsed()
    }

    /// From the request's header to what becomes of it, waits for the provider included.
    #[must_use]
    pub fn deciding(&self) -> Option<Stretch> {
        self.stretch(self.began, self.decided?)
    }

    /// The same without them.
    #[must_use]
    pub fn decide(&self) -> Option<Duration> {
        let decided = self.decided?;
        let before = self.provider.filter(|(since, _)| *since < decided);
        let waited = before.map_or(Duration::ZERO, |(_, waited)| waited);
        let deciding = decided.saturating_duration_since(self.began);
        Some(deciding.saturating_sub(waited))
    }

    /// Waits for the provider: for its keys, for tokens, for a sign-out.
    #[must_use]
    pub fn provider(&self) -> Option<Stretch> {
        let (since, lasted) = self.provider?;
        Some(Stretch {
            after: since.saturating_duration_since(self.began),
            lasted,
        })
    }

    /// Until a new connection to the app was there; `None` if one was at hand.
    #[must_use]
    pub fn connect(&self) -> Option<Stretch> {
        let (connected, _) = self.connected.filter(|(_, is_new)| *is_new)?;
        self.stretch(self.sought?, connected)
    }

    /// From there to the head of the app's answer.
    #[must_use]
    pub fn first_byte(&self) -> Option<Stretch> {
        let (connected, _) = self.connected?;
        self.stretch(connected, self.answered?)
    }

    /// When a connection to the app was first needed.
    #[must_use]
    pub fn sought(&self) -> Option<Duration> {
        Some(self.sought?.saturating_duration_since(self.began))
    }

    fn stretch(&self, from: Instant, until: Instant) -> Option<Stretch> {
        Some(Stretch {
            after: from.saturating_duration_since(self.began),
            lasted: until.checked_duration_since(from)?,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::LazyLock;

    use super::*;

    /// No phase was reached.
    pub(in crate::telemetry) static NONE: LazyLock<Phases> = LazyLock::new(Phases::begin);

    impl Phases {
        /// Every phase was reached, at known times.
        pub(in crate::telemetry) fn all() -> Self {
            let began = Instant::now();
            let at = |micros| began + Duration::from_micros(micros);
            Self {
                began,
                provider: Some((at(20), Duration::from_micros(2_500))),
                decided: Some(at(2_541)),
                sought: Some(at(2_600)),
                connected: Some((at(2_900), true)),
                answered: Some(at(1_802_907)),
            }
        }
    }

    #[test]
    fn each_phase_is_what_lies_between_its_ends() {
        let all = Phases::all();
        let part = |after, lasted| {
            let [after, lasted] = [after, lasted].map(Duration::from_micros);
            Some(Stretch { after, lasted })
        };
        assert_eq!(all.deciding(), part(0, 2_541));
        assert_eq!(all.decide(), Some(Duration::from_micros(41)));
        assert_eq!(all.provider(), part(20, 2_500));
        assert_eq!(all.connect(), part(2_600, 300));
        assert_eq!(all.first_byte(), part(2_900, 1_800_007));
        assert_eq!(all.sought(), Some(Duration::from_micros(2_600)));
    }

    #[test]
    fn what_was_not_reached_has_no_time() {
        let none = *NONE;
        assert_eq!((none.deciding(), none.decide()), (None, None));
        assert_eq!((none.provider(), none.connect()), (None, None));
        assert_eq!((none.first_byte(), none.sought()), (None, None));
        let mut reused = Phases::all();
        reused.connected(false);
        assert_eq!(reused.connect(), None);
        let mut later = Phases::begin();
        later.decided();
        let decided = later.decide();
        later.waited(Instant::now());
        assert_eq!(later.decide(), decided, "a wait after it is no part of it");
    }
}
