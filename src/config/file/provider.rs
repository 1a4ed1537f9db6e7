//! The keys of `[provider.ID]`.

use super::{IdentityTable, MaybeText, MaybeTexts};
use crate::config::reader::{Item, Place, Source, Table, Text, TextOrTables};

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

impl ProviderTable {
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self {
            place: table.place(),
            kind: table.text("kind"),
            user_pool_id: table.text("user_pool_id"),
            domain: table.text("domain"),
            region: table.text("region"),
            issuer: table.text("issuer"),
            accepted_issuers: table.any_texts("accepted_issuers"),
            endpoints: table.table("endpoints", EndpointsTable::read),
            http: table.table("http", HttpTable::read),
            client_id: table.text("client_id"),
            client_secret: table.secrets("client_secret"),
            client_auth: table.text("client_auth"),
            scopes: table.texts("scopes"),
            identity_provider: table.text("identity_provider"),
            idp_identifier: table.text("idp_identifier"),
            authorize_params: table.named_texts("authorize_params"),
            forward_params: table.any_texts("forward_params"),
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
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
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
