//! The way of spans to the collector: OTLP by HTTP, in batches.
//!
//! Owns how often a batch is tried, and that a collector that is out is told
//! about once. No request waits for any of it, whatever the collector does: it
//! runs beside them, and what it cannot take is dropped and counted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use http::{Request, StatusCode, header};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use pingora::server::ShutdownWatch;
use pingora::services::background::BackgroundService;
use prost::Message;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::http::{HttpClient, HttpError};
use crate::config::Otlp;
use crate::telemetry::{Batch, Records, resource};
use crate::version;

/// How long after a failure the same batch is tried again, each time.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Where spans go under the configuration of today.
pub struct Target {
    otlp: Otlp,
    http: HttpClient,
    resource: Resource,
}

/// What is served by says where to; a reload may say something else.
pub type Targets = Arc<ArcSwapOption<Target>>;

/// Sends what requests leave behind.
pub struct Collector {
    records: Mutex<Records>,
    target: Targets,
}

/// Why the collector does not have a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum ExportError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer that is none of acceptance.
    #[error("the answer was HTTP {0}")]
    Refused(u16),
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("otlp", &self.otlp)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// The collector that a configuration names, if it does.
    #[must_use]
    pub fn of(otlp: Option<&Otlp>, http: &HttpClient) -> Option<Arc<Self>> {
        let otlp = otlp?;
        Some(Arc::new(Self {
            otlp: otlp.clone(),
            http: http.towards(&otlp.http),
            resource: resource(otlp),
        }))
    }

    /// Sends spans once. How many of them the collector did not want.
    async fn send(&self, spans: Vec<Span>) -> Result<u64, ExportError> {
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(self.resource.clone()),
                scope_spans: vec![ScopeSpans {
                    scope: Some(InstrumentationScope {
                        name: env!("CARGO_PKG_NAME").to_owned(),
                        version: version::NUMBER.to_owned(),
                        ..InstrumentationScope::default()
                    }),
                    spans,
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            }],
        };
        let mut message = Request::post(self.otlp.endpoint.as_str())
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .body(request.encode_to_vec())
            .map_err(|_| HttpError::Setup)?;
        for (name, value) in &self.otlp.headers {
            message.headers_mut().insert(name.clone(), value.clone());
        }
        let answer = self.http.send(message).await?;
        if answer.status() != StatusCode::OK {
            return Err(ExportError::Refused(answer.status().as_u16()));
        }
        // What cannot be read is a yes all the same (OTLP 1.0, "Full Success").
        let read = ExportTraceServiceResponse::decode(answer.body().as_slice()).ok();
        let rejected = read.and_then(|read| read.partial_success);
        let rejected = rejected.map_or(0, |partial| partial.rejected_spans);
        Ok(u64::try_from(rejected).unwrap_or(0))
    }
}

impl ExportError {
    /// Whether the same may be taken a little later.
    fn is_passing(self) -> bool {
        match self {
            Self::Http(error) => matches!(
                error,
                HttpError::Connect | HttpError::Timeout | HttpError::Unavailable(_)
            ),
            Self::Refused(_) => false,
        }
    }
}

impl Collector {
    /// Sends these there.
    #[must_use]
    pub fn new(records: Records, target: Targets) -> Self {
        Self {
            records: Mutex::new(records),
            target,
        }
    }

    /// Sends a batch, after a failure that may pass a few times. Nobody is kept
    /// waiting for a further attempt.
    async fn export(&self, batch: &mut Batch) -> (u64, Result<u64, ExportError>) {
        let spans = batch.spans();
        let count = u64::try_from(spans.len()).unwrap_or(u64::MAX);
        // Since the configuration of a moment ago there may be none.
        let Some(target) = self.target.load_full().filter(|_| count > 0) else {
            return (count, Ok(count));
        };
        let mut pauses = PAUSES.into_iter();
        loop {
            let error = match target.send(spans.clone()).await {
                Ok(rejected) => return (count, Ok(rejected.min(count))),
                Err(error) => error,
            };
            let pause = pauses.next().filter(|_| !batch.is_urgent());
            match pause.filter(|_| error.is_passing()) {
                Some(pause) => sleep(pause).await,
                None => return (count, Err(error)),
            }
        }
    }
}

#[async_trait]
impl BackgroundService for Collector {
    /// Goes on while the process drains: requests end until then, and
    /// [`flush`](crate::telemetry::Queue::flush) has the last of it sent.
    async fn start(&self, _shutdown: ShutdownWatch) {
        let mut records = self.records.lock().await;
        let mut is_out = false;
        while let Some(mut batch) = records.next().await {
            let (count, result) = self.export(&mut batch).await;
            let refused = match result {
                Ok(rejected) => rejected,
                Err(_) => count,
            };
            let counts = records.counts();
            counts.refused.fetch_add(refused, Ordering::Relaxed);
            counts.sent.fetch_add(count - refused, Ordering::Relaxed);
            match result {
                Err(error) if !is_out => {
                    is_out = true;
                    tracing::warn!(%error, "the collector does not take spans; they are dropped");
                }
                Ok(_) if is_out && count > 0 => {
                    is_out = false;
                    tracing::info!("the collector takes spans again");
                }
                Ok(_) | Err(_) => {}
            }
            batch.done();
        }
    }
}
