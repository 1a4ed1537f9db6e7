//! Values that no template says: every claim, a principal as JSON, a hash.
//!
//! Owns their formats, each of another product. Must not know which preset
//! asks for them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Evidence;
use super::managed::normalised;
use super::template::reads_as_several;
use crate::gate::identity::Person;

/// authentik's `-uid`: tells accounts apart without naming them.
pub(super) fn subject_hash(evidence: &Evidence<'_>) -> String {
    let issuer = evidence
        .claims
        .and_then(|claims| claims.get("iss")?.as_str())
        .unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(issuer);
    // No issuer and no subject holds it: no two pairs share a text.
    hash.update([0]);
    hash.update(evidence.sub);
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Azure's `X-MS-CLIENT-PRINCIPAL`: claims by their types, and which of them
/// are the name and the roles. The one role is the access right.
pub(super) fn principal(person: &Person, evidence: &Evidence<'_>) -> String {
    const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
    const EMAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
    const SUBJECT: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
    const ROLE: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
    let claim = |typ: &str, val: &str| json!({ "typ": typ, "val": val });
    let mut claims = vec![claim(SUBJECT, evidence.sub), claim(NAME, &person.user)];
    claims.extend(person.email.as_deref().map(|email| claim(EMAIL, email)));
    claims.extend(person.name.as_deref().map(|name| claim("name", name)));
    claims.extend(person.groups.iter().map(|group| claim("groups", group)));
    claims.extend(
        person
            .access_right
            .as_deref()
            .map(|right| claim(ROLE, right)),
    );
    let principal = json!({
        "auth_typ": evidence.provider,
        "claims": claims,
        "name_typ": NAME,
        "role_typ": ROLE,
    });
    STANDARD.encode(principal.to_string())
}

/// One claim as mod_auth_openidc sends it: no Debug, since it tells of a person.
pub(super) struct ClaimHeader {
    /// `OIDC_CLAIM_` and the claim's name.
    pub(super) name: String,
    /// The text; `None` if nothing was left of it.
    pub(super) text: Option<String>,
    /// An item was left out, since it would have read as several.
    pub(super) left_out: bool,
    /// The claim's name passes for that of another: it is never told.
    pub(super) is_misspelt: bool,
}

/// Members of the protocol: what they say is said to us alone.
const OURS: &[&str] = &["nonce", "at_hash", "c_hash", "s_hash"];

/// Claims whose meaning is known (OpenID Connect Core 2, 5.1; RFC 9068;
/// cognito.md 2.2): what is told under such a name is that claim and no other.
#[rustfmt::skip] // a list: many a line
const KNOWN: &[&str] = &[
    "iss", "sub", "aud", "azp", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "acr", "amr", "at_hash",
    "c_hash", "s_hash", "sid", "client_id", "scope", "token_use", "event_id", "origin_jti", "identities", "email",
    "email_verified", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username",
    "username", "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
    "phone_number_verified", "address", "updated_at", "groups", "roles", "upn", "oid", "tid",
    "cognito:groups", "cognito:username", "cognito:roles", "cognito:preferred_role",
];

/// Whether a claim's name differs by its spelling alone from one that is known:
/// header names ignore letter case, and their readers more than that.
fn is_misspelt(name: &str) -> bool {
    let same = normalised(name);
    KNOWN
        .iter()
        .any(|known| *known != name && normalised(known) == same)
        || (same.starts_with("cognito-") && !name.starts_with("cognito:"))
}

/// mod_auth_openidc's headers: text as it is, booleans as 1 and 0, lists with
/// commas, objects as JSON, and a hyphen for what no header name may hold.
pub(super) fn every_claim(claims: &Map<String, Value>) -> impl Iterator<Item = ClaimHeader> {
    claims
        .iter()
        .filter(|(name, _)| !OURS.contains(&name.as_str()))
        .map(|(name, value)| {
            let is_misspelt = is_misspelt(name);
            let name: String = name
                .chars()
                .map(|c| if is_name_character(c) { c } else { '-' })
                .collect();
            let (text, left_out) = claim_text(value);
            ClaimHeader {
                name: format!("OIDC_CLAIM_{name}"),
                text: text.filter(|text| !text.is_empty()),
                left_out,
                is_misspelt,
            }
        })
}

fn claim_text(value: &Value) -> (Option<String>, bool) {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().filter_map(|item| claim_text(item).0).collect();
            let all = items.len();
            let whole: Vec<_> = items
                .into_iter()
                .filter(|item| !reads_as_several(item, ","))
                .collect();
            let left_out = whole.len() < all;
            ((!whole.is_empty()).then(|| whole.join(",")), left_out)
        }
        Value::String(text) => (Some(text.trim().to_owned()), false),
        Value::Bool(truth) => (Some(u8::from(*truth).to_string()), false),
        Value::Null => (None, false),
        Value::Number(_) | Value::Object(_) => (Some(value.to_string()), false),
    }
}

/// RFC 9110 5.6.2.
fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}
