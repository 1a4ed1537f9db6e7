//! Logging: one access line a request, with its outcome and reason.
//!
//! Sees outcomes, never tokens, cookies or claims; the user's name is hashed
//! unless the configuration says otherwise. `line` writes the access line, `sink`
//! brings lines out.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

mod line;
mod outcomes;
mod sink;

pub use outcomes::Outcomes;
pub use sink::flush;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::clock;
use crate::config::{Log, LogFormat, LogUser};
use crate::gate::reply::Note;
use crate::gate::seal::SecretKey;

/// How people appear in the log.
pub struct Telemetry {
    user: LogUser,
    format: LogFormat,
    /// Keyed; a clone hashes one name.
    hash: Option<Hmac<Sha256>>,
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
    /// How long it took.
    pub elapsed: Duration,
}

/// Requests that are being served.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<AtomicUsize>);

/// Counts one request while it lives.
#[derive(Debug)]
pub struct InFlightGuard(Arc<AtomicUsize>);

impl InFlight {
    /// One more, until the guard is dropped.
    #[must_use]
    pub fn enter(&self) -> InFlightGuard {
        self.0.fetch_add(1, Ordering::AcqRel);
        InFlightGuard(Arc::clone(&self.0))
    }

    /// Whether none is being served.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
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
    pub fn new(log: Log, key: &SecretKey) -> Self {
        Self {
            user: log.user,
            format: log.format,
            // A key of any length will do: never an error.
            hash: Hmac::new_from_slice(key.derive("log user").as_slice()).ok(),
        }
    }

    /// Writes the line of one request.
    pub fn access(&self, line: &AccessLine<'_>) {
        if !tracing::enabled!(tracing::Level::INFO) {
            return;
        }
        let user = line.note.user.as_ref().and_then(|user| self.user(&user.0));
        if self.format == LogFormat::Json {
            let user = user.as_deref();
            return line::write(line, user, clock::since_1970(), sink::add);
        }
        tracing::info!(
            method = line.method,
            path = %line.path,
            status = line.status,
            outcome = line.note.outcome,
            reason = line.note.reason,
            route = line.note.route.as_deref(),
            user = user.as_deref(),
            reference = line.note.reference,
            ms = u64::try_from(line.elapsed.as_millis()).unwrap_or(u64::MAX),
            "request"
        );
    }

    fn user(&self, name: &str) -> Option<String> {
        match self.user {
            LogUser::Off => None,
            LogUser::Plain => Some(name.to_owned()),
            LogUser::Hash => {
                let mut mac = self.hash.clone()?;
                mac.update(name.as_bytes());
                let digest: [u8; 32] = mac.finalize().into_bytes().into();
                let [a, b, c, d, e, f, ..] = digest;
                let number = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
                Some(format!("{number:012x}"))
            }
        }
    }
}
