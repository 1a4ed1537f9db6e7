//! Reading TOML tables so that every mistake is found in one go.
//!
//! A [`Table`] records every key that it was asked for; what nobody asked for
//! is unknown, and is reported with the nearest known name. A value of the
//! wrong type is reported where it stands and reading goes on. Knows no key of
//! ours (those are in `config::file`) and no I/O.

mod findings;
mod named;
mod outline;
mod single;
mod tables;
mod value;

use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::findings::Nearest;
pub(crate) use self::findings::{Findings, nearest};
pub(crate) use self::outline::{Key, NAME, Shape, outline};
pub(crate) use self::value::{TextMap, text_map};
use self::value::{is_source, one_or_list};
use super::error::ConfigErrorKind;

/// A key's path, and where in the text it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    key: String,
    offset: Option<usize>,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Item<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// Where a text comes from.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// It stands in the file.
    Inline(String),
    /// It is read from somewhere else.
    From(Source),
}

/// Something to read, trimmed, when the configuration is loaded.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// `{ file = "PATH" }`.
    File(PathBuf),
    /// `{ env = "NAME" }`.
    Env(String),
}

/// A value that may be a number or a text.
#[derive(Clone, Debug)]
pub(crate) enum Scalar {
    /// A number.
    Number(i64),
    /// A text.
    Text(Text),
}

/// A value that may be a text, a table, or a list of tables.
#[derive(Clone, Debug)]
pub(crate) enum TextOrTables<T> {
    /// A text.
    Text(Item<Text>),
    /// One table or several; never none.
    Tables(Vec<T>),
}

/// A table that is being read.
pub(crate) struct Table<'t, 'd> {
    place: Place,
    entries: &'t DeTable<'d>,
    known: Vec<&'static str>,
    /// Whether tables of other names are somebody's already.
    others_are_known: bool,
    findings: &'t mut Findings,
}

impl Place {
    /// The place of a key in the table at this place; it is where the table is.
    pub(crate) fn child(&self, name: &str) -> Self {
        self.at(name, self.offset)
    }

    /// The key's path.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether something stands here at all.
    pub(crate) fn is_there(&self) -> bool {
        self.offset.is_some()
    }

    /// An entry of this table, and where its name stands.
    pub(crate) fn at(&self, name: &str, offset: Option<usize>) -> Self {
        let key = match self.key.as_str() {
            "" => name.to_owned(),
            table => format!("{table}.{name}"),
        };
        Self { key, offset }
    }

    fn index(&self, index: usize, value: &Spanned<DeValue<'_>>) -> Self {
        Self {
            key: format!("{}[{index}]", self.key),
            offset: Some(value.span().start),
        }
    }

    /// Whether this is the other key, or inside it.
    fn is_in(&self, other: &Self) -> bool {
        self.key
            .strip_prefix(&other.key)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }
}

/// Reads one table: calls `read`, then reports the keys that it did not ask for.
pub(crate) fn read_table<T>(
    entries: &DeTable<'_>,
    place: Place,
    findings: &mut Findings,
    read: impl FnOnce(&mut Table<'_, '_>) -> T,
) -> T {
    let mut table = Table {
        place,
        entries,
        known: Vec::new(),
        others_are_known: false,
        findings,
    };
    let value = read(&mut table);
    table.finish();
    value
}

impl<'t, 'd> Table<'t, 'd> {
    /// Where the table is.
    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    /// Whether nothing stands in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn one<T>(
        &mut self,
        key: &'static str,
        shape: Shape,
        read: impl FnOnce(&mut Findings, &Place, &DeValue<'_>) -> Option<T>,
    ) -> Option<Item<T>> {
        let (place, value) = self.take(key, shape)?;
        let value = read(self.findings, &place, value)?;
        Some(Item { value, place })
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        shape: Shape,
        read: impl Fn(&mut Findings, &Place, &DeValue<'_>) -> Option<T>,
    ) -> Option<Vec<Item<T>>> {
        let (place, value) = self.take(key, shape)?;
        one_or_list(self.findings, &place, value, read)
    }

    /// The one way to a key: whoever asks says what may stand there.
    fn take(&mut self, key: &'static str, shape: Shape) -> Option<(Place, &'t DeValue<'d>)> {
        self.findings.sketch(|| Key {
            path: self.place.at(key, None).key,
            shape,
        });
        self.find(key)
    }

    fn find(&mut self, key: &'static str) -> Option<(Place, &'t DeValue<'d>)> {
        self.known.push(key);
        let value = self.entries.get(key)?;
        let place = self.place.at(key, Some(value.span().start));
        Some((place, value.get_ref()))
    }

    fn finish(self) {
        for (name, value) in self.entries {
            if self.known.contains(&name.get_ref().as_ref()) {
                continue;
            }
            let place = self.place.at(name.get_ref(), Some(name.span().start));
            let kind = match value.get_ref() {
                DeValue::Table(_) if self.others_are_known => continue,
                DeValue::Table(entries) if !is_source(entries) => ConfigErrorKind::UnknownTable,
                _ => ConfigErrorKind::UnknownKey,
            };
            let nearest = Nearest {
                table: self.place.key.clone(),
                name: name.get_ref().to_string(),
                known: self.known.clone(),
            };
            self.findings.unknown(place, kind, nearest);
        }
        // An entry of a list is nobody's nearest name.
        if !self.place.key.contains('[') {
            let keys = self.known.iter().map(|key| self.place.at(key, None).key);
            self.findings.know(keys);
        }
    }
}
