//! Bearer tokens of API clients (RFC 6750): access tokens, and ID tokens where
//! they are admitted.
//!
//! Owns which token is one of these, whose it is (a person's, or a machine's
//! that acts for nobody), and its scopes. Every doubt refuses, and a token that
//! does not say whose it is counts as a machine's, which has fewer rights. Must
//! not know routes or rules.

use serde_json::{Map, Value};

use super::claims::{Claims, unverified};
use super::verifier::{Signed, check_addressed, check_audience};
use super::{Compact, KeyFingerprint, KeySet, TokenError, Verifier};
use crate::config::{BearerTokens, ProviderKind};
use crate::gate::time::UnixTime;

mod says;

use says::{Machine, client_of, cognito_machine, oidc_machine, said_use, scopes};

/// What a provider's bearer tokens have to say.
#[derive(Clone, Debug)]
pub struct BearerVerifier {
    kind: ProviderKind,
    verifier: Verifier,
    admitted: BearerTokens,
    has_identity_provider: bool,
}

/// What a bearer token was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BearerUse {
    /// To be shown to an API.
    Access,
    /// To tell a client who somebody is; admitted where that is configured.
    Id,
}

/// A bearer token whose signature, issuer, audience, use and times held when it
/// was verified. Made by [`BearerVerifier::verify`] alone.
#[derive(Debug)]
pub struct VerifiedBearer {
    claims: Claims,
    expires: UnixTime,
    key: KeyFingerprint,
    token_use: BearerUse,
    machine: Option<Machine>,
    scopes: Vec<String>,
}

/// What an access token says of its client, whoever says so. Debug shows nothing of it.
#[derive(Clone)]
pub struct ClaimedBearer {
    /// See [`VerifiedBearer::machine`].
    pub machine: Option<String>,
    /// See [`VerifiedBearer::scopes`].
    pub scopes: Vec<String>,
}

impl std::fmt::Debug for ClaimedBearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimedBearer([redacted])")
    }
}

impl BearerVerifier {
    /// One for tokens of a provider's issuers; `admitted` says whose of them.
    #[must_use]
    pub fn new(
        kind: ProviderKind,
        issuers: Vec<String>,
        admitted: BearerTokens,
        identity_provider: Option<String>,
    ) -> Self {
        Self {
            kind,
            has_identity_provider: identity_provider.is_some(),
            verifier: Verifier::new(kind, issuers, None).only_through(identity_provider),
            admitted,
        }
    }

    /// Whether a token says that it is of this issuer, and any of its tokens
    /// count. Nothing is verified: this finds the one that verifies it.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] and its like, if it says nothing at all.
    pub fn is_issuer(&self, token: &str) -> Result<bool, TokenError> {
        let claims = unverified(token).ok_or(TokenError::Malformed)?;
        Ok(self.admitted.are_any() && self.verifier.is_issuer_of(&claims))
    }

    /// Verifies a bearer token.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn verify(
        &self,
        token: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<VerifiedBearer, TokenError> {
        let signed = self.verifier.signed(&Compact::of_text(token), keys)?;
        let expires = self.verifier.check_common(&signed.claims, now, 0)?;
        let token_use = self.use_of(&signed)?;
        let Signed { claims, key, .. } = signed;
        let machine = self.check(&claims, token_use)?;
        let scopes = match token_use {
            BearerUse::Access => scopes(&claims, machine.is_some()),
            BearerUse::Id => Vec::new(),
        };
        Ok(VerifiedBearer {
            claims,
            expires,
            key,
            token_use,
            machine,
            scopes,
        })
    }

