//! What stands in header and payload beside the claims: JSON that readers differ in, members twice, demands.

use serde_json::json;

use super::forge::Forge;
use super::rows::Rows;

pub(super) fn headers_and_members(rows: &mut Rows, forge: &Forge) {
    let header = forge.header(&json!({}));
    let good = forge.claims(&json!({}));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(300), "]".repeat(300));
    let mut not_utf8 = good.clone().into_bytes();
    let at = good.find("Hanna").expect("the name");
    not_utf8[at] = 0xff;
    for (what, payload) in [
        ("a list", format!("[{good}]").into_bytes()),
        ("a text", b"\"admin\"".to_vec()),
        ("null", b"null".to_vec()),
        ("two objects", format!("{good}{good}").into()),
        ("something behind", format!("{good} x").into()),
        ("a byte order mark", format!("\u{feff}{good}").into()),
        ("a comment", format!("/* */{good}").into()),
        ("single quotes", good.replace('"', "'").into()),
        ("a lone surrogate", good.replace("Hanna", "\\ud800").into()),
        (
            "a raw line feed in a text",
            good.replace("Hanna", "Han\nna").into(),
        ),
        ("not UTF-8", not_utf8),
        ("too deep", deep.into()),
    ] {
        rows.refused(
            &format!("payload: {what}"),
            "token_malformed",
            forge.raw(&header, &payload),
        );
    }
    for (what, reason, head) in [
        ("no JSON", "token_malformed", "alg=RS256".to_owned()),
        ("a list", "token_malformed", format!("[{header}]")),
        (
            "alg twice",
            "token_duplicate_member",
            header.replacen('{', "{\"alg\":\"none\",", 1),
        ),
        (
            "kid twice",
            "token_duplicate_member",
            header.replacen('{', "{\"kid\":\"x\",", 1),
        ),
        (
            "alg twice, once escaped",
            "token_duplicate_member",
            header.replacen('{', "{\"\\u0061lg\":\"none\",", 1),
        ),
        (
            "crit: b64",
            "token_critical_header",
            header.replacen('{', "{\"crit\":[\"b64\"],\"b64\":false,", 1),
        ),
        (
            "crit: what we check anyway",
            "token_critical_header",
            header.replacen('{', "{\"crit\":[\"exp\"],\"exp\":1,", 1),
        ),
        (
            "crit: nothing",
            "token_critical_header",
            header.replacen('{', "{\"crit\":[],", 1),
        ),
        (
            "crit: null",
            "token_critical_header",
            header.replacen('{', "{\"crit\":null,", 1),
        ),
    ] {
        rows.refused(
            &format!("header: {what}"),
            reason,
            forge.raw(&head, good.as_bytes()),
        );
    }
    rows.accepted(
        "header members of no meaning",
        forge.with_header(&json!({ "typ": "JWT", "cty": "x", "zip": "DEF", "b64": false })),
    );
    let user = forge.user_claim();
    let (first, others) = user.split_at(1);
    let escaped = format!("\\u{:04x}{others}", first.as_bytes()[0]);
    for more in [
        "\"sub\":\"someone-else\"",
        "\"iss\":\"https://evil.example\"",
        &format!("\"{user}\":\"eve@example.org\""),
        &format!("\"{escaped}\":\"eve@example.org\""),
        "\"exp\":99999999999",
        "\"cognito:groups\":[\"Admins\"]",
        "\"x\":{\"y\":[{\"a\":1,\"a\":1}]}",
    ] {
        let payload = good.replacen('{', &format!("{{{more},"), 1);
        // Whose a bearer is, is read first, and nobody reads it out of this.
        rows.refused_as(
            &format!("twice: {more}"),
            "token_duplicate_member",
            "token_malformed",
            forge.raw(&header, payload.as_bytes()),
        );
    }
    // Half of the longest token: it comes in chunks.
    let huge = json!({ "custom:notes": "x".repeat(7_000) });
    rows.accepted("a huge claim", forge.with_claims(&huge));
}
