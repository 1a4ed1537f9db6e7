//! `/oauth2/v2.0/token`: `client_secret_post` and Basic (E15).

use hyper::header::CACHE_CONTROL;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::ids;
use crate::world::World;

use super::Entra;
use super::claims::{LIFETIME, id_claims};
use super::grants::EntraAccess;

/// Error name, status and Entra's number for it.
struct Refusal(&'static str, u16, u32, &'static str);

pub(super) fn serve(world: &mut World, request: &Request) -> Reply {
    if !request.is_post() {
        return Reply::method_not_allowed();
    }
    let now = world.clock.now();
    let reply = match answer(&mut world.entra, request, now) {
        Ok(body) => Reply::json(200, &body),
        Err(Refusal(error, status, number, text)) => Reply::json(
            status,
            &json!({
                "error": error,
                "error_description": format!("AADSTS{number}: {text}"),
                "error_codes": [number],
                "trace_id": ids::uuid(),
                "correlation_id": ids::uuid(),
            }),
        ),
    };
    reply.with(CACHE_CONTROL, "no-store")
}

fn answer(entra: &mut Entra, request: &Request, now: i64) -> Result<Value, Refusal> {
    let form = &request.form;
    let client_id = authenticate(entra, request)?;
    if form.first("grant_type") != Some("authorization_code") {
        return Err(Refusal(
            "unsupported_grant_type",
            400,
            70003,
            "The app requested an unsupported grant type.",
        ));
    }
    let invalid = |text| Refusal("invalid_grant", 400, 70008, text);
    let code = form
        .filled("code")
        .and_then(|value| entra.grants.redeem(value, now))
        .filter(|code| code.client_id == client_id)
        .ok_or(invalid(
            "The provided authorization code is invalid or has expired.",
        ))?;
    if form.first("redirect_uri") != Some(&code.redirect_uri) {
        return Err(invalid(
            "The redirect URI is not that of the authorization request.",
        ));
    }
    if let Some(challenge) = &code.challenge
        && form.filled("code_verifier").map(ids::sha256).as_ref() != Some(challenge)
    {
        return Err(invalid("The code_verifier does not match."));
    }
    let person = entra
        .directory
        .person(&code.slug)
        .ok_or(invalid("The user account does not exist."))?;
    // Unlike Cognito's, the header names a type and slashes stay as they are.
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": entra.key().kid() }).to_string();
    let claims = id_claims(entra, person, &code, now).to_string();
    let id_token = entra.key().sign_raw(header.as_bytes(), claims.as_bytes());
    let access_token = entra.grants.issue_access(
        EntraAccess {
            client_id,
            slug: code.slug,
            expires_at: now + LIFETIME,
        },
        now,
    );
    Ok(json!({
        "token_type": "Bearer",
        "scope": code.scopes.join(" "),
        "expires_in": LIFETIME,
        "ext_expires_in": LIFETIME,
        "access_token": access_token,
        "id_token": id_token,
    }))
}

/// The client's id, once its secret is proven. Basic credentials are
/// form-encoded (RFC 6749 2.3.1); Entra's secrets hold characters that show it.
fn authenticate(entra: &Entra, request: &Request) -> Result<String, Refusal> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (id, secret) = match request.basic() {
        Some((id, secret)) => (decode(&id), decode(&secret)),
        None => (
            request
                .form
                .first("client_id")
                .unwrap_or_default()
                .to_owned(),
            request
                .form
                .first("client_secret")
                .unwrap_or_default()
                .to_owned(),
        ),
    };
    entra
        .directory
        .app(&id)
        .filter(|app| app.secrets.contains(&secret))
        .map(|app| app.client_id.clone())
        .ok_or(Refusal(
            "invalid_client",
            401,
            7_000_215,
            "Invalid client secret provided.",
        ))
}
