//! Refresh tokens are revoked when somebody signs out.
//!
//! Owns how long that may take and which secret is tried. Nobody learns from it
//! whether it went well: the local session ends in any case.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use url::Url;
use zeroize::Zeroizing;

use super::RelyingParty;
use super::secrets::{Method, Turn};

/// How long signing out waits for the revocation at most (contract, section 2).
const REVOKE_TIMEOUT: Duration = Duration::from_secs(2);

impl RelyingParty {
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
