//! App clients (cognito.md 1.4, 1.7, 2.1).
//!
//! The type is also the body of `POST /clients`: one shape for seed, admin
//! API and use.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize};
use url::{Host, Url};

use crate::clock::LONGEST;

use super::pre_token::{PreToken, PreTokenError};
use super::provider::COGNITO;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    pub(crate) pool: String,
    pub(crate) client_id: String,
    /// Up to two live secrets (1.7); none makes a public client.
    #[serde(default, deserialize_with = "none_one_or_many")]
    pub(crate) secret: Vec<String>,
    #[serde(default)]
    pub(crate) callbacks: Vec<String>,
    /// Allowed sign-out URLs: a list of their own (1.10).
    #[serde(default)]
    pub(crate) signouts: Vec<String>,
    #[serde(default = "default_scopes")]
    pub(crate) scopes: Vec<String>,
    #[serde(default = "default_flows")]
    pub(crate) flows: BTreeSet<Flow>,
    /// Names of the identity providers people may come from; `COGNITO` for
    /// local users.
    #[serde(default = "default_providers")]
    pub(crate) providers: Vec<String>,
    #[serde(default)]
    pub(crate) rotation: RefreshRotation,
    #[serde(default)]
    pub(crate) lifetimes: Lifetimes,
    /// Attributes the client may read; `null` is all of them.
    #[serde(default)]
    pub(crate) readable: Option<BTreeSet<String>>,
    /// Attributes the client may write, which is what attribute mapping at a
    /// federated login needs (3.3); `null` is all of them.
    #[serde(default)]
    pub(crate) writable: Option<BTreeSet<String>>,
    #[serde(default)]
    pub(crate) pre_token: Option<PreToken>,
    #[serde(default)]
    pub(crate) keep_nonce_on_refresh: bool,
    #[serde(default)]
    pub(crate) keep_at_hash_on_refresh: bool,
    /// Shifts `iat`, `exp` and `auth_time` of this client's tokens.
    #[serde(default)]
    pub(crate) clock_offset_seconds: i64,
}

/// Refresh token rotation (1.7).
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRotation {
    pub(crate) on: bool,
    #[serde(default)]
    pub(crate) grace_seconds: i64,
}

/// Token lifetimes in seconds. The limits of the real service (2.1) are not
/// enforced, because tests want tokens that expire within a second or two.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Lifetimes {
    pub(crate) id: i64,
    pub(crate) access: i64,
    pub(crate) refresh: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flow {
    Code,
    Implicit,
    ClientCredentials,
}

/// Why a client cannot be as described.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("client_id is empty")]
    NoId,
    #[error("a client holds at most two secrets")]
    TooManySecrets,
    #[error(
        "{0:?}: a callback or sign-out URL is absolute, without fragment, and https unless its host is local"
    )]
    Url(String),
    #[error("grace_seconds is between 0 and 60")]
    Grace,
    #[error("token lifetimes are positive and at most {LONGEST} seconds")]
    Lifetime,
    #[error("clock_offset_seconds is at most {LONGEST} either way")]
    ClockOffset,
    #[error("client_credentials wants a secret and no other flow")]
    ClientCredentials,
    #[error("at most 100 callbacks and 100 sign-out URLs")]
    TooManyUrls,
    #[error(transparent)]
    PreToken(#[from] PreTokenError),
}

impl Client {
    /// A public client with the defaults.
    pub(crate) fn new(pool: &str, client_id: &str) -> Self {
        Self {
            pool: pool.to_owned(),
            client_id: client_id.to_owned(),
            secret: Vec::new(),
            callbacks: Vec::new(),
            signouts: Vec::new(),
            scopes: default_scopes(),
            flows: default_flows(),
            providers: default_providers(),
            rotation: RefreshRotation::default(),
            lifetimes: Lifetimes::default(),
            readable: None,
            writable: None,
            pre_token: None,
            keep_nonce_on_refresh: false,
            keep_at_hash_on_refresh: false,
            clock_offset_seconds: 0,
        }
    }

