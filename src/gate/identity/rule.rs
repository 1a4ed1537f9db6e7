//! The one shape of `identity.user` and its like: where a value is found, and
//! what becomes of it.
//!
//! Owns sources, the map from external to local names, and what holds where
//! nothing is found or mapped. Must not know which rule is for what.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::gate::claims::{self, ClaimPath};
use crate::gate::email::EmailDomains;

/// `identity.user`, `.email`, `.name`, `.groups`, `.access_right` or an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    /// `claim`: at least one.
    pub claims: Vec<ClaimPath>,
    /// `from`; `None`: the ID token, then userinfo if it is asked.
    pub from: Option<ClaimSource>,
    /// `split`: at what a plain text is cut. Never guessed.
    pub split: Option<String>,
    /// `map` or `map_file`.
    pub map: Option<ValueMap>,
    /// `unmapped`.
    pub unmapped: Unmapped,
    /// `default`, where nothing is left.
    pub default: Vec<String>,
}

/// Where a claim is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimSource {
    /// The ID token.
    IdToken,
    /// The access token of the login; Cognito's alone can be verified.
    AccessToken,
    /// The userinfo answer of the login.
    Userinfo,
}

/// What becomes of a value that the map does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmapped {
    /// It stays as it is.
    Keep,
    /// It is left out.
    Drop,
    /// Access right: whoever has nothing that is mapped is denied.
    Deny,
    /// Access right: whoever has nothing that is mapped has the default.
    Default,
}

/// `identity.attributes.NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeRule {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub rule: ClaimRule,
    /// What kind of value it is.
    pub kind: AttributeKind,
}

/// `type` of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeKind {
    /// One text.
    Text,
    /// Several, of all claims.
    List,
    /// A number; anything else counts as absent.
    Number,
    /// `true` or `false`; anything else counts as absent.
    Bool,
}

/// External values and the local names that each stands for. Debug shows how many.
#[derive(Clone, PartialEq, Eq)]
pub struct ValueMap(HashMap<String, Vec<String>>);

impl std::fmt::Debug for ValueMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ValueMap({} values)", self.0.len())
    }
}

impl FromIterator<(String, Vec<String>)> for ValueMap {
    fn from_iter<I: IntoIterator<Item = (String, Vec<String>)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl ValueMap {
    /// The local names, in no order.
    pub fn locals(&self) -> impl Iterator<Item = &str> {
        self.0.values().flatten().map(String::as_str)
    }
}

impl From<Vec<ClaimPath>> for ClaimRule {
    /// Claims as they are.
    fn from(claims: Vec<ClaimPath>) -> Self {
        Self {
            claims,
            from: None,
            split: None,
            map: None,
            unmapped: Unmapped::Keep,
            default: Vec::new(),
        }
    }
}

/// The claims of one person, by source.
pub(super) struct Sources<'c> {
    pub(super) id_token: Cow<'c, Map<String, Value>>,
    pub(super) access_token: Cow<'c, Map<String, Value>>,
    /// `None` if userinfo is not asked.
    pub(super) userinfo: Option<Cow<'c, Map<String, Value>>>,
    /// The one source there is, of a bearer token that is no ID token.
    pub(super) alone: Option<ClaimSource>,
    /// What a text gives when it is cut is an address of these, or none.
    pub(super) email_domains: &'c EmailDomains,
}

impl Sources<'_> {
    /// Those that a rule looks into, in their order.
    fn of(&self, from: Option<ClaimSource>) -> impl Iterator<Item = &Map<String, Value>> {
        self.order(from)
            .iter()
            .filter_map(|source| self.get(*source))
    }

    /// Where a rule looks, first to last.
    pub(super) fn order(&self, from: Option<ClaimSource>) -> &'static [ClaimSource] {
        order(from.or(self.alone))
    }

    pub(super) fn get(&self, source: ClaimSource) -> Option<&Map<String, Value>> {
        match source {
            ClaimSource::IdToken => Some(&self.id_token),
            ClaimSource::AccessToken => Some(&self.access_token),
            ClaimSource::Userinfo => self.userinfo.as_deref(),
        }
    }

    /// The first usable value of a claim.
    pub(super) fn text(&self, path: &ClaimPath, from: Option<ClaimSource>) -> Option<String> {
        self.of(from)
            .find_map(|claims| path.find(claims).into_iter().find_map(claims::scalar))
    }
}

