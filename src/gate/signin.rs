//! Signing in: the way to the provider and back.
//!
//! Owns the login and callback endpoints. The order in the callback is the
//! point: duplicate parameters, the sealed `state`, the login-state cookie,
//! and only then, by way of [`CodeExchange`], the network.

use http::StatusCode;
use zeroize::Zeroizing;

mod failure;

use failure::{
    Failure, NO_CODE, NO_STATE, TOO_LARGE, WRONG_PROVIDER, exchange_failure, provider_error,
    token_failure,
};

use super::login::{CodeExchange, LoginState, Logins, PendingLogin, STATE_MAX};
use super::query::{Doubled, Params};
use super::return_to::ReturnTo;
use super::seal::{Rng, SealError};
use super::session::Session;
use super::time::UnixTime;
use super::token::{KeySet, TOKEN_MAX, TokenError};
use super::unauthenticated::provider_out;
use super::userinfo::{CheckedTokens, UserinfoError};
use super::{
    Asker, Decision, Effect, Face, Gate, Known, Note, Page, Reply, RequestView, reference,
};
use crate::config::ProviderKind;

/// Longest authorization code, in characters (cognito.md 8, U18).
const CODE_MAX: usize = 2_048;
/// Logins that are started anew by themselves when the browser does not bring
/// the login-state cookie back.
const ATTEMPTS_MAX: u8 = 3;
/// Span in seconds in which those count as one row.
const ATTEMPTS_WITHIN: u64 = 60;

/// What the authorization URL is built from.
pub struct Authorize {
    /// The sealed `state`.
    pub state: String,
    /// The `nonce`.
    pub nonce: String,
    /// The PKCE verifier, of which the challenge is made.
    pub code_verifier: Zeroizing<String>,
    /// The redirect URI of this origin.
    pub redirect_uri: String,
    set_cookie: String,
    reason: &'static str,
}

/// A code to redeem, and what is needed to go on afterwards.
pub struct Exchange {
    /// The code with the login that it answers.
    pub exchange: CodeExchange,
    /// The redirect URI of the authorization request, byte for byte.
    pub redirect_uri: String,
    others: Logins,
}

/// What the token endpoint gave.
pub struct Tokens {
    /// The ID token.
    pub id_token: Zeroizing<String>,
    /// The access token.
    pub access_token: Zeroizing<String>,
    /// The refresh token, if any.
    pub refresh_token: Option<Zeroizing<String>>,
}

/// Why a code brought no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// `invalid_grant`: the code is used, expired or for another login.
    #[error("the provider refused the code")]
    Refused,
    /// Any other OAuth error: our client's configuration is wrong.
    #[error("the provider refused our client")]
    Client,
    /// No answer, 5xx, throttling, or one that is no token response.
    #[error("the provider did not answer as it should")]
    Unavailable,
    /// The answer holds no ID token.
    #[error("the provider sent no ID token")]
    NoIdToken,
    /// openidconnect, the second opinion, does not accept the ID token.
    #[error("the ID token does not hold")]
    IdToken,
}

impl std::fmt::Debug for Authorize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorize([redacted])")
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exchange([redacted])")
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens([redacted])")
    }
}

