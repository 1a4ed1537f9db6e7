//! Identity headers: what is removed from what the client sent and what is set
//! instead, as one value.
//!
//! Owns the rules (presets and configured headers, ready for use). What they
//! make of a person is [`told`], once per verified token; what becomes of one
//! request's headers is [`edits`]. Must not know how edits are applied, nor
//! where an identity comes from.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderValue;
use serde_json::Value;

use super::assertion::{Asserter, Statement, Unsigned};
use super::identity::Person;
use super::policy::Permit;
use super::time::UnixTime;

pub mod apps;
pub mod edits;
pub mod encode;
mod evidence;
mod managed;
mod name;
pub mod preset;
pub mod template;
pub mod told;
mod whole;

pub use edits::{HeaderEdits, OriginHeaders};
use encode::Encoding;
pub use evidence::{AccessToken, Evidence, IdToken};
use managed::Managed;
pub use managed::{is_override, normalised};
pub use name::{Name, NameError};
use preset::{Preset, RowWhat};
use template::{ControlInUser, Template};
pub use told::Told;

/// Longest header value that the app is sent, in bytes.
pub const VALUE_MAX: usize = 8 * 1024;
/// Most claims that are sent as a header each.
const CLAIMS_MAX: usize = 128;

/// Which headers tell the app about a person. Debug shows no secret.
#[derive(Clone, Debug)]
pub struct HeaderRules {
    lines: Vec<Line>,
    every_claim: bool,
    /// Configured names, normalised.
    names: Vec<String>,
    /// What of a client's headers is removed.
    managed: Managed,
    /// The signed assertion, and the header that it is sent in.
    assertion: Option<(Name, Arc<Asserter>)>,
}

/// What a configured header says.
#[derive(Clone, Debug)]
pub enum Says {
    /// A template, with the joiner of lists and the encoding of all of it.
    Template {
        /// What is filled in.
        template: Template,
        /// Between the items of a list. `None`: a comma, where the template
        /// holds a list; else the header is a list of its own accord.
        join: Option<String>,
        /// How text becomes bytes.
        encoding: Encoding,
    },
    /// A secret that the app asks of its proxy, sent beside an identity.
    Secret(HeaderValue),
}

#[derive(Clone, Debug)]
struct Line {
    name: Arc<Name>,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Says(Says),
    SubjectHash,
    Principal,
}

/// Why a person cannot be told to the app at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untellable {
    /// A value is longer than [`VALUE_MAX`], or there are too many of them.
    #[error("a header value would be longer than 8 KiB")]
    TooLong,
    /// The user's name holds a control character.
    #[error("the user's name holds a control character")]
    ControlInUser,
    /// The assertion could not be signed: nothing is sent without it.
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
}

impl Default for HeaderRules {
    fn default() -> Self {
        Self::new(&[Preset::Vestibule], Vec::new())
    }
}

impl HeaderRules {
    /// The rules of presets and configured headers. Each name is set once: a
    /// configured header goes before a preset's, an earlier preset before a
    /// later one.
    #[must_use]
    pub fn new(presets: &[Preset], set: Vec<(Name, Says)>) -> Self {
        let names: Vec<_> = set.iter().map(|(name, _)| name.normalised()).collect();
        let mut lines: Vec<Line> = Vec::new();
        for row in presets.iter().flat_map(|preset| preset.rows()) {
            // Names and templates of presets are good ones; a test reads them all.
            let Ok(name) = Name::built_in(row.name) else {
                continue;
            };
            let what = match row.what {
                RowWhat::SubjectHash => What::SubjectHash,
                RowWhat::Principal => What::Principal,
                RowWhat::Template(text) => match Template::parse(text) {
                    Ok(template) => What::Says(Says::Template {
                        template,
                        join: row.join.map(str::to_owned),
                        encoding: row.encoding,
                    }),
                    Err(_) => continue,
                },
            };
            let same = name.normalised();
            if !names.contains(&same) && lines.iter().all(|line| line.name.normalised() != same) {
                lines.push(Line {
                    name: Arc::new(name),
                    what,
                });
            }
        }
        lines.extend(set.into_iter().map(|(name, says)| Line {
            name: Arc::new(name),
            what: What::Says(says),
        }));
        let set_by_us = lines.iter().map(|line| line.name.normalised());
        Self {
            managed: Managed::new(set_by_us),
            lines,
            every_claim: presets.iter().any(|preset| preset.sends_every_claim()),
            names,
            assertion: None,
        }
    }

