//! What a mapping file becomes, as tables of files; then what no file may do.

use std::path::Path;
use std::time::Duration;

use super::{ENTRIES_MAX, Imported, MappingError, MappingOptions, Note, import_mapping};
use crate::import::xml::{FILE_MAX, SyntaxError, XmlError};

/// The samples of issue 3.
const RIGHTS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><MappingDocument><Mapping><ExternalSystemAccess>Global Company</ExternalSystemAccess><EncodeAccessRight>Admin</EncodeAccessRight></Mapping><Mapping><ExternalSystemAccess>Local Company</ExternalSystemAccess><EncodeAccessRight>Sales Manager</EncodeAccessRight></Mapping></MappingDocument>"#;
const GROUPS: &str = r#"<Mapping><ExternalSystemAccess>Local Company</ExternalSystemAccess><EncodeGroup>Argentina, Chile, Bolivia</EncodeGroup></Mapping>"#;

/// As few entities as it takes for a billion.
const LAUGHS: &str = r#"<?xml version="1.0"?>
<!DOCTYPE lolz [
 <!ENTITY lol "lol">
 <!ELEMENT lolz (#PCDATA)>
 <!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
 <!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">
 <!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">
 <!ENTITY lol4 "&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;">
 <!ENTITY lol5 "&lol4;&lol4;&lol4;&lol4;&lol4;&lol4;&lol4;&lol4;&lol4;&lol4;">
 <!ENTITY lol6 "&lol5;&lol5;&lol5;&lol5;&lol5;&lol5;&lol5;&lol5;&lol5;&lol5;">
 <!ENTITY lol7 "&lol6;&lol6;&lol6;&lol6;&lol6;&lol6;&lol6;&lol6;&lol6;&lol6;">
 <!ENTITY lol8 "&lol7;&lol7;&lol7;&lol7;&lol7;&lol7;&lol7;&lol7;&lol7;&lol7;">
 <!ENTITY lol9 "&lol8;&lol8;&lol8;&lol8;&lol8;&lol8;&lol8;&lol8;&lol8;&lol8;">
]>
<D><M><K>&lol9;</K><V>x</V></M></D>"#;

fn options(key: &str, value: &str, split: bool) -> MappingOptions {
    MappingOptions {
        key: key.to_owned(),
        value: value.to_owned(),
        split,
    }
}

/// Nodes K and V, values split.
fn import(xml: &str) -> Result<Imported, MappingError> {
    import_mapping(xml.as_bytes(), &options("K", "V", true))
}

fn pairs(imported: &Imported) -> Vec<(&str, Vec<&str>)> {
    let entries = imported.entries.iter();
    entries
        .map(|entry| {
            let names = entry.names.iter().map(String::as_str).collect();
            (entry.key.as_str(), names)
        })
        .collect()
}

/// `a=x|y; b=z`, then each note's kind and line.
fn told(result: Result<Imported, MappingError>) -> String {
    let (entries, notes) = match &result {
        Ok(imported) => (pairs(imported), &imported.notes),
        Err(MappingError::NothingFound { notes, .. }) => (Vec::new(), notes),
        Err(error) => return error_kind(error).to_owned(),
    };
    let entries = entries
        .iter()
        .map(|(key, names)| format!("{key}={}", names.join("|")));
    let notes = notes.iter().map(|note| {
        let kind = match note {
            Note::Case { .. } => "case",
            Note::KeyAlone { .. } => "key-alone",
            Note::ValueAlone { .. } => "value-alone",
            Note::EmptyKey { .. } => "empty-key",
            Note::Unclear { .. } => "unclear",
            Note::NotText { .. } => "not-text",
            Note::SecondValue { .. } => "second-value",
        };
        format!("{kind}@{}", note.line())
    });
    entries.chain(notes).collect::<Vec<_>>().join("; ")
}

fn error_kind(error: &MappingError) -> &'static str {
    match error {
        MappingError::NoName { .. } => "NoName",
        MappingError::SameNode(_) => "SameNode",
        MappingError::NoSuchNode { .. } => "NoSuchNode",
        MappingError::UnclearCase { .. } => "UnclearCase",
        MappingError::NothingFound { .. } => "NothingFound",
        MappingError::TooMany => "TooMany",
        MappingError::Xml(error) => match error {
            XmlError::TooLarge => "TooLarge",
            XmlError::Encoding(_) => "Encoding",
            XmlError::NotUtf8 { .. } => "NotUtf8",
            XmlError::Doctype { .. } => "Doctype",
            XmlError::Entity { .. } => "Entity",
            XmlError::TooDeep { .. } => "TooDeep",
            XmlError::TooManyAttributes { .. } => "TooManyAttributes",
            XmlError::Syntax { source, .. } => match source {
                SyntaxError::Markup(_) => "Markup",
                SyntaxError::Attribute(_) => "Attribute",
                SyntaxError::AttributeTwice(_) => "AttributeTwice",
                SyntaxError::Name(_) => "Name",
                SyntaxError::Mismatch { .. } => "Mismatch",
                SyntaxError::NotOpen(_) => "NotOpen",
                SyntaxError::Unclosed(_) => "Unclosed",
                SyntaxError::NoRoot => "NoRoot",
                SyntaxError::SecondRoot => "SecondRoot",
                SyntaxError::TextOutside => "TextOutside",
                SyntaxError::Declaration => "Declaration",
                SyntaxError::Control(_) => "Control",
            },
        },
    }
}

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
fn rows_are_found_in_any_structure_and_doubt_pairs_nothing() {
    let table = [
        // Shapes.
        ("<D><M><K>a</K><V>x</V></M></D>", "a=x"),
        ("<D><M><V>x</V><K>a</K></M></D>", "a=x"),
        ("<M><K>a</K><V>x</V></M>", "a=x"),
        (
            "<D><R><K>a</K><V>x</V></R><S><K>b</K><V>y</V></S></D>",
            "a=x; b=y",
        ),
        (
            "<D><P><Q><M><K>a</K><V>x</V></M></Q></P><M><K>b</K><V>y</V></M></D>",
            "a=x; b=y",
        ),
        (
            "<D><M><F><K>a</K></F><T><V>x</V></T></M><M><F><K>b</K></F><T><V>y</V></T></M></D>",
            "a=x; b=y",
        ),
        ("<D><M><K>a</K><T><V>x</V><V>y</V></T></M></D>", "a=x|y"),
        (
            "<D><M><K>a</K><T><V>x</V></T><T><V>y</V></T></M></D>",
            "a=x|y",
        ),
        ("<D><M><K>a</K><Other>o</Other><V>x</V></M></D>", "a=x"),
        (
            "<D><C><K>a</K><V>x</V><M><K>b</K><V>y</V></M></C></D>",
            "a=x; b=y",
        ),
        (
            "<D><C><M><K>b</K><V>y</V></M><K>a</K><V>x</V></C></D>",
            "b=y; a=x",
        ),
        (
            "<D><K>a</K><V>x</V><K>b</K><V>y</V><V>z</V></D>",
            "a=x; b=y|z",
        ),
        (
            "<D><P><K>a</K></P><Q><V>x</V></Q><P><K>b</K></P><Q><V>y</V></Q></D>",
            "a=x; b=y",
        ),
        ("<K><K>a</K><V>x</V></K>", "a=x"),
        // Text.
        ("<D><M><K>\n  a  b\t</K><V> x </V></M></D>", "a  b=x"),
        (
            "<D><M><K><![CDATA[ a & <b> ]]></K><V>x<![CDATA[, y]]></V></M></D>",
            "a & <b>=x|y",
        ),
        (
            "<D><!-- c --><M><!-- <K>z</K> --><K>a<!-- c -->b</K><?pi K?><V>x</V></M></D><!-- c -->\n",
            "ab=x",
        ),
        (
            "<D><M><K>a &amp; b &lt;&gt;&quot;&apos;&#65;&#x42;</K><V>x</V></M></D>",
            "a & b <>\"'AB=x",
        ),
        (
            "<D><M><K>Größe 東京 🎈</K><V>Ärzte</V></M></D>",
            "Größe 東京 🎈=Ärzte",
        ),
        ("<D><M><K>a\r\nb</K><V>x</V></M></D>", "a\nb=x"),
        (
            "\u{FEFF}<?xml version=\"1.0\"?>\r\n<D><M><K>a</K><V>x</V></M></D>",
            "a=x",
        ),
        ("<Größe><Zeile><K>a</K><V>x</V></Zeile></Größe>", "a=x"),
        // Lists.
        ("<D><M><K>a</K><V>x, y ,,z,</V></M></D>", "a=x|y|z"),
        ("<D><M><K>a</K><V>x,x, y,x</V></M></D>", "a=x|y"),
        ("<D><M><K>a, b</K><V>x</V></M></D>", "a, b=x"),
        // The same key again: united in order.
        (
            "<D><M><K>a</K><V>x,y</V></M><M><K>b</K><V>z</V></M><M><K> a </K><V>w,x</V></M></D>",
            "a=x|y|w; b=z",
        ),
        (
            "<D><M><K>a</K><V>x</V></M><M><K>A</K><V>y</V></M></D>",
            "a=x; A=y",
        ),
        // Namespaces.
        (
            r#"<m:D xmlns:m="urn:m"><m:M><m:K>a</m:K><V xmlns="urn:K">x</V></m:M></m:D>"#,
            "a=x",
        ),
        (
            r#"<D xmlns="urn:d" xmlns:K="urn:k"><M><K>a</K><V>x</V></M></D>"#,
            "a=x",
        ),
        // Something is missing.
        (
            "<D>\n<M><K>a</K><V>x</V></M>\n<M><K>b</K></M>\n</D>",
            "a=x; key-alone@3",
        ),
        (
            "<D>\n<M><K>a</K><V>x</V></M>\n<M><V>y</V></M>\n</D>",
            "a=x; value-alone@3",
        ),
        (
            "<D>\n<M><K>a</K><V> </V></M>\n<M><K>b</K><V/></M><M><K>c</K><V>,</V></M></D>",
            "key-alone@2; key-alone@3; key-alone@3",
        ),
        (
            "<D>\n<M><K> </K><V>x</V></M><M><K/></M></D>",
            "empty-key@2; empty-key@2",
        ),
        // Two halves are not a row.
        (
            "<D><M><K>a</K></M>\n<M><V>x</V></M></D>",
            "key-alone@1; value-alone@2",
        ),
        (
            "<D><M><K>a</K><V>x</V></M>\n<M><K>b</K></M>\n<M><V>y</V></M></D>",
            "a=x; key-alone@2; value-alone@3",
        ),
        (
            "<D><A><M><K>a</K><V>x</V></M></A>\n<B><M><K>b</K></M></B><C><M>\n<V>y</V></M></C></D>",
            "a=x; key-alone@2; value-alone@3",
        ),
        (
            "<D><Default><V>x</V></Default><M><K>a</K><V>y</V></M></D>",
            "a=y; value-alone@1",
        ),
        ("<D><K>a</K><V>x</V>\n<K>b</K></D>", "a=x; key-alone@2"),
        // Nobody can tell.
        (
            "<D>\n<M><K>a</K><K>b</K><V>x</V></M><M><K>c</K><V>y</V></M></D>",
            "c=y; unclear@2",
        ),
        ("<D>\n<V>x</V><K>a</K><V>y</V><K>b</K></D>", "unclear@2"),
        (
            "<D><K>a</K><V>x</V>\n<K>b</K><K>c</K><V>y</V></D>",
            "a=x; unclear@2",
        ),
        // Nodes where text should be.
        (
            "<D>\n<M><K>a</K><V><Item>x</Item></V></M></D>",
            "not-text@2",
        ),
        (
            "<D>\n<M><K><b>a</b> c</K><V>x</V></M><M><K>d</K><V>y</V></M></D>",
            "d=y; not-text@2",
        ),
    ];
    for (xml, expected) in table {
        assert_eq!(told(import(xml)), expected, "{xml}");
    }
}

