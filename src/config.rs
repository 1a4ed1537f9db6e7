//! The validated configuration: what the program needs, not what the user typed.
//!
//! Owns plain data made of newtypes; every value in here has been checked, so
//! nobody downstream needs an "invalid config" branch. Must not open files:
//! `load` reads them, `file` has the names of the keys, `convert` every rule
//! about their values, `error` what can be wrong with them.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use secrecy::SecretString;
use url::Url;
use zeroize::Zeroizing;

use crate::gate::client::TrustedProxies;
use crate::gate::cookie::CookieName;
use crate::gate::email::EmailDomains;
use crate::gate::forward_auth::ForwardAuth;
use crate::gate::headers::HeaderRules;
use crate::gate::identity::rule::{AttributeRule, ClaimRule};
use crate::gate::origin::PublicOrigin;
use crate::gate::page::Look;
use crate::gate::route::Route;
use crate::gate::seal::SecretKey;
use crate::gate::time::UnixTime;
use crate::gate::token::Algorithm;

mod api;
mod convert;
pub mod error;
mod file;
mod listen;
pub mod load;
mod outbound;
mod reader;
pub mod registration;
pub mod schema;
mod telemetry;

pub use api::BearerTokens;
pub use listen::{Listen, ServerTls, Stop};
pub use outbound::{OutboundProxy, ProviderHttp};
pub use telemetry::{Log, LogAs, LogFormat, Otlp, Share, Telemetry};

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

/// `[server]`.
#[derive(Debug)]
pub struct Server {
    /// Addresses that serve the public; at least one.
    pub listen: Vec<Listen>,
    /// Who may open our unix sockets, as the file's mode bits.
    pub socket_mode: u32,
    /// What TCP connections are served by TLS with; `None`: plain.
    pub tls: Option<ServerTls>,
    /// `Strict-Transport-Security` (RFC 6797) of answers on https origins.
    pub hsts: Option<HeaderValue>,
    /// Address of health and readiness, never reachable through the public one.
    pub admin_listen: SocketAddr,
    /// What browsers see; at least one, the first is the default of `explain`-like output.
    pub origins: Vec<PublicOrigin>,
    /// Prefix of all our own paths: begins with a slash, does not end in one.
    pub path_prefix: String,
    /// Whether the signed-in person may see what the app receives.
    pub whoami: bool,
    /// Whose word about the client's address counts.
    pub trusted_proxies: TrustedProxies,
    /// Whether and how front proxies may ask about requests.
    pub forward_auth: Option<ForwardAuth>,
    /// Whether routes match whatever the case of a path is.
    pub ignore_path_case: bool,
    /// How the process stops.
    pub stop: Stop,
    /// How long clients may take.
    pub timeouts: ClientTimeouts,
    /// Worker threads; at least one.
    pub threads: usize,
}

/// `server.timeouts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// How long the header of a request may take.
    pub header: Duration,
    /// How long a connection of HTTP/1.1 may wait for its next request.
    pub idle: Duration,
}

/// `[upstream]`, or the `[upstream.NAME]` tables.
#[derive(Debug)]
pub struct Upstreams {
    /// At least one, but for forward-auth alone.
    pub apps: Vec<Upstream>,
    /// Which of them answers where no route names one.
    pub default: Option<usize>,
}

/// One app.
#[derive(Debug)]
pub struct Upstream {
    /// The table's name; `default` for `[upstream]`.
    pub name: String,
    /// Where it listens.
    pub address: Address,
    /// What is spoken there.
    pub protocol: Protocol,
    /// Which host it is asked for.
    pub host: HostHeader,
    /// Who it has to be, for https.
    pub tls: UpstreamTls,
    /// Which headers tell it about people, if not `[headers]`.
    pub headers: Option<HeaderRules>,
    /// How long it may take.
    pub timeouts: Timeouts,
}

/// Where an app listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A host and a port; the scheme's default is filled in.
    Tcp {
        /// Host name or address, as a connection needs it (no brackets).
        host: String,
        /// Port.
        port: u16,
    },
    /// A unix socket's path.
    Unix(String),
}

/// What is spoken to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/2 or 1.1 over TLS, whichever the app prefers (RFC 7301).
    Https,
    /// HTTP/2 without TLS, with prior knowledge (RFC 9113 3.3).
    H2c,
}

