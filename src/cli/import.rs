//! `vestibule import`: reads the file and prints; `crate::import` does the work.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{FAILED, USAGE, print, say};
use crate::import::{FILE_MAX, MappingOptions, import_mapping};

pub(super) fn mapping(file: &Path, options: &MappingOptions) -> u8 {
    let mut xml = Vec::new();
    // One byte more than is allowed, so that the refusal is the import's own.
    let most = u64::try_from(FILE_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let read = File::open(file).and_then(|open| open.take(most).read_to_end(&mut xml));
    if let Err(error) = read {
        say(&format!("vestibule: {}: {error}", file.display()));
        return FAILED;
    }
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
