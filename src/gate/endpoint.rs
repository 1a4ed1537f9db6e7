//! Our own URL space under `server.path_prefix`.
//!
//! Owns which paths are ours and which methods they take. Must not know what
//! they do.

use http::{Method, StatusCode};

use super::page::{Page, Word};
use super::reply::{Note, Reply};
use super::request::RequestView;

/// A path of ours (contract, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'p> {
    /// Starts a login, with a provider named in the path or not.
    Login {
        /// `/login/ID`.
        provider: Option<&'p str>,
    },
    /// The redirect URI.
    Callback {
        /// `/callback/ID`.
        provider: Option<&'p str>,
    },
    /// Where a login with a fragment ends, to put it back.
    Return,
    /// Where a form that was kept can be sent.
    Resume,
    /// Ends the session.
    Logout,
    /// Where the provider's logout returns, to go on from.
    LogoutThen {
        /// `/logout/then/ID`.
        provider: Option<&'p str>,
    },
    /// Where a sign-out ends.
    SignedOut,
    /// Who is signed in, for scripts.
    Session,
    /// Who is signed in, for people.
    Whoami,
    /// The keys by which apps verify the signed assertion.
    Jwks,
    /// Where a front proxy asks about a request that it has received.
    Auth {
        /// What follows, with its slash.
        below: Option<&'p str>,
    },
    /// Under our prefix, but nothing.
    Unknown,
}

/// The prefix, and paths of redirect URIs that need not be below it.
#[derive(Clone, Debug)]
pub struct OurPaths {
    prefix: String,
    callbacks: Vec<String>,
}

impl OurPaths {
    /// `prefix` begins with a slash and does not end in one.
    #[must_use]
    pub fn new(prefix: &str, callbacks: Vec<String>) -> Self {
        Self {
            prefix: prefix.to_owned(),
            callbacks,
        }
    }

    /// The prefix of all our paths.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The endpoint of a canonical path, or `None` if the path is the app's.
    #[must_use]
    pub fn classify<'p>(&self, path: &'p str) -> Option<Endpoint<'p>> {
        if self.callbacks.iter().any(|callback| callback == path) {
            return Some(Endpoint::Callback { provider: None });
        }
        let rest = path.strip_prefix(&self.prefix)?;
        if rest.is_empty() {
            return Some(Endpoint::Unknown);
        }
        Some(match rest.strip_prefix('/')? {
            // The second names are oauth2-proxy's.
            "login" | "start" | "sign_in" => Endpoint::Login { provider: None },
            "callback" => Endpoint::Callback { provider: None },
            "return" => Endpoint::Return,
            "resume" => Endpoint::Resume,
            "logout" | "sign_out" => Endpoint::Logout,
            "logout/then" => Endpoint::LogoutThen { provider: None },
            "signed-out" => Endpoint::SignedOut,
            "session" | "userinfo" => Endpoint::Session,
            "whoami" => Endpoint::Whoami,
            "jwks.json" => Endpoint::Jwks,
            "auth" => Endpoint::Auth { below: None },
            other if other.starts_with("auth/") => Endpoint::Auth {
                below: other.get("auth".len()..),
            },
            other => match other.split_once('/') {
                Some(("logout", rest)) if rest.starts_with("then/") => Endpoint::LogoutThen {
                    provider: rest.strip_prefix("then/"),
                },
                Some(("login", id)) => Endpoint::Login { provider: Some(id) },
                Some(("callback", id)) => Endpoint::Callback { provider: Some(id) },
                _ => Endpoint::Unknown,
            },
        })
    }
}

impl Endpoint<'_> {
    /// The same without a provider.
    pub(super) fn alone(self) -> Endpoint<'static> {
        match self {
            Self::Login { .. } => Endpoint::Login { provider: None },
            Self::Callback { .. } => Endpoint::Callback { provider: None },
            Self::Return => Endpoint::Return,
            Self::Resume => Endpoint::Resume,
            Self::Logout => Endpoint::Logout,
            Self::LogoutThen { .. } => Endpoint::LogoutThen { provider: None },
            Self::SignedOut => Endpoint::SignedOut,
            Self::Session => Endpoint::Session,
            Self::Whoami => Endpoint::Whoami,
            Self::Jwks => Endpoint::Jwks,
            Self::Auth { .. } => Endpoint::Auth { below: None },
            Self::Unknown => Endpoint::Unknown,
        }
    }

    /// Whether it takes a method.
    #[must_use]
    pub fn allows(self, method: &Method) -> bool {
        match self {
            Self::Auth { .. } | Self::Unknown => true,
            Self::Logout => matches!(*method, Method::GET | Method::HEAD | Method::POST),
            // A preview that only looks must not use up the code.
            Self::Callback { .. } => *method == Method::GET,
            _ => matches!(*method, Method::GET | Method::HEAD),
        }
    }

    /// 405 with the methods that it takes.
    #[must_use]
    pub fn method_not_allowed(self, req: &RequestView<'_>) -> Reply {
        let allowed = match self {
            Self::Logout => "GET, HEAD, POST",
            Self::Callback { .. } => "GET",
            _ => "GET, HEAD",
        };
        Reply::refusal(
            req,
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            Page::new(Word::MethodTitle).text(Word::MethodText),
            Note::new("bad_request").because("method"),
        )
        .with(http::header::ALLOW, allowed)
    }
}

#[cfg(test)]
mod tests;
