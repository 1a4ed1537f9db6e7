//! Tokens: from a string of bytes to claims that hold right now.
//!
//! Owns the checks on ID and access tokens, numbered by OpenID Connect Core
//! 3.1.3.7 and RFC 7519 7.2, in `verify`. Must not know sessions or headers.
//! The signature itself is aws-lc's business (in [`jwk`], the only file that
//! imports it).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::time::{LEEWAY, UnixTime};
use crate::config::ProviderKind;

mod algorithm;
pub mod json;
mod jwk;
pub mod keys;

pub use algorithm::Algorithm;
pub use jwk::KeyFingerprint;
pub use keys::KeySet;

/// Longest token that is looked at, in bytes, before anything is decoded.
pub const TOKEN_MAX: usize = 16 * 1024;

/// Cognito's name for a pool's own people (cognito.md 1.4).
const LOCAL_USERS: &str = "COGNITO";

/// What a provider's tokens have to say.
#[derive(Clone, Debug)]
pub struct Verifier {
    kind: ProviderKind,
    issuers: Vec<String>,
    client_id: String,
    identity_provider: Option<String>,
}

/// The claims of an ID token whose signature, issuer, audience, use and times
/// held when it was verified. Made by [`Verifier::verify`] alone.
#[derive(Debug)]
pub struct VerifiedIdentity {
    claims: Claims,
    expires: UnixTime,
    key: KeyFingerprint,
}

/// The claims of an access token of ours, verified likewise.
#[derive(Debug)]
pub struct VerifiedAccess {
    claims: Claims,
}

/// A token's claims. Debug shows nothing of them.
pub struct Claims(Map<String, Value>);

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Claims({} redacted)", self.0.len())
    }
}

