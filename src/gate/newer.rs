//! Sessions that are newer than the cookies that are shown for them.
//!
//! Owns, for each session, the newest generation that this instance has seen,
//! and the session itself: what was refreshed here until the browser has brought
//! the new cookie, and any for a minute after its cookie came first, so that
//! requests which were under way with the older one are served by it.
//! Whoever finds a session in a cookie (or in a cache of verified cookies) has
//! to [`look`](Newer::look) here before the session counts. Bounded by bytes and
//! by the end of each session; what had to go early is counted. Must not know
//! cookies, tokens or the network.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::session::{Session, SessionId};
use super::time::UnixTime;

/// Parts that are locked apart, so that threads do not wait for each other.
const SHARDS: usize = 64;
/// Memory for all of it, in bytes.
const BYTES_MAX: usize = 32 * 1024 * 1024;
/// What an entry takes beside its session, in bytes: generously.
const ENTRY: usize = 160;
/// Requests with the older cookie may still be under way when the newer one has
/// been seen: a browser sends dozens at once. Seconds.
const STRAGGLERS: u64 = 60;
/// Most entries of a kind that are let go at a time: the cost of an insertion
/// stays small.
const SWEEP: usize = 4;

/// The memory; see above.
pub struct Newer {
    shards: Box<[RwLock<Shard>]>,
    /// Entries in all shards: nothing is locked while there is none.
    entries: AtomicUsize,
    evictions: AtomicU64,
    /// Bytes of one shard.
    budget: usize,
    /// Tells refresh tokens apart without keeping them.
    digests: RandomState,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<SessionId, Entry>,
    /// In the order in which they came, for eviction.
    order: VecDeque<SessionId>,
    /// Those whose newest cookie came, in that order: they are kept for
    /// stragglers alone, and are the first to make room.
    shown: VecDeque<(SessionId, UnixTime)>,
    bytes: usize,
}

struct Entry {
    generation: u32,
    /// The end of the session.
    end: UnixTime,
    /// Of its refresh token.
    digest: Option<u64>,
    kept: Option<Kept>,
}

struct Kept {
    session: Arc<Session>,
    bytes: usize,
    /// When its cookie came back.
    seen: Option<UnixTime>,
}

/// How a session in a cookie stands to what is known of it.
#[derive(Clone, Debug)]
pub enum Newness {
    /// Nothing newer is known.
    Current,
    /// This one is newer, and it counts. `unseen`: the browser has not shown
    /// its cookie yet, so the answer carries it.
    Newer {
        /// The newer one.
        session: Arc<Session>,
        /// Whether the answer carries it.
        unseen: bool,
    },
    /// A newer one was seen and is not here. This one may still be good for a
    /// request that was under way; it is never written into a cookie.
    Behind,
}

impl std::fmt::Debug for Newer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Newer")
            .field("entries", &self.entries.load(Ordering::Relaxed))
            .field("evictions", &self.evictions())
            .finish_non_exhaustive()
    }
}

impl Default for Newer {
    fn default() -> Self {
        Self::of_bytes(BYTES_MAX)
    }
}

