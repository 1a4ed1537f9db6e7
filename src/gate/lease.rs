//! How long a connection goes on that outlives its request: a websocket, a
//! stream of events.
//!
//! Owns what ends it: whatever ends its session (the idle timeout aside, since
//! frames are no activity), a token that has been over for a while without a
//! newer one, and a configuration that would not let its request through any
//! more. Must not know how a connection is ended.

use std::sync::Arc;

use super::Gate;
use super::bearer::Bearer;
use super::identity::{NoPerson, Person};
use super::judging::Basis;
use super::leading::Leads;
use super::policy::{self, Denial, Forbidden, NoIdentity, Presented, Proof};
use super::provider::Provider;
use super::refresh::Mark;
use super::request::RequestView;
use super::route::{Access, Ruling};
use super::rule::Grant;
use super::seal::{KeyId, OpenError};
use super::time::UnixTime;
use super::token::TokenError;
use super::verified::Verified;

/// How long a connection goes on past the end of its token, in seconds: the
/// person's next request renews the session, and an open page makes one.
const PAST_TOKEN: u64 = 10 * 60;

/// What an open connection stands on. Debug shows nothing of it.
pub struct Lease(Stands);

enum Stands {
    Session(SessionLease),
    /// Ends with the token: a client brings the next one with a new request.
    Bearer(Arc<Bearer>),
}

struct SessionLease {
    verified: Arc<Verified>,
    /// The newest generation of the session that this instance has seen.
    generation: u32,
    /// The end of that generation's token.
    token_end: UnixTime,
    /// The key that had sealed the cookie.
    key: Option<KeyId>,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Stands::Session(lease) => f
                .debug_struct("Lease")
                .field("generation", &lease.generation)
                .field("token_end", &lease.token_end)
                .finish_non_exhaustive(),
            Stands::Bearer(bearer) => f
                .debug_struct("Lease")
                .field("token_end", &bearer.ends())
                .finish_non_exhaustive(),
        }
    }
}

impl Lease {
    /// The session as it was let through.
    #[cfg(test)]
    pub(super) fn session(&self) -> &super::session::Session {
        match &self.0 {
            Stands::Session(lease) => &lease.verified.session,
            Stands::Bearer(_) => panic!("a bearer token has no session"),
        }
    }
}

impl Gate {
    pub(super) fn lease(&self, basis: Basis) -> Lease {
        Lease(match basis {
            Basis::Session(verified) => Stands::Session(SessionLease {
                generation: verified.session.generation(),
                token_end: verified.expires,
                key: self.ring.id(verified.sealed_with),
                verified,
            }),
            Basis::Bearer(bearer) => Stands::Bearer(bearer),
        })
    }

    /// Whether a connection goes on that this request has opened, and after how
    /// many seconds that has to be asked again at the latest. The configuration
    /// may be another one than at the beginning. `lease`: what the request stood
    /// on, if it showed a session.
    ///
    /// # Errors
    /// Why it ends.
    pub fn stays_open(
        &self,
        mut lease: Option<&mut Lease>,
        req: &RequestView<'_>,
        now: UnixTime,
    ) -> Result<u64, Denial> {
        let left = match &mut lease {
            Some(lease) => self.renew(lease, now).map_err(Denial::SignIn)?,
            None => u64::MAX,
        };
        self.still_admits(lease.as_deref(), req)?;
        Ok(left)
    }

