//! One thing that was found out about a provider, and how it is told.
//!
//! Owns the closed lists of subjects and verdicts. What a provider wrote is
//! shown without control characters, and never at length.

use std::fmt;

use serde_json::{Value, json};

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The discovery document (OpenID Connect Discovery 1.0, 4).
    Discovery,
    /// Its issuer.
    Issuer,
    /// The JWK set.
    Keys,
    /// This machine's clock, by the provider's.
    Clock,
    /// Where browsers sign in.
    Authorization,
    /// Where codes are redeemed.
    Token,
    /// Where further claims are.
    Userinfo,
    /// Where refresh tokens are revoked.
    Revocation,
    /// Where browsers sign out.
    Logout,
    /// The scopes that are asked for.
    Scopes,
    /// Refresh tokens.
    RefreshToken,
    /// PKCE with S256 (RFC 7636).
    Pkce,
    /// What tokens are signed with.
    Algorithms,
    /// How our client proves itself.
    ClientAuth,
    /// Where logins come back to.
    RedirectUri,
    /// Where sign-outs come back to.
    SignOutUri,
}

/// How good or bad it is; the worst decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and somebody may not want it so.
    Warning,
    /// Sign-ins will fail, and neither configuration nor provider is to blame: the clock.
    Failing,
    /// A service that is needed does not answer, or with something else.
    Absent,
    /// The provider says otherwise than the configuration.
    Contradiction,
}

/// What, where, and what to do about it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is about.
    pub about: About,
    /// How good or bad it is.
    pub verdict: Verdict,
    /// The provider's name in the configuration.
    pub provider: String,
    /// The URL that was asked.
    pub at: String,
    /// What was found.
    pub words: String,
    /// What to do; empty where nothing has to be done.
    pub remedy: &'static str,
}

impl About {
    /// The name that scripts know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Issuer => "issuer",
            Self::Keys => "keys",
            Self::Clock => "clock",
            Self::Authorization => "authorization",
            Self::Token => "token",
            Self::Userinfo => "userinfo",
            Self::Revocation => "revocation",
            Self::Logout => "logout",
            Self::Scopes => "scopes",
            Self::RefreshToken => "refresh_token",
            Self::Pkce => "pkce",
            Self::Algorithms => "signing_algorithms",
            Self::ClientAuth => "client_auth",
            Self::RedirectUri => "redirect_uri",
            Self::SignOutUri => "sign_out_uri",
        }
    }
}

impl Verdict {
    /// The name that scripts know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::Failing => "failing",
            Self::Absent => "absent",
            Self::Contradiction => "contradiction",
        }
    }
}

impl Finding {
    /// For scripts: one object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "provider": self.provider,
            "check": self.about.name(),
            "verdict": self.verdict.name(),
            "url": self.at,
            "found": self.words,
            "remedy": (!self.remedy.is_empty()).then_some(self.remedy),
        })
    }
}

impl fmt::Display for Finding {
    /// For people, without a newline at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verdict, about) = (self.verdict.name(), self.about.name());
        write!(
            f,
            "{verdict}: provider.{}: {about}: {} ({})",
            self.provider, self.words, self.at
        )?;
        match self.remedy {
            "" => Ok(()),
            remedy => write!(
                f,
                "\n    {}",
                remedy.replace("provider.ID", &format!("provider.{}", self.provider))
            ),
        }
    }
}

/// A text of the provider's: in quotes, without control characters, cut where it is long.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let cut: String = text.chars().take(LONGEST).collect();
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("{cut:?}{dots}")
}
