//! Built-in conventions: which headers apps of other proxies wait for.
//!
//! Owns names, joiners and encodings of each (field.md 4). A preset that
//! stands in for another product sends non-ASCII text as that product does;
//! where there is none to stand in for, percent-encoded. No preset but
//! `bearer` sends a token. Must not know how values are filled in.

use super::encode::Encoding::{self, Percent, Raw};
use super::template::Template;

/// A built-in convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Our own.
    Vestibule,
    /// oauth2-proxy as a proxy, without the token headers.
    Oauth2Proxy,
    /// oauth2-proxy behind `auth_request`, without the token headers.
    Oauth2ProxyAuthRequest,
    /// AWS Application Load Balancer: `x-amzn-oidc-identity` alone. Who wants
    /// the token parts asks for them by name: `x-amzn-oidc-accesstoken` in
    /// `headers.set`, `x-amzn-oidc-data` as the assertion's header. The latter
    /// is then ours: AWS's signature, which libraries may pin, is AWS's to give.
    Alb,
    /// Authelia.
    Authelia,
    /// authentik's outpost, without its `-jwt` and the `-meta-*` of its server.
    Authentik,
    /// Grafana's auth proxy: the role is the access right.
    Grafana,
    /// `Remote-User`, as Django and many others ask for.
    RemoteUser,
    /// mod_auth_openidc: every claim, and `Remote-User`.
    ModAuthOpenidc,
    /// Google IAP, without the assertion that only Google can sign.
    GoogleIap,
    /// Cloudflare Access, without the assertion that only Cloudflare can sign.
    CloudflareAccess,
    /// Azure App Service ("Easy Auth"), without the token headers.
    AzureEasyAuth,
    /// The access token in `Authorization`, as wonderwall sends it.
    Bearer,
}

/// Words for [`Preset::ALL`], in its order.
pub const WORDS: &[&str] = &[
    "vestibule",
    "oauth2-proxy",
    "oauth2-proxy-auth-request",
    "alb",
    "authelia",
    "authentik",
    "grafana",
    "remote-user",
    "mod_auth_openidc",
    "google-iap",
    "cloudflare-access",
    "azure-easy-auth",
    "bearer",
];

/// One header of a preset.
pub(super) struct Row {
    /// As the convention writes it.
    pub(super) name: &'static str,
    pub(super) what: RowWhat,
    /// Of a header that is a list; a comma stands between items anyway.
    pub(super) join: Option<&'static str>,
    pub(super) encoding: Encoding,
}

/// What a preset's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowWhat {
    /// A template that parses.
    Template(&'static str),
    /// A hash of issuer and subject: authentik's `-uid`.
    SubjectHash,
    /// Azure's principal: base64 of JSON.
    Principal,
}

impl Preset {
    /// All of them, in the order of [`WORDS`].
    pub const ALL: &[Self] = &[
        Self::Vestibule,
        Self::Oauth2Proxy,
        Self::Oauth2ProxyAuthRequest,
        Self::Alb,
        Self::Authelia,
        Self::Authentik,
        Self::Grafana,
        Self::RemoteUser,
        Self::ModAuthOpenidc,
        Self::GoogleIap,
        Self::CloudflareAccess,
        Self::AzureEasyAuth,
        Self::Bearer,
    ];

