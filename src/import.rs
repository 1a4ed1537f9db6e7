//! Bringing over what other systems hold: the pure part of `vestibule import`.
//!
//! Owns the reading of foreign files into tables of our configuration. Must not
//! open files, print, or know the configuration's types: text in, text out.
//!
//! `cli` reads the file and prints: the table to stdout, notes and errors to
//! stderr. The table is for a `map_file` as it stands, or to be pasted.

mod encoding;
mod mapping;
mod oauth2_proxy;
mod xml;

pub use mapping::{Entry, Imported, MappingError, MappingOptions, Note, Outline, import_mapping};
pub use oauth2_proxy::{
    ImportedOptions, OptionNote, OptionsError, OptionsText, import_oauth2_proxy,
};
pub use xml::{FILE_MAX, SyntaxError, XmlError};
