//! JSON without doubt: an object in which no member, at any depth, is there twice.
//!
//! Parsers disagree on which of two equal members counts, so two readers of
//! one token could see two people.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::TokenError;

/// Parses one JSON object.
///
/// # Errors
/// [`TokenError::Malformed`] if it is none, [`TokenError::Duplicate`] if a member is doubled.
pub fn object(text: &[u8]) -> Result<Map<String, Value>, TokenError> {
    // Once for all of it: what is text already is not looked at string by string.
    let text = std::str::from_utf8(text).map_err(|_| TokenError::Malformed)?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = Strict::deserialize(&mut parser).map_err(|error| {
        // A custom message of ours is the only data error there can be.
        if error.is_data() {
            TokenError::Duplicate
        } else {
            TokenError::Malformed
        }
    })?;
    parser.end().map_err(|_| TokenError::Malformed)?;
    match value.0 {
        Value::Object(map) => Ok(map),
        _ => Err(TokenError::Malformed),
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = access.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(Value::Object(map))
    }
}
