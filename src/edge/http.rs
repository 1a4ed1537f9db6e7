//! The outbound client towards the provider: no redirects, time limits, a cap
//! on every body; by the proxy and the authorities of its configuration.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};

use super::skew::ProviderClock;
use crate::clock;
use crate::config::{OutboundProxy, ProviderHttp};

/// Longest answer that is read, in bytes.
const BODY_MAX: usize = 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);

/// An HTTP client for the provider's endpoints.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// `None` asks nobody: what is configured could not be set up, and anything
    /// else would be another way out.
    client: Option<reqwest::Client>,
    /// Learns the time from every answer.
    watch: Option<Arc<ProviderClock>>,
}

/// A document and how long it may be kept, if the answer said so.
#[derive(Clone, Debug)]
pub struct Document {
    /// The document.
    pub body: Bytes,
    /// From the answer's `Cache-Control` and `Age`.
    pub max_age: Option<Duration>,
}

/// Why there is no usable answer. Says nothing of what was sent or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The client could not be set up.
    #[error("the TLS client could not be set up")]
    Setup,
    /// No connection, or it broke.
    #[error("no connection")]
    Connect,
    /// Too slow.
    #[error("no answer in time")]
    Timeout,
    /// 429 or 5xx: not now.
    #[error("the answer was HTTP {0}")]
    Unavailable(u16),
    /// Anything else that is not 200, where 200 was needed.
    #[error("the answer was HTTP {0}")]
    Status(u16),
    /// A redirect, which we never follow.
    #[error("the answer was a redirect, which is never followed")]
    Redirect,
    /// Longer than [`BODY_MAX`].
    #[error("the answer was too long")]
    TooLong,
}

impl HttpClient {
    /// A client with the web's root certificates; a proxy from `HTTPS_PROXY`
    /// and `NO_PROXY`.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub fn new() -> Result<Self, HttpError> {
        let client = build(&ProviderHttp::default())?;
        Ok(Self {
            client: Some(client),
            watch: None,
        })
    }

    /// The client towards a provider that is reached in this way. What cannot be
    /// set up is refused at each request.
    #[must_use]
    pub fn towards(&self, http: &ProviderHttp) -> Self {
        if *http == ProviderHttp::default() {
            return self.clone();
        }
        let client = build(http);
        if client.is_err() {
            tracing::error!(
                "the settings of a table http cannot be set up; nobody is asked by them"
            );
        }
        Self {
            client: client.ok(),
            watch: None,
        }
    }

    /// The same client for one provider, whose clock its answers show.
    #[must_use]
    pub fn watching(self, clock: Arc<ProviderClock>) -> Self {
        Self {
            watch: Some(clock),
            ..self
        }
    }

    /// Sends a request; any status but 3xx, 429 and 5xx is an answer.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let answer = self.look(request).await?;
        match answer.status().is_redirection() {
            true => Err(HttpError::Redirect),
            false => Ok(answer),
        }
    }

    /// The same where a redirect is an answer: it is looked at, never followed.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub async fn look(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let request = reqwest::Request::try_from(request).map_err(|_| HttpError::Connect)?;
        let client = self.client.as_ref().ok_or(HttpError::Setup)?;
        let mut response = client.execute(request).await.map_err(classify)?;
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(HttpError::Unavailable(status.as_u16()));
        }
        if let Some(watch) = &self.watch {
            watch.note(response.headers(), clock::now());
        }
        let mut answer = http::Response::new(Vec::new());
        *answer.status_mut() = status;
        answer.headers_mut().clone_from(response.headers());
        *answer.body_mut() = read_body(&mut response).await?.to_vec();
        Ok(answer)
    }

    /// GETs a document. A caller that asks for it again goes by its own
    /// bounds; see [`Document::max_age`].
    ///
    /// # Errors
    /// See [`HttpError`].
    pub async fn get(&self, url: &url::Url) -> Result<Document, HttpError> {
        let request = http::Request::get(url.as_str())
            .header(header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| HttpError::Connect)?;
        let response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(HttpError::Status(response.status().as_u16()));
        }
        Ok(Document {
            max_age: max_age(response.headers()),
            body: response.into_body().into(),
        })
    }
}

