//! The causes of a circle: a closed list, and what is told of each.
//!
//! Owns the words, for the log, the person and the operator. Must not know how
//! a cause is found.

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
    pub(in crate::gate) what: &'static str,
    /// What the person can do.
    pub(in crate::gate) person: &'static str,
    /// What whoever runs the application can do.
    pub(in crate::gate) operator: &'static str,
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
                "Your browser sends back no cookie, and this sign-in needs one.",
                "Allow cookies for this site, and leave any mode that blocks them.",
                "A front proxy may also remove the Cookie or the Set-Cookie header.",
            ),
            Self::LoginCookieLost => (
                "Your browser does not send back the cookie that this sign-in needs.",
                "Delete the cookies of this site, allow new ones, and try again.",
                "Something between the browser and here may remove the cookie, or the browser has no room left for this host.",
            ),
            Self::OtherHost => (
                "This site was opened under another address than its own, and its cookies did not come along.",
                "Open it under its own address.",
                "What the browser shows, with its port, has to be in server.public_url, and the front proxy has to pass the Host header on.",
            ),
            Self::PlainHttp => (
                "This site seems to be opened by http, where your browser does not keep the cookie that this sign-in needs.",
                "Open it under its own address, which begins with https.",
                "The front proxy has to send people from http to https, since server.public_url says https and cookies are Secure.",
            ),
            Self::SessionCookieLost => (
                "You were signed in, but the cookie that says so did not come back.",
                "Delete the cookies of this site, and sign in once more.",
                "Something between the browser and here may remove the cookie, or other applications fill the room that browsers have for this host.",
            ),
            Self::TooLarge => (
                "You were signed in, but the cookie that says so is large and did not come back.",
                "Delete the cookies of this site; if that does not help, you cannot do more.",
                "Raise the header limits of the front proxy (nginx: large_client_header_buffers, and proxy_buffer_size for the answer), or have the provider put less into its tokens.",
            ),
            Self::ChunksMissing => (
                "You were signed in, but only a part of the cookies that say so came back.",
                "Delete the cookies of this site, and sign in once more.",
                "Raise the header limits of the front proxy (nginx: large_client_header_buffers, and proxy_buffer_size for the answer), or have the provider put less into its tokens.",
            ),
            Self::Unreadable => (
                "You were signed in, but the cookie that says so cannot be read here.",
                "Try again in a few minutes.",
                "All instances need the same session.keys and versions that read each other's cookies, and nothing on the way may change a cookie.",
            ),
            Self::Clocks => (
                "The clock of this application and that of the sign-in service differ too much.",
                "Try again later; you cannot do more.",
                "Have every machine that runs Vestibule keep its time by NTP.",
            ),
            Self::SessionRefused => (
                "You were signed in, and your session ended again at once.",
                "Try again later; you cannot do more.",
                "The log says why the session is refused; look at session.lifetime, session.idle_timeout and the life of the provider's tokens.",
            ),
            Self::App => (
                "You are signed in, but the application asked for a sign-in again and again.",
                "Open another page of the application; you need not sign in again.",
                "The application answers a signed-in request by sending people to the login; it may not read the headers that it is sent (see whoami), or keep a session of its own that has ended.",
            ),
        };
        Told {
            what,
            person,
            operator,
        }
    }
}
