//! What is told of requests, and how.
//!
//! Owns what `[log]` and `[telemetry]` come to. Must not write or send anything:
//! that is `telemetry` and `edge::collector`.

use http::{HeaderName, HeaderValue};
use url::Url;

use super::ProviderHttp;

/// `[log]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// Shape of a line.
    pub format: LogFormat,
    /// Least severe level that is written.
    pub level: tracing::Level,
    /// How a person appears in it.
    pub user: LogAs,
    /// How a client's address appears in it.
    pub client: LogAs,
}

/// Shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// How what tells of a person appears in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogAs {
    /// A keyed hash: the same person or address is recognisable, not nameable.
    Hash,
    /// As it is.
    Plain,
    /// Not at all.
    Off,
}

/// `[telemetry]`.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Which share of the traces that begin here are recorded.
    pub sample: Share,
    /// Where spans go; `None`: nowhere, and none are made.
    pub otlp: Option<Otlp>,
}

/// `telemetry.otlp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otlp {
    /// Where spans are posted, the path for traces included.
    pub endpoint: Url,
    /// Headers of each request there. Debug does not show their values.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How it is reached.
    pub http: ProviderHttp,
    /// Whether the sampled flag of a received `traceparent` decides.
    pub parent_based: bool,
    /// `service.name`.
    pub service_name: String,
    /// Further attributes of the resource.
    pub attributes: Vec<(String, String)>,
}

/// A part of a whole, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    /// All of it.
    pub const ALL: Self = Self(1_000_000);

    /// Reads `"12.5%"`: at most four decimals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?.trim_end();
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || whole.len() > 3 || part.len() > 4 {
            return None;
        }
        let part: u32 = format!("{part:0<4}").parse().ok()?;
        let share = whole.parse::<u32>().ok()? * 10_000 + part;
        (share <= Self::ALL.0).then_some(Self(share))
    }

    /// So many of `total`; `None`: all.
    #[must_use]
    pub fn of(self, total: u64) -> Option<u64> {
        let ppm = u64::from(self.0);
        (self != Self::ALL).then(|| total / 1_000_000 * ppm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage() {
        for (text, of_a_million) in [
            ("0%", Some(Some(0))),
            ("0.0001%", Some(Some(1))),
            ("1%", Some(Some(10_000))),
            ("12.5%", Some(Some(125_000))),
            ("12.5 %", Some(Some(125_000))),
            ("99.9999%", Some(Some(999_999))),
            ("100%", Some(None)),
            ("100.0%", Some(None)),
            ("100.1%", None),
            ("0.00001%", None),
            ("1", None),
            ("0.1", None),
            ("%", None),
            (".5%", None),
            ("5.%", None),
            ("-1%", None),
            ("+1%", None),
            ("1e2%", None),
            ("1000%", None),
        ] {
            let share = Share::parse(text).map(|share| share.of(1_000_000));
            assert_eq!(share, of_a_million, "{text}");
        }
    }
}
