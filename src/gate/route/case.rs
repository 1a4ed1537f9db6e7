//! Paths without regard to case, for apps that read them so (contract,
//! `server.ignore_path_case`).

use crate::gate::request::decode_once;

/// A path as it is compared where case does not matter: letters of any script
/// in lower case, encoded ones decoded. Only for matching, never to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) text: String,
    /// Whether a letter beyond ASCII became one of ASCII, as the Kelvin sign
    /// becomes a `k`: some apps take them for the same, others do not. Or
    /// whether there are encoded bytes that are no UTF-8.
    pub(super) is_doubtful: bool,
}

/// Folds a canonical path or a pattern.
pub(super) fn fold(path: &str) -> Folded {
    let plain = || Folded {
        text: path.to_ascii_lowercase(),
        is_doubtful: false,
    };
    let Some(decoded) = decode_letters(path) else {
        // What an app makes of bytes that are no text, nobody knows.
        return Folded {
            is_doubtful: true,
            ..plain()
        };
    };
    if decoded.is_ascii() {
        return plain();
    }
    let mut text = String::with_capacity(decoded.len());
    let mut is_doubtful = false;
    for letter in decoded.chars() {
        // Upper first: some letters share a capital alone.
        let folded = letter.to_uppercase().flat_map(char::to_lowercase);
        for folded in folded {
            is_doubtful |= folded.is_ascii() && !letter.is_ascii();
            text.push(folded);
        }
    }
    Folded { text, is_doubtful }
}

/// The path with percent-encoded UTF-8 beyond ASCII decoded; `None` if those
/// bytes are no UTF-8.
fn decode_letters(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let encoded = (*first == b'%').then(|| rest.get(..3)).flatten();
        match encoded.map(decode_once).as_deref() {
            Some([byte]) if !byte.is_ascii() => {
                bytes.push(*byte);
                rest = rest.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_script_are_folded() {
        for (path, folded, is_doubtful) in [
            ("/Admin/X", "/admin/x", false),
            ("/a%2Fb%3A", "/a%2fb%3a", false),
            ("/%C3%84", "/ä", false),
            ("/%C3%A4", "/ä", false),
            ("/Stra%C3%9Fe", "/strasse", true),
            ("/%E2%84%AAey", "/key", true),
            ("/%C5%BF", "/s", true),
            ("/%CF%82%CE%A3", "/σσ", false),
            ("/A%FFb", "/a%ffb", true),
            ("/%C3%A4rger/%FF", "/%c3%a4rger/%ff", true),
            ("/%E2%84%AAey/x%FF", "/%e2%84%aaey/x%ff", true),
            ("/%", "/%", false),
        ] {
            let expected = Folded {
                text: folded.to_owned(),
                is_doubtful,
            };
            assert_eq!(fold(path), expected, "{path}");
        }
    }
}
