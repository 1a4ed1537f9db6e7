//! `[identity]` and `[headers]`.

use super::Conversion;
use crate::config::file::{ClaimTable, HeadersTable, IdentityTable};
use crate::config::reader::{Item, Text};
use crate::config::{Identity, ProviderKind};
use crate::gate::claims::ClaimPath;

/// `unmapped`: the first is how this version treats every value.
const UNMAPPED: &[&str] = &["keep", "drop", "deny", "default"];
/// Built-in header presets: the first is the one of this version.
const PRESETS: &[&str] = &[
    "vestibule",
    "oauth2-proxy",
    "oauth2-proxy-auth-request",
    "alb",
    "authelia",
    "authentik",
    "grafana",
    "remote-user",
    "bearer",
    "mod_auth_openidc",
    "google-iap",
    "cloudflare-access",
    "azure-easy-auth",
];

impl Conversion<'_> {
    /// `kind` is the provider's, as far as it is known.
    pub(super) fn identity(
        &mut self,
        table: &IdentityTable,
        kind: Option<ProviderKind>,
    ) -> Identity {
        let groups = match kind {
            Some(ProviderKind::Oidc) => "groups",
            Some(ProviderKind::Cognito) | None => "cognito:groups",
        };
        Identity {
            user: self
                .claims(table.user.as_ref())
                .unwrap_or_else(|| built_in("email")),
            email: self
                .claims(table.email.as_ref())
                .unwrap_or_else(|| built_in("email")),
            name: self.claims(table.name.as_ref()),
            groups: self
                .claims(table.groups.as_ref())
                .unwrap_or_else(|| built_in(groups)),
            access_right: self.claims(table.access_right.as_ref()).unwrap_or_default(),
        }
    }

    /// `None` if the key is not there.
    fn claims(&mut self, table: Option<&ClaimTable>) -> Option<Vec<ClaimPath>> {
        let table = table?;
        if let Some(unmapped) = &table.unmapped {
            self.only_first(unmapped, UNMAPPED);
        }
        let Some(names) = &table.claim else {
            if let Some(place) = &table.place {
                let remedy = "write claim = \"NAME\", the claim in the provider's token";
                self.findings.missing(&place.child("claim"), remedy);
            }
            return Some(Vec::new());
        };
        Some(names.iter().filter_map(|item| self.claim(item)).collect())
    }

    fn claim(&mut self, item: &Item<Text>) -> Option<ClaimPath> {
        let text = self.text(item, "not-read")?;
        match ClaimPath::parse(&text) {
            Ok(path) => Some(path),
            Err(error) => {
                let remedy = "a dot goes one step down, as in \"address.country\"; \"\\\\.\" is a dot of the name itself";
                self.findings.error(&item.place, error, remedy);
                None
            }
        }
    }

    /// The preset of this version needs no configuration: it is checked, and that is all.
    pub(super) fn headers(&mut self, table: &HeadersTable) {
        for item in table.preset.iter().flatten() {
            self.only_first(item, PRESETS);
        }
    }

    /// The first word is understood, the others are of a later version.
    fn only_first(&mut self, item: &Item<Text>, words: &'static [&'static str]) {
        let first = words.first().copied().unwrap_or_default();
        let Some(text) = self.text(item, first) else {
            return;
        };
        if !words.contains(&text.as_str()) {
            self.not_a_choice(item, &text, words);
        } else if text != first {
            let remedy = format!("write \"{first}\"; that is all there is in this version");
            self.findings.later(&item.place, &remedy);
        }
    }
}

fn built_in(name: &str) -> Vec<ClaimPath> {
    ClaimPath::parse(name).into_iter().collect()
}
