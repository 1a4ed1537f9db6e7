//! The `Authorization` field: whether it shows a bearer token, and which.
//!
//! Nothing else is read, never a query or a body (RFC 6750 2.2, 2.3). One field
//! of another scheme (Basic, for one) is no bearer: it is the app's, and the
//! cookie is judged. Whatever begins with the word `Bearer` is one, in any
//! letter case, and so are several fields, whose readers differ in which of
//! them counts: those that cannot be read refuse.

use http::{HeaderMap, header};

/// The scheme's name, in lower case (RFC 9110 11.1: in any).
const SCHEME: &[u8] = b"bearer";

/// What an `Authorization` field shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gate) enum Shows<'r> {
    /// No bearer token.
    Nothing,
    /// One.
    Token(&'r str),
    /// One that cannot be read, or several.
    Malformed,
}

/// Reads the `Authorization` fields of a request.
pub(in crate::gate) fn shown(headers: &HeaderMap) -> Shows<'_> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let field = match (fields.next(), fields.next()) {
        (None, _) => return Shows::Nothing,
        (Some(only), None) => only.as_bytes().trim_ascii(),
        (Some(_), Some(_)) => return Shows::Malformed,
    };
    let is_scheme = |start: &[u8]| start.eq_ignore_ascii_case(SCHEME);
    let Some((start, rest)) = field.split_at_checked(SCHEME.len()) else {
        return Shows::Nothing;
    };
    if !is_scheme(start) || rest.first().is_some_and(|b| is_token_char(*b)) {
        return Shows::Nothing;
    }
    // RFC 6750 2.1: one or more spaces, and a word of these characters alone.
    let token = rest.trim_ascii_start();
    let spaces = rest.len() - token.len();
    let is_apart = spaces > 0 && rest.iter().take(spaces).all(|b| *b == b' ');
    let is_word = !token.is_empty() && token.iter().all(|b| is_word_char(*b));
    match std::str::from_utf8(token) {
        Ok(token) if is_apart && is_word => Shows::Token(token),
        _ => Shows::Malformed,
    }
}

/// What a scheme's name may hold (RFC 9110 5.6.2).
fn is_token_char(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// `b64token` (RFC 6750 2.1).
fn is_word_char(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b)
}
