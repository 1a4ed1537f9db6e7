//! `vestibule import mapping`: a mapping XML as a TOML table.
//!
//! Owns which nodes belong together and what a doubtful file means. In short:
//!
//! - Root, rows and everything between have any name and any depth. A row is the
//!   nearest common ancestor of exactly one key node and its value nodes; rows
//!   without a node of their own (key, value, key, value …) are told apart by order.
//!   What could belong to two rows belongs to none, and a note says so
//!   (`rows` has the details).
//! - Node names are compared without prefix, exactly; if no node has that name, then
//!   without case, with a note. `@name` is an attribute.
//! - Keys and values are trimmed, and compared as they are. With `split`, a value is
//!   cut at its commas, empty items are dropped, and rows with the same key are
//!   united in order (groups). Without, the first value wins, with a note (access right).

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;

use toml_writer::{TomlKeyBuilder, TomlStringBuilder, TomlWrite};

pub use self::error::{MappingError, Note};
use self::names::{Survey, Wanted};
pub use self::outline::Outline;
use self::rows::{Row, Rows};
use super::encoding;
use super::xml::{self, Shown};

mod error;
mod names;
mod outline;
mod rows;
#[cfg(test)]
mod tests;

/// Most keys, and most values, of one file.
const ENTRIES_MAX: usize = 100_000;
/// What to look for in the file.
#[derive(Clone, Debug)]
pub struct MappingOptions {
    /// The node that holds the external value: `ExternalSystemAccess`, or `@name` for an attribute.
    pub key: String,
    /// The node that holds ours: `EncodeAccessRight`, `EncodeGroup`.
    pub value: String,
    /// Whether a value is a comma list: groups are, access rights are not.
    pub split: bool,
}

/// What the file says.
#[derive(Debug)]
pub struct Imported {
    /// At least one, in the order of the file; no key twice.
    pub entries: Vec<Entry>,
    /// What was left out or taken differently, in the order of the file.
    pub notes: Vec<Note>,
    /// The nodes as the file names them, and how values were read.
    read: MappingOptions,
}

/// One external value, and what it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The external value.
    pub key: String,
    /// Local names: at least one, none twice; exactly one without `split`.
    pub names: Vec<String>,
}

/// Reads a mapping XML. Reads it twice: once for the names of the nodes, once for their values.
///
/// # Errors
/// See [`MappingError`].
pub fn import_mapping(xml: &[u8], options: &MappingOptions) -> Result<Imported, MappingError> {
    let key = Wanted::parse("--key", &options.key)?;
    let value = Wanted::parse("--value", &options.value)?;
    if key.is_same(&value) {
        return Err(MappingError::SameNode(key.to_string()));
    }
    let text = encoding::decode(xml)?;
    let mut survey = Survey::new(key, value);
    xml::walk(&text, &mut survey)?;
    let named = survey.finish()?;

    let mut rows = Rows::new(&named.key, &named.value);
    xml::walk(&text, &mut rows)?;
    let (rows, found_notes) = rows.finish();

    let mut notes = named.notes;
    notes.extend(found_notes);
    let entries = Merge::new(options.split, &mut notes).all(rows)?;
    notes.sort_by_key(Note::line);
    let (key, value) = (named.key.to_string(), named.value.to_string());
    if entries.is_empty() {
        let outline = named.outline;
        return Err(MappingError::NothingFound {
            key,
            value,
            notes,
            outline,
        });
    }
    let split = options.split;
    let read = MappingOptions { key, value, split };
    Ok(Imported {
        entries,
        notes,
        read,
    })
}

impl Imported {
    /// The table, with a comment that says where it came from and what to do with it.
    /// Of the file only the name is told.
    #[must_use]
    pub fn to_toml(&self, file: &Path) -> String {
        let imported = self;
        Table { imported, file }.to_string()
    }
}

/// The output.
struct Table<'i> {
    imported: &'i Imported,
    file: &'i Path,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, toml: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Imported { entries, read, .. } = self.imported;
        let file = self.file.file_name().unwrap_or_default().to_string_lossy();
        let (table, needs) = match read.split {
            true => ("identity.groups", ""),
            false => ("identity.access_right", ", which needs its `claim`"),
        };
        let (key, value) = (Shown(&read.key), Shown(&read.value));
        // Quoted and on one line: a comment that ended early would be configuration.
        writeln!(
            toml,
            "# From {}, {key} to {value}, by `vestibule import mapping`.",
            Shown(&file)
        )?;
        writeln!(toml, "# Paste this below [{table}]{needs};")?;
        writeln!(
            toml,
            "# or save it, and write there: map_file = \"FILE.toml\""
        )?;
        writeln!(toml, "[{table}.map]")?;
        for entry in entries {
            toml.key(TomlKeyBuilder::new(&entry.key).as_basic())?;
            toml.write_str(" = ")?;
            match entry.names.as_slice() {
                [name] => toml.value(TomlStringBuilder::new(name).as_basic())?,
                names => {
                    for (at, name) in names.iter().enumerate() {
                        toml.write_str(if at == 0 { "[" } else { ", " })?;
                        toml.value(TomlStringBuilder::new(name).as_basic())?;
                    }
                    toml.write_str("]")?;
                }
            }
            toml.write_str("\n")?;
        }
        Ok(())
    }
}

/// Rows become entries: one for each key.
struct Merge<'n> {
    split: bool,
    entries: Vec<Entry>,
    by_key: HashMap<String, usize>,
    /// What an entry has: its place, and the name.
    has: HashSet<(usize, String)>,
    notes: &'n mut Vec<Note>,
}

impl<'n> Merge<'n> {
    fn new(split: bool, notes: &'n mut Vec<Note>) -> Self {
        Self {
            split,
            entries: Vec::new(),
            by_key: HashMap::new(),
            has: HashSet::new(),
            notes,
        }
    }

    fn all(mut self, rows: Vec<Row>) -> Result<Vec<Entry>, MappingError> {
        for row in rows {
            self.row(row)?;
        }
        Ok(self.entries)
    }

    fn row(&mut self, row: Row) -> Result<(), MappingError> {
        let Row { line, key, values } = row;
        if key.is_empty() {
            self.notes.push(Note::EmptyKey { line });
            return Ok(());
        }
        // The nodes have been counted; their comma lists have not.
        let is_comma = |c| self.split && c == ',';
        let names: Vec<&str> = values
            .iter()
            .flat_map(|value| value.split(is_comma))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .take(ENTRIES_MAX + 1)
            .collect();
        if names.len() > ENTRIES_MAX {
            return Err(MappingError::TooMany);
        }
        if names.is_empty() {
            self.notes.push(Note::KeyAlone { line, key });
            return Ok(());
        }
        let place = *self.by_key.entry(key.clone()).or_insert(self.entries.len());
        if place == self.entries.len() {
            let names = Vec::new();
            self.entries.push(Entry { key, names });
        }
        let Some(entry) = self.entries.get_mut(place) else {
            return Ok(());
        };
        for name in names {
            match entry.names.first() {
                Some(kept) if !self.split => {
                    if kept != name {
                        self.notes.push(Note::SecondValue {
                            line,
                            key: entry.key.clone(),
                            kept: kept.clone(),
                            dropped: name.to_owned(),
                        });
                    }
                }
                _ => {
                    if self.has.insert((place, name.to_owned())) {
                        entry.names.push(name.to_owned());
                    }
                }
            }
        }
        if self.has.len() > ENTRIES_MAX {
            return Err(MappingError::TooMany);
        }
        Ok(())
    }
}
