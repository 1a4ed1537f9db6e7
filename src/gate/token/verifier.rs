//! The checks on ID and access tokens, numbered by OpenID Connect Core 3.1.3.7
//! and RFC 7519 7.2.
//!
//! Owns their order, and that what passes them is a
//! [`VerifiedIdentity`] or a [`VerifiedAccess`]. Must not know sessions or headers.

use serde_json::{Map, Value};

use super::claims::{Claims, member_text, unverified};
use super::verified::{VerifiedAccess, VerifiedIdentity};
use super::{Compact, KeyFingerprint, KeySet, TokenError, json};
use crate::config::ProviderKind;
use crate::gate::time::{LEEWAY, UnixTime};

/// Cognito's name for a pool's own people (cognito.md 1.4).
const LOCAL_USERS: &str = "COGNITO";

/// What a provider's tokens have to say.
#[derive(Clone, Debug)]
pub struct Verifier {
    kind: ProviderKind,
    issuers: Vec<String>,
    /// `None`: nobody signs in through it.
    client_id: Option<String>,
    identity_provider: Option<String>,
}

/// A token that the issuer signed; nothing else of it has been checked.
pub(super) struct Signed {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Claims,
    pub(super) key: KeyFingerprint,
}

impl Verifier {
    /// A verifier for one provider. `issuers` are compared byte for byte.
    #[must_use]
    pub fn new(
        kind: ProviderKind,
        issuers: Vec<String>,
        client_id: impl Into<Option<String>>,
    ) -> Self {
        Self {
            kind,
            issuers,
            client_id: client_id.into(),
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
        self.verify_any(&Compact::of_text(token), keys, now, past)
    }

    /// Verifies an ID token that is at hand in its parts.
    pub(in crate::gate) fn verify_parts(
        &self,
        token: &Compact<'_>,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<VerifiedIdentity, TokenError> {
        self.verify_any(token, keys, now, 0)
    }

    fn verify_any(
        &self,
        token: &Compact<'_>,
        keys: &KeySet,
        now: UnixTime,
        past: u64,
    ) -> Result<VerifiedIdentity, TokenError> {
        let Signed { claims, key, .. } = self.signed(token, keys)?;
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
        self.check_identity_provider(&claims.0)?;
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

    pub(super) fn is_issuer_of(&self, claims: &Claims) -> bool {
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
        let Signed { claims, .. } = self.signed(&Compact::of_text(token), keys)?;
        self.check_common(&claims, now, 0)?;
        if claims.text("client_id") != Some(self.our_client()?) {
            return Err(TokenError::Audience);
        }
        if claims.text("token_use") != Some("access") {
            return Err(TokenError::TokenUse);
        }
        Ok(VerifiedAccess { claims })
    }

    /// Structure, key and signature: header and claims are what the issuer wrote.
    pub(super) fn signed(&self, token: &Compact<'_>, keys: &KeySet) -> Result<Signed, TokenError> {
        let token = token.cut()?;
        let header = json::object(&token.header()?)?;
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
        let payload = token.payload()?;
        let signature = token.signature()?;
        // Core 3.1.3.7 (6), (7): the algorithm is the key's, never the token's choice.
        let key = keys.find(kid, alg)?;
        key.verify(token.signed.as_bytes(), &signature)?;
        Ok(Signed {
            claims: Claims(json::object(&payload)?),
            header,
            key: key.fingerprint(),
        })
    }

    /// Issuer and times; gives the expiry.
    pub(super) fn check_common(
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
    ///
    /// # Errors
    /// If the claims are of somebody who came by another way, or do not say.
    pub(in crate::gate) fn check_identity_provider(
        &self,
        claims: &Map<String, Value>,
    ) -> Result<(), TokenError> {
        let Some(wanted) = &self.identity_provider else {
            return Ok(());
        };
        let identities = match claims.get("identities") {
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

    /// Without a client, no token is for us.
    fn our_client(&self) -> Result<&str, TokenError> {
        self.client_id.as_deref().ok_or(TokenError::Audience)
    }

    fn check_audience(&self, claims: &Claims) -> Result<(), TokenError> {
        let ours = self.our_client()?;
        check_audience(claims, |aud| aud == ours)
    }
}

/// Core 3.1.3.7 (3), (4), (5): one of us is the audience; of several audiences,
/// one of us is the authorized party.
pub(super) fn check_audience(
    claims: &Claims,
    is_ours: impl Fn(&str) -> bool,
) -> Result<(), TokenError> {
    let several = check_addressed(claims, &is_ours)? > 1;
    match claims.0.get("azp") {
        Some(Value::String(azp)) if is_ours(azp) => Ok(()),
        Some(_) => Err(TokenError::Audience),
        None if several => Err(TokenError::Audience),
        None => Ok(()),
    }
}

/// One of us is in `aud`; gives the number of audiences.
pub(super) fn check_addressed(
    claims: &Claims,
    is_ours: impl Fn(&str) -> bool,
) -> Result<usize, TokenError> {
    let auds = match claims.0.get("aud") {
        Some(aud @ Value::String(_)) => std::slice::from_ref(aud),
        Some(Value::Array(auds)) if auds.iter().all(Value::is_string) => auds,
        _ => return Err(TokenError::Claim),
    };
    match auds.iter().filter_map(Value::as_str).any(is_ours) {
        true => Ok(auds.len()),
        false => Err(TokenError::Audience),
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
