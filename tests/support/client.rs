//! A client of many protocols: Node's, in a process of its own for each request.

use std::process::Command;

use serde_json::Value;

/// Sends a request and says what came of it; `tests/support/client.mjs` has the keys of both.
pub(crate) fn ask(asked: &Value) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/client.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(asked.to_string())
        .output()
        .expect("node");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        panic!("no answer to {asked}: {error}\n{said}")
    })
}
