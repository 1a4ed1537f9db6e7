//! Claims that nobody presented, as a request would have brought them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::gate::identity::{KeptClaims, NoPerson, Person, Shown};
use crate::gate::policy::NoIdentity;
use crate::gate::provider::Provider;
use crate::gate::rule::Grant;
use crate::gate::token::{BearerUse, ClaimedBearer};

/// The claims of a [`ClaimSet`](super::ClaimSet) as a session would keep them, or of a bearer token.
pub(super) struct Held<'c> {
    pub(super) provider: &'c Provider,
    /// The ID token's, or the bearer token's.
    pub(super) token: &'c Map<String, Value>,
    pub(super) kept: KeptClaims,
    pub(super) bearer: Option<ClaimedBearer>,
}

impl<'c> Held<'c> {
    pub(super) fn shown(&'c self) -> Shown<'c> {
        match self.bearer {
            Some(_) => Shown::bearer(self.token, BearerUse::Access),
            None => Shown::session(self.token, &self.kept),
        }
    }

    /// Why a session cannot come of these claims: not through the identity
    /// provider that is configured.
    pub(super) fn other_way_in(&self) -> Option<NoIdentity> {
        let of_session = self.bearer.is_none();
        let verifier = &self.provider.verifier;
        let refused = of_session.then(|| verifier.check_identity_provider(self.token));
        refused?.err().map(NoIdentity::Token)
    }

    pub(super) fn machine(&self) -> Option<&str> {
        self.bearer.as_ref()?.machine.as_deref()
    }

    pub(super) fn grant(&self) -> Grant<'_> {
        let scopes = self.bearer.as_ref().map(|bearer| bearer.scopes.as_slice());
        Grant {
            scopes: scopes.unwrap_or_default(),
            is_machine: self.machine().is_some(),
        }
    }

    pub(super) fn person(&self) -> Result<Person, NoPerson> {
        match self.machine() {
            Some(client) => self.provider.mapping.machine(client),
            None => self.provider.mapping.described(self.shown()),
        }
    }

    pub(super) fn account(&self) -> Option<String> {
        match self.machine() {
            Some(client) => Some(client.to_owned()),
            None => self.provider.mapping.account(self.shown()),
        }
    }

    pub(super) fn believed(&self) -> Cow<'_, Map<String, Value>> {
        self.provider.mapping.believed(self.token, self.token)
    }

    pub(super) fn userinfo(&self) -> Option<Cow<'_, Map<String, Value>>> {
        match self.bearer {
            Some(_) => None,
            None => self.provider.mapping.ruled_userinfo(&self.kept, self.token),
        }
    }
}
