//! The login session: what the cookie carries.
//!
//! Owns the wire forms: format 3, and formats 1 and 2, which earlier versions
//! wrote (frozen: `tests/vectors/session-v1.toml`, `-v2.toml`, `-v3.toml`).
//! Must not know cookies or crypto. Holding a [`Session`] proves that we sealed
//! it, not that its token is still good.

use zeroize::Zeroizing;

use super::identity::KeptClaims;
use super::time::UnixTime;
use super::token::VerifiedIdentity;
use super::wire::{Reader, WireError, Writer};

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
    id_token: Zeroizing<String>,
    refresh_token: Option<Zeroizing<String>>,
    access_token: Option<Zeroizing<String>>,
    kept: KeptClaims,
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
            id_token,
            refresh_token,
            access_token,
            kept,
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
            id_token,
            refresh_token: refresh_token.or_else(|| self.refresh_token.clone()),
            access_token,
            kept,
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
        }
    }

    /// About what it takes in memory, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let tokens = [&self.refresh_token, &self.access_token];
        let tokens: usize = tokens.into_iter().flatten().map(|t| t.len()).sum();
        size_of::<Self>() + self.id_token.len() + tokens + self.kept.size()
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
        out.token(Some(&self.id_token));
        out.token(self.refresh_token.as_ref().map(|token| token.as_str()));
        out.token(self.access_token.as_ref().map(|token| token.as_str()));
        self.kept.encode(&mut out);
        out.finish()
    }

    /// Reads what [`encode`](Self::encode) wrote, now or in an earlier version.
    ///
    /// # Errors
    /// If the bytes are of another format; another version of ours may have sealed them.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
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
            id_token: input.token()?.ok_or(WireError)?,
            refresh_token: input.token()?,
            access_token: match is_current {
                true => input.token()?,
                false => None,
            },
            kept: match format {
                PLAIN => KeptClaims::default(),
                _ => KeptClaims::decode(&mut input)?,
            },
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
        &self.id_token
    }

    /// The refresh token, if the provider gave one.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&Zeroizing<String>> {
        self.refresh_token.as_ref()
    }

    /// The access token, if the app is told it; not verified.
    #[must_use]
    pub fn access_token(&self) -> Option<&Zeroizing<String>> {
        self.access_token.as_ref()
    }

    /// What the login learnt beside the ID token.
    #[must_use]
    pub fn kept(&self) -> &KeptClaims {
        &self.kept
    }
}

#[cfg(test)]
pub(in crate::gate) mod tests;