    /// The same with a signed assertion in a header of this name, which then is
    /// set by it alone.
    #[must_use]
    pub fn with_assertion(mut self, name: Name, asserter: impl Into<Arc<Asserter>>) -> Self {
        let same = name.normalised();
        self.lines.retain(|line| line.name.normalised() != same);
        let set_by_us = self.lines.iter().map(|line| line.name.normalised());
        self.managed = Managed::new(set_by_us.chain([same.clone()]));
        self.names.push(same);
        self.assertion = Some((name, asserter.into()));
        self
    }

    /// Names that are set, normalised.
    fn names_set(&self) -> impl Iterator<Item = String> {
        let assertion = self.assertion.iter().map(|(name, _)| name.normalised());
        let lines = self.lines.iter().map(|line| line.name.normalised());
        lines.chain(assertion)
    }

    /// From now on, a client's headers of these names are removed too.
    fn also_manage(&mut self, names: &[String]) {
        let all: Vec<_> = self.names_set().chain(names.iter().cloned()).collect();
        self.managed = Managed::new(all.into_iter());
    }

    /// The keys by which apps verify the assertion, if there is one.
    #[must_use]
    pub fn jwks(&self) -> Option<&Value> {
        self.assertion.as_ref().map(|(_, asserter)| asserter.jwks())
    }