impl Newer {
    /// A memory of so many bytes.
    #[must_use]
    pub fn of_bytes(bytes: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            entries: AtomicUsize::new(0),
            evictions: AtomicU64::new(0),
            budget: bytes / SHARDS,
            digests: RandomState::new(),
        }
    }

    /// How a session from a cookie stands, whose lifetime ends at `end`.
    /// Remembers a newer one, and that its cookie has been seen.
    pub fn look(&self, session: &Arc<Session>, end: UnixTime, now: UnixTime) -> Newness {
        let (id, generation) = (session.id(), session.generation());
        // Generation 0 is older than nothing.
        if generation == 0 && self.entries.load(Ordering::Acquire) == 0 {
            return Newness::Current;
        }
        let (newness, news) = match self.read(id) {
            Some(shard) => shard.judge(id, generation, now),
            None => return Newness::Current,
        };
        if news && let Some(mut shard) = self.write(id) {
            let digest = self.digest(session);
            self.change(&mut shard, |shard| shard.learn(session, digest, end, now));
        }
        newness
    }

    /// Whether a newer session has been seen that has another refresh token: the
    /// one of this session has been rotated.
    #[must_use]
    pub fn is_superseded(&self, session: &Session) -> bool {
        if self.is_empty() {
            return false;
        }
        let digest = self.digest(session);
        self.read(session.id()).is_some_and(|shard| {
            let entry = shard.entries.get(session.id());
            entry.is_some_and(|newest| {
                newest.generation > session.generation() && newest.digest != digest
            })
        })
    }

    /// The session that is newer than `generation`, if it is at hand.
    #[must_use]
    pub fn newer_than(&self, id: &SessionId, generation: u32) -> Option<Arc<Session>> {
        let shard = self.read(id)?;
        let entry = shard.entries.get(id)?;
        let kept = entry.kept.as_ref()?;
        (entry.generation > generation).then(|| Arc::clone(&kept.session))
    }

    /// The same, if its cookie has not been seen yet. Learns nothing: for an
    /// answer, where `generation` is the one that it belongs to.
    #[must_use]
    pub fn unseen_after(&self, id: &SessionId, generation: u32) -> Option<Arc<Session>> {
        if self.entries.load(Ordering::Acquire) == 0 {
            return None;
        }
        let shard = self.read(id)?;
        let entry = shard.entries.get(id)?;
        let kept = entry.kept.as_ref().filter(|kept| kept.seen.is_none())?;
        (entry.generation > generation).then(|| Arc::clone(&kept.session))
    }

    /// The newest generation of a session that was seen; `None`: never one
    /// beside the first.
    #[must_use]
    pub fn generation(&self, id: &SessionId) -> Option<u32> {
        if self.entries.load(Ordering::Acquire) == 0 {
            return None;
        }
        Some(self.read(id)?.entries.get(id)?.generation)
    }

    /// The generation that follows on `generation` and on all that were seen.
    #[must_use]
    pub fn next_generation(&self, id: &SessionId, generation: u32) -> u32 {
        let seen = self.generation(id).unwrap_or(0);
        seen.max(generation).saturating_add(1)
    }

    /// Keeps a session that was refreshed here until its cookie has been seen.
    pub fn keep(&self, session: Arc<Session>, end: UnixTime, now: UnixTime) {
        let (id, digest) = (*session.id(), self.digest(&session));
        if let Some(mut shard) = self.write(&id) {
            self.change(&mut shard, |shard| {
                shard.keep(session, digest, end, now);
            });
        }
    }

    /// Forgets what was refreshed of a session that has ended.
    pub fn forget(&self, id: &SessionId) {
        if self.entries.load(Ordering::Acquire) == 0 {
            return;
        }
        if let Some(mut shard) = self.write(id) {
            self.change(&mut shard, |shard| shard.remove(id));
        }
    }

    /// How many sessions and generations had to be forgotten before their time.
    #[must_use]
    pub fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Relaxed)
    }

    /// How many sessions something is remembered of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes a shard, holds it to its budget, and counts.
    fn change(&self, shard: &mut Shard, change: impl FnOnce(&mut Shard)) {
        let before = shard.entries.len();
        change(shard);
        let evicted = shard.shrink(self.budget);
        self.evictions.fetch_add(evicted, Ordering::Relaxed);
        let after = shard.entries.len();
        self.entries
            .fetch_add(after.saturating_sub(before), Ordering::AcqRel);
        self.entries
            .fetch_sub(before.saturating_sub(after), Ordering::AcqRel);
    }

    fn digest(&self, session: &Session) -> Option<u64> {
        let token = session.refresh_token()?;
        Some(self.digests.hash_one(token.as_str()))
    }

    // A thread that died in here leaves whole entries behind: they stay good.
    fn read(&self, id: &SessionId) -> Option<RwLockReadGuard<'_, Shard>> {
        let shard = self.shard(id)?;
        Some(shard.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, id: &SessionId) -> Option<RwLockWriteGuard<'_, Shard>> {
        let shard = self.shard(id)?;
        Some(shard.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ids are random, so any byte of them spreads well.
    fn shard(&self, id: &SessionId) -> Option<&RwLock<Shard>> {
        let [first, ..] = *id;
        self.shards.get(usize::from(first) % SHARDS)
    }
}

impl Shard {
    /// How a session stands, and whether there is something to learn from it.
    fn judge(&self, id: &SessionId, generation: u32, now: UnixTime) -> (Newness, bool) {
        let Some(entry) = self.entries.get(id) else {
            return (Newness::Current, generation > 0);
        };
        if generation > entry.generation {
            return (Newness::Current, true);
        }
        let Some(kept) = &entry.kept else {
            let behind = generation < entry.generation;
            return (
                if behind {
                    Newness::Behind
                } else {
                    Newness::Current
                },
                false,
            );
        };
        let is_over = kept.is_over(now);
        if generation == entry.generation {
            return (Newness::Current, kept.seen.is_none() || is_over);
        }
        let newer = Newness::Newer {
            session: Arc::clone(&kept.session),
            unseen: kept.seen.is_none(),
        };
        (if is_over { Newness::Behind } else { newer }, is_over)
    }

