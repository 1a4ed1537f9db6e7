//! Where the values of a person come from, and what was left out on the way:
//! for people who ask why a group is missing.
//!
//! Owns the account of a mapping. It is drawn up when somebody asks, never per
//! request, and by the very steps that map. Must not know who is shown it.

use serde_json::{Value, json};

use super::rule::{AttributeKind, ClaimRule, ClaimSource, Sources, begins};
use super::{AttributeValue, Mapping, Shown};
use crate::gate::claims;
use crate::gate::page::{Text, Word};

/// The account of one thing that is told of a person. Debug shows what it is alone.
pub struct Trace {
    /// `user`, `email`, `name`, `groups`, `access_right` or `attributes.NAME`.
    pub what: String,
    /// What it became.
    pub values: Vec<String>,
    /// Whether that is the configured default, since nothing else was left.
    pub is_default: bool,
    /// The values on their way, in the order in which they are looked at.
    pub steps: Vec<Step>,
}

/// One value on its way. Debug does not show it.
pub struct Step {
    /// The claim, as configured.
    pub claim: String,
    /// Where it was looked for.
    pub source: ClaimSource,
    /// What was found there; nothing if the claim is absent or no text.
    pub value: Option<String>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a claim's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Taken as it is.
    Kept,
    /// Taken under the local names that `map` has for it.
    Mapped(Vec<String>),
    /// `map` has no name for it, and `unmapped` does not keep it.
    Dropped,
    /// The group that Cognito puts a provider's people into by itself.
    Automatic,
    /// An earlier claim or source counts.
    Later,
    /// An email that the provider does not vouch for, or that is none.
    Unbelieved,
    /// No text, or none of the kind that is wanted here.
    Unusable,
    /// The claim is not there.
    Absent,
    /// The provider left it out and says that there is one: too many groups.
    LeftOut,
}

/// How a rule takes what it finds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Take {
    /// The first text of the first claim.
    One,
    /// Every text of the first claim.
    First,
    /// Every text of every claim.
    All,
}

/// What is being traced, and out of what.
struct Account<'t> {
    believed: &'t Sources<'t>,
    /// The claims as they came.
    raw: &'t Sources<'t>,
}

impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trace({}, [redacted])", self.what)
    }
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Step({}, [redacted])", self.claim)
    }
}

impl Mapping {
    /// What each thing that is told of a person was made from.
    #[must_use]
    pub(in crate::gate) fn trace(&self, shown: Shown<'_>) -> Vec<Trace> {
        let believed = self.sources(shown);
        let raw = self.raw_sources(shown);
        let account = Account {
            believed: &believed,
            raw: &raw,
        };
        let one = |what: &str, rule: &ClaimRule, value: Option<String>| {
            account.of(what, rule, Take::One, &[], value.into_iter().collect())
        };
        let email = self
            .email
            .one(&believed)
            .filter(|email| self.is_believable(email));
        let groups = self.groups.all(&believed, &self.automatic);
        let mut traces = vec![
            one("user", &self.user, self.user.one(&believed)),
            one("email", &self.email, email),
            self.trace_name(&account),
            account.of("groups", &self.groups, Take::All, &self.automatic, groups),
        ];
        if let Some(rule) = &self.access_right {
            let right = self.right(&believed).ok().flatten();
            let right = right.into_iter().collect();
            traces.push(account.of("access_right", rule, Take::First, &[], right));
        }
        traces.extend(self.attributes.iter().map(|attribute| {
            let values = match attribute.of(&believed).map(|found| found.value) {
                Some(AttributeValue::One(value)) => vec![value],
                Some(AttributeValue::Many(values)) => values,
                None => Vec::new(),
            };
            let take = match attribute.kind {
                AttributeKind::List => Take::All,
                AttributeKind::Text | AttributeKind::Number | AttributeKind::Bool => Take::One,
            };
            let what = format!("attributes.{}", attribute.name);
            account.of(&what, &attribute.rule, take, &[], values)
        }));
        traces
    }

    /// Without a rule for it, a name is `name`, or else both of the others.
    fn trace_name(&self, account: &Account<'_>) -> Trace {
        let value = self.name(account.believed).into_iter().collect();
        if let Some(rule) = &self.name {
            return account.of("name", rule, Take::One, &[], value);
        }
        let [name, given, family] = self.names.each_ref().map(|path| {
            let rule = ClaimRule::from(path.iter().cloned().collect::<Vec<_>>());
            account.steps(&rule, Take::One, &[])
        });
        let is_whole = name.iter().any(Step::is_taken);
        let parts = given.into_iter().chain(family).map(|step| match step {
            Step {
                fate: Fate::Kept, ..
            } if is_whole => Step {
                fate: Fate::Later,
                ..step
            },
            step => step,
        });
        Trace {
            what: "name".to_owned(),
            values: value,
            is_default: false,
            steps: name.into_iter().chain(parts).collect(),
        }
    }
}

