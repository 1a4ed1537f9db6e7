//! `[identity]`: its one shape, the map and the map file.

use super::*;
use crate::gate::identity::rule::{AttributeKind, ClaimRule, ClaimSource, Unmapped, ValueMap};

const OIDC: &str = "-provider.corp.user_pool_id\n-provider.corp.domain\nprovider.corp.kind = \"oidc\"\nprovider.corp.issuer = \"https://id.example.com\"\n";

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_mistake_about_the_identity_is_found_with_its_key() {
    let opaque = format!("{OIDC}identity.groups = {{ from = \"access_token\" }}");
    assert_table(&[
        // Where claims are looked for.
        ("identity.groups = { from = \"access_token\" }", &[]),
        ("identity.groups = { from = \"id_token\" }", &[]),
        ("identity.groups = { from = \"token\" }", &[("identity.groups.from", "NotAChoice")]),
        (opaque.as_str(), &[("identity.groups.from", "AccessTokenOpaque")]),
        ("identity.groups = { from = \"userinfo\" }", &[("identity.groups.from", "UserinfoIsOff")]),
        ("provider.corp.userinfo = false\nidentity.groups = { from = \"userinfo\" }", &[("identity.groups.from", "UserinfoIsOff")]),
        ("provider.corp.userinfo = true\nidentity.groups = { from = \"userinfo\" }", &[]),
        ("provider.corp.userinfo = \"yes\"", &[("provider.corp.userinfo", "WrongType")]),
        ("provider.corp.endpoints = { userinfo = \"http://id.example.com/u\" }", &[("provider.corp.endpoints.userinfo", "Url")]),
        // Which keys need a claim.
        ("identity.user = { unmapped = \"keep\" }", &[]),
        ("identity.groups = { unmapped = \"keep\" }", &[]),
        ("identity.name = { unmapped = \"keep\" }", &[("identity.name.claim", "Missing")]),
        ("identity.access_right = { unmapped = \"keep\" }", &[("identity.access_right.claim", "Missing")]),
        ("identity.attributes = { a = { type = \"list\" } }", &[("identity.attributes.a.claim", "Missing")]),
        // Types.
        ("identity.groups = { type = \"list\" }", &[]),
        ("identity.user = { type = \"string\" }", &[]),
        ("identity.groups = { type = \"string\" }", &[("identity.groups.type", "TypeIsGiven")]),
        ("identity.user = { type = \"number\" }", &[("identity.user.type", "TypeIsGiven")]),
        ("identity.attributes = { a = { claim = \"a\", type = \"text\" } }", &[("identity.attributes.a.type", "NotAChoice")]),
        ("identity.attributes = { \"a b\" = \"a\" }", &[("identity.attributes.a b", "AttributeName")]),
        ("identity.attributes = { \"\" = \"a\" }", &[("identity.attributes.", "AttributeName")]),
        ("identity.attributes = { a = true, b = [], c = [\"x\", 1] }", &[("identity.attributes.a", "WrongType"), ("identity.attributes.b", "Empty"), ("identity.attributes.c[1]", "WrongType")]),
        ("identity.attributes = { a = { claim = \"a\", frm = \"id_token\" } }", &[("identity.attributes.a.frm", "UnknownKey")]),
        ("identity.attributes = { a = { claim = \"a\", order = [\"x\"] } }", &[("identity.attributes.a.order", "UnknownKey")]),
        ("identity.attributes = { a = { env = \"CLIENT\" } }", &[]),
        ("identity.attributes = {}", &[("identity.attributes", "Empty")]),
        ("identity.attributes = \"a\"", &[("identity.attributes", "WrongType")]),
        // Cutting.
        ("identity.groups = { split = \",\" }", &[]),
        ("identity.access_right = { claim = \"r\", split = \";\" }", &[]),
        ("identity.groups = { split = \"\" }", &[("identity.groups.split", "Empty")]),
        ("identity.user = { split = \",\" }", &[("identity.user.split", "SplitOfOne")]),
        ("identity.attributes = { a = { claim = \"a\", split = \",\" } }", &[("identity.attributes.a.split", "SplitOfOne")]),
        ("identity.attributes = { a = { claim = \"a\", split = \",\", type = \"list\" } }", &[]),
        // Defaults.
        ("identity.groups = { default = [\"a\", \"b\"] }", &[]),
        ("identity.groups = { default = [] }", &[("identity.groups.default", "Empty")]),
        ("identity.groups = { default = \" \" }", &[("identity.groups.default", "Empty")]),
        ("identity.user = { default = \"guest\" }", &[("identity.user.default", "DefaultAccount")]),
        ("identity.email = { default = [\"a@example.com\"] }", &[("identity.email.default[0]", "DefaultAccount")]),
        ("identity.name = { claim = \"name\", default = \"Somebody\" }", &[]),
        ("identity.access_right = { claim = \"r\", default = [\"a\", \"b\"] }", &[("identity.access_right.default[1]", "SeveralValues")]),
        // What becomes of values that are not mapped.
        ("identity.groups = { unmapped = \"deny\" }", &[("identity.groups.unmapped", "NotAChoice")]),
        ("identity.groups = { unmapped = \"drop\" }", &[("identity.groups.map", "Missing")]),
        ("identity.groups = { unmapped = \"drop\", map = { a = \"b\" } }", &[]),
        ("identity.groups = { unmapped = \"drop\", map_file = \"nowhere\" }", &[("identity.groups.map_file", "SourceUnreadable")]),
        ("identity.user = { unmapped = \"drop\", map = { a = \"b\" } }", &[]),
        ("identity.access_right = { claim = \"r\", unmapped = \"drop\" }", &[("identity.access_right.unmapped", "NotAChoice")]),
        ("identity.access_right = { claim = \"r\", unmapped = \"default\" }", &[("identity.access_right.default", "Missing")]),
        ("identity.access_right = { claim = \"r\", unmapped = \"default\", default = \"x\" }", &[]),
        ("identity.access_right = { claim = \"r\", unmapped = \"deny\" }", &[]),
        // The map.
        ("identity.groups = { map = { a = \"b\", c = [\"d\", \"e\"] } }", &[]),
        ("identity.groups = { map = {} }", &[("identity.groups.map", "Empty")]),
        ("identity.groups = { map = \"a\" }", &[("identity.groups.map", "WrongType")]),
        ("identity.groups = { map = { a = 1 } }", &[("identity.groups.map.a", "WrongType")]),
        ("identity.groups = { map = { a = [] } }", &[("identity.groups.map.a", "Empty")]),
        ("identity.groups = { map = { a = \" \" } }", &[("identity.groups.map.a", "Empty")]),
        ("identity.groups = { map = { \" \" = \"b\" } }", &[("identity.groups.map. ", "Empty")]),
        ("identity.groups = { map = { a = \"b\", \" a\" = \"c\" } }", &[("identity.groups.map. a", "Repeated")]),
        ("identity.user = { map = { a = [\"b\", \"c\"] } }", &[("identity.user.map.a[1]", "SeveralValues")]),
        ("identity.access_right = { claim = \"r\", map = { a = [\"b\", \"c\"] } }", &[]),
        // The order.
        ("identity.access_right = { claim = \"r\", order = [\"a\", \"b\"] }", &[]),
        ("identity.access_right = { claim = \"r\", order = [\"a\", \"b\", \" a\"] }", &[("identity.access_right.order[2]", "Repeated")]),
        ("identity.access_right = { claim = \"r\", order = [] }", &[("identity.access_right.order", "Empty")]),
        ("identity.access_right = { claim = \"r\", order = [\" \"] }", &[("identity.access_right.order[0]", "Empty")]),
        ("identity.groups = { order = [\"a\"] }", &[("identity.groups.order", "UnknownKey")]),
        // The automatic group.
        ("identity.groups = { keep_provider_group = true }", &[]),
        ("identity.groups = { keep_provider_group = \"no\" }", &[("identity.groups.keep_provider_group", "WrongType")]),
        ("identity.access_right = { claim = \"r\", keep_provider_group = true }", &[("identity.access_right.keep_provider_group", "UnknownKey")]),
        // The map's file: mistakes in there have its own name and keys.
        ("identity.groups = { map_file = \"bare.toml\" }", &[]),
        ("identity.groups = { map_file = \"headed.toml\" }", &[]),
        ("identity.groups = { map_file = \"nowhere\" }", &[("identity.groups.map_file", "SourceUnreadable")]),
        ("identity.groups = { map_file = \"\" }", &[("identity.groups.map_file", "Empty")]),
        ("identity.groups = { map_file = \"bare.toml\", map = { a = \"b\" } }", &[("identity.groups.map_file", "MapAndMapFile")]),
        ("identity.access_right = { claim = \"r\", map_file = \"headed.toml\" }", &[("", "NoMap")]),
        ("identity.groups = { map_file = \"broken.toml\" }", &[("", "Syntax")]),
        ("identity.groups = { map_file = \"wrong.toml\" }", &[("b", "WrongType"), ("c", "Empty")]),
        ("identity.groups = { map_file = \"strays.toml\" }", &[("stray", "BesideMap"), ("identity.groups.unmapped", "BesideMap"), ("identity.access_right", "BesideMap")]),
        ("identity.user = { map_file = \"headed.toml\" }", &[("", "NoMap")]),
        ("identity.name = { claim = \"n\", map_file = \"bare.toml\" }", &[("Local Company[1]", "SeveralValues")]),
    ]);
}

