//! Templates: `Bearer {id_token}`, parsed once, filled in for each request.
//!
//! Owns the parts that there are and where each comes from. `{{` and `}}` are
//! braces of the text itself. Must not know header names.

use std::borrow::Cow;

use serde_json::Value;

use super::Evidence;
use super::encode::Encoding;
use crate::gate::claims::{self, ClaimPath, ClaimPathError};
use crate::gate::identity::{AttributeValue, Person};

/// A parsed template. Debug shows nothing of it: its text may be a secret all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
    /// Its text came from a file or a variable.
    is_from_source: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Part(Part),
}

/// Between the items of a list, unless something else is asked for.
const JOIN: &str = ",";

/// What stands in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    User,
    Email,
    Name,
    Groups,
    AccessRight,
    Sub,
    Provider,
    IdToken,
    AccessToken,
    Attribute(String),
    Claim(ClaimPath),
}

/// Names of parts, as a person writes them.
pub const PARTS: &[&str] = &[
    "user",
    "email",
    "name",
    "groups",
    "access_right",
    "sub",
    "provider",
    "id_token",
    "access_token",
    "attribute.NAME",
    "claim.NAME",
];

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// A brace without its other half.
    #[error("has a brace without its other half")]
    LoneBrace,
    /// A part that does not exist.
    #[error("has no part {{{0}}} to fill in")]
    UnknownPart(String),
    /// `{claim.NAME}` with a name that is none.
    #[error("names a claim that {0}")]
    Claim(#[source] ClaimPathError),
    /// A control character in the fixed text.
    #[error("holds a control character")]
    Control,
}

/// What a filled-in template became: no Debug, since it tells of a person.
pub(super) struct Filled {
    /// The value, if every part of it is there.
    pub(super) value: Option<Vec<u8>>,
    /// Something was left out that the header could not have said truly.
    pub(super) left_out: bool,
}

/// The user's name holds a control character: nothing is sent in such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ControlInUser;

/// What a piece stands for, of one person.
enum Found<'p> {
    Fixed(&'p str),
    One(Cow<'p, str>),
    Many(Vec<Cow<'p, str>>),
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Template({} pieces)", self.pieces.len())
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// See [`TemplateError`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.trim().is_empty() {
            return Err(TemplateError::Empty);
        }
        if text.contains(char::is_control) {
            return Err(TemplateError::Control);
        }
        let mut pieces = Vec::new();
        let mut fixed = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            fixed.push_str(before);
            if let Some(after) = brace.strip_prefix("{{") {
                fixed.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                fixed.push('}');
                rest = after;
            } else {
                let inside = brace.strip_prefix('{').ok_or(TemplateError::LoneBrace)?;
                let (name, after) = inside.split_once('}').ok_or(TemplateError::LoneBrace)?;
                if name.contains('{') {
                    return Err(TemplateError::LoneBrace);
                }
                if !fixed.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut fixed)));
                }
                pieces.push(Piece::Part(Part::parse(name)?));
                rest = after;
            }
        }
        fixed.push_str(rest);
        if !fixed.is_empty() {
            pieces.push(Piece::Text(fixed));
        }
        Ok(Self {
            pieces,
            is_from_source: false,
        })
    }

    /// Whether it says anything of somebody, and not the same of everybody.
    #[must_use]
    pub fn has_parts(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Part(_)))
    }

    /// The same, whose text came from a file or a variable: what it becomes is
    /// shown to nobody but the app.
    #[must_use]
    pub fn from_source(self) -> Self {
        Self {
            is_from_source: true,
            ..self
        }
    }

    /// Whether its text came from a file or a variable.
    pub(super) fn is_from_source(&self) -> bool {
        self.is_from_source
    }

    /// Whether it shows a token.
    pub(super) fn holds_token(&self) -> bool {
        self.pieces.contains(&Piece::Part(Part::IdToken)) || self.holds_access_token()
    }

    /// Whether it shows the access token.
    pub(super) fn holds_access_token(&self) -> bool {
        self.pieces.contains(&Piece::Part(Part::AccessToken))
    }

    /// Whether it tells a subject, and nothing of which provider that is one.
    #[must_use]
    pub fn tells_subject_alone(&self) -> bool {
        let tells = |own: Part, claim: &str| {
            self.pieces.iter().any(|piece| match piece {
                Piece::Part(Part::Claim(path)) => path.as_str() == claim,
                Piece::Part(part) => *part == own,
                Piece::Text(_) => false,
            })
        };
        tells(Part::Sub, "sub") && !tells(Part::Provider, "iss")
    }

    /// Names of the attributes that it asks for.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Part(Part::Attribute(name)) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The header value for a person; without one of its parts there is none.
    /// A header that is joined by something of its own is a list, even if one
    /// value is all that is in it.
    pub(super) fn fill(
        &self,
        person: &Person,
        evidence: &Evidence<'_>,
        join: Option<&str>,
        encoding: Encoding,
    ) -> Result<Filled, ControlInUser> {
        let mut text = String::new();
        let mut left_out = false;
        let mut whole = true;
        let found: Vec<Option<Found<'_>>> = self
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(fixed) => Some(Found::Fixed(fixed)),
                Piece::Part(part) => part.find(person, evidence),
            })
            .collect();
        // Beside a list, a single value is one more item.
        let in_list = join.is_some() || found.iter().any(|one| matches!(one, Some(Found::Many(_))));
        let join = join.unwrap_or(JOIN);
        for (piece, found) in self.pieces.iter().zip(found) {
            match found {
                None => whole = false,
                Some(Found::Fixed(fixed)) => text.push_str(fixed),
                Some(Found::One(one)) => {
                    if *piece == Piece::Part(Part::User) && one.contains(char::is_control) {
                        return Err(ControlInUser);
                    }
                    let one = one.trim();
                    let forging = in_list && reads_as_several(one, join);
                    left_out |= forging;
                    whole &= !one.is_empty() && !forging;
                    text.push_str(one);
                }
                Some(Found::Many(items)) => {
                    let (items, forging): (Vec<&str>, Vec<&str>) = items
                        .iter()
                        .map(Cow::as_ref)
                        .filter(|item| !item.is_empty())
                        .partition(|item| !reads_as_several(item, join));
                    left_out |= !forging.is_empty();
                    let items: Vec<_> = items
                        .into_iter()
                        .map(str::trim)
                        .filter(|item| !item.is_empty())
                        .collect();
                    whole &= !items.is_empty();
                    text.push_str(&items.join(join));
                }
            }
        }
        if !whole {
            return Ok(Filled {
                value: None,
                left_out,
            });
        }
        let value = encoding.encode(text.trim());
        Ok(Filled {
            left_out: left_out || value.is_none(),
            value,
        })
    }
}

