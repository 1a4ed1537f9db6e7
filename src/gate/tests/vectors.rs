//! Frozen formats: what one version sealed, every later one has to read.
//!
//! A vector file says what it is of and holds `[[vector]]` tables. Each names
//! the outcome that it `expect`s. A key that nobody asks for, or an outcome
//! that nobody knows, fails: a vector that is not looked at proves nothing.

use toml::{Table, Value};

/// One `[[vector]]`, its keys taken out one by one.
pub(in crate::gate) struct Vector {
    name: String,
    left: Table,
}

impl Vector {
    pub(in crate::gate) fn name(&self) -> &str {
        &self.name
    }

    pub(in crate::gate) fn optional_text(&mut self, key: &str) -> Option<String> {
        match self.left.remove(key)? {
            Value::String(text) => Some(text),
            other => panic!("{}: {key} is no text: {other}", self.name),
        }
    }

    pub(in crate::gate) fn text(&mut self, key: &str) -> String {
        self.optional_text(key)
            .unwrap_or_else(|| panic!("{}: no {key}", self.name))
    }

    pub(in crate::gate) fn texts(&mut self, key: &str) -> Vec<String> {
        match self.left.remove(key) {
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().unwrap().to_owned())
                .collect(),
            other => panic!("{}: {key} is no list: {other:?}", self.name),
        }
    }

    pub(in crate::gate) fn optional_number(&mut self, key: &str) -> Option<u64> {
        match self.left.remove(key)? {
            Value::Integer(number) => Some(u64::try_from(number).unwrap()),
            other => panic!("{}: {key} is no number: {other:?}", self.name),
        }
    }

    pub(in crate::gate) fn number(&mut self, key: &str) -> u64 {
        self.optional_number(key)
            .unwrap_or_else(|| panic!("{}: no {key}", self.name))
    }

    pub(in crate::gate) fn hex(&mut self, key: &str) -> Vec<u8> {
        unhex(&self.text(key))
    }

    pub(in crate::gate) fn tables(&mut self, key: &str) -> Vec<Self> {
        match self.left.remove(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| match item {
                    Value::Table(left) => Self {
                        name: format!("{} {key} {index}", self.name),
                        left,
                    },
                    other => panic!("{}: {key} holds {other}", self.name),
                })
                .collect(),
            Some(other) => panic!("{}: {key} is {other}", self.name),
        }
    }

    /// Nothing may be left.
    pub(in crate::gate) fn done(self) {
        let left: Vec<_> = self.left.keys().collect();
        assert!(left.is_empty(), "{}: unknown keys {left:?}", self.name);
    }
}

/// Every vector of a file goes through `check` with its outcome.
pub(in crate::gate) fn each<O: Copy>(
    file: &str,
    format: &str,
    outcomes: &[(&str, O)],
    check: impl Fn(Vector, O),
) {
    let mut file: Table = file.parse().unwrap();
    assert_eq!(file.remove("format"), Some(Value::from(format)));
    let Some(Value::Array(vectors)) = file.remove("vector") else {
        panic!("{format}: no vectors");
    };
    assert!(file.is_empty(), "{format}: unknown keys {file:?}");
    let mut seen = Vec::new();
    for vector in vectors {
        let Value::Table(left) = vector else {
            panic!("{format}: a vector is no table");
        };
        let mut vector = Vector {
            name: String::new(),
            left,
        };
        vector.name = vector.text("name");
        let expect = vector.text("expect");
        let found = outcomes.iter().find(|(word, _)| *word == expect);
        let Some((word, outcome)) = found else {
            panic!("{}: unknown outcome {expect}", vector.name);
        };
        seen.push(*word);
        check(vector, *outcome);
    }
    for (word, _) in outcomes {
        assert!(seen.contains(word), "{format}: no vector is for {word}");
    }
}

pub(in crate::gate) fn unhex(text: &str) -> Vec<u8> {
    let text: String = text.split_ascii_whitespace().collect();
    assert_eq!(text.len() % 2, 0, "{text}");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

pub(in crate::gate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const GOOD: &str = "format = 'x'\n[[vector]]\nname = 'a'\nexpect = 'yes'\nkey = 'k'\n";

fn read(file: &str) {
    each(file, "x", &[("yes", ())], |mut vector, ()| {
        assert_eq!(vector.text("key"), "k");
        vector.done();
    });
}

#[test]
fn a_vector_file_is_read() {
    read(GOOD);
}

#[test]
#[should_panic(expected = "unknown outcome maybe")]
fn an_unknown_outcome_fails() {
    read(&GOOD.replace("yes", "maybe"));
}

#[test]
#[should_panic(expected = "unknown keys [\"colour\"]")]
fn an_unknown_key_of_a_vector_fails() {
    read(&format!("{GOOD}colour = 'red'\n"));
}

#[test]
#[should_panic(expected = "unknown keys")]
fn an_unknown_key_of_the_file_fails() {
    read(&format!("colour = 'red'\n{GOOD}"));
}

#[test]
#[should_panic(expected = "no key")]
fn a_missing_key_fails() {
    read(&GOOD.replace("key = 'k'", ""));
}
