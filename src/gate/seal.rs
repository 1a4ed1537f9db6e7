//! Sealing: AES-256-GCM over bytes, with a ring of keys.
//!
//! Owns the envelope, the key ring and the associated data. The only file that
//! imports aws-lc's AEAD (why that one: ADR 0016). Must not know what it seals,
//! nor cookies.
//!
//! Envelope, version 1 (frozen: `tests/vectors/sealed-v1.toml`):
//!
//! ```text
//! version (1 byte, 0x01) | key id (4) | nonce (12) | ciphertext | tag (16)
//! ```
//!
//! Associated data: `vestibule`, then version and key id, then purpose, name
//! and public origin, each preceded by its length (4 bytes, big-endian), so
//! that no two contexts share a text (field.md R11). A value sealed as one
//! thing therefore never opens as another, nor under another cookie's name,
//! nor on another origin.
//!
//! Nonces are random and 96 bits long. One key may seal 2^32 values (NIST SP
//! 800-38D 8.3), which at 100 seals a second is more than a year; rotate
//! before that.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use zeroize::Zeroizing;

use super::base64url;
use super::time::UnixTime;

/// Length of a session key in bytes.
pub const KEY_LEN: usize = 32;

const VERSION: u8 = 1;
const KEY_ID_LEN: usize = 4;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// Bytes that sealing adds.
pub const OVERHEAD: usize = 1 + KEY_ID_LEN + NONCE_LEN + TAG_LEN;

/// Randomness as an argument: fills the slice, or says that it cannot.
pub type Rng<'r> = &'r mut dyn FnMut(&mut [u8]) -> Result<(), RandomError>;

/// The system gave no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no randomness")]
pub struct RandomError;

/// What a sealed value is for; part of the associated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The session cookie.
    Session,
    /// The cookie of logins in flight.
    Logins,
    /// The `state` parameter.
    State,
    /// What is said of a form that a tab keeps.
    Form,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"session",
            Self::Logins => b"logins",
            Self::State => b"state",
            Self::Form => b"form",
        }
    }
}

/// Where a sealed value belongs.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// What it is for.
    pub purpose: Purpose,
    /// The cookie's name without a chunk number, or the parameter's.
    pub name: &'c str,
    /// The public origin, as text.
    pub origin: &'c str,
}

/// A session key: 32 random bytes. Debug shows nothing; zeroized when dropped.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; KEY_LEN]>);

/// Why a text is no session key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not base64.
    #[error("is not base64; make one with `vestibule keygen`")]
    NotBase64,
    /// Not 32 bytes.
    #[error("is {0} bytes long, not 32; make one with `vestibule keygen`")]
    Length(usize),
}

impl SecretKey {
    /// Reads base64 (standard or URL-safe, padded or not) of 32 bytes.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim().trim_end_matches('=');
        let plain: Zeroizing<String> = Zeroizing::new(text.replace('-', "+").replace('_', "/"));
        let bytes = Zeroizing::new(
            base64::engine::general_purpose::STANDARD_NO_PAD
                .decode(plain.as_bytes())
                .map_err(|_| KeyError::NotBase64)?,
        );
        let key = <[u8; KEY_LEN]>::try_from(bytes.as_slice())
            .map_err(|_| KeyError::Length(bytes.len()))?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// A fresh key.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn generate(rng: Rng<'_>) -> Result<Self, RandomError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        rng(key.as_mut_slice())?;
        Ok(Self(key))
    }

    /// The key as base64, for `vestibule keygen` to print.
    #[must_use]
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// A key for another use than sealing, such as hashing user names in the log.
    #[must_use]
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; KEY_LEN]> {
        let mut hash = Sha256::new();
        hash.update(b"vestibule derive\0");
        hash.update(label.as_bytes());
        hash.update([0]);
        hash.update(self.0.as_slice());
        Zeroizing::new(hash.finalize().into())
    }

    /// Not secret: tells keys apart.
    fn id(&self) -> [u8; KEY_ID_LEN] {
        let mut hash = Sha256::new();
        hash.update(b"vestibule key id\0");
        hash.update(self.0.as_slice());
        let digest: [u8; 32] = hash.finalize().into();
        let [a, b, c, d, ..] = digest;
        [a, b, c, d]
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey([redacted])")
    }
}

