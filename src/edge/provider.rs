//! What is known of the provider by now: its endpoints and keys, fetched in
//! the background and swapped in as a whole.
//!
//! Owns the schedule. Whatever arrives from clients, keys are fetched at most
//! once in [`PAUSE`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use pingora::server::ShutdownWatch;
use pingora::services::background::BackgroundService;
use serde::Deserialize;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::http::{HttpClient, HttpError};
use crate::config::{Endpoints, Provider, ProviderKind};
use crate::gate::token::KeySet;
use crate::gate::token::keys::KeySetError;

/// At most one fetch in this time, whatever key ids arrive (field.md R19).
const PAUSE: Duration = Duration::from_secs(10);
/// Keys are fetched anew this often without being asked.
const INTERVAL: Duration = Duration::from_secs(15 * 60);
/// Waits between attempts while nothing is known yet.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_RETRY: Duration = Duration::from_secs(15);

/// A snapshot of what is known.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Where to send browsers and codes.
    pub endpoints: Option<Resolved>,
    /// The provider's keys.
    pub keys: Option<KeySet>,
    /// The document they were read from, for the second opinion on ID tokens.
    pub key_document: Bytes,
}

/// All endpoints that a login needs.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Where browsers are sent to sign in.
    pub authorization: Url,
    /// Where codes are redeemed.
    pub token: Url,
    /// The JWK set.
    pub jwks: Url,
    /// Where userinfo is; there if the configuration wants it.
    pub userinfo: Option<Url>,
    /// Where refresh tokens are revoked, if anywhere.
    pub revocation: Option<Url>,
    /// Where browsers sign out, if anywhere.
    pub logout: Option<Url>,
}

/// The provider as this process knows it.
pub struct ProviderState {
    issuer: String,
    kind: ProviderKind,
    wants_userinfo: bool,
    configured: Endpoints,
    http: HttpClient,
    snapshot: ArcSwap<Snapshot>,
    ready: AtomicBool,
    wanted: Notify,
    fetched: watch::Sender<u64>,
}

/// Why the provider is not known (yet).
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// The document could not be fetched.
    #[error("{document}: {source}")]
    Fetch {
        /// Which one.
        document: &'static str,
        /// Why.
        source: HttpError,
    },
    /// It is no discovery document.
    #[error("the discovery document is not what it should be")]
    Malformed,
    /// It is another issuer's (OpenID Connect Discovery 1.0, 4.3).
    #[error("the discovery document is of another issuer")]
    OtherIssuer,
    /// It lacks an endpoint that a login needs.
    #[error(
        "the discovery document lacks an endpoint, or has one that is neither https nor loopback"
    )]
    Endpoint,
    /// `userinfo = true`, and the provider has none.
    #[error(
        "the discovery document names no userinfo endpoint; set provider.endpoints.userinfo, or userinfo = false"
    )]
    NoUserinfo,
    /// A Cognito pool without a domain (cognito.md 1.2).
    #[error("the user pool has no domain; create one in Cognito, or set provider.domain")]
    NoDomain,
    /// The keys are not usable.
    #[error("keys: {0}")]
    Keys(#[from] KeySetError),
}

impl std::fmt::Debug for ProviderState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderState")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// OpenID Connect Discovery 1.0, section 3, as far as we use it.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: Option<Url>,
    token_endpoint: Option<Url>,
    jwks_uri: Option<Url>,
    userinfo_endpoint: Option<Url>,
    revocation_endpoint: Option<Url>,
    end_session_endpoint: Option<Url>,
}

impl ProviderState {
    /// Nothing is known yet; [`BackgroundService::start`] finds it out.
    #[must_use]
    pub fn new(provider: &Provider, http: HttpClient) -> Self {
        Self {
            issuer: provider.issuer.clone(),
            kind: provider.kind,
            wants_userinfo: provider.userinfo,
            configured: provider.endpoints.clone(),
            http,
            snapshot: ArcSwap::default(),
            ready: AtomicBool::new(false),
            wanted: Notify::new(),
            fetched: watch::Sender::new(0),
        }
    }

    /// What is known now.
    pub fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Whether endpoints and keys have been seen once.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// A token named a key that is not known: fetch again, when that is due.
    pub fn nudge(&self) {
        self.wanted.notify_one();
    }

    /// The same, and wait for the next fetch, at most [`PAUSE`] and a little.
    /// Only the callback, a cold path, may do so.
    pub async fn refetch(&self) {
        let mut fetched = self.fetched.subscribe();
        fetched.mark_unchanged();
        self.nudge();
        if timeout(PAUSE + Duration::from_secs(2), fetched.changed())
            .await
            .is_err()
        {
            tracing::warn!("provider keys were not fetched in time");
        }
    }

