//! The authorization URL.
//!
//! Owns what is sent along with a browser. Must not know which login it is for: the
//! core has made state, nonce and verifier.

use openidconnect::core::{CoreAuthPrompt, CoreAuthenticationFlow};
use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use url::Url;

use super::{BadEndpoint, RelyingParty};
use crate::edge::provider::Resolved;
use crate::gate::signin::Authorize;

impl RelyingParty {
    /// The authorization URL: code flow with PKCE S256, `state` and `nonce`.
    ///
    /// # Errors
    /// If an endpoint is no URL.
    pub fn authorize_url(&self, ask: &Authorize, endpoints: &Resolved) -> Result<Url, BadEndpoint> {
        let verifier = PkceCodeVerifier::new(ask.code_verifier.to_string());
        let redirect = RedirectUrl::new(ask.redirect_uri.clone()).map_err(|_| BadEndpoint)?;
        let client = self.client(endpoints, self.secrets.first())?;
        let client = client.set_redirect_uri(redirect);
        let (state, nonce) = (ask.state.clone(), ask.nonce.clone());
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            // openidconnect adds `openid` by itself.
            .add_scopes(
                self.scopes
                    .iter()
                    .filter(|scope| *scope != "openid")
                    .cloned()
                    .map(Scope::new),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let request = match self.max_age {
            Some(max_age) => request.set_max_age(max_age),
            None => request,
        };
        let request = match ask.reauthenticate {
            true => request.add_prompt(CoreAuthPrompt::Login),
            false => request,
        };
        // What the policy asks for goes before what is configured or passed on.
        let is_set = |name: &str| match name {
            "max_age" => self.max_age.is_some(),
            "prompt" => ask.reauthenticate,
            _ => false,
        };
        let fixed = self.params.iter().filter(|(name, _)| {
            let is_it = |(other, _): &(String, String)| other == name;
            !ask.passed_on.iter().any(is_it)
        });
        let request = fixed
            .chain(&ask.passed_on)
            .filter(|(name, _)| !is_set(name))
            .fold(request, |request, (name, value)| {
                request.add_extra_param(name.clone(), value.clone())
            });
        Ok(request.url().0)
    }
}
