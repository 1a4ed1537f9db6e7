//! Which fields may stand behind a body (RFC 9110 6.5).
//!
//! Owns the names that an app's trailers may not have. Whoever merges trailers
//! into the header, as RFC 9110 6.5.1 lets recipients do, would take a field of
//! these for one that came before the body, past what is removed there.

use super::Gate;

/// Fields that frame a message, route or modify a request, authenticate,
/// describe or control an answer (RFC 9110 6.5.1), in lower case. Cookies
/// authenticate: ours would be set past the guard of `Set-Cookie`.
const HEADER_ONLY: &[&str] = &[
    // Framing, and what belongs to one connection.
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // Routing and modifiers of requests.
    "cache-control",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "pragma",
    "range",
    // Authentication.
    "authorization",
    "cookie",
    "proxy-authenticate",
    "proxy-authorization",
    "set-cookie",
    "www-authenticate",
    // How the content is to be read.
    "content-encoding",
    "content-range",
    "content-type",
    // Control of the answer.
    "age",
    "date",
    "expires",
    "location",
    "retry-after",
    "strict-transport-security",
    "vary",
    "warning",
];

impl Gate {
    /// Whether a field of this name may stand behind the body of an app's
    /// answer: none that belongs before it, and none by which people are told.
    #[must_use]
    pub fn may_trail(&self, app: usize, name: &str) -> bool {
        let is_header_only = HEADER_ONLY
            .iter()
            .any(|other| other.eq_ignore_ascii_case(name));
        !is_header_only && !self.is_managed_header(app, name)
    }
}
