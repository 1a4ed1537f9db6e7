//! What no file may do, and that it is refused at once.

use std::time::Duration;

use super::super::{ENTRIES_MAX, import_mapping};
use super::{error_kind, import, options, told};
use crate::import::xml::FILE_MAX;

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
