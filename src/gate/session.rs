//! The login session: what the cookie carries.
//!
//! Owns the wire forms: format 1 and, for sessions that keep claims beside the
//! ID token, format 2 (frozen: `tests/vectors/session-v1.toml`, `-v2.toml`).
//! Must not know cookies or crypto. Holding a [`Session`] proves that we sealed
//! it, not that its token is still good.

use zeroize::Zeroizing;

use super::identity::KeptClaims;
use super::time::UnixTime;
use super::token::VerifiedIdentity;
use super::wire::{Reader, WireError, Writer};

/// Without claims beside the ID token: the previous version reads it too.
const PLAIN: u8 = 1;
/// With the claims that the mapping named at the login.
const WITH_CLAIMS: u8 = 2;

/// One person's session with one provider. Debug shows no token.
pub struct Session {
    id: SessionId,
    generation: u32,
    signed_in: UnixTime,
    sealed: UnixTime,
    provider: String,
    id_token: Zeroizing<String>,
    refresh_token: Option<Zeroizing<String>>,
    kept: KeptClaims,
}

/// Random, so that a new login never reuses a session (field.md R9).
pub type SessionId = [u8; 16];

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("generation", &self.generation)
            .field("signed_in", &self.signed_in)
            .field("sealed", &self.sealed)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A new session. That `id_token` is the text that was verified is the
    /// caller's word; the next request verifies it anyway.
    #[must_use]
    pub fn establish(
        _proof: &VerifiedIdentity,
        provider: &str,
        id_token: Zeroizing<String>,
        refresh_token: Option<Zeroizing<String>>,
        id: SessionId,
        kept: KeptClaims,
        now: UnixTime,
    ) -> Self {
        Self {
            id,
            generation: 0,
            signed_in: now,
            sealed: now,
            provider: provider.to_owned(),
            id_token,
            refresh_token,
            kept,
        }
    }

    /// Bytes to seal at `now`.
    #[must_use]
    pub fn encode(&self, now: UnixTime) -> Zeroizing<Vec<u8>> {
        let format = match self.kept.is_empty() {
            true => PLAIN,
            false => WITH_CLAIMS,
        };
        let mut out = Writer::new(format);
        out.raw(&self.id);
        out.u32(self.generation);
        out.u64(self.signed_in.secs());
        out.u64(now.secs());
        out.bytes(self.provider.as_bytes());
        out.token(Some(&self.id_token));
        out.token(self.refresh_token.as_ref().map(|token| token.as_str()));
        if format == WITH_CLAIMS {
            self.kept.encode(&mut out);
        }
        out.finish()
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// If the bytes are of another format; another version of ours may have sealed them.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let format = match bytes.first() {
            Some(&WITH_CLAIMS) => WITH_CLAIMS,
            _ => PLAIN,
        };
        let mut input = Reader::new(bytes, format)?;
        let session = Self {
            id: input.array()?,
            generation: input.u32()?,
            signed_in: UnixTime::from_secs(input.u64()?),
            sealed: UnixTime::from_secs(input.u64()?),
            provider: input.text()?.to_owned(),
            id_token: input.token()?.ok_or(WireError)?,
            refresh_token: input.token()?,
            kept: match format {
                WITH_CLAIMS => KeptClaims::decode(&mut input)?,
                _ => KeptClaims::default(),
            },
        };
        input.finish()?;
        Ok(session)
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

    /// What the login learnt beside the ID token.
    #[must_use]
    pub fn kept(&self) -> &KeptClaims {
        &self.kept
    }
}

#[cfg(test)]
mod tests;
