//! `GET https://host/admin/x`: a request, as a person writes it.

use http::header::{ACCEPT, HOST};
use http::{HeaderMap, HeaderValue, Method};

use crate::clock;
use crate::config::Server;
use crate::gate::Gate;
use crate::gate::explain::{Asking, Explanation};
use crate::gate::request::RequestView;

/// A request that nobody sends. The target stands as it was written: what is
/// wrong with it is the gate's to say.
#[derive(Debug)]
pub struct Requested {
    method: Method,
    host: String,
    target: String,
    headers: HeaderMap,
}

/// Why a text is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestTextError {
    /// Neither a URL nor a path.
    #[error(
        "write \"GET https://host/path\", or a path alone, which means the first server.public_url"
    )]
    Shape,
    /// A method that no client could send.
    #[error("the first word is no method; write one such as GET or POST")]
    Method,
    /// A host that no client could send.
    #[error("the URL's host holds characters that no host has")]
    Host,
}

impl Requested {
    /// Reads `[METHOD] URL-or-path`.
    ///
    /// # Errors
    /// See [`RequestTextError`].
    pub fn parse(text: &str, server: &Server) -> Result<Self, RequestTextError> {
        let text = text.trim();
        let (method, url) = match text.split_once(char::is_whitespace) {
            Some((method, url)) => (method, url.trim_start()),
            None => ("GET", text),
        };
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| RequestTextError::Method)?;
        let (host, target) = match after_scheme(url) {
            Some(rest) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let (host, target) = rest.split_at_checked(end).ok_or(RequestTextError::Shape)?;
                (host, target)
            }
            None if url.starts_with('/') => {
                let origin = server.origins.first().ok_or(RequestTextError::Shape)?;
                (origin.authority(), url)
            }
            None => return Err(RequestTextError::Shape),
        };
        if host.is_empty() {
            return Err(RequestTextError::Host);
        }
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(host).map_err(|_| RequestTextError::Host)?;
        headers.insert(HOST, value);
        // As a browser that opens a page.
        headers.insert(ACCEPT, HeaderValue::from_static("text/html"));
        Ok(Self {
            method,
            host: host.to_owned(),
            target: match target.starts_with('/') {
                true => target.to_owned(),
                false => format!("/{target}"),
            },
            headers,
        })
    }

    /// What would become of it.
    pub(super) fn explain(&self, gate: &Gate, asking: &Asking) -> Explanation {
        let view = RequestView::new(&self.method, self.target.as_bytes(), None, &self.headers);
        match view {
            Ok(view) => gate.explain(&view, asking, clock::now(), &mut clock::random),
            Err(error) => Explanation::unreadable(error),
        }
    }
}

impl std::fmt::Display for Requested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}{}", self.method, self.host, self.target)
    }
}

fn after_scheme(url: &str) -> Option<&str> {
    ["https://", "http://"].iter().find_map(|scheme| {
        let (head, rest) = url.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}
