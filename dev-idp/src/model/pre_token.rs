//! The pre-token-generation trigger, as a static answer per client
//! (cognito.md 2.5).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PreToken {
    pub(crate) version: Version,
    pub(crate) id_token: Overrides,
    /// Version V2 only.
    pub(crate) access_token: Overrides,
    /// Replaces `cognito:groups` in both tokens.
    pub(crate) groups: Option<Vec<String>>,
    /// Version V2 only: scopes added to and taken from the access token.
    pub(crate) add_scopes: Vec<String>,
    pub(crate) suppress_scopes: Vec<String>,
    /// The trigger fails with this text, and every login with it.
    pub(crate) fail: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Overrides {
    pub(crate) add: Map<String, Value>,
    pub(crate) suppress: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Version {
    #[default]
    V1,
    V2,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PreTokenError {
    #[error("pre_token V1 adds string values only; claim {0:?} is none")]
    NotAString(String),
    #[error("pre_token V1 cannot change the access token")]
    AccessToken,
}

impl PreToken {
    pub(crate) fn check(&self) -> Result<(), PreTokenError> {
        if self.version == Version::V2 {
            return Ok(());
        }
        if let Some((name, _)) = self
            .id_token
            .add
            .iter()
            .find(|(_, value)| !value.is_string())
        {
            return Err(PreTokenError::NotAString(name.clone()));
        }
        let access = &self.access_token;
        if access.add.is_empty()
            && access.suppress.is_empty()
            && self.add_scopes.is_empty()
            && self.suppress_scopes.is_empty()
        {
            Ok(())
        } else {
            Err(PreTokenError::AccessToken)
        }
    }
}

impl Overrides {
    /// Applies what the trigger may change; the rest stays as it is.
    pub(crate) fn apply(&self, claims: &mut Map<String, Value>) {
        for name in self.suppress.iter().filter(|name| !is_protected(name)) {
            claims.remove(name);
        }
        for (name, value) in self.add.iter().filter(|(name, _)| !is_protected(name)) {
            claims.insert(name.clone(), value.clone());
        }
    }
}

/// Claims no trigger can change (2.5).
fn is_protected(name: &str) -> bool {
    const PROTECTED: [&str; 22] = [
        "acr",
        "amr",
        "at_hash",
        "aud",
        "auth_time",
        "azp",
        "client_id",
        "device_key",
        "event_id",
        "exp",
        "iat",
        "identities",
        "iss",
        "jti",
        "nbf",
        "nonce",
        "origin_jti",
        "sub",
        "token_use",
        "username",
        "version",
        "scope",
    ];
    PROTECTED.contains(&name) || name.starts_with("cognito:")
}
