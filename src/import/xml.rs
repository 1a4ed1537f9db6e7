//! Reading XML that anybody may have written.
//!
//! Owns what is refused: DTDs and with them all entities but the predefined ones,
//! sizes and depths that no honest file has. Must not know what
//! the nodes mean: that is the [`Visit`]or's.

use std::fmt;

use quick_xml::Reader;
use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Largest file, in bytes.
pub const FILE_MAX: usize = 16 << 20;
/// Deepest nesting of nodes.
const DEPTH_MAX: usize = 64;
/// Most attributes of one node: duplicates are looked for among them.
const ATTRIBUTES_MAX: usize = 64;
/// Longest name of a node or an attribute, in bytes.
const NAME_MAX: usize = 256;
/// Longest piece of the file that a message shows, in characters.
const SHOWN_MAX: usize = 60;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// Larger than [`FILE_MAX`].
    #[error("larger than {} MiB\n    take out what is no mapping", FILE_MAX >> 20)]
    TooLarge,
    /// In an encoding that is not read here.
    #[error(
        "the encoding {} is not read here\n    save it as UTF-8 and declare encoding=\"UTF-8\"; for example with iconv -f ENCODING -t UTF-8",
        Shown(.0)
    )]
    Encoding(String),
    /// UTF-8 by what it says, and not by what it holds.
    #[error(
        "line {line}, column {column}: not UTF-8\n    save it as UTF-8, or declare the encoding it is in"
    )]
    NotUtf8 {
        /// Line.
        line: usize,
        /// Column, in bytes: there are no characters here.
        column: usize,
    },
    /// A document type: the door to entities that grow or read files.
    #[error(
        "line {line}: a DOCTYPE is refused, and all it could define\n    remove it from <!DOCTYPE to its last >"
    )]
    Doctype {
        /// Line.
        line: usize,
    },
    /// An entity other than the five predefined ones.
    #[error(
        "line {line}, column {column}: the entity {} is not known\n    write the character itself; a plain & is written &amp;",
        Shown(.name)
    )]
    Entity {
        /// Its name.
        name: String,
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// Nested deeper than any mapping.
    #[error("line {line}: more than {DEPTH_MAX} nodes inside each other")]
    TooDeep {
        /// Line.
        line: usize,
    },
    /// A node with more attributes than any mapping has.
    #[error("line {line}: more than {ATTRIBUTES_MAX} attributes at one node")]
    TooManyAttributes {
        /// Line.
        line: usize,
    },
    /// No XML.
    #[error("line {line}, column {column}: {source}")]
    Syntax {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// What is wrong there.
        source: SyntaxError,
    },
}