impl Gate {
    /// `/login`: remembers where to go and sends the browser to the provider.
    pub(super) fn login(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        in_path: Option<&str>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let params = Params::of(req);
        let in_query = params.one("provider").unwrap_or_default();
        if [in_path, in_query]
            .into_iter()
            .flatten()
            .any(|id| id != self.provider.id)
        {
            return Decision::Reply(Reply::refusal(
                req,
                StatusCode::NOT_FOUND,
                "not_found",
                &Page::new("Page not found").text("There is no such way to sign in here."),
                Note::new("not_found").because("provider_unknown"),
            ));
        }
        if Asker::of(req) == Asker::Prefetch {
            // A guess of the browser begins no login.
            let why = super::policy::NoIdentity::NoCookie;
            return Decision::Reply(self.unauthenticated(req, face, why));
        }
        let target = params
            .one("rd")
            .ok()
            .flatten()
            .and_then(|rd| ReturnTo::parse(rd, &face.origin))
            .filter(|target| !self.is_flow_path(target))
            .unwrap_or_else(ReturnTo::root);
        self.begin(req, face, target, (1, now), "asked", now, rng)
    }

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
            Ok(state) if in_path.is_none_or(|id| id == self.provider.id) => state,
            Ok(_) => {
                return Decision::Reply(self.failed(req, &ReturnTo::root(), WRONG_PROVIDER, rng));
            }
            Err(failure) => {
                return Decision::Reply(self.failed(req, &ReturnTo::root(), failure, rng));
            }
        };
        // RFC 9207 2.4: an answer that names its issuer has to name ours.
        if let Ok(Some(issuer)) = params.one("iss")
            && !self.provider.issuers.iter().any(|known| known == issuer)
        {
            return Decision::Reply(self.failed(req, &state.target, WRONG_PROVIDER, rng));
        }
        let mut logins = self.logins_in_flight(req, face);
        let Some(login) = logins.take(&state, now) else {
            return self.login_unknown(req, face, &params, state, known, now, rng);
        };
        if let Ok(Some(error)) = params.one("error") {
            let reply = self.failed(req, login.target(), provider_error(error), rng);
            return Decision::Reply(self.keep_logins(reply, face, &logins, rng));
        }
        let code = match params.one("code") {
            Ok(Some(code)) if code.len() <= CODE_MAX => Zeroizing::new(code.to_owned()),
            _ => {
                let reply = self.failed(req, login.target(), NO_CODE, rng);
                return Decision::Reply(self.keep_logins(reply, face, &logins, rng));
            }
        };
        Decision::Perform(Effect::Exchange(Exchange {
            exchange: login.redeem(code),
            redirect_uri: self.redirect_uri(face),
            others: logins,
        }))
    }

    /// The ID token, verified as every later request will, and the claims to
    /// keep beside it; an error says whether newer keys might help.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn check_tokens(
        &self,
        tokens: &Tokens,
        nonce: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<CheckedTokens, TokenError> {
        let identity = self.verifier.verify(&tokens.id_token, keys, now)?;
        identity.check_nonce(nonce)?;
        let mut access = None;
        if self.provider.kind == ProviderKind::Cognito {
            let verified = self
                .verifier
                .verify_access(&tokens.access_token, keys, now)?;
            identity.check_access(&verified)?;
            access = Some(verified);
        }
        Ok(self.keep(identity, access.as_ref()))
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
        let reply = match outcome {
            Ok((tokens, checked)) => self.signed_in(req, face, target, tokens, checked, now, rng),
            Err(Failed::Exchange(ExchangeError::Unavailable)) => {
                provider_out(req, "token_endpoint_unavailable")
            }
            Err(Failed::Exchange(error)) => self.failed(req, target, exchange_failure(error), rng),
            Err(Failed::Token(error)) => {
                self.failed(req, target, token_failure(error.reason()), rng)
            }
            Err(Failed::Userinfo(error @ UserinfoError::Unavailable)) => {
                provider_out(req, error.reason())
            }
            Err(Failed::Userinfo(UserinfoError::TooLarge)) => {
                self.failed(req, target, TOO_LARGE, rng)
            }
            Err(Failed::Userinfo(error)) => {
                self.failed(req, target, token_failure(error.reason()), rng)
            }
        };
        self.keep_logins(reply, face, &exchange.others, rng)
    }

    /// 302 to the provider, once the edge has built the URL.
    #[must_use]
    pub fn login_started(&self, authorize: Authorize, url: &url::Url) -> Reply {
        let note = Note::new("login_started").because(authorize.reason);
        Reply::redirect(url.as_str(), note).with_cookies([authorize.set_cookie])
    }

    /// 503, when the provider's endpoints are not known yet.
    #[must_use]
    pub fn login_impossible(&self, req: &RequestView<'_>) -> Reply {
        provider_out(req, "provider_not_ready")
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the flow, with time and randomness"
    )]
    fn signed_in(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        target: &ReturnTo,
        tokens: Tokens,
        checked: CheckedTokens,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Reply {
        let CheckedTokens { identity, kept } = checked;
        let mut id = [0; 16];
        if rng(&mut id).is_err() {
            return internal(req);
        }
        // A refresh token that could not be carried is not worth a failed login.
        let refresh_token = tokens
            .refresh_token
            .filter(|token| token.len() <= TOKEN_MAX);
        if kept.is_too_large() {
            return self.failed(req, target, TOO_LARGE, rng);
        }
        let person = self.mapping.person(&identity, &kept);
        let session = Session::establish(
            &identity,
            &self.provider.id,
            tokens.id_token,
            refresh_token,
            id,
            kept,
            now,
        );
        let Ok(sealed) = self
            .ring
            .seal(face.session_context(), &session.encode(now), rng)
        else {
            return internal(req);
        };
        let presented = face.cookies.presented(req.cookie_headers());
        let Some(cookies) = face.cookies.set_session(&sealed, &presented) else {
            return self.failed(req, target, TOO_LARGE, rng);
        };
        let user = person.ok().map(|person| person.user);
        let note = Note::new("signed_in").by(user.as_deref());
        Reply::redirect(target.as_str(), note).with_cookies(cookies)
    }

    /// Begins a login; `row` is the attempt and the time of the first one.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the flow, with time and randomness"
    )]
    fn begin(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        target: ReturnTo,
        row: (u8, UnixTime),
        reason: &'static str,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let (attempt, first_attempt) = row;
        let Ok(login) = PendingLogin::begin(&self.provider.id, target, attempt, now, rng) else {
            return Decision::Reply(internal(req));
        };
        let mut logins = self.logins_in_flight(req, face);
        logins.add(login.clone(), now);
        let state = login.state(first_attempt).encode();
        let sealed = self
            .ring
            .seal(face.state_context(), &state, rng)
            .and_then(|state| Ok((state, self.seal_logins(face, &logins, rng)?)));
        let Ok((state, set_cookie)) = sealed else {
            return Decision::Reply(internal(req));
        };
        Decision::Perform(Effect::Authorize(Authorize {
            state,
            nonce: login.nonce(),
            code_verifier: login.code_verifier(),
            redirect_uri: self.redirect_uri(face),
            set_cookie,
            reason,
        }))
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
        params: &Params,
        state: LoginState,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let presented = face.cookies.presented(req.cookie_headers());
        if self.identify(face, &presented, known.keys, now).is_ok() {
            let note = Note::new("login_unknown").because("already_signed_in");
            return Decision::Reply(Reply::redirect(state.target.as_str(), note));
        }
        if let Ok(Some(error)) = params.one("error") {
            return Decision::Reply(self.failed(req, &state.target, provider_error(error), rng));
        }
        let in_a_row = now.since(state.first_attempt) < ATTEMPTS_WITHIN;
        if in_a_row && state.attempt >= ATTEMPTS_MAX {
            return Decision::Reply(self.cookie_lost(req, face, &state, rng));
        }
        let row = if in_a_row {
            (state.attempt.saturating_add(1), state.first_attempt)
        } else {
            (1, now)
        };
        self.begin(
            req,
            face,
            state.target,
            row,
            "login_cookie_missing",
            now,
            rng,
        )
    }

    fn cookie_lost(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        state: &LoginState,
        rng: Rng<'_>,
    ) -> Reply {
        let reference = reference(rng);
        let page = Page::new("Sign-in goes in circles")
            .text("Your browser does not send back the cookie that this sign-in needs, so it was stopped after three attempts.")
            .text("Check that cookies are allowed for this site, and that you opened it under the address below.")
            .row("Address", face.origin.as_str())
            .row("Opened as", req.host())
            .row("Cookie", face.cookies.logins_name())
            .row("Needs https", if face.origin.is_https() { "yes" } else { "no" })
            .link(self.login_path(state.target.as_str()), "Try again");
        let page = match &reference {
            Some(reference) => page.detail("Reference", reference),
            None => page,
        };
        let note = Note {
            reference,
            ..Note::new("login_failed").because("login_cookie_lost")
        };
        Reply::page(StatusCode::BAD_REQUEST, &page, note)
    }

    fn read_state(&self, params: &Params, face: &Face) -> Result<LoginState, Failure> {
        let text = match params.one("state") {
            Ok(Some(text)) if text.len() <= STATE_MAX => text,
            // An error without `state` is shown, never acted upon (cognito.md 1.6).
            Ok(_) => {
                return Err(match params.one("error") {
                    Ok(Some(error)) => provider_error(error),
                    _ => NO_STATE,
                });
            }
            Err(Doubled) => return Err(NO_STATE),
        };
        let opened = self
            .ring
            .open(face.state_context(), text.as_bytes())
            .map_err(|_| NO_STATE)?;
        let state = LoginState::decode(&opened.plain, &face.origin).map_err(|_| NO_STATE)?;
        if state.provider == self.provider.id {
            Ok(state)
        } else {
            Err(WRONG_PROVIDER)
        }
    }

    fn logins_in_flight(&self, req: &RequestView<'_>, face: &Face) -> Logins {
        face.cookies
            .presented(req.cookie_headers())
            .logins_candidates()
            .iter()
            .find_map(|text| {
                let opened = self.ring.open(face.logins_context(), text).ok()?;
                Logins::decode(&opened.plain, &face.origin).ok()
            })
            .unwrap_or_default()
    }

    fn seal_logins(&self, face: &Face, logins: &Logins, rng: Rng<'_>) -> Result<String, SealError> {
        if logins.is_empty() {
            return Ok(face.cookies.delete_logins());
        }
        let sealed = self
            .ring
            .seal(face.logins_context(), &logins.encode(), rng)?;
        Ok(face.cookies.set_logins(&sealed))
    }

    /// The other logins stay in flight; the one that was answered is gone.
    fn keep_logins(&self, reply: Reply, face: &Face, logins: &Logins, rng: Rng<'_>) -> Reply {
        match self.seal_logins(face, logins, rng) {
            Ok(cookie) => reply.with_cookies([cookie]),
            Err(_) => reply,
        }
    }

    fn failed(
        &self,
        req: &RequestView<'_>,
        target: &ReturnTo,
        failure: Failure,
        rng: Rng<'_>,
    ) -> Reply {
        let reference = reference(rng);
        let page = Page::new("Sign-in did not complete")
            .text(failure.text)
            .link(self.login_path(target.as_str()), "Try again");
        let page = match &reference {
            Some(reference) => page.detail("Reference", reference),
            None => page,
        };
        let note = Note {
            reference,
            ..Note::new("login_failed").because(failure.reason)
        };
        Reply::refusal(req, failure.status, "login_failed", &page, note)
    }

    fn redirect_uri(&self, face: &Face) -> String {
        format!("{}{}", face.origin, self.paths.callback())
    }

    /// Coming back to a step of the flow itself would sign out or go in circles.
    pub(super) fn is_flow_path(&self, target: &ReturnTo) -> bool {
        use super::endpoint::Endpoint;
        let path = target.without_query();
        let canonical = super::request::RequestPath::parse(path.as_str());
        // A browser resolves what we would refuse, such as dot segments.
        canonical.map_or(true, |path| {
            !matches!(
                self.paths.classify(path.canonical()),
                None | Some(Endpoint::Whoami)
            )
        })
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
    /// Tokens that hold, and a userinfo answer that does not.
    #[error(transparent)]
    Userinfo(#[from] UserinfoError),
}

fn internal(req: &RequestView<'_>) -> Reply {
    let page = Page::new("Something went wrong").text("Please try again in a moment.");
    Reply::refusal(
        req,
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        &page,
        Note::new("internal_error").because("no_randomness"),
    )
}
