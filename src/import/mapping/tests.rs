//! What a mapping file becomes, as tables of files. Here is how one is told in a line.

use super::{Imported, MappingError, MappingOptions, Note, import_mapping};
use crate::import::xml::{SyntaxError, XmlError};

mod refused;
mod rows;
mod written;

/// The samples of issue 3.
const RIGHTS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><MappingDocument><Mapping><ExternalSystemAccess>Global Company</ExternalSystemAccess><EncodeAccessRight>Admin</EncodeAccessRight></Mapping><Mapping><ExternalSystemAccess>Local Company</ExternalSystemAccess><EncodeAccessRight>Sales Manager</EncodeAccessRight></Mapping></MappingDocument>"#;
const GROUPS: &str = r#"<Mapping><ExternalSystemAccess>Local Company</ExternalSystemAccess><EncodeGroup>Argentina, Chile, Bolivia</EncodeGroup></Mapping>"#;

fn options(key: &str, value: &str, split: bool) -> MappingOptions {
    MappingOptions {
        key: key.to_owned(),
        value: value.to_owned(),
        split,
    }
}

/// Nodes K and V, values split.
fn import(xml: &str) -> Result<Imported, MappingError> {
    import_mapping(xml.as_bytes(), &options("K", "V", true))
}

fn pairs(imported: &Imported) -> Vec<(&str, Vec<&str>)> {
    let entries = imported.entries.iter();
    entries
        .map(|entry| {
            let names = entry.names.iter().map(String::as_str).collect();
            (entry.key.as_str(), names)
        })
        .collect()
}

/// `a=x|y; b=z`, then each note's kind and line.
fn told(result: Result<Imported, MappingError>) -> String {
    let (entries, notes) = match &result {
        Ok(imported) => (pairs(imported), &imported.notes),
        Err(MappingError::NothingFound { notes, .. }) => (Vec::new(), notes),
        Err(error) => return error_kind(error).to_owned(),
    };
    let entries = entries
        .iter()
        .map(|(key, names)| format!("{key}={}", names.join("|")));
    let notes = notes.iter().map(|note| {
        let kind = match note {
            Note::Case { .. } => "case",
            Note::KeyAlone { .. } => "key-alone",
            Note::ValueAlone { .. } => "value-alone",
            Note::EmptyKey { .. } => "empty-key",
            Note::Unclear { .. } => "unclear",
            Note::NotText { .. } => "not-text",
            Note::SecondValue { .. } => "second-value",
        };
        format!("{kind}@{}", note.line())
    });
    entries.chain(notes).collect::<Vec<_>>().join("; ")
}

fn error_kind(error: &MappingError) -> &'static str {
    match error {
        MappingError::NoName { .. } => "NoName",
        MappingError::SameNode(_) => "SameNode",
        MappingError::NoSuchNode { .. } => "NoSuchNode",
        MappingError::UnclearCase { .. } => "UnclearCase",
        MappingError::NothingFound { .. } => "NothingFound",
        MappingError::TooMany => "TooMany",
        MappingError::Xml(error) => match error {
            XmlError::TooLarge => "TooLarge",
            XmlError::Encoding(_) => "Encoding",
            XmlError::NotUtf8 { .. } => "NotUtf8",
            XmlError::Doctype { .. } => "Doctype",
            XmlError::Entity { .. } => "Entity",
            XmlError::TooDeep { .. } => "TooDeep",
            XmlError::TooManyAttributes { .. } => "TooManyAttributes",
            XmlError::Syntax { source, .. } => match source {
                SyntaxError::Markup(_) => "Markup",
                SyntaxError::Attribute(_) => "Attribute",
                SyntaxError::AttributeTwice(_) => "AttributeTwice",
                SyntaxError::Name(_) => "Name",
                SyntaxError::Mismatch { .. } => "Mismatch",
                SyntaxError::NotOpen(_) => "NotOpen",
                SyntaxError::Unclosed(_) => "Unclosed",
                SyntaxError::NoRoot => "NoRoot",
                SyntaxError::SecondRoot => "SecondRoot",
                SyntaxError::TextOutside => "TextOutside",
                SyntaxError::Declaration => "Declaration",
                SyntaxError::Control(_) => "Control",
            },
        },
    }
}
