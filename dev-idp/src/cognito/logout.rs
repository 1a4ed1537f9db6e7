//! `GET /logout`: two forms and no third (cognito.md 1.10; E13).

use crate::http::{Reply, Request, with_query};
use crate::model::Client;
use crate::world::World;

use super::refusal::{PARAMETERS_MISSING, REDIRECT_MISMATCH, Refusal};

/// What OIDC-style parameters and unregistered sign-out URLs end on.
const NO_REDIRECT_URI: &str = "Required String parameter 'redirect_uri' is not present";

pub(super) fn serve(world: &mut World, request: &Request) -> Reply {
    if !request.is_get() {
        return Reply::method_not_allowed();
    }
    let client = request
        .query
        .filled("client_id")
        .and_then(|id| world.client(id));
    // The session ends even if the rest is wrong. Nothing else does: neither
    // refresh tokens nor the session at an upstream provider.
    world
        .sessions
        .end(request, client.as_ref().map(|client| client.pool.as_str()));
    let target = match client {
        Some(client) => target(world, request, &client),
        None => Err(Refusal::page(PARAMETERS_MISSING, None)),
    };
    let reply = match target {
        Ok(url) => Reply::redirect(&url),
        Err(refusal) => refusal.reply(&world.origins.domain),
    };
    world.sessions.clear_cookie(request, reply)
}

fn target(world: &World, request: &Request, client: &Client) -> Result<String, Refusal> {
    let query = &request.query;
    let refuse = |error: &str| Refusal::page(error, Some(&client.client_id));

    // Form 1 wins when both are there, and ignores all other parameters,
    // `state` among them.
    if let Some(logout_uri) = query.filled("logout_uri") {
        return if client.signouts.iter().any(|known| known == logout_uri) {
            Ok(logout_uri.to_owned())
        } else {
            Err(refuse(NO_REDIRECT_URI))
        };
    }

    // Form 2: on to the login page, checked against the callback URLs.
    let redirect_uri = query
        .filled("redirect_uri")
        .ok_or_else(|| refuse(NO_REDIRECT_URI))?;
    if !client.callbacks.iter().any(|known| known == redirect_uri) {
        return Err(refuse(REDIRECT_MISMATCH));
    }
    query
        .filled("response_type")
        .ok_or_else(|| refuse(PARAMETERS_MISSING))?;
    let passed_on = query
        .pairs()
        .filter(|(name, _)| !matches!(*name, "identity_provider" | "idp_identifier"));
    Ok(with_query(
        &format!("{}/login", world.origins.domain),
        passed_on,
    ))
}
