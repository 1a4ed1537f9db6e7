//! Names of headers that a client cannot send, whatever is configured.
//!
//! Owns the names of all built-in conventions (field.md 4) and how names are
//! compared. Must not know values.

/// Names of identity headers of all built-in presets, normalised (contract, "Headers").
const MANAGED: &[&str] = &[
    "x-access-right",
    "gap-auth",
    "gap-signature",
    "remote-user",
    "remote-groups",
    "remote-name",
    "remote-email",
    "oidc-access-token",
    "oidc-access-token-expires",
    "oidc-id-token",
    "oidc-id-token-payload",
    "oidc-signed-jwt",
    "oidc-userinfo-json",
    "x-pomerium-jwt-assertion",
    "x-goog-iap-jwt-assertion",
    "x-wonderwall-id-token",
    "x-jwt-payload",
    "x-auth-email",
    "x-auth-groups",
    "x-auth-name",
    "x-auth-roles",
    "x-auth-subject",
    "x-auth-user",
    "x-auth-userid",
    "x-auth-username",
    // Headers that make an app see another request than the one judged.
    "x-original-url",
    "x-original-uri",
    "x-original-method",
    "x-rewrite-url",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    // CGI hands it to programs as HTTP_PROXY.
    "proxy",
    // Where the request came from is said by us alone.
    "forwarded",
    "x-real-ip",
];

/// Prefixes of the same, each with its last hyphen.
const MANAGED_PREFIXES: &[&str] = &[
    "x-forwarded-",
    "x-auth-request-",
    "x-remote-",
    "x-amzn-oidc-",
    "x-authentik-",
    "x-webauth-",
    "x-pomerium-claim-",
    "x-vouch-",
    "x-vestibule-",
    "cf-access-",
    "x-goog-authenticated-user-",
    "oidc-claim-",
    "x-ms-client-principal",
    "x-ms-token-aad-",
];

/// Fields that say where a body ends.
const FRAMING: &[&str] = &["content-length", "transfer-encoding"];

/// Names that belong to the connection, the framing or the browser (RFC 9110
/// 7.6.1, 7.2; RFC 6265), and names that say where a request came from, which
/// is told from `server.public_url` and the peer alone: never configured.
const RESERVED: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
];

/// A name as lenient readers compare it: lower-case, with every other
/// character as a hyphen, since CGI, WSGI and others read `X_Forwarded_User`
/// and `x.forwarded.user` as the same (field.md R1).
#[must_use]
pub fn normalised(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect()
}

/// Whether a normalised name is one of a built-in convention.
pub(super) fn is_built_in(normalised: &str) -> bool {
    MANAGED.contains(&normalised)
        || MANAGED_PREFIXES
            .iter()
            .any(|prefix| normalised.starts_with(prefix))
}

/// Whether a name is another spelling of a framing field: no such field, but
/// an app may think so.
pub(super) fn is_framing_misspelt(name: &str, normalised: &str) -> bool {
    FRAMING.contains(&normalised) && !normalised.eq_ignore_ascii_case(name)
}

/// Whether a normalised name is none that can be configured.
pub(super) fn is_reserved(normalised: &str) -> bool {
    RESERVED.contains(&normalised)
}
