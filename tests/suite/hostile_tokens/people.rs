//! What the app is told of a person whose claims are hostile.

use serde_json::{Value, json};

use super::forge::Forge;
use super::rows::{Fate, PERSON, Rows};

pub(super) fn people(rows: &mut Rows, forge: &Forge) {
    for (what, email) in [
        ("CR LF", "hanna@example.org\r\nX-Admin: 1"),
        ("LF", "hanna@example.org\nx"),
        ("NUL", "hanna@example.org\u{0}"),
        ("DEL", "hanna\u{7f}@example.org"),
    ] {
        let token = forge.with_claims(&json!({ "email": email }));
        rows.push(
            &format!("email with {what}"),
            token,
            Fate::Forbidden("no_user_claim"),
        );
    }
    for (what, email) in [
        ("a list of two", json!(["a@example.org", "b@example.org"])),
        ("an object", json!({ "a": 1 })),
        ("null", Value::Null),
        ("empty", json!("  ")),
    ] {
        let token = forge.with_claims(&json!({ "email": email }));
        rows.push(
            &format!("email: {what}"),
            token,
            Fate::Forbidden("no_user_claim"),
        );
    }
    let name = forge.with_claims(&json!({ "name": "Hanna\r\nX-Forwarded-Groups: Admins" }));
    rows.push(
        "a name with CR LF",
        name,
        Fate::Told(&[
            ("X-Forwarded-User", Some(PERSON)),
            ("X-Forwarded-Groups", Some("Editors,Brand-Nordics")),
            (
                "X-Forwarded-Name",
                Some("Hanna%0D%0AX-Forwarded-Groups: Admins"),
            ),
        ]),
    );
    groups(rows, forge);
}

fn groups(rows: &mut Rows, forge: &Forge) {
    let told = |rows: &mut Rows,
                what: &str,
                groups: Value,
                header: &'static [(&'static str, Option<&'static str>)]| {
        let token = forge.with_claims(&json!({ "cognito:groups": groups }));
        rows.push(&format!("groups: {what}"), token, Fate::Told(header));
    };
    told(
        rows,
        "a comma",
        json!(["x,Admins", "Editors"]),
        &[("X-Forwarded-Groups", Some("Editors"))],
    );
    told(
        rows,
        "CR LF",
        json!(["x\r\nX-Admin: 1", "Editors"]),
        &[("X-Forwarded-Groups", Some("Editors")), ("X-Admin", None)],
    );
    told(
        rows,
        "NUL",
        json!(["Admins\u{0}", "Editors"]),
        &[("X-Forwarded-Groups", Some("Editors"))],
    );
    told(
        rows,
        "a Cyrillic A",
        json!(["\u{410}dmins"]),
        &[("X-Forwarded-Groups", Some("%D0%90dmins"))],
    );
    told(
        rows,
        "full width",
        json!(["\u{ff21}dmins"]),
        &[("X-Forwarded-Groups", Some("%EF%BC%A1dmins"))],
    );
    told(
        rows,
        "right to left",
        json!(["\u{202e}snimdA"]),
        &[("X-Forwarded-Groups", Some("%E2%80%AEsnimdA"))],
    );
    told(
        rows,
        "zero width",
        json!(["Ad\u{200b}mins"]),
        &[("X-Forwarded-Groups", Some("Ad%E2%80%8Bmins"))],
    );
    told(
        rows,
        "composed and not",
        json!(["\u{e9}", "e\u{301}"]),
        &[("X-Forwarded-Groups", Some("%C3%A9,e%CC%81"))],
    );
    told(
        rows,
        "a full-width comma",
        json!(["x\u{ff0c}Admins"]),
        &[("X-Forwarded-Groups", Some("x%EF%BC%8CAdmins"))],
    );
    told(
        rows,
        "percent-encoded already",
        json!(["%41dmins"]),
        &[("X-Forwarded-Groups", Some("%2541dmins"))],
    );
    told(
        rows,
        "no list",
        json!("Admins"),
        &[("X-Forwarded-Groups", Some("Admins"))],
    );
    told(
        rows,
        "nested",
        json!([["Admins"], { "a": "Admins" }]),
        &[("X-Forwarded-Groups", None)],
    );
    told(
        rows,
        "empty ones",
        json!(["", "  "]),
        &[("X-Forwarded-Groups", None)],
    );
    let many: Vec<String> = (0..320)
        .map(|number| format!("a-group-of-a-long-name-{number}"))
        .collect();
    let token = forge.with_claims(&json!({ "cognito:groups": many }));
    rows.push(
        "groups: more than a header holds",
        token,
        Fate::Forbidden("header_too_long"),
    );
}
