//! Client authentication at the token and revocation endpoints
//! (cognito.md 1.7): Basic, in the body, or the bare id of a public client.

use std::sync::Arc;

use crate::http::Request;
use crate::model::Client;
use crate::world::World;

/// Unknown client, wrong secret, or a secret where none belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InvalidClient;

pub(super) fn authenticate(world: &World, request: &Request) -> Result<Arc<Client>, InvalidClient> {
    let named = request.form.filled("client_id");
    let (id, secret) = match request.basic() {
        Some((id, secret)) => (id, Some(secret)),
        None => (
            named.ok_or(InvalidClient)?.to_owned(),
            request.form.filled("client_secret").map(str::to_owned),
        ),
    };
    if named.is_some_and(|named| named != id) {
        return Err(InvalidClient);
    }
    let client = world.client(&id).ok_or(InvalidClient)?;
    let proven = match secret {
        Some(secret) => client.secret.contains(&secret),
        None => client.is_public(),
    };
    if proven {
        Ok(client)
    } else {
        Err(InvalidClient)
    }
}