fn build(http: &ProviderHttp) -> Result<reqwest::Client, HttpError> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")));
    match &http.proxy {
        OutboundProxy::Environment => {}
        OutboundProxy::Off => builder = builder.no_proxy(),
        OutboundProxy::Url(url) => {
            let proxy = reqwest::Proxy::all(url.as_str()).map_err(|_| HttpError::Setup)?;
            builder = builder.proxy(proxy);
        }
    }
    if let Some(authorities) = &http.ca {
        builder = builder.tls_built_in_root_certs(false);
        for der in authorities {
            let authority = reqwest::Certificate::from_der(der).map_err(|_| HttpError::Setup)?;
            builder = builder.add_root_certificate(authority);
        }
    }
    builder.build().map_err(|_| HttpError::Setup)
}

/// How long a response may be kept (RFC 9111 4.2, 5.2.2), as a private cache
/// reads it: `max-age` less `Age`. Nothing if it does not say; a value that
/// cannot be read is no word.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives: Vec<&str> = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let bare = |name: &str| directives.iter().any(|one| one.eq_ignore_ascii_case(name));
    if bare("no-store") || bare("no-cache") {
        return Some(Duration::ZERO);
    }
    let seconds = directives.iter().find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let named = name.trim().eq_ignore_ascii_case("max-age");
        named.then(|| delta_seconds(value.trim().trim_matches('"')))
    })??;
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok());
    let age = age.and_then(delta_seconds).unwrap_or(0);
    Some(Duration::from_secs(seconds.saturating_sub(age)))
}

/// RFC 9111 1.2.2: digits alone, and 2^31 stands for all that is larger.
fn delta_seconds(text: &str) -> Option<u64> {
    const LARGEST: u64 = 1 << 31;
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(LARGEST).min(LARGEST))
}

async fn read_body(response: &mut reqwest::Response) -> Result<BytesMut, HttpError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if body.len() + chunk.len() > BODY_MAX {
            return Err(HttpError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[expect(clippy::needless_pass_by_value, reason = "used as map_err(classify)")]
fn classify(error: reqwest::Error) -> HttpError {
    if error.is_timeout() {
        HttpError::Timeout
    } else {
        HttpError::Connect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_how_long_it_may_be_kept() {
        for (lines, seconds) in [
            (&[][..], None),
            (&["cache-control: public, max-age=86400"][..], Some(86_400)),
            (
                &["cache-control: public", "cache-control: max-age=60"],
                Some(60),
            ),
            (&["cache-control: MAX-AGE = 60"], Some(60)),
            (&["cache-control: max-age=\"60\""], Some(60)),
            (&["cache-control: max-age=60, max-age=90"], Some(60)),
            (&["cache-control: max-age=60", "age: 20"], Some(40)),
            (&["cache-control: max-age=60", "age: 90"], Some(0)),
            (&["cache-control: max-age=60", "age: x"], Some(60)),
            (&["age: 20"], None),
            (&["cache-control: no-store, max-age=60"], Some(0)),
            (&["cache-control: no-cache"], Some(0)),
            (&["cache-control: private=\"no-cache\""], None),
            (&["cache-control: s-maxage=60"], None),
            (&["cache-control: max-age"], None),
            (&["cache-control: max-age="], None),
            (&["cache-control: max-age=-1"], None),
            (&["cache-control: max-age=+5"], None),
            (&["cache-control: max-age=1e3"], None),
            (
                &["cache-control: max-age=99999999999999999999999"],
                Some(1 << 31),
            ),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                let (name, value) = line.split_once(": ").unwrap();
                let name = http::HeaderName::try_from(name).unwrap();
                headers.append(name, value.try_into().unwrap());
            }
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(max_age(&headers), expected, "{lines:?}");
        }
    }
}
