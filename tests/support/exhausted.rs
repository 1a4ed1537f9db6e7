//! A process that may open no further file for a while.

use std::process::Command;

use super::process::Process;

/// Meanwhile it opens no file and takes no connection, to the app or from a client; then it may again.
pub(crate) fn without_files<T>(process: &Process, meanwhile: impl FnOnce() -> T) -> T {
    let before = prlimit(process, &["--nofile", "--output", "SOFT", "--noheadings"]);
    // What is open stays open.
    prlimit(process, &["--nofile=1:"]);
    let result = meanwhile();
    prlimit(process, &[&format!("--nofile={}:", before.trim())]);
    result
}

/// Asks for limits of the process, or sets them.
fn prlimit(process: &Process, args: &[&str]) -> String {
    let output = Command::new("prlimit")
        .args(["--pid", &process.id().to_string()])
        .args(args)
        .output()
        .expect("prlimit of util-linux");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}
