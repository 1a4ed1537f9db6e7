//! `vestibule check`: every mistake of a configuration, and what to register.

use std::path::Path;

use super::{CONFIG, print, say};
use crate::config::load::{self, SecretsMode};
use crate::config::registration::registration;

pub(super) fn check(config: &Path, no_secrets: bool) -> u8 {
    let mode = if no_secrets {
        SecretsMode::Skip
    } else {
        SecretsMode::Read
    };
    match load::load(config, mode) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                say(&format!("warning: {warning}"));
            }
            say(&format!("{}: no errors", config.display()));
            print(&format!("{}\n", registration(&loaded.config)))
        }
        Err(errors) => {
            say(&errors.to_string());
            CONFIG
        }
    }
}
