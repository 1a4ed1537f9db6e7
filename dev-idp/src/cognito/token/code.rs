//! The grant `authorization_code`.

use serde_json::Value;

use crate::cognito::claims::may_read_scopes;
use crate::cognito::mint::{self, Occasion};
use crate::http::Params;
use crate::ids;
use crate::model::{Client, Flow};
use crate::world::World;

use super::{TokenError, members};

pub(super) fn redeem(
    world: &mut World,
    client: &Client,
    form: &Params,
) -> Result<Value, TokenError> {
    if !client.flows.contains(&Flow::Code) {
        return Err(TokenError::UnauthorizedClient);
    }
    let value = form.filled("code").ok_or(TokenError::InvalidRequest)?;
    let redirect_uri = form
        .filled("redirect_uri")
        .ok_or(TokenError::InvalidRequest)?;
    let now = world.clock.now();
    let code = world
        .ledger
        .redeem(value, &client.client_id, now)
        .map_err(|_| TokenError::InvalidGrant)?;
    if code.redirect_uri != redirect_uri {
        return Err(TokenError::InvalidRedirect);
    }
    // PKCE (U4: the error's name, and that the code is burnt).
    if let Some(challenge) = &code.challenge {
        let verifier = form
            .filled("code_verifier")
            .ok_or(TokenError::InvalidGrant)?;
        if ids::sha256(verifier) != *challenge {
            return Err(TokenError::InvalidGrant);
        }
    }
    if !may_read_scopes(client, &code.grant.scopes) {
        return Err(TokenError::InvalidGrant);
    }

    let tokens = mint::tokens(world, "domain:token", &code.grant, Occasion::Login)
        .map_err(|_| TokenError::InvalidGrant)?;
    world.ledger.open_grant(&code.grant);
    let expires_at = now.saturating_add(client.lifetimes.refresh);
    let refresh_token = world.ledger.issue_refresh(&code.grant, now, expires_at);
    Ok(members(tokens, Some(refresh_token)))
}
