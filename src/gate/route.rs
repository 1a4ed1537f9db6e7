//! Routes: which rule a request falls under.
//!
//! Owns what a route says, and which of several holds. Must not know who is
//! asking, or which paths are our own (`leading`).

use std::sync::Arc;

use http::Method;

use super::origin::Origin;
use super::request::{Forms, RequestPath};
use super::rule::Rules;

mod case;
mod pattern;
mod ruling;

pub use pattern::{PathPattern, PatternError};
pub(super) use ruling::Ruled;
pub use ruling::Ruling;

/// Who may go where a route leads (contract, "Routes").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone, and never with an identity.
    Public,
    /// Anyone; with an identity if signed in. Never leads into a login.
    Optional,
    /// Signed-in people. The rule for everything that no route names.
    SignedIn,
    /// Signed-in people for whom one of the rules holds.
    Rules(Arc<Rules>),
    /// No one.
    Nobody,
}

impl Access {
    /// The word that the configuration has for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Optional => "optional",
            Self::SignedIn => "signed-in",
            Self::Rules(_) => "rules",
            Self::Nobody => "nobody",
        }
    }
}

/// One `[[route]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Hosts, lower-case without port and trailing dot; empty: every public origin.
    pub hosts: Vec<String>,
    /// Path patterns; empty: every path.
    pub paths: Vec<PathPattern>,
    /// Methods; GET covers HEAD. Empty: every method.
    pub methods: Vec<Method>,
    /// Who may pass.
    pub access: Access,
    /// Forms of a path that the app behind this route reads in one way only.
    pub allow_in_path: Forms,
    /// How requests are treated, whoever may pass.
    pub manner: Manner,
}

/// How requests of a route are treated, beside who may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Whether it is for API clients: bearer tokens beside the cookie, never a
    /// redirect, never a page.
    pub is_api: bool,
    /// Which of the apps answers; `None`: none of them.
    pub upstream: Option<usize>,
    /// Whether a request counts as activity for `session.idle_timeout`.
    pub is_activity: bool,
    /// Whether the app alone says what shared caches may keep.
    pub shared_cache: bool,
    /// Origins beside ours whose pages may open a websocket.
    pub origins: Vec<Origin>,
    /// Whether CORS preflights reach the app, without an identity.
    pub cors_preflight: bool,
    /// Whether headers that make an app see another request are let through.
    pub pass_override_headers: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            is_api: false,
            upstream: Some(0),
            is_activity: true,
            shared_cache: false,
            origins: Vec::new(),
            cors_preflight: false,
            pass_override_headers: false,
        }
    }
}

/// The routes, ready to be asked.
#[derive(Clone, Debug)]
pub struct Router {
    /// One for each route and pattern of it.
    entries: Vec<Entry>,
    /// For what no route names.
    rest: Entry,
    hosts: Vec<String>,
    has_path_rules: bool,
    ignores_case: bool,
}

/// One pattern of one route.
#[derive(Clone, Debug)]
struct Entry {
    /// `None`: none of the file.
    route: Option<usize>,
    hosts: Vec<String>,
    pattern: PathPattern,
    methods: Vec<Method>,
    access: Access,
    allow_in_path: Forms,
    manner: Manner,
    label: Arc<str>,
}

