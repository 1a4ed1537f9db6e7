//! What is said when the app itself cannot be asked, and how people ask again.

use http::{Method, StatusCode};

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
    let page = asking_again(req, Page::new(title)).text(text);
    let note = Note::new("upstream_failed").because(reason);
    Reply::refusal(req, status, error, page, note)
}

/// With a link to the page's own address (an empty reference, RFC 3986 5.2.2), where
/// asking again changes nothing (RFC 9110 9.2.1).
pub(super) fn asking_again(req: &RequestView<'_>, page: Page) -> Page {
    match *req.method() {
        Method::GET | Method::HEAD => page.link("", Word::TryAgain),
        _ => page,
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::gate::tests::support::{Req, text};
    use crate::gate::unauthenticated::provider_out;

    #[test]
    fn what_may_pass_can_be_asked_again_unless_that_would_send_something_twice() {
        let page = Req::open("//elsewhere.example/x?y");
        let form = Req::new(Method::POST, "/form").navigates();
        for (req, is_there) in [(page, true), (form, false)] {
            let req = req.view();
            let failures = [
                AppFailure::NotThere,
                AppFailure::Broken,
                AppFailure::TooSlow,
                AppFailure::Internal,
            ];
            let mut replies: Vec<_> = failures.map(|failure| app_failed(&req, failure)).into();
            replies.push(provider_out(&req, "provider_not_ready"));
            for reply in &replies {
                let html = text(reply);
                assert!(html.contains("<!doctype html>"), "{html}");
                let link = "<a class=\"action\" href=\"\">Try again</a>";
                assert_eq!(html.contains(link), is_there, "{html}");
            }
        }
    }
}
