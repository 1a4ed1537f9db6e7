//! Keys with one value, or with a list of such.
//!
//! Owns what a key may ask for there. Must not know how a value is read (`value`).

use toml::Spanned;
use toml::de::DeValue;

use super::value::{number, secret, text, wrong_type};
use super::{Item, Scalar, Shape, Source, Table, Text};

impl Table<'_, '_> {
    /// A text.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<Item<Text>> {
        self.one(key, Shape::Text, text)
    }

    /// A text, or a list of texts.
    pub(crate) fn texts(&mut self, key: &'static str) -> Option<Vec<Item<Text>>> {
        self.list(key, Shape::Texts, text)
    }

    /// The same, where the empty list is the default.
    pub(crate) fn any_texts(&mut self, key: &'static str) -> Option<Vec<Item<Text>>> {
        let value = self.entries.get(key).map(Spanned::get_ref);
        match value {
            Some(DeValue::Array(list)) if list.is_empty() => {
                self.take(key, Shape::AnyTexts);
                None
            }
            _ => self.list(key, Shape::AnyTexts, text),
        }
    }

    /// A secret, or a list of them.
    pub(crate) fn secrets(&mut self, key: &'static str) -> Option<Vec<Item<Source>>> {
        self.list(key, Shape::Secrets, secret)
    }

    /// One secret.
    pub(crate) fn secret(&mut self, key: &'static str) -> Option<Item<Source>> {
        self.one(key, Shape::Secret, secret)
    }

    /// A whole number.
    pub(crate) fn number(&mut self, key: &'static str) -> Option<Item<i64>> {
        self.one(key, Shape::Number, |findings, place, value| {
            let found = number(value);
            if found.is_none() {
                wrong_type(
                    findings,
                    place,
                    "a whole number",
                    value,
                    "write a number without quotes",
                );
            }
            found
        })
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<Item<bool>> {
        self.one(key, Shape::Boolean, |findings, place, value| {
            let found = value.as_bool();
            if found.is_none() {
                let remedy = "write true or false, without quotes";
                wrong_type(findings, place, "true or false", value, remedy);
            }
            found
        })
    }

    /// A whole number, or a text.
    pub(crate) fn scalar(&mut self, key: &'static str) -> Option<Item<Scalar>> {
        self.one(key, Shape::Scalar, |findings, place, value| {
            match number(value) {
                Some(number) => Some(Scalar::Number(number)),
                None => text(findings, place, value).map(Scalar::Text),
            }
        })
    }
}
