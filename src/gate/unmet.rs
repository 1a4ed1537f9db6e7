//! What somebody gets who is signed in and for whom no rule of the route holds.

use http::StatusCode;
use serde_json::json;

use super::policy::Unmet;
use super::rule::Condition;
use super::seal::Rng;
use super::{Asker, Gate, Note, Page, Reply, RequestView, reference, reply};
use crate::gate::policy::Forbidden;

impl Gate {
    /// 403 that says which rule needs what, and who is signed in: enough to ask
    /// the right person for the right thing. Never a redirect: signing in again
    /// would end here again.
    pub(super) fn unmet(&self, req: &RequestView<'_>, unmet: &Unmet, rng: Rng<'_>) -> Reply {
        let reference = reference(rng);
        let note = Note {
            reference: reference.clone(),
            ..Note::new("forbidden")
                .because(Forbidden::Rules(unmet.clone()).reason())
                .by(Some(&unmet.account))
        };
        let needs: Vec<String> = unmet.rules.iter().map(|rule| words(rule)).collect();
        let other = self.someone_else(req);
        if !reply::accepts_html(req) {
            let body = json!({
                "error": "forbidden",
                "reference": reference,
                "route": unmet.route.as_deref(),
                "account": unmet.account,
                "needs_one_of": needs,
                "logout_url": other,
            });
            return Reply::json(StatusCode::FORBIDDEN, &body, note);
        }
        let mut page = Page::new("No access").text(
            "You are signed in, but your account does not have what this part of the application needs.",
        );
        for (index, need) in needs.into_iter().enumerate() {
            page = page.row(if index == 0 { "Needed" } else { "Or" }, need);
        }
        page = page.row("Signed in as", &unmet.account);
        page = page
            .text("The people who run this application can change that.")
            .link(other, "Sign in as someone else");
        if let Some(route) = &unmet.route {
            page = page.detail("Rule", &**route);
        }
        if let Some(reference) = reference {
            page = page.detail("Reference", reference);
        }
        Reply::page(StatusCode::FORBIDDEN, &page, note)
    }

    /// Where a person signs out to come back to this page as someone else.
    pub(super) fn someone_else(&self, req: &RequestView<'_>) -> String {
        let back = match Asker::of(req) {
            Asker::Navigation => req.path_and_query(),
            Asker::Form | Asker::Frame | Asker::Prefetch | Asker::Script => "/".to_owned(),
        };
        self.logout_path(&back)
    }
}

/// One rule in words; of several conditions, what the person has is marked.
fn words(rule: &[(Condition, bool)]) -> String {
    rule.iter()
        .map(|(condition, holds)| match holds {
            true => format!("{condition} (your account has this)"),
            false => condition.to_string(),
        })
        .collect::<Vec<_>>()
        .join(", and ")
}
