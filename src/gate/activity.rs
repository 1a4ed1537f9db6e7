//! The last activity of each session, as far as this instance has noted it.
//!
//! Owns one time for each session. Whatever is about to be written into a
//! cookie is held against it, so that an answer that took its time does not
//! take activity back; and so is a session that was waiting for its provider
//! while its timeout passed. Asked only there, which is seldom. Bounded by
//! number: who was forgotten counts by the cookie alone. Must not know cookies,
//! nor how long is idle.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::session::SessionId;
use super::time::UnixTime;

/// Parts that are locked apart, so that threads do not wait for each other.
const SHARDS: usize = 64;
/// Most sessions in one of the two halves of a shard: in all some ten megabytes.
const HALF_MAX: usize = 2_048;

/// The times; see above.
pub struct Activity {
    shards: Box<[Mutex<Shard>]>,
}

/// The younger half takes everything in; when it is full, it becomes the older
/// one, and what was there is forgotten.
#[derive(Default)]
struct Shard {
    younger: HashMap<SessionId, UnixTime>,
    older: HashMap<SessionId, UnixTime>,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }
}

impl std::fmt::Debug for Activity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Activity")
    }
}

impl Activity {
    /// Notes activity at `seen`; says which is the last one now, since a later
    /// one stays.
    pub fn note(&self, id: &SessionId, seen: UnixTime) -> UnixTime {
        self.with(id, |shard| {
            let last = shard.last(id).map_or(seen, |last| last.max(seen));
            shard.put(id, last);
            last
        })
        .unwrap_or(seen)
    }

    /// The last activity that was noted.
    #[must_use]
    pub fn last(&self, id: &SessionId) -> Option<UnixTime> {
        self.with(id, |shard| shard.last(id)).flatten()
    }

    /// Ids are random, so any byte of them spreads well.
    fn with<T>(&self, id: &SessionId, look: impl FnOnce(&mut Shard) -> T) -> Option<T> {
        let [first, ..] = *id;
        let shard = self.shards.get(usize::from(first) % SHARDS)?;
        // A thread that died in here leaves whole entries behind: they stay good.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        Some(look(&mut shard))
    }
}

impl Shard {
    fn last(&self, id: &SessionId) -> Option<UnixTime> {
        self.younger.get(id).or_else(|| self.older.get(id)).copied()
    }

    fn put(&mut self, id: &SessionId, seen: UnixTime) {
        if self.younger.len() >= HALF_MAX && !self.younger.contains_key(id) {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.insert(*id, seen);
    }
}

#[cfg(test)]
mod tests;