/// The `Host` that an app gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostHeader {
    /// What the browser sent.
    Keep,
    /// This one.
    Is(String),
}

/// `upstream.tls`.
#[derive(Debug, Default)]
pub struct UpstreamTls {
    /// The name that the app's certificate has to be for; empty without TLS alone.
    pub server_name: String,
    /// Authorities, as DER, in place of the system's.
    pub ca: Option<Vec<Vec<u8>>>,
    /// Our own certificate chain, as DER, and its key.
    pub client: Option<(Vec<Vec<u8>>, PrivateKey)>,
}

/// A private key as DER. Debug does not show it.
#[derive(Default)]
pub struct PrivateKey(pub(crate) Zeroizing<Vec<u8>>);

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey([redacted])")
    }
}

/// `upstream.timeouts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection is there, TLS included.
    pub connect: Duration,
    /// Longest silence of the app while an answer is due or under way.
    pub response: Duration,
    /// How long an unused connection is kept.
    pub idle: Duration,
}

/// The provider's name in our configuration and URLs: Latin letters, digits, `-` and `_`, at most 32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderId(pub(crate) String);

impl ProviderId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which dialect a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// Amazon Cognito: `token_use`, `client_id` in access tokens, its own `/logout`.
    Cognito,
    /// OpenID Connect as written.
    Oidc,
}

/// `[provider.ID]`.
#[derive(Debug)]
pub struct Provider {
    /// The table's name.
    pub id: ProviderId,
    /// Dialect.
    pub kind: ProviderKind,
    /// The exact text that tokens carry as `iss` (never normalised: it is compared byte for byte).
    pub issuer: String,
    /// Further exact issuers accepted in tokens.
    pub accepted_issuers: Vec<String>,
    /// Endpoints that are named by hand or follow from the Cognito shorthand;
    /// discovery fills in the others.
    pub endpoints: Endpoints,
    /// Our client id there; `None`: nobody signs in through it, and it only
    /// vouches for bearer tokens.
    pub client_id: Option<String>,
    /// How we prove to be that client.
    pub client_auth: ClientAuth,
    /// How it is reached.
    pub http: ProviderHttp,
    /// Scopes asked for; contains `openid`.
    pub scopes: Vec<String>,
    /// What else goes into the authorization URL.
    pub authorize_params: AuthorizeParams,
    /// Cognito: the only identity provider whose people come in; `COGNITO`: the pool's own.
    pub identity_provider: Option<String>,
    /// Which emails are believed.
    pub email_verified: EmailVerified,
    /// The domains whose emails it may speak for.
    pub email_domains: EmailDomains,
    /// Which claims say who somebody is: `[identity]`, and in its place, key by
    /// key, `provider.ID.identity`.
    pub identity: Identity,
    /// What its tokens may be signed with; never empty.
    pub signing_algorithms: Vec<Algorithm>,
    /// How old its keys may become while it cannot be asked; `None`: without a limit.
    pub keys_max_age: Option<Duration>,
    /// Oldest authentication (`auth_time`) that is accepted; `None`: any.
    pub max_auth_age: Option<Duration>,
    /// Whose bearer tokens count on routes for API clients.
    pub api: BearerTokens,
    /// Whether each login asks for userinfo.
    pub userinfo: bool,
    /// How far signing out goes.
    pub logout: LogoutReach,
    /// Where a logout goes on after the provider's, if that is configured.
    pub logout_then: Option<LogoutThen>,
    /// A redirect URI path of its own: begins with a slash, canonical, exact.
    pub callback_path: Option<String>,
    /// What people know it by; the id if nothing is configured.
    pub display_name: Option<String>,
    /// Whether only a link that names it leads there.
    pub hidden: bool,
}

impl Provider {
    /// Every issuer that its tokens may be of.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        let others = self.accepted_issuers.iter().map(String::as_str);
        std::iter::once(self.issuer.as_str()).chain(others)
    }

    /// Whether people sign in through it.
    #[must_use]
    pub fn signs_in(&self) -> bool {
        self.client_id.is_some()
    }

    /// What people know it by.
    #[must_use]
    pub fn title(&self) -> &str {
        self.display_name.as_deref().unwrap_or(self.id.as_str())
    }
}

