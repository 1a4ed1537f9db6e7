//! Takes settings apart: configuration file, environment lines, command line.
//!
//! Owns the spellings of a name (`--cookie-name`, `cookie_name`,
//! `OAUTH2_PROXY_COOKIE_NAME`, plurals of lists). Must not know what an option means.

use toml::{Table, Value};

use super::OptionsText;
use super::options::{Kind, kind};

/// Longest text that is read, in bytes.
const TEXT_MAX: usize = 1 << 20;
const ENV: &str = "OAUTH2_PROXY_";
/// Stands where the value is not in the text.
const ELSEWHERE: &str = "write-me";

/// An option and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// As the flag is called, without dashes.
    pub(super) name: String,
    /// In order; at least one for all but empty lists.
    pub(super) values: Vec<String>,
    /// Whether what seems to be its name may be the value of the option before it.
    pub(super) is_hidden: bool,
}

/// What the texts hold.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Each option once.
    pub(super) settings: Vec<Setting>,
    /// Lines of an environment that are no option.
    pub(super) no_options: usize,
    /// Whether one of the texts is a file.
    pub(super) has_file: bool,
}

impl Setting {
    fn new(name: String, values: Vec<String>) -> Self {
        Self {
            name,
            values,
            is_hidden: false,
        }
    }
}

/// Why a text cannot be taken apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// Not a configuration file.
    #[error("it is neither TOML nor lines OAUTH2_PROXY_NAME=value: {0}")]
    Syntax(String),
    /// The YAML of its alpha configuration.
    #[error(
        "it looks like oauth2-proxy's alpha configuration (YAML), which is not read; pass the flags that it stands for with --flags"
    )]
    Alpha,
    /// A quotation mark without its other one.
    #[error("--flags: a quotation mark is not closed")]
    Quote,
    /// A word that belongs to no option.
    #[error("--flags: word {0} is no option, and the one before it takes no value")]
    Stray(usize),
    /// The last option takes a value.
    #[error("--flags: --{0} stands last, without its value")]
    Value(String),
    /// A whole configuration is not that long.
    #[error("it is longer than 1 MiB")]
    TooLong,
}

impl OptionsError {
    /// Whether the command line is to blame, not the file.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Quote | Self::Stray(_) | Self::Value(_))
    }
}

/// All settings, each option once; what comes later wins.
pub(super) fn read(texts: &[OptionsText<'_>]) -> Result<Read, OptionsError> {
    let mut all = Read::default();
    for text in texts {
        let (OptionsText::File(raw) | OptionsText::Flags(raw)) = text;
        if raw.len() > TEXT_MAX {
            return Err(OptionsError::TooLong);
        }
        let settings = match text {
            OptionsText::File(text) => {
                all.has_file = true;
                file(text, &mut all.no_options)?
            }
            OptionsText::Flags(text) => flags(text)?,
        };
        for setting in settings {
            let mut known = all.settings.iter_mut();
            match known.find(|other| other.name == setting.name) {
                Some(other) => *other = setting,
                None => all.settings.push(setting),
            }
        }
    }
    Ok(all)
}

fn file(text: &str, no_options: &mut usize) -> Result<Vec<Setting>, OptionsError> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .peekable();
    let is_env = |line: &&str| line.trim_start_matches("export ").starts_with(ENV);
    if lines.peek().is_some_and(is_env) {
        let settings: Vec<Option<Setting>> = lines.map(env_line).collect();
        *no_options += settings.iter().filter(|setting| setting.is_none()).count();
        return Ok(settings.into_iter().flatten().fold(Vec::new(), add));
    }
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(_) if text.contains("upstreamConfig:") || text.contains("providers:") => {
            return Err(OptionsError::Alpha);
        }
        // The parser's own words would quote the line, and with it a secret.
        Err(error) => {
            let error: toml::de::Error = error;
            return Err(OptionsError::Syntax(error.message().to_owned()));
        }
    };
    let settings = table.iter().map(|(name, value)| {
        let name = spelled(name);
        let values = match value {
            Value::Array(items) => items.iter().map(plain).collect(),
            value => cut(&name, &plain(value)),
        };
        Setting::new(name, values)
    });
    Ok(settings.collect())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// oauth2-proxy looks at no other variables. One that stands alone has its value elsewhere.
