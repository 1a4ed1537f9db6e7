//! Refreshing: when a session asks for newer tokens, what those have to be, and
//! what becomes of the session where there are none.
//!
//! Owns the verdict on each failure. What a provider says clearly
//! ([`RefreshError::Refused`]) ends a session once its token has ended; that a
//! provider cannot be asked ([`RefreshError::Unavailable`]) never does. Must not
//! know how the provider is asked, nor how many ask at once.

use std::sync::Arc;

use zeroize::Zeroizing;

mod pauses;

pub use pauses::Pauses;

use super::budget::{Oversize, SEALED_MAX, sealed_len};
use super::identify::{Missing, SignedIn};
use super::newer::Newness;
use super::policy::NoIdentity;
use super::provider::Provider;
use super::seal::{RandomError, Rng};
use super::session::{Session, SessionId, SessionTokens};
use super::signin::Tokens;
use super::time::UnixTime;
use super::token::{KeySet, TOKEN_MAX, TokenError, VerifiedIdentity};
use super::userinfo::{CheckedTokens, UserinfoError};
use super::verified::Verified;
use super::{Gate, Known, RequestView};

/// Longest span before a token's end in which it is renewed, in seconds.
const MARGIN_MAX: u64 = 5 * 60;
/// Part of a token's life that this span is, if that is less.
const MARGIN_PART: u64 = 5;

/// How much of the margin one instance uses, so that replicas seldom refresh
/// the same session at the same time: between three quarters and all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(u64);

/// A session that asks for newer tokens. Debug shows nothing of it.
#[derive(Clone)]
pub struct Refresh {
    session: Arc<Session>,
    before: Arc<VerifiedIdentity>,
}

/// Which session an answer belongs to, which generation it was given for, and
/// the activity that was noted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    id: SessionId,
    generation: u32,
    seen: UnixTime,
}

/// Why there are no newer tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// The provider does not renew this session (`invalid_grant`), or what it
    /// gave does not hold. Holds the word for the log, from a closed list.
    #[error("the session is not renewed: {0}")]
    Refused(&'static str),
    /// The provider cannot be asked now: no answer, 5xx, throttling, no JSON.
    /// Holds the word for the log, from a closed list.
    #[error("the provider cannot be asked: {0}")]
    Unavailable(&'static str),
    /// The session ended while it was being renewed.
    #[error("the session has ended: {}", .0.reason())]
    Ended(NoIdentity),
}

/// The session with newer tokens, or why there are none.
pub type Outcome = Result<Arc<Session>, RefreshError>;

impl std::fmt::Debug for Refresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refresh")
            .field("generation", &self.session.generation())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mark")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

impl Default for Jitter {
    /// All of the margin.
    fn default() -> Self {
        Self(1000)
    }
}

impl Jitter {
    /// This instance's own.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn roll(rng: Rng<'_>) -> Result<Self, RandomError> {
        let mut byte = [0];
        rng(&mut byte)?;
        let [byte] = byte;
        Ok(Self(750 + u64::from(byte) * 250 / 255))
    }

    /// How long before its end a token of that life is renewed, in seconds.
    fn margin(self, life: u64) -> u64 {
        (life / MARGIN_PART).min(MARGIN_MAX) * self.0 / 1000
    }
}

impl Mark {
    /// Of an answer to this session, whose last activity was `seen`.
    pub(super) fn new(session: &Session, seen: UnixTime) -> Self {
        Self {
            id: *session.id(),
            generation: session.generation(),
            seen,
        }
    }

    pub(super) fn seen(&self) -> UnixTime {
        self.seen
    }
}

impl Refresh {
    /// Which session it is.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        self.session.id()
    }

    /// The provider that is asked: the one that the session names.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.session.provider()
    }

    /// The generation whose tokens are to be replaced.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.session.generation()
    }

    /// What the provider gets.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&Zeroizing<String>> {
        self.session.refresh_token()
    }
}

