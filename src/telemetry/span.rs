//! The spans of one request, as OTLP has them.
//!
//! Owns which spans and attributes there are: names of OpenTelemetry's
//! conventions where it has one, `vestibule.…` else. Never a token, a cookie, a
//! query or a claim; the account name as `log.user` says. Must not know where
//! they go.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{SpanFlags, Status};

use super::phases::{Phases, Stretch};
use super::trace::{Id, SpanId, Trace};
use crate::config::Otlp;
use crate::version;

/// The methods that OpenTelemetry knows; others are `_OTHER`, so that no client
/// makes up names of spans.
const METHODS: &[&str] = &[
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE",
];

/// The ids of a request's spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// The request itself.
    server: SpanId,
    /// The part that the app has in it, which is what the app is told.
    upstream: SpanId,
}

/// The account name, as far as it may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ToldUser {
    /// As it is.
    Plain(String),
    /// Its keyed hash.
    Hash(String),
}

impl ToldUser {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Hash(text) => text,
        }
    }
}

/// A request that is over and is recorded.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) trace: Trace,
    pub(super) spans: Spans,
    pub(super) phases: Phases,
    /// Since 1970.
    pub(super) ended: Duration,
    pub(super) lasted: Duration,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: u16,
    pub(super) outcome: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) route: Option<Arc<str>>,
    /// The app's name in the configuration.
    pub(super) upstream: Option<String>,
    pub(super) user: Option<ToldUser>,
}

impl Spans {
    /// `None` without randomness.
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            server: SpanId::new().ok()?,
            upstream: SpanId::new().ok()?,
        })
    }

    /// Whose child the app's span is.
    #[must_use]
    pub fn told(&self) -> SpanId {
        self.upstream
    }
}

impl Record {
    /// How many spans it comes to.
    pub(super) fn count(&self) -> u64 {
        let parts = [
            self.phases.deciding().is_some(),
            self.phases.provider().is_some(),
            self.phases.sought().is_some(),
        ];
        1 + parts.into_iter().map(u64::from).sum::<u64>()
    }

    /// Its spans: the request, and a child for each phase that it reached.
    pub(super) fn into_spans(self) -> Vec<Span> {
        let began = self.ended.saturating_sub(self.lasted);
        let parts = [
            self.phases
                .deciding()
                .map(|part| self.child("decide", SpanKind::Internal, began, part, None)),
            self.phases
                .provider()
                .map(|part| self.child("provider", SpanKind::Client, began, part, None)),
            self.upstream_span(began),
        ];
        let mut spans = vec![self.server_span(began)];
        spans.extend(parts.into_iter().flatten());
        spans
    }

    fn server_span(&self, began: Duration) -> Span {
        let method = match METHODS.contains(&self.method.as_str()) {
            true => self.method.as_str(),
            false => "_OTHER",
        };
        let mut attributes = vec![
            text("http.request.method", method),
            text("url.path", &self.path),
            text("vestibule.outcome", self.outcome),
        ];
        if self.status != 0 {
            let status = Value::IntValue(i64::from(self.status));
            attributes.push(attribute("http.response.status_code", status));
        }
        let user = match &self.user {
            Some(ToldUser::Plain(user)) => Some(("user.id", user.as_str())),
            Some(ToldUser::Hash(hash)) => Some(("user.hash", hash.as_str())),
            None => None,
        };
        let more = [
            self.reason.map(|reason| ("vestibule.reason", reason)),
            self.route
                .as_deref()
                .map(|route| ("vestibule.route", route)),
            user,
        ];
        attributes.extend(
            more.into_iter()
                .flatten()
                .map(|(name, value)| text(name, value)),
        );
        let name = match (&self.route, method) {
            (_, "_OTHER") => "HTTP".to_owned(),
            (Some(route), method) => format!("{method} {route}"),
            (None, method) => method.to_owned(),
        };
        Span {
            parent_span_id: self.trace.parent.map(|id| bytes(&id)).unwrap_or_default(),
            flags: self.flags(self.trace.parent.is_some()),
            // A 4xx of a server is no error of it.
            status: (self.status >= 500).then(error),
            attributes,
            ..span(
                &self.trace,
                &self.spans.server,
                name,
                SpanKind::Server,
                began,
                self.ended,
            )
        }
    }

