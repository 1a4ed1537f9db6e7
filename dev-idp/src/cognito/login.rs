//! `/login`: the page with a button per provider and the local form
//! (cognito.md 1.4, 1.12; E5).

use crate::http::{Reply, Request};
use crate::ids;
use crate::ledger::CODE_LIFETIME;
use crate::model::{COGNITO, Pool};
use crate::world::World;

use super::authorize;
use super::pages::{self, LoginPage};
use super::refusal::{OPTION_NOT_AVAILABLE, Refusal, SOMETHING_WENT_WRONG};
use super::request::AuthorizeRequest;

const XSRF: &str = "XSRF-TOKEN";

/// A login must be over within five minutes (1.5); the code's life is the same.
const PATIENCE: i64 = CODE_LIFETIME;

pub(super) fn serve(world: &mut World, request: &Request) -> Reply {
    let asked = match AuthorizeRequest::parse(world, &request.query) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.reply(&world.origins.domain),
    };
    if request.is_get() {
        show(world, request, &asked, 200, None)
    } else if request.is_post() {
        submit(world, request, &asked)
    } else {
        Reply::method_not_allowed()
    }
}

fn submit(world: &mut World, request: &Request, asked: &AuthorizeRequest) -> Reply {
    let form = &request.form;
    let refuse = |error: &str| {
        Refusal::page(error, Some(&asked.client.client_id)).reply(&world.origins.domain)
    };
    let token = request.cookie(XSRF).filter(|token| !token.is_empty());
    if token.is_none() || form.first("_csrf") != token {
        return refuse(SOMETHING_WENT_WRONG);
    }
    if !asked.client.offers(COGNITO) {
        return refuse(OPTION_NOT_AVAILABLE);
    }
    // The page's own note of when it was made; scripts may leave it out.
    let started = form
        .filled("pageData")
        .and_then(|text| text.parse::<i64>().ok());
    if started.is_some_and(|at| world.clock.now() > at.saturating_add(PATIENCE)) {
        return refuse(SOMETHING_WENT_WRONG);
    }

    let username = form.first("username").unwrap_or_default().trim();
    let password = form.first("password").unwrap_or_default();
    let known = world
        .pools
        .get(&asked.client.pool)
        .and_then(|pool| pool.find_user(username))
        .filter(|user| user.password.as_deref() == Some(password))
        .map(|user| user.username.clone());
    match known {
        Some(username) => authorize::finish(world, request, asked, &username, COGNITO),
        None => show(
            world,
            request,
            asked,
            400,
            Some(("Incorrect username or password.", username)),
        ),
    }
}

/// The page. `failed` holds what to say and what had been typed.
fn show(
    world: &World,
    request: &Request,
    asked: &AuthorizeRequest,
    status: u16,
    failed: Option<(&str, &str)>,
) -> Reply {
    // Kept if there is one, so that a second tab does not spoil the first.
    let token = request
        .cookie(XSRF)
        .filter(|token| !token.is_empty())
        .map_or_else(ids::uuid, str::to_owned);
    let people = world.pools.get(&asked.client.pool).into_iter();
    let page = LoginPage {
        request: asked,
        raw_query: &request.raw_query,
        query: &request.query,
        csrf: &token,
        now: world.clock.now(),
        failure: failed.map(|(text, _)| text),
        username: failed
            .map(|(_, typed)| typed)
            .or(asked.login_hint.as_deref())
            .unwrap_or_default(),
        people: people.flat_map(Pool::local_users).collect(),
    };
    let mut reply = Reply::html(status, pages::login(&page))
        .cookie(&format!("{XSRF}={token}; Path=/; HttpOnly; SameSite=Lax"));
    if let Some(lang) = request.query.filled("lang")
        && lang
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        reply = reply.cookie(&format!("lang={lang}; Path=/; HttpOnly; SameSite=Lax"));
    }
    reply
}
