//! Reading the configuration: the file, and what it points at.
//!
//! Owns all input of the configuration (files, environment, core count); the
//! only file that reads the environment. Must not judge values: that is
//! `config::convert`, which is pure.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::de::DeTable;
use zeroize::Zeroizing;

use super::Config;
use super::convert::{EnvError, Files, Outside, SecretSource, convert};
use super::error::{ConfigError, ConfigErrorKind, ConfigErrors, ConfigWarning};
use super::file::FileConfig;
use super::reader::{Findings, Place};

/// Largest configuration file.
const CONFIG_MAX: u64 = 1 << 20;
/// Largest table of a file of its own: the longest import fits.
const TABLE_MAX: u64 = 16 << 20;
/// Largest file of a secret.
const SECRET_MAX: u64 = 64 << 10;

/// Whether files and variables that values come from are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretsMode {
    /// They are read and checked.
    Read,
    /// Placeholders stand in for them (`check --no-secrets`): such a
    /// configuration is for looking at, never for running.
    Skip,
    /// Texts are read where they are there, and secrets never (`explain`):
    /// for looking at, never for running.
    Explain,
}

/// A configuration without errors.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What works, and somebody may not want; in the order of the file.
    pub warnings: Vec<ConfigWarning>,
}

/// Reads and checks a configuration: the one way to a [`Config`].
///
/// # Errors
/// Everything that is wrong with it, never just the first thing.
pub fn load(path: &Path, secrets: SecretsMode) -> Result<Loaded, ConfigErrors> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let text = match read(path, CONFIG_MAX) {
        Ok(text) => text,
        Err(error) => return Err(unreadable(path, error)),
    };
    let system = System {
        folder: path.parent().unwrap_or(Path::new("")).to_owned(),
    };
    let (secrets, texts): (Option<&dyn SecretSource>, Option<&dyn SecretSource>) = match secrets {
        SecretsMode::Read => (Some(&system), None),
        SecretsMode::Skip => (None, None),
        SecretsMode::Explain => (None, Some(&system)),
    };
    let outside = Outside {
        secrets,
        texts,
        files: &system,
        cores,
    };
    parse(path, &text, &outside)
}

/// The pure part: text in, configuration out. `path` is for the messages.
fn parse(path: &Path, text: &str, outside: &Outside<'_>) -> Result<Loaded, ConfigErrors> {
    let mut findings = Findings::default();
    let (document, syntax) = DeTable::parse_recoverable(text);
    if let Some(error) = syntax.first() {
        findings.syntax(error.span().map(|span| span.start), error.message());
    }
    // One slip leaves the rest readable. Several are mostly echoes of the
    // first, such as a list that is never closed: what follows is guesswork.
    let config = if syntax.len() <= 1 {
        let file = FileConfig::read(document.get_ref(), &mut findings);
        convert(&file, outside, &mut findings)
    } else {
        None
    };
    let (mut errors, warnings) = findings.finish(path, text);
    leave_out_echoes(&mut errors);
    match config {
        Some(config) if errors.is_empty() => Ok(Loaded { config, warnings }),
        _ => Err(ConfigErrors(errors)),
    }
}

/// A line that is not TOML says nothing about its own value, nor about what is missing.
fn leave_out_echoes(errors: &mut Vec<ConfigError>) {
    let is_syntax = |error: &ConfigError| matches!(error.kind, ConfigErrorKind::Syntax(_));
    let line = |error: &ConfigError| error.position.map(|position| position.line);
    let Some(slip) = errors.iter().find(|error| is_syntax(error)).map(line) else {
        return;
    };
    let is_echo =
        |error: &ConfigError| line(error) == slip || matches!(error.kind, ConfigErrorKind::Missing);
    errors.retain(|error| is_syntax(error) || !is_echo(error));
}

fn unreadable(path: &Path, error: io::Error) -> ConfigErrors {
    let mut findings = Findings::default();
    let remedy = "name a file that this process may read with --config";
    findings.error(
        &Place::default(),
        ConfigErrorKind::Unreadable(error),
        remedy,
    );
    ConfigErrors(findings.finish(path, "").0)
}

/// This machine's files and this process's environment.
struct System {
    folder: PathBuf,
}

impl Files for System {
    fn table(&self, path: &Path) -> Result<String, io::Error> {
        read(&self.folder.join(path), TABLE_MAX).map(|text| text.as_str().to_owned())
    }
}

impl SecretSource for System {
    fn file(&self, path: &Path) -> Result<Zeroizing<String>, io::Error> {
        read(&self.folder.join(path), SECRET_MAX)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    fn env(&self, name: &str) -> Result<Zeroizing<String>, EnvError> {
        // A name with `=` or NUL in it is never set.
        match std::env::var(name) {
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(std::env::VarError::NotPresent) => Err(EnvError::Unset),
            Err(std::env::VarError::NotUnicode(_)) => Err(EnvError::NotText),
        }
    }
}

fn read(path: &Path, max: u64) -> Result<Zeroizing<String>, io::Error> {
    let mut text = Zeroizing::new(String::new());
    File::open(path)?.take(max + 1).read_to_string(&mut text)?;
    if text.len() as u64 > max {
        let error = format!("it is larger than {max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, error));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
