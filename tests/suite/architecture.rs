//! The arrow of dependencies, and what is not shipped.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::peers::root;

/// What the pure core must not name: no framework, no I/O, no clock.
const NOT_IN_THE_CORE: [&str; 15] = [
    "pingora",
    "tokio",
    "openidconnect",
    "reqwest",
    "tracing",
    "async_trait",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "crate::edge",
    "crate::app",
    "crate::clock",
];

#[test]
fn the_core_is_pure() {
    let mut files = rust_files(&root().join("src/gate"));
    files.push(root().join("src/gate.rs"));
    let mut found = Vec::new();
    for file in files {
        for (number, line) in code_lines(&file) {
            // An address is data.
            let line = line
                .replace("std::net::IpAddr", "")
                .replace("std::net::SocketAddr", "");
            for word in NOT_IN_THE_CORE {
                if line.contains(word) {
                    found.push(format!("{}:{number}: {word}", file.display()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn one_file_imports_each_crypto_library() {
    for (library, homes) in [
        // Seals, checks the signatures of tokens, and signs assertions.
        (
            "aws_lc_rs",
            &["gate/seal", "token/jwk", "assertion/key"][..],
        ),
        ("openidconnect", &["edge/oidc"]),
    ] {
        let files: Vec<String> = rust_files(&root().join("src"))
            .iter()
            .filter(|file| {
                code_lines(file)
                    .iter()
                    // A library that rustls hands through is rustls' business.
                    .map(|(_, line)| line.replace("crypto::aws_lc_rs::", ""))
                    .any(|line| line.contains(&format!("{library}::")))
            })
            .map(|file| file.display().to_string())
            .collect();
        assert!(!files.is_empty(), "{library} is not used");
        for file in files {
            let is_home = homes.iter().any(|home| file.contains(home));
            assert!(is_home, "{library} in {file}");
        }
    }
}

#[test]
fn time_is_read_in_one_file() {
    for file in rust_files(&root().join("src")) {
        let reads = code_lines(&file)
            .iter()
            .any(|(_, line)| line.contains("SystemTime::now"));
        assert!(
            !reads || file.ends_with("src/clock.rs"),
            "{}",
            file.display()
        );
    }
}

#[test]
fn the_emulator_does_not_depend_on_the_product() {
    let manifest = fs::read_to_string(root().join("dev-idp/Cargo.toml")).expect("its manifest");
    for line in manifest
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        assert!(!line.trim_start().starts_with("vestibule"), "{line}");
    }
    for file in rust_files(&root().join("dev-idp/src")) {
        assert!(
            code_lines(&file)
                .iter()
                .all(|(_, line)| !line.contains("vestibule::")),
            "{}",
            file.display()
        );
    }
}

#[test]
fn the_emulator_is_reached_by_dev_dependencies_only() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let has = |table: &str| {
        manifest[table]
            .as_table()
            .is_some_and(|table| table.contains_key("dev-idp"))
    };
    assert!(!has("dependencies"));
    assert!(
        manifest.get("features").is_none(),
        "no feature of ours can switch it on"
    );
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Lines with their numbers, without comments and unit tests.
fn code_lines(file: &Path) -> Vec<(usize, String)> {
    if file.ends_with("tests.rs") {
        return Vec::new();
    }
    let text = fs::read_to_string(file).expect("a source file");
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line.to_owned()))
        .collect()
}