impl Gate {
    /// The refresh that a session whose token still holds should begin, if any.
    pub(super) fn refresh_when_due(&self, signed_in: &SignedIn, now: UnixTime) -> Option<Refresh> {
        let Verified {
            session,
            identity,
            expires: end,
            ..
        } = &*signed_in.verified;
        let end = *end;
        // The first question is the cheap one: most requests come before.
        let is_due = now.plus(MARGIN_MAX) >= end
            && now.plus(self.memory.jitter.margin(end.since(identity.issued()))) >= end;
        let is_last = !matches!(signed_in.newness, Newness::Behind);
        // Newer tokens for a session that ends before them help nobody.
        let outlives = self.end_of(&signed_in.verified) > end;
        (is_due && is_last && outlives && session.has_refresh_token()).then(|| Refresh {
            session: Arc::clone(session),
            before: Arc::clone(identity),
        })
    }

    /// What becomes of a session whose token has ended.
    pub(super) fn token_ended(
        &self,
        session: &Arc<Session>,
        newness: &Newness,
        provider: &Provider,
        keys: &KeySet,
        known: Known<'_>,
        now: UnixTime,
    ) -> Result<VerifiedIdentity, Missing> {
        let token = session.id_token();
        let within = |past| provider.verifier.verify_within(token, keys, now, past);
        let refused = |error| Missing::Identity(NoIdentity::Token(error));
        if !session.has_refresh_token() || known.may_not_renew {
            return Err(refused(TokenError::Expired));
        }
        match known.refreshed {
            None => {
                // Spending a refresh token again that has been rotated is what
                // thieves do: providers end the newer session for it too (RFC
                // 9700 4.14.2). What was refreshed a moment ago is at hand and
                // is found by whoever asks for it.
                let is_late = matches!(newness, Newness::Behind);
                if is_late && self.memory.newer.is_superseded(session) {
                    return Err(Missing::Identity(NoIdentity::NotRenewed));
                }
                let before = within(u64::MAX).map_err(refused)?;
                // Newer tokens would not be of a newer authentication.
                self.auth_ends(provider, &before, now)?;
                Err(Missing::Tokens(Refresh {
                    session: Arc::clone(session),
                    before: Arc::new(before),
                }))
            }
            Some(Err(RefreshError::Unavailable(_))) => match within(self.outage_grace) {
                Err(TokenError::Expired) => Err(Missing::Identity(NoIdentity::ProviderOut)),
                Err(error) => Err(refused(error)),
                Ok(identity) => Ok(identity),
            },
            Some(Err(RefreshError::Ended(why))) => Err(Missing::Identity(*why)),
            Some(Ok(_) | Err(RefreshError::Refused(_))) => {
                Err(Missing::Identity(NoIdentity::NotRenewed))
            }
        }
    }

    /// Refreshed tokens, verified as every later request will, and as the
    /// successors of those before; an error says whether newer keys might help.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn check_refreshed(
        &self,
        ask: &Refresh,
        tokens: &Tokens,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<CheckedTokens, TokenError> {
        let provider = self.providers.of(&ask.session).ok_or(TokenError::Issuer)?;
        let identity = provider.verifier.verify(&tokens.id_token, keys, now)?;
        identity.check_renews(&ask.before)?;
        Self::check_auth_time_stays(provider, &ask.before, &identity)?;
        self.with_access_token(provider, identity, &tokens.access_token, keys, now)
    }

    /// Userinfo, asked again. Where it cannot be asked now, what it said before
    /// stays: the refresh token may have been spent already.
    ///
    /// # Errors
    /// If it refuses, or speaks of somebody else.
    pub fn take_userinfo_again(
        &self,
        ask: &Refresh,
        checked: &mut CheckedTokens,
        answer: Result<Vec<u8>, UserinfoError>,
    ) -> Result<(), UserinfoError> {
        match answer.and_then(|answer| self.take_userinfo(checked, &answer)) {
            Err(UserinfoError::Unavailable | UserinfoError::Malformed) => {
                checked.kept.keep_userinfo_of(ask.session.kept());
                Ok(())
            }
            told => told,
        }
    }

