//! Reading TOML tables so that every mistake is found in one go.
//!
//! A [`Table`] records every key that it was asked for; what nobody asked for
//! is unknown, and is reported with the nearest known name. A value of the
//! wrong type is reported where it stands and reading goes on. Knows no key of
//! ours (those are in `config::file`) and no I/O.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::error::{
    ConfigError, ConfigErrorKind, ConfigWarning, ConfigWarningKind, Finding, Position,
};

/// A key's path, and where in the text it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    key: String,
    offset: Option<usize>,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Item<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// Where a text comes from.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// It stands in the file.
    Inline(String),
    /// It is read from somewhere else.
    From(Source),
}

/// Something to read, trimmed, when the configuration is loaded.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// `{ file = "PATH" }`.
    File(PathBuf),
    /// `{ env = "NAME" }`.
    Env(String),
}

/// A value that may be a number or a text.
#[derive(Clone, Debug)]
pub(crate) enum Scalar {
    /// A number.
    Number(i64),
    /// A text.
    Text(Text),
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    errors: Vec<Found<ConfigErrorKind>>,
    warnings: Vec<Found<ConfigWarningKind>>,
    /// Every key of this version, by its whole path.
    known: Vec<String>,
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
    /// Name the key that was meant: of this table, or else of another one.
    Nearest {
        table: String,
        name: String,
        known: Vec<&'static str>,
    },
}

/// A table that is being read.
pub(crate) struct Table<'t, 'd> {
    place: Place,
    entries: &'t DeTable<'d>,
    known: Vec<&'static str>,
    /// Those of the known keys that are refused.
    later: Vec<&'static str>,
    tables_are_later: bool,
    findings: &'t mut Findings,
}

impl Place {
    /// The place of a key in the table at this place; it is where the table is.
    pub(crate) fn child(&self, name: &str) -> Self {
        self.at(name, self.offset)
    }

    /// The key's path.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    fn at(&self, name: &str, offset: Option<usize>) -> Self {
        let key = match self.key.as_str() {
            "" => name.to_owned(),
            table => format!("{table}.{name}"),
        };
        Self { key, offset }
    }

    fn index(&self, index: usize, value: &Spanned<DeValue<'_>>) -> Self {
        Self {
            key: format!("{}[{index}]", self.key),
            offset: Some(value.span().start),
        }
    }

    /// Whether one of the two keys is the other, or holds it.
    fn touches(&self, other: &Self) -> bool {
        let holds = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        holds(&self.key, &other.key) || holds(&other.key, &self.key)
    }
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
        let place = Place { key: String::new(), offset };
        let kind = ConfigErrorKind::Syntax(message.to_owned());
        self.error(&place, kind, "see https://toml.io for what a line may look like");
    }

    /// Notes that a key is missing, unless something is wrong with that very key anyway.
    pub(crate) fn missing(&mut self, place: &Place, remedy: impl Into<String>) {
        if !self.errors.iter().any(|found| found.place.touches(place)) {
            self.error(place, ConfigErrorKind::Missing, remedy);
        }
    }

    /// Notes a key or value that a later version has.
    pub(crate) fn later(&mut self, place: &Place) {
        let remedy = "remove it; a key that would not be obeyed is refused";
        self.error(place, ConfigErrorKind::NotInThisVersion, remedy);
    }

    /// Notes a warning.
    pub(crate) fn warn(&mut self, place: &Place, kind: ConfigWarningKind, remedy: &str) {
        self.warnings.push(Found {
            place: place.clone(),
            kind,
            remedy: Remedy::Say(remedy.to_owned()),
        });
    }

    /// Every key that was asked for.
    #[cfg(test)]
    pub(crate) fn known(&self) -> &[String] {
        &self.known
    }

    /// Everything that was found, in the order of the file.
    pub(crate) fn finish(self, file: &Path, text: &str) -> (Vec<ConfigError>, Vec<ConfigWarning>) {
        let file = Arc::from(file);
        let Self { errors, warnings, known } = self;
        (
            finish(errors, &file, text, &known),
            finish(warnings, &file, text, &known),
        )
    }

    fn wrong_type(&mut self, place: &Place, wanted: &'static str, found: &DeValue<'_>, remedy: &str) {
        let found = type_name(found);
        self.error(place, ConfigErrorKind::WrongType { wanted, found }, remedy);
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
        .map(|Found { place, kind, remedy }| Finding {
            file: Arc::clone(file),
            position: place.offset.and_then(|offset| position(text, offset)),
            key: place.key,
            kind,
            remedy: remedy.words(known),
        })
        .collect()
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
        let (table, name, known) = match self {
            Self::Say(words) => return words,
            Self::Nearest { table, name, known } => (table, name, known),
        };
        let path = |key: &str| match table.as_str() {
            "" => key.to_owned(),
            table => format!("{table}.{key}"),
        };
        if let Some(near) = nearest(&name, known.iter().copied()) {
            return format!("did you mean {}?", path(near));
        }
        let leaf = |full: &&String| full.rsplit('.').next() == Some(name.as_str());
        if let Some(elsewhere) = everywhere.iter().find(leaf) {
            return format!("did you mean {elsewhere}?");
        }
        match known.as_slice() {
            [] => "remove it".to_owned(),
            known => format!("what there is here: {}", known.join(", ")),
        }
    }
}

