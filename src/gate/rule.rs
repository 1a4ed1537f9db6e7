//! Rules: what a route asks of a person.
//!
//! Owns the meaning of a table of `route.access`, and the verdict on each of
//! its keys with the values that decided. Must not know routes, how a token was
//! verified, or replies.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use super::claims::{self, ClaimPath};
use super::identity::Person;
use super::page::{Text, Word};

/// The tables of one route, of which one has to hold. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

/// One table: every condition in it has to hold. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule(Vec<Condition>);

/// One key of a table. Values are compared exactly, unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// In any of these groups.
    Groups(Values),
    /// In every one of these groups.
    AllGroups(Values),
    /// The access right is one of these.
    AccessRight(Values),
    /// The email's part after its only `@` is one of these, in any letter case.
    EmailDomains(Values),
    /// The email is one of these, its domain in any letter case.
    Emails(Values),
    /// Signed in through one of these providers, or with a token of it.
    Provider(Values),
    /// The bearer token has one of these scopes; a session has none.
    Scopes(Values),
    /// The claim has any of these values: the ID token's, or where that has
    /// none, userinfo's.
    Claim(ClaimPath, Values),
}

/// What a condition names: at least one value, so that none holds for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values(Vec<String>);

/// Whom rules look at. Debug shows nothing of them.
#[derive(Clone, Copy)]
pub struct Who<'t> {
    /// The person, mapped.
    pub person: &'t Person,
    /// The provider that signed them in.
    pub provider: &'t str,
    /// The claims of their ID token, without what is not believed.
    pub claims: &'t Map<String, Value>,
    /// Those of userinfo, if it is asked, without what is not believed.
    pub userinfo: Option<&'t Map<String, Value>>,
    /// What their bearer token says beside that.
    pub grant: Grant<'t>,
}

/// What a bearer token grants its client; nothing, of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant<'t> {
    /// The scopes.
    pub scopes: &'t [String],
    /// Whether there is no person behind it. Then a table holds only if it names
    /// scopes: whatever else it asks for is about people.
    pub is_machine: bool,
}

/// What became of one table.
#[derive(Debug)]
pub struct RuleVerdict<'r, 't>(Vec<Verdict<'r, 't>>);

/// What became of one condition.
pub struct Verdict<'r, 't> {
    /// The condition.
    pub condition: &'r Condition,
    /// Whether it holds.
    pub holds: bool,
    /// The person's values that decided. Debug does not show them.
    pub has: Vec<Cow<'t, str>>,
}

impl fmt::Debug for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Who([redacted])")
    }
}

impl fmt::Debug for Verdict<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdict")
            .field("condition", self.condition)
            .field("holds", &self.holds)
            .finish_non_exhaustive()
    }
}

impl Rules {
    /// `None` without a rule: nobody is let through by none.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Option<Self> {
        (!rules.is_empty()).then_some(Self(rules))
    }

    /// One table alone.
    #[must_use]
    pub fn one(rule: Rule) -> Self {
        Self(vec![rule])
    }

    /// Each table with further conditions, which have to hold too.
    #[must_use]
    pub fn and(&self, rule: &Rule) -> Self {
        let both = |one: &Rule| Rule(one.0.iter().chain(&rule.0).cloned().collect());
        Self(self.0.iter().map(both).collect())
    }

    /// The verdict on each table, in the order of the file.
    pub fn verdicts<'r, 't>(&'r self, who: Who<'t>) -> impl Iterator<Item = RuleVerdict<'r, 't>> {
        self.0.iter().map(move |rule| rule.verdict(who))
    }

    /// The conditions of each table, in the order of the file.
    pub fn tables(&self) -> impl Iterator<Item = &[Condition]> {
        self.0.iter().map(|rule| rule.0.as_slice())
    }

    /// The providers through which alone somebody could pass; `None` if any would do.
    #[must_use]
    pub fn providers(&self) -> Option<Vec<&str>> {
        let of_rule = self.0.iter().map(Rule::provider);
        let all: Option<Vec<&Values>> = of_rule.collect();
        Some(
            all?.into_iter()
                .flat_map(|values| &values.0)
                .map(String::as_str)
                .collect(),
        )
    }

    /// The claims that conditions look at beside the mapped ones.
    pub fn claims(&self) -> impl Iterator<Item = &ClaimPath> {
        let conditions = self.0.iter().flat_map(|rule| &rule.0);
        conditions.filter_map(|condition| match condition {
            Condition::Claim(path, _) => Some(path),
            _ => None,
        })
    }
}

