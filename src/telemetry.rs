//! What is told of requests: one access line each, counters, and spans.
//!
//! Sees outcomes, never tokens, cookies or claims; the user's name is hashed
//! unless the configuration says otherwise, and the client's address shown. `line` writes the access line, `sink`
//! brings lines out; `trace` names requests, `span` says what a collector is
//! told of them, `queue` keeps that until it is sent.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

mod histogram;
mod line;
mod outcomes;
mod phases;
mod queue;
mod sink;
mod span;
pub mod trace;
mod tracer;

pub use histogram::{Apps, Histogram};
pub use outcomes::Outcomes;
pub use phases::{Phases, Stretch};
pub use queue::{Batch, Queue, Records};
pub use sink::flush;
pub use span::{Spans, resource};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::clock;
use crate::config::{Config, Log, LogAs, LogFormat};
use crate::gate::reply::Note;
use crate::gate::seal::SecretKey;
use crate::spread::{Apart, Spread};
use http::HeaderMap;
use span::{Record, ToldUser};
use trace::Trace;
use tracer::Tracer;

/// What is told of requests, under one configuration.
pub struct Telemetry {
    user: LogAs,
    client: LogAs,
    format: LogFormat,
    tracer: Tracer,
    told: Told,
    /// Keyed, each for itself; a clone hashes one name, or one address.
    user_hash: Option<Hmac<Sha256>>,
    client_hash: Option<Hmac<Sha256>>,
}

/// Where it goes, from the start of the process on.
#[derive(Clone, Debug)]
pub struct Told {
    /// How requests ended.
    pub outcomes: Arc<Outcomes>,
    /// How long apps took.
    pub apps: Arc<Apps>,
    /// How long requests waited for the provider, if they did.
    pub provider: Arc<Histogram>,
    /// Spans on their way to the collector.
    pub queue: Queue,
}

/// One request.
pub struct AccessLine<'l> {
    /// The method.
    pub method: &'l str,
    /// The path without its query.
    pub path: &'l dyn fmt::Display,
    /// The status sent; 0 if none was.
    pub status: u16,
    /// What became of it.
    pub note: &'l Note,
    /// Whose it is, as far as proxies of ours are believed.
    pub client: Option<IpAddr>,
    /// The host of the public origin that it came to; `None` for any other.
    pub host: Option<&'l str>,
    /// Which trace it belongs to; `None` if it was never read.
    pub trace: Option<&'l Trace>,
    /// How long it took.
    pub elapsed: Duration,
    /// And what part of it.
    pub phases: &'l Phases,
    /// The ids of its spans, if it is recorded.
    pub spans: Option<Spans>,
    /// The name of the app that was to answer.
    pub upstream: Option<&'l str>,
}

/// A client's address as the log shows it. Whatever it is, no character of it
/// ends a text of JSON.
#[derive(Clone, Copy)]
enum ToldClient {
    Plain(IpAddr),
    /// 48 bits.
    Hash(u64),
}

impl fmt::Display for ToldClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(address) => address.fmt(f),
            Self::Hash(number) => write!(f, "{number:012x}"),
        }
    }
}

/// Requests that are being served: as many as there are guards. Each thread
/// counts its own, in the reference count that a guard has anyway.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Spread<Arc<Apart<()>>>>);

/// Counts one request while it lives.
#[derive(Debug)]
pub struct InFlightGuard {
    _counted: Arc<Apart<()>>,
}

impl InFlight {
    /// One more, until the guard is dropped.
    #[must_use]
    pub fn enter(&self) -> InFlightGuard {
        InFlightGuard {
            _counted: Arc::clone(self.0.own()),
        }
    }

    /// Whether none is being served.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|guards| Arc::strong_count(guards) == 1)
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Starts logging: JSON to stdout for machines, text to stderr for people.
/// `log` records of libraries are not taken up: some show whole requests.
pub fn start(log: Log) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(log.level)
        .with_target(false);
    let started = match log.format {
        LogFormat::Json => {
            sink::start();
            let json = builder.json().flatten_event(true).with_current_span(false);
            let json = json.with_writer(|| sink::Stdout);
            tracing::subscriber::set_global_default(json.finish())
        }
        LogFormat::Text => {
            let text = builder.with_ansi(false).with_writer(std::io::stderr);
            tracing::subscriber::set_global_default(text.finish())
        }
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}

impl Telemetry {
    /// `key` keys the hash of user names.
    #[must_use]
    pub fn new(config: &Config, key: &SecretKey, told: Told) -> Self {
        Self {
            user: config.log.user,
            client: config.log.client,
            format: config.log.format,
            tracer: Tracer::new(&config.telemetry),
            told,
            // A key of any length will do: never an error.
            user_hash: Hmac::new_from_slice(key.derive("log user").as_slice()).ok(),
            client_hash: Hmac::new_from_slice(key.derive("log client").as_slice()).ok(),
        }
    }

    /// Where it goes.
    #[must_use]
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// The trace of a request that begins, and the ids of its spans if they are
    /// recorded. `None` without randomness.
    #[must_use]
    pub fn trace(&self, headers: &HeaderMap) -> (Option<Trace>, Option<Spans>) {
        self.tracer.begin(headers)
    }

