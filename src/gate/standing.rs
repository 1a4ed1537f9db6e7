//! Whether a session still stands, whatever its token says.
//!
//! Owns what ends a session before its token does. Asked on every request, also
//! where the token is known to hold; so it neither allocates nor parses.

use std::time::Duration;

use super::Gate;
use super::policy::NoIdentity;
use super::session::Session;
use super::time::UnixTime;

/// Longest time in seconds between two notes of activity.
const STEP_MAX: u64 = 5 * 60;

/// `session.idle_timeout`, in seconds.
#[derive(Debug)]
pub(super) struct Idle {
    timeout: u64,
    step: u64,
}

impl Idle {
    pub(super) fn new(timeout: Duration) -> Self {
        let timeout = timeout.as_secs();
        Self {
            timeout,
            step: STEP_MAX.min(timeout / 6),
        }
    }
}

impl Gate {
    /// # Errors
    /// Why it does not stand.
    pub(super) fn standing(&self, session: &Session, now: UnixTime) -> Result<(), NoIdentity> {
        self.stands(session, now)?;
        // Of what was written down, not of what happened: up to a step early, never late.
        if let Some(idle) = &self.idle
            && now.since(session.seen()) >= idle.timeout
        {
            return Err(NoIdentity::Idle);
        }
        Ok(())
    }

    /// The same for what is no activity, and does not end for want of it.
    ///
    /// # Errors
    /// Why it does not stand.
    pub(super) fn stands(&self, session: &Session, now: UnixTime) -> Result<(), NoIdentity> {
        if session.provider() != self.provider.id {
            return Err(NoIdentity::OtherProvider);
        }
        if now.since(session.signed_in()) >= self.lifetime {
            return Err(NoIdentity::LifetimeOver);
        }
        if self.memory.denied.is_denied(session) {
            return Err(NoIdentity::Denied);
        }
        let revoked = self.revoked.signed_in_before;
        if revoked.is_some_and(|before| session.signed_in() < before) {
            return Err(NoIdentity::Revoked);
        }
        Ok(())
    }

    /// Whether a request that counts as activity has to be written down in the
    /// session: not with every response, but when the last one is a step ago.
    pub(super) fn is_activity_due(&self, session: &Session, now: UnixTime) -> bool {
        let due = |idle: &Idle| now.since(session.seen()) >= idle.step;
        self.idle.as_ref().is_some_and(due)
    }
}
