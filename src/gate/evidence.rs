//! From a session to what headers may say of it.
//!
//! Owns the step between a verified identity and [`headers`](super::headers):
//! what is believed, which token is kept for the app and until when it is
//! sent, and what becomes of a person who cannot be told.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::face::Face;
use super::headers::{AccessToken, Evidence, IdToken, Untellable};
use super::identity::NoPerson;
use super::policy::Forbidden;
use super::session::Session;
use super::time::UnixTime;
use super::token::{VerifiedIdentity, json};
use super::{Gate, Note, Reply, RequestView, reply};

impl Gate {
    /// What headers may say of a person beside the person. `believed`: the
    /// claims without what is not believed.
    pub(super) fn with_evidence<T>(
        face: &Face,
        believed: &Map<String, Value>,
        session: &Session,
        identity: &VerifiedIdentity,
        tell: impl FnOnce(&Evidence<'_>) -> T,
    ) -> T {
        let access_token = session.access_token().map(|token| AccessToken {
            text: token,
            ends: end_of(token, identity),
        });
        tell(&Evidence {
            sub: identity.subject(),
            provider: session.provider(),
            claims: Some(believed),
            id_token: IdToken::Of(session),
            origin: face.origin.as_str(),
            session: Some(session.id()),
            access_token,
        })
    }

    /// The access token, if a header tells it to the app: what nothing needs is
    /// not stored.
    pub(super) fn access_token_to_keep(
        &self,
        token: &Zeroizing<String>,
    ) -> Option<Zeroizing<String>> {
        self.headers.tell_access_token().then(|| token.clone())
    }

    /// `/jwks.json`: the keys by which apps verify the assertion. `no-store`, as
    /// all answers of ours: an app's library keeps them by a clock of its own,
    /// and a shared cache would only hold up a rotation.
    pub(super) fn jwks(&self, req: &RequestView<'_>) -> Reply {
        match self.headers.jwks() {
            Some(jwks) => Reply::json(StatusCode::OK, jwks, Note::new("page").because("jwks")),
            None => reply::not_found(req),
        }
    }

    /// Whether a client's header of this name is removed on its way to an app.
    #[must_use]
    pub fn is_managed_header(&self, app: usize, name: &str) -> bool {
        self.headers.is_managed(app, name)
    }
}

/// When an access token ends. It came from the provider with the ID token, and
/// it is sealed with it; so what it says of itself is believed. One that says
/// nothing (an opaque one) is taken to end with that ID token, and one that
/// says what is no time, to have ended.
fn end_of(token: &str, identity: &VerifiedIdentity) -> UnixTime {
    let payload = token
        .split('.')
        .nth(1)
        .filter(|_| token.split('.').count() == 3);
    let claims = payload
        .and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok())
        .and_then(|payload| json::object(&payload).ok());
    match claims.as_ref().and_then(|claims| claims.get("exp")) {
        Some(end) => UnixTime::from_secs(end.as_u64().unwrap_or_default()),
        None => identity.expires(),
    }
}

impl From<Untellable> for Forbidden {
    fn from(why: Untellable) -> Self {
        match why {
            Untellable::TooLong => Self::HeaderTooLong,
            Untellable::Unsigned(_) => Self::Unsigned,
            Untellable::ControlInUser => Self::NoPerson(NoPerson::ControlInUser),
        }
    }
}

#[cfg(test)]
mod tests;
