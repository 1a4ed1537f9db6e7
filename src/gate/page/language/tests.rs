use http::{HeaderMap, HeaderValue};

use super::Language::{self, Danish, English, French, German, Spanish};

fn asked(lines: &[&str]) -> Language {
    let mut headers = HeaderMap::new();
    for line in lines {
        let line = HeaderValue::from_bytes(line.as_bytes()).unwrap();
        headers.append("accept-language", line);
    }
    Language::asked_for(&headers)
}

#[test]
fn the_language_of_the_highest_weight_is_spoken() {
    let table: &[(&str, Language)] = &[
        ("", English),
        ("de", German),
        ("fr", French),
        ("es", Spanish),
        ("da", Danish),
        ("en", English),
        ("DE", German),
        ("de-CH", German),
        ("de-Latn-AT-1996", German),
        ("es-419,es;q=0.9", Spanish),
        ("da, en-gb;q=0.8, en;q=0.7", Danish),
        ("en;q=0.5, fr;q=0.6", French),
        // Equal weights: the first.
        ("fr, de", French),
        ("de;q=0.5, da;q=0.5", German),
        // What we do not speak is passed over.
        ("nl, de;q=0.1", German),
        ("nl, pt-BR", English),
        ("nl;q=1, da;q=0.001", Danish),
        // A longer word is another language.
        ("den", English),
        ("deu", English),
        ("fr_FR", English),
        // Zero rules out.
        ("de;q=0", English),
        ("de;q=0, fr;q=0.1", French),
        ("de;q=0.0, *", English),
        ("en;q=0, *", German),
        ("en;q=0, de;q=0.000, *;q=0.5", French),
        ("en;q=0", English),
        // Any: the fall-back, by its own weight.
        ("*", English),
        ("*, de", English),
        ("*;q=0.5, de", German),
        ("de;q=0.4, *;q=0.5", English),
        ("*;q=0", English),
        // White space as the grammar has it.
        (" de ; q=0.3 ,\tfr ; Q=0.9", French),
        ("de;q=1.000,fr;q=0.999", German),
        // What is no weight counts for nothing.
        ("de;q=1.1, fr;q=0.1", French),
        ("de;q=-1, fr;q=0.1", French),
        ("de;q=.5, fr;q=0.1", French),
        ("de;q=0.1234, fr;q=0.1", French),
        ("de;q=1e0, fr;q=0.1", French),
        ("de;level=1, fr;q=0.1", French),
        ("de;q, fr;q=0.1", French),
        ("de;q=0.5;q=0.1, fr;q=0.1", French),
        (";q=1, ,,-, fr;q=0.1", French),
    ];
    for (header, language) in table {
        assert_eq!(asked(&[header]), *language, "{header:?}");
    }
}

#[test]
fn several_lines_are_one_list_and_no_bytes_are_too_odd() {
    assert_eq!(asked(&["nl", "de;q=0.2", "da;q=0.3"]), Danish);
    assert_eq!(asked(&["d\u{e9}", "fr;q=0.1"]), French);
    assert_eq!(asked(&[]), English);
    // A header that goes on for ever is not read for ever.
    let long = format!("{}fr", "nl,".repeat(100));
    assert_eq!(asked(&[&long]), English);
}

#[test]
fn tags_are_found_again() {
    for language in Language::ALL {
        assert_eq!(Language::of_tag(language.tag()), Some(language));
    }
    assert_eq!(Language::of_tag("DE"), None);
}
