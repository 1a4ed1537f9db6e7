//! `[session]`: the session cookie, how long it counts, and whose do not.
//!
//! Owns the limits as they are configured. Must not know what is in a cookie
//! (`gate::session`).

use std::collections::HashSet;
use std::time::Duration;

use crate::gate::cookie::CookieName;
use crate::gate::seal::SecretKey;
use crate::gate::time::UnixTime;

/// `[session]`.
#[derive(Debug)]
pub struct Session {
    /// At least one; the first seals, all open.
    pub keys: Vec<SecretKey>,
    /// How long after sign-in a session may last at most.
    pub lifetime: Duration,
    /// How long a session may go unused; `None`: as long as it lasts.
    pub idle_timeout: Option<Duration>,
    /// How long a key that turned up while running opens before it seals.
    pub key_settle: Duration,
    /// How long past its token's end a session goes on while the provider cannot be reached.
    pub outage_grace: Duration,
    /// Memory for verified sessions, in bytes; 0: each signature is checked on
    /// every request.
    pub verification_cache: u64,
    /// Whose sessions count for nothing.
    pub revoked: Revoked,
    /// Name of the session cookie; `None`: the default of each origin.
    pub cookie_name: Option<CookieName>,
}

/// `session.revoked`: ends sessions on every instance without a store.
#[derive(Clone, Default)]
pub struct Revoked {
    /// Subjects (`sub`) that get in nowhere.
    pub subjects: HashSet<String>,
    /// Whoever signed in before has to sign in anew; in Unix seconds.
    pub signed_in_before: Option<UnixTime>,
}

impl std::fmt::Debug for Revoked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revoked")
            .field("subjects", &self.subjects.len())
            .field("signed_in_before", &self.signed_in_before)
            .finish()
    }
}
