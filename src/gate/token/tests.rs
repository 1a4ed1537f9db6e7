//! Every way in which a token can be no good, each with its own reason; all
//! tokens are signed for real, by the emulator's keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dev_idp::jws::SigningKey;
use serde_json::{Value, json};

use super::*;
use crate::config::ProviderKind;
use crate::gate::tests::support::{
    CLIENT, EXP, ISSUER, NOW, access_claims, changed, id_claims, jwks, key, key_set, key_set_of,
};

mod access;
mod algorithms;
mod claims;
mod key_sets;
mod known_answers;
mod structure;

fn cognito() -> Verifier {
    Verifier::new(
        ProviderKind::Cognito,
        vec![ISSUER.to_owned()],
        CLIENT.to_owned(),
    )
}

fn oidc() -> Verifier {
    Verifier::new(
        ProviderKind::Oidc,
        vec![ISSUER.to_owned()],
        CLIENT.to_owned(),
    )
}

fn verdict(verifier: &Verifier, token: &str) -> Result<(), TokenError> {
    verifier.verify(token, &key_set(), NOW).map(|_| ())
}

/// A header of our key's, with members replaced or, by null, taken away.
fn header(changes: &Value) -> String {
    changed(json!({ "kid": key().kid(), "alg": "RS256" }), changes).to_string()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn a_good_token_is_verified() {
    let token = key().sign(&id_claims());
    for verifier in [cognito(), oidc()] {
        let identity = verifier.verify(&token, &key_set(), NOW).unwrap();
        assert_eq!(identity.subject(), "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d");
        assert_eq!(identity.expires(), UnixTime::from_secs(EXP));
        assert_eq!(Value::Object(identity.claims().clone()), id_claims());
    }
}

#[test]
fn what_was_verified_shows_no_claim_in_debug_output() {
    let identity = cognito()
        .verify(&key().sign(&id_claims()), &key_set(), NOW)
        .unwrap();
    let access = cognito()
        .verify_access(&key().sign(&access_claims()), &key_set(), NOW)
        .unwrap();
    let shown = format!("{identity:?} {access:?} {:?}", key_set());
    for secret in ["kirsten", "Editors", "d3a4f8c2", "0b1c2d3e", "Local"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_token_renews_only_one_of_the_same_person() {
    use crate::gate::tests::support::identity_now;
    let renewed = |changes: Value| {
        let token = key().sign(&changed(id_claims(), &changes));
        let verified = cognito().verify(&token, &key_set(), NOW).unwrap();
        verified.check_renews(&identity_now())
    };
    assert_eq!(renewed(json!({})), Ok(()));
    assert_eq!(
        renewed(json!({ "sub": "another" })),
        Err(TokenError::Foreign)
    );
    assert_eq!(
        renewed(json!({ "nonce": "another" })),
        Err(TokenError::Nonce)
    );
}
