//! A face: one public origin with its cookies, and what is sealed for it; which
//! of them a request came by, and which cookies are theirs.
//!
//! Must not know what is inside of sealed values.

use std::sync::Arc;

use super::Gate;
use super::cookie::{self, Cookies, Stripped};
use super::headers::OriginHeaders;
use super::origin::{self, PublicOrigin};
use super::provider::Provider;
use super::seal::{Context, Purpose};
use crate::config::Config;
use crate::spread::Spread;

/// One public origin with its cookies.
#[derive(Debug)]
pub(super) struct Face {
    /// Its place among the faces: tells sealed values of one from another's.
    pub(super) place: usize,
    pub(super) origin: PublicOrigin,
    pub(super) cookies: Cookies,
    /// What the app is told of where a request came from: each request shares
    /// the values.
    pub(super) headers: Spread<Arc<OriginHeaders>>,
}

impl Face {
    /// The faces of a configuration. Cookies know no ports (RFC 6265 8.5): of
    /// origins on one host, all but the first have theirs under further names,
    /// else a sign-in on one would end the session on the other.
    pub(super) fn all(config: &Config) -> Vec<Self> {
        let (name, prefix) = (
            config.session.cookie_name.as_ref(),
            &config.server.path_prefix,
        );
        let mut faces: Vec<Self> = Vec::new();
        for (place, origin) in config.server.origins.iter().enumerate() {
            let cookies = Cookies::new(name, origin, prefix);
            let is_taken = faces.iter().any(|other| {
                other.origin.host() == origin.host()
                    && other.cookies.session_name() == cookies.session_name()
            });
            let cookies = match is_taken {
                true => cookies.of_port(origin.port()),
                false => cookies,
            };
            faces.push(Self::new(place, origin.clone(), cookies));
        }
        faces
    }

    fn new(place: usize, origin: PublicOrigin, cookies: Cookies) -> Self {
        Self {
            place,
            headers: Spread::of(|| Arc::new(OriginHeaders::new(&origin))),
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

impl Gate {
    /// A `Cookie` header without cookies of ours, the rest byte for byte.
    #[must_use]
    pub fn strip_cookies(&self, header: &[u8]) -> Stripped {
        cookie::strip(header, |name| self.is_our_cookie(name))
    }

    fn is_our_cookie(&self, name: &[u8]) -> bool {
        self.faces.iter().any(|face| face.cookies.is_ours(name))
    }

    /// Whether an app's `Set-Cookie` is for a name of ours, and so dropped.
    #[must_use]
    pub fn is_our_set_cookie(&self, set_cookie: &[u8]) -> bool {
        self.faces
            .iter()
            .any(|face| face.cookies.is_ours_set(set_cookie))
    }

    /// Whether browsers reach this host by https; not if it is none of ours.
    #[must_use]
    pub fn is_https(&self, host: &str) -> bool {
        self.face(host).is_some_and(|face| face.origin.is_https())
    }

    /// The place of the public origin that a host is of.
    #[must_use]
    pub fn origin_at(&self, host: &str) -> Option<u16> {
        let face = self.face(host)?;
        let place = self
            .faces
            .iter()
            .position(|one| one.origin == face.origin)?;
        u16::try_from(place).ok()
    }

    /// The host of the public origin at that place, which a request is told to
    /// have come to. Only ever a configured one.
    #[must_use]
    pub fn host_told(&self, place: Option<u16>) -> Option<&str> {
        let face = self.faces.get(usize::from(place?))?;
        Some(face.origin.host())
    }

    pub(super) fn face(&self, host: &str) -> Option<&Face> {
        let found = origin::for_host(self.faces.iter().map(|face| &face.origin), host)?;
        self.faces.iter().find(|face| face.origin == *found)
    }
}
