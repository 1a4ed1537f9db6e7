//! The emulator's key, tokens that it signs, and what is in them.

use std::sync::OnceLock;

use dev_idp::jws::SigningKey;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{CLIENT, EXP, ISSUER, NOW};
use crate::config::ProviderKind;
use crate::gate::signin::Tokens;
use crate::gate::token::{Algorithm, KeySet, VerifiedIdentity, Verifier};

/// Generated once a process: making an RSA key takes its time.
pub(in crate::gate) fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(SigningKey::generate)
}

/// The identity of a token that holds.
pub(in crate::gate) fn identity_now() -> VerifiedIdentity {
    let issuers = vec![ISSUER.to_owned()];
    Verifier::new(ProviderKind::Cognito, issuers, CLIENT.to_owned())
        .verify(&key().sign(&id_claims()), &key_set(), NOW)
        .unwrap()
}

pub(in crate::gate) fn jwks(keys: &[&SigningKey]) -> String {
    let keys: Vec<Value> = keys.iter().map(|key| key.public_jwk()).collect();
    json!({ "keys": keys }).to_string()
}

pub(in crate::gate) fn key_set() -> KeySet {
    key_set_of(jwks(&[key()]))
}

/// A set for a provider that may sign with RS256 alone.
pub(in crate::gate) fn key_set_of(document: impl ToString) -> KeySet {
    KeySet::parse(document.to_string().as_bytes(), &[Algorithm::Rs256]).unwrap()
}

/// cognito.md 2.3 (a).
pub(in crate::gate) fn id_claims() -> Value {
    json!({
        "at_hash": "q1w2e3r4t5y6u7i8o9p0Aa",
        "sub": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
        "cognito:groups": ["Editors", "Brand-Nordics"],
        "email_verified": true,
        "iss": ISSUER,
        "cognito:username": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
        "custom:access_right": "Local Company",
        "nonce": "n-7Yh2kQ",
        "origin_jti": "0b1c2d3e-0000-4000-8000-000000000001",
        "aud": CLIENT,
        "token_use": "id",
        "auth_time": 1_790_000_000,
        "exp": EXP,
        "iat": 1_790_000_000,
        "jti": "0b1c2d3e-0000-4000-8000-000000000002",
        "email": "kirsten.holm@example.org",
        "given_name": "Kirsten",
        "family_name": "Holm",
    })
}

/// The access token that came with it.
pub(in crate::gate) fn access_claims() -> Value {
    json!({
        "sub": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
        "cognito:groups": ["Editors", "Brand-Nordics"],
        "iss": ISSUER,
        "version": 2,
        "client_id": CLIENT,
        "origin_jti": "0b1c2d3e-0000-4000-8000-000000000001",
        "token_use": "access",
        "scope": "openid profile email",
        "exp": EXP,
        "iat": 1_790_000_000,
        "username": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
    })
}

/// Claims with members replaced; null takes one away.
pub(in crate::gate) fn changed(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

/// Tokens of one answer of the token endpoint.
pub(in crate::gate) fn tokens(id_claims: &Value) -> Tokens {
    let mut access = changed(access_claims(), &json!({ "sub": id_claims["sub"] }));
    for time in ["exp", "iat"] {
        if id_claims[time].as_u64() > access[time].as_u64() {
            access[time] = id_claims[time].clone();
        }
    }
    Tokens {
        id_token: Zeroizing::new(key().sign(id_claims)),
        access_token: Zeroizing::new(key().sign(&access)),
        refresh_token: Some(Zeroizing::new("a-refresh-token".to_owned())),
    }
}
