//! JWK sets: which keys we take from a provider.

use super::keys::KeySetError;
use super::*;

fn parse(keys: &[Value]) -> Result<usize, KeySetError> {
    let document = json!({ "keys": keys }).to_string();
    KeySet::parse(document.as_bytes(), &[Algorithm::Rs256]).map(|set| set.len())
}

fn jwk(changes: &Value) -> Value {
    changed(key().public_jwk(), changes)
}

#[test]
fn a_document_that_is_no_key_set_refuses() {
    for document in [
        "",
        "garbage",
        "null",
        "[]",
        "{}",
        "{\"keys\":null}",
        "{\"keys\":{}}",
        "{\"keys\":\"x\"}",
        "<!doctype html>",
        "{\"keys\":[]",
        "{\"keys\":[]}x",
        "\u{feff}{\"keys\":[]}",
    ] {
        let parsed = KeySet::parse(document.as_bytes(), &[Algorithm::Rs256]).map(|_| ());
        assert_eq!(parsed, Err(KeySetError::Malformed), "{document}");
    }
    assert_eq!(
        KeySet::parse(b"\xff\xfe", &[Algorithm::Rs256]).map(|_| ()),
        Err(KeySetError::Malformed)
    );
}

#[test]
fn keys_that_cannot_have_signed_are_skipped() {
    let ec = json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "ec",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    });
    let symmetric = json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "hs" });
    let unusable = [
        ec,
        symmetric,
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }),
        jwk(&json!({ "kty": null })),
        jwk(&json!({ "kty": "rsa" })),
        jwk(&json!({ "alg": "RS512" })),
        jwk(&json!({ "alg": "RSA-OAEP" })),
        jwk(&json!({ "alg": 256 })),
        jwk(&json!({ "use": "enc" })),
        jwk(&json!({ "use": ["sig"] })),
        jwk(&json!({ "n": null })),
        jwk(&json!({ "e": null })),
        jwk(&json!({ "n": 5 })),
        jwk(&json!({ "n": "" })),
        jwk(&json!({ "n": "!".repeat(342) })),
        // 1024 and 16,384 bits.
        jwk(&json!({ "n": encode([0xc5; 128]) })),
        jwk(&json!({ "n": encode([0xc5; 2048]) })),
        json!("a text"),
        json!(null),
        json!([]),
    ];
    for one in &unusable {
        let alone = parse(std::slice::from_ref(one));
        assert_eq!(alone, Err(KeySetError::NoUsableKey), "{one}");
    }
    assert_eq!(parse(&[]), Err(KeySetError::NoUsableKey));
    let mut mixed = unusable.to_vec();
    mixed.push(key().public_jwk());
    assert_eq!(parse(&mixed), Ok(1));
    let set = key_set_of(json!({ "keys": mixed }));
    let verified = cognito().verify(&key().sign(&id_claims()), &set, NOW);
    assert!(verified.is_ok(), "the good key among them is found");
}

#[test]
fn a_key_may_leave_out_what_is_optional() {
    for absent in ["alg", "use"] {
        let set = json!({ "keys": [jwk(&json!({ absent: null }))] }).to_string();
        let set = key_set_of(set);
        let verified = cognito().verify(&key().sign(&id_claims()), &set, NOW);
        assert!(verified.is_ok(), "without {absent}");
    }
}

#[test]
fn a_set_is_bounded() {
    let keys: Vec<Value> = (0..1_200)
        .map(|number| jwk(&json!({ "kid": number.to_string() })))
        .collect();
    assert_eq!(parse(&keys), Ok(1_000));
    assert_eq!(parse(&keys[..1_000]), Ok(1_000));
}

#[test]
fn two_keys_are_told_apart_by_their_kid() {
    let second = SigningKey::generate();
    let set = key_set_of(jwks(&[key(), &second]));
    assert!(!set.is_empty());
    for signer in [key(), &second] {
        assert!(
            cognito()
                .verify(&signer.sign(&id_claims()), &set, NOW)
                .is_ok()
        );
    }
    // Each signs under the other's name.
    let kid = json!({ "kid": second.kid(), "alg": "RS256" }).to_string();
    let crossed = key().sign_raw(kid.as_bytes(), id_claims().to_string().as_bytes());
    let verified = cognito().verify(&crossed, &set, NOW).map(|_| ());
    assert_eq!(verified, Err(TokenError::Signature));
}

#[test]
fn without_a_kid_there_has_to_be_exactly_one_key() {
    let payload = id_claims().to_string();
    let nameless = key().sign_raw(b"{\"alg\":\"RS256\"}", payload.as_bytes());
    let second = SigningKey::generate();
    let nameless_key = jwk(&json!({ "kid": null }));
    let sets = [
        ("one key", json!([key().public_jwk()]), Ok(())),
        ("one key without a kid", json!([nameless_key]), Ok(())),
        (
            "two keys",
            json!([key().public_jwk(), second.public_jwk()]),
            Err(TokenError::NoKeyId),
        ),
        (
            "two keys, one without",
            json!([nameless_key, second.public_jwk()]),
            Err(TokenError::NoKeyId),
        ),
        (
            "one other key",
            json!([second.public_jwk()]),
            Err(TokenError::Signature),
        ),
    ];
    for (what, keys, expected) in sets {
        let set = key_set_of(json!({ "keys": keys }));
        let verified = oidc().verify(&nameless, &set, NOW).map(|_| ());
        assert_eq!(verified, expected, "{what}");
        let verified = cognito().verify(&nameless, &set, NOW).map(|_| ());
        assert_eq!(verified, Err(TokenError::NoKeyId), "cognito, {what}");
    }
}

#[test]
fn a_key_without_a_kid_is_not_found_by_one() {
    let set = json!({ "keys": [jwk(&json!({ "kid": null }))] }).to_string();
    let set = key_set_of(set);
    let verified = oidc()
        .verify(&key().sign(&id_claims()), &set, NOW)
        .map(|_| ());
    assert_eq!(verified, Err(TokenError::UnknownKey));
}

#[test]
fn a_verification_is_forgotten_exactly_with_its_key() {
    let second = SigningKey::generate();
    let set = |keys: Value| key_set_of(json!({ "keys": keys }));
    let (ours, theirs) = (key().public_jwk(), second.public_jwk());
    let before = set(json!([ours]));
    let identity = cognito()
        .verify(&key().sign(&id_claims()), &before, NOW)
        .unwrap();
    let material = changed(theirs.clone(), &json!({ "kid": key().kid() }));
    for (what, after, holds) in [
        ("equal keys", json!([ours]), true),
        ("a key added", json!([theirs, ours]), true),
        (
            "the key described otherwise",
            json!([jwk(&json!({ "use": null, "x5t": "x" }))]),
            true,
        ),
        ("the key removed", json!([theirs]), false),
        ("another key of that name", json!([material]), false),
        (
            "the key renamed",
            json!([jwk(&json!({ "kid": "x" }))]),
            false,
        ),
        (
            "the key without a name",
            json!([jwk(&json!({ "kid": null }))]),
            false,
        ),
        (
            "the key with an empty name",
            json!([jwk(&json!({ "kid": "" }))]),
            false,
        ),
    ] {
        let after = set(after);
        assert_eq!(after.holds(identity.key()), holds, "{what}");
        assert_eq!(after.holds_all_of(&before), holds, "{what}");
    }
    let both = set(json!([ours, theirs]));
    assert!(both.holds_all_of(&before) && !before.holds_all_of(&both));
}
