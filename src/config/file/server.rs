//! The keys of `[server]`.

use super::{MaybeText, MaybeTexts};
use crate::config::reader::{Item, Place, Source, Table};

/// `[server]`.
#[derive(Debug)]
pub(crate) struct ServerTable {
    pub(crate) place: Place,
    pub(crate) listen: MaybeTexts,
    pub(crate) socket_mode: MaybeText,
    pub(crate) tls: Option<ServerTlsTable>,
    pub(crate) hsts: Option<HstsTable>,
    pub(crate) timeouts: ClientTimeoutsTable,
    pub(crate) public_url: MaybeTexts,
    pub(crate) admin_listen: MaybeText,
    pub(crate) path_prefix: MaybeText,
    pub(crate) whoami: MaybeText,
    pub(crate) threads: Option<Item<i64>>,
    pub(crate) max_connections: Option<Item<i64>>,
    pub(crate) trusted_proxies: MaybeTexts,
    pub(crate) forward_auth: MaybeText,
    pub(crate) forward_auth_cookies: Option<Item<bool>>,
    pub(crate) ignore_path_case: Option<Item<bool>>,
    pub(crate) shutdown_delay: MaybeText,
    pub(crate) grace_period: MaybeText,
}

/// `server.tls`.
#[derive(Debug)]
pub(crate) struct ServerTlsTable {
    pub(crate) place: Place,
    pub(crate) certificate: Option<Item<Source>>,
    pub(crate) key: Option<Item<Source>>,
}

/// `server.hsts`.
#[derive(Debug)]
pub(crate) struct HstsTable {
    pub(crate) place: Place,
    pub(crate) max_age: MaybeText,
    pub(crate) include_subdomains: Option<Item<bool>>,
    pub(crate) preload: Option<Item<bool>>,
}

/// `server.timeouts`.
#[derive(Debug)]
pub(crate) struct ClientTimeoutsTable {
    pub(crate) header: MaybeText,
    pub(crate) idle: MaybeText,
    pub(crate) write: MaybeText,
}

impl ServerTable {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            listen: table.texts("listen"),
            socket_mode: table.text("socket_mode"),
            tls: table.table_if("tls", ServerTlsTable::read),
            hsts: table.table_if("hsts", HstsTable::read),
            timeouts: table.table("timeouts", ClientTimeoutsTable::read),
            public_url: table.texts("public_url"),
            admin_listen: table.text("admin_listen"),
            path_prefix: table.text("path_prefix"),
            whoami: table.text("whoami"),
            threads: table.number("threads"),
            max_connections: table.number("max_connections"),
            trusted_proxies: table.any_texts("trusted_proxies"),
            forward_auth: table.text("forward_auth"),
            forward_auth_cookies: table.boolean("forward_auth_cookies"),
            ignore_path_case: table.boolean("ignore_path_case"),
            shutdown_delay: table.text("shutdown_delay"),
            grace_period: table.text("grace_period"),
        }
    }
}

impl ServerTlsTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            certificate: table.secret("certificate"),
            key: table.secret("key"),
        }
    }
}

impl HstsTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            max_age: table.text("max_age"),
            include_subdomains: table.boolean("include_subdomains"),
            preload: table.boolean("preload"),
        }
    }
}

impl ClientTimeoutsTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            header: table.text("header"),
            idle: table.text("idle"),
            write: table.text("write"),
        }
    }
}
