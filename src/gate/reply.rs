//! Replies of our own: status, headers, small body, and what the log says.
//!
//! Owns the headers that every answer of ours carries, the sorts of client
//! that there are, and the one table from a denial to a reply. Must not know
//! sessions, tokens or providers.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use super::headers::Name;
use super::page::{Language, Look, Page, Word};
use super::reference;
use super::request::RequestView;
use super::seal::Rng;

/// A small answer that we give ourselves. Debug shows status and note alone:
/// headers and body may hold cookies, `state` or a token.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// For the log: to a front proxy's question, the public origin of the request
    /// that it asks about, by its place. Any other request tells its own.
    pub origin: Option<u16>,
    /// All headers but Content-Length.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// For the log.
    pub note: Note,
    /// Headers that cannot say all of their value truly, for the log.
    pub left_out: Vec<Name>,
    /// What the body was made from, if it is a page: said in English until
    /// [`spoken`](Self::spoken) knows better.
    page: Option<Box<Page>>,
}

/// What the access log says of a request. All texts are from closed lists,
/// but for names of the configuration, and the user, which the log shows hashed, plain or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// What became of the request.
    pub outcome: &'static str,
    /// Why.
    pub reason: Option<&'static str>,
    /// What whoever runs this can do about it.
    pub remedy: Option<&'static str>,
    /// The claims that the user is looked for in, by their names in the
    /// configuration, where none of them has a usable value.
    pub claim: Option<String>,
    /// Who asked, if known.
    pub user: Option<User>,
    /// The reference that a page shows.
    pub reference: Option<String>,
    /// The route that it fell under: its place in the configuration, and its pattern.
    pub route: Option<Arc<str>>,
}

/// An account name on its way to the log. Debug does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct User(pub String);

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("User([redacted])")
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("note", &self.note)
            .finish_non_exhaustive()
    }
}

impl Note {
    /// A note without a reason.
    #[must_use]
    pub fn new(outcome: &'static str) -> Self {
        Self {
            outcome,
            ..Self::default()
        }
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// The same with what whoever runs this can do about it.
    #[must_use]
    pub fn remedied_by(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// The same with who asked.
    #[must_use]
    pub fn by(mut self, user: Option<&str>) -> Self {
        self.user = user.map(|user| User(user.to_owned()));
        self
    }
}

/// What sort of client asks, which decides how it is told to sign in
/// (contract, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A person's browser opens a page: GET or HEAD of a top-level document.
    Navigation,
    /// A person's browser sends a form as a top-level document.
    Form,
    /// A page inside a frame.
    Frame,
    /// A browser that guesses what comes next.
    Prefetch,
    /// Everything else.
    Script,
}

impl Asker {
    /// Who asks, by Fetch Metadata where there is any, else by `Accept`.
    #[must_use]
    pub fn of(req: &RequestView<'_>) -> Self {
        let says = |name: &str, word: &str| {
            req.headers().get_all(name).iter().any(|value| {
                value
                    .to_str()
                    .is_ok_and(|value| value.to_ascii_lowercase().contains(word))
            })
        };
        if says("sec-purpose", "prefetch")
            || says("purpose", "prefetch")
            || says("x-moz", "prefetch")
        {
            return Self::Prefetch;
        }
        let reads = *req.method() == Method::GET || *req.method() == Method::HEAD;
        let document = if reads { Self::Navigation } else { Self::Form };
        let fetch_metadata = ["sec-fetch-mode", "sec-fetch-dest", "sec-fetch-site"]
            .iter()
            .any(|name| req.headers().contains_key(*name));
        if !fetch_metadata {
            return if accepts_html(req) {
                document
            } else {
                Self::Script
            };
        }
        match (req.header("sec-fetch-mode"), req.header("sec-fetch-dest")) {
            (Some("navigate"), Some("document")) => document,
            (_, Some("iframe" | "frame" | "object" | "embed")) => Self::Frame,
            _ => Self::Script,
        }
    }
}

/// 404 for what is below our prefix and nothing.
pub(super) fn not_found(req: &RequestView<'_>) -> Reply {
    Reply::refusal(
        req,
        StatusCode::NOT_FOUND,
        "not_found",
        Page::new(Word::NotFoundTitle).text(Word::NotFoundText),
        Note::new("not_found"),
    )
}

/// Whether a client reads HTML.
#[must_use]
pub fn accepts_html(req: &RequestView<'_>) -> bool {
    req.headers().get_all(header::ACCEPT).iter().any(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.to_ascii_lowercase().contains("text/html"))
    })
}

impl Reply {
    /// An answer with the headers that all of ours carry.
    fn new(status: StatusCode, body: Bytes, note: Note) -> Self {
        Self {
            status,
            origin: None,
            headers: vec![
                fixed(header::CACHE_CONTROL, "no-store"),
                fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                fixed(header::REFERRER_POLICY, "no-referrer"),
                fixed(header::X_FRAME_OPTIONS, "DENY"),
            ],
            body,
            note,
            left_out: Vec::new(),
            page: None,
        }
    }

