//! The access line as JSON, and the page that describes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::*;
use crate::gate::reply::Note;
use crate::telemetry::Phases;
use crate::telemetry::phases::tests::NONE;
use crate::telemetry::trace::{TRACEPARENT, Trace};

fn written(line: &AccessLine<'_>, user: Option<&str>, at: Duration) -> String {
    let who = Who { user, client: None };
    written_of(line, who, at)
}

fn written_of(line: &AccessLine<'_>, who: Who<'_>, at: Duration) -> String {
    let mut text = None;
    write(line, who, at, |line| {
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
        client: None,
        host: None,
        trace: None,
        elapsed: Duration::from_micros(4_900),
        phases: &NONE,
        spans: None,
        upstream: None,
    }
}

/// With every field that there is.
fn whole() -> String {
    let note = Note {
        outcome: "forwarded",
        reason: Some("no_cookie"),
        remedy: Some("allow cookies"),
        claim: Some("email, sub".to_owned()),
        user: None,
        reference: Some("93afed49".to_owned()),
        route: Some(Arc::from("default")),
    };
    let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_static(header))]);
    let trace = Trace::of(&headers, || true);
    let at = Duration::new(1_795_260_181, 37_208_999);
    let phases = Phases::all();
    let line = AccessLine {
        trace: trace.as_ref(),
        phases: &phases,
        host: Some("wiki.example.com"),
        ..line(&"/wiki/Start", &note)
    };
    let who = Who {
        user: Some("0a1b2c3d4e5f"),
        client: Some(ToldClient::Plain("2001:db8::9".parse().unwrap())),
    };
    written_of(&line, who, at)
}

#[test]
fn every_field_is_where_it_was() {
    assert_eq!(
        whole(),
        "{\"timestamp\":\"2026-11-21T11:23:01.037208Z\",\"level\":\"INFO\",\
         \"message\":\"request\",\"method\":\"GET\",\"path\":\"/wiki/Start\",\"status\":200,\
         \"outcome\":\"forwarded\",\"reason\":\"no_cookie\",\"remedy\":\"allow cookies\",\"claim\":\"email, sub\",\"route\":\"default\",\
         \"user\":\"0a1b2c3d4e5f\",\"client\":\"2001:db8::9\",\"host\":\"wiki.example.com\",\"reference\":\"93afed49\",\
         \"trace_id\":\"0af7651916cd43dd8448eb211c80319c\",\"ms\":4,\"decide_ms\":0.041,\
         \"provider_ms\":2.500,\"connect_ms\":0.300,\"first_byte_ms\":1800.007}\n"
    );
}

#[test]
fn the_table_of_fields_is_what_is_written() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/logging.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.split("\n## ").nth(1).unwrap();
    let described: Vec<(&str, &str)> = table
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
            Some((name, rest.split(" | ").next()?))
        })
        .collect();
    let line = whole();
    // In the order in which they are written, which a map does not keep.
    let mut names: Vec<&str> = described.iter().map(|(name, _)| *name).collect();
    let place = |name: &&str| line.find(&format!("\"{name}\":")).unwrap_or(usize::MAX);
    assert!(names.is_sorted_by_key(place), "{names:?}");
    let fields: BTreeMap<String, Value> = serde_json::from_str(&line).unwrap();
    names.sort_unstable();
    assert_eq!(names, fields.keys().collect::<Vec<_>>());
    for (name, kind) in described {
        let is_it = match kind {
            "text" => fields[name].is_string(),
            "number" => fields[name].is_number(),
            _ => false,
        };
        assert!(is_it, "{name} is no {kind}");
    }
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
