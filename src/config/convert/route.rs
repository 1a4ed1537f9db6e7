//! `[[route]]`.

use super::{Choices, Conversion};
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::RouteTable;
use crate::config::reader::{Item, Place, Text};
use crate::config::{Provider, Server};
use crate::gate::origin::split_host;
use crate::gate::route::{Access, PathPattern, Route};

/// One host and one path of a route, and the rule there.
struct Rule {
    /// `None`: every host.
    host: Option<String>,
    pattern: PathPattern,
    access: Access,
    place: Place,
}

impl Conversion<'_> {
    pub(super) fn routes(
        &mut self,
        tables: &[RouteTable],
        server: Option<&Server>,
        provider: Option<&Provider>,
    ) -> Vec<Route> {
        let mut rules: Vec<Rule> = Vec::new();
        let mut routes = Vec::new();
        for table in tables {
            let access = self.access(table);
            let hosts = self.hosts(table, access, server);
            let paths = self.paths(table, server, provider);
            for rule in expand(table, &hosts, &paths, access) {
                let first = rules
                    .iter()
                    .find(|other| other.host == rule.host && other.pattern == rule.pattern);
                if let Some(first) = first {
                    let kind = ConfigErrorKind::Repeated(first.place.key().to_owned());
                    let remedy = "keep one of the two: each host and path has one rule";
                    self.findings.error(&rule.place, kind, remedy);
                }
                rules.push(rule);
            }
            routes.push(Route {
                hosts: hosts.into_iter().map(|(host, _)| host).collect(),
                paths: paths.into_iter().map(|(path, _)| path).collect(),
                access,
            });
        }
        self.warn_of_exact_routes(&rules);
        routes
    }

    fn access(&mut self, table: &RouteTable) -> Access {
        let choices = Choices {
            words: &["public", "optional", "signed-in", "nobody"],
            values: &[
                Access::Public,
                Access::Optional,
                Access::SignedIn,
                Access::Nobody,
            ],
        };
        self.choice(table.access.as_ref(), &choices, Access::SignedIn)
    }

    fn hosts<'t>(
        &mut self,
        table: &'t RouteTable,
        access: Access,
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
        access: Access,
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
            || access == Access::Public
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
        provider: Option<&Provider>,
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
            let callback = provider.and_then(|provider| provider.callback_path.as_deref());
            if prefix.is_some_and(|prefix| is_below(path_of(&pattern), prefix)) {
                let remedy = "remove it, or choose another server.path_prefix";
                self.findings
                    .error(&item.place, ConfigErrorKind::RouteUnderPrefix, remedy);
            } else if matches!(&pattern, PathPattern::Exact(path) if callback == Some(path)) {
                let remedy = "remove it, or register another callback_path at the provider";
                self.findings
                    .error(&item.place, ConfigErrorKind::RouteIsCallback, remedy);
            }
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
            if strictness(rule.access) > strictness(below) {
                let kind = ConfigWarningKind::ExactRoute { below: word(below) };
                let remedy = format!("write \"{path}/*\" to cover them too");
                self.findings.warn(&rule.place, kind, &remedy);
            }
        }
    }
}

/// Every pair of host and path that a route stands for, each with the place that says so.
fn expand(
    table: &RouteTable,
    hosts: &[(String, &Place)],
    paths: &[(PathPattern, &Place)],
    access: Access,
) -> Vec<Rule> {
    // A name that could not be read is not "every host", nor "every path".
    let unreadable = |items: &Option<Vec<_>>, read: usize| {
        items.as_ref().is_some_and(|items| items.len() != read)
    };
    if unreadable(&table.host, hosts.len()) || unreadable(&table.path, paths.len()) {
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
        access,
        place: (*place).clone(),
    };
    host_names
        .into_iter()
        .flat_map(|host| paths.iter().map(move |path| rule(host, path)))
        .collect()
}

/// The rule for the paths below an exact one: a host over none, then the longest prefix.
fn access_below(rules: &[Rule], host: Option<&str>, path: &str) -> Access {
    rules
        .iter()
        .filter(|rule| rule.host.is_none() || rule.host.as_deref() == host)
        .filter(|rule| matches!(rule.pattern, PathPattern::Prefix(_)) && rule.pattern.matches(path))
        .max_by_key(|rule| (rule.host.is_some(), path_of(&rule.pattern).len()))
        .map_or(Access::SignedIn, |rule| rule.access)
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

fn strictness(access: Access) -> u8 {
    match access {
        Access::Public => 0,
        Access::Optional => 1,
        Access::SignedIn => 2,
        Access::Nobody => 3,
    }
}

fn word(access: Access) -> &'static str {
    match access {
        Access::Public => "public",
        Access::Optional => "optional",
        Access::SignedIn => "signed-in",
        Access::Nobody => "nobody",
    }
}
