//! Health and readiness, on a listener of their own: never a way around
//! authentication.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, Response, StatusCode};
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;

use super::lifecycle::Lifecycle;
use super::links::Link;
use super::metrics;
use super::places::Places;
use super::serving::Current;
use crate::version;

/// The admin listener's service.
#[derive(Debug)]
pub struct Admin {
    serving: Arc<Current>,
    life: Arc<Lifecycle>,
    /// Of the public listeners.
    places: Arc<Places>,
}

impl Admin {
    /// Answers for what is being served by, for the stage of `life`, and for those who are connected.
    #[must_use]
    pub fn new(serving: Arc<Current>, life: Arc<Lifecycle>, places: Arc<Places>) -> Self {
        Self {
            serving,
            life,
            places,
        }
    }

    fn answer(&self, method: &Method, path: &str) -> (StatusCode, &'static str, String) {
        const TEXT: &str = "text/plain; charset=utf-8";
        if !matches!(*method, Method::GET | Method::HEAD) {
            return (
                StatusCode::METHOD_NOT_ALLOWED,
                TEXT,
                "GET or HEAD only\n".to_owned(),
            );
        }
        match path {
            "/healthz" => (StatusCode::OK, TEXT, "alive\n".to_owned()),
            "/readyz" if self.life.is_leaving() => (
                StatusCode::SERVICE_UNAVAILABLE,
                TEXT,
                match self.life.is_stopping() {
                    true => "not ready: stopping\n".to_owned(),
                    false => "not ready: leaving\n".to_owned(),
                },
            ),
            "/readyz" if !self.life.is_listening() => (
                StatusCode::SERVICE_UNAVAILABLE,
                TEXT,
                "not ready: the public listeners do not answer yet\n".to_owned(),
            ),
            "/readyz" => {
                let serving = self.serving.load();
                if serving.is_ready() {
                    return (StatusCode::OK, TEXT, "ready\n".to_owned());
                }
                let unseen: Vec<&str> = serving.links().unseen().map(Link::id).collect();
                let text = format!(
                    "not ready: endpoints and keys have not been seen yet of {}\n",
                    unseen.join(", ")
                );
                (StatusCode::SERVICE_UNAVAILABLE, TEXT, text)
            }
            "/metrics" => (
                StatusCode::OK,
                metrics::CONTENT_TYPE,
                metrics::render(&self.serving.load(), &self.places),
            ),
            "/version" => (
                StatusCode::OK,
                "application/json",
                version::json().to_string(),
            ),
            _ => (
                StatusCode::NOT_FOUND,
                TEXT,
                "/healthz, /readyz, /metrics and /version are here\n".to_owned(),
            ),
        }
    }
}

#[async_trait]
impl ServeHttp for Admin {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let header = session.req_header();
        let (status, content_type, body) = self.answer(&header.method, header.uri.path());
        let length = body.len();
        let body = if header.method == Method::HEAD {
            Vec::new()
        } else {
            body.into_bytes()
        };
        Response::builder()
            .status(status)
            .header(http::header::CONTENT_TYPE, content_type)
            .header(http::header::CONTENT_LENGTH, length)
            .header(http::header::CACHE_CONTROL, "no-store")
            .body(body)
            .unwrap_or_default()
    }
}
