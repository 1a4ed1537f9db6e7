//! Where a request leads: to nobody, to a page of ours, or to the app, under
//! which rule.
//!
//! Owns the split, before anybody asks who a request is from. Must not know
//! what becomes of it there.

use http::{HeaderName, Method, header};

use super::Gate;
use super::endpoint::Endpoint;
use super::face::Face;
use super::request::RequestView;
use super::route::{Access, Manner, Ruling};

/// Where a request leads.
pub(super) enum Leads<'g, 'r> {
    /// Its method is for nobody.
    Nowhere,
    /// To a host that is not ours.
    Elsewhere,
    /// To the question of a front proxy.
    Asked(Option<&'r str>),
    /// To a page of ours.
    Ours(Endpoint<'r>, &'g Face),
    /// To the app.
    App(Ruling<'g>, &'g Face),
}

impl Gate {
    /// Where a request leads, before anybody asks who it is from.
    pub(super) fn leads<'r>(&self, req: &'r RequestView<'_>) -> Leads<'_, 'r> {
        if *req.method() == Method::TRACE {
            // It would show a script what the app is told, cookies included.
            return Leads::Nowhere;
        }
        let face = self.face(req.host());
        match (self.paths.classify(req.path().canonical()), face) {
            // A front proxy need not ask by a public name.
            (Some(Endpoint::Auth { below }), _) if self.forward_auth.is_some() => {
                return Leads::Asked(below);
            }
            (Some(_), None) => return Leads::Elsewhere,
            (Some(endpoint), Some(face)) => return Leads::Ours(endpoint, face),
            (None, _) => {}
        }
        let host = face.map(|face| face.origin.host());
        let preflight = face.and_then(|face| self.preflight(req, face));
        let ruling = preflight.or_else(|| self.router.find(host, req.path(), req.method()));
        // Only a public route without a host answers on a foreign one.
        match (ruling, face.or_else(|| self.faces.first())) {
            (Some(ruling), Some(face)) => Leads::App(ruling, face),
            _ => Leads::Elsewhere,
        }
    }

    /// The route of the request that a CORS preflight asks about, as public, if
    /// that route lets preflights through. Browsers send them without cookies
    /// (Fetch 4.8), so nobody could ever be signed in.
    fn preflight(&self, req: &RequestView<'_>, face: &Face) -> Option<Ruling<'_>> {
        if !is_preflight(req) {
            return None;
        }
        req.header("origin")?;
        let asked = req.header("access-control-request-method")?.parse().ok()?;
        match self
            .router
            .find(Some(face.origin.host()), req.path(), &asked)?
        {
            Ruling::Rule {
                access,
                manner,
                label,
            } if manner.cors_preflight && *access != Access::Nobody => Some(Ruling::Rule {
                access: &Access::Public,
                manner,
                label,
            }),
            _ => None,
        }
    }
}

/// What asks for another protocol (RFC 9110 7.8, RFC 6455 4.1; a front proxy may
/// keep `Upgrade` to itself), and what says that a body comes.
const NEVER_ON_PREFLIGHTS: [HeaderName; 5] = [
    header::UPGRADE,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_VERSION,
    header::TRANSFER_ENCODING,
];

/// Whether a request may have come through as a preflight, which shows nobody:
/// browsers put no `Authorization` on one (Fetch 4.8), and what a client puts
/// there nobody has judged.
pub(super) fn shows_nobody(req: &RequestView<'_>, manner: &Manner) -> bool {
    manner.cors_preflight && is_preflight(req)
}

/// Whether it asks as browsers do before a request across origins (Fetch 4.8):
/// without announcing a body, and never for another protocol. Some apps open a websocket
/// whatever the method is.
pub(super) fn is_preflight(req: &RequestView<'_>) -> bool {
    let headers = req.headers();
    let is_bare = NEVER_ON_PREFLIGHTS
        .iter()
        .all(|name| !headers.contains_key(name));
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    *req.method() == Method::OPTIONS
        && req.header("access-control-request-method").is_some()
        && is_bare
        && lengths.all(|length| length == "0")
}