/// A provider's endpoints, as far as they are known without asking it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Where browsers are sent to sign in.
    pub authorization: Option<Url>,
    /// Where codes are redeemed.
    pub token: Option<Url>,
    /// The JWK set.
    pub jwks: Option<Url>,
    /// Where claims beside the tokens are (OpenID Connect Core 5.3).
    pub userinfo: Option<Url>,
    /// Where refresh tokens are revoked (RFC 7009).
    pub revocation: Option<Url>,
    /// Where browsers are sent to sign out.
    pub logout: Option<Url>,
}

/// Parameters of the authorization URL beside the flow's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizeParams {
    /// Names and values, the same for everybody.
    pub fixed: Vec<(String, String)>,
    /// Names that a login link may pass on, in place of a fixed one.
    pub forwarded: Vec<String>,
}

/// Client authentication at the token endpoint (RFC 6749 2.3.1). Secrets are
/// several while they rotate, never none.
#[derive(Debug)]
pub enum ClientAuth {
    /// HTTP Basic.
    Basic(Vec<SecretString>),
    /// In the body.
    Post(Vec<SecretString>),
    /// A public client.
    None,
}

/// What has to be said about an email for it to count (cognito.md 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailVerified {
    /// An explicit `false` is believed only of a federated user; absent is believed.
    Auto,
    /// Only an explicit `true` is believed.
    Require,
    /// Every email is believed.
    Ignore,
}

/// `provider.ID.logout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutReach {
    /// On through the provider's logout.
    Provider,
    /// The same, and then on to [`Provider::logout_then`].
    Then,
    /// Only our own session ends.
    Local,
}

/// `provider.ID.logout = { then = "URL" }`: the logout of whoever stands behind
/// the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutThen(pub(crate) String);

impl LogoutThen {
    /// What stands for our signed-out page, percent-encoded.
    pub const SIGNED_OUT: &str = "{signed_out_url}";

    /// The URL, with our signed-out page in it where it is wanted.
    #[must_use]
    pub fn url(&self, signed_out: &str) -> String {
        let encoded: String = url::form_urlencoded::byte_serialize(signed_out.as_bytes()).collect();
        self.0.replace(Self::SIGNED_OUT, &encoded)
    }
}

/// `[session]`.
#[derive(Debug)]
pub struct Session {
    /// At least one; the first seals, all open.
    pub keys: Vec<SecretKey>,
    /// How long after sign-in a session may last at most.
    pub lifetime: Duration,
    /// How long a session may go unused; `None`: as long as it lasts.
    pub idle_timeout: Option<Duration>,
    /// How long a key that turned up while running opens before it seals.
    pub key_settle: Duration,
    /// How long past its token's end a session goes on while the provider cannot be reached.
    pub outage_grace: Duration,
    /// Memory for verified sessions, in bytes; 0: each signature is checked on
    /// every request.
    pub verification_cache: u64,
    /// Whose sessions count for nothing.
    pub revoked: Revoked,
    /// Name of the session cookie; `None`: the default of each origin.
    pub cookie_name: Option<CookieName>,
}

/// `session.revoked`: ends sessions on every instance without a store.
#[derive(Clone, Default)]
pub struct Revoked {
    /// Subjects (`sub`) that get in nowhere.
    pub subjects: HashSet<String>,
    /// Whoever signed in before has to sign in anew; in Unix seconds.
    pub signed_in_before: Option<UnixTime>,
}

impl std::fmt::Debug for Revoked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revoked")
            .field("subjects", &self.subjects.len())
            .field("signed_in_before", &self.signed_in_before)
            .finish()
    }
}

/// `[identity]`: which claims say who somebody is. Of several names the first
/// that is present counts; groups merge all.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The account name.
    pub user: ClaimRule,
    /// The email address.
    pub email: ClaimRule,
    /// The name for display; `None`: `name`, else given and family name.
    pub name: Option<ClaimRule>,
    /// Groups.
    pub groups: ClaimRule,
    /// Whether Cognito's automatic group `<poolId>_<provider>` stays.
    pub keep_provider_group: bool,
    /// The one access right; `None`: nobody has one.
    pub access_right: Option<ClaimRule>,
    /// `access_right.order`: of several rights the first in here counts.
    pub order: Vec<String>,
    /// Further things that apps may want to know, in the order of the file.
    pub attributes: Vec<AttributeRule>,
}
