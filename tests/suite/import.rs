//! `vestibule import mapping`: what goes to stdout, what to stderr, and how it ends.

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const ROW: &str = "<M><K>Local Company</K><V>Argentina, Chile</V></M>";

#[test]
fn the_table_goes_to_stdout_and_notes_to_stderr() {
    let xml = format!("<D>{ROW}<M><K>alone</K></M></D>");
    let output = import(xml.as_bytes(), &["--key", "K", "--value", "v"]);
    assert_eq!(output.status.code(), Some(0));
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("[identity.groups.map]"), "{table}");
    assert!(
        table.contains("\"Local Company\" = [\"Argentina\", \"Chile\"]"),
        "{table}"
    );
    assert!(table.parse::<toml::Table>().is_ok(), "{table}");
    let notes = String::from_utf8(output.stderr).unwrap();
    assert_eq!(notes.lines().count(), 2, "{notes}");
    assert!(
        notes.lines().all(|line| line.starts_with("note: ")),
        "{notes}"
    );
}

#[test]
fn an_access_right_is_taken_whole() {
    let xml = format!("<D>{ROW}</D>");
    let output = import(
        xml.as_bytes(),
        &["--key", "K", "--value", "V", "--no-split"],
    );
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("[identity.access_right.map]"), "{table}");
    assert!(
        table.contains("\"Local Company\" = \"Argentina, Chile\""),
        "{table}"
    );
}

#[test]
fn an_unknown_structure_shows_the_names_that_are_there() {
    let xml = format!("<Document>{ROW}</Document>");
    let output = import(
        xml.as_bytes(),
        &["--key", "ExternalSystemAccess", "--value", "V"],
    );
    let errors = refused(&output, 1);
    for name in ["ExternalSystemAccess", "Document", "M", "K"] {
        assert!(errors.contains(name), "{name}: {errors}");
    }
}

#[test]
fn entities_and_dtds_are_refused_at_once() {
    let mut laughs = "<?xml version=\"1.0\"?><!DOCTYPE D [<!ENTITY e0 \"ha\">".to_owned();
    for n in 1..30 {
        laughs += &format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10));
    }
    laughs += "]><D><M><K>a</K><V>&e29;</V></M></D>";
    let external = "<!DOCTYPE D SYSTEM \"file:///etc/passwd\"><D><M><K>a</K><V>b</V></M></D>";
    let undeclared = "<D><M><K>a</K><V>&x;</V></M></D>";
    for xml in [laughs.as_str(), external, undeclared, "<D>", "", "not XML"] {
        let began = Instant::now();
        let output = import(xml.as_bytes(), &["--key", "K", "--value", "V"]);
        refused(&output, 1);
        assert!(began.elapsed() < Duration::from_secs(5), "{xml}");
    }
}

#[test]
fn a_bad_command_line_is_64_and_a_missing_file_1() {
    for args in [
        &["import"][..],
        &["import", "mapping"],
        &["import", "mapping", "x.xml"],
        &["import", "mapping", "x.xml", "--key", "K"],
        &["import", "rights", "x.xml"],
    ] {
        refused(&run(args), 64);
    }
    let xml = format!("<D>{ROW}</D>");
    refused(&import(xml.as_bytes(), &["--key", "K", "--value", "K"]), 64);
    refused(&import(xml.as_bytes(), &["--key", "", "--value", "K"]), 64);
    let missing = run(&[
        "import",
        "mapping",
        "/no/such.xml",
        "--key",
        "K",
        "--value",
        "V",
    ]);
    assert!(refused(&missing, 1).contains("/no/such.xml"));
}

/// What it says, and nothing on stdout.
fn refused(output: &Output, code: i32) -> String {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(output.stdout.is_empty() && !errors.is_empty());
    errors
}

fn import(xml: &[u8], args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mapping.xml");
    fs::write(&file, xml).unwrap();
    let file = file.display().to_string();
    run(&[&["import", "mapping", file.as_str()], args].concat())
}

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.args(args).output().unwrap()
}
