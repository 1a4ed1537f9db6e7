//! Tokens that held when they were verified.
//!
//! Owns what may be asked of them, and whether two of them belong together.
//! Must not know how they were verified: [`Verifier`](super::Verifier) alone
//! makes them.

use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::claims::Claims;
use super::{KeyFingerprint, TokenError};
use crate::gate::time::UnixTime;

/// The claims of an ID token whose signature, issuer, audience, use and times
/// held when it was verified. Made by [`Verifier::verify`](super::Verifier::verify) alone.
#[derive(Debug)]
pub struct VerifiedIdentity {
    pub(super) claims: Claims,
    pub(super) expires: UnixTime,
    pub(super) key: KeyFingerprint,
}

/// The claims of an access token of ours, verified likewise.
#[derive(Debug)]
pub struct VerifiedAccess {
    pub(super) claims: Claims,
}

impl VerifiedIdentity {
    /// The claims.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims.0
    }

    /// The end of the token, without leeway.
    #[must_use]
    pub fn expires(&self) -> UnixTime {
        self.expires
    }

    /// From when on it holds, without leeway: it was issued by then, and begun.
    #[must_use]
    pub fn begins(&self) -> UnixTime {
        let begins = self.claims.begins();
        // `iat` was there when the token was verified.
        begins.unwrap_or(self.expires)
    }

    /// The key that signed it. Whoever remembers the verification forgets it
    /// as soon as [`KeySet::holds`](super::KeySet::holds) says no.
    #[must_use]
    pub fn key(&self) -> KeyFingerprint {
        self.key
    }

    /// When it was issued.
    #[must_use]
    pub fn issued(&self) -> UnixTime {
        let issued = self.claims.time("iat").ok().flatten();
        // It was there when the token was verified.
        issued.unwrap_or(self.expires)
    }

    /// When the person authenticated (`auth_time`, OpenID Connect Core 2), if
    /// the token says so.
    ///
    /// # Errors
    /// [`TokenError::AuthTime`] if it says something that is no time.
    pub fn authenticated(&self) -> Result<Option<UnixTime>, TokenError> {
        self.claims.authenticated()
    }

    /// The subject: never empty.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.claims.text("sub").unwrap_or_default()
    }

    /// Core 3.1.3.7 (11): the token is the answer to this very login.
    ///
    /// # Errors
    /// [`TokenError::Nonce`].
    pub fn check_nonce(&self, expected: &str) -> Result<(), TokenError> {
        let nonce = self.claims.text("nonce").ok_or(TokenError::Nonce)?;
        if bool::from(nonce.as_bytes().ct_eq(expected.as_bytes())) {
            Ok(())
        } else {
            Err(TokenError::Nonce)
        }
    }

    /// This token renews the other one: same issuer, subject and audience; the
    /// nonce, if there is one, is the same; nobody signed in after it was
    /// issued (OpenID Connect Core 12.2, cognito.md 2.6).
    ///
    /// # Errors
    /// [`TokenError::Issuer`], [`TokenError::Foreign`], [`TokenError::Audience`],
    /// [`TokenError::Nonce`], [`TokenError::Claim`], [`TokenError::NotYetValid`].
    pub fn check_renews(&self, before: &Self) -> Result<(), TokenError> {
        let (old, new) = (&before.claims, &self.claims);
        if new.text("iss") != old.text("iss") {
            return Err(TokenError::Issuer);
        }
        if new.text("sub") != old.text("sub") {
            return Err(TokenError::Foreign);
        }
        if new.0.get("aud") != old.0.get("aud") {
            return Err(TokenError::Audience);
        }
        if new.0.contains_key("nonce") && new.0.get("nonce") != old.0.get("nonce") {
            return Err(TokenError::Nonce);
        }
        match new.time("auth_time")? {
            Some(auth_time) if auth_time > self.issued() => Err(TokenError::NotYetValid),
            _ => Ok(()),
        }
    }

    /// The access token is of the same person as this ID token.
    ///
    /// # Errors
    /// [`TokenError::Foreign`].
    pub fn check_access(&self, access: &VerifiedAccess) -> Result<(), TokenError> {
        match self.claims.text("sub") == access.claims.text("sub") {
            true => Ok(()),
            false => Err(TokenError::Foreign),
        }
    }

    /// The access token was granted with this ID token: same `origin_jti` where
    /// both have one (cognito.md 5). Asked before anything is taken from it (ADR 17).
    ///
    /// # Errors
    /// [`TokenError::Foreign`].
    pub fn check_grant(&self, access: &VerifiedAccess) -> Result<(), TokenError> {
        let grant = |claims: &Claims| claims.text("origin_jti").map(str::to_owned);
        match (grant(&self.claims), grant(&access.claims)) {
            (Some(ours), Some(theirs)) if ours != theirs => Err(TokenError::Foreign),
            _ => Ok(()),
        }
    }
}

impl VerifiedAccess {
    /// The claims.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims.0
    }
}
