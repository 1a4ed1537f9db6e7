//! What a token says of itself: that it is an access token, whose it is, and
//! what its client may do.
//!
//! Owns the words by which providers say so. Must not know whether any of it is
//! true: whoever asks has checked the signature.
//!
//! **Which is an access token.** Cognito says so (`token_use`, cognito.md 2.2).
//! Elsewhere nothing in an ID token forbids to take it for one, so it has to say
//! so itself: by `typ` `at+jwt` in its header (RFC 9068 2.1), by `typ` `Bearer`
//! among its claims (Keycloak), or by a claim that ID tokens do not have
//! (`scope`, `scp`, Entra's `azpacr`, `appidacr`, `idtyp`) and none that only
//! ID tokens have. What says neither, or both, or something else, is refused.

use serde_json::{Map, Value};

use super::BearerUse;
use crate::gate::time::UnixTime;
use crate::gate::token::claims::Claims;

/// Claims that access tokens have and ID tokens do not.
const OF_ACCESS_TOKENS: &[&str] = &["scope", "scp", "azpacr", "appidacr", "idtyp"];
/// Claims that ID tokens have and access tokens do not.
const OF_ID_TOKENS: &[&str] = &["nonce", "at_hash", "c_hash", "s_hash"];
/// Where tokens name the client that got them: RFC 9068, OpenID Connect, Okta, Entra 1.0.
const CLIENT: &[&str] = &["client_id", "azp", "cid", "appid"];
/// How Keycloak names the users that stand for its clients.
const SERVICE_ACCOUNT: &str = "service-account-";

/// What a token of any provider but Cognito says that it is: see the head of
/// this file. `None` if it does not, or says two things.
pub(super) fn said_use(header: &Map<String, Value>, claims: &Claims) -> Option<BearerUse> {
    let has = |names: &[&str]| names.iter().any(|name| claims.0.contains_key(*name));
    // A logout token (OpenID Connect Back-Channel Logout 2.4) is neither.
    if has(&["events"]) {
        return None;
    }
    // With or without `application/`, in any letter case (RFC 7515 4.1.9).
    let typ = match header.get("typ") {
        None => None,
        Some(typ) => Some(typ.as_str()?.to_ascii_lowercase()),
    };
    let typ = typ
        .as_deref()
        .map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    match (typ, claims.0.get("typ")) {
        (Some("at+jwt"), None) => return Some(BearerUse::Access),
        (Some("at+jwt") | Some("jwt") | None, Some(said)) => match said.as_str()? {
            "Bearer" => return Some(BearerUse::Access),
            "ID" if typ != Some("at+jwt") => {}
            _ => return None,
        },
        (Some("jwt") | None, None) => {}
        _ => return None,
    }
    let is_id = claims.text("typ") == Some("ID");
    match (has(OF_ACCESS_TOKENS), is_id || has(OF_ID_TOKENS)) {
        (true, false) => Some(BearerUse::Access),
        (false, _) => Some(BearerUse::Id),
        (true, true) => None,
    }
}

/// A client whose token is nobody's.
#[derive(Debug)]
pub(super) struct Machine {
    /// Its id.
    pub(super) client: String,
    /// Whether the token says so; otherwise nothing in it says that it is a
    /// person's.
    pub(super) is_said: bool,
}

/// The client of a Cognito token without a person: nobody is named in it, and
/// it is its own subject (cognito.md 1.7, 2.2).
pub(super) fn cognito_machine(claims: &Claims) -> Option<Machine> {
    let client = claims.text("client_id").unwrap_or_default();
    let is_said = claims.text("sub") == Some(client);
    let is_person = claims.text("username").is_some_and(|name| !name.is_empty()) && !is_said;
    (!is_person).then(|| Machine {
        client: client.to_owned(),
        is_said,
    })
}

/// The client of a token without a person. An access token is a person's only
/// if it says so: by Entra's `idtyp`, by `scp`, which Entra and Okta give for
/// people (Okta's machines are their own subject), or by when the person
/// authenticated (RFC 9068 2.2.1).
pub(super) fn oidc_machine(claims: &Claims, token_use: BearerUse) -> Option<Machine> {
    let client = client_of(claims);
    let subject = claims.text("sub").unwrap_or_default();
    let is_service_account = ["preferred_username", "username"]
        .iter()
        .filter_map(|name| claims.text(name))
        .any(|name| name.starts_with(SERVICE_ACCOUNT));
    let own_subject = CLIENT
        .iter()
        .filter_map(|name| claims.text(name))
        // Auth0 writes `CLIENT@clients`.
        .any(|client| subject.strip_suffix("@clients").unwrap_or(subject) == client);
    let says_machine = is_service_account
        || own_subject
        || claims.text("idtyp").is_some_and(|kind| kind != "user")
        || claims
            .text("gty")
            .is_some_and(|grant| grant == "client-credentials");
    let says_person = || {
        let authenticated = claims.authenticated().ok().flatten();
        claims.text("idtyp") == Some("user")
            || claims.0.contains_key("scp")
            || authenticated.is_some_and(|at| at > UnixTime::from_secs(0))
    };
    let is_machine = says_machine || token_use == BearerUse::Access && !says_person();
    is_machine.then(|| Machine {
        client: client.unwrap_or(subject).to_owned(),
        is_said: says_machine,
    })
}

pub(super) fn client_of(claims: &Claims) -> Option<&str> {
    CLIENT
        .iter()
        .find_map(|name| claims.text(name))
        .filter(|client| !client.is_empty())
}

/// One text with spaces (RFC 8693 4.2) or a list (Okta); what Entra's machines
/// may do is in `roles`, which are a person's own in any other token.
pub(super) fn scopes(claims: &Claims, is_machine: bool) -> Vec<String> {
    let listed = |name: &str| -> Vec<String> {
        match claims.0.get(name) {
            Some(Value::String(text)) => {
                let words = text.split(' ').filter(|word| !word.is_empty());
                words.map(str::to_owned).collect()
            }
            Some(Value::Array(items)) => {
                let texts = items.iter().filter_map(Value::as_str);
                texts.map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    };
    let mut scopes = listed("scope");
    scopes.extend(listed("scp"));
    if scopes.is_empty() && is_machine {
        scopes = listed("roles");
    }
    scopes
}
