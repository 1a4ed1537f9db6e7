//! What routes say beside one another.
//!
//! Owns which of them contradict each other, and which leave something out. Must not
//! know how one is written.

use http::Method;

use super::path_of;
use crate::config::convert::Conversion;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::RouteTable;
use crate::config::reader::Place;
use crate::gate::route::{Access, PathPattern, covers};

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
pub(super) struct Rule {
    /// `None`: every host.
    host: Option<String>,
    pub(super) pattern: PathPattern,
    /// Empty: every method.
    methods: Vec<Method>,
    access: Access,
    place: Place,
}

impl Conversion<'_> {
    /// Of two rules for one request, none goes before the other.
    pub(super) fn refuse_ties(&mut self, rules: &[Rule], rule: &Rule) {
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

    /// `/admin` does not cover `/admin/users`: worth a word where that one is weaker.
    pub(super) fn warn_of_exact_routes(&mut self, rules: &[Rule]) {
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
    pub(super) fn warn_of_methods(&mut self, rules: &[Rule]) {
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
pub(super) fn expand(
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
        Access::Rules(_) => "under rules of their own",
        access => access.word(),
    }
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
