//! `vestibule import oauth2-proxy`: its settings as our configuration.
//!
//! Owns the form of the output. Nothing is dropped: what has a counterpart
//! becomes a line with the option's name beside it; what has none, and what is
//! unknown, becomes a note that says why and what to do. `read` takes the
//! settings apart, `options` says which there are, `convert` what becomes of
//! those that have a counterpart. Values of secrets are never written.

mod apps;
mod bearers;
mod closed;
mod convert;
mod forward_auth;
mod identity;
mod options;
mod patterns;
mod provider;
mod read;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use toml_writer::{TomlStringBuilder, TomlWrite};

pub use self::read::OptionsError;

/// Where settings stand.
#[derive(Clone, Copy, Debug)]
pub enum OptionsText<'t> {
    /// A configuration file (TOML), or lines `OAUTH2_PROXY_NAME=value`.
    File(&'t str),
    /// A command line.
    Flags(&'t str),
}

/// What became of the settings.
#[derive(Debug, Default)]
pub struct ImportedOptions {
    /// By the heads of our tables.
    tables: BTreeMap<&'static str, Vec<Line>>,
    apps: Vec<apps::App>,
    /// Providers for bearer tokens alone, by name.
    providers: Vec<(String, Vec<Line>)>,
    routes: Vec<Vec<Line>>,
    /// What has no counterpart, is unknown, or has to be looked at.
    notes: Vec<OptionNote>,
}

/// Something that a person has to know or do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionNote {
    /// The option, as its flag is called; empty if it is about one that is not set.
    pub option: String,
    /// What it asks of a person.
    pub group: Group,
    /// Why, and what to do.
    pub words: String,
}

/// What a note asks of a person; in the order in which notes are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Something has to be written, made or decided.
    ToDo,
    /// Something is otherwise than with oauth2-proxy.
    Changes,
    /// It is good as it is.
    Nothing,
}

impl Group {
    const ALL: [Self; 3] = [Self::ToDo, Self::Changes, Self::Nothing];
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ToDo => "To do",
            Self::Changes => "Changes behaviour",
            Self::Nothing => "Nothing to do",
        })
    }
}

/// `KEY = VALUE # from ORIGIN`.
#[derive(Debug)]
struct Line {
    key: String,
    /// TOML.
    value: String,
    origin: String,
}

/// Our tables in the order in which they are written.
const HEADS: &[&str] = &[
    "server",
    "upstream",
    "provider.sso",
    "provider.sso.endpoints",
    "provider.sso.authorize_params",
    "session",
    "identity",
    "headers",
    "headers.set",
];

/// Turns settings into a configuration of ours; later texts win over earlier ones.
///
/// # Errors
/// If a text is none of the forms. An option that nobody knows is a note.
pub fn import_oauth2_proxy(texts: &[OptionsText<'_>]) -> Result<ImportedOptions, OptionsError> {
    Ok(convert::convert(read::read(texts)?))
}

impl ImportedOptions {
    /// What a person has to know or do: by group.
    #[must_use]
    pub fn notes(&self) -> &[OptionNote] {
        &self.notes
    }

    /// The configuration, with a comment for each line that says where it is from.
    #[must_use]
    pub fn to_toml(&self) -> String {
        self.to_string()
    }

    fn line(&mut self, head: &'static str, key: &str, value: String, origin: &str) {
        self.tables.entry(head).or_default().push(Line {
            key: key.to_owned(),
            value,
            origin: origin.to_owned(),
        });
    }

    fn has(&self, head: &str, key: &str) -> bool {
        let lines = self.tables.get(head);
        lines.is_some_and(|lines| lines.iter().any(|line| line.key == key))
    }

    /// Something to do.
    fn note(&mut self, option: &str, words: impl Into<String>) {
        self.say(Group::ToDo, option, words);
    }

    fn say(&mut self, group: Group, option: &str, words: impl Into<String>) {
        self.notes.push(OptionNote {
            option: option.to_owned(),
            group,
            words: words.into(),
        });
        self.notes.sort_by_key(|note| note.group);
    }
}

impl fmt::Display for OptionNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.option.as_str() {
            "" => f.write_str(&self.words),
            option => write!(f, "--{option}: {}", self.words),
        }
    }
}

impl fmt::Display for ImportedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("# From oauth2-proxy, by `vestibule import oauth2-proxy`.\n")?;
        for group in Group::ALL {
            let of_group = |note: &&OptionNote| note.group == group;
            for (index, note) in self.notes.iter().filter(of_group).enumerate() {
                if index == 0 {
                    writeln!(f, "#\n# {group}:")?;
                }
                writeln!(f, "# - {}", comment(&note.to_string()))?;
            }
        }
        for head in HEADS {
            if let Some(lines) = self.tables.get(head) {
                table(f, &format!("[{head}]"), lines)?;
            }
            if *head == "provider.sso.authorize_params" {
                for (name, lines) in &self.providers {
                    table(f, &format!("[provider.{name}]"), lines)?;
                }
            }
            if *head == "upstream" {
                for app in &self.apps {
                    let (head, lines) = app.table();
                    table(f, &head, lines)?;
                }
            }
        }
        self.routes
            .iter()
            .try_for_each(|lines| table(f, "[[route]]", lines))
    }
}

fn table(f: &mut fmt::Formatter<'_>, head: &str, lines: &[Line]) -> fmt::Result {
    writeln!(f, "\n{head}")?;
    for Line { key, value, origin } in lines {
        writeln!(f, "{key} = {value} # {}", comment(origin))?;
    }
    Ok(())
}

/// On one line: a comment that ended early would be configuration.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// A text as TOML.
fn quoted(text: &str) -> String {
    let mut toml = String::new();
    let written = toml.value(TomlStringBuilder::new(text).as_basic());
    // Into a String, nothing can fail; half a text would be no TOML.
    match written {
        Ok(()) => toml,
        Err(fmt::Error) => "\"\"".to_owned(),
    }
}

/// Texts as TOML: a list.
fn listed<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", texts.join(", "))
}

/// A place of a secret as TOML.
fn file(path: &str) -> String {
    format!("{{ file = {} }}", quoted(path))
}
