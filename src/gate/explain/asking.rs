//! Who would be asking: claims by hand, or those of a token that holds.
//!
//! Owns whose claims a token gives. Must not know what becomes of the request: no
//! permit comes of claims alone.

use serde_json::{Map, Value};

use crate::gate::Gate;
use crate::gate::policy::NoIdentity;
use crate::gate::time::UnixTime;
use crate::gate::token::KeySet;

/// Claims of somebody, as far as they are at hand. Debug shows nothing of them.
#[derive(Clone, Default)]
pub struct ClaimSet {
    /// The provider whose they are; the first one if nothing is said.
    pub provider: Option<String>,
    /// The ID token's.
    pub id_token: Map<String, Value>,
    /// The access token's.
    pub access_token: Map<String, Value>,
    /// Userinfo's.
    pub userinfo: Map<String, Value>,
    /// Whether the access token alone is shown, as `Authorization: Bearer`.
    pub is_bearer: bool,
}

/// Who would be asking.
#[derive(Clone, Debug)]
pub enum Asking {
    /// Nobody is signed in.
    Nobody,
    /// Somebody whose token says this.
    Somebody(ClaimSet),
    /// Somebody whose token does not hold, or whose sign-in is too long ago.
    Refused(NoIdentity),
    /// A client whose bearer token does not hold.
    RefusedBearer(NoIdentity),
}

impl std::fmt::Debug for ClaimSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimSet([redacted])")
    }
}

impl Gate {
    /// Whose claims a token of a provider holds, by its keys.
    #[must_use]
    pub fn asking(&self, provider: &str, id_token: &str, keys: &KeySet, now: UnixTime) -> Asking {
        let Some(provider) = self.providers.named(provider) else {
            return Asking::Refused(NoIdentity::OtherProvider);
        };
        let identity = match provider.verifier.verify(id_token, keys, now) {
            Ok(identity) => identity,
            Err(error) => return Asking::Refused(NoIdentity::Token(error)),
        };
        match self.auth_ends(provider, &identity, now) {
            Ok(_) => Asking::Somebody(ClaimSet {
                provider: Some(provider.id.clone()),
                id_token: identity.claims().clone(),
                ..ClaimSet::default()
            }),
            Err(why) => Asking::Refused(why),
        }
    }

    /// The same of an access token that a client shows.
    #[must_use]
    pub fn asking_by_bearer(
        &self,
        provider: &str,
        token: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> Asking {
        let Some(provider) = self.providers.by_bearer(provider) else {
            return Asking::RefusedBearer(NoIdentity::OtherProvider);
        };
        let bearer = match provider.bearer.verify(token, keys, now) {
            Ok(bearer) => bearer,
            Err(error) => return Asking::RefusedBearer(NoIdentity::Token(error)),
        };
        if bearer.machine().is_none()
            && let Err(why) = self.authentication_ends(provider, bearer.authenticated(), now)
        {
            return Asking::RefusedBearer(why);
        }
        Asking::Somebody(ClaimSet {
            provider: Some(provider.id.clone()),
            access_token: bearer.claims().clone(),
            is_bearer: true,
            ..ClaimSet::default()
        })
    }

    /// Whether a token of a provider calls itself an access token.
    #[must_use]
    pub fn is_access_token(
        &self,
        provider: &str,
        header: &Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> bool {
        let provider = self.providers.by_bearer(provider);
        provider.is_some_and(|provider| provider.bearer.is_access(header, claims))
    }
}
