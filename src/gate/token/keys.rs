//! JWK sets (RFC 7517): which keys of a provider we use, and which one a token
//! means.
//!
//! Owns the lookup. Must not know how a signature is checked ([`jwk`] does),
//! nor where a set comes from.
//!
//! [`jwk`]: super::jwk

use serde_json::Value;

use super::jwk::{KeyFingerprint, SigningKey};
use super::{Algorithm, TokenError};

/// Most JWKs of one set that are read; Entra may publish many (cognito.md 4).
const JWKS_MAX: usize = 1_000;

/// The keys with which a provider signs, parsed once. Never empty.
pub struct KeySet {
    allowed: Vec<Algorithm>,
    keys: Vec<SigningKey>,
    /// Sorted, for [`holds`](Self::holds).
    fingerprints: Vec<KeyFingerprint>,
}

/// Why a document is no JWK set for us; the last good one stays in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not a JSON object with an array `keys`.
    #[error("the document is no JWK set")]
    Malformed,
    /// Not one key in it that we would take a token of.
    #[error("the JWK set holds no key that may sign tokens with an allowed algorithm")]
    NoUsableKey,
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeySet({} keys)", self.keys.len())
    }
}

impl KeySet {
    /// Reads a JWK set for a provider that may sign with these algorithms.
    /// What cannot have signed a token of it is skipped (RFC 7517 5): keys for
    /// encryption or of another type, curve or algorithm, RSA keys of less than
    /// 2048 bits, and whatever is no key at all.
    ///
    /// # Errors
    /// See [`KeySetError`].
    pub fn parse(document: &[u8], allowed: &[Algorithm]) -> Result<Self, KeySetError> {
        let document: Value =
            serde_json::from_slice(document).map_err(|_| KeySetError::Malformed)?;
        let jwks = document
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(KeySetError::Malformed)?;
        let mut keys: Vec<_> = jwks
            .iter()
            .take(JWKS_MAX)
            .flat_map(|jwk| SigningKey::of_jwk(jwk, allowed))
            .collect();
        // The same key twice is one.
        keys.sort_by_key(SigningKey::fingerprint);
        keys.dedup_by_key(|key| key.fingerprint());
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey);
        }
        Ok(Self {
            allowed: allowed.to_vec(),
            fingerprints: keys.iter().map(SigningKey::fingerprint).collect(),
            keys,
        })
    }

    /// Whether a key is in the set, just as it was when a token was verified
    /// with it. For every request of a session that is known: a handful of
    /// comparisons, no allocation.
    #[must_use]
    pub fn holds(&self, key: KeyFingerprint) -> bool {
        self.fingerprints.binary_search(&key).is_ok()
    }

    /// Whether nothing that the other set's keys verified has to be forgotten:
    /// keys may have been added, none was removed or changed.
    #[must_use]
    pub fn holds_all_of(&self, other: &Self) -> bool {
        other.fingerprints.iter().all(|key| self.holds(*key))
    }

    /// How many keys it holds; a JWK without `alg` may be several.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Never: an empty set does not parse.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The one key for a token's header. Without a `kid`, and where several keys
    /// have it, only if exactly one of them is for that algorithm.
    pub(super) fn find(&self, kid: Option<&str>, alg: &str) -> Result<&SigningKey, TokenError> {
        // What is not allowed is refused before the `kid` is looked at, so that
        // nobody makes us fetch keys for it.
        let algorithm = self
            .allowed
            .iter()
            .find(|allowed| allowed.name() == alg)
            .ok_or(TokenError::Algorithm)?;
        let is_named = |key: &&SigningKey| kid.is_none() || key.kid() == kid;
        let mut fitting = self
            .keys
            .iter()
            .filter(is_named)
            .filter(|key| key.algorithm() == *algorithm);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err(TokenError::NoKeyId),
            (None, _) if kid.is_some() && self.keys.iter().any(|key| is_named(&key)) => {
                Err(TokenError::Algorithm)
            }
            (None, _) => Err(TokenError::UnknownKey),
        }
    }
}
