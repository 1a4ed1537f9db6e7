//! The grant `client_credentials`: a token without a person.

use serde_json::{Value, json};

use crate::http::Params;
use crate::ids;
use crate::model::{Client, Flow, KeyName};
use crate::world::World;

use super::{TokenError, members};
use crate::cognito::mint::Tokens;

pub(super) fn issue(
    world: &mut World,
    client: &Client,
    form: &Params,
) -> Result<Value, TokenError> {
    if !client.flows.contains(&Flow::ClientCredentials) || client.is_public() {
        return Err(TokenError::UnauthorizedClient);
    }
    let asked = form.words("scope");
    let scopes = if asked.is_empty() {
        client.scopes.clone()
    } else if asked.iter().all(|scope| client.scopes.contains(scope)) {
        asked
    } else {
        return Err(TokenError::InvalidScope);
    };
    let now = world.now_for(client);
    let expires_in = client.lifetimes.access;
    let jti = ids::uuid();
    let pool = world
        .pools
        .get(&client.pool)
        .ok_or(TokenError::InvalidClient)?;
    let claims = json!({
        "sub": client.client_id,
        "token_use": "access",
        "scope": scopes.join(" "),
        "auth_time": now,
        "iss": pool.issuer(&world.origins.issuer),
        "exp": now + expires_in,
        "iat": now,
        "version": 2,
        "jti": jti,
        "client_id": client.client_id,
    });
    let access_token = world
        .faults
        .tamper("domain:token", Some("client_credentials"), KeyName::Access)
        .unwrap_or_default()
        .sign(&pool.keys, KeyName::Access, &claims);
    world.ledger.record(
        "access",
        &jti,
        &client.client_id,
        None,
        now,
        now + expires_in,
    );
    Ok(members(
        Tokens {
            id_token: None,
            access_token,
            expires_in,
        },
        None,
    ))
}
