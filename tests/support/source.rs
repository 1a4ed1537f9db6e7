//! The program's own text, for tests that hold a list against it.

use std::fs;
use std::path::Path;

use super::peers::root;

/// All of it, but for its tests.
pub(crate) fn of_the_program() -> String {
    text_below(&root().join("src"))
}

fn text_below(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str());
        if path.is_dir() && name != Some("tests") {
            text.push_str(&text_below(&path));
        } else if path.extension().is_some_and(|end| end == "rs") && name != Some("tests.rs") {
            let file = fs::read_to_string(&path).expect("a source");
            text.push_str(file.split("#[cfg(test)]\nmod tests {").next().unwrap_or(""));
        }
    }
    text
}
