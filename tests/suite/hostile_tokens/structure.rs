//! Parts, their encoding, and pieces of other tokens.

use serde_json::json;

use super::forge::Forge;
use super::rows::{Rows, decode, encode};

pub(super) fn structure(rows: &mut Rows, forge: &Forge) {
    let token = forge.with_claims(&json!({}));
    let other = forge.with_claims(&json!({ forge.user_claim(): "eve@example.org" }));
    let [head, body, signature] = three(&token);
    let [_, other_body, other_signature] = three(&other);
    let spare = |text: &str| last_bits_set(text);
    let truncated = encode(&decode(&signature)[..252]);
    let mut flipped = decode(&signature);
    flipped[7] ^= 1;
    let flipped = encode(flipped);
    let zeros = encode([0; 256]);
    let json_form = json!({ "payload": body, "protected": head, "signature": signature });
    for (what, reason, token) in [
        (
            "two payloads",
            "token_malformed",
            format!("{head}.{body}.{other_body}.{signature}"),
        ),
        (
            "two payloads, the other first",
            "token_malformed",
            format!("{head}.{other_body}.{body}.{signature}"),
        ),
        (
            "two signatures",
            "token_malformed",
            format!("{token}.{signature}"),
        ),
        (
            "five parts, as a JWE",
            "token_malformed",
            format!("{head}.{body}.{body}.{body}.{signature}"),
        ),
        (
            "an opaque one",
            "token_malformed",
            "mF_9.B5f-4.1JqM".to_owned(),
        ),
        ("a word", "token_malformed", "abc".to_owned()),
        ("two parts", "token_malformed", format!("{head}.{body}")),
        ("one part", "token_malformed", head.clone()),
        ("nothing but dots", "token_malformed", "..".to_owned()),
        ("a dot behind", "token_malformed", format!("{token}.")),
        (
            "no header",
            "token_malformed",
            format!(".{body}.{signature}"),
        ),
        ("no signature", "token_signature", format!("{head}.{body}.")),
        ("lower case", "token_malformed", token.to_lowercase()),
        (
            "a truncated signature",
            "token_signature",
            format!("{head}.{body}.{truncated}"),
        ),
        (
            "half a group of base64",
            "token_malformed",
            format!("{head}.{}.{signature}", "A".repeat(5)),
        ),
        (
            "padded header",
            "token_malformed",
            format!("{head}=.{body}.{signature}"),
        ),
        ("padded signature", "token_malformed", format!("{token}==")),
        (
            "spare bits in the signature",
            "token_malformed",
            format!("{head}.{body}.{}", spare(&signature)),
        ),
        (
            "the other alphabet",
            "token_malformed",
            format!("{head}.{body}.+{}", &signature[1..]),
        ),
        (
            "another's payload",
            "token_signature",
            format!("{head}.{other_body}.{signature}"),
        ),
        (
            "another's signature",
            "token_signature",
            format!("{head}.{body}.{other_signature}"),
        ),
        (
            "a flipped bit",
            "token_signature",
            format!("{head}.{body}.{flipped}"),
        ),
        (
            "a signature of zeros",
            "token_signature",
            format!("{head}.{body}.{zeros}"),
        ),
        (
            "a signature of one byte",
            "token_signature",
            format!("{head}.{body}.AA"),
        ),
        (
            "a longer signature",
            "token_signature",
            format!(
                "{head}.{body}.{}",
                encode([&[0][..], &decode(&signature)].concat())
            ),
        ),
    ] {
        rows.refused(what, reason, token);
    }
    // Whose a bearer is, is read before its signature is checked.
    for (what, in_a_session, as_a_bearer, token) in [
        (
            "a dot in front",
            "token_malformed",
            "token_issuer",
            format!(".{token}"),
        ),
        (
            "no payload",
            "token_signature",
            "token_malformed",
            format!("{head}..{signature}"),
        ),
        (
            "a truncated payload",
            "token_signature",
            "token_malformed",
            format!("{head}.{}.{signature}", &body[..body.len() / 4 * 4 - 4]),
        ),
    ] {
        rows.refused_as(what, in_a_session, as_a_bearer, token);
    }
    // No bearer has these characters (RFC 6750 2.1).
    for (what, token) in [
        ("JSON serialization", json_form.to_string()),
        ("commas for dots", token.replace('.', ",")),
        ("white space within", format!("{head}. {body}.{signature}")),
        (
            "a tab within base64",
            format!("{head}.{}\t{}.{signature}", &body[..8], &body[8..]),
        ),
        (
            "a letter beyond ASCII",
            format!("{head}.{body}é.{signature}"),
        ),
        ("Bearer in front", format!("Bearer {token}")),
    ] {
        rows.refused_as(what, "token_malformed", "bearer_malformed", token);
    }
    // What stands around the value of a header field is no part of it, and none holds a NUL (RFC 9110 5.5).
    for (what, token) in [
        ("white space in front", format!(" {token}")),
        ("white space behind", format!("{token}\n")),
        ("NUL behind", format!("{token}\0")),
    ] {
        rows.refused_in_a_session(what, "token_malformed", token);
    }
}

/// Header, payload, signature.
fn three(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().expect("three parts")
}

/// The same bytes to a careless decoder: bits set that no byte takes up.
fn last_bits_set(text: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert_ne!(text.len() % 4, 0, "no bits to spare");
    let (rest, last) = text.split_at(text.len() - 1);
    let at = ALPHABET.find(last).expect("base64url");
    format!("{rest}{}", &ALPHABET[at + 1..at + 2])
}