/// The keys of this instance, ready for use: the first seals, all open.
///
/// A first key that turned up while running opens at once but seals only after
/// a while, because mounted secrets reach instances minutes apart: until then
/// the first one of those that are settled seals.
pub struct KeyRing {
    keys: Vec<RingKey>,
    /// The place of the key that seals.
    sealer: AtomicUsize,
}

struct RingKey {
    id: [u8; KEY_ID_LEN],
    cipher: LessSafeKey,
    /// From when on it may seal.
    settled: UnixTime,
    seals: AtomicU64,
    opens: AtomicU64,
}

/// How often a key was used since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The key's id: not secret.
    pub id: String,
    /// Values sealed with it.
    pub seals: u64,
    /// Values opened with it.
    pub opens: u64,
}

/// What a sealed text held.
pub struct Opened {
    /// The bytes.
    pub plain: Zeroizing<Vec<u8>>,
    /// Whether a key opened it that comes after the one which seals.
    pub old_key: bool,
    /// Which key opened it, for [`KeyRing::is_old`].
    pub key: KeyPlace,
}

/// A key wherever it stands, as sealed values name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId([u8; KEY_ID_LEN]);

/// A key's place on its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPlace(usize);

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("old_key", &self.old_key)
            .finish_non_exhaustive()
    }
}

/// Why a sealed text did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not strict base64url, too short, or of a version that is not known.
    #[error("not a sealed value")]
    Malformed,
    /// Sealed by a key that is not on the ring (any more).
    #[error("sealed by a key that is not on the ring")]
    UnknownKey,
    /// The tag does not verify: changed, or sealed for something else.
    #[error("changed, or sealed for something else")]
    Forged,
}

/// Why nothing was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// See [`RandomError`].
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The ring is empty.
    #[error("there is no key to seal with")]
    NoKey,
    /// The cipher refused (more than 64 GiB).
    #[error("too large to seal")]
    TooLarge,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing({} keys)", self.keys.len())
    }
}

impl KeyRing {
    /// A ring whose first key seals. `None` without a key.
    #[must_use]
    pub fn new(keys: &[SecretKey]) -> Option<Self> {
        Self::with(keys, None, UnixTime::from_secs(0))
    }

    /// The ring that takes this one's place: a key that is new here seals only
    /// `settle` seconds from now. `None` without a key.
    #[must_use]
    pub fn succeeded_by(&self, keys: &[SecretKey], now: UnixTime, settle: u64) -> Option<Self> {
        let ring = Self::with(keys, Some(self), now.plus(settle))?;
        ring.settle(now);
        Some(ring)
    }

    /// What `before` knows of a key goes on; a new one settles at `settled`.
    fn with(keys: &[SecretKey], before: Option<&Self>, settled: UnixTime) -> Option<Self> {
        let ring_key = |key: &SecretKey| {
            let id = key.id();
            let known = before.and_then(|ring| ring.keys.iter().find(|key| key.id == id));
            let count = |counter: fn(&RingKey) -> &AtomicU64| {
                AtomicU64::new(known.map_or(0, |key| counter(key).load(Ordering::Relaxed)))
            };
            // It has the length that the cipher wants: never an error.
            let key = UnboundKey::new(&AES_256_GCM, key.0.as_slice()).ok()?;
            Some(RingKey {
                id,
                cipher: LessSafeKey::new(key),
                settled: known.map_or(settled, |key| key.settled),
                seals: count(|key| &key.seals),
                opens: count(|key| &key.opens),
            })
        };
        let keys: Vec<_> = keys.iter().map(ring_key).collect::<Option<_>>()?;
        let ring = Self {
            keys,
            sealer: AtomicUsize::new(0),
        };
        (!ring.keys.is_empty()).then_some(ring)
    }

    /// Lets the first key that is settled by `now` seal; if none is, there is no
    /// old one to go on with, and the first does.
    pub fn settle(&self, now: UnixTime) {
        if self.keys.first().is_some_and(|key| key.settled > now) {
            let settled = self.keys.iter().position(|key| key.settled <= now);
            self.sealer
                .store(settled.unwrap_or_default(), Ordering::Relaxed);
        } else if self.sealer.load(Ordering::Relaxed) != 0 {
            self.sealer.store(0, Ordering::Relaxed);
        }
    }

