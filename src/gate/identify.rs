//! Whose request this is: cookie, session, token, person.
//!
//! Owns the steps and their order; each of them refuses. Must not know where
//! the request wants to go.

use std::sync::Arc;

use super::cookie::Presented as PresentedCookies;
use super::face::Face;
use super::identity::{NoPerson, Person};
use super::newer::Newness;
use super::policy::NoIdentity;
use super::refresh::Refresh;
use super::seal::Rng;
use super::session::Session;
use super::time::UnixTime;
use super::token::{TokenError, VerifiedIdentity};
use super::{Gate, Known};

/// A session whose token holds.
pub(super) struct SignedIn {
    pub(super) session: Arc<Session>,
    pub(super) identity: Arc<VerifiedIdentity>,
    pub(super) person: Result<Person, NoPerson>,
    /// Sealed by a key that is no longer the first one.
    pub(super) old_seal: bool,
    /// How the cookie stands to what this instance knows.
    pub(super) newness: Newness,
}

/// Why there is nobody.
pub(super) enum Missing {
    /// No identity.
    Identity(NoIdentity),
    /// Newer tokens, which the provider has to be asked for first.
    Tokens(Refresh),
}

impl From<NoIdentity> for Missing {
    fn from(why: NoIdentity) -> Self {
        Self::Identity(why)
    }
}

impl Gate {
    /// Cookie, session, token, person: or why not.
    pub(super) fn identify(
        &self,
        face: &Face,
        presented: &PresentedCookies<'_>,
        known: Known<'_>,
        now: UnixTime,
    ) -> Result<SignedIn, Missing> {
        let (session, old_seal) = self.open_session(face, presented)?;
        let (session, newness) = self.newest(Arc::new(session), known, now);
        self.standing(&session, now)?;
        let keys = known.keys.ok_or(NoIdentity::NoKeys)?;
        let identity = match self.verifier.verify(session.id_token(), keys, now) {
            Ok(identity) => identity,
            Err(TokenError::Expired) => self.token_ended(&session, keys, known, now)?,
            Err(error) => return Err(NoIdentity::Token(error).into()),
        };
        let person = self.mapping.person(&identity, session.kept());
        Ok(SignedIn {
            session,
            identity: Arc::new(identity),
            person,
            old_seal,
            newness,
        })
    }

    /// The session that counts: the one of the cookie, or a newer one.
    fn newest(
        &self,
        session: Arc<Session>,
        known: Known<'_>,
        now: UnixTime,
    ) -> (Arc<Session>, Newness) {
        let end = self.end_of_life(&session);
        let (id, generation) = (session.id(), session.generation());
        let newness = match self.memory.newer.look(id, generation, end, now) {
            newer @ Newness::Newer { .. } => newer,
            // Refreshed for this very request, and forgotten again for want of room.
            other => match known.refreshed {
                Some(Ok(refreshed)) if refreshed.id() == id => Newness::Newer {
                    session: Arc::clone(refreshed),
                    unseen: true,
                },
                _ => other,
            },
        };
        let session = match &newness {
            // Both cookies have been in use: the later activity counts.
            Newness::Newer { session: newer, .. } if newer.seen() < session.seen() => {
                Arc::new(newer.seen_at(session.seen()))
            }
            Newness::Newer { session: newer, .. } => Arc::clone(newer),
            Newness::Current | Newness::Behind => session,
        };
        (session, newness)
    }

    /// The newest session among what was presented.
    pub(super) fn open_session(
        &self,
        face: &Face,
        presented: &PresentedCookies<'_>,
    ) -> Result<(Session, bool), NoIdentity> {
        let mut why = NoIdentity::NoCookie;
        let mut newest: Option<(Session, bool)> = None;
        for candidate in presented.session_candidates() {
            let opened = match self.ring.open(face.session_context(), &candidate) {
                Ok(opened) => opened,
                Err(error) => {
                    why = NoIdentity::Unreadable(error);
                    continue;
                }
            };
            match Session::decode(&opened.plain) {
                Ok(session) => {
                    if newest
                        .as_ref()
                        .is_none_or(|(other, _)| session.sealed() > other.sealed())
                    {
                        newest = Some((session, opened.old_key));
                    }
                }
                Err(_) => why = NoIdentity::UnknownFormat,
            }
        }
        newest.ok_or(why)
    }

    /// A session that is newer than its cookie goes out with the answer. One
    /// that an older key sealed is sealed anew, so that the key can go, and so
    /// is one whose last noted activity is a while ago, if this is activity. If
    /// that fails, the old seal still opens. Nothing older than what was seen is
    /// ever written.
    pub(super) fn reseal(
        &self,
        face: &Face,
        presented: &PresentedCookies<'_>,
        signed_in: &SignedIn,
        is_activity: bool,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Vec<String> {
        let session = &signed_in.session;
        let seen = self.seen_now(session, is_activity, now);
        let wanted = match signed_in.newness {
            Newness::Newer { unseen, .. } => unseen,
            Newness::Current => signed_in.old_seal || seen > session.seen(),
            Newness::Behind => false,
        };
        match wanted {
            true => self.session_cookies(face, presented, session, seen, now, rng),
            false => Vec::new(),
        }
    }

    /// The activity to write down.
    pub(super) fn seen_now(&self, session: &Session, is_activity: bool, now: UnixTime) -> UnixTime {
        match is_activity && self.is_activity_due(session, now) {
            true => now,
            false => session.seen(),
        }
    }

    /// A session, sealed into cookies, with activity until `seen`; none if it
    /// cannot be.
    pub(super) fn session_cookies(
        &self,
        face: &Face,
        presented: &PresentedCookies<'_>,
        session: &Session,
        seen: UnixTime,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Vec<String> {
        let plain = session.encode_seen(now, seen);
        self.ring
            .seal(face.session_context(), &plain, rng)
            .ok()
            .and_then(|sealed| face.cookies.set_session(&sealed, presented))
            .unwrap_or_default()
    }
}
