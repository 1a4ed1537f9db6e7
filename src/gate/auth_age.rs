//! How long ago somebody may have authenticated at the provider:
//! `provider.ID.max_auth_age`, held against the ID token's `auth_time`.
//!
//! Owns the verdict at a login, on each request and after a refresh, and what a
//! person is told whose provider does not ask them anew. Must not know how a
//! provider is asked.
//!
//! The limit holds to the second. The one leeway for clocks covers an
//! `auth_time` that lies in the future; it never makes an old one young
//! (cognito.md 3.5).

use std::time::Duration;

use http::StatusCode;

use super::face::Face;
use super::identify::Missing;
use super::login::PendingLogin;
use super::page::Word;
use super::policy::NoIdentity;
use super::provider::Provider;
use super::query::Params;
use super::seal::Rng;
use super::time::{LEEWAY, UnixTime};
use super::token::{TokenError, VerifiedIdentity};
use super::{Gate, Known, Note, Page, Reply, RequestView, form_encoded};

impl Gate {
    /// When the person has to authenticate anew; `None` without a limit.
    ///
    /// # Errors
    /// If that is over, or the token does not say when they did.
    pub(super) fn auth_ends(
        &self,
        provider: &Provider,
        identity: &VerifiedIdentity,
        now: UnixTime,
    ) -> Result<Option<UnixTime>, NoIdentity> {
        self.authentication_ends(provider, identity.authenticated(), now)
    }

    /// The same of what any token says of it.
    ///
    /// # Errors
    /// See [`auth_ends`](Self::auth_ends).
    pub(super) fn authentication_ends(
        &self,
        provider: &Provider,
        authenticated: Result<Option<UnixTime>, TokenError>,
        now: UnixTime,
    ) -> Result<Option<UnixTime>, NoIdentity> {
        let Some(max) = provider.max_auth_age else {
            return Ok(None);
        };
        let unknown = NoIdentity::Token(TokenError::AuthTime);
        let authenticated = authenticated.map_err(NoIdentity::Token)?.ok_or(unknown)?;
        if authenticated > now.plus(LEEWAY) {
            return Err(NoIdentity::Token(TokenError::NotYetValid));
        }
        let end = authenticated.plus(max);
        match now < end {
            true => Ok(Some(end)),
            false => Err(NoIdentity::AuthTooOld),
        }
    }

    /// What cannot be held against the limit is no answer to a login.
    ///
    /// # Errors
    /// [`TokenError::AuthTime`].
    pub(super) fn check_auth_time_is_there(
        provider: &Provider,
        identity: &VerifiedIdentity,
    ) -> Result<(), TokenError> {
        let is_there = || Ok(identity.authenticated()?.is_some());
        match provider.max_auth_age.is_none() || is_there()? {
            true => Ok(()),
            false => Err(TokenError::AuthTime),
        }
    }

    /// A refreshed token is of the same authentication (OpenID Connect Core
    /// 12.2, cognito.md 2.6). Without a limit nothing hangs on it.
    ///
    /// # Errors
    /// [`TokenError::AuthTime`].
    pub(super) fn check_auth_time_stays(
        provider: &Provider,
        before: &VerifiedIdentity,
        after: &VerifiedIdentity,
    ) -> Result<(), TokenError> {
        let stays = || Ok(before.authenticated()? == after.authenticated()?);
        match provider.max_auth_age.is_none() || stays()? {
            true => Ok(()),
            false => Err(TokenError::AuthTime),
        }
    }

    /// Whether a login has to make this provider ask the person anew: because the
    /// session that is still there, or the login before, was refused for its age
    /// alone. Anybody else is spared it.
    pub(super) fn has_to_reauthenticate(
        &self,
        provider: &Provider,
        req: &RequestView<'_>,
        face: &Face,
        params: &Params,
        known: Known<'_>,
        now: UnixTime,
    ) -> bool {
        let is_too_old = || {
            let presented = face.cookies.presented(req.cookie_headers());
            let found = self.identify(face, &presented, known, now);
            matches!(found, Err(Missing::Identity(NoIdentity::AuthTooOld)))
        };
        provider.max_auth_age.is_some()
            && (params.one("prompt") == Ok(Some("login")) || is_too_old())
    }

    /// A login that was answered by an authentication which does not count: once
    /// more, and asking for a new one; then a page that says why.
    pub(super) fn not_authenticated_anew(
        &self,
        req: &RequestView<'_>,
        login: &PendingLogin,
        why: NoIdentity,
        rng: Rng<'_>,
    ) -> Reply {
        let target = login.target();
        if why == NoIdentity::AuthTooOld && !login.reauthenticates() {
            let note = Note::new("sign_in_needed").because(why.reason());
            return Reply::redirect(&self.reauthenticate_path(login), note);
        }
        let page = Page::new(Word::LoginFailedTitle);
        let (status, remedy, page, facts) = match why {
            NoIdentity::AuthTooOld => (
                StatusCode::FORBIDDEN,
                "look at the provider, which has to honour prompt=login or max_age (of Cognito's login pages, managed login does, the classic ones do not), or at provider.ID.max_auth_age",
                page.text(Word::LoginFailedTooOld)
                    .text(Word::LoginFailedTooOldPerson)
                    .link(
                        self.logout_path(target.as_str()),
                        Word::LoginFailedTooOldButton,
                    ),
                Page::default().text(Word::LoginFailedTooOldOperator).row(
                    Word::LoginFailedTooOldLimit,
                    self.max_auth_age_in_words(login),
                ),
            ),
            NoIdentity::Token(TokenError::AuthTime) => (
                StatusCode::BAD_GATEWAY,
                "make the provider put auth_time, a number, into its ID tokens, or do without provider.ID.max_auth_age",
                page.text(Word::LoginFailedNoAuthTime)
                    .link(self.login_path(target.as_str()), Word::TryAgain),
                Page::default().text(Word::LoginFailedNoAuthTimeOperator),
            ),
            _ => (
                StatusCode::BAD_GATEWAY,
                "have this machine and the provider's keep their time by NTP",
                page.text(Word::LoginFailedAuthTimeAhead)
                    .link(self.login_path(target.as_str()), Word::TryAgain),
                Page::default().text(Word::CirclesClocksOperator),
            ),
        };
        let page = page.below(Word::ForOperators, facts);
        let note = Note::new("login_failed")
            .because(why.reason())
            .remedied_by(remedy);
        Reply::referenced(req, status, "login_failed", page, note, rng)
    }

    /// Where a login begins that has the person authenticate anew, at the same provider.
    fn reauthenticate_path(&self, login: &PendingLogin) -> String {
        let prefix = self.paths.prefix();
        let named = match self.providers.only() {
            Some(_) => String::new(),
            None => format!("/{}", login.provider()),
        };
        let rd = form_encoded(login.target().as_str());
        format!("{prefix}/login{named}?rd={rd}&prompt=login")
    }

    fn max_auth_age_in_words(&self, login: &PendingLogin) -> String {
        let provider = self.providers.named(login.provider());
        let age = provider.and_then(|provider| provider.max_auth_age);
        humantime::format_duration(Duration::from_secs(age.unwrap_or_default())).to_string()
    }
}
