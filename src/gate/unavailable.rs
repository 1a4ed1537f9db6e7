//! What is said when the app itself cannot be asked, and how people ask again.

use http::{Method, StatusCode};

use super::page::{Page, Word};
use super::reply::{Note, Reply};
use super::request::RequestView;
use super::seal::Rng;

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

/// 502, 504 or 500, told apart for people and scripts, with a reference.
#[must_use]
pub fn app_failed(req: &RequestView<'_>, failure: AppFailure, rng: Rng<'_>) -> Reply {
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
            match is_asked_alone(req) {
                true => Word::AppOutText,
                false => Word::AppOutTooSlowText,
            },
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
    Reply::referenced(req, status, error, page, note, rng)
}

/// With a link to the page's own address (an empty reference, RFC 3986 5.2.2), where
/// asking again changes nothing (RFC 9110 9.2.1).
pub(super) fn asking_again(req: &RequestView<'_>, page: Page) -> Page {
    match is_asked_alone(req) {
        true => page.link("", Word::TryAgain),
        false => page,
    }
}

/// Whether a request only asks for something, and sends nothing to be worked on.
fn is_asked_alone(req: &RequestView<'_>) -> bool {
    matches!(*req.method(), Method::GET | Method::HEAD)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::gate::seal::RandomError;
    use crate::gate::signin::internal;
    use crate::gate::tests::support::{Dice, Req, body, text};
    use crate::gate::unauthenticated::provider_out;

    /// Each failure that is no refusal, as one client is told of it.
    fn all(req: &Req) -> Vec<Reply> {
        let mut dice = Dice::new(1);
        let rng = &mut |bytes: &mut [u8]| dice.fill(bytes);
        let view = req.view();
        let mut replies: Vec<_> = [
            AppFailure::NotThere,
            AppFailure::Broken,
            AppFailure::TooSlow,
            AppFailure::Internal,
        ]
        .map(|failure| app_failed(&view, failure, rng))
        .into();
        replies.push(provider_out(&view, "provider_not_ready", rng));
        replies.push(internal(&view, rng));
        replies
    }

    #[test]
    fn each_has_a_reference_of_its_own_that_the_log_has_too() {
        let pages = all(&Req::open("/x"));
        let answers = all(&Req::get("/x"));
        let mut seen = std::collections::BTreeSet::new();
        for (page, answer) in pages.iter().zip(&answers) {
            let reference = page.note.reference.as_deref().unwrap();
            let line = format!("Reference: <code>{reference}</code>");
            assert!(text(page).contains(&line), "{}", text(page));
            let in_json = answer.note.reference.as_deref().unwrap();
            assert_eq!(body(answer)["reference"], in_json);
            assert!(seen.insert(reference));
            // Without randomness they are told all the same.
            let view = Req::get("/x");
            let none = &mut |_: &mut [u8]| Err(RandomError);
            let reply = app_failed(&view.view(), AppFailure::Broken, none);
            assert_eq!(body(&reply).get("reference"), None);
        }
    }

    #[test]
    fn what_may_pass_can_be_asked_again_unless_that_would_send_something_twice() {
        let page = Req::open("//elsewhere.example/x?y");
        let form = Req::new(Method::POST, "/form").navigates();
        for (req, is_there) in [(page, true), (form, false)] {
            let mut replies = all(&req);
            // The last one is of the login, which begins elsewhere.
            replies.pop();
            for reply in &replies {
                let html = text(reply);
                assert!(html.contains("<!doctype html>"), "{html}");
                let link = "<a class=\"action\" href=\"\">Try again</a>";
                assert_eq!(html.contains(link), is_there, "{html}");
                let is_slow = reply.note.reason == Some("upstream_timeout");
                let of_what_was_sent = html.contains("still be working on what you sent");
                assert_eq!(of_what_was_sent, is_slow && !is_there, "{html}");
            }
        }
    }
}
