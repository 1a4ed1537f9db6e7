//! The closed list of what works, and may surprise.
//!
//! Owns the causes and their words. Must not know where one stands in a file.

use super::List;

/// What works, and may surprise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigWarningKind {
    /// `pages.accent`, or `pages.accent_dark`.
    #[error("is hard to tell from the page that it stands on (less than 3:1, WCAG 1.4.11)")]
    AccentFaint,
    /// `pages.logo` without `pages.organisation`.
    #[error("says to nobody who hears the page whose it is, since no name stands beside it")]
    LogoUnnamed,
    /// `email_verified = "ignore"`.
    #[error("believes every email, also those that nobody has confirmed")]
    EmailIgnored,
    /// `forward_params` with the parameter that is fixed and checked.
    #[error("lets links name another identity provider than the one that tokens have to be of")]
    ForwardsFixed,
    /// `hidden` for the only provider.
    #[error("hides the only provider, which has no effect")]
    HiddenAlone,
    /// `hidden` for all of them.
    #[error("leaves nothing to choose from: every provider is hidden")]
    AllHidden,
    /// `{sub}` without `{provider}`, where there are several.
    #[error(
        "sends a subject in {0} without its provider, and another provider may have the same one"
    )]
    SubjectAlone(String),
    /// Account names that no email domain keeps apart.
    #[error("is {0}, and people of another provider may have the same name")]
    UserOfSeveral(String),
    /// Groups or access rights by no rule of the provider's own.
    #[error(
        "is not there, and what its directory writes counts like the {0} of another provider: a general rule or map means the same for all"
    )]
    NamesOfSeveral(&'static str),
    /// A rule on a claim, whichever of several providers says it.
    #[error("is a claim that any of the providers may write")]
    ClaimOfSeveral,
    /// A rule on scopes, whichever of several providers says them.
    #[error("is a scope that any provider whose bearer tokens count may write into them")]
    ScopesOfSeveral,
    /// A rule on scopes, where no provider's tokens count.
    #[error("is about bearer tokens, and those of no provider count: nobody meets it")]
    ScopesOfNobody,
    /// `trusted_proxies` that hold everybody.
    #[error("believes every client about where it comes from")]
    EverybodyTrusted,
    /// Forward-auth that no peer may use.
    #[error("is for trusted proxies, and there is none")]
    NobodyMayAsk,
    /// A header's text from a file or variable that names no part of a person.
    #[error("says the same of everybody, and people may see it (whoami, explain)")]
    TextOfNobody,
    /// A header with a secret, by plain http over a network.
    #[error("is sent by plain http, where everybody on the way can read it")]
    SecretInPlain,
    /// A session longer than 30 days.
    #[error("is longer than 30 days")]
    LongLifetime,
    /// A timeout that is over while somebody reads a page.
    #[error("is shorter than a minute")]
    ShortSpan,
    /// A name without `__Host-` on https.
    #[error("does not begin with __Host-, so a neighbouring subdomain can set it")]
    CookieWithoutHost,
    /// `socket_mode` without a unix socket.
    #[error("has no effect: no unix socket is listened on")]
    SocketModeIdle,
    /// The same session key twice.
    #[error("holds the same key twice")]
    RepeatedKey,
    /// An exact route that is stricter than what covers the paths below it.
    #[error("covers this path alone; the paths below it are {below}")]
    ExactRoute {
        /// The weaker rule below.
        below: &'static str,
    },
    /// A rule that names what the mapping makes of nobody.
    #[error("names {0} that nobody can have, since {1} makes it of no claim")]
    NobodyHas(&'static str, &'static str),
    /// A rule on the access right, where none is mapped.
    #[error("asks for an access right, and identity.access_right is not there")]
    NoAccessRight,
    /// Methods that no route of a host and path names.
    #[error("leaves {} refused with 403 on this path, whatever other routes say", List(.0))]
    MethodsLeftOut(Vec<&'static str>),
    /// `api` where no identity is looked for.
    #[error("has no effect: a route that is \"{0}\" looks for no identity")]
    ApiIdle(&'static str),
    /// `scopes` where no bearer token is taken.
    #[error("is about bearer tokens, which this route does not take: nobody meets it")]
    ScopesWithoutApi,
    /// No provider through which somebody could sign in.
    #[error("signs nobody in: no provider has a client_id")]
    NobodySignsIn,
    /// `allow_in_path` where no route has a path.
    #[error("has no effect: without a route that has a path, every path is sent as received")]
    AllowInPathIdle,
    /// A name that people may choose, where there is no email.
    #[error(
        "takes {0} where there is no email, and somebody may choose another person's address for it"
    )]
    NameOfChoice(String),
    /// A Cognito pool spoken to as a plain provider.
    #[error("is the issuer of a Cognito user pool")]
    CognitoAsOidc,
    /// GovCloud's issuer cannot be derived with certainty.
    #[error("is in GovCloud, whose public issuer host may be cognito-idp-fips")]
    GovCloud,
}
