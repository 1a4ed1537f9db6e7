//! Signing the tokens of a grant.

use serde_json::{Value, json};

use crate::forge::Forgery;
use crate::ids;
use crate::ledger::Grant;
use crate::model::KeyName;
use crate::world::World;

use super::claims::{Stamp, access_claims, id_claims};

/// What a token response is made of; the refresh token is the caller's affair.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) id_token: Option<String>,
    pub(super) access_token: String,
    pub(super) expires_in: i64,
}

/// First tokens of a grant, or later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    Login,
    Refresh,
}

/// The pool, client or user of the grant is gone, or the user is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NobodyThere;

/// Makes access token and, if `openid` was granted, ID token (1.7). Groups
/// and attributes are those of the pool at this moment, also on refresh (2.6).
/// `endpoint` is the name under which a fault may tamper with them.
pub(super) fn tokens(
    world: &mut World,
    endpoint: &str,
    grant: &Grant,
    occasion: Occasion,
) -> Result<Tokens, NobodyThere> {
    let client = world.client(&grant.client_id).ok_or(NobodyThere)?;
    let pool = world.pools.get(&grant.pool).ok_or(NobodyThere)?;
    let user = pool
        .users
        .get(&grant.username)
        .filter(|user| user.enabled)
        .ok_or(NobodyThere)?;
    let issuer = pool.issuer(&world.origins.issuer);
    let keys = pool.keys.clone();
    let stamp = Stamp::new(world.now_for(&client));
    let access = access_claims(&issuer, pool, &client, user, grant, &stamp);
    let mut id = id_claims(&issuer, pool, &client, user, grant, &stamp);

    let grant_type = Some(match occasion {
        Occasion::Login => "authorization_code",
        Occasion::Refresh => "refresh_token",
    });
    let honest = Forgery::default();
    let tampered = world.faults.tamper(endpoint, grant_type, KeyName::Access);
    let access = Value::Object(access);
    let access_token = tampered
        .as_ref()
        .unwrap_or(&honest)
        .sign(&keys, KeyName::Access, &access);
    record(world, "access", &access, grant);

    let keeps = |knob: bool| occasion == Occasion::Login || knob;
    if keeps(client.keep_at_hash_on_refresh) {
        id.insert("at_hash".to_owned(), json!(ids::half_hash(&access_token)));
    }
    if let Some(nonce) = &grant.nonce
        && keeps(client.keep_nonce_on_refresh)
    {
        id.insert("nonce".to_owned(), json!(nonce));
    }
    let id_token = grant.scopes.iter().any(|scope| scope == "openid").then(|| {
        let tampered = world.faults.tamper(endpoint, grant_type, KeyName::Id);
        let id = Value::Object(id);
        record(world, "id", &id, grant);
        tampered
            .as_ref()
            .unwrap_or(&honest)
            .sign(&keys, KeyName::Id, &id)
    });
    Ok(Tokens {
        id_token,
        access_token,
        expires_in: client.lifetimes.access,
    })
}

fn record(world: &mut World, kind: &'static str, claims: &Value, grant: &Grant) {
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let jti = claims
        .get("jti")
        .and_then(Value::as_str)
        .unwrap_or_default();
    world.ledger.record(
        kind,
        jti,
        &grant.client_id,
        Some(grant),
        number("iat"),
        number("exp"),
    );
}
