//! Which trace a request belongs to, and whether it is recorded.
//!
//! Owns the one decision about that. A client's flag counts only where the
//! configuration says that whoever sets it is trusted (OpenTelemetry's
//! parent-based sampler): anybody could have each request of theirs recorded
//! otherwise. For the same reason chance decides, and not the trace id, which a
//! client chooses too.

use http::HeaderMap;

use super::span::Spans;
use super::trace::{Trace, random};
use crate::config::{self, Share};

/// Names the trace of each request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracer {
    sampler: Sampler,
    /// Whether there is a collector.
    exports: bool,
}

/// Decides for each request.
#[derive(Clone, Copy, Debug)]
struct Sampler {
    /// Numbers below it are recorded; `None`: all.
    below: Option<u64>,
    parent_based: bool,
}

impl Tracer {
    /// As configured.
    pub(super) fn new(telemetry: &config::Telemetry) -> Self {
        let otlp = telemetry.otlp.as_ref();
        let parent_based = otlp.is_some_and(|otlp| otlp.parent_based);
        Self {
            sampler: Sampler::new(telemetry.sample, parent_based),
            exports: otlp.is_some(),
        }
    }

    /// The trace of a request, and the ids of its spans if they are recorded.
    pub(super) fn begin(&self, headers: &HeaderMap) -> (Option<Trace>, Option<Spans>) {
        let trace = Trace::of(headers, || self.sampler.chance());
        let Some(trace) = trace.filter(|_| self.exports) else {
            return (trace, None);
        };
        let spans = self.sampler.records(&trace).then(Spans::new).flatten();
        (Some(trace.sampled(spans.is_some())), spans)
    }
}

impl Sampler {
    fn new(share: Share, parent_based: bool) -> Self {
        Self {
            below: share.of(u64::MAX),
            parent_based,
        }
    }

    /// Whether a trace that begins here is recorded.
    fn chance(&self) -> bool {
        match self.below {
            None => true,
            Some(0) => false,
            // Without randomness nothing is recorded.
            Some(below) => random(8, |bytes| {
                <[u8; 8]>::try_from(bytes).map(u64::from_le_bytes)
            })
            .ok()
            .and_then(Result::ok)
            .is_some_and(|number| number < below),
        }
    }

    /// Whether a request's spans are recorded.
    fn records(&self, trace: &Trace) -> bool {
        match self.parent_based && trace.was_received() {
            true => trace.is_sampled(),
            false if trace.was_received() => self.chance(),
            // Decided when it was begun.
            false => trace.is_sampled(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::telemetry::trace::TRACEPARENT;

    fn received(flags: &str) -> Trace {
        let text = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
        let value = HeaderValue::from_str(&text).unwrap();
        Trace::of(&HeaderMap::from_iter([(TRACEPARENT, value)]), || false).unwrap()
    }

    #[test]
    fn a_clients_flag_counts_only_where_it_is_trusted() {
        let (all, none) = (Share::parse("100%").unwrap(), Share::parse("0%").unwrap());
        for (share, parent_based, flags, records) in [
            (all, false, "00", true),
            (all, false, "01", true),
            (none, false, "00", false),
            (none, false, "01", false),
            (all, true, "00", false),
            (none, true, "01", true),
        ] {
            let sampler = Sampler::new(share, parent_based);
            assert_eq!(sampler.records(&received(flags)), records, "{flags}");
        }
    }

    #[test]
    fn a_trace_that_begins_here_is_recorded_as_its_flag_says() {
        let headers = HeaderMap::new();
        for sampled in [true, false] {
            let trace = Trace::of(&headers, || sampled).unwrap();
            for parent_based in [true, false] {
                let sampler = Sampler::new(Share::parse("50%").unwrap(), parent_based);
                assert_eq!(sampler.records(&trace), sampled);
            }
        }
    }

    #[test]
    fn of_many_that_share_is_recorded() {
        let sampler = Sampler::new(Share::parse("12.5%").unwrap(), false);
        let recorded = (0..8_000).filter(|_| sampler.chance()).count();
        // 1000 on average; 9 standard deviations each way.
        assert!((730..1270).contains(&recorded), "{recorded}");
    }
}
