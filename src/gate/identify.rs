//! Whose request this is: cookie, session, token, person.
//!
//! Owns the steps and their order; each of them refuses. Must not know where
//! the request wants to go.

use std::borrow::Cow;
use std::sync::Arc;

use super::cookie::Presented as PresentedCookies;
use super::face::Face;
use super::headers::HeaderRules;
use super::identity::{KeptClaims, NoPerson, Person};
use super::newer::Newness;
use super::policy::NoIdentity;
use super::provider::Provider;
use super::refresh::Refresh;
use super::remembered::Asked;
use super::seal::{KeyPlace, Rng};
use super::session::Session;
use super::time::UnixTime;
use super::token::{TokenError, VerifiedIdentity};
use super::verified::{Verified, Who};
use super::{Gate, Known};

/// A session whose token holds.
pub(super) struct SignedIn {
    pub(super) verified: Arc<Verified>,
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

/// What an answer says of the session.
pub(super) struct Resealed {
    /// Cookies, where there is something to write.
    pub(super) cookies: Vec<String>,
    /// The last activity, as these cookies have it.
    pub(super) seen: UnixTime,
}

/// A session that was presented, opened.
struct Found {
    session: Arc<Session>,
    sealed_with: KeyPlace,
    /// Which of the candidates it was.
    place: usize,
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
        let asked = |shown| Asked {
            origin: face.place,
            shown,
        };
        let whole = presented.only_session();
        if let Some(only) = whole
            && let Some(signed_in) = self.signed_in_before(&asked(only), known, now)
        {
            return Ok(signed_in);
        }
        let candidates = presented.session_candidates();
        // Of several, the newest has to be found first.
        if whole.is_none()
            && let [only] = candidates.as_slice()
            && let Some(signed_in) = self.signed_in_before(&asked(only), known, now)
        {
            return Ok(signed_in);
        }
        let found = self.open_newest(face, &candidates)?;
        let (session, newness) = self.newest(&found.session, known, now);
        match known.refreshed {
            None => self.standing(&session, now)?,
            Some(_) => self.standing_after_wait(&session, now)?,
        }
        // The provider that it names, and no other, verifies it.
        let provider = self
            .providers
            .of(&session)
            .ok_or(NoIdentity::OtherProvider)?;
        let keys = known.of(provider).keys.ok_or(NoIdentity::NoKeys)?;
        self.verified.count_check();
        let identity = match provider
            .verifier
            .verify_parts(&session.signed_token(), keys, now)
        {
            Ok(identity) => identity,
            Err(TokenError::Expired) => {
                self.token_ended(&session, &newness, provider, keys, known, now)?
            }
            Err(error) => return Err(NoIdentity::Token(error).into()),
        };
        let auth_ends = self.auth_ends(provider, &identity, now)?;
        let is_of_cookie = Arc::ptr_eq(&session, &found.session);
        let verified = Verified {
            auth_ends,
            ..self.concluded(face, provider, session, identity, found.sealed_with)
        };
        let verified = Arc::new(verified);
        // Under its own seal alone, and not beyond the end of its token.
        if is_of_cookie
            && verified.is_current(now)
            && let Some(sealed) = candidates.get(found.place)
        {
            self.verified.remember(&asked(sealed), &verified);
        }
        Ok(SignedIn { verified, newness })
    }

    /// Who a sealed value was before, unless something newer is known of them.
    fn signed_in_before(
        &self,
        asked: &Asked<'_>,
        known: Known<'_>,
        now: UnixTime,
    ) -> Option<SignedIn> {
        let verified = self.recall(asked, known, now)?;
        match self.newness(&verified.session, known, now) {
            Newness::Newer { .. } => None,
            newness @ (Newness::Current | Newness::Behind) => Some(SignedIn { verified, newness }),
        }
    }

    /// A session that was verified before and still stands. Where it does not,
    /// it is forgotten, and the long way says why.
    fn recall(&self, asked: &Asked<'_>, known: Known<'_>, now: UnixTime) -> Option<Arc<Verified>> {
        let verified = self.verified.find(asked)?;
        let provider = self.providers.of(&verified.session)?;
        let keys = known.of(provider).keys?;
        let holds = verified.is_current(now)
            && keys.holds(verified.signed_with)
            && self.standing(&verified.session, now).is_ok();
        if !holds {
            self.verified.forget(asked);
            return None;
        }
        Some(verified)
    }

    /// All that follows from a session whose token holds.
    fn concluded(
        &self,
        face: &Face,
        provider: &Provider,
        session: Arc<Session>,
        identity: VerifiedIdentity,
        sealed_with: KeyPlace,
    ) -> Verified {
        let claims = identity.claims();
        let believed = provider.mapping.believed(claims, claims);
        let who = self.person(provider, &identity, session.kept());
        let who = who.map(|person| Who {
            told: Self::with_evidence(face, &believed, &session, &identity, |evidence| {
                let tell = |rules: &HeaderRules| rules.tell(&person, evidence).map(Arc::new);
                self.headers.all().map(tell).collect()
            }),
            person: Arc::new(person),
        });
        let believed = match believed {
            Cow::Borrowed(_) => None,
            Cow::Owned(believed) => Some(believed),
        };
        let userinfo = provider.mapping.ruled_userinfo(session.kept(), claims);
        let userinfo = userinfo.map(Cow::into_owned);
        Verified {
            begins: identity.begins(),
            expires: identity.expires(),
            signed_with: identity.key(),
            userinfo,
            session,
            identity: Arc::new(identity),
            who,
            sealed_with,
            believed,
            auth_ends: None,
        }
    }

