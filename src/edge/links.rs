//! The providers at work: for each of them what is known of it, our client
//! there, and whether it answers.
//!
//! Owns that all of it stays when a reload does not change it. Decides nothing.

use std::sync::Arc;

use super::http::HttpClient;
use super::oidc::RelyingParty;
use super::provider::{ProviderState, Snapshot};
use super::reach::Reach;
use super::turns::Turns;
use crate::config::{Config, Provider};
use crate::gate::refresh::Outcome;
use crate::gate::time::UnixTime;
use crate::gate::{Known, Seen};

/// One provider at work.
pub struct Link {
    id: String,
    pub(super) state: Arc<ProviderState>,
    pub(super) relying_party: RelyingParty,
    pub(super) reach: Arc<Reach>,
    pub(super) turns: Arc<Turns>,
    /// What its endpoints and keys depend on, as text.
    facts: String,
}

/// All of them, in the order of the configuration.
pub struct Links(Vec<Link>);

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl Link {
    fn new(provider: &Provider, http: &HttpClient, before: Option<&Self>) -> Self {
        let facts = facts(provider);
        let turns = before.map(|before| Arc::clone(&before.turns));
        let same = before.filter(|before| before.facts == facts);
        let (state, reach) = match same {
            Some(same) => (Arc::clone(&same.state), Arc::clone(&same.reach)),
            None => {
                let known = before.map(|before| &*before.state);
                let state = Arc::new(ProviderState::after(known, provider, http.clone()));
                let reach = Reach::new(&provider.issuer, state.http());
                (state, Arc::new(reach))
            }
        };
        Self {
            id: provider.id.as_str().to_owned(),
            relying_party: RelyingParty::new(provider, state.http()),
            state,
            reach,
            turns: turns.unwrap_or_default(),
            facts,
        }
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is known of it.
    #[must_use]
    pub fn state(&self) -> &Arc<ProviderState> {
        &self.state
    }

    /// Revokes a refresh token of it, if it has a place for that.
    pub(super) async fn revoke(&self, token: &str) {
        let snapshot = self.state.snapshot();
        let endpoints = snapshot.endpoints.as_ref();
        let endpoint = endpoints.and_then(|endpoints| endpoints.revocation.clone());
        drop(snapshot);
        if let Some(endpoint) = endpoint {
            self.relying_party.revoke(token, &endpoint).await;
        }
    }

    /// Whether it makes sense to send a browser there.
    pub(super) async fn is_there(&self) -> bool {
        let snapshot = self.state.snapshot();
        let keys = snapshot.endpoints.as_ref().map(|all| all.jwks.clone());
        drop(snapshot);
        match keys {
            Some(keys) => self.reach.is_there(&keys).await,
            None => false,
        }
    }
}

impl Links {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(config: &Config, http: &HttpClient) -> Self {
        let providers = config.providers.iter();
        Self(providers.map(|one| Link::new(one, http, None)).collect())
    }

    /// Those of a new configuration: what is known of a provider stays as far as
    /// that provider is still the same.
    #[must_use]
    pub fn succeeded_by(&self, config: &Config, http: &HttpClient) -> Self {
        let providers = config.providers.iter();
        let link = |one: &Provider| Link::new(one, http, self.named(one.id.as_str()));
        Self(providers.map(link).collect())
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Link> {
        self.0.iter()
    }

    /// The one of this name.
    #[must_use]
    pub fn named(&self, id: &str) -> Option<&Link> {
        self.iter().find(|link| link.id == id)
    }

    /// Those whose endpoints and keys have not been seen yet.
    pub fn unseen(&self) -> impl Iterator<Item = &Link> {
        self.iter().filter(|link| !link.state.is_ready())
    }

    /// What is known now, for the core.
    pub(super) fn with_known<T>(
        &self,
        refreshed: Option<&Outcome>,
        now: UnixTime,
        ask: impl FnOnce(Known<'_>) -> T,
    ) -> T {
        // Nearly always there is one, and then nothing is allocated.
        if let [only] = self.0.as_slice() {
            let snapshot = only.state.snapshot();
            return ask(Known {
                providers: &[seen(&only.state, &snapshot, now)],
                refreshed,
                may_not_renew: false,
            });
        }
        let snapshots: Vec<_> = self.iter().map(|link| link.state.snapshot()).collect();
        let links = self.iter().zip(&snapshots);
        let all: Vec<Seen<'_>> = links
            .map(|(link, snapshot)| seen(&link.state, snapshot, now))
            .collect();
        ask(Known {
            providers: &all,
            refreshed,
            may_not_renew: false,
        })
    }
}

fn seen<'s>(state: &ProviderState, snapshot: &'s Snapshot, now: UnixTime) -> Seen<'s> {
    let endpoints = snapshot.endpoints.as_ref();
    Seen {
        keys: snapshot.keys(now),
        logout: endpoints.and_then(|endpoints| endpoints.logout.as_ref()),
        names_itself: endpoints.is_some_and(|endpoints| endpoints.names_itself),
        clock_ahead: state.clock_ahead(),
    }
}

/// What a provider's endpoints and keys depend on.
fn facts(provider: &Provider) -> String {
    let Provider {
        kind,
        issuer,
        endpoints,
        signing_algorithms,
        keys_max_age,
        userinfo,
        http,
        client_id,
        ..
    } = provider;
    // Without a client, no endpoint for logins is looked for.
    let signs_in = client_id.is_some();
    format!(
        "{kind:?} {issuer:?} {endpoints:?} {signing_algorithms:?} {keys_max_age:?} {userinfo} {http:?} {signs_in}"
    )
}
