//! `/metrics`: what this instance has come to, in Prometheus' text format.
//!
//! Owns the names. Labels are from closed lists, or ids of our own keys: no
//! name, path or claim of anybody. `docs/metrics.md` is held against it.

use std::fmt::{Display, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use super::places::Places;
use super::serving::{Logins, Serving};
use crate::clock;
use crate::telemetry::Histogram;
use crate::version;

/// The `Content-Type` of what [`render`] writes.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One family after the other.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a text never fails.
        let _written = write!(
            self.0,
            "# HELP vestibule_{name} {help}\n# TYPE vestibule_{name} {kind}\n"
        );
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let _written = write!(self.0, "vestibule_{name}");
        for (place, (label, text)) in labels.iter().enumerate() {
            let open = if place == 0 { '{' } else { ',' };
            let _written = write!(self.0, "{open}{label}=\"{text}\"");
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _written = writeln!(self.0, "{close} {value}");
    }

    /// The samples of one histogram.
    fn histogram(&mut self, name: &str, label: Option<(&str, &str)>, times: &Histogram) {
        let shown = times.shown();
        let labels: Vec<_> = label.into_iter().collect();
        for (bound, count) in &shown.buckets {
            let labels = [labels.as_slice(), &[("le", bound)]].concat();
            self.sample(&format!("{name}_bucket"), &labels, count);
        }
        let (seconds, micros) = (shown.micros / 1_000_000, shown.micros % 1_000_000);
        let sum = format_args!("{seconds}.{micros:06}");
        self.sample(&format!("{name}_sum"), &labels, sum);
        self.sample(&format!("{name}_count"), &labels, shown.count());
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }
}

