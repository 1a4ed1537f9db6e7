//! `vestibule import`: reads the file and prints; `crate::import` does the work.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{FAILED, USAGE, print, say};
use crate::import::{FILE_MAX, MappingOptions, OptionsText, import_mapping, import_oauth2_proxy};

pub(super) fn mapping(file: &Path, options: &MappingOptions) -> u8 {
    let Some(xml) = read(file) else {
        return FAILED;
    };
    match import_mapping(&xml, options) {
        Ok(imported) => {
            for note in &imported.notes {
                say(&format!("note: {note}"));
            }
            print(&imported.to_toml(file))
        }
        Err(error) => {
            say(&format!("vestibule: {}: {error}", file.display()));
            if error.is_usage() { USAGE } else { FAILED }
        }
    }
}

pub(super) fn oauth2_proxy(file: Option<&Path>, flags: Option<&str>) -> u8 {
    let mut text = String::new();
    if let Some(file) = file {
        let Some(bytes) = read(file) else {
            return FAILED;
        };
        let Ok(utf8) = String::from_utf8(bytes) else {
            say(&format!("vestibule: {}: it is not UTF-8", file.display()));
            return FAILED;
        };
        text = utf8;
    }
    let file_text = file.map(|_| OptionsText::File(&text));
    let texts: Vec<_> = file_text
        .into_iter()
        .chain(flags.map(OptionsText::Flags))
        .collect();
    match import_oauth2_proxy(&texts) {
        Ok(imported) => {
            for note in imported.notes() {
                say(&format!("note: {}: {note}", note.group));
            }
            print(&imported.to_toml())
        }
        Err(error) => {
            say(&format!("vestibule: {error}"));
            if error.is_usage() { USAGE } else { FAILED }
        }
    }
}

/// A file's bytes, one more than is allowed at most, so that the refusal is the import's own.
fn read(file: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(FILE_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let read = File::open(file).and_then(|open| open.take(most).read_to_end(&mut bytes));
    match read {
        Ok(_) => Some(bytes),
        Err(error) => {
            say(&format!("vestibule: {}: {error}", file.display()));
            say("    name a file that this process may read");
            None
        }
    }
}
