//! The signed assertion: who somebody is, for apps that verify what they are told.
//!
//! Owns what it says, how long it holds, when it is signed anew, and the JWK
//! set by which apps verify it. Must not know headers; how a key signs is
//! [`key`]'s business.
//!
//! A signature costs many times what the headers of a request do. So an
//! assertion is signed for minutes, and kept: with what was told of a person,
//! and in a memory of bounded size beside it, so that a session whose
//! verification is not kept has its assertion signed no more often.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::identity::Person;
use super::session::SessionId;
use super::time::UnixTime;

pub mod key;

use key::AssertionKey;
pub use key::Unsigned;

/// How long an assertion holds, in seconds (field.md R19).
pub const LIFETIME: u64 = 5 * 60;
/// How long it is sent before it is signed anew: an app that gets one has at
/// least the rest of [`LIFETIME`] to look at it.
const SENT_FOR: u64 = 3 * 60;
/// Memory for assertions, in bytes: some thousands of sessions.
const RECENT_BYTES: u64 = 8 << 20;
const RECENT_ESTIMATE: usize = 4_096;
/// Most bytes of `,"exp":…,"iat":…}`.
const TIMES_MAX: usize = 64;

/// Makes assertions for one audience.
pub struct Asserter {
    audience: String,
    /// Whether a subject goes with its provider: two may have the same.
    several: bool,
    key: AssertionKey,
    jwks: Value,
    recent: Cache<[u8; 32], Arc<Slot>, Weigher>,
}

/// What an assertion is about.
#[derive(Clone, Copy)]
pub struct Statement<'s> {
    /// The public origin that says so.
    pub issuer: &'s str,
    /// The session, if there is one: two sessions share no assertion.
    pub session: Option<&'s SessionId>,
    /// The token's subject.
    pub sub: &'s str,
    /// The provider that signed the person in: a subject is one of its.
    pub provider: &'s str,
    /// Whom it is about.
    pub person: &'s Person,
}

/// The assertion about one session, signed anew when it is due. Debug shows
/// nothing of it.
#[derive(Clone)]
pub struct Assertion {
    asserter: Arc<Asserter>,
    slot: Arc<Slot>,
}

struct Slot {
    /// The claims without times, as JSON without its closing brace.
    said: String,
    signed: ArcSwapOption<Signed>,
}

struct Signed {
    value: HeaderValue,
    at: UnixTime,
}

#[derive(Clone)]
struct Weigher;

impl Asserter {
    /// The first key signs, all are published. `None` without a key.
    #[must_use]
    pub fn new(audience: String, keys: Vec<AssertionKey>) -> Option<Self> {
        let published: Vec<&Value> = keys.iter().map(AssertionKey::jwk).collect();
        Some(Self {
            audience,
            several: false,
            jwks: json!({ "keys": published }),
            key: keys.into_iter().next()?,
            recent: Cache::with_weighter(RECENT_ESTIMATE, RECENT_BYTES, Weigher),
        })
    }

    /// The same for people of several providers, whose subjects become
    /// `PROVIDER|SUB`: apps take `iss` and `sub` for one person (OpenID Connect
    /// Core 5.7), and `iss` is ours. No provider's name holds `|`.
    #[must_use]
    pub fn of_several(self, several: bool) -> Self {
        Self { several, ..self }
    }

    /// The public keys, as a JWK set (RFC 7517 5).
    #[must_use]
    pub fn jwks(&self) -> &Value {
        &self.jwks
    }

    /// The assertion about somebody.
    #[must_use]
    pub fn about(self: &Arc<Self>, about: &Statement<'_>) -> Assertion {
        let said = self.said(about);
        let mut key = Sha256::new();
        // Nothing or sixteen bytes, and then an object's brace: no two read alike.
        key.update(about.session.map_or(&[][..], |session| session.as_slice()));
        key.update(&said);
        let key: [u8; 32] = key.finalize().into();
        let made = || {
            Ok::<_, std::convert::Infallible>(Arc::new(Slot {
                said,
                signed: ArcSwapOption::empty(),
            }))
        };
        let Ok(slot) = self.recent.get_or_insert_with(&key, made);
        Assertion {
            asserter: Arc::clone(self),
            slot,
        }
    }

    fn said(&self, about: &Statement<'_>) -> String {
        let Statement {
            issuer,
            sub,
            provider,
            person,
            session: _,
        } = about;
        let sub = match self.several {
            true => Cow::Owned(format!("{provider}|{sub}")),
            false => Cow::Borrowed(*sub),
        };
        let mut claims = json!({
            "iss": issuer,
            "aud": self.audience,
            "sub": sub,
            "provider": provider,
            "user": person.user,
            "groups": person.groups,
        });
        // What somebody does not have is absent, never empty.
        for (name, value) in [
            ("email", &person.email),
            ("name", &person.name),
            ("access_right", &person.access_right),
        ] {
            if let (Some(value), Some(claims)) = (value, claims.as_object_mut()) {
                claims.insert(name.to_owned(), json!(value));
            }
        }
        let mut said = claims.to_string();
        said.pop();
        said
    }

    fn sign(&self, said: &str, now: UnixTime) -> Result<Signed, Unsigned> {
        let (issued, expires) = (now.secs(), now.plus(LIFETIME).secs());
        let claims = format!("{said},\"exp\":{expires},\"iat\":{issued}}}");
        let mut token = format!("{}.{}", self.key.head(), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(token.as_bytes())?;
        token.push('.');
        token.push_str(&signature);
        // Base64url and dots: always a value.
        let mut value = HeaderValue::try_from(token).map_err(|_| Unsigned)?;
        value.set_sensitive(true);
        Ok(Signed { value, at: now })
    }
}

impl Assertion {
    /// The assertion to send at `now`: the one before, until it is due.
    ///
    /// # Errors
    /// See [`Unsigned`].
    pub fn at(&self, now: UnixTime) -> Result<HeaderValue, Unsigned> {
        if let Some(signed) = &*self.slot.signed.load()
            && signed.is_sent(now)
        {
            return Ok(signed.value.clone());
        }
        // Two that come at once both sign: either will do.
        let signed = self.asserter.sign(&self.slot.said, now)?;
        let value = signed.value.clone();
        self.slot.signed.store(Some(Arc::new(signed)));
        Ok(value)
    }

    /// Most bytes that it can have.
    #[must_use]
    pub fn max_len(&self) -> usize {
        let claims = self.slot.said.len() + TIMES_MAX;
        let (head, signature) = (self.asserter.key.head().len(), 86);
        head + 1 + claims.div_ceil(3) * 4 + 1 + signature
    }
}

impl Signed {
    /// A clock that was set back makes it due, too: an app would call it one
    /// from the future.
    fn is_sent(&self, now: UnixTime) -> bool {
        self.at <= now && now < self.at.plus(SENT_FOR)
    }
}

impl Weighter<[u8; 32], Arc<Slot>> for Weigher {
    fn weight(&self, _: &[u8; 32], slot: &Arc<Slot>) -> u64 {
        // What is said, and the same again in base64 with a signature.
        let said = u64::try_from(slot.said.len()).unwrap_or(u64::MAX / 4);
        said * 3 + 512
    }
}

impl std::fmt::Debug for Asserter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asserter")
            .field("audience", &self.audience)
            .field("several", &self.several)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Statement<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Statement([redacted])")
    }
}

impl std::fmt::Debug for Assertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Assertion([redacted])")
    }
}

#[cfg(test)]
mod tests;