    fn upstream_span(&self, began: Duration) -> Option<Span> {
        let sought = self.phases.sought()?;
        let part = Stretch {
            after: sought,
            lasted: self.lasted.saturating_sub(sought),
        };
        let id = Some(self.spans.upstream);
        let mut span = self.child("upstream", SpanKind::Client, began, part, id);
        let micros = |part: Stretch| {
            let micros = part.lasted.as_micros();
            Value::IntValue(i64::try_from(micros).unwrap_or(i64::MAX))
        };
        let more = [
            self.phases
                .connect()
                .map(|part| attribute("vestibule.connect_us", micros(part))),
            self.phases
                .first_byte()
                .map(|part| attribute("vestibule.first_byte_us", micros(part))),
            self.upstream
                .as_deref()
                .map(|name| text("vestibule.upstream", name)),
        ];
        span.attributes.extend(more.into_iter().flatten());
        if self.phases.first_byte().is_none() {
            span.status = Some(error());
        }
        Some(span)
    }

    fn child(
        &self,
        name: &str,
        kind: SpanKind,
        began: Duration,
        part: Stretch,
        id: Option<SpanId>,
    ) -> Span {
        let from = began + part.after;
        let id = id
            .or_else(|| SpanId::new().ok())
            .unwrap_or(self.spans.server);
        Span {
            parent_span_id: bytes(&self.spans.server),
            flags: self.flags(false),
            ..span(
                &self.trace,
                &id,
                name.to_owned(),
                kind,
                from,
                from + part.lasted,
            )
        }
    }

    /// The trace's, and whether the parent is one of another process.
    fn flags(&self, remote: bool) -> u32 {
        let remote = match remote {
            true => SpanFlags::ContextIsRemoteMask as u32,
            false => 0,
        };
        u32::from(self.trace.flags()) | SpanFlags::ContextHasIsRemoteMask as u32 | remote
    }
}

fn span(
    trace: &Trace,
    id: &SpanId,
    name: String,
    kind: SpanKind,
    from: Duration,
    until: Duration,
) -> Span {
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    Span {
        trace_id: bytes(&trace.id),
        span_id: bytes(id),
        name,
        kind: kind.into(),
        start_time_unix_nano: nanos(from),
        end_time_unix_nano: nanos(until),
        ..Span::default()
    }
}

fn error() -> Status {
    Status {
        code: StatusCode::Error.into(),
        ..Status::default()
    }
}

fn bytes<const DIGITS: usize>(id: &Id<DIGITS>) -> Vec<u8> {
    id.bytes().collect()
}

/// Who sends spans: the service, its version, and this process of it.
#[must_use]
pub fn resource(otlp: &Otlp) -> Resource {
    static INSTANCE: LazyLock<Option<SpanId>> = LazyLock::new(|| SpanId::new().ok());
    let mut attributes = vec![
        text("service.name", &otlp.service_name),
        text("service.version", version::NUMBER),
    ];
    if let Some(instance) = INSTANCE.as_ref() {
        attributes.push(text("service.instance.id", instance.as_str()));
    }
    for (name, value) in &otlp.attributes {
        // What is configured goes before what is made up.
        attributes.retain(|known| known.key != *name);
        attributes.push(text(name, value));
    }
    Resource {
        attributes,
        ..Resource::default()
    }
}

/// A text as an attribute.
fn text(name: &str, value: &str) -> KeyValue {
    attribute(name, Value::StringValue(value.to_owned()))
}

fn attribute(name: &str, value: Value) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}
