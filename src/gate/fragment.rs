//! The URL's fragment, which a browser never sends: it is kept there, in the
//! tab, and put back after the login.
//!
//! Owns the page before a login, `/return`, which is the page after it, and the
//! key under which the tab keeps the fragment. The fragment itself is never
//! known here; of it a request says one thing, that there is one. Must not know
//! how a login goes: to it, `/return` with the target in its query is a target
//! like any other, so that it is carried wherever a target is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};

use super::endpoint::Endpoint;
use super::face::Face;
use super::page::{Script, Word};
use super::query::Params;
use super::request::RequestPath;
use super::return_to::ReturnTo;
use super::seal::{RandomError, Rng};
use super::{Gate, Note, Page, Reply, RequestView, form_encoded};

/// The parameter by which the page goes on; where it is, there is no page.
const PARAMETER: &str = "fragment";
/// Its value where there is no fragment.
const NONE: &str = "none";

/// Names a fragment in its tab: random, so that several logins in one tab
/// don't share one; not secret, and good for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentKey([u8; 9]);

impl FragmentKey {
    /// A new one.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn fresh(rng: Rng<'_>) -> Result<Self, RandomError> {
        let mut key = Self([0; 9]);
        rng(&mut key.0)?;
        Ok(key)
    }

    /// Reads what [`text`](Self::text) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// 12 characters of base64url.
    #[must_use]
    pub fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl Gate {
    /// The target of a login that `rd` names: on this origin, and no step of a
    /// login itself. With the page's word that the tab keeps a fragment, by way
    /// of `/return`; a target too long for that does without.
    pub(super) fn wanted(&self, params: &Params, face: &Face) -> ReturnTo {
        let target = self.target_in(params, face);
        let key = params.one(PARAMETER).ok().flatten();
        let Some(key) = key.and_then(FragmentKey::parse) else {
            return target;
        };
        if self.endpoint_of(&target) == Some(Endpoint::Return) {
            return target;
        }
        let prefix = self.paths.prefix();
        let rd = form_encoded(target.as_str());
        let by_way = format!("{prefix}/return?key={}&rd={rd}", key.text());
        ReturnTo::parse(&by_way, &face.origin).unwrap_or(target)
    }

    /// `/return`: to the target with the fragment that the tab has kept.
    pub(super) fn return_page(&self, req: &RequestView<'_>, face: &Face) -> Reply {
        let params = Params::of(req);
        let target = Some(self.target_in(&params, face))
            .filter(|target| self.endpoint_of(target) != Some(Endpoint::Return))
            .unwrap_or_else(ReturnTo::root);
        let note = Note::new("page").because("fragment_restored");
        let key = params.one("key").ok().flatten();
        match key.and_then(FragmentKey::parse) {
            Some(key) if opens_page(req) => {
                let page = Page::new(Word::ReturningTitle)
                    .text(Word::ReturningText)
                    .onward(
                        Script::RestoreFragment,
                        target.as_str(),
                        vec![("key", key.text())],
                    );
                Reply::page(StatusCode::OK, page, note)
            }
            _ => Reply::redirect(target.as_str(), Note::new("page").because("no_fragment")),
        }
    }

    fn target_in(&self, params: &Params, face: &Face) -> ReturnTo {
        params
            .one("rd")
            .ok()
            .flatten()
            .and_then(|rd| ReturnTo::parse(rd, &face.origin))
            .filter(|target| !self.is_flow_path(target))
            .unwrap_or_else(ReturnTo::root)
    }

    /// Coming back to a step of the flow itself would sign out or go in circles.
    pub(super) fn is_flow_path(&self, target: &ReturnTo) -> bool {
        !matches!(
            self.endpoint_of(target),
            None | Some(Endpoint::Whoami | Endpoint::Return | Endpoint::Resume)
        )
    }

    /// What of ours a target is, if it is; a browser resolves what we would
    /// refuse, such as dot segments.
    pub(super) fn endpoint_of(&self, target: &ReturnTo) -> Option<Endpoint<'static>> {
        let path = target.without_query();
        match RequestPath::parse(path.as_str()) {
            Ok(path) => self.paths.classify(path.canonical()).map(Endpoint::alone),
            Err(_) => Some(Endpoint::Unknown),
        }
    }
}

/// Whether a browser opens a page of its own, and says so itself.
fn opens_page(req: &RequestView<'_>) -> bool {
    *req.method() == Method::GET
        && req.header("sec-fetch-mode") == Some("navigate")
        && req.header("sec-fetch-dest") == Some("document")
}

/// Whether a login is asked for by a browser that may hold a fragment, and that
/// has not been asked for it yet.
pub(super) fn may_be_there(req: &RequestView<'_>, params: &Params) -> bool {
    opens_page(req) && matches!(params.one(PARAMETER), Ok(None))
}

/// The page before the login. It goes on to where it was opened, with one
/// parameter more, and says the same to whoever runs no script.
pub(super) fn asking_page(req: &RequestView<'_>, key: FragmentKey) -> Reply {
    let onward = |value: &str| {
        let query = req.query().filter(|query| !query.is_empty());
        let query = query.map_or_else(String::new, |query| format!("{query}&"));
        format!("{}?{query}{PARAMETER}={value}", req.path().canonical())
    };
    let key = key.text();
    let page = Page::new(Word::SigningInTitle)
        .text(Word::SigningInText)
        .onward(
            Script::KeepFragment,
            onward(NONE),
            vec![("kept", onward(&key)), ("key", key)],
        );
    Reply::page(
        StatusCode::OK,
        page,
        Note::new("page").because("fragment_asked"),
    )
}
