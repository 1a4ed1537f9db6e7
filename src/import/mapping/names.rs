//! Which nodes of the file the two options mean.
//!
//! Owns the first reading: the names that there are, and how often. Must not know
//! how keys and values are paired.

use std::collections::BTreeSet;
use std::fmt;

use super::outline::Outline;
use super::{ENTRIES_MAX, MappingError, Note};
use crate::import::xml::{Visit, local_name};

/// Most spellings of one name that differ in case.
const SPELLINGS_MAX: usize = 8;

/// A node or an attribute that is looked for.
#[derive(Debug)]
pub(super) struct Wanted {
    option: &'static str,
    name: String,
    is_attribute: bool,
}

impl Wanted {
    /// Reads an option: `NODE`, `prefix:NODE` as the file may write it, `@attribute`.
    pub(super) fn parse(option: &'static str, text: &str) -> Result<Self, MappingError> {
        let text = text.trim();
        let (name, is_attribute) = match text.strip_prefix('@') {
            Some(name) => (name, true),
            None => (text, false),
        };
        match local_name(name) {
            "" => Err(MappingError::NoName { option }),
            name => Ok(Self {
                option,
                name: name.to_owned(),
                is_attribute,
            }),
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.is(&other.name, other.is_attribute)
    }

    pub(super) fn is(&self, name: &str, is_attribute: bool) -> bool {
        self.is_attribute == is_attribute && self.name == name
    }

    fn is_but_for_case(&self, name: &str, is_attribute: bool) -> bool {
        self.is_attribute == is_attribute
            && (self.name.eq_ignore_ascii_case(name)
                || (!name.is_ascii() && self.name.to_lowercase() == name.to_lowercase()))
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.is_attribute { "@" } else { "" };
        write!(f, "{at}{}", self.name)
    }
}

/// The first reading.
pub(super) struct Survey {
    key: Count,
    value: Count,
    outline: Outline,
}

/// What the survey found.
pub(super) struct Named {
    pub(super) key: Wanted,
    pub(super) value: Wanted,
    pub(super) notes: Vec<Note>,
    pub(super) outline: Box<Outline>,
}

struct Count {
    wanted: Wanted,
    exact: usize,
    /// Nodes that differ from it in case.
    others: usize,
    spellings: BTreeSet<String>,
}

impl Survey {
    pub(super) fn new(key: Wanted, value: Wanted) -> Self {
        Self {
            key: Count::new(key),
            value: Count::new(value),
            outline: Outline::default(),
        }
    }

    pub(super) fn finish(self) -> Result<Named, MappingError> {
        let mut notes = Vec::new();
        let outline = Box::new(self.outline);
        let (key, keys) = match self.key.decide(&mut notes) {
            Ok(decided) => decided,
            Err(undecided) => return Err(undecided.error(outline)),
        };
        let (value, values) = match self.value.decide(&mut notes) {
            Ok(decided) => decided,
            Err(undecided) => return Err(undecided.error(outline)),
        };
        if key.is_same(&value) {
            return Err(MappingError::SameNode(key.to_string()));
        }
        if keys > ENTRIES_MAX || values > ENTRIES_MAX {
            return Err(MappingError::TooMany);
        }
        Ok(Named {
            key,
            value,
            notes,
            outline,
        })
    }

    fn count(&mut self, name: &str, is_attribute: bool) {
        self.key.see(name, is_attribute);
        self.value.see(name, is_attribute);
    }
}

impl Visit for Survey {
    fn open(&mut self, name: &str, _: usize) {
        self.count(name, false);
        self.outline.open(name);
    }

    fn attribute(&mut self, name: &str, _: &str, _: usize) {
        self.count(name, true);
        self.outline.open(&format!("@{name}"));
        self.outline.close();
    }

    fn text(&mut self, _: &str) {}

    fn close(&mut self) {
        self.outline.close();
    }
}

impl Count {
    fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            exact: 0,
            others: 0,
            spellings: BTreeSet::new(),
        }
    }

    fn see(&mut self, name: &str, is_attribute: bool) {
        if self.wanted.is(name, is_attribute) {
            self.exact += 1;
        } else if self.wanted.is_but_for_case(name, is_attribute) {
            self.others += 1;
            if self.spellings.len() < SPELLINGS_MAX && !self.spellings.contains(name) {
                self.spellings.insert(name.to_owned());
            }
        }
    }

    /// The name in the file, and how many nodes have it.
    fn decide(mut self, notes: &mut Vec<Note>) -> Result<(Wanted, usize), Self> {
        if self.exact > 0 {
            return Ok((self.wanted, self.exact));
        }
        if self.spellings.len() != 1 {
            return Err(self);
        }
        let asked = self.wanted.to_string();
        if let Some(name) = self.spellings.pop_first() {
            self.wanted.name = name;
        }
        let found = self.wanted.to_string();
        notes.push(Note::Case { asked, found });
        Ok((self.wanted, self.others))
    }

    fn error(self, outline: Box<Outline>) -> MappingError {
        let option = self.wanted.option;
        let asked = self.wanted.to_string();
        if self.spellings.is_empty() {
            return MappingError::NoSuchNode {
                option,
                asked,
                outline,
            };
        }
        MappingError::UnclearCase {
            option,
            asked,
            found: self.spellings.into_iter().collect(),
        }
    }
}
