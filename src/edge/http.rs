//! The outbound client towards the provider: no redirects, time limits, a cap
//! on every body. Used by `oidc` and `provider` only.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;

/// Longest answer that is read, in bytes.
const BODY_MAX: usize = 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);

/// An HTTP client for the provider's endpoints.
#[derive(Clone, Debug)]
pub struct HttpClient(reqwest::Client);

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
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Self)
            .map_err(|_| HttpError::Setup)
    }

    /// Sends a request; any status but 3xx, 429 and 5xx is an answer.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let request = reqwest::Request::try_from(request).map_err(|_| HttpError::Connect)?;
        let mut response = self.0.execute(request).await.map_err(classify)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(HttpError::Redirect);
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(HttpError::Unavailable(status.as_u16()));
        }
        let mut answer = http::Response::new(Vec::new());
        *answer.status_mut() = status;
        answer.headers_mut().clone_from(response.headers());
        *answer.body_mut() = read_body(&mut response).await?.to_vec();
        Ok(answer)
    }

    /// GETs a document.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub async fn get(&self, url: &url::Url) -> Result<Bytes, HttpError> {
        let request = http::Request::get(url.as_str())
            .header(http::header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| HttpError::Connect)?;
        let response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(HttpError::Status(response.status().as_u16()));
        }
        Ok(response.into_body().into())
    }
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