fn order(from: Option<ClaimSource>) -> &'static [ClaimSource] {
    match from {
        None => &[ClaimSource::IdToken, ClaimSource::Userinfo],
        Some(ClaimSource::IdToken) => &[ClaimSource::IdToken],
        Some(ClaimSource::AccessToken) => &[ClaimSource::AccessToken],
        Some(ClaimSource::Userinfo) => &[ClaimSource::Userinfo],
    }
}

/// Values of a rule, mapped.
pub(super) struct Mapped {
    /// What is left, in order, without doubles.
    pub(super) values: Vec<String>,
    /// Whether there was anything before the map.
    pub(super) were_any: bool,
}

impl ClaimRule {
    /// All that it can make of anybody; `None`: whatever the provider says.
    #[must_use]
    pub fn makes(&self) -> Option<Vec<&str>> {
        let map = self.map.as_ref()?;
        let defaults = self.default.iter().map(String::as_str);
        (self.unmapped != Unmapped::Keep).then(|| map.locals().chain(defaults).collect())
    }

    /// One text: of several claims the first that is present.
    pub(super) fn one(&self, sources: &Sources<'_>) -> Option<String> {
        let found = self.found(sources);
        let mapped = found.and_then(|value| self.map([value].into_iter()).into_iter().next());
        mapped.or_else(|| self.default.first().cloned())
    }

    /// The one text before it is mapped.
    pub(super) fn found(&self, sources: &Sources<'_>) -> Option<String> {
        let mut paths = self.claims.iter();
        paths.find_map(|path| sources.text(path, self.from))
    }

    /// Several texts of all claims, but those that begin as one of `left_out` does.
    pub(super) fn all(&self, sources: &Sources<'_>, left_out: &[String]) -> Vec<String> {
        let found = self.claims.iter().flat_map(|path| self.list(path, sources));
        let values = self.map(found.filter(|value| !begins(value, left_out)));
        if values.is_empty() {
            return self.default.clone();
        }
        values
    }

    /// The values of the first claim that is present.
    pub(super) fn first(&self, sources: &Sources<'_>) -> Mapped {
        let found = self
            .claims
            .iter()
            .map(|path| self.list(path, sources))
            .find(|values| !values.is_empty())
            .unwrap_or_default();
        Mapped {
            were_any: !found.is_empty(),
            values: self.map(found.into_iter()),
        }
    }

    fn list(&self, path: &ClaimPath, sources: &Sources<'_>) -> Vec<String> {
        let split = self.split.as_deref();
        sources
            .of(self.from)
            .map(|claims| path.find(claims).into_iter())
            .map(|values| {
                values
                    .flat_map(|value| claims::list(value, split))
                    .filter(|item| sources.email_domains.may_tell(item))
                    .collect()
            })
            .find(|values: &Vec<String>| !values.is_empty())
            .unwrap_or_default()
    }

    /// Local names for external ones, without doubles.
    pub(super) fn map(&self, values: impl Iterator<Item = String>) -> Vec<String> {
        let mut mapped = Vec::new();
        for value in values {
            match (&self.map, self.unmapped) {
                (None, _) => mapped.push(value),
                (Some(map), unmapped) => match (map.0.get(&value), unmapped) {
                    (Some(local), _) => mapped.extend(local.iter().cloned()),
                    (None, Unmapped::Keep) => mapped.push(value),
                    (None, Unmapped::Drop | Unmapped::Deny | Unmapped::Default) => {}
                },
            }
        }
        without_doubles(mapped)
    }
}

/// Whether a value begins as one of these.
pub(super) fn begins(value: &str, starts: &[String]) -> bool {
    starts.iter().any(|start| value.starts_with(start.as_str()))
}

/// Few are compared with each other, many are hashed.
fn without_doubles(values: Vec<String>) -> Vec<String> {
    const FEW: usize = 16;
    let mut left = Vec::with_capacity(values.len());
    if values.len() <= FEW {
        for value in values {
            if !left.contains(&value) {
                left.push(value);
            }
        }
        return left;
    }
    let mut seen = std::collections::HashSet::new();
    left.extend(values);
    left.retain(|value: &String| seen.insert(value.clone()));
    left
}

#[cfg(test)]
mod tests;
