//! Text that comes back as it was, in values that every header may have.

use http::HeaderValue;

use super::*;
use crate::gate::tests::support::Dice;

const ALL: [Encoding; 5] = [
    Encoding::Raw,
    Encoding::Percent,
    Encoding::Base64,
    Encoding::Rfc2047,
    Encoding::Latin1,
];

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_encoding_says_the_same_text_in_its_way() {
    use Encoding::{Base64, Latin1, Percent, Raw, Rfc2047};
    let rows: &[(Encoding, &str, Option<&[u8]>)] = &[
        (Raw, "Kirsten Holm", Some(b"Kirsten Holm")),
        (Raw, "Søren", Some(b"S\xc3\xb8ren")),
        (Raw, "100%", Some(b"100%")),
        (Raw, "a\tb", None),
        (Raw, "a\u{85}b", None),
        (Percent, "Kirsten Holm", Some(b"Kirsten Holm")),
        (Percent, "Søren", Some(b"S%C3%B8ren")),
        (Percent, "100%", Some(b"100%25")),
        (Percent, "a\r\nb", Some(b"a%0D%0Ab")),
        (Base64, "Søren", Some(b"U8O4cmVu")),
        (Base64, "a", Some(b"YQ==")),
        (Base64, "a\nb", Some(b"YQpi")),
        (Rfc2047, "Kirsten Holm", Some(b"Kirsten Holm")),
        (Rfc2047, "Søren", Some(b"=?UTF-8?B?U8O4cmVu?=")),
        (Rfc2047, "=?UTF-8?B?YWRtaW4=?=", Some(b"=?UTF-8?B?PT9VVEYtOD9CP1lXUnRhVzQ9Pz0=?=")),
        (Rfc2047, "a\nb", Some(b"=?UTF-8?B?YQpi?=")),
        (Latin1, "Søren", Some(b"S\xf8ren")),
        (Latin1, "100%", Some(b"100%")),
        (Latin1, "Łukasz", None),
        (Latin1, "日本", None),
        (Latin1, "a\nb", None),
        (Latin1, "a\u{9b}b", None),
    ];
    for (encoding, text, expected) in rows {
        assert_eq!(encoding.encode(text).as_deref(), *expected, "{encoding:?} {text:?}");
    }
}

#[test]
fn an_encoded_word_is_at_most_75_characters_and_never_cuts_a_character() {
    for text in ["é".repeat(200), "a日".repeat(100), "\u{1f600}".repeat(60)] {
        let encoded = String::from_utf8(Encoding::Rfc2047.encode(&text).unwrap()).unwrap();
        let mut back = String::new();
        for word in encoded.split(' ') {
            assert!(word.len() <= 75, "{word}");
            let inside = word
                .strip_prefix("=?UTF-8?B?")
                .unwrap()
                .strip_suffix("?=")
                .unwrap();
            back += std::str::from_utf8(&STANDARD.decode(inside).unwrap()).unwrap();
        }
        assert_eq!(back, text);
    }
}

#[test]
fn whatever_is_encoded_is_a_legal_value_without_control_characters() {
    let mut dice = Dice::new(7);
    let alphabet: Vec<char> =
        "aB0 ,;=?%\"\\\r\n\t\u{0}\u{1f}\u{7f}\u{80}\u{9f}\u{a0}éÿĀ日\u{2028}\u{feff}😀"
            .chars()
            .collect();
    for _ in 0..20_000 {
        let text: String = (0..dice.below(40)).map(|_| *dice.pick(&alphabet)).collect();
        for encoding in ALL {
            let Some(bytes) = encoding.encode(&text) else {
                continue;
            };
            assert!(
                HeaderValue::from_bytes(&bytes).is_ok(),
                "{encoding:?} {text:?}"
            );
            assert!(
                bytes.iter().all(|b| *b >= 0x20 && *b != 0x7f),
                "{encoding:?} {text:?}"
            );
            if matches!(
                encoding,
                Encoding::Percent | Encoding::Base64 | Encoding::Rfc2047
            ) {
                assert!(bytes.is_ascii(), "{encoding:?} {text:?}");
            }
        }
    }
}
