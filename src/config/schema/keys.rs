//! What the schema says of each key beyond its type: meaning, values, default.
//!
//! One entry for each key that the reader knows; a test compares the two, and
//! the words and defaults with what the configuration's rules make of them.
//! `*` in a path stands for any number of steps.

use crate::gate::headers::preset;
use crate::gate::token::Algorithm;

/// What is known of a key.
pub(super) struct About {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
    pub(super) values: Values,
    pub(super) default: Given,
    pub(super) required: bool,
}

/// What a value may be, within its type.
#[derive(Clone, Copy)]
pub(super) enum Values {
    /// Any but an empty one.
    Any,
    /// One of these.
    Words(&'static [&'static str]),
    /// What matches a regular expression; for tables by name, their names.
    Like(&'static str),
    /// `"30m"`.
    Duration,
    /// The same, or `"off"`.
    DurationOrOff,
    /// `"32MiB"` or `"off"`.
    SizeOrOff,
    /// A URL.
    Url,
    /// A number; both ends belong to it.
    Range(i64, i64),
}

/// What holds without the key.
#[derive(Clone, Copy)]
pub(super) enum Given {
    Nothing,
    Text(&'static str),
    Texts(&'static [&'static str]),
    Bool(bool),
}

/// What is known of the key with this path.
pub(super) fn about(path: &str) -> Option<&'static About> {
    // Several apps have the same keys as one.
    let path = &path.replacen("upstream.NAME.", "upstream.", 1);
    // A provider's own identity has the keys of the general one.
    let path = &path.replacen("provider.NAME.identity.", "identity.", 1);
    let exact = KEYS.iter().find(|about| about.path == *path);
    // An app's own header rules are written as those of all.
    let common = path.strip_prefix("upstream.");
    let common = common.filter(|path| path.starts_with("headers."));
    if let (None, Some(path)) = (exact, common) {
        return about(path);
    }
    exact.or_else(|| KEYS.iter().find(|about| about.is_of(path)))
}

impl About {
    pub(super) fn is_of(&self, path: &str) -> bool {
        match self.path.split_once('*') {
            None => self.path == path,
            Some((start, end)) => path
                .strip_prefix(start)
                .and_then(|rest| rest.strip_suffix(end))
                .is_some_and(|middle| !middle.is_empty()),
        }
    }

    const fn of(mut self, values: Values) -> Self {
        self.values = values;
        self
    }

    const fn or(mut self, default: &'static str) -> Self {
        self.default = Given::Text(default);
        self
    }

