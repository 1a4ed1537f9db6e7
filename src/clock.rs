//! The only caller of the system clock and the system's randomness.
//!
//! Everything else takes both as arguments.

use std::time::{Duration, SystemTime};

use crate::gate::seal::RandomError;
use crate::gate::time::UnixTime;

/// The time now. A clock before 1970 counts as 1970, at which no token is valid yet.
#[must_use]
pub fn now() -> UnixTime {
    UnixTime::from_secs(since_1970().as_secs())
}

/// The same to the microsecond, for the log.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// Fills a slice from the system's random source.
///
/// # Errors
/// If there is none.
pub fn random(bytes: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(bytes).map_err(|_| RandomError)
}
