//! Texts of pages: words that are looked up in a language, and values that are
//! the same in all of them.
//!
//! Owns how a file of words is read (when this is compiled: a file that is not
//! whole is no program) and how places are filled. Must not know the words.

use std::collections::BTreeMap;

use super::Language;
use super::words::{COUNT, PLACES, Word};

/// What a page says at one place. Debug shows no value: it may tell of a person.
#[derive(Clone)]
pub enum Text {
    /// In the words of a language.
    Word(Box<Word>),
    /// The same everywhere: a name, an address, a claim.
    Value(String),
    /// A number, with its thousands set off.
    Number(usize),
}

impl From<Word> for Text {
    fn from(word: Word) -> Self {
        Self::Word(Box::new(word))
    }
}

// Not from `&str`: what stands in the source is a word, and belongs into the files.
impl From<String> for Text {
    fn from(value: String) -> Self {
        Self::Value(value)
    }
}

impl From<&String> for Text {
    fn from(value: &String) -> Self {
        Self::Value(value.clone())
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(word) => word.fmt(f),
            Self::Value(_) | Self::Number(_) => f.write_str("[redacted]"),
        }
    }
}

/// The English of the words of this file: for the log, JSON and the commands.
impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&ENGLISH.say(self))
    }
}

/// The words of one language.
#[derive(Clone, Debug)]
pub struct Phrasebook {
    language: Language,
    built_in: &'static [&'static str; COUNT],
    /// The operator's own, by their place in the list.
    own: BTreeMap<usize, String>,
}

static ENGLISH: Phrasebook = Phrasebook::built_in(Language::English);

/// Why a text of an operator's own is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnTextError {
    /// Nothing is said by this name.
    #[error("names no text of the pages")]
    Unknown,
    /// A brace that is not closed, or a place that nothing fills here.
    #[error("has a place in braces that nothing fills")]
    Place,
    /// So long that it is no text of a page.
    #[error("is longer than 2,000 characters")]
    TooLong,
}

/// Longest text of an operator's own, in characters.
const OWN_MAX: usize = 2_000;

impl Phrasebook {
    /// The words of [`Language::English`].
    #[must_use]
    pub fn english() -> &'static Self {
        &ENGLISH
    }

    /// Says something in an operator's own words. They may leave places out.
    ///
    /// # Errors
    /// See [`OwnTextError`].
    pub fn put(&mut self, key: &str, text: &str) -> Result<(), OwnTextError> {
        let index = KEYS.iter().position(|known| *known == key);
        let index = index.ok_or(OwnTextError::Unknown)?;
        if text.chars().count() > OWN_MAX {
            return Err(OwnTextError::TooLong);
        }
        let places = PLACES.get(index).copied().unwrap_or_default();
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(OwnTextError::Place)?;
            if !places.contains(&name) {
                return Err(OwnTextError::Place);
            }
            rest = after;
        }
        self.own.insert(index, text.to_owned());
        Ok(())
    }

    /// The name of the text that is most like this one.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        KEYS.into_iter()
    }

    /// The words of a language as they come with the program.
    #[must_use]
    pub const fn built_in(language: Language) -> Self {
        let built_in = match language {
            Language::English => &EN,
            Language::German => &DE,
            Language::French => &FR,
            Language::Spanish => &ES,
            Language::Danish => &DA,
        };
        Self {
            language,
            built_in,
            own: BTreeMap::new(),
        }
    }

    /// Which language it is.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// A text in this language.
    #[must_use]
    pub fn say(&self, text: &Text) -> String {
        match text {
            Text::Value(value) => value.clone(),
            Text::Number(number) => self.grouped(*number),
            Text::Word(word) => {
                let wording = self.wording(word.index());
                let fill = |name: &str| {
                    let places = word.places();
                    let place = places.iter().find(|(place, _)| *place == name)?;
                    Some(self.say(place.1))
                };
                filled(wording, fill)
            }
        }
    }

    /// The same for a word alone.
    #[must_use]
    pub fn word(&self, word: Word) -> String {
        self.say(&word.into())
    }

    fn wording(&self, index: usize) -> &str {
        let own = self.own.get(&index).map(String::as_str);
        // The index is one of the list; without it a page would say less, never fail.
        own.or_else(|| self.built_in.get(index).copied())
            .unwrap_or_default()
    }

    fn grouped(&self, number: usize) -> String {
        let digits = number.to_string();
        let separator = self.word(Word::Thousands);
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push_str(&separator);
            }
            grouped.push(digit);
        }
        grouped
    }
}

impl Word {
    /// In English, with its places as they stand in the file: for the log.
    #[must_use]
    pub fn english(&self) -> &'static str {
        EN.get(self.index()).copied().unwrap_or_default()
    }
}

/// Fills `{places}`. What is filled in is not looked at again.
fn filled(wording: &str, fill: impl Fn(&str) -> Option<String>) -> String {
    let mut said = String::with_capacity(wording.len());
    let mut rest = wording;
    while let Some((before, after)) = rest.split_once('{') {
        said.push_str(before);
        match after.split_once('}') {
            Some((name, after)) => {
                said.push_str(&fill(name).unwrap_or_default());
                rest = after;
            }
            None => rest = "",
        }
    }
    said.push_str(rest);
    said
}

