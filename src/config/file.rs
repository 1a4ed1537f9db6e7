//! The shape of the configuration file: which keys there are, and of what type.
//!
//! Owns the names of the keys, those of later versions included. Must not know
//! what a value means: `config::convert` says whether it is a good one.

use toml::de::DeTable;

use super::reader::{
    Findings, Item, Place, Scalar, Source, Table, Text, TextMap, TextOrTables, read_table,
};

mod pages;
mod telemetry;

pub(crate) use pages::PagesTable;
pub(crate) use telemetry::{LogTable, OtlpTable, TelemetryTable};

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
}

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

/// `[provider.ID]`.
#[derive(Debug)]
pub(crate) struct ProviderTable {
    pub(crate) place: Place,
    pub(crate) kind: MaybeText,
    pub(crate) user_pool_id: MaybeText,
    pub(crate) domain: MaybeText,
    pub(crate) region: MaybeText,
    pub(crate) issuer: MaybeText,
    pub(crate) accepted_issuers: MaybeTexts,
    pub(crate) endpoints: EndpointsTable,
    pub(crate) http: HttpTable,
    pub(crate) client_id: MaybeText,
    pub(crate) client_secret: Option<Vec<Item<Source>>>,
    pub(crate) client_auth: MaybeText,
    pub(crate) scopes: MaybeTexts,
    pub(crate) identity_provider: MaybeText,
    pub(crate) idp_identifier: MaybeText,
    pub(crate) authorize_params: Vec<(Item<String>, Item<Text>)>,
    pub(crate) forward_params: MaybeTexts,
    pub(crate) email_verified: MaybeText,
    pub(crate) signing_algorithms: MaybeTexts,
    pub(crate) keys_max_age: MaybeText,
    pub(crate) max_auth_age: MaybeText,
    pub(crate) userinfo: Option<Item<bool>>,
    pub(crate) logout: Option<TextOrTables<ThenTable>>,
    pub(crate) callback_path: MaybeText,
    pub(crate) email_domains: MaybeTexts,
    pub(crate) identity: IdentityTable,
    pub(crate) display_name: MaybeText,
    pub(crate) hidden: Option<Item<bool>>,
    pub(crate) api: Option<ApiTable>,
}

/// `provider.ID.api`.
#[derive(Debug, Default)]
pub(crate) struct ApiTable {
    pub(crate) place: Place,
    pub(crate) clients: MaybeTexts,
    pub(crate) audiences: MaybeTexts,
    pub(crate) tokens: MaybeTexts,
}

/// `provider.ID.http`.
#[derive(Debug)]
pub(crate) struct HttpTable {
    pub(crate) proxy: MaybeText,
    pub(crate) ca: Option<Item<Source>>,
}

/// `provider.ID.endpoints`.
#[derive(Debug)]
pub(crate) struct EndpointsTable {
    pub(crate) authorization: MaybeText,
    pub(crate) token: MaybeText,
    pub(crate) jwks: MaybeText,
    pub(crate) userinfo: MaybeText,
    pub(crate) revocation: MaybeText,
    pub(crate) logout: MaybeText,
}

/// `provider.ID.logout` as a table.
#[derive(Debug)]
pub(crate) struct ThenTable {
    pub(crate) place: Place,
    pub(crate) then: MaybeText,
}

/// `session.revoked`.
#[derive(Debug)]
pub(crate) struct RevokedTable {
    pub(crate) subjects: MaybeTexts,
    pub(crate) signed_in_before: MaybeText,
}

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

impl ServerTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
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
            trusted_proxies: table.texts("trusted_proxies"),
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
        }
    }
}

impl UpstreamTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
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
    fn read_all(table: &mut Table<'_, '_>) -> Self {
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

impl ProviderTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            kind: table.text("kind"),
            user_pool_id: table.text("user_pool_id"),
            domain: table.text("domain"),
            region: table.text("region"),
            issuer: table.text("issuer"),
            accepted_issuers: table.texts("accepted_issuers"),
            endpoints: table.table("endpoints", EndpointsTable::read),
            http: table.table("http", HttpTable::read),
            client_id: table.text("client_id"),
            client_secret: table.secrets("client_secret"),
            client_auth: table.text("client_auth"),
            scopes: table.texts("scopes"),
            identity_provider: table.text("identity_provider"),
            idp_identifier: table.text("idp_identifier"),
            authorize_params: table.named_texts("authorize_params"),
            forward_params: table.texts("forward_params"),
            email_verified: table.text("email_verified"),
            signing_algorithms: table.texts("signing_algorithms"),
            keys_max_age: table.text("keys_max_age"),
            max_auth_age: table.text("max_auth_age"),
            userinfo: table.boolean("userinfo"),
            logout: table.text_or_tables("logout", ThenTable::read),
            callback_path: table.text("callback_path"),
            email_domains: table.texts("email_domains"),
            identity: table.table("identity", IdentityTable::read),
            display_name: table.text("display_name"),
            hidden: table.boolean("hidden"),
            api: table.table_if("api", ApiTable::read),
        }
    }
}

impl ApiTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            clients: table.texts("clients"),
            audiences: table.texts("audiences"),
            tokens: table.texts("tokens"),
        }
    }
}

impl HttpTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            proxy: table.text("proxy"),
            ca: table.secret("ca"),
        }
    }
}

impl EndpointsTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            authorization: table.text("authorization"),
            token: table.text("token"),
            jwks: table.text("jwks"),
            userinfo: table.text("userinfo"),
            revocation: table.text("revocation"),
            logout: table.text("logout"),
        }
    }
}

impl ThenTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            then: table.text("then"),
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

impl SessionTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
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

impl IdentityTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
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

impl HeadersTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
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

impl RouteTable {
    fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            api: table.boolean("api"),
            path: table.texts("path"),
            host: table.texts("host"),
            methods: table.texts("methods"),
            access: table.text_or_tables("access", AccessTable::read),
            allow_in_path: table.texts("allow_in_path"),
            activity: table.boolean("activity"),
            shared_cache: table.boolean("shared_cache"),
            origins: table.texts("origins"),
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
