//! `[[route]]`: how one is written.
//!
//! Owns what each key of it may say. What routes say beside one another is in
//! `beside`.

use http::Method;

use super::Conversion;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::RouteTable;
use crate::config::reader::{Item, Place, Text};
use crate::config::{Provider, Server, Upstreams};
use crate::gate::origin::{Origin, split_host};
use crate::gate::request::Forms;
use crate::gate::route::{Access, Manner, PathPattern, Route};

mod beside;

use beside::{Rule, expand};

/// What `allow_in_path` may name.
const FORMS: &[&str] = &[";", "//", "%2F", "%5C"];

fn is_set(item: Option<&Item<bool>>) -> bool {
    item.is_some_and(|item| item.value)
}

impl Conversion<'_> {
    pub(super) fn routes(
        &mut self,
        tables: &[RouteTable],
        server: Option<&Server>,
        providers: Option<&[Provider]>,
        upstreams: Option<&Upstreams>,
    ) -> Vec<Route> {
        let mut rules: Vec<Rule> = Vec::new();
        let mut routes = Vec::new();
        for table in tables {
            let access = self.access(table, providers);
            self.warn_of_api(table, &access);
            let hosts = self.hosts(table, &access, server);
            let paths = self.paths(table, server, providers);
            let methods = self.methods(table);
            for rule in expand(table, &hosts, &paths, &methods, &access) {
                self.refuse_ties(&rules, &rule);
                rules.push(rule);
            }
            routes.push(Route {
                hosts: hosts.into_iter().map(|(host, _)| host).collect(),
                paths: paths.into_iter().map(|(path, _)| path).collect(),
                methods,
                access,
                allow_in_path: self.allow_in_path(table),
                manner: Manner {
                    is_api: is_set(table.api.as_ref()),
                    upstream: self.upstream_of(table, upstreams),
                    is_activity: table.activity.as_ref().is_none_or(|item| item.value),
                    shared_cache: is_set(table.shared_cache.as_ref()),
                    origins: self.origins_of(table),
                    cors_preflight: is_set(table.cors_preflight.as_ref()),
                    pass_override_headers: is_set(table.pass_override_headers.as_ref()),
                },
            });
        }
        self.warn_of_exact_routes(&rules);
        self.warn_of_methods(&rules);
        let ruled = rules.iter().any(|rule| !rule.pattern.is_everything());
        for item in tables
            .iter()
            .filter_map(|t| t.allow_in_path.as_ref()?.first())
        {
            if !ruled {
                let remedy = "leave it out, or give the route a path";
                let kind = ConfigWarningKind::AllowInPathIdle;
                self.findings.warn(&item.place, kind, remedy);
            }
        }
        routes
    }

    /// The app of a route.
    fn upstream_of(&mut self, table: &RouteTable, upstreams: Option<&Upstreams>) -> Option<usize> {
        let upstreams = upstreams?;
        let Some(item) = &table.upstream else {
            if upstreams.default.is_none() && !upstreams.apps.is_empty() {
                let remedy = "write upstream = \"NAME\", or call one of them [upstream.default]";
                self.findings
                    .missing(&table.place.child("upstream"), remedy);
            }
            return upstreams.default;
        };
        let unread = self.is_unread(item);
        let name = self.text(item, "")?;
        let found = upstreams.apps.iter().position(|app| app.name == name);
        if found.is_none() && !unread {
            let names = upstreams.apps.iter().map(|app| app.name.clone()).collect();
            let remedy = "write the NAME of a table [upstream.NAME]";
            let kind = ConfigErrorKind::NoSuchUpstream(names);
            self.findings.error(&item.place, kind, remedy);
        }
        found.or(upstreams.default)
    }

    fn methods(&mut self, table: &RouteTable) -> Vec<Method> {
        let mut methods = Vec::new();
        for item in table.methods.iter().flatten() {
            let Some(text) = self.text(item, "GET") else {
                continue;
            };
            match method(&text) {
                Some(method) if methods.contains(&method) => {
                    let kind = ConfigErrorKind::Repeated(method.to_string());
                    self.findings.error(&item.place, kind, "name it once");
                }
                Some(method) => methods.push(method),
                None => {
                    let remedy = "write it as it is sent, such as \"GET\" or \"PROPFIND\"; TRACE and CONNECT are never forwarded";
                    self.findings
                        .error(&item.place, ConfigErrorKind::Method, remedy);
                }
            }
        }
        methods
    }

    /// Whose pages may open a websocket there, beside our own.
    fn origins_of(&mut self, table: &RouteTable) -> Vec<Origin> {
        let mut origins = Vec::new();
        for item in table.origins.iter().flatten() {
            let Some(text) = self.text(item, "https://not-read.invalid") else {
                continue;
            };
            match Origin::parse(&text) {
                Ok(origin) => origins.push(origin),
                Err(error) => {
                    let remedy = "write it as browsers send it, such as \"https://app.example.com\"; there are no wildcards";
                    self.findings
                        .error(&item.place, ConfigErrorKind::Origin(error), remedy);
                }
            }
        }
        origins
    }

    fn allow_in_path(&mut self, table: &RouteTable) -> Forms {
        let mut forms = Forms::default();
        for item in table.allow_in_path.iter().flatten() {
            if self.is_unread(item) {
                continue;
            }
            match self.text(item, "").as_deref() {
                Some(";") => forms.semicolon = true,
                Some("//") => forms.double_slash = true,
                Some("%2F" | "%2f") => forms.encoded_slash = true,
                Some("%5C" | "%5c") => forms.encoded_backslash = true,
                Some(other) => self.not_a_choice(item, other, FORMS),
                None => {}
            }
        }
        forms
    }

    fn hosts<'t>(
        &mut self,
        table: &'t RouteTable,
        access: &Access,
        server: Option<&Server>,
    ) -> Vec<(String, &'t Place)> {
        let mut hosts = Vec::new();
        for item in table.host.iter().flatten() {
            if let Some(host) = self.host(item, access, server) {
                hosts.push((host, &item.place));
            }
        }
        hosts
    }

    fn host(
        &mut self,
        item: &Item<Text>,
        access: &Access,
        server: Option<&Server>,
    ) -> Option<String> {
        let text = self.text(item, "not-read.invalid")?;
        let host = match split_host(&text) {
            Some((host, None)) => host.to_ascii_lowercase(),
            Some((_, Some(_))) => {
                let remedy = "write the host name without its port";
                self.findings
                    .error(&item.place, ConfigErrorKind::HostWithPort, remedy);
                return None;
            }
            None => {
                let remedy = "write a name such as \"wiki.example.com\"; there are no wildcards";
                self.findings
                    .error(&item.place, ConfigErrorKind::Host, remedy);
                return None;
            }
        };
        let origins = server.map_or(&[][..], |server| server.origins.as_slice());
        let known = origins.is_empty()
            || *access == Access::Public
            || self.outside.secrets.is_none()
                && origins
                    .iter()
                    .any(|origin| origin.host() == "not-read.invalid")
            || self.is_unread(item)
            || origins.iter().any(|origin| origin.host() == host);
        if !known {
            let hosts = origins
                .iter()
                .map(|origin| origin.host().to_owned())
                .collect();
            let remedy = "add its origin to server.public_url; others are answered with 421 (only public routes are not)";
            self.findings
                .error(&item.place, ConfigErrorKind::HostNotPublic(hosts), remedy);
        }
        Some(host)
    }

    fn paths<'t>(
        &mut self,
        table: &'t RouteTable,
        server: Option<&Server>,
        providers: Option<&[Provider]>,
    ) -> Vec<(PathPattern, &'t Place)> {
        let mut paths = Vec::new();
        for item in table.path.iter().flatten() {
            let Some(text) = self.text(item, "/not-read") else {
                continue;
            };
            let pattern = match PathPattern::parse(&text) {
                Ok(pattern) => pattern,
                Err(error) => {
                    let remedy = "write \"/admin/*\" for /admin and all below, \"/admin\" for that page alone";
                    self.findings.error(&item.place, error, remedy);
                    continue;
                }
            };
            let prefix = server.map(|server| server.path_prefix.as_str());
            let is_callback = |path: &str| {
                let mut all = providers.into_iter().flatten();
                all.any(|provider| provider.callback_path.as_deref() == Some(path))
            };
            if prefix.is_some_and(|prefix| is_below(path_of(&pattern), prefix)) {
                let remedy = "remove it, or choose another server.path_prefix";
                self.findings
                    .error(&item.place, ConfigErrorKind::RouteUnderPrefix, remedy);
            } else if matches!(&pattern, PathPattern::Exact(path) if is_callback(path)) {
                let remedy = "remove it, or register another callback_path at the provider";
                self.findings
                    .error(&item.place, ConfigErrorKind::RouteIsCallback, remedy);
            }
            let pattern = match server {
                Some(server) if server.ignore_path_case => pattern.without_case(),
                _ => pattern,
            };
            paths.push((pattern, &item.place));
        }
        paths
    }
}

fn path_of(pattern: &PathPattern) -> &str {
    match pattern {
        PathPattern::Exact(path) | PathPattern::Prefix(path) => path,
    }
}

/// Whether a path is the prefix itself, or below it.
fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A method as it is sent: letter case counts (RFC 9110 9.1), and those that
/// are in use are upper-case.
fn method(text: &str) -> Option<Method> {
    let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let method = Method::from_bytes(text.as_bytes()).ok()?;
    let forwarded = method != Method::TRACE && method != Method::CONNECT;
    (forwarded && text.bytes().all(legal)).then_some(method)
}
