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
    "x-original-host",
    "x-envoy-original-path",
    "x-envoy-original-host",
    // What WSGI and CGI servers cut off the path before the app sees it: gunicorn takes the first two from loopback.
    "script-name",
    "path-info",
    "x-script-name",
    "x-scheme",
    // Which file to send in place of an answer, for Rack and its kind.
    "x-sendfile-type",
    "x-accel-mapping",
    // CGI hands it to programs as HTTP_PROXY.
    "proxy",
    // Where the request came from is said by us alone.
    "forwarded",
    "x-real-ip",
];

/// Those of them that a route may let through, since some apps need them:
/// never in another spelling (contract, `route.pass_override_headers`).
const OVERRIDES: &[&str] = &[
    "x-original-url",
    "x-rewrite-url",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
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
    // Says which trace the request belongs to, on every request.
    "traceparent",
    "tracestate",
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

/// Names of headers that are removed, for one look at each header of each
/// request: by the first character, which leaves none or a few to compare.
#[derive(Clone, Debug)]
pub(super) struct Managed {
    by_first: Vec<Vec<Pattern>>,
}

#[derive(Clone, Debug)]
enum Pattern {
    Exact(String),
    Prefix(&'static str),
}

impl Managed {
    /// Those of all built-in conventions, and others, normalised.
    pub(super) fn new(others: impl Iterator<Item = String>) -> Self {
        let built_in = MANAGED.iter().map(|name| (*name).to_owned());
        let prefixes = MANAGED_PREFIXES.iter().copied().map(Pattern::Prefix);
        let all = built_in.chain(others).map(Pattern::Exact).chain(prefixes);
        let mut by_first = vec![Vec::new(); 128];
        for pattern in all {
            let first = pattern.text().bytes().next().unwrap_or_default();
            if let Some(same) = by_first.get_mut(usize::from(first)) {
                same.push(pattern);
            }
        }
        Self { by_first }
    }

    /// Whether a header of this name is removed.
    pub(super) fn holds(&self, name: &str) -> bool {
        let first = name.bytes().next().map_or(0, folded);
        let same = self.by_first.get(usize::from(first));
        same.is_some_and(|same| same.iter().any(|pattern| pattern.matches(name)))
            || is_framing_misspelt(name)
    }
}

impl Pattern {
    fn text(&self) -> &str {
        match self {
            Self::Exact(text) => text,
            Self::Prefix(text) => text,
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(text) => name.len() == text.len() && folds_to(name, text),
            Self::Prefix(text) => name.len() >= text.len() && folds_to(name, text),
        }
    }
}

/// One byte of a name, as [`normalised`] has it: names are ASCII.
fn folded(byte: u8) -> u8 {
    match byte.is_ascii_alphanumeric() {
        true => byte.to_ascii_lowercase(),
        false => b'-',
    }
}

/// Whether a name, as far as the other one goes, is that one when normalised.
fn folds_to(name: &str, normalised: &str) -> bool {
    name.bytes()
        .map(folded)
        .zip(normalised.bytes())
        .all(|(a, b)| a == b)
}

/// Whether a name is another spelling of a framing field: no such field, but
/// an app may think so.
fn is_framing_misspelt(name: &str) -> bool {
    FRAMING.iter().any(|framing| {
        name.len() == framing.len()
            && folds_to(name, framing)
            && !framing.eq_ignore_ascii_case(name)
    })
}

/// Whether a header makes an app see another request than the one judged.
#[must_use]
pub fn is_override(name: &str) -> bool {
    OVERRIDES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a normalised name is none that can be configured.
pub(super) fn is_reserved(normalised: &str) -> bool {
    RESERVED.contains(&normalised)
}

#[cfg(test)]
mod tests;