    fn still_admits(&self, lease: Option<&Lease>, req: &RequestView<'_>) -> Result<(), Denial> {
        let closed = || Denial::Forbidden(Forbidden::Nobody);
        let (access, manner) = match self.leads(req) {
            Leads::App(..) if !self.has_app => return Err(closed()),
            Leads::App(Ruling::Rule { access, manner, .. }, _) => (access, manner),
            Leads::App(Ruling::NoMethod { .. }, _) => {
                return Err(Denial::Forbidden(Forbidden::NoRuleForMethod));
            }
            // The path or the host is the app's no longer.
            Leads::App(Ruling::Ambiguous, _)
            | Leads::Nowhere
            | Leads::Elsewhere
            | Leads::Asked(_)
            | Leads::Ours(..) => return Err(closed()),
        };
        manner.upstream.ok_or_else(closed)?;
        if access.looks_for_identity() && self.is_foreign_websocket(req, manner) {
            return Err(Denial::Forbidden(Forbidden::ForeignOrigin));
        }
        match lease.map(|lease| &lease.0) {
            Some(Stands::Bearer(bearer)) if manner.is_api => {
                self.still_admits_bearer(access, bearer)
            }
            // What it stands on counts here no more; an optional route would go on with nobody.
            Some(Stands::Bearer(_)) => {
                let nothing = || Presented::BadToken(NoIdentity::NoCookie);
                policy::judge(access.clone(), nothing).map(drop)
            }
            Some(Stands::Session(lease)) => self.still_admits_session(access, &lease.verified),
            None => {
                let nobody = || Presented::None(NoIdentity::NoCookie);
                policy::judge(access.clone(), nobody).map(drop)
            }
        }
    }

    fn still_admits_session(&self, access: &Access, verified: &Verified) -> Result<(), Denial> {
        let kept = self.providers.of(&verified.session).map(|provider| {
            let mapping = &provider.mapping;
            let (claims, kept) = (verified.identity.claims(), verified.session.kept());
            let believed = mapping.believed(claims, claims);
            (provider, believed, mapping.ruled_userinfo(kept, claims))
        });
        let permit = policy::judge(access.clone(), || match &kept {
            Some((provider, believed, userinfo)) => match self.person_again(provider, verified) {
                Ok(person) => {
                    let proof = Proof {
                        provider: verified.session.provider(),
                        claims: believed,
                        userinfo: userinfo.as_deref(),
                        grant: Grant::default(),
                    };
                    Presented::Person(Arc::new(person), proof)
                }
                Err(why) => Presented::NoPerson(why),
            },
            None => Presented::None(NoIdentity::NoCookie),
        });
        permit.map(drop)
    }

    fn still_admits_bearer(&self, access: &Access, bearer: &Bearer) -> Result<(), Denial> {
        let again = self.bearer_again(bearer);
        let presented = || match &again {
            Some(again) => again.presented(),
            None => Presented::BadToken(NoIdentity::OtherProvider),
        };
        policy::judge(access.clone(), presented).map(drop)
    }

    fn person_again(&self, provider: &Provider, verified: &Verified) -> Result<Person, NoPerson> {
        self.person(provider, &verified.identity, verified.session.kept())
    }

    /// Whether the session of a connection goes on, and after how many seconds that has to
    /// be asked again at the latest.
    ///
    /// # Errors
    /// Why it ends.
    pub fn renew(&self, lease: &mut Lease, now: UnixTime) -> Result<u64, NoIdentity> {
        match &mut lease.0 {
            Stands::Session(lease) => self.renew_session(lease, now),
            Stands::Bearer(bearer) => Ok(self.bearer_stays(bearer, now)?.since(now)),
        }
    }

    fn renew_session(&self, lease: &mut SessionLease, now: UnixTime) -> Result<u64, NoIdentity> {
        let Verified {
            session, identity, ..
        } = &*lease.verified;
        self.stands(session, now)?;
        // Taken off the ring, perhaps because others know it.
        if !lease.key.is_some_and(|key| self.ring.holds(key)) {
            return Err(NoIdentity::Unreadable(OpenError::UnknownKey));
        }
        // Another client, or another issuer, has the provider's name now.
        let provider = self
            .providers
            .of(session)
            .ok_or(NoIdentity::OtherProvider)?;
        provider
            .verifier
            .accepts(identity, now)
            .map_err(NoIdentity::Token)?;
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
        let session = match &lease.0 {
            Stands::Session(lease) => &lease.verified.session,
            Stands::Bearer(_) => return false,
        };
        let newest = self.memory.newer.generation(session.id());
        self.stands(session, now).is_ok()
            && newest.is_none_or(|newest| newest <= session.generation())
            && self.last_seen(session) <= mark.seen()
    }
}
