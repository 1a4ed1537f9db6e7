//! What somebody shows: a session's claims, or a bearer token.
//!
//! Owns which of it each rule looks into: a session's ID token, with what was
//! kept of the login; of a bearer token nothing but that token (contract,
//! `from`). Must not know what values become.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::rule::{ClaimSource, Sources};
use super::{KeptClaims, Mapping, NoPerson, Person};
use crate::gate::email::EmailDomains;
use crate::gate::token::{BearerUse, VerifiedBearer};

/// Claims as they were shown, before anything of them is believed.
#[derive(Clone, Copy)]
pub(in crate::gate) struct Shown<'c> {
    /// The token that says who somebody is.
    pub(super) token: &'c Map<String, Value>,
    /// What a session holds beside it.
    kept: Option<&'c KeptClaims>,
    /// Whether it is an access token that stands alone.
    is_access: bool,
}

impl<'c> Shown<'c> {
    /// A session's.
    pub(in crate::gate) fn session(id_token: &'c Map<String, Value>, kept: &'c KeptClaims) -> Self {
        Self {
            token: id_token,
            kept: Some(kept),
            is_access: false,
        }
    }

    /// A bearer token's, which nothing stands beside.
    pub(in crate::gate) fn bearer(token: &'c Map<String, Value>, token_use: BearerUse) -> Self {
        Self {
            token,
            kept: None,
            is_access: token_use == BearerUse::Access,
        }
    }
}

impl Mapping {
    /// Whom a bearer token describes.
    ///
    /// # Errors
    /// See [`NoPerson`].
    pub(in crate::gate) fn bearer(&self, bearer: &VerifiedBearer) -> Result<Person, NoPerson> {
        self.described(Shown::bearer(bearer.claims(), bearer.token_use()))
    }

    /// A client that shows a token of its own: a name, and nothing of people.
    ///
    /// # Errors
    /// If the name is none that may be told to an app.
    pub(in crate::gate) fn machine(&self, client: &str) -> Result<Person, NoPerson> {
        if client.contains(char::is_control) {
            return Err(NoPerson::ControlInUser);
        }
        if client.trim().is_empty() {
            return Err(NoPerson::NoUser("client_id".to_owned()));
        }
        if !self.email_domains.may_speak_for(client) {
            return Err(NoPerson::ForeignUser);
        }
        Ok(Person {
            user: client.to_owned(),
            email: None,
            name: None,
            groups: Vec::new(),
            access_right: None,
            attributes: Vec::new(),
        })
    }

    /// What is believed.
    pub(super) fn sources<'c>(&'c self, shown: Shown<'c>) -> Sources<'c> {
        let believed = |claims| self.believed(claims, shown.token);
        self.gathered(shown, &self.email_domains, believed)
    }

    /// The same with addresses of others in all claims but `email`.
    pub(super) fn vouched_sources<'c>(&self, shown: Shown<'c>) -> Sources<'c> {
        let vouched = |claims| self.vouched(claims, shown.token);
        self.gathered(shown, &EmailDomains::Any, vouched)
    }

    /// The same as it came.
    pub(super) fn raw_sources<'c>(&self, shown: Shown<'c>) -> Sources<'c> {
        self.gathered(shown, &EmailDomains::Any, Cow::Borrowed)
    }

    fn gathered<'c>(
        &self,
        shown: Shown<'c>,
        email_domains: &'c EmailDomains,
        of: impl Fn(&'c Map<String, Value>) -> Cow<'c, Map<String, Value>>,
    ) -> Sources<'c> {
        let nothing = || Cow::Owned(Map::new());
        let Shown {
            token,
            kept,
            is_access,
        } = shown;
        let access_token = match (is_access, kept) {
            (true, _) => of(token),
            (false, Some(kept)) => of(kept.access_claims()),
            (false, None) => nothing(),
        };
        Sources {
            id_token: if is_access { nothing() } else { of(token) },
            access_token,
            userinfo: kept
                .filter(|_| self.userinfo)
                .map(|kept| of(kept.userinfo_claims())),
            alone: is_access.then_some(ClaimSource::AccessToken),
            email_domains,
        }
    }
}
