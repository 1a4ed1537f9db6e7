//! The `state` that travels through the provider: the whole transaction,
//! signed, and over a kilobyte (cognito.md 1.11).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::ids;
use crate::world::World;

use crate::cognito::refusal::Back;
use crate::cognito::request::AuthorizeRequest;

/// The members of the capture in 1.11, and four of ours at the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FederationState {
    user_pool_id: String,
    pub(super) provider_name: String,
    client_id: String,
    #[serde(rename = "redirectURI")]
    redirect_uri: String,
    response_type: String,
    provider_type: String,
    scopes: Vec<String>,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    nonce: Option<String>,
    server_host_port: String,
    pub(super) creation_time_seconds: i64,
    session: Option<String>,
    user_attributes: Option<String>,
    is_state_for_linking_session: bool,
    resource: Option<String>,
    pub(super) csrf: String,
    pub(super) upstream_nonce: String,
    padding: String,
}

impl FederationState {
    pub(super) fn new(
        asked: &AuthorizeRequest,
        provider: &str,
        domain: &str,
        csrf: &str,
        upstream_nonce: &str,
        now: i64,
    ) -> Self {
        let response_type = if asked.back.in_fragment {
            "token"
        } else {
            "code"
        };
        Self {
            user_pool_id: asked.client.pool.clone(),
            provider_name: provider.to_owned(),
            client_id: asked.client.client_id.clone(),
            redirect_uri: asked.back.redirect_uri.clone(),
            response_type: response_type.to_owned(),
            provider_type: "OIDC".to_owned(),
            scopes: asked.scopes.clone(),
            state: asked.back.state.clone(),
            code_challenge: asked.challenge.clone(),
            code_challenge_method: asked.challenge.as_ref().map(|_| "S256".to_owned()),
            nonce: asked.nonce.clone(),
            server_host_port: domain.to_owned(),
            creation_time_seconds: now,
            session: None,
            user_attributes: None,
            is_state_for_linking_session: false,
            resource: asked.resource.clone(),
            csrf: csrf.to_owned(),
            upstream_nonce: upstream_nonce.to_owned(),
            // Over 1 KB even for the barest of requests.
            padding: ids::opaque(),
        }
    }

    /// base64 of `base64(JSON):signature`.
    pub(super) fn seal(&self, key: &hmac::Key) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        let payload = STANDARD.encode(json);
        let tag = STANDARD.encode(hmac::sign(key, payload.as_bytes()));
        STANDARD.encode(format!("{payload}:{tag}"))
    }

    pub(super) fn open(sealed: &str, key: &hmac::Key) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(sealed).ok()?).ok()?;
        let (payload, tag) = text.split_once(':')?;
        hmac::verify(key, payload.as_bytes(), &STANDARD.decode(tag).ok()?).ok()?;
        serde_json::from_slice(&STANDARD.decode(payload).ok()?).ok()
    }

    /// The application's request, as it was checked on the way out. Hints
    /// and prompts have done their work by now.
    pub(super) fn request(&self, world: &World) -> Option<AuthorizeRequest> {
        Some(AuthorizeRequest {
            client: world.client(&self.client_id)?,
            back: Back {
                redirect_uri: self.redirect_uri.clone(),
                state: self.state.clone(),
                in_fragment: self.response_type == "token",
            },
            scopes: self.scopes.clone(),
            nonce: self.nonce.clone(),
            challenge: self.code_challenge.clone(),
            resource: self.resource.clone(),
            provider: Some(self.provider_name.clone()),
            prompt: Vec::new(),
            login_hint: None,
        })
    }
}
