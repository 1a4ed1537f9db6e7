//! Which of a provider's claims are believed: emails that it vouches for, and
//! no address, by whatever claim, that it may not speak for.
//!
//! Owns these verdicts, once per verified token. Must not know what claims
//! become, nor rules.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{KeptClaims, Mapping};
use crate::config::EmailVerified;
use crate::gate::claims;
use crate::gate::email::EmailDomains;

impl Mapping {
    /// The claims of a source without what is not believed, which is absent
    /// everywhere: an `email` (cognito.md 3.3), and where the provider speaks for
    /// some domains alone, each text at any depth that holds an address of others.
    pub(in crate::gate) fn believed<'c>(
        &self,
        claims: &'c Map<String, Value>,
        id_token: &Map<String, Value>,
    ) -> Cow<'c, Map<String, Value>> {
        let vouched = self.vouched(claims, id_token);
        let domains = &self.email_domains;
        if *domains == EmailDomains::Any || vouched.iter().all(|member| is_own(domains, member)) {
            return vouched;
        }
        Cow::Owned(own_members(domains, &vouched))
    }

    /// The claims of a source without an `email` that is not believed.
    pub(super) fn vouched<'c>(
        &self,
        claims: &'c Map<String, Value>,
        id_token: &Map<String, Value>,
    ) -> Cow<'c, Map<String, Value>> {
        let Some(email) = claims.get("email") else {
            return Cow::Borrowed(claims);
        };
        // What the ID token says holds where the other source says nothing.
        let said = claims
            .get("email_verified")
            .or_else(|| id_token.get("email_verified"));
        let said = match said {
            Some(Value::Bool(said)) => Some(*said),
            // Strings in userinfo, and from some providers (cognito.md 1.8).
            Some(Value::String(said)) => Some(said.eq_ignore_ascii_case("true")),
            Some(_) => Some(false),
            None => None,
        };
        // A link alone makes nobody federated: the profile is local, and its
        // person may write the email (cognito.md 3.4, `primary`).
        let federated = || {
            self.is_cognito
                && id_token
                    .get("identities")
                    .and_then(Value::as_array)
                    .is_some_and(|identities| identities.iter().any(is_primary))
        };
        let verified = match (self.email_verified, said) {
            (EmailVerified::Ignore, _) | (_, Some(true)) => true,
            (EmailVerified::Auto, None) => true,
            (EmailVerified::Auto, Some(false)) => federated(),
            (EmailVerified::Require, _) => false,
        };
        let is_believable = |email: &str| self.is_believable(email.trim());
        // A list or an object is no email, but rules and maps would read one in it.
        if verified && email.as_str().is_some_and(is_believable) {
            return Cow::Borrowed(claims);
        }
        let mut rest = claims.clone();
        rest.remove("email");
        Cow::Owned(rest)
    }

    /// An email address of a domain that the provider may speak for.
    pub(super) fn is_believable(&self, email: &str) -> bool {
        is_email(email) && self.email_domains.may_speak_for(email)
    }

    /// What rules see of userinfo; nothing if it is not asked, or none of them looks.
    pub(in crate::gate) fn ruled_userinfo<'c>(
        &self,
        kept: &'c KeptClaims,
        id_token: &Map<String, Value>,
    ) -> Option<Cow<'c, Map<String, Value>>> {
        let looks = self.userinfo && !self.ruled.is_empty();
        looks.then(|| self.believed(&kept.userinfo, id_token))
    }
}

/// Whether nothing in a member holds an address of others.
fn is_own(domains: &EmailDomains, (name, value): (&String, &Value)) -> bool {
    domains.may_tell(name) && is_own_value(domains, value)
}

fn is_own_value(domains: &EmailDomains, value: &Value) -> bool {
    match value {
        Value::String(text) => {
            let is_list = || text.trim_start().starts_with('[');
            let items = || claims::list(value, None);
            // The items of a list in a text may be encoded.
            domains.may_tell(text)
                && (!is_list() || items().iter().all(|item| domains.may_tell(item)))
        }
        Value::Array(items) => items.iter().all(|item| is_own_value(domains, item)),
        Value::Object(members) => members.iter().all(|member| is_own(domains, member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn own_members(domains: &EmailDomains, members: &Map<String, Value>) -> Map<String, Value> {
    let own = members.iter().filter(|(name, _)| domains.may_tell(name));
    own.filter_map(|(name, value)| Some((name.clone(), own_value(domains, value)?)))
        .collect()
}

/// What is left of a value. Of a list or an object of which nothing is, nothing.
fn own_value(domains: &EmailDomains, value: &Value) -> Option<Value> {
    if is_own_value(domains, value) {
        return Some(value.clone());
    }
    match value {
        Value::Array(items) => {
            let own = items.iter().filter_map(|item| own_value(domains, item));
            let own: Vec<Value> = own.collect();
            (!own.is_empty()).then_some(Value::Array(own))
        }
        Value::Object(members) => {
            let own = own_members(domains, members);
            (!own.is_empty()).then_some(Value::Object(own))
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Whether an identity elsewhere is what the profile was made from, and not
/// merely linked to it. Cognito writes that as text (cognito.md 2.2).
fn is_primary(identity: &Value) -> bool {
    let linked = match identity.get("primary") {
        Some(Value::String(primary)) => primary.eq_ignore_ascii_case("false"),
        Some(Value::Bool(primary)) => !primary,
        _ => false,
    };
    identity.is_object() && !linked
}

/// Exactly one `@`, something on both sides, nothing invisible (field.md R16).
fn is_email(text: &str) -> bool {
    match text.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && (text.bytes().all(|b| b.is_ascii_graphic())
                    || !text.contains(|c: char| c.is_control() || c.is_whitespace()))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests;
