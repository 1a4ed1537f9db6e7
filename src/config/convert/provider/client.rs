//! Our client at a provider: its id, and how it proves to be that client.

use secrecy::SecretString;

use super::super::{Choices, Conversion};
use super::UNREAD;
use crate::config::ClientAuth;
use crate::config::error::ConfigErrorKind;
use crate::config::file::ProviderTable;
use crate::config::reader::{Item, Place, Source, Text};

impl Conversion<'_> {
    /// `Some(None)`: a provider for bearer tokens alone. The outer `None`: an error.
    pub(super) fn client_id(&mut self, table: &ProviderTable) -> Option<Option<String>> {
        let Some(item) = &table.client_id else {
            if table.api.is_some() {
                self.refuse_login_keys(table);
                return Some(None);
            }
            let remedy = "write the app client's id; a provider for bearer tokens alone has none, but an api = { … }";
            self.findings
                .missing(&table.place.child("client_id"), remedy);
            return None;
        };
        let client_id = self.text(item, UNREAD)?;
        if !client_id.bytes().all(|b| b.is_ascii_graphic()) {
            let remedy = "copy it from the provider once more";
            self.findings
                .error(&item.place, ConfigErrorKind::ClientId, remedy);
            return None;
        }
        Some(Some(client_id))
    }

    /// Nobody signs in there: what is about that would do nothing.
    fn refuse_login_keys(&mut self, table: &ProviderTable) {
        let texts = [
            &table.client_auth,
            &table.identity_provider,
            &table.idp_identifier,
            &table.callback_path,
        ];
        let secret = table.client_secret.as_ref().and_then(|all| all.first());
        let lists = [&table.scopes, &table.forward_params];
        let first = |list: &'_ Option<Vec<Item<Text>>>| Some(list.as_ref()?.first()?.place.clone());
        let mut places: Vec<Place> = texts
            .into_iter()
            .flatten()
            .map(|item| item.place.clone())
            .collect();
        places.extend(secret.map(|item| item.place.clone()));
        places.extend(lists.into_iter().filter_map(first));
        for place in places {
            let remedy =
                "remove it, or write client_id, so that people sign in through this provider";
            self.findings
                .error(&place, ConfigErrorKind::LoginOnly, remedy);
        }
    }

    pub(super) fn client_auth(&mut self, table: &ProviderTable) -> Option<ClientAuth> {
        let methods = Choices {
            words: &["basic", "post", "none"],
            values: &[Some(Method::Basic), Some(Method::Post), Some(Method::None)],
        };
        let method = self.choice(table.client_auth.as_ref(), &methods, None);
        let contradiction = match (method, &table.client_secret) {
            (None | Some(Method::None), None) => return Some(ClientAuth::None),
            (None | Some(Method::Basic), Some(secrets)) => {
                return self.client_secret(secrets).map(ClientAuth::Basic);
            }
            (Some(Method::Post), Some(secrets)) => {
                return self.client_secret(secrets).map(ClientAuth::Post);
            }
            (Some(Method::Basic | Method::Post), None) => (
                ConfigErrorKind::ClientAuthNeedsSecret,
                "add client_secret = { file = \"/run/secrets/client-secret\" }, or write \"none\" for a public client",
            ),
            (Some(Method::None), Some(_)) => (
                ConfigErrorKind::ClientAuthIgnoresSecret,
                "remove one of the two",
            ),
        };
        if let Some(item) = &table.client_auth {
            self.findings
                .error(&item.place, contradiction.0, contradiction.1);
        }
        None
    }

    /// One, or several while it rotates; `None` if any of them cannot be read.
    fn client_secret(&mut self, secrets: &[Item<Source>]) -> Option<Vec<SecretString>> {
        let mut all = Vec::new();
        for item in secrets {
            let secret = self.source(&item.value, &item.place, UNREAD);
            all.push(secret.map(|secret| SecretString::from(secret.trim().to_owned())));
        }
        let all: Option<Vec<SecretString>> = all.into_iter().collect();
        all.filter(|all| !all.is_empty())
    }
}

#[derive(Clone, Copy)]
enum Method {
    Basic,
    Post,
    None,
}