#[test]
fn access_rights_are_never_cut_and_the_first_wins() {
    let table = [
        (
            "<D><M><K>a</K><V>Sales, North</V></M></D>",
            "a=Sales, North",
        ),
        (
            "<D><M><K>a</K><V>x</V></M><M><K>a</K><V> x</V></M></D>",
            "a=x",
        ),
        (
            "<D><M><K>a</K><V>x</V></M>\n<M><K>a</K><V>y</V></M></D>",
            "a=x; second-value@2",
        ),
        (
            "<D><M><K>a</K><V>x</V><V>y</V></M></D>",
            "a=x; second-value@1",
        ),
        ("<D><M><K>a</K><V> </V><V>y</V></M></D>", "a=y"),
    ];
    for (xml, expected) in table {
        let result = import_mapping(xml.as_bytes(), &options("K", "V", false));
        assert_eq!(told(result), expected, "{xml}");
    }
}

#[test]
fn attributes_are_named_with_an_at() {
    let table = [
        (
            r#"<D><M k="a" v="x, y"/><M v='z' k='b'/></D>"#,
            "@k",
            "@v",
            "a=x|y; b=z",
        ),
        (r#"<D><M k=" a &amp; b ">x</M></D>"#, "@k", "M", "a & b=x"),
        (r#"<D><M k="a"><V>x</V></M></D>"#, "@k", "V", "a=x"),
        (r#"<D><M n:k="a"><n:V>x</n:V></M></D>"#, "@k", "V", "a=x"),
        (r#"<D><M k="a"><V>x</V></M></D>"#, "k", "V", "NoSuchNode"),
        (r#"<D><M K="a"><V>x</V></M></D>"#, "@k", "V", "a=x; case@0"),
        (r#"<D><k/><M k="a"><V>x</V></M></D>"#, "@k", "V", "a=x"),
    ];
    for (xml, key, value, expected) in table {
        let result = import_mapping(xml.as_bytes(), &options(key, value, true));
        assert_eq!(told(result), expected, "{xml}");
    }
}

#[test]
fn node_names_are_taken_exactly_then_without_case() {
    let xml = "<D><M><Key>a</Key><ÄRT>x</ÄRT><key2>k</key2></M></D>";
    let both = "<D><M><key>b</key><Key>a</Key><V>x</V></M></D>";
    let table = [
        (xml, "Key", "ÄRT", "a=x"),
        (xml, "key", "ärt", "a=x; case@0; case@0"),
        (xml, "m:Key", " ÄRT ", "a=x"),
        (xml, "Key", "key", "SameNode"),
        (xml, "KEY", "key", "SameNode"),
        (xml, "Key", "Key", "SameNode"),
        (xml, "n:Key", "Key", "SameNode"),
        (xml, "", "Key", "NoName"),
        (xml, "Key", " @ ", "NoName"),
        (both, "Key", "V", "a=x"),
        (both, "KEY", "V", "UnclearCase"),
        (both, "Nothing", "V", "NoSuchNode"),
    ];
    for (xml, key, value, expected) in table {
        let result = import_mapping(xml.as_bytes(), &options(key, value, true));
        assert_eq!(told(result), expected, "{key} {value}");
    }
    // Both are there: the exact one is meant, and the other is just a node.
    let one = "<D><M><key>b</key></M><M><Key>a</Key><V>x</V></M></D>";
    let result = import_mapping(one.as_bytes(), &options("Key", "V", true));
    assert_eq!(told(result), "a=x");
}

#[test]
fn only_options_are_the_command_line_s_fault() {
    let error =
        |key, value| import_mapping(RIGHTS.as_bytes(), &options(key, value, true)).unwrap_err();
    assert!(error("", "V").is_usage());
    assert!(error("K", "K").is_usage());
    assert!(!error("K", "V").is_usage());
}

#[test]
fn an_unknown_structure_is_shown_with_the_remedy() {
    let error = import_mapping(RIGHTS.as_bytes(), &options("Source", "Target", true)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\
no node is named \"Source\" (--key); the file holds
      MappingDocument ×1
        Mapping ×2
          ExternalSystemAccess ×2
          EncodeAccessRight ×2
    name two of these with --key and --value, an attribute with its @"
    );
    let xml = "<D><M id='1'><K>a</K></M>\n<M><V>x</V></M></D>";
    assert_eq!(
        import(xml).unwrap_err().to_string(),
        "\
no \"K\" has a \"V\" that belongs to it
    line 1: \"a\" has no value, left out
    line 2: the value \"x\" has no key, left out
the file holds
      D ×1
        M ×2
          @id ×1
          K ×1
          V ×1
    name two nodes of the same row with --key and --value"
    );
}

#[test]
fn the_shown_structure_stays_short() {
    let nodes: String = (0..5_000).map(|n| format!("<n{n}><i/></n{n}>")).collect();
    let message = import(&format!("<D>{nodes}</D>")).unwrap_err().to_string();
    assert!(message.lines().count() < 70, "{message}");
    assert!(message.contains("… and 9941 more nodes"), "{message}");
}

#[test]
fn what_is_no_xml_is_refused_where_it_goes_wrong() {
    let long = format!("<D>{}</D>", "<".to_owned() + &"n".repeat(300) + "/>");
    let many: String = (0..65).map(|n| format!(" a{n}='x'")).collect();
    let many = format!("<D{many}/>");
    let table = [
        ("", "NoRoot"),
        (" \n", "NoRoot"),
        ("<!-- nothing -->", "NoRoot"),
        (r#"{"Global Company": "Admin"}"#, "TextOutside"),
        ("<D/>text", "TextOutside"),
        ("<D/>&#32;", "TextOutside"),
        ("<![CDATA[ ]]><D/>", "TextOutside"),
        ("<D/><D/>", "SecondRoot"),
        ("<D><K>a</K>", "Unclosed"),
        ("<D><K>a</V></D>", "Mismatch"),
        ("<D></D></D>", "NotOpen"),
        ("<D", "Markup"),
        ("<D><!-- ", "Markup"),
        ("<D><![CDATA[ ", "Markup"),
        ("<D>a & b</D>", "Markup"),
        ("<D>&#0;</D>", "Markup"),
        ("<D>&#xD800;</D>", "Markup"),
        ("<D>&#x110000;</D>", "Markup"),
        ("<D a/>", "Attribute"),
        ("<D a=x/>", "Attribute"),
        ("<D a='1' b='2' a='3'/>", "AttributeTwice"),
        (&many, "TooManyAttributes"),
        (&long, "Name"),
        ("<1/>", "Name"),
        ("< D/>", "Name"),
        ("<a<b/>", "Name"),
        ("<D> \u{1b}[31m</D>", "Control"),
        ("<D>\u{9b}31m</D>", "Control"),
        ("<D>&#27;[31m</D>", "Control"),
        ("<D a='&#x9B;'/>", "Control"),
        ("<D>\0</D>", "Control"),
        (" <?xml version='1.0'?><D/>", "Declaration"),
        ("<D><K>&eacute;</K></D>", "Entity"),
        ("<D a='&nbsp;'/>", "Entity"),
        ("<D a='&amp'/>", "NoSuchNode"),
    ];
    for (xml, expected) in table {
        let error = import(xml).unwrap_err();
        assert_eq!(error_kind(&error), expected, "{xml}: {error}");
    }
    let error = import("<D>\n <K>ü</K><K>&uuml;</K></D>").unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("line 2, column 13: the entity \"uuml\""),
        "{message}"
    );
    let message = import("<D>\n <K>ü</V></D>").unwrap_err().to_string();
    assert_eq!(
        message,
        "line 2, column 6: the end tag of \"K\" was expected, \"V\" found"
    );
}

#[test]
fn every_doctype_is_refused() {
    let table = [
        "<!DOCTYPE D><D><K>a</K><V>x</V></D>",
        "<?xml version='1.0'?>\n<!-- c -->\n<!doctype html><html/>",
        "<!DOCTYPE>",
        "<!DOCTYPE D [",
        "<!DOCTYPE D [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><D><M><K>&e;</K><V>x</V></M></D>",
        "<!DOCTYPE D SYSTEM 'http://127.0.0.1:1/x.dtd'><D/>",
        "<!DOCTYPE D PUBLIC '-//X' 'http://127.0.0.1:1/x.dtd'><D/>",
        "<!DOCTYPE D [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/'> %p;]><D/>",
        "<D><!DOCTYPE D><K>a</K></D>",
        LAUGHS,
    ];
    for xml in table {
        let error = import(xml).unwrap_err();
        assert_eq!(error_kind(&error), "Doctype", "{xml}");
    }
    assert!(
        import(LAUGHS)
            .unwrap_err()
            .to_string()
            .starts_with("line 2: a DOCTYPE is refused")
    );
}

/// What this thread has computed so far, however busy the machine is with others.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = stat.split(' ').next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}

#[test]
fn a_billion_laughs_are_refused_at_once() {
    let padded = format!("{LAUGHS}{}", " ".repeat(1 << 20));
    for xml in [LAUGHS, &padded] {
        let begin = cpu_time();
        assert!(import(xml).is_err());
        let took = cpu_time() - begin;
        assert!(took < Duration::from_millis(50), "{took:?}");
    }
}

#[test]
fn encodings_are_read_or_refused_by_name() {
    let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| {
        text.encode_utf16().flat_map(order).collect::<Vec<u8>>()
    };
    let declared = |encoding: &str, key: &[u8]| {
        let mut xml =
            format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?><D><M><K>").into_bytes();
        xml.extend_from_slice(key);
        xml.extend_from_slice(b"</K><V>x</V></M></D>");
        xml
    };
    let plain = "<D><M><K>a</K><V>x</V></M></D>";
    let marked = [
        b"\xEF\xBB\xBF".as_slice(),
        &declared("iso-8859-1", "é".as_bytes()),
    ]
    .concat();
    let table: &[(&str, Vec<u8>, &str)] = &[
        ("utf-8", declared("utf-8", "é".as_bytes()), "é=x"),
        ("UTF8", declared("UTF8", b"a"), "a=x"),
        ("us-ascii", declared("US-ASCII", b"a"), "a=x"),
        (
            "latin1",
            declared("ISO-8859-1", b"caf\xE9 \xA7"),
            "café §=x",
        ),
        ("latin1, plain", declared("latin1", b"cafe"), "cafe=x"),
        (
            "latin1, in truth windows-1252",
            declared("ISO-8859-1", b"5 \x80"),
            "Encoding",
        ),
        ("latin1 with a UTF-8 mark", marked, "é=x"),
        (
            "windows-1252",
            declared("windows-1252", b"5 \x80"),
            "Encoding",
        ),
        (
            "utf-16 declared, not used",
            declared("utf-16", b"a"),
            "Encoding",
        ),
        ("utf-7", declared("UTF-7", b"+ADw-"), "Encoding"),
        ("ebcdic", declared("IBM037", b"a"), "Encoding"),
        (
            "utf-16 le, mark",
            utf16(&format!("\u{FEFF}{plain}"), u16::to_le_bytes),
            "Encoding",
        ),
        (
            "utf-16 be, mark",
            utf16(&format!("\u{FEFF}{plain}"), u16::to_be_bytes),
            "Encoding",
        ),
        ("utf-16 le", utf16(plain, u16::to_le_bytes), "Encoding"),
        ("utf-16 be", utf16(plain, u16::to_be_bytes), "Encoding"),
        (
            "utf-16, laughing",
            utf16(LAUGHS, u16::to_le_bytes),
            "Encoding",
        ),
        ("not utf-8", declared("utf-8", b"caf\xE9"), "NotUtf8"),
        ("undeclared latin1", b"<D>\xE9</D>".to_vec(), "NotUtf8"),
    ];
    for (name, xml, expected) in table {
        assert_eq!(
            told(import_mapping(xml, &options("K", "V", true))),
            *expected,
            "{name}"
        );
    }
    let error = import_mapping(b"<D>\n<K>\xE9</K></D>", &options("K", "V", true)).unwrap_err();
    assert!(
        error.to_string().starts_with("line 2, column 4: not UTF-8"),
        "{error}"
    );
    let error =
        import_mapping(&declared("utf-16\u{a}x", b"a"), &options("K", "V", true)).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the encoding \"utf-16\\nx\" is not read here"),
        "{error}"
    );
}

#[test]
fn limits_refuse_quickly() {
    let deep = |depth: usize| {
        format!(
            "{}<K>a</K><V>x</V>{}",
            "<n>".repeat(depth),
            "</n>".repeat(depth)
        )
    };
    let rows = |count: usize| {
        let rows: String = (0..count)
            .map(|n| format!("<M><K>{n}</K><V>x</V></M>"))
            .collect();
        format!("<D>{rows}</D>")
    };
    let list = |count: usize| {
        let list: String = (0..count).map(|n| format!("{n},")).collect();
        format!("<D><K>a</K><V>{list}</V></D>")
    };
    let row = "<M><K>a</K><V>x</V></M>";
    let filled = |size: usize| format!("<D>{row}{}</D>", " ".repeat(size - row.len() - 7));
    let table = [
        (deep(63), "Ok"),
        (deep(64), "TooDeep"),
        ("<n>".repeat(1 << 20), "TooDeep"),
        (rows(ENTRIES_MAX), "Ok"),
        (rows(ENTRIES_MAX + 1), "TooMany"),
        (list(ENTRIES_MAX), "Ok"),
        (list(ENTRIES_MAX + 1), "TooMany"),
        (
            format!("<D><K>a</K><V>{}</V></D>", "x,".repeat(ENTRIES_MAX + 1)),
            "TooMany",
        ),
        (filled(FILE_MAX), "Ok"),
        (filled(FILE_MAX + 1), "TooLarge"),
        // The costly shapes: many nodes, many attributes, one list of nothing, deep rows.
        (format!("<D>{}</D>", "<V/>".repeat(100_000)), "NoSuchNode"),
        (format!("<D>{row}{}</D>", "<n/>".repeat(100_000)), "Ok"),
        (format!("<D{}/>", " a=''".repeat(100_000)), "AttributeTwice"),
        (
            format!("<D><K>a</K><V>x{}</V></D>", ",".repeat(1_000_000)),
            "Ok",
        ),
        (
            format!("<D><K>a</K>{}</D>", "<V>x</V>".repeat(ENTRIES_MAX)),
            "Ok",
        ),
        (
            deep(60).replace("<K>a</K>", &"<K>a</K>".repeat(ENTRIES_MAX / 10)),
            "NothingFound",
        ),
        (format!("<D>{}</D>", "&amp;".repeat(100_000)), "NoSuchNode"),
    ];
    for (at, (xml, expected)) in table.iter().enumerate() {
        let begin = cpu_time();
        let result = import(xml);
        let kind = result.as_ref().map_or_else(error_kind, |_| "Ok");
        assert_eq!(kind, *expected, "row {at}");
        let took = cpu_time() - begin;
        // Generous: this is a debug build.
        assert!(took < Duration::from_secs(10), "row {at}: {took:?}");
    }
}

#[test]
fn notes_and_errors_never_carry_control_characters_or_much_text() {
    let long = "x".repeat(100_000);
    let texts = ["a\nb", "\u{202E}abc", long.as_str()];
    for text in texts {
        let xml = format!("<D><M><K>{text}</K></M><M><V>{text}</V></M></D>");
        let message = import(&xml).unwrap_err().to_string();
        assert!(message.len() < 1_000, "{}", message.len());
        assert!(!message.contains(text), "{message}");
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