/// Why a token counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`TOKEN_MAX`].
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of strict base64url with JSON objects in the first two.
    #[error("the token is no JWT")]
    Malformed,
    /// A member that is there twice: two readers could see two values.
    #[error("the token holds a member twice")]
    Duplicate,
    /// `crit` names an extension; we know none (RFC 7515 4.1.11).
    #[error("the token's header demands an extension")]
    Critical,
    /// `alg` is not the one that the key is for.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// No `kid`, where one is required; or what is there means several keys.
    #[error("the token does not name one key")]
    NoKeyId,
    /// No key of that `kid` in the JWK set.
    #[error("the token's key is not in the JWK set")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the token's signature does not verify")]
    Signature,
    /// A required claim is missing or of another type.
    #[error("the token lacks a required claim, or it has the wrong type")]
    Claim,
    /// `iss` is none of the configured issuers.
    #[error("the token is of another issuer")]
    Issuer,
    /// `aud` (ID token) or `client_id` (access token) is not our client.
    #[error("the token is for another client")]
    Audience,
    /// `token_use` is not the expected one.
    #[error("the token is of another use")]
    TokenUse,
    /// `identities` does not name the one identity provider that is let in.
    #[error("the token is of somebody who signed in through another identity provider")]
    IdentityProvider,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` lies in the future: a clock is wrong.
    #[error("the token is from the future; check the clocks")]
    NotYetValid,
    /// `nonce` is not the one of this login.
    #[error("the token's nonce is not this login's")]
    Nonce,
    /// `auth_time` is missing or no NumericDate where it is needed, or not the
    /// one of the token before.
    #[error("the token does not say when the person authenticated, or not what it said before")]
    AuthTime,
    /// The access token is somebody else's.
    #[error("the access token does not belong to the ID token")]
    Foreign,
}

impl Verifier {
    /// A verifier for one provider. `issuers` are compared byte for byte.
    #[must_use]
    pub fn new(kind: ProviderKind, issuers: Vec<String>, client_id: String) -> Self {
        Self {
            kind,
            issuers,
            client_id,
            identity_provider: None,
        }
    }

    /// The same for people of one of Cognito's identity providers alone;
    /// `COGNITO` means the pool's own (cognito.md 1.4).
    #[must_use]
    pub fn only_through(self, identity_provider: Option<String>) -> Self {
        Self {
            identity_provider,
            ..self
        }
    }

    /// Verifies an ID token.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn verify(
        &self,
        token: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<VerifiedIdentity, TokenError> {
        self.verify_within(token, keys, now, 0)
    }

    /// The same, `past` seconds beyond the token's end: for a session that the
    /// provider cannot renew right now, and to know whose token has ended.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn verify_within(
        &self,
        token: &str,
        keys: &KeySet,
        now: UnixTime,
        past: u64,
    ) -> Result<VerifiedIdentity, TokenError> {
        let (claims, key) = self.signed_claims(token, keys)?;
        let expires = self.check_claims(&claims, now, past)?;
        Ok(VerifiedIdentity {
            claims,
            expires,
            key,
        })
    }

    /// Whether this verifier too says yes to an identity that was verified
    /// before, its end and its signature aside: the configuration may have
    /// changed.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn accepts(&self, identity: &VerifiedIdentity, now: UnixTime) -> Result<(), TokenError> {
        self.check_claims(&identity.claims, now, u64::MAX).map(drop)
    }

    /// What the claims of an ID token have to be; gives the expiry.
    fn check_claims(
        &self,
        claims: &Claims,
        now: UnixTime,
        past: u64,
    ) -> Result<UnixTime, TokenError> {
        let expires = self.check_common(claims, now, past)?;
        // Core 3.1.3.7 (3), (4), (5): audience, and azp if there are several.
        self.check_audience(claims)?;
        // Cognito says what a token is for (cognito.md 2.2).
        if self.kind == ProviderKind::Cognito && claims.text("token_use") != Some("id") {
            return Err(TokenError::TokenUse);
        }
        self.check_identity_provider(claims)?;
        Ok(expires)
    }

    /// Whether an ID token that was verified before it was sealed is of one of
    /// these issuers and for this client. Nothing else is looked at.
    #[must_use]
    pub fn is_addressee(&self, token: &str) -> bool {
        unverified(token).is_some_and(|claims| {
            self.is_issuer_of(&claims) && self.check_audience(&claims).is_ok()
        })
    }

    /// Whether an ID token that was verified before it was sealed is of one of
    /// these issuers.
    #[must_use]
    pub fn is_issuer(&self, token: &str) -> bool {
        unverified(token).is_some_and(|claims| self.is_issuer_of(&claims))
    }

    fn is_issuer_of(&self, claims: &Claims) -> bool {
        let issuer = claims.text("iss");
        issuer.is_some_and(|issuer| self.issuers.iter().any(|known| known == issuer))
    }

    /// Verifies a Cognito access token (cognito.md 5). Other providers' access
    /// tokens are opaque to us.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn verify_access(
        &self,
        token: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<VerifiedAccess, TokenError> {
        let (claims, _) = self.signed_claims(token, keys)?;
        self.check_common(&claims, now, 0)?;
        if claims.text("client_id") != Some(&self.client_id) {
            return Err(TokenError::Audience);
        }
        if claims.text("token_use") != Some("access") {
            return Err(TokenError::TokenUse);
        }
        Ok(VerifiedAccess { claims })
    }

    /// Structure, key and signature: the claims are what the issuer wrote.
    fn signed_claims(
        &self,
        token: &str,
        keys: &KeySet,
    ) -> Result<(Claims, KeyFingerprint), TokenError> {
        if token.len() > TOKEN_MAX {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let header = json::object(&decode(header)?)?;
        if header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        // `jku`, `jwk`, `x5u` and `x5c` are never looked at: keys come from the
        // configured provider alone.
        let alg = member_text(&header, "alg").ok_or(TokenError::Algorithm)?;
        let kid = match header.get("kid") {
            Some(Value::String(kid)) => Some(kid.as_str()),
            Some(_) => return Err(TokenError::NoKeyId),
            None if self.kind == ProviderKind::Cognito => return Err(TokenError::NoKeyId),
            None => None,
        };
        let payload = decode(payload)?;
        let signature = decode(signature)?;
        // Core 3.1.3.7 (6), (7): the algorithm is the key's, never the token's choice.
        let key = keys.find(kid, alg)?;
        key.verify(signed.as_bytes(), &signature)?;
        Ok((Claims(json::object(&payload)?), key.fingerprint()))
    }

    /// Issuer and times; gives the expiry.
    fn check_common(
        &self,
        claims: &Claims,
        now: UnixTime,
        past: u64,
    ) -> Result<UnixTime, TokenError> {
        // Core 3.1.3.7 (2).
        let issuer = claims.text("iss").ok_or(TokenError::Claim)?;
        if !self.issuers.iter().any(|known| known == issuer) {
            return Err(TokenError::Issuer);
        }
        claims
            .text("sub")
            .filter(|sub| !sub.is_empty())
            .ok_or(TokenError::Claim)?;
        // Core 3.1.3.7 (9): a token without `exp`, or with a mistyped one, never counts.
        let expires = claims.time("exp")?.ok_or(TokenError::Claim)?;
        if now >= expires.plus(LEEWAY).plus(past) {
            return Err(TokenError::Expired);
        }
        // Core 3.1.3.7 (10).
        let issued = claims.time("iat")?.ok_or(TokenError::Claim)?;
        let not_before = claims.time("nbf")?;
        if [Some(issued), not_before]
            .into_iter()
            .flatten()
            .any(|time| time > now.plus(LEEWAY))
        {
            return Err(TokenError::NotYetValid);
        }
        Ok(expires)
    }

    /// The parameter of the authorization URL is only a wish: anybody can edit it.
    fn check_identity_provider(&self, claims: &Claims) -> Result<(), TokenError> {
        let Some(wanted) = &self.identity_provider else {
            return Ok(());
        };
        let identities = match claims.0.get("identities") {
            Some(Value::Array(identities)) => identities.as_slice(),
            Some(_) => return Err(TokenError::Claim),
            None => &[],
        };
        let is_there = match identities {
            [] => wanted == LOCAL_USERS,
            [identity] => {
                let name = identity.get("providerName").and_then(Value::as_str);
                name == Some(wanted) && !is_linked(identity)
            }
            // Linked ones: the list says who may sign in, not who did.
            _ => false,
        };
        match is_there {
            true => Ok(()),
            false => Err(TokenError::IdentityProvider),
        }
    }

    fn check_audience(&self, claims: &Claims) -> Result<(), TokenError> {
        let several = match claims.0.get("aud") {
            Some(Value::String(aud)) if *aud == self.client_id => false,
            Some(Value::Array(auds)) => {
                if !auds.iter().all(Value::is_string) {
                    return Err(TokenError::Claim);
                }
                if !auds.iter().any(|aud| aud.as_str() == Some(&self.client_id)) {
                    return Err(TokenError::Audience);
                }
                auds.len() > 1
            }
            Some(Value::String(_)) => return Err(TokenError::Audience),
            _ => return Err(TokenError::Claim),
        };
        match claims.0.get("azp") {
            Some(Value::String(azp)) if *azp == self.client_id => Ok(()),
            Some(_) => Err(TokenError::Audience),
            None if several => Err(TokenError::Audience),
            None => Ok(()),
        }
    }
}

/// What a token says of when it was issued. Nothing is verified: for telling
/// people, and for asking whether it would have held then.
#[must_use]
pub fn issued_at(token: &str) -> Option<UnixTime> {
    unverified(token)?.time("iat").ok()?
}

fn unverified(token: &str) -> Option<Claims> {
    let payload = decode(token.split('.').nth(1)?).ok()?;
    Some(Claims(json::object(&payload).ok()?))
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
        let time = |name| self.claims.time(name).ok().flatten();
        let times = [time("iat"), time("nbf")];
        let begins = times.into_iter().flatten().max();
        // `iat` was there when the token was verified.
        begins.unwrap_or(self.expires)
    }

    /// The key that signed it. Whoever remembers the verification forgets it
    /// as soon as [`KeySet::holds`] says no.
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
        self.claims
            .time("auth_time")
            .map_err(|_| TokenError::AuthTime)
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

/// Whether a federated identity belongs to a profile that others sign in to as
/// well, by a password for one (cognito.md 3.4).
fn is_linked(identity: &Value) -> bool {
    match identity.get("primary") {
        Some(Value::String(primary)) => !primary.eq_ignore_ascii_case("true"),
        Some(primary) => *primary != Value::Bool(true),
        None => false,
    }
}

impl Claims {
    fn text(&self, name: &str) -> Option<&str> {
        member_text(&self.0, name)
    }

    /// A NumericDate (RFC 7519 2). Fractions are cut off; anything else refuses.
    fn time(&self, name: &str) -> Result<Option<UnixTime>, TokenError> {
        /// Beyond the year 9999 a number is no point in time (milliseconds would be).
        const LATEST: u64 = 253_402_300_800;
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let secs = match (value.as_u64(), value.as_f64()) {
            (Some(secs), _) if secs < LATEST => secs,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "the range is checked in the guard"
            )]
            (None, Some(secs)) if (0.0..LATEST as f64).contains(&secs) => secs as u64,
            _ => return Err(TokenError::Claim),
        };
        Ok(Some(UnixTime::from_secs(secs)))
    }
}

fn member_text<'m>(object: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    object.get(name)?.as_str()
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests;
