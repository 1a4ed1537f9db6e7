//! Names in rules that nobody can have: not wrong, and hardly meant.
//!
//! Owns the look from a route's rules, and from the order of access rights, to
//! what `[identity]` can make of anybody. Must not know what makes a rule hold.

use super::Conversion;
use crate::config::Identity;
use crate::config::error::ConfigWarningKind;
use crate::config::file::FileConfig;
use crate::config::reader::{Item, Text, TextOrTables, nearest};
use crate::gate::identity::rule::{ClaimRule, ValueMap};

/// What a name is of, in words, and the key that makes it.
type Of = (&'static str, &'static str);

const GROUP: Of = ("a group", "identity.groups");
const RIGHT: Of = ("an access right", "identity.access_right");

impl Conversion<'_> {
    /// Warns of groups and access rights that no claim is mapped to, where the
    /// map leaves out what it does not name.
    pub(super) fn warn_of_nobody(&mut self, file: &FileConfig, identity: &Identity) {
        let right = identity.access_right.as_ref();
        let order = file.identity.access_right.as_ref();
        let order = order.and_then(|right| right.order.as_deref());
        if let (Some(items), Some(rule)) = (order, right) {
            self.warn_of_names(items, rule, RIGHT);
        }
        for route in &file.routes {
            let Some(TextOrTables::Tables(tables)) = &route.access else {
                continue;
            };
            for table in tables {
                for items in [&table.groups, &table.all_groups].into_iter().flatten() {
                    self.warn_of_names(items, &identity.groups, GROUP);
                }
                match (table.access_right.as_deref(), right) {
                    (Some(items), Some(rule)) => self.warn_of_names(items, rule, RIGHT),
                    (Some([first, ..]), None) => {
                        let remedy = "say below [identity] which claim it is: access_right = \"custom:access_right\"";
                        self.findings
                            .warn(&first.place, ConfigWarningKind::NoAccessRight, remedy);
                    }
                    _ => {}
                }
            }
        }
    }

    fn warn_of_names(&mut self, items: &[Item<Text>], rule: &ClaimRule, (what, key): Of) {
        let Some(makes) = rule.makes().filter(|_| !self.is_map_unread(rule)) else {
            return;
        };
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
