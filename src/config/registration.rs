//! What has to be registered at the provider, so that it sends people back.
//!
//! Owns the two lists of URLs, byte for byte as we send them: providers
//! compare them exactly. Must not know how they are asked for.

use std::fmt;

use super::convert::{UNREAD_POOL, Unread};
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
/// order of the file. What was not read is told by where it comes from.
#[must_use]
pub fn registrations(config: &Config, unread: &[Unread]) -> Vec<Registration> {
    let providers = config.providers.iter();
    providers
        .filter_map(|provider| as_far_as_read(config, provider, &Known(unread)))
        .collect()
}

/// The URLs that it needs registered at one of its providers; `None` at one
/// that only vouches for bearer tokens.
#[must_use]
pub fn registration(config: &Config, provider: &Provider) -> Option<Registration> {
    as_far_as_read(config, provider, &Known(&[]))
}

fn as_far_as_read(config: &Config, provider: &Provider, known: &Known<'_>) -> Option<Registration> {
    let id = provider.id.as_str();
    let own = |key: &str| format!("provider.{id}.{key}");
    let client_id = provider.client_id.clone()?;
    let prefix = &config.server.path_prefix;
    let told_prefix = known.or("server.path_prefix", prefix);
    let below = |path: &str| match path.strip_prefix(prefix.as_str()) {
        Some(rest) => format!("{told_prefix}{rest}"),
        None => path.to_owned(),
    };
    let on_each = |path: &str| -> Vec<String> {
        let origins = config.server.origins.iter().enumerate();
        origins
            .map(|(place, origin)| format!("{}{path}", known.origin(place, origin.as_str())))
            .collect()
    };
    let callback = below(&config.callback_path(provider));
    Some(Registration {
        provider: id.to_owned(),
        kind: provider.kind,
        issuer: known.issuer(&own("issuer"), &own("user_pool_id"), &provider.issuer),
        client_id: known.or(&own("client_id"), &client_id),
        callbacks: on_each(&known.or(&own("callback_path"), &callback)),
        sign_outs: match provider.logout {
            LogoutReach::Provider => on_each(&below(&format!("{prefix}/signed-out"))),
            LogoutReach::Then => on_each(&below(&config.logout_then_path(provider))),
            LogoutReach::Local => Vec::new(),
        },
    })
}

/// What was not read, where something invented stands in for it.
struct Known<'u>(&'u [Unread]);

impl Known<'_> {
    fn unread(&self, key: &str) -> Option<&Unread> {
        self.0.iter().find(|unread| unread.key == key)
    }

    fn or(&self, key: &str, text: &str) -> String {
        self.unread(key)
            .map_or_else(|| text.to_owned(), Unread::to_string)
    }

    /// By its place in the list, or the only one.
    fn origin(&self, place: usize, origin: &str) -> String {
        match self.unread("server.public_url").filter(|_| place == 0) {
            Some(unread) => unread.to_string(),
            None => self.or(&format!("server.public_url[{place}]"), origin),
        }
    }

    /// One that is written stands for itself, whatever the pool's id is.
    fn issuer(&self, key: &str, pool: &str, issuer: &str) -> String {
        let of_pool = self.unread(pool).filter(|_| issuer.ends_with(UNREAD_POOL));
        match self.unread(key).or(of_pool) {
            Some(unread) => unread.to_string(),
            None => issuer.to_owned(),
        }
    }
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
