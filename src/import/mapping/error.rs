//! What an import tells people: why there is no table, and what is not in it.
//!
//! Owns the closed lists of errors and notes with their texts. What they quote from
//! the file is short and on one line, whatever the file holds.

use super::ENTRIES_MAX;
use super::outline::Outline;
use crate::import::xml::{Shown, XmlError};

/// How many notes an error shows.
const NOTES_SHOWN: usize = 5;

/// Something a person should look at; the import goes on without it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// No node has the name as asked for; one differs from it in case only.
    #[error("no node is named {}; {} is taken", Shown(.asked), Shown(.found))]
    Case {
        /// As asked for.
        asked: String,
        /// As in the file.
        found: String,
    },
    /// A key, and no value that belongs to it.
    #[error("line {line}: {} has no value, left out", Shown(.key))]
    KeyAlone {
        /// Line of the key.
        line: usize,
        /// The key.
        key: String,
    },
    /// A value, and no key that it belongs to.
    #[error("line {line}: the value {} has no key, left out", Shown(.value))]
    ValueAlone {
        /// Line of the value.
        line: usize,
        /// The value.
        value: String,
    },
    /// A row whose key node is empty.
    #[error("line {line}: a key without text, its row is left out")]
    EmptyKey {
        /// Line of the key.
        line: usize,
    },
    /// Several keys and values, and nothing that tells which belong together.
    #[error(
        "line {line}: {keys} keys and {values} values that could belong together in several ways, all left out"
    )]
    Unclear {
        /// Line of the first of them.
        line: usize,
        /// How many keys.
        keys: usize,
        /// How many values.
        values: usize,
    },
    /// A key or value node that holds other nodes.
    #[error(
        "line {line}: {} holds the node {} where text should be, left out; perhaps the inner one is meant",
        Shown(.node),
        Shown(.inner)
    )]
    NotText {
        /// Line of the node.
        line: usize,
        /// Its name.
        node: String,
        /// The first node inside.
        inner: String,
    },
    /// Without `split`, a key that has had another value.
    #[error("line {line}: {} is mapped to {} already, {} is left out", Shown(.key), Shown(.kept), Shown(.dropped))]
    SecondValue {
        /// Line of the key.
        line: usize,
        /// The key.
        key: String,
        /// The value that came first.
        kept: String,
        /// This one.
        dropped: String,
    },
}

impl Note {
    pub(super) fn line(&self) -> usize {
        match self {
            Self::Case { .. } => 0,
            Self::KeyAlone { line, .. }
            | Self::ValueAlone { line, .. }
            | Self::EmptyKey { line }
            | Self::Unclear { line, .. }
            | Self::NotText { line, .. }
            | Self::SecondValue { line, .. } => *line,
        }
    }
}

/// Why there is no table. The text ends with the remedy, on lines of its own.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file is not read at all.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// `--key` or `--value` is empty.
    #[error("{option} names no node\n    write {option} NODE, or {option} @NAME for an attribute")]
    NoName {
        /// The option.
        option: &'static str,
    },
    /// `--key` and `--value` are the same node.
    #[error("--key and --value are both the node {}\n    name the two nodes that belong together", Shown(.0))]
    SameNode(String),
    /// No node has the name.
    #[error(
        "no node is named {} ({option}); the file holds\n{outline}    name two of these with --key and --value, an attribute with its @",
        Shown(.asked)
    )]
    NoSuchNode {
        /// The option.
        option: &'static str,
        /// What it asks for.
        asked: String,
        /// The nodes that there are.
        outline: Box<Outline>,
    },
    /// No node has the name, and several differ from it in case only.
    #[error(
        "no node is named {} ({option}), but {} are\n    write the one that is meant exactly so",
        Shown(.asked),
        .found.iter().map(|name| Shown(name).to_string()).collect::<Vec<_>>().join(" and ")
    )]
    UnclearCase {
        /// The option.
        option: &'static str,
        /// What it asks for.
        asked: String,
        /// The nodes that it might be.
        found: Vec<String>,
    },
    /// The nodes are there, and no two belong together.
    #[error(
        "no {} has a {} that belongs to it\n{}the file holds\n{outline}    name two nodes of the same row with --key and --value",
        Shown(.key),
        Shown(.value),
        first_lines(.notes)
    )]
    NothingFound {
        /// The key node.
        key: String,
        /// The value node.
        value: String,
        /// What was wrong with each.
        notes: Vec<Note>,
        /// The nodes that there are.
        outline: Box<Outline>,
    },
    /// More than any mapping.
    #[error(
        "more than {ENTRIES_MAX} keys or values\n    a mapping of single people? map their groups instead"
    )]
    TooMany,
}

impl MappingError {
    /// Whether the command line is at fault, not the file (exit code 64).
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::NoName { .. } | Self::SameNode(_))
    }
}

fn first_lines(notes: &[Note]) -> String {
    let mut lines = String::new();
    for note in notes.iter().take(NOTES_SHOWN) {
        lines.push_str(&format!("    {note}\n"));
    }
    if let Some(more @ 1..) = notes.len().checked_sub(NOTES_SHOWN) {
        lines.push_str(&format!("    and {more} more of the kind\n"));
    }
    lines
}