impl Rule {
    /// `None` without a condition: it would hold for everybody.
    #[must_use]
    pub fn new(conditions: Vec<Condition>) -> Option<Self> {
        (!conditions.is_empty()).then_some(Self(conditions))
    }

    /// Its condition on the provider, if it has one.
    fn provider(&self) -> Option<&Values> {
        self.0.iter().find_map(|condition| match condition {
            Condition::Provider(values) => Some(values),
            _ => None,
        })
    }

    fn verdict<'r, 't>(&'r self, who: Who<'t>) -> RuleVerdict<'r, 't> {
        let is_for_people = !self.0.iter().any(Condition::is_scopes);
        let verdict = |one: &'r Condition| {
            let verdict = one.verdict(who);
            let holds = verdict.holds && !(who.grant.is_machine && is_for_people);
            Verdict { holds, ..verdict }
        };
        RuleVerdict(self.0.iter().map(verdict).collect())
    }
}

impl<'r, 't> RuleVerdict<'r, 't> {
    /// Whether the table holds: all of its conditions do.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.0.iter().all(|verdict| verdict.holds)
    }

    /// The verdict on each condition.
    #[must_use]
    pub fn conditions(&self) -> &[Verdict<'r, 't>] {
        &self.0
    }
}

impl Condition {
    /// The verdict on somebody.
    fn verdict<'t>(&self, who: Who<'t>) -> Verdict<'_, 't> {
        let has = self.found(who);
        let holds = match self {
            Self::AllGroups(named) => named.0.iter().all(|one| has.iter().any(|h| h == one)),
            Self::EmailDomains(named) => has
                .iter()
                .any(|domain| named.0.iter().any(|one| one.eq_ignore_ascii_case(domain))),
            Self::Emails(named) => has
                .iter()
                .any(|email| named.0.iter().any(|one| is_same_email(one, email))),
            Self::Groups(named)
            | Self::AccessRight(named)
            | Self::Provider(named)
            | Self::Scopes(named)
            | Self::Claim(_, named) => has.iter().any(|h| named.0.iter().any(|one| h == one)),
        };
        Verdict {
            condition: self,
            holds,
            has,
        }
    }

    fn is_scopes(&self) -> bool {
        matches!(self, Self::Scopes(_))
    }

    /// The person's values that this condition looks at.
    fn found<'t>(&self, who: Who<'t>) -> Vec<Cow<'t, str>> {
        let borrowed = |text: &'t str| Cow::Borrowed(text);
        match self {
            Self::Groups(_) | Self::AllGroups(_) => {
                let groups = who.person.groups.iter();
                groups.map(|group| borrowed(group)).collect()
            }
            Self::AccessRight(_) => {
                let right = who.person.access_right.as_deref();
                right.map(borrowed).into_iter().collect()
            }
            Self::EmailDomains(_) => {
                let domain = who.person.email.as_deref().and_then(email_domain);
                domain.map(borrowed).into_iter().collect()
            }
            Self::Emails(_) => {
                let email = who.person.email.as_deref();
                email.map(borrowed).into_iter().collect()
            }
            Self::Provider(_) => vec![borrowed(who.provider)],
            Self::Scopes(_) => {
                let scopes = who.grant.scopes.iter();
                scopes.map(|scope| borrowed(scope)).collect()
            }
            Self::Claim(path, _) => [who.claims]
                .into_iter()
                .chain(who.userinfo)
                .map(|source| listed(path, source))
                .find(|values| !values.is_empty())
                .unwrap_or_default()
                .into_iter()
                .map(Cow::Owned)
                .collect(),
        }
    }

    /// The key of `route.access` that it is, or the parameter of forward-auth.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Groups(_) => "groups",
            Self::AllGroups(_) => "all_groups",
            Self::AccessRight(_) => "access_right",
            Self::EmailDomains(_) => "email_domains",
            Self::Emails(_) => "allowed_emails",
            Self::Provider(_) => "provider",
            Self::Scopes(_) => "scopes",
            Self::Claim(..) => "claim",
        }
    }

    /// The word for the log, from a closed list.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Groups(_) => "rule_groups",
            Self::AllGroups(_) => "rule_all_groups",
            Self::AccessRight(_) => "rule_access_right",
            Self::EmailDomains(_) => "rule_email_domains",
            Self::Emails(_) => "rule_emails",
            Self::Provider(_) => "rule_provider",
            Self::Scopes(_) => "rule_scopes",
            Self::Claim(..) => "rule_claim",
        }
    }
}

