//! The shape of the configuration file: which keys there are, and of what type.
//!
//! Owns the names of the keys. Must not know what a value means: `config::convert`
//! says whether it is a good one.

use toml::de::DeTable;

use super::reader::{Findings, Item, Place, Text, read_table};

mod headers;
mod identity;
mod pages;
mod provider;
mod route;
mod server;
mod session;
mod telemetry;
mod upstream;

pub(crate) use headers::{AssertionTable, HeadersTable, SetTable};
pub(crate) use identity::{ClaimTable, IdentityTable};
pub(crate) use pages::PagesTable;
pub(crate) use provider::{ApiTable, HttpTable, ProviderTable};
pub(crate) use route::{AccessTable, RouteTable};
pub(crate) use server::{ClientTimeoutsTable, HstsTable, ServerTable, ServerTlsTable};
pub(crate) use session::{RevokedTable, SessionTable};
pub(crate) use telemetry::{LogTable, OtlpTable, TelemetryTable};
pub(crate) use upstream::{TimeoutsTable, UpstreamTable, UpstreamTlsTable};

/// A text, if the file has it.
pub(crate) type MaybeText = Option<Item<Text>>;
/// One text or several, if the file has them; never none.
pub(crate) type MaybeTexts = Option<Vec<Item<Text>>>;

/// The whole file.
#[derive(Debug)]
pub(crate) struct FileConfig {
    pub(crate) server: ServerTable,
    pub(crate) upstream: UpstreamTable,
    pub(crate) providers: Vec<(String, ProviderTable)>,
    pub(crate) providers_place: Place,
    pub(crate) session: SessionTable,
    pub(crate) identity: IdentityTable,
    pub(crate) headers: HeadersTable,
    pub(crate) routes: Vec<RouteTable>,
    pub(crate) pages: PagesTable,
    pub(crate) log: LogTable,
    pub(crate) telemetry: TelemetryTable,
}

impl FileConfig {
    /// Reads a document; what is wrong with it goes into the findings.
    pub(crate) fn read(document: &DeTable<'_>, findings: &mut Findings) -> Self {
        read_table(document, Place::default(), findings, |root| Self {
            server: root.table("server", ServerTable::read),
            upstream: root.table("upstream", UpstreamTable::read_all),
            providers: root.named_tables("provider", ProviderTable::read),
            providers_place: root.place().child("provider"),
            session: root.table("session", SessionTable::read),
            identity: root.table("identity", IdentityTable::read),
            headers: root.table("headers", HeadersTable::read),
            routes: root.table_list("route", RouteTable::read),
            pages: root.table("pages", PagesTable::read),
            log: root.table("log", LogTable::read),
            telemetry: root.table("telemetry", TelemetryTable::read),
        })
    }
}
