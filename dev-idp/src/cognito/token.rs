//! `POST /oauth2/token` (cognito.md 1.7; E7, E8).

mod client_credentials;
mod code;
mod refresh;

use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Map, Value, json};

use crate::http::{Reply, Request};
use crate::world::World;

use super::client_auth::authenticate;
use super::mint::Tokens;

/// The errors of 1.7 and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenError {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    /// Another `redirect_uri` than in the authorization request:
    /// surprisingly not `invalid_grant`.
    InvalidRedirect,
    InvalidScope,
    UnsupportedGrantType,
}

pub(super) fn serve(world: &mut World, request: &Request) -> Reply {
    if !request.is_post() {
        return with_cors(Reply::method_not_allowed());
    }
    match answer(world, request) {
        Ok(members) => json_reply(200, &members),
        Err(error) => refuse(world, request, error),
    }
}

fn answer(world: &mut World, request: &Request) -> Result<Value, TokenError> {
    let form = &request.form;
    let grant_type = form
        .filled("grant_type")
        .ok_or(TokenError::InvalidRequest)?;
    let client = authenticate(world, request).map_err(|_| TokenError::InvalidClient)?;
    match grant_type {
        "authorization_code" => code::redeem(world, &client, form),
        "refresh_token" => refresh::renew(world, &client, form),
        "client_credentials" => client_credentials::issue(world, &client, form),
        _ => Err(TokenError::UnsupportedGrantType),
    }
}

/// The members of a response: `id_token` only if there is one, `scope` never.
fn members(tokens: Tokens, refresh_token: Option<String>) -> Value {
    let mut members = Map::new();
    if let Some(id_token) = tokens.id_token {
        members.insert("id_token".to_owned(), json!(id_token));
    }
    if let Some(refresh_token) = refresh_token {
        members.insert("refresh_token".to_owned(), json!(refresh_token));
    }
    members.insert("access_token".to_owned(), json!(tokens.access_token));
    members.insert("expires_in".to_owned(), json!(tokens.expires_in));
    members.insert("token_type".to_owned(), json!("Bearer"));
    Value::Object(members)
}

fn refuse(world: &World, request: &Request, error: TokenError) -> Reply {
    let status = match error {
        TokenError::InvalidClient => invalid_client_status(world, request),
        _ => 400,
    };
    let body = match error {
        TokenError::InvalidRequest => json!({ "error": "invalid_request" }),
        TokenError::InvalidClient => json!({ "error": "invalid_client" }),
        TokenError::InvalidGrant => json!({ "error": "invalid_grant" }),
        TokenError::UnauthorizedClient => json!({ "error": "unauthorized_client" }),
        TokenError::InvalidRedirect => {
            json!({ "error": "unauthorized_client", "error_description": "invalid_redirect" })
        }
        TokenError::InvalidScope => json!({ "error": "invalid_scope" }),
        TokenError::UnsupportedGrantType => json!({ "error": "unsupported_grant_type" }),
    };
    json_reply(status, &body)
}

/// The status of `invalid_client` is not known for certain (U1), so a switch
/// of the pool sets it; for an unknown client it is the documented 400.
fn invalid_client_status(world: &World, request: &Request) -> u16 {
    let id = request
        .basic()
        .map(|(id, _)| id)
        .or_else(|| request.form.filled("client_id").map(str::to_owned));
    id.and_then(|id| world.client(&id))
        .and_then(|client| world.pools.get(&client.pool))
        .map_or(400, |pool| pool.switches.invalid_client_status)
}

fn json_reply(status: u16, value: &Value) -> Reply {
    with_cors(
        Reply::json(status, value)
            .with(CONTENT_TYPE, "application/json;charset=UTF-8")
            .with(CACHE_CONTROL, "no-store"),
    )
}

fn with_cors(reply: Reply) -> Reply {
    reply.with(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
}
