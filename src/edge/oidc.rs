//! The authorization code flow towards the provider. The only file that
//! imports openidconnect.
//!
//! Translates: what is asked comes from the core, what is answered goes back
//! there. openidconnect verifies the fresh ID token as a second opinion beside
//! our own verifier: what one of them refuses is not sealed.

mod secrets;

use std::time::Duration;

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdToken,
    CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm, CoreTokenResponse,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardErrorResponse, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use url::Url;
use zeroize::Zeroizing;

use self::secrets::{Method, Secrets, Turn};
use super::http::{HttpClient, HttpError};
use super::provider::{Resolved, Snapshot};
use crate::config::{ClientAuth, Provider, ProviderKind};
use crate::gate::callback::hint::ClientRefusal;
use crate::gate::refresh::RefreshError;
use crate::gate::signin::{Authorize, Exchange, ExchangeError, Tokens};
use crate::gate::time::{LEEWAY, UnixTime};
use crate::gate::token::{Algorithm, VerifiedIdentity};
use crate::gate::userinfo::UserinfoError;

/// How long signing out waits for the revocation at most (contract, section 2).
const REVOKE_TIMEOUT: Duration = Duration::from_secs(2);

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
>;

/// What may go wrong at the token endpoint.
type TokenEndpointError =
    RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>;

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

    /// The authorization URL: code flow with PKCE S256, `state` and `nonce`.
    ///
    /// # Errors
    /// If an endpoint is no URL.
    pub fn authorize_url(&self, ask: &Authorize, endpoints: &Resolved) -> Result<Url, BadEndpoint> {
        let verifier = PkceCodeVerifier::new(ask.code_verifier.to_string());
        let redirect = RedirectUrl::new(ask.redirect_uri.clone()).map_err(|_| BadEndpoint)?;
        let client = self.client(endpoints, self.secrets.first())?;
        let client = client.set_redirect_uri(redirect);
        let (state, nonce) = (ask.state.clone(), ask.nonce.clone());
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            // openidconnect adds `openid` by itself.
            .add_scopes(
                self.scopes
                    .iter()
                    .filter(|scope| *scope != "openid")
                    .cloned()
                    .map(Scope::new),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let request = match self.max_age {
            Some(max_age) => request.set_max_age(max_age),
            None => request,
        };
        let request = match ask.reauthenticate {
            true => request.add_prompt(CoreAuthPrompt::Login),
            false => request,
        };
        // What the policy asks for goes before what is configured or passed on.
        let is_set = |name: &str| match name {
            "max_age" => self.max_age.is_some(),
            "prompt" => ask.reauthenticate,
            _ => false,
        };
        let fixed = self.params.iter().filter(|(name, _)| {
            let is_it = |(other, _): &(String, String)| other == name;
            !ask.passed_on.iter().any(is_it)
        });
        let request = fixed
            .chain(&ask.passed_on)
            .filter(|(name, _)| !is_set(name))
            .fold(request, |request, (name, value)| {
                request.add_extra_param(name.clone(), value.clone())
            });
        Ok(request.url().0)
    }

    /// Redeems a code.
    ///
    /// # Errors
    /// See [`ExchangeError`].
    pub async fn exchange(
        &self,
        ask: &Exchange,
        endpoints: &Resolved,
    ) -> Result<Tokens, ExchangeError> {
        let redirect = RedirectUrl::new(ask.redirect_uri.clone())
            .map_err(|_| ExchangeError::Client(ClientRefusal::Request))?;
        let http = self.http.clone();
        let http = move |request| {
            let http = http.clone();
            async move { http.send(request).await }
        };
        let mut turn = self.secrets.first();
        let response = loop {
            let client = self.client(endpoints, turn);
            let client = client.map_err(|_| ExchangeError::Client(ClientRefusal::Request))?;
            let verifier = ask.exchange.login().code_verifier().to_string();
            let response = client
                .set_redirect_uri(redirect.clone())
                .exchange_code(AuthorizationCode::new(ask.exchange.code().to_owned()))
                .set_pkce_verifier(PkceCodeVerifier::new(verifier))
                .request_async(&http)
                .await;
            match self.next_turn(turn, response.as_ref().err()) {
                Some(next) => turn = next,
                None => break response,
            }
        };
        let response = match response {
            Err(RequestTokenError::Parse(_, body)) => {
                return unread_tokens_of(body).ok_or(ExchangeError::Unavailable);
            }
            response => response,
        };
        let response = response.map_err(|error| match error {
            RequestTokenError::ServerResponse(answer) => match answer.error() {
                CoreErrorResponseType::InvalidGrant => ExchangeError::Refused,
                error => {
                    let description = answer.error_description().map(String::as_str);
                    ExchangeError::Client(ClientRefusal::of(error.as_ref(), description))
                }
            },
            RequestTokenError::Request(
                HttpError::Connect
                | HttpError::Timeout
                | HttpError::Unavailable(_)
                | HttpError::TooLong
                | HttpError::Redirect
                | HttpError::Setup
                | HttpError::Status(_),
            )
            | RequestTokenError::Parse(..)
            | RequestTokenError::Other(_) => ExchangeError::Unavailable,
        })?;
        tokens_of(&response).ok_or(ExchangeError::NoIdToken)
    }

    /// Asks for newer tokens (RFC 6749 6).
    ///
    /// # Errors
    /// See [`RefreshError`].
    pub async fn refresh(
        &self,
        refresh_token: &str,
        endpoints: &Resolved,
    ) -> Result<Tokens, RefreshError> {
        let http = self.http.clone();
        let http = move |request| {
            let http = http.clone();
            async move { http.send(request).await }
        };
        let refresh_token = RefreshToken::new(refresh_token.to_owned());
        let mut turn = self.secrets.first();
        let response = loop {
            let client = self.client(endpoints, turn);
            let client = client.map_err(|_| RefreshError::Unavailable("refresh_endpoint"))?;
            let response = client
                .exchange_refresh_token(&refresh_token)
                .request_async(&http)
                .await;
            match self.next_turn(turn, response.as_ref().err()) {
                Some(next) => turn = next,
                None => break response,
            }
        };
        let response = response.map_err(|error| match error {
            RequestTokenError::ServerResponse(answer) => refusal(answer.error()),
            RequestTokenError::Request(HttpError::Timeout) => {
                RefreshError::Unavailable("refresh_timeout")
            }
            RequestTokenError::Request(HttpError::Connect | HttpError::Setup) => {
                RefreshError::Unavailable("refresh_connection")
            }
            RequestTokenError::Request(HttpError::Unavailable(429)) => {
                RefreshError::Unavailable("refresh_throttled")
            }
            RequestTokenError::Request(
                HttpError::Unavailable(_)
                | HttpError::TooLong
                | HttpError::Redirect
                | HttpError::Status(_),
            )
            | RequestTokenError::Parse(..)
            | RequestTokenError::Other(_) => RefreshError::Unavailable("refresh_answer"),
        })?;
        tokens_of(&response).ok_or(RefreshError::Refused("refresh_without_id_token"))
    }

    /// openidconnect's verdict on an ID token that our own verifier has accepted:
    /// signature, issuer, audience, expiry, the nonce of a login, and `at_hash`
    /// if present. A refreshed token's nonce is compared by the core.
    ///
    /// # Errors
    /// [`ExchangeError::IdToken`].
    pub fn second_opinion(
        &self,
        tokens: &Tokens,
        nonce: Option<&str>,
        identity: &VerifiedIdentity,
        snapshot: &Snapshot,
        now: UnixTime,
    ) -> Result<(), ExchangeError> {
        let refuse = |()| ExchangeError::IdToken;
        let id_token: CoreIdToken = tokens.id_token.parse().map_err(|_| refuse(()))?;
        let keys: CoreJsonWebKeySet =
            serde_json::from_slice(&snapshot.key_document).map_err(|_| refuse(()))?;
        // Of the accepted issuers, the one that ours found in the token.
        let issuer = identity.claims().get("iss").and_then(|iss| iss.as_str());
        let issuer =
            IssuerUrl::new(issuer.unwrap_or(&self.issuer).to_owned()).map_err(|_| refuse(()))?;
        let client_id = ClientId::new(self.client_id.clone());
        let verifier = match self.secret(self.secrets.first()) {
            Some(secret) => {
                CoreIdTokenVerifier::new_confidential_client(client_id, secret, issuer, keys)
            }
            None => CoreIdTokenVerifier::new_public_client(client_id, issuer, keys),
        };
        // One leeway for both verifiers; ours has checked `azp` where there are
        // several audiences.
        let secs = i64::try_from(now.secs().saturating_sub(LEEWAY)).map_err(|_| refuse(()))?;
        let time = DateTime::<Utc>::from_timestamp(secs, 0).ok_or(ExchangeError::IdToken)?;
        let verifier = verifier
            .set_allowed_algs(self.algorithms.iter().copied().map(algorithm))
            .set_time_fn(move || time)
            .set_other_audience_verifier_fn(|_| true);
        let nonce = nonce.map(|nonce| Nonce::new(nonce.to_owned()));
        let claims = match &nonce {
            Some(nonce) => id_token.claims(&verifier, nonce),
            None => id_token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
        };
        let claims = claims.map_err(|_| refuse(()))?;
        if let Some(expected) = claims.access_token_hash() {
            let actual = AccessTokenHash::from_token(
                &AccessToken::new(tokens.access_token.to_string()),
                id_token.signing_alg().map_err(|_| refuse(()))?,
                id_token.signing_key(&verifier).map_err(|_| refuse(()))?,
            )
            .map_err(|_| refuse(()))?;
            if actual != *expected {
                return Err(ExchangeError::IdToken);
            }
        }
        Ok(())
    }

    /// Asks for userinfo (OpenID Connect Core 5.3.1). The body goes to the core
    /// as it is: openidconnect would refuse Cognito's booleans as text.
    ///
    /// # Errors
    /// See [`UserinfoError`].
    pub async fn userinfo(
        &self,
        access_token: &str,
        endpoint: &Url,
    ) -> Result<Vec<u8>, UserinfoError> {
        let bearer = Zeroizing::new(format!("Bearer {access_token}"));
        let request = http::Request::get(endpoint.as_str())
            .header(http::header::AUTHORIZATION, bearer.as_str())
            .header(http::header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| UserinfoError::Refused)?;
        let answer = self.http.send(request).await.map_err(|error| {
            tracing::warn!(error = %error, "userinfo cannot be asked");
            UserinfoError::Unavailable
        })?;
        match answer.status() {
            http::StatusCode::OK => Ok(answer.into_body()),
            status => {
                tracing::warn!(status = status.as_u16(), "userinfo was refused");
                Err(UserinfoError::Refused)
            }
        }
    }

    /// Revokes a refresh token (RFC 7009), as far as that goes: the local
    /// session ends in any case.
    pub async fn revoke(&self, refresh_token: &str, endpoint: &Url) {
        let all = self.revoke_with_each(refresh_token, endpoint);
        if timeout(REVOKE_TIMEOUT, all).await.is_err() {
            tracing::warn!("refresh token was not revoked in time");
        }
    }

    async fn revoke_with_each(&self, refresh_token: &str, endpoint: &Url) {
        let mut turn = self.secrets.first();
        loop {
            let Some(request) = self.revocation(refresh_token, endpoint, turn) else {
                tracing::warn!("refresh token was not revoked: the request could not be built");
                return;
            };
            let answer = match self.http.send(request).await {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::warn!(error = %error, "refresh token was not revoked");
                    return;
                }
            };
            if answer.status().is_success() {
                self.secrets.worked(turn);
                return;
            }
            match self.secrets.after(turn).filter(|_| refuses_client(&answer)) {
                Some(next) => turn = next,
                None => {
                    tracing::warn!(
                        status = answer.status().as_u16(),
                        "refresh token was not revoked"
                    );
                    return;
                }
            }
        }
    }

    fn revocation(
        &self,
        refresh_token: &str,
        endpoint: &Url,
        turn: Turn,
    ) -> Option<http::Request<Vec<u8>>> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", refresh_token)
            .append_pair("token_type_hint", "refresh_token");
        let mut request = http::Request::post(endpoint.as_str()).header(
            http::header::CONTENT_TYPE,
            "application/x-www-form-urlencoded",
        );
        match (self.secrets.method, self.secrets.on(turn)) {
            (Method::Basic, Some(secret)) => {
                request = request.header(http::header::AUTHORIZATION, self.basic(secret).as_str());
            }
            (Method::Post, Some(secret)) => {
                form.append_pair("client_id", &self.client_id)
                    .append_pair("client_secret", secret.expose_secret());
            }
            (Method::None, _) | (_, None) => {
                form.append_pair("client_id", &self.client_id);
            }
        }
        request.body(form.finish().into_bytes()).ok()
    }

    /// The next secret, if our client was refused with this one.
    fn next_turn(&self, turn: Turn, error: Option<&TokenEndpointError>) -> Option<Turn> {
        let is_refused = matches!(
            error,
            Some(RequestTokenError::ServerResponse(answer))
                if *answer.error() == CoreErrorResponseType::InvalidClient
        );
        if !is_refused {
            self.secrets.worked(turn);
            return None;
        }
        self.secrets.after(turn)
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

    /// RFC 6749 2.3.1: both parts form-encoded, then Basic.
    fn basic(&self, secret: &SecretString) -> Zeroizing<String> {
        use base64::Engine;
        let encode = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        let pair = Zeroizing::new(format!(
            "{}:{}",
            encode(&self.client_id),
            encode(secret.expose_secret())
        ));
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair.as_bytes());
        Zeroizing::new(format!("Basic {encoded}"))
    }
}

