//! A face: one public origin with its cookies, and what is sealed for it.
//!
//! Must not know what is inside of sealed values.

use std::sync::Arc;

use super::cookie::Cookies;
use super::headers::OriginHeaders;
use super::origin::PublicOrigin;
use super::provider::Provider;
use super::seal::{Context, Purpose};

/// One public origin with its cookies.
#[derive(Debug)]
pub(super) struct Face {
    /// Its place among the faces: tells sealed values of one from another's.
    pub(super) place: usize,
    pub(super) origin: PublicOrigin,
    pub(super) cookies: Cookies,
    /// What the app is told of where a request came from.
    pub(super) headers: Arc<OriginHeaders>,
}

impl Face {
    pub(super) fn new(place: usize, origin: PublicOrigin, cookies: Cookies) -> Self {
        Self {
            place,
            headers: Arc::new(OriginHeaders::new(&origin)),
            origin,
            cookies,
        }
    }

    /// Where a provider sends people back to, byte for byte as it is registered.
    pub(super) fn redirect_uri(&self, provider: &Provider) -> String {
        format!("{}{}", self.origin, provider.callback)
    }

    pub(super) fn session_context(&self) -> Context<'_> {
        self.context(Purpose::Session, self.cookies.session_name())
    }

    pub(super) fn logins_context(&self) -> Context<'_> {
        self.context(Purpose::Logins, self.cookies.logins_name())
    }

    pub(super) fn state_context(&self) -> Context<'_> {
        self.context(Purpose::State, "state")
    }

    pub(super) fn form_context(&self) -> Context<'_> {
        self.context(Purpose::Form, "form")
    }

    fn context<'c>(&'c self, purpose: Purpose, name: &'c str) -> Context<'c> {
        Context {
            purpose,
            name,
            origin: self.origin.as_str(),
        }
    }
}
