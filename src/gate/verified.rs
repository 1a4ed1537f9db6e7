//! Sessions that were opened and verified before: their next requests cost
//! neither a decryption nor a signature check.
//!
//! Owns what is remembered of them, for how much memory, and what goes first
//! when that is full. Must not know whether a session still stands: times,
//! standing and the provider's keys are asked by [`identify`](super::identify)
//! on every hit.
//!
//! An entry is found by the whole sealed value on one public origin, compared
//! in full. So nothing but the very bytes that were opened and verified finds
//! it, and nothing is ever remembered of what did not open or verify.

use std::hash::{Hash, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, OptionsBuilder, Weighter};
use serde_json::{Map, Value};

use super::headers::{Told, Untellable};
use super::identity::{AttributeValue, NoPerson, Person};
use super::seal::KeyPlace;
use super::session::Session;
use super::time::{LEEWAY, UnixTime};
use super::token::VerifiedIdentity;

/// What a usual entry takes, in bytes: from it follows how many there may be.
const USUAL: u64 = 12 * 1024;
/// Allocations and bookkeeping of one entry, in bytes.
const FIXED: usize = 1024;
/// A claim's share of the map that holds it, in bytes.
const CLAIM: usize = 96;
/// How many bytes of a sealed value choose its place: those with the tag, which
/// is different in each seal.
const HASHED: usize = 24;

/// A session that was opened, with all that follows from its token. Debug shows
/// nothing of it.
pub(super) struct Verified {
    pub(super) session: Arc<Session>,
    pub(super) identity: Arc<VerifiedIdentity>,
    pub(super) who: Result<Who, NoPerson>,
    /// The key that opened its seal.
    pub(super) sealed_with: KeyPlace,
    /// The claims, where there is one among them that is not believed.
    pub(super) believed: Option<Map<String, Value>>,
    /// What rules see of userinfo, if they look.
    pub(super) userinfo: Option<Map<String, Value>>,
    /// From when on the token holds.
    pub(super) begins: UnixTime,
    /// Until when the person need not authenticate anew, where there is a limit.
    pub(super) auth_ends: Option<UnixTime>,
}

/// A person, and what apps are told of them: by each of the header rules there are.
pub(super) struct Who {
    pub(super) person: Arc<Person>,
    pub(super) told: Vec<Result<Arc<Told>, Untellable>>,
}

impl Verified {
    /// The claims, without what is not believed.
    pub(super) fn believed(&self) -> &Map<String, Value> {
        self.believed
            .as_ref()
            .unwrap_or_else(|| self.identity.claims())
    }

    /// Whether the token's times hold: what of a verification changes by itself.
    pub(super) fn is_current(&self, now: UnixTime) -> bool {
        now < self.identity.expires().plus(LEEWAY)
            && self.begins <= now.plus(LEEWAY)
            && self.auth_ends.is_none_or(|end| now < end)
    }

    /// What it takes in memory, estimated in bytes.
    fn size(&self) -> usize {
        let told = |who: &Who| {
            let sizes = who.told.iter().flatten().map(|told| told.size());
            sizes.sum::<usize>()
        };
        let who = |who: &Who| person_size(&who.person) + told(who);
        let kept = self.session.kept().maps();
        let maps = kept.into_iter().chain([self.identity.claims()]);
        FIXED
            + session_size(&self.session)
            + self.who.as_ref().map_or(0, who)
            + maps
                .chain(&self.believed)
                .chain(&self.userinfo)
                .map(claims_size)
                .sum::<usize>()
    }
}

fn session_size(session: &Session) -> usize {
    let more = [session.refresh_token(), session.access_token()];
    let more = more.into_iter().flatten().map(|token| token.len());
    session.id_token().len() + more.sum::<usize>()
}

fn person_size(person: &Person) -> usize {
    let one = [&person.email, &person.name, &person.access_right];
    let one = one.into_iter().flatten().chain([&person.user]);
    let values = person.attributes.iter().flat_map(|attribute| {
        let values = match &attribute.value {
            AttributeValue::One(value) => std::slice::from_ref(value),
            AttributeValue::Many(values) => values.as_slice(),
        };
        values.iter().chain([&attribute.name])
    });
    let texts = one.chain(&person.groups).chain(values);
    texts.map(|text| size_of::<String>() + text.len()).sum()
}

fn claims_size(claims: &Map<String, Value>) -> usize {
    claims
        .iter()
        .map(|(name, value)| CLAIM + name.len() + value_size(value))
        .sum()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| CLAIM + value_size(item)).sum(),
        Value::Object(members) => claims_size(members),
    }
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verified([redacted])")
    }
}

/// The sessions that are remembered, bounded by memory.
pub(super) struct VerifiedSessions {
    cache: Option<Cache<Key, Entry, Sizes, RandomState>>,
    checks: AtomicU64,
}

/// What the verified sessions come to, for whoever watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Sessions remembered.
    pub entries: usize,
    /// What they take, estimated in bytes.
    pub bytes: u64,
    /// Signatures checked since the start, because their session was not among them.
    pub checks: u64,
}

/// A sealed value, and the public origin that it was opened on.
struct Key {
    origin: usize,
    sealed: Box<[u8]>,
}

/// The same, as a request presents it.
pub(super) struct Asked<'r> {
    pub(super) origin: usize,
    pub(super) sealed: &'r [u8],
}

#[derive(Clone)]
struct Entry {
    verified: Arc<Verified>,
    size: u64,
}

#[derive(Clone)]
struct Sizes;

impl Weighter<Key, Entry> for Sizes {
    fn weight(&self, key: &Key, entry: &Entry) -> u64 {
        entry.size.saturating_add(bytes(key.sealed.len()))
    }
}

impl VerifiedSessions {
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
        }
    }

    /// What is remembered of a sealed value.
    pub(super) fn find(&self, asked: &Asked<'_>) -> Option<Arc<Verified>> {
        self.cache.as_ref()?.get(asked).map(|entry| entry.verified)
    }

    /// Counts a signature check.
    pub(super) fn count_check(&self) {
        self.checks.fetch_add(1, Ordering::Relaxed);
    }

    /// How many entries there are, what they take in bytes, and how often a
    /// signature was checked because there was none.
    pub(super) fn figures(&self) -> Figures {
        let cache = self.cache.as_ref();
        Figures {
            entries: cache.map_or(0, Cache::len),
            bytes: cache.map_or(0, Cache::weight),
            checks: self.checks.load(Ordering::Relaxed),
        }
    }

    /// Remembers a session whose token holds.
    pub(super) fn remember(&self, asked: &Asked<'_>, verified: &Arc<Verified>) {
        let Some(cache) = &self.cache else {
            return;
        };
        let key = Key {
            origin: asked.origin,
            sealed: asked.sealed.into(),
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

impl std::fmt::Debug for VerifiedSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.figures().fmt(f)
    }
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl Hash for Asked<'_> {
    /// By the end alone: it holds the tag, a keyed digest of all the rest, so
    /// that no two entries share it. What only ends alike is told apart by the
    /// comparison.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let start = self.sealed.len().saturating_sub(HASHED);
        state.write(self.sealed.get(start..).unwrap_or_default());
        state.write_usize(self.origin);
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let asked = Asked {
            origin: self.origin,
            sealed: &self.sealed,
        };
        asked.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin && self.sealed == other.sealed
    }
}

impl Eq for Key {}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.origin == key.origin && *self.sealed == *key.sealed
    }
}
