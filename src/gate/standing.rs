//! Whether a session still stands, whatever its token says.
//!
//! Owns what ends a session before its token does. Asked on every request, also
//! where the token is known to hold; so it neither allocates nor parses.

use super::Gate;
use super::policy::NoIdentity;
use super::session::Session;
use super::time::UnixTime;

impl Gate {
    /// # Errors
    /// Why it does not stand.
    pub(super) fn standing(&self, session: &Session, now: UnixTime) -> Result<(), NoIdentity> {
        if session.provider() != self.provider.id {
            return Err(NoIdentity::OtherProvider);
        }
        if now.since(session.signed_in()) >= self.lifetime {
            return Err(NoIdentity::LifetimeOver);
        }
        Ok(())
    }
}