    /// The session that counts: the one of the cookie, or a newer one.
    pub(super) fn newest(
        &self,
        session: &Arc<Session>,
        known: Known<'_>,
        now: UnixTime,
    ) -> (Arc<Session>, Newness) {
        let newness = self.newness(session, known, now);
        let session = match &newness {
            // Both cookies have been in use: the later activity counts.
            Newness::Newer { session: newer, .. } if newer.seen() < session.seen() => {
                Arc::new(newer.seen_at(session.seen()))
            }
            Newness::Newer { session: newer, .. } => Arc::clone(newer),
            Newness::Current | Newness::Behind => Arc::clone(session),
        };
        (session, newness)
    }

    /// How the session of a cookie stands to what is known of it.
    fn newness(&self, session: &Arc<Session>, known: Known<'_>, now: UnixTime) -> Newness {
        let end = self.end_of_life(session);
        match self.memory.newer.look(session, end, now) {
            newer @ Newness::Newer { .. } => newer,
            // Refreshed for this very request, and forgotten again for want of room.
            other => match known.refreshed {
                Some(Ok(refreshed)) if refreshed.id() == session.id() => Newness::Newer {
                    session: Arc::clone(refreshed),
                    // Another instance may have gone on meanwhile, and its
                    // cookie has been seen: good for this request, never written.
                    unseen: !matches!(other, Newness::Behind),
                },
                _ => other,
            },
        }
    }

    /// Who a verified token makes of somebody. Whoever is revoked is nobody.
    pub(super) fn person(
        &self,
        provider: &Provider,
        identity: &VerifiedIdentity,
        kept: &KeptClaims,
    ) -> Result<Person, NoPerson> {
        if self.revoked.subjects.contains(identity.subject()) {
            return Err(NoPerson::Revoked);
        }
        provider.mapping.person(identity, kept)
    }

    /// The newest session among what was presented.
    pub(super) fn open_session(
        &self,
        face: &Face,
        presented: &PresentedCookies<'_>,
    ) -> Result<Arc<Session>, NoIdentity> {
        let candidates = presented.session_candidates();
        self.open_newest(face, &candidates)
            .map(|found| found.session)
    }

    /// Every session among what was presented, the newest first. A browser
    /// holds several where somebody set one with another path or domain.
    pub(super) fn open_sessions(
        &self,
        face: &Face,
        presented: &PresentedCookies<'_>,
    ) -> Vec<Arc<Session>> {
        let candidates = presented.session_candidates();
        let opened = |sealed: &Cow<'_, [u8]>| self.open_one(face, sealed).ok();
        let mut sessions: Vec<_> = candidates.iter().filter_map(opened).collect();
        sessions.sort_by_key(|(session, _)| std::cmp::Reverse(session.sealed()));
        let session = |(session, _)| Arc::new(session);
        sessions.into_iter().map(session).collect()
    }

    fn open_newest<'c>(
        &self,
        face: &Face,
        candidates: &[impl AsRef<[u8]> + 'c],
    ) -> Result<Found, NoIdentity> {
        let mut why = NoIdentity::NoCookie;
        let mut newest: Option<Found> = None;
        for (place, candidate) in candidates.iter().enumerate() {
            let (session, sealed_with) = match self.open_one(face, candidate.as_ref()) {
                Ok(opened) => opened,
                Err(error) => {
                    why = error;
                    continue;
                }
            };
            let is_newer = |other: &Found| session.sealed() > other.session.sealed();
            if newest.as_ref().is_none_or(is_newer) {
                newest = Some(Found {
                    session: Arc::new(session),
                    sealed_with,
                    place,
                });
            }
        }
        newest.ok_or(why)
    }

    fn open_one(&self, face: &Face, sealed: &[u8]) -> Result<(Session, KeyPlace), NoIdentity> {
        let opened = self.ring.open(face.session_context(), sealed);
        let opened = opened.map_err(NoIdentity::Unreadable)?;
        let session = Session::read(opened.plain).map_err(|_| NoIdentity::UnknownFormat)?;
        Ok((session, opened.key))
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
    ) -> Resealed {
        let session = &signed_in.verified.session;
        let is_due = is_activity && self.is_activity_due(session, now);
        let seen = if is_due { now } else { session.seen() };
        let wanted = match signed_in.newness {
            Newness::Newer { unseen, .. } => unseen,
            Newness::Current => is_due || self.ring.is_old(signed_in.verified.sealed_with),
            Newness::Behind => false,
        };
        if !wanted {
            let cookies = Vec::new();
            return Resealed { cookies, seen };
        }
        let seen = self.seen_to_write(session, seen);
        Resealed {
            cookies: self.session_cookies(face, presented, session, seen, now, rng),
            seen,
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
