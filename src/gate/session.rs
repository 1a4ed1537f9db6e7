//! The login session: what the cookie carries.
//!
//! Owns the wire forms: format 3, and formats 1 and 2, which earlier versions
//! wrote (frozen: `tests/vectors/session-v1.toml`, `-v2.toml`, `-v3.toml`).
//! Must not know cookies or crypto. Holding a [`Session`] proves that we sealed
//! it, not that its token is still good.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::identity::KeptClaims;
use super::time::UnixTime;
use super::token::{Compact, VerifiedIdentity};
use super::wire::{Reader, WireError, Writer};
use held::Held;

mod held;

/// Without claims beside the ID token.
const PLAIN: u8 = 1;
/// With the claims that the mapping named at the login.
const WITH_CLAIMS: u8 = 2;
/// With these, the last activity and, where it is needed, the access token.
const CURRENT: u8 = 3;

/// One person's session with one provider. Debug shows no token.
pub struct Session {
    id: SessionId,
    generation: u32,
    signed_in: UnixTime,
    sealed: UnixTime,
    seen: UnixTime,
    provider: String,
    id_token: Held,
    refresh_token: Option<Held>,
    access_token: Option<Held>,
    kept: KeptClaims,
    /// Bytes that it was read from, which the tokens share.
    plain: usize,
}

/// What a provider gave, as far as a session keeps it. Debug shows none of it.
pub struct SessionTokens {
    /// The ID token.
    pub id_token: Zeroizing<String>,
    /// The refresh token, if the provider gave one.
    pub refresh_token: Option<Zeroizing<String>>,
    /// The access token, if the app is told it.
    pub access_token: Option<Zeroizing<String>>,
    /// Claims beside the ID token.
    pub kept: KeptClaims,
}

/// Random, so that a new login never reuses a session (field.md R9).
pub type SessionId = [u8; 16];

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("generation", &self.generation)
            .field("signed_in", &self.signed_in)
            .field("sealed", &self.sealed)
            .field("seen", &self.seen)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SessionTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionTokens([redacted])")
    }
}

impl Session {
    /// A new session. That its ID token is the text that was verified is the
    /// caller's word; the next request verifies it anyway.
    #[must_use]
    pub fn establish(
        _proof: &VerifiedIdentity,
        provider: &str,
        tokens: SessionTokens,
        id: SessionId,
        now: UnixTime,
    ) -> Self {
        let SessionTokens {
            id_token,
            refresh_token,
            access_token,
            kept,
        } = tokens;
        Self {
            id,
            generation: 0,
            signed_in: now,
            sealed: now,
            seen: now,
            provider: provider.to_owned(),
            id_token: id_token.into(),
            refresh_token: refresh_token.map(Held::from),
            access_token: access_token.map(Held::from),
            kept,
            plain: 0,
        }
    }

    /// The same session with newer tokens of the provider that this one has.
    /// Where no new refresh token came, the old one stays good.
    #[must_use]
    pub fn refreshed(
        &self,
        _proof: &VerifiedIdentity,
        tokens: SessionTokens,
        generation: u32,
        now: UnixTime,
    ) -> Self {
        let SessionTokens {
            id_token,
            refresh_token,
            access_token,
            kept,
        } = tokens;
        Self {
            id: self.id,
            generation,
            signed_in: self.signed_in,
            sealed: now,
            seen: self.seen,
            provider: self.provider.clone(),
            id_token: id_token.into(),
            refresh_token: match refresh_token {
                Some(newer) => Some(newer.into()),
                // As text: the older session's bytes need not stay for it.
                None => self.refresh_token().cloned().map(Held::from),
            },
            access_token: access_token.map(Held::from),
            kept,
            plain: 0,
        }
    }

    /// The same session with activity until `seen`.
    #[must_use]
    pub fn seen_at(&self, seen: UnixTime) -> Self {
        Self {
            id: self.id,
            generation: self.generation,
            signed_in: self.signed_in,
            sealed: self.sealed,
            seen,
            provider: self.provider.clone(),
            id_token: self.id_token.clone(),
            refresh_token: self.refresh_token.clone(),
            access_token: self.access_token.clone(),
            kept: self.kept.clone(),
            plain: self.plain,
        }
    }

