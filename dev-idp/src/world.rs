//! All state of the emulator, behind one lock.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::hmac;

use crate::clock::Clock;
use crate::cognito::Sessions;
use crate::entra::Entra;
use crate::faults::Faults;
use crate::ids;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::model::{Client, Pool, User};

/// Where the four listeners are, as others must call them.
#[derive(Debug, Clone)]
pub(crate) struct Origins {
    pub(crate) issuer: String,
    pub(crate) domain: String,
    pub(crate) entra: String,
    pub(crate) admin: String,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) origins: Origins,
    pub(crate) pools: BTreeMap<String, Pool>,
    pub(crate) ledger: Ledger,
    /// Signed-in browsers on the domain host.
    pub(crate) sessions: Sessions,
    pub(crate) entra: Entra,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    /// Signs the `state` that goes to an upstream provider.
    pub(crate) state_key: hmac::Key,
}

impl World {
    pub(crate) fn new(origins: Origins, entra: Entra) -> Self {
        Self {
            clock: Clock::default(),
            origins,
            pools: BTreeMap::new(),
            ledger: Ledger::default(),
            sessions: Sessions::default(),
            entra,
            journal: Journal::default(),
            faults: Faults::default(),
            state_key: hmac::Key::new(hmac::HMAC_SHA256, &ids::bytes::<32>()),
        }
    }

    /// Client ids are unique over all pools.
    pub(crate) fn client(&self, client_id: &str) -> Option<Arc<Client>> {
        self.pools
            .values()
            .find_map(|pool| pool.clients.get(client_id))
            .cloned()
    }

    pub(crate) fn user(&self, pool: &str, username: &str) -> Option<&User> {
        self.pools.get(pool)?.users.get(username)
    }

    /// The time as tokens for this client tell it.
    pub(crate) fn now_for(&self, client: &Client) -> i64 {
        self.clock.now().saturating_add(client.clock_offset_seconds)
    }
}
