//! Who somebody is: from a verified token's claims to user, email, name,
//! groups, access right and attributes.
//!
//! Owns the mapping. Must not know how a token was verified, nor headers.

use serde_json::{Map, Value};

use super::claims::{self, ClaimPath};
use super::email::EmailDomains;
use super::token::VerifiedIdentity;
use crate::config::{EmailVerified, Identity, Provider, ProviderKind};

mod believed;
mod kept;
pub mod rule;
mod shown;
pub mod trace;

pub use kept::KeptClaims;
use rule::{AttributeKind, AttributeRule, ClaimRule, ClaimSource, Sources, Unmapped};
pub(in crate::gate) use shown::Shown;

/// How claims become a [`Person`], ready for use.
#[derive(Clone, Debug)]
pub struct Mapping {
    user: ClaimRule,
    email: ClaimRule,
    name: Option<ClaimRule>,
    /// `name`, `given_name`, `family_name`: read where no rule is for the name.
    names: [Option<ClaimPath>; 3],
    groups: ClaimRule,
    access_right: Option<ClaimRule>,
    order: Vec<String>,
    attributes: Vec<AttributeRule>,
    email_verified: EmailVerified,
    email_domains: EmailDomains,
    /// Only Cognito says who came from elsewhere (cognito.md 2.2).
    is_cognito: bool,
    /// How the names of groups begin that are dropped, since Cognito puts people
    /// who come from another directory into `<poolId>_<provider>` by itself
    /// (cognito.md 2.2): whatever a token says beside it, and an access token
    /// says nothing.
    automatic: Vec<String>,
    userinfo: bool,
    /// Claims that rules of routes look at.
    ruled: Vec<ClaimPath>,
    /// The claims to keep of an access token and of a userinfo answer.
    kept: [Vec<ClaimPath>; 2],
}

/// A signed-in person, as the app is told. Debug shows nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Account name: never empty, no control character.
    pub user: String,
    /// Email, if there is one that is believed.
    pub email: Option<String>,
    /// Name for display.
    pub name: Option<String>,
    /// Groups in order, without doubles.
    pub groups: Vec<String>,
    /// The one access right.
    pub access_right: Option<String>,
    /// What `identity.attributes` names, in the order of the configuration;
    /// an attribute that the person does not have is not among them.
    pub attributes: Vec<Attribute>,
}

/// A further thing that the configuration wants to know of a person. Debug
/// shows the name alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name in the configuration.
    pub name: String,
    /// What it is for this person.
    pub value: AttributeValue,
}

/// The value of an [`Attribute`].
#[derive(Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// `type = "string"`, `"number"` or `"bool"`: never empty.
    One(String),
    /// `type = "list"`: in order, without doubles, never empty.
    Many(Vec<String>),
}

/// Why a verified token makes nobody: a 403, since signing in again would not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPerson {
    /// Named in `session.revoked.subjects`.
    #[error("the subject is revoked")]
    Revoked,
    /// No claim that `identity.user` names has a usable value.
    #[error("the token has no usable value for identity.user (claim {0})")]
    NoUser(String),
    /// The user's name holds a control character.
    #[error("the user's name holds a control character")]
    ControlInUser,
    /// The user's name, or the subject, is an address in a domain that the provider does not speak for.
    #[error(
        "the user's name or subject is an email address that is not in the provider's email_domains"
    )]
    ForeignUser,
    /// Several access rights, none of which `identity.access_right.order` ranks.
    #[error("the token names several access rights")]
    SeveralRights,
    /// No access right, where the configuration wants one.
    #[error("the token names no access right that identity.access_right knows")]
    NoRight,
}

impl std::fmt::Debug for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attribute({}, [redacted])", self.name)
    }
}

impl std::fmt::Debug for AttributeValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AttributeValue([redacted])")
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person([redacted])")
    }
}

