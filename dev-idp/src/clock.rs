//! The emulator's clock: the system's, shifted by what `POST /clock` says.

use std::time::{Duration, SystemTime};

/// The largest span that anything may be shifted by or last for: about three
/// centuries. Within it no sum of times overflows.
pub(crate) const LONGEST: i64 = 10_000_000_000;

/// Seconds since 1970 with an offset. The only reader of the system clock.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Clock {
    offset: i64,
}

impl Clock {
    pub(crate) fn now(self) -> i64 {
        seconds(since_epoch()).saturating_add(self.offset)
    }

    /// Milliseconds, as `identities[].dateCreated` wants them.
    pub(crate) fn now_millis(self) -> i64 {
        i64::try_from(since_epoch().as_millis())
            .unwrap_or(i64::MAX)
            .saturating_add(self.offset.saturating_mul(1000))
    }

    /// The time for a `Date` header, if it is not the system's, which hyper sends.
    pub(crate) fn date(self) -> Option<String> {
        let now = u64::try_from(self.now())
            .ok()
            .filter(|_| self.offset != 0)?;
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(now))?;
        // Beyond the year 9999, which the format cannot say, httpdate panics.
        (now < 253_402_300_800).then(|| httpdate::fmt_http_date(time))
    }

    pub(crate) fn set_offset(&mut self, seconds: i64) {
        self.offset = seconds;
    }

    pub(crate) fn offset(self) -> i64 {
        self.offset
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
