//! People of a pool (cognito.md 2.2, 3.4).

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A profile: a local user, or one made by a federated login.
#[derive(Debug, Clone)]
pub(crate) struct User {
    /// The pool's username: equal to `sub` for local users of a pool that
    /// signs in by email, `<Provider>_<sub>` for federated ones.
    pub(crate) username: String,
    pub(crate) sub: String,
    /// Local users only.
    pub(crate) password: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) groups: Vec<String>,
    /// All values are text, whatever the attribute's type.
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) identities: Vec<Identity>,
}

/// A link between a profile and somebody at an identity provider.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) provider: String,
    pub(crate) user_id: String,
    /// True for a profile that the login itself created.
    pub(crate) primary: bool,
    pub(crate) created_millis: i64,
}

impl User {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The provider whose automatic group the profile is in; linked profiles
    /// are in none (3.4).
    pub(crate) fn home_provider(&self) -> Option<&str> {
        self.identities
            .iter()
            .find(|identity| identity.primary)
            .map(|identity| identity.provider.as_str())
    }

    pub(crate) fn is_linked_to(&self, provider: &str, user_id: &str) -> bool {
        self.identities
            .iter()
            .any(|identity| identity.provider == provider && identity.user_id == user_id)
    }

    /// As in ID tokens: an array of objects, flags and times as text (2.2).
    pub(crate) fn identities_claim(&self) -> Option<Value> {
        (!self.identities.is_empty()).then(|| {
            self.identities
                .iter()
                .map(|identity| {
                    json!({
                        "userId": identity.user_id,
                        "providerName": identity.provider,
                        "providerType": "OIDC",
                        "issuer": null,
                        "primary": identity.primary.to_string(),
                        "dateCreated": identity.created_millis.to_string(),
                    })
                })
                .collect()
        })
    }

    /// As in userInfo: the same in one JSON text, with real types (2.2).
    pub(crate) fn identities_text(&self) -> Option<String> {
        (!self.identities.is_empty()).then(|| {
            self.identities
                .iter()
                .map(|identity| {
                    json!({
                        "userId": identity.user_id,
                        "providerName": identity.provider,
                        "providerType": "OIDC",
                        "issuer": null,
                        "primary": identity.primary,
                        "dateCreated": identity.created_millis,
                    })
                })
                .collect::<Value>()
                .to_string()
        })
    }
}
