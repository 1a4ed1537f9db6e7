//! `vestibule check --online`: asks the provider what a configuration alone cannot say.
//!
//! Asks with the client, the discovery and the key reader that `run` uses, so
//! that what is found here is what would happen there. Sends no secret and
//! changes nothing at the provider. `finding` says how it is told, `document`
//! what a discovery document says about a configuration, `flow` what becomes of
//! a login and a sign-out.

mod clock;
mod document;
mod finding;
mod flow;

use http::{HeaderMap, Method, Request};
use url::Url;

use self::document::Advertised;
pub use self::finding::{About, Finding, Verdict};
use crate::config::registration::{Registration, registration};
use crate::config::{Config, Provider};
use crate::edge::http::{HttpClient, HttpError};
use crate::edge::provider::{DiscoveryError, Resolved, discovery_url, resolve};
use crate::gate::token::KeySet;
use crate::gate::token::keys::KeySetError;

/// Why nothing could be asked.
#[derive(Debug, thiserror::Error)]
pub enum OnlineError {
    /// The HTTP client.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// No thread or timer to wait with.
    #[error("the network cannot be used: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Asks each provider of a configuration; what they say, in the order in which they were asked.
///
/// # Errors
/// See [`OnlineError`]; a provider that does not answer is a finding.
pub fn look(config: &Config) -> Result<Vec<Finding>, OnlineError> {
    // Whoever was first has chosen aws-lc too.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let http = HttpClient::new()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut findings = Vec::new();
        for provider in &config.providers {
            findings.extend(Look::new(config, provider, &http).all().await);
        }
        Ok(findings)
    })
}

struct Look<'p> {
    provider: &'p Provider,
    /// What a login needs registered; none where nobody signs in.
    registration: Option<Registration>,
    http: HttpClient,
    findings: Vec<Finding>,
}

impl<'p> Look<'p> {
    fn new(config: &Config, provider: &'p Provider, http: &HttpClient) -> Self {
        Self {
            registration: registration(config, provider),
            http: http.towards(&provider.http),
            provider,
            findings: Vec::new(),
        }
    }

    async fn all(mut self) -> Vec<Finding> {
        let advertised = self.discovery().await;
        match resolve(self.provider, &self.http).await {
            Ok(endpoints) => {
                self.keys(&endpoints.jwks).await;
                self.endpoints(&endpoints).await;
                if let Some(registered) = self.registration.take() {
                    if let Some(authorization) = &endpoints.authorization {
                        self.logins(authorization, &registered).await;
                    }
                    if let Some(logout) = &endpoints.logout {
                        self.sign_outs(logout, &registered).await;
                    }
                }
            }
            Err(error) => self.unresolved(&error),
        }
        if let Some(advertised) = advertised {
            let provider = self.provider;
            advertised.hold_against(provider, |finding| self.findings.push(finding));
        }
        self.findings
    }

    /// Also where all endpoints are known without it: it says more than that.
    async fn discovery(&mut self) -> Option<Advertised> {
        let url = discovery_url(&self.provider.issuer)?;
        let needed = self.needs_discovery();
        let absent = if needed {
            Verdict::Absent
        } else {
            Verdict::Warning
        };
        let (body, headers) = match self.get(&url).await {
            Ok(answer) => answer,
            Err(error) => {
                let remedy = if needed {
                    "check provider.ID.issuer, and that this machine reaches it (HTTPS_PROXY, NO_PROXY, DNS, firewall)"
                } else {
                    "the endpoints are known without it, so that sign-ins work; what it would say was not checked"
                };
                self.find(About::Discovery, absent, &url, error.to_string(), remedy);
                return None;
            }
        };
        self.clock(&url, &headers);
        let Some(advertised) = Advertised::read(&body) else {
            let remedy = "check provider.ID.issuer: this address has to give the discovery document, as JSON";
            let words = "the answer is no discovery document".to_owned();
            self.find(About::Discovery, absent, &url, words, remedy);
            return None;
        };
        if advertised.issuer != self.provider.issuer {
            let words = format!(
                "it is the document of {}",
                finding::shown(&advertised.issuer)
            );
            let remedy = "write provider.ID.issuer exactly as the document has it, byte for byte";
            self.find(About::Issuer, Verdict::Contradiction, &url, words, remedy);
            return None;
        }
        let words = "found, and of this issuer".to_owned();
        self.find(About::Discovery, Verdict::Good, &url, words, "");
        Some(advertised)
    }

    /// Whether an endpoint that a login needs comes from there.
    fn needs_discovery(&self) -> bool {
        let given = &self.provider.endpoints;
        let login = given.authorization.is_some() && given.token.is_some();
        let all = given.jwks.is_some() && (login || !self.provider.signs_in());
        !all || self.provider.userinfo && given.userinfo.is_none()
    }

    fn unresolved(&mut self, error: &DiscoveryError) {
        let told = self
            .findings
            .iter()
            .any(|finding| finding.verdict > Verdict::Warning);
        let Some(url) = discovery_url(&self.provider.issuer).filter(|_| !told) else {
            return;
        };
        let (verdict, remedy) = match error {
            DiscoveryError::Fetch { .. } | DiscoveryError::Malformed => (
                Verdict::Absent,
                "check provider.ID.issuer, or name provider.ID.endpoints by hand",
            ),
            DiscoveryError::OtherIssuer
            | DiscoveryError::Endpoint
            | DiscoveryError::NoUserinfo
            | DiscoveryError::NoDomain
            | DiscoveryError::Keys(_) => (
                Verdict::Contradiction,
                "see the message, or name provider.ID.endpoints by hand",
            ),
        };
        self.find(About::Discovery, verdict, &url, error.to_string(), remedy);
    }

