//! What a handler sees of a request, and what it answers with.

mod body;
mod params;
mod reply;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use hyper::{HeaderMap, Method};

pub(crate) use body::{Half, ReplyBody};
pub(crate) use params::{Params, encode, with_query};
pub(crate) use reply::Reply;

/// A request with its body read.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The query as it was sent, for passing on unchanged.
    pub(crate) raw_query: String,
    pub(crate) query: Params,
    pub(crate) form: Params,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// How a client proved itself, for the log of the admin API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    Basic,
    Post,
    None,
}

impl Request {
    pub(crate) fn new(
        method: Method,
        path: String,
        raw_query: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Self {
        let query = Params::parse(raw_query.as_bytes());
        let mut request = Self {
            method,
            path,
            raw_query,
            query,
            form: Params::default(),
            headers,
            body,
        };
        if request.is_form() {
            request.form = Params::parse(&request.body);
        }
        request
    }

    pub(crate) fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    pub(crate) fn is_post(&self) -> bool {
        self.method == Method::POST
    }

    pub(crate) fn is_form(&self) -> bool {
        self.header(CONTENT_TYPE.as_str()).is_some_and(|value| {
            value
                .to_ascii_lowercase()
                .starts_with("application/x-www-form-urlencoded")
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
    }

    /// User and password of `Authorization: Basic`, undecoded beyond base64:
    /// Cognito's ids and secrets are plain letters and digits.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let (scheme, encoded) = self.header(AUTHORIZATION.as_str())?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    pub(crate) fn client_auth(&self) -> Option<ClientAuth> {
        if self.basic().is_some() {
            Some(ClientAuth::Basic)
        } else if self.form.filled("client_secret").is_some() {
            Some(ClientAuth::Post)
        } else {
            self.form.filled("client_id").map(|_| ClientAuth::None)
        }
    }
}

impl ClientAuth {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Post => "post",
            Self::None => "none",
        }
    }
}
