//! App clients: create, replace, change.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::model::{Client, ClientError};
use crate::world::World;

use super::{AdminError, Answer, no_client, no_pool};

pub(super) fn list(world: &World) -> Value {
    world
        .pools
        .values()
        .flat_map(|pool| pool.clients.values())
        .map(|client| json!(**client))
        .collect()
}

/// Creates, or replaces the whole of one with the same id.
pub(super) fn put(world: &mut World, members: Map<String, Value>) -> Answer {
    let client: Client = serde_json::from_value(Value::Object(one_name(members)))
        .map_err(|error| AdminError::Unacceptable(error.to_string()))?;
    client.check()?;
    if !world.pools.contains_key(&client.pool) {
        return Err(no_pool(&client.pool));
    }
    // An id lives in one pool only.
    for pool in world.pools.values_mut() {
        pool.clients.remove(&client.client_id);
    }
    let shown = json!(client);
    if let Some(pool) = world.pools.get_mut(&client.pool) {
        pool.clients
            .insert(client.client_id.clone(), Arc::new(client));
    }
    Ok(shown)
}

/// Changes the named members of an existing client; objects are replaced.
pub(super) fn patch(world: &mut World, client_id: &str, changes: Map<String, Value>) -> Answer {
    let client = world
        .client(client_id)
        .ok_or_else(|| no_client(client_id))?;
    let Value::Object(mut members) = json!(*client) else {
        return Err(no_client(client_id));
    };
    members.extend(one_name(changes));
    members.insert("client_id".to_owned(), json!(client_id));
    put(world, members)
}

/// `secrets` is another name for `secret`.
fn one_name(mut members: Map<String, Value>) -> Map<String, Value> {
    if let Some(secrets) = members.remove("secrets") {
        members.insert("secret".to_owned(), secrets);
    }
    members
}

impl From<ClientError> for AdminError {
    fn from(error: ClientError) -> Self {
        Self::Unacceptable(error.to_string())
    }
}
