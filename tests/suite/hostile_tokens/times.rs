//! When a token was issued, and until when it counts.

use serde_json::json;

use super::forge::Forge;
use super::rows::{Rows, start};

pub(super) fn times(rows: &mut Rows, forge: &Forge) {
    let exp = format!("\"exp\":{}", start() + 3_600);
    for (what, reason, text) in [
        ("exp: 1e400", "token_malformed", "\"exp\":1e400"),
        ("exp: -1e400", "token_malformed", "\"exp\":-1e400"),
        ("exp: NaN", "token_malformed", "\"exp\":NaN"),
        ("exp: Infinity", "token_malformed", "\"exp\":Infinity"),
        ("exp: 0x7fffffff", "token_malformed", "\"exp\":0x7fffffff"),
        (
            "exp: leading zeros",
            "token_malformed",
            "\"exp\":01999999999",
        ),
        ("exp: 1e300", "token_claim", "\"exp\":1e300"),
        (
            "exp: beyond 64 bits",
            "token_claim",
            "\"exp\":36893488147419103232",
        ),
        ("exp: null", "token_claim", "\"exp\":null"),
        ("exp: -1", "token_claim", "\"exp\":-1"),
        ("exp: -1.5", "token_claim", "\"exp\":-1.5"),
        ("exp: 0", "token_expired", "\"exp\":0"),
        ("Exp", "token_claim", "\"Exp\":9999999999"),
    ] {
        rows.refused(what, reason, forge.with_text(&exp, text));
    }
    let now = start();
    for (what, reason, changes) in [
        ("no exp", "token_claim", json!({ "exp": null })),
        (
            "exp in words",
            "token_claim",
            json!({ "exp": (now + 3_600).to_string() }),
        ),
        (
            "exp in a list",
            "token_claim",
            json!({ "exp": [now + 3_600] }),
        ),
        ("exp true", "token_claim", json!({ "exp": true })),
        (
            "exp in milliseconds",
            "token_claim",
            json!({ "exp": (now + 3_600) * 1_000 }),
        ),
        ("expired", "token_expired", json!({ "exp": now - 120 })),
        ("no iat", "token_claim", json!({ "iat": null })),
        (
            "iat in words",
            "token_claim",
            json!({ "iat": now.to_string() }),
        ),
        (
            "iat from the future",
            "token_not_yet_valid",
            json!({ "iat": now + 3_000 }),
        ),
        (
            "nbf from the future",
            "token_not_yet_valid",
            json!({ "nbf": now + 3_000 }),
        ),
        ("nbf in words", "token_claim", json!({ "nbf": "0" })),
        ("nbf negative", "token_claim", json!({ "nbf": -1 })),
    ] {
        rows.refused(what, reason, forge.with_claims(&changes));
    }
    // RFC 7519 2: a NumericDate may have a fraction.
    #[expect(clippy::cast_precision_loss, reason = "a date of this century")]
    let fraction = json!({ "exp": now as f64 + 3_600.5 });
    rows.accepted("exp with a fraction", forge.with_claims(&fraction));
    rows.accepted(
        "iat within the leeway",
        forge.with_claims(&json!({ "iat": now + 30, "nbf": now + 30 })),
    );
}