/// What the routes say of one reading of a path.
#[derive(Clone, Copy)]
enum Found<'r> {
    Entry(&'r Entry),
    NoMethod(&'r Entry),
}

impl Router {
    /// A router over the configured routes.
    #[must_use]
    pub fn new(routes: Vec<Route>) -> Self {
        let has_path_rules = routes
            .iter()
            .flat_map(|route| &route.paths)
            .any(|pattern| !pattern.is_everything());
        let everything = || PathPattern::Prefix(String::new());
        let hosts = routes.iter().flat_map(|route| route.hosts.clone());
        Self {
            hosts: hosts.collect(),
            rest: Entry {
                route: None,
                hosts: Vec::new(),
                pattern: everything(),
                methods: Vec::new(),
                access: Access::SignedIn,
                allow_in_path: Forms::default(),
                manner: Manner::default(),
                label: Arc::from("default"),
            },
            entries: routes
                .into_iter()
                .enumerate()
                .flat_map(|(index, mut route)| {
                    if route.paths.is_empty() {
                        route.paths.push(everything());
                    }
                    let paths = std::mem::take(&mut route.paths);
                    paths
                        .into_iter()
                        .map(move |pattern| Entry::new(index, &route, pattern))
                })
                .collect(),
            has_path_rules,
            ignores_case: false,
        }
    }

    /// The same, with this app for all that no route names.
    #[must_use]
    pub fn with_upstream(mut self, upstream: Option<usize>) -> Self {
        self.rest.manner.upstream = upstream;
        self
    }

    /// The same for an app that reads paths without regard to case. Patterns
    /// have to be [without case](PathPattern::without_case) too.
    #[must_use]
    pub fn ignoring_case(self, ignores_case: bool) -> Self {
        Self {
            ignores_case,
            ..self
        }
    }

    /// Whether any rule depends on the path: then only one reading of a path
    /// may exist, and it is what the app gets.
    #[must_use]
    pub fn has_path_rules(&self) -> bool {
        self.has_path_rules
    }

    /// Whether all requests fall under the same rule, whatever they ask for, and
    /// none of them is let through for being a CORS preflight.
    #[must_use]
    pub fn is_one_rule(&self) -> bool {
        self.entries.iter().all(|entry| {
            entry.pattern.is_everything()
                && entry.hosts.is_empty()
                && entry.methods.is_empty()
                && !entry.manner.cors_preflight
        })
    }

    /// The rule for a request to a host (lower-case, without port). Host over
    /// none, exact over prefix, longer over shorter, and then the method; what
    /// no route names is for signed-in people.
    ///
    /// `host` is `None` for a host that is no public origin: then only public
    /// routes that name no host answer, and `None` means 421.
    #[must_use]
    pub fn find(
        &self,
        host: Option<&str>,
        path: &RequestPath,
        method: &Method,
    ) -> Option<Ruling<'_>> {
        if self.has_path_rules && self.ignores_case && case::fold(path.canonical()).is_doubtful {
            return Some(Ruling::Ambiguous);
        }
        let found = if self.has_path_rules && path.is_ambiguous() {
            let Some(entry) = self.allowed(host, path, method) else {
                return Some(Ruling::Ambiguous);
            };
            Found::Entry(entry)
        } else {
            let found = self.found(host, path.canonical(), method)?;
            // `/wiki/Special%3AX` is no less `/wiki/Special:X` to nearly every app.
            if self.has_path_rules
                && let Found::Entry(entry) = found
                && !self.all_lead_to(entry, host, path.decoded_readings(), method)
            {
                return Some(Ruling::Ambiguous);
            }
            found
        };
        Some(match found {
            Found::Entry(entry) => Ruling::Rule {
                access: &entry.access,
                manner: &entry.manner,
                label: &entry.label,
            },
            Found::NoMethod(entry) => Ruling::NoMethod {
                label: &entry.label,
            },
        })
    }

    /// The rule for an ambiguous path whose route allows the forms in it.
    ///
    /// An app that reads the path in another way must not find itself under
    /// another rule: `//admin` may match `/*`, but where `/admin/*` has a rule
    /// of its own it stays refused.
    fn allowed(&self, host: Option<&str>, path: &RequestPath, method: &Method) -> Option<&Entry> {
        let Found::Entry(matched) = self.found(host, &path.matched(), method)? else {
            return None;
        };
        (path.is_allowed_by(matched.allow_in_path)
            && self.all_lead_to(matched, host, path.sloppy_readings(), method))
        .then_some(matched)
    }

    /// Whether other readings of a path fall under the same route.
    fn all_lead_to(
        &self,
        entry: &Entry,
        host: Option<&str>,
        mut readings: impl Iterator<Item = String>,
        method: &Method,
    ) -> bool {
        readings.all(|reading| match self.found(host, &reading, method) {
            Some(Found::Entry(other)) => other.route == entry.route,
            Some(Found::NoMethod(_)) | None => false,
        })
    }

    fn found(&self, host: Option<&str>, path: &str, method: &Method) -> Option<Found<'_>> {
        if host.is_some() {
            return Some(self.best(host, path, method));
        }
        // What some host guards is not opened by naming none of them.
        let public = |host: Option<&str>| match self.best(host, path, method) {
            Found::Entry(entry) if entry.access == Access::Public => Some(entry),
            Found::Entry(_) | Found::NoMethod(_) => None,
        };
        let mut hosts = self.hosts.iter();
        let entry = public(None)?;
        hosts
            .all(|host| public(Some(host)).is_some())
            .then_some(Found::Entry(entry))
    }

    fn best(&self, host: Option<&str>, path: &str, method: &Method) -> Found<'_> {
        let folded = self.ignores_case.then(|| case::fold(path).text);
        let path = folded.as_deref().unwrap_or(path);
        let ranked = || {
            self.entries
                .iter()
                .filter_map(|entry| Some((entry.rank(host, path)?, entry)))
        };
        let Some(best) = ranked().map(|(rank, _)| rank).max() else {
            return Found::Entry(&self.rest);
        };
        let mut named = ranked().filter(|(rank, _)| *rank == best).map(|(_, e)| e);
        let first = named.clone().next().unwrap_or(&self.rest);
        match named.find(|entry| covers(&entry.methods, method)) {
            Some(entry) => Found::Entry(entry),
            None => Found::NoMethod(first),
        }
    }
}

impl Entry {
    fn new(index: usize, route: &Route, pattern: PathPattern) -> Self {
        Self {
            route: Some(index),
            hosts: route.hosts.clone(),
            label: Arc::from(format!("route[{index}] {pattern}")),
            pattern,
            methods: route.methods.clone(),
            access: route.access.clone(),
            allow_in_path: route.allow_in_path,
            manner: route.manner.clone(),
        }
    }

    fn rank(&self, host: Option<&str>, path: &str) -> Option<(bool, u8, usize)> {
        let on_host = match host {
            _ if self.hosts.is_empty() => false,
            Some(host) if self.hosts.iter().any(|named| named == host) => true,
            _ => return None,
        };
        if !self.pattern.matches(path) {
            return None;
        }
        let (kind, length) = self.pattern.rank();
        Some((on_host, kind, length))
    }
}

/// Whether methods of a route cover one: none named are all, and GET covers
/// HEAD, which asks for the same without the body (RFC 9110 9.3.2).
#[must_use]
pub fn covers(methods: &[Method], method: &Method) -> bool {
    let named = |method: &Method| methods.contains(method);
    methods.is_empty() || named(method) || *method == Method::HEAD && named(&Method::GET)
}

#[cfg(test)]
mod tests;