    /// The names of all headers that may tell of somebody, each once; but for
    /// those of single claims, which only a person has.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        let lines = self.lines.iter().map(|line| &*line.name);
        lines.chain(self.assertion.iter().map(|(name, _)| name))
    }

    /// Whether a client's header of this name is removed: all names of all
    /// built-in presets, whatever is configured, and all that are set here, in
    /// every spelling ([`normalised`]).
    #[must_use]
    pub fn is_managed(&self, name: &str) -> bool {
        self.managed.holds(name)
    }

    /// The edits for a permitted request: the person's headers, if it is
    /// permitted as one, and where the request came from. `told` is what
    /// [`tell`](Self::tell) made of that person.
    ///
    /// # Errors
    /// Those of `told`, and [`Untellable::Unsigned`].
    pub fn edits(
        &self,
        permit: &Permit,
        told: impl FnOnce(&Person) -> Result<Arc<Told>, Untellable>,
        origin: &Arc<OriginHeaders>,
        client: Option<IpAddr>,
        now: UnixTime,
    ) -> Result<HeaderEdits, Untellable> {
        let told = permit.who().map(told).transpose()?;
        Ok(HeaderEdits::new(told, Arc::clone(origin), client, now)?)
    }

    /// Whether a header tells the access token: only then a session keeps it.
    #[must_use]
    pub fn tell_access_token(&self) -> bool {
        self.lines.iter().any(Line::holds_access_token)
    }

    /// Names and values that tell the app at `now` who somebody is, for the
    /// person's own eyes: no secret and no token.
    ///
    /// # Errors
    /// See [`Untellable`].
    pub fn shown(
        &self,
        person: &Person,
        evidence: &Evidence<'_>,
        now: UnixTime,
    ) -> Result<Vec<(String, String)>, Untellable> {
        let told = self.tell(person, evidence)?;
        let shown = told.set(now).map(|(name, value)| {
            let line = self.lines.iter().find(|line| *line.name == *name);
            let text = match line.and_then(Line::hidden) {
                Some(instead) => instead.to_owned(),
                None => readable(value),
            };
            (name.to_string(), text)
        });
        let assertion = told
            .assertion()
            .map(|(name, _)| (name.to_string(), "(token)".to_owned()));
        Ok(shown.chain(assertion).collect())
    }

    /// What tells the app who somebody is, with values ready to be sent: made
    /// once per verified token, not per request.
    ///
    /// # Errors
    /// See [`Untellable`].
    pub fn tell(&self, person: &Person, evidence: &Evidence<'_>) -> Result<Told, Untellable> {
        let mut told = Told::new(evidence.access_token.map(|token| token.ends));
        for line in &self.lines {
            let Line { name, what } = line;
            match what {
                What::Says(Says::Secret(secret)) => told.push_secret(name, secret),
                What::Says(Says::Template {
                    template,
                    join,
                    encoding,
                }) => {
                    let filled = template.fill(person, evidence, join.as_deref(), *encoding)?;
                    match line.holds_access_token() {
                        true => told.push_for_now(name, filled.value, filled.left_out)?,
                        false => told.push(name, filled.value, filled.left_out)?,
                    }
                }
                What::SubjectHash => {
                    told.push(name, Some(whole::subject_hash(evidence).into()), false)?;
                }
                What::Principal => {
                    told.push(name, Some(whole::principal(person, evidence).into()), false)?;
                }
            }
        }
        if self.every_claim {
            self.tell_claims(&mut told, evidence)?;
        }
        if let Some((name, asserter)) = &self.assertion {
            if person.user.contains(char::is_control) {
                return Err(Untellable::ControlInUser);
            }
            let assertion = asserter.about(&Statement {
                issuer: evidence.origin,
                session: evidence.session,
                sub: evidence.sub,
                provider: evidence.provider,
                person,
            });
            told.assert(name, assertion)?;
        }
        Ok(told.pack())
    }

    fn tell_claims(&self, told: &mut Told, evidence: &Evidence<'_>) -> Result<(), Untellable> {
        let mut claims = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        for claim in evidence.claims.into_iter().flat_map(whole::every_claim) {
            let Ok(name) = Name::written(&claim.name) else {
                continue;
            };
            let same = name.normalised();
            if self.names.contains(&same) {
                continue;
            }
            if claim.is_misspelt {
                told.leave_out(name);
                continue;
            }
            *seen.entry(same.clone()).or_default() += 1;
            if seen.len() > CLAIMS_MAX {
                return Err(Untellable::TooLong);
            }
            claims.push((name, same, claim));
        }
        for (name, same, claim) in claims {
            if seen.get(&same) != Some(&1) {
                // Several claims under one name: the app would take one for another.
                told.leave_out(name);
                continue;
            }
            let value = claim.text.as_deref().map(|text| Encoding::Raw.encode(text));
            let left_out = claim.left_out || matches!(value, Some(None));
            told.push(&Arc::new(name), value.flatten(), left_out)?;
        }
        Ok(())
    }
}

impl Line {
    fn holds_access_token(&self) -> bool {
        match &self.what {
            What::Says(Says::Template { template, .. }) => template.holds_access_token(),
            What::Says(Says::Secret(_)) | What::SubjectHash | What::Principal => false,
        }
    }

    /// What is shown instead of a value that nobody may see.
    fn hidden(&self) -> Option<&'static str> {
        match &self.what {
            What::Says(Says::Secret(_)) => Some("(secret)"),
            What::Says(Says::Template { template, .. }) if template.holds_token() => {
                Some("(token)")
            }
            What::Says(Says::Template { template, .. }) if template.is_from_source() => {
                Some("(secret)")
            }
            What::Says(Says::Template { .. }) | What::SubjectHash | What::Principal => None,
        }
    }
}

impl From<ControlInUser> for Untellable {
    fn from(ControlInUser: ControlInUser) -> Self {
        Self::ControlInUser
    }
}

/// UTF-8, or else ISO 8859-1: the two in which values are sent.
fn readable(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests;
