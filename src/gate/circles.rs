//! Sign-ins that go in circles: after three within a minute, a page that says why.
//!
//! Owns the causes, how they are told apart by what the browser sent, and what
//! the page says of each. Must not know how a login goes.
//!
//! A circle closes in two ways. The login-state cookie is lost: then the sealed
//! `state` counts. Or the session is lost, or not taken for one: then the
//! login-state cookie counts ([`Row`]).

use http::StatusCode;

use super::cookie::VALUE_MAX;
use super::face::Face;
use super::identify::Missing;
use super::login::{LoginState, ROW_WITHIN, Row};
use super::origin::split_host;
use super::page::Word;
use super::policy::NoIdentity;
use super::query::Params;
use super::return_to::ReturnTo;
use super::seal::Rng;
use super::time::UnixTime;
use super::token::{KeySet, TokenError};
use super::{Gate, Known, Note, Page, Reply, RequestView};
use crate::gate::time::LEEWAY;

mod cause;

pub(super) use cause::Cause;

/// Logins in a row after which another one would not help either.
const LOGINS_MAX: u8 = 3;

/// Characters of a `Cookie` header from which on front proxies begin to refuse
/// or cut it: half of the 8 KiB that they commonly give to one header line.
const LARGE: u32 = 4_096;

/// Logins in a row that an application leads to, and nobody types.
const TYPED_MAX: u8 = 2 * LOGINS_MAX;

impl Gate {
    /// The row that another attempt with this `state` belongs to, and which
    /// attempt it would be; `None` if there have been enough.
    pub(super) fn next_attempt(state: &LoginState, now: UnixTime) -> Option<(u8, UnixTime)> {
        if now.since(state.first_attempt) >= ROW_WITHIN {
            return Some((1, now));
        }
        (state.attempt < LOGINS_MAX).then(|| (state.attempt.saturating_add(1), state.first_attempt))
    }

