//! Routes: which rule a request falls under.
//!
//! Owns the path patterns, their precedence and the split between our own URL
//! space and the app's. Must not know who is asking.

use super::request::RequestPath;

/// Who may go where a route leads (contract, "Routes").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone, and never with an identity.
    Public,
    /// Anyone; with an identity if signed in. Never leads into a login.
    Optional,
    /// Signed-in people. The rule for everything that no route names.
    SignedIn,
    /// No one.
    Nobody,
}

/// One `[[route]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Hosts, lower-case without port and trailing dot; empty: every public origin.
    pub hosts: Vec<String>,
    /// Path patterns; empty: every path.
    pub paths: Vec<PathPattern>,
    /// Who may pass.
    pub access: Access,
}

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
        "is not canonical: no \"..\", \"//\", \";\", \"?\", \"#\", backslash or percent-encoding of a plain character"
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
            if path.is_ambiguous() || path.canonical() != body {
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

    /// Whether it covers every path there is.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::Prefix(prefix) if prefix.is_empty())
    }

    /// Precedence: exact over prefix, longer over shorter.
    fn rank(&self) -> (u8, usize) {
        match self {
            Self::Exact(path) => (1, path.len()),
            Self::Prefix(path) => (0, path.len()),
        }
    }
}

/// The routes, ready to be asked.
#[derive(Clone, Debug)]
pub struct Router {
    routes: Vec<Route>,
    has_path_rules: bool,
}

impl Router {
    /// A router over the configured routes.
    #[must_use]
    pub fn new(routes: Vec<Route>) -> Self {
        let has_path_rules = routes
            .iter()
            .flat_map(|route| &route.paths)
            .any(|pattern| !pattern.is_everything());
        Self {
            routes,
            has_path_rules,
        }
    }

    /// Whether any rule depends on the path: then only one reading of a path
    /// may exist, and it is what the app gets.
    #[must_use]
    pub fn has_path_rules(&self) -> bool {
        self.has_path_rules
    }

    /// The rule for a canonical path on a host (lower-case, without port).
    /// Host over none, exact over prefix, longer over shorter; what no route
    /// names is for signed-in people.
    ///
    /// `host` is `None` for a host that is no public origin: then only public
    /// routes that name no host answer, and `None` means 421.
    #[must_use]
    pub fn access(&self, host: Option<&str>, path: &str) -> Option<Access> {
        let best = |host: Option<&str>| {
            self.routes
                .iter()
                .filter_map(|route| route.rank(host, path).map(|rank| (rank, route.access)))
                .max_by_key(|(rank, _)| *rank)
                .map(|(_, access)| access)
        };
        if host.is_some() {
            return Some(best(host).unwrap_or(Access::SignedIn));
        }
        // What some host guards is not opened by naming none of them.
        let is_public = |host: Option<&str>| best(host) == Some(Access::Public);
        let mut hosts = self.routes.iter().flat_map(|route| &route.hosts);
        (is_public(None) && hosts.all(|host| is_public(Some(host)))).then_some(Access::Public)
    }
}

impl Route {
    fn rank(&self, host: Option<&str>, path: &str) -> Option<(bool, u8, usize)> {
        let on_host = match host {
            _ if self.hosts.is_empty() => false,
            Some(host) if self.hosts.iter().any(|named| named == host) => true,
            _ => return None,
        };
        let (kind, length) = if self.paths.is_empty() {
            (0, 0)
        } else {
            self.paths
                .iter()
                .filter(|pattern| pattern.matches(path))
                .map(PathPattern::rank)
                .max()?
        };
        Some((on_host, kind, length))
    }
}

#[cfg(test)]
mod tests;
