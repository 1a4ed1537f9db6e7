//! `vestibule explain`: what would become of a request.

use std::path::Path;

use super::{CONFIG, DONE, FAILED, USAGE, print, say};
use crate::config::load::{self, SecretsMode};
use crate::explain::{self, Question};

pub(super) fn explain(config: &Path, cases: Option<&Path>, question: &Question) -> u8 {
    let config = match load::load(config, SecretsMode::Skip) {
        Ok(loaded) => loaded.config,
        Err(errors) => {
            say(&errors.to_string());
            return CONFIG;
        }
    };
    let provider = question.provider.as_deref();
    if let Some(other) = provider.filter(|id| config.provider(id).is_none()) {
        let known: Vec<&str> = config.providers.iter().map(|one| one.id.as_str()).collect();
        say(&format!(
            "vestibule: --provider: the configuration has no provider \"{other}\""
        ));
        say(&format!("    there is: {}", known.join(", ")));
        return USAGE;
    }
    let answer = match cases {
        Some(file) => explain::explain_cases(&config, file, provider, question.json),
        None => explain::explain(&config, question),
    };
    match answer {
        Ok(answer) => {
            for note in &answer.notes {
                say(&format!("note: {note}"));
            }
            match (print(&answer.text), answer.holds) {
                (DONE, true) => DONE,
                _ => FAILED,
            }
        }
        Err(error) => {
            say(&format!("vestibule: {error}"));
            if error.is_unreadable() {
                say("    name a file that this process may read");
            }
            if error.is_usage() { USAGE } else { FAILED }
        }
    }
}
