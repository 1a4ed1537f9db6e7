//! `[provider.ID]`: who signs people in, and vouches for bearer tokens.
//!
//! Owns what is configured of a provider. Must not know what discovery adds to it
//! (`edge::provider`).

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::{BearerTokens, Identity, ProviderHttp};
use crate::gate::email::EmailDomains;
use crate::gate::token::Algorithm;

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
    /// Cognito: the pool's id, if it is written beside the issuer or in its place.
    pub user_pool_id: Option<String>,
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
