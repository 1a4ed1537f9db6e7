//! Header names: compared as lenient readers do, sent as they were written.
//!
//! Owns which names can be configured. Must not know values.

use bytes::Bytes;
use http::HeaderName;

use super::managed::{self, normalised};

/// A header's name, in the letters in which it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    name: HeaderName,
    written: Bytes,
}

/// A text that names no header that can be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a header name at all (RFC 9110 5.6.2).
    #[error("is no header name")]
    NotAName,
    /// The connection's, the framing's, the browser's, or what tells where a
    /// request came from.
    #[error("is a header that Vestibule or the connection itself sets")]
    Reserved,
}

impl Name {
    /// Reads the name of a header that can be configured.
    ///
    /// # Errors
    /// See [`NameError`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = Self::written(text)?;
        if managed::is_reserved(&name.normalised()) {
            return Err(NameError::Reserved);
        }
        Ok(name)
    }

    pub(super) fn written(text: &str) -> Result<Self, NameError> {
        Ok(Self {
            name: HeaderName::from_bytes(text.as_bytes()).map_err(|_| NameError::NotAName)?,
            written: Bytes::copy_from_slice(text.as_bytes()),
        })
    }

    /// The same of a text that lasts: whoever sends it copies nothing, and no
    /// two threads count references to it.
    pub(super) fn built_in(text: &'static str) -> Result<Self, NameError> {
        Ok(Self {
            name: HeaderName::from_bytes(text.as_bytes()).map_err(|_| NameError::NotAName)?,
            written: Bytes::from_static(text.as_bytes()),
        })
    }

    pub(super) const fn ours(text: &'static str) -> Self {
        Self {
            name: HeaderName::from_static(text),
            written: Bytes::from_static(text.as_bytes()),
        }
    }

    /// The name in small letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.name.as_str()
    }

    /// The bytes in which it is sent.
    #[must_use]
    pub fn as_written(&self) -> &Bytes {
        &self.written
    }

    /// The same as a header's name.
    #[must_use]
    pub fn as_header(&self) -> &HeaderName {
        &self.name
    }

    /// See [`normalised`].
    #[must_use]
    pub fn normalised(&self) -> String {
        normalised(self.name.as_str())
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.name == *other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.name == **other
    }
}

impl std::fmt::Display for Name {
    /// As it is sent.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.written))
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
