//! The options of oauth2-proxy 7, and what is to be said of those without a counterpart.
//!
//! Facts from its documentation (`docs/configuration/overview`).

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// True or false; alone it is true.
    Switch,
    /// A value.
    Text,
    /// Values: several flags, or one with commas.
    List,
}

use super::Group;
use Kind::{List, Switch, Text};

/// What an option takes, if it is one.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let counterpart = COUNTERPART.iter().map(|(kind, names)| (*kind, *names));
    let without = WITHOUT.iter().map(|(kind, names, _)| (*kind, *names));
    let mut all = counterpart.chain(without);
    all.find_map(|(kind, names)| names.split(' ').any(|known| known == name).then_some(kind))
}

/// Why an option has no counterpart, and what to do.
pub(super) fn without(name: &str) -> Option<&'static str> {
    let mut all = WITHOUT.iter();
    all.find_map(|(_, names, words)| {
        names
            .split(' ')
            .any(|known| known == name)
            .then_some(*words)
    })
}

/// What a note about an option without a counterpart asks of a person.
pub(super) fn group(name: &str) -> Group {
    let is_in = |names: &str| names.split(' ').any(|known| known == name);
    if is_in(NOTHING) {
        Group::Nothing
    } else if is_in(CHANGES) {
        Group::Changes
    } else {
        Group::ToDo
    }
}

/// About these there is nothing to do.
const NOTHING: &str = "cookie-csrf-per-request cookie-httponly cookie-secure encode-state session-cookie-minimal skip-provider-button proxy-websockets force-https force-json-errors relative-redirect-url allow-query-semicolons skip-auth-strip-headers skip-claims-from-profile-url auth-request-response-mode code-challenge-method force-code-challenge-method cookie-csrf-per-request-limit cookie-csrf-samesite cookie-csrf-expire version convert-config-to-alpha";

/// These are otherwise here.
const CHANGES: &str = "approval-prompt pass-basic-auth set-basic-auth bearer-token-login-fallback disable-keep-alives flush-interval real-client-ip-header oidc-audience-claim validate-url auth-logging request-logging standard-logging logging-compress logging-local-time request-id-header silence-ping-logging errors-to-info-log auth-logging-format request-logging-format standard-logging-format logging-filename logging-max-age logging-max-backups logging-max-size exclude-logging-path show-debug-on-error insecure-oidc-skip-nonce cookie-path cookie-samesite";

/// Those that `convert` knows.
const COUNTERPART: &[(Kind, &str)] = &[
    (
        Switch,
        "pass-access-token pass-authorization-header pass-host-header pass-user-headers prefer-email-to-user set-authorization-header set-xauthrequest skip-auth-preflight skip-jwt-bearer-tokens skip-oidc-discovery insecure-oidc-allow-unverified-email reverse-proxy",
    ),
    (
        Text,
        "acr-values azure-tenant client-id client-secret client-secret-file cookie-expire cookie-name cookie-refresh cookie-secret cookie-secret-file http-address login-url oidc-email-claim oidc-groups-claim oidc-issuer-url oidc-jwks-url profile-url prompt provider provider-display-name proxy-prefix redeem-url redirect-url resource scope upstream-timeout user-id-claim entra-id-tenant",
    ),
    (
        List,
        "allowed-group allowed-role api-route email-domain extra-jwt-issuers oidc-extra-audience provider-ca-file skip-auth-regex skip-auth-route trusted-proxy-ip upstream",
    ),
];

const ALWAYS: &str = "nothing to do: it is always so here";
const LOG: &str = "[log] has format, level and user; lines go to stdout, one for a request, never with a query or a token";
const NO_STORE: &str =
    "there is no store here: the session is in the cookie, sealed; remove the Redis";
const TLS: &str = "write server.tls = { certificate = { file = … }, key = { file = … } } and the address in server.listen, or let TLS end in front; cookies are Secure because server.public_url is https";
const PAGES: &str = "pages are made by other templates here: pages.organisation, pages.logo, pages.accent and pages.texts change the common ones, pages.templates all of it (docs/our-pages.md)";
const BASIC: &str = "passwords of its own are not checked here; let people (or a group for machines) sign in at the provider";
const GITHUB: &str = "what this provider's own API says is not asked for; map a claim of the ID token to [identity.groups] and write a [[route]] with access = { groups = [...] }";
const FORWARD: &str = "front proxies get 200, 401 or 403 (and 302 into the login where server.forward_auth is not \"nginx\"); nothing to do";
const UPSTREAM: &str = "answers are passed on as they come, unbuffered; connections to the app are kept for upstream.timeouts.idle";
const ADMIN: &str = "health is on server.admin_listen: /healthz and /readyz, never in public; point the probes there";

