//! The validated configuration: what the program needs, not what the user typed.
//!
//! Owns plain data made of newtypes; every value in here has been checked, so
//! nobody downstream needs an "invalid config" branch. Must not open files:
//! `load` reads them, `file` has the names of the keys, `convert` every rule
//! about their values, `error` what can be wrong with them.

use std::sync::Arc;

use crate::gate::headers::HeaderRules;
use crate::gate::page::Look;
use crate::gate::route::Route;

mod api;
mod convert;
pub mod error;
mod file;
mod identity;
mod listen;
pub mod load;
mod outbound;
mod provider;
mod reader;
pub mod registration;
pub mod schema;
mod server;
mod session;
mod telemetry;
mod upstream;

pub use api::BearerTokens;
pub use identity::Identity;
pub use listen::{Listen, ServerTls, Stop};
pub use outbound::{OutboundProxy, ProviderHttp};
pub use provider::{
    AuthorizeParams, ClientAuth, EmailVerified, Endpoints, LogoutReach, LogoutThen, Provider,
    ProviderId, ProviderKind,
};
pub use server::{ClientTimeouts, Server};
pub use session::{Revoked, Session};
pub use telemetry::{Log, LogAs, LogFormat, Otlp, Share, Telemetry};
pub use upstream::{
    Address, HostHeader, PrivateKey, Protocol, Timeouts, Upstream, UpstreamTls, Upstreams,
};

/// Everything `vestibule run` needs to know.
#[derive(Debug)]
pub struct Config {
    /// Listeners and the public face.
    pub server: Server,
    /// The apps behind us.
    pub upstreams: Upstreams,
    /// Who signs people in, in the order of the file; at least one.
    pub providers: Vec<Provider>,
    /// The session cookie.
    pub session: Session,
    /// Which headers tell the app about them.
    pub headers: HeaderRules,
    /// The `[[route]]` tables, in the order of the file.
    pub routes: Vec<Route>,
    /// How our own pages look.
    pub pages: Arc<Look>,
    /// Logging.
    pub log: Log,
    /// Traces.
    pub telemetry: Telemetry,
}

impl Config {
    /// The provider of this name.
    #[must_use]
    pub fn provider(&self, id: &str) -> Option<&Provider> {
        let mut providers = self.providers.iter();
        providers.find(|provider| provider.id.as_str() == id)
    }

    /// Those through which people sign in.
    pub fn sign_in_providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter().filter(|provider| provider.signs_in())
    }

    /// The path of the redirect URI that is sent to a provider: the short form
    /// where it is the only one (contract, section 2).
    #[must_use]
    pub fn callback_path(&self, provider: &Provider) -> String {
        let prefix = &self.server.path_prefix;
        match &provider.callback_path {
            Some(path) => path.clone(),
            None if self.sign_in_providers().count() == 1 => format!("{prefix}/callback"),
            None => format!("{prefix}/callback/{}", provider.id.as_str()),
        }
    }

    /// Where a provider's logout returns that goes on from there, in the same way.
    #[must_use]
    pub fn logout_then_path(&self, provider: &Provider) -> String {
        let prefix = &self.server.path_prefix;
        let goes_on = |provider: &&Provider| provider.logout == LogoutReach::Then;
        match self.providers.iter().filter(goes_on).count() {
            0 | 1 => format!("{prefix}/logout/then"),
            _ => format!("{prefix}/logout/then/{}", provider.id.as_str()),
        }
    }
}
