//! What a provider says of a person beside the ID token, once per login: by
//! userinfo, and in Cognito's access tokens.
//!
//! Owns what such an answer has to be. Must not know how it was asked for.

use super::Gate;
use super::budget::Oversize;
use super::identity::KeptClaims;
use super::provider::Provider;
use super::time::UnixTime;
use super::token::{KeySet, TokenError, VerifiedIdentity, json};
use crate::config::ProviderKind;

/// Why a userinfo answer counts for nothing, and the login fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserinfoError {
    /// No answer, 5xx or throttling.
    #[error("the userinfo endpoint did not answer as it should")]
    Unavailable,
    /// Another status than 200: it does not take the access token.
    #[error("the userinfo endpoint refused the access token")]
    Refused,
    /// No JSON object, or one with a member twice.
    #[error("the userinfo answer is no JSON object")]
    Malformed,
    /// `sub` is missing or not the ID token's (OpenID Connect Core 5.3.2).
    #[error("the userinfo answer is about somebody else")]
    OtherSubject,
    /// More than a session can hold.
    #[error(transparent)]
    TooLarge(#[from] Oversize),
}

/// Tokens that hold, and the claims of this login that a session keeps.
#[derive(Debug)]
pub struct CheckedTokens {
    /// Whose login it is.
    pub identity: VerifiedIdentity,
    /// What is kept beside the ID token.
    pub kept: KeptClaims,
    /// The provider that they are of.
    pub(super) provider: String,
}

impl Gate {
    /// Whether a login at a provider asks for userinfo (`provider.ID.userinfo`).
    #[must_use]
    pub fn wants_userinfo(&self, provider: &str) -> bool {
        let provider = self.providers.named(provider);
        provider.is_some_and(|provider| provider.mapping.wants_userinfo())
    }

    /// Adds the claims of a userinfo answer that the mapping names.
    ///
    /// # Errors
    /// See [`UserinfoError`].
    pub fn take_userinfo(
        &self,
        checked: &mut CheckedTokens,
        answer: &[u8],
    ) -> Result<(), UserinfoError> {
        let claims = json::object(answer).map_err(|_| UserinfoError::Malformed)?;
        let subject = claims.get("sub").and_then(serde_json::Value::as_str);
        if subject != Some(checked.identity.subject()) {
            return Err(UserinfoError::OtherSubject);
        }
        let provider = self.providers.named(&checked.provider);
        let mapping = &provider.ok_or(UserinfoError::OtherSubject)?.mapping;
        mapping.keep_userinfo(&mut checked.kept, &claims);
        checked.kept.check_size()?;
        Ok(())
    }

    /// Beside an ID token that holds, the access token that came with it: Cognito's
    /// is verified, and has claims to keep; others' are opaque to us.
    pub(super) fn with_access_token(
        &self,
        provider: &Provider,
        identity: VerifiedIdentity,
        access_token: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<CheckedTokens, TokenError> {
        let mut kept = KeptClaims::default();
        if provider.kind == ProviderKind::Cognito {
            let access = provider.verifier.verify_access(access_token, keys, now)?;
            identity.check_access(&access)?;
            if self.uses_access_token(provider) {
                identity.check_grant(&access)?;
            }
            kept = provider.mapping.keep_access(access.claims());
        }
        Ok(CheckedTokens {
            provider: provider.id.clone(),
            identity,
            kept,
        })
    }

    /// Whether anything comes from an access token: claims, userinfo, a header.
    fn uses_access_token(&self, provider: &Provider) -> bool {
        self.headers.tell_access_token()
            || provider.mapping.wants_userinfo()
            || provider.mapping.reads_access_token()
    }
}

impl UserinfoError {
    /// The word for the log, from a closed list.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unavailable => "userinfo_unavailable",
            Self::Refused => "userinfo_refused",
            Self::Malformed => "userinfo_malformed",
            Self::OtherSubject => "userinfo_other_subject",
            Self::TooLarge(over) => over.part().reason(),
        }
    }
}

#[cfg(test)]
mod tests;
