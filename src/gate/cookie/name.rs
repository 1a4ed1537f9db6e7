//! The session cookie's name, as somebody may configure it.
//!
//! Owns which names there are. Must not know what names follow from it.

pub(super) const NAME_MAX: usize = 64;

/// The session cookie's name, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieName(String);

/// Why a text is no cookie name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CookieNameError {
    /// Empty, too long, or with characters that no cookie name has.
    #[error("has to be 1 to 64 letters, digits, \"-\" or \"_\"")]
    Characters,
}

impl CookieName {
    /// Reads a name. Dots are left out: they number the chunks.
    ///
    /// # Errors
    /// See [`CookieNameError`].
    pub fn parse(text: &str) -> Result<Self, CookieNameError> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if text.is_empty() || text.len() > NAME_MAX || !text.bytes().all(legal) {
            return Err(CookieNameError::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers take a cookie of this name over https only (RFC 6265bis 4.1.3).
    #[must_use]
    pub fn requires_https(&self) -> bool {
        let lower = self.0.to_ascii_lowercase();
        lower.starts_with("__host-") || lower.starts_with("__secure-")
    }
}
