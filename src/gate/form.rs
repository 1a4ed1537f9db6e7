//! A form that was sent after the session had ended: kept in the browser's tab,
//! and sent once its owner has signed in and says so.
//!
//! Owns which forms are kept, the page that keeps one, and `/resume`, the page
//! that sends it. A request of another site never carries our session cookie
//! (SameSite=Lax), so a form of another site always looks like one whose
//! session has ended: to keep it would turn forgery that was stopped into
//! forgery that works. Hence only what the browser itself calls same-origin is
//! kept, and nothing is ever sent but by a click. Must not know how a body is
//! received.

use bytes::Bytes;
use http::{Method, StatusCode, header};

use super::endpoint::Endpoint;
use super::face::Face;
use super::page::{Resending, Script, Word};
use super::query::Params;
use super::return_to::ReturnTo;
use super::seal::Rng;
use super::time::UnixTime;
use super::unauthenticated::challenge;
use super::{Asker, Decision, Effect, Gate, Known, Note, Page, Reply, RequestView, form_encoded};

mod fields;
mod ticket;

pub use fields::{Enctype, Field, FieldsError, read};
use ticket::{Owner, Ticket};

/// Longest body of a form that is kept, in bytes.
pub const FORM_MAX: usize = 64 * 1024;
/// How long a form is kept, in seconds.
pub const FORM_LIFETIME: u64 = 15 * 60;
/// Longest target, in bytes: sealed, it has to go through a login as a target itself.
const TARGET_MAX: usize = 1_024;

/// A form that may be kept, once its body has been read. Debug shows nothing of it.
pub struct KeepForm {
    enctype: Enctype,
    target: ReturnTo,
    owner: Option<Owner>,
    otherwise: Reply,
}

impl std::fmt::Debug for KeepForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("KeepForm")
            .field(&self.otherwise.note)
            .finish()
    }
}

impl KeepForm {
    /// The answer if the form is not kept.
    #[must_use]
    pub fn otherwise(self) -> Reply {
        self.otherwise
    }

    /// For the log, if the form is not kept.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.otherwise.note
    }
}

impl Gate {
    /// The answer to somebody who has to sign in, or, if it is to a form that
    /// may be kept, the wish to read it first.
    pub(super) fn keep_or(&self, req: &RequestView<'_>, face: &Face, otherwise: Reply) -> Decision {
        let Some((enctype, target)) = may_be_kept(req, face) else {
            return Decision::Reply(otherwise);
        };
        let presented = face.cookies.presented(req.cookie_headers());
        let session = self.open_session(face, &presented).ok();
        Decision::Perform(Effect::KeepForm(KeepForm {
            enctype,
            target,
            owner: session.and_then(|session| Owner::of_session(&session)),
            otherwise,
        }))
    }

