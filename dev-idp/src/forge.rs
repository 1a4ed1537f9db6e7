//! Tokens that are wrong on purpose: what `POST /mint` makes and what the
//! fault `tamper-token` does to a response (cognito.md E18).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::jws::{escape_slashes, sign_hs256, unsigned};
use crate::model::{KeyName, PoolKeys};

/// Deviations from an honest token. Default: none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Forgery {
    /// Claims to set; `null` removes.
    pub(crate) claims: Map<String, Value>,
    /// Header members to set; `null` removes.
    pub(crate) header: Map<String, Value>,
    /// Another key than the honest one.
    pub(crate) key: Option<ForgeryKey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ForgeryKey {
    /// The pool's key for ID tokens.
    Id,
    /// The pool's key for access tokens.
    Access,
    /// A key that is not in the key set, under the kid of one that is.
    Foreign,
    /// HS256 with the PEM of the public key as secret.
    #[serde(rename = "hs256-public")]
    Hs256Public,
    /// `alg: none`, empty signature.
    None,
}

impl Forgery {
    /// Signs `claims` after the deviations. `honest` is the key the token
    /// would bear otherwise.
    pub(crate) fn sign(&self, keys: &PoolKeys, honest: KeyName, claims: &Value) -> String {
        let mut claims = claims.clone();
        overlay(&mut claims, &self.claims);
        let posed = match self.key {
            Some(ForgeryKey::Id) => keys.named(KeyName::Id),
            Some(ForgeryKey::Access) => keys.named(KeyName::Access),
            _ => keys.named(honest),
        };
        let algorithm = match self.key {
            Some(ForgeryKey::Hs256Public) => "HS256",
            Some(ForgeryKey::None) => "none",
            _ => "RS256",
        };
        let mut header = json!({ "kid": posed.kid(), "alg": algorithm });
        overlay(&mut header, &self.header);

        let header = header.to_string();
        let payload = escape_slashes(&claims);
        let (header, payload) = (header.as_bytes(), payload.as_bytes());
        match self.key {
            Some(ForgeryKey::Foreign) => keys.foreign().sign_raw(header, payload),
            Some(ForgeryKey::Hs256Public) => {
                sign_hs256(posed.public_pem().as_bytes(), header, payload)
            }
            Some(ForgeryKey::None) => unsigned(header, payload),
            _ => posed.sign_raw(header, payload),
        }
    }
}

/// Sets members of a JSON object; `null` removes one.
fn overlay(target: &mut Value, changes: &Map<String, Value>) {
    let Some(target) = target.as_object_mut() else {
        return;
    };
    for (name, value) in changes {
        if value.is_null() {
            target.remove(name);
        } else {
            target.insert(name.clone(), value.clone());
        }
    }
}
