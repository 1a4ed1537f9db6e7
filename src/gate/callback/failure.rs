//! Why a sign-in did not complete: what the person is told, and what the log says.
//!
//! Branches on OAuth's `error` alone; descriptions are neither stable nor ours
//! to show (cognito.md 1.6).

use http::StatusCode;

use super::ExchangeError;
use crate::gate::page::Word;

/// Why a login did not complete, as the person is told.
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) text: Word,
    pub(super) reason: &'static str,
}

pub(super) const NO_STATE: Failure = Failure {
    status: StatusCode::BAD_REQUEST,
    text: Word::LoginFailedNoState,
    reason: "state_unreadable",
};
pub(super) const WRONG_PROVIDER: Failure = Failure {
    status: StatusCode::BAD_REQUEST,
    text: Word::LoginFailedWrongProvider,
    reason: "provider_mismatch",
};
pub(super) const NO_CODE: Failure = Failure {
    status: StatusCode::BAD_REQUEST,
    text: Word::LoginFailedNoCode,
    reason: "code_missing",
};
pub(super) const SUBJECT_REVOKED: Failure = Failure {
    status: StatusCode::FORBIDDEN,
    text: Word::LoginFailedRevoked,
    reason: "subject_revoked",
};
pub(super) const REVOKED_AHEAD: Failure = Failure {
    status: StatusCode::FORBIDDEN,
    text: Word::LoginFailedClosed,
    reason: "session_revoked_ahead",
};

/// Somebody edited the authorization URL, or linked past our login.
pub(super) fn other_way_in(reason: &'static str) -> Failure {
    Failure {
        status: StatusCode::FORBIDDEN,
        text: Word::LoginFailedOtherWayIn,
        reason,
    }
}

pub(super) fn token_failure(reason: &'static str) -> Failure {
    Failure {
        status: StatusCode::BAD_GATEWAY,
        text: Word::LoginFailedNotVerified,
        reason,
    }
}

pub(super) fn exchange_failure(error: ExchangeError) -> Failure {
    match error {
        ExchangeError::Refused => Failure {
            status: StatusCode::BAD_REQUEST,
            text: Word::LoginFailedCodeRefused,
            reason: "code_refused",
        },
        ExchangeError::Client => Failure {
            status: StatusCode::BAD_GATEWAY,
            text: Word::LoginFailedClientRefused,
            reason: "client_refused",
        },
        ExchangeError::NoIdToken => token_failure("id_token_missing"),
        ExchangeError::IdToken => token_failure("id_token_second_opinion"),
        ExchangeError::Unavailable => Failure {
            status: StatusCode::SERVICE_UNAVAILABLE,
            text: Word::LoginFailedProviderOut,
            reason: "token_endpoint_unavailable",
        },
    }
}

/// Branches on `error` alone: descriptions are not stable (cognito.md 1.6).
pub(super) fn provider_error(error: &str) -> Failure {
    let (status, text, reason) = match error {
        "access_denied" => (
            StatusCode::FORBIDDEN,
            Word::LoginFailedAccessDenied,
            "provider_access_denied",
        ),
        "login_required" | "interaction_required" | "consent_required" => (
            StatusCode::FORBIDDEN,
            Word::LoginFailedLoginRequired,
            "provider_login_required",
        ),
        "invalid_scope" => (
            StatusCode::BAD_GATEWAY,
            Word::LoginFailedInvalidScope,
            "provider_invalid_scope",
        ),
        "unauthorized_client" => (
            StatusCode::BAD_GATEWAY,
            Word::LoginFailedUnauthorizedClient,
            "provider_unauthorized_client",
        ),
        "invalid_request" => (
            StatusCode::BAD_GATEWAY,
            Word::LoginFailedInvalidRequest,
            "provider_invalid_request",
        ),
        "server_error" | "temporarily_unavailable" => (
            StatusCode::BAD_GATEWAY,
            Word::LoginFailedServerError,
            "provider_server_error",
        ),
        _ => (
            StatusCode::BAD_GATEWAY,
            Word::LoginFailedOtherError,
            "provider_error",
        ),
    };
    Failure {
        status,
        text,
        reason,
    }
}
