//! The v2.0 ID token (cognito.md 3.2).

use serde_json::{Map, Value, json};

use crate::ids;

use super::directory::Person;
use super::grants::EntraCode;
use super::{Entra, TENANT};

/// An ID token lasts an hour.
pub(super) const LIFETIME: i64 = 3600;

/// From this many groups on, a JWT names a source instead of the groups.
const OVERAGE: usize = 200;

/// No `email_verified`, no `at_hash`: Entra emits neither.
pub(super) fn id_claims(entra: &Entra, person: &Person, code: &EntraCode, now: i64) -> Value {
    let has = |wanted: &str| code.scopes.iter().any(|scope| scope == wanted);
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| {
        claims.insert(name.to_owned(), value);
    };
    put("aud", json!(code.client_id));
    put("iss", json!(entra.issuer()));
    put("iat", json!(now));
    put("nbf", json!(now));
    put("exp", json!(now + LIFETIME));
    put("sub", json!(person.subject(&code.client_id)));
    put("ver", json!("2.0"));
    put("uti", json!(ids::uuid()));
    put("rh", json!("0.Aexample."));
    if let Some(nonce) = &code.nonce {
        put("nonce", json!(nonce));
    }
    if has("profile") {
        put("oid", json!(person.oid));
        put("tid", json!(TENANT));
        put("name", json!(person.name));
        put("given_name", json!(person.given_name));
        put("family_name", json!(person.family_name));
        put("preferred_username", json!(person.upn));
        put("upn", json!(person.upn));
    }
    if let Some(mail) = person.mail.as_ref().filter(|_| has("email")) {
        put("email", json!(mail));
    }
    if let Some(idp) = person.home_idp() {
        put("idp", json!(idp));
    }
    if !person.roles.is_empty() {
        put("roles", json!(person.roles));
    }
    if person.groups.len() > OVERAGE {
        put("_claim_names", json!({ "groups": "src1" }));
        put(
            "_claim_sources",
            json!({ "src1": { "endpoint":
                format!("{}/{TENANT}/users/{}/getMemberObjects", entra.origin, person.oid) } }),
        );
    } else if !person.groups.is_empty() {
        put("groups", json!(person.groups));
    }
    Value::Object(claims)
}