/// Whether an app that cuts the list at its joiner, with or without the white
/// space around it, would take one item for more.
pub(super) fn reads_as_several(item: &str, join: &str) -> bool {
    let separators = match join.trim() {
        "" => join,
        trimmed => trimmed,
    };
    item.contains(char::is_control) || item.trim().contains(|c| separators.contains(c))
}

impl Part {
    fn parse(name: &str) -> Result<Self, TemplateError> {
        Ok(match name {
            "user" => Self::User,
            "email" => Self::Email,
            "name" => Self::Name,
            "groups" => Self::Groups,
            "access_right" => Self::AccessRight,
            "sub" => Self::Sub,
            "provider" => Self::Provider,
            "id_token" => Self::IdToken,
            "access_token" => Self::AccessToken,
            _ => match name.split_once('.') {
                Some(("attribute", attribute)) if !attribute.is_empty() => {
                    Self::Attribute(attribute.to_owned())
                }
                Some(("claim", claim)) => {
                    Self::Claim(ClaimPath::parse(claim).map_err(TemplateError::Claim)?)
                }
                _ => return Err(TemplateError::UnknownPart(name.to_owned())),
            },
        })
    }

    fn find<'p>(&self, person: &'p Person, evidence: &Evidence<'p>) -> Option<Found<'p>> {
        let one = |text: &'p str| Found::One(Cow::Borrowed(text));
        let many = |items: &'p [String]| {
            Found::Many(
                items
                    .iter()
                    .map(|item| Cow::Borrowed(item.as_str()))
                    .collect(),
            )
        };
        match self {
            Self::User => Some(one(&person.user)),
            Self::Email => person.email.as_deref().map(one),
            Self::Name => person.name.as_deref().map(one),
            Self::Groups => Some(many(&person.groups)),
            Self::AccessRight => person.access_right.as_deref().map(one),
            Self::Sub => Some(one(evidence.sub)),
            Self::Provider => Some(one(evidence.provider)),
            Self::IdToken => Some(one(evidence.id_token.text())),
            Self::AccessToken => Some(one(evidence.access_token?.text)),
            Self::Attribute(name) => person
                .attributes
                .iter()
                .find(|attribute| attribute.name == *name)
                .map(|attribute| match &attribute.value {
                    AttributeValue::One(text) => one(text),
                    AttributeValue::Many(items) => many(items),
                }),
            Self::Claim(path) => match path.find(evidence.claims?).as_slice() {
                [] => None,
                [value] => Some(of_claim(value)),
                values => Some(Found::Many(
                    values
                        .iter()
                        .flat_map(|value| claims::list(value, None))
                        .map(Cow::Owned)
                        .collect(),
                )),
            },
        }
    }
}

/// A text that is no list in any of its shapes is one value, commas included.
fn of_claim(value: &Value) -> Found<'static> {
    let items = claims::list(value, None);
    match (items.as_slice(), claims::scalar(value)) {
        ([item], Some(scalar)) if *item == scalar => Found::One(Cow::Owned(scalar)),
        _ => Found::Many(items.into_iter().map(Cow::Owned).collect()),
    }
}

#[cfg(test)]
mod tests;
