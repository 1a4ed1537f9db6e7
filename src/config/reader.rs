//! Reading TOML tables so that every mistake is found in one go.
//!
//! A [`Table`] records every key that it was asked for; what nobody asked for
//! is unknown, and is reported with the nearest known name. A value of the
//! wrong type is reported where it stands and reading goes on. Knows no key of
//! ours (those are in `config::file`) and no I/O.

mod findings;
mod named;
mod outline;
mod value;

use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use self::findings::Nearest;
pub(crate) use self::findings::{Findings, nearest};
pub(crate) use self::outline::{Key, NAME, Shape, outline};
pub(crate) use self::value::{TextMap, text_map};
use self::value::{empty_list, is_source, number, one_or_list, secret, text, wrong_type};
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

    /// Tables under names of the user's own: all that have not been asked for.
    /// In the order of the file.
    pub(crate) fn other_tables<T>(
        &mut self,
        mut read: impl FnMut(&mut Table<'_, '_>) -> T,
    ) -> Vec<(String, T)> {
        self.others_are_known = true;
        self.findings.sketch(|| Key {
            path: self.place.at(NAME, None).key,
            shape: Shape::Table,
        });
        self.sketch(NAME, &[], &mut read);
        let mut others: Vec<_> = self.entries.iter().collect();
        others.retain(|(name, _)| !self.known.contains(&name.get_ref().as_ref()));
        others.sort_by_key(|(name, _)| name.span().start);
        let mut tables = Vec::new();
        for (name, value) in others {
            if let DeValue::Table(entries) = value.get_ref() {
                let place = self.place.at(name.get_ref(), Some(name.span().start));
                let table = read_table(entries, place, self.findings, &mut read);
                tables.push((name.get_ref().to_string(), table));
            }
        }
        tables
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<Item<Text>> {
        self.one(key, Shape::Text, text)
    }

    /// A text, or a list of texts.
    pub(crate) fn texts(&mut self, key: &'static str) -> Option<Vec<Item<Text>>> {
        self.list(key, Shape::Texts, text)
    }

    /// A secret, or a list of them.
    pub(crate) fn secrets(&mut self, key: &'static str) -> Option<Vec<Item<Source>>> {
        self.list(key, Shape::Secrets, secret)
    }

    /// One secret.
    pub(crate) fn secret(&mut self, key: &'static str) -> Option<Item<Source>> {
        self.one(key, Shape::Secret, secret)
    }

    /// A whole number.
    pub(crate) fn number(&mut self, key: &'static str) -> Option<Item<i64>> {
        self.one(key, Shape::Number, |findings, place, value| {
            let found = number(value);
            if found.is_none() {
                wrong_type(
                    findings,
                    place,
                    "a whole number",
                    value,
                    "write a number without quotes",
                );
            }
            found
        })
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<Item<bool>> {
        self.one(key, Shape::Boolean, |findings, place, value| {
            let found = value.as_bool();
            if found.is_none() {
                let remedy = "write true or false, without quotes";
                wrong_type(findings, place, "true or false", value, remedy);
            }
            found
        })
    }

    /// A whole number, or a text.
    pub(crate) fn scalar(&mut self, key: &'static str) -> Option<Item<Scalar>> {
        self.one(key, Shape::Scalar, |findings, place, value| {
            match number(value) {
                Some(number) => Some(Scalar::Number(number)),
                None => text(findings, place, value).map(Scalar::Text),
            }
        })
    }

    /// A text or a list of texts, or else a table, which `read` reads.
    pub(crate) fn texts_or_table<T>(
        &mut self,
        key: &'static str,
        texts: impl FnOnce(Place, Vec<Item<Text>>) -> T,
        read: impl FnOnce(&mut Table<'_, '_>) -> T,
    ) -> Option<T> {
        let shape = Shape::TextsOrTable;
        match self.entries.get(key).map(Spanned::get_ref) {
            Some(DeValue::Table(entries)) if !is_source(entries) => {
                Some(self.table_of(key, shape, read))
            }
            _ => {
                self.sketch(key, &[], read);
                let place = self.place.at(key, None);
                self.list(key, shape, text).map(|names| texts(place, names))
            }
        }
    }

    /// A text, a table, or a list of tables. One of them that is no table is an error, and
    /// is left out.
    pub(crate) fn text_or_tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Table<'_, '_>) -> T,
    ) -> Option<TextOrTables<T>> {
        self.sketch(key, &[], &mut read);
        let (place, value) = self.take(key, Shape::TextOrTables)?;
        let list = match value {
            DeValue::Table(entries) if !is_source(entries) => {
                let table = read_table(entries, place, self.findings, read);
                return Some(TextOrTables::Tables(vec![table]));
            }
            DeValue::Array(list) => list,
            _ => {
                let value = text(self.findings, &place, value)?;
                return Some(TextOrTables::Text(Item { value, place }));
            }
        };
        if list.is_empty() {
            empty_list(self.findings, &place);
        }
        let remedy = format!("write {key} = \"WORD\", or tables in braces");
        let tables = self.tables(&place, list, &remedy, &mut read);
        Some(TextOrTables::Tables(tables))
    }

    /// Whether nothing stands in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A table; one that is not there reads as an empty one.
    pub(crate) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Table<'_, '_>) -> T,
    ) -> T {
        self.table_of(key, Shape::Table, read)
    }

    fn table_of<T>(
        &mut self,
        key: &'static str,
        shape: Shape,
        read: impl FnOnce(&mut Table<'_, '_>) -> T,
    ) -> T {
        let empty = DeTable::new();
        let (place, entries) = match self.take(key, shape) {
            None => (self.place.at(key, None), &empty),
            Some((place, DeValue::Table(entries))) => (place, entries),
            Some((place, other)) => {
                let remedy = format!("write [{key}] on a line of its own, and its keys below");
                wrong_type(self.findings, &place, "a table", other, &remedy);
                (place, &empty)
            }
        };
        read_table(entries, place, self.findings, read)
    }

    /// A table, if it is there.
    pub(crate) fn table_if<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Table<'_, '_>) -> T,
    ) -> Option<T> {
        match self.entries.contains_key(key) {
            true => Some(self.table(key, read)),
            // Known all the same, for who misspells it.
            false => {
                self.sketch(key, &[], read);
                self.take(key, Shape::Table);
                None
            }
        }
    }

    /// All tables in a table, each with its name, in the order of the file.
    pub(crate) fn named_tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Table<'_, '_>) -> T,
    ) -> Vec<(String, T)> {
        self.sketch(key, &[NAME], &mut read);
        let (place, entries) = match self.take(key, Shape::NamedTables) {
            None => return Vec::new(),
            Some((place, DeValue::Table(entries))) => (place, entries),
            Some((place, other)) => {
                let remedy = format!("write [{key}.NAME] on a line of its own, and its keys below");
                wrong_type(self.findings, &place, "a table", other, &remedy);
                return Vec::new();
            }
        };
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        let mut tables = Vec::new();
        for (name, value) in entries {
            let place = place.at(name.get_ref(), Some(name.span().start));
            match value.get_ref() {
                DeValue::Table(entries) => {
                    let table = read_table(entries, place, self.findings, &mut read);
                    tables.push((name.get_ref().to_string(), table));
                }
                other => {
                    let remedy = format!("write it under [{key}.NAME], with a name of your choice");
                    wrong_type(self.findings, &place, "a table", other, &remedy);
                }
            }
        }
        tables
    }

    /// `[[key]]` tables, in the order of the file.
    pub(crate) fn table_list<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Table<'_, '_>) -> T,
    ) -> Vec<T> {
        self.sketch(key, &[], &mut read);
        let remedy = format!("write [[{key}]], with two brackets, for each");
        let (place, list) = match self.take(key, Shape::Tables) {
            None => return Vec::new(),
            Some((place, DeValue::Array(list))) => (place, list),
            Some((place, other)) => {
                wrong_type(self.findings, &place, "a list of tables", other, &remedy);
                return Vec::new();
            }
        };
        if list.is_empty() {
            empty_list(self.findings, &place);
        }
        self.tables(&place, list, &remedy, &mut read)
    }

    fn tables<T>(
        &mut self,
        place: &Place,
        list: &DeArray<'_>,
        remedy: &str,
        read: &mut impl FnMut(&mut Table<'_, '_>) -> T,
    ) -> Vec<T> {
        let mut tables = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let place = place.index(index, value);
            match value.get_ref() {
                DeValue::Table(entries) => {
                    tables.push(read_table(entries, place, self.findings, &mut *read));
                }
                other => wrong_type(self.findings, &place, "a table", other, remedy),
            }
        }
        tables
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
