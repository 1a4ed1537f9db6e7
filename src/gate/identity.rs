//! Who somebody is: from a verified token's claims to user, email, name,
//! groups and access right.
//!
//! Owns the mapping. Must not know how a token was verified, nor headers.

use serde_json::{Map, Value};

use super::claims::{self, ClaimPath};
use super::token::VerifiedIdentity;
use crate::config::{EmailVerified, Identity, Provider, ProviderKind};

/// How claims become a [`Person`], ready for use.
#[derive(Clone, Debug)]
pub struct Mapping {
    user: Vec<ClaimPath>,
    email: Vec<ClaimPath>,
    name: Option<Vec<ClaimPath>>,
    groups: Vec<ClaimPath>,
    access_right: Vec<ClaimPath>,
    email_verified: EmailVerified,
    pool: Option<String>,
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
    /// No claim that `identity.user` names has a usable value.
    #[error("the token has no usable value for identity.user (claim {0})")]
    NoUser(String),
    /// The user's name holds a control character.
    #[error("the user's name holds a control character")]
    ControlInUser,
    /// Several access rights, of which one is needed.
    #[error("the token names several access rights")]
    SeveralRights,
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
        let pool = (provider.kind == ProviderKind::Cognito)
            .then(|| provider.issuer.rsplit('/').next().unwrap_or_default())
            .filter(|pool| !pool.is_empty());
        Self {
            user: identity.user.clone(),
            email: identity.email.clone(),
            name: identity.name.clone(),
            groups: identity.groups.clone(),
            access_right: identity.access_right.clone(),
            email_verified: provider.email_verified,
            pool: pool.map(str::to_owned),
        }
    }

    /// Whom the claims describe.
    ///
    /// # Errors
    /// See [`NoPerson`].
    pub fn person(&self, token: &VerifiedIdentity) -> Result<Person, NoPerson> {
        let believed = self.believed(token.claims());
        let claims = believed.as_ref().unwrap_or(token.claims());
        let user = first_text(&self.user, claims).ok_or_else(|| {
            let names: Vec<_> = self.user.iter().map(ClaimPath::as_str).collect();
            NoPerson::NoUser(names.join(", "))
        })?;
        if user.contains(char::is_control) {
            return Err(NoPerson::ControlInUser);
        }
        let mut rights = self
            .access_right
            .iter()
            .map(|path| lists(path, claims))
            .find(|rights| !rights.is_empty())
            .unwrap_or_default();
        dedup(&mut rights);
        if rights.len() > 1 {
            return Err(NoPerson::SeveralRights);
        }
        Ok(Person {
            user,
            email: first_text(&self.email, claims).filter(|email| is_email(email)),
            name: self.name(claims),
            groups: self.groups(claims),
            access_right: rights.pop(),
            attributes: Vec::new(),
        })
    }

    /// The claims without an `email` that is not believed; `None` if all stay
    /// as they are. An unbelieved email is absent everywhere (cognito.md 3.3).
    fn believed(&self, claims: &Map<String, Value>) -> Option<Map<String, Value>> {
        let email = claims.get("email")?;
        let said = match claims.get("email_verified") {
            Some(Value::Bool(said)) => Some(*said),
            // Strings in userinfo, and from some providers (cognito.md 1.8).
            Some(Value::String(said)) => Some(said.eq_ignore_ascii_case("true")),
            Some(_) => Some(false),
            None => None,
        };
        // Only Cognito says who came from elsewhere (cognito.md 2.2).
        let federated = || {
            self.pool.is_some()
                && claims
                    .get("identities")
                    .and_then(Value::as_array)
                    .is_some_and(|identities| !identities.is_empty())
        };
        let verified = match (self.email_verified, said) {
            (EmailVerified::Ignore, _) | (_, Some(true)) => true,
            (EmailVerified::Auto, None) => true,
            (EmailVerified::Auto, Some(false)) => federated(),
            (EmailVerified::Require, _) => false,
        };
        if verified && email.as_str().map(str::trim).is_none_or(is_email) {
            return None;
        }
        let mut rest = claims.clone();
        rest.remove("email");
        Some(rest)
    }

    fn name(&self, claims: &Map<String, Value>) -> Option<String> {
        let text = |name: &str| claims.get(name).and_then(claims::scalar);
        match &self.name {
            Some(paths) => first_text(paths, claims),
            None => text("name").or_else(|| {
                let parts: Vec<_> = [text("given_name"), text("family_name")]
                    .into_iter()
                    .flatten()
                    .collect();
                (!parts.is_empty()).then(|| parts.join(" "))
            }),
        }
    }

    /// All groups of all claims, without the automatic group
    /// `<poolId>_<provider>` of federated users (cognito.md 2.2).
    fn groups(&self, claims: &Map<String, Value>) -> Vec<String> {
        let automatic: Vec<String> = match (&self.pool, claims.get("identities")) {
            (Some(pool), Some(Value::Array(identities))) => identities
                .iter()
                .filter_map(|identity| identity.get("providerName")?.as_str())
                .map(|provider| format!("{pool}_{provider}"))
                .collect(),
            _ => Vec::new(),
        };
        let mut groups: Vec<String> = self
            .groups
            .iter()
            .flat_map(|path| lists(path, claims))
            .filter(|group| !automatic.contains(group))
            .collect();
        dedup(&mut groups);
        groups
    }
}

fn first_text(paths: &[ClaimPath], claims: &Map<String, Value>) -> Option<String> {
    paths
        .iter()
        .find_map(|path| path.find(claims).into_iter().find_map(claims::scalar))
}

fn lists(path: &ClaimPath, claims: &Map<String, Value>) -> Vec<String> {
    path.find(claims)
        .into_iter()
        .flat_map(claims::list)
        .collect()
}

/// Keeps the first of equal values.
fn dedup(values: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    values.retain(|value| seen.insert(value.clone()));
}

/// Exactly one `@`, something on both sides, nothing invisible (field.md R16).
fn is_email(text: &str) -> bool {
    match text.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !text.contains(|c: char| c.is_control() || c.is_whitespace())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests;