    async fn fetch(&self) -> Result<Snapshot, DiscoveryError> {
        let endpoints = self.resolve().await?;
        let key_document =
            self.http
                .get(&endpoints.jwks)
                .await
                .map_err(|source| DiscoveryError::Fetch {
                    document: "keys",
                    source,
                })?;
        Ok(Snapshot {
            keys: Some(KeySet::parse(&key_document)?),
            key_document,
            endpoints: Some(endpoints),
        })
    }

    async fn resolve(&self) -> Result<Resolved, DiscoveryError> {
        let given = &self.configured;
        if let (Some(authorization), Some(token), Some(jwks)) =
            (&given.authorization, &given.token, &given.jwks)
            && (given.userinfo.is_some() || !self.wants_userinfo)
        {
            return Ok(Resolved {
                authorization: authorization.clone(),
                token: token.clone(),
                jwks: jwks.clone(),
                userinfo: given.userinfo.clone(),
                revocation: given.revocation.clone(),
                logout: given.logout.clone(),
            });
        }
        let text = format!(
            "{}/.well-known/openid-configuration",
            self.issuer.trim_end_matches('/')
        );
        let url = Url::parse(&text).map_err(|_| DiscoveryError::Malformed)?;
        let document = self
            .http
            .get(&url)
            .await
            .map_err(|source| DiscoveryError::Fetch {
                document: "discovery",
                source,
            })?;
        let found: Discovery =
            serde_json::from_slice(&document).map_err(|_| DiscoveryError::Malformed)?;
        if found.issuer != self.issuer {
            return Err(DiscoveryError::OtherIssuer);
        }
        let pick = |given: &Option<Url>, found: Option<Url>| given.clone().or(found);
        let authorization = pick(&given.authorization, found.authorization_endpoint);
        if self.kind == ProviderKind::Cognito
            && authorization
                .as_ref()
                .is_some_and(|url| is_issuer_host(url, &self.issuer))
        {
            return Err(DiscoveryError::NoDomain);
        }
        let needed = |url: Option<Url>| url.filter(is_safe).ok_or(DiscoveryError::Endpoint);
        let userinfo = pick(&given.userinfo, found.userinfo_endpoint).filter(is_safe);
        if userinfo.is_none() && self.wants_userinfo {
            return Err(DiscoveryError::NoUserinfo);
        }
        Ok(Resolved {
            authorization: needed(authorization)?,
            token: needed(pick(&given.token, found.token_endpoint))?,
            jwks: needed(pick(&given.jwks, found.jwks_uri))?,
            userinfo,
            revocation: pick(&given.revocation, found.revocation_endpoint).filter(is_safe),
            logout: pick(&given.logout, found.end_session_endpoint).filter(is_safe),
        })
    }
}

#[async_trait]
impl BackgroundService for ProviderState {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let mut retry = FIRST_RETRY;
        loop {
            let began = Instant::now();
            match self.fetch().await {
                Ok(snapshot) => {
                    self.snapshot.store(Arc::new(snapshot));
                    if !self.ready.swap(true, Ordering::AcqRel) {
                        tracing::info!(issuer = %self.issuer, "provider is known");
                    }
                    retry = FIRST_RETRY;
                }
                // The last good keys stay in place.
                Err(error) => {
                    tracing::warn!(issuer = %self.issuer, error = %error, "provider cannot be asked");
                }
            }
            self.fetched.send_modify(|count| *count += 1);
            let wait = async {
                if self.is_ready() {
                    let next = timeout(INTERVAL, self.wanted.notified()).await;
                    if next.is_ok() {
                        sleep(PAUSE.saturating_sub(began.elapsed())).await;
                    }
                } else {
                    sleep(retry).await;
                    retry = (retry * 2).min(LAST_RETRY);
                }
            };
            tokio::select! {
                () = wait => {}
                _ = shutdown.changed() => return,
            }
        }
    }
}

/// https, or this very machine.
fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => url
            .host()
            .is_some_and(|host| crate::gate::origin::is_loopback(&host)),
        _ => false,
    }
}

/// `https://cognito-idp…/authorize`: what a pool without a domain advertises.
fn is_issuer_host(url: &Url, issuer: &str) -> bool {
    url.host_str()
        .is_some_and(|host| host.starts_with("cognito-idp"))
        && url.as_str().starts_with(issuer)
}
