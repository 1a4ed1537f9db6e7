//! User pools.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Client, IssuerStyle, PoolKeys, Provider, Switches, User};

/// The path segment that tells the updated issuer from the original one. The
/// real service uses another host name (cognito.md 1.1); on one loopback
/// port a path does the same.
pub(crate) const UPDATED_ISSUER: &str = "issuer-cognito-idp";

#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) id: String,
    pub(crate) keys: PoolKeys,
    pub(crate) clients: BTreeMap<String, Arc<Client>>,
    /// By username.
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) switches: Switches,
}

impl Pool {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            keys: PoolKeys::default(),
            clients: BTreeMap::new(),
            users: BTreeMap::new(),
            providers: Vec::new(),
            switches: Switches::default(),
        }
    }

    pub(crate) fn issuer(&self, issuer_host: &str) -> String {
        issuer(issuer_host, &self.id, self.switches.issuer)
    }

    pub(crate) fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }

    /// Finds a user by username, or a local one by email address as people
    /// type it: the pool signs in by email, without regard to case.
    pub(crate) fn find_user(&self, name: &str) -> Option<&User> {
        self.users.get(name).or_else(|| {
            self.users.values().find(|user| {
                user.password.is_some()
                    && user
                        .attribute("email")
                        .is_some_and(|email| email.eq_ignore_ascii_case(name))
            })
        })
    }

    /// Local people by email, for lists that people read.
    pub(crate) fn local_users(&self) -> Vec<&User> {
        let mut users: Vec<&User> = self
            .users
            .values()
            .filter(|user| user.password.is_some())
            .collect();
        users.sort_by_key(|user| user.attribute("email").unwrap_or_default());
        users
    }

    /// Groups in the order of the pool, the automatic one first.
    pub(crate) fn groups_of(&self, user: &User) -> Vec<String> {
        let automatic = user
            .home_provider()
            .map(|provider| format!("{}_{provider}", self.id));
        automatic
            .into_iter()
            .chain(user.groups.iter().cloned())
            .collect()
    }
}

pub(crate) fn issuer(issuer_host: &str, pool: &str, style: IssuerStyle) -> String {
    match style {
        IssuerStyle::Original => format!("{issuer_host}/{pool}"),
        IssuerStyle::Updated => format!("{issuer_host}/{UPDATED_ISSUER}/{pool}"),
    }
}
