//! The chooser: which of several providers a login goes to that names none.
//!
//! Owns who may be chosen there, what an email address says, and what is
//! remembered of the last choice. Must not know how a login begins.
//!
//! A choice lets nobody in and hides nothing: whoever names a provider in a
//! link gets it, and what its people may do is for the rules to say.

use http::{Method, StatusCode};
use serde_json::json;
use url::form_urlencoded;

use super::cookie::Presented as PresentedCookies;
use super::email::{self, EmailDomains};
use super::endpoint::Endpoint;
use super::face::Face;
use super::page::{Ask, Word};
use super::provider::Provider;
use super::query::Params;
use super::request::RequestPath;
use super::return_to::ReturnTo;
use super::route::{Access, Ruling};
use super::{Gate, Note, Page, Reply, RequestView, reply};

/// The parameter in which somebody says their email address.
pub(super) const EMAIL: &str = "email";
/// Parameters of a login link that a choice replaces.
const CHOSEN: &[&str] = &["provider", EMAIL];
/// Longest email address (RFC 5321 4.5.3.1.3).
const EMAIL_MAX: usize = 254;

/// What came of the question.
#[expect(
    clippy::large_enum_variant,
    reason = "made once, and taken apart where it is made"
)]
pub(super) enum Choice<'g> {
    /// It goes there.
    Made(&'g Provider),
    /// The person is asked.
    Asked(Reply),
}

impl Gate {
    /// The provider that a login goes to which names none of several: the only
    /// one by which its target opens, or whose people have such an email
    /// address; else the person says.
    pub(super) fn choose(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        params: &Params,
        target: &ReturnTo,
    ) -> Choice<'_> {
        let narrowed = self.that_open(face, target);
        let is_narrowed = narrowed.is_some();
        let named = narrowed.unwrap_or_else(|| self.providers.iter().collect());
        let shown: Vec<&Provider> = named.iter().copied().filter(|one| !one.hidden).collect();
        // Where all that would do are hidden, the target is as good as a link to them.
        let offered = match shown.is_empty() && is_narrowed {
            true => named,
            false => shown,
        };
        if let (true, [only]) = (is_narrowed, offered.as_slice()) {
            return Choice::Made(only);
        }
        let said = params.one(EMAIL).ok().flatten().map(str::trim);
        if let Some(by_email) = said.and_then(|email| of_email(&offered, email)) {
            return Choice::Made(by_email);
        }
        Choice::Asked(self.chooser(req, face, params, &offered, said))
    }

    /// The cookie that remembers a choice; none where there is nothing to choose.
    pub(super) fn remember_choice(&self, face: &Face, provider: &Provider) -> Option<String> {
        let is_choice = self.providers.only().is_none();
        is_choice.then(|| face.cookies.set_choice(&provider.id))
    }

    /// The provider that the browser was signed in through the last time, if it
    /// says so and there is such a one.
    pub(super) fn last_choice(&self, presented: &PresentedCookies<'_>) -> Option<&Provider> {
        self.providers.named(presented.choice()?)
    }

    /// The providers by which alone the rules of a target can be met; `None` if
    /// any might do.
    fn that_open(&self, face: &Face, target: &ReturnTo) -> Option<Vec<&Provider>> {
        let page = self.page_of(face, target);
        // A query is no part of what routes are matched by.
        let path = RequestPath::parse(page.without_query().as_str()).ok()?;
        let host = Some(face.origin.host());
        let Ruling::Rule { access, .. } = self.router.find(host, &path, &Method::GET)? else {
            return None;
        };
        let Access::Rules(rules) = access else {
            return None;
        };
        let named = rules.providers()?;
        let all = self.providers.iter();
        let open: Vec<_> = all.filter(|one| named.contains(&one.id.as_str())).collect();
        (!open.is_empty()).then_some(open)
    }

    /// The page that a target leads to in the end: a login with a fragment goes
    /// there by way of `/return`.
    fn page_of(&self, face: &Face, target: &ReturnTo) -> ReturnTo {
        if self.endpoint_of(target) != Some(Endpoint::Return) {
            return target.clone();
        }
        let query = target
            .as_str()
            .split_once('?')
            .map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "rd")
            .and_then(|(_, rd)| ReturnTo::parse(&rd, &face.origin))
            .unwrap_or_else(ReturnTo::root)
    }

    fn chooser(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        params: &Params,
        offered: &[&Provider],
        said: Option<&str>,
    ) -> Reply {
        let presented = face.cookies.presented(req.cookie_headers());
        let last = self.last_choice(&presented);
        let last = last.filter(|last| offered.iter().any(|one| one.id == last.id));
        // The last choice comes first, the others as they are in the configuration.
        let others = offered.iter().copied();
        let others = others.filter(|one| last.is_none_or(|last| last.id != one.id));
        let ordered: Vec<&Provider> = last.into_iter().chain(others).collect();
        let note = Note::new("page").because(match said {
            Some(_) => "chooser_email_unknown",
            None => "chooser",
        });
        if !reply::accepts_html(req) && req.header("accept").is_some() {
            let one = |provider: &&Provider| {
                let link = self.choice_path(provider, params);
                json!({
                    "provider": provider.id,
                    "name": provider.title,
                    "login_url": format!("{}{link}", face.origin),
                })
            };
            let body = json!({ "choose": ordered.iter().map(one).collect::<Vec<_>>() });
            return Reply::json(StatusCode::OK, &body, note);
        }
        let mut page = Page::new(Word::ChooserTitle);
        page = match ordered.is_empty() {
            true => page.text(Word::ChooserNothing),
            false => page.text(Word::ChooserText {
                host: face.origin.host().to_owned().into(),
            }),
        };
        for provider in &ordered {
            let text = Word::ChooserButton {
                provider: (&provider.title).into(),
            };
            let is_plain = last.is_some_and(|last| last.id != provider.id);
            page = page.choice(self.choice_path(provider, params), text, is_plain);
        }
        if ordered.len() > 1
            && ordered
                .iter()
                .any(|one| one.email_domains != EmailDomains::Any)
        {
            page = page.ask(self.ask_for_email(params, said));
        }
        Reply::page(StatusCode::OK, page, note)
    }

    fn ask_for_email(&self, params: &Params, said: Option<&str>) -> Ask {
        let carried = params.without(CHOSEN);
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ask {
            action: format!("{}/login", self.paths.prefix()),
            carried: carried.map(own).collect(),
            name: EMAIL,
            label: Word::ChooserEmail,
            value: said.map(|said| said.chars().take(EMAIL_MAX).collect()),
            // Not which domains there are: that is nobody's business.
            problem: said.map(|_| Word::ChooserEmailUnknown),
            button: Word::Continue,
        }
    }

    /// Where a button leads: what the link said, with the provider named.
    fn choice_path(&self, provider: &Provider, params: &Params) -> String {
        let path = format!("{}/login/{}", self.paths.prefix(), provider.id);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(params.without(CHOSEN));
        match query.finish().as_str() {
            "" => path,
            query => format!("{path}?{query}"),
        }
    }
}

/// The provider that speaks for an address. The configuration has each domain once.
fn of_email<'g>(offered: &[&'g Provider], email: &str) -> Option<&'g Provider> {
    let (_, domain) = email
        .rsplit_once('@')
        .filter(|_| email.len() <= EMAIL_MAX)?;
    let domain = email::normal(domain)?;
    let mut offered = offered.iter().copied();
    offered.find(|one| one.email_domains.covers(&domain))
}

#[cfg(test)]
mod tests;
