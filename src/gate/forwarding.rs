//! What a request that may go on takes along.
//!
//! Owns the step from a judgement to a [`Forward`], which only a permit makes.
//! Must not know why the permit was given.

use std::sync::Arc;

use super::face::Face;
use super::headers::Evidence;
use super::identity::Person;
use super::judging::{Basis, Held, Judged};
use super::policy::{Denial, NoIdentity};
use super::reply::Note;
use super::request::RequestView;
use super::time::UnixTime;
use super::{Forward, Gate};

impl Gate {
    /// The request with its permit, and the headers that tell the app who it is.
    ///
    /// # Errors
    /// If a header value may not be sent.
    pub(super) fn forward(
        &self,
        judged: Judged,
        req: &RequestView<'_>,
        face: &Face,
        app: usize,
        client: Option<std::net::IpAddr>,
        now: UnixTime,
    ) -> Result<Forward, Held> {
        let Judged {
            permit,
            cookies: set_cookies,
            kept,
            refresh,
            mark,
            unproven,
        } = judged;
        let rules = self.headers.of(app);
        let place = self.headers.place(app);
        let who = kept.as_ref().and_then(Basis::who);
        let tell = |person: &Person| match who.and_then(|who| who.told.get(place)) {
            Some(told) => told.clone(),
            None => rules.tell(person, &Evidence::default()).map(Arc::new),
        };
        let client = self.proxies.client(client, req.headers());
        let edits = rules
            .edits(&permit, tell, face.headers.own(), client, now)
            .map_err(|why| Held::Denied {
                denial: Denial::Forbidden(why.into()),
                cookies: Vec::new(),
                account: permit.who().map(|person| person.user.clone()),
            })?;
        let mut note = Note::new("forwarded").by(permit.who().map(|person| person.user.as_str()));
        note.reason = unproven.map(NoIdentity::reason);
        Ok(Forward {
            permit,
            edits,
            target: self.router.has_path_rules().then(|| req.path_and_query()),
            upstream: app,
            shared_cache: false,
            pass_override_headers: false,
            set_cookies,
            refresh,
            mark,
            took_bearer: matches!(kept, Some(Basis::Bearer(_))),
            lease: kept.map(|kept| self.lease(kept)),
            note,
        })
    }
}
