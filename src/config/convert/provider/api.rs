//! `provider.ID.api`: whose bearer tokens routes for API clients accept.

use super::super::Conversion;
use super::UNREAD;
use crate::config::error::ConfigErrorKind;
use crate::config::file::{ApiTable, ProviderTable};
use crate::config::reader::{Item, Text};
use crate::config::{BearerTokens, Provider, ProviderKind};

/// What `tokens` may name.
const TOKENS: &[&str] = &["access", "id"];

impl Conversion<'_> {
    /// With what is not named being the provider's own client; `None` if there
    /// is an error among the findings.
    ///
    /// One of several has to say in words that its tokens count: whoever signs
    /// them writes their scopes too, and to sign people in is not to speak for
    /// programs (ADR 28).
    pub(super) fn bearer_tokens(
        &mut self,
        table: &ProviderTable,
        kind: ProviderKind,
        client_id: Option<&str>,
        of_several: bool,
    ) -> Option<BearerTokens> {
        if of_several && table.api.is_none() {
            return Some(BearerTokens::none());
        }
        let empty = ApiTable::default();
        let api = table.api.as_ref().unwrap_or(&empty);
        let clients = self.ids(api.clients.as_deref());
        let audiences = self.ids(api.audiences.as_deref());
        let tokens = self.tokens(api.tokens.as_deref());
        let own = || client_id.map(|id| vec![id.to_owned()]);
        let (key, needed, remedy) = match kind {
            ProviderKind::Cognito => (
                "clients",
                api.clients.is_none(),
                "write clients = [\"…\"], the app clients whose tokens are accepted; without client_id there is no default",
            ),
            ProviderKind::Oidc => (
                "audiences",
                api.audiences.is_none(),
                "write audiences = [\"…\"], what tokens for this API carry as \"aud\"; without client_id there is no default",
            ),
        };
        if let Some(place) = table.api.as_ref().map(|api| &api.place)
            && needed
            && table.client_id.is_none()
        {
            self.findings.missing(&place.child(key), remedy);
            return None;
        }
        let (access, id) = tokens?;
        Some(BearerTokens {
            clients: match kind {
                ProviderKind::Cognito => Some(clients?.or_else(own).unwrap_or_default()),
                ProviderKind::Oidc => clients?,
            },
            audiences: audiences?.or_else(own).unwrap_or_default(),
            access,
            id,
        })
    }

    /// Names as they stand in tokens, byte for byte. The outer `None`: an error.
    fn ids(&mut self, items: Option<&[Item<Text>]>) -> Option<Option<Vec<String>>> {
        let Some(items) = items else {
            return Some(None);
        };
        let mut ids = Vec::new();
        for item in items {
            let id = self.text(item, UNREAD)?;
            if id.trim().is_empty() || id.contains(char::is_control) {
                let remedy = "write it exactly as tokens carry it";
                self.findings
                    .error(&item.place, ConfigErrorKind::ApiName, remedy);
                return None;
            }
            ids.push(id);
        }
        Some(Some(ids))
    }

    /// Whether access tokens and ID tokens count.
    fn tokens(&mut self, items: Option<&[Item<Text>]>) -> Option<(bool, bool)> {
        let Some(items) = items else {
            return Some((true, false));
        };
        let (mut access, mut id) = (false, false);
        for item in items {
            if self.is_unread(item) {
                continue;
            }
            match self.text(item, "access")?.as_str() {
                "access" => access = true,
                "id" => id = true,
                other => {
                    self.not_a_choice(item, other, TOKENS);
                    return None;
                }
            }
        }
        Some((access, id))
    }

    /// A token has to say by its issuer and its client or audience whose it is.
    pub(super) fn api_clients_differ(
        &mut self,
        providers: &[Provider],
        tables: &[(String, ProviderTable)],
    ) {
        let mut seen: Vec<&Provider> = Vec::new();
        for (provider, (_, table)) in providers.iter().zip(tables) {
            let same = seen.iter().find(|other| accept_one(other, provider));
            if let (Some(other), Some(api)) = (same, &table.api)
                && self.says_who_it_is(table)
            {
                let remedy = "each token of an issuer is one provider's: name other clients or audiences in one of the two";
                let kind = ConfigErrorKind::ApiTaken(other.id.as_str().to_owned());
                self.findings.error(&api.place, kind, remedy);
            }
            seen.push(provider);
        }
    }
}

/// Whether two providers would accept one token.
fn accept_one(one: &Provider, other: &Provider) -> bool {
    if !one.api.are_any() || !other.api.are_any() {
        return false;
    }
    let share_issuer = one
        .issuers()
        .any(|issuer| other.issuers().any(|o| o == issuer));
    let named = |provider: &Provider| match provider.kind {
        ProviderKind::Cognito => provider.api.clients.clone().unwrap_or_default(),
        ProviderKind::Oidc => provider.api.audiences.clone(),
    };
    let theirs = named(other);
    share_issuer && named(one).iter().any(|name| theirs.contains(name))
}
