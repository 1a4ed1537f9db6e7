//! The core, set up by a configuration.
//!
//! Owns which part of a configuration goes where, and what a new core takes over
//! from the one before it. Must not know requests.

use std::sync::Arc;

use super::endpoint::OurPaths;
use super::face::Face;
use super::headers::apps::AppRules;
use super::memory::Memory;
use super::provider::Providers;
use super::remembered::Remembered;
use super::route::Router;
use super::seal::KeyRing;
use super::time::UnixTime;
use super::{Gate, standing};
use crate::config::Config;

/// Of the memory for what was verified, one part of so many is for bearer tokens,
/// where routes take them.
const BEARERS_SHARE: u64 = 4;

/// The keys are missing: a configuration always has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration holds no session key")]
pub struct NoSessionKey;

impl Gate {
    /// The core that a configuration describes.
    ///
    /// # Errors
    /// Without a session key; a [`Config`] that was loaded has one.
    pub fn new(config: &Config) -> Result<Self, NoSessionKey> {
        Self::with_memory(config, Arc::default())
    }

    /// The same around a memory that was there before.
    ///
    /// # Errors
    /// See [`new`](Self::new).
    pub fn with_memory(config: &Config, memory: Arc<Memory>) -> Result<Self, NoSessionKey> {
        let ring = KeyRing::new(&config.session.keys).ok_or(NoSessionKey)?;
        Ok(Self::of(config, memory, ring))
    }

    /// The core that takes this one's place under a new configuration. It
    /// remembers what this one did; a session key that is new seals only after
    /// `session.key_settle`, since mounted files reach other instances later.
    ///
    /// # Errors
    /// See [`new`](Self::new).
    pub fn succeeded_by(&self, config: &Config, now: UnixTime) -> Result<Self, NoSessionKey> {
        let settle = config.session.key_settle.as_secs();
        let ring = self.ring.succeeded_by(&config.session.keys, now, settle);
        let memory = Arc::clone(&self.memory);
        Ok(Self::of(config, memory, ring.ok_or(NoSessionKey)?))
    }

    fn of(config: &Config, memory: Arc<Memory>, ring: KeyRing) -> Self {
        let prefix = &config.server.path_prefix;
        let room = config.session.verification_cache;
        let takes_bearers = config.routes.iter().any(|route| route.manner.is_api);
        let for_bearers = if takes_bearers {
            room / BEARERS_SHARE
        } else {
            0
        };
        Self {
            faces: Face::all(config),
            paths: OurPaths::new(prefix, callbacks(config)),
            router: Router::new(config.routes.clone())
                .ignoring_case(config.server.ignore_path_case)
                .with_upstream(config.upstreams.default),
            ring,
            providers: Providers::new(config),
            headers: AppRules::new(
                &config.headers,
                config.upstreams.apps.iter().map(|app| app.headers.as_ref()),
                config.upstreams.default.unwrap_or(0),
            ),
            lifetime: config.session.lifetime.as_secs(),
            revoked: config.session.revoked.clone(),
            idle: config.session.idle_timeout.map(standing::Idle::new),
            outage_grace: config.session.outage_grace.as_secs(),
            whoami: config.server.whoami,
            proxies: config.server.trusted_proxies.clone(),
            forward_auth: config.server.forward_auth,
            has_app: config.upstreams.default.is_some() || !config.upstreams.apps.is_empty(),
            look: Arc::clone(&config.pages),
            memory,
            verified: Remembered::new(room - for_bearers),
            bearers: Remembered::new(for_bearers),
        }
    }
}

/// Redirect URIs of their own.
fn callbacks(config: &Config) -> Vec<String> {
    let providers = config.providers.iter();
    providers
        .filter_map(|provider| provider.callback_path.clone())
        .collect()
}