    /// Whether requests have a line in the log: nothing else says whose they are.
    #[must_use]
    pub fn has_lines(&self) -> bool {
        tracing::enabled!(tracing::Level::INFO)
    }

    /// A request is over: it is counted, has its line, and its spans go to the
    /// collector.
    pub fn tell(&self, line: &AccessLine<'_>) {
        let line = &AccessLine {
            method: bounded(line.method),
            ..*line
        };
        let note = line.note;
        self.told.outcomes.count(note.outcome, note.reason);
        if let Some(app) = line.upstream {
            self.told.apps.add(app, line.phases);
        }
        if let Some(part) = line.phases.provider() {
            self.told.provider.add(part.lasted);
        }
        if let (Some(trace), Some(spans)) = (line.trace, line.spans) {
            self.told.queue.add(self.record(line, *trace, spans));
        }
        if self.has_lines() {
            self.access(line);
        }
    }

    /// Writes the line of one request.
    fn access(&self, line: &AccessLine<'_>) {
        let user = self.user(line.note);
        let user = user.as_ref().map(ToldUser::as_str);
        let client = self.client(line.client);
        if self.format == LogFormat::Json {
            let who = line::Who { user, client };
            return line::write(line, who, clock::since_1970(), sink::add);
        }
        tracing::info!(
            method = line.method,
            path = %line.path,
            status = line.status,
            outcome = line.note.outcome,
            reason = line.note.reason,
            remedy = line.note.remedy,
            claim = line.note.claim,
            route = line.note.route.as_deref(),
            user,
            client = client.map(tracing::field::display),
            host = line.host,
            reference = line.note.reference,
            trace_id = line.trace.map(|trace| trace.id.as_str()),
            ms = u64::try_from(line.elapsed.as_millis()).unwrap_or(u64::MAX),
            decide_ms = line.phases.decide().map(millis),
            provider_ms = line.phases.provider().map(|part| millis(part.lasted)),
            connect_ms = line.phases.connect().map(|part| millis(part.lasted)),
            first_byte_ms = line.phases.first_byte().map(|part| millis(part.lasted)),
            "request"
        );
    }

    fn record(&self, line: &AccessLine<'_>, trace: Trace, spans: Spans) -> Record {
        Record {
            trace,
            spans,
            phases: *line.phases,
            ended: clock::since_1970(),
            lasted: line.elapsed,
            method: line.method.to_owned(),
            path: line.path.to_string(),
            status: line.status,
            outcome: line.note.outcome,
            reason: line.note.reason,
            route: line.note.route.clone(),
            upstream: line.upstream.map(str::to_owned),
            user: self.user(line.note),
        }
    }

    fn user(&self, note: &Note) -> Option<ToldUser> {
        let name = &note.user.as_ref()?.0;
        match self.user {
            LogAs::Off => None,
            LogAs::Plain => Some(ToldUser::Plain(name.to_owned())),
            LogAs::Hash => {
                let number = hashed(self.user_hash.as_ref(), name.as_bytes())?;
                Some(ToldUser::Hash(format!("{number:012x}")))
            }
        }
    }

    /// A client's address as `log.client` says.
    fn client(&self, client: Option<IpAddr>) -> Option<ToldClient> {
        // Of a listener for both families, an address of IPv4 is the same as of one for it alone.
        let client = client?.to_canonical();
        match (self.client, client) {
            (LogAs::Off, _) => None,
            (LogAs::Plain, _) => Some(ToldClient::Plain(client)),
            (LogAs::Hash, IpAddr::V4(v4)) => {
                hashed(self.client_hash.as_ref(), &v4.octets()).map(ToldClient::Hash)
            }
            (LogAs::Hash, IpAddr::V6(v6)) => {
                hashed(self.client_hash.as_ref(), &v6.octets()).map(ToldClient::Hash)
            }
        }
    }

    /// The same, for lines about something else than a request.
    #[must_use]
    pub fn client_as_told(&self, client: Option<IpAddr>) -> Option<impl fmt::Display + use<>> {
        self.client(client)
    }
}

/// 48 bits of a keyed hash.
fn hashed(key: Option<&Hmac<Sha256>>, text: &[u8]) -> Option<u64> {
    let mut mac = key?.clone();
    mac.update(text);
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    let [a, b, c, d, e, f, ..] = digest;
    Some(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
}

/// Longest method that is shown, in bytes; those that are registered have 17.
const METHOD_MAX: usize = 32;

/// A method as it is shown: a client may send one of any length, and a line of
/// the log and a span that waits must not have it.
fn bounded(method: &str) -> &str {
    method.get(..METHOD_MAX).unwrap_or(method)
}

/// With three decimals.
fn millis(time: Duration) -> impl tracing::Value {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_shown_up_to_a_length() {
        for method in ["GET", "UPDATEREDIRECTREF", &"A".repeat(METHOD_MAX)] {
            assert_eq!(bounded(method), method);
        }
        assert_eq!(bounded(&"A".repeat(1_000_000)), "A".repeat(METHOD_MAX));
    }
}
