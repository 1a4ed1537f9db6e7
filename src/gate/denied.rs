//! Sessions that were ended here: a copy of their cookie is worth nothing any more.
//!
//! Owns the deny-list of this instance. It holds ids of sessions, not people,
//! and lives as long as the process; other instances know nothing of it
//! (SECURITY.md). Asked on every request: it takes no lock, and while nobody
//! has signed out it is one look at a number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use super::session::{Session, SessionId};
use super::time::UnixTime;

/// A denial copies the shard that it falls into: many, so that each is small.
const SHARDS: usize = 64;
/// Most sessions of one shard that are told apart.
const SHARD_MAX: usize = 4_096;

/// The sessions that were ended on this instance.
pub struct Denied {
    /// How many entries there are; counts a shard that is closed to some as one.
    count: AtomicUsize,
    shards: Vec<ArcSwap<Shard>>,
}

#[derive(Clone, Debug, Default)]
struct Shard {
    /// When their people signed in.
    sessions: HashMap<SessionId, UnixTime>,
    /// Every session of this shard that began before is denied: what became of
    /// those whose lifetime was over, and of a full shard. A lifetime that is
    /// lengthened later brings none of them back; people sign in anew, and
    /// nobody is let in by forgetting.
    closed_before: Option<UnixTime>,
}

impl Default for Denied {
    fn default() -> Self {
        Self {
            count: AtomicUsize::new(0),
            shards: (0..SHARDS).map(|_| ArcSwap::default()).collect(),
        }
    }
}

impl std::fmt::Debug for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Denied({})", self.count.load(Ordering::Relaxed))
    }
}

impl Denied {
    /// Ends a session for as long as it could have lasted (`lifetime`, seconds).
    pub fn deny(&self, session: &Session, now: UnixTime, lifetime: u64) {
        let Some(shard) = self.shard(session.id()) else {
            return;
        };
        shard.rcu(|before| {
            let mut shard = Shard::clone(before);
            let count = shard.sessions.len();
            let is_alive = |signed_in: UnixTime| now.since(signed_in) < lifetime;
            shard.sessions.retain(|_, signed_in| is_alive(*signed_in));
            if shard.sessions.len() < count {
                shard.close(UnixTime::from_secs(now.secs().saturating_sub(lifetime)));
            }
            if shard.sessions.len() >= SHARD_MAX {
                shard.sessions.clear();
                // From the next second on, new sessions of this shard stand.
                shard.close(now);
            }
            shard.sessions.insert(*session.id(), session.signed_in());
            shard
        });
        let all = self.shards.iter().map(|shard| {
            let shard = shard.load();
            shard.sessions.len() + usize::from(shard.closed_before.is_some())
        });
        self.count.store(all.sum(), Ordering::Release);
    }

    /// Whether a session was ended here.
    #[must_use]
    pub fn is_denied(&self, session: &Session) -> bool {
        if self.is_empty() {
            return false;
        }
        let Some(shard) = self.shard(session.id()) else {
            return true;
        };
        let shard = shard.load();
        let is_closed = |closed: UnixTime| session.signed_in() < closed;
        shard.sessions.contains_key(session.id()) || shard.closed_before.is_some_and(is_closed)
    }

    /// Whether nobody has signed out so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// How many sessions are denied, for metrics.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Ids are random, so any byte spreads them.
    fn shard(&self, id: &SessionId) -> Option<&ArcSwap<Shard>> {
        let [first, ..] = id;
        self.shards.get(usize::from(*first) % SHARDS)
    }
}

impl Shard {
    /// Denies every session that began by then.
    fn close(&mut self, by: UnixTime) {
        self.closed_before = self.closed_before.max(Some(by.plus(1)));
    }
}

#[cfg(test)]
mod tests;
