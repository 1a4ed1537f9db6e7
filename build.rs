//! Tells the program which commit it was built from: `VESTIBULE_COMMIT` if the
//! build sets it (an image has no git), else what git says, else "unknown".
#![allow(clippy::print_stdout, reason = "cargo is told on stdout")]

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=VESTIBULE_COMMIT");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/logs/HEAD");
    if option_env!("VESTIBULE_COMMIT").is_some() {
        return;
    }
    let commit = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit()));
    if let Some(commit) = commit {
        println!("cargo::rustc-env=VESTIBULE_COMMIT={commit}");
    }
}
