//! The keys of `[pages]`.

use super::MaybeText;
use crate::config::reader::{Item, Table, Text};

/// `[pages]`.
#[derive(Debug)]
pub(crate) struct PagesTable {
    pub(crate) organisation: MaybeText,
    pub(crate) contact: MaybeText,
    pub(crate) logo: MaybeText,
    pub(crate) accent: MaybeText,
    pub(crate) accent_dark: MaybeText,
    pub(crate) templates: MaybeText,
    pub(crate) texts: TextsTable,
}

/// `pages.texts`: for each language, names of texts and what they say.
#[derive(Debug)]
pub(crate) struct TextsTable {
    pub(crate) languages: [Vec<(Item<String>, Item<Text>)>; 5],
}

impl PagesTable {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            organisation: table.text("organisation"),
            contact: table.text("contact"),
            logo: table.text("logo"),
            accent: table.text("accent"),
            accent_dark: table.text("accent_dark"),
            templates: table.text("templates"),
            texts: table.table("texts", |table| TextsTable {
                languages: ["en", "de", "fr", "es", "da"].map(|tag| table.named_texts(tag)),
            }),
        }
    }
}
