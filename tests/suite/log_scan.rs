//! Last of all: no log line of any Vestibule process of the run holds a token, code, cookie value, state,
//! nonce, secret or claim value. `make test` runs this after everything else; by itself it has nothing
//! to read and fails.

use std::fs;

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
    ] {
        assert!(
            secrets.iter().any(|(other, _)| other == kind),
            "no {kind} was seen"
        );
    }

    let mut leaks = Vec::new();
    for (file, text) in &logs {
        // With `log.user = "plain"` people are named on purpose.
        let names_people = file.contains(".vestibule-plain");
        if text.contains(TOKEN_START) {
            leaks.push(format!("token in {file}: {}", line_with(text, TOKEN_START)));
        }
        for (kind, value) in &secrets {
            if !(names_people && kind == "claim") && text.contains(value.as_str()) {
                leaks.push(format!("{kind} in {file}: {}", line_with(text, value)));
            }
        }
    }
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

fn line_with<'t>(text: &'t str, part: &str) -> &'t str {
    text.lines().find(|line| line.contains(part)).unwrap_or("")
}
