//! Access tokens, and that the two tokens of a login belong together.

use super::*;
use crate::gate::time::LEEWAY;

fn access(changes: &Value) -> Result<VerifiedAccess, TokenError> {
    let token = key().sign(&changed(access_claims(), changes));
    cognito().verify_access(&token, &key_set(), NOW)
}

#[test]
fn an_access_token_is_for_our_client_and_for_access() {
    assert!(access(&json!({})).is_ok());
    for (what, changes, error) in [
        (
            "other client",
            json!({ "client_id": "other" }),
            TokenError::Audience,
        ),
        (
            "no client",
            json!({ "client_id": null }),
            TokenError::Audience,
        ),
        (
            "client list",
            json!({ "client_id": [CLIENT] }),
            TokenError::Audience,
        ),
        (
            "only aud",
            json!({ "client_id": null, "aud": CLIENT }),
            TokenError::Audience,
        ),
        ("use id", json!({ "token_use": "id" }), TokenError::TokenUse),
        ("no use", json!({ "token_use": null }), TokenError::TokenUse),
        (
            "other pool",
            json!({ "iss": ISSUER.replace("99", "98") }),
            TokenError::Issuer,
        ),
        ("no subject", json!({ "sub": null }), TokenError::Claim),
        ("no end", json!({ "exp": null }), TokenError::Claim),
        (
            "over",
            json!({ "exp": NOW.secs() - LEEWAY }),
            TokenError::Expired,
        ),
        (
            "future",
            json!({ "iat": NOW.secs() + LEEWAY + 1 }),
            TokenError::NotYetValid,
        ),
    ] {
        assert_eq!(access(&changes).map(|_| ()), Err(error), "{what}");
    }
}

#[test]
fn neither_token_poses_as_the_other() {
    let id_token = key().sign(&id_claims());
    let access_token = key().sign(&access_claims());
    let as_access = cognito().verify_access(&id_token, &key_set(), NOW);
    assert_eq!(as_access.map(|_| ()), Err(TokenError::Audience));
    assert_eq!(verdict(&cognito(), &access_token), Err(TokenError::Claim));
    // Even where a trigger gave it an audience (cognito.md 2.2).
    let with_aud = key().sign(&changed(access_claims(), &json!({ "aud": CLIENT })));
    assert_eq!(verdict(&cognito(), &with_aud), Err(TokenError::TokenUse));
}

#[test]
fn an_access_token_is_verified_like_any_other() {
    let mallory = SigningKey::generate_with_kid(key().kid());
    let verify = |token: &str| cognito().verify_access(token, &key_set(), NOW).map(|_| ());
    assert_eq!(
        verify(&mallory.sign(&access_claims())),
        Err(TokenError::Signature)
    );
    assert_eq!(verify("an opaque text"), Err(TokenError::Malformed));
    assert_eq!(verify(""), Err(TokenError::Malformed));
    assert_eq!(verify(&"a".repeat(TOKEN_MAX + 1)), Err(TokenError::TooLong));
}

#[test]
fn the_access_token_belongs_to_the_id_token() {
    for (what, of_id, of_access, expected) in [
        ("same login", json!({}), json!({}), Ok(())),
        (
            "other person",
            json!({}),
            json!({ "sub": "other" }),
            Err(TokenError::Foreign),
        ),
        (
            "other grant",
            json!({}),
            json!({ "origin_jti": "other" }),
            Err(TokenError::Foreign),
        ),
        (
            "no origin_jti",
            json!({ "origin_jti": null }),
            json!({ "origin_jti": null }),
            Ok(()),
        ),
        (
            "only in one",
            json!({ "origin_jti": null }),
            json!({}),
            Ok(()),
        ),
        (
            "only in the other",
            json!({}),
            json!({ "origin_jti": null }),
            Ok(()),
        ),
    ] {
        let token = key().sign(&changed(id_claims(), &of_id));
        let identity = cognito().verify(&token, &key_set(), NOW).unwrap();
        let access = access(&of_access).unwrap();
        let person = identity.check_access(&access);
        let both = person.and_then(|()| identity.check_grant(&access));
        assert_eq!(both, expected, "{what}");
        let is_person = what == "other person";
        assert_eq!(person.is_err(), is_person, "{what}");
    }
}
