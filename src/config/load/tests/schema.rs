//! That the schema says what the rules of the configuration say.

use serde_json::Value;

use super::*;
use crate::config::error::ConfigErrorKind;
use crate::config::file::FileConfig;
use crate::config::reader::outline;
use crate::config::schema::schema;

const NO_WORD: &str = "no-such-word";

#[test]
fn words_are_those_that_the_rules_take() {
    let schema = schema();
    let (mut same, mut wrong) = (0, Vec::new());
    for key in outline(FileConfig::read) {
        let Some(text) = with_value(&key.path, &format!("\"{NO_WORD}\"")) else {
            continue;
        };
        let errors = read(&text).err();
        let taken =
            errors
                .iter()
                .flat_map(|errors| errors.as_slice())
                .find_map(|error| match error.kind() {
                    ConfigErrorKind::NotAChoice(words) => Some(words.to_vec()),
                    _ => None,
                });
        let said = words(&schema, &key.path);
        // Of what is no attribute, the type is given, and another one is another error.
        let type_is_given = key.path.ends_with(".type") && !key.path.contains("attributes");
        match (taken, said) {
            (Some(taken), Some(said)) if taken == said => same += 1,
            (None, None) => {}
            (None, Some(_)) if type_is_given => {}
            (taken, said) => wrong.push(format!("{}: {taken:?}, schema {said:?}", key.path)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(same > 15, "{same}");
}

#[test]
fn required_keys_are_those_that_the_rules_miss() {
    let schema = schema();
    let required = |pointer: &str| -> Vec<&str> {
        let names = schema.pointer(pointer).and_then(Value::as_array);
        names
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    // Of [upstream], a url or tables by name: a schema that says so helps nobody's editor.
    for (table, pointer) in [
        ("server", "/properties/server/required"),
        ("session", "/properties/session/required"),
        (
            "provider.corp",
            "/properties/provider/additionalProperties/required",
        ),
    ] {
        let keys: toml::Table = SMALLEST.parse().unwrap();
        let keys = table
            .split('.')
            .fold(&keys, |at, step| at[step].as_table().unwrap());
        // The pool's id is needed of Cognito alone, and not beside an issuer; the
        // client of a provider through which people sign in.
        let sometimes = ["user_pool_id", "client_id"];
        for key in keys.keys().filter(|key| !sometimes.contains(&key.as_str())) {
            let path = format!("{table}.{key}");
            let missing = found(&read(&change(&format!("-{path}"))))
                .contains(&(path.clone(), "Missing".to_owned()));
            assert_eq!(required(pointer).contains(&key.as_str()), missing, "{path}");
        }
    }
}

/// A configuration with a value at a key, if a text could stand there.
fn with_value(path: &str, value: &str) -> Option<String> {
    let path = path.replace("provider.NAME", "provider.corp");
    let (table, leaf) = path.rsplit_once('.')?;
    Some(match table {
        "route" => change(&format!("\n[[route]]\npath = \"/a\"\n{leaf} = {value}\n")),
        "identity.attributes.NAME" => change(
            &format!("identity.attributes.a = {{ claim = \"c\", {leaf} = {value} }}")
                .replace("claim = \"c\", claim", "claim"),
        ),
        "headers.set.NAME" => change(&format!("headers.set.X-A = {{ {leaf} = {value} }}")),
        "identity.user"
        | "identity.email"
        | "identity.name"
        | "identity.groups"
        | "identity.access_right" => change(
            &format!("{table} = {{ claim = \"c\", {leaf} = {value} }}")
                .replace("claim = \"c\", claim", "claim"),
        ),
        "server" | "upstream" | "session" | "log" | "headers" | "provider.corp" => {
            change(&format!("{path} = {value}"))
        }
        _ => return None,
    })
}

/// The words that the schema has for the texts at a key.
fn words(schema: &Value, path: &str) -> Option<Vec<String>> {
    let mut at = schema.clone();
    for step in path.split('.') {
        let step = match step {
            "NAME" => "/additionalProperties".to_owned(),
            step => format!("/properties/{step}"),
        };
        let some = at
            .get("anyOf")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let items = at.get("items").cloned();
        let all = [at].into_iter().chain(items).chain(some);
        at = all.filter_map(|one| one.pointer(&step).cloned()).next()?;
    }
    words_in(&at)
}

fn words_in(schema: &Value) -> Option<Vec<String>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Some(
            words
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        );
    }
    schema.get("anyOf")?.as_array()?.iter().find_map(words_in)
}

#[test]
fn what_may_not_stand_in_the_file_is_no_text_in_the_schema() {
    let schema = schema();
    let source =
        schema.pointer("/properties/provider/additionalProperties/properties/http/properties/ca");
    let source = source.and_then(|ca| ca.get("$ref")).expect("a reference");
    let headers = schema
        .pointer("/properties/telemetry/properties/otlp/properties/headers/additionalProperties")
        .expect("the collector's headers");
    assert_eq!(headers.get("$ref"), Some(source), "{headers}");
    assert_eq!(headers.as_object().map(serde_json::Map::len), Some(1));
}
