//! From a denial to a reply: people, API clients, and whoever came by a name
//! that is not ours.

use http::StatusCode;
use serde_json::json;

use super::bearer::{self, Shows};
use super::face::Face;
use super::page::{Page, Word};
use super::policy::Denial;
use super::reply::{self, Note, Reply};
use super::request::RequestView;
use super::seal::Rng;
use super::{Gate, api};

impl Gate {
    pub(super) fn denied(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        is_api: bool,
        denial: &Denial,
        account: Option<&str>,
        rng: Rng<'_>,
    ) -> Reply {
        if is_api {
            let shows_bearer = bearer::shown(req.headers()) != Shows::Nothing;
            return self.denied_to_api(req, face, denial, account, shows_bearer, rng);
        }
        match denial {
            Denial::SignIn(why) => self.unauthenticated(req, face, *why, rng),
            // Shown on routes for API clients alone.
            Denial::BadToken(why) => api::bad_token(face, *why),
            Denial::Forbidden(why) => self.forbidden(req, why, account, rng),
        }
    }

    /// 421: the request came by a name that is not ours (contract, section 2).
    pub(super) fn misdirected(&self, req: &RequestView<'_>) -> Reply {
        let ours: Vec<_> = self.faces.iter().map(|face| face.origin.as_str()).collect();
        let page = Page::new(Word::UnknownAddressTitle)
            .text(Word::UnknownAddressText)
            .row(Word::UnknownAddressConfigured, ours.join(", "));
        let note = Note::new("misdirected").because("host_unknown");
        let status = StatusCode::MISDIRECTED_REQUEST;
        if reply::accepts_html(req) {
            return Reply::page(status, page, note);
        }
        let body = json!({ "error": "misdirected_request", "configured": ours });
        Reply::json(status, &body, note)
    }
}
