//! Identity headers: what is removed from what the client sent and what is set
//! instead, as one value.
//!
//! Owns the rules (presets and configured headers, ready for use) and the
//! edits that come of them for one request. Must not know how edits are
//! applied, nor where an identity comes from.

use std::net::IpAddr;

use http::HeaderValue;
use serde_json::{Map, Value};

use super::identity::Person;
use super::origin::PublicOrigin;
use super::policy::Permit;

pub mod encode;
mod managed;
mod name;
pub mod preset;
pub mod template;
mod whole;

use encode::Encoding;
pub use managed::normalised;
pub use name::{Name, NameError};
use preset::{Preset, RowWhat};
use template::{ControlInUser, Template};

/// Longest header value that the app is sent, in bytes.
pub const VALUE_MAX: usize = 8 * 1024;
/// Most claims that are sent as a header each.
const CLAIMS_MAX: usize = 128;

/// Which headers tell the app about a person. Debug shows no secret.
#[derive(Clone, Debug)]
pub struct HeaderRules {
    lines: Vec<Line>,
    every_claim: bool,
    /// Configured names, normalised: a client's are removed too.
    names: Vec<String>,
}

/// What a configured header says.
#[derive(Clone, Debug)]
pub enum Says {
    /// A template, with the joiner of lists and the encoding of all of it.
    Template {
        /// What is filled in.
        template: Template,
        /// Between the items of a list.
        join: String,
        /// How text becomes bytes.
        encoding: Encoding,
    },
    /// A secret that the app asks of its proxy, sent beside an identity.
    Secret(HeaderValue),
}

#[derive(Clone, Debug)]
struct Line {
    name: Name,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Says(Says),
    SubjectHash,
    Principal,
}

/// What is known of a signed-in person beside the [`Person`]. Debug shows nothing of it.
#[derive(Clone, Copy, Default)]
pub struct Evidence<'e> {
    /// The token's subject.
    pub sub: &'e str,
    /// The provider that signed the person in.
    pub provider: &'e str,
    /// The ID token's claims, without an email that is not believed.
    pub claims: Option<&'e Map<String, Value>>,
    /// The ID token.
    pub id_token: &'e str,
}

/// What happens to a request's headers on the way to the app. "Set only"
/// cannot be expressed: removal is part of it. Debug shows no value.
pub struct HeaderEdits {
    set: Vec<(Name, HeaderValue)>,
    left_out: Vec<Name>,
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
            let Ok(name) = Name::written(row.name) else {
                continue;
            };
            let what = match row.what {
                RowWhat::SubjectHash => What::SubjectHash,
                RowWhat::Principal => What::Principal,
                RowWhat::Template(text) => match Template::parse(text) {
                    Ok(template) => What::Says(Says::Template {
                        template,
                        join: row.join.to_owned(),
                        encoding: row.encoding,
                    }),
                    Err(_) => continue,
                },
            };
            let same = name.normalised();
            if !names.contains(&same) && lines.iter().all(|line| line.name.normalised() != same) {
                lines.push(Line { name, what });
            }
        }
        lines.extend(set.into_iter().map(|(name, says)| Line {
            name,
            what: What::Says(says),
        }));
        Self {
            lines,
            every_claim: presets.iter().any(|preset| preset.sends_every_claim()),
            names,
        }
    }

    /// Whether a client's header of this name is removed: all names of all
    /// built-in presets, whatever is configured, and the configured ones, in
    /// every spelling ([`normalised`]).
    #[must_use]
    pub fn is_managed(&self, name: &str) -> bool {
        let normal = normalised(name);
        managed::is_built_in(&normal)
            || managed::is_framing_misspelt(name, &normal)
            || self.names.contains(&normal)
    }

    /// The edits for a permitted request: the person's headers, if there is
    /// one, and where the request came from.
    ///
    /// # Errors
    /// See [`Untellable`].
    pub fn edits(
        &self,
        permit: &Permit,
        evidence: &Evidence<'_>,
        origin: &PublicOrigin,
        client: Option<IpAddr>,
    ) -> Result<HeaderEdits, Untellable> {
        let mut edits = match permit.who() {
            Some(person) => self.tell(person, evidence)?,
            None => HeaderEdits::nothing(),
        };
        edits.set_origin(origin, client)?;
        Ok(edits)
    }

    /// Names and values that tell the app who somebody is, for the person's
    /// own eyes: no secret and no token.
    ///
    /// # Errors
    /// See [`Untellable`].
    pub fn shown(
        &self,
        person: &Person,
        evidence: &Evidence<'_>,
    ) -> Result<Vec<(String, String)>, Untellable> {
        let edits = self.tell(person, evidence)?;
        let shown = edits.set.iter().map(|(name, value)| {
            let line = self.lines.iter().find(|line| line.name == *name);
            let text = match line.and_then(Line::hidden) {
                Some(instead) => instead.to_owned(),
                None => readable(value),
            };
            (name.to_string(), text)
        });
        Ok(shown.collect())
    }

    fn tell(&self, person: &Person, evidence: &Evidence<'_>) -> Result<HeaderEdits, Untellable> {
        let mut edits = HeaderEdits::nothing();
        for Line { name, what } in &self.lines {
            match what {
                What::Says(Says::Secret(secret)) => edits.set.push((name.clone(), secret.clone())),
                What::Says(Says::Template {
                    template,
                    join,
                    encoding,
                }) => {
                    let filled = template.fill(person, evidence, join, *encoding)?;
                    edits.push(name, filled.value, filled.left_out)?;
                }
                What::SubjectHash => {
                    edits.push(name, Some(whole::subject_hash(evidence).into()), false)?;
                }
                What::Principal => {
                    edits.push(name, Some(whole::principal(person, evidence).into()), false)?;
                }
            }
        }
        if self.every_claim {
            self.tell_claims(&mut edits, evidence)?;
        }
        for (_, value) in &mut edits.set {
            value.set_sensitive(true);
        }
        Ok(edits)
    }

    fn tell_claims(
        &self,
        edits: &mut HeaderEdits,
        evidence: &Evidence<'_>,
    ) -> Result<(), Untellable> {
        let mut seen: Vec<String> = Vec::new();
        for claim in evidence.claims.into_iter().flat_map(whole::every_claim) {
            let Ok(name) = Name::written(&claim.name) else {
                continue;
            };
            let same = name.normalised();
            if self.names.contains(&same) {
                continue;
            }
            if seen.contains(&same) {
                // Two claims under one name: the app would take one for the other.
                edits.left_out.push(name);
                continue;
            }
            seen.push(same);
            if seen.len() > CLAIMS_MAX {
                return Err(Untellable::TooLong);
            }
            let value = claim.text.as_deref().map(|text| Encoding::Raw.encode(text));
            let left_out = claim.left_out || matches!(value, Some(None));
            edits.push(&name, value.flatten(), left_out)?;
        }
        Ok(())
    }
}

