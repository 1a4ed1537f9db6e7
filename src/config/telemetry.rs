//! What is told of requests, and how.
//!
//! Owns what `[log]` comes to. Must not write anything: that is `telemetry`.

/// `[log]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// Shape of a line.
    pub format: LogFormat,
    /// Least severe level that is written.
    pub level: tracing::Level,
    /// How a person appears in it.
    pub user: LogUser,
}

/// Shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// How a person appears in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogUser {
    /// A keyed hash: the same person is recognisable, not nameable.
    Hash,
    /// The account name.
    Plain,
    /// Not at all.
    Off,
}