fn map(entries: &[(&str, &[&str])]) -> Option<ValueMap> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let entries = entries
        .iter()
        .map(|(name, locals)| ((*name).to_owned(), owned(locals)));
    Some(entries.collect())
}

#[test]
fn a_map_is_the_same_in_the_file_and_beside_it() {
    let expected = map(&[
        ("Local Company", &["Argentina", "Chile"]),
        ("eu.west", &["Europe"]),
    ]);
    for changes in [
        "identity.groups = { map = { \" Local Company \" = [\"Argentina\", \" Chile\", \"Chile\"], \"eu.west\" = \"Europe\" } }",
        "identity.groups = { map_file = \"bare.toml\" }",
        "identity.groups = { map_file = \"headed.toml\" }",
        "\n[identity.groups.map]\n\"Local Company\" = [\"Argentina\", \"Chile\"]\n\"eu.west\" = \"Europe\"",
    ] {
        let groups = config(&change(changes)).providers[0]
            .identity
            .groups
            .clone();
        assert_eq!(groups.map, expected, "{changes}");
        assert_eq!(groups.claims[0].as_str(), "cognito:groups", "{changes}");
    }
    // No secret, so it is read without secrets too.
    let headed = skip(&change("identity.groups = { map_file = \"headed.toml\" }"));
    assert_eq!(
        headed.unwrap().config.providers[0].identity.groups.map,
        expected
    );
}

