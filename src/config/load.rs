//! Reading the configuration: the file, and what it points at.
//!
//! Owns all input of the configuration (files, environment, core count); the
//! only file that reads the environment. Must not judge values: that is
//! `config::convert`, which is pure.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toml::de::DeTable;
use zeroize::Zeroizing;

use super::Config;
pub use super::convert::Unread;
use super::convert::{EnvError, Files, Outside, SecretSource, convert};
use super::error::{ConfigError, ConfigErrorKind, ConfigErrors, ConfigWarning};
use super::file::FileConfig;
use super::reader::{Findings, Place};

/// Largest configuration file.
const CONFIG_MAX: u64 = 1 << 20;
/// Largest table of a file of its own: the longest import fits.
const TABLE_MAX: u64 = 16 << 20;
/// Largest picture that is read; one that fits into a page is smaller by far.
const PICTURE_MAX: u64 = 1 << 20;
/// Largest file of a secret.
const SECRET_MAX: u64 = 64 << 10;

/// Whether files and variables that values come from are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretsMode {
    /// They are read and checked.
    Read,
    /// Secrets never are, and other texts where they are there; placeholders
    /// stand in for the rest (`check --no-secrets`, `explain`): such a
    /// configuration is for looking at, never for running.
    Skip,
}

/// A configuration without errors.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What works, and somebody may not want; in the order of the file.
    pub warnings: Vec<ConfigWarning>,
    /// Texts that something else stands in for; none where everything is read.
    pub unread: Vec<Unread>,
}

/// What a configuration is made of: the contents of its file and of all files
/// that it named when it was read. Shows nothing of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// In the order in which they were read.
    files: Vec<(PathBuf, Seen)>,
    /// Of all that was read, and of what could not be.
    digest: [u8; 32],
}

/// What is read of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// A text of so many bytes at most.
    Text(u64),
    /// Bytes of which no more than so many are read.
    Bytes(u64),
    /// The names in a folder.
    Names,
}

impl Sources {
    /// The same files as they are now. Equal to these, they make the same
    /// configuration: which files there are to read, other files say.
    #[must_use]
    pub fn read_again(&self) -> Self {
        let system = System::default();
        for (path, seen) in &self.files {
            // What cannot be read is part of what was seen.
            match seen {
                Seen::Text(max) => drop(system.see(path, *max)),
                Seen::Bytes(max) => drop(system.see_bytes(path, *max)),
                Seen::Names => drop(system.see_folder(path)),
            }
        }
        system.into_sources()
    }
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sources")
    }
}

/// The same as [`load`] with secrets, and what it was made of: whoever looks
/// again later sees whether anything has changed. That much is known of a
/// configuration that is wrong, too.
pub fn load_with_sources(path: &Path) -> (Result<Loaded, ConfigErrors>, Sources) {
    let system = System::beside(path);
    let loaded = load_by(path, SecretsMode::Read, &system);
    (loaded, system.into_sources())
}

/// Reads and checks a configuration: the one way to a [`Config`].
///
/// # Errors
/// Everything that is wrong with it, never just the first thing.
pub fn load(path: &Path, secrets: SecretsMode) -> Result<Loaded, ConfigErrors> {
    load_by(path, secrets, &System::beside(path))
}

fn load_by(path: &Path, secrets: SecretsMode, system: &System) -> Result<Loaded, ConfigErrors> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let text = match system.see(path, CONFIG_MAX) {
        Ok(text) => text,
        Err(error) => return Err(unreadable(path, error)),
    };
    let (secrets, texts): (Option<&dyn SecretSource>, Option<&dyn SecretSource>) = match secrets {
        SecretsMode::Read => (Some(system), None),
        SecretsMode::Skip => (None, Some(system)),
    };
    let outside = Outside {
        secrets,
        texts,
        files: system,
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
    let (config, unread) = if syntax.len() <= 1 {
        let file = FileConfig::read(document.get_ref(), &mut findings);
        convert(&file, outside, &mut findings)
    } else {
        (None, Vec::new())
    };
    let (mut errors, warnings) = findings.finish(path, text);
    leave_out_echoes(&mut errors);
    match config {
        Some(config) if errors.is_empty() => Ok(Loaded {
            config,
            warnings,
            unread,
        }),
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
#[derive(Default)]
struct System {
    folder: PathBuf,
    /// What was read, by path, and all that it held.
    seen: RefCell<(Vec<(PathBuf, Seen)>, Sha256)>,
}

impl System {
    /// Relative paths start at the configuration's folder.
    fn beside(path: &Path) -> Self {
        Self {
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            ..Self::default()
        }
    }

    fn into_sources(self) -> Sources {
        let (files, held) = self.seen.into_inner();
        Sources {
            files,
            digest: held.finalize().into(),
        }
    }

    fn see(&self, path: &Path, max: u64) -> Result<Zeroizing<String>, io::Error> {
        let text = read(path, max);
        let held = text.as_ref().ok().map(|text| text.as_bytes());
        self.note(path, Seen::Text(max), held);
        text
    }

    fn see_bytes(&self, path: &Path, max: u64) -> Result<Vec<u8>, io::Error> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(max).read_to_end(&mut bytes));
        let held = read.is_ok().then_some(bytes.as_slice());
        self.note(path, Seen::Bytes(max), held);
        read.map(|_| bytes)
    }

    /// Without what begins with a dot: mounted volumes keep their versions there.
    fn see_folder(&self, path: &Path) -> Result<Vec<String>, io::Error> {
        let names = std::fs::read_dir(path).and_then(|entries| {
            let name = |entry: io::Result<std::fs::DirEntry>| {
                entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
            };
            entries.map(name).collect::<Result<Vec<_>, _>>()
        });
        let names = names.map(|mut names| {
            names.retain(|name| !name.starts_with('.'));
            names.sort();
            names
        });
        let held = names.as_ref().ok().map(|names| names.join("/"));
        self.note(path, Seen::Names, held.as_deref().map(str::as_bytes));
        names
    }

    fn note(&self, path: &Path, seen: Seen, found: Option<&[u8]>) {
        let (files, held) = &mut *self.seen.borrow_mut();
        files.push((path.to_owned(), seen));
        for part in [path.as_os_str().as_encoded_bytes(), found.unwrap_or(b"\0")] {
            held.update(part.len().to_le_bytes());
            held.update(part);
        }
    }
}

impl Files for System {
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, io::Error> {
        self.see_bytes(&self.folder.join(path), PICTURE_MAX)
    }

    fn folder(&self, path: &Path) -> Result<Vec<String>, io::Error> {
        self.see_folder(&self.folder.join(path))
    }

    fn table(&self, path: &Path) -> Result<String, io::Error> {
        let text = self.see(&self.folder.join(path), TABLE_MAX)?;
        Ok(text.as_str().to_owned())
    }
}

impl SecretSource for System {
    fn file(&self, path: &Path) -> Result<Zeroizing<String>, io::Error> {
        self.see(&self.folder.join(path), SECRET_MAX)
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
