//! Every shape in which a claim reaches us, through the running proxy to an app that reports what
//! it got: one row each, one login for all of them (cognito.md 3.3; section 6 rows 12 to 15).

use std::fmt::Write;

use serde_json::{Value, json};

use crate::support::Setup;
use crate::support::dev_idp::KIRSTEN;

/// One claim, how it is configured, and what the app is told (nothing: no header).
struct Row {
    shape: &'static str,
    claim: &'static str,
    value: Value,
    rule: &'static str,
    told: Option<&'static str>,
}

fn row(
    shape: &'static str,
    claim: &'static str,
    value: Value,
    rule: &'static str,
    told: Option<&'static str>,
) -> Row {
    Row {
        shape,
        claim,
        value,
        rule,
        told,
    }
}

fn rows() -> Vec<Row> {
    let list = "type = \"list\"";
    vec![
        row(
            "array",
            "s_array",
            json!(["a", " b ", "", "a"]),
            list,
            Some("a,b"),
        ),
        row("array of one", "s_one", json!(["a"]), list, Some("a")),
        row("array of nothing", "s_none", json!([]), list, None),
        row(
            "array of numbers and booleans",
            "s_mixed",
            json!([1, true, "x"]),
            list,
            Some("1,true,x"),
        ),
        row(
            "brackets, comma and space",
            "s_brackets",
            json!("[a, b c]"),
            list,
            Some("a,b c"),
        ),
        row(
            "brackets, form-encoded",
            "s_form",
            json!("[a+b,c%C3%B8]"),
            list,
            Some("a b,c%C3%B8"),
        ),
        row(
            "an item with the joiner of the header",
            "s_joiner",
            json!("[a,c%2Cd]"),
            list,
            Some("a"),
        ),
        row(
            "brackets, JSON text",
            "s_json",
            json!("[\"a\",\"b c\"]"),
            list,
            Some("a,b c"),
        ),
        row("brackets of nothing", "s_empty", json!("[]"), list, None),
        row(
            "bare text as list",
            "s_bare",
            json!("a, b"),
            "type = \"list\", split = \";\"",
            None,
        ),
        row(
            "bare text, cut",
            "s_cut",
            json!("a; b ;;c"),
            "type = \"list\", split = \";\"",
            Some("a,b,c"),
        ),
        row(
            "bare scalar in a list",
            "s_scalar",
            json!("a"),
            list,
            Some("a"),
        ),
        row(
            "text with white space",
            "s_space",
            json!("  a b "),
            "type = \"string\"",
            Some("a b"),
        ),
        row(
            "empty text",
            "s_blank",
            json!("   "),
            "type = \"string\"",
            None,
        ),
        row(
            "boolean",
            "s_bool",
            json!(true),
            "type = \"bool\"",
            Some("true"),
        ),
        row(
            "boolean as text",
            "s_boolean",
            json!("FALSE"),
            "type = \"bool\"",
            Some("false"),
        ),
        row(
            "no boolean",
            "s_nobool",
            json!("yes"),
            "type = \"bool\"",
            None,
        ),
        row(
            "number",
            "s_number",
            json!(4711),
            "type = \"number\"",
            Some("4711"),
        ),
        row(
            "number as text",
            "s_numeric",
            json!("47.5"),
            "type = \"number\"",
            Some("47.5"),
        ),
        row(
            "no number",
            "s_nonumber",
            json!("NaN"),
            "type = \"number\"",
            None,
        ),
        row(
            "nested object",
            "s_nest.in.deep",
            json!("x"),
            "type = \"string\"",
            Some("x"),
        ),
        row(
            "step through an array",
            "s_roles.name",
            json!(["a", "b"]),
            list,
            Some("a,b"),
        ),
        row(
            "name with dots, escaped",
            "https://example\\\\.com/groups",
            json!(["x", "y"]),
            list,
            Some("x,y"),
        ),
        row(
            "exact name over the path",
            "s_dotted.name",
            json!("whole"),
            "type = \"string\"",
            Some("whole"),
        ),
        row(
            "name with colons",
            "custom:cost:centre",
            json!("77"),
            "type = \"string\"",
            Some("77"),
        ),
        row("absent", "s_absent", json!(null), "type = \"string\"", None),
        row(
            "absent, with a default",
            "s_absent2",
            json!(null),
            "default = \"none\"",
            Some("none"),
        ),
        row(
            "mapped",
            "s_mapped",
            json!("Global Company"),
            "map = { \"Global Company\" = \"Admin\" }",
            Some("Admin"),
        ),
        row(
            "one to many, the rest dropped",
            "s_many",
            json!(["L", "X"]),
            "type = \"list\", map = { L = [\"AR\", \"CL\"] }, unmapped = \"drop\"",
            Some("AR,CL"),
        ),
        row(
            "letters beyond ASCII",
            "s_letters",
            json!("Łęcki"),
            "type = \"string\"",
            Some("%C5%81%C4%99cki"),
        ),
    ]
}

/// The claims of all rows, nested where a row's name is a path.
fn claims(rows: &[Row]) -> Value {
    let mut claims = json!({ "s_dotted": { "name": "path" } });
    for row in rows.iter().filter(|row| !row.value.is_null()) {
        let name = row.claim.replace("\\\\.", ".");
        match row.claim {
            "s_nest.in.deep" => claims["s_nest"] = json!({ "in": { "deep": row.value } }),
            "s_roles.name" => {
                let roles = row.value.as_array().unwrap().iter();
                claims["s_roles"] = roles.map(|name| json!({ "name": name })).collect();
            }
            _ => claims[name] = row.value.clone(),
        }
    }
    claims
}

#[test]
fn each_shape_of_a_claim_reaches_the_app_as_configured() {
    let rows = rows();
    let (mut attributes, mut headers) = (String::new(), String::new());
    for (index, row) in rows.iter().enumerate() {
        let Row { claim, rule, .. } = row;
        writeln!(attributes, "r{index} = {{ claim = \"{claim}\", {rule} }}").unwrap();
        writeln!(headers, "X-Row-{index} = \"{{attribute.r{index}}}\"").unwrap();
    }
    let chain = Setup {
        identity: format!("[identity.attributes]\n{attributes}"),
        tables: format!("[headers.set]\n{headers}"),
        ..Setup::default()
    }
    .start();
    let client = format!("/clients/{}", chain.idp().client_id);
    let trigger = json!({ "pre_token": { "version": "V2", "id_token": { "add": claims(&rows) } } });
    chain.idp().call("PATCH", &client, &trigger);
    chain.signed_in(KIRSTEN);
    let seen = chain.echo.last();
    for (index, row) in rows.iter().enumerate() {
        let told = seen.header(&format!("X-Row-{index}"));
        let expected = row.told;
        // A bare text is never cut by guessing: it is one item, which the joiner would forge.
        assert_eq!(told, expected, "{}: {}", row.shape, row.value);
    }
}
