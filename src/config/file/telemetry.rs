//! `[log]` and `[telemetry]`.

use super::{HttpTable, MaybeText};
use crate::config::reader::{Item, Place, Source, Table, Text};

/// `[log]`.
#[derive(Debug)]
pub(crate) struct LogTable {
    pub(crate) format: MaybeText,
    pub(crate) level: MaybeText,
    pub(crate) user: MaybeText,
    pub(crate) client: MaybeText,
}

/// `[telemetry]`.
#[derive(Debug)]
pub(crate) struct TelemetryTable {
    pub(crate) sample: MaybeText,
    pub(crate) otlp: Option<OtlpTable>,
}

/// `telemetry.otlp`.
#[derive(Debug)]
pub(crate) struct OtlpTable {
    pub(crate) place: Place,
    pub(crate) endpoint: MaybeText,
    pub(crate) headers: Vec<(Item<String>, Item<Source>)>,
    pub(crate) http: HttpTable,
    pub(crate) parent_based: Option<Item<bool>>,
    pub(crate) service_name: MaybeText,
    pub(crate) attributes: Vec<(Item<String>, Item<Text>)>,
}

impl LogTable {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            format: table.text("format"),
            level: table.text("level"),
            user: table.text("user"),
            client: table.text("client"),
        }
    }
}

impl TelemetryTable {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            sample: table.text("sample"),
            otlp: table.table_if("otlp", OtlpTable::read),
        }
    }
}

impl OtlpTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            endpoint: table.text("endpoint"),
            headers: table.named_secrets("headers"),
            http: table.table("http", HttpTable::read),
            parent_based: table.boolean("parent_based"),
            service_name: table.text("service_name"),
            attributes: table.named_texts("attributes"),
        }
    }
}
