//! The authorization code flow towards the provider. This file and those below it
//! are alone in importing openidconnect.
//!
//! Owns our client: its secrets, and what is the same in every call. Translates:
//! what is asked comes from the core, what is answered goes back there. openidconnect
//! verifies the fresh ID token as a second opinion beside our own verifier: what one
//! of them refuses is not sealed.

mod authorize;
mod revocation;
mod second_opinion;
mod secrets;
mod token_endpoint;
mod userinfo;

use std::time::Duration;

use openidconnect::core::{CoreClient, CoreJsonWebKeySet};
use openidconnect::{
    AuthType, AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, IssuerUrl, TokenUrl,
};
use secrecy::ExposeSecret;
use url::Url;

use self::secrets::{Method, Secrets, Turn};
use super::http::HttpClient;
use super::provider::Resolved;
use crate::config::{ClientAuth, Provider, ProviderKind};
use crate::gate::token::Algorithm;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
>;

/// The relying party: our client at the provider.
pub struct RelyingParty {
    issuer: String,
    client_id: String,
    secrets: Secrets,
    scopes: Vec<String>,
    /// Parameters of the authorization URL, the same for everybody.
    params: Vec<(String, String)>,
    algorithms: Vec<Algorithm>,
    /// Oldest authentication that the provider is asked for, where it can be.
    max_age: Option<Duration>,
    http: HttpClient,
}

impl std::fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelyingParty")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// The provider gave an endpoint that openidconnect does not take as a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an endpoint of the provider is no usable URL")]
pub struct BadEndpoint;

impl RelyingParty {
    /// Our client, as configured.
    #[must_use]
    pub fn new(provider: &Provider, http: HttpClient) -> Self {
        let (method, secrets) = match &provider.client_auth {
            ClientAuth::Basic(secrets) => (Method::Basic, secrets.as_slice()),
            ClientAuth::Post(secrets) => (Method::Post, secrets.as_slice()),
            ClientAuth::None => (Method::None, &[][..]),
        };
        Self {
            issuer: provider.issuer.clone(),
            // Without one, the core sends nobody there and asks for nothing.
            client_id: provider.client_id.clone().unwrap_or_default(),
            secrets: Secrets::new(method, secrets),
            scopes: provider.scopes.clone(),
            params: provider.authorize_params.fixed.clone(),
            algorithms: provider.signing_algorithms.clone(),
            // Cognito does not know the parameter (cognito.md 1.4).
            max_age: provider
                .max_auth_age
                .filter(|_| provider.kind == ProviderKind::Oidc),
            http,
        }
    }

    fn client(&self, endpoints: &Resolved, turn: Turn) -> Result<Client, BadEndpoint> {
        let issuer = IssuerUrl::new(self.issuer.clone()).map_err(|_| BadEndpoint)?;
        let there = |url: &Option<Url>| url.clone().ok_or(BadEndpoint);
        let client = CoreClient::new(
            ClientId::new(self.client_id.clone()),
            issuer,
            CoreJsonWebKeySet::new(Vec::new()),
        )
        .set_auth_uri(AuthUrl::from_url(there(&endpoints.authorization)?))
        .set_token_uri(TokenUrl::from_url(there(&endpoints.token)?))
        .set_auth_type(match self.secrets.method {
            Method::Basic => AuthType::BasicAuth,
            Method::Post | Method::None => AuthType::RequestBody,
        });
        Ok(match self.secret(turn) {
            Some(secret) => client.set_client_secret(secret),
            None => client,
        })
    }

    fn secret(&self, turn: Turn) -> Option<ClientSecret> {
        let secret = self.secrets.on(turn)?;
        Some(ClientSecret::new(secret.expose_secret().to_owned()))
    }
}
