//! `vestibule schema`, held against a validator that nobody here wrote (Python's jsonschema).

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::peers::root;

#[test]
fn it_takes_every_configuration_that_we_hand_out() {
    let mut documents = vec![
        (
            "config.example.toml".to_owned(),
            file("config.example.toml"),
        ),
        ("the demo".to_owned(), file("deploy/demo/vestibule.toml")),
        ("smallest".to_owned(), SMALLEST.to_owned()),
    ];
    // Comments of the example that hold a key: with each of them in its turn.
    let example = file("config.example.toml");
    for (number, line) in example.lines().enumerate() {
        let is_key = line.starts_with('#') && line.contains(" = ") && !line.starts_with("# ");
        if is_key {
            let mut lines: Vec<&str> = example.lines().collect();
            lines[number] = &line[1..];
            documents.push((format!("line {}: {line}", number + 1), lines.join("\n")));
        }
    }
    assert!(documents.len() > 15, "{}", documents.len());
    let pages = pages();
    assert!(pages.len() > 9, "{pages:?}");
    let handed_out = documents.len();
    for page in pages {
        documents.extend(
            snippets(&page)
                .into_iter()
                .map(|(name, text)| (name, completed(&text))),
        );
    }
    assert!(documents.len() > handed_out + 9, "{}", documents.len());
    let wrong: Vec<String> = validate(&documents)
        .into_iter()
        .filter(|(_, errors)| !errors.is_empty())
        .map(|(name, errors)| format!("{name}: {errors:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn it_refuses_what_check_refuses() {
    // What becomes of one line of the smallest configuration, or what is added to it.
    let rows = [
        ("a misspelt key", "client_id ", "cleint_id "),
        ("a misspelt table", "[upstream]", "[upstraem]"),
        (
            "a key of the wrong table",
            "[upstream]",
            "[upstream]\nlifetime = \"8h\"",
        ),
        (
            "a word of api that is none",
            "client_id ",
            "api = { tokens = [\"refresh\"] }\nclient_id ",
        ),
        (
            "an inline secret",
            "{ file = \"client-secret\" }",
            "\"s3cr3t\"",
        ),
        (
            "an inline key",
            "[{ file = \"session-key\" }]",
            "[\"AAAA\"]",
        ),
        (
            "two places of a secret",
            "{ file = \"client-secret\" }",
            "{ file = \"a\", env = \"B\" }",
        ),
        ("no place of a secret", "{ file = \"client-secret\" }", "{}"),
        ("a word that is none", "\"cognito\"", "\"congito\""),
        ("a number for a text", "\"4exampleclient0000000000aa\"", "4"),
        (
            "a text for a number",
            "[upstream]",
            "threads = \"2\"\n[upstream]",
        ),
        (
            "a number out of range",
            "[upstream]",
            "threads = 0\n[upstream]",
        ),
        (
            "a duration without a unit",
            "[session]",
            "[session]\nlifetime = \"8\"",
        ),
        (
            "a missing key",
            "public_url = \"https://wiki.example.com\"",
            "",
        ),
        ("an empty text", "\"4exampleclient0000000000aa\"", "\"\""),
        ("an empty list", "\"0.0.0.0:8080\"", "[]"),
        (
            "another scheme",
            "\"http://127.0.0.1:3000\"",
            "\"ftp://127.0.0.1:3000\"",
        ),
        (
            "a preset that is none",
            "[upstream]",
            "[headers]\npreset = \"oauth2_proxy\"\n[upstream]",
        ),
        (
            "an encoding that is none",
            "[upstream]",
            "[headers.set]\nX-A = { value = \"{user}\", encoding = \"utf8\" }\n[upstream]",
        ),
        (
            "a rule's key that is none",
            "[upstream]",
            "[[route]]\naccess = { group = [\"a\"] }\n[upstream]",
        ),
        (
            "a route that is no list",
            "[upstream]",
            "[route]\npath = \"/a\"\n[upstream]",
        ),
        (
            "an order of groups",
            "[upstream]",
            "[identity.groups]\norder = [\"a\"]\n[upstream]",
        ),
        (
            "a name with a dot",
            "[provider.corp]",
            "[provider.\"co.rp\"]",
        ),
    ];
    let documents: Vec<(String, String)> = rows
        .iter()
        .map(|(name, from, to)| {
            assert!(SMALLEST.contains(from), "{name}");
            ((*name).to_owned(), SMALLEST.replacen(from, to, 1))
        })
        .collect();
    for (name, errors) in validate(&documents) {
        assert!(!errors.is_empty(), "the schema takes {name}");
    }
    // The two agree on each of them.
    let home = tempfile::tempdir().expect("a directory");
    for (name, text) in &documents {
        let config = home.path().join("vestibule.toml");
        fs::write(&config, text).expect("the config");
        let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .args(["check", "--no-secrets", "--config"])
            .arg(&config)
            .output()
            .expect("vestibule");
        assert_eq!(output.status.code(), Some(78), "check takes {name}");
    }
}

const SMALLEST: &str = r#"
[server]
listen = "0.0.0.0:8080"
public_url = "https://wiki.example.com"

[upstream]
url = "http://127.0.0.1:3000"

[provider.corp]
kind = "cognito"
user_pool_id = "eu-central-1_ExAmP1e99"
domain = "https://login.example.com"
client_id = "4exampleclient0000000000aa"
client_secret = { file = "client-secret" }

[session]
keys = [{ file = "session-key" }]
"#;

/// What is wrong with each document, by its name.
fn validate(documents: &[(String, String)]) -> Vec<(String, Vec<Value>)> {
    let documents: Vec<(&str, Value)> = documents
        .iter()
        .map(|(name, text)| {
            let table: toml::Table = text
                .parse()
                .unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
            (name.as_str(), serde_json::to_value(table).expect("JSON"))
        })
        .collect();
    let schema = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .arg("schema")
        .output()
        .expect("vestibule");
    assert!(schema.status.success() && schema.stderr.is_empty());
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("JSON");
    let mut python = Command::new(root().join("target/tools/venv/bin/python"))
        .arg(root().join("tests/support/validate-schema.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python of scripts/setup");
    let asked = json!({ "schema": schema, "documents": documents });
    let mut stdin = python.stdin.take().expect("its stdin");
    stdin
        .write_all(asked.to_string().as_bytes())
        .expect("to be read");
    drop(stdin);
    let output = python.wait_with_output().expect("its answer");
    assert!(
        output.status.success(),
        "the schema is not valid, or jsonschema is not there"
    );
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    documents
        .iter()
        .map(|(name, _)| {
            let errors = answer[name].as_array().expect("a list").clone();
            ((*name).to_owned(), errors)
        })
        .collect()
}

/// The README and the pages of docs/.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> = fs::read_dir(root().join("docs"))
        .expect("docs")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    pages.push("README.md".to_owned());
    pages
}

/// The TOML of a page, less what is no configuration.
fn snippets(page: &str) -> Vec<(String, String)> {
    let text = file(page);
    let mut found = Vec::new();
    for (number, part) in text.split("```toml\n").skip(1).enumerate() {
        let toml = part.split("```").next().unwrap_or("");
        // Expectations of `explain --cases`.
        if !toml.contains("[[case]]") {
            found.push((format!("{page}, example {}", number + 1), toml.to_owned()));
        }
    }
    found
}

/// A part of a configuration with what every configuration has to have.
fn completed(text: &str) -> String {
    let is_there = |table: &str| text.lines().any(|line| line.starts_with(table));
    let mut out = text.to_owned();
    for part in SMALLEST.split("\n\n") {
        let head = part.trim_start().lines().next().unwrap_or("");
        if !is_there(head) {
            out.push('\n');
            out.push_str(part);
            out.push('\n');
        }
    }
    out
}

fn file(name: &str) -> String {
    let path = root().join(Path::new(name));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
