//! The grant `refresh_token`, with and without rotation (cognito.md 1.7,
//! 2.6; E8).

use serde_json::Value;

use crate::cognito::claims::may_read_scopes;
use crate::cognito::mint::{self, Occasion};
use crate::http::Params;
use crate::model::Client;
use crate::world::World;

use super::{TokenError, members};

pub(super) fn renew(
    world: &mut World,
    client: &Client,
    form: &Params,
) -> Result<Value, TokenError> {
    let value = form
        .filled("refresh_token")
        .ok_or(TokenError::InvalidRequest)?;
    let now = world.clock.now();
    let token = world
        .ledger
        .refresh_token(value)
        .filter(|token| now < token.expires_at)
        .ok_or(TokenError::InvalidGrant)?;
    // A replaced token is good for the grace period and not a second longer;
    // a grace of zero means at once.
    if token
        .replaced_at
        .is_some_and(|at| now >= at + client.rotation.grace_seconds)
    {
        return Err(TokenError::InvalidGrant);
    }
    let expires_at = token.expires_at;
    let grant = world
        .ledger
        .grant(&token.origin_jti)
        .filter(|grant| grant.client_id == client.client_id)
        .cloned()
        .ok_or(TokenError::InvalidGrant)?;
    if !may_read_scopes(client, &grant.scopes) {
        return Err(TokenError::InvalidGrant);
    }

    let tokens = mint::tokens(world, "domain:token", &grant, Occasion::Refresh)
        .map_err(|_| TokenError::InvalidGrant)?;
    let successor = client.rotation.on.then(|| {
        world.ledger.replace_refresh(value, now);
        // Inherits what is left of the original's life.
        world.ledger.issue_refresh(&grant, now, expires_at)
    });
    Ok(members(tokens, successor))
}
