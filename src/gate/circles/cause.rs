//! The causes of a circle: a closed list, and what is told of each.
//!
//! Owns the words, for the log, the person and the operator. Must not know how
//! a cause is found.

use crate::gate::page::Word;

/// Why sign-ins go in circles, as far as a server can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gate) enum Cause {
    /// No cookie came at all.
    NoCookies,
    /// Other cookies came, and the one of the login did not.
    LoginCookieLost,
    /// The address is opened under another port than the configured one.
    OtherHost,
    /// The browser seems to be at http, where no `Secure` cookie is kept.
    PlainHttp,
    /// The login's cookie came, the session's did not.
    SessionCookieLost,
    /// The same with one that is large.
    TooLarge,
    /// Some of the session's cookies came.
    ChunksMissing,
    /// The session came, and cannot be read here.
    Unreadable,
    /// The session's token has ended, or not begun, by our clock.
    Clocks,
    /// The session came, and ends by the configuration at once.
    SessionRefused,
    /// The session holds, and the application asks for a sign-in all the same.
    App,
}

/// What a page says of a cause.
pub(in crate::gate) struct Told {
    /// What happened: one sentence.
    pub(in crate::gate) what: Word,
    /// What the person can do.
    pub(in crate::gate) person: Word,
    /// What whoever runs the application can do.
    pub(in crate::gate) operator: Word,
}

impl Cause {
    #[cfg(test)]
    pub(in crate::gate) const ALL: [Self; 11] = [
        Self::NoCookies,
        Self::LoginCookieLost,
        Self::OtherHost,
        Self::PlainHttp,
        Self::SessionCookieLost,
        Self::TooLarge,
        Self::ChunksMissing,
        Self::Unreadable,
        Self::Clocks,
        Self::SessionRefused,
        Self::App,
    ];

    /// The word for the log, from a closed list.
    pub(in crate::gate) fn reason(self) -> &'static str {
        match self {
            Self::NoCookies | Self::LoginCookieLost => "login_cookie_lost",
            Self::OtherHost => "login_other_host",
            Self::PlainHttp => "login_plain_http",
            Self::SessionCookieLost => "session_cookie_lost",
            Self::TooLarge => "session_cookie_too_large",
            Self::ChunksMissing => "session_chunks_missing",
            Self::Unreadable => "session_unreadable",
            Self::Clocks => "session_clock_skew",
            Self::SessionRefused => "session_ends_at_once",
            Self::App => "app_asks_again",
        }
    }

    pub(in crate::gate) fn told(self) -> Told {
        let (what, person, operator) = match self {
            Self::NoCookies => (
                Word::CirclesNoCookies,
                Word::CirclesNoCookiesPerson,
                Word::CirclesNoCookiesOperator,
            ),
            Self::LoginCookieLost => (
                Word::CirclesLoginCookieLost,
                Word::CirclesLoginCookieLostPerson,
                Word::CirclesLoginCookieLostOperator,
            ),
            Self::OtherHost => (
                Word::CirclesOtherHost,
                Word::CirclesOtherHostPerson,
                Word::CirclesOtherHostOperator,
            ),
            Self::PlainHttp => (
                Word::CirclesPlainHttp,
                Word::CirclesPlainHttpPerson,
                Word::CirclesPlainHttpOperator,
            ),
            Self::SessionCookieLost => (
                Word::CirclesSessionCookieLost,
                Word::CirclesSessionCookieLostPerson,
                Word::CirclesSessionCookieLostOperator,
            ),
            Self::TooLarge => (
                Word::CirclesTooLarge,
                Word::CirclesTooLargePerson,
                Word::CirclesTooLargeOperator,
            ),
            Self::ChunksMissing => (
                Word::CirclesChunksMissing,
                Word::CirclesSessionCookieLostPerson,
                Word::CirclesTooLargeOperator,
            ),
            Self::Unreadable => (
                Word::CirclesUnreadable,
                Word::CirclesUnreadablePerson,
                Word::CirclesUnreadableOperator,
            ),
            Self::Clocks => (
                Word::CirclesClocks,
                Word::CirclesLater,
                Word::CirclesClocksOperator,
            ),
            Self::SessionRefused => (
                Word::CirclesSessionRefused,
                Word::CirclesLater,
                Word::CirclesSessionRefusedOperator,
            ),
            Self::App => (
                Word::CirclesApp,
                Word::CirclesAppPerson,
                Word::CirclesAppOperator,
            ),
        };
        Told {
            what,
            person,
            operator,
        }
    }
}