#[test]
fn what_is_wrong_with_a_map_file_is_told_with_its_own_lines() {
    let message = |changes: &str| read(&change(changes)).unwrap_err().to_string();
    let wrong = message("identity.groups = { map_file = \"wrong.toml\" }");
    assert!(
        wrong.starts_with("wrong.toml:2: b: is a number, not text"),
        "{wrong}"
    );
    let broken = message("identity.groups = { map_file = \"broken.toml\" }");
    assert!(broken.starts_with("broken.toml:1:"), "{broken}");
    let stray = message("identity.groups = { map_file = \"strays.toml\" }");
    assert!(
        stray.contains("strays.toml:2: stray: is no part of the map that this file is read for"),
        "{stray}"
    );
    assert!(
        stray.contains("strays.toml:4: identity.groups.unmapped:"),
        "{stray}"
    );
    let right = "identity.access_right = { claim = \"r\", map_file = \"headed.toml\" }";
    let heading = message(right);
    assert!(heading.contains("[identity.access_right.map]"), "{heading}");
}

#[test]
fn the_rule_for_unmapped_rights_follows_from_the_rest() {
    for (keys, expected) in [
        ("", Unmapped::Keep),
        (", map = { a = \"b\" }", Unmapped::Deny),
        (", default = \"x\"", Unmapped::Default),
        (", default = \"x\", map = { a = \"b\" }", Unmapped::Default),
        (", unmapped = \"keep\", map = { a = \"b\" }", Unmapped::Keep),
        (", unmapped = \"deny\", default = \"x\"", Unmapped::Deny),
    ] {
        let text = change(&format!(
            "identity.access_right = {{ claim = \"r\"{keys} }}"
        ));
        let right = config(&text).providers[0].identity.access_right.clone();
        let right = right.unwrap();
        assert_eq!(right.unmapped, expected, "{keys}");
    }
}

#[test]
fn all_keys_of_the_one_shape_arrive() {
    let identity = config(&change(
        r#"provider.corp.userinfo = true
        identity.access_right = { claim = ["r", "s"], from = "userinfo", split = ";", map = { a = "b" }, default = "c", order = ["c", "b"] }

[identity.attributes]
zone = "custom:zone"
sites = { claim = ["a", "b"], type = "list", from = "access_token" }
level = { claim = "l", type = "number" }
staff = { claim = "s", type = "bool" }
"#,
    ))
    .providers[0]
        .identity
        .clone();
    let right = identity.access_right.unwrap();
    assert_eq!(right.claims.len(), 2);
    assert_eq!(right.from, Some(ClaimSource::Userinfo));
    assert_eq!(right.split.as_deref(), Some(";"));
    assert_eq!(right.map, map(&[("a", &["b"])]));
    assert_eq!(
        (right.default, right.unmapped),
        (vec!["c".to_owned()], Unmapped::Default)
    );
    assert_eq!(identity.order, ["c", "b"]);
    let attributes: Vec<_> = identity
        .attributes
        .iter()
        .map(|attribute| (attribute.name.as_str(), attribute.kind))
        .collect();
    // In the order of the file.
    let expected = [
        ("zone", AttributeKind::Text),
        ("sites", AttributeKind::List),
        ("level", AttributeKind::Number),
        ("staff", AttributeKind::Bool),
    ];
    assert_eq!(attributes, expected);
    let from = |rule: &ClaimRule| rule.from;
    assert_eq!(from(&identity.attributes[0].rule), None);
    assert_eq!(
        from(&identity.attributes[1].rule),
        Some(ClaimSource::AccessToken)
    );
}
