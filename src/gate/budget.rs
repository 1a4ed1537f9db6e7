//! How large a session may be: what its parts weigh, and what somebody is told
//! whose account does not fit.
//!
//! Owns the verdict at a login, so that nobody goes in circles with a cookie that
//! no browser keeps. Must not know how a session is sealed or cut into cookies.
//! Sizes are all that it says of an account: no claim, no token.

use http::StatusCode;

use super::cookie::{CHUNKS_MAX, VALUE_MAX};
use super::page::{Text, Word};
use super::provider::Provider;
use super::return_to::ReturnTo;
use super::seal::{OVERHEAD, Rng};
use super::session::Session;
use super::signin::Tokens;
use super::token::TOKEN_MAX;
use super::wire::Writer;
use super::{Gate, Note, Page, Reply, RequestView};
use crate::config::ProviderKind;

/// Most that a sealed session may take, in bytes of all its cookies.
pub const SEALED_MAX: usize = VALUE_MAX * CHUNKS_MAX;

/// A part of a session that a provider decides upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The ID token.
    IdToken,
    /// The refresh token.
    RefreshToken,
    /// The access token, which is kept where a header tells it.
    AccessToken,
    /// Claims of the access token that the mapping names.
    AccessClaims,
    /// Claims of userinfo that the mapping names.
    Userinfo,
}

/// A session that fits into no cookies. Holds sizes alone, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session takes {bytes} bytes where {limit} fit, mostly for: {}", Text::from(self.part().name()))]
pub struct Oversize {
    /// The part with a limit of its own; without, it is all of them together.
    of: Option<Part>,
    bytes: usize,
    limit: usize,
    sizes: Sizes,
}

/// What each part takes in a session, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sizes([usize; PARTS]);

const PARTS: usize = 5;

impl Part {
    const ALL: [Self; PARTS] = [
        Self::IdToken,
        Self::RefreshToken,
        Self::AccessToken,
        Self::AccessClaims,
        Self::Userinfo,
    ];

    /// What people call it.
    #[must_use]
    pub fn name(self) -> Word {
        match self {
            Self::IdToken => Word::TooLargeIdToken,
            Self::RefreshToken => Word::TooLargeRefreshToken,
            Self::AccessToken => Word::TooLargeAccessToken,
            Self::AccessClaims => Word::TooLargeAccessClaims,
            Self::Userinfo => Word::TooLargeUserinfo,
        }
    }

    /// The word for the log, from a closed list.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::IdToken => "session_too_large_id_token",
            Self::RefreshToken => "session_too_large_refresh_token",
            Self::AccessToken => "session_too_large_access_token",
            Self::AccessClaims => "session_too_large_access_claims",
            Self::Userinfo => "session_too_large_userinfo",
        }
    }

    /// What whoever runs this can do: one sentence for the log.
    fn remedy(self) -> &'static str {
        match self {
            Self::IdToken => {
                "let the provider put fewer groups and attributes into the ID token, or ask userinfo for them (provider.ID.userinfo)"
            }
            Self::RefreshToken => {
                "ask the provider why its refresh token is that long, or let it give none"
            }
            Self::AccessToken => {
                "do without telling the access token to the application (preset bearer, or {access_token}), or let the provider put less into it"
            }
            Self::AccessClaims | Self::Userinfo => {
                "name fewer claims in [identity], or let the provider say less in them"
            }
        }
    }

    /// The same for the person's page, to be passed on.
    fn advice(self) -> Word {
        match self {
            Self::IdToken => Word::TooLargeIdTokenRemedy,
            Self::RefreshToken => Word::TooLargeRefreshTokenRemedy,
            Self::AccessToken => {
                let template = "{access_token}".to_owned().into();
                Word::TooLargeAccessTokenRemedy { template }
            }
            Self::AccessClaims | Self::Userinfo => Word::TooLargeClaimsRemedy,
        }
    }
}

