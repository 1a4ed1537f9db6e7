//! Claims: finding a value in a token's JSON by the name that a person wrote.
//!
//! Owns claim paths and the shapes in which lists reach us. Must not know
//! tokens, sessions or headers.

use serde_json::{Map, Value};

/// A claim's name as configured. A dot is a step (`address.country`), `\.` a
/// literal dot; colons are literal. An exact top-level name wins over the path
/// reading (contract, "Identity").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath {
    text: String,
    literal: String,
    steps: Vec<String>,
}

/// Why a text is no claim name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimPathError {
    /// Nothing, or nothing between two dots.
    #[error("has an empty step; write a literal dot as \"\\\\.\"")]
    EmptyStep,
}

impl ClaimPath {
    /// Reads a claim name.
    ///
    /// # Errors
    /// See [`ClaimPathError`].
    pub fn parse(text: &str) -> Result<Self, ClaimPathError> {
        let mut steps = vec![String::new()];
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.peek() == Some(&'.') => {
                    chars.next();
                    push(&mut steps, '.');
                }
                '.' => steps.push(String::new()),
                c => push(&mut steps, c),
            }
        }
        if steps.iter().any(String::is_empty) {
            return Err(ClaimPathError::EmptyStep);
        }
        Ok(Self {
            text: text.to_owned(),
            literal: text.replace("\\.", "."),
            steps,
        })
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a token leaves the claim out and says that there is one: it names
    /// another source for it (OpenID Connect Core 5.6.2), as Entra does with more
    /// than 200 groups, or says that there are groups and not which (`hasgroups`;
    /// cognito.md 3.2).
    #[must_use]
    pub fn is_left_out(&self, claims: &Map<String, Value>) -> bool {
        let named = claims.get("_claim_names").and_then(Value::as_object);
        let is_elsewhere = named.is_some_and(|named| named.contains_key(&self.literal));
        let is_hinted = self.literal == "groups"
            && claims
                .get("hasgroups")
                .and_then(scalar)
                .is_some_and(|text| text == "true");
        (is_elsewhere || is_hinted) && self.find(claims).is_empty()
    }

    /// Every value the path leads to; a step through an array goes through each element.
    #[must_use]
    pub fn find<'v>(&self, claims: &'v Map<String, Value>) -> Vec<&'v Value> {
        if let Some(value) = claims.get(&self.literal) {
            return vec![value];
        }
        let Some((first, rest)) = self.steps.split_first() else {
            return Vec::new();
        };
        let mut found: Vec<&Value> = claims.get(first).into_iter().collect();
        for step in rest {
            found = found
                .into_iter()
                .flat_map(|value| match value {
                    Value::Array(items) => items.iter().collect(),
                    other => vec![other],
                })
                .filter_map(|value| value.get(step))
                .collect();
        }
        found
    }
}

fn push(steps: &mut [String], c: char) {
    if let Some(step) = steps.last_mut() {
        step.push(c);
    }
}

/// A single value as text: strings trimmed, numbers and booleans as JSON
/// writes them; nothing for an empty string, a list or an object, nor for a
/// number that JSON readers round: two people could be told as one.
#[must_use]
pub fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) if is_exact(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Beyond 2^53 a floating point number stands for several integers.
fn is_exact(number: &serde_json::Number) -> bool {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    !number.is_f64() || number.as_f64().is_some_and(|n| n.abs() < LIMIT)
}

/// A list in any of the shapes that reach us (cognito.md 3.3): a JSON array;
/// text that is a JSON array; text in brackets with commas, each item
/// form-encoded; else one value. A bare text is cut only where the
/// configuration says at what (`split`), never by guessing.
#[must_use]
pub fn list(value: &Value, split: Option<&str>) -> Vec<String> {
    match (value, split) {
        (Value::Array(items), _) => items.iter().filter_map(scalar).collect(),
        (Value::String(text), split) => bracketed(text.trim()).unwrap_or_else(|| match split {
            Some(separator) => trimmed(text.split(separator)),
            None => trimmed(std::iter::once(text.as_str())),
        }),
        (other, _) => scalar(other).into_iter().collect(),
    }
}

/// Of `claims`, what the paths lead to and nothing else; the shape stays, so
/// that every one of the paths finds the same in it.
#[must_use]
pub fn prune(claims: &Map<String, Value>, paths: &[ClaimPath]) -> Map<String, Value> {
    let whole = |name: &String| paths.iter().any(|path| path.literal == *name);
    let steps: Vec<&[String]> = paths
        .iter()
        .filter(|path| !claims.contains_key(&path.literal))
        .map(|path| path.steps.as_slice())
        .collect();
    let keep = |(name, value): (&String, &Value)| {
        let kept = match whole(name) {
            true => Some(value.clone()),
            false => prune_member(name, value, &steps),
        };
        kept.map(|kept| (name.clone(), kept))
    };
    claims.iter().filter_map(keep).collect()
}

/// A member of an object, as far as a path goes through it.
fn prune_member(name: &str, value: &Value, paths: &[&[String]]) -> Option<Value> {
    let rest: Vec<&[String]> = paths
        .iter()
        .filter_map(|path| path.split_first())
        .filter(|(first, _)| *first == name)
        .map(|(_, rest)| rest)
        .collect();
    if rest.iter().any(|rest| rest.is_empty()) {
        return Some(value.clone());
    }
    let inside = |value: &Value| match value {
        Value::Object(members) => {
            let kept: Map<String, Value> = members
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), prune_member(name, value, &rest)?)))
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        _ => None,
    };
    match value {
        // A step goes through one array, not through arrays of arrays.
        Value::Array(items) => {
            let kept: Vec<Value> = items.iter().filter_map(inside).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        other => inside(other),
    }
}

fn bracketed(text: &str) -> Option<Vec<String>> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    // As JSON unless it is plain numbers, which would be rewritten. What stands
    // inside a text or an object is never cut out of it.
    if let Ok(items) = serde_json::from_str::<Vec<Value>>(text)
        && items
            .iter()
            .any(|item| item.is_string() || item.is_array() || item.is_object())
    {
        return Some(items.iter().filter_map(scalar).collect());
    }
    let items: Vec<&str> = inside.split(',').map(str::trim).collect();
    // A quotation that goes on past a comma: nobody knows where it ends.
    if items
        .iter()
        .any(|item| item.starts_with('"') && (item.len() < 2 || !item.ends_with('"')))
    {
        return None;
    }
    let items: Vec<String> = items.into_iter().map(unquoted).map(form_decode).collect();
    Some(trimmed(items.iter().map(String::as_str)))
}

fn unquoted(item: &str) -> &str {
    let inside = item.strip_prefix('"').and_then(|i| i.strip_suffix('"'));
    inside.unwrap_or(item).trim()
}

fn trimmed<'t>(items: impl Iterator<Item = &'t str>) -> Vec<String> {
    items
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `+` is a space and `%41` a byte (WHATWG URL, application/x-www-form-urlencoded).
/// An item that is not well-formed stays as it is.
fn form_decode(item: &str) -> String {
    // With neither `=` nor `&` of its own, an item reads as a single name.
    if item.contains(['=', '&']) {
        return item.to_owned();
    }
    url::form_urlencoded::parse(item.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .filter(|decoded| !decoded.contains('\u{fffd}'))
        .unwrap_or_else(|| item.to_owned())
}

#[cfg(test)]
mod tests;