impl Values {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// `None` without a value.
    #[must_use]
    pub fn new(values: Vec<String>) -> Option<Self> {
        (!values.is_empty()).then_some(Self(values))
    }
}

impl Condition {
    /// What is asked for, in words for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let (Self::Groups(values)
        | Self::AllGroups(values)
        | Self::AccessRight(values)
        | Self::EmailDomains(values)
        | Self::Emails(values)
        | Self::Provider(values)
        | Self::Scopes(values)
        | Self::Claim(_, values)) = self;
        let is_one = values.0.len() == 1;
        let values = values.0.join(", ").into();
        let word = match (self, is_one) {
            (Self::Groups(_) | Self::AllGroups(_), true) => Word::ForbiddenGroup { values },
            (Self::Groups(_), false) => Word::ForbiddenAnyGroup { values },
            (Self::AllGroups(_), false) => Word::ForbiddenAllGroups { values },
            (Self::AccessRight(_), true) => Word::ForbiddenRight { values },
            (Self::AccessRight(_), false) => Word::ForbiddenAnyRight { values },
            (Self::EmailDomains(_), true) => Word::ForbiddenDomain { values },
            (Self::EmailDomains(_), false) => Word::ForbiddenAnyDomain { values },
            (Self::Emails(_), true) => Word::ForbiddenAddress { values },
            (Self::Emails(_), false) => Word::ForbiddenAnyAddress { values },
            (Self::Provider(_), true) => Word::ForbiddenProvider { values },
            (Self::Provider(_), false) => Word::ForbiddenAnyProvider { values },
            (Self::Scopes(_), true) => Word::ForbiddenScope { values },
            (Self::Scopes(_), false) => Word::ForbiddenAnyScope { values },
            (Self::Claim(path, _), true) => Word::ForbiddenClaim {
                claim: path.as_str().to_owned().into(),
                values,
            },
            (Self::Claim(path, _), false) => Word::ForbiddenAnyClaim {
                claim: path.as_str().to_owned().into(),
                values,
            },
        };
        word.into()
    }
}

/// The same in English.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// All values of a claim, in any of the shapes that a list comes in.
fn listed(path: &ClaimPath, claims: &Map<String, Value>) -> Vec<String> {
    let found = path.find(claims).into_iter();
    found.flat_map(|value| claims::list(value, None)).collect()
}

/// The local part is compared exactly, as mailboxes may be (RFC 5321 2.4).
fn is_same_email(one: &str, other: &str) -> bool {
    let local = |email: &str| {
        email
            .trim()
            .split_once('@')
            .map(|(local, _)| local.to_owned())
    };
    match (email_domain(one), email_domain(other)) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b) && local(one) == local(other),
        _ => false,
    }
}

/// The part after the only `@`; an email with none or several has no domain,
/// since readers differ in which part that is (field.md R16).
fn email_domain(email: &str) -> Option<&str> {
    let (local, domain) = email.trim().split_once('@')?;
    (!local.is_empty() && !domain.is_empty() && !domain.contains('@')).then_some(domain)
}

#[cfg(test)]
mod tests;
