//! The access line as JSON: what the logger would write of such an event, for a
//! fraction of the cost, since its fields are known.
//!
//! Owns the order and the names of its fields. Must not know where lines go.

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, Datelike, Timelike};

use super::AccessLine;

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
    user: Option<&str>,
    at: Duration,
    hand_over: impl FnOnce(&[u8]),
) {
    DESK.with_borrow_mut(|desk| {
        desk.line.clear();
        // Memory takes whatever is written.
        if desk.write(line, user, at).is_ok() {
            hand_over(&desk.line);
        }
    });
}

impl Desk {
    fn write(&mut self, line: &AccessLine<'_>, user: Option<&str>, at: Duration) -> io::Result<()> {
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
            ("route", line.note.route.as_deref()),
            ("user", user),
            ("reference", line.note.reference.as_deref()),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                text(out, name, value)?;
            }
        }
        writeln!(out, ",\"ms\":{}}}", line.elapsed.as_millis())
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
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::gate::reply::Note;

    fn written(line: &AccessLine<'_>, user: Option<&str>, at: Duration) -> String {
        let mut text = None;
        write(line, user, at, |line| {
            text = Some(String::from_utf8(line.to_vec()).unwrap());
        });
        text.unwrap()
    }

    fn line<'l>(path: &'l dyn Display, note: &'l Note) -> AccessLine<'l> {
        AccessLine {
            method: "GET",
            path,
            status: 200,
            note,
            elapsed: Duration::from_micros(4_900),
        }
    }

    #[test]
    fn every_field_is_where_it_was() {
        let note = Note {
            outcome: "forwarded",
            reason: Some("no_cookie"),
            user: None,
            reference: Some("93afed49".to_owned()),
            route: Some(Arc::from("default")),
        };
        let at = Duration::new(1_795_260_181, 37_208_999);
        assert_eq!(
            written(&line(&"/wiki/Start", &note), Some("0a1b2c3d4e5f"), at),
            "{\"timestamp\":\"2026-11-21T11:23:01.037208Z\",\"level\":\"INFO\",\
             \"message\":\"request\",\"method\":\"GET\",\"path\":\"/wiki/Start\",\"status\":200,\
             \"outcome\":\"forwarded\",\"reason\":\"no_cookie\",\"route\":\"default\",\
             \"user\":\"0a1b2c3d4e5f\",\"reference\":\"93afed49\",\"ms\":4}\n"
        );
    }

    #[test]
    fn what_is_not_there_has_no_field() {
        let note = Note::new("client_gone");
        let text = written(&line(&"/", &note), None, Duration::from_secs(1));
        let fields: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            fields,
            json!({
                "timestamp": "1970-01-01T00:00:01.000000Z", "level": "INFO", "message": "request",
                "method": "GET", "path": "/", "status": 200, "outcome": "client_gone", "ms": 4,
            })
        );
    }

    #[test]
    fn nothing_that_a_client_sends_ends_a_line_or_a_text() {
        let note = Note::new("forwarded");
        for path in [
            "/\"},{\"status\":\"",
            "/\\",
            "/\n{}",
            "/\u{7f}\u{1}",
            "/é\u{2028}",
        ] {
            let text = written(&line(&path, &note), Some(path), Duration::ZERO);
            assert_eq!(text.matches('\n').count(), 1, "{path:?}");
            let fields: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(fields.get("path"), Some(&json!(path)));
            assert_eq!(fields.get("user"), Some(&json!(path)));
        }
    }

    #[test]
    fn each_second_has_its_own_stamp() {
        let note = Note::new("forwarded");
        for (second, stamp) in [(59, "00:00:59"), (60, "00:01:00"), (86_399, "23:59:59")] {
            let text = written(&line(&"/", &note), None, Duration::from_secs(second));
            assert!(text.contains(stamp), "{text}");
        }
    }
}
