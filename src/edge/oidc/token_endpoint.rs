//! The token endpoint: codes are redeemed there, and tokens renewed.
//!
//! Owns which secret is tried and what an answer means. Must not know whether the
//! tokens are good ones: the core says, and the second opinion.

use openidconnect::core::{CoreErrorResponseType, CoreIdToken, CoreTokenResponse};
use openidconnect::{
    AuthorizationCode, OAuth2TokenResponse, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, StandardErrorResponse, TokenResponse,
};
use zeroize::Zeroizing;

use super::RelyingParty;
use super::secrets::Turn;
use crate::edge::http::HttpError;
use crate::edge::provider::Resolved;
use crate::gate::callback::hint::ClientRefusal;
use crate::gate::refresh::RefreshError;
use crate::gate::signin::{Exchange, ExchangeError, Tokens};

/// What may go wrong at the token endpoint.
type TokenEndpointError =
    RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>;

impl RelyingParty {
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
