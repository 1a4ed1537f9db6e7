//! The core: what becomes of a request. Decides without I/O; time, randomness
//! and what is known of the provider are arguments.
//!
//! Owns [`Gate::decide`], THE FATE OF A REQUEST. Must not know pingora, tokio,
//! the network, files or clocks (`tests/suite/architecture.rs` holds it to that).

use std::sync::Arc;

use crate::config::Revoked;

pub mod activity;
mod api;
pub mod assertion;
mod auth_age;
mod base64url;
mod bearer;
pub mod budget;
pub mod cache;
pub mod callback;
mod chooser;
mod circles;
pub mod claims;
pub mod client;
pub mod cookie;
mod decision;
pub mod denied;
mod elsewhere;
pub mod email;
pub mod endpoint;
mod evidence;
pub mod explain;
mod face;
pub mod form;
pub mod forward_auth;
mod forwarding;
pub mod fragment;
pub mod headers;
mod identify;
pub mod identity;
mod judging;
mod leading;
pub mod lease;
pub mod login;
pub mod memory;
pub mod newer;
pub mod origin;
pub mod page;
pub mod policy;
mod provider;
mod query;
pub mod refresh;
mod refusing;
mod remedy;
pub mod remembered;
pub mod reply;
pub mod request;
pub mod return_to;
pub mod route;
pub mod rule;
pub mod seal;
pub mod session;
mod setup;
pub mod signin;
pub mod signout;
mod standing;
pub mod switching;
pub mod time;
pub mod token;
mod trailers;
mod unauthenticated;
pub mod unavailable;
mod unmet;
pub mod userinfo;
mod verified;
mod whoami;
pub mod wire;

use bearer::Bearer;
use client::TrustedProxies;
pub use decision::{Decision, Effect, Forward};
use endpoint::{Endpoint, OurPaths};
use face::Face;
use forward_auth::ForwardAuth;
use headers::apps::AppRules;
use judging::Held;
use leading::{Leads, is_preflight, shows_nobody};
use memory::Memory;
use origin::PublicOrigin;
use page::{Look, Page};
use policy::{Denial, Forbidden};
use provider::Providers;
pub use provider::{Known, Seen};
use remembered::{Figures, Remembered};
use reply::{Asker, Note, Reply};
use request::RequestView;
use route::{Router, Ruled};
use seal::{KeyRing, KeyUse, Rng};
pub use setup::NoSessionKey;
use time::UnixTime;
use verified::Verified;

/// The core, built once from a configuration.
#[derive(Debug)]
pub struct Gate {
    faces: Vec<Face>,
    paths: OurPaths,
    router: Router,
    ring: KeyRing,
    headers: AppRules,
    providers: Providers,
    lifetime: u64,
    revoked: Revoked,
    idle: Option<standing::Idle>,
    outage_grace: u64,
    whoami: bool,
    proxies: TrustedProxies,
    forward_auth: Option<ForwardAuth>,
    /// Whether there is an app behind us.
    has_app: bool,
    look: Arc<Look>,
    memory: Arc<Memory>,
    verified: Remembered<Verified>,
    bearers: Remembered<Bearer>,
}

impl Gate {
    /// How its pages look.
    #[must_use]
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// What this instance remembers.
    #[must_use]
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// THE FATE OF A REQUEST. After [`Effect::Refresh`] it is asked again, with
    /// [`Known::refreshed`], and does not ask for another; what it may still ask
    /// for is a form's body. `client` is who
    /// opened the connection; `None` if it came by a unix socket.
    pub fn decide(
        &self,
        req: &RequestView<'_>,
        known: Known<'_>,
        client: Option<std::net::IpAddr>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        self.ring.settle(now);
        let (ruling, face) = match self.leads(req) {
            Leads::Nowhere => {
                return Decision::Reply(Endpoint::Unknown.method_not_allowed(req));
            }
            Leads::Elsewhere => return Decision::Reply(self.misdirected(req)),
            Leads::Ours(endpoint, face) => {
                return self.serve(endpoint, req, face, known, now, rng);
            }
            Leads::Asked(below) => return self.forward_auth(below, req, known, client, now, rng),
            Leads::App(..) if !self.has_app => return Decision::Reply(reply::not_found(req)),
            Leads::App(ruling, face) => (ruling, face),
        };
        let Some(Ruled { label, rule }) = ruling.ruled() else {
            return Decision::Reply(path_ambiguous());
        };
        let manner = rule.map(|(_, manner)| manner);
        let judged = match rule {
            Some((access, manner)) => self.judge(access, manner, req, face, known, now, rng),
            None => Err(Denial::Forbidden(Forbidden::NoRuleForMethod).into()),
        };
        let upstream = manner.map_or(Some(0), |manner| manner.upstream);
        let Some(upstream) = upstream else {
            return Decision::Reply(reply::not_found(req));
        };
        let forwarded =
            judged.and_then(|judged| self.forward(judged, req, face, upstream, client, now));
        match forwarded.map_err(|held| held.under(Some(label))) {
            Ok(mut forward) => {
                forward.shared_cache = manner.is_some_and(|manner| manner.shared_cache);
                // No browser sends them on a preflight, which nobody has to be signed in for.
                forward.pass_override_headers =
                    !is_preflight(req) && manner.is_some_and(|manner| manner.pass_override_headers);
                forward.took_bearer |= manner.is_some_and(|manner| shows_nobody(req, manner));
                forward.note.route = Some(Arc::clone(label));
                Decision::Forward(Box::new(forward))
            }
            Err(Held::Refresh(ask)) => Decision::Perform(Effect::Refresh(ask)),
            Err(Held::Denied {
                denial,
                cookies,
                account,
            }) => {
                let is_api = manner.is_some_and(|manner| manner.is_api);
                let mut reply = self.denied(req, face, is_api, &denial, account.as_deref(), rng);
                reply.note.route = Some(Arc::clone(label));
                let reply = reply.with_cookies(cookies);
                match denial {
                    Denial::SignIn(why) if !why.is_outage() && !is_api => {
                        self.keep_or(req, face, reply)
                    }
                    _ => Decision::Reply(reply),
                }
            }
        }
    }

