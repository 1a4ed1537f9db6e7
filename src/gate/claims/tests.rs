//! Claim names, and the shapes in which lists reach us (cognito.md 3.3).

use serde_json::json;

use super::*;

fn claims() -> Map<String, Value> {
    let claims = json!({
        "plain": "v",
        "cognito:groups": ["a", "b"],
        "custom:access_right": "Local Company",
        "address": { "country": "DK", "a.b": "dotted" },
        "a.b": "top",
        "a": { "b": "nested", "c": { "d": 7 } },
        "https://example.com/groups": ["x"],
        "identities": [{ "providerName": "entra" }, { "userId": "1" }, "text", { "providerName": "Pool2" }],
        "back\\slash": "kept",
        "null": null,
    });
    claims.as_object().unwrap().clone()
}

fn find(name: &str) -> Vec<Value> {
    let path = ClaimPath::parse(name).unwrap();
    assert_eq!(path.as_str(), name);
    path.find(&claims()).into_iter().cloned().collect()
}

#[test]
fn a_name_leads_to_its_values() {
    for (name, expected) in [
        ("plain", json!(["v"])),
        ("missing", json!([])),
        ("Plain", json!([])),
        ("cognito:groups", json!([["a", "b"]])),
        ("custom:access_right", json!(["Local Company"])),
        ("address.country", json!(["DK"])),
        ("address.city", json!([])),
        ("address.a\\.b", json!(["dotted"])),
        ("plain.x", json!([])),
        ("a.c.d", json!([7])),
        // An exact top-level name wins over the path reading.
        ("a.b", json!(["top"])),
        ("a\\.b", json!(["top"])),
        ("https://example.com/groups", json!([["x"]])),
        ("https://example\\.com/groups", json!([["x"]])),
        // A step through an array goes through each element.
        ("identities.providerName", json!(["entra", "Pool2"])),
        ("identities.missing", json!([])),
        ("back\\slash", json!(["kept"])),
        ("null", json!([null])),
    ] {
        assert_eq!(Value::Array(find(name)), expected, "{name}");
    }
}

#[test]
fn a_step_has_a_name() {
    for name in ["", ".", "a.", ".a", "a..b", "..", "\\.."] {
        assert_eq!(
            ClaimPath::parse(name),
            Err(ClaimPathError::EmptyStep),
            "{name}"
        );
    }
    for name in ["a", "a.b", "\\.", "a.\\.", "\\", "a:b", " "] {
        assert!(ClaimPath::parse(name).is_ok(), "{name}");
    }
}

#[test]
fn a_scalar_is_text_trimmed_and_never_empty() {
    for (value, expected) in [
        (json!("x"), Some("x")),
        (json!("  x y \t\n"), Some("x y")),
        (json!(""), None),
        (json!("   "), None),
        (json!(7), Some("7")),
        (json!(-7.5), Some("-7.5")),
        (json!(true), Some("true")),
        (json!(false), Some("false")),
        (json!(null), None),
        (json!(["x"]), None),
        (json!({ "x": 1 }), None),
        (json!("[x]"), Some("[x]")),
    ] {
        assert_eq!(scalar(&value).as_deref(), expected, "{value}");
    }
}

#[test]
fn a_list_is_understood_in_every_form_of_the_field() {
    for (value, expected) in [
        // A JSON array.
        (json!(["a", "b"]), vec!["a", "b"]),
        (json!([" a ", "", "b", null, ["c"], {}]), vec!["a", "b"]),
        (json!([1, true]), vec!["1", "true"]),
        (json!([]), vec![]),
        // Text that is a JSON array.
        (json!("[\"a\", \"b\"]"), vec!["a", "b"]),
        (json!("[\"a,b\",\"c d\"]"), vec!["a,b", "c d"]),
        (json!(" [\"a\"] "), vec!["a"]),
        (json!("[\"a+b\", \"50%25\"]"), vec!["a+b", "50%25"]),
        (json!("[\"\\u00e9\"]"), vec!["é"]),
        (json!("[]"), vec![]),
        // Brackets, comma with and without a space.
        (json!("[g1,g2]"), vec!["g1", "g2"]),
        (json!("[g1, g2]"), vec!["g1", "g2"]),
        (json!("[ g1 ,\tg2 ]"), vec!["g1", "g2"]),
        (json!("[g1]"), vec!["g1"]),
        (json!("[ ]"), vec![]),
        (json!("[,]"), vec![]),
        (json!("[g1,,g2,]"), vec!["g1", "g2"]),
        (json!("[\"g1\", g2]"), vec!["g1", "g2"]),
        (
            json!("[5b1c0f0e-1111-4222-8333-0a0b0c0d0e01, 5b1c0f0e-1111-4222-8333-0a0b0c0d0e02]"),
            vec![
                "5b1c0f0e-1111-4222-8333-0a0b0c0d0e01",
                "5b1c0f0e-1111-4222-8333-0a0b0c0d0e02",
            ],
        ),
        // Each item form-URL-encoded.
        (json!("[Local+Company,R%26D]"), vec!["Local Company", "R&D"]),
        (json!("[a%2Cb,c]"), vec!["a,b", "c"]),
        (json!("[caf%C3%A9,x%5By%5D]"), vec!["café", "x[y]"]),
        (json!("[50%25,100%]"), vec!["50%", "100%"]),
        // Not well-formed: as it stands.
        (json!("[%ff,b]"), vec!["%ff", "b"]),
        (json!("[a=b+c,d&e]"), vec!["a=b+c", "d&e"]),
        // A bare text is one value, never cut.
        (json!("a,b"), vec!["a,b"]),
        (json!("a b"), vec!["a b"]),
        (json!("a+b"), vec!["a+b"]),
        (json!("[a"), vec!["[a"]),
        (json!("a]"), vec!["a]"]),
        (json!("["), vec!["["]),
        (json!(""), vec![]),
        (json!(7), vec!["7"]),
        (json!(null), vec![]),
        (json!({ "a": 1 }), vec![]),
    ] {
        assert_eq!(list(&value, None), expected, "{value}");
    }
}

