//! `vestibule check`: every mistake of a configuration, and what to register.

use std::io::IsTerminal;
use std::path::Path;

use super::{CONFIG, DONE, FAILED, UNAVAILABLE, print, say};
use crate::config::Config;
use crate::config::load::{self, SecretsMode, Unread};
use crate::config::registration::{Registration, registrations};
use crate::online::{self, Verdict};

/// What the command line asks for.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) online: bool,
    pub(super) no_secrets: bool,
    /// Warnings are errors.
    pub(super) strict: bool,
    /// Findings as JSON, whoever reads them.
    pub(super) json: bool,
}

pub(super) fn check(config: &Path, how: How) -> u8 {
    let mode = match how.no_secrets {
        false => SecretsMode::Read,
        // Texts that are no secrets are read: what to register is made of them.
        true => SecretsMode::Skip,
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
    for unread in &loaded.unread {
        let Unread { key, from } = unread;
        say(&format!(
            "note: {key}: from {from}, which is not there: not read"
        ));
    }
    let is_refused = how.strict && !loaded.warnings.is_empty();
    let verdict = match is_refused {
        true => "warnings, which are errors by --strict",
        false => "no errors",
    };
    say(&format!("{}: {verdict}", config.display()));
    let lines = registrations(&loaded.config, &loaded.unread);
    let lines: Vec<String> = lines.iter().map(Registration::to_string).collect();
    let code = match print(&format!("{}\n", lines.join("\n\n"))) {
        DONE if how.online => ask(&loaded.config, how),
        code => code,
    };
    match code {
        DONE if is_refused => CONFIG,
        code => code,
    }
}

/// What the provider says: in words, and one line of JSON for each finding, which
/// a person at a terminal has no use for.
fn ask(config: &Config, how: How) -> u8 {
    let findings = match online::look(config) {
        Ok(findings) => findings,
        Err(error) => {
            say(&format!("vestibule: {error}"));
            return FAILED;
        }
    };
    let as_json = how.json || !std::io::stdout().is_terminal();
    let mut worst = Verdict::Good;
    for finding in &findings {
        say(&finding.to_string());
        worst = worst.max(finding.verdict);
        if as_json && print(&format!("{}\n", finding.to_json())) != DONE {
            return FAILED;
        }
    }
    match worst {
        Verdict::Warning if how.strict => CONFIG,
        Verdict::Good | Verdict::Warning => DONE,
        Verdict::Failing => FAILED,
        Verdict::Absent => UNAVAILABLE,
        Verdict::Contradiction => CONFIG,
    }
}
