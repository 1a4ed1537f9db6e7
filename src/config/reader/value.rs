//! Single values: texts, secrets and numbers.

use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use super::{Findings, Item, Place, Shape, Source, Text, read_table};
use crate::config::error::ConfigErrorKind;

/// Reads a text: in quotes, or from a file or variable.
pub(super) fn text(findings: &mut Findings, place: &Place, value: &DeValue<'_>) -> Option<Text> {
    match value {
        DeValue::String(text) => Some(Text::Inline(text.to_string())),
        DeValue::Table(entries) => source(findings, place, entries).map(Text::From),
        other => {
            wrong_type(findings, place, "text", other, "write it in quotes");
            None
        }
    }
}

/// Names of the user's own, each with one text or several.
pub(crate) type TextMap = Vec<(Item<String>, Vec<Item<Text>>)>;

/// Reads a text or a list of texts.
pub(super) fn texts_of(
    findings: &mut Findings,
    place: &Place,
    value: &DeValue<'_>,
) -> Option<Vec<Item<Text>>> {
    one_or_list(findings, place, value, text)
}

/// Reads one value or a list of them; never an empty one.
pub(super) fn one_or_list<T>(
    findings: &mut Findings,
    place: &Place,
    value: &DeValue<'_>,
    read: impl Fn(&mut Findings, &Place, &DeValue<'_>) -> Option<T>,
) -> Option<Vec<Item<T>>> {
    let DeValue::Array(list) = value else {
        let value = read(findings, place, value)?;
        let place = place.clone();
        return Some(vec![Item { value, place }]);
    };
    if list.is_empty() {
        empty_list(findings, place);
        return None;
    }
    let mut items = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let place = place.index(index, value);
        if let Some(value) = read(findings, &place, value.get_ref()) {
            items.push(Item { value, place });
        }
    }
    Some(items)
}

/// Reads a table of names, each with a text or a list of texts, in the order
/// of the file; never an empty one.
pub(crate) fn text_map(
    findings: &mut Findings,
    place: &Place,
    value: &DeValue<'_>,
) -> Option<TextMap> {
    let mut map = Vec::new();
    for (name, value) in entries(findings, place, value) {
        let texts = texts_of(findings, &name.place, value);
        map.extend(texts.map(|texts| (name, texts)));
    }
    Some(map)
}

/// The entries of a table, in the order of the file; what is no table, or an
/// empty one, is noted.
pub(super) fn entries<'v, 'd>(
    findings: &mut Findings,
    place: &Place,
    value: &'v DeValue<'d>,
) -> Vec<(Item<String>, &'v DeValue<'d>)> {
    let DeValue::Table(entries) = value else {
        let remedy = "write a table, with a line NAME = \"value\" for each";
        wrong_type(findings, place, "a table", value, remedy);
        return Vec::new();
    };
    if entries.is_empty() {
        empty_list(findings, place);
    }
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    let named = entries.into_iter().map(|(name, value)| {
        let item = Item {
            value: name.get_ref().to_string(),
            place: place.at(name.get_ref(), Some(name.span().start)),
        };
        (item, value.get_ref())
    });
    named.collect()
}

/// Reads where a secret is; never one that stands in the file.
pub(super) fn secret(
    findings: &mut Findings,
    place: &Place,
    value: &DeValue<'_>,
) -> Option<Source> {
    if let DeValue::Table(entries) = value {
        return source(findings, place, entries);
    }
    let found = type_name(value);
    findings.error(
        place,
        ConfigErrorKind::InlineSecret { found },
        SOURCE_REMEDY,
    );
    None
}

fn source(findings: &mut Findings, place: &Place, entries: &DeTable<'_>) -> Option<Source> {
    let (file, env) = read_table(entries, place.clone(), findings, |table| {
        (
            table.one("file", Shape::Text, plain),
            table.one("env", Shape::Text, plain),
        )
    });
    match (file, env) {
        (Some(file), None) => Some(Source::File(PathBuf::from(file.value))),
        (None, Some(env)) => Some(Source::Env(env.value)),
        (Some(_), Some(_)) => {
            findings.error(place, ConfigErrorKind::FileAndEnv, "keep one of the two");
            None
        }
        (None, None) => {
            findings.missing(place, SOURCE_REMEDY);
            None
        }
    }
}

/// A text that stands in the file and is not empty.
fn plain(findings: &mut Findings, place: &Place, value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) if text.is_empty() => {
            findings.error(place, ConfigErrorKind::Empty, SOURCE_REMEDY);
            None
        }
        DeValue::String(text) => Some(text.to_string()),
        other => {
            wrong_type(findings, place, "text", other, SOURCE_REMEDY);
            None
        }
    }
}

const SOURCE_REMEDY: &str = "write { file = \"/run/secrets/NAME\" } or { env = \"NAME\" }";

/// Notes a value of another type.
pub(super) fn wrong_type(
    findings: &mut Findings,
    place: &Place,
    wanted: &'static str,
    found: &DeValue<'_>,
    remedy: &str,
) {
    let found = type_name(found);
    findings.error(place, ConfigErrorKind::WrongType { wanted, found }, remedy);
}

/// Notes a list without entries.
pub(super) fn empty_list(findings: &mut Findings, place: &Place) {
    let remedy = "leave the key out for its default, or name at least one";
    findings.error(place, ConfigErrorKind::Empty, remedy);
}

/// Whether a table says where a text comes from.
pub(super) fn is_source(entries: &DeTable<'_>) -> bool {
    entries.contains_key("file") || entries.contains_key("env")
}

/// A whole number that fits.
pub(super) fn number(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