    /// # Errors
    /// If the real service would not accept the client.
    pub(crate) fn check(&self) -> Result<(), ClientError> {
        if self.client_id.is_empty() {
            return Err(ClientError::NoId);
        }
        if self.secret.len() > 2 {
            return Err(ClientError::TooManySecrets);
        }
        if self.callbacks.len() > 100 || self.signouts.len() > 100 {
            return Err(ClientError::TooManyUrls);
        }
        for url in self.callbacks.iter().chain(&self.signouts) {
            if !is_registrable(url) {
                return Err(ClientError::Url(url.clone()));
            }
        }
        if !(0..=60).contains(&self.rotation.grace_seconds) {
            return Err(ClientError::Grace);
        }
        let Lifetimes {
            id,
            access,
            refresh,
        } = self.lifetimes;
        if ![id, access, refresh]
            .iter()
            .all(|seconds| (1..=LONGEST).contains(seconds))
        {
            return Err(ClientError::Lifetime);
        }
        if !(-LONGEST..=LONGEST).contains(&self.clock_offset_seconds) {
            return Err(ClientError::ClockOffset);
        }
        if self.flows.contains(&Flow::ClientCredentials)
            && (self.flows.len() > 1 || self.secret.is_empty())
        {
            return Err(ClientError::ClientCredentials);
        }
        if let Some(pre_token) = &self.pre_token {
            pre_token.check()?;
        }
        Ok(())
    }

    pub(crate) fn is_public(&self) -> bool {
        self.secret.is_empty()
    }

    pub(crate) fn may_read(&self, attribute: &str) -> bool {
        self.readable
            .as_ref()
            .is_none_or(|names| names.contains(attribute))
    }

    pub(crate) fn may_write(&self, attribute: &str) -> bool {
        self.writable
            .as_ref()
            .is_none_or(|names| names.contains(attribute))
    }

    pub(crate) fn offers(&self, provider: &str) -> bool {
        self.providers.iter().any(|name| name == provider)
    }
}

impl Default for Lifetimes {
    /// The defaults of 2.1: an hour, an hour, thirty days.
    fn default() -> Self {
        Self {
            id: 3600,
            access: 3600,
            refresh: 30 * 24 * 3600,
        }
    }
}

/// The rule of 1.4: absolute, no fragment, https except for local hosts, and
/// custom schemes. Beyond `localhost` the emulator also takes loopback
/// addresses and `*.localhost`, since tests like several local origins.
pub(crate) fn is_registrable(url: &str) -> bool {
    let Ok(parsed) = Url::parse(url) else {
        return false;
    };
    if parsed.fragment().is_some() {
        return false;
    }
    match parsed.scheme() {
        "http" => match parsed.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            None => false,
        },
        "javascript" | "data" | "file" | "vbscript" => false,
        _ => true,
    }
}

fn none_one_or_many<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Secrets {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::<Secrets>::deserialize(input)? {
        None => Vec::new(),
        Some(Secrets::One(secret)) => vec![secret],
        Some(Secrets::Many(secrets)) => secrets,
    })
}

fn default_scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

fn default_flows() -> BTreeSet<Flow> {
    BTreeSet::from([Flow::Code])
}

fn default_providers() -> Vec<String> {
    vec![COGNITO.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::is_registrable;

    #[test]
    fn registrable_urls() {
        for (url, expected) in [
            ("https://wiki.example.com/cb", true),
            ("http://localhost:8080/cb", true),
            ("http://127.0.0.1:8080/cb", true),
            ("http://[::1]:8080/cb", true),
            ("http://a.localhost/cb", true),
            ("com.example.app://cb", true),
            ("http://wiki.example.com/cb", false),
            ("https://wiki.example.com/cb#part", false),
            ("/cb", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            assert_eq!(is_registrable(url), expected, "{url}");
        }
    }
}