impl Mapping {
    /// The mapping that a configuration describes.
    #[must_use]
    pub fn new(identity: &Identity, provider: &Provider) -> Self {
        let is_cognito = provider.kind == ProviderKind::Cognito;
        let drops_automatic = is_cognito && !identity.keep_provider_group;
        let mut mapping = Self {
            user: identity.user.clone(),
            email: identity.email.clone(),
            name: identity.name.clone(),
            names: ["name", "given_name", "family_name"].map(|name| ClaimPath::parse(name).ok()),
            groups: identity.groups.clone(),
            access_right: identity.access_right.clone(),
            order: identity.order.clone(),
            attributes: identity.attributes.clone(),
            email_verified: provider.email_verified,
            email_domains: provider.email_domains.clone(),
            is_cognito,
            automatic: match drops_automatic {
                true => starts_of_automatic_groups(provider),
                false => Vec::new(),
            },
            userinfo: provider.userinfo,
            ruled: Vec::new(),
            kept: [Vec::new(), Vec::new()],
        };
        mapping.choose_kept();
        mapping
    }

    /// The same for routes with rules, which look at these claims as they are.
    #[must_use]
    pub fn with_ruled<'p>(mut self, claims: impl Iterator<Item = &'p ClaimPath>) -> Self {
        self.ruled.extend(claims.cloned());
        self.choose_kept();
        self
    }

    fn choose_kept(&mut self) {
        self.kept = [
            self.named(|from| from == Some(ClaimSource::AccessToken)),
            self.named(|from| matches!(from, None | Some(ClaimSource::Userinfo))),
        ];
    }

    /// The claims that rules look for in a source, with what an email needs to be believed.
    fn named(&self, in_source: impl Fn(Option<ClaimSource>) -> bool) -> Vec<ClaimPath> {
        let rules = [&self.user, &self.email, &self.groups]
            .into_iter()
            .chain(&self.name)
            .chain(&self.access_right)
            .chain(self.attributes.iter().map(|attribute| &attribute.rule));
        let mut named: Vec<ClaimPath> = rules
            .filter(|rule| in_source(rule.from))
            .flat_map(|rule| rule.claims.iter().cloned())
            .collect();
        if self.name.is_none() && in_source(None) {
            named.extend(self.names.iter().flatten().cloned());
        }
        if in_source(None) {
            named.extend(self.ruled.iter().cloned());
        }
        if named.iter().any(|path| path.as_str() == "email") {
            named.extend(ClaimPath::parse("email_verified"));
        }
        named
    }

    pub(super) fn wants_userinfo(&self) -> bool {
        self.userinfo
    }

    /// Whether any claim comes from the access token.
    pub(super) fn reads_access_token(&self) -> bool {
        let [paths, _] = &self.kept;
        !paths.is_empty()
    }

    /// What a session keeps of an access token.
    pub(super) fn keep_access(&self, claims: &Map<String, Value>) -> KeptClaims {
        let [paths, _] = &self.kept;
        KeptClaims {
            access_token: claims::prune(claims, paths),
            ..KeptClaims::default()
        }
    }

    /// What a session keeps of a userinfo answer.
    pub(super) fn keep_userinfo(&self, kept: &mut KeptClaims, claims: &Map<String, Value>) {
        let [_, paths] = &self.kept;
        kept.userinfo = claims::prune(claims, paths);
    }

    /// Whom the claims describe.
    ///
    /// # Errors
    /// See [`NoPerson`].
    pub fn person(&self, token: &VerifiedIdentity, kept: &KeptClaims) -> Result<Person, NoPerson> {
        self.described(Shown::session(token.claims(), kept))
    }

    /// Whether the provider left out a claim of the ID token that is mapped, and
    /// says that there is one. It is not asked elsewhere: whoever has too many
    /// groups has none here, and so nothing that groups open.
    pub(super) fn lacks_left_out(&self, id_token: &Map<String, Value>) -> bool {
        let from_it = |from: Option<ClaimSource>| matches!(from, None | Some(ClaimSource::IdToken));
        self.named(from_it)
            .iter()
            .any(|path| path.is_left_out(id_token))
    }

    /// Whom claims describe that nobody has verified: to explain, never to let in.
    pub(super) fn described(&self, shown: Shown<'_>) -> Result<Person, NoPerson> {
        if self.is_of_others(shown) {
            return Err(NoPerson::ForeignUser);
        }
        let sources = self.sources(shown);
        let user = self.user.one(&sources).ok_or_else(|| {
            let names: Vec<_> = self.user.claims.iter().map(ClaimPath::as_str).collect();
            NoPerson::NoUser(names.join(", "))
        })?;
        if user.contains(char::is_control) {
            return Err(NoPerson::ControlInUser);
        }
        // Also by way of a map or a default.
        if !self.email_domains.may_speak_for(&user) {
            return Err(NoPerson::ForeignUser);
        }
        Ok(Person {
            user,
            email: self
                .email
                .one(&sources)
                .filter(|email| self.is_believable(email)),
            name: self.name(&sources),
            groups: self.groups.all(&sources, &self.automatic),
            access_right: self.right(&sources)?,
            attributes: self
                .attributes
                .iter()
                .filter_map(|attribute| attribute.of(&sources))
                .collect(),
        })
    }

    /// Whether the account's name or subject is an address of others: whatever
    /// claim it is from, an app may take it for that address. No other claim
    /// makes somebody of such an account.
    fn is_of_others(&self, shown: Shown<'_>) -> bool {
        if self.email_domains == EmailDomains::Any {
            return false;
        }
        let user = self.user.found(&self.vouched_sources(shown));
        let subject = shown.token.get("sub").and_then(claims::scalar);
        let mut names = [user, subject].into_iter().flatten();
        names.any(|name| !self.email_domains.may_speak_for(&name))
    }

    /// The account's name, whatever else is wrong with the claims.
    pub(super) fn account(&self, shown: Shown<'_>) -> Option<String> {
        let user = self.user.one(&self.vouched_sources(shown));
        user.filter(|user| !user.contains(char::is_control))
    }

    fn name(&self, sources: &Sources<'_>) -> Option<String> {
        if let Some(rule) = &self.name {
            return rule.one(sources);
        }
        let [name, given, family] = &self.names;
        let text = |path: &Option<ClaimPath>| sources.text(path.as_ref()?, None);
        text(name).or_else(|| {
            let parts: Vec<_> = [text(given), text(family)].into_iter().flatten().collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        })
    }

    /// The one access right: of several the first in `order`. To have nothing
    /// that the map knows never gets anybody further than to have something. An
    /// access token that says none is silent, and not of somebody who has none:
    /// at Cognito it never holds what a person's own attributes say (cognito.md
    /// 2.2). So nobody has the default by it.
    fn right(&self, sources: &Sources<'_>) -> Result<Option<String>, NoPerson> {
        let Some(rule) = &self.access_right else {
            return Ok(None);
        };
        let rights = rule.first(sources);
        let mut values = rights.values;
        let deny = rule.unmapped == Unmapped::Deny;
        let is_said = rights.were_any || sources.alone != Some(ClaimSource::AccessToken);
        if values.is_empty() {
            return match rule.default.first() {
                Some(default) if is_said && !(deny && rights.were_any) => Ok(Some(default.clone())),
                _ if deny => Err(NoPerson::NoRight),
                _ => Ok(None),
            };
        }
        if values.len() == 1 {
            return Ok(values.pop());
        }
        let first = self.order.iter().find(|right| values.contains(right));
        first.cloned().map(Some).ok_or(NoPerson::SeveralRights)
    }
}