/// Whether an answer says `invalid_client` (RFC 7009 2.2.1, RFC 6749 5.2).
fn refuses_client(answer: &http::Response<Vec<u8>>) -> bool {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
    }
    serde_json::from_slice::<Refusal>(answer.body())
        .is_ok_and(|refusal| refusal.error == "invalid_client")
}

fn algorithm(algorithm: Algorithm) -> CoreJwsSigningAlgorithm {
    match algorithm {
        Algorithm::Rs256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        Algorithm::Rs384 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
        Algorithm::Rs512 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
        Algorithm::Ps256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        Algorithm::Ps384 => CoreJwsSigningAlgorithm::RsaSsaPssSha384,
        Algorithm::Ps512 => CoreJwsSigningAlgorithm::RsaSsaPssSha512,
        Algorithm::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        Algorithm::Es384 => CoreJwsSigningAlgorithm::EcdsaP384Sha384,
        Algorithm::EdDsa => CoreJwsSigningAlgorithm::EdDsa,
    }
}

/// `None` without an ID token.
fn tokens_of(response: &CoreTokenResponse) -> Option<Tokens> {
    Some(Tokens {
        id_token: Zeroizing::new(response.id_token()?.to_string()),
        access_token: Zeroizing::new(response.access_token().secret().clone()),
        refresh_token: response
            .refresh_token()
            .map(|token| Zeroizing::new(token.secret().clone())),
    })
}

