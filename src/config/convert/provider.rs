//! `[provider.ID]`: one provider, with Cognito's shorthand written out.

mod api;
mod auth_age;
mod authorize;
mod chooser;
mod client;
mod cognito;
mod email_domains;
mod http;
mod keys;
mod url;

use self::url::identifier_problem;
use super::identity::Speaker;
use super::server::own_path_problem;
use super::{Choices, Conversion};
use crate::config::error::{ConfigErrorKind, ConfigWarningKind, PathProblem};
use crate::config::file::{FileConfig, ProviderTable};
use crate::config::reader::{Item, Place, Text, TextOrTables};
use crate::config::{
    EmailVerified, Endpoints, Identity, LogoutReach, LogoutThen, Provider, ProviderId, ProviderKind,
};
use crate::gate::email::EmailDomains;

/// Longest name of a provider.
const ID_MAX: usize = 32;
/// `scopes` by default.
const SCOPES: &[&str] = &["openid", "profile", "email"];
/// Stands in for texts that were not to be read.
const UNREAD: &str = "not-read";
/// Stands in for a URL that was not to be read.
const UNREAD_URL: &str = "https://not-read.invalid";

impl Conversion<'_> {
    /// All of them, if none has a mistake in it; and what each makes of people,
    /// also where something else about it is wrong.
    pub(super) fn providers(
        &mut self,
        file: &FileConfig,
        prefix: Option<&str>,
    ) -> (Option<Vec<Provider>>, Vec<Identity>) {
        if file.providers.is_empty() {
            let remedy =
                "write a table [provider.NAME], such as [provider.corp], with kind and client_id";
            self.findings.missing(&file.providers_place, remedy);
        }
        let mut domains = self.email_domains(&file.providers).into_iter();
        let mut identities = Vec::new();
        // What every provider has a key of its own for is checked too.
        let general = self.identity(&file.identity, None, None);
        let mut providers = Vec::new();
        for (id, table) in &file.providers {
            let kind = self.kind(table);
            let speaker = Speaker {
                id,
                kind,
                userinfo: table.userinfo.as_ref().is_some_and(|item| item.value),
                of_several: file.providers.len() > 1,
            };
            let identity = self.identity(&file.identity, Some(&table.identity), Some(speaker));
            identities.push(identity.clone());
            let domains = domains.next().unwrap_or_default();
            providers.push(self.provider(speaker, table, prefix, identity, domains));
        }
        if identities.is_empty() {
            identities.push(general);
        }
        self.hidden(&file.providers);
        let signs_in = |(_, table): &(String, ProviderTable)| table.client_id.is_some();
        if let Some((_, first)) = file.providers.first()
            && !file.providers.iter().any(signs_in)
        {
            let remedy = "add client_id to one of them, unless nobody but API clients comes here";
            let kind = ConfigWarningKind::NobodySignsIn;
            self.findings.warn(&first.place, kind, remedy);
        }
        let providers: Option<Vec<Provider>> = providers.into_iter().collect();
        let providers = providers.filter(|providers| !providers.is_empty());
        if let Some(providers) = &providers {
            self.callbacks_differ(providers, &file.providers);
            self.clients_differ(providers, &file.providers);
            self.api_clients_differ(providers, &file.providers);
        }
        (providers, identities)
    }

    fn provider(
        &mut self,
        speaker: Speaker<'_>,
        table: &ProviderTable,
        prefix: Option<&str>,
        identity: Identity,
        email_domains: EmailDomains,
    ) -> Option<Provider> {
        let Speaker {
            id,
            kind,
            userinfo,
            of_several,
        } = speaker;
        let id = self.provider_id(id, &table.place);
        let (issuer, user_pool_id, derived) = match kind {
            ProviderKind::Cognito => {
                let domain = table.domain.as_ref().and_then(|item| self.domain(item));
                let (issuer, pool) = self.cognito_issuer(table, domain.as_ref());
                let derived = Self::cognito_endpoints(table, domain.as_ref(), issuer.as_deref());
                (issuer, pool, derived)
            }
            ProviderKind::Oidc => (self.oidc_issuer(table), None, Endpoints::default()),
        };
        let endpoints = self.endpoints(table, derived);
        let accepted = table.accepted_issuers.iter().flatten();
        let accepted_issuers = accepted.filter_map(|item| self.issuer(item)).collect();
        let http = self.provider_http(&table.http);
        let client_id = self.client_id(table);
        let client_auth = self.client_auth(table);
        let scopes = self.scopes(table, kind);
        let own = client_id.as_ref().and_then(Option::as_deref);
        let api = self.bearer_tokens(table, kind, own, of_several);
        let email_verified = self.email_verified(table);
        let signing_algorithms = self.signing_algorithms(table, kind);
        let keys_max_age = self.keys_max_age(table);
        let max_auth_age = self.max_auth_age(table);
        let (logout, logout_then) = self.logout(table);
        let (authorize_params, identity_provider) = self.authorize_params(table, kind);
        let callback_path = match &table.callback_path {
            None => Some(None),
            Some(item) => self.callback_path(item, prefix).map(Some),
        };
        let display_name = match &table.display_name {
            None => Some(None),
            Some(item) => self.display_name(item).map(Some),
        };
        Some(Provider {
            id: id?,
            kind,
            issuer: issuer?,
            user_pool_id,
            accepted_issuers,
            endpoints,
            http: http?,
            client_id: client_id?,
            client_auth: client_auth?,
            scopes,
            authorize_params,
            identity_provider,
            email_verified,
            email_domains,
            identity,
            signing_algorithms,
            keys_max_age,
            max_auth_age: max_auth_age?,
            userinfo,
            logout,
            logout_then,
            api: api?,
            callback_path: callback_path?,
            display_name: display_name?,
            hidden: table.hidden.as_ref().is_some_and(|item| item.value),
        })
    }

    /// How far a logout goes, and where on from there.
    fn logout(&mut self, table: &ProviderTable) -> (LogoutReach, Option<LogoutThen>) {
        let words = Choices {
            words: &["provider", "local"],
            values: &[LogoutReach::Provider, LogoutReach::Local],
        };
        let tables = match &table.logout {
            Some(TextOrTables::Tables(tables)) => tables,
            Some(TextOrTables::Text(word)) => {
                return (self.choice(Some(word), &words, LogoutReach::Provider), None);
            }
            None => return (LogoutReach::Provider, None),
        };
        let remedy = "write logout = { then = \"URL\" } with the logout of whoever stands behind the provider; {signed_out_url} in it becomes our signed-out page";
        match tables.as_slice() {
            [one] => match &one.then {
                Some(then) => (LogoutReach::Then, self.logout_then(then)),
                None => {
                    self.findings.missing(&one.place.child("then"), remedy);
                    (LogoutReach::Provider, None)
                }
            },
            _ => {
                let kind = ConfigErrorKind::Repeated("then".to_owned());
                if let Some(second) = tables.get(1) {
                    self.findings.error(&second.place, kind, remedy);
                }
                (LogoutReach::Provider, None)
            }
        }
    }

    fn logout_then(&mut self, item: &Item<Text>) -> Option<LogoutThen> {
        let then = LogoutThen(self.text(item, UNREAD_URL)?);
        match self::url::secure(&then.url("https://app.example.com/signed-out")) {
            Ok(_) => Some(then),
            Err(problem) => {
                let remedy = self::url::remedy(problem);
                self.findings.error(&item.place, problem, remedy);
                None
            }
        }
    }

    fn provider_id(&mut self, id: &str, place: &Place) -> Option<ProviderId> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if id.is_empty() || id.len() > ID_MAX || !id.bytes().all(legal) {
            let remedy = "it stands in URLs: choose a short word, such as [provider.corp]";
            self.findings
                .error(place, ConfigErrorKind::ProviderId, remedy);
            return None;
        }
        Some(ProviderId(id.to_owned()))
    }

    fn kind(&mut self, table: &ProviderTable) -> ProviderKind {
        let shorthand = [&table.user_pool_id, &table.domain, &table.region];
        let likely = match shorthand.iter().any(|item| item.is_some()) {
            true => ProviderKind::Cognito,
            false => ProviderKind::Oidc,
        };
        if table.kind.is_none() {
            let remedy = "write kind = \"cognito\", or kind = \"oidc\" for any other OpenID Connect provider";
            self.findings.missing(&table.place.child("kind"), remedy);
        }
        let kinds = Choices {
            words: &["cognito", "oidc"],
            values: &[ProviderKind::Cognito, ProviderKind::Oidc],
        };
        self.choice(table.kind.as_ref(), &kinds, likely)
    }

    fn oidc_issuer(&mut self, table: &ProviderTable) -> Option<String> {
        for item in [&table.user_pool_id, &table.domain, &table.region]
            .into_iter()
            .flatten()
        {
            let remedy = "remove it, or write kind = \"cognito\"";
            self.findings
                .error(&item.place, ConfigErrorKind::CognitoOnly, remedy);
        }
        let Some(item) = &table.issuer else {
            let remedy =
                "write issuer = \"https://…\", exactly as the provider's discovery document says";
            self.findings.missing(&table.place.child("issuer"), remedy);
            return None;
        };
        let issuer = self.issuer(item)?;
        if cognito::is_issuer_host(&issuer) {
            let remedy = "kind = \"cognito\" knows its access tokens and its logout";
            self.findings
                .warn(&item.place, ConfigWarningKind::CognitoAsOidc, remedy);
        }
        Some(issuer)
    }

    /// An issuer is an identifier: checked as a URL, kept byte for byte.
    fn issuer(&mut self, item: &Item<Text>) -> Option<String> {
        let issuer = self.text(item, UNREAD_URL)?;
        let Err((kind, remedy)) = identifier_problem(&issuer) else {
            return Some(issuer);
        };
        self.findings.error(&item.place, kind, remedy);
        None
    }

    /// Endpoints by hand; `derived` where none is named.
    fn endpoints(&mut self, table: &ProviderTable, derived: Endpoints) -> Endpoints {
        let manual = &table.endpoints;
        let mut or = |item: &Option<Item<Text>>, derived| match item {
            Some(item) => self.endpoint(item),
            None => derived,
        };
        Endpoints {
            authorization: or(&manual.authorization, derived.authorization),
            token: or(&manual.token, derived.token),
            jwks: or(&manual.jwks, derived.jwks),
            userinfo: or(&manual.userinfo, derived.userinfo),
            revocation: or(&manual.revocation, derived.revocation),
            logout: or(&manual.logout, derived.logout),
        }
    }

    fn scopes(&mut self, table: &ProviderTable, kind: ProviderKind) -> Vec<String> {
        let Some(items) = &table.scopes else {
            return SCOPES.iter().map(|scope| (*scope).to_owned()).collect();
        };
        let mut scopes: Vec<String> = Vec::new();
        for item in items {
            let Some(text) = self.text(item, "openid") else {
                continue;
            };
            let separator = |c: char| c == ',' || c.is_whitespace();
            for scope in text.split(separator).filter(|scope| !scope.is_empty()) {
                self.scope(scope, item, kind);
                if !scopes.iter().any(|other| other == scope) {
                    scopes.push(scope.to_owned());
                }
            }
        }
        let unread = items.iter().any(|item| self.is_unread(item));
        if !scopes.iter().any(|scope| scope == "openid") && !unread {
            let place = table.place.child("scopes");
            let place = items.first().map_or(&place, |item| &item.place);
            let remedy = "add \"openid\"";
            self.findings
                .error(place, ConfigErrorKind::ScopeOpenid, remedy);
        }
        scopes
    }

    fn scope(&mut self, scope: &str, item: &Item<Text>, kind: ProviderKind) {
        // RFC 6749 3.3: scope-token.
        let legal = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\');
        if !scope.bytes().all(legal) {
            let remedy = "separate scopes by commas or spaces";
            self.findings
                .error(&item.place, ConfigErrorKind::ScopeCharacters, remedy);
        }
        if scope == "offline_access" && kind == ProviderKind::Cognito {
            let remedy = "remove it; Cognito gives a refresh token without being asked";
            self.findings
                .error(&item.place, ConfigErrorKind::ScopeOfflineAccess, remedy);
        }
    }

    fn email_verified(&mut self, table: &ProviderTable) -> EmailVerified {
        let choices = Choices {
            words: &["auto", "require", "ignore"],
            values: &[
                EmailVerified::Auto,
                EmailVerified::Require,
                EmailVerified::Ignore,
            ],
        };
        let item = table.email_verified.as_ref();
        let chosen = self.choice(item, &choices, EmailVerified::Auto);
        if let (EmailVerified::Ignore, Some(item)) = (chosen, item) {
            let remedy = "whoever may set an email at the provider may become anybody here; \"auto\" is safe";
            self.findings
                .warn(&item.place, ConfigWarningKind::EmailIgnored, remedy);
        }
        chosen
    }

    fn callback_path(&mut self, item: &Item<Text>, prefix: Option<&str>) -> Option<String> {
        let path = self.text(item, "/not-read")?;
        let below = prefix.and_then(|prefix| path.strip_prefix(prefix));
        let problem = if path == "/" {
            PathProblem::Root
        } else if let Some(problem) = own_path_problem(&path) {
            problem
        } else if below
            .is_some_and(|rest| rest != "/callback" && (rest.is_empty() || rest.starts_with('/')))
        {
            PathProblem::UnderPrefix
        } else {
            return Some(path);
        };
        let remedy = "write the path that is registered at the provider, such as \"/oauth2/callback\", or leave it out";
        self.findings.error(&item.place, problem, remedy);
        None
    }
}
