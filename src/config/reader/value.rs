//! Single values: texts, secrets and numbers.

use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use super::{Findings, Place, Source, Text, read_table};
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
        (table.one("file", plain), table.one("env", plain))
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
