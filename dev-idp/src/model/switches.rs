//! Per-pool switches: where the real service has several faces, or where
//! its face is not known for certain (cognito.md 8).

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Switches {
    pub(crate) discovery: DiscoveryForm,
    pub(crate) scope_error: ScopeError,
    pub(crate) flattening: Flattening,
    pub(crate) login_pages: LoginPages,
    /// Usernames of federated people, prefix included, in lower case (3.4).
    pub(crate) lower_case_usernames: bool,
    pub(crate) issuer: IssuerStyle,
    /// Status of `invalid_client` at the token endpoint (U1).
    pub(crate) invalid_client_status: u16,
    /// `Cache-Control` of the key set; empty: none.
    pub(crate) jwks_cache_control: String,
    /// Attributes without which nobody gets a profile (1.6).
    pub(crate) required_attributes: Vec<String>,
    /// Attributes that can be set only once (1.6).
    pub(crate) immutable_attributes: Vec<String>,
}

/// The discovery document (1.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DiscoveryForm {
    #[default]
    Normal,
    /// A pool without a domain: endpoints hang off the issuer and fail.
    NoDomain,
    /// Without `end_session_endpoint` and `revocation_endpoint`.
    #[serde(rename = "pre-2024")]
    Pre2024,
}

/// What asking for a scope that is not enabled leads to (1.6, U11).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ScopeError {
    /// `error_description=invalid_scope&state=…&error=invalid_request`
    #[default]
    Observed,
    /// `error=invalid_scope`
    Documented,
    /// The scope is dropped without a word.
    Ignored,
}

/// How an array from the identity provider becomes one string (3.3, U3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Flattening {
    /// `[a, b]`
    #[default]
    CommaSpace,
    /// `[a,b]`
    Comma,
    /// `[a,b]` with form-URL-encoded items: the documented form.
    Form,
    /// `["a","b"]`
    Json,
    /// One item stands alone; several are `[a, b]`.
    BareSingle,
}

/// Managed login honours `prompt`; the classic hosted UI does not (1.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LoginPages {
    #[default]
    Managed,
    Classic,
}

/// The two issuer types (1.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IssuerStyle {
    #[default]
    Original,
    Updated,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            discovery: DiscoveryForm::default(),
            scope_error: ScopeError::default(),
            flattening: Flattening::default(),
            login_pages: LoginPages::default(),
            lower_case_usernames: true,
            issuer: IssuerStyle::default(),
            invalid_client_status: 400,
            jwks_cache_control: "public, max-age=86400".to_owned(),
            required_attributes: vec!["email".to_owned()],
            immutable_attributes: Vec::new(),
        }
    }
}