/// The same of an answer whose ID token openidconnect cannot read, so that our
/// verifier says what is wrong with it; never one that would get by the second
/// opinion.
fn unread_tokens_of(body: Vec<u8>) -> Option<Tokens> {
    #[derive(serde::Deserialize)]
    struct Answer {
        id_token: String,
        access_token: String,
        refresh_token: Option<String>,
    }
    let body = Zeroizing::new(body);
    let answer: Answer = serde_json::from_slice(&body).ok()?;
    let is_unreadable = answer.id_token.parse::<CoreIdToken>().is_err();
    is_unreadable.then(|| Tokens {
        id_token: Zeroizing::new(answer.id_token),
        access_token: Zeroizing::new(answer.access_token),
        refresh_token: answer.refresh_token.map(Zeroizing::new),
    })
}

/// What an `error` of the token endpoint means for a session (RFC 6749 5.2).
fn refusal(error: &CoreErrorResponseType) -> RefreshError {
    match error {
        CoreErrorResponseType::InvalidGrant => RefreshError::Refused("refresh_invalid_grant"),
        // About our secret, not about the person: a login would fail as well.
        CoreErrorResponseType::InvalidClient => RefreshError::Unavailable("refresh_client_refused"),
        CoreErrorResponseType::Extension(name)
            if matches!(
                name.as_str(),
                "server_error" | "temporarily_unavailable" | "slow_down"
            ) =>
        {
            RefreshError::Unavailable("refresh_provider_error")
        }
        _ => RefreshError::Refused("refresh_not_allowed"),
    }
}