    const fn or_all(mut self, default: &'static [&'static str]) -> Self {
        self.default = Given::Texts(default);
        self
    }

    const fn or_is(mut self, default: bool) -> Self {
        self.default = Given::Bool(default);
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

const fn key(path: &'static str, text: &'static str) -> About {
    About {
        path,
        text,
        values: Values::Any,
        default: Given::Nothing,
        required: false,
    }
}

use Values::{Duration, DurationOrOff, Like, Range, SizeOrOff, Url, Words};

/// A path of ours: absolute, in canonical form.
const OWN_PATH: Values = Like("^/");
/// A short name.
const SHORT: Values = Like("^[A-Za-z0-9_-]{1,32}$");
/// A colour of sRGB.
const COLOUR: Values = Like("^#[0-9A-Fa-f]{6}$");
const LONGER: Values = Like("^[A-Za-z0-9_-]{1,64}$");

#[rustfmt::skip]
pub(super) const KEYS: &[About] = &[
    key("server", "Listeners, and what browsers see.").required(),
    key("server.listen", "Where browsers, or the load balancer in front, reach Vestibule: \"ADDR:PORT\", \"unix:/PATH\", or a list.").required(),
    key("server.socket_mode", "Who may connect to unix sockets in listen: their file mode, in octal.").of(Like("^0?[67][0-7]{2}$")).or("0660"),
    key("server.tls", "Serves TLS on all TCP addresses in listen: HTTP/2 and HTTP/1.1."),
    key("server.tls.certificate", "PEM file of the certificate, and of the chain after it.").required(),
    key("server.tls.key", "PEM file of its private key.").required(),
    key("server.hsts", "Strict-Transport-Security on the answers of https origins: browsers keep to https."),
    key("server.hsts.max_age", "For how long, from each answer on.").of(Duration).required(),
    key("server.hsts.include_subdomains", "Whether for all hosts below it too.").or_is(false),
    key("server.hsts.preload", "Whether it may go into the list that browsers are shipped with.").or_is(false),
    key("server.timeouts", "How long clients may take."),
    key("server.timeouts.header", "For the header of a request, beyond the wait for it, and for a TLS handshake.").of(Duration).or("30s"),
    key("server.timeouts.idle", "Before the first byte of a connection, and between two requests on one of HTTP/1.1.").of(Duration).or("1m"),
    key("server.timeouts.write", "For a client that takes nothing of what it is sent.").of(Duration).or("1m"),
    key("server.public_url", "What the browser's address line begins with: an origin, or a list of origins, each with its own cookie, callback and sign-out URL. Plain http for loopback hosts alone.").of(Like("^[Hh][Tt][Tt][Pp][Ss]?://")).required(),
    key("server.admin_listen", "Health and readiness: \"ADDR:PORT\", never reachable through the public listener.").or("127.0.0.1:9090"),
    key("server.path_prefix", "Below this path all pages are Vestibule's own.").of(OWN_PATH).or("/_vestibule"),
    key("server.whoami", "Whether signed-in people may see what the app receives about them.").of(Words(&["signed-in", "off"])).or("signed-in"),
    key("server.trusted_proxies", "Load balancers before Vestibule, as networks or addresses, and \"unix\": they are believed about the client's address, and nobody else is."),
    key("server.forward_auth", "Answers front proxies that ask before they send a request on (at path_prefix + \"/auth\"), in the way of one of them. Only for server.trusted_proxies.").of(Words(&["off", "nginx", "traefik", "caddy", "envoy"])).or("off"),
    key("server.forward_auth_cookies", "Whether the front proxy hands the cookies of such answers to the browser: then they renew sessions.").or_is(false),
    key("server.ignore_path_case", "Whether routes match whatever the case of a path is: for apps on Windows, IIS or .NET.").or_is(false),
    key("server.shutdown_delay", "After SIGTERM, how long requests are still accepted while /readyz says no: as long as load balancers take to notice.").of(Duration).or("0s"),
    key("server.grace_period", "After that, how long running requests may take to end.").of(Duration).or("25s"),
    key("server.threads", "Worker threads. By default as many as there are cores, or as the cgroup grants.").of(Range(1, 1024)),
    key("server.max_connections", "How many clients may be connected at a time; others wait. By default half of the files that the process may open, or one for each 192 KiB of the memory limit of its cgroup, whichever is less.").of(Range(1, 1_000_000)),

    key("upstream", "The app, or tables [upstream.NAME] of several. Needed but with server.forward_auth."),
    key("upstream.NAME", "One of several apps, with the same keys; routes name it. The one called \"default\" gets what no route names."),
    key("upstream.url", "The app: scheme, host and port, no path; or \"unix:/PATH\".").of(Like("^([Hh][Tt][Tt][Pp][Ss]?|[Hh]2[Cc])://|^unix:/")),
    key("upstream.host", "The Host that the app gets: \"keep\" (what the browser sent), \"upstream\" (the host in url), or a name.").or("keep"),
    key("upstream.tls", "For https: who the app has to be."),
    key("upstream.tls.ca", "PEM file of the authorities that are believed, in place of the system's."),
    key("upstream.tls.server_name", "The name that its certificate has to be for, if not the host in url."),
    key("upstream.tls.certificate", "PEM file of our own certificate, for apps that ask for one."),
    key("upstream.tls.key", "PEM file of its private key."),
    key("upstream.headers", "Keys of [headers], in place of them for this app, key by key."),
    key("upstream.headers.preset", "The conventions by which this app is told about people; by default those of [headers].").of(Words(preset::WORDS)),
    key("upstream.timeouts", "How long the app may take, each at least 10ms."),
    key("upstream.timeouts.connect", "Until a connection is there, TLS included.").of(Duration).or("5s"),
    key("upstream.timeouts.response", "The longest silence of the app while an answer is due or under way, on websockets too; also while it takes nothing of a request.").of(Duration).or("5m"),
    key("upstream.timeouts.idle", "How long an unused connection is kept.").of(Duration).or("1m"),

    key("provider", "Who signs people in: a table with a name of your choice, such as [provider.corp].").of(SHORT).required(),
    key("provider.NAME.kind", "\"cognito\", or \"oidc\" for any other OpenID Connect provider.").of(Words(&["cognito", "oidc"])).required(),
    key("provider.NAME.user_pool_id", "Cognito: issuer and keys follow from the pool's id, such as \"eu-central-1_ExAmP1e99\"."),
    key("provider.NAME.domain", "Cognito: where people sign in, \"https://PREFIX.auth.REGION.amazoncognito.com\" or a domain of your own. Never the issuer's host.").of(Url),
    key("provider.NAME.region", "Cognito: the region; by default the beginning of the pool's id."),
    key("provider.NAME.issuer", "Exactly what tokens carry as \"iss\". Required for \"oidc\"; for Cognito it overrides what follows from the pool's id.").of(Url),
    key("provider.NAME.accepted_issuers", "Further issuers accepted in tokens, exactly as written.").of(Url),
    key("provider.NAME.endpoints", "Endpoints by hand; those that are named are not asked of discovery."),
    key("provider.NAME.endpoints.authorization", "Where browsers are sent to sign in.").of(Url),
    key("provider.NAME.endpoints.token", "Where codes are redeemed and tokens renewed.").of(Url),
    key("provider.NAME.endpoints.jwks", "The provider's key set.").of(Url),
    key("provider.NAME.endpoints.userinfo", "Where claims beside the tokens are.").of(Url),
    key("provider.NAME.endpoints.revocation", "Where refresh tokens are revoked.").of(Url),
    key("provider.NAME.endpoints.logout", "Where browsers are sent to sign out.").of(Url),
    key("provider.NAME.client_id", "The app client's id. A provider without one signs nobody in and only vouches for bearer tokens: it needs api."),
    key("provider.NAME.client_secret", "The app client's secret, or a list while it rotates: the next one is tried where one is refused. A public client has none."),
    key("provider.NAME.client_auth", "How the secret is sent: \"basic\" (default with a secret), \"post\", or \"none\" (default without one).").of(Words(&["basic", "post", "none"])),
    key("provider.NAME.scopes", "What is asked for: a list, or text with commas or spaces. Never offline_access for Cognito.").or_all(&["openid", "profile", "email"]),
    key("provider.NAME.identity_provider", "Cognito: go straight to the provider of this name behind the pool, the only one that is let in then; \"COGNITO\" is the pool's own form."),
    key("provider.NAME.idp_identifier", "Cognito: the same by the provider's identifier, as a hint that nobody checks."),
    key("provider.NAME.authorize_params", "Further parameters of the authorization URL, fixed."),
    key("provider.NAME.forward_params", "Names of parameters that a login link may pass on, such as \"login_hint\"."),
    key("provider.NAME.email_verified", "Which emails are believed. \"auto\": an explicit \"not verified\" only of people who come from another directory. \"require\": only what is verified. \"ignore\": every email, which warns.").of(Words(&["auto", "require", "ignore"])).or("auto"),
    key("provider.NAME.signing_algorithms", "What its tokens may be signed with. Cognito: RS256 alone.").of(Words(&Algorithm::NAMES)).or_all(&["RS256"]),
    key("provider.NAME.keys_max_age", "How old the provider's keys may become while it cannot be asked for them: 1h to 365d, or \"off\".").of(DurationOrOff).or("7d"),
    key("provider.NAME.max_auth_age", "How long ago people may have signed in at the provider (auth_time): 1s to 365d, or \"off\".").of(DurationOrOff).or("off"),
    key("provider.NAME.userinfo", "Whether each login asks for userinfo too, so that its claims can be mapped.").or_is(false),
    key("provider.NAME.logout", "How far signing out goes: \"provider\" ends the provider's session too, \"local\" only Vestibule's own; { then = \"URL\" } goes on to whoever stands behind the provider.").of(Words(&["provider", "local"])).or("provider"),
    key("provider.NAME.logout.then", "Where to go on after the provider's logout; {signed_out_url} in it becomes the signed-out page.").of(Url).required(),
    key("provider.NAME.http", "How the provider is reached, by whatever is asked of it."),
    key("provider.NAME.http.proxy", "The proxy, as a URL without credentials (with them: read it from a file), or \"off\". By default as HTTPS_PROXY and NO_PROXY say."),
    key("provider.NAME.http.ca", "PEM file of the authorities that are believed, in place of the web's."),
    key("provider.NAME.callback_path", "The path that is registered as redirect URI, if not path_prefix + \"/callback\" (of several providers: + \"/callback/\" + its name). Exact.").of(OWN_PATH),
    key("provider.NAME.email_domains", "The domains whose emails it may speak for; any other email of its people counts as absent. \"*\": all that no other provider lists. Required of each where there are several, and no domain twice."),
    key("provider.NAME.identity", "Keys of [identity] that hold for its people in place of the general ones."),
    key("provider.NAME.display_name", "What people know it by, for the button \"Sign in with ...\". By default its name here."),
    key("provider.NAME.hidden", "true: no button; only a link to path_prefix + \"/login/\" + its name leads there.").or_is(false),

    key("provider.NAME.api", "Whose bearer tokens routes with api = true accept. Without it, those of client_id if there is no other provider, and none if there is."),
    key("provider.NAME.api.clients", "The clients whose access tokens count. Cognito: its app clients, by default this client_id. Others: any whose tokens have the audience, unless they are named."),
    key("provider.NAME.api.audiences", "What tokens carry as \"aud\"; by default this client_id. Access tokens of Cognito have one only where they are bound to a resource."),
    key("provider.NAME.api.tokens", "Which tokens count: \"access\", and \"id\" for ID tokens.").of(Words(&["access", "id"])).or_all(&["access"]),

    key("session", "The session cookie.").required(),
    key("session.keys", "Keys that seal the cookie: 32 random bytes as base64 (`vestibule keygen`). The first seals, all open; a file may hold several, one a line.").required(),
    key("session.lifetime", "How long after signing in a session may last.").of(Duration).or("8h"),
    key("session.idle_timeout", "How long a session may go unused, at least 1s; \"off\": as long as it lasts.").of(DurationOrOff).or("1h"),
    key("session.key_settle", "How long a key that turns up while Vestibule runs only opens, before it seals.").of(Duration).or("5m"),
    key("session.outage_grace", "How long past its token's end a session goes on while the provider cannot be reached, at most 24h.").of(Duration).or("0s"),
    key("session.revoked", "Sessions that count for nothing, on every instance that reads this file."),
    key("session.revoked.subjects", "Subjects (\"sub\") who get in nowhere."),
    key("session.revoked.signed_in_before", "Whoever signed in before this time (\"2026-11-21T08:00:00Z\") has to sign in anew."),
    key("session.verification_cache", "Memory for verified sessions: a small one remembers few. 0 or \"off\": each token's signature is checked on every single request.").of(SizeOrOff).or("32MiB"),
    key("session.cookie_name", "Name of the session cookie. By default \"__Host-vestibule\" on https and \"vestibule\" on http."),

    key("identity", "Which claims say who somebody is."),
    key("identity.user", "The account name: a claim, a list of claims, or a table.").or_all(&["email"]),
    key("identity.email", "The email address, if it is believed.").or_all(&["email"]),
    key("identity.name", "The name for display. By default \"name\", else given and family name."),
    key("identity.groups", "Groups. By default \"cognito:groups\", and \"groups\" for kind = \"oidc\"."),
    key("identity.access_right", "The one access right that the app receives. There is none by default."),
    key("identity.attributes", "Further things for headers: a name of your choice and its claim.").of(LONGER),
    key("identity.*.claim", "A name or a list: the first that is present (groups and lists merge all). A dot goes one step down, \"\\.\" is a dot of the name itself."),
    key("identity.*.from", "Where the claim is. By default the ID token, then userinfo if it is asked for.").of(Words(&["id_token", "access_token", "userinfo"])),
    key("identity.*.type", "Of an attribute: what it is. What is of another type counts as absent.").of(Words(&["string", "list", "number", "bool"])),
    key("identity.*.split", "At what a plain text is cut into several, such as \",\". Never guessed."),
    key("identity.*.map", "Values of the provider, and the local name or list of names that each stands for."),
    key("identity.*.map_file", "The same in a file of its own, such as `vestibule import mapping` writes."),
    key("identity.access_right.unmapped", "What becomes of a value that the map does not name. By default \"default\" if there is a default, else \"deny\" with a map, else \"keep\".").of(Words(&["keep", "deny", "default"])),
    key("identity.*.unmapped", "What becomes of values that the map does not name.").of(Words(&["keep", "drop"])).or("keep"),
    key("identity.*.default", "What holds where nothing is found or left. Not for user and email."),
    key("identity.access_right.order", "Of several rights the first in here counts; several that it does not rank are denied."),
    key("identity.groups.keep_provider_group", "Whether Cognito's automatic group <poolId>_<provider> stays.").or_is(false),

    key("headers", "The headers that tell the app who somebody is."),
    key("headers.preset", "The names and formats that the app waits for, or a list of several. None but \"bearer\" sends a token.").of(Words(preset::WORDS)).or("vestibule"),
    key("headers.assertion", "A signed JWT (ES256) beside the headers, for apps that verify."),
    key("headers.assertion.header", "Its header.").or("X-Vestibule-Assertion"),
    key("headers.assertion.audience", "Its audience (\"aud\"): whom it is for.").required(),
    key("headers.assertion.keys", "Keys that sign it (`vestibule keygen --assertion`): the first signs, all are published.").required(),
    key("headers.set", "Headers of your own: NAME = \"template\", a place to read one from, or a table. {user} {email} {name} {groups} {access_right} {sub} {provider} {attribute.NAME} {claim.NAME} {id_token} {access_token}."),
    key("headers.set.NAME.value", "The template."),
    key("headers.set.NAME.join", "What stands between the items of a list.").or(","),
    key("headers.set.NAME.encoding", "How the value is written.").of(Words(&["percent", "raw", "base64", "rfc2047", "latin1"])).or("percent"),
    key("headers.set.NAME.secret", "A secret that the app asks of its proxy, instead of a template."),

    key("route", "Who may go where. Without any route, all of the app is for signed-in people."),
    key("route.path", "A pattern or a list; every path by default. \"/admin/\" and \"/admin/*\" are /admin and all below; anything else is that path alone.").of(OWN_PATH),
    key("route.host", "A host name of public_url or a list, without port; every host by default."),
    key("route.methods", "A method or a list; every method by default. GET covers HEAD."),
    key("route.access", "\"public\" (anyone, never with an identity), \"optional\" (anyone, with an identity if signed in), \"signed-in\", \"nobody\", or what somebody needs: a table whose keys all have to hold, or a list of such tables of which one suffices.").of(Words(&["public", "optional", "signed-in", "nobody"])).or("signed-in"),
    key("route.access.groups", "In any of these groups."),
    key("route.access.all_groups", "In every one of these groups."),
    key("route.access.access_right", "Any of these rights."),
    key("route.access.email_domains", "The believed email ends in \"@\" and one of these."),
    key("route.access.provider", "Signed in through any of these [provider.ID]."),
    key("route.access.scopes", "The bearer token has any of these scopes; a session has none. Only a table with this key is open to a client without a person."),
    key("route.access.claim", "The claim that any_of is about."),
    key("route.access.any_of", "The claim has any of these values."),
    key("route.api", "true: for API clients. Authorization: Bearer is accepted beside the cookie and judged alone; answers are never a redirect or a page.").or_is(false),
    key("route.allow_in_path", "What this route's app needs in paths, and is 400 elsewhere as soon as any route has a path.").of(Words(&[";", "//", "%2F", "%5C"])),
    key("route.activity", "false: requests here do not count for session.idle_timeout.").or_is(true),
    key("route.shared_cache", "true: responses keep \"public\" and \"s-maxage\" as the app said them.").or_is(false),
    key("route.cors_preflight", "true: a browser's preflight reaches the app, without any identity or Authorization.").or_is(false),
    key("route.pass_override_headers", "true: X-HTTP-Method-Override and its like, X-Original-URL and X-Rewrite-URL reach the app, which then sees another method or path than the one that was judged here.").or_is(false),
    key("route.upstream", "NAME of the table [upstream.NAME] whose app answers here. By default the one called \"default\"."),
    key("route.origins", "Further origins whose pages may open a websocket here.").of(Url),

    key("log", "What is logged, and how."),
    key("pages", "How our own pages look."),
    key("pages.organisation", "Whose application it is: stands above every page in place of \"Vestibule\"."),
    key("pages.contact", "Whom to turn to: a line below every page."),
    key("pages.logo", "A picture above every page: SVG, PNG, JPEG, WebP or GIF of at most 64 KiB."),
    key("pages.accent", "The colour of buttons.").of(COLOUR),
    key("pages.accent_dark", "The same where people want it dark; by default made from accent.").of(COLOUR),
    key("pages.templates", "A folder of templates of your own: page.html, one page's such as forbidden.html, parts that begin with _, and style.css."),
    key("pages.texts", "What is said in other words, by language."),
    key("pages.texts.en", "In English: a text's name and what it says. The names are those of src/gate/page/words/en.toml."),
    key("pages.texts.de", "The same in German."),
    key("pages.texts.fr", "The same in French."),
    key("pages.texts.es", "The same in Spanish."),
    key("pages.texts.da", "The same in Danish."),
    key("log.format", "\"json\", one object a line, or \"text\" for people.").of(Words(&["json", "text"])).or("json"),
    key("log.level", "The least severe level that is written.").of(Words(&["error", "warn", "info", "debug", "trace"])).or("info"),
    key("log.user", "How people appear: \"hash\" (keyed), \"plain\" or \"off\".").of(Words(&["hash", "plain", "off"])).or("hash"),
    key("log.client", "How clients' addresses appear: \"plain\", \"hash\" (keyed) or \"off\".").of(Words(&["hash", "plain", "off"])).or("plain"),

    key("telemetry", "By which trace requests are known, and who is told of it."),
    key("telemetry.sample", "Which share of requests is recorded, \"0.1%\" for example: of those without a traceparent, or of all of them where otlp makes spans. The app is told by the sampled flag.").of(Like("^[0-9]{1,3}([.][0-9]{1,4})? *%$")).or("100%"),
    key("telemetry.otlp", "Spans of recorded requests go to a collector, by OTLP over HTTP (protobuf)."),
    key("telemetry.otlp.endpoint", "Where it listens; /v1/traces is added.").of(Url).required(),
    key("telemetry.otlp.headers", "Headers that it asks for: a name, and where its value is read from."),
    key("telemetry.otlp.http", "How it is reached."),
    key("telemetry.otlp.http.proxy", "The proxy, as a URL without credentials (with them: read it from a file), or \"off\". By default as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say."),
    key("telemetry.otlp.http.ca", "PEM file of the authorities that are believed, in place of the web's."),
    key("telemetry.otlp.parent_based", "true: the sampled flag of a received traceparent decides. Only behind a proxy that sets traceparent itself: a client could have every request of its own recorded.").or_is(false),
    key("telemetry.otlp.service_name", "What Vestibule is called there (service.name).").or("vestibule"),
    key("telemetry.otlp.attributes", "Further attributes of this instance, such as \"k8s.pod.name\"."),
];