    /// A page.
    #[must_use]
    pub fn page(status: StatusCode, page: Page, note: Note) -> Self {
        let body = page.render(Look::built_in(), Language::English).into();
        let mut reply = Self::new(status, body, note);
        if page.may_be_framed() {
            reply
                .headers
                .retain(|(name, _)| name != header::X_FRAME_OPTIONS);
            let same = fixed(header::X_FRAME_OPTIONS, "SAMEORIGIN");
            reply.headers.push(same);
        }
        reply.headers.extend([
            fixed(header::CONTENT_TYPE, "text/html; charset=utf-8"),
            fixed(header::CONTENT_LANGUAGE, Language::English.tag()),
            fixed(header::VARY, "Accept-Language"),
        ]);
        let policy = page.policy(Look::built_in());
        reply.page = Some(Box::new(page));
        reply.with(header::CONTENT_SECURITY_POLICY, &policy)
    }

    /// The same as this installation's pages look, in the language that a request
    /// prefers. Anything but a page, such as JSON, stays as it is.
    #[must_use]
    pub fn spoken(mut self, look: &Look, asked: &HeaderMap) -> Self {
        let language = Language::asked_for(asked);
        let Some(page) = self.page.take() else {
            return self;
        };
        if look.is_built_in() && language == Language::English {
            return self;
        }
        self.body = page.render(look, language).into();
        self.headers.retain(|(name, _)| {
            name != header::CONTENT_LANGUAGE && name != header::CONTENT_SECURITY_POLICY
        });
        let tag = fixed(header::CONTENT_LANGUAGE, language.tag());
        self.headers.push(tag);
        self.with(header::CONTENT_SECURITY_POLICY, &page.policy(look))
    }

    /// 200 without a body, for a front proxy.
    #[must_use]
    pub(super) fn allowed(note: Note) -> Self {
        Self::new(StatusCode::OK, Bytes::new(), note)
    }

    /// JSON.
    #[must_use]
    pub fn json(status: StatusCode, value: &Value, note: Note) -> Self {
        let mut reply = Self::new(status, value.to_string().into(), note);
        reply.headers.extend([
            fixed(header::CONTENT_TYPE, "application/json"),
            fixed(
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'",
            ),
        ]);
        reply
    }

    /// 302 to a location that is a legal header value.
    #[must_use]
    pub fn redirect(location: &str, note: Note) -> Self {
        Self::new(StatusCode::FOUND, Bytes::new(), note).with(header::LOCATION, location)
    }

    /// A page where HTML is read, else JSON with an `error` word.
    #[must_use]
    pub fn refusal(
        req: &RequestView<'_>,
        status: StatusCode,
        error: &str,
        page: Page,
        note: Note,
    ) -> Self {
        if accepts_html(req) {
            Self::page(status, page, note)
        } else {
            let mut body = json!({ "error": error });
            let more = [("reference", &note.reference), ("claim", &note.claim)];
            for (name, value) in more {
                if let (Some(value), Some(object)) = (value, body.as_object_mut()) {
                    object.insert(name.to_owned(), json!(value));
                }
            }
            Self::json(status, &body, note)
        }
    }

    /// The same with a reference, drawn at random, by which whoever reads the log
    /// finds its line: on the page, in the JSON and in the note.
    #[must_use]
    pub fn referenced(
        req: &RequestView<'_>,
        status: StatusCode,
        error: &str,
        page: Page,
        note: Note,
        rng: Rng<'_>,
    ) -> Self {
        let reference = reference(rng);
        let page = match &reference {
            Some(reference) => page.detail(Word::Reference, reference),
            None => page,
        };
        let note = Note { reference, ..note };
        Self::refusal(req, status, error, page, note)
    }

    /// 400 without any reading of the request, which could not be read.
    #[must_use]
    pub fn bad_request(why: &str, reason: &'static str) -> Self {
        let note = Note::new("bad_request").because(reason);
        let body = json!({ "error": "bad_request", "error_description": why });
        Self::json(StatusCode::BAD_REQUEST, &body, note)
    }

    /// The same with one header more. A value that is no header value becomes 500.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        let visible = value.bytes().all(|b| (0x20..0x7f).contains(&b));
        match HeaderValue::from_str(value) {
            Ok(value) if visible => self.headers.push((name, value)),
            _ => self.status = StatusCode::INTERNAL_SERVER_ERROR,
        }
        self
    }

    /// The same for a page that sends a form for the app: with the usual
    /// `no-referrer` its `Origin` would be `null` (Fetch 3.2), which apps that
    /// look at it refuse.
    #[must_use]
    pub fn refers_by_origin(mut self) -> Self {
        self.headers
            .retain(|(name, _)| name != header::REFERRER_POLICY);
        self.with(header::REFERRER_POLICY, "strict-origin")
    }

    /// The same with cookies.
    #[must_use]
    pub fn with_cookies(mut self, cookies: impl IntoIterator<Item = String>) -> Self {
        for cookie in cookies {
            self = self.with(header::SET_COOKIE, &cookie);
        }
        self
    }

    /// The same, to be tried again in so many seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.with(header::RETRY_AFTER, &seconds.to_string())
    }
}

fn fixed(name: HeaderName, value: &'static str) -> (HeaderName, HeaderValue) {
    (name, HeaderValue::from_static(value))
}

#[cfg(test)]
mod tests;
