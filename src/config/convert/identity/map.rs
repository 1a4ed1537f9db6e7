//! `map` and `map_file`: external values and the local names they stand for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::Use;
use crate::config::convert::Conversion;
use crate::config::error::ConfigErrorKind;
use crate::config::file::ClaimTable;
use crate::config::reader::{Findings, Item, Place, TextMap, text_map};
use crate::gate::identity::rule::ValueMap;

impl Conversion<'_> {
    pub(super) fn map(&mut self, table: &ClaimTable, of: Use) -> Option<ValueMap> {
        match (&table.map, &table.map_file) {
            (None, None) => None,
            (Some(map), None) => Some(self.value_map(&map.value, of)),
            (map, Some(file)) => {
                if map.is_some() {
                    let remedy = "keep one of the two; what the file says can stand under map";
                    self.findings
                        .error(&file.place, ConfigErrorKind::MapAndMapFile, remedy);
                }
                let unread = self.is_unread(file);
                let path = PathBuf::from(self.text(file, "not-read")?);
                match unread {
                    true => Some(ValueMap::from_iter([])),
                    false => self.map_file(&table.place, &file.place, &path, of),
                }
            }
        }
    }

    fn value_map(&mut self, entries: &TextMap, of: Use) -> ValueMap {
        let only_one = matches!(of, Use::Account | Use::One);
        let mut map: HashMap<String, Vec<String>> = HashMap::new();
        for (name, locals) in entries {
            let external = name.value.trim();
            if external.is_empty() {
                let remedy = "name the value as the provider sends it";
                self.findings
                    .error(&name.place, ConfigErrorKind::Empty, remedy);
            } else if map.contains_key(external) {
                let kind = ConfigErrorKind::Repeated(format!("\"{external}\""));
                let remedy = "values are compared without the white space around them; keep one";
                self.findings.error(&name.place, kind, remedy);
            }
            map.insert(external.to_owned(), self.values(locals, only_one));
        }
        map.into_iter().collect()
    }

    /// A file with such a table: bare, or under the heading that it would have
    /// in the configuration, such as `[identity.groups.map]`. What is wrong in
    /// there is told with that file's own name and lines.
    fn map_file(&mut self, key: &Place, place: &Place, path: &Path, of: Use) -> Option<ValueMap> {
        let text = match self.outside.files.table(path) {
            Ok(text) => text,
            Err(source) => {
                let remedy = "put it there, and let this process read it; a relative path starts at the configuration's folder";
                let path = path.to_owned();
                let kind = ConfigErrorKind::SourceUnreadable { path, source };
                self.findings.error(place, kind, remedy);
                return None;
            }
        };
        let mut findings = Findings::default();
        let mut work = Conversion {
            outside: self.outside,
            is_asked: self.is_asked,
            unread: Vec::new(),
            findings: &mut findings,
        };
        let map = work.map_text(&text, &format!("{}.map", key.key()), of);
        let (errors, _) = findings.finish(path, &text);
        self.findings.adopt(errors);
        map
    }

    fn map_text(&mut self, text: &str, heading: &str, of: Use) -> Option<ValueMap> {
        let document = match DeTable::parse(text) {
            Ok(document) => document.into_inner(),
            Err(error) => {
                let offset = error.span().map(|span| span.start);
                self.findings.syntax(offset, error.message());
                return None;
            }
        };
        let root = DeValue::Table(document);
        let heading = shorter(&root, heading).unwrap_or(heading);
        let (place, table) = match under_heading(&root, heading) {
            Some(found) => {
                self.nothing_beside(&root, heading);
                found
            }
            None => (Place::default(), &root),
        };
        if !is_flat(table) {
            let remedy = format!("write [{heading}] above the lines, or no heading at all");
            let kind = ConfigErrorKind::NoMap;
            self.findings.error(&Place::default(), kind, remedy);
            return None;
        }
        let map = text_map(self.findings, &place, table)?;
        let item = Item { value: map, place };
        Some(self.value_map(&item.value, of))
    }

    /// Under a heading stands that map and nothing else: what is read by nobody
    /// would be taken for something that holds.
    fn nothing_beside(&mut self, root: &DeValue<'_>, heading: &str) {
        let (mut place, mut value) = (Place::default(), root);
        for step in heading.split('.') {
            let DeValue::Table(entries) = value else {
                return;
            };
            for (name, _) in entries.iter().filter(|(name, _)| *name.get_ref() != step) {
                let stray = place.at(name.get_ref(), Some(name.span().start));
                let remedy = format!("keep [{heading}] alone in this file, and this elsewhere");
                self.findings
                    .error(&stray, ConfigErrorKind::BesideMap, remedy);
            }
            let Some(next) = entries.get(step) else {
                return;
            };
            (place, value) = (place.child(step), next.get_ref());
        }
    }
}

/// The heading as it is below `[identity]`, where the file has that and the map
/// is one of `provider.ID.identity`: what a mapping is exported as.
fn shorter<'h>(root: &DeValue<'_>, heading: &'h str) -> Option<&'h str> {
    let at = heading.find(".identity.")?;
    let short = heading.get(at + 1..)?;
    let has_only_that =
        under_heading(root, heading).is_none() && under_heading(root, short).is_some();
    has_only_that.then_some(short)
}

/// The table at the heading, if there is one.
fn under_heading<'v, 'd>(root: &'v DeValue<'d>, heading: &str) -> Option<(Place, &'v DeValue<'d>)> {
    let found = heading
        .split('.')
        .try_fold(root, |value, step| match value {
            DeValue::Table(entries) => entries.get(step).map(toml::Spanned::get_ref),
            _ => None,
        })?;
    let steps = heading.split('.');
    let place = steps.fold(Place::default(), |place, step| place.child(step));
    Some((place, found))
}

/// No table inside: those would be headings of something else.
fn is_flat(table: &DeValue<'_>) -> bool {
    match table {
        DeValue::Table(entries) => !entries
            .iter()
            .any(|(_, value)| matches!(value.get_ref(), DeValue::Table(_))),
        _ => true,
    }
}
