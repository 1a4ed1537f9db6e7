//! A sign-in that did not complete: its cause, and the status that it is told with.

use http::StatusCode;

use super::ExchangeError;
use super::cause::Cause;
use super::hint;
use crate::gate::token::TokenError;
use crate::gate::userinfo::UserinfoError;

/// Why a login did not complete, and how that is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) cause: Cause,
}

impl Failure {
    pub(super) const NO_STATE: Self = Self::new(StatusCode::BAD_REQUEST, Cause::StateUnreadable);
    pub(super) const WRONG_PROVIDER: Self =
        Self::new(StatusCode::BAD_REQUEST, Cause::ProviderMismatch);
    pub(super) const NO_CODE: Self = Self::new(StatusCode::BAD_REQUEST, Cause::CodeMissing);
    pub(super) const SUBJECT_REVOKED: Self =
        Self::new(StatusCode::FORBIDDEN, Cause::SubjectRevoked);
    pub(super) const REVOKED_AHEAD: Self = Self::new(StatusCode::FORBIDDEN, Cause::RevokedAhead);

    const fn new(status: StatusCode, cause: Cause) -> Self {
        Self { status, cause }
    }

    /// Of an `error` at the callback. Its description, if it may be looked at,
    /// says more of the cause and changes nothing else.
    pub(super) fn of_answer(error: &str, description: Option<&str>) -> Self {
        let (status, cause) = hint::of_error(error);
        Self::new(status, hint::of_description(cause, description))
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Refused => Self::new(StatusCode::BAD_REQUEST, Cause::CodeRefused),
            ExchangeError::Client(refusal) => Self::new(StatusCode::BAD_GATEWAY, refusal.into()),
            ExchangeError::NoIdToken => Self::new(StatusCode::BAD_GATEWAY, Cause::NoIdToken),
            ExchangeError::IdToken => Self::new(StatusCode::BAD_GATEWAY, Cause::SecondOpinion),
            // Told as an outage before it comes to this.
            ExchangeError::Unavailable => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, Cause::ServerError)
            }
        }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let status = match error {
            TokenError::IdentityProvider => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, Cause::Token(error))
    }
}

impl From<UserinfoError> for Failure {
    fn from(error: UserinfoError) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, Cause::Userinfo(error))
    }
}
