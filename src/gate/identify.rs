//! Whose request this is: cookie, session, token, person.
//!
//! Owns the steps and their order; each of them refuses. Must not know where
//! the request wants to go.

use super::Gate;
use super::cookie::Presented as PresentedCookies;
use super::face::Face;
use super::identity::{NoPerson, Person};
use super::policy::NoIdentity;
use super::seal::Rng;
use super::session::Session;
use super::time::UnixTime;
use super::token::{KeySet, VerifiedIdentity};

/// A session whose token holds.
pub(super) struct SignedIn {
    pub(super) session: Session,
    pub(super) identity: VerifiedIdentity,
    pub(super) person: Result<Person, NoPerson>,
    /// Sealed by a key that is no longer the first one.
    pub(super) old_seal: bool,
}

impl Gate {
    /// Cookie, session, token, person: or why not.
    pub(super) fn identify(
        &self,
        face: &Face,
        presented: &PresentedCookies<'_>,
        keys: Option<&KeySet>,
        now: UnixTime,
    ) -> Result<SignedIn, NoIdentity> {
        let (session, old_seal) = self.open_session(face, presented)?;
        self.standing(&session, now)?;
        let keys = keys.ok_or(NoIdentity::NoKeys)?;
        let identity = self
            .verifier
            .verify(session.id_token(), keys, now)
            .map_err(NoIdentity::Token)?;
        let person = self.mapping.person(&identity, session.kept());
        Ok(SignedIn {
            session,
            identity,
            person,
            old_seal,
        })
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

    /// A session that an older key sealed is sealed anew, so that the key can
    /// go, and so is one whose last noted activity is a while ago, if this is
    /// activity. If that fails, the old seal still opens.
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
        let is_due = is_activity && self.is_activity_due(session, now);
        if !signed_in.old_seal && !is_due {
            return Vec::new();
        }
        let seen = if is_due { now } else { session.seen() };
        self.ring
            .seal(face.session_context(), &session.encode_seen(now, seen), rng)
            .ok()
            .and_then(|sealed| face.cookies.set_session(&sealed, presented))
            .unwrap_or_default()
    }
}
