//! The rows of cognito.md 1.6 and 3.5 by name: how a login can end badly.
//!
//! Owns the texts as they were observed, oddities included. Must not know what
//! makes a login end so: a fault asks for it.

use serde::Deserialize;

use crate::http::Reply;

use super::refusal::{
    Back, CallbackError, OPTION_NOT_AVAILABLE, PARAMETERS_MISSING, REDIRECT_MISMATCH, Refusal,
    SOMETHING_WENT_WRONG,
};

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Row {
    // On a page at the domain host.
    RedirectMismatch,
    ParametersMissing,
    OptionNotAvailable,
    NoBranding,
    SamlAcs,
    TooLate,
    // At the application's callback.
    Malformed,
    FlowNotEnabled,
    Scope,
    ScopeDocumented,
    InternalFailure,
    LoginRequired,
    AttributesRequired,
    UserDisabled,
    BadIssuer,
    AttributeImmutable,
    AttributeTooLong,
    BadTokenResponse,
    SecretExpired,
    DirectoryDown,
    TokenTimeout,
    JwksTimeout,
    ConnectionReset,
    ReadTimeout,
    JustLinked,
    PreTokenTrigger,
    PreSignUpTrigger,
    UsernameUnmapped,
    SamlResponse,
    Cancelled,
    CancelledAsText,
}

/// A login that ends by a row, as the body of a fault says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginError {
    row: Row,
    /// In place of the row's own.
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    description: Option<String>,
    /// As if `state` had been lost on the way.
    #[serde(default)]
    without_state: bool,
}

impl LoginError {
    /// The answer in place of a code.
    pub(crate) fn reply(&self, back: &Back, client_id: &str, domain: &str) -> Reply {
        let mut error = match self.row.end() {
            End::Page(text) => return Refusal::page(text, Some(client_id)).reply(domain),
            End::Callback(error) => error,
        };
        if let Some(other) = &self.error {
            error.error.clone_from(other);
        }
        if self.description.is_some() {
            error.description.clone_from(&self.description);
        }
        let mut back = back.clone();
        if self.without_state {
            back.state = None;
        }
        back.refuse(&error)
    }
}

/// Where a row is seen.
enum End {
    Page(&'static str),
    Callback(CallbackError),
}

impl Row {
    fn end(self) -> End {
        let text = |text: &str| End::Callback(CallbackError::invalid_request(text));
        let bare = |error: &str| End::Callback(CallbackError::bare(error));
        match self {
            Self::RedirectMismatch => End::Page(REDIRECT_MISMATCH),
            Self::ParametersMissing => End::Page(PARAMETERS_MISSING),
            Self::OptionNotAvailable => End::Page(OPTION_NOT_AVAILABLE),
            Self::NoBranding => {
                End::Page("Login pages unavailable. Please contact an administrator.")
            }
            Self::SamlAcs => End::Page("An error was encountered with the requested page."),
            Self::TooLate => End::Page(SOMETHING_WENT_WRONG),
            Self::Malformed => bare("invalid_request"),
            Self::FlowNotEnabled => bare("unauthorized_client"),
            Self::Scope => text("invalid_scope"),
            Self::ScopeDocumented => bare("invalid_scope"),
            Self::InternalFailure => End::Callback(CallbackError::new(
                "server_error",
                "Exception processing authorization code",
            )),
            Self::LoginRequired => bare("login_required"),
            Self::AttributesRequired => text("attributes required: [email]"),
            Self::UserDisabled => text("User is not enabled"),
            Self::BadIssuer => text(
                "Bad id_token issuer https://login.microsoftonline.com/11112222-3333-4444-5555-666677778888/v2.0",
            ),
            // The newline and the space are as observed.
            Self::AttributeImmutable => {
                text("Invalid user attributes: email: Attribute cannot be updated.\n ")
            }
            Self::AttributeTooLong => text(
                "Invalid user attributes: custom:groups: String attributes cannot have a length of more than 2048.\n ",
            ),
            Self::BadTokenResponse => text(
                "Bad token response: HTTP/1.1 400 Bad Request, entity: {\"error\":\"invalid_client\"}",
            ),
            Self::SecretExpired => text(
                "entra Error - 401 invalid_client AADSTS7000222: The provided client secret keys for app are expired.",
            ),
            Self::DirectoryDown => text("entra Error - 503 Service Unavailable"),
            Self::TokenTimeout => text("Timeout occurred in calling IdP token endpoint"),
            // The documentation shows it with the doubled prefix.
            Self::JwksTimeout => text("error_description=Timeout in calling jwks uri"),
            Self::ConnectionReset => text("Connection reset"),
            Self::ReadTimeout => text("Read timed out"),
            Self::JustLinked => text("Already found an entry for username entra_k9xexample"),
            Self::PreTokenTrigger => {
                text("PreTokenGeneration failed with error the table is locked.")
            }
            Self::PreSignUpTrigger => text("PreSignUp failed with error not on the list."),
            Self::UsernameUnmapped => text("username attribute mapping required"),
            Self::SamlResponse => {
                text("Invalid SAML response received: Audience restriction was not met")
            }
            // U7: relayed as such, or as text.
            Self::Cancelled => End::Callback(CallbackError::new(
                "access_denied",
                "AADSTS65004: User declined to consent to access the app.",
            )),
            Self::CancelledAsText => {
                text("entra Error - 400 access_denied AADSTS65004: User declined to consent.")
            }
        }
    }
}
