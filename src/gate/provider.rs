//! The providers, as the core knows them: for good, and by now.
//!
//! Owns which provider a session, a callback or a name belongs to. What belongs
//! to none of them is nobody's: there is no default. Must not know how a
//! provider is asked.

use sha2::{Digest, Sha256};
use url::Url;

use super::claims::ClaimPath;
use super::email::EmailDomains;
use super::identity::Mapping;
use super::login::Asked;
use super::refresh::Outcome;
use super::session::Session;
use super::token::{BearerVerifier, KeySet, Verifier};
use crate::config::{self, Config, LogoutReach, LogoutThen, ProviderKind};

/// What the core needs to know of one provider for good.
#[derive(Debug)]
pub(super) struct Provider {
    /// Its place in the configuration.
    place: usize,
    pub(super) id: String,
    /// What people know it by.
    pub(super) title: String,
    pub(super) hidden: bool,
    pub(super) email_domains: EmailDomains,
    pub(super) kind: ProviderKind,
    pub(super) issuers: Vec<String>,
    pub(super) client_id: String,
    /// Its issuer and client, whatever it is called.
    pub(super) asked: Asked,
    /// The path of the redirect URI that it is sent.
    pub(super) callback: String,
    /// Parameters that a login link passes on.
    pub(super) forwarded: Vec<String>,
    pub(super) logout: LogoutReach,
    pub(super) logout_then: Option<LogoutThen>,
    /// Where its logout returns then.
    pub(super) logout_then_path: String,
    /// In seconds.
    pub(super) max_auth_age: Option<u64>,
    /// Only this one verifies a session that names the provider.
    pub(super) verifier: Verifier,
    /// The same for bearer tokens of API clients.
    pub(super) bearer: BearerVerifier,
    /// Whether people sign in through it.
    signs_in: bool,
    pub(super) mapping: Mapping,
}

/// All of them, in the order of the configuration.
#[derive(Debug)]
pub(super) struct Providers(Vec<Provider>);

/// What is known by now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'k> {
    /// Of each provider, in the order of the configuration.
    pub providers: &'k [Seen<'k>],
    /// What became of the refresh that this request has waited for.
    pub refreshed: Option<&'k Outcome>,
    /// Whether nothing may be renewed for this request: what would become of it
    /// could not reach the browser.
    pub may_not_renew: bool,
}

/// What is known of one provider by now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen<'k> {
    /// Its keys, once they have been seen.
    pub keys: Option<&'k KeySet>,
    /// Its logout endpoint, if it has one.
    pub logout: Option<&'k Url>,
    /// Whether each answer of its authorization endpoint names its issuer
    /// (`authorization_response_iss_parameter_supported`, RFC 9207 3).
    pub names_itself: bool,
    /// By how many seconds our clock is ahead of its clock, as far as it has
    /// said so; negative if ours is behind.
    pub clock_ahead: Option<i64>,
}

impl<'k> Known<'k> {
    pub(super) fn of(self, provider: &Provider) -> Seen<'k> {
        let seen = self.providers.get(provider.place);
        seen.copied().unwrap_or_default()
    }
}

impl Provider {
    fn new(place: usize, config: &Config, provider: &config::Provider) -> Self {
        let issuers: Vec<String> = std::iter::once(&provider.issuer)
            .chain(&provider.accepted_issuers)
            .cloned()
            .collect();
        // Without one, nobody begins a login there or ends one.
        let client_id = provider.client_id.clone().unwrap_or_default();
        let ruled = config.routes.iter().flat_map(|route| route.access.claims());
        Self {
            place,
            id: provider.id.as_str().to_owned(),
            title: provider.title().to_owned(),
            hidden: provider.hidden,
            email_domains: provider.email_domains.clone(),
            kind: provider.kind,
            verifier: Verifier::new(provider.kind, issuers.clone(), provider.client_id.clone())
                .only_through(provider.identity_provider.clone()),
            bearer: BearerVerifier::new(
                provider.kind,
                issuers.clone(),
                provider.api.clone(),
                provider.identity_provider.clone(),
            ),
            signs_in: provider.signs_in(),
            asked: asked(&provider.issuer, &client_id),
            issuers,
            client_id,
            callback: config.callback_path(provider),
            forwarded: provider.authorize_params.forwarded.clone(),
            logout: provider.logout,
            logout_then: provider.logout_then.clone(),
            logout_then_path: config.logout_then_path(provider),
            max_auth_age: provider.max_auth_age.map(|age| age.as_secs()),
            mapping: Mapping::new(&provider.identity, provider)
                .with_ruled(ruled.collect::<Vec<&ClaimPath>>().into_iter()),
        }
    }
}

fn asked(issuer: &str, client_id: &str) -> Asked {
    let mut hash = Sha256::new();
    hash.update(issuer);
    // No URL holds it: no two pairs share a text.
    hash.update([0]);
    hash.update(client_id);
    hash.finalize().first_chunk().copied().unwrap_or_default()
}

impl Providers {
    pub(super) fn new(config: &Config) -> Self {
        let providers = config.providers.iter().enumerate();
        Self(
            providers
                .map(|(place, provider)| Provider::new(place, config, provider))
                .collect(),
        )
    }

    /// Those through which people sign in: a login, a session and a callback
    /// belong to none of the others.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.all().filter(|provider| provider.signs_in)
    }

    /// Whether there is any: where all only vouch for bearer tokens, no login
    /// begins.
    pub(super) fn sign_anybody_in(&self) -> bool {
        self.iter().next().is_some()
    }

    /// Those too that only vouch for bearer tokens.
    pub(super) fn all(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter()
    }

    /// The one of this name that vouches for a bearer token.
    pub(super) fn by_bearer(&self, id: &str) -> Option<&Provider> {
        self.all().find(|provider| provider.id == id)
    }

    /// The one of this name.
    pub(super) fn named(&self, id: &str) -> Option<&Provider> {
        self.iter().find(|provider| provider.id == id)
    }

    /// The one that gave a session its tokens, going by what the ID token says:
    /// its name may be another one's by now.
    pub(super) fn that_gave(&self, session: &Session) -> Option<&Provider> {
        let gave = |provider: &&Provider| provider.verifier.is_addressee(session.id_token());
        self.of(session).filter(gave)
    }

    /// The one that a session names.
    pub(super) fn of(&self, session: &Session) -> Option<&Provider> {
        self.named(session.provider())
    }

    /// The one that there is, if there is no other.
    pub(super) fn only(&self) -> Option<&Provider> {
        let mut all = self.iter();
        all.next().filter(|_| all.next().is_none())
    }

    /// The one whose logout goes on, if there is no other.
    pub(super) fn only_with_logout_then(&self) -> Option<&Provider> {
        let mut all = self.iter().filter(|one| one.logout_then.is_some());
        all.next().filter(|_| all.next().is_none())
    }

    /// The one whose answers come to this address: by the id in its path, else
    /// by a path that belongs to one alone.
    pub(super) fn of_callback(&self, path: &str, in_path: Option<&str>) -> Option<&Provider> {
        match in_path {
            Some(id) => self.named(id),
            None => {
                let registered = self.iter().find(|provider| provider.callback == path);
                registered.or_else(|| self.only())
            }
        }
    }
}
