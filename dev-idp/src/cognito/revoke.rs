//! `POST /oauth2/revoke` (cognito.md 1.9; E12).

use serde_json::json;

use crate::http::{Reply, Request};
use crate::jws;
use crate::world::World;

use super::client_auth::authenticate;

pub(super) fn serve(world: &mut World, request: &Request) -> Reply {
    if !request.is_post() {
        return Reply::method_not_allowed();
    }
    let Ok(client) = authenticate(world, request) else {
        return Reply::json(401, &json!({ "error": "invalid_client" }));
    };
    let Some(value) = request.form.filled("token") else {
        return Reply::json(400, &json!({ "error": "invalid_request" }));
    };
    // ID and access tokens cannot be revoked by themselves.
    if jws::decode(value).is_ok() {
        return Reply::json(400, &json!({ "error": "unsupported_token_type" }));
    }
    let origin_jti = world
        .ledger
        .refresh_token(value)
        .and_then(|token| world.ledger.grant(&token.origin_jti))
        .filter(|grant| grant.client_id == client.client_id)
        .map(|grant| grant.origin_jti.clone());
    if let Some(origin_jti) = origin_jti {
        world.ledger.revoke(&origin_jti);
    }
    // Junk and what was revoked before are a success too.
    Reply::new(200)
}
