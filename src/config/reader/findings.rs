//! What was found while reading, and how it becomes a report.
//!
//! Owns the order of the report, lines and columns, and the search for the name
//! that a misspelt one stands for. Knows no key of ours.

use std::collections::HashSet;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use super::{Key, Place};
use crate::config::error::{
    ConfigError, ConfigErrorKind, ConfigWarning, ConfigWarningKind, Finding, Position,
};

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    errors: Vec<Found<ConfigErrorKind>>,
    warnings: Vec<Found<ConfigWarningKind>>,
    /// Of other files that this one names.
    elsewhere: Vec<ConfigError>,
    /// Every key of this version, by its whole path.
    known: Vec<String>,
    /// The outline, while one is drawn.
    sketch: Option<Vec<Key>>,
}

#[derive(Debug)]
struct Found<K> {
    place: Place,
    kind: K,
    remedy: Remedy,
}

#[derive(Debug)]
enum Remedy {
    Say(String),
    Nearest(Nearest),
}

/// Names the key that was meant: of this table, or else of another one.
#[derive(Debug)]
pub(super) struct Nearest {
    /// The table's path.
    pub(super) table: String,
    /// The key that is there.
    pub(super) name: String,
    /// The keys that the table has.
    pub(super) known: Vec<&'static str>,
}

impl Findings {
    /// Notes an error.
    pub(crate) fn error(
        &mut self,
        place: &Place,
        kind: impl Into<ConfigErrorKind>,
        remedy: impl Into<String>,
    ) {
        self.errors.push(Found {
            place: place.clone(),
            kind: kind.into(),
            remedy: Remedy::Say(remedy.into()),
        });
    }

    /// Notes a syntax error at a byte of the text.
    pub(crate) fn syntax(&mut self, offset: Option<usize>, message: &str) {
        let place = Place {
            key: String::new(),
            offset,
        };
        let kind = ConfigErrorKind::Syntax(message.to_owned());
        self.error(
            &place,
            kind,
            "see https://toml.io for what a line may look like",
        );
    }

    /// Notes that a key is missing, unless it is there with a mistake in it, or
    /// is missing because its table is no table.
    pub(crate) fn missing(&mut self, place: &Place, remedy: impl Into<String>) {
        let explains = |found: &Found<ConfigErrorKind>| {
            let no_table = matches!(found.kind, ConfigErrorKind::WrongType { .. });
            found.place.is_in(place) || no_table && place.is_in(&found.place)
        };
        if !self.errors.iter().any(explains) {
            self.error(place, ConfigErrorKind::Missing, remedy);
        }
    }

    /// Notes a warning.
    pub(crate) fn warn(&mut self, place: &Place, kind: ConfigWarningKind, remedy: &str) {
        self.warnings.push(Found {
            place: place.clone(),
            kind,
            remedy: Remedy::Say(remedy.to_owned()),
        });
    }

    /// Takes over what is wrong with another file.
    pub(crate) fn adopt(&mut self, errors: Vec<ConfigError>) {
        self.elsewhere.extend(errors);
    }

    /// Every key that was asked for.
    #[cfg(test)]
    pub(crate) fn known(&self) -> &[String] {
        &self.known
    }

    /// Everything that was found, in the order of the file.
    pub(crate) fn finish(self, file: &Path, text: &str) -> (Vec<ConfigError>, Vec<ConfigWarning>) {
        let file = Arc::from(file);
        let Self {
            errors,
            warnings,
            elsewhere,
            known,
            sketch: _,
        } = self;
        let mut errors = finish(errors, &file, text, &known);
        errors.extend(elsewhere);
        (once(errors), once(finish(warnings, &file, text, &known)))
    }

    /// Findings of a reading that only draws an outline.
    pub(super) fn sketching() -> Self {
        Self {
            sketch: Some(Vec::new()),
            ..Self::default()
        }
    }

    pub(super) fn is_sketching(&self) -> bool {
        self.sketch.is_some()
    }

    /// Notes a key for the outline, if one is drawn.
    pub(super) fn sketch(&mut self, key: impl FnOnce() -> Key) {
        if let Some(keys) = &mut self.sketch {
            keys.push(key());
        }
    }

    pub(super) fn into_sketch(self) -> Vec<Key> {
        self.sketch.unwrap_or_default()
    }

    /// Notes a key that nobody asked for.
    pub(super) fn unknown(&mut self, place: Place, kind: ConfigErrorKind, nearest: Nearest) {
        let remedy = Remedy::Nearest(nearest);
        self.errors.push(Found {
            place,
            kind,
            remedy,
        });
    }

    /// Notes which keys there are.
    pub(super) fn know(&mut self, keys: impl Iterator<Item = String>) {
        self.known.extend(keys);
    }
}

fn finish<K>(
    mut found: Vec<Found<K>>,
    file: &Arc<Path>,
    text: &str,
    known: &[String],
) -> Vec<Finding<K>> {
    // What is not there at all comes last.
    found.sort_by_key(|found| found.place.offset.unwrap_or(usize::MAX));
    found
        .into_iter()
        .map(
            |Found {
                 place,
                 kind,
                 remedy,
             }| Finding {
                file: Arc::clone(file),
                position: place.offset.and_then(|offset| position(text, offset)),
                key: place.key,
                kind,
                remedy: remedy.words(known),
            },
        )
        .collect()
}

/// What several providers share is read for each of them; it is told once.
fn once<K: Display>(findings: Vec<Finding<K>>) -> Vec<Finding<K>> {
    let mut seen = HashSet::new();
    let is_new = |finding: &Finding<K>| seen.insert(finding.to_string());
    let mut findings = findings;
    findings.retain(is_new);
    findings
}

fn position(text: &str, offset: usize) -> Option<Position> {
    let before = text.get(..offset)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Some(Position {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..)?.chars().count() + 1,
    })
}

impl Remedy {
    fn words(self, everywhere: &[String]) -> String {
        match self {
            Self::Say(words) => words,
            Self::Nearest(nearest) => nearest.words(everywhere),
        }
    }
}

impl Nearest {
    fn words(&self, everywhere: &[String]) -> String {
        if let Some(near) = nearest(&self.name, self.known.iter().copied()) {
            return match self.table.as_str() {
                "" => format!("did you mean {near}?"),
                table => format!("did you mean {table}.{near}?"),
            };
        }
        let leaf = |full: &&String| full.rsplit('.').next() == Some(self.name.as_str());
        if let Some(elsewhere) = everywhere.iter().find(leaf) {
            return format!("did you mean {elsewhere}?");
        }
        match self.known.as_slice() {
            [] => "remove it".to_owned(),
            keys => format!("what there is here: {}", keys.join(", ")),
        }
    }
}

/// The known name that a misspelt one stands for, if any comes near.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|known| (likeness(name, known), known))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// From 0 to 1. Jaro–Winkler sees through half a name, but not through two
/// letters swapped in a short one.
fn likeness(one: &str, other: &str) -> f64 {
    let slip = strsim::damerau_levenshtein(one, other) == 1;
    strsim::jaro_winkler(one, other).max(if slip { NEAR } else { 0.0 })
}

/// Likeness from which a name is suggested.
const NEAR: f64 = 0.82;
