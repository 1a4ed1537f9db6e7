//! The access line as JSON: what the logger would write of such an event, for a
//! fraction of the cost, since its fields are known.
//!
//! Owns the order and the names of its fields. Must not know where lines go.

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, Datelike, Timelike};

use super::{AccessLine, ToldClient};

/// Who asked, as the configuration has them shown.
#[derive(Clone, Copy)]
pub(super) struct Who<'l> {
    pub(super) user: Option<&'l str>,
    pub(super) client: Option<ToldClient>,
}

/// What a thread keeps from line to line.
struct Desk {
    line: Vec<u8>,
    /// Date and time of `second`, as text.
    stamp: Vec<u8>,
    second: u64,
}

thread_local! {
    static DESK: RefCell<Desk> = const {
        RefCell::new(Desk {
            line: Vec::new(),
            stamp: Vec::new(),
            second: u64::MAX,
        })
    };
}

/// Writes the line of a request that ended at `at` (since 1970), and hands it over.
pub(super) fn write(
    line: &AccessLine<'_>,
    who: Who<'_>,
    at: Duration,
    hand_over: impl FnOnce(&[u8]),
) {
    DESK.with_borrow_mut(|desk| {
        desk.line.clear();
        // Memory takes whatever is written.
        if desk.write(line, who, at).is_ok() {
            hand_over(&desk.line);
        }
    });
}

impl Desk {
    fn write(&mut self, line: &AccessLine<'_>, who: Who<'_>, at: Duration) -> io::Result<()> {
        if self.second != at.as_secs() {
            self.second = at.as_secs();
            self.stamp.clear();
            stamp(&mut self.stamp, self.second)?;
        }
        let out = &mut self.line;
        out.extend_from_slice(b"{\"timestamp\":\"");
        out.extend_from_slice(&self.stamp);
        write!(out, ".{:06}Z", at.subsec_micros())?;
        out.extend_from_slice(b"\",\"level\":\"INFO\",\"message\":\"request\"");
        text(out, "method", line.method)?;
        out.extend_from_slice(b",\"path\":");
        escaped(out, line.path)?;
        write!(out, ",\"status\":{}", line.status)?;
        text(out, "outcome", line.note.outcome)?;
        let more = [
            ("reason", line.note.reason),
            ("remedy", line.note.remedy),
            ("claim", line.note.claim.as_deref()),
            ("route", line.note.route.as_deref()),
            ("user", who.user),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                text(out, name, value)?;
            }
        }
        if let Some(client) = who.client {
            // Nothing to escape.
            write!(out, ",\"client\":\"{client}\"")?;
        }
        let more = [
            ("host", line.host),
            ("reference", line.note.reference.as_deref()),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                text(out, name, value)?;
            }
        }
        if let Some(trace) = line.trace {
            // Digits alone: nothing to escape.
            out.extend_from_slice(b",\"trace_id\":\"");
            out.extend_from_slice(trace.id.as_str().as_bytes());
            out.push(b'"');
        }
        write!(out, ",\"ms\":{}", line.elapsed.as_millis())?;
        let phases = line.phases;
        let parts = [
            ("decide_ms", phases.decide()),
            ("provider_ms", phases.provider().map(|part| part.lasted)),
            ("connect_ms", phases.connect().map(|part| part.lasted)),
            ("first_byte_ms", phases.first_byte().map(|part| part.lasted)),
        ];
        for (name, time) in parts {
            if let Some(time) = time {
                let micros = time.as_micros();
                write!(out, ",\"{name}\":{}.{:03}", micros / 1000, micros % 1000)?;
            }
        }
        out.extend_from_slice(b"}\n");
        Ok(())
    }
}

/// `2026-11-21T11:23:01`, in UTC.
fn stamp(out: &mut Vec<u8>, second: u64) -> io::Result<()> {
    let at = i64::try_from(second).ok();
    let at = at.and_then(|second| DateTime::from_timestamp(second, 0));
    let at = at.unwrap_or_default();
    write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

fn text(out: &mut Vec<u8>, name: &str, value: &str) -> io::Result<()> {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    serde_json::to_writer(out, value).map_err(io::Error::from)
}

fn escaped(out: &mut Vec<u8>, value: &dyn Display) -> io::Result<()> {
    let mut text = String::new();
    std::fmt::Write::write_fmt(&mut text, format_args!("{value}")).map_err(io::Error::other)?;
    serde_json::to_writer(out, &text).map_err(io::Error::from)
}

#[cfg(test)]
mod tests;