impl HeaderEdits {
    fn nothing() -> Self {
        Self {
            set: Vec::with_capacity(12),
            left_out: Vec::new(),
        }
    }

    /// Headers to set, after every [managed](HeaderRules::is_managed) one has been removed.
    #[must_use]
    pub fn set(&self) -> &[(Name, HeaderValue)] {
        &self.set
    }

    /// Headers of which something was left out: a list item that would have
    /// read as several, or text that the header's encoding cannot say.
    #[must_use]
    pub fn left_out(&self) -> &[Name] {
        &self.left_out
    }

    fn push(
        &mut self,
        name: &Name,
        value: Option<Vec<u8>>,
        left_out: bool,
    ) -> Result<(), Untellable> {
        if left_out {
            self.left_out.push(name.clone());
        }
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return Ok(());
        };
        if value.len() > VALUE_MAX {
            return Err(Untellable::TooLong);
        }
        // Every encoding gives legal bytes: never an error.
        let value = HeaderValue::from_bytes(&value).map_err(|_| Untellable::TooLong)?;
        self.set.push((name.clone(), value));
        Ok(())
    }

    /// X-Forwarded-For is the peer; -Proto, -Host and -Port are the public
    /// origin's, never the socket's.
    fn set_origin(
        &mut self,
        origin: &PublicOrigin,
        client: Option<IpAddr>,
    ) -> Result<(), Untellable> {
        let mut say = |name, text: &str| {
            let name = Name::ours(name);
            self.push(&name, Some(text.as_bytes().to_vec()), false)
        };
        if let Some(client) = client {
            let node = match client {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("\"[{address}]\""),
            };
            say("x-forwarded-for", &client.to_string())?;
            say("x-real-ip", &client.to_string())?;
            let forwarded = format!(
                "for={node};host=\"{}\";proto={}",
                origin.authority(),
                origin.scheme()
            );
            say("forwarded", &forwarded)?;
        }
        say("x-forwarded-proto", origin.scheme())?;
        say("x-forwarded-host", origin.authority())?;
        say("x-forwarded-port", &origin.port().to_string())
    }
}

impl Line {
    /// What is shown instead of a value that nobody may see.
    fn hidden(&self) -> Option<&'static str> {
        match &self.what {
            What::Says(Says::Secret(_)) => Some("(secret)"),
            What::Says(Says::Template { template, .. }) if template.holds_token() => {
                Some("(token)")
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

impl std::fmt::Debug for Evidence<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Evidence([redacted])")
    }
}

impl std::fmt::Debug for HeaderEdits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeaderEdits")
            .field("set", &self.set.len())
            .field("left_out", &self.left_out)
            .finish()
    }
}

#[cfg(test)]
mod tests;
