//! The keys of `[[route]]`.

use super::{MaybeText, MaybeTexts};
use crate::config::reader::{Item, Place, Table, TextOrTables};

/// `[[route]]`.
#[derive(Debug)]
pub(crate) struct RouteTable {
    pub(crate) place: Place,
    pub(crate) api: Option<Item<bool>>,
    pub(crate) path: MaybeTexts,
    pub(crate) host: MaybeTexts,
    pub(crate) methods: MaybeTexts,
    pub(crate) access: Option<TextOrTables<AccessTable>>,
    pub(crate) allow_in_path: MaybeTexts,
    pub(crate) activity: Option<Item<bool>>,
    pub(crate) shared_cache: Option<Item<bool>>,
    pub(crate) origins: MaybeTexts,
    pub(crate) cors_preflight: Option<Item<bool>>,
    pub(crate) pass_override_headers: Option<Item<bool>>,
    pub(crate) upstream: MaybeText,
}

/// A table of `route.access`.
#[derive(Debug)]
pub(crate) struct AccessTable {
    pub(crate) place: Place,
    /// Whether nothing stands in it, not even a mistake.
    pub(crate) is_empty: bool,
    pub(crate) groups: MaybeTexts,
    pub(crate) all_groups: MaybeTexts,
    pub(crate) access_right: MaybeTexts,
    pub(crate) email_domains: MaybeTexts,
    pub(crate) provider: MaybeTexts,
    pub(crate) scopes: MaybeTexts,
    pub(crate) claim: MaybeText,
    pub(crate) any_of: MaybeTexts,
}

impl RouteTable {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            api: table.boolean("api"),
            path: table.texts("path"),
            host: table.texts("host"),
            methods: table.texts("methods"),
            access: table.text_or_tables("access", AccessTable::read),
            allow_in_path: table.any_texts("allow_in_path"),
            activity: table.boolean("activity"),
            shared_cache: table.boolean("shared_cache"),
            origins: table.any_texts("origins"),
            cors_preflight: table.boolean("cors_preflight"),
            pass_override_headers: table.boolean("pass_override_headers"),
            upstream: table.text("upstream"),
        }
    }
}

impl AccessTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            is_empty: table.is_empty(),
            groups: table.texts("groups"),
            all_groups: table.texts("all_groups"),
            access_right: table.texts("access_right"),
            email_domains: table.texts("email_domains"),
            provider: table.texts("provider"),
            scopes: table.texts("scopes"),
            claim: table.text("claim"),
            any_of: table.texts("any_of"),
        }
    }
}