/// What makes a file no XML.
#[derive(Debug, thiserror::Error)]
pub enum SyntaxError {
    /// What the parser found.
    #[error(transparent)]
    Markup(#[from] quick_xml::Error),
    /// An attribute not written `name="value"`.
    #[error("an attribute is not written name=\"value\"")]
    Attribute(#[from] AttrError),
    /// The same attribute twice at one node.
    #[error("the attribute {} twice", Shown(.0))]
    AttributeTwice(String),
    /// No name for a node or an attribute.
    #[error("{} is no name of a node", Shown(.0))]
    Name(String),
    /// A node that another one's end tag closes.
    #[error("the end tag of {} was expected, {} found", Shown(.expected), Shown(.found))]
    Mismatch {
        /// The node that is open.
        expected: String,
        /// The end tag.
        found: String,
    },
    /// An end tag without a start.
    #[error("the end tag of {}, which is not open", Shown(.0))]
    NotOpen(String),
    /// A node that nothing closes.
    #[error("the file ends before the end tag of {}", Shown(.0))]
    Unclosed(String),
    /// A file without any node.
    #[error("no XML: there is no node in it")]
    NoRoot,
    /// Two outermost nodes.
    #[error("a second outermost node")]
    SecondRoot,
    /// Text before or after the outermost node.
    #[error("text outside the outermost node; is it XML?")]
    TextOutside,
    /// An XML declaration that is not at the very beginning.
    #[error("an XML declaration that is not the first thing in the file")]
    Declaration,
    /// A character that XML forbids or advises against, itself or as a reference.
    #[error("the control character U+{0:04X}")]
    Control(u32),
}

/// Who is told what the file holds, in its order. Names come without prefix.
pub(super) trait Visit {
    /// A node begins.
    fn open(&mut self, name: &str, line: usize);
    /// An attribute of the node that has just begun.
    fn attribute(&mut self, name: &str, value: &str, line: usize);
    /// A piece of the innermost open node's text.
    fn text(&mut self, text: &str);
    /// The innermost open node ends.
    fn close(&mut self);
}

/// Tells the visitor everything in the file.
pub(super) fn walk(text: &str, visitor: &mut impl Visit) -> Result<(), XmlError> {
    Walk {
        text,
        start: 0,
        line: 1,
        open: Vec::new(),
        root_seen: false,
    }
    .run(visitor)
}

struct Walk<'t> {
    text: &'t str,
    /// Where the event at hand begins, and its line.
    start: usize,
    line: usize,
    /// Names of the open nodes, as written.
    open: Vec<String>,
    root_seen: bool,
}

impl Walk<'_> {
    fn run(mut self, visitor: &mut impl Visit) -> Result<(), XmlError> {
        let mut reader = Reader::from_str(self.text);
        // Checked here, so that messages have the length and form of ours.
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        loop {
            let event = reader.read_event();
            if self.is_doctype() {
                return Err(XmlError::Doctype { line: self.line });
            }
            let next = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            self.check_characters(next)?;
            match event {
                Ok(Event::Start(tag)) => self.open(&tag, visitor)?,
                Ok(Event::Empty(tag)) => {
                    self.open(&tag, visitor)?;
                    self.open.pop();
                    visitor.close();
                }
                Ok(Event::End(tag)) => self.close(tag.name().0, visitor)?,
                Ok(Event::Text(text)) => self.characters(&text.xml10_content(), false, visitor)?,
                Ok(Event::CData(text)) => self.characters(&text.xml10_content(), true, visitor)?,
                Ok(Event::GeneralRef(reference)) => {
                    let c = self.resolve(&reference)?;
                    self.characters(c.encode_utf8(&mut [0; 4]), true, visitor)?;
                }
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(Event::Decl(_)) if self.start == 0 => {}
                Ok(Event::Decl(_)) => return Err(self.wrong(SyntaxError::Declaration)),
                Ok(Event::DocType(_)) => return Err(XmlError::Doctype { line: self.line }),
                Ok(Event::Eof) => return self.end(),
                Err(error) => {
                    let offset = usize::try_from(reader.error_position()).unwrap_or(self.start);
                    return Err(syntax(self.text, offset, error.into()));
                }
            }
            self.advance(next);
        }
    }

    /// Whether the event at hand is a DOCTYPE, be it ever so broken.
    fn is_doctype(&self) -> bool {
        const MARK: &str = "<!DOCTYPE";
        let begins = self.text.get(self.start..self.start + MARK.len());
        begins.is_some_and(|begins| begins.eq_ignore_ascii_case(MARK))
    }

    /// Looks through the event at hand, as far as the parser got with it.
    fn check_characters(&self, next: usize) -> Result<(), XmlError> {
        let passed = self.text.get(self.start..next).unwrap_or_default();
        match passed.char_indices().find(|&(_, c)| !is_legal(c)) {
            Some((at, c)) => {
                let offset = self.start + at;
                Err(syntax(self.text, offset, SyntaxError::Control(c.into())))
            }
            None => Ok(()),
        }
    }

    fn advance(&mut self, next: usize) {
        let passed = self.text.get(self.start..next).unwrap_or_default();
        self.line += passed.bytes().filter(|&byte| byte == b'\n').count();
        self.start = next;
    }

