//! Names in rules that nobody can have: not wrong, and hardly meant.
//!
//! Owns the look from a route's rules, and from the order of access rights, to
//! what `[identity]` can make of anybody. Must not know what makes a rule hold.

use super::Conversion;
use crate::config::Identity;
use crate::config::error::ConfigWarningKind;
use crate::config::file::{FileConfig, IdentityTable};
use crate::config::reader::{Item, Text, TextOrTables, nearest};
use crate::gate::identity::rule::{ClaimRule, ValueMap};

/// What a name is of, in words, and the key that makes it.
type Of = (&'static str, &'static str);

const GROUP: Of = ("a group", "identity.groups");
const RIGHT: Of = ("an access right", "identity.access_right");

impl Conversion<'_> {
    /// Warns of groups and access rights that no claim of any provider is mapped
    /// to, where the maps leave out what they do not name.
    pub(super) fn warn_of_nobody(&mut self, file: &FileConfig, identities: &[Identity]) {
        let groups: Vec<_> = identities.iter().map(|one| &one.groups).collect();
        let rights: Vec<_> = identities
            .iter()
            .filter_map(|one| one.access_right.as_ref())
            .collect();
        self.warn_of_order(&file.identity, &rights);
        for (_, provider) in &file.providers {
            self.warn_of_order(&provider.identity, &rights);
        }
        for route in &file.routes {
            let Some(TextOrTables::Tables(tables)) = &route.access else {
                continue;
            };
            for table in tables {
                for items in [&table.groups, &table.all_groups].into_iter().flatten() {
                    self.warn_of_names(items, &groups, GROUP);
                }
                match table.access_right.as_deref() {
                    Some([first, ..]) if rights.is_empty() => {
                        let remedy = "say below [identity] which claim it is: access_right = \"custom:access_right\"";
                        self.findings
                            .warn(&first.place, ConfigWarningKind::NoAccessRight, remedy);
                    }
                    Some(items) => self.warn_of_names(items, &rights, RIGHT),
                    None => {}
                }
            }
        }
    }

    fn warn_of_order(&mut self, table: &IdentityTable, rights: &[&ClaimRule]) {
        let right = table.access_right.as_ref();
        if let Some(items) = right.and_then(|right| right.order.as_deref()) {
            self.warn_of_names(items, rights, RIGHT);
        }
    }

    /// Of names that none of the rules makes.
    fn warn_of_names(&mut self, items: &[Item<Text>], rules: &[&ClaimRule], (what, key): Of) {
        let mut makes: Vec<&str> = Vec::new();
        for rule in rules {
            // One that leaves names as they are makes any of them.
            let Some(some) = rule.makes().filter(|_| !self.is_map_unread(rule)) else {
                return;
            };
            makes.extend(some);
        }
        for item in items {
            // What cannot be read is in the report already.
            let Text::Inline(text) = &item.value else {
                continue;
            };
            let name = text.trim();
            if name.is_empty() || makes.contains(&name) {
                continue;
            }
            let remedy = match nearest(name, makes.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("add it to {key}.map, or keep what the map does not name"),
            };
            let kind = ConfigWarningKind::NobodyHas(what, key);
            self.findings.warn(&item.place, kind, &remedy);
        }
    }

    /// Without secrets, names may stand in what was not read.
    fn is_map_unread(&self, rule: &ClaimRule) -> bool {
        let unread = |map: &ValueMap| {
            map.locals().next().is_none() || map.locals().any(|name| name == "not-read")
        };
        self.outside.secrets.is_none() && rule.map.as_ref().is_some_and(unread)
    }
}
