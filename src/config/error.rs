//! What can be wrong with a configuration, and how it is told to a person.
//!
//! Owns where something is wrong and how that reads; the closed lists of errors
//! and warnings are below. Values from files and the environment never appear in
//! here: a message names keys, paths and variable names, and the remedy says what
//! to write instead.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

mod address;
mod kind;
mod warning;

pub use address::{PathProblem, UrlProblem};
pub use kind::ConfigErrorKind;
pub use warning::ConfigWarningKind;

/// Everything that is wrong with a configuration, in the order of the file.
#[derive(Debug)]
pub struct ConfigErrors(pub(crate) Vec<ConfigError>);

/// One thing that is wrong: matched by its kind, never by its text.
pub type ConfigError = Finding<ConfigErrorKind>;

/// One thing that works, and that somebody may not want.
pub type ConfigWarning = Finding<ConfigWarningKind>;

/// Where something is, what it is, and what to do about it.
#[derive(Debug)]
pub struct Finding<K> {
    pub(crate) file: Arc<Path>,
    pub(crate) position: Option<Position>,
    pub(crate) key: String,
    pub(crate) kind: K,
    pub(crate) remedy: String,
}

/// A place in the file; both count from one, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl ConfigErrors {
    /// Every error, in the order of the file.
    #[must_use]
    pub fn as_slice(&self) -> &[ConfigError] {
        &self.0
    }
}

impl<K> Finding<K> {
    /// The configuration file, as it was named.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Where in the file, if it is about something that is there.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The key's path, such as `provider.corp.domain` or `route[0].path`
    /// (lists count from zero); empty if it is about the whole file.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &K {
        &self.kind
    }

    /// What to write instead.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    /// All errors, each on its lines, without a newline at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let newline = if index > 0 { "\n" } else { "" };
            write!(f, "{newline}{error}")?;
        }
        Ok(())
    }
}

impl<K: fmt::Display> fmt::Display for Finding<K> {
    /// `FILE:LINE: KEY: what is wrong`, and on a line of its own the remedy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(Position { line, column }) = self.position {
            write!(f, "{line}:")?;
            if self.key.is_empty() {
                write!(f, "{column}:")?;
            }
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " {}\n    {}", self.kind, self.remedy)
    }
}

/// Names with commas between them.
struct List<'l, T>(&'l [T]);

impl<T: AsRef<str>> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{}", name.as_ref())?;
        }
        Ok(())
    }
}