    /// The answer to a form that may be kept; `body` is `None` if not all of it
    /// came, came in time, or was short enough.
    #[must_use]
    pub fn after_form(
        &self,
        req: &RequestView<'_>,
        ask: KeepForm,
        body: Option<&Bytes>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Reply {
        let fields = body
            .filter(|body| body.len() <= FORM_MAX)
            .and_then(|body| read(&ask.enctype, body).ok());
        match (fields, self.face(req.host())) {
            (Some(fields), Some(face)) => self.kept_page(req, face, ask, &fields, now, rng),
            _ => ask.otherwise,
        }
    }

    /// 401 with a page whose script puts the form into the tab's storage. If it
    /// cannot, the page says what it would have said otherwise.
    fn kept_page(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        ask: KeepForm,
        fields: &[Field],
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Reply {
        let KeepForm {
            enctype,
            target,
            owner,
            otherwise,
        } = ask;
        let Ok(ticket) = Ticket::new(&enctype, target, owner, now, rng) else {
            return otherwise;
        };
        let sealed = self.ring.seal(face.form_context(), &ticket.encode(), rng);
        let Ok(sealed) = sealed else {
            return otherwise;
        };
        let resume = format!("{}/resume?form={sealed}", self.paths.prefix());
        // Nobody can have a fragment here: the login need not ask.
        let sign_in = format!(
            "{}/login?fragment=none&rd={}",
            self.paths.prefix(),
            form_encoded(&resume)
        );
        let page = Page::new(Word::SessionEndedTitle)
            .text(Word::SessionEndedText)
            .when(
                "kept",
                Page::default()
                    .text(Word::SessionEndedKept)
                    .link(sign_in, Word::SignIn),
            )
            .at_first(
                "lost",
                Page::default()
                    .text(Word::SessionEndedAgain)
                    .link(self.login_path(&self.page_before(req, face)), Word::SignIn),
            )
            .script(
                Script::KeepForm,
                vec![("key", ticket.key()), ("form", fields::to_json(fields))],
            );
        let note = Note {
            outcome: "form_kept",
            ..otherwise.note
        };
        challenge(Reply::page(StatusCode::UNAUTHORIZED, page, note), face)
    }

    /// `/resume`: names target and account of a kept form, and sends it on a click.
    pub(super) fn resume(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let who = match self.who(req, face, known, now, rng) {
            Ok(who) => who,
            Err(why) => return self.nobody(req, face, why, rng),
        };
        let user = &who.person.user;
        let verified = &who.signed_in.verified;
        let owner = Owner::new(verified.session.provider(), verified.identity.subject());
        let reply = match self.ticket_of(req, face) {
            None => self.nothing_to_send(Word::NothingSentUnknown, "form_unknown", None),
            Some(ticket) if now.since(ticket.kept_at()) > FORM_LIFETIME => {
                self.nothing_to_send(Word::NothingSentTooOld, "form_too_old", Some(&ticket))
            }
            Some(ticket) if !ticket.is_of(&owner) => {
                self.nothing_to_send(Word::NothingSentOfAnother, "form_of_another", Some(&ticket))
            }
            Some(ticket) => self.offer(face, &ticket, user),
        };
        let mut reply = reply.with_cookies(who.cookies);
        reply.note = reply.note.by(Some(user));
        Decision::Reply(reply)
    }

    fn offer(&self, face: &Face, ticket: &Ticket, user: &str) -> Reply {
        let target = ticket.target().as_str();
        let page = Page::new(Word::SendFormTitle)
            .at_first(
                "idle",
                Page::default()
                    .text(Word::SendFormNoScript)
                    .link("/", Word::GoOn),
            )
            .when(
                "found",
                Page::default()
                    .text(Word::SendFormFound)
                    .row(Word::SendFormTo, format!("{}{target}", face.origin))
                    .row(Word::SendFormAs, user.to_owned())
                    .resending(Resending {
                        action: target.to_owned(),
                        enctype: ticket.enctype(),
                    }),
            )
            .when(
                "dropped",
                Page::default()
                    .text(Word::SendFormDropped)
                    .link("/", Word::GoOn),
            )
            .when(
                "gone",
                Page::default()
                    .text(Word::SendFormGone)
                    .link("/", Word::GoOn),
            )
            .script(Script::ResumeForm, vec![("key", ticket.key())]);
        let note = Note::new("page").because("form_offered");
        Reply::page(StatusCode::OK, page, note).refers_by_origin()
    }

    /// With a ticket, what the tab keeps for it is dropped.
    fn nothing_to_send(&self, text: Word, reason: &'static str, ticket: Option<&Ticket>) -> Reply {
        let page = Page::new(Word::NothingSentTitle)
            .text(text)
            .link("/", Word::GoOn);
        let page = match ticket {
            Some(ticket) => page.script(Script::DropForm, vec![("key", ticket.key())]),
            None => page,
        };
        Reply::page(StatusCode::OK, page, Note::new("page").because(reason))
    }

    fn ticket_of(&self, req: &RequestView<'_>, face: &Face) -> Option<Ticket> {
        let params = Params::of(req);
        let sealed = params.one("form").ok()??;
        let opened = self
            .ring
            .open(face.form_context(), sealed.as_bytes())
            .ok()?;
        let ticket = Ticket::decode(&opened.plain, &face.origin).ok()?;
        // What was the app's path may have become ours since.
        let is_ours: Option<Endpoint<'_>> = self.endpoint_of(ticket.target());
        is_ours.is_none().then_some(ticket)
    }
}

/// Whether a form may be kept, by its header: how it is encoded, and where it goes.
fn may_be_kept(req: &RequestView<'_>, face: &Face) -> Option<(Enctype, ReturnTo)> {
    let is_ours = match req.headers().contains_key("sec-fetch-site") {
        true => req.header("sec-fetch-site") == Some("same-origin"),
        false => req.header("origin") == Some(face.origin.as_str()),
    };
    let is_form = *req.method() == Method::POST && Asker::of(req) == Asker::Form;
    let is_plain = [header::CONTENT_ENCODING, header::EXPECT]
        .iter()
        .all(|name| !req.headers().contains_key(name));
    if !(is_ours && is_form && is_plain) {
        return None;
    }
    if req.headers().contains_key(header::CONTENT_LENGTH) {
        let length = req.header("content-length")?.parse::<usize>().ok()?;
        if length > FORM_MAX {
            return None;
        }
    }
    let enctype = Enctype::of(req.header("content-type")?)?;
    let target = ReturnTo::parse(&req.path_and_query(), &face.origin)?;
    (target.as_str().len() <= TARGET_MAX).then_some((enctype, target))
}

#[cfg(test)]
mod tests;