    fn serve(
        &self,
        endpoint: Endpoint<'_>,
        req: &RequestView<'_>,
        face: &Face,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        if !self.is_there(endpoint) {
            return Decision::Reply(reply::not_found(req));
        }
        if !endpoint.allows(req.method()) {
            return Decision::Reply(endpoint.method_not_allowed(req));
        }
        match endpoint {
            Endpoint::Login { provider } => self.login(req, face, provider, known, now, rng),
            Endpoint::Callback { provider } => self.callback(req, face, provider, known, now, rng),
            Endpoint::Resume => self.resume(req, face, known, now, rng),
            Endpoint::Return => Decision::Reply(self.return_page(req, face)),
            Endpoint::Logout => self.logout(req, face, known, now),
            Endpoint::LogoutThen { provider } => {
                Decision::Reply(self.logout_goes_on(req, face, provider))
            }
            Endpoint::SignedOut => Decision::Reply(self.signed_out(req, face)),
            Endpoint::Session => self.session_json(req, face, known, now, rng),
            Endpoint::Whoami => self.whoami_page(req, face, known, now, rng),
            Endpoint::Jwks => Decision::Reply(self.jwks(req)),
            Endpoint::Auth { .. } | Endpoint::Unknown => Decision::Reply(reply::not_found(req)),
        }
    }

    /// Whether the configuration has this page at all.
    fn is_there(&self, endpoint: Endpoint<'_>) -> bool {
        match endpoint {
            Endpoint::Auth { .. } | Endpoint::Unknown => false,
            Endpoint::Callback { provider } => {
                provider.is_none_or(|id| self.providers.named(id).is_some())
            }
            Endpoint::Whoami => self.whoami,
            Endpoint::Jwks => self.headers.jwks().is_some(),
            _ => true,
        }
    }

    /// How often each session key was used.
    pub fn key_uses(&self) -> impl Iterator<Item = KeyUse> {
        self.ring.uses()
    }

    /// Another one takes the requests that come from now on. Those under way go
    /// on with this one, a websocket for days: it gives back the memory of
    /// verified sessions and tokens, which would else add up with every reload.
    pub fn retire(&self) {
        self.verified.clear();
        self.bearers.clear();
    }

    /// What the cache of verified sessions and bearer tokens comes to.
    #[must_use]
    pub fn verified_figures(&self) -> Figures {
        self.verified.figures().and(self.bearers.figures())
    }

    /// The public origins.
    pub fn origins(&self) -> impl Iterator<Item = &PublicOrigin> {
        self.faces.iter().map(|face| &face.origin)
    }

    /// Where a person signs in to come back to `target`.
    fn login_path(&self, target: &str) -> String {
        format!("{}/login?rd={}", self.paths.prefix(), form_encoded(target))
    }

    /// Where a person signs out, to come back to `target` as someone else.
    fn logout_path(&self, target: &str) -> String {
        format!("{}/logout?rd={}", self.paths.prefix(), form_encoded(target))
    }
}

/// 400: nobody knows under which rule the app would see this path.
fn path_ambiguous() -> Reply {
    let why = "apps read this path in different ways";
    Reply::bad_request(why, "path_ambiguous")
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A reference that a page shows and the log has too: eight characters.
fn reference(rng: Rng<'_>) -> Option<String> {
    let mut bytes = [0; 4];
    rng(&mut bytes).ok()?;
    Some(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests;
