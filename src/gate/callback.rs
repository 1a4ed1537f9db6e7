//! Coming back from the provider: from its answer to a session, or to a page.
//!
//! Owns the callback endpoint. The order is the point: duplicate parameters,
//! the sealed `state`, the login-state cookie, and only then, by way of
//! [`CodeExchange`](super::login::CodeExchange), the network.

use zeroize::Zeroizing;

mod cause;
mod failure;
pub mod hint;

use cause::Cause;
use failure::Failure;

use super::budget::Oversize;
use super::face::Face;
use super::identify::Missing;
use super::identity::NoPerson;
use super::login::{LoginState, Logins, PendingLogin, STATE_MAX};
use super::page::Word;
use super::policy::NoIdentity;
use super::provider::Provider;
use super::query::{Doubled, Params};
use super::return_to::ReturnTo;
use super::seal::Rng;
use super::session::{Session, SessionTokens};
use super::signin::{Exchange, ExchangeError, Tokens, internal};
use super::time::UnixTime;
use super::token::{KeySet, TOKEN_MAX, TokenError};
use super::unauthenticated::provider_out;
use super::userinfo::{CheckedTokens, UserinfoError};
use super::{Decision, Effect, Gate, Known, Note, Page, Reply, RequestView, Seen};

/// Longest authorization code, in characters (cognito.md 8, U18).
const CODE_MAX: usize = 2_048;

/// What to do about a claim that a provider leaves out for its length.
const CLAIMS_LEFT_OUT: &str = "the ID token leaves out a claim that is mapped, since it would be too long: let the provider send app roles, or the groups assigned to the application alone";

impl Gate {
    /// `/callback`: from the provider's answer to a code exchange, or to a page.
    pub(super) fn callback(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        in_path: Option<&str>,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let params = Params::of(req);
        if params.any_doubled() {
            let why = "a parameter is there twice";
            return Decision::Reply(Reply::bad_request(why, "callback_doubled_parameter"));
        }
        let state = match self.read_state(&params, face) {
            Ok(state) => state,
            Err(failure) => {
                return Decision::Reply(self.failed(req, &ReturnTo::root(), failure, rng));
            }
        };
        // The address, the login and the answer itself have to agree on whose it is.
        let here = self.providers.of_callback(req.path().canonical(), in_path);
        let Some(provider) = here.filter(|provider| provider.id == state.provider) else {
            return Decision::Reply(self.failed(
                req,
                &ReturnTo::root(),
                Failure::WRONG_PROVIDER,
                rng,
            ));
        };
        if !is_answer_of(provider, known.of(provider), &params) {
            return Decision::Reply(self.failed(req, &state.target, Failure::WRONG_PROVIDER, rng));
        }
        let mut logins = self.logins_in_flight(req, face);
        let Some(login) = logins.take(&state, now) else {
            return self.login_unknown(req, face, provider, &params, state, known, now, rng);
        };
        // Its name may have been given to another one meanwhile, which is not to
        // get the code and what redeems it.
        if !login.has_asked(provider.asked) {
            let reply = self.failed(req, login.target(), Failure::WRONG_PROVIDER, rng);
            return Decision::Reply(self.keep_logins(reply, face, &logins, rng));
        }
        if let Ok(Some(error)) = params.one("error") {
            let failure = Failure::of_answer(error, description(&params));
            if failure.cause == Cause::JustLinked
                && let Some(again) = Self::only_retry(&state, now)
            {
                let anew = login.reauthenticates();
                let why = failure.cause.reason();
                let target = login.target().clone();
                return self.begin_beside(
                    logins, face, req, provider, target, again, anew, why, now, rng,
                );
            }
            let reply = self.failed(req, login.target(), failure, rng);
            return Decision::Reply(self.keep_logins(reply, face, &logins, rng));
        }
        let code = match params.one("code") {
            Ok(Some(code)) if code.len() <= CODE_MAX => Zeroizing::new(code.to_owned()),
            _ => {
                let reply = self.failed(req, login.target(), Failure::NO_CODE, rng);
                return Decision::Reply(self.keep_logins(reply, face, &logins, rng));
            }
        };
        Decision::Perform(Effect::Exchange(Exchange {
            exchange: login.redeem(code),
            redirect_uri: face.redirect_uri(provider),
            others: logins,
        }))
    }

