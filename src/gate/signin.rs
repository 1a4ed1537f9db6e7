//! Signing in: the way to the provider.
//!
//! Owns the login endpoint and the logins in flight; the way back is
//! [`callback`](super::callback).

use http::StatusCode;
use zeroize::Zeroizing;

use super::callback::hint::ClientRefusal;
use super::chooser::{self, Choice};
use super::face::Face;
use super::fragment::{self, FragmentKey};
use super::login::{CodeExchange, Logins, PendingLogin};
use super::page::Word;
use super::provider::Provider;
use super::query::{Doubled, Params};
use super::return_to::ReturnTo;
use super::seal::{Rng, SealError};
use super::time::UnixTime;
use super::unauthenticated::provider_out;
use super::{Asker, Decision, Effect, Gate, Known, Note, Page, Reply, RequestView};

/// Longest value of a parameter that a login link passes on, in bytes.
const PASSED_ON_MAX: usize = 512;

/// OpenID Connect Core 3.1.2.1.
const LOGIN_HINT: &str = "login_hint";

/// What the authorization URL is built from.
pub struct Authorize {
    /// The provider that is asked.
    pub provider: String,
    /// The sealed `state`.
    pub state: String,
    /// The `nonce`.
    pub nonce: String,
    /// The PKCE verifier, of which the challenge is made.
    pub code_verifier: Zeroizing<String>,
    /// The redirect URI of this origin.
    pub redirect_uri: String,
    /// Parameters of the login link that may be passed on.
    pub passed_on: Vec<(String, String)>,
    /// Whether the person has to authenticate anew, whatever the provider
    /// remembers of them (`prompt=login`, OpenID Connect Core 3.1.2.1).
    pub reauthenticate: bool,
    set_cookie: String,
    reason: &'static str,
}

