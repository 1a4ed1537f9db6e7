//! The profile of somebody from outside: found or made, and brought up to
//! date at every login (cognito.md 3.3, 3.4).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::cognito::refusal::CallbackError;
use crate::ids;
use crate::model::{Client, Identity, Pool, User};
use crate::world::World;

use super::mapping::{self, TooLong};

/// Why there is no profile; texts of 1.6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProvisionError {
    /// Pool or provider is gone.
    Gone,
    NoSubject,
    TooLong(TooLong),
    Immutable(String),
    Required(Vec<String>),
}

/// The username of the profile, which may still be a disabled one.
pub(super) fn profile(
    world: &mut World,
    client: &Client,
    provider: &str,
    claims: &Map<String, Value>,
) -> Result<String, ProvisionError> {
    let created_millis = world.clock.now_millis();
    let pool = world
        .pools
        .get_mut(&client.pool)
        .ok_or(ProvisionError::Gone)?;
    let subject = claims
        .get("sub")
        .and_then(Value::as_str)
        .ok_or(ProvisionError::NoSubject)?;
    let settings = pool.provider(provider).ok_or(ProvisionError::Gone)?;
    let mut mapped = mapping::attributes(settings, claims, pool.switches.flattening)
        .map_err(ProvisionError::TooLong)?;
    // What the client may not write is skipped without a word.
    mapped.retain(|(attribute, _)| client.may_write(attribute));

    let mut user = find(pool, provider, subject)
        .cloned()
        .unwrap_or_else(|| new_profile(pool, provider, subject, created_millis));
    update(pool, &mut user, mapped)?;
    let username = user.username.clone();
    pool.users.insert(username.clone(), user);
    Ok(username)
}

/// A linked profile, or the one an earlier login made.
fn find<'a>(pool: &'a Pool, provider: &str, subject: &str) -> Option<&'a User> {
    pool.users
        .values()
        .find(|user| user.is_linked_to(provider, subject))
        .or_else(|| pool.users.get(&username(pool, provider, subject)))
}

fn new_profile(pool: &Pool, provider: &str, subject: &str, created_millis: i64) -> User {
    User {
        username: username(pool, provider, subject),
        sub: ids::uuid(),
        password: None,
        enabled: true,
        groups: Vec::new(),
        attributes: BTreeMap::new(),
        identities: vec![Identity {
            provider: provider.to_owned(),
            user_id: subject.to_owned(),
            primary: true,
            created_millis,
        }],
    }
}

/// `<Provider>_<sub>`, in lower case as a whole where the pool does not mind
/// case. Two people whose `sub` differs in case alone are then one (3.4).
fn username(pool: &Pool, provider: &str, subject: &str) -> String {
    let username = format!("{provider}_{subject}");
    if pool.switches.lower_case_usernames {
        username.to_lowercase()
    } else {
        username
    }
}

fn update(
    pool: &Pool,
    user: &mut User,
    mapped: Vec<(String, String)>,
) -> Result<(), ProvisionError> {
    for (attribute, value) in mapped {
        let before = user.attributes.get(&attribute);
        if pool.switches.immutable_attributes.contains(&attribute)
            && before.is_some_and(|before| *before != value)
        {
            return Err(ProvisionError::Immutable(attribute));
        }
        // An empty value clears, the only thing that does.
        if value.is_empty() {
            user.attributes.remove(&attribute);
        } else {
            user.attributes.insert(attribute, value);
        }
    }
    let missing: Vec<String> = pool
        .switches
        .required_attributes
        .iter()
        .filter(|name| !user.attributes.contains_key(*name))
        .cloned()
        .collect();
    if !missing.is_empty() {
        return Err(ProvisionError::Required(missing));
    }
    // Not verified unless the provider says so and the claim is mapped.
    for (attribute, flag) in [
        ("email", "email_verified"),
        ("phone_number", "phone_number_verified"),
    ] {
        if user.attributes.contains_key(attribute) {
            user.attributes
                .entry(flag.to_owned())
                .or_insert_with(|| "false".to_owned());
        }
    }
    Ok(())
}

impl From<ProvisionError> for CallbackError {
    fn from(error: ProvisionError) -> Self {
        let description = match error {
            ProvisionError::Gone => return Self::bare("server_error"),
            ProvisionError::NoSubject => "username attribute mapping required".to_owned(),
            ProvisionError::TooLong(TooLong(attribute)) => format!(
                "Invalid user attributes: {attribute}: String attributes cannot have a length of more than 2048.\n "
            ),
            // The newline and the space are as observed.
            ProvisionError::Immutable(attribute) => {
                format!("Invalid user attributes: {attribute}: Attribute cannot be updated.\n ")
            }
            ProvisionError::Required(names) => {
                format!("attributes required: [{}]", names.join(", "))
            }
        };
        Self::invalid_request(&description)
    }
}
