//! Logins that lead to another one of our origins.
//!
//! Owns which origin a login belongs to: the one of its target, since a session
//! is worth nothing on another. So it begins there, with all that the link says,
//! and the person is not asked twice. Must not know how a login goes.

use url::form_urlencoded::Serializer;

use super::face::Face;
use super::query::Params;
use super::return_to::ReturnTo;
use super::{Gate, Note, Reply, RequestView};

impl Gate {
    /// 302 to the same login on the origin that `rd` names, if it is ours and
    /// another one than this (contract, section 2). The target's path is all that
    /// `rd` says there, so that it can be done once only.
    pub(super) fn login_elsewhere(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        params: &Params,
    ) -> Option<Reply> {
        let (other, target) = self.target_elsewhere(params.one("rd").ok()??, face)?;
        let mut query = Serializer::new(String::new());
        query.extend_pairs(params.without(&["rd"]));
        query.append_pair("rd", target.as_str());
        let login = req.path().canonical();
        let url = format!("{}{login}?{}", other.origin, query.finish());
        Some(Reply::redirect(&url, other_origin()))
    }

    /// What an absolute URL of another one of our origins names there.
    pub(super) fn target_elsewhere(&self, url: &str, face: &Face) -> Option<(&Face, ReturnTo)> {
        let mut others = self.faces.iter().filter(|other| other.place != face.place);
        let other = others.find(|other| other.origin.is_origin_of(url))?;
        Some((other, ReturnTo::parse(url, &other.origin)?))
    }
}

/// For the log.
pub(super) fn other_origin() -> Note {
    Note::new("page").because("login_at_other_origin")
}
