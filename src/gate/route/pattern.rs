//! The paths that a route names.
//!
//! Owns how a pattern is written and which paths it covers. Must not know routes: of
//! several that cover one path, it only says which ranks first.

use super::case;
use crate::gate::request::RequestPath;

/// A path that a route names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathPattern {
    /// This path and no other.
    Exact(String),
    /// `/admin/` or `/admin/*`: this path without the slash, and all below.
    /// Kept without the trailing slash; the empty text is every path.
    Prefix(String),
}

/// Why a text is no path pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Does not begin with a slash.
    #[error("has to begin with \"/\"")]
    NotAbsolute,
    /// A star anywhere but as the last segment.
    #[error("may hold \"*\" only as its last segment, as in \"/admin/*\"")]
    Star,
    /// Not in the one form that requests are matched in.
    #[error(
        "is not canonical: no \"..\", \"//\", \";\", \"?\", \"#\" (encoded neither), backslash or percent-encoding of a plain character"
    )]
    NotCanonical,
}

impl PathPattern {
    /// Reads a pattern: `/admin/` and `/admin/*` are prefixes, anything else is exact.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if !text.starts_with('/') {
            return Err(PatternError::NotAbsolute);
        }
        let (body, prefix) = match text.strip_suffix("/*").or_else(|| text.strip_suffix('/')) {
            Some(body) => (body, true),
            None => (text, false),
        };
        if body.ends_with('/') {
            return Err(PatternError::NotCanonical);
        }
        if body.contains('*') {
            return Err(PatternError::Star);
        }
        if body.contains(['?', '#']) {
            return Err(PatternError::NotCanonical);
        }
        if !body.is_empty() {
            let path = RequestPath::parse(body).map_err(|_| PatternError::NotCanonical)?;
            // A character that need not be encoded has one spelling here: the plain one.
            let plain = path.decoded_readings().all(|reading| reading == body);
            if path.is_ambiguous() || path.canonical() != body || !plain {
                return Err(PatternError::NotCanonical);
            }
        }
        Ok(if prefix {
            Self::Prefix(body.to_owned())
        } else {
            Self::Exact(body.to_owned())
        })
    }

    /// Whether this pattern covers a canonical path.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path == exact,
            Self::Prefix(prefix) => path
                .strip_prefix(prefix.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }

    /// The same for paths that are compared without regard to case.
    #[must_use]
    pub fn without_case(&self) -> Self {
        match self {
            Self::Exact(path) => Self::Exact(case::fold(path).text),
            Self::Prefix(path) => Self::Prefix(case::fold(path).text),
        }
    }

    /// Whether it covers every path there is.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::Prefix(prefix) if prefix.is_empty())
    }

    /// Precedence: exact over prefix, longer over shorter. Of the patterns that
    /// cover one path, no two rank alike.
    pub(super) fn rank(&self) -> (u8, usize) {
        match self {
            Self::Exact(path) => (1, path.len()),
            Self::Prefix(path) => (0, path.len()),
        }
    }
}

impl std::fmt::Display for PathPattern {
    /// As a person would write it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(path) => f.write_str(path),
            Self::Prefix(path) => write!(f, "{path}/*"),
        }
    }
}
