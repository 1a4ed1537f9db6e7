//! `POST /mint`: a token to order, honest or forged.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cognito::{Stamp, access_claims, id_claims};
use crate::forge::Forgery;
use crate::ids;
use crate::ledger::Grant;
use crate::model::KeyName;
use crate::world::World;

use super::{AdminError, Answer, no_client, no_pool, no_user};

#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pool: String,
    client_id: String,
    token_use: KeyName,
    /// Email or username; default: the pool's first local user.
    #[serde(default)]
    username: Option<String>,
    #[serde(flatten)]
    forgery: Forgery,
}

pub(super) fn mint(world: &mut World, order: Order) -> Answer {
    let client = world
        .client(&order.client_id)
        .ok_or_else(|| no_client(&order.client_id))?;
    let pool = world
        .pools
        .get(&order.pool)
        .ok_or_else(|| no_pool(&order.pool))?;
    if client.pool != pool.id {
        return Err(AdminError::Unacceptable(format!(
            "client {} belongs to pool {}",
            client.client_id, client.pool
        )));
    }
    let user = match &order.username {
        Some(name) => pool.find_user(name),
        None => pool.local_users().first().copied(),
    };
    let user = user.ok_or_else(|| no_user(order.username.as_deref().unwrap_or("(any)")))?;
    let now = world.now_for(&client);
    let grant = Grant {
        origin_jti: ids::uuid(),
        pool: pool.id.clone(),
        client_id: client.client_id.clone(),
        username: user.username.clone(),
        scopes: client.scopes.clone(),
        nonce: None,
        resource: None,
        auth_time: now,
    };
    let issuer = pool.issuer(&world.origins.issuer);
    let stamp = Stamp::new(now);
    let claims = match order.token_use {
        KeyName::Id => id_claims(&issuer, pool, &client, user, &grant, &stamp),
        KeyName::Access => access_claims(&issuer, pool, &client, user, &grant, &stamp),
    };
    let token = order
        .forgery
        .sign(&pool.keys, order.token_use, &Value::Object(claims));
    Ok(json!({ "token": token }))
}
