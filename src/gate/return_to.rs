//! Where a person goes after signing in: a path on the same origin, nothing else.

use std::fmt;

use super::origin::PublicOrigin;

/// Longest target that is carried through a login, in bytes.
pub const TARGET_MAX: usize = 2_048;

/// A same-origin target that begins with exactly one slash: no scheme, no
/// other host, no backslash, no control character (field.md R8).
///
/// Made by [`parse`](Self::parse) alone; read again whenever it is unsealed.
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl fmt::Debug for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may hold what is nobody's business.
        f.write_str("ReturnTo([redacted])")
    }
}

impl ReturnTo {
    /// The app's front page.
    #[must_use]
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// A path of this origin, or an absolute URL of it; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str, origin: &PublicOrigin) -> Option<Self> {
        if text.starts_with('/') {
            return Self::path(text);
        }
        if !text.bytes().all(is_plain) || !origin.is_origin_of(text) {
            return None;
        }
        let url = url::Url::parse(text).ok()?;
        Self::path(&url[url::Position::BeforePath..])
    }

    fn path(text: &str) -> Option<Self> {
        let one_slash = text.starts_with('/') && !text.starts_with("//");
        (one_slash && text.len() <= TARGET_MAX && text.bytes().all(is_plain))
            .then(|| Self(text.to_owned()))
    }

    /// The target, as it goes into `Location`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path alone, where path and query are too long to carry.
    #[must_use]
    pub fn without_query(&self) -> Self {
        let end = self.0.find(['?', '#']).unwrap_or(self.0.len());
        Self(self.0.get(..end).unwrap_or("/").to_owned())
    }
}

/// Visible ASCII without the backslash, which browsers read as a slash.
fn is_plain(b: u8) -> bool {
    b.is_ascii_graphic() && b != b'\\'
}

#[cfg(test)]
mod tests;
