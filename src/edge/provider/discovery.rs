//! Where a provider's endpoints are: named by hand, or in its discovery document
//! (OpenID Connect Discovery 1.0).
//!
//! Owns what such a document has to say. Must not know when it is asked for.

use serde::Deserialize;
use url::Url;

use super::super::http::{HttpClient, HttpError};
use crate::config::{Endpoints, Provider, ProviderKind};
use crate::gate::token::keys::KeySetError;

/// All endpoints that a login needs.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Where browsers are sent to sign in; there if anybody signs in through it.
    pub authorization: Option<Url>,
    /// Where codes are redeemed; likewise.
    pub token: Option<Url>,
    /// The JWK set.
    pub jwks: Url,
    /// Where userinfo is; there if the configuration wants it.
    pub userinfo: Option<Url>,
    /// Where refresh tokens are revoked, if anywhere.
    pub revocation: Option<Url>,
    /// Where browsers sign out, if anywhere.
    pub logout: Option<Url>,
    /// Whether it says of itself that its authorization answers carry `iss`
    /// (RFC 9207 3); unknown is no.
    pub names_itself: bool,
}

/// How to find a provider's endpoints.
pub(super) struct Discovery {
    issuer: String,
    kind: ProviderKind,
    signs_in: bool,
    wants_userinfo: bool,
    configured: Endpoints,
}

/// Why the provider is not known (yet).
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// The document could not be fetched.
    #[error("{document}: {source}")]
    Fetch {
        /// Which one.
        document: &'static str,
        /// Why.
        source: HttpError,
    },
    /// It is no discovery document.
    #[error("the discovery document is not what it should be")]
    Malformed,
    /// It is another issuer's (OpenID Connect Discovery 1.0, 4.3).
    #[error("the discovery document is of another issuer")]
    OtherIssuer,
    /// It lacks an endpoint that a login needs.
    #[error(
        "the discovery document lacks an endpoint, or has one that is neither https nor loopback"
    )]
    Endpoint,
    /// `userinfo = true`, and the provider has none.
    #[error(
        "the discovery document names no userinfo endpoint; set provider.endpoints.userinfo, or userinfo = false"
    )]
    NoUserinfo,
    /// A Cognito pool without a domain (cognito.md 1.2).
    #[error("the user pool has no domain; create one in Cognito, or set provider.domain")]
    NoDomain,
    /// The keys are not usable.
    #[error("keys: {0}")]
    Keys(#[from] KeySetError),
}

/// OpenID Connect Discovery 1.0, section 3, as far as we use it.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<Url>,
    token_endpoint: Option<Url>,
    jwks_uri: Option<Url>,
    userinfo_endpoint: Option<Url>,
    revocation_endpoint: Option<Url>,
    end_session_endpoint: Option<Url>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Discovery {
    pub(super) fn new(provider: &Provider) -> Self {
        Self {
            issuer: provider.issuer.clone(),
            kind: provider.kind,
            signs_in: provider.signs_in(),
            // Asked at a login.
            wants_userinfo: provider.userinfo && provider.signs_in(),
            configured: provider.endpoints.clone(),
        }
    }

    /// Whether another one leads to the same endpoints, as far as both want them.
    pub(super) fn finds_the_same(&self, other: &Self) -> bool {
        self.issuer == other.issuer
            && self.kind == other.kind
            && self.configured == other.configured
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) async fn resolve(&self, http: &HttpClient) -> Result<Resolved, DiscoveryError> {
        let given = &self.configured;
        let is_login_known = given.authorization.is_some() && given.token.is_some();
        if let Some(jwks) = &given.jwks
            && (is_login_known || !self.signs_in)
            && (given.userinfo.is_some() || !self.wants_userinfo)
        {
            return Ok(Resolved {
                authorization: given.authorization.clone(),
                token: given.token.clone(),
                jwks: jwks.clone(),
                userinfo: given.userinfo.clone(),
                revocation: given.revocation.clone(),
                logout: given.logout.clone(),
                names_itself: false,
            });
        }
        let url = discovery_url(&self.issuer).ok_or(DiscoveryError::Malformed)?;
        let document = http
            .get(&url)
            .await
            .map_err(|source| DiscoveryError::Fetch {
                document: "discovery",
                source,
            })?;
        let found: Document =
            serde_json::from_slice(&document.body).map_err(|_| DiscoveryError::Malformed)?;
        if found.issuer != self.issuer {
            return Err(DiscoveryError::OtherIssuer);
        }
        let pick = |given: &Option<Url>, found: Option<Url>| given.clone().or(found);
        let authorization = pick(&given.authorization, found.authorization_endpoint);
        if self.kind == ProviderKind::Cognito
            && self.signs_in
            && authorization
                .as_ref()
                .is_some_and(|url| is_issuer_host(url, &self.issuer))
        {
            return Err(DiscoveryError::NoDomain);
        }
        let needed = |url: Option<Url>| url.filter(is_safe).ok_or(DiscoveryError::Endpoint);
        let for_login = |url: Option<Url>| match self.signs_in {
            true => needed(url).map(Some),
            false => Ok(None),
        };
        let userinfo = pick(&given.userinfo, found.userinfo_endpoint).filter(is_safe);
        if userinfo.is_none() && self.wants_userinfo {
            return Err(DiscoveryError::NoUserinfo);
        }
        Ok(Resolved {
            authorization: for_login(authorization)?,
            token: for_login(pick(&given.token, found.token_endpoint))?,
            jwks: needed(pick(&given.jwks, found.jwks_uri))?,
            userinfo,
            revocation: pick(&given.revocation, found.revocation_endpoint).filter(is_safe),
            logout: pick(&given.logout, found.end_session_endpoint).filter(is_safe),
            names_itself: found.authorization_response_iss_parameter_supported,
        })
    }
}

/// Where an issuer's discovery document is (OpenID Connect Discovery 1.0, 4).
#[must_use]
pub fn discovery_url(issuer: &str) -> Option<Url> {
    let issuer = issuer.trim_end_matches('/');
    Url::parse(&format!("{issuer}/.well-known/openid-configuration")).ok()
}

/// https, or this very machine.
fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => url
            .host()
            .is_some_and(|host| crate::gate::origin::is_loopback(&host)),
        _ => false,
    }
}

/// `https://cognito-idp…/authorize`: what a pool without a domain advertises.
fn is_issuer_host(url: &Url, issuer: &str) -> bool {
    url.host_str()
        .is_some_and(|host| host.starts_with("cognito-idp"))
        && url.as_str().starts_with(issuer)
}
