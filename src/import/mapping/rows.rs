//! Which keys and values belong together.
//!
//! Owns the second reading. When a node ends, the keys and values below it that no
//! inner node has paired are looked at:
//!
//! - keys only, or values only: the node around decides;
//! - one key and values, in any order: a row;
//! - several keys: by order, each key with the values behind it. If a value comes
//!   first, or two keys before a value, nobody can tell: all of them are left out.
//!
//! Two kinds are left out before, since they are halves of rows and not one row in
//! pieces: what is inside an inner node beside a row that is complete, and keys and
//! values that are inside sister nodes of one name. Wrong here is a right that
//! somebody should not have, so doubt never pairs.

use std::collections::HashMap;
use std::rc::Rc;

use super::Note;
use super::names::Wanted;
use crate::import::xml::Visit;

/// A key with its values.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    /// Trimmed; may be empty.
    pub(super) key: String,
    /// As in the file; maybe none.
    pub(super) values: Vec<String>,
}

/// The second reading.
pub(super) struct Rows<'w> {
    key: &'w Wanted,
    value: &'w Wanted,
    open: Vec<Node>,
    /// Each with the number of its key.
    rows: Vec<(usize, Row)>,
    notes: Vec<Note>,
    items: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Key,
    Value,
}

/// A key or a value that belongs to nothing yet.
struct Item {
    role: Role,
    line: usize,
    /// Its number in the file.
    number: usize,
    /// `None` if there was no text: the note is written.
    text: Option<String>,
    /// The name of the inner node that it is in, if it is not directly here.
    inside: Option<Rc<str>>,
}

/// An open node.
struct Node {
    name: String,
    line: usize,
    role: Option<Role>,
    text: String,
    first_inner: Option<String>,
    items: Vec<Item>,
    /// Something below has been paired.
    paired: bool,
}

impl<'w> Rows<'w> {
    pub(super) fn new(key: &'w Wanted, value: &'w Wanted) -> Self {
        Self {
            key,
            value,
            open: Vec::new(),
            rows: Vec::new(),
            notes: Vec::new(),
            items: 0,
        }
    }

    /// The rows in the order of their keys.
    pub(super) fn finish(mut self) -> (Vec<Row>, Vec<Note>) {
        self.rows.sort_by_key(|(number, _)| *number);
        let rows = self.rows.into_iter().map(|(_, row)| row).collect();
        (rows, self.notes)
    }

    fn role(&self, name: &str, is_attribute: bool) -> Option<Role> {
        if self.key.is(name, is_attribute) {
            Some(Role::Key)
        } else if self.value.is(name, is_attribute) {
            Some(Role::Value)
        } else {
            None
        }
    }

    fn item(&mut self, role: Role, line: usize, text: Option<String>) -> Item {
        self.items += 1;
        Item {
            role,
            line,
            number: self.items,
            text,
            inside: None,
        }
    }

    fn leave_out(&mut self, item: Item) {
        let line = item.line;
        match (item.role, item.text) {
            (_, None) => {}
            (Role::Key, Some(text)) if text.is_empty() => self.notes.push(Note::EmptyKey { line }),
            (Role::Key, Some(key)) => self.notes.push(Note::KeyAlone { line, key }),
            (Role::Value, Some(value)) => self.notes.push(Note::ValueAlone { line, value }),
        }
    }

    /// What is left when halves of rows are gone.
    fn without_halves(&mut self, items: Vec<Item>, beside_rows: bool) -> Vec<Item> {
        let mut inside: HashMap<Rc<str>, (bool, bool)> = HashMap::new();
        for item in &items {
            if let Some(name) = &item.inside {
                let (keys, values) = inside.entry(Rc::clone(name)).or_default();
                *keys |= item.role == Role::Key;
                *values |= item.role == Role::Value;
            }
        }
        // One node never hands on both, so both are from two of the same name.
        let is_half = |item: &Item| {
            let name = item.inside.as_ref();
            name.is_some_and(|name| beside_rows || inside.get(name) == Some(&(true, true)))
        };
        let (halves, rest): (Vec<_>, Vec<_>) = items.into_iter().partition(is_half);
        for half in halves {
            self.leave_out(half);
        }
        rest
    }

