//! JWK sets (RFC 7517): which keys of a provider we use, and the signature check.
//!
//! The only file that imports jsonwebtoken.

use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::TokenError;

/// Most keys of one set that are kept; Entra may publish many (cognito.md 4).
const KEYS_MAX: usize = 1_000;
/// RSA moduli of 2048 to 8192 bits, in bytes.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// The keys with which a provider signs, parsed once. Never empty.
pub struct KeySet {
    keys: Vec<SigningKey>,
    /// Sorted, for [`holds`](Self::holds).
    fingerprints: Vec<KeyFingerprint>,
}

/// Which key it is: equal if and only if `kid`, algorithm and key material are.
/// The same for one key through all fetches of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyFingerprint([u8; 32]);

/// One public key.
pub struct SigningKey {
    kid: Option<String>,
    algorithm: Algorithm,
    name: &'static str,
    fingerprint: KeyFingerprint,
    key: DecodingKey,
}

/// Why a document is no JWK set for us; the last good one stays in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not a JSON object with an array `keys`.
    #[error("the document is no JWK set")]
    Malformed,
    /// Not one RSA signature key in it.
    #[error("the JWK set holds no key that could sign with RS256")]
    NoUsableKey,
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeySet({} keys)", self.keys.len())
    }
}

impl KeySet {
    /// Reads a JWK set. Keys that cannot have signed an RS256 token are
    /// skipped, as RFC 7517 5 asks.
    ///
    /// # Errors
    /// See [`KeySetError`].
    pub fn parse(document: &[u8]) -> Result<Self, KeySetError> {
        let document: Value =
            serde_json::from_slice(document).map_err(|_| KeySetError::Malformed)?;
        let keys: Vec<_> = document
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(KeySetError::Malformed)?
            .iter()
            .filter_map(SigningKey::from_jwk)
            .take(KEYS_MAX)
            .collect();
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey);
        }
        let mut fingerprints: Vec<_> = keys.iter().map(|key| key.fingerprint).collect();
        fingerprints.sort_unstable();
        Ok(Self { keys, fingerprints })
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

    /// How many keys it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Never: an empty set does not parse.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key for a token's header. Without a `kid`, only if there is exactly one.
    pub(super) fn find(&self, kid: Option<&str>, alg: &str) -> Result<&SigningKey, TokenError> {
        // An algorithm that no key of ours has is refused before the `kid` is
        // looked at, so that nobody makes us fetch keys for it.
        if !self.keys.iter().any(|key| key.name == alg) {
            return Err(TokenError::Algorithm);
        }
        let key = match kid {
            Some(kid) => self
                .keys
                .iter()
                .find(|key| key.kid.as_deref() == Some(kid))
                .ok_or(TokenError::UnknownKey)?,
            None => match self.keys.as_slice() {
                [only] => only,
                _ => return Err(TokenError::NoKeyId),
            },
        };
        if key.name == alg {
            Ok(key)
        } else {
            Err(TokenError::Algorithm)
        }
    }
}

impl SigningKey {
    fn from_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let is_or_absent = |name: &str, value: &str| match jwk.get(name) {
            None => true,
            Some(found) => found.as_str() == Some(value),
        };
        if text("kty") != Some("RSA")
            || !is_or_absent("use", "sig")
            || !is_or_absent("alg", "RS256")
        {
            return None;
        }
        let (modulus, exponent) = (text("n")?, text("e")?);
        // Base64url: four characters carry three bytes.
        if !MODULUS_BYTES.contains(&(modulus.trim_end_matches('=').len() * 3 / 4)) {
            return None;
        }
        let kid = text("kid");
        Some(Self {
            kid: kid.map(str::to_owned),
            algorithm: Algorithm::RS256,
            name: "RS256",
            fingerprint: KeyFingerprint::of(kid, "RS256", &[modulus, exponent]),
            key: DecodingKey::from_rsa_components(modulus, exponent).ok()?,
        })
    }

    pub(super) fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    pub(super) fn verify(&self, message: &[u8], signature: &str) -> Result<(), TokenError> {
        match jsonwebtoken::crypto::verify(signature, message, &self.key, self.algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(TokenError::Signature),
        }
    }
}

impl KeyFingerprint {
    fn of(kid: Option<&str>, algorithm: &str, material: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update([u8::from(kid.is_some())]);
        let parts = [kid.unwrap_or_default(), algorithm];
        for part in parts.iter().chain(material) {
            // With their lengths, so that no two keys share a text.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }
}
