//! Tables whose names the user chose.

use toml::de::DeValue;

use super::outline::NAME;
use super::value::{entries, is_source, secret, text, text_map, texts_of};
use super::{Findings, Item, Place, Shape, Source, Table, Text, TextMap, read_table};

impl Table<'_, '_> {
    /// Entries of the user's own names in a table, each of them such a one; in
    /// the order of the file.
    pub(crate) fn each_texts_or_table<T>(
        &mut self,
        key: &'static str,
        texts: impl Fn(Place, Vec<Item<Text>>) -> T,
        mut read: impl FnMut(&mut Table<'_, '_>) -> T,
    ) -> Vec<(Item<String>, T)> {
        self.sketch(key, &[NAME], &mut read);
        let Some((place, value)) = self.take(key, Shape::NamedTextsOrTables) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (name, value) in entries(self.findings, &place, value) {
            let place = name.place.clone();
            let entry = match value {
                DeValue::Table(entries) if !is_source(entries) => {
                    Some(read_table(entries, place, self.findings, &mut read))
                }
                other => {
                    texts_of(self.findings, &place, other).map(|names| texts(place.clone(), names))
                }
            };
            found.extend(entry.map(|entry| (name, entry)));
        }
        found
    }

    /// The same, each of them one text, in quotes or from elsewhere, or else a table.
    pub(crate) fn each_text_or_table<T>(
        &mut self,
        key: &'static str,
        plain: impl Fn(Item<Text>) -> T,
        mut read: impl FnMut(&mut Table<'_, '_>) -> T,
    ) -> Vec<(Item<String>, T)> {
        self.sketch(key, &[NAME], &mut read);
        let Some((place, value)) = self.take(key, Shape::NamedTextOrTables) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (name, value) in entries(self.findings, &place, value) {
            let place = name.place.clone();
            let entry = match value {
                DeValue::Table(entries) if !is_source(entries) => {
                    Some(read_table(entries, place, self.findings, &mut read))
                }
                other => {
                    text(self.findings, &place, other).map(|value| plain(Item { value, place }))
                }
            };
            found.extend(entry.map(|entry| (name, entry)));
        }
        found
    }

    /// A table of the user's own names, each with one text; in the order of the file.
    pub(crate) fn named_texts(&mut self, key: &'static str) -> Vec<(Item<String>, Item<Text>)> {
        self.named(key, Shape::NamedText, text)
    }

    /// The same, each with one secret.
    pub(crate) fn named_secrets(&mut self, key: &'static str) -> Vec<(Item<String>, Item<Source>)> {
        self.named(key, Shape::NamedSecret, secret)
    }

    fn named<T>(
        &mut self,
        key: &'static str,
        shape: Shape,
        read: impl Fn(&mut Findings, &Place, &DeValue<'_>) -> Option<T>,
    ) -> Vec<(Item<String>, Item<T>)> {
        let Some((place, value)) = self.take(key, shape) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (name, value) in entries(self.findings, &place, value) {
            let place = name.place.clone();
            if let Some(value) = read(self.findings, &place, value) {
                found.push((name, Item { value, place }));
            }
        }
        found
    }

    /// A table of the user's own names, each with a text or a list of texts.
    pub(crate) fn text_map(&mut self, key: &'static str) -> Option<Item<TextMap>> {
        let (place, value) = self.take(key, Shape::NamedTexts)?;
        let value = text_map(self.findings, &place, value)?;
        Some(Item { value, place })
    }
}
