//! What a discovery document says about a configuration (OpenID Connect
//! Discovery 1.0, 3; RFC 8414, 2). Pure: a document in, findings out.

use serde::Deserialize;

use super::{About, Finding, Verdict};
use crate::config::{ClientAuth, Provider, ProviderKind};
use crate::edge::provider::discovery_url;

/// The parts of a document that are looked at. A list that is not there says nothing.
#[derive(Deserialize)]
pub(super) struct Advertised {
    pub(super) issuer: String,
    scopes_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// How many keys a JWK set lists, usable or not.
pub(super) fn published(jwks: &[u8]) -> usize {
    let document: Option<serde_json::Value> = serde_json::from_slice(jwks).ok();
    let keys = document.as_ref().and_then(|document| document.get("keys"));
    keys.and_then(serde_json::Value::as_array)
        .map_or(0, Vec::len)
}

impl Advertised {
    pub(super) fn read(document: &[u8]) -> Option<Self> {
        serde_json::from_slice(document).ok()
    }

    /// Tells `find` what of a provider's configuration fits, and what does not.
    pub(super) fn hold_against(&self, provider: &Provider, mut find: impl FnMut(Finding)) {
        let at = discovery_url(&provider.issuer)
            .map(String::from)
            .unwrap_or_default();
        let all = [
            self.scopes(provider),
            self.refresh_token(provider),
            self.pkce(),
            self.algorithms(provider),
            self.client_auth(provider),
        ];
        for (about, verdict, words, remedy) in all.into_iter().flatten() {
            find(Finding {
                about,
                verdict,
                provider: provider.id.as_str().to_owned(),
                at: at.clone(),
                words,
                remedy,
            });
        }
    }

    fn scopes(&self, provider: &Provider) -> Option<Told> {
        let known = self.scopes_supported.as_ref()?;
        let is_unknown = |scope: &&String| !known.contains(scope);
        // Cognito names its standard scopes alone; those of resource servers are as good.
        let is_custom =
            |scope: &&String| provider.kind == ProviderKind::Cognito && scope.contains('/');
        let mut unknown = provider.scopes.iter().filter(is_unknown);
        Some(match unknown.find(|scope| !is_custom(scope)) {
            None => (
                About::Scopes,
                Verdict::Good,
                "all are known there".to_owned(),
                "",
            ),
            Some(scope) => (
                About::Scopes,
                Verdict::Warning,
                format!("{scope} is not among those that the provider lists"),
                "check provider.ID.scopes; providers may refuse a login for a scope that they do not know",
            ),
        })
    }

    fn refresh_token(&self, provider: &Provider) -> Option<Told> {
        const OFFLINE: &str = "offline_access";
        // Cognito gives one without being asked, and refuses the login if it is.
        if provider.kind == ProviderKind::Cognito {
            return None;
        }
        let known = self.scopes_supported.as_ref()?;
        let asked = provider.scopes.iter().any(|scope| scope == OFFLINE);
        let offered = known.iter().any(|scope| scope == OFFLINE);
        Some(match (offered, asked) {
            (true, false) => (
                About::RefreshToken,
                Verdict::Warning,
                "the provider gives a refresh token for the scope offline_access, which is not asked for".to_owned(),
                "add \"offline_access\" to provider.ID.scopes, unless sessions shall end with their first token",
            ),
            (true, true) => (About::RefreshToken, Verdict::Good, "offline_access is asked for".to_owned(), ""),
            (false, _) => return None,
        })
    }

    fn pkce(&self) -> Option<Told> {
        let methods = self.code_challenge_methods_supported.as_ref()?;
        Some(match methods.iter().any(|method| method == "S256") {
            true => (
                About::Pkce,
                Verdict::Good,
                "S256 is supported".to_owned(),
                "",
            ),
            false => (
                About::Pkce,
                Verdict::Warning,
                "the provider does not list S256, which is what Vestibule sends".to_owned(),
                "switch PKCE with S256 on at the provider; without it a stolen code is worth more",
            ),
        })
    }

    fn algorithms(&self, provider: &Provider) -> Option<Told> {
        let theirs = self.id_token_signing_alg_values_supported.as_ref()?;
        let is_theirs = |name: &&str| theirs.iter().any(|other| other == name);
        let ours = || provider.signing_algorithms.iter().map(|one| one.name());
        let common: Vec<&str> = ours().filter(is_theirs).collect();
        Some(match common.as_slice() {
            [] => (
                About::Algorithms,
                Verdict::Contradiction,
                format!(
                    "the provider signs ID tokens with none of {}",
                    ours().collect::<Vec<_>>().join(", ")
                ),
                "name in provider.ID.signing_algorithms what it signs with",
            ),
            common => (About::Algorithms, Verdict::Good, common.join(", "), ""),
        })
    }

    fn client_auth(&self, provider: &Provider) -> Option<Told> {
        let theirs = self.token_endpoint_auth_methods_supported.as_ref()?;
        let ours = match provider.client_auth {
            ClientAuth::Basic(_) => "client_secret_basic",
            ClientAuth::Post(_) => "client_secret_post",
            ClientAuth::None => "none",
        };
        // Cognito does not list "none", and has public clients.
        let unlisted = provider.kind == ProviderKind::Cognito && ours == "none";
        Some(
            match unlisted || theirs.iter().any(|method| method == ours) {
                true => (About::ClientAuth, Verdict::Good, ours.to_owned(), ""),
                false => (
                    About::ClientAuth,
                    Verdict::Warning,
                    format!("{ours} is not among the ways that the provider lists"),
                    "set provider.ID.client_auth to \"basic\", \"post\" or \"none\", as the provider wants it",
                ),
            },
        )
    }
}

/// About what, how bad, in which words, and what to do.
type Told = (About, Verdict, String, &'static str);