/// All of it, as it is now.
pub(super) fn render(serving: &Serving, places: &Places) -> String {
    let mut page = Page(String::new());
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let now = clock::now();

    page.family(
        "build_info",
        "gauge",
        "Always 1; the version is in the label.",
    );
    let version = version::json();
    let text = version.get("version").and_then(|text| text.as_str());
    page.sample("build_info", &[("version", text.unwrap_or("unknown"))], 1);

    let name = "requests_total";
    page.family(
        name,
        "counter",
        "Requests that ended, by what became of them.",
    );
    for ((outcome, reason), value) in serving.told().outcomes.all() {
        page.sample(name, &[("outcome", outcome), ("reason", reason)], value);
    }

    let apps = serving.told().apps.all();
    let name = "upstream_connect_seconds";
    page.family(
        name,
        "histogram",
        "How long new connections to an app took.",
    );
    for (app, times) in apps.iter() {
        page.histogram(name, Some(("upstream", app)), &times.connect);
    }
    let name = "upstream_first_byte_seconds";
    let help = "How long an app took from a connection to the head of its answer.";
    page.family(name, "histogram", help);
    for (app, times) in apps.iter() {
        page.histogram(name, Some(("upstream", app)), &times.first_byte);
    }
    let name = "provider_wait_seconds";
    let help = "How long requests waited for the provider, those that did.";
    page.family(name, "histogram", help);
    page.histogram(name, None, &serving.told().provider);

    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let help = "Clients that are connected to server.listen.";
    page.one("connections", "gauge", help, number(places.taken()));
    let help = "How many may be.";
    page.one("connections_max", "gauge", help, number(places.all()));
    let name = "connections_waited_total";
    let help = "How often a listener waited for a client to leave.";
    page.one(name, "counter", help, places.waits());

    let name = "tls_handshakes_failed_total";
    let help = "TLS handshakes with clients that failed, by why.";
    page.family(name, "counter", help);
    for (reason, value) in serving.counters.handshakes.all() {
        page.sample(name, &[("reason", reason)], value);
    }

    let name = "logins_total";
    let help = "Logins by provider: begun, and how they ended after coming back with a code.";
    page.family(name, "counter", help);
    for link in serving.links.iter() {
        for result in Logins::RESULTS {
            let value = serving.counters.logins.of(link.id(), result);
            page.sample(name, &[("provider", link.id()), ("result", result)], value);
        }
    }

    let name = "spans_total";
    let help = "Spans of recorded requests, by whether the collector has them.";
    page.family(name, "counter", help);
    let spans = serving.told().queue.counts();
    for (result, counter) in [
        ("sent", &spans.sent),
        ("overflowed", &spans.overflowed),
        ("refused", &spans.refused),
    ] {
        page.sample(name, &[("result", result)], count(counter));
    }

    let name = "refreshes_total";
    page.family(name, "counter", "Sessions that were to get newer tokens.");
    let refreshes = &serving.refresher.counters;
    for (result, counter) in [
        ("renewed", &refreshes.renewed),
        ("refused", &refreshes.refused),
        ("unavailable", &refreshes.unavailable),
    ] {
        page.sample(name, &[("result", result)], count(counter));
    }

    let name = "reloads_total";
    page.family(
        name,
        "counter",
        "Changed configurations, taken up or refused.",
    );
    let reloads = &serving.counters.reloads;
    for (result, counter) in [("done", &reloads.done), ("refused", &reloads.refused)] {
        page.sample(name, &[("result", result)], count(counter));
    }

    let is_refused = reloads.is_refused.load(Ordering::Relaxed);
    let help =
        "1 while the files hold a configuration that was refused, and the one before goes on.";
    page.one("configuration_refused", "gauge", help, u8::from(is_refused));

    let links = || serving.links.iter();
    let name = "provider_keys_age_seconds";
    let help = "How long ago a provider's keys were fetched.";
    page.family(name, "gauge", help);
    for link in links() {
        if let Some(age) = link.state.snapshot().keys_age(now) {
            page.sample(name, &[("provider", link.id())], age.as_secs());
        }
    }
    let name = "provider_keys";
    let help = "Keys of a provider that tokens may be signed with now.";
    page.family(name, "gauge", help);
    for link in links() {
        let snapshot = link.state.snapshot();
        let keys = snapshot.keys(now).map_or(0, |keys| keys.len());
        page.sample(name, &[("provider", link.id())], number(keys));
    }

    let name = "provider_clock_ahead_seconds";
    let help = "How far this machine's clock is ahead of a provider's; negative if behind.";
    page.family(name, "gauge", help);
    for link in links() {
        if let Some(ahead) = link.state.clock_ahead() {
            page.sample(name, &[("provider", link.id())], ahead);
        }
    }

    let uses: Vec<_> = serving.gate.key_uses().collect();
    let name = "session_key_opened_total";
    page.family(
        name,
        "counter",
        "Session cookies opened, by key; known sessions are not opened again.",
    );
    for key in &uses {
        page.sample(name, &[("key", &key.id)], key.opens);
    }
    let name = "session_key_sealed_total";
    page.family(name, "counter", "Values sealed, by session key.");
    for key in &uses {
        page.sample(name, &[("key", &key.id)], key.seals);
    }

    let figures = serving.gate.verified_figures();
    let help = "Sessions whose verification is remembered.";
    page.one("verified_sessions", "gauge", help, number(figures.entries));
    let help = "What they take in memory, estimated.";
    page.one("verified_sessions_bytes", "gauge", help, figures.bytes);
    let help = "Signatures checked because a session was not remembered, since the last reload.";
    page.one("signature_checks", "gauge", help, figures.checks);
    let help = "Such checks that were saved since the session was, since the last reload.";
    page.one("signature_checks_saved", "gauge", help, figures.hits);

    let memory = serving.gate.memory();
    let help = "Sessions that were signed out here and are refused until they end.";
    page.one(
        "denied_sessions",
        "gauge",
        help,
        number(memory.denied.len()),
    );
    let help = "Sessions whose newer cookie has not been seen yet.";
    page.one(
        "renewed_sessions",
        "gauge",
        help,
        number(memory.newer.len()),
    );
    let help = "Such sessions that had to be forgotten before their time.";
    page.one(
        "renewed_sessions_evicted_total",
        "counter",
        help,
        memory.newer.evictions(),
    );
    page.0
}
