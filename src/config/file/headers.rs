//! The keys of `[headers]`, which an app may have of its own.

use super::{MaybeText, MaybeTexts};
use crate::config::reader::{Item, Place, Source, Table, Text};

/// `[headers]`.
#[derive(Debug)]
pub(crate) struct HeadersTable {
    pub(crate) place: Place,
    pub(crate) preset: MaybeTexts,
    pub(crate) assertion: Option<AssertionTable>,
    /// Header names and what they say, in the order of the file.
    pub(crate) set: Vec<(Item<String>, SetTable)>,
}

/// `headers.assertion`.
#[derive(Debug)]
pub(crate) struct AssertionTable {
    pub(crate) place: Place,
    pub(crate) header: MaybeText,
    pub(crate) audience: MaybeText,
    pub(crate) keys: Option<Vec<Item<Source>>>,
}

/// `headers.set.NAME`: a template, or a table.
#[derive(Debug)]
pub(crate) struct SetTable {
    pub(crate) value: MaybeText,
    pub(crate) join: MaybeText,
    pub(crate) encoding: MaybeText,
    pub(crate) secret: Option<Item<Source>>,
}

impl HeadersTable {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            preset: table.texts("preset"),
            assertion: table.table_if("assertion", AssertionTable::read),
            set: table.each_text_or_table("set", SetTable::plain, SetTable::read),
        }
    }
}

impl AssertionTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            header: table.text("header"),
            audience: table.text("audience"),
            keys: table.secrets("keys"),
        }
    }
}

impl SetTable {
    fn plain(value: Item<Text>) -> Self {
        Self {
            value: Some(value),
            join: None,
            encoding: None,
            secret: None,
        }
    }

    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            value: table.text("value"),
            join: table.text("join"),
            encoding: table.text("encoding"),
            secret: table.secret("secret"),
        }
    }
}