/// A code to redeem at the provider of its login, and what is needed to go on afterwards.
pub struct Exchange {
    /// The code with the login that it answers.
    pub exchange: CodeExchange,
    /// The redirect URI of the authorization request, byte for byte.
    pub redirect_uri: String,
    pub(super) others: Logins,
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
    #[error("the provider refused our client: {0}")]
    Client(ClientRefusal),
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
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let params = Params::of(req);
        let named = self.named_provider(in_path, &params);
        let named = named.ok().filter(|_| self.providers.sign_anybody_in());
        let Some(named) = named else {
            return Decision::Reply(Reply::refusal(
                req,
                StatusCode::NOT_FOUND,
                "not_found",
                Page::new(Word::NotFoundTitle).text(Word::NotFoundProvider),
                Note::new("not_found").because("provider_unknown"),
            ));
        };
        if Asker::of(req) == Asker::Prefetch {
            // A guess of the browser begins no login.
            let why = super::policy::NoIdentity::NoCookie;
            return Decision::Reply(self.unauthenticated(req, face, why, rng));
        }
        if let Some(reply) = self.login_elsewhere(req, face, &params) {
            return Decision::Reply(reply);
        }
        if let Some(reply) = self.stopped(req, face, &params, known, now, rng) {
            return Decision::Reply(reply);
        }
        if let Some(reply) = self.login_at_app_path(req, face, &params) {
            return Decision::Reply(reply);
        }
        let target = self.wanted(&params, face);
        if named.is_none()
            && let Some(renewed) = self.renewed_at_login(req, face, &target, known, now, rng)
        {
            return renewed;
        }
        if fragment::may_be_there(req, &params) {
            return match FragmentKey::fresh(rng) {
                Ok(key) => Decision::Reply(fragment::asking_page(req, key)),
                Err(_) => Decision::Reply(internal(req, rng)),
            };
        }
        let provider = match named.or_else(|| self.providers.only()) {
            Some(provider) => provider,
            None => match self.choose(req, face, &params, &target) {
                Choice::Made(provider) => provider,
                Choice::Asked(reply) => return Decision::Reply(reply),
            },
        };
        let anew = self.has_to_reauthenticate(provider, req, face, &params, known, now);
        let reason = if anew { "reauthenticate" } else { "asked" };
        let mut decision = self.begin(
            req,
            face,
            provider,
            target,
            (1, now),
            anew,
            reason,
            now,
            rng,
        );
        if let Decision::Perform(Effect::Authorize(authorize)) = &mut decision {
            authorize.passed_on = passed_on(provider, &params);
        }
        decision
    }

    /// The provider that a login link names, if it names one.
    ///
    /// # Errors
    /// If there is none of that name, or two are named.
    fn named_provider(
        &self,
        in_path: Option<&str>,
        params: &Params,
    ) -> Result<Option<&Provider>, NoSuchProvider> {
        let in_query = params.one("provider").map_err(|Doubled| NoSuchProvider)?;
        match (in_path, in_query) {
            (None, None) => Ok(None),
            (Some(one), Some(other)) if one != other => Err(NoSuchProvider),
            (Some(id), _) | (None, Some(id)) => {
                self.providers.named(id).map(Some).ok_or(NoSuchProvider)
            }
        }
    }

    /// 302 to the provider, once the edge has built the URL.
    #[must_use]
    pub fn login_started(&self, authorize: Authorize, url: &url::Url) -> Reply {
        let note = Note::new("login_started").because(authorize.reason);
        Reply::redirect(url.as_str(), note).with_cookies([authorize.set_cookie])
    }

    /// 503, when the provider's endpoints are not known yet.
    #[must_use]
    pub fn login_impossible(&self, req: &RequestView<'_>, rng: Rng<'_>) -> Reply {
        provider_out(req, "provider_not_ready", rng)
    }

    /// Begins a login; `row` is the attempt and the time of the first one, and
    /// with `anew` the person has to authenticate anew.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the flow, with time and randomness"
    )]
    pub(super) fn begin(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        provider: &Provider,
        target: ReturnTo,
        row: (u8, UnixTime),
        anew: bool,
        reason: &'static str,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let logins = self.logins_in_flight(req, face);
        self.begin_beside(
            logins, face, req, provider, target, row, anew, reason, now, rng,
        )
    }

    /// The same beside these logins in flight.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the flow, with time and randomness"
    )]
    pub(super) fn begin_beside(
        &self,
        mut logins: Logins,
        face: &Face,
        req: &RequestView<'_>,
        provider: &Provider,
        target: ReturnTo,
        row: (u8, UnixTime),
        anew: bool,
        reason: &'static str,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let (attempt, first_attempt) = row;
        let Ok(login) = PendingLogin::begin(&provider.id, target, attempt, now, rng) else {
            return Decision::Reply(internal(req, rng));
        };
        let login = login.asking(provider.asked);
        let login = if anew {
            login.reauthenticating()
        } else {
            login
        };
        logins.add(login.clone(), now);
        let state = login.state(first_attempt).encode();
        let sealed = self
            .ring
            .seal(face.state_context(), &state, rng)
            .and_then(|state| Ok((state, self.seal_logins(face, &logins, rng)?)));
        let Ok((state, set_cookie)) = sealed else {
            return Decision::Reply(internal(req, rng));
        };
        Decision::Perform(Effect::Authorize(Authorize {
            provider: provider.id.clone(),
            state,
            nonce: login.nonce(),
            code_verifier: login.code_verifier(),
            redirect_uri: face.redirect_uri(provider),
            passed_on: Vec::new(),
            reauthenticate: anew,
            set_cookie,
            reason,
        }))
    }

    pub(super) fn logins_in_flight(&self, req: &RequestView<'_>, face: &Face) -> Logins {
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
    pub(super) fn keep_logins(
        &self,
        reply: Reply,
        face: &Face,
        logins: &Logins,
        rng: Rng<'_>,
    ) -> Reply {
        match self.seal_logins(face, logins, rng) {
            Ok(cookie) => reply.with_cookies([cookie]),
            Err(_) => reply,
        }
    }
}

/// A login link names a provider that there is not.
struct NoSuchProvider;

/// What a login link says to the provider, as far as it may. An email address
/// that has chosen the provider need not be typed there once more.
fn passed_on(provider: &Provider, params: &Params) -> Vec<(String, String)> {
    let said = |name: &String| {
        let value = params.one(name).ok()?;
        let typed = || {
            params
                .one(chooser::EMAIL)
                .ok()?
                .filter(|_| name == LOGIN_HINT)
        };
        let value = value.or_else(typed)?;
        (value.len() <= PASSED_ON_MAX).then(|| (name.clone(), value.to_owned()))
    };
    provider.forwarded.iter().filter_map(said).collect()
}

pub(super) fn internal(req: &RequestView<'_>, rng: Rng<'_>) -> Reply {
    let page = Page::new(Word::InternalTitle).text(Word::Moment);
    Reply::referenced(
        req,
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        page,
        Note::new("internal_error").because("no_randomness"),
        rng,
    )
}
