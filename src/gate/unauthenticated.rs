//! What somebody gets who is not signed in, or signed in but not let through.

use http::{StatusCode, header};
use serde_json::json;

use super::face::Face;
use super::page::Word;
use super::policy::{Forbidden, NoIdentity};
use super::return_to::ReturnTo;
use super::seal::Rng;
use super::unavailable::asking_again;
use super::{Asker, Gate, Note, Page, Reply, RequestView};
use crate::gate::identity::NoPerson;

/// Seconds after which a client may try again while the provider is out.
pub(super) const RETRY_SECONDS: u32 = 5;

impl Gate {
    /// The table of the contract's section 2: who gets what when not signed in.
    pub(super) fn unauthenticated(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        why: NoIdentity,
        rng: Rng<'_>,
    ) -> Reply {
        if why.is_outage() {
            return provider_out(req, why.reason(), rng);
        }
        if !self.providers.sign_anybody_in() {
            return self.signed_out_json(req, face, why, rng);
        }
        let note = why.note();
        let back = || self.login_path(&self.page_before(req, face));
        match Asker::of(req) {
            Asker::Navigation => {
                Reply::redirect(&self.login_path(target_of(req, face).as_str()), note)
            }
            Asker::Form => {
                let page = Page::new(Word::SessionEndedTitle)
                    .text(Word::SessionEndedText)
                    .text(Word::SessionEndedAgain)
                    .link(back(), Word::SignIn);
                challenge(Reply::page(StatusCode::UNAUTHORIZED, page, note), face)
            }
            Asker::Frame => {
                let page = Page::new(Word::FrameTitle)
                    .text(Word::FrameText)
                    .top_link(back(), Word::SignIn)
                    .in_frame();
                let reply = Reply::page(StatusCode::UNAUTHORIZED, page, note);
                challenge(reply, face)
            }
            Asker::Prefetch | Asker::Script => self.signed_out_json(req, face, why, rng),
        }
    }

    /// 401 for scripts, with where a person would sign in.
    pub(super) fn signed_out_json(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        why: NoIdentity,
        rng: Rng<'_>,
    ) -> Reply {
        if why.is_outage() {
            return provider_out(req, why.reason(), rng);
        }
        let login = self.login_path(&self.page_before(req, face));
        let body = match self.providers.sign_anybody_in() {
            true => json!({
                "error": "unauthenticated",
                "login_url": format!("{}{login}", face.origin),
            }),
            false => json!({ "error": "unauthenticated" }),
        };
        let note = why.note();
        challenge(Reply::json(StatusCode::UNAUTHORIZED, &body, note), face)
    }

    /// 403: never a redirect, since signing in again would not help. `account`
    /// is who is signed in, as far as that is known.
    pub(super) fn forbidden(
        &self,
        req: &RequestView<'_>,
        why: &Forbidden,
        account: Option<&str>,
        rng: Rng<'_>,
    ) -> Reply {
        let page = Page::new(Word::ForbiddenTitle);
        let page = match why {
            Forbidden::Rules(unmet) => return self.unmet(req, unmet, rng),
            Forbidden::NoPerson(NoPerson::NoUser(claim)) => page
                .text(why.word())
                .row(Word::ForbiddenMissingClaim, claim),
            why => page.text(why.word()),
        };
        let page = match account {
            Some(account) => page.row(Word::SignedInAs, account.to_owned()),
            None => page,
        };
        let page = match why {
            Forbidden::Nobody | Forbidden::NoRuleForMethod | Forbidden::ForeignOrigin => page,
            _ => page
                .text(Word::CanBeChanged)
                .link(self.someone_else(req), Word::SomeoneElse),
        };
        let note = why.note().by(account);
        Reply::referenced(req, StatusCode::FORBIDDEN, "forbidden", page, note, rng)
    }

    /// Where a form, a frame or a script came from: the same-origin Referer, or the front page.
    pub(super) fn page_before(&self, req: &RequestView<'_>, face: &Face) -> String {
        req.header("referer")
            .filter(|referer| face.origin.is_origin_of(referer))
            .and_then(|referer| ReturnTo::parse(referer, &face.origin))
            .map_or_else(|| "/".to_owned(), |target| target.as_str().to_owned())
    }
}

/// Where a navigation comes back to after a login.
pub(super) fn target_of(req: &RequestView<'_>, face: &Face) -> ReturnTo {
    ReturnTo::parse(&req.path_and_query(), &face.origin)
        .or_else(|| ReturnTo::parse(req.path().canonical(), &face.origin))
        .unwrap_or_else(ReturnTo::root)
}

/// 503: the provider cannot be asked; nothing is lost, no cookie is touched.
pub(super) fn provider_out(req: &RequestView<'_>, reason: &'static str, rng: Rng<'_>) -> Reply {
    let page = asking_again(req, Page::new(Word::ProviderOutTitle)).text(Word::ProviderOutText);
    Reply::referenced(
        req,
        StatusCode::SERVICE_UNAVAILABLE,
        "provider_unavailable",
        page,
        Note::new("provider_out").because(reason),
        rng,
    )
    .retry_after(RETRY_SECONDS)
}

/// Every 401 says how to authenticate (RFC 9110 15.5.2), and never by Basic,
/// which would make browsers ask for a password.
pub(super) fn challenge(reply: Reply, face: &Face) -> Reply {
    let realm = format!("Bearer realm=\"{}\"", face.origin.host());
    reply.with(header::WWW_AUTHENTICATE, &realm)
}