    /// The session with its newer tokens. It is remembered until its cookie has
    /// been seen, unless it has ended in the meantime.
    ///
    /// # Errors
    /// See [`RefreshError`].
    pub fn refreshed(
        &self,
        ask: &Refresh,
        tokens: Tokens,
        checked: CheckedTokens,
        now: UnixTime,
    ) -> Outcome {
        let newer = &self.memory.newer;
        let CheckedTokens { identity, kept, .. } = checked;
        let fits = |token: &Zeroizing<String>| token.len() <= TOKEN_MAX;
        let access_token = self.access_token_to_keep(&tokens.access_token);
        let session = ask.session.refreshed(
            &identity,
            SessionTokens {
                id_token: tokens.id_token,
                refresh_token: tokens.refresh_token.filter(fits),
                access_token: access_token.filter(fits),
                kept,
            },
            newer.next_generation(ask.id(), ask.generation()),
            now,
        );
        let refused = |over: Oversize| RefreshError::Refused(over.part().reason());
        session.kept().check_size().map_err(refused)?;
        if sealed_len(session.encode(now).len()) > SEALED_MAX {
            return Err(refused(Oversize::of_session(&session)));
        }
        let stands = self.standing_after_wait(&session, now);
        stands.map_err(RefreshError::Ended)?;
        let session = Arc::new(session.seen_at(self.last_seen(&session)));
        newer.keep(Arc::clone(&session), self.end_of_life(&session), now);
        // A sign-out denies first and looks here then: one that has not found
        // what was just kept is found here.
        if let Err(why) = self.stands(&session, now) {
            newer.forget(session.id());
            return Err(RefreshError::Ended(why));
        }
        Ok(session)
    }

    /// What another request has made of this refresh in the meantime.
    #[must_use]
    pub fn refreshed_before(&self, ask: &Refresh) -> Option<Arc<Session>> {
        self.memory.newer.newer_than(ask.id(), ask.generation())
    }

    /// Whether newer tokens are due again already: a provider that gives the
    /// same ones until they end.
    #[must_use]
    pub fn is_due_again(&self, session: &Session, keys: &KeySet, now: UnixTime) -> bool {
        let provider = self.providers.of(session);
        let verified = provider.map(|one| one.verifier.verify(session.id_token(), keys, now));
        verified.is_some_and(|verified| {
            let Ok(identity) = verified else {
                return false;
            };
            let life = identity.expires().since(identity.issued());
            now.plus(self.memory.jitter.margin(life)) >= identity.expires()
        })
    }

    /// Whether the session of a request has been refreshed since: only then
    /// [`cookies_since`](Self::cookies_since) has something to say.
    #[must_use]
    pub fn has_newer(&self, mark: &Mark) -> bool {
        let newer = &self.memory.newer;
        newer.unseen_after(&mark.id, mark.generation).is_some()
    }

    /// Cookies for the head of an answer, if its session has been refreshed
    /// since the request was decided upon. Whether the session still stands is
    /// asked again: it may have been signed out.
    pub fn cookies_since(
        &self,
        mark: &Mark,
        req: &RequestView<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Vec<String> {
        let newer = self.memory.newer.unseen_after(&mark.id, mark.generation);
        let (Some(session), Some(face)) = (newer, self.face(req.host())) else {
            return Vec::new();
        };
        if self.standing(&session, now).is_err() {
            return Vec::new();
        }
        let presented = face.cookies.presented(req.cookie_headers());
        let seen = self.seen_to_write(&session, session.seen().max(mark.seen));
        self.session_cookies(face, &presented, &session, seen, now, rng)
    }

    /// When it is over at the latest, for want of a new sign-in.
    pub(super) fn end_of(&self, verified: &Verified) -> UnixTime {
        let end = self.end_of_life(&verified.session);
        verified
            .auth_ends
            .map_or(end, |auth_ends| auth_ends.min(end))
    }

    /// When the session is over, whatever its tokens say.
    pub(super) fn end_of_life(&self, session: &Session) -> UnixTime {
        session.signed_in().plus(self.lifetime)
    }
}

impl RefreshError {
    /// The word for the log, from a closed list.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Refused(reason) | Self::Unavailable(reason) => reason,
            Self::Ended(why) => why.reason(),
        }
    }
}
