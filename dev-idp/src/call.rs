//! Outgoing calls: the Cognito side talks to the Entra side over real HTTP.
//!
//! Plain `http` only, which is all that ever happens on loopback.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

/// The patience of the real service is not documented; this is ours.
const PATIENCE: Duration = Duration::from_secs(5);
const LARGEST_BODY: usize = 1 << 20;

/// A call to make.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) bearer: Option<String>,
    /// Sent as `application/x-www-form-urlencoded` if there is one.
    pub(crate) form: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("timeout")]
    Timeout,
    #[error("not a plain http URL: {0}")]
    Address(String),
    #[error("connection failed")]
    Connect(#[source] std::io::Error),
    #[error("connection reset")]
    Http(#[from] hyper::Error),
    #[error("no request can be made of this")]
    Request(#[from] hyper::http::Error),
    #[error("body unreadable or too large")]
    Body,
}

impl Call {
    pub(crate) fn get(url: &str) -> Self {
        Self {
            method: Method::GET,
            url: url.to_owned(),
            bearer: None,
            form: None,
        }
    }

    pub(crate) fn post(url: &str, form: String) -> Self {
        Self {
            method: Method::POST,
            form: Some(form),
            ..Self::get(url)
        }
    }

    pub(crate) async fn send(self) -> Result<Answer, CallError> {
        tokio::time::timeout(PATIENCE, self.attempt())
            .await
            .unwrap_or(Err(CallError::Timeout))
    }

    async fn attempt(self) -> Result<Answer, CallError> {
        let (authority, target) = split(&self.url).ok_or(CallError::Address(self.url.clone()))?;
        let stream = TcpStream::connect(&authority)
            .await
            .map_err(CallError::Connect)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // Ends by itself when the sender is dropped; its error reaches us
        // through the response.
        tokio::spawn(connection);

        let mut request = hyper::Request::builder()
            .method(self.method)
            .uri(target)
            .header(HOST, authority)
            .header(USER_AGENT, "Amazon/Cognito");
        if let Some(token) = self.bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match self.form {
            Some(form) => {
                request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                Full::new(Bytes::from(form))
            }
            None => Full::default(),
        };
        let response = sender.send_request(request.body(body)?).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST_BODY)
            .collect()
            .await
            .map_err(|_| CallError::Body)?
            .to_bytes();
        Ok(Answer { status, body })
    }
}

/// Authority and path-with-query of an `http` URL.
fn split(url: &str) -> Option<(String, String)> {
    let url = Url::parse(url).ok()?;
    if url.scheme() != "http" {
        return None;
    }
    let authority = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Some((authority, target))
}
