//! What has to be registered at the provider, so that it sends people back.
//!
//! Owns the two lists of URLs, byte for byte as we send them: providers
//! compare them exactly. Must not know how they are asked for.

use std::fmt;

use super::{Config, LogoutReach, Provider, ProviderKind};

/// The URLs to register at one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    provider: String,
    kind: ProviderKind,
    issuer: String,
    client_id: String,
    callbacks: Vec<String>,
    sign_outs: Vec<String>,
}

/// The URLs that a configuration needs registered, at each provider in the
/// order of the file.
#[must_use]
pub fn registrations(config: &Config) -> Vec<Registration> {
    let providers = config.providers.iter();
    providers
        .filter_map(|provider| registration(config, provider))
        .collect()
}

/// The URLs that it needs registered at one of its providers; `None` at one
/// that only vouches for bearer tokens.
#[must_use]
pub fn registration(config: &Config, provider: &Provider) -> Option<Registration> {
    let client_id = provider.client_id.clone()?;
    let prefix = &config.server.path_prefix;
    let callback = config.callback_path(provider);
    let on_each = |path: &str| -> Vec<String> {
        let origins = config.server.origins.iter();
        origins.map(|origin| format!("{origin}{path}")).collect()
    };
    Some(Registration {
        provider: provider.id.as_str().to_owned(),
        kind: provider.kind,
        issuer: provider.issuer.clone(),
        client_id,
        callbacks: on_each(&callback),
        sign_outs: match provider.logout {
            LogoutReach::Provider => on_each(&format!("{prefix}/signed-out")),
            LogoutReach::Then => on_each(&config.logout_then_path(provider)),
            LogoutReach::Local => Vec::new(),
        },
    })
}

impl Registration {
    /// The client that the URLs are registered for.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Where the provider sends people after the login; one for each public origin.
    #[must_use]
    pub fn callback_urls(&self) -> &[String] {
        &self.callbacks
    }

    /// Where it sends them after the logout; none if logging out stays local.
    #[must_use]
    pub fn sign_out_urls(&self) -> &[String] {
        &self.sign_outs
    }
}

impl fmt::Display for Registration {
    /// For people, without a newline at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.kind {
            ProviderKind::Cognito => Words {
                where_to: "in the AWS console: Amazon Cognito, this user pool, App clients, this client, Login pages, Edit",
                callbacks: "Allowed callback URLs",
                sign_outs: "Allowed sign-out URLs",
            },
            ProviderKind::Oidc => Words {
                where_to: "at the provider, in the settings of this client",
                callbacks: "redirect URIs",
                sign_outs: "post-logout redirect URIs",
            },
        };
        writeln!(f, "register for provider.{}", self.provider)?;
        writeln!(f, "  issuer {}", self.issuer)?;
        writeln!(f, "  client {}", self.client_id)?;
        write!(f, "  {}", words.where_to)?;
        list(f, words.callbacks, &self.callbacks)?;
        list(f, words.sign_outs, &self.sign_outs)
    }
}

struct Words {
    where_to: &'static str,
    callbacks: &'static str,
    sign_outs: &'static str,
}

fn list(f: &mut fmt::Formatter<'_>, title: &str, urls: &[String]) -> fmt::Result {
    if !urls.is_empty() {
        write!(f, "\n  {title}")?;
    }
    for url in urls {
        write!(f, "\n    {url}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
