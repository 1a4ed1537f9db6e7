//! Whether the provider answers, before a browser is sent there: a page that
//! says so is better than a browser's error page.
//!
//! Owns the probes: one at a time, and at most one in [`FRESH`].

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use url::Url;

use super::http::{HttpClient, HttpError};

/// How long an answer counts.
const FRESH: Duration = Duration::from_secs(2);
/// A provider that takes longer is not there for a login either.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is known of it.
pub struct Reach {
    http: HttpClient,
    discovery: Option<Url>,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    probed: Option<Instant>,
    is_there: bool,
    /// There is no discovery document to ask for, only keys.
    by_keys: bool,
}

impl Reach {
    /// Of the provider with this issuer.
    #[must_use]
    pub fn new(issuer: &str, http: HttpClient) -> Self {
        let text = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        Self {
            http,
            discovery: Url::parse(&text).ok(),
            last: Mutex::default(),
        }
    }

    /// Whether it answered just now: with its discovery document, or, where the
    /// endpoints are configured by hand and there is none, with its keys.
    pub async fn is_there(&self, keys: &Url) -> bool {
        let mut last = self.last.lock().await;
        if last.probed.is_some_and(|at| at.elapsed() < FRESH) {
            return last.is_there;
        }
        let first = self.discovery.as_ref().filter(|_| !last.by_keys);
        let mut is_there = match first {
            Some(discovery) => self.answers(discovery).await,
            None => false,
        };
        if !is_there {
            is_there = self.answers(keys).await;
            last.by_keys = is_there;
        }
        last.is_there = is_there;
        last.probed = Some(Instant::now());
        if !is_there {
            tracing::warn!("the provider does not answer; nobody is sent there to sign in");
        }
        is_there
    }

    /// Any answer will do that is not "not now".
    async fn answers(&self, url: &Url) -> bool {
        match timeout(PATIENCE, self.http.get(url)).await {
            Err(_)
            | Ok(Err(
                HttpError::Connect
                | HttpError::Timeout
                | HttpError::Setup
                | HttpError::Unavailable(_),
            )) => false,
            Ok(Ok(_) | Err(HttpError::Status(_) | HttpError::Redirect | HttpError::TooLong)) => {
                true
            }
        }
    }
}
