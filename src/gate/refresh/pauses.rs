//! How soon a provider that failed is asked again.
//!
//! Owns two waits: one for each session, so that not every request of a page
//! asks again, and one for each provider, so that one that is out is not asked
//! by every session in turn, and the sessions of the others notice nothing.
//! Must not know the time by itself.

use std::collections::HashMap;

use super::super::session::SessionId;
use super::super::time::UnixTime;
use super::RefreshError;

/// Longest wait of one session while the provider cannot be asked, in seconds.
const UNAVAILABLE_MAX: u64 = 5;
/// Wait after a clear no, in seconds: the same refresh token will not do.
const REFUSED: u64 = 60;
/// Wait after a success that changed little, in seconds.
const SATED: u64 = 10;
/// Failures of a provider in a row after which its sessions ask one at a time.
const STRIKES: u32 = 5;
/// How often they do then, in seconds.
const PROBE: u64 = 1;
/// Most sessions that are waiting: beyond that, only the wait of the provider holds.
const SESSIONS_MAX: usize = 20_000;

/// The waits.
#[derive(Debug, Default)]
pub struct Pauses {
    sessions: HashMap<SessionId, Pause>,
    /// By id: as many as the configurations of this process have named.
    providers: HashMap<String, Strikes>,
    /// When room was made the last time.
    swept: UnixTime,
}

/// Failures of a provider in a row.
#[derive(Debug, Default)]
struct Strikes {
    number: u32,
    /// When the next one may ask, once there are [`STRIKES`].
    until: UnixTime,
}

#[derive(Debug)]
struct Pause {
    generation: u32,
    until: UnixTime,
    failures: u32,
    why: RefreshError,
}

impl Pauses {
    /// Whether this provider is asked now for a session of it.
    ///
    /// # Errors
    /// What it said the last time.
    pub fn may_ask(
        &mut self,
        provider: &str,
        id: &SessionId,
        generation: u32,
        now: UnixTime,
    ) -> Result<(), RefreshError> {
        // A newer generation has another refresh token, which may do.
        if let Some(pause) = self.sessions.get(id)
            && generation <= pause.generation
            && now < pause.until
        {
            return Err(pause.why);
        }
        let Some(strikes) = self.providers.get_mut(provider) else {
            return Ok(());
        };
        if strikes.number < STRIKES {
            return Ok(());
        }
        if now < strikes.until {
            return Err(RefreshError::Unavailable("refresh_provider_out"));
        }
        strikes.until = now.plus(PROBE);
        Ok(())
    }

    /// It was asked and gave no newer tokens.
    pub fn failed(
        &mut self,
        provider: &str,
        id: &SessionId,
        generation: u32,
        why: RefreshError,
        now: UnixTime,
    ) {
        let before = self.sessions.get(id);
        let failures = before.map_or(0, |pause| pause.failures);
        // What becomes of an older refresh token says nothing of a newer one.
        let is_late = before.is_some_and(|pause| pause.generation > generation);
        let wait = match why {
            RefreshError::Unavailable(_) => {
                let strikes = self.providers.entry(provider.to_owned()).or_default();
                strikes.number = strikes.number.saturating_add(1);
                1_u64
                    .checked_shl(failures)
                    .unwrap_or(UNAVAILABLE_MAX)
                    .clamp(1, UNAVAILABLE_MAX)
            }
            // It answered.
            RefreshError::Refused(_) | RefreshError::Ended(_) => {
                self.providers.remove(provider);
                REFUSED
            }
        };
        let pause = Pause {
            generation,
            until: now.plus(wait),
            failures: failures.saturating_add(1),
            why,
        };
        if !is_late {
            self.note(id, pause, now);
        }
    }

    /// It gave newer tokens, of that generation; `due` if these are due for
    /// renewal already.
    pub fn succeeded(
        &mut self,
        provider: &str,
        id: &SessionId,
        generation: u32,
        due: bool,
        now: UnixTime,
    ) {
        self.providers.remove(provider);
        self.sessions.remove(id);
        if due {
            let pause = Pause {
                generation,
                until: now.plus(SATED),
                failures: 0,
                why: RefreshError::Unavailable("refresh_gives_nothing_newer"),
            };
            self.note(id, pause, now);
        }
    }

    fn note(&mut self, id: &SessionId, pause: Pause, now: UnixTime) {
        // Once a second: all are looked through.
        if self.sessions.len() >= SESSIONS_MAX && now > self.swept {
            self.swept = now;
            self.sessions.retain(|_, pause| now < pause.until);
        }
        if self.sessions.len() < SESSIONS_MAX || self.sessions.contains_key(id) {
            self.sessions.insert(*id, pause);
        }
    }
}

#[cfg(test)]
mod tests;
