//! What somebody gets who is signed in and for whom no rule of the route holds.

use http::StatusCode;
use serde_json::json;

use super::page::{Text, Word};
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
            ..Forbidden::Rules(unmet.clone())
                .note()
                .by(Some(&unmet.account))
        };
        let needs = unmet.needs();
        let other = self.someone_else(req);
        if !reply::accepts_html(req) {
            let body = json!({
                "error": "forbidden",
                "reference": reference,
                "route": unmet.route.as_deref(),
                "account": unmet.account,
                "needs_one_of": needs.iter().map(Text::to_string).collect::<Vec<_>>(),
                "logout_url": other,
            });
            return Reply::json(StatusCode::FORBIDDEN, &body, note);
        }
        let mut page = Page::new(Word::ForbiddenTitle).text(Word::ForbiddenRules);
        for (index, need) in needs.into_iter().enumerate() {
            page = page.row(
                if index == 0 {
                    Word::ForbiddenNeeded
                } else {
                    Word::ForbiddenOr
                },
                need,
            );
        }
        page = page.row(Word::SignedInAs, &unmet.account);
        page = page.text(Word::CanBeChanged).link(other, Word::SomeoneElse);
        if let Some(route) = &unmet.route {
            page = page.detail(Word::ForbiddenRule, route.to_string());
        }
        if let Some(reference) = reference {
            page = page.detail(Word::Reference, reference);
        }
        Reply::page(StatusCode::FORBIDDEN, page, note)
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

impl Unmet {
    /// What each rule asks for, in words.
    pub(super) fn needs(&self) -> Vec<Text> {
        self.rules.iter().map(|rule| words(rule)).collect()
    }
}

/// One rule in words; of several conditions, what the person has is marked.
fn words(rule: &[(Condition, bool)]) -> Text {
    let each = rule.iter().map(|(condition, holds)| {
        let condition = condition.text();
        match holds {
            true => Word::ForbiddenHas { condition }.into(),
            false => condition,
        }
    });
    let both = |first, second| Word::ForbiddenBoth { first, second }.into();
    each.reduce(both).unwrap_or_else(|| String::new().into())
}