/// The others.
const WITHOUT: &[(Kind, &str, &str)] = &[
    (
        Text,
        "alpha-config",
        "the YAML of the alpha configuration is not read; pass the flags that it stands for with --flags",
    ),
    (
        Text,
        "config",
        "that file is not read from here; import it too: vestibule import oauth2-proxy FILE --flags \"...\"",
    ),
    (
        Text,
        "oidc-roles-claim",
        "name it as a claim of groups: claim = [\"groups\", \"roles\"] under [identity.groups]",
    ),
    (
        Text,
        "authenticated-emails-file",
        "write the addresses into a rule: [[route]] with access = { claim = \"email\", any_of = [...] }",
    ),
    (
        Text,
        "approval-prompt",
        "it was Google's, before OpenID Connect; see prompt",
    ),
    (
        Text,
        "azure-graph-group-field",
        "not asked of the provider here: Entra puts groups into the token (Token configuration)",
    ),
    (
        Text,
        "backend-logout-url",
        "signing out goes through the provider's own logout in the browser, and on with provider.sso.logout = { then = \"URL\" }: register the sign-out URL there first, which `vestibule check` prints",
    ),
    (
        Text,
        "basic-auth-password",
        "for an app that checks Basic: [headers.set] knows secrets, X-Proxy-Secret = { secret = { file = \"...\" } }, not Basic",
    ),
    (
        Switch,
        "pass-basic-auth set-basic-auth",
        "the app gets X-Forwarded-User and its like, not Authorization: Basic; let it read those",
    ),
    (
        Switch,
        "bearer-token-login-fallback",
        "a bearer token that does not hold is 401 on routes with api = true, never a redirect; on others it is not looked at",
    ),
    (
        Text,
        "code-challenge-method force-code-challenge-method",
        "PKCE with S256, always; `vestibule check --online` says whether the provider takes it",
    ),
    (
        List,
        "cookie-domain",
        "a cookie belongs to one host here (__Host-); write each host into server.public_url, and people are signed in on each silently",
    ),
    (
        Switch,
        "cookie-csrf-per-request cookie-httponly cookie-secure encode-state",
        ALWAYS,
    ),
    (
        Text,
        "cookie-csrf-per-request-limit cookie-csrf-samesite cookie-csrf-expire cookie-path cookie-samesite",
        "HttpOnly, SameSite=Lax and Path=/ are fixed, Secure follows from server.public_url; several logins may be in flight at once",
    ),
    (
        Switch,
        "session-cookie-minimal",
        "nothing to do: what no header, rule or refresh needs is not kept",
    ),
    (
        Text,
        "session-store-type redis-ca-path redis-connection-url redis-connection-idle-timeout redis-password redis-sentinel-master-name redis-sentinel-password redis-username",
        NO_STORE,
    ),
    (
        List,
        "redis-cluster-connection-urls redis-sentinel-connection-urls",
        NO_STORE,
    ),
    (
        Switch,
        "redis-insecure-skip-tls-verify redis-use-cluster redis-use-sentinel",
        NO_STORE,
    ),
    (
        Text,
        "custom-sign-in-logo",
        "write it into pages.logo: an SVG, PNG, JPEG, WebP or GIF file of at most 64 KiB; a URL is not taken, since pages load nothing from elsewhere",
    ),
    (Text, "custom-templates-dir", PAGES),
    (
        Text,
        "banner",
        "[pages] has organisation, which stands above each page, and texts, which replace any of its words; HTML needs pages.templates",
    ),
    (
        Text,
        "footer",
        "pages.contact stands below each page, as text; HTML needs pages.templates",
    ),
    (Switch, "display-htpasswd-form", BASIC),
    (Text, "htpasswd-file", BASIC),
    (List, "htpasswd-user-group", BASIC),
    (
        Switch,
        "skip-provider-button",
        "nothing to do: with one provider the login goes straight there",
    ),
    (Switch, "disable-keep-alives", UPSTREAM),
    (Text, "flush-interval", UPSTREAM),
    (
        Switch,
        "proxy-websockets",
        "nothing to do: websockets pass, and end with their session",
    ),
    (
        Switch,
        "ssl-insecure-skip-verify",
        "there is no such switch here, since it undoes what the sign-in is for; name the provider's own authority: provider.sso.http = { ca = { file = \"...\" } }",
    ),
    (
        Switch,
        "ssl-upstream-insecure-skip-verify",
        "there is no such switch here, since whoever is in between would be the app; name the app's own authority: upstream.tls = { ca = { file = \"...\" } }, and server_name in it if the certificate has another name than the URL",
    ),
    (
        Switch,
        "insecure-oidc-skip-issuer-verification",
        "there is no such switch here, since it undoes what the sign-in is for; where a provider has several issuers, name them: provider.sso.accepted_issuers = [...]",
    ),
    (
        Switch,
        "insecure-oidc-skip-nonce",
        "there is no such switch here, since it undoes what the sign-in is for; every provider of OpenID Connect sends the nonce back",
    ),
    (
        Switch,
        "use-system-trust-store",
        "the authorities of --provider-ca-file stand in place of the web's here; append those that are needed beside them to the file of provider.sso.http.ca",
    ),
    (
        Switch,
        "force-https force-json-errors relative-redirect-url allow-query-semicolons",
        "nothing to do, or nothing like it: scheme and host come from server.public_url, scripts get JSON and people pages, queries are passed on byte for byte",
    ),
    (Switch, "gcp-healthchecks", ADMIN),
    (Text, "ping-path ping-user-agent ready-path", ADMIN),
    (
        Text,
        "metrics-address metrics-secure-address metrics-tls-cert-file metrics-tls-key-file",
        "metrics are at /metrics on server.admin_listen, beside health; close that port to everybody but the monitoring (docs/metrics.md)",
    ),
    (
        Text,
        "https-address tls-cert-file tls-key-file tls-min-version",
        TLS,
    ),
    (List, "tls-cipher-suite", TLS),
    (
        List,
        "trusted-ip",
        "an address is no person: nobody gets in by it; open single paths with access = \"public\"",
    ),
    (
        Text,
        "real-client-ip-header",
        "the client's address is the right-most in X-Forwarded-For that is not in server.trusted_proxies",
    ),
    (
        Text,
        "signature-key",
        "GAP-Signature is not made; [headers.assertion] sends a signed JWT that the app can verify",
    ),
    (Text, "auth-request-response-mode", FORWARD),
    (
        Switch,
        "skip-auth-strip-headers",
        "nothing to do: a client's own identity headers are removed on every path, public ones too",
    ),
    (
        Switch,
        "skip-claims-from-profile-url",
        "nothing to do: userinfo is asked only with provider.sso.userinfo = true",
    ),
    (
        List,
        "oidc-public-key-file",
        "keys are fetched where the provider publishes them, so that they may change: provider.sso.endpoints = { jwks = \"URL\" }, if its discovery document does not say where; a key in a file is not read",
    ),
    (
        List,
        "oidc-audience-claim",
        "an ID token is for provider.sso.client_id by aud alone, as OpenID Connect has it; one that says so elsewhere is refused",
    ),
    (
        Text,
        "validate-url",
        "tokens are verified here on every request by signature, issuer, audience (aud) and times; nobody is asked",
    ),
    (
        List,
        "whitelist-domain",
        "after login and logout people only ever return to an origin in server.public_url; add it there if it is yours",
    ),
    (
        List,
        "github-team github-user bitbucket-repository gitlab-group gitlab-project google-group keycloak-group",
        GITHUB,
    ),
    (
        Text,
        "github-org github-repo github-token bitbucket-team google-admin-email google-service-account-json google-target-principal",
        GITHUB,
    ),
    (
        Switch,
        "google-use-application-default-credentials google-use-organization-id",
        GITHUB,
    ),
    (
        Text,
        "jwt-key jwt-key-file pubjwk-url",
        "the client proves itself by a secret here (client_auth), not by a JWT of its own; ask the provider for a secret",
    ),
    (
        Switch,
        "entra-id-federated-token-auth",
        "the client proves itself by a secret here; make one under Certificates & secrets",
    ),
    (
        List,
        "entra-id-allowed-tenant",
        "a provider is one tenant here, by its issuer; write a [provider.ID] for each, with issuer and email_domains",
    ),
    (
        Switch,
        "auth-logging request-logging standard-logging logging-compress logging-local-time silence-ping-logging errors-to-info-log",
        LOG,
    ),
    (
        Text,
        "request-id-header auth-logging-format request-logging-format standard-logging-format logging-filename logging-max-age logging-max-backups logging-max-size",
        LOG,
    ),
    (List, "exclude-logging-path", LOG),
    (
        Switch,
        "show-debug-on-error",
        "causes never stand on pages; each page has a reference that the log has too",
    ),
    (
        Switch,
        "version convert-config-to-alpha",
        "a command, not a setting",
    ),
];

/// All of them.
#[cfg(test)]
pub(super) fn names() -> Vec<&'static str> {
    let counterpart = COUNTERPART.iter().map(|(_, names)| *names);
    let without = WITHOUT.iter().map(|(_, names, _)| *names);
    counterpart
        .chain(without)
        .flat_map(|names| names.split(' '))
        .collect()
}

/// Those of which it is said what they ask for.
#[cfg(test)]
pub(super) fn grouped() -> Vec<&'static str> {
    NOTHING.split(' ').chain(CHANGES.split(' ')).collect()
}
