//! Keys with a table, or with several.
//!
//! Owns the forms in which tables are written: by themselves, in lists, under names
//! of the user's own, or in place of a text. Must not know what stands in one.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::value::{empty_list, is_source, text, wrong_type};
use super::{Item, Key, NAME, Place, Shape, Table, Text, TextOrTables, read_table};

impl Table<'_, '_> {
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
}
