//! How long a connection goes on that outlives its request: a websocket, a
//! stream of events.
//!
//! Owns what ends it: whatever ends its session (the idle timeout aside, since
//! frames are no activity), and a token that has been over for a while without
//! a newer one. Must not know how a connection is ended.

use std::sync::Arc;

use super::Gate;
use super::policy::NoIdentity;
use super::refresh::Mark;
use super::time::UnixTime;
use super::token::TokenError;
use super::verified::Verified;

/// How long a connection goes on past the end of its token, in seconds: the
/// person's next request renews the session, and an open page makes one.
const PAST_TOKEN: u64 = 10 * 60;

/// What an open connection stands on. Debug shows nothing of it.
pub struct Lease {
    verified: Arc<Verified>,
    /// The newest generation of the session that this instance has seen.
    generation: u32,
    /// The end of that generation's token.
    token_end: UnixTime,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("generation", &self.generation)
            .field("token_end", &self.token_end)
            .finish_non_exhaustive()
    }
}

impl Lease {
    pub(super) fn new(verified: Arc<Verified>) -> Self {
        Self {
            generation: verified.session.generation(),
            token_end: verified.identity.expires(),
            verified,
        }
    }

    /// The session as it was let through.
    #[cfg(test)]
    pub(super) fn session(&self) -> &super::session::Session {
        &self.verified.session
    }
}

impl Gate {
    /// Whether the connection goes on, and after how many seconds that has to
    /// be asked again at the latest.
    ///
    /// # Errors
    /// Why it ends.
    pub fn renew(&self, lease: &mut Lease, now: UnixTime) -> Result<u64, NoIdentity> {
        let Verified {
            session, identity, ..
        } = &*lease.verified;
        self.stands(session, now)?;
        if self.revoked.subjects.contains(identity.subject()) {
            return Err(NoIdentity::Revoked);
        }
        // A refresh does not move it.
        if lease.verified.auth_ends.is_some_and(|end| now >= end) {
            return Err(NoIdentity::AuthTooOld);
        }
        let newest = self.memory.newer.generation(session.id());
        if let Some(newest) = newest.filter(|newest| *newest > lease.generation) {
            lease.generation = newest;
            // Its token is not at hand; the provider gives each the same life.
            let life = identity.expires().since(identity.issued());
            lease.token_end = lease.token_end.max(now.plus(life));
        }
        let end = lease.token_end.plus(PAST_TOKEN);
        if now >= end {
            return Err(NoIdentity::Token(TokenError::Expired));
        }
        Ok(end.min(self.end_of(&lease.verified)).since(now))
    }

    /// Whether a session that was let through may still be written into a
    /// cookie: it has not ended since, and nothing newer of it has been seen
    /// nor a later activity written, which an answer that took its time would
    /// undo.
    #[must_use]
    pub fn may_write(&self, lease: &Lease, mark: &Mark, now: UnixTime) -> bool {
        let session = &lease.verified.session;
        let newest = self.memory.newer.generation(session.id());
        self.stands(session, now).is_ok()
            && newest.is_none_or(|newest| newest <= session.generation())
            && self.last_seen(session) <= mark.seen()
    }
}
