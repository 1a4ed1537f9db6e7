//! `[pages]`: what is wrong with a look of one's own, and where that is told.

use super::*;

/// A frame that writes all it has to.
const FRAME: &str = "<!doctype html>\n<html lang=\"{{ lang }}\">\n<head>{{ head }}</head>\n<body>{{ content }}</body></html>\n";

/// Pictures and templates beside the configuration.
fn files() -> Fake {
    let mut fake = Fake::new();
    let broken = FRAME.replace("<body>", "<body>{{ organisaton }}");
    let forgetful = FRAME.replace("{{ content }}", "");
    let large = format!("<svg>{}</svg>", " ".repeat(64 * 1024));
    let style = FRAME.replace("<body>", "<body style=\"color: red\">");
    for (name, text) in [
        (
            "logo.svg",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>",
        ),
        ("page.pdf", "%PDF-1.7"),
        ("large.svg", &large),
        ("good/page.html", FRAME),
        ("good/style.css", "body { margin: 0 }"),
        ("broken/page.html", &broken),
        ("broken/forbidden.html", FRAME),
        ("unclosed/_frame.html", "{% block a %}\n"),
        ("forgetful/signed-out.html", &forgetful),
        ("styled/page.html", &style),
        ("named/pages.html", FRAME),
        ("ended/style.css", "</style>"),
    ] {
        fake.0.insert(name.to_owned(), text.to_owned());
    }
    fake
}

/// The configuration with a `[pages]` of these lines.
fn with(lines: &str) -> String {
    format!("{SMALLEST}\n[pages]\n{lines}\n")
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_mistake_about_the_look_is_found_with_its_place_and_what_to_do() {
    let long = format!("organisation = \"{}\"", "x".repeat(101));
    let too_long = format!("texts.en = {{ \"signed-out.title\" = \"{}\" }}", "x".repeat(2_001));
    let rows = [
        ("accent = \"blue\"", "pages.accent", "Colour", "six hexadecimal digits"),
        ("accent = \"#12345\"", "pages.accent", "Colour", "six hexadecimal digits"),
        ("accent = \"#12345g\"", "pages.accent", "Colour", "six hexadecimal digits"),
        ("accent_dark = \"#fff\"", "pages.accent_dark", "Colour", "six hexadecimal digits"),
        ("accent = 1", "pages.accent", "WrongType", ""),
        ("organisation = \"\"\"\nA\nB\"\"\"", "pages.organisation", "NotALine", "in one line"),
        (long.as_str(), "pages.organisation", "NotALine", "at most 100 characters"),
        ("logo = \"nowhere.svg\"", "pages.logo", "SourceUnreadable", "put it there"),
        ("logo = \"large.svg\"", "pages.logo", "Logo", "at most 64 KiB"),
        ("logo = \"page.pdf\"", "pages.logo", "Logo", "SVG, PNG, JPEG, WebP or GIF"),
        ("templates = \"nowhere\"", "pages.templates", "SourceUnreadable", "put it there"),
        ("texts.en = { \"signed-out.titel\" = \"x\" }", "pages.texts.en.signed-out.titel", "OwnText", "did you mean \"signed-out.title\"?"),
        ("texts.de = { \"qqqqqqqqqqqqqqqq\" = \"x\" }", "pages.texts.de.qqqqqqqqqqqqqqqq", "OwnText", "words/en.toml"),
        ("texts.da = { \"chooser.text\" = \"{hots}\" }", "pages.texts.da.chooser.text", "OwnText", "places in braces"),
        ("contact = \"call {host}\"", "pages.contact", "OwnText", "places in braces"),
        (too_long.as_str(), "pages.texts.en.signed-out.title", "OwnText", "in fewer words"),
        ("texts.nl = { \"signed-out.title\" = \"x\" }", "pages.texts.nl", "UnknownTable", ""),
        ("acent = \"#1f5fbf\"", "pages.acent", "UnknownKey", "did you mean pages.accent?"),
    ];
    for (lines, key, kind, remedy) in rows {
        let text = with(lines);
        let errors = read_with(&text, &files()).unwrap_err();
        let [error] = errors.as_slice() else { panic!("{lines}: {errors}") };
        assert_eq!((error.key(), variant(error.kind()).as_str()), (key, kind), "{lines}: {errors}");
        assert!(error.remedy().contains(remedy), "{lines}: {errors}");
        let line = text.lines().position(|line| line == "[pages]").unwrap() + 2;
        assert_eq!(error.position().unwrap().line, line, "{lines}: {errors}");
        assert!(errors.to_string().starts_with(&format!("config.toml:{line}: {key}: ")), "{errors}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn a_mistake_in_a_template_is_told_with_its_own_file_and_line() {
    for (folder, place, said) in [
        ("broken", "broken/page.html:4: pages.templates: ", "undefined value"),
        ("unclosed", "unclosed/_frame.html:", "syntax error"),
        ("forgetful", "forgetful/signed-out.html: pages.templates: ", "does not write {{ content }} as it is"),
        ("styled", "styled/page.html: pages.templates: ", "has \"style=\", which the policy"),
        ("named", "named/pages.html: pages.templates: ", "is no page"),
        ("ended", "ended/style.css: pages.templates: ", "holds \"<\""),
    ] {
        let text = with(&format!("templates = \"{folder}\""));
        let errors = read_with(&text, &files()).unwrap_err();
        let [error] = errors.as_slice() else { panic!("{folder}: {errors}") };
        assert_eq!(variant(error.kind()), "PageTemplate", "{errors}");
        let message = errors.to_string();
        assert!(message.starts_with(place) && message.contains(said), "{message}");
        assert!(message.contains("docs/our-pages.md"), "{message}");
    }
}

#[test]
fn what_is_hard_to_see_or_not_heard_is_a_warning() {
    for (lines, key, kind) in [
        ("accent = \"#fefefe\"", "pages.accent", "AccentFaint"),
        (
            "accent_dark = \"#101010\"",
            "pages.accent_dark",
            "AccentFaint",
        ),
        ("logo = \"logo.svg\"", "pages.logo", "LogoUnnamed"),
    ] {
        let warnings = read_with(&with(lines), &files()).unwrap().warnings;
        let [warning] = warnings.as_slice() else {
            panic!("{lines}: {warnings:?}");
        };
        let found = (warning.key(), variant(warning.kind()));
        assert_eq!(found, (key, kind.to_owned()));
    }
    let all = "organisation = \"Exämple\"\nlogo = \"logo.svg\"\naccent = \"#1f5fbf\"\naccent_dark = \"#8ab4f8\"\n\
        contact = \"call us\"\ntemplates = \"good\"\ntexts.de = { \"signed-out.title\" = \"Tschüss\" }\n";
    let loaded = read_with(&with(all), &files()).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn a_folder_without_templates_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.toml");
    std::fs::write(&path, with("templates = \"look\"")).unwrap();
    let message = || match load(&path, SecretsMode::Skip) {
        Ok(_) => String::new(),
        Err(errors) => errors.to_string(),
    };
    assert!(message().contains("pages.templates: "), "{}", message());
    std::fs::create_dir(folder.path().join("look")).unwrap();
    let empty = message();
    assert!(
        empty.contains("names a folder without any template"),
        "{empty}"
    );
    std::fs::write(folder.path().join("look/page.html"), FRAME).unwrap();
    assert_eq!(message(), "");
}
