//! The calls to the provider and the checks of what comes back
//! (cognito.md 1.11, 3.3).

use serde_json::{Map, Value};

use crate::call::{Answer, Call, CallError};
use crate::cognito::refusal::CallbackError;
use crate::http::encode;
use crate::jws::{self, PublicKey};
use crate::model::{Provider, UserinfoMethod};

/// One code to redeem.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) provider: Provider,
    pub(super) code: String,
    pub(super) redirect_uri: String,
    pub(super) nonce: String,
    pub(super) now: i64,
}

/// What went wrong upstream; the texts at the callback are those of 1.6.
#[derive(Debug)]
pub(super) enum ExchangeError {
    Call {
        what: &'static str,
        source: CallError,
    },
    TokenRefused {
        status: String,
        entity: String,
    },
    NotJson(&'static str),
    IdToken(&'static str),
    Issuer(String),
}

impl Exchange {
    /// The claims of the ID token over those of userinfo: the token wins.
    pub(super) async fn run(&self) -> Result<Map<String, Value>, ExchangeError> {
        let response = self.tokens().await?;
        let text = |name: &str| response.get(name).and_then(Value::as_str);
        let id_token = text("id_token").ok_or(ExchangeError::IdToken("id_token is missing"))?;
        let id_claims = self.verify(id_token).await?;
        let mut claims = match text("access_token") {
            Some(token) => self.userinfo(token).await?,
            None => Map::new(),
        };
        claims.extend(id_claims);
        Ok(claims)
    }

    /// `client_secret_post` only, whatever the provider's discovery says.
    async fn tokens(&self) -> Result<Value, ExchangeError> {
        let form = encode([
            ("grant_type", "authorization_code"),
            ("client_id", &self.provider.client_id),
            ("client_secret", &self.provider.client_secret),
            ("code", &self.code),
            ("redirect_uri", &self.redirect_uri),
        ]);
        let answer = Call::post(&self.provider.endpoints.token, form)
            .send()
            .await
            .map_err(|source| ExchangeError::Call {
                what: "IdP token endpoint",
                source,
            })?;
        if !answer.status.is_success() {
            return Err(ExchangeError::TokenRefused {
                status: answer.status.to_string(),
                entity: String::from_utf8_lossy(&answer.body).into_owned(),
            });
        }
        json(&answer, "token response")
    }

    async fn verify(&self, id_token: &str) -> Result<Map<String, Value>, ExchangeError> {
        let wrong = ExchangeError::IdToken;
        let decoded = jws::decode(id_token).map_err(|_| wrong("id_token is malformed"))?;
        let kid = decoded
            .header
            .get("kid")
            .and_then(Value::as_str)
            .ok_or(wrong("id_token has no kid"))?;
        // Fetched at every login (3.3).
        let answer = Call::get(&self.provider.endpoints.jwks)
            .send()
            .await
            .map_err(|source| ExchangeError::Call {
                what: "jwks uri",
                source,
            })?;
        let key = json(&answer, "jwks")?
            .get("keys")
            .and_then(Value::as_array)
            .and_then(|keys| {
                keys.iter()
                    .find(|key| key.get("kid").and_then(Value::as_str) == Some(kid))
            })
            .and_then(PublicKey::from_jwk)
            .ok_or(wrong("id_token is signed by an unknown key"))?;
        if !key.verifies(id_token) {
            return Err(wrong("id_token signature is invalid"));
        }
        let claims = decoded.claims;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let issuer = text("iss").unwrap_or_default();
        if issuer != self.provider.issuer {
            return Err(ExchangeError::Issuer(issuer.to_owned()));
        }
        if !audience_holds(claims.get("aud"), &self.provider.client_id) {
            return Err(wrong("id_token is for another audience"));
        }
        if claims
            .get("exp")
            .and_then(Value::as_i64)
            .is_none_or(|exp| exp <= self.now)
        {
            return Err(wrong("id_token has expired"));
        }
        if text("nonce") != Some(&self.nonce) {
            return Err(wrong("id_token nonce does not match"));
        }
        match claims {
            Value::Object(claims) => Ok(claims),
            _ => Err(wrong("id_token is malformed")),
        }
    }

    async fn userinfo(&self, access_token: &str) -> Result<Map<String, Value>, ExchangeError> {
        let url = &self.provider.endpoints.userinfo;
        let mut call = match self.provider.userinfo_method {
            UserinfoMethod::Get => Call::get(url),
            UserinfoMethod::Post => Call::post(url, String::new()),
        };
        call.bearer = Some(access_token.to_owned());
        let answer = call.send().await.map_err(|source| ExchangeError::Call {
            what: "IdP userinfo endpoint",
            source,
        })?;
        match json(&answer, "userinfo response")? {
            Value::Object(claims) => Ok(claims),
            _ => Err(ExchangeError::NotJson("userinfo response")),
        }
    }
}

impl From<ExchangeError> for CallbackError {
    fn from(error: ExchangeError) -> Self {
        let description = match error {
            ExchangeError::Call {
                what: "jwks uri",
                source: CallError::Timeout,
            } => "Timeout in calling jwks uri".to_owned(),
            ExchangeError::Call {
                what,
                source: CallError::Timeout,
            } => format!("Timeout occurred in calling {what}"),
            ExchangeError::Call { .. } => "Connection reset".to_owned(),
            ExchangeError::TokenRefused { status, entity } => {
                format!("Bad token response: HTTP/1.1 {status}, entity: {entity}")
            }
            ExchangeError::NotJson(what) => format!("{what} is not JSON"),
            ExchangeError::IdToken(text) => text.to_owned(),
            ExchangeError::Issuer(issuer) => format!("Bad id_token issuer {issuer}"),
        };
        Self::invalid_request(&description)
    }
}

fn json(answer: &Answer, what: &'static str) -> Result<Value, ExchangeError> {
    serde_json::from_slice(&answer.body).map_err(|_| ExchangeError::NotJson(what))
}

fn audience_holds(audience: Option<&Value>, client_id: &str) -> bool {
    match audience {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(many)) => many.iter().any(|one| one == client_id),
        _ => false,
    }
}
