//! How each front proxy says which request it asks about.
//!
//! Owns the headers of each dialect: no other is looked at. Must not know what
//! becomes of the request, nor who may ask.
//!
//! A front proxy passes on whatever headers a client sends but for those that it
//! sets itself. So a dialect reads what its proxy always sets, and what is not
//! there is never made up from what another one would send.
//!
//! What nginx's dialect reads, by the prefix, the headers and the rules. "Both"
//! are `X-Original-URL` and `X-Original-Method`; a rule covers all if no route
//! names a path, host or method, or lets preflights through:
//!
//! | prefix | both | one of them | `X-Forwarded-Uri` | one rule covers all | rules differ |
//! | --- | --- | --- | --- | --- | --- |
//! | any but `/oauth2` | yes | | there or not | the request they name | the same |
//! | any but `/oauth2` | no | or none | there or not | 403 | 403 |
//! | `/oauth2` | yes | | no | the request they name | the same |
//! | `/oauth2` | no | or none | no | 403 | 403 |
//! | `/oauth2` | no | none | yes | the request it names | 403 |
//! | `/oauth2` | no | one | yes | 403 | 403 |
//! | `/oauth2` | yes | | yes | what all name alike, else 403 | 403 |
//!
//! So behind an nginx that sets its dialect's two, no client can have a question
//! refused, or answered about another request, under any prefix but `/oauth2`;
//! and there none can name a request where that would choose the rule. An nginx
//! that sets `X-Forwarded-Uri` alone under another prefix gets 403 for whoever
//! says nothing, and lets a client that says the two name the request.

use std::borrow::Cow;

use http::{HeaderMap, Method};

use crate::gate::origin::split_host;
use crate::gate::request::{RequestError, RequestView, split_absolute_form};

/// Whose front proxy asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// nginx's `auth_request`, ingress-nginx: `X-Original-URL`, `X-Original-Method`.
    Nginx,
    /// Traefik's `ForwardAuth`: `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`.
    Traefik,
    /// Caddy's `forward_auth`: the same four.
    Caddy,
    /// Envoy's `ext_authz` over HTTP: the request itself, its path below ours.
    Envoy,
}

const ORIGINAL_URL: &str = "X-Original-URL";
const ORIGINAL_METHOD: &str = "X-Original-Method";
const FORWARDED_METHOD: &str = "X-Forwarded-Method";
const FORWARDED_PROTO: &str = "X-Forwarded-Proto";
const FORWARDED_HOST: &str = "X-Forwarded-Host";
const FORWARDED_URI: &str = "X-Forwarded-Uri";

/// The prefix below which oauth2-proxy's documentation has nginx ask.
const OF_OAUTH2_PROXY: &str = "/oauth2";

/// Whether an nginx may be set up by oauth2-proxy's documentation, which has it
/// send `X-Forwarded-Uri` in place of the dialect's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Documented {
    /// Our paths have other names: nobody reads that header.
    No,
    /// They have oauth2-proxy's, and one rule covers all requests.
    OneRule,
    /// They have, and rules differ.
    SeveralRules,
}

impl Documented {
    /// By the prefix of our paths, and whether every request falls under one rule.
    pub(super) fn new(prefix: &str, is_one_rule: bool) -> Self {
        match (prefix == OF_OAUTH2_PROXY, is_one_rule) {
            (false, _) => Self::No,
            (true, true) => Self::OneRule,
            (true, false) => Self::SeveralRules,
        }
    }
}

/// The request that is asked about. Debug shows nothing of it.
pub(super) struct Asked<'r> {
    method: Cow<'r, Method>,
    host: &'r str,
    target: Cow<'r, [u8]>,
    headers: &'r HeaderMap,
}

/// Why nobody can tell which request is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AskedError {
    /// The front proxy does not send what its dialect says.
    #[error("{0} is missing; the front proxy has to set it")]
    Missing(&'static str),
    /// Two readers may take two of them.
    #[error("{0} is there more than once")]
    Repeated(&'static str),
    /// Not what such a header holds.
    #[error("{0} cannot be read")]
    Unreadable(&'static str),
    /// The client may have sent one of the names.
    #[error(
        "X-Forwarded-Uri is there beside X-Original-URL; let the front proxy take it out of the question"
    )]
    Two,
}

impl AskedError {
    /// The word for the log, from a closed list.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Missing(_) => "forward_auth_missing",
            Self::Repeated(_) => "forward_auth_repeated",
            Self::Unreadable(_) => "forward_auth_unreadable",
            Self::Two => "forward_auth_two_requests",
        }
    }
}

impl<'r> Asked<'r> {
    /// Reads what the front proxy sends; `below` is the path after the
    /// endpoint's own.
    pub(super) fn read(
        dialect: Dialect,
        below: Option<&str>,
        documented: Documented,
        req: &RequestView<'r>,
    ) -> Result<Self, AskedError> {
        match dialect {
            Dialect::Nginx => Self::of_nginx(documented, req),
            Dialect::Traefik | Dialect::Caddy => Self::by_parts(req),
            Dialect::Envoy => Self::by_path(below, req),
        }
    }

