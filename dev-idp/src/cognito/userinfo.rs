//! `GET /oauth2/userInfo` (cognito.md 1.8; E11).

use hyper::header::{CACHE_CONTROL, HeaderName, PRAGMA, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

use crate::http::{Reply, Request};
use crate::ids;
use crate::jws;
use crate::world::World;

use super::claims::visible_attributes;

/// The two errors of 1.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UserinfoError {
    InvalidRequest,
    InvalidToken,
}

pub(super) fn serve(world: &mut World, request: &Request) -> Reply {
    if !request.is_get() {
        return Reply::method_not_allowed();
    }
    let reply = match answer(world, request) {
        Ok(body) => Reply::json(200, &body),
        Err(error) => refuse(error),
    };
    reply
        .with(
            CACHE_CONTROL,
            "no-cache, no-store, max-age=0, must-revalidate",
        )
        .with(PRAGMA, "no-cache")
        .with(
            HeaderName::from_static("x-amz-cognito-request-id"),
            &ids::uuid(),
        )
}

fn answer(world: &World, request: &Request) -> Result<Value, UserinfoError> {
    let token = request.bearer().ok_or(UserinfoError::InvalidRequest)?;
    let claims = accept(world, token).ok_or(UserinfoError::InvalidToken)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let scopes: Vec<String> = text("scope")
        .unwrap_or_default()
        .split_ascii_whitespace()
        .map(str::to_owned)
        .collect();
    let person = (|| {
        let client = world.client(text("client_id")?)?;
        let user = world.user(&client.pool, text("username")?)?;
        (user.enabled && scopes.iter().any(|scope| scope == "openid")).then_some((client, user))
    })();
    let (client, user) = person.ok_or(UserinfoError::InvalidToken)?;

    // All values are text, `email_verified` too.
    let mut body = Map::new();
    body.insert("sub".to_owned(), json!(user.sub));
    body.insert("username".to_owned(), json!(user.username));
    for (name, value) in visible_attributes(&client, user, &scopes) {
        body.insert(name.to_owned(), json!(value));
    }
    if let Some(identities) = user.identities_text() {
        body.insert("identities".to_owned(), json!(identities));
    }
    Ok(Value::Object(body))
}

/// The claims of an access token that one of our pools signed, that has not
/// expired and was not revoked.
fn accept(world: &World, token: &str) -> Option<Value> {
    let decoded = jws::decode(token).ok()?;
    let claims = decoded.claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let client = world.client(text("client_id")?)?;
    let pool = world.pools.get(&client.pool)?;
    let kid = decoded.header.get("kid")?.as_str()?;
    let expires_at = claims.get("exp")?.as_i64()?;
    let revoked = text("origin_jti").is_some_and(|id| world.ledger.is_revoked(id));
    let good = pool.keys.published_key(kid)?.verifies(token)
        && text("iss")? == pool.issuer(&world.origins.issuer)
        && text("token_use")? == "access"
        && world.now_for(&client) < expires_at
        && !revoked;
    good.then_some(claims)
}

/// The header has no scheme word: it starts with `error=` (1.8).
fn refuse(error: UserinfoError) -> Reply {
    let (status, name, description) = match error {
        UserinfoError::InvalidRequest => (
            400,
            "invalid_request",
            "Bad OAuth2 request at UserInfo Endpoint",
        ),
        UserinfoError::InvalidToken => (
            401,
            "invalid_token",
            "Access token is expired, disabled, or deleted, or the user has globally signed out.",
        ),
    };
    Reply::json(
        status,
        &json!({ "error": name, "error_description": description }),
    )
    .with(
        WWW_AUTHENTICATE,
        &format!("error=\"{name}\", error_description=\"{description}\""),
    )
}