    /// Pairs keys with values; there is at least one of each.
    fn pair(&mut self, items: Vec<Item>) {
        let keys = items.iter().filter(|item| item.role == Role::Key).count();
        if keys == 1 {
            return self.row(items);
        }
        if items.first().is_some_and(|item| item.role == Role::Value) {
            return self.unclear(&items);
        }
        // Keys, then values: where a key follows a value, the next begins.
        let mut stretch: Vec<Item> = Vec::new();
        for item in items {
            let after_value = stretch.last().is_some_and(|last| last.role == Role::Value);
            if after_value && item.role == Role::Key {
                self.stretch(std::mem::take(&mut stretch));
            }
            stretch.push(item);
        }
        self.stretch(stretch);
    }

    fn stretch(&mut self, items: Vec<Item>) {
        let keys = items.iter().filter(|item| item.role == Role::Key).count();
        if keys == items.len() {
            for key in items {
                self.leave_out(key);
            }
        } else if keys == 1 {
            self.row(items);
        } else {
            self.unclear(&items);
        }
    }

    fn row(&mut self, items: Vec<Item>) {
        let (keys, values): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| item.role == Role::Key);
        let unread = values.iter().all(|value| value.text.is_none());
        for key in keys {
            // A key without text, or without a value that has any: noted before.
            if let Some(text) = key.text.filter(|_| !unread) {
                let row = Row {
                    line: key.line,
                    key: text,
                    values: values
                        .iter()
                        .filter_map(|value| value.text.clone())
                        .collect(),
                };
                self.rows.push((key.number, row));
            }
        }
    }

    fn unclear(&mut self, items: &[Item]) {
        let keys = items.iter().filter(|item| item.role == Role::Key).count();
        self.notes.push(Note::Unclear {
            line: items.first().map_or(0, |item| item.line),
            keys,
            values: items.len() - keys,
        });
    }
}

impl Visit for Rows<'_> {
    fn open(&mut self, name: &str, line: usize) {
        if let Some(around) = self.open.last_mut() {
            around.first_inner.get_or_insert_with(|| name.to_owned());
        }
        self.open.push(Node {
            name: name.to_owned(),
            line,
            role: self.role(name, false),
            text: String::new(),
            first_inner: None,
            items: Vec::new(),
            paired: false,
        });
    }

    fn attribute(&mut self, name: &str, value: &str, line: usize) {
        if let Some(role) = self.role(name, true) {
            let item = self.item(role, line, Some(value.trim().to_owned()));
            if let Some(node) = self.open.last_mut() {
                node.items.push(item);
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(node) = self.open.last_mut().filter(|node| node.role.is_some()) {
            node.text.push_str(text);
        }
    }

    fn close(&mut self) {
        let Some(node) = self.open.pop() else {
            return;
        };
        let only_holds = node.text.trim().is_empty() && (node.paired || !node.items.is_empty());
        let mut paired = node.paired;
        let mut items = self.without_halves(node.items, node.paired);
        // A node of either name that only holds others is one more wrapper around them.
        let role = node
            .role
            .filter(|_| node.first_inner.is_none() || !only_holds);
        if let Some(role) = role {
            let text = match node.first_inner {
                None => Some(node.text.trim().to_owned()),
                Some(inner) => {
                    let (line, name) = (node.line, node.name.clone());
                    self.notes.push(Note::NotText {
                        line,
                        node: name,
                        inner,
                    });
                    None
                }
            };
            let item = self.item(role, node.line, text);
            items.push(item);
        }
        let has = |role| items.iter().any(|item| item.role == role);
        if has(Role::Key) && has(Role::Value) {
            self.pair(std::mem::take(&mut items));
            paired = true;
        }
        match self.open.last_mut() {
            Some(around) => {
                around.paired |= paired;
                let inside: Option<Rc<str>> = role.is_none().then(|| node.name.into());
                around.items.extend(items.into_iter().map(|mut item| {
                    item.inside.clone_from(&inside);
                    item
                }));
            }
            None => {
                for item in items {
                    self.leave_out(item);
                }
            }
        }
    }
}