    fn learn(&mut self, session: &Arc<Session>, digest: Option<u64>, end: UnixTime, now: UnixTime) {
        let (id, generation) = (*session.id(), session.generation());
        let known = self.entries.get_mut(&id);
        if let Some(entry) = known.filter(|entry| entry.generation >= generation) {
            let Some(kept) = &mut entry.kept else {
                return;
            };
            if generation == entry.generation && kept.seen.is_none() {
                kept.seen = Some(now);
                self.shown.push_back((id, now));
            }
            if kept.is_over(now) {
                self.bytes = self.bytes.saturating_sub(entry.let_go());
            }
            return;
        }
        let kept = Some(Kept {
            bytes: session.size(),
            session: Arc::clone(session),
            seen: Some(now),
        });
        let entry = Entry {
            generation,
            end,
            digest,
            kept,
        };
        self.insert(id, entry, now);
        self.shown.push_back((id, now));
    }

    fn keep(&mut self, session: Arc<Session>, digest: Option<u64>, end: UnixTime, now: UnixTime) {
        let id = *session.id();
        let generation = session.generation();
        // What another instance has written since is not taken back.
        if self
            .entries
            .get(&id)
            .is_some_and(|entry| entry.generation > generation)
        {
            return;
        }
        let kept = Some(Kept {
            bytes: session.size(),
            session,
            seen: None,
        });
        let entry = Entry {
            generation,
            end,
            digest,
            kept,
        };
        self.insert(id, entry, now);
    }

    fn insert(&mut self, id: SessionId, entry: Entry, now: UnixTime) {
        self.remove(&id);
        self.sweep(now);
        self.bytes += entry.bytes();
        self.entries.insert(id, entry);
        self.order.push_back(id);
    }

    fn remove(&mut self, id: &SessionId) {
        if let Some(entry) = self.entries.remove(id) {
            self.bytes = self.bytes.saturating_sub(entry.bytes());
            self.order.retain(|other| other != id);
        }
    }

    /// Whatever is over goes from the front, a few at a time.
    fn sweep(&mut self, now: UnixTime) {
        for _ in 0..SWEEP {
            let is_over = |(_, seen): &(_, UnixTime)| now.since(*seen) >= STRAGGLERS;
            if !self.shown.front().is_some_and(is_over) {
                break;
            }
            self.let_go_of_shown();
        }
        for _ in 0..SWEEP {
            let Some(id) = self.order.front().copied() else {
                return;
            };
            if self.entries.get(&id).is_some_and(|entry| now < entry.end) {
                return;
            }
            self.order.pop_front();
            if let Some(entry) = self.entries.remove(&id) {
                self.bytes = self.bytes.saturating_sub(entry.bytes());
            }
        }
    }

    /// The one whose cookie came first is not kept for stragglers any longer;
    /// its generation is. False: there is none.
    fn let_go_of_shown(&mut self) -> bool {
        let Some((id, _)) = self.shown.pop_front() else {
            return false;
        };
        if let Some(entry) = self.entries.get_mut(&id)
            && entry.kept.as_ref().is_some_and(|kept| kept.seen.is_some())
        {
            self.bytes = self.bytes.saturating_sub(entry.let_go());
        }
        true
    }

    /// Room is made by what was kept for stragglers, then by the oldest, whether
    /// they are over or not; says how many of these.
    fn shrink(&mut self, budget: usize) -> u64 {
        let mut evicted = 0;
        while self.bytes > budget {
            if self.let_go_of_shown() {
                continue;
            }
            let Some(id) = self.order.pop_front() else {
                return evicted;
            };
            if let Some(entry) = self.entries.remove(&id) {
                self.bytes = self.bytes.saturating_sub(entry.bytes());
                evicted += 1;
            }
        }
        evicted
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        ENTRY + self.kept.as_ref().map_or(0, |kept| kept.bytes)
    }

    /// Keeps the generation alone; says how many bytes that frees.
    fn let_go(&mut self) -> usize {
        self.kept.take().map_or(0, |kept| kept.bytes)
    }
}

impl Kept {
    fn is_over(&self, now: UnixTime) -> bool {
        self.seen.is_some_and(|seen| now.since(seen) >= STRAGGLERS)
    }
}

#[cfg(test)]
mod tests;