fn env_line(line: &str) -> Option<Setting> {
    let line = line.trim_start_matches("export ").trim_start();
    let rest = line.strip_prefix(ENV)?;
    let (name, value) = rest.split_once('=').unwrap_or((rest, ELSEWHERE));
    let name = spelled(name);
    let value = value.trim();
    let bare = ['"', '\'']
        .into_iter()
        .find_map(|mark| value.strip_prefix(mark)?.strip_suffix(mark));
    let values = cut(&name, bare.unwrap_or(value));
    Some(Setting::new(name, values))
}

fn flags(text: &str) -> Result<Vec<Setting>, OptionsError> {
    let words = words(text)?;
    let mut words = words.iter().enumerate().peekable();
    let mut settings = Vec::new();
    // Whether the option before is unknown, so that this word may be its value.
    let mut may_be_value = false;
    while let Some((at, word)) = words.next() {
        let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else {
            // The program itself may stand in front.
            if at == 0 {
                continue;
            }
            return Err(OptionsError::Stray(at.saturating_add(1)));
        };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (spelled(name), Some(value.to_owned())),
            None => (spelled(flag), None),
        };
        let kind = kind(&name);
        let is_hidden = may_be_value && kind.is_none();
        may_be_value = false;
        let is_flag = |word: &&(usize, &String)| word.1.starts_with('-');
        let value = match (value, kind) {
            (Some(value), _) => value,
            (None, Some(Kind::Switch)) => "true".to_owned(),
            // As there, however the word begins.
            (None, Some(Kind::Text | Kind::List)) => match words.next() {
                Some((_, word)) => word.clone(),
                None => return Err(OptionsError::Value(name)),
            },
            (None, None) => match words.peek() {
                Some(next) if !is_flag(&next) => words
                    .next()
                    .map_or_else(String::new, |(_, word)| word.clone()),
                _ => {
                    may_be_value = true;
                    "true".to_owned()
                }
            },
        };
        let values = cut(&name, &value);
        let setting = Setting {
            is_hidden,
            ..Setting::new(name, values)
        };
        settings = add(settings, setting);
    }
    Ok(settings)
}

/// Lists grow with each flag; of everything else the last one counts.
fn add(mut settings: Vec<Setting>, setting: Setting) -> Vec<Setting> {
    let is_list = kind(&setting.name) == Some(Kind::List);
    match settings.iter_mut().find(|other| other.name == setting.name) {
        Some(other) if is_list => other.values.extend(setting.values),
        Some(other) => *other = setting,
        None => settings.push(setting),
    }
    settings
}

/// A list may be one text with commas, also one of regular expressions.
fn cut(name: &str, value: &str) -> Vec<String> {
    if kind(name) != Some(Kind::List) {
        return vec![value.to_owned()];
    }
    let items = value.split(',').map(str::trim);
    items
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The flag's name.
fn spelled(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace('_', "-");
    if kind(&name).is_some() {
        return name;
    }
    let singular = name
        .strip_suffix('s')
        .filter(|name| kind(name) == Some(Kind::List));
    singular.map_or(name.clone(), str::to_owned)
}

/// Words of a shell's command line: quotation marks, and a backslash before one character or
/// the end of a line.
fn words(text: &str) -> Result<Vec<String>, OptionsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut mark = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (mark, c) {
            (Some(open), c) if c == open => mark = None,
            (None, '"' | '\'') => {
                mark = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => match chars.next() {
                Some('\n') | None => {}
                Some(c) => word.get_or_insert_default().push(c),
            },
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match mark {
        Some(_) => Err(OptionsError::Quote),
        None => Ok(words),
    }
}