/// The known name that a misspelt one stands for, if any comes near.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// Jaro–Winkler likeness from which a name is suggested.
const NEAR: f64 = 0.82;

/// Reads one table: calls `read`, then reports the keys that it did not ask for.
pub(crate) fn read_table<T>(
    entries: &DeTable<'_>,
    place: Place,
    findings: &mut Findings,
    read: impl FnOnce(&mut Table<'_, '_>) -> T,
) -> T {
    let mut table = Table {
        place,
        entries,
        known: Vec::new(),
        later: Vec::new(),
        tables_are_later: false,
        findings,
    };
    let value = read(&mut table);
    table.finish();
    value
}

impl<'t, 'd> Table<'t, 'd> {
    /// Where the table is.
    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    /// Refuses keys that a later version has.
    pub(crate) fn later(&mut self, keys: &[&'static str]) {
        self.later.extend(keys);
        for key in keys {
            if let Some((place, _)) = self.take(key) {
                self.findings.later(&place);
            }
        }
    }

    /// Refuses tables of any other name as something that a later version has.
    pub(crate) fn later_tables(&mut self) {
        self.tables_are_later = true;
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<Item<Text>> {
        self.one(key, text)
    }

    /// A text, or a list of texts.
    pub(crate) fn texts(&mut self, key: &'static str) -> Option<Vec<Item<Text>>> {
        self.list(key, text)
    }

    /// A text; what else the key may hold is of a later version.
    pub(crate) fn text_or_later(&mut self, key: &'static str) -> Option<Item<Text>> {
        let (place, value) = self.take(key)?;
        match value {
            DeValue::Array(list) if list.is_empty() => empty_list(self.findings, &place),
            DeValue::Array(_) => self.findings.later(&place),
            DeValue::Table(entries) if !is_source(entries) => self.findings.later(&place),
            _ => return text(self.findings, &place, value).map(|value| Item { value, place }),
        }
        None
    }

    /// A secret, or a list of them.
    pub(crate) fn secrets(&mut self, key: &'static str) -> Option<Vec<Item<Source>>> {
        self.list(key, secret)
    }

    /// A whole number.
    pub(crate) fn number(&mut self, key: &'static str) -> Option<Item<i64>> {
        self.one(key, |findings, place, value| {
            let found = number(value);
            if found.is_none() {
                findings.wrong_type(place, "a whole number", value, "write a number without quotes");
            }
            found
        })
    }

    /// A whole number, or a text.
    pub(crate) fn scalar(&mut self, key: &'static str) -> Option<Item<Scalar>> {
        self.one(key, |findings, place, value| match number(value) {
            Some(number) => Some(Scalar::Number(number)),
            None => text(findings, place, value).map(Scalar::Text),
        })
    }

    /// A text or a list of texts, or else a table, which `read` reads.
    pub(crate) fn texts_or_table<T>(
        &mut self,
        key: &'static str,
        texts: impl FnOnce(Vec<Item<Text>>) -> T,
        read: impl FnOnce(&mut Table<'_, '_>) -> T,
    ) -> Option<T> {
        match self.entries.get(key).map(Spanned::get_ref) {
            Some(DeValue::Table(entries)) if !is_source(entries) => Some(self.table(key, read)),
            _ => self.texts(key).map(texts),
        }
    }

    /// A table; one that is not there reads as an empty one.
    pub(crate) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Table<'_, '_>) -> T,
    ) -> T {
        let empty = DeTable::new();
        let (place, entries) = match self.take(key) {
            None => (self.place.at(key, None), &empty),
            Some((place, DeValue::Table(entries))) => (place, entries),
            Some((place, other)) => {
                let remedy = format!("write [{key}] on a line of its own, and its keys below");
                self.findings.wrong_type(&place, "a table", other, &remedy);
                (place, &empty)
            }
        };
        read_table(entries, place, self.findings, read)
    }

