//! What was verified before, and need not be once more.
//!
//! Owns how much memory that takes, and what goes first when it is full. Must
//! not know what is remembered, nor whether it still holds: whoever asks finds
//! that out on every hit.
//!
//! An entry is found by the whole text that was shown on one public origin,
//! compared in full. So nothing but the very bytes that were verified finds it,
//! and nothing is ever remembered of what was not. Sessions and bearer tokens
//! are remembered apart, as values of different types: neither is ever found
//! for the other.

use std::hash::{Hash, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, OptionsBuilder, Weighter};

use crate::spread::Spread;

/// What a usual entry takes, in bytes: from it follows how many there may be.
const USUAL: u64 = 12 * 1024;
/// How many bytes of what is shown choose its place: the last, which are
/// different in each.
const HASHED: usize = 24;

/// What can say how much memory it takes.
pub(super) trait Weigh {
    /// Estimated, in bytes.
    fn size(&self) -> usize;
}

/// What is remembered of one kind, bounded by memory.
pub(super) struct Remembered<V> {
    cache: Option<Cache<Key, Entry<V>, Sizes, RandomState>>,
    checks: AtomicU64,
    /// Each thread's own: the hottest of paths counts here.
    hits: Spread<AtomicU64>,
}

/// What they come to, for whoever watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Sessions and bearer tokens remembered.
    pub entries: usize,
    /// What they take, estimated in bytes.
    pub bytes: u64,
    /// Signatures checked since the start, because what was shown was not among them.
    pub checks: u64,
    /// How often what was shown was among them.
    pub hits: u64,
}

/// A sealed value or a token, and the public origin that it was shown on.
struct Key {
    origin: usize,
    shown: Box<[u8]>,
}

/// The same, as a request presents it.
pub(super) struct Asked<'r> {
    pub(super) origin: usize,
    pub(super) shown: &'r [u8],
}

struct Entry<V> {
    verified: Arc<V>,
    size: u64,
}

impl<V> Clone for Entry<V> {
    fn clone(&self) -> Self {
        Self {
            verified: Arc::clone(&self.verified),
            size: self.size,
        }
    }
}

#[derive(Clone)]
struct Sizes;

impl<V> Weighter<Key, Entry<V>> for Sizes {
    fn weight(&self, key: &Key, entry: &Entry<V>) -> u64 {
        entry.size.saturating_add(bytes(key.shown.len()))
    }
}

impl Figures {
    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            entries: self.entries + other.entries,
            bytes: self.bytes + other.bytes,
            checks: self.checks + other.checks,
            hits: self.hits + other.hits,
        }
    }
}

impl<V: Weigh> Remembered<V> {
    /// Room for `capacity` bytes; for none, nothing is remembered.
    pub(super) fn new(capacity: u64) -> Self {
        let items = usize::try_from(capacity / USUAL).unwrap_or(usize::MAX);
        let options = OptionsBuilder::new()
            .weight_capacity(capacity)
            .estimated_items_capacity(items.max(1))
            .build();
        let cache = options.ok().filter(|_| capacity > 0).map(|options| {
            // The seed is random, so that nobody can aim at one place.
            let seed = RandomState::new();
            Cache::with_options(options, Sizes, seed, DefaultLifecycle::default())
        });
        Self {
            cache,
            checks: AtomicU64::new(0),
            hits: Spread::default(),
        }
    }

    /// What is remembered of it.
    pub(super) fn find(&self, asked: &Asked<'_>) -> Option<Arc<V>> {
        let entry = self.cache.as_ref()?.get(asked)?;
        self.hits.own().fetch_add(1, Ordering::Relaxed);
        Some(entry.verified)
    }

    /// Counts a signature check.
    pub(super) fn count_check(&self) {
        self.checks.fetch_add(1, Ordering::Relaxed);
    }

    /// How many entries there are, what they take in bytes, how often a
    /// signature was checked because there was none, and how often not.
    pub(super) fn figures(&self) -> Figures {
        let cache = self.cache.as_ref();
        Figures {
            entries: cache.map_or(0, Cache::len),
            bytes: cache.map_or(0, Cache::weight),
            checks: self.checks.load(Ordering::Relaxed),
            hits: self
                .hits
                .iter()
                .map(|hits| hits.load(Ordering::Relaxed))
                .sum(),
        }
    }

    /// Forgets all of them.
    pub(super) fn clear(&self) {
        if let Some(cache) = &self.cache {
            cache.clear();
        }
    }

    /// Remembers one whose token holds.
    pub(super) fn remember(&self, asked: &Asked<'_>, verified: &Arc<V>) {
        let Some(cache) = &self.cache else {
            return;
        };
        let key = Key {
            origin: asked.origin,
            shown: asked.shown.into(),
        };
        let entry = Entry {
            verified: Arc::clone(verified),
            size: bytes(verified.size()),
        };
        cache.insert(key, entry);
    }

    /// Forgets one that does not hold any more.
    pub(super) fn forget(&self, asked: &Asked<'_>) {
        if let Some(cache) = &self.cache {
            cache.remove(asked);
        }
    }
}

impl<V: Weigh> std::fmt::Debug for Remembered<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.figures().fmt(f)
    }
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl Hash for Asked<'_> {
    /// By the end alone: it holds the seal's tag or the token's signature, so
    /// that no two entries share it. What only ends alike is told apart by the
    /// comparison.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let start = self.shown.len().saturating_sub(HASHED);
        state.write(self.shown.get(start..).unwrap_or_default());
        state.write_usize(self.origin);
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let asked = Asked {
            origin: self.origin,
            shown: &self.shown,
        };
        asked.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin && self.shown == other.shown
    }
}

impl Eq for Key {}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.origin == key.origin && *self.shown == *key.shown
    }
}