    /// A provider's ID token, verified as every later request will, and the claims
    /// to keep beside it; an error says whether newer keys might help.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn check_tokens(
        &self,
        provider: &str,
        tokens: &Tokens,
        nonce: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<CheckedTokens, TokenError> {
        let provider = self.providers.named(provider).ok_or(TokenError::Issuer)?;
        let identity = provider.verifier.verify(&tokens.id_token, keys, now)?;
        identity.check_nonce(nonce)?;
        Self::check_auth_time_is_there(provider, &identity)?;
        self.with_access_token(provider, identity, &tokens.access_token, keys, now)
    }

    /// The answer to a code that was redeemed, or not.
    pub fn after_exchange(
        &self,
        req: &RequestView<'_>,
        exchange: &Exchange,
        outcome: Result<(Tokens, CheckedTokens), Failed>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Reply {
        let Some(face) = self.face(req.host()) else {
            return self.misdirected(req);
        };
        let target = exchange.exchange.login().target();
        let mut logins = exchange.others.clone();
        let reply = match outcome {
            Ok((tokens, checked)) => {
                let login = exchange.exchange.login();
                self.signed_in(req, face, (login, &mut logins), tokens, checked, now, rng)
            }
            Err(Failed::Exchange(ExchangeError::Unavailable)) => {
                provider_out(req, "token_endpoint_unavailable", rng)
            }
            Err(Failed::Exchange(error)) => self.failed(req, target, error.into(), rng),
            Err(Failed::Token(error @ TokenError::AuthTime)) => {
                let why = NoIdentity::Token(error);
                self.not_authenticated_anew(req, exchange.exchange.login(), why, rng)
            }
            Err(Failed::Clocks(error, skew)) => self.clocks_differ(req, target, error, skew, rng),
            Err(Failed::Token(error)) => self.failed(req, target, error.into(), rng),
            Err(Failed::Userinfo(error @ UserinfoError::Unavailable)) => {
                provider_out(req, error.reason(), rng)
            }
            Err(Failed::TooLarge(over) | Failed::Userinfo(UserinfoError::TooLarge(over))) => {
                self.too_large(req, target, &over, rng)
            }
            Err(Failed::Userinfo(error)) => self.failed(req, target, error.into(), rng),
        };
        self.keep_logins(reply, face, &logins, rng)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the flow, with time and randomness"
    )]
    fn signed_in(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        (login, logins): (&PendingLogin, &mut Logins),
        tokens: Tokens,
        checked: CheckedTokens,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Reply {
        let CheckedTokens { identity, kept, .. } = checked;
        let target = login.target();
        let Some(provider) = self.providers.named(login.provider()) else {
            return self.failed(req, target, Failure::WRONG_PROVIDER, rng);
        };
        if let Err(why) = self.auth_ends(provider, &identity, now) {
            return self.not_authenticated_anew(req, login, why, rng);
        }
        let mut id = [0; 16];
        if rng(&mut id).is_err() {
            return internal(req, rng);
        }
        // A refresh token that could not be carried is not worth a failed login.
        let refresh_token = tokens
            .refresh_token
            .filter(|token| token.len() <= TOKEN_MAX);
        let access_token = self.access_token_to_keep(&tokens.access_token);
        if let Err(over) = kept.check_size() {
            return self.too_large(req, target, &over, rng);
        }
        let person = self.person(provider, &identity, &kept);
        if person == Err(NoPerson::Revoked) {
            return self.failed(req, target, Failure::SUBJECT_REVOKED, rng);
        }
        if self
            .revoked
            .signed_in_before
            .is_some_and(|before| now < before)
        {
            // What begins now is revoked already: another login would not help.
            return self.failed(req, target, Failure::REVOKED_AHEAD, rng);
        }
        let session = Session::establish(
            &identity,
            &provider.id,
            SessionTokens {
                id_token: tokens.id_token,
                refresh_token,
                access_token,
                kept,
            },
            id,
            now,
        );
        let Ok(sealed) = self
            .ring
            .seal(face.session_context(), &session.encode(now), rng)
        else {
            return internal(req, rng);
        };
        let presented = face.cookies.presented(req.cookie_headers());
        let Some(mut cookies) = face.cookies.set_session(&sealed, &presented) else {
            return self.too_large(req, target, &Oversize::of_session(&session), rng);
        };
        logins.note_signed_in(login, sealed.len(), now);
        cookies.extend(self.remember_choice(face, provider));
        let user = person.ok().map(|person| person.user);
        let note = match provider.mapping.lacks_left_out(identity.claims()) {
            true => Note::new("signed_in")
                .because("claims_left_out")
                .remedied_by(CLAIMS_LEFT_OUT),
            false => Note::new("signed_in"),
        };
        let note = note.by(user.as_deref());
        Reply::redirect(target.as_str(), note).with_cookies(cookies)
    }

    /// A callback whose login the browser did not bring back: where a session
    /// exists, to the target; else once more, and at last a page that says why.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the flow, with time and randomness"
    )]
    fn login_unknown(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        provider: &Provider,
        params: &Params,
        state: LoginState,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let presented = face.cookies.presented(req.cookie_headers());
        // Newer tokens can be asked for there.
        if let Ok(_) | Err(Missing::Tokens(_)) = self.identify(face, &presented, known, now) {
            let note = Note::new("login_unknown").because("already_signed_in");
            return Decision::Reply(Reply::redirect(state.target.as_str(), note));
        }
        if let Ok(Some(error)) = params.one("error") {
            let failure = Failure::of_answer(error, description(params));
            return Decision::Reply(self.failed(req, &state.target, failure, rng));
        }
        let Some(row) = Self::next_attempt(&state, now) else {
            return Decision::Reply(self.login_cookie_lost(req, face, &state.target, rng));
        };
        self.begin(
            req,
            face,
            provider,
            state.target,
            row,
            false,
            "login_cookie_missing",
            now,
            rng,
        )
    }

    /// The one more attempt that the cause asks for (cognito.md 1.6); it counts
    /// with those that a lost cookie leads to, so that no circle comes of it.
    fn only_retry(state: &LoginState, now: UnixTime) -> Option<(u8, UnixTime)> {
        Self::next_attempt(state, now).filter(|_| state.attempt == 1)
    }

    fn read_state(&self, params: &Params, face: &Face) -> Result<LoginState, Failure> {
        let text = match params.one("state") {
            Ok(Some(text)) if text.len() <= STATE_MAX => text,
            // An error without `state` is shown, never acted upon (cognito.md 1.6).
            Ok(_) => {
                return Err(match params.one("error") {
                    Ok(Some(error)) => Failure::of_answer(error, None),
                    _ => Failure::NO_STATE,
                });
            }
            Err(Doubled) => return Err(Failure::NO_STATE),
        };
        let opened = self
            .ring
            .open(face.state_context(), text.as_bytes())
            .map_err(|_| Failure::NO_STATE)?;
        LoginState::decode(&opened.plain, &face.origin).map_err(|_| Failure::NO_STATE)
    }

    fn failed(
        &self,
        req: &RequestView<'_>,
        target: &ReturnTo,
        failure: Failure,
        rng: Rng<'_>,
    ) -> Reply {
        let page = Page::new(Word::LoginFailedTitle)
            .text(failure.cause.word())
            .link(self.login_path(target.as_str()), Word::TryAgain);
        let note = Note::new("login_failed")
            .because(failure.cause.reason())
            .remedied_by(failure.cause.remedy());
        Reply::referenced(req, failure.status, "login_failed", page, note, rng)
    }
}

/// What the provider says of its error: to be compared, not to be shown.
fn description(params: &Params) -> Option<&str> {
    params.one("error_description").ok().flatten()
}

/// Whether an answer is of the provider that was asked (RFC 9207 2.4): one that
/// names its issuer has to name that one's, and a code without an issuer is none
/// of a provider whose metadata says that it always names itself.
fn is_answer_of(provider: &Provider, seen: Seen<'_>, params: &Params) -> bool {
    match params.one("iss") {
        Ok(Some(issuer)) => provider.issuers.iter().any(|known| known == issuer),
        Ok(None) => !seen.names_itself || params.one("code") == Ok(None),
        Err(Doubled) => false,
    }
}

/// Why there is no session after a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// No tokens.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// Tokens that do not hold.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Genuine tokens that do not hold by our clock, and by how many seconds it
    /// differs from the provider's: positive if ours is ahead.
    #[error("the clocks differ")]
    Clocks(TokenError, i64),
    /// Tokens that hold, and a userinfo answer that does not.
    #[error(transparent)]
    Userinfo(#[from] UserinfoError),
    /// Tokens that no session can hold.
    #[error(transparent)]
    TooLarge(#[from] Oversize),
}