    /// The page instead of one more login, if each of the last ones led to a
    /// session, and here is somebody again who wants to sign in.
    pub(super) fn stopped(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        params: &Params,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Option<Reply> {
        let mut logins = self.logins_in_flight(req, face);
        let row = logins.row(now).filter(|row| row.logins >= LOGINS_MAX)?;
        let presented = face.cookies.presented(req.cookie_headers());
        let session = self.open_session(face, &presented).ok();
        let provider = session.and_then(|session| self.providers.of(&session));
        let clocks = provider
            .or_else(|| self.providers.only())
            .and_then(|provider| known.of(provider).clock_ahead)
            .filter(|ahead| ahead.unsigned_abs() > LEEWAY);
        let cause = match self.identify(face, &presented, known, now) {
            // Whoever types the address, or has a bookmark of it, means it. What
            // redirects lead to from there counts as typed too, so that even this ends.
            Ok(_) | Err(Missing::Tokens(_))
                if req.header("sec-fetch-site") == Some("none") && row.logins < TYPED_MAX =>
            {
                return None;
            }
            // Tokens that end as they come.
            Err(Missing::Tokens(_)) if clocks.is_some() => Cause::Clocks,
            Ok(_) | Err(Missing::Tokens(_)) => Cause::App,
            Err(Missing::Identity(_)) if presented.lacks_chunks(whole_chunks(row)) => {
                Cause::ChunksMissing
            }
            Err(Missing::Identity(NoIdentity::NotRenewed)) if clocks.is_some() => Cause::Clocks,
            Err(Missing::Identity(why)) => Cause::of_session(why, row.characters > LARGE)?,
        };
        let target = self.wanted(params, face);
        let mut facts = facts(req, face)
            .row(
                Word::CirclesSessionCookie,
                face.cookies.session_name().to_owned(),
            )
            .row(
                Word::CirclesCookieSize,
                Word::CirclesCharacters {
                    number: row.characters.to_string().into(),
                },
            );
        if let Some(skew) = clocks.or_else(|| self.skew_of_session(face, &presented, cause, now)) {
            facts = facts.row(Word::CirclesClocksDiffer, seconds(skew));
        }
        let page = self.circles_page(face, cause, &target, facts);
        // A person who tries again is not stopped at once.
        logins.forget_row();
        let reply = circles(req, page, cause, rng);
        Some(self.keep_logins(reply, face, &logins, rng))
    }

    /// The page after the last attempt with a login-state cookie that did not
    /// come back.
    pub(super) fn login_cookie_lost(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        target: &ReturnTo,
        rng: Rng<'_>,
    ) -> Reply {
        let sent = req.cookie_headers().next().is_some();
        let cause = if other_host(req, face) {
            Cause::OtherHost
        } else if face.origin.is_https() && looks_like_http(req) {
            Cause::PlainHttp
        } else if sent {
            Cause::LoginCookieLost
        } else {
            Cause::NoCookies
        };
        let presented = face.cookies.presented(req.cookie_headers());
        let sent = match (sent, presented.logins_candidates().is_empty()) {
            (false, _) => Word::CirclesCookiesNone,
            (true, true) => Word::CirclesCookiesOthers,
            (true, false) => Word::CirclesCookiesOfNoUse,
        };
        let facts = facts(req, face)
            .row(
                Word::CirclesLoginCookie,
                face.cookies.logins_name().to_owned(),
            )
            .row(Word::CirclesCookiesCame, sent);
        let page = self.circles_page(face, cause, target, facts);
        circles(req, page, cause, rng)
    }

    /// What the person can do comes first, then what is for others.
    fn circles_page(&self, face: &Face, cause: Cause, target: &ReturnTo, facts: Page) -> Page {
        let told = cause.told();
        let again = self.login_path(target.as_str());
        let page = Page::new(Word::CirclesTitle)
            .text(Word::CirclesStopped {
                what: told.what.into(),
            })
            .text(told.person);
        let page = match cause {
            Cause::OtherHost | Cause::PlainHttp => {
                let text = Word::CirclesOpen {
                    origin: face.origin.to_string().into(),
                };
                page.link(format!("{}{again}", face.origin), text)
            }
            _ => page.link(again, Word::TryAgain),
        };
        page.below(Word::ForOperators, facts.text(told.operator))
    }

    /// How far the clocks are apart, if the session's token says so.
    fn skew_of_session(
        &self,
        face: &Face,
        presented: &super::cookie::Presented<'_>,
        cause: Cause,
        now: UnixTime,
    ) -> Option<i64> {
        if cause != Cause::Clocks {
            return None;
        }
        let session = self.open_session(face, presented).ok()?;
        super::token::issued_at(session.id_token()).map(|issued| difference(now, issued))
    }

    /// Why tokens that have just been issued are not believed, with the
    /// difference of the clocks where that is the cause: of a token that is
    /// genuine, and would hold at the moment at which it was issued.
    #[must_use]
    pub fn failed_check(
        &self,
        provider: &str,
        error: TokenError,
        id_token: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> super::callback::Failed {
        if let TokenError::Expired | TokenError::NotYetValid = error
            && let Some(issued) = super::token::issued_at(id_token)
            && let Some(provider) = self.providers.named(provider)
            && provider.verifier.verify(id_token, keys, issued).is_ok()
        {
            let seconds = difference(now, issued);
            if seconds.unsigned_abs() > LEEWAY {
                return super::callback::Failed::Clocks(error, seconds);
            }
        }
        error.into()
    }

    /// The page for tokens that have ended, or not begun, as they are issued.
    pub(super) fn clocks_differ(
        &self,
        req: &RequestView<'_>,
        target: &ReturnTo,
        error: TokenError,
        skew: i64,
        rng: Rng<'_>,
    ) -> Reply {
        let told = Cause::Clocks.told();
        let remedy = told.operator.english();
        let facts = Page::default()
            .text(told.operator)
            .row(Word::CirclesClocksDiffer, seconds(skew));
        let page = Page::new(Word::LoginFailedTitle)
            .text(told.what)
            .text(told.person)
            .link(self.login_path(target.as_str()), Word::TryAgain)
            .below(Word::ForOperators, facts);
        let note = Note::new("login_failed")
            .because(error.reason())
            .remedied_by(remedy);
        Reply::referenced(
            req,
            StatusCode::BAD_GATEWAY,
            "login_failed",
            page,
            note,
            rng,
        )
    }
}

/// Where the site is, and where the browser seems to think that it is.
fn facts(req: &RequestView<'_>, face: &Face) -> Page {
    let facts = Page::default().row(Word::CirclesAddress, face.origin.to_string());
    let facts = match other_host(req, face) {
        true => facts.row(Word::CirclesOpenedAs, req.host().to_owned()),
        false => facts,
    };
    // Whoever asks may have made it up; it is shown, and decides no access.
    match req.header("x-forwarded-proto") {
        Some("http") if face.origin.is_https() => facts.row(Word::CirclesCameBy, "http".to_owned()),
        _ => facts,
    }
}

/// In words: positive if we are ahead.
fn seconds(skew: i64) -> Word {
    let number = skew.unsigned_abs().to_string().into();
    match skew > 0 {
        true => Word::CirclesAhead { number },
        false => Word::CirclesBehind { number },
    }
}

fn difference(now: UnixTime, issued: UnixTime) -> i64 {
    let span = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    match now >= issued {
        true => span(now.since(issued)),
        false => span(issued.since(now)).saturating_neg(),
    }
}

/// How many chunks the last session was cut into; 0 if it was not.
fn whole_chunks(row: Row) -> usize {
    let characters = usize::try_from(row.characters).unwrap_or(usize::MAX);
    match characters > VALUE_MAX {
        true => characters.div_ceil(VALUE_MAX),
        false => 0,
    }
}

/// Whether the request names another port than the public origin: it is served
/// for the sake of port mappings, but the browser may be somewhere else.
fn other_host(req: &RequestView<'_>, face: &Face) -> bool {
    split_host(req.host()).is_none_or(|(name, port)| {
        !name.eq_ignore_ascii_case(face.origin.host())
            || port.map_or_else(
                || face.origin.authority() != face.origin.host(),
                |port| port != face.origin.port(),
            )
    })
}

/// Whether a browser that should be at an https address seems not to be: a
/// front proxy says so, or Fetch Metadata is not there, which browsers send to
/// https (and loopback) addresses alone.
fn looks_like_http(req: &RequestView<'_>) -> bool {
    req.header("x-forwarded-proto") == Some("http") || !req.headers().contains_key("sec-fetch-mode")
}

fn circles(req: &RequestView<'_>, page: Page, cause: Cause, rng: Rng<'_>) -> Reply {
    let note = Note::new("login_failed")
        .because(cause.reason())
        .remedied_by(cause.told().operator.english());
    Reply::referenced(
        req,
        StatusCode::BAD_REQUEST,
        "login_failed",
        page,
        note,
        rng,
    )
}

impl Cause {
    /// What is wrong with a session that came back, or did not; `None` if
    /// another login is the right answer.
    fn of_session(why: NoIdentity, large: bool) -> Option<Self> {
        Some(match why {
            NoIdentity::NoCookie if large => Self::TooLarge,
            NoIdentity::NoCookie => Self::SessionCookieLost,
            NoIdentity::Unreadable(_) | NoIdentity::UnknownFormat => Self::Unreadable,
            NoIdentity::Token(TokenError::Expired | TokenError::NotYetValid) => Self::Clocks,
            // They ended, and it was meant so.
            NoIdentity::Denied | NoIdentity::Revoked => return None,
            // One more login by prompt=login, which counts its own attempts.
            NoIdentity::AuthTooOld => return None,
            // Not even the login would go on.
            NoIdentity::NoKeys | NoIdentity::ProviderOut => return None,
            // Of bearer tokens, which begin no login.
            NoIdentity::BearerMalformed | NoIdentity::BearerNotTaken => return None,
            NoIdentity::OtherProvider
            | NoIdentity::LifetimeOver
            | NoIdentity::Idle
            | NoIdentity::NotRenewed
            | NoIdentity::Token(_) => Self::SessionRefused,
        })
    }
}

#[cfg(test)]
mod tests;