impl Account<'_> {
    fn of(
        &self,
        what: &str,
        rule: &ClaimRule,
        take: Take,
        automatic: &[String],
        values: Vec<String>,
    ) -> Trace {
        let mut steps = self.steps(rule, take, automatic);
        let is_default = !values.is_empty() && !steps.iter().any(Step::is_taken);
        if values.is_empty() && take == Take::One {
            for step in steps.iter_mut().filter(|step| step.is_taken()) {
                step.fate = Fate::Unusable;
            }
        }
        Trace {
            what: what.to_owned(),
            values,
            is_default,
            steps,
        }
    }

    fn steps(&self, rule: &ClaimRule, take: Take, automatic: &[String]) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut taken = false;
        for path in &rule.claims {
            if take == Take::All {
                // Each claim counts, from the first source that has it.
                taken = false;
            }
            for source in self.raw.order(rule.from) {
                let Some(raw) = self.raw.get(*source) else {
                    continue;
                };
                let step = |value: Option<String>, fate: Fate| Step {
                    claim: path.as_str().to_owned(),
                    source: *source,
                    value,
                    fate,
                };
                let is_left_out = path.is_left_out(raw);
                let raw = path.find(raw);
                if raw.is_empty() {
                    let fate = if is_left_out {
                        Fate::LeftOut
                    } else {
                        Fate::Absent
                    };
                    steps.push(step(None, fate));
                    continue;
                }
                let believed = self.believed.get(*source).map(|claims| path.find(claims));
                let believed = believed.unwrap_or_default();
                if believed.is_empty() {
                    let value = raw.into_iter().find_map(claims::scalar);
                    steps.push(step(value, Fate::Unbelieved));
                    continue;
                }
                let mut values = texts(rule, take, &believed);
                if take != Take::One {
                    values.retain(|value| self.believed.email_domains.may_tell(value));
                }
                let lost = texts(rule, take, &raw).into_iter();
                let lost: Vec<_> = lost.filter(|value| !values.contains(value)).collect();
                if values.is_empty() && lost.is_empty() {
                    steps.push(step(None, Fate::Unusable));
                    continue;
                }
                let (mut first, any) = (!taken, !values.is_empty());
                for value in values {
                    let fate = match first {
                        true if begins(&value, automatic) => Fate::Automatic,
                        true => fate(rule, &value),
                        false => Fate::Later,
                    };
                    first &= take != Take::One;
                    steps.push(step(Some(value), fate));
                }
                taken |= any;
                let lost = lost.into_iter();
                steps.extend(lost.map(|value| step(Some(value), Fate::Unbelieved)));
            }
        }
        steps
    }
}

fn fate(rule: &ClaimRule, value: &str) -> Fate {
    let mapped = rule.map(std::iter::once(value.to_owned()));
    match mapped.as_slice() {
        [] => Fate::Dropped,
        [same] if same == value => Fate::Kept,
        _ => Fate::Mapped(mapped),
    }
}

fn texts(rule: &ClaimRule, take: Take, found: &[&Value]) -> Vec<String> {
    let split = rule.split.as_deref();
    match take {
        Take::One => found.iter().filter_map(|v| claims::scalar(v)).collect(),
        Take::First | Take::All => found.iter().flat_map(|v| claims::list(v, split)).collect(),
    }
}

impl Step {
    fn is_taken(&self) -> bool {
        matches!(self.fate, Fate::Kept | Fate::Mapped(_))
    }
}

impl Fate {
    /// The word for it, from a closed list.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Mapped(_) => "mapped",
            Self::Dropped => "dropped",
            Self::Automatic => "automatic",
            Self::Later => "later",
            Self::Unbelieved => "unbelieved",
            Self::Unusable => "unusable",
            Self::Absent => "absent",
            Self::LeftOut => "left_out",
        }
    }
}

impl ClaimSource {
    /// Its name in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::IdToken => "id_token",
            Self::AccessToken => "access_token",
            Self::Userinfo => "userinfo",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> Word {
        match self {
            Self::IdToken => Word::WhoamiIdToken,
            Self::AccessToken => Word::WhoamiAccessToken,
            Self::Userinfo => Word::WhoamiUserinfo,
        }
    }
}

impl Trace {
    /// For scripts.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let steps: Vec<Value> = self.steps.iter().map(Step::to_json).collect();
        json!({
            "what": self.what,
            "values": self.values,
            "default": self.is_default,
            "from": steps,
        })
    }

    /// What it became, in one line.
    #[must_use]
    pub fn result(&self) -> Text {
        let values: Text = match self.values.is_empty() {
            true => Word::None.into(),
            false => self.values.join(", ").into(),
        };
        match self.is_default {
            true => Word::WhoamiDefault { values }.into(),
            false => values,
        }
    }
}

impl Step {
    fn to_json(&self) -> Value {
        let mut members = json!({
            "claim": self.claim,
            "source": self.source.word(),
            "value": self.value,
            "fate": self.fate.word(),
        });
        if let (Fate::Mapped(names), Some(members)) = (&self.fate, members.as_object_mut()) {
            members.insert("as".to_owned(), json!(names));
        }
        members
    }
}

impl Step {
    /// One line for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let claim = Text::from(&self.claim);
        let source = self.source.name().into();
        let step: Text = match &self.value {
            Some(value) => Word::WhoamiValue {
                value: value.into(),
                claim,
                source,
            },
            None => Word::WhoamiAbsentValue { claim, source },
        }
        .into();
        let word = match &self.fate {
            Fate::Kept => return step,
            Fate::Mapped(names) => Word::WhoamiMapped {
                step,
                names: names.join(", ").into(),
            },
            Fate::Dropped => Word::WhoamiDropped { step },
            Fate::Automatic => Word::WhoamiAutomatic { step },
            Fate::Later => Word::WhoamiLater { step },
            Fate::Unbelieved => Word::WhoamiUnbelieved { step },
            Fate::Unusable => Word::WhoamiUnusable { step },
            Fate::Absent => Word::WhoamiAbsent { step },
            Fate::LeftOut => Word::WhoamiLeftOut { step },
        };
        word.into()
    }
}

#[cfg(test)]
mod tests;
