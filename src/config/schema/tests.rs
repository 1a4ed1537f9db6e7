//! That reader, descriptions and example agree. Whoever adds a key to `config::file` adds a line to `keys`.

use super::keys::KEYS;
use super::*;

const EXAMPLE: &str = include_str!("../../../config.example.toml");

fn keys() -> Vec<Key> {
    outline(FileConfig::read)
}

#[test]
fn every_key_that_is_read_is_described() {
    let keys = keys();
    assert!(keys.len() > 100, "{}", keys.len());
    let silent: Vec<&str> = keys
        .iter()
        .map(|key| key.path.as_str())
        .filter(|path| super::keys::about(path).is_none())
        .collect();
    assert!(
        silent.is_empty(),
        "src/config/schema/keys.rs has no line for {silent:?}"
    );
}

#[test]
fn every_key_that_is_described_is_read() {
    let keys = keys();
    let unread: Vec<&str> = KEYS
        .iter()
        .filter(|about| !keys.iter().any(|key| about.is_of(&key.path)))
        .map(|about| about.path)
        .collect();
    assert!(
        unread.is_empty(),
        "src/config/schema/keys.rs describes what nothing reads: {unread:?}"
    );
}

#[test]
fn no_key_is_read_or_described_twice() {
    let mut paths: Vec<String> = keys().into_iter().map(|key| key.path).collect();
    paths.extend(KEYS.iter().map(|about| format!("about {}", about.path)));
    paths.sort();
    let twice: Vec<_> = paths.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn every_key_is_in_the_schema() {
    let schema = schema();
    for key in keys() {
        assert!(find(&schema, &key.path).is_some(), "{}", key.path);
    }
}

#[test]
fn no_table_of_ours_takes_unknown_keys() {
    fn look(value: &Value, closed: &mut usize) {
        if let Some(members) = value.as_object() {
            if members.contains_key("properties") && members.get("type") == Some(&json!("object")) {
                // Tables by names of the user's own are tables of ours again.
                let others = &members["additionalProperties"];
                let is_closed = *others == json!(false) || others.get("properties").is_some();
                assert!(is_closed, "{value}");
                *closed += 1;
            }
            members.values().for_each(|value| look(value, closed));
        }
        value
            .as_array()
            .into_iter()
            .flatten()
            .for_each(|value| look(value, closed));
    }
    let mut closed = 0;
    look(&schema(), &mut closed);
    assert!(closed > 10, "{closed}");
}

#[test]
fn defaults_are_those_that_the_example_states() {
    let example: toml::Table = EXAMPLE.parse().unwrap();
    let example = serde_json::to_value(example).unwrap();
    let (mut same, mut wrong) = (0, Vec::new());
    for key in keys().iter().filter(|key| !key.path.starts_with("route")) {
        let pointer = format!(
            "/{}",
            key.path
                .replace("provider.NAME", "provider.corp")
                .replace('.', "/")
        );
        let default = find(&schema(), &key.path).and_then(|key| key.get("default").cloned());
        match (example.pointer(&pointer), default) {
            (Some(stated), Some(default)) if *stated == default => same += 1,
            (Some(stated), Some(default)) => {
                wrong.push(format!("{}: {stated}, {default}", key.path))
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(same > 15, "{same}");
}

/// The schema of a key.
fn find<'s>(schema: &'s Value, path: &str) -> Option<&'s Value> {
    let mut at = schema;
    for step in path.split('.') {
        at = match step {
            NAME => at.get("additionalProperties")?,
            step => tables(at).find_map(|table| table.pointer(&format!("/properties/{step}")))?,
        };
    }
    Some(at)
}

/// A schema itself, and the tables among its alternatives.
fn tables(schema: &Value) -> impl Iterator<Item = &Value> {
    let others = schema
        .get("anyOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let items = schema.get("items");
    [schema].into_iter().chain(items).chain(others)
}