impl Oversize {
    /// A part that is beyond a limit of its own, both in bytes.
    #[must_use]
    pub fn of_part(part: Part, bytes: usize, limit: usize) -> Self {
        Self {
            of: Some(part),
            bytes,
            limit,
            sizes: Sizes::default(),
        }
    }

    /// Parts that each fit, and not together.
    pub(super) fn of_session(session: &Session) -> Self {
        Self {
            of: None,
            bytes: sealed_len(session.encode(session.sealed()).len()),
            limit: SEALED_MAX,
            sizes: Sizes::of(session),
        }
    }

    /// The part that it is the most use to make smaller.
    #[must_use]
    pub fn part(&self) -> Part {
        let largest = self.sizes.each().max_by_key(|(_, bytes)| *bytes);
        let largest = largest.map_or(Part::IdToken, |(part, _)| part);
        self.of.unwrap_or(largest)
    }
}

impl Sizes {
    fn of(session: &Session) -> Self {
        let token = |token: &str| {
            let mut out = Writer::new(0);
            out.token(Some(token));
            // Without the byte that names the format.
            out.finish().len().saturating_sub(1)
        };
        let [access_claims, userinfo] = session.kept().sizes();
        Self([
            token(session.id_token()),
            session.refresh_token().map_or(0, |text| token(text)),
            session.access_token().map_or(0, |text| token(text)),
            access_claims,
            userinfo,
        ])
    }

    fn each(&self) -> impl Iterator<Item = (Part, usize)> {
        Part::ALL.into_iter().zip(self.0)
    }
}

impl Gate {
    /// What a session of these tokens could not hold. Asked before anything of
    /// them is looked at.
    ///
    /// # Errors
    /// The part that is too large.
    pub fn check_sizes(&self, provider: &str, tokens: &Tokens) -> Result<(), Oversize> {
        let is_cognito = |provider: &Provider| provider.kind == ProviderKind::Cognito;
        let is_read = self.providers.named(provider).is_none_or(is_cognito);
        let of_access = is_read || self.headers.tell_access_token();
        let parts = [
            (Part::IdToken, Some(&tokens.id_token)),
            (
                Part::AccessToken,
                Some(&tokens.access_token).filter(|_| of_access),
            ),
        ];
        for (part, token) in parts {
            if let Some(bytes) = token.map(|token| token.len())
                && bytes > TOKEN_MAX
            {
                return Err(Oversize::of_part(part, bytes, TOKEN_MAX));
            }
        }
        Ok(())
    }

    /// 403: which part is too large, by how much, and what helps.
    pub(super) fn too_large(
        &self,
        req: &RequestView<'_>,
        target: &ReturnTo,
        over: &Oversize,
        rng: Rng<'_>,
    ) -> Reply {
        let mut facts = Page::default().text(over.part().advice());
        for (part, bytes) in over.sizes.each().filter(|(_, bytes)| *bytes > 0) {
            facts = facts.row(part.name(), in_bytes(bytes));
        }
        let what = over.of.map_or(Word::TooLargeAll, Part::name);
        let facts = facts
            .row(what, in_bytes(over.bytes))
            .row(Word::TooLargeLimit, in_bytes(over.limit));
        let page = Page::new(Word::TooLargeTitle)
            .text(Word::TooLargeText)
            .text(Word::CanBeChanged)
            .link(self.logout_path(target.as_str()), Word::SomeoneElse)
            .link(self.login_path(target.as_str()), Word::TryAgain)
            .below(Word::ForOperators, facts);
        let note = Note::new("login_failed")
            .because(over.part().reason())
            .remedied_by(over.part().remedy());
        Reply::referenced(req, StatusCode::FORBIDDEN, "login_failed", page, note, rng)
    }
}

/// The length of so many bytes once they are sealed, in characters.
pub(super) fn sealed_len(plain: usize) -> usize {
    ((plain + OVERHEAD) * 4).div_ceil(3)
}

fn in_bytes(bytes: usize) -> Word {
    let number = Text::Number(bytes);
    Word::TooLargeBytes { number }
}

#[cfg(test)]
mod tests;
