//! Upstream identity providers of a pool (cognito.md 1.11, 3.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The provider name that stands for local users.
pub(crate) const COGNITO: &str = "COGNITO";

/// An OIDC provider, and the body of `POST /providers`. Its endpoints are those its discovery document gave
/// when the provider was set up; the key set is fetched at every login.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    pub(crate) name: String,
    /// Alternative names for `idp_identifier`.
    #[serde(default)]
    pub(crate) identifiers: Vec<String>,
    /// Compared byte for byte with `iss` of its ID tokens.
    pub(crate) issuer: String,
    pub(crate) endpoints: Endpoints,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) scopes: String,
    pub(crate) userinfo_method: UserinfoMethod,
    /// Pool attribute and the claim that fills it. `sub` becomes the username
    /// whatever is mapped.
    pub(crate) mapping: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endpoints {
    pub(crate) authorization: String,
    pub(crate) token: String,
    pub(crate) userinfo: String,
    pub(crate) jwks: String,
}

/// The "attribute request method" of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserinfoMethod {
    Get,
    Post,
}
