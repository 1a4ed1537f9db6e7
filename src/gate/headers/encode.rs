//! How text becomes the bytes of a header value.
//!
//! Owns the encodings. A result is always a legal header value (RFC 9110 5.5):
//! text that an encoding cannot say has none. Must not know what the text means.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// An encoding. What it encodes is the whole value, the fixed text of a
/// template included, so that decoding gives the whole value back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 as it is: for apps that read headers as UTF-8, as Go's do.
    Raw,
    /// Bytes outside 0x20–0x7E, and `%`, as `%XX` of their UTF-8.
    Percent,
    /// Base64 of the UTF-8, with padding (RFC 4648 4).
    Base64,
    /// Encoded words (RFC 2047 2), if it is not plain ASCII.
    Rfc2047,
    /// ISO 8859-1, as CGI and WSGI read headers; other characters cannot be said.
    Latin1,
}

impl Encoding {
    /// The bytes, or `None` if the encoding cannot say the text.
    pub(super) fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Raw if text.contains(char::is_control) => None,
            Self::Raw => Some(text.as_bytes().to_vec()),
            Self::Percent => Some(percent(text).into_bytes()),
            Self::Base64 => Some(STANDARD.encode(text).into_bytes()),
            Self::Rfc2047 => Some(encoded_words(text).into_bytes()),
            Self::Latin1 => latin1(text),
        }
    }
}

fn percent(text: &str) -> String {
    let is_plain = |byte: u8| matches!(byte, 0x20..0x7f) && byte != b'%';
    if text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' | ..0x20 | 0x7f.. => out.push_str(&format!("%{byte:02X}")),
            _ => out.push(char::from(byte)),
        }
    }
    out
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|c| u8::try_from(c).ok().filter(|_| !c.is_control()))
        .collect()
}

/// Plain ASCII stays as it is, unless it could be taken for an encoded word.
/// Otherwise words of at most 75 characters, each with whole characters of the
/// text, with a space between them that decoding takes away (RFC 2047 2, 5, 6.2).
fn encoded_words(text: &str) -> String {
    /// 75 without `=?UTF-8?B?` and `?=`, as bytes before base64.
    const WORD_MAX: usize = (75 - 12) / 4 * 3;
    let plain = text.bytes().all(|b| (0x20..0x7f).contains(&b)) && !text.contains("=?");
    if plain {
        return text.to_owned();
    }
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= WORD_MAX => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    let words: Vec<_> = words
        .iter()
        .map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word)))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
