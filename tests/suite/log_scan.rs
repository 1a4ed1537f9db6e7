//! Last of all: no log line of any Vestibule process of the run holds a token, code, cookie value, state,
//! nonce, secret or claim value. `make test` runs this after everything else; by itself it has nothing
//! to read and fails.

use std::collections::BTreeSet;
use std::fs;

use aho_corasick::AhoCorasick;

use super::traces::described;
use crate::support::peers::root;
use crate::support::records::{log_dir, secret_dir};

/// How a JWT or JWE begins: `{"` in base64url.
const TOKEN_START: &str = "eyJ";

#[test]
fn no_log_line_of_the_whole_suite_holds_a_secret() {
    let secrets: Vec<(String, String)> = files(&secret_dir())
        .iter()
        .flat_map(|(_, text)| text.lines())
        .filter_map(|line| line.split_once('\t'))
        .map(|(kind, value)| (kind.to_owned(), value.to_owned()))
        .collect();
    let logs: Vec<(String, String)> = files(&log_dir())
        .into_iter()
        .filter(|(name, _)| name.contains(".vestibule"))
        .collect();
    let lines: usize = logs.iter().map(|(_, text)| text.lines().count()).sum();
    assert!(
        lines > 1000,
        "{lines} log lines are not those of the whole suite: run `make test`"
    );
    for kind in [
        "client secret",
        "session key",
        "cookie",
        "state",
        "nonce",
        "code",
        "claim",
        "token",
        "form",
    ] {
        assert!(
            secrets.iter().any(|(other, _)| other == kind),
            "no {kind} was seen"
        );
    }

    let leaks = leaks(&logs, &secrets);
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
    println!(
        "log scan: {} files, {lines} lines, {} secrets, no leak",
        logs.len(),
        secrets.len()
    );
}

#[test]
fn every_outcome_and_reason_of_the_whole_suite_is_described() {
    let page = fs::read_to_string(root().join("docs/logging.md")).expect("the page");
    let (outcomes, reasons) = described(&page);
    let mut seen = BTreeSet::new();
    for (name, text) in files(&log_dir()) {
        if !name.contains(".vestibule") {
            continue;
        }
        for line in text.lines() {
            let Ok(fields) = serde_json::from_str::<serde_json::Value>(line) else {
                continue;
            };
            if fields["message"] != "request" {
                continue;
            }
            for (field, list) in [("outcome", &outcomes), ("reason", &reasons)] {
                if let Some(word) = fields[field].as_str() {
                    assert!(list.contains(word), "{field} {word} in {name}");
                    seen.insert(word.to_owned());
                }
            }
        }
    }
    assert!(
        seen.len() > 50,
        "{} are not those of the whole suite",
        seen.len()
    );
}

#[test]
fn the_scan_finds_what_is_planted() {
    let secrets = [
        ("claim", "kirsten.holm@example.org"),
        ("code", "0123456789"),
    ]
    .map(|(kind, value)| (kind.to_owned(), value.to_owned()));
    for (file, line, found) in [
        (
            "a.vestibule.out",
            r#"{"path":"/kirsten.holm@example.org/"}"#,
            0,
        ),
        (
            "a.vestibule.out",
            r#"{"user":"kirsten.holm@example.org"}"#,
            1,
        ),
        (
            "a.vestibule-plain.out",
            r#"{"user":"kirsten.holm@example.org"}"#,
            0,
        ),
        ("a.vestibule.err", "error: no such code: 0123456789", 1),
        (
            "a.vestibule.out",
            r#"{"path":"/callback?code=0123456789"}"#,
            1,
        ),
        (
            "a.vestibule.out",
            r#"{"message":"eyJhbGciOiJSUzI1NiJ9.e30.x"}"#,
            1,
        ),
    ] {
        let logs = [(file.to_owned(), line.to_owned())];
        assert_eq!(leaks(&logs, &secrets).len(), found, "{file}: {line}");
    }
}

/// One line for each secret in each log.
fn leaks(logs: &[(String, String)], secrets: &[(String, String)]) -> Vec<String> {
    let mut leaks = Vec::new();
    // Ten thousand texts in one pass.
    let all = AhoCorasick::new(secrets.iter().map(|(_, value)| value)).expect("texts");
    for (file, text) in logs {
        // With `log.user = "plain"` people are named on purpose.
        let names_people = file.contains(".vestibule-plain");
        if text.contains(TOKEN_START) {
            leaks.push(format!("token in {file}: {}", line_with(text, TOKEN_START)));
        }
        let without_paths = without_paths(text);
        for (text, is_looked_at) in [
            (&without_paths, (|kind| kind == "claim") as fn(&str) -> bool),
            (text, |kind| kind != "claim"),
        ] {
            let found: BTreeSet<_> = all
                .find_overlapping_iter(text)
                .map(|found| found.pattern().as_usize())
                .collect();
            for (kind, value) in found.into_iter().map(|place| &secrets[place]) {
                if is_looked_at(kind) && !(names_people && kind == "claim") {
                    leaks.push(format!("{kind} in {file}: {}", line_with(text, value)));
                }
            }
        }
    }
    leaks
}

fn files(dir: &std::path::Path) -> Vec<(String, String)> {
    fs::read_dir(dir)
        .expect("the directory of the run")
        .map(|entry| {
            let path = entry.expect("a file").path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (
                name,
                String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned(),
            )
        })
        .collect()
}

/// The log without what the client asked for: Radicale, for one, has people's names in its paths.
fn without_paths(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let Ok(mut fields) = serde_json::from_str::<serde_json::Value>(line) else {
            return line.to_owned();
        };
        if let Some(fields) = fields.as_object_mut() {
            fields.remove("path");
        }
        fields.to_string()
    });
    lines.collect::<Vec<String>>().join("\n")
}

fn line_with<'t>(text: &'t str, part: &str) -> &'t str {
    text.lines().find(|line| line.contains(part)).unwrap_or("")
}
