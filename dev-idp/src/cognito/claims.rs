//! What ID and access tokens say (cognito.md 2.2 to 2.5; E10).

use serde_json::{Map, Value, json};

use crate::ids;
use crate::ledger::Grant;
use crate::model::{Client, Pool, User};

/// What is particular to one issue of tokens.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    /// The client's time, which may be shifted.
    pub(crate) now: i64,
    /// Shared by the tokens of one response.
    pub(crate) event_id: String,
}

impl Stamp {
    pub(crate) fn new(now: i64) -> Self {
        Self {
            now,
            event_id: ids::uuid(),
        }
    }
}

/// The ID token, but for `nonce` and `at_hash`, which depend on the occasion.
pub(crate) fn id_claims(
    issuer: &str,
    pool: &Pool,
    client: &Client,
    user: &User,
    grant: &Grant,
    stamp: &Stamp,
) -> Map<String, Value> {
    let mut claims = common(issuer, pool, client, user, grant, stamp);
    put(&mut claims, "aud", json!(client.client_id));
    put(&mut claims, "token_use", json!("id"));
    put(&mut claims, "cognito:username", json!(user.username));
    put(&mut claims, "exp", json!(stamp.now + client.lifetimes.id));
    for (name, value) in visible_attributes(client, user, &grant.scopes) {
        put(&mut claims, name, typed(name, value));
    }
    if let Some(identities) = user.identities_claim()
        && client.may_read("identities")
    {
        put(&mut claims, "identities", identities);
    }
    if let Some(trigger) = &client.pre_token {
        trigger.id_token.apply(&mut claims);
    }
    claims
}

/// The access token: no attributes, no `aud` unless a resource was asked for.
pub(crate) fn access_claims(
    issuer: &str,
    pool: &Pool,
    client: &Client,
    user: &User,
    grant: &Grant,
    stamp: &Stamp,
) -> Map<String, Value> {
    let mut claims = common(issuer, pool, client, user, grant, stamp);
    let mut scopes = grant.scopes.clone();
    if let Some(trigger) = &client.pre_token {
        scopes.retain(|scope| !trigger.suppress_scopes.contains(scope));
        scopes.extend(trigger.add_scopes.iter().cloned());
        trigger.access_token.apply(&mut claims);
    }
    put(&mut claims, "client_id", json!(client.client_id));
    put(&mut claims, "token_use", json!("access"));
    put(&mut claims, "username", json!(user.username));
    put(&mut claims, "scope", json!(shuffled(&scopes)));
    put(&mut claims, "version", json!(2));
    put(
        &mut claims,
        "exp",
        json!(stamp.now + client.lifetimes.access),
    );
    if let Some(resource) = &grant.resource {
        put(&mut claims, "aud", json!(resource));
    }
    claims
}

/// The attributes a client gets to see under these scopes (2.4): with
/// `openid` alone all of them, else those of the scopes, custom attributes
/// with `profile`; and never one that it may not read.
pub(super) fn visible_attributes<'a>(
    client: &'a Client,
    user: &'a User,
    scopes: &'a [String],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let has = |wanted: &str| scopes.iter().any(|scope| scope == wanted);
    let (email, phone, profile) = (has("email"), has("phone"), has("profile"));
    let all = !email && !phone && !profile;
    user.attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(move |(name, _)| {
            client.may_read(name)
                && (all
                    || match *name {
                        "email" | "email_verified" => email,
                        "phone_number" | "phone_number_verified" => phone,
                        _ => profile,
                    })
        })
}

/// Whether the client may read what its scopes imply; if not, the token
/// endpoint says `invalid_grant` (1.7).
pub(super) fn may_read_scopes(client: &Client, scopes: &[String]) -> bool {
    scopes.iter().all(|scope| match scope.as_str() {
        "email" => client.may_read("email") && client.may_read("email_verified"),
        "phone" => client.may_read("phone_number") && client.may_read("phone_number_verified"),
        _ => true,
    })
}

fn common(
    issuer: &str,
    pool: &Pool,
    client: &Client,
    user: &User,
    grant: &Grant,
    stamp: &Stamp,
) -> Map<String, Value> {
    let mut claims = Map::new();
    put(&mut claims, "iss", json!(issuer));
    put(&mut claims, "sub", json!(user.sub));
    put(&mut claims, "auth_time", json!(grant.auth_time));
    put(&mut claims, "iat", json!(stamp.now));
    put(&mut claims, "jti", json!(ids::uuid()));
    put(&mut claims, "origin_jti", json!(grant.origin_jti));
    put(&mut claims, "event_id", json!(stamp.event_id));
    let overridden = client
        .pre_token
        .as_ref()
        .and_then(|trigger| trigger.groups.clone());
    let groups = overridden.unwrap_or_else(|| pool.groups_of(user));
    // Absent, never `[]` (2.2).
    if !groups.is_empty() {
        put(&mut claims, "cognito:groups", json!(groups));
    }
    claims
}

/// Attributes are text but for the two flags (2.2).
fn typed(name: &str, value: &str) -> Value {
    match name {
        "email_verified" | "phone_number_verified" => json!(value == "true"),
        _ => json!(value),
    }
}

/// The order of scopes in a token is not the order of the request (2.2).
fn shuffled(scopes: &[String]) -> String {
    let mut scopes = scopes.to_vec();
    scopes.reverse();
    scopes.sort_by_key(String::len);
    scopes.join(" ")
}

fn put(claims: &mut Map<String, Value>, name: &str, value: Value) {
    claims.insert(name.to_owned(), value);
}