    fn open(&mut self, tag: &BytesStart<'_>, visitor: &mut impl Visit) -> Result<(), XmlError> {
        if self.open.is_empty() && self.root_seen {
            return Err(self.wrong(SyntaxError::SecondRoot));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(XmlError::TooDeep { line: self.line });
        }
        let name = tag.name().0;
        visitor.open(self.local(name)?, self.line);
        self.open.push(name.to_owned());
        self.root_seen = true;

        let mut seen: Vec<&str> = Vec::new();
        // The parser's own look for duplicates compares each with each, without bound.
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| self.wrong(error.into()))?;
            let name = attribute.key.0;
            if seen.contains(&name) {
                return Err(self.wrong(SyntaxError::AttributeTwice(name.to_owned())));
            }
            if seen.len() >= ATTRIBUTES_MAX {
                return Err(XmlError::TooManyAttributes { line: self.line });
            }
            seen.push(name);
            let local = self.local(name)?;
            let value = self.unescape(&attribute.value)?;
            if name != "xmlns" && !name.starts_with("xmlns:") {
                visitor.attribute(local, &value, self.line);
            }
        }
        Ok(())
    }

    fn close(&mut self, found: &str, visitor: &mut impl Visit) -> Result<(), XmlError> {
        match self.open.pop() {
            Some(expected) if expected == found => {
                visitor.close();
                Ok(())
            }
            Some(expected) => Err(self.wrong(SyntaxError::Mismatch {
                expected,
                found: found.to_owned(),
            })),
            None => Err(self.wrong(SyntaxError::NotOpen(found.to_owned()))),
        }
    }

    /// `meant`: even white space is text, outside the outermost node too.
    fn characters(&self, text: &str, meant: bool, to: &mut impl Visit) -> Result<(), XmlError> {
        if !self.open.is_empty() {
            to.text(text);
        } else if meant || !text.trim().is_empty() {
            return Err(self.wrong(SyntaxError::TextOutside));
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), XmlError> {
        match self.open.pop() {
            Some(name) => Err(self.wrong(SyntaxError::Unclosed(name))),
            None if self.root_seen => Ok(()),
            None => Err(self.wrong(SyntaxError::NoRoot)),
        }
    }

    /// The name without its prefix.
    fn local<'n>(&self, name: &'n str) -> Result<&'n str, XmlError> {
        let local = local_name(name);
        let begins = local.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let goes_on = |c: char| {
            c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '·') || !c.is_ascii()
        };
        if begins && name.len() <= NAME_MAX && name.chars().all(goes_on) {
            Ok(local)
        } else {
            Err(self.wrong(SyntaxError::Name(name.to_owned())))
        }
    }

    fn unescape(&self, raw: &str) -> Result<String, XmlError> {
        let mut value = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('&') {
            let (name, after) = after.split_once(';').unwrap_or((after, ""));
            value.push_str(before);
            value.push(self.resolve(&BytesRef::new(name))?);
            rest = after;
        }
        value.push_str(rest);
        Ok(value)
    }

    /// The one character of a reference. Only what XML itself defines: no DTD, no others.
    fn resolve(&self, reference: &BytesRef<'_>) -> Result<char, XmlError> {
        let resolved = match reference.resolve_char_ref() {
            Ok(Some(c)) => c,
            Ok(None) => match &**reference {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                name => {
                    let (line, column) = position(self.text, self.start);
                    let name = name.chars().take(SHOWN_MAX).collect();
                    return Err(XmlError::Entity { name, line, column });
                }
            },
            Err(error) => return Err(self.wrong(error.into())),
        };
        if is_legal(resolved) {
            Ok(resolved)
        } else {
            Err(self.wrong(SyntaxError::Control(resolved.into())))
        }
    }

    fn wrong(&self, source: SyntaxError) -> XmlError {
        syntax(self.text, self.start, source)
    }
}

fn syntax(text: &str, offset: usize, source: SyntaxError) -> XmlError {
    let (line, column) = position(text, offset);
    XmlError::Syntax {
        line,
        column,
        source,
    }
}

/// Line and column of an offset, both from one; columns in characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    (line, column)
}

/// A name without its prefix. Prefixes differ from file to file; what they stand for is not looked up.
pub(super) fn local_name(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// XML's characters, less the control characters that it advises against: they are
/// the mark of a wrong encoding, and no terminal should get them from us.
fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || !(c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}'))
}

/// A piece of the file in a message: short, quoted, on one line.
pub(super) struct Shown<'s>(pub(super) &'s str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short: String = self.0.chars().take(SHOWN_MAX).collect();
        let more = if short.len() < self.0.len() {
            "…"
        } else {
            ""
        };
        write!(f, "{short:?}{more}")
    }
}