impl AttributeRule {
    /// A value of another type than the configured one counts as absent.
    fn of(&self, sources: &Sources<'_>) -> Option<Attribute> {
        let one = || self.rule.one(sources);
        let value = match self.kind {
            AttributeKind::Text => AttributeValue::One(one()?),
            AttributeKind::Number => AttributeValue::One(one().filter(|text| is_number(text))?),
            AttributeKind::Bool => AttributeValue::One(
                ["true", "false"]
                    .into_iter()
                    .find(|word| one().is_some_and(|text| text.eq_ignore_ascii_case(word)))?
                    .to_owned(),
            ),
            AttributeKind::List => {
                let values = self.rule.all(sources, &[]);
                (!values.is_empty()).then_some(AttributeValue::Many(values))?
            }
        };
        Some(Attribute {
            name: self.name.clone(),
            value,
        })
    }
}

/// `<poolId>_`, by the id that is written and by the issuer's, which ends in it.
fn starts_of_automatic_groups(provider: &Provider) -> Vec<String> {
    let of_issuer = provider.issuer.trim_end_matches('/').rsplit('/').next();
    let mut starts: Vec<String> = of_issuer
        .into_iter()
        .chain(provider.user_pool_id.as_deref())
        .filter(|pool| !pool.is_empty())
        .map(|pool| format!("{pool}_"))
        .collect();
    starts.dedup();
    starts
}

/// Digits with a sign, a point or an exponent: never `inf` or `NaN`.
fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite) && text.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
