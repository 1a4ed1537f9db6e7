//! From what a provider answers to a [`Cause`].
//!
//! Branches on OAuth's `error` alone: status, and whether there is a session,
//! hang on nothing else. The description is only ever a hint at the cause, since
//! it is no stable text (cognito.md 1.6), and it is compared, never shown and
//! never logged: it may hold an account name, an attribute's value, a token of
//! another directory's answer. Where there is no `state` of ours it is not even
//! compared: anybody can write such a link.

use http::StatusCode;

use super::cause::Cause;

/// Of a longer one, this much is looked at, in characters.
const LOOKED_AT: usize = 1_024;

/// How the observed texts begin, or what they hold, in lower case and with
/// single spaces. Those that are parts of others' come later.
const KNOWN: [(&str, Cause); 22] = [
    ("invalid_scope", Cause::InvalidScope),
    ("attributes required", Cause::AttributesRequired),
    ("attribute cannot be updated", Cause::AttributeImmutable),
    ("cannot have a length of more", Cause::AttributeTooLong),
    ("invalid user attributes", Cause::AttributeRefused),
    ("user is not enabled", Cause::UserDisabled),
    ("user is disabled", Cause::UserDisabled),
    ("bad id_token issuer", Cause::BadIssuer),
    ("already found an entry for username", Cause::JustLinked),
    (
        "username attribute mapping required",
        Cause::UsernameUnmapped,
    ),
    ("invalid saml response", Cause::SamlResponse),
    ("pretokengeneration failed", Cause::TriggerFailed),
    ("presignup failed", Cause::TriggerFailed),
    ("failed with error", Cause::TriggerFailed),
    // Entra: the person said no (cognito.md 8, U7).
    ("aadsts65004", Cause::AccessDenied),
    ("access_denied", Cause::AccessDenied),
    ("bad token response", Cause::DirectoryRefused),
    ("timeout occurred in calling", Cause::DirectoryUnreachable),
    ("timeout in calling", Cause::DirectoryUnreachable),
    ("connection reset", Cause::DirectoryUnreachable),
    ("read timed out", Cause::DirectoryUnreachable),
    (
        "exception processing authorization code",
        Cause::ServerError,
    ),
];

/// What an `error` at the callback means, and with which status it is told.
pub(super) fn of_error(error: &str) -> (StatusCode, Cause) {
    match error {
        "access_denied" => (StatusCode::FORBIDDEN, Cause::AccessDenied),
        "login_required"
        | "interaction_required"
        | "consent_required"
        | "account_selection_required" => (StatusCode::FORBIDDEN, Cause::LoginRequired),
        "invalid_scope" => (StatusCode::BAD_GATEWAY, Cause::InvalidScope),
        "unauthorized_client" => (StatusCode::BAD_GATEWAY, Cause::UnauthorizedClient),
        "invalid_request" => (StatusCode::BAD_GATEWAY, Cause::InvalidRequest),
        "server_error" | "temporarily_unavailable" => (StatusCode::BAD_GATEWAY, Cause::ServerError),
        _ => (StatusCode::BAD_GATEWAY, Cause::OtherError),
    }
}

/// The cause that a description hints at, where the error itself says little.
pub(super) fn of_description(error: Cause, description: Option<&str>) -> Cause {
    let says_little = matches!(
        error,
        Cause::InvalidRequest | Cause::ServerError | Cause::OtherError
    );
    let Some(text) = description.filter(|_| says_little).map(plain) else {
        return error;
    };
    let known = KNOWN.iter().find(|(part, _)| text.contains(part));
    let known = known.map(|(_, cause)| *cause);
    known.or_else(|| directory_error(&text)).unwrap_or(error)
}

/// The reason and the remedy of an error at the callback, for whoever asks without
/// a person; `None` if there is no error, or only that nobody is signed in.
#[must_use]
pub fn remedy(error: &str, description: Option<&str>) -> Option<(&'static str, &'static str)> {
    let (_, cause) = of_error(error);
    let cause = of_description(cause, description);
    (!error.is_empty() && cause != Cause::LoginRequired).then(|| (cause.reason(), cause.remedy()))
}

/// `<IdP> Error - <status> …`: the answer of the directory behind the pool.
fn directory_error(text: &str) -> Option<Cause> {
    let (_, rest) = text.split_once(" error - ")?;
    match rest.as_bytes() {
        [b'5', b'0'..=b'9', b'0'..=b'9', ..] => Some(Cause::DirectoryUnreachable),
        [b'4', b'0'..=b'9', b'0'..=b'9', ..] => Some(Cause::DirectoryRefused),
        _ => None,
    }
}

/// In lower case, white space and control characters as single spaces.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars().take(LOOKED_AT) {
        match c.is_whitespace() || c.is_control() {
            true if plain.is_empty() || plain.ends_with(' ') => {}
            true => plain.push(' '),
            false => plain.push(c.to_ascii_lowercase()),
        }
    }
    plain
}

/// How a provider refused our client at its token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientRefusal {
    /// `invalid_client`: its id or secret.
    #[error("the client or its secret is not accepted")]
    Secret,
    /// The same, of a secret whose time is over.
    #[error("the client secret has expired")]
    SecretExpired,
    /// `unauthorized_client` of the redirect URI (cognito.md 1.7).
    #[error("the redirect URI is not the one of the login")]
    Redirect,
    /// `unauthorized_client`, `unsupported_grant_type`: not by a code.
    #[error("the client may not redeem codes")]
    Grant,
    /// Any other error.
    #[error("the request is not accepted")]
    Request,
}

impl ClientRefusal {
    /// Reads an error of the token endpoint other than `invalid_grant`
    /// (RFC 6749 5.2); the description is a hint, as at the callback.
    #[must_use]
    pub fn of(error: &str, description: Option<&str>) -> Self {
        let says = |part: &str| description.is_some_and(|text| plain(text).contains(part));
        match error {
            // Entra numbers its errors; 7000222 is a secret that has expired.
            "invalid_client" if says("aadsts7000222") => Self::SecretExpired,
            "invalid_client" => Self::Secret,
            "unauthorized_client" if says("invalid_redirect") => Self::Redirect,
            "unauthorized_client" | "unsupported_grant_type" => Self::Grant,
            _ => Self::Request,
        }
    }
}

impl From<ClientRefusal> for Cause {
    fn from(refusal: ClientRefusal) -> Self {
        match refusal {
            ClientRefusal::Secret => Self::ClientRefused,
            ClientRefusal::SecretExpired => Self::SecretExpired,
            ClientRefusal::Redirect => Self::RedirectRefused,
            ClientRefusal::Grant => Self::GrantRefused,
            ClientRefusal::Request => Self::TokenRequestRefused,
        }
    }
}

#[cfg(test)]
mod tests;
