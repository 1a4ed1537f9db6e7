//! `display_name`, `hidden`, callbacks that lead to one provider each, and clients
//! of one each: what tells several providers apart.

use super::super::Conversion;
use crate::config::Provider;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::ProviderTable;
use crate::config::reader::{Item, Text};

/// Longest name on a button, in characters.
const NAME_MAX: usize = 64;

impl Conversion<'_> {
    pub(super) fn display_name(&mut self, item: &Item<Text>) -> Option<String> {
        let name = self.text(item, "not read")?.trim().to_owned();
        let is_good =
            (1..=NAME_MAX).contains(&name.chars().count()) && !name.contains(char::is_control);
        if is_good {
            return Some(name);
        }
        let remedy = "write what people call it, such as \"Example Ltd.\"";
        self.findings
            .error(&item.place, ConfigErrorKind::DisplayName, remedy);
        None
    }

    /// An answer has to say by its path alone whose it is.
    pub(super) fn callbacks_differ(
        &mut self,
        providers: &[Provider],
        tables: &[(String, ProviderTable)],
    ) {
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for (provider, (_, table)) in providers.iter().zip(tables) {
            let Some((path, item)) = provider
                .callback_path
                .as_deref()
                .zip(table.callback_path.as_ref())
            else {
                continue;
            };
            if let Some((_, other)) = seen.iter().find(|(other, _)| *other == path)
                && !self.is_unread(item)
            {
                let remedy = "register a path of its own at each provider";
                let kind = ConfigErrorKind::CallbackTaken((*other).to_owned());
                self.findings.error(&item.place, kind, remedy);
            }
            seen.push((path, provider.id.as_str()));
        }
    }

    /// A token says by issuer and client whose it is, and by Cognito's identity
    /// provider where each of both is held to one.
    pub(super) fn clients_differ(
        &mut self,
        providers: &[Provider],
        tables: &[(String, ProviderTable)],
    ) {
        let mut seen: Vec<&Provider> = Vec::new();
        for (provider, (_, table)) in providers.iter().zip(tables) {
            if !self.says_who_it_is(table) {
                continue;
            }
            let same = seen.iter().find(|other| are_one(other, provider));
            if let (Some(other), Some(item)) = (same, &table.client_id) {
                let remedy = "register a client for each, or make one provider of the two; with Cognito, identity_provider in both tells them apart where it differs";
                let kind = ConfigErrorKind::ClientTaken(other.id.as_str().to_owned());
                self.findings.error(&item.place, kind, remedy);
            }
            seen.push(provider);
        }
    }

    /// Whether all that it is known by was to be read.
    pub(super) fn says_who_it_is(&self, table: &ProviderTable) -> bool {
        let one = [
            &table.client_id,
            &table.issuer,
            &table.user_pool_id,
            &table.region,
            &table.domain,
            &table.identity_provider,
        ];
        let accepted = table.accepted_issuers.iter().flatten();
        let mut all = one.into_iter().flatten().chain(accepted);
        !all.any(|item| self.is_unread(item))
    }

    /// Hiding leaves no way in, or hides nothing.
    pub(super) fn hidden(&mut self, providers: &[(String, ProviderTable)]) {
        let hidden = |table: &ProviderTable| {
            let item = table.hidden.as_ref();
            item.filter(|item| item.value)
                .map(|item| item.place.clone())
        };
        let hidden: Vec<_> = providers
            .iter()
            .filter_map(|(_, one)| hidden(one))
            .collect();
        if let Some(first) = hidden.first().filter(|_| hidden.len() == providers.len()) {
            let (kind, remedy) = match providers.len() {
                1 => (
                    ConfigWarningKind::HiddenAlone,
                    "remove it; with one provider there is nothing to choose from",
                ),
                _ => (
                    ConfigWarningKind::AllHidden,
                    "show one of them, unless everybody has a link to PREFIX/login/ID",
                ),
            };
            self.findings.warn(first, kind, remedy);
        }
    }
}

fn are_one(one: &Provider, other: &Provider) -> bool {
    let share_issuer = one
        .issuers()
        .any(|issuer| other.issuers().any(|theirs| theirs == issuer));
    let apart = match (&one.identity_provider, &other.identity_provider) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    let same_client = one.client_id.is_some() && one.client_id == other.client_id;
    same_client && share_issuer && !apart
}
