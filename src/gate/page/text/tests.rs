use super::{EN, Phrasebook, read};
use crate::gate::page::words::{COUNT, KEYS};
use crate::gate::page::{Language, Text, Word};

const FILES: [(Language, &str); 5] = [
    (Language::English, include_str!("../words/en.toml")),
    (Language::German, include_str!("../words/de.toml")),
    (Language::French, include_str!("../words/fr.toml")),
    (Language::Spanish, include_str!("../words/es.toml")),
    (Language::Danish, include_str!("../words/da.toml")),
];

/// What is said in another language as it is in English, and no more than that.
const SHARED: [(&str, &[Language]); 6] = [
    (
        "shared.colon",
        &[Language::German, Language::Spanish, Language::Danish],
    ),
    ("shared.reference", &[Language::Danish]),
    ("too-large.bytes", &[Language::Spanish, Language::Danish]),
    // A unit, which one and many share.
    ("whoami.minutes", &Language::ALL),
    (
        "whoami.userinfo",
        &[Language::French, Language::Spanish, Language::Danish],
    ),
    // A name, and where it comes from in brackets.
    ("whoami.absent-value", &Language::ALL),
];

#[test]
fn the_files_are_toml_and_say_what_the_program_says() {
    for (language, file) in FILES {
        let table: toml::Table = toml::from_str(file).unwrap();
        let book = Phrasebook::built_in(language);
        assert_eq!(book.language(), language);
        let mut count = 0;
        for (group, texts) in &table {
            for (name, text) in texts.as_table().unwrap() {
                let key = format!("{group}.{name}");
                let index = KEYS.iter().position(|known| *known == key).unwrap();
                assert_eq!(book.wording(index), text.as_str().unwrap(), "{key}");
                count += 1;
            }
        }
        assert_eq!(count, COUNT, "{language:?}");
    }
}

#[test]
fn every_text_is_said_and_said_in_its_language() {
    for (language, _) in FILES {
        let book = Phrasebook::built_in(language);
        for (index, key) in KEYS.iter().enumerate() {
            let text = book.wording(index);
            // No word, but what stands between the digits of a number; and an empty line.
            if ["shared.thousands", "shared.contact"].contains(key) {
                continue;
            }
            assert!(!text.trim().is_empty(), "{key}");
            assert!(!text.contains("  "), "{language:?} {key}");
            // A point between thousands ends no sentence.
            let is_sentence = |text: &str| text.len() > 1 && text.ends_with(['.', '?', '!']);
            assert_eq!(
                is_sentence(text),
                is_sentence(EN[index]),
                "{language:?} {key}: {text}"
            );
            let is_shared = SHARED
                .iter()
                .any(|(shared, by)| shared == key && by.contains(&language));
            if language != Language::English {
                assert_eq!(text == EN[index], is_shared, "{language:?} {key}: {text}");
            }
        }
    }
}

#[test]
fn places_are_filled_once_and_what_fills_them_is_not_read_again() {
    let word = Word::CirclesStopped {
        what: "{what} {host}".to_owned().into(),
    };
    let book = Phrasebook::english();
    assert_eq!(
        book.word(word),
        "{what} {host} So it was stopped after three attempts."
    );
    let both = Word::ForbiddenBoth {
        first: Word::ForbiddenGroup {
            values: "A".to_owned().into(),
        }
        .into(),
        second: "b".to_owned().into(),
    };
    let german = Phrasebook::built_in(Language::German);
    assert_eq!(german.word(both.clone()), "die Gruppe A sowie b");
    assert_eq!(Text::from(both).to_string(), "the group A, and b");
}

#[test]
fn numbers_are_set_off_as_each_language_does() {
    let said = [
        (Language::English, "1,234,567"),
        (Language::German, "1.234.567"),
        (Language::French, "1\u{202f}234\u{202f}567"),
        (Language::Spanish, "1.234.567"),
        (Language::Danish, "1.234.567"),
    ];
    for (language, text) in said {
        let book = Phrasebook::built_in(language);
        assert_eq!(book.say(&Text::Number(1_234_567)), text);
        assert_eq!(book.say(&Text::Number(999)), "999");
    }
}

#[test]
fn a_word_does_not_show_what_fills_it() {
    let word = Word::ForbiddenGroup {
        values: "Editors".to_owned().into(),
    };
    let shown = format!(
        "{word:?} {:?} {:?}",
        Text::from(word.clone()),
        Text::Number(7)
    );
    assert_eq!(shown, "forbidden.group forbidden.group [redacted]");
}

/// The file with one line changed, as the build would read it.
fn english_with(line: &str, instead: &str) -> &'static str {
    let file = FILES[0].1;
    assert_eq!(file.matches(line).count(), 1, "{line}");
    Box::leak(file.replace(line, instead).into_boxed_str())
}

#[test]
fn the_file_as_it_is_can_be_read() {
    assert_eq!(read(english_with("# Signing out\n", "")), EN);
}

#[test]
#[should_panic(expected = "a key is missing, or misplaced")]
fn a_missing_line_does_not_compile() {
    read(english_with("logout.title = \"Sign out?\"\n", ""));
}

#[test]
#[should_panic(expected = "a line is missing at the end")]
fn a_missing_last_line_does_not_compile() {
    read(english_with(
        "unknown-address.configured = \"Configured\"\n",
        "",
    ));
}

#[test]
#[should_panic(expected = "a key is missing, or misplaced")]
fn a_misspelt_key_does_not_compile() {
    read(english_with("logout.title", "logout.titel"));
}

#[test]
#[should_panic(expected = "a line too many")]
fn a_line_too_many_does_not_compile() {
    read(english_with(
        "unknown-address.configured = \"Configured\"\n",
        "unknown-address.configured = \"Configured\"\nmore = \"More\"\n",
    ));
}

#[test]
#[should_panic(expected = "other places than its word")]
fn a_misspelt_place_does_not_compile() {
    read(english_with("{origin}", "{orign}"));
}

#[test]
#[should_panic(expected = "other places than its word")]
fn a_place_that_is_not_filled_does_not_compile() {
    read(english_with("\"Open {origin}\"", "\"Open\""));
}

#[test]
#[should_panic(expected = "a quotation mark or a backslash")]
fn an_escape_does_not_compile() {
    read(english_with("\"Sign out?\"", "\"Sign\\tout?\""));
}