    /// Whether this verifier too says yes to a token that was verified before,
    /// its signature aside: the configuration may have changed.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn accepts(&self, bearer: &VerifiedBearer, now: UnixTime) -> Result<(), TokenError> {
        self.verifier.check_common(&bearer.claims, now, 0)?;
        if !self.admits(bearer.token_use) {
            return Err(TokenError::TokenUse);
        }
        self.check(&bearer.claims, bearer.token_use).map(drop)
    }

    /// What claims say that nobody has verified: to explain, never to let in.
    #[must_use]
    pub fn claimed(&self, claims: &Map<String, Value>) -> ClaimedBearer {
        let claims = Claims(claims.clone());
        let machine = match self.kind {
            ProviderKind::Cognito => cognito_machine(&claims),
            ProviderKind::Oidc => oidc_machine(&claims, BearerUse::Access),
        };
        ClaimedBearer {
            scopes: scopes(&claims, machine.is_some()),
            machine: machine.map(|machine| machine.client),
        }
    }

    /// Whether a token calls itself an access token. Nothing is verified.
    #[must_use]
    pub fn is_access(&self, header: &Map<String, Value>, claims: &Map<String, Value>) -> bool {
        let claims = Claims(claims.clone());
        match self.kind {
            ProviderKind::Cognito => claims.text("token_use") == Some("access"),
            ProviderKind::Oidc => said_use(header, &claims) == Some(BearerUse::Access),
        }
    }

    fn admits(&self, token_use: BearerUse) -> bool {
        match token_use {
            BearerUse::Access => self.admitted.access,
            BearerUse::Id => self.admitted.id,
        }
    }

    /// A token that is bound to a key (`cnf`, RFC 7800 3.1) is no bearer token:
    /// it counts for nothing without proof of that key, by DPoP (RFC 9449 6) or
    /// a client certificate (RFC 8705 3.1), and none is asked for here.
    fn use_of(&self, signed: &Signed) -> Result<BearerUse, TokenError> {
        if signed.claims.0.contains_key("cnf") {
            return Err(TokenError::TokenUse);
        }
        let said = match self.kind {
            ProviderKind::Cognito => match signed.claims.text("token_use") {
                Some("access") => Some(BearerUse::Access),
                Some("id") => Some(BearerUse::Id),
                _ => None,
            },
            ProviderKind::Oidc => said_use(&signed.header, &signed.claims),
        };
        said.filter(|said| self.admits(*said))
            .ok_or(TokenError::TokenUse)
    }

    /// Whom it is for; gives the client of a machine's token.
    fn check(&self, claims: &Claims, token_use: BearerUse) -> Result<Option<Machine>, TokenError> {
        match (self.kind, token_use) {
            (_, BearerUse::Id) => check_audience(claims, |aud| self.is_audience(aud))?,
            (ProviderKind::Cognito, BearerUse::Access) => self.check_cognito_access(claims)?,
            (ProviderKind::Oidc, BearerUse::Access) => self.check_oidc_access(claims)?,
        }
        let machine = match (self.kind, token_use) {
            (ProviderKind::Cognito, BearerUse::Id) => None,
            (ProviderKind::Cognito, BearerUse::Access) => cognito_machine(claims),
            (ProviderKind::Oidc, token_use) => oidc_machine(claims, token_use),
        };
        if machine.is_none() {
            self.check_identity_provider(claims, token_use)?;
        }
        Ok(machine)
    }

    /// Of a person: access tokens do not say through which identity provider
    /// they came (cognito.md 2.2), and to say nothing is to be the pool's own.
    fn check_identity_provider(
        &self,
        claims: &Claims,
        token_use: BearerUse,
    ) -> Result<(), TokenError> {
        match token_use {
            BearerUse::Id => self.verifier.check_identity_provider(&claims.0),
            BearerUse::Access if self.has_identity_provider => Err(TokenError::IdentityProvider),
            BearerUse::Access => Ok(()),
        }
    }

    /// The audience of an ID token at Cognito is an app client (cognito.md 2.2).
    fn is_audience(&self, aud: &str) -> bool {
        let is = |one: &String| one == aud;
        self.admitted.audiences.iter().any(is)
            || self.kind == ProviderKind::Cognito && self.is_client(aud)
    }

    fn is_client(&self, id: &str) -> bool {
        let mut clients = self.admitted.clients.iter().flatten();
        clients.any(|one| one == id)
    }

    /// `client_id`; and where it is bound to a resource (`aud`, RFC 8707), to us.
    fn check_cognito_access(&self, claims: &Claims) -> Result<(), TokenError> {
        let client = claims.text("client_id").ok_or(TokenError::Claim)?;
        if !self.is_client(client) {
            return Err(TokenError::Audience);
        }
        match claims.0.contains_key("aud") {
            true => self.check_resource(claims),
            false => Ok(()),
        }
    }

    /// `aud` (RFC 9068 4), and the client where the configuration names some.
    fn check_oidc_access(&self, claims: &Claims) -> Result<(), TokenError> {
        self.check_resource(claims)?;
        if self.admitted.clients.is_none() {
            return Ok(());
        }
        match client_of(claims) {
            Some(client) if self.is_client(client) => Ok(()),
            _ => Err(TokenError::Audience),
        }
    }

    /// One of the resources that it is for is us.
    fn check_resource(&self, claims: &Claims) -> Result<(), TokenError> {
        check_addressed(claims, |aud| self.is_audience(aud)).map(drop)
    }
}

impl VerifiedBearer {
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

    /// From when on it holds, without leeway.
    #[must_use]
    pub fn begins(&self) -> UnixTime {
        // `iat` was there when the token was verified.
        self.claims.begins().unwrap_or(self.expires)
    }

    /// The key that signed it: see [`VerifiedIdentity::key`](super::VerifiedIdentity::key).
    #[must_use]
    pub fn key(&self) -> KeyFingerprint {
        self.key
    }

    /// When it was issued.
    #[must_use]
    pub fn issued(&self) -> UnixTime {
        let issued = self.claims.time("iat").ok().flatten();
        // It was there when the token was verified.
        issued.unwrap_or_default()
    }

    /// When the person authenticated, if the token says so.
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

    /// What it was made for.
    #[must_use]
    pub fn token_use(&self) -> BearerUse {
        self.token_use
    }

    /// The client whose token it is, if it is nobody's: of the client
    /// credentials grant (RFC 6749 4.4), or not known to be a person's.
    #[must_use]
    pub fn machine(&self) -> Option<&str> {
        let machine = self.machine.as_ref()?;
        Some(&machine.client)
    }

    /// Whether it is a person's, or does not say that it is none's: such a one
    /// has a machine's rights, and is held to what people are.
    #[must_use]
    pub fn may_be_a_persons(&self) -> bool {
        self.machine.as_ref().is_none_or(|machine| !machine.is_said)
    }

    /// What its client may do. An ID token has none.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }
}
