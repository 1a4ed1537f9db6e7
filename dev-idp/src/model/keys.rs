//! The signing keys of a pool (cognito.md 1.3).

use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::jws::{PublicKey, SigningKey};

/// Two keys in use, the retired ones that are still published, and one that
/// never is. Clones share the keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct PoolKeys {
    id: LazyKey,
    access: LazyKey,
    retired: Vec<(KeyName, LazyKey)>,
    foreign: LazyKey,
}

/// Generated once somebody asks: a key costs a tenth of a second, and most
/// runs never touch those of the second pool.
#[derive(Debug, Clone, Default)]
pub(crate) struct LazyKey(Arc<OnceLock<SigningKey>>);

/// Which of the two keys: ID and access tokens are signed by different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyName {
    Id,
    Access,
}

/// Whether a replaced key stays published for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rotation {
    Overlap,
    Hard,
}

impl LazyKey {
    pub(crate) fn get(&self) -> &SigningKey {
        self.0.get_or_init(SigningKey::generate)
    }
}

impl PoolKeys {
    pub(crate) fn named(&self, name: KeyName) -> &SigningKey {
        match name {
            KeyName::Id => self.id.get(),
            KeyName::Access => self.access.get(),
        }
    }

    /// A key that no key set ever holds.
    pub(crate) fn foreign(&self) -> &SigningKey {
        self.foreign.get()
    }

    /// Generates what is in use, so that the first request need not wait.
    pub(crate) fn warm(&self) {
        self.id.get();
        self.access.get();
    }

    pub(crate) fn rotate(&mut self, name: KeyName, rotation: Rotation) {
        let slot = match name {
            KeyName::Id => &mut self.id,
            KeyName::Access => &mut self.access,
        };
        let old = std::mem::take(slot);
        match rotation {
            Rotation::Overlap => self.retired.push((name, old)),
            Rotation::Hard => self.retired.retain(|(retired, _)| *retired != name),
        }
    }

    /// The published key set.
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.published().map(SigningKey::public_jwk).collect();
        json!({ "keys": keys })
    }

    /// The published key of that name, as a verifier of our own tokens sees it.
    pub(crate) fn published_key(&self, kid: &str) -> Option<PublicKey> {
        self.published()
            .find(|key| key.kid() == kid)
            .map(SigningKey::public_key)
    }

    fn published(&self) -> impl Iterator<Item = &SigningKey> {
        [&self.id, &self.access]
            .into_iter()
            .chain(self.retired.iter().map(|(_, key)| key))
            .map(LazyKey::get)
    }
}
