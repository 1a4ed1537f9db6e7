//! What goes into the authorization URL beside the flow's own parameters.

use super::Conversion;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::ProviderTable;
use crate::config::reader::Item;
use crate::config::{AuthorizeParams, ProviderKind};

/// Parameters that are the flow's own: who could set them could undo it
/// (RFC 6749 4.1.1, RFC 7636 4.3, OpenID Connect Core 3.1.2.1 and 6).
const OURS: &[&str] = &[
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];
/// Parameters that have a key of their own, or are our own login links'.
const OUR_LINKS: &[&str] = &["fragment", "provider", "rd"];

impl Conversion<'_> {
    pub(super) fn authorize_params(
        &mut self,
        table: &ProviderTable,
        kind: ProviderKind,
    ) -> (AuthorizeParams, Option<String>) {
        let mut fixed: Vec<(String, String)> = Vec::new();
        for (name, value) in &table.authorize_params {
            let allowed = self.param_name(name.value.as_str(), name);
            let text = self.text(value, "not-read");
            fixed.extend(
                text.filter(|_| allowed)
                    .map(|text| (name.value.clone(), text)),
            );
        }
        let keys = [
            ("identity_provider", &table.identity_provider),
            ("idp_identifier", &table.idp_identifier),
        ];
        let mut identity_provider = None;
        for (name, item) in keys {
            let Some(item) = item else {
                continue;
            };
            if kind != ProviderKind::Cognito {
                let remedy = "remove it; what other providers take goes into authorize_params";
                self.findings
                    .error(&item.place, ConfigErrorKind::CognitoOnly, remedy);
                continue;
            }
            if fixed.iter().any(|(other, _)| other == name) {
                let kind = ConfigErrorKind::Repeated(format!("authorize_params.{name}"));
                let remedy = "keep this one; it is checked in the token too";
                self.findings.error(&item.place, kind, remedy);
            }
            let Some(text) = self.text(item, "not-read") else {
                continue;
            };
            if name == "identity_provider" {
                identity_provider = Some(text.clone());
            }
            fixed.push((name.to_owned(), text));
        }
        if let (Some(_), Some(second)) = (&table.identity_provider, &table.idp_identifier) {
            let remedy =
                "keep identity_provider; both say where to sign in, and Cognito looks at one";
            let kind = ConfigErrorKind::Repeated("identity_provider".to_owned());
            self.findings.error(&second.place, kind, remedy);
        }
        let forwarded = self.forwarded(table, identity_provider.is_some());
        (AuthorizeParams { fixed, forwarded }, identity_provider)
    }

    fn forwarded(&mut self, table: &ProviderTable, provider_is_fixed: bool) -> Vec<String> {
        let mut forwarded = Vec::new();
        for item in table.forward_params.iter().flatten() {
            let Some(name) = self.text(item, "login_hint") else {
                continue;
            };
            if name == "identity_provider" && provider_is_fixed {
                let remedy = "remove it; a link that names another provider would end in a refusal";
                let kind = ConfigWarningKind::ForwardsFixed;
                self.findings.warn(&item.place, kind, remedy);
            }
            if forwarded.contains(&name) {
                let kind = ConfigErrorKind::Repeated(name);
                self.findings.error(&item.place, kind, "name it once");
            } else if self.param_name(&name, item) {
                forwarded.push(name);
            }
        }
        forwarded
    }

    /// Whether a parameter may have this name.
    fn param_name<T>(&mut self, name: &str, item: &Item<T>) -> bool {
        let legal = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
        if legal && !OURS.contains(&name) && !OUR_LINKS.contains(&name) {
            return true;
        }
        let remedy = "remove it; Vestibule sets the parameters of the sign-in itself";
        self.findings
            .error(&item.place, ConfigErrorKind::AuthorizeParam, remedy);
        false
    }
}
