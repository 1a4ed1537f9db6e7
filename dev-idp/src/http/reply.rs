//! Responses.

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use hyper::{Response, StatusCode};
use serde_json::Value;

use super::{Half, ReplyBody};

/// A response under construction.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// Pages load nothing from anywhere. `form-action` is left out on
    /// purpose: browsers apply it to the redirects that follow a form, and a
    /// login ends on the callback of somebody else's origin.
    pub(crate) fn html(status: u16, page: String) -> Self {
        Self::new(status)
            .with(CONTENT_TYPE, "text/html;charset=UTF-8")
            .with(CACHE_CONTROL, "no-store")
            .with(
                HeaderName::from_static("content-security-policy"),
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
            )
            .with(HeaderName::from_static("x-content-type-options"), "nosniff")
            .with(HeaderName::from_static("referrer-policy"), "no-referrer")
            .body(page)
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::new(status)
            .with(CONTENT_TYPE, "application/json")
            .body(value.to_string())
    }

    /// 302: what Cognito and Entra answer everywhere.
    pub(crate) fn redirect(location: &str) -> Self {
        Self::new(302)
            .with(LOCATION, location)
            .with(CACHE_CONTROL, "no-store")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405)
            .with(CONTENT_TYPE, "text/plain")
            .body("method not allowed\n")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404)
            .with(CONTENT_TYPE, "text/plain")
            .body("not found\n")
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a header; a value that no header can hold (control characters)
    /// is left out rather than sent in part.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.retain(|(known, _)| *known != name);
            self.headers.push((name, value));
        }
        self
    }

    /// Adds a cookie: `name=value` with its attributes.
    pub(crate) fn cookie(mut self, cookie: &str) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(cookie.as_bytes()) {
            self.headers.push((SET_COOKIE, value));
        }
        self
    }

    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    pub(crate) fn into_response(self, half: Half) -> Response<ReplyBody> {
        let mut response = Response::new(ReplyBody::new(self.body, half));
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}
