//! The keys of `[identity]`, which a provider may have of its own.

use super::{MaybeText, MaybeTexts};
use crate::config::reader::{Item, Place, Table, Text, TextMap};

/// `[identity]`.
#[derive(Debug)]
pub(crate) struct IdentityTable {
    pub(crate) user: Option<ClaimTable>,
    pub(crate) email: Option<ClaimTable>,
    pub(crate) name: Option<ClaimTable>,
    pub(crate) groups: Option<ClaimTable>,
    pub(crate) access_right: Option<ClaimTable>,
    pub(crate) attributes: Vec<(Item<String>, ClaimTable)>,
}

/// `identity.user` and its like: a name, a list of names, or a table.
#[derive(Debug, Default)]
pub(crate) struct ClaimTable {
    /// The key's place.
    pub(crate) place: Place,
    pub(crate) claim: MaybeTexts,
    pub(crate) from: MaybeText,
    pub(crate) kind: MaybeText,
    pub(crate) split: MaybeText,
    pub(crate) map: Option<Item<TextMap>>,
    pub(crate) map_file: MaybeText,
    pub(crate) unmapped: MaybeText,
    pub(crate) default: MaybeTexts,
    /// Of `identity.access_right` alone.
    pub(crate) order: MaybeTexts,
    /// Of `identity.groups` alone.
    pub(crate) keep_provider_group: Option<Item<bool>>,
}

impl IdentityTable {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            user: ClaimTable::of(table, "user"),
            email: ClaimTable::of(table, "email"),
            name: ClaimTable::of(table, "name"),
            groups: ClaimTable::of(table, "groups"),
            access_right: ClaimTable::of(table, "access_right"),
            attributes: table.each_texts_or_table(
                "attributes",
                ClaimTable::names,
                ClaimTable::read,
            ),
        }
    }
}

impl ClaimTable {
    fn of(table: &mut Table<'_, '_>, key: &'static str) -> Option<Self> {
        table.texts_or_table(key, Self::names, |table| {
            let mut claims = Self::read(table);
            match key {
                "groups" => claims.keep_provider_group = table.boolean("keep_provider_group"),
                "access_right" => claims.order = table.texts("order"),
                _ => {}
            }
            claims
        })
    }

    fn names(place: Place, names: Vec<Item<Text>>) -> Self {
        Self {
            place,
            claim: Some(names),
            ..Self::default()
        }
    }

    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            claim: table.texts("claim"),
            from: table.text("from"),
            kind: table.text("type"),
            split: table.text("split"),
            map: table.text_map("map"),
            map_file: table.text("map_file"),
            unmapped: table.text("unmapped"),
            default: table.texts("default"),
            order: None,
            keep_provider_group: None,
        }
    }
}
