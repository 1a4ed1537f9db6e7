//! Clock, keys, switches and upstream providers.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock::LONGEST;
use crate::model::{KeyName, Provider, Rotation, Switches};
use crate::world::World;

use super::{AdminError, Answer, no_pool};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockChange {
    offset_seconds: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyChange {
    pool: String,
    which: Which,
    mode: Rotation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    Id,
    Access,
    Both,
}

/// Some switches of one pool; those not named stay.
#[derive(Debug, Deserialize)]
pub(super) struct SwitchChange {
    pool: String,
    #[serde(flatten)]
    changes: Map<String, Value>,
}

/// An upstream provider of one pool. Clients offer it by name.
#[derive(Debug, Deserialize)]
pub(super) struct NewProvider {
    pool: String,
    provider: Provider,
}

/// Absolute, not in addition to an earlier offset.
pub(super) fn clock(world: &mut World, change: ClockChange) -> Answer {
    if !(-LONGEST..=LONGEST).contains(&change.offset_seconds) {
        return Err(AdminError::Unacceptable(format!(
            "offset_seconds is at most {LONGEST} either way"
        )));
    }
    world.clock.set_offset(change.offset_seconds);
    Ok(json!({ "offset_seconds": world.clock.offset(), "now": world.clock.now() }))
}

pub(super) fn rotate(world: &mut World, change: KeyChange) -> Answer {
    let pool = world
        .pools
        .get_mut(&change.pool)
        .ok_or_else(|| no_pool(&change.pool))?;
    if change.which != Which::Access {
        pool.keys.rotate(KeyName::Id, change.mode);
    }
    if change.which != Which::Id {
        pool.keys.rotate(KeyName::Access, change.mode);
    }
    Ok(json!({
        "id": pool.keys.named(KeyName::Id).kid(),
        "access": pool.keys.named(KeyName::Access).kid(),
    }))
}

pub(super) fn show_switches(world: &World, pool: &str) -> Answer {
    let pool = world.pools.get(pool).ok_or_else(|| no_pool(pool))?;
    Ok(json!(pool.switches))
}

pub(super) fn set_switches(world: &mut World, change: SwitchChange) -> Answer {
    let pool = world
        .pools
        .get_mut(&change.pool)
        .ok_or_else(|| no_pool(&change.pool))?;
    let mut members = json!(pool.switches);
    if let Some(members) = members.as_object_mut() {
        members.extend(change.changes);
    }
    let switches: Switches = serde_json::from_value(members)
        .map_err(|error| AdminError::Unacceptable(error.to_string()))?;
    if !(400..=599).contains(&switches.invalid_client_status) {
        return Err(AdminError::Unacceptable(
            "invalid_client_status is between 400 and 599".to_owned(),
        ));
    }
    pool.switches = switches;
    Ok(json!(pool.switches))
}

/// Creates a provider, or replaces the one of that name.
pub(super) fn put_provider(world: &mut World, new: NewProvider) -> Answer {
    let pool = world
        .pools
        .get_mut(&new.pool)
        .ok_or_else(|| no_pool(&new.pool))?;
    // The documented limit (1.13); the name becomes part of usernames.
    if new.provider.name.is_empty() || new.provider.name.len() > 32 {
        return Err(AdminError::Unacceptable(
            "a provider's name has 1 to 32 characters".to_owned(),
        ));
    }
    let shown = json!(new.provider);
    pool.providers
        .retain(|known| known.name != new.provider.name);
    pool.providers.push(new.provider);
    Ok(shown)
}
