//! `vestibule schema`: a JSON Schema (2020-12) of the configuration.
//!
//! Which keys there are and of what type is learnt from the code that reads
//! them (`config::reader::outline`), so it cannot differ; `keys` adds what
//! that code does not say. Must not know what a value means to the program.

mod keys;

use serde_json::{Map, Value, json};

use self::keys::{About, Given, Values};
use super::file::FileConfig;
use super::reader::{Key, NAME, Shape, outline};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// `$ref` of a place that a text is read from.
const SOURCE: &str = "#/$defs/source";
/// A number and its unit, once or several times, as humantime reads it.
const DURATION: &str = r"^\s*[0-9]+\s*[A-Za-z]+(\s*[0-9]+\s*[A-Za-z]+)*\s*$";
const DURATION_OR_OFF: &str = r"^([Oo][Ff][Ff]|\s*[0-9]+\s*[A-Za-z]+(\s*[0-9]+\s*[A-Za-z]+)*\s*)$";
const SIZE_OR_OFF: &str = r"^(off|[0-9]+(\.[0-9]+)?\s*([KMGTkmgt]i?)?[Bb]?)$";
const URL: &str = "^[A-Za-z][A-Za-z0-9+.-]*:";

/// The schema of the configuration that this version reads.
#[must_use]
pub fn schema() -> Value {
    let schema = Schema {
        keys: outline(FileConfig::read),
    };
    let mut root = schema.object("");
    let head = [
        ("$schema", json!(DIALECT)),
        ("title", json!("Vestibule's configuration")),
        ("$defs", json!({ "source": source() })),
    ];
    if let Some(members) = root.as_object_mut() {
        members.extend(head.map(|(name, value)| (name.to_owned(), value)));
    }
    root
}

/// The paths of all keys that are read.
#[cfg(test)]
pub(crate) fn every_key() -> Vec<String> {
    let keys = outline(FileConfig::read).into_iter();
    keys.map(|key| key.path).collect()
}

struct Schema {
    keys: Vec<Key>,
}

impl Schema {
    /// A table with the keys whose paths are one step below this one.
    fn object(&self, table: &str) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        let mut others = Value::Bool(false);
        for key in &self.keys {
            let Some(name) = step_below(table, &key.path) else {
                continue;
            };
            let about = keys::about(&key.path);
            if name == NAME {
                others = self.key(key, about);
                continue;
            }
            if about.is_some_and(|about| about.required) {
                required.push(name);
            }
            properties.insert(name.to_owned(), self.key(key, about));
        }
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": others,
        })
    }

    fn key(&self, key: &Key, about: Option<&About>) -> Value {
        let mut schema = self.shape(key, about);
        if let (Some(about), Some(members)) = (about, schema.as_object_mut()) {
            members.insert("description".to_owned(), json!(about.text));
            let default = match about.default {
                Given::Nothing => None,
                Given::Text(text) => Some(json!(text)),
                Given::Texts(texts) => Some(json!(texts)),
                Given::Bool(value) => Some(json!(value)),
            };
            members.extend(default.map(|default| ("default".to_owned(), default)));
        }
        schema
    }

    fn shape(&self, key: &Key, about: Option<&About>) -> Value {
        let values = about.map_or(Values::Any, |about| about.values);
        let path = key.path.as_str();
        let below = || self.object(path);
        let named = || self.object(&format!("{path}.{NAME}"));
        match key.shape {
            Shape::Text => text(values),
            Shape::Texts => json!({ "anyOf": one_or_list(&text(values)) }),
            Shape::AnyTexts => {
                let some = json!({ "type": "array", "items": text(values) });
                json!({ "anyOf": [text(values), some] })
            }
            Shape::Secret => json!({ "$ref": SOURCE }),
            Shape::Secrets => json!({ "anyOf": one_or_list(&json!({ "$ref": SOURCE })) }),
            Shape::Number => number(values),
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Scalar => json!({ "anyOf": [number(Values::Range(0, i64::MAX)), text(values)] }),
            Shape::Table => below(),
            Shape::Tables => list(&below()),
            Shape::TextsOrTable => any_of(one_or_list(&text(values)), below()),
            Shape::TextOrTables => {
                let mut some = one_or_list(&below());
                some.insert(0, text(values));
                json!({ "anyOf": some })
            }
            Shape::NamedTables => by_name(&named(), values),
            Shape::NamedTextsOrTables => {
                by_name(&any_of(one_or_list(&text(Values::Any)), named()), values)
            }
            Shape::NamedTextOrTables => by_name(&any_of(vec![text(Values::Any)], named()), values),
            Shape::NamedText => by_name(&text(Values::Any), values),
            Shape::NamedSecret => by_name(&json!({ "$ref": SOURCE }), values),
            Shape::NamedTexts => {
                let entry = json!({ "anyOf": one_or_list(&text(Values::Any)) });
                by_name(&entry, values)
            }
        }
    }
}

/// The name of a key that stands directly in a table.
fn step_below<'k>(table: &str, path: &'k str) -> Option<&'k str> {
    let name = match table {
        "" => path,
        _ => path.strip_prefix(table)?.strip_prefix('.')?,
    };
    (!name.contains('.')).then_some(name)
}

/// A text in quotes, or where it is read from.
fn text(values: Values) -> Value {
    json!({ "anyOf": [inline(values), { "$ref": SOURCE }] })
}

fn inline(values: Values) -> Value {
    match values {
        Values::Words(words) => json!({ "type": "string", "enum": words }),
        Values::Like(pattern) => json!({ "type": "string", "pattern": pattern }),
        Values::Duration => json!({ "type": "string", "pattern": DURATION }),
        Values::DurationOrOff => json!({ "type": "string", "pattern": DURATION_OR_OFF }),
        Values::SizeOrOff => json!({ "type": "string", "pattern": SIZE_OR_OFF }),
        Values::Url => json!({ "type": "string", "pattern": URL }),
        Values::Any | Values::Range(..) => json!({ "type": "string", "minLength": 1 }),
    }
}

fn number(values: Values) -> Value {
    match values {
        Values::Range(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        _ => json!({ "type": "integer" }),
    }
}

fn list(item: &Value) -> Value {
    json!({ "type": "array", "items": item, "minItems": 1 })
}

fn one_or_list(item: &Value) -> Vec<Value> {
    vec![item.clone(), list(item)]
}

fn any_of(mut some: Vec<Value>, other: Value) -> Value {
    some.push(other);
    json!({ "anyOf": some })
}

/// A table of the user's own names.
fn by_name(entry: &Value, names: Values) -> Value {
    let pattern = match names {
        Values::Like(pattern) => pattern,
        _ => "",
    };
    json!({
        "type": "object",
        "propertyNames": { "pattern": pattern },
        "additionalProperties": entry,
        "minProperties": 1,
    })
}

/// `{ file = "PATH" }` or `{ env = "NAME" }`.
fn source() -> Value {
    let only = |key: &str, words: &str| {
        json!({
            "type": "object",
            "properties": { key: { "type": "string", "minLength": 1, "description": words } },
            "required": [key],
            "additionalProperties": false,
        })
    };
    json!({
        "description": "Where a secret, or any other text, is read from. White space around it is cut off.",
        "oneOf": [
            only("file", "Path of a file; a relative one starts at the folder of the configuration."),
            only("env", "Name of an environment variable."),
        ],
    })
}

#[cfg(test)]
mod tests;
