//! `vestibule check`: every mistake of a configuration, and what to register.

use std::path::Path;

use super::{CONFIG, DONE, FAILED, UNAVAILABLE, print, say};
use crate::config::Config;
use crate::config::load::{self, SecretsMode};
use crate::config::registration::{Registration, registrations};
use crate::online::{self, Verdict};

pub(super) fn check(config: &Path, online: bool, no_secrets: bool) -> u8 {
    let mode = match (no_secrets, online) {
        (false, _) => SecretsMode::Read,
        (true, false) => SecretsMode::Skip,
        // The provider can only be asked where its address is known.
        (true, true) => SecretsMode::Explain,
    };
    let loaded = match load::load(config, mode) {
        Ok(loaded) => loaded,
        Err(errors) => {
            say(&errors.to_string());
            return CONFIG;
        }
    };
    for warning in &loaded.warnings {
        say(&format!("warning: {warning}"));
    }
    say(&format!("{}: no errors", config.display()));
    let lines = registrations(&loaded.config);
    let lines: Vec<String> = lines.iter().map(Registration::to_string).collect();
    match print(&format!("{}\n", lines.join("\n\n"))) {
        DONE if online => ask(&loaded.config),
        code => code,
    }
}

/// What the provider says: in words, and one line of JSON for each finding.
fn ask(config: &Config) -> u8 {
    let findings = match online::look(config) {
        Ok(findings) => findings,
        Err(error) => {
            say(&format!("vestibule: {error}"));
            return FAILED;
        }
    };
    let mut worst = Verdict::Good;
    for finding in &findings {
        say(&finding.to_string());
        worst = worst.max(finding.verdict);
        if print(&format!("{}\n", finding.to_json())) != DONE {
            return FAILED;
        }
    }
    match worst {
        Verdict::Good | Verdict::Warning => DONE,
        Verdict::Failing => FAILED,
        Verdict::Absent => UNAVAILABLE,
        Verdict::Contradiction => CONFIG,
    }
}