    /// Its headers that tell a subject, and not of which provider.
    #[must_use]
    pub fn tells_subject_alone(self) -> Vec<&'static str> {
        let rows = self.rows().into_iter();
        let alone = rows.filter(|row| match row.what {
            RowWhat::Template(text) => {
                Template::parse(text).is_ok_and(|template| template.tells_subject_alone())
            }
            // Both hold issuer or provider beside the subject.
            RowWhat::SubjectHash | RowWhat::Principal => false,
        });
        alone.map(|row| row.name).collect()
    }

    /// Whether it sends every claim as a header of its own.
    pub(crate) fn sends_every_claim(self) -> bool {
        self == Self::ModAuthOpenidc
    }

    #[rustfmt::skip] // a table: one row a line
    pub(super) fn rows(self) -> Vec<Row> {
        use RowWhat::{Principal, SubjectHash};
        let row = |name, what, join, encoding| Row { name, what, join, encoding };
        let say = |name, template, encoding| row(name, RowWhat::Template(template), None, encoding);
        let list = |name, template, join| row(name, RowWhat::Template(template), Some(join), Raw);
        match self {
            Self::Vestibule => vec![
                say("X-Forwarded-User", "{user}", Percent),
                say("X-Forwarded-Email", "{email}", Percent),
                say("X-Forwarded-Name", "{name}", Percent),
                say("X-Forwarded-Groups", "{groups}", Percent),
                say("X-Access-Right", "{access_right}", Percent),
            ],
            Self::Oauth2Proxy => vec![
                say("X-Forwarded-User", "{user}", Raw),
                say("X-Forwarded-Email", "{email}", Raw),
                say("X-Forwarded-Preferred-Username", "{claim.preferred_username}", Raw),
                say("X-Forwarded-Groups", "{groups}", Raw),
            ],
            Self::Oauth2ProxyAuthRequest => vec![
                say("X-Auth-Request-User", "{user}", Raw),
                say("X-Auth-Request-Email", "{email}", Raw),
                say("X-Auth-Request-Preferred-Username", "{claim.preferred_username}", Raw),
                say("X-Auth-Request-Groups", "{groups}", Raw),
                say("GAP-Auth", "{email}", Raw),
            ],
            Self::Alb => vec![say("x-amzn-oidc-identity", "{sub}", Percent)],
            Self::Authelia => vec![
                say("Remote-User", "{user}", Raw),
                say("Remote-Groups", "{groups}", Raw),
                say("Remote-Name", "{name}", Raw),
                say("Remote-Email", "{email}", Raw),
            ],
            Self::Authentik => vec![
                say("X-authentik-username", "{user}", Raw),
                list("X-authentik-groups", "{groups}", "|"),
                list("X-authentik-entitlements", "{access_right}", "|"),
                say("X-authentik-email", "{email}", Raw),
                say("X-authentik-name", "{name}", Raw),
                row("X-authentik-uid", SubjectHash, None, Raw),
            ],
            // Grafana reads UTF-8, and quoted-printable passes it (`headers_encoded`).
            Self::Grafana => vec![
                say("X-WEBAUTH-USER", "{user}", Raw),
                say("X-WEBAUTH-NAME", "{name}", Raw),
                say("X-WEBAUTH-EMAIL", "{email}", Raw),
                say("X-WEBAUTH-ROLE", "{access_right}", Raw),
                say("X-WEBAUTH-GROUPS", "{groups}", Raw),
            ],
            Self::RemoteUser => vec![say("Remote-User", "{user}", Percent)],
            Self::ModAuthOpenidc => vec![say("Remote-User", "{user}", Raw)],
            Self::GoogleIap => vec![
                say("x-goog-authenticated-user-email", "accounts.google.com:{email}", Percent),
                say("x-goog-authenticated-user-id", "accounts.google.com:{sub}", Percent),
            ],
            Self::CloudflareAccess => vec![
                say("Cf-Access-Authenticated-User-Email", "{email}", Percent),
            ],
            Self::AzureEasyAuth => vec![
                row("X-MS-CLIENT-PRINCIPAL", Principal, None, Raw),
                say("X-MS-CLIENT-PRINCIPAL-ID", "{sub}", Percent),
                say("X-MS-CLIENT-PRINCIPAL-NAME", "{user}", Percent),
                say("X-MS-CLIENT-PRINCIPAL-IDP", "{provider}", Percent),
            ],
            Self::Bearer => vec![say("Authorization", "Bearer {access_token}", Raw)],
        }
    }
}
