//! What is said when the app itself cannot be asked.

use http::StatusCode;

use super::page::Page;
use super::reply::{Note, Reply};
use super::request::RequestView;

/// How the app failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppFailure {
    /// No connection: it is not running, or elsewhere.
    NotThere,
    /// The connection broke, or the answer was no HTTP.
    Broken,
    /// No answer in time.
    TooSlow,
    /// The fault is ours.
    Internal,
}

/// 502, 504 or 500, told apart for people and scripts.
#[must_use]
pub fn app_failed(req: &RequestView<'_>, failure: AppFailure) -> Reply {
    let (status, error, title, text, reason) = match failure {
        AppFailure::NotThere => (
            StatusCode::BAD_GATEWAY,
            "upstream_unreachable",
            "The application is not running",
            "You are not at fault, and you stay signed in. Please try again in a moment.",
            "upstream_unreachable",
        ),
        AppFailure::Broken => (
            StatusCode::BAD_GATEWAY,
            "upstream_broken",
            "The application broke off its answer",
            "You are not at fault, and you stay signed in. Please try again in a moment.",
            "upstream_broken",
        ),
        AppFailure::TooSlow => (
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_timeout",
            "The application did not answer in time",
            "It may still be working on what you sent. You stay signed in.",
            "upstream_timeout",
        ),
        AppFailure::Internal => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong",
            "The fault is on our side. Please try again in a moment.",
            "internal",
        ),
    };
    let page = Page::new(title).text(text);
    let note = Note::new("upstream_failed").because(reason);
    Reply::refusal(req, status, error, &page, note)
}
