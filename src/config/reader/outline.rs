//! Which keys there are, and of what type: learnt from the very code that reads them.
//!
//! Owns the names of the types. While an outline is drawn, nothing is read:
//! every table that could be there is gone through as an empty one. Knows no
//! key of ours.

use toml::de::DeTable;

use super::{Findings, Place, Table, read_table};

/// Stands for a name of the user's own in a key's path.
pub(crate) const NAME: &str = "NAME";

/// A key that the reader knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The whole path, [`NAME`] for names of the user's own: `provider.NAME.kind`.
    pub(crate) path: String,
    /// What may stand there.
    pub(crate) shape: Shape,
}

/// What may stand at a key. "Text" is in quotes, or `{ file = … }` or `{ env = … }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text.
    Text,
    /// A text, or a list of texts.
    Texts,
    /// The same, and the list may be empty.
    AnyTexts,
    /// Where a secret is.
    Secret,
    /// The same, or a list of them.
    Secrets,
    /// A whole number.
    Number,
    /// True or false.
    Boolean,
    /// A whole number, or a text.
    Scalar,
    /// A table; its keys have paths below this one.
    Table,
    /// A list of tables.
    Tables,
    /// A text, a list of texts, or a table.
    TextsOrTable,
    /// A text, a table, or a list of tables.
    TextOrTables,
    /// Tables by names of the user's own.
    NamedTables,
    /// By names of the user's own: a text, a list of texts, or a table.
    NamedTextsOrTables,
    /// By names of the user's own: a text in quotes, or a table.
    NamedTextOrTables,
    /// By names of the user's own: a text.
    NamedText,
    /// By names of the user's own: where a secret is.
    NamedSecret,
    /// By names of the user's own: a text, or a list of texts.
    NamedTexts,
}

/// The keys that `read` asks for, each of them once, in its order.
pub(crate) fn outline<T>(read: impl FnOnce(&DeTable<'_>, &mut Findings) -> T) -> Vec<Key> {
    let mut findings = Findings::sketching();
    read(&DeTable::new(), &mut findings);
    findings.into_sketch()
}

impl Table<'_, '_> {
    /// While an outline is drawn: goes through a table that may stand at a key.
    pub(super) fn sketch<T>(
        &mut self,
        key: &str,
        below: &[&str],
        read: impl FnOnce(&mut Table<'_, '_>) -> T,
    ) {
        if !self.findings.is_sketching() {
            return;
        }
        let place: Place = below
            .iter()
            .fold(self.place.at(key, None), |place, name| place.at(name, None));
        read_table(&DeTable::new(), place, self.findings, read);
    }
}
