//! The keys of `[upstream]` and of `[upstream.NAME]`.

use super::{HeadersTable, MaybeText};
use crate::config::reader::{Item, Place, Source, Table};

/// `[upstream]`, or one `[upstream.NAME]`.
#[derive(Debug)]
pub(crate) struct UpstreamTable {
    pub(crate) place: Place,
    pub(crate) url: MaybeText,
    pub(crate) host: MaybeText,
    pub(crate) tls: UpstreamTlsTable,
    pub(crate) timeouts: TimeoutsTable,
    pub(crate) headers: Option<HeadersTable>,
    pub(crate) named: Vec<(String, UpstreamTable)>,
}

/// `upstream.tls`.
#[derive(Debug)]
pub(crate) struct UpstreamTlsTable {
    pub(crate) ca: Option<Item<Source>>,
    pub(crate) certificate: Option<Item<Source>>,
    pub(crate) key: Option<Item<Source>>,
    pub(crate) server_name: MaybeText,
}

/// `upstream.timeouts`.
#[derive(Debug)]
pub(crate) struct TimeoutsTable {
    pub(crate) connect: MaybeText,
    pub(crate) response: MaybeText,
    pub(crate) idle: MaybeText,
}

impl UpstreamTable {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            url: table.text("url"),
            host: table.text("host"),
            tls: table.table("tls", UpstreamTlsTable::read),
            timeouts: table.table("timeouts", TimeoutsTable::read),
            headers: table.table_if("headers", HeadersTable::read),
            named: Vec::new(),
        }
    }

    /// The same, and the tables of the user's own names in it.
    pub(super) fn read_all(table: &mut Table<'_, '_>) -> Self {
        let one = Self::read(table);
        Self {
            named: table.other_tables(Self::read),
            ..one
        }
    }

    /// Keys that stand there themselves, beside tables of names.
    pub(crate) fn own_keys(&self) -> Vec<(&Place, &'static str)> {
        let mut keys = Vec::new();
        keys.extend(self.host.as_ref().map(|item| (&item.place, "host")));
        keys.extend(self.headers.iter().map(|table| (&table.place, "headers")));
        let inside = self.tls.places().into_iter().map(|place| (place, "tls"));
        keys.extend(inside);
        let timeouts = [
            &self.timeouts.connect,
            &self.timeouts.response,
            &self.timeouts.idle,
        ];
        let inside = timeouts.into_iter().flatten();
        keys.extend(inside.map(|item| (&item.place, "timeouts")));
        keys
    }
}

impl UpstreamTlsTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            ca: table.secret("ca"),
            certificate: table.secret("certificate"),
            key: table.secret("key"),
            server_name: table.text("server_name"),
        }
    }

    /// Where its keys are, as far as they are there.
    pub(crate) fn places(&self) -> Vec<&Place> {
        let files = [&self.ca, &self.certificate, &self.key];
        let mut places: Vec<_> = files
            .into_iter()
            .flatten()
            .map(|item| &item.place)
            .collect();
        places.extend(self.server_name.as_ref().map(|item| &item.place));
        places
    }
}

impl TimeoutsTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            connect: table.text("connect"),
            response: table.text("response"),
            idle: table.text("idle"),
        }
    }
}
