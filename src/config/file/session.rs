//! The keys of `[session]`.

use super::{MaybeText, MaybeTexts};
use crate::config::reader::{Item, Place, Scalar, Source, Table};

/// `[session]`.
#[derive(Debug)]
pub(crate) struct SessionTable {
    pub(crate) place: Place,
    pub(crate) keys: Option<Vec<Item<Source>>>,
    pub(crate) lifetime: MaybeText,
    pub(crate) idle_timeout: MaybeText,
    pub(crate) key_settle: MaybeText,
    pub(crate) outage_grace: MaybeText,
    pub(crate) revoked: RevokedTable,
    pub(crate) verification_cache: Option<Item<Scalar>>,
    pub(crate) cookie_name: MaybeText,
}

/// `session.revoked`.
#[derive(Debug)]
pub(crate) struct RevokedTable {
    pub(crate) subjects: MaybeTexts,
    pub(crate) signed_in_before: MaybeText,
}

impl SessionTable {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            keys: table.secrets("keys"),
            lifetime: table.text("lifetime"),
            idle_timeout: table.text("idle_timeout"),
            key_settle: table.text("key_settle"),
            outage_grace: table.text("outage_grace"),
            revoked: table.table("revoked", RevokedTable::read),
            verification_cache: table.scalar("verification_cache"),
            cookie_name: table.text("cookie_name"),
        }
    }
}

impl RevokedTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            subjects: table.texts("subjects"),
            signed_in_before: table.text("signed_in_before"),
        }
    }
}