/// Declares the list of words: each a variant with what fills its places, and
/// its name in the files.
macro_rules! words {
    ($($(#[$meta:meta])* $name:ident $({ $($place:ident),+ })? = $key:literal),+ $(,)?) => {
        /// Something that a page says. Debug shows its name alone.
        #[derive(Clone)]
        pub enum Word {
            $(
                #[doc = concat!("`", $key, "`")]
                $name $({ $(
                    #[doc = concat!("Fills `{", stringify!($place), "}`.")]
                    $place: $crate::gate::page::Text,
                )+ })?,
            )+
        }

        enum Index {
            $($name,)+
        }

        /// The names of all words, in the order of the files.
        pub(super) const KEYS: [&str; COUNT] = [$($key),+];

        /// The places of each of them.
        pub(super) const PLACES: [&[&str]; COUNT] = [$(&[$($(stringify!($place)),+)?]),+];

        /// How many there are.
        pub(super) const COUNT: usize = [$($key),+].len();

        impl Word {
            pub(super) fn index(&self) -> usize {
                match self {
                    $(Self::$name { .. } => Index::$name as usize,)+
                }
            }

            pub(super) fn places(&self) -> Vec<(&'static str, &$crate::gate::page::Text)> {
                match self {
                    $(Self::$name $({ $($place),+ })? => vec![$($((stringify!($place), $place)),+)?],)+
                }
            }

            /// Its name in the files, such as `signed-out.title`.
            #[must_use]
            pub fn key(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $key,)+
                }
            }
        }

        impl std::fmt::Debug for Word {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.key())
            }
        }
    };
}

pub(super) use words;

use super::words::KEYS;

static EN: [&str; COUNT] = read(include_str!("words/en.toml"));
static DE: [&str; COUNT] = read(include_str!("words/de.toml"));
static FR: [&str; COUNT] = read(include_str!("words/fr.toml"));
static ES: [&str; COUNT] = read(include_str!("words/es.toml"));
static DA: [&str; COUNT] = read(include_str!("words/da.toml"));

/// Reads a file of words: TOML of one `key = "text"` a line, all keys in the
/// order of the list, no escapes. Runs when this is compiled, where a panic is
/// an error of the build, and never else.
#[expect(
    clippy::indexing_slicing,
    reason = "runs when this is compiled: an index that is wrong is an error of the build"
)]
const fn read(file: &'static str) -> [&'static str; COUNT] {
    let mut texts = [""; COUNT];
    let mut rest = file;
    let mut index = 0;
    while !rest.is_empty() {
        let (line, after) = cut(rest, b'\n');
        rest = after;
        if line.is_empty() || line.as_bytes()[0] == b'#' {
            continue;
        }
        assert!(index < COUNT, "a line too many in a file of words");
        let (key, text) = cut(line, b' ');
        assert!(
            is_same(key, KEYS[index]),
            "a key is missing, or misplaced, in a file of words"
        );
        let bytes = text.as_bytes();
        assert!(
            bytes.len() >= 4 && bytes[0] == b'=' && bytes[1] == b' ',
            "no `=` after a key"
        );
        let quote = bytes[2];
        assert!(quote == b'"' || quote == b'\'', "no text after a key");
        assert!(
            bytes[bytes.len() - 1] == quote,
            "a text does not end with its line"
        );
        let text = text.split_at(bytes.len() - 1).0.split_at(3).1;
        assert!(
            has_places(text, PLACES[index]),
            "a text has other places than its word"
        );
        assert!(
            is_plain(text, quote),
            "a text holds a quotation mark or a backslash"
        );
        texts[index] = text;
        index += 1;
    }
    assert!(
        index == COUNT,
        "a line is missing at the end of a file of words"
    );
    texts
}

/// What stands before the first `byte`, and what after it.
#[expect(clippy::indexing_slicing, reason = "see `read`")]
const fn cut(text: &str, byte: u8) -> (&str, &str) {
    let mut at = 0;
    while at < text.len() && text.as_bytes()[at] != byte {
        at += 1;
    }
    let (before, after) = text.split_at(at);
    match after.is_empty() {
        true => (before, after),
        false => (before, after.split_at(1).1),
    }
}

#[expect(clippy::indexing_slicing, reason = "see `read`")]
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[expect(clippy::indexing_slicing, reason = "see `read`")]
const fn is_plain(text: &str, quote: u8) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == quote || bytes[at] == b'\\' {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether a text names each of the places once, and nothing else.
#[expect(clippy::indexing_slicing, reason = "see `read`")]
const fn has_places(text: &str, places: &[&str]) -> bool {
    let mut found = 0;
    let (_, mut rest) = cut(text, b'{');
    while !rest.is_empty() {
        let (name, after) = cut(rest, b'}');
        let mut place = 0;
        while place < places.len() && !is_same(name, places[place]) {
            place += 1;
        }
        if place == places.len() {
            return false;
        }
        found += 1;
        rest = cut(after, b'{').1;
    }
    found == places.len()
}

#[cfg(test)]
mod tests;
