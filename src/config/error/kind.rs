//! The closed list of what refuses a configuration.
//!
//! Owns the causes and their words, in the order of the file's sections. Must
//! not know where one stands in it.

use std::io;
use std::path::PathBuf;

use super::{List, PathProblem, UrlProblem};
use crate::gate::assertion::key::AssertionKeyError;
use crate::gate::claims::ClaimPathError;
use crate::gate::cookie::CookieNameError;
use crate::gate::headers::NameError;
use crate::gate::headers::template::TemplateError;
use crate::gate::origin::OriginError;
use crate::gate::page::OwnTextError;
use crate::gate::page::colour::ColourError;
use crate::gate::page::look::LogoError;
use crate::gate::page::templates::TemplateErrorKind;
use crate::gate::route::PatternError;
use crate::gate::seal::KeyError;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConfigErrorKind {
    /// The configuration file itself cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// A placeholder of `vestibule import`.
    #[error("is still what the import left to be written")]
    Unwritten,
    /// Not TOML.
    #[error("not TOML: {0}")]
    Syntax(String),
    /// A key that does not exist.
    #[error("unknown key")]
    UnknownKey,
    /// A table that does not exist.
    #[error("unknown table")]
    UnknownTable,
    /// A value of another type.
    #[error("is {found}, not {wanted}")]
    WrongType {
        /// The type that it has to have.
        wanted: &'static str,
        /// The type that it has.
        found: &'static str,
    },
    /// Required, and not there.
    #[error("is missing")]
    Missing,
    /// Empty text or an empty list.
    #[error("is empty")]
    Empty,
    /// A secret in the file itself.
    #[error("is {found}; secrets are never written into the file")]
    InlineSecret {
        /// The type that was found.
        found: &'static str,
    },
    /// `{ file = …, env = … }`.
    #[error("names both a file and an environment variable")]
    FileAndEnv,
    /// An environment variable that is not set.
    #[error("the environment variable {0} is not set")]
    EnvUnset(String),
    /// An environment variable that is not UTF-8.
    #[error("the environment variable {0} is not UTF-8 text")]
    EnvNotText(String),
    /// A file that a value was to be read from.
    #[error("the file {} cannot be read: {source}", path.display())]
    SourceUnreadable {
        /// The file, resolved against the configuration's folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or variable that holds nothing but white space (or comments, for keys).
    #[error("{0} is empty")]
    SourceEmpty(String),
    /// A text other than the few that are understood.
    #[error("is none of {}", List(.0))]
    NotAChoice(&'static [&'static str]),
    /// The same thing twice.
    #[error("repeats {0}")]
    Repeated(String),
    /// Neither `ADDR:PORT` nor a unix socket, where one may be.
    #[error("is not an address and port")]
    Address,
    /// A unix socket's path that is relative or too long.
    #[error("is no absolute path of at most 107 bytes")]
    SocketPath,
    /// No mode bits, or such that not even we could use the socket.
    #[error("is no file mode from 0600 to 0777")]
    SocketMode,
    /// `server.tls` where no TCP address is listened on.
    #[error("has no effect: no TCP address is listened on, and unix sockets are served plain")]
    ServerTlsIdle,
    /// `server.tls` and an origin that browsers open without TLS.
    #[error("speaks TLS on every TCP address, and {0} is http: no browser would get through")]
    TlsOnHttpOrigin(String),
    /// A certificate and a key of another one.
    #[error("is not the key of the certificate, whose own file or chain may be in the wrong order")]
    KeyMismatch,
    /// `server.hsts` without an https origin.
    #[error("has no effect: no public_url is https, and browsers take it from nothing else")]
    HstsIdle,
    /// What the list of browsers does not take.
    #[error("needs include_subdomains = true and a max_age of at least a year")]
    HstsPreload,
    /// `forward_auth_cookies` without `forward_auth`.
    #[error("is about answers of server.forward_auth, which is off")]
    ForwardAuthOff,
    /// A parameter of the authorization URL that is not for configuration.
    #[error("is a parameter of the sign-in itself, or no name of one")]
    AuthorizeParam,
    /// `[upstream]` with a `url`, and `[upstream.NAME]` beside it.
    #[error("is a second app beside [upstream]'s own url")]
    UpstreamBoth,
    /// A key of `[upstream]` where apps have names.
    #[error("{0} is for no app: each has a table of its own")]
    UpstreamKeyNamesNone(&'static str),
    /// `[upstream.NAME]` without a default and without routes.
    #[error("gets no request: no route names it, and no app is called \"default\"")]
    UpstreamOfNobody,
    /// `route.upstream` that names none.
    #[error("names no upstream; there is {}", List(.0))]
    NoSuchUpstream(Vec<String>),
    /// `upstream.tls` where no TLS is spoken.
    #[error("has no effect: the app is not spoken to by TLS")]
    TlsIdle,
    /// No PEM, or not of the kind that is wanted.
    #[error("is no usable PEM")]
    Certificate,
    /// One without the other.
    #[error("is half of a client certificate")]
    CertificateWithoutKey,
    /// Neither a network nor an address.
    #[error("is no network")]
    Network,
    /// Public traffic and administration on one address.
    #[error("listens where {0} does; the admin pages would be reachable in public")]
    AdminIsPublic(String),
    /// A number out of range; both ends belong to it.
    #[error("is not between {0} and {1}")]
    NumberRange(i64, i64),
    /// Not a duration.
    #[error("is not a duration")]
    Duration,
    /// Shorter or longer than makes sense.
    #[error("is too short or too long")]
    DurationRange,
    /// Not a size.
    #[error("is not a size")]
    Size,
    /// Too little to be of use, or more than any machine has.
    #[error("is less than 1 MiB or more than 1 TiB")]
    SizeRange,
    /// Not a point in time.
    #[error("is no time as RFC 3339 has it")]
    Time,
    /// No public origin.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// A path of ours.
    #[error(transparent)]
    Path(#[from] PathProblem),
    /// A URL of others.
    #[error(transparent)]
    Url(#[from] UrlProblem),
    /// The scheme of a proxy.
    #[error("has a scheme other than http and https")]
    ProxyScheme,
    /// No share of a whole.
    #[error("is no percentage from 0% to 100%")]
    Percentage,
    /// A header towards the collector.
    #[error("is no header that can be sent, or one of the transport's own")]
    CollectorHeader,
    /// No provider name.
    #[error("is no provider name: 1 to 32 letters, digits, \"-\" or \"_\"")]
    ProviderId,
    /// No user pool id.
    #[error("is no user pool id")]
    UserPoolId,
    /// No AWS region.
    #[error("is no AWS region")]
    Region,
    /// `region` and the pool id's prefix differ.
    #[error("contradicts user_pool_id, whose region is {0}")]
    RegionContradicts(String),
    /// `region` without `user_pool_id`.
    #[error("has no effect without user_pool_id")]
    RegionAlone,
    /// A key of the Cognito shorthand at another kind of provider.
    #[error("is for kind = \"cognito\" alone")]
    CognitoOnly,
    /// Another algorithm than Cognito's.
    #[error("is not RS256, and Cognito signs with nothing else")]
    NotCognitosAlgorithm,
    /// `HS256` and its like, or `none`.
    #[error("is no public-key algorithm")]
    SymmetricAlgorithm,
    /// A limit that normal operation would run into, or none worth the name.
    #[error("is less than an hour or more than 365 days")]
    KeysMaxAge,
    /// The issuer is a discovery document's address.
    #[error("is the address of a discovery document, not an issuer")]
    IssuerIsDiscoveryUrl,
    /// Entra's `common`, `organizations` or `consumers`.
    #[error("is no single tenant: tokens carry the tenant's own issuer, never this one")]
    IssuerIsMultiTenant,
    /// Cognito's login domain as issuer.
    #[error(
        "is the login domain; Cognito has two hosts, and the issuer is on the other one (cognito-idp)"
    )]
    IssuerIsLoginDomain,
    /// Cognito's issuer host as login domain.
    #[error("is the issuer's host; Cognito has two hosts, and people sign in at the other one")]
    DomainIsIssuerHost,
    /// Characters that no client id has.
    #[error("holds white space or characters that no client id has")]
    ClientId,
    /// `client_auth = "basic"` or `"post"` without a secret.
    #[error("needs client_secret")]
    ClientAuthNeedsSecret,
    /// `client_auth = "none"` with a secret.
    #[error("contradicts client_secret, which would never be used")]
    ClientAuthIgnoresSecret,
    /// A character that no scope has.
    #[error("holds a character that no scope has")]
    ScopeCharacters,
    /// Without `openid` there is no ID token.
    #[error("lacks openid, without which there is no ID token")]
    ScopeOpenid,
    /// Cognito refuses the whole login.
    #[error("holds offline_access, which Cognito does not know: every login would fail")]
    ScopeOfflineAccess,
    /// No session key.
    #[error("{0}")]
    SessionKey(#[source] KeyError),
    /// Nothing but comments.
    #[error("holds no key")]
    SessionKeyNone,
    /// One key of a file with several.
    #[error("line {line} of it {source}")]
    SessionKeyLine {
        /// The line, from one.
        line: usize,
        /// What is wrong with it.
        source: KeyError,
    },
    /// No cookie name.
    #[error(transparent)]
    CookieName(#[from] CookieNameError),
    /// `__Host-` or `__Secure-` on an http origin.
    #[error("begins with a prefix that browsers take over https only, and {0} is http")]
    CookieNeedsHttps(String),
    /// The name of a cookie beside another session's.
    #[error("ends in \"-login\" or \"-back\", which name the cookies beside a session's")]
    CookieIsBeside,
    /// No claim name.
    #[error(transparent)]
    Claim(#[from] ClaimPathError),
    /// No name of an attribute.
    #[error("is no attribute name: 1 to 64 letters, digits, \"-\" or \"_\"")]
    AttributeName,
    /// `type` where there is nothing to choose.
    #[error("has the type \"{0}\", and no other")]
    TypeIsGiven(&'static str),
    /// `from = "access_token"` of another provider than Cognito.
    #[error("reads an access token, which is opaque to us for kind = \"oidc\"")]
    AccessTokenOpaque,
    /// `from = "userinfo"` without `provider.ID.userinfo`.
    #[error("reads userinfo, which is not asked for")]
    UserinfoIsOff,
    /// `split` of a single value.
    #[error("cuts a text into several, where there is one value")]
    SplitOfOne,
    /// `default` of user or email.
    #[error("would give the same account to everybody who has none of their own")]
    DefaultAccount,
    /// Several values where there is one.
    #[error("is a second value, where there is one")]
    SeveralValues,
    /// `map` and `map_file`.
    #[error("contradicts map, which is there too")]
    MapAndMapFile,
    /// A map file with tables in it, none of which is the one.
    #[error("holds no table of values and names")]
    NoMap,
    /// No colour.
    #[error(transparent)]
    Colour(#[from] ColourError),
    /// No logo.
    #[error(transparent)]
    Logo(#[from] LogoError),
    /// No name to stand above every page.
    #[error("is too long, or no single line")]
    NotALine,
    /// No text of our pages.
    #[error(transparent)]
    OwnText(#[from] OwnTextError),
    /// A folder without templates.
    #[error("names a folder without any template")]
    NoTemplates,
    /// A template of a page.
    #[error(transparent)]
    PageTemplate(#[from] TemplateErrorKind),
    /// Something in a map file that is no part of the map.
    #[error("is no part of the map that this file is read for")]
    BesideMap,
    /// No header name, or one that cannot be configured.
    #[error(transparent)]
    HeaderName(#[from] NameError),
    /// No template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A joiner with which no list can be cut again.
    #[error("is not 1 to 8 visible ASCII characters or spaces")]
    Joiner,
    /// A secret with bytes that no header value has.
    #[error("holds characters other than visible ASCII")]
    HeaderSecret,
    /// No key for the signed assertion.
    #[error("{0}")]
    AssertionKey(#[source] AssertionKeyError),
    /// A preset whose names nobody can list, where a front proxy has to.
    #[error(
        "has a header for every claim, and with server.forward_auth nobody would take out a client's own for a claim that a person lacks"
    )]
    PresetOfAnyName,
    /// `value`, `join` or `encoding` beside `secret`.
    #[error("stands beside secret, which is sent as it is")]
    BesideSecret,
    /// No path pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// Not a host name.
    #[error("is not a host name")]
    Host,
    /// A host with a port.
    #[error("has a port; routes go by the host alone")]
    HostWithPort,
    /// A host that no browser reaches us by.
    #[error("is the host of no public_url ({})", List(.0))]
    HostNotPublic(Vec<String>),
    /// No method that a route could be about.
    #[error("is no method that reaches a route")]
    Method,
    /// Two routes for one request.
    #[error("has the host and path of {route}, and {} with it", List(.methods))]
    MethodRepeated {
        /// The first of the two.
        route: String,
        /// The methods of both.
        methods: Vec<String>,
    },
    /// No domain of an email address.
    #[error("is no domain of email addresses")]
    EmailDomain,
    /// A domain that two providers would speak for.
    #[error("is a domain of provider.{0} already")]
    EmailDomainTaken(String),
    /// A name for a button that is none.
    #[error("has to be 1 to 64 characters that can be seen")]
    DisplayName,
    /// Two providers that nothing would tell apart.
    #[error(
        "is the client of provider.{0} at the same issuer already: tokens of one are tokens of the other"
    )]
    ClientTaken(String),
    /// A key for logins of a provider that has none.
    #[error("is for signing in, and a provider without client_id signs nobody in")]
    LoginOnly,
    /// Neither an app client's id nor an audience.
    #[error("is neither a client's id nor an audience")]
    ApiName,
    /// A scope is a word (RFC 6749 3.3).
    #[error("is no scope: it holds white space, a quote or a backslash")]
    RuleScope,
    /// Bearer tokens that another provider of the same issuer accepts.
    #[error("accepts the same bearer tokens as provider.{0}")]
    ApiTaken(String),
    /// A redirect URI of two providers.
    #[error("is the callback of provider.{0} already")]
    CallbackTaken(String),
    /// A provider that is not configured.
    #[error("is no provider of this configuration, which has {0}")]
    ProviderUnknown(String),
    /// A route that would shadow our callback, or be shadowed by it.
    #[error("is the provider's callback, which is Vestibule's own")]
    RouteIsCallback,
    /// A route below our prefix.
    #[error("is below server.path_prefix, where all paths are Vestibule's own")]
    RouteUnderPrefix,
}
