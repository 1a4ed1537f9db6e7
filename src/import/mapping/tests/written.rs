//! What is written: TOML that says what the file said, whatever stands in it.

use std::path::Path;

use super::super::{Imported, import_mapping};
use super::{GROUPS, RIGHTS, import, options};

#[test]
fn the_issue_s_access_rights_become_this_table() {
    let options = options("ExternalSystemAccess", "EncodeAccessRight", false);
    let imported = import_mapping(RIGHTS.as_bytes(), &options).unwrap();
    assert!(imported.notes.is_empty());
    assert_eq!(
        imported.to_toml(Path::new("/home/someone/rights.xml")),
        r#"# From "rights.xml", "ExternalSystemAccess" to "EncodeAccessRight", by `vestibule import mapping`.
# Paste this below [identity.access_right], which needs its `claim`;
# or save it, and write there: map_file = "FILE.toml"
[identity.access_right.map]
"Global Company" = "Admin"
"Local Company" = "Sales Manager"
"#
    );
}

#[test]
fn the_issue_s_groups_become_this_table() {
    let options = options("ExternalSystemAccess", "EncodeGroup", true);
    // As the issue has it, and in the document that it is taken from.
    for xml in [
        GROUPS,
        &format!("<MappingDocument>{GROUPS}</MappingDocument>"),
    ] {
        let imported = import_mapping(xml.as_bytes(), &options).unwrap();
        assert!(imported.notes.is_empty());
        assert_eq!(
            imported.to_toml(Path::new("groups.xml")),
            r#"# From "groups.xml", "ExternalSystemAccess" to "EncodeGroup", by `vestibule import mapping`.
# Paste this below [identity.groups];
# or save it, and write there: map_file = "FILE.toml"
[identity.groups.map]
"Local Company" = ["Argentina", "Chile", "Bolivia"]
"#
        );
    }
}

#[test]
fn a_file_name_cannot_leave_the_comment() {
    let imported = import("<D><K>a</K><V>x</V></D>").unwrap();
    for name in [
        "x\n[server]\nlisten=\"0.0.0.0:1\"",
        "x\r\ny",
        "\u{85}",
        "..",
        "",
        "dir/päth.xml",
    ] {
        let toml = imported.to_toml(Path::new(name));
        let table: toml::Table = toml.parse().unwrap();
        assert_eq!(table.keys().collect::<Vec<_>>(), ["identity"], "{toml}");
        assert_eq!(toml.lines().filter(|line| line.starts_with('#')).count(), 3);
    }
    assert!(
        !imported
            .to_toml(Path::new("/secret/place/x.xml"))
            .contains("place")
    );
}

/// What a reader of the configuration makes of the output.
fn read_back(toml: &str, section: &str) -> Vec<(String, Vec<String>)> {
    let table: toml::Table = toml
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{toml}"));
    let map = table["identity"][section]["map"].as_table().unwrap();
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    let names = |value: &toml::Value| match value {
        toml::Value::Array(names) => names.iter().map(text).collect(),
        one => vec![text(one)],
    };
    let mut map: Vec<_> = map
        .iter()
        .map(|(key, value)| (key.clone(), names(value)))
        .collect();
    map.sort();
    map
}

fn entries_of(imported: &Imported) -> Vec<(String, Vec<String>)> {
    let mut entries: Vec<_> = imported
        .entries
        .iter()
        .map(|entry| (entry.key.clone(), entry.names.clone()))
        .collect();
    entries.sort();
    entries
}

#[test]
fn awkward_keys_and_values_survive_as_toml() {
    let texts = [
        "a\"b",
        "a'b",
        "'''",
        "\"\"\"",
        "a\\b",
        "\\u0041",
        "a\nb",
        "a\tb",
        "a\rb",
        "a.b",
        "a = b",
        "# a",
        "[a]",
        "東京",
        "e\u{301}",
        "🎈",
        "\u{2028}",
        "true",
        "1",
        "nan",
        "CN=Admins,OU=Groups,DC=example",
        "-",
    ];
    for text in texts {
        // A carriage return only survives as a reference.
        let escaped = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('\r', "&#13;");
        let xml = format!("<D><M><K>a{escaped}z</K><V>b{escaped}z</V></M></D>");
        let imported = import_mapping(xml.as_bytes(), &options("K", "V", false)).unwrap();
        let toml = imported.to_toml(Path::new("x.xml"));
        let expected = vec![(format!("a{text}z"), vec![format!("b{text}z")])];
        assert_eq!(read_back(&toml, "access_right"), expected);
        assert_eq!(toml.lines().count(), 5, "{toml}");
    }
}