    /// All tables in a table, each with its name, in the order of the file.
    pub(crate) fn named_tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Table<'_, '_>) -> T,
    ) -> Vec<(String, T)> {
        let (place, entries) = match self.take(key) {
            None => return Vec::new(),
            Some((place, DeValue::Table(entries))) => (place, entries),
            Some((place, other)) => {
                let remedy = format!("write [{key}.NAME] on a line of its own, and its keys below");
                self.findings.wrong_type(&place, "a table", other, &remedy);
                return Vec::new();
            }
        };
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        let mut tables = Vec::new();
        for (name, value) in entries {
            let place = place.at(name.get_ref(), Some(name.span().start));
            match value.get_ref() {
                DeValue::Table(entries) => {
                    let table = read_table(entries, place, self.findings, &mut read);
                    tables.push((name.get_ref().to_string(), table));
                }
                other => {
                    let remedy = format!("write it under [{key}.NAME], with a name of your choice");
                    self.findings.wrong_type(&place, "a table", other, &remedy);
                }
            }
        }
        tables
    }

    /// `[[key]]` tables, in the order of the file.
    pub(crate) fn table_list<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Table<'_, '_>) -> T,
    ) -> Vec<T> {
        let remedy = format!("write [[{key}]], with two brackets, for each");
        let (place, list) = match self.take(key) {
            None => return Vec::new(),
            Some((place, DeValue::Array(list))) => (place, list),
            Some((place, other)) => {
                self.findings.wrong_type(&place, "a list of tables", other, &remedy);
                return Vec::new();
            }
        };
        if list.is_empty() {
            empty_list(self.findings, &place);
        }
        let mut tables = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let place = place.index(index, value);
            match value.get_ref() {
                DeValue::Table(entries) => {
                    tables.push(read_table(entries, place, self.findings, &mut read));
                }
                other => self.findings.wrong_type(&place, "a table", other, &remedy),
            }
        }
        tables
    }

    fn one<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Findings, &Place, &DeValue<'_>) -> Option<T>,
    ) -> Option<Item<T>> {
        let (place, value) = self.take(key)?;
        let value = read(self.findings, &place, value)?;
        Some(Item { value, place })
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&mut Findings, &Place, &DeValue<'_>) -> Option<T>,
    ) -> Option<Vec<Item<T>>> {
        let (place, value) = self.take(key)?;
        let DeValue::Array(list) = value else {
            let value = read(self.findings, &place, value)?;
            return Some(vec![Item { value, place }]);
        };
        if list.is_empty() {
            empty_list(self.findings, &place);
            return None;
        }
        Some(self.items(&place, list, read))
    }

    fn items<T>(
        &mut self,
        place: &Place,
        list: &DeArray<'_>,
        read: impl Fn(&mut Findings, &Place, &DeValue<'_>) -> Option<T>,
    ) -> Vec<Item<T>> {
        let mut items = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let place = place.index(index, value);
            if let Some(value) = read(self.findings, &place, value.get_ref()) {
                items.push(Item { value, place });
            }
        }
        items
    }

    fn take(&mut self, key: &'static str) -> Option<(Place, &'t DeValue<'d>)> {
        self.known.push(key);
        let value = self.entries.get(key)?;
        let place = self.place.at(key, Some(value.span().start));
        Some((place, value.get_ref()))
    }

    fn finish(self) {
        for (name, value) in self.entries {
            if self.known.contains(&name.get_ref().as_ref()) {
                continue;
            }
            let place = self.place.at(name.get_ref(), Some(name.span().start));
            let kind = match value.get_ref() {
                DeValue::Table(_) if self.tables_are_later => {
                    self.findings.later(&place);
                    continue;
                }
                DeValue::Table(entries) if !is_source(entries) => ConfigErrorKind::UnknownTable,
                _ => ConfigErrorKind::UnknownKey,
            };
            self.findings.errors.push(Found {
                place,
                kind,
                remedy: Remedy::Nearest {
                    table: self.place.key.clone(),
                    name: name.get_ref().to_string(),
                    known: self.known.clone(),
                },
            });
        }
        // An entry of a list is nobody's nearest name.
        if !self.place.key.contains('[') {
            let of_today = self.known.iter().filter(|key| !self.later.contains(key));
            let keys = of_today.map(|key| self.place.at(key, None).key);
            self.findings.known.extend(keys);
        }
    }
}