    /// Below oauth2-proxy's prefix, `X-Forwarded-Uri` tells of an nginx by its
    /// documentation, which hands on whatever a client says under the names that
    /// it does not set. So beside it nothing counts that a client could choose:
    /// it is understood where one rule covers all requests, and what else names
    /// one has to name the same (`docs/adr/0020`).
    fn of_nginx(documented: Documented, req: &RequestView<'r>) -> Result<Self, AskedError> {
        let has = |name: &str| req.headers().contains_key(name);
        let is_named = has(ORIGINAL_URL) || has(ORIGINAL_METHOD);
        if !has(FORWARDED_URI) {
            return Self::by_url(req);
        }
        match (documented, is_named) {
            (Documented::No, _) => Self::by_url(req),
            (Documented::OneRule, false) => Self::of_oauth2_proxy(req),
            (Documented::SeveralRules, false) => Err(AskedError::Missing(ORIGINAL_URL)),
            (Documented::OneRule, true) => {
                let asked = Self::by_url(req)?;
                let is_same = asked.target.as_ref() == one(req, FORWARDED_URI)?
                    && split_host(asked.host) == split_host(req.host());
                is_same.then_some(asked).ok_or(AskedError::Two)
            }
            (Documented::SeveralRules, true) => Err(AskedError::Two),
        }
    }

    fn by_url(req: &RequestView<'r>) -> Result<Self, AskedError> {
        let unreadable = AskedError::Unreadable(ORIGINAL_URL);
        let url = one(req, ORIGINAL_URL)?;
        let method = method(req, ORIGINAL_METHOD)?;
        match split_absolute_form(url) {
            Ok((Some(host), target)) => Ok(Self {
                method: Cow::Owned(method),
                host,
                target: Cow::Borrowed(target),
                headers: req.headers(),
            }),
            Ok((None, _)) | Err(_) => Err(unreadable),
        }
    }

    fn by_parts(req: &RequestView<'r>) -> Result<Self, AskedError> {
        let method = method(req, FORWARDED_METHOD)?;
        // Which origin it is follows from the host: TLS may have ended further out. Traefik calls the two ws and wss
        // where a websocket is asked for.
        if !matches!(
            one(req, FORWARDED_PROTO)?,
            b"http" | b"https" | b"ws" | b"wss"
        ) {
            return Err(AskedError::Unreadable(FORWARDED_PROTO));
        }
        Ok(Self {
            method: Cow::Owned(method),
            host: text(one(req, FORWARDED_HOST)?, FORWARDED_HOST)?,
            target: Cow::Borrowed(one(req, FORWARDED_URI)?),
            headers: req.headers(),
        })
    }

    /// The path is canonical already, and so stays what it is when it is read again.
    fn by_path(below: Option<&str>, req: &RequestView<'r>) -> Result<Self, AskedError> {
        let path = below.ok_or(AskedError::Missing("the path after the endpoint"))?;
        let target = match req.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        Ok(Self {
            method: Cow::Borrowed(req.method()),
            host: req.host(),
            target: Cow::Owned(target.into_bytes()),
            headers: req.headers(),
        })
    }

    /// What nginx sends by oauth2-proxy's documentation: `X-Forwarded-Uri` and
    /// `Host`, and no method.
    fn of_oauth2_proxy(req: &RequestView<'r>) -> Result<Self, AskedError> {
        if req.headers().contains_key(FORWARDED_METHOD) {
            return Err(AskedError::Missing(ORIGINAL_URL));
        }
        let uri = one(req, FORWARDED_URI)?;
        Ok(Self {
            method: Cow::Owned(Method::GET),
            host: req.host(),
            target: Cow::Borrowed(uri),
            headers: req.headers(),
        })
    }

    /// The request as if we had received it.
    pub(super) fn view(&self) -> Result<RequestView<'_>, RequestError> {
        RequestView::at_host(&self.method, &self.target, self.host, self.headers)
    }
}

impl std::fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked([redacted])")
    }
}

/// The one value of a header.
fn one<'r>(req: &RequestView<'r>, name: &'static str) -> Result<&'r [u8], AskedError> {
    let mut values = req.headers().get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(AskedError::Missing(name)),
        (Some(_), Some(_)) => Err(AskedError::Repeated(name)),
        (Some(value), None) => Ok(value.as_bytes()),
    }
}

fn method(req: &RequestView<'_>, name: &'static str) -> Result<Method, AskedError> {
    Method::from_bytes(one(req, name)?).map_err(|_| AskedError::Unreadable(name))
}

fn text<'r>(value: &'r [u8], name: &'static str) -> Result<&'r str, AskedError> {
    std::str::from_utf8(value).map_err(|_| AskedError::Unreadable(name))
}
