//! How much may be under way at one provider at once.
//!
//! Owns the bounds. Each provider has its own: one that is slow or out keeps up
//! nobody of the others. They outlive reloads, as what is under way does.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Most sessions that are refreshed at the same time; others wait their turn.
const REFRESHES_MAX: usize = 64;
/// Most codes that are redeemed at the same time; others are told to come again.
const EXCHANGES_MAX: usize = 64;
/// Most codes of one login among them. A browser that is sent to a callback again
/// has a second one under way; somebody who replays the callback and the cookie
/// of one login with made-up codes must not hold the turns of everybody.
const EXCHANGES_OF_LOGIN_MAX: usize = 4;

/// The turns at one provider.
pub(super) struct Turns {
    refreshes: Semaphore,
    exchanges: Semaphore,
    /// By the nonce of the login: those with a code under way.
    logins: Mutex<HashMap<String, usize>>,
}

/// The turn of one code, until it is dropped.
pub(super) struct ExchangeTurn<'t> {
    _permit: SemaphorePermit<'t>,
    turns: &'t Turns,
    nonce: String,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            refreshes: Semaphore::new(REFRESHES_MAX),
            exchanges: Semaphore::new(EXCHANGES_MAX),
            logins: Mutex::default(),
        }
    }
}

impl Turns {
    /// Waits for the turn of a refresh.
    pub(super) async fn refresh(&self) -> Option<SemaphorePermit<'_>> {
        self.refreshes.acquire().await.ok()
    }

    /// The turn of a code of this login, if there is one left.
    pub(super) fn exchange(&self, nonce: &str) -> Option<ExchangeTurn<'_>> {
        let permit = self.exchanges.try_acquire().ok()?;
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = logins.entry(nonce.to_owned()).or_default();
        if *under_way >= EXCHANGES_OF_LOGIN_MAX {
            return None;
        }
        *under_way += 1;
        drop(logins);
        Some(ExchangeTurn {
            _permit: permit,
            turns: self,
            nonce: nonce.to_owned(),
        })
    }
}

impl Drop for ExchangeTurn<'_> {
    fn drop(&mut self) {
        let logins = &self.turns.logins;
        let mut logins = logins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = logins.get_mut(&self.nonce) {
            *under_way = under_way.saturating_sub(1);
            if *under_way == 0 {
                logins.remove(&self.nonce);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_login_holds_few_turns_and_all_of_them_as_many_as_there_are() {
        let turns = Turns::default();
        let mut held: Vec<_> = (0..EXCHANGES_OF_LOGIN_MAX)
            .map(|_| turns.exchange("replayed").expect("a turn"))
            .collect();
        assert!(turns.exchange("replayed").is_none());
        for login in EXCHANGES_OF_LOGIN_MAX..EXCHANGES_MAX {
            held.push(turns.exchange(&login.to_string()).expect("a turn"));
        }
        assert!(turns.exchange("one more").is_none());
        held.remove(0);
        held.push(turns.exchange("replayed").expect("a turn again"));
        drop(held);
        let left = turns.logins.lock().expect("no panic").len();
        assert_eq!(left, 0, "what is over goes");
        assert_eq!(turns.exchanges.available_permits(), EXCHANGES_MAX);
    }
}
