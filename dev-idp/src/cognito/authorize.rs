//! `GET /oauth2/authorize`, and how every login ends (cognito.md 1.4, 1.5;
//! E4, E6).

use crate::http::{Reply, Request};
use crate::ids;
use crate::ledger::Grant;
use crate::model::COGNITO;
use crate::world::World;

use super::federation;
use super::mint;
use super::refusal::CallbackError;
use super::request::AuthorizeRequest;
use super::sessions::LoginSession;

pub(super) fn serve(world: &mut World, request: &Request) -> Reply {
    if !request.is_get() {
        return Reply::method_not_allowed();
    }
    match AuthorizeRequest::parse(world, &request.query) {
        Ok(asked) => decide(world, request, &asked),
        Err(refusal) => refusal.reply(&world.origins.domain),
    }
}

/// Silent code, straight to the provider, or the login page.
fn decide(world: &mut World, request: &Request, asked: &AuthorizeRequest) -> Reply {
    if let Some(error) = world.faults.login_error() {
        return error.reply(&asked.back, &asked.client.client_id, &world.origins.domain);
    }
    let now = world.clock.now();
    if !asked.asks_prompt("login")
        && let Some(session) = usable_session(world, request, asked, now)
    {
        return issue(world, asked, &session);
    }
    if asked.asks_prompt("none") {
        return asked.back.refuse(&CallbackError::bare("login_required"));
    }
    match asked.provider.as_deref() {
        Some(name) if name != COGNITO => federation::start(world, request, asked, name),
        _ => Reply::redirect(&format!(
            "{}/login?{}",
            world.origins.domain, request.raw_query
        )),
    }
}

/// A session counts for the client it was made for, and for the provider if
/// one is named (1.12, E4).
fn usable_session(
    world: &World,
    request: &Request,
    asked: &AuthorizeRequest,
    now: i64,
) -> Option<LoginSession> {
    world
        .sessions
        .find(request, &asked.client.pool, now)
        .filter(|session| {
            session.client_id == asked.client.client_id
                && asked
                    .provider
                    .as_ref()
                    .is_none_or(|provider| *provider == session.provider)
        })
        .cloned()
}

/// A person has just proved who they are: session cookie and code.
pub(super) fn finish(
    world: &mut World,
    request: &Request,
    asked: &AuthorizeRequest,
    username: &str,
    provider: &str,
) -> Reply {
    let now = world.clock.now();
    let session = LoginSession {
        username: username.to_owned(),
        client_id: asked.client.client_id.clone(),
        provider: provider.to_owned(),
        auth_time: now,
    };
    let reply = issue(world, asked, &session);
    let cookie = world
        .sessions
        .start(request, &asked.client.pool, session, now);
    reply.cookie(&cookie)
}

/// The success redirect, or what forbids it at the last moment.
fn issue(world: &mut World, asked: &AuthorizeRequest, session: &LoginSession) -> Reply {
    let client = &asked.client;
    let user = world.user(&client.pool, &session.username);
    if !user.is_some_and(|user| user.enabled) {
        return asked
            .back
            .refuse(&CallbackError::invalid_request("User is not enabled"));
    }
    let trigger = client.pre_token.as_ref();
    if let Some(text) = trigger.and_then(|trigger| trigger.fail.as_deref()) {
        return asked.back.refuse(&CallbackError::invalid_request(&format!(
            "PreTokenGeneration failed with error {text}."
        )));
    }
    let grant = Grant {
        origin_jti: ids::uuid(),
        pool: client.pool.clone(),
        client_id: client.client_id.clone(),
        username: session.username.clone(),
        scopes: asked.scopes.clone(),
        // Without a nonce of the application, a federated login gets one
        // that Cognito made up (2.2).
        nonce: asked
            .nonce
            .clone()
            .or_else(|| (session.provider != COGNITO).then(ids::opaque)),
        resource: asked.resource.clone(),
        auth_time: session
            .auth_time
            .saturating_add(client.clock_offset_seconds),
    };
    if asked.back.in_fragment {
        return implicit(world, asked, &grant);
    }
    let now = world.clock.now();
    let code = world.ledger.issue_code(
        grant,
        asked.back.redirect_uri.clone(),
        asked.challenge.clone(),
        now,
    );
    let mut pairs = vec![("code", code.as_str())];
    if let Some(state) = &asked.back.state {
        pairs.push(("state", state));
    }
    asked.back.reply(&pairs)
}

/// `response_type=token`: tokens in the fragment, no refresh token (1.5).
fn implicit(world: &mut World, asked: &AuthorizeRequest, grant: &Grant) -> Reply {
    world.ledger.open_grant(grant);
    let Ok(tokens) = mint::tokens(world, "domain:authorize", grant, mint::Occasion::Login) else {
        return asked.back.refuse(&CallbackError::bare("server_error"));
    };
    let expires_in = tokens.expires_in.to_string();
    let mut pairs = Vec::new();
    if let Some(id_token) = &tokens.id_token {
        pairs.push(("id_token", id_token.as_str()));
    }
    pairs.push(("access_token", &tokens.access_token));
    pairs.push(("expires_in", &expires_in));
    pairs.push(("token_type", "Bearer"));
    if let Some(state) = &asked.back.state {
        pairs.push(("state", state));
    }
    asked.back.reply(&pairs)
}