    async fn keys(&mut self, url: &Url) {
        let (body, headers) = match self.get(url).await {
            Ok(answer) => answer,
            Err(error) => {
                let remedy = "check provider.ID.user_pool_id, issuer or endpoints.jwks; without keys nobody gets in";
                self.find(About::Keys, Verdict::Absent, url, error.to_string(), remedy);
                return;
            }
        };
        self.clock(url, &headers);
        let algorithms = &self.provider.signing_algorithms;
        match KeySet::parse(&body, algorithms) {
            Ok(keys) => {
                let words = format!("{} usable, of {}", keys.len(), document::published(&body));
                self.find(About::Keys, Verdict::Good, url, words, "");
            }
            Err(error) => {
                let names: Vec<&str> = algorithms.iter().map(|one| one.name()).collect();
                let (verdict, remedy) = match error {
                    KeySetError::Malformed => (
                        Verdict::Absent,
                        "this address has to give a JWK set: check provider.ID.endpoints.jwks or the issuer",
                    ),
                    KeySetError::NoUsableKey => (
                        Verdict::Contradiction,
                        "name in provider.ID.signing_algorithms what the provider signs with",
                    ),
                };
                let words = format!("{error} ({})", names.join(", "));
                self.find(About::Keys, verdict, url, words, remedy);
            }
        }
    }

    async fn endpoints(&mut self, endpoints: &Resolved) {
        let all = [
            (
                About::Authorization,
                Method::GET,
                endpoints.authorization.as_ref(),
            ),
            (About::Token, Method::POST, endpoints.token.as_ref()),
            (About::Userinfo, Method::GET, endpoints.userinfo.as_ref()),
            (
                About::Revocation,
                Method::POST,
                endpoints.revocation.as_ref(),
            ),
            (About::Logout, Method::GET, endpoints.logout.as_ref()),
        ];
        for (about, method, url) in all {
            if let Some(url) = url {
                self.endpoint(about, method, url).await;
            }
        }
    }

    /// Any answer but an outage will do: a request without parameters is refused everywhere.
    async fn endpoint(&mut self, about: About, method: Method, url: &Url) {
        let form = "application/x-www-form-urlencoded";
        let request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(http::header::CONTENT_TYPE, form)
            .body(Vec::new());
        let Ok(request) = request else {
            let remedy = "write it as https://HOST/PATH";
            let words = "it is no URL that can be asked".to_owned();
            self.find(about, Verdict::Contradiction, url, words, remedy);
            return;
        };
        // What ends a login is not there; what only makes it shorter may be missing.
        let absent = match about {
            About::Authorization | About::Token => Verdict::Absent,
            About::Userinfo if self.provider.userinfo => Verdict::Absent,
            _ => Verdict::Warning,
        };
        match self.http.send(request).await {
            Ok(answer) if answer.status() == http::StatusCode::NOT_FOUND => {
                let remedy = "check the URL: nothing seems to be there";
                let words = "it answers with HTTP 404".to_owned();
                self.find(about, Verdict::Warning, url, words, remedy);
            }
            Ok(_) | Err(HttpError::Redirect | HttpError::Status(_)) => {
                self.find(about, Verdict::Good, url, "it answers".to_owned(), "");
            }
            Err(error) => {
                let remedy = "check the URL, and that this machine reaches it (HTTPS_PROXY, NO_PROXY, DNS, firewall)";
                self.find(about, absent, url, error.to_string(), remedy);
            }
        }
    }

    /// Once is enough.
    fn clock(&mut self, url: &Url, headers: &HeaderMap) {
        let told = self
            .findings
            .iter()
            .any(|finding| finding.about == About::Clock);
        if let Some((verdict, words)) =
            clock::compare(headers, crate::clock::now()).filter(|_| !told)
        {
            let remedy = match verdict {
                Verdict::Good => "",
                _ => {
                    "set this machine's clock by NTP (or the provider's, if it is yours): tokens are good for a time by both clocks, with a leeway of 60 s"
                }
            };
            self.find(About::Clock, verdict, url, words, remedy);
        }
    }

    async fn get(&self, url: &Url) -> Result<(Vec<u8>, HeaderMap), HttpError> {
        let request = Request::get(url.as_str())
            .header(http::header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| HttpError::Connect)?;
        let answer = self.http.send(request).await?;
        match answer.status() {
            http::StatusCode::OK => {
                let (parts, body) = answer.into_parts();
                Ok((body, parts.headers))
            }
            status => Err(HttpError::Status(status.as_u16())),
        }
    }

    fn find(
        &mut self,
        about: About,
        verdict: Verdict,
        at: &Url,
        words: String,
        remedy: &'static str,
    ) {
        self.findings.push(Finding {
            about,
            verdict,
            provider: self.provider.id.as_str().to_owned(),
            at: at.to_string(),
            words,
            remedy,
        });
    }
}
