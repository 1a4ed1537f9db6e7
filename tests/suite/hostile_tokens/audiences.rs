//! For whom an ID token is, and what for.

use serde_json::{Value, json};

use super::forge::Forge;
use super::rows::{CLIENT, Rows};

pub(super) fn audiences(rows: &mut Rows, forge: &Forge) {
    for (what, reason, changes) in [
        (
            "another client",
            "token_audience",
            json!({ "aud": "7otherclient000000000000bb" }),
        ),
        (
            "another case",
            "token_audience",
            json!({ "aud": CLIENT.to_uppercase() }),
        ),
        (
            "a prefix",
            "token_audience",
            json!({ "aud": &CLIENT[..20] }),
        ),
        (
            "with a space",
            "token_audience",
            json!({ "aud": format!("{CLIENT} x") }),
        ),
        ("none", "token_claim", json!({ "aud": null })),
        ("an empty list", "token_audience", json!({ "aud": [] })),
        (
            "a list of others",
            "token_audience",
            json!({ "aud": ["x", "y"] }),
        ),
        (
            "ours among others, no azp",
            "token_audience",
            json!({ "aud": ["x", CLIENT] }),
        ),
        (
            "ours among others, azp another",
            "token_audience",
            json!({ "aud": ["x", CLIENT], "azp": "x" }),
        ),
        (
            "ours twice, no azp",
            "token_audience",
            json!({ "aud": [CLIENT, CLIENT] }),
        ),
        ("ours, azp another", "token_audience", json!({ "azp": "x" })),
        (
            "ours, azp a list",
            "token_audience",
            json!({ "azp": [CLIENT] }),
        ),
        (
            "a number in the list",
            "token_claim",
            json!({ "aud": [CLIENT, 1] }),
        ),
        ("a number", "token_claim", json!({ "aud": 4 })),
        (
            "an object",
            "token_claim",
            json!({ "aud": { "a": CLIENT } }),
        ),
    ] {
        rows.refused(&format!("aud: {what}"), reason, forge.with_claims(&changes));
    }
    rows.accepted(
        "aud: a list of ours",
        forge.with_claims(&json!({ "aud": [CLIENT] })),
    );
    let among = json!({ "aud": ["x", CLIENT], "azp": CLIENT });
    rows.accepted(
        "aud: ours among others, azp ours",
        forge.with_claims(&among),
    );
    for (what, token_use) in [
        ("access", json!("access")),
        ("of another case", json!("ID")),
        ("a list", json!(["id"])),
        ("refresh", json!("refresh")),
        ("none", Value::Null),
    ] {
        rows.refused(
            &format!("token_use: {what}"),
            "token_use",
            forge.with_claims(&json!({ "token_use": token_use })),
        );
    }
    let access = json!({ "aud": null, "token_use": "access", "client_id": CLIENT, "scope": "openid", "username": "x" });
    rows.refused("an access token", "token_claim", forge.with_claims(&access));
}
