//! Whose token it says to be, and about whom.

use serde_json::{Value, json};

use super::forge::Forge;
use super::rows::Rows;

pub(super) fn issuers(rows: &mut Rows, forge: &Forge) {
    let ours = forge.issuer.as_str();
    let lookalike = ours.replace("127", "１２７");
    for (what, reason, issuer) in [
        ("a slash behind", "token_issuer", json!(format!("{ours}/"))),
        (
            "another case",
            "token_issuer",
            json!(ours.replace("http", "HTTP")),
        ),
        (
            "another scheme",
            "token_issuer",
            json!(ours.replace("http", "https")),
        ),
        (
            "another pool",
            "token_issuer",
            json!(format!("{ours}/eu-central-1_Another99")),
        ),
        ("white space", "token_issuer", json!(format!("{ours} "))),
        (
            "percent-encoded",
            "token_issuer",
            json!(ours.replace("127", "%3127")),
        ),
        ("letters that look alike", "token_issuer", json!(lookalike)),
        ("a prefix", "token_issuer", json!(&ours[..ours.len() - 1])),
        ("NUL behind", "token_issuer", json!(format!("{ours}\0"))),
        (
            "a fragment behind",
            "token_issuer",
            json!(format!("{ours}#")),
        ),
        ("empty", "token_issuer", json!("")),
    ] {
        rows.refused(
            &format!("iss: {what}"),
            reason,
            forge.with_claims(&json!({ "iss": issuer })),
        );
    }
    // Which provider a bearer is of is found by its issuer, so there it is none of ours.
    for (what, issuer) in [
        ("none", Value::Null),
        ("a list of ours", json!([ours])),
        ("an object", json!({ "iss": ours })),
    ] {
        rows.refused_as(
            &format!("iss: {what}"),
            "token_claim",
            "token_issuer",
            forge.with_claims(&json!({ "iss": issuer })),
        );
    }
}

pub(super) fn subjects(rows: &mut Rows, forge: &Forge) {
    for (what, sub) in [
        ("none", Value::Null),
        ("empty", json!("")),
        ("a number", json!(1)),
        ("a list", json!(["x"])),
    ] {
        rows.refused(
            &format!("sub: {what}"),
            "token_claim",
            forge.with_claims(&json!({ "sub": sub })),
        );
    }
}
