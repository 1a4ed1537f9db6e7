//! What is said when the app itself cannot be asked.

use http::StatusCode;

use super::page::{Page, Word};
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
            Word::AppOutNotThere,
            Word::AppOutText,
            "upstream_unreachable",
        ),
        AppFailure::Broken => (
            StatusCode::BAD_GATEWAY,
            "upstream_broken",
            Word::AppOutBroken,
            Word::AppOutText,
            "upstream_broken",
        ),
        AppFailure::TooSlow => (
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_timeout",
            Word::AppOutTooSlow,
            Word::AppOutTooSlowText,
            "upstream_timeout",
        ),
        AppFailure::Internal => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            Word::InternalTitle,
            Word::InternalText,
            "internal",
        ),
    };
    let page = Page::new(title).text(text);
    let note = Note::new("upstream_failed").because(reason);
    Reply::refusal(req, status, error, page, note)
}
