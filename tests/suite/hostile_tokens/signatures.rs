//! Which algorithm and which key a header names, and who signed in truth.

use dev_idp::jws::{sign_hs256, unsigned};
use serde_json::{Value, json};

use super::forge::Forge;
use super::rows::{Rows, decode};

pub(super) fn algorithms(rows: &mut Rows, forge: &Forge) {
    let payload = forge.claims(&json!({}));
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = forge.header(&json!({ "alg": alg }));
        let token = unsigned(header.as_bytes(), payload.as_bytes());
        rows.refused(&format!("alg {alg:?}, unsigned"), "token_algorithm", token);
    }
    let header = forge.header(&json!({ "alg": "none" }));
    let signed = forge.raw(&header, payload.as_bytes());
    rows.refused("alg none, signed all the same", "token_algorithm", signed);

    let jwk = forge.key.public_jwk();
    let pem = forge.key.public_pem();
    let modulus = decode(jwk["n"].as_str().expect("a modulus"));
    for (what, secret) in [
        ("the PEM", pem.as_bytes()),
        ("the PEM, trimmed", pem.trim().as_bytes()),
        ("the modulus", &modulus),
        ("the JWK", jwk.to_string().as_bytes()),
        ("nothing", b""),
    ] {
        let header = forge.header(&json!({ "alg": "HS256" }));
        let token = sign_hs256(secret, header.as_bytes(), payload.as_bytes());
        rows.refused(&format!("HS256 with {what}"), "token_algorithm", token);
    }
    let header = forge.header(&json!({}));
    let token = sign_hs256(pem.as_bytes(), header.as_bytes(), payload.as_bytes());
    rows.refused("HMAC that says RS256", "token_signature", token);
    for alg in [
        "RS384",
        "RS512",
        "PS256",
        "ES256",
        "EdDSA",
        "HS512",
        "rs256",
        "RS256 ",
        "RS256\u{0}",
    ] {
        let token = forge.with_header(&json!({ "alg": alg }));
        rows.refused(&format!("alg {alg:?}"), "token_algorithm", token);
    }
    for alg in [
        json!(["RS256"]),
        json!(256),
        json!(true),
        json!({ "RS256": 1 }),
    ] {
        let token = forge.with_header(&json!({ "alg": alg }));
        rows.refused(&format!("alg {alg}"), "token_algorithm", token);
    }
    rows.refused(
        "no alg",
        "token_algorithm",
        forge.with_header(&json!({ "alg": null })),
    );
}

pub(super) fn keys(rows: &mut Rows, forge: &Forge) {
    let kid = forge.key.kid();
    rows.refused(
        "no kid",
        "token_no_kid",
        forge.with_header(&json!({ "kid": null })),
    );
    for odd in [json!([kid]), json!({ "kid": kid }), json!(7), json!(false)] {
        let token = forge.with_header(&json!({ "kid": odd }));
        rows.refused(&format!("kid of type {odd:.12}"), "token_no_kid", token);
    }
    let long = "k".repeat(4_000);
    for odd in [
        "",
        "../../../../dev/null",
        "/proc/self/environ",
        "https://evil.example/jwks.json",
        "' UNION SELECT 'secret' --",
        "| sleep 9",
        "a\u{0}b",
        "a\r\nX-Admin: 1",
        long.as_str(),
        &format!("{kid}="),
        &format!(" {kid}"),
        &kid.to_uppercase(),
        &kid.replace('+', "-").replace('/', "_").replace('=', ""),
    ] {
        let token = forge.with_header(&json!({ "kid": odd }));
        rows.refused(&format!("kid {odd:.40?}"), "token_unknown_kid", token);
    }
    let payload = forge.claims(&json!({}));
    let stranger = |changes: &Value| {
        let header = forge.header(changes);
        forge
            .stranger
            .sign_raw(header.as_bytes(), payload.as_bytes())
    };
    rows.refused(
        "a stranger's key under our kid",
        "token_signature",
        stranger(&json!({})),
    );
    let its_own = stranger(&json!({ "kid": forge.stranger.kid() }));
    rows.refused(
        "a stranger's key under its own kid",
        "token_unknown_kid",
        its_own,
    );
    let brought = json!({
        "jwk": forge.stranger.public_jwk(),
        "jku": "https://evil.example/jwks.json",
        "x5u": "https://evil.example/chain.pem",
        "x5c": ["MIIB"],
    });
    rows.refused(
        "it brings its own key",
        "token_signature",
        stranger(&brought),
    );
    rows.accepted(
        "what it brings is not looked at",
        forge.with_header(&brought),
    );
    let access = forge
        .access_key
        .sign_raw(forge.header(&json!({})).as_bytes(), payload.as_bytes());
    rows.refused(
        "the key for access tokens under the other kid",
        "token_signature",
        access,
    );
}
