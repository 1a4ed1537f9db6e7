//! What a provider signs with, and how long its keys are believed.

use std::time::Duration;

use super::super::Conversion;
use crate::config::ProviderKind;
use crate::config::error::ConfigErrorKind;
use crate::config::file::ProviderTable;
use crate::config::reader::{Item, Text};
use crate::gate::token::Algorithm;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// `keys_max_age` by default: longer than any outage that people would sit out.
const KEYS_MAX_AGE: Duration = DAY.saturating_mul(7);
const KEYS_MAX_AGE_MIN: Duration = Duration::from_secs(60 * 60);
const KEYS_MAX_AGE_MAX: Duration = DAY.saturating_mul(365);

impl Conversion<'_> {
    /// The algorithms of its tokens; never none.
    pub(super) fn signing_algorithms(
        &mut self,
        table: &ProviderTable,
        kind: ProviderKind,
    ) -> Vec<Algorithm> {
        let default = vec![Algorithm::Rs256];
        let Some(items) = &table.signing_algorithms else {
            return default;
        };
        let mut algorithms = Vec::new();
        for item in items {
            let Some(algorithm) = self.signing_algorithm(item) else {
                continue;
            };
            if kind == ProviderKind::Cognito && algorithm != Algorithm::Rs256 {
                let remedy = "remove it; for another provider write kind = \"oidc\"";
                self.findings
                    .error(&item.place, ConfigErrorKind::NotCognitosAlgorithm, remedy);
            }
            if !algorithms.contains(&algorithm) {
                algorithms.push(algorithm);
            }
        }
        match algorithms.is_empty() {
            true => default,
            false => algorithms,
        }
    }

    fn signing_algorithm(&mut self, item: &Item<Text>) -> Option<Algorithm> {
        let name = self.text(item, Algorithm::Rs256.name())?;
        let found = Algorithm::ALL.into_iter().find(|one| one.name() == name);
        if found.is_none() && (name.starts_with("HS") || name == "none") {
            let remedy =
                "have the provider sign with RS256; whoever can check such a token can forge it";
            self.findings
                .error(&item.place, ConfigErrorKind::SymmetricAlgorithm, remedy);
        } else if found.is_none() {
            self.not_a_choice(item, &name, &Algorithm::NAMES);
        }
        found
    }

    /// How old keys may be; `None` without a limit.
    pub(super) fn keys_max_age(&mut self, table: &ProviderTable) -> Option<Duration> {
        let Some(item) = &table.keys_max_age else {
            return Some(KEYS_MAX_AGE);
        };
        let text = self.text(item, "off")?;
        if text == "off" {
            return None;
        }
        let (kind, remedy) = match humantime::parse_duration(&text) {
            Ok(age) if (KEYS_MAX_AGE_MIN..=KEYS_MAX_AGE_MAX).contains(&age) => return Some(age),
            Ok(_) => (
                ConfigErrorKind::KeysMaxAge,
                "keys are fetched at least once an hour: write how long an outage may last, such as \"7d\"",
            ),
            Err(_) => (
                ConfigErrorKind::Duration,
                "write a number with its unit, such as \"7d\" or \"12h\", or \"off\"",
            ),
        };
        self.findings.error(&item.place, kind, remedy);
        Some(KEYS_MAX_AGE)
    }
}
