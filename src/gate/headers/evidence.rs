//! What headers may say of somebody beside the person: claims, tokens, the session.
//!
//! Owns nothing, and lends it all. Must not show any of it in debug output.

use serde_json::{Map, Value};

use crate::gate::session::{Session, SessionId};
use crate::gate::time::UnixTime;

/// What is known of a signed-in person beside the [`Person`](crate::gate::identity::Person). Debug shows nothing of it.
#[derive(Clone, Copy, Default)]
pub struct Evidence<'e> {
    /// The token's subject.
    pub sub: &'e str,
    /// The provider that signed the person in.
    pub provider: &'e str,
    /// The ID token's claims, without an email that is not believed.
    pub claims: Option<&'e Map<String, Value>>,
    /// The ID token.
    pub id_token: IdToken<'e>,
    /// The access token, where the session keeps one.
    pub access_token: Option<AccessToken<'e>>,
    /// The public origin that the request came to.
    pub origin: &'e str,
    /// The session, if there is one.
    pub session: Option<&'e SessionId>,
}

/// The ID token, whose text is made when a header asks for it.
#[derive(Clone, Copy, Default)]
pub enum IdToken<'e> {
    /// There is none.
    #[default]
    None,
    /// Its text.
    Text(&'e str),
    /// The one of a session.
    Of(&'e Session),
}

impl<'e> IdToken<'e> {
    pub(super) fn text(self) -> &'e str {
        match self {
            Self::None => "",
            Self::Text(text) => text,
            Self::Of(session) => session.id_token(),
        }
    }
}

/// An access token on its way to the app.
#[derive(Clone, Copy)]
pub struct AccessToken<'e> {
    /// The token.
    pub text: &'e str,
    /// When it ends: from then on it is not sent.
    pub ends: UnixTime,
}

impl std::fmt::Debug for AccessToken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken([redacted])")
    }
}

impl std::fmt::Debug for Evidence<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Evidence([redacted])")
    }
}