/// Small, fast, and the same on every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn text(&mut self, alphabet: &str) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let length = 1 + self.below(8);
        (0..length)
            .map(|_| alphabet[self.below(alphabet.len())])
            .collect()
    }
}

#[test]
fn any_map_written_as_xml_comes_back_from_its_toml() {
    const ALPHABET: &str = "ab.\"'\\#=[]{}<>&,\n\t é東🎈";
    let mut dice = Dice(1);
    for _ in 0..2_000 {
        let split = dice.below(2) == 0;
        let mut expected: Vec<(String, Vec<String>)> = Vec::new();
        let mut xml = String::from("<D>");
        for row in 0..dice.below(6) + 1 {
            // Never blank, never twice.
            let key = format!("{row}{}k", dice.text(ALPHABET));
            let mut names: Vec<String> = Vec::new();
            for name in 0..if split { dice.below(4) + 1 } else { 1 } {
                let text = dice.text(ALPHABET);
                let text = if split { text.replace(',', "") } else { text };
                names.push(format!("{name}{text}v"));
            }
            let written = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
            let wrap = ["", "W", "x:Y"][dice.below(3)];
            let (open, close) = match wrap {
                "" => (String::new(), String::new()),
                wrap => (format!("<{wrap}>"), format!("</{wrap}>")),
            };
            let value = format!("{open}<V> {}\n</V>{close}", written(&names.join(" ,, ")));
            let key_node = format!("<K>\n{} </K>", written(&key));
            match dice.below(2) {
                0 => xml.push_str(&format!("<M>{key_node}{value}</M>")),
                _ => xml.push_str(&format!("<M>{value}<!-- c -->{key_node}</M>")),
            }
            expected.push((key, names));
        }
        xml.push_str("</D>");
        expected.sort();
        let imported = import_mapping(xml.as_bytes(), &options("K", "V", split)).unwrap();
        assert!(imported.notes.is_empty(), "{xml}\n{:?}", imported.notes);
        let section = if split { "groups" } else { "access_right" };
        assert_eq!(
            read_back(&imported.to_toml(Path::new("x.xml")), section),
            expected,
            "{xml}"
        );
    }
}

#[test]
fn mutated_files_never_panic_and_what_is_read_is_toml() {
    const PIECES: &[&str] = &[
        "<",
        ">",
        "</",
        "/>",
        "&",
        ";",
        "&amp;",
        "&#",
        "&#x41;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "<!DOCTYPE",
        "<K>",
        "</K>",
        "<V>",
        "</V>",
        "<M>",
        "</M>",
        "\"",
        "'",
        " a='b'",
        ",",
        "\n",
        "\0",
        "\u{9b}",
        "\u{FEFF}",
        "é",
        "xmlns:K='u'",
        ":",
    ];
    let seed = "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<D xmlns:m=\"u\"><!-- c --><m:M id='1'><K>a &amp; b</K><V>x, y</V></m:M>\
                <M><K><![CDATA[c]]></K><W><V>z</V><V/></W></M><K>d</K><V>w</V></D>";
    let mut dice = Dice(2);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut xml = seed.as_bytes().to_vec();
        for _ in 0..=dice.below(4) {
            let at = dice.below(xml.len() + 1);
            let end = (at + dice.below(12)).min(xml.len());
            match dice.below(5) {
                0 => xml.truncate(at),
                1 => drop(xml.drain(at..end)),
                2 => drop(xml.splice(at..end, PIECES[dice.below(PIECES.len())].bytes())),
                3 => {
                    let piece = xml[at..end].to_vec();
                    let to = dice.below(xml.len() + 1);
                    drop(xml.splice(to..to, piece));
                }
                _ => {
                    let byte = dice.roll().to_le_bytes()[0];
                    if let Some(place) = xml.get_mut(at) {
                        *place = byte;
                    }
                }
            }
        }
        match import_mapping(&xml, &options("K", "V", true)) {
            Ok(imported) => {
                read += 1;
                let toml = imported.to_toml(Path::new("x.xml"));
                assert_eq!(read_back(&toml, "groups"), entries_of(&imported));
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().len() < 5_000);
            }
        }
    }
    assert!(
        read > 1_000 && refused > 1_000,
        "{read} read, {refused} refused"
    );
}
