//! From the provider's claims to pool attributes (cognito.md 3.3).

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::model::{Flattening, Provider};

/// Characters an attribute can hold (1.13; whether bytes are meant is U3).
const LARGEST: usize = 2048;

/// An attribute whose value would be too long: the login fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TooLong(pub(super) String);

/// The attributes that the claims fill. A claim that is absent fills
/// nothing, so that the profile keeps what it had: the stale-claim hazard.
pub(super) fn attributes(
    provider: &Provider,
    claims: &Map<String, Value>,
    form: Flattening,
) -> Result<Vec<(String, String)>, TooLong> {
    let mut attributes = Vec::new();
    for (attribute, claim) in &provider.mapping {
        let Some(value) = claims.get(claim).filter(|value| !value.is_null()) else {
            continue;
        };
        let text = text(value, form);
        if text.chars().count() > LARGEST {
            return Err(TooLong(attribute.clone()));
        }
        attributes.push((attribute.clone(), text));
    }
    Ok(attributes)
}

fn text(value: &Value, form: Flattening) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => flatten(items, form),
        other => other.to_string(),
    }
}

fn flatten(items: &[Value], form: Flattening) -> String {
    let words: Vec<String> = items
        .iter()
        .map(|item| match item {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect();
    match (form, words.as_slice()) {
        (Flattening::BareSingle, [only]) => only.clone(),
        (Flattening::CommaSpace | Flattening::BareSingle, _) => format!("[{}]", words.join(", ")),
        (Flattening::Comma, _) => format!("[{}]", words.join(",")),
        (Flattening::Form, _) => {
            let encoded: Vec<String> = words
                .iter()
                .map(|word| form_urlencoded::byte_serialize(word.as_bytes()).collect())
                .collect();
            format!("[{}]", encoded.join(","))
        }
        (Flattening::Json, _) => Value::from(items).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arrays_flatten_in_five_forms() {
        let two = json!(["a b", "c,d"]);
        let one = json!(["a b"]);
        for (form, of_two, of_one) in [
            (Flattening::CommaSpace, "[a b, c,d]", "[a b]"),
            (Flattening::Comma, "[a b,c,d]", "[a b]"),
            (Flattening::Form, "[a+b,c%2Cd]", "[a+b]"),
            (Flattening::Json, r#"["a b","c,d"]"#, r#"["a b"]"#),
            (Flattening::BareSingle, "[a b, c,d]", "a b"),
        ] {
            assert_eq!(text(&two, form), of_two, "{form:?}");
            assert_eq!(text(&one, form), of_one, "{form:?}");
        }
    }

    #[test]
    fn other_values_become_text() {
        for (value, expected) in [
            (json!("x"), "x"),
            (json!(true), "true"),
            (json!(7), "7"),
            (json!({ "a": 1 }), r#"{"a":1}"#),
            (json!([]), "[]"),
        ] {
            assert_eq!(text(&value, Flattening::CommaSpace), expected);
        }
    }
}
