//! Sessions that were opened and verified before: their next requests cost
//! neither a decryption nor a signature check.
//!
//! Owns what is remembered of a session. Must not know whether it still stands:
//! times, standing and the provider's keys are asked by
//! [`identify`](super::identify) on every hit.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::headers::{Told, Untellable};
use super::identity::{AttributeValue, NoPerson, Person};
use super::remembered::Weigh;
use super::seal::KeyPlace;
use super::session::Session;
use super::time::{LEEWAY, UnixTime};
use super::token::{KeyFingerprint, VerifiedIdentity};

/// Allocations and bookkeeping of one entry, in bytes.
pub(super) const FIXED: usize = 1024;
/// A claim's share of the map that holds it, in bytes.
const CLAIM: usize = 96;

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
    /// The end of the token, without leeway, and the key that signed it: here as
    /// well, so that a hit does not fetch the claims' memory for them.
    pub(super) expires: UnixTime,
    pub(super) signed_with: KeyFingerprint,
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
        now < self.expires.plus(LEEWAY)
            && self.begins <= now.plus(LEEWAY)
            && self.auth_ends.is_none_or(|end| now < end)
    }
}

impl Who {
    /// What it takes in memory, estimated in bytes.
    pub(super) fn size(&self) -> usize {
        let told = self.told.iter().flatten().map(|told| told.size());
        person_size(&self.person) + told.sum::<usize>()
    }
}

impl Weigh for Verified {
    fn size(&self) -> usize {
        let kept = self.session.kept().maps();
        let maps = kept.into_iter().chain([self.identity.claims()]);
        FIXED
            + self.session.tokens_size()
            + self.who.as_ref().map_or(0, Who::size)
            + maps
                .chain(&self.believed)
                .chain(&self.userinfo)
                .map(claims_size)
                .sum::<usize>()
    }
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

pub(super) fn claims_size(claims: &Map<String, Value>) -> usize {
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