#[test]
fn numbers_in_brackets_stay_as_they_are_written() {
    // cognito.md 3.3: only an array of strings is read as JSON.
    for (text, expected) in [
        ("[1, 2]", vec!["1", "2"]),
        ("[1e3, 0.10]", vec!["1e3", "0.10"]),
        ("[76561198000000000000001]", vec!["76561198000000000000001"]),
        ("[true, null]", vec!["true", "null"]),
    ] {
        assert_eq!(list(&json!(text), None), expected, "{text}");
    }
}

#[test]
fn nothing_is_cut_out_of_a_text_or_an_object_in_a_list() {
    for (text, expected) in [
        ("[\"x, admins\", 1]", vec!["x, admins", "1"]),
        (
            "[\"x, admins, y\", null, true]",
            vec!["x, admins, y", "true"],
        ),
        ("[{ \"name\": \"x, admins, y\" }]", vec![]),
        ("[{ \"name\": \"x\" }, \"a\"]", vec!["a"]),
        ("[[\"x\", \"admins\", \"y\"]]", vec![]),
        // No JSON, and a quotation that a comma would cut.
        ("[\"x, admins, y\", z]", vec!["[\"x, admins, y\", z]"]),
        ("[\", admins, y\", z]", vec!["[\", admins, y\", z]"]),
        ("[\"x, admins, y\"]extra]", vec!["[\"x, admins, y\"]extra]"]),
        // A quotation mark of the name's own.
        ("[TV 40\", b]", vec!["TV 40\"", "b"]),
    ] {
        assert_eq!(list(&json!(text), None), expected, "{text}");
    }
}

#[test]
fn a_number_that_readers_round_is_no_value() {
    let read = |text: &str| scalar(&serde_json::from_str(text).unwrap());
    for text in [
        "76561198000000000000001",
        "-76561198000000000000001",
        "9007199254740993.0",
        "1e300",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
    for text in ["18446744073709551615", "-9223372036854775808", "0.5"] {
        assert_eq!(read(text).as_deref(), Some(text), "{text}");
    }
}

#[test]
fn items_are_trimmed_after_they_are_decoded() {
    for (text, expected) in [("[+a+, %20b]", vec!["a", "b"]), ("[a, +, %20]", vec!["a"])] {
        assert_eq!(list(&json!(text), None), expected, "{text}");
    }
}

#[test]
fn pruning_keeps_what_the_paths_lead_to_and_nothing_else() {
    for (names, expected) in [
        (&[][..], json!({})),
        (&["plain"], json!({ "plain": "v" })),
        (&["missing", "plain.x"], json!({})),
        (&["cognito:groups"], json!({ "cognito:groups": ["a", "b"] })),
        (
            &["address.country"],
            json!({ "address": { "country": "DK" } }),
        ),
        (
            &["address"],
            json!({ "address": { "country": "DK", "a.b": "dotted" } }),
        ),
        (
            &["address.a\\.b"],
            json!({ "address": { "a.b": "dotted" } }),
        ),
        (
            &["address.country", "address.a\\.b"],
            json!({ "address": { "country": "DK", "a.b": "dotted" } }),
        ),
        // The exact name wins here too, so the path is not kept.
        (&["a.b"], json!({ "a.b": "top" })),
        (&["a.c.d"], json!({ "a": { "c": { "d": 7 } } })),
        (&["a.c", "a.c.d"], json!({ "a": { "c": { "d": 7 } } })),
        (
            &["https://example.com/groups"],
            json!({ "https://example.com/groups": ["x"] }),
        ),
        (
            &["identities.providerName"],
            json!({ "identities": [{ "providerName": "entra" }, { "providerName": "Pool2" }] }),
        ),
        (&["null"], json!({ "null": null })),
    ] {
        let paths: Vec<_> = names
            .iter()
            .map(|name| ClaimPath::parse(name).unwrap())
            .collect();
        let pruned = prune(&claims(), &paths);
        assert_eq!(Value::Object(pruned.clone()), expected, "{names:?}");
        for path in &paths {
            assert_eq!(path.find(&pruned), path.find(&claims()), "{names:?}");
        }
    }
}
