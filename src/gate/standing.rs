//! Whether a session still stands, whatever its token says.
//!
//! Owns what ends a session before its token does. Asked on every request, also
//! where the token is known to hold; so it neither allocates nor parses.

use std::time::Duration;

use super::Gate;
use super::policy::NoIdentity;
use super::session::{Session, SessionId};
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
            step: (timeout / 6).clamp(1, STEP_MAX),
        }
    }
}

impl Gate {
    /// # Errors
    /// Why it does not stand.
    pub(super) fn standing(&self, session: &Session, now: UnixTime) -> Result<(), NoIdentity> {
        self.stands(session, now)?;
        // Of what was written down, not of what happened: up to a step early, never late.
        self.in_use(session.seen(), now)
    }

    /// The same after the provider was waited for: requests that came in time
    /// count, though no cookie says so yet. Not asked where a request comes, or
    /// an old copy of a cookie would live on the activity of others.
    ///
    /// # Errors
    /// Why it does not stand.
    pub(super) fn standing_after_wait(
        &self,
        session: &Session,
        now: UnixTime,
    ) -> Result<(), NoIdentity> {
        self.stands(session, now)?;
        self.in_use(self.last_seen(session), now)
    }

    fn in_use(&self, seen: UnixTime, now: UnixTime) -> Result<(), NoIdentity> {
        let is_over = |idle: &Idle| now.since(seen) >= idle.timeout;
        match self.idle.as_ref().is_some_and(is_over) {
            true => Err(NoIdentity::Idle),
            false => Ok(()),
        }
    }

    /// The same for what is no activity, and does not end for want of it.
    ///
    /// # Errors
    /// Why it does not stand.
    pub(super) fn stands(&self, session: &Session, now: UnixTime) -> Result<(), NoIdentity> {
        if self.providers.of(session).is_none() {
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

    /// Notes activity that no cookie holds yet.
    pub(super) fn note_activity(&self, id: &SessionId, now: UnixTime) {
        if self.idle.is_some() {
            self.memory.activity.note(id, now);
        }
    }

    /// The last activity of a session: what its cookie says, or what was noted
    /// here since and may be on its way to the browser.
    pub(super) fn last_seen(&self, session: &Session) -> UnixTime {
        let noted = self.memory.activity.last(session.id());
        noted.map_or(session.seen(), |noted| noted.max(session.seen()))
    }

    /// The activity that a cookie of this session says from now on: `seen`, or
    /// a later one that another cookie says already.
    pub(super) fn seen_to_write(&self, session: &Session, seen: UnixTime) -> UnixTime {
        match self.idle {
            Some(_) => self.memory.activity.note(session.id(), seen),
            None => seen,
        }
    }
}
