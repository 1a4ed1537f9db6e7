//! From a session to what headers may say of it.
//!
//! Owns the step between a verified identity and [`headers`](super::headers):
//! what is believed, and what becomes of a person who cannot be told.

use super::Gate;
use super::headers::{Evidence, Untellable};
use super::identity::NoPerson;
use super::policy::Forbidden;
use super::session::Session;
use super::token::VerifiedIdentity;

impl Gate {
    /// What headers may say of a person beside the person.
    pub(super) fn with_evidence<T>(
        &self,
        session: &Session,
        identity: &VerifiedIdentity,
        tell: impl FnOnce(&Evidence<'_>) -> T,
    ) -> T {
        let believed = self.mapping.believed(identity.claims(), identity.claims());
        tell(&Evidence {
            sub: identity.subject(),
            provider: session.provider(),
            claims: Some(&believed),
            id_token: session.id_token(),
        })
    }

    /// Whether a client's header of this name is removed.
    #[must_use]
    pub fn is_managed_header(&self, name: &str) -> bool {
        self.headers.is_managed(name)
    }
}

impl From<Untellable> for Forbidden {
    fn from(why: Untellable) -> Self {
        match why {
            Untellable::TooLong => Self::HeaderTooLong,
            Untellable::ControlInUser => Self::NoPerson(NoPerson::ControlInUser),
        }
    }
}
