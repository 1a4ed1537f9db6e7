//! `[log]` and `[telemetry]`.

use http::{HeaderName, HeaderValue};
use url::Url;

use super::{Choices, Conversion, only_origin_and_path};
use crate::config::error::{ConfigErrorKind, ConfigWarningKind, UrlProblem};
use crate::config::file::{LogTable, OtlpTable, TelemetryTable};
use crate::config::reader::{Item, Text};
use crate::config::{Log, LogAs, LogFormat, Otlp, Share, Telemetry};
use crate::gate::origin::is_loopback;

/// Where a collector takes traces, below its endpoint (OTLP/HTTP 1.0).
const TRACES_PATH: &str = "/v1/traces";
/// `telemetry.otlp.service_name` by default.
const SERVICE_NAME: &str = "vestibule";
/// URL that stands in for one that was not to be read.
const UNREAD_ENDPOINT: &str = "https://not-read.invalid";
/// Headers that are said by the transport or by what is sent.
const OURS: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

impl Conversion<'_> {
    pub(super) fn log(&mut self, table: &LogTable) -> Log {
        use tracing::Level;
        let format = Choices {
            words: &["json", "text"],
            values: &[LogFormat::Json, LogFormat::Text],
        };
        let level = Choices {
            words: &["error", "warn", "info", "debug", "trace"],
            values: &[
                Level::ERROR,
                Level::WARN,
                Level::INFO,
                Level::DEBUG,
                Level::TRACE,
            ],
        };
        let shown = Choices {
            words: &["hash", "plain", "off"],
            values: &[LogAs::Hash, LogAs::Plain, LogAs::Off],
        };
        Log {
            format: self.choice(table.format.as_ref(), &format, LogFormat::Json),
            level: self.choice(table.level.as_ref(), &level, Level::INFO),
            user: self.choice(table.user.as_ref(), &shown, LogAs::Hash),
            client: self.choice(table.client.as_ref(), &shown, LogAs::Plain),
        }
    }

    pub(super) fn telemetry(&mut self, table: &TelemetryTable) -> Option<Telemetry> {
        let sample = match &table.sample {
            None => Some(Share::ALL),
            Some(item) => self.share(item),
        };
        let otlp = match &table.otlp {
            None => Some(None),
            Some(otlp) => self.otlp(otlp).map(Some),
        };
        Some(Telemetry {
            sample: sample?,
            otlp: otlp?,
        })
    }

    fn share(&mut self, item: &Item<Text>) -> Option<Share> {
        let text = self.text(item, "100%")?;
        let share = Share::parse(&text);
        if share.is_none() {
            let remedy = "write \"10%\", or \"0.1%\"; at most four decimals";
            self.findings
                .error(&item.place, ConfigErrorKind::Percentage, remedy);
        }
        share
    }

    fn otlp(&mut self, table: &OtlpTable) -> Option<Otlp> {
        let endpoint = match &table.endpoint {
            Some(item) => self.collector(item),
            None => {
                let remedy =
                    "write endpoint = \"http://HOST:4318\", where the collector takes OTLP by HTTP";
                self.findings
                    .missing(&table.place.child("endpoint"), remedy);
                None
            }
        };
        let headers = self.collector_headers(table);
        if let (Some(url), Some(first)) = (&endpoint, table.headers.first())
            && url.scheme() == "http"
            && !url.host().is_some_and(|host| is_loopback(&host))
        {
            let remedy = "write https:// unless nobody can listen on the way to the collector";
            self.findings
                .warn(&first.1.place, ConfigWarningKind::SecretInPlain, remedy);
        }
        let http = self.provider_http(&table.http);
        let service_name = match &table.service_name {
            None => Some(SERVICE_NAME.to_owned()),
            Some(item) => self.text(item, SERVICE_NAME),
        };
        let mut attributes = Vec::new();
        for (name, value) in &table.attributes {
            let text = self.text(value, "not-read");
            attributes.extend(text.map(|text| (name.value.clone(), text)));
        }
        Some(Otlp {
            endpoint: endpoint?,
            headers,
            http: http?,
            parent_based: table.parent_based.as_ref().is_some_and(|item| item.value),
            service_name: service_name?,
            attributes,
        })
    }

    /// A collector may be anywhere near, so plain http is allowed: what is sent
    /// is no secret but for the headers.
    fn collector(&mut self, item: &Item<Text>) -> Option<Url> {
        let text = self.text(item, UNREAD_ENDPOINT)?;
        match traces_url(&text) {
            Ok(url) => Some(url),
            Err(problem) => {
                let remedy = "write \"http://HOST:4318\" or https://, without user, query and fragment; \"/v1/traces\" is added";
                let kind = match problem {
                    UrlProblem::Scheme => ConfigErrorKind::ProxyScheme,
                    problem => problem.into(),
                };
                self.findings.error(&item.place, kind, remedy);
                None
            }
        }
    }

    /// They are nearly always a password, so their values are secrets.
    fn collector_headers(&mut self, table: &OtlpTable) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        for (name, value) in &table.headers {
            let read = HeaderName::try_from(name.value.as_str()).ok();
            let Some(read) = read.filter(|name| !OURS.contains(&name.as_str())) else {
                let remedy = "name a header that the collector asks for, such as Authorization";
                self.findings
                    .error(&name.place, ConfigErrorKind::CollectorHeader, remedy);
                continue;
            };
            let Some(text) = self.source(&value.value, &value.place, "not-read") else {
                continue;
            };
            match HeaderValue::try_from(text.trim()) {
                Ok(mut text) => {
                    text.set_sensitive(true);
                    headers.push((read, text));
                }
                Err(_) => {
                    let remedy = "put one line of visible characters there";
                    self.findings
                        .error(&value.place, ConfigErrorKind::CollectorHeader, remedy);
                }
            }
        }
        headers
    }
}

fn traces_url(text: &str) -> Result<Url, UrlProblem> {
    let mut url = Url::parse(text).map_err(|_| UrlProblem::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlProblem::Scheme);
    }
    if url.host().is_none() {
        return Err(UrlProblem::NotAUrl);
    }
    only_origin_and_path(&url)?;
    let path = url.path().trim_end_matches('/');
    if !path.ends_with(TRACES_PATH) {
        let path = format!("{path}{TRACES_PATH}");
        url.set_path(&path);
    }
    Ok(url)
}
