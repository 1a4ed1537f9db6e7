//! The documentation as a whole: what it points at is there, and what it has one type works.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::peers::root;

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut pages = Vec::new();
    for place in [".", "docs", "deploy", "dev-idp"] {
        collect(&root().join(place), place != ".", &mut pages);
    }
    assert!(pages.len() > 25, "{pages:?}");
    let mut wrong = Vec::new();
    let mut links = 0;
    for page in &pages {
        let text = fs::read_to_string(page).expect("a page");
        for target in targets(&text) {
            links += 1;
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let led_to = match file {
                "" => page.clone(),
                file => page.parent().expect("a folder").join(file),
            };
            let is_there = led_to.exists();
            if !is_there || !(fragment.is_empty() || anchors(&led_to).any(|a| a == fragment)) {
                wrong.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(links > 50, "{links}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readmes_commands_work_as_they_stand() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let (_, from) = readme
        .split_once("## The smallest real configuration")
        .expect("the heading");
    let home = tempfile::tempdir().expect("a folder");
    let toml = blocks(from, "toml").next().expect("a configuration");
    fs::write(home.path().join("vestibule.toml"), toml).expect("the configuration");
    // What is pasted where a command waits for it.
    let pasted = home.path().join("pasted");
    fs::write(&pasted, "the app client's secret\n").expect("a file");
    let programs = Path::new(env!("CARGO_BIN_EXE_vestibule")).parent();
    let path = env::var("PATH").expect("a path");
    let path = format!("{}:{path}", programs.expect("a folder").display());

    // Not here: to build, to ask a provider that is not there, to serve until somebody stops it.
    let elsewhere = [
        "cargo ",
        "export ",
        "vestibule check --online",
        "vestibule run",
    ];
    let mut done = 0;
    for step in blocks(from, "console").flat_map(str::lines) {
        let step = step.strip_prefix("$ ").expect("a command");
        if elsewhere.iter().any(|start| step.starts_with(start)) {
            continue;
        }
        let output = Command::new("sh")
            .args(["-c", step])
            .current_dir(home.path())
            .env("PATH", &path)
            .stdin(File::open(&pasted).expect("what is pasted"))
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{step}\n{said}");
        done += 1;
    }
    assert_eq!(done, 7, "checks, keys, a secret, and who would be let in");
}

/// What stands in the fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("```{language}\n");
    let parts: Vec<&str> = text.split(start.as_str()).skip(1).collect();
    parts
        .into_iter()
        .filter_map(|part| part.split("```").next())
}

/// The pages of a folder, and of those below it if asked for; not what was installed there.
fn collect(folder: &Path, deep: bool, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let is_page = path.extension().is_some_and(|end| end == "md");
        if is_page {
            pages.push(path);
        } else if deep && path.is_dir() && !path.ends_with("node_modules") {
            collect(&path, deep, pages);
        }
    }
}

/// Where the links of a page lead that stay in the repository. Fenced blocks hold none.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("```")
        .step_by(2)
        .flat_map(|prose| prose.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// The names under which a page's headings are linked to: lower-case, words joined by dashes.
fn anchors(page: &Path) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(page).unwrap_or_default();
    let headings: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect();
    headings.into_iter()
}
