//! People of the pools: list, create, change.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ids;
use crate::model::{Identity, User};
use crate::world::World;

use super::{AdminError, Answer, no_pool, no_user};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    pool: String,
    /// An email address: the pools sign in by it.
    username: String,
    password: String,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    attributes: Map<String, Value>,
    /// Identities at providers that lead to this profile (cognito.md 3.4).
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    provider: String,
    user_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    disabled: Option<bool>,
    /// Replaces all groups.
    groups: Option<Vec<String>>,
    /// Sets the named attributes; `null` removes one.
    attributes: Option<Map<String, Value>>,
    password: Option<String>,
    /// Replaces all links.
    links: Option<Vec<Link>>,
}

pub(super) fn list(world: &World) -> Value {
    world
        .pools
        .values()
        .flat_map(|pool| pool.users.values().map(|user| show(&pool.id, user)))
        .collect()
}

pub(super) fn create(world: &mut World, new: NewUser) -> Answer {
    let created = world.clock.now_millis();
    let pool = world
        .pools
        .get_mut(&new.pool)
        .ok_or_else(|| no_pool(&new.pool))?;
    if pool.find_user(&new.username).is_some() {
        return Err(AdminError::Unacceptable(format!(
            "there is already a user {}",
            new.username
        )));
    }
    let sub = new.sub.unwrap_or_else(ids::uuid);
    let mut attributes = BTreeMap::from([
        ("email".to_owned(), new.username),
        ("email_verified".to_owned(), "true".to_owned()),
    ]);
    set_attributes(&mut attributes, new.attributes);
    let user = User {
        username: sub.clone(),
        sub,
        password: Some(new.password),
        enabled: !new.disabled,
        groups: new.groups,
        attributes,
        identities: identities(new.links, created),
    };
    let shown = show(&pool.id, &user);
    pool.users.insert(user.username.clone(), user);
    Ok(shown)
}

/// The user is named by username or, if local, by email.
pub(super) fn patch(world: &mut World, pool: &str, name: &str, change: UserChange) -> Answer {
    let created = world.clock.now_millis();
    let pool = world.pools.get_mut(pool).ok_or_else(|| no_pool(pool))?;
    let username = pool
        .find_user(name)
        .map(|user| user.username.clone())
        .ok_or_else(|| no_user(name))?;
    let user = pool.users.get_mut(&username).ok_or_else(|| no_user(name))?;
    if let Some(disabled) = change.disabled {
        user.enabled = !disabled;
    }
    if let Some(groups) = change.groups {
        user.groups = groups;
    }
    if let Some(attributes) = change.attributes {
        set_attributes(&mut user.attributes, attributes);
    }
    if let Some(password) = change.password {
        user.password = Some(password);
    }
    if let Some(links) = change.links {
        user.identities = identities(links, created);
    }
    let shown = user.clone();
    Ok(show(&pool.id, &shown))
}

fn set_attributes(attributes: &mut BTreeMap<String, String>, changes: Map<String, Value>) {
    for (name, value) in changes {
        match value {
            Value::Null => attributes.remove(&name),
            Value::String(text) => attributes.insert(name, text),
            other => attributes.insert(name, other.to_string()),
        };
    }
}

fn identities(links: Vec<Link>, created_millis: i64) -> Vec<Identity> {
    links
        .into_iter()
        .map(|link| Identity {
            provider: link.provider,
            user_id: link.user_id,
            primary: false,
            created_millis,
        })
        .collect()
}

fn show(pool: &str, user: &User) -> Value {
    json!({
        "pool": pool,
        "username": user.username,
        "sub": user.sub,
        "email": user.attribute("email"),
        "disabled": !user.enabled,
        "groups": user.groups,
        "attributes": user.attributes,
        "identities": user.identities_claim(),
        "kind": if user.password.is_some() { "local" } else { "federated" },
    })
}
