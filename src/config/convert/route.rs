//! `[[route]]`.

use http::Method;

use super::Conversion;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::RouteTable;
use crate::config::reader::{Item, Place, Text};
use crate::config::{Provider, Server, Upstreams};
use crate::gate::origin::{Origin, split_host};
use crate::gate::request::Forms;
use crate::gate::route::{Access, Manner, PathPattern, Route, covers};

/// What `allow_in_path` may name.
const FORMS: &[&str] = &[";", "//", "%2F", "%5C"];
/// Methods that an app may be asked with, as a rule.
const USUAL: &[Method] = &[
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// One host and one path of a route, and the rule there.
struct Rule {
    /// `None`: every host.
    host: Option<String>,
    pattern: PathPattern,
    /// Empty: every method.
    methods: Vec<Method>,
    access: Access,
    place: Place,
}

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

    /// Of two rules for one request, none goes before the other.
    fn refuse_ties(&mut self, rules: &[Rule], rule: &Rule) {
        let same = |other: &&Rule| other.host == rule.host && other.pattern == rule.pattern;
        for first in rules.iter().filter(same) {
            let both = in_both(&first.methods, &rule.methods);
            let route = first.place.key().to_owned();
            if first.methods == rule.methods {
                let remedy = "keep one of the two: each host and path has one rule";
                let kind = ConfigErrorKind::Repeated(route);
                self.findings.error(&rule.place, kind, remedy);
            } else if !both.is_empty() {
                let kind = ConfigErrorKind::MethodRepeated {
                    route,
                    methods: both.iter().map(Method::to_string).collect(),
                };
                let remedy = "give each method of a host and path to one route; GET covers HEAD, and a route without methods has them all";
                self.findings.error(&rule.place, kind, remedy);
            } else {
                continue;
            }
            return;
        }
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

    /// `/admin` does not cover `/admin/users`: worth a word where that one is weaker.
    fn warn_of_exact_routes(&mut self, rules: &[Rule]) {
        for rule in rules {
            let PathPattern::Exact(path) = &rule.pattern else {
                continue;
            };
            let below = access_below(rules, rule.host.as_deref(), path);
            if strictness(&rule.access) > strictness(below) {
                let kind = ConfigWarningKind::ExactRoute { below: word(below) };
                let remedy = format!("write \"{path}/*\" to cover them too");
                self.findings.warn(&rule.place, kind, &remedy);
            }
        }
    }

    /// A method that nobody named is refused, and never falls to a weaker route.
    fn warn_of_methods(&mut self, rules: &[Rule]) {
        for (index, rule) in rules.iter().enumerate() {
            let alike = |other: &&Rule| other.host == rule.host && other.pattern == rule.pattern;
            let (before, after) = rules.split_at(index);
            if before.iter().any(|other| alike(&other)) {
                continue;
            }
            let here = || after.iter().filter(alike);
            let covered = |method: &Method| here().any(|rule| covers(&rule.methods, method));
            let left_out: Vec<&'static str> = USUAL
                .iter()
                .filter(|method| !covered(method))
                .map(Method::as_str)
                .collect();
            if !left_out.is_empty() {
                let kind = ConfigWarningKind::MethodsLeftOut(left_out);
                let remedy = "give them a route with the same path, unless that is what you want";
                self.findings.warn(&rule.place, kind, remedy);
            }
        }
    }
}

/// Every pair of host and path that a route stands for, each with the place that says so.
fn expand(
    table: &RouteTable,
    hosts: &[(String, &Place)],
    paths: &[(PathPattern, &Place)],
    methods: &[Method],
    access: &Access,
) -> Vec<Rule> {
    // A name that could not be read is not "every host", "every path" or "every method".
    let unreadable = |items: &Option<Vec<_>>, read: usize| {
        items.as_ref().is_some_and(|items| items.len() != read)
    };
    if unreadable(&table.host, hosts.len())
        || unreadable(&table.path, paths.len())
        || unreadable(&table.methods, methods.len())
    {
        return Vec::new();
    }
    let everything = [(PathPattern::Prefix(String::new()), &table.place)];
    let paths = if paths.is_empty() {
        &everything[..]
    } else {
        paths
    };
    let host_names: Vec<Option<&String>> = match hosts {
        [] => vec![None],
        hosts => hosts.iter().map(|(host, _)| Some(host)).collect(),
    };
    let rule = |host: Option<&String>, (pattern, place): &(PathPattern, &Place)| Rule {
        host: host.cloned(),
        pattern: pattern.clone(),
        methods: methods.to_vec(),
        access: access.clone(),
        place: (*place).clone(),
    };
    host_names
        .into_iter()
        .flat_map(|host| paths.iter().map(move |path| rule(host, path)))
        .collect()
}

/// The rule for the paths below an exact one: a host over none, then the longest prefix.
fn access_below<'r>(rules: &'r [Rule], host: Option<&str>, path: &str) -> &'r Access {
    rules
        .iter()
        .filter(|rule| rule.host.is_none() || rule.host.as_deref() == host)
        .filter(|rule| matches!(rule.pattern, PathPattern::Prefix(_)) && rule.pattern.matches(path))
        .max_by_key(|rule| (rule.host.is_some(), path_of(&rule.pattern).len()))
        .map_or(&Access::SignedIn, |rule| &rule.access)
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

/// Two sets of rules are alike here: which lets more people pass is not known.
fn strictness(access: &Access) -> u8 {
    match access {
        Access::Public => 0,
        Access::Optional => 1,
        Access::SignedIn => 2,
        Access::Rules(_) => 3,
        Access::Nobody => 4,
    }
}

fn word(access: &Access) -> &'static str {
    match access {
        Access::Public => "public",
        Access::Optional => "optional",
        Access::SignedIn => "signed-in",
        Access::Rules(_) => "under rules of their own",
        Access::Nobody => "nobody",
    }
}

/// A method as it is sent: letter case counts (RFC 9110 9.1), and those that
/// are in use are upper-case.
fn method(text: &str) -> Option<Method> {
    let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let method = Method::from_bytes(text.as_bytes()).ok()?;
    let forwarded = method != Method::TRACE && method != Method::CONNECT;
    (forwarded && text.bytes().all(legal)).then_some(method)
}

/// The methods that both of two routes cover.
fn in_both(one: &[Method], other: &[Method]) -> Vec<Method> {
    let mut both = Vec::new();
    for method in one.iter().chain(other).chain([&Method::HEAD]) {
        if covers(one, method) && covers(other, method) && !both.contains(method) {
            both.push(method.clone());
        }
    }
    both
}