    /// How often each key was used, in the order of the ring.
    pub fn uses(&self) -> impl Iterator<Item = KeyUse> {
        self.keys.iter().map(|key| KeyUse {
            id: key.id.iter().map(|byte| format!("{byte:02x}")).collect(),
            seals: key.seals.load(Ordering::Relaxed),
            opens: key.opens.load(Ordering::Relaxed),
        })
    }

    /// Seals with the first settled key; the result is strict base64url.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn seal(
        &self,
        context: Context<'_>,
        plain: &[u8],
        rng: Rng<'_>,
    ) -> Result<String, SealError> {
        let sealer = self.sealer.load(Ordering::Relaxed);
        let key = self.keys.get(sealer).ok_or(SealError::NoKey)?;
        let mut nonce = [0; NONCE_LEN];
        rng(&mut nonce)?;
        let aad = associated_data(context, key.id);
        let mut sealed = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_LEN));
        sealed.extend_from_slice(plain);
        key.cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(&aad),
                &mut *sealed,
            )
            .map_err(|_| SealError::TooLarge)?;
        key.seals.fetch_add(1, Ordering::Relaxed);
        let mut envelope = Vec::with_capacity(plain.len() + OVERHEAD);
        envelope.push(VERSION);
        envelope.extend_from_slice(&key.id);
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&sealed);
        Ok(URL_SAFE_NO_PAD.encode(envelope))
    }

    /// Opens what [`seal`](Self::seal) made in the same context.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(&self, context: Context<'_>, text: &[u8]) -> Result<Opened, OpenError> {
        let envelope = base64url::decode(text).ok_or(OpenError::Malformed)?;
        let (version, rest) = envelope.split_first().ok_or(OpenError::Malformed)?;
        if *version != VERSION || envelope.len() < OVERHEAD {
            return Err(OpenError::Malformed);
        }
        let (id, rest) = rest
            .split_first_chunk::<KEY_ID_LEN>()
            .ok_or(OpenError::Malformed)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(OpenError::Malformed)?;
        let (ciphertext, tag) = sealed
            .split_last_chunk::<TAG_LEN>()
            .ok_or(OpenError::Malformed)?;
        let of_this_id = |key: &RingKey| key.id == *id;
        if !self.keys.iter().any(of_this_id) {
            return Err(OpenError::UnknownKey);
        }
        let aad = associated_data(context, *id);
        let mut plain = Zeroizing::new(vec![0; ciphertext.len()]);
        // Key ids are short, so two keys may share one: each is tried.
        for (place, key) in self.keys.iter().enumerate() {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let opens = of_this_id(key)
                && key
                    .cipher
                    .open_separate_gather(nonce, Aad::from(&aad), ciphertext, tag, &mut plain)
                    .is_ok();
            if opens {
                key.opens.fetch_add(1, Ordering::Relaxed);
                return Ok(Opened {
                    plain,
                    old_key: self.is_old(KeyPlace(place)),
                    key: KeyPlace(place),
                });
            }
        }
        Err(OpenError::Forged)
    }
}

impl KeyRing {
    /// Which key stands there.
    #[must_use]
    pub fn id(&self, key: KeyPlace) -> Option<KeyId> {
        self.keys.get(key.0).map(|key| KeyId(key.id))
    }

    /// Whether a key is on this ring, at whatever place.
    #[must_use]
    pub fn holds(&self, id: KeyId) -> bool {
        self.keys.iter().any(|key| key.id == id.0)
    }

    /// Whether a key comes after the one which seals by now.
    #[must_use]
    pub fn is_old(&self, key: KeyPlace) -> bool {
        key.0 > self.sealer.load(Ordering::Relaxed)
    }
}

fn associated_data(context: Context<'_>, key_id: [u8; KEY_ID_LEN]) -> Vec<u8> {
    let parts = [
        context.purpose.label(),
        context.name.as_bytes(),
        context.origin.as_bytes(),
    ];
    let mut aad = Vec::with_capacity(64 + context.origin.len() + context.name.len());
    aad.extend_from_slice(b"vestibule");
    aad.push(VERSION);
    aad.extend_from_slice(&key_id);
    for part in parts {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        aad.extend_from_slice(&length.to_be_bytes());
        aad.extend_from_slice(part);
    }
    aad
}

#[cfg(test)]
mod tests;