/// Reads a text: in quotes, or from a file or variable.
fn text(findings: &mut Findings, place: &Place, value: &DeValue<'_>) -> Option<Text> {
    match value {
        DeValue::String(text) => Some(Text::Inline(text.to_string())),
        DeValue::Table(entries) => source(findings, place, entries).map(Text::From),
        other => {
            findings.wrong_type(place, "text", other, "write it in quotes");
            None
        }
    }
}

/// Reads where a secret is; never one that stands in the file.
fn secret(findings: &mut Findings, place: &Place, value: &DeValue<'_>) -> Option<Source> {
    if let DeValue::Table(entries) = value {
        return source(findings, place, entries);
    }
    let found = type_name(value);
    findings.error(place, ConfigErrorKind::InlineSecret { found }, SOURCE_REMEDY);
    None
}

fn source(findings: &mut Findings, place: &Place, entries: &DeTable<'_>) -> Option<Source> {
    let (file, env) = read_table(entries, place.clone(), findings, |table| {
        (table.one("file", plain), table.one("env", plain))
    });
    match (file, env) {
        (Some(file), None) => Some(Source::File(PathBuf::from(file.value))),
        (None, Some(env)) => Some(Source::Env(env.value)),
        (Some(_), Some(_)) => {
            findings.error(place, ConfigErrorKind::FileAndEnv, "keep one of the two");
            None
        }
        (None, None) => {
            findings.missing(place, SOURCE_REMEDY);
            None
        }
    }
}

/// A text that stands in the file and is not empty.
fn plain(findings: &mut Findings, place: &Place, value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) if text.is_empty() => {
            findings.error(place, ConfigErrorKind::Empty, SOURCE_REMEDY);
            None
        }
        DeValue::String(text) => Some(text.to_string()),
        other => {
            findings.wrong_type(place, "text", other, SOURCE_REMEDY);
            None
        }
    }
}

const SOURCE_REMEDY: &str = "write { file = \"/run/secrets/NAME\" } or { env = \"NAME\" }";

fn empty_list(findings: &mut Findings, place: &Place) {
    let remedy = "leave the key out for its default, or name at least one";
    findings.error(place, ConfigErrorKind::Empty, remedy);
}

fn is_source(entries: &DeTable<'_>) -> bool {
    entries.contains_key("file") || entries.contains_key("env")
}

fn number(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
