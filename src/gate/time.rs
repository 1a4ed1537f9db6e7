//! Points in time and spans, in whole seconds.
//!
//! Owns the arithmetic that every expiry uses. Must not know any clock: time is
//! an argument everywhere in the core (`clock.rs` is the one reader).

use std::fmt;

/// Tolerance for clocks that disagree, in seconds, for `exp`, `iat` and `nbf`
/// (cognito.md 3.5). It is never added to a policy such as the session's own
/// lifetime.
pub const LEEWAY: u64 = 60;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(u64);

impl UnixTime {
    /// From seconds since the epoch.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0
    }

    /// This point, `seconds` later; stops at the end of time.
    #[must_use]
    pub const fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this point; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
