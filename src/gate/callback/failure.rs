//! Why a sign-in did not complete: what the person is told, and what the log says.
//!
//! Branches on OAuth's `error` alone; descriptions are neither stable nor ours
//! to show (cognito.md 1.6).

use http::StatusCode;

use super::ExchangeError;

/// Why a login did not complete, as the person is told.
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) text: &'static str,
    pub(super) reason: &'static str,
}

pub(super) const NO_STATE: Failure = Failure {
    status: StatusCode::BAD_REQUEST,
    text: "This link does not belong to a sign-in that was started here.",
    reason: "state_unreadable",
};
pub(super) const WRONG_PROVIDER: Failure = Failure {
    status: StatusCode::BAD_REQUEST,
    text: "The answer came from another provider than the one that was asked.",
    reason: "provider_mismatch",
};
pub(super) const NO_CODE: Failure = Failure {
    status: StatusCode::BAD_REQUEST,
    text: "The provider's answer holds no code.",
    reason: "code_missing",
};
pub(super) const SUBJECT_REVOKED: Failure = Failure {
    status: StatusCode::FORBIDDEN,
    text: "You are signed in at the provider, but the people who run this application have withdrawn your access.",
    reason: "subject_revoked",
};
pub(super) const REVOKED_AHEAD: Failure = Failure {
    status: StatusCode::FORBIDDEN,
    text: "Nobody can sign in here at the moment. The people who run this application have set it so.",
    reason: "session_revoked_ahead",
};

/// Somebody edited the authorization URL, or linked past our login.
pub(super) fn other_way_in(reason: &'static str) -> Failure {
    Failure {
        status: StatusCode::FORBIDDEN,
        text: "You signed in by another way than the one that is open here. Try again, and choose the one that you are led to.",
        reason,
    }
}

pub(super) fn token_failure(reason: &'static str) -> Failure {
    Failure {
        status: StatusCode::BAD_GATEWAY,
        text: "The provider's answer could not be verified, so nobody was signed in.",
        reason,
    }
}

pub(super) fn exchange_failure(error: ExchangeError) -> Failure {
    match error {
        ExchangeError::Refused => Failure {
            status: StatusCode::BAD_REQUEST,
            text: "The provider did not accept this sign-in any more. It may have taken too long, or been answered twice.",
            reason: "code_refused",
        },
        ExchangeError::Client => Failure {
            status: StatusCode::BAD_GATEWAY,
            text: "The provider did not accept this application. The people who run it have to check its client id, secret and redirect URI.",
            reason: "client_refused",
        },
        ExchangeError::NoIdToken => token_failure("id_token_missing"),
        ExchangeError::IdToken => token_failure("id_token_second_opinion"),
        ExchangeError::Unavailable => Failure {
            status: StatusCode::SERVICE_UNAVAILABLE,
            text: "The provider cannot be reached right now.",
            reason: "token_endpoint_unavailable",
        },
    }
}

/// Branches on `error` alone: descriptions are not stable (cognito.md 1.6).
pub(super) fn provider_error(error: &str) -> Failure {
    let (status, text, reason) = match error {
        "access_denied" => (
            StatusCode::FORBIDDEN,
            "The sign-in was cancelled, or the provider did not allow it.",
            "provider_access_denied",
        ),
        "login_required" | "interaction_required" | "consent_required" => (
            StatusCode::FORBIDDEN,
            "The provider wants you to sign in there first.",
            "provider_login_required",
        ),
        "invalid_scope" => (
            StatusCode::BAD_GATEWAY,
            "The provider does not know what this application asks for.",
            "provider_invalid_scope",
        ),
        "unauthorized_client" => (
            StatusCode::BAD_GATEWAY,
            "The provider does not allow this application to sign people in.",
            "provider_unauthorized_client",
        ),
        "invalid_request" => (
            StatusCode::BAD_GATEWAY,
            "The provider did not accept the sign-in.",
            "provider_invalid_request",
        ),
        "server_error" | "temporarily_unavailable" => (
            StatusCode::BAD_GATEWAY,
            "The provider had a problem of its own. Please try again.",
            "provider_server_error",
        ),
        _ => (
            StatusCode::BAD_GATEWAY,
            "The provider reported an error.",
            "provider_error",
        ),
    };
    Failure {
        status,
        text,
        reason,
    }
}
