//! Which rows a file holds, and what is said where that is in doubt.

use super::super::import_mapping;
use super::{RIGHTS, import, options, told};

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
