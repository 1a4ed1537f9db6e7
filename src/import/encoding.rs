//! From the bytes of an XML file to its text.
//!
//! Owns which encodings are read. Must not know anything of the content but its
//! XML declaration.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::xml::{FILE_MAX, XmlError};

/// How much of the file may be its XML declaration.
const DECLARATION_MAX: usize = 1_024;
/// What ISO-8859-1 is called.
const LATIN1: &[&str] = &["iso-8859-1", "iso8859-1", "latin1", "latin-1"];

/// The file as text.
///
/// UTF-8, with or without a mark; ISO-8859-1 if declared. All else is refused:
/// a wrong guess would be a right that nobody ever gets.
pub(super) fn decode(file: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    if file.len() > FILE_MAX {
        return Err(XmlError::TooLarge);
    }
    // By mark, or by the zero byte beside the first `<`.
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'<', 0, ..] | [0, ..] = file {
        return Err(XmlError::Encoding("UTF-16".to_owned()));
    }
    let marked = file.strip_prefix(b"\xEF\xBB\xBF");
    let content = marked.unwrap_or(file);
    match declared_encoding(content) {
        Some(name) if is_one_of(&name, &["utf-8", "utf8", "us-ascii", "ascii"]) => {}
        // The mark is the stronger evidence: editors add it and leave the declaration.
        Some(name) if is_one_of(&name, LATIN1) && marked.is_some() => {}
        Some(name) if is_one_of(&name, LATIN1) => return latin1(content).map(Cow::Owned),
        Some(name) => return Err(XmlError::Encoding(name)),
        None => {}
    }
    match str::from_utf8(content) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            let before = content.get(..error.valid_up_to()).unwrap_or_default();
            Err(XmlError::NotUtf8 {
                line: before.iter().filter(|&&byte| byte == b'\n').count() + 1,
                column: before
                    .iter()
                    .rev()
                    .take_while(|&&byte| byte != b'\n')
                    .count()
                    + 1,
            })
        }
    }
}

fn declared_encoding(content: &[u8]) -> Option<String> {
    let head = content.get(..DECLARATION_MAX).unwrap_or(content);
    let head = String::from_utf8_lossy(head);
    match Reader::from_str(&head).read_event() {
        Ok(Event::Decl(declaration)) => Some(declaration.encoding()?.ok()?.trim().to_owned()),
        // The walk says what is wrong.
        _ => None,
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// ISO-8859-1 is the first 256 characters of Unicode. Its 0x80–0x9F are control
/// characters that nobody writes: such a file is in windows-1252.
fn latin1(content: &[u8]) -> Result<String, XmlError> {
    if content.iter().any(|byte| matches!(byte, 0x80..=0x9F)) {
        return Err(XmlError::Encoding(
            "windows-1252, declared as ISO-8859-1".to_owned(),
        ));
    }
    Ok(content.iter().map(|&byte| char::from(byte)).collect())
}