    /// About what it takes in memory, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.tokens_size() + self.kept.size()
    }

    /// The same of its tokens alone.
    pub(super) fn tokens_size(&self) -> usize {
        let more = [&self.refresh_token, &self.access_token];
        let all = more.into_iter().flatten().chain([&self.id_token]);
        self.plain + all.map(Held::size).sum::<usize>()
    }

    /// Bytes to seal at `now`.
    #[must_use]
    pub fn encode(&self, now: UnixTime) -> Zeroizing<Vec<u8>> {
        self.encode_seen(now, self.seen)
    }

    /// Bytes to seal at `now`, with activity until `seen`.
    #[must_use]
    pub fn encode_seen(&self, now: UnixTime, seen: UnixTime) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::new(CURRENT);
        out.raw(&self.id);
        out.u32(self.generation);
        out.u64(self.signed_in.secs());
        out.u64(now.secs());
        out.u64(seen.secs());
        out.bytes(self.provider.as_bytes());
        out.token(Some(self.id_token()));
        out.token(self.refresh_token().map(|token| token.as_str()));
        out.token(self.access_token().map(|token| token.as_str()));
        self.kept.encode(&mut out);
        out.finish()
    }

    /// Reads what [`encode`](Self::encode) wrote, now or in an earlier version.
    ///
    /// # Errors
    /// If the bytes are of another format; another version of ours may have sealed them.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        Self::read(Zeroizing::new(bytes.to_vec()))
    }

    /// The same of bytes that it keeps: its tokens stay as they are in them.
    ///
    /// # Errors
    /// See [`decode`](Self::decode).
    pub fn read(plain: Zeroizing<Vec<u8>>) -> Result<Self, WireError> {
        let plain = Arc::new(plain);
        let bytes = plain.as_slice();
        let format = match bytes.first() {
            Some(&format @ (PLAIN | WITH_CLAIMS)) => format,
            _ => CURRENT,
        };
        let is_current = format == CURRENT;
        let mut input = Reader::new(bytes, format)?;
        let id = input.array()?;
        let generation = input.u32()?;
        let signed_in = UnixTime::from_secs(input.u64()?);
        let sealed = UnixTime::from_secs(input.u64()?);
        let session = Self {
            id,
            generation,
            signed_in,
            sealed,
            seen: match is_current {
                true => UnixTime::from_secs(input.u64()?),
                false => sealed,
            },
            provider: input.text()?.to_owned(),
            id_token: Held::read(&mut input, &plain)?.ok_or(WireError)?,
            refresh_token: Held::read(&mut input, &plain)?,
            access_token: match is_current {
                true => Held::read(&mut input, &plain)?,
                false => None,
            },
            kept: match format {
                PLAIN => KeptClaims::default(),
                _ => KeptClaims::decode(&mut input)?,
            },
            plain: bytes.len(),
        };
        input.finish()?;
        Ok(session)
    }

    /// Which session it is: the same through all of its seals.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// How often its tokens were refreshed.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// When the person signed in.
    #[must_use]
    pub fn signed_in(&self) -> UnixTime {
        self.signed_in
    }

    /// When it was sealed last; of two sessions the newer seal wins.
    #[must_use]
    pub fn sealed(&self) -> UnixTime {
        self.sealed
    }

    /// The last activity that was written down, for the idle timeout.
    #[must_use]
    pub fn seen(&self) -> UnixTime {
        self.seen
    }

    /// The provider that signed the person in; only that one verifies the token.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The ID token, not verified.
    #[must_use]
    pub fn id_token(&self) -> &str {
        self.id_token.text()
    }

    /// The same in its parts, to be verified: without its text where that is
    /// not at hand.
    pub(super) fn signed_token(&self) -> Compact<'_> {
        self.id_token.compact()
    }

    /// The refresh token, if the provider gave one.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&Zeroizing<String>> {
        self.refresh_token.as_ref().map(Held::text)
    }

    /// Whether there is one.
    #[must_use]
    pub fn has_refresh_token(&self) -> bool {
        self.refresh_token.is_some()
    }

    /// The access token, if the app is told it; not verified.
    #[must_use]
    pub fn access_token(&self) -> Option<&Zeroizing<String>> {
        self.access_token.as_ref().map(Held::text)
    }

    /// What the login learnt beside the ID token.
    #[must_use]
    pub fn kept(&self) -> &KeptClaims {
        &self.kept
    }
}

#[cfg(test)]
pub(in crate::gate) mod tests;
