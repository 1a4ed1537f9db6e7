//! Federated login: out to the provider and back through
//! `/oauth2/idpresponse` (cognito.md 1.11, 3.3; E14).

mod exchange;
mod mapping;
mod provision;
mod state;

use crate::http::{Params, Reply, Request, with_query};
use crate::ids;
use crate::model::Provider;
use crate::router::App;
use crate::world::World;

use super::authorize;
use super::refusal::{CallbackError, OPTION_NOT_AVAILABLE, Refusal, SOMETHING_WENT_WRONG};
use super::request::AuthorizeRequest;
use exchange::Exchange;
use state::FederationState;

/// The transaction must be over within five minutes (1.5).
const PATIENCE: i64 = 300;

/// Two cookies of one value: browsers without TLS refuse the first, because
/// `SameSite=None` wants `Secure` (1.12).
const CSRF_STATE: &str = "csrf-state";
const CSRF_STATE_LEGACY: &str = "csrf-state-legacy";

/// Sends the browser to the provider.
pub(super) fn start(
    world: &World,
    request: &Request,
    asked: &AuthorizeRequest,
    name: &str,
) -> Reply {
    let Some(provider) = provider(world, &asked.client.pool, name) else {
        return Refusal::page(OPTION_NOT_AVAILABLE, Some(&asked.client.client_id))
            .reply(&world.origins.domain);
    };
    let csrf = ids::opaque();
    let nonce = ids::opaque();
    let state = FederationState::new(
        asked,
        name,
        &world.origins.domain,
        &csrf,
        &nonce,
        world.clock.now(),
    );
    let sealed = state.seal(&world.state_key);
    let callback = callback(world);
    let mut pairs = vec![
        ("client_id", provider.client_id.as_str()),
        ("redirect_uri", &callback),
        ("scope", &provider.scopes),
        ("response_type", "code"),
        ("nonce", &nonce),
        ("state", &sealed),
    ];
    if let Some(hint) = &asked.login_hint {
        pairs.push(("login_hint", hint));
    }
    // Every value of `prompt` but `none` travels on (1.4).
    let prompt: Vec<&str> = asked
        .prompt
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "none")
        .collect();
    let prompt = prompt.join(" ");
    if !prompt.is_empty() {
        pairs.push(("prompt", &prompt));
    }
    let mut reply = Reply::redirect(&with_query(&provider.endpoints.authorization, pairs))
        .cookie(&format!(
            "{CSRF_STATE}={csrf}; Path=/; Max-Age={PATIENCE}; HttpOnly; Secure; SameSite=None"
        ))
        .cookie(&format!(
            "{CSRF_STATE_LEGACY}={csrf}; Path=/; Max-Age={PATIENCE}; HttpOnly"
        ));
    if request.cookie("XSRF-TOKEN").is_none() {
        reply = reply.cookie(&format!(
            "XSRF-TOKEN={}; Path=/; HttpOnly; SameSite=Lax",
            ids::uuid()
        ));
    }
    reply
}

/// `GET /oauth2/idpresponse`.
pub(crate) async fn complete(app: &App, request: &Request) -> Reply {
    let params = if request.is_post() {
        &request.form
    } else {
        &request.query
    };
    // Before any network call: whose answer is it, and is it in time?
    let opened = open(&app.world(), request, params);
    let (asked, state, exchange) = match opened {
        Ok(opened) => opened,
        Err(refusal) => return clear(refusal.reply(&app.world().origins.domain)),
    };
    let claims = match exchange.run().await {
        Ok(claims) => claims,
        Err(error) => return clear(asked.back.refuse(&error.into())),
    };
    let world = &mut *app.world();
    let reply = match provision::profile(world, &asked.client, &state.provider_name, &claims) {
        Ok(username) => authorize::finish(world, request, &asked, &username, &state.provider_name),
        Err(error) => asked.back.refuse(&error.into()),
    };
    clear(reply)
}

/// Checks the answer and prepares the calls to the provider.
fn open(
    world: &World,
    request: &Request,
    params: &Params,
) -> Result<(AuthorizeRequest, FederationState, Exchange), Refusal> {
    let lost = || Refusal::page(SOMETHING_WENT_WRONG, None);
    let state = params
        .filled("state")
        .and_then(|sealed| FederationState::open(sealed, &world.state_key))
        .ok_or_else(lost)?;
    let ours = [CSRF_STATE, CSRF_STATE_LEGACY]
        .iter()
        .any(|name| request.cookie(name) == Some(&state.csrf));
    if !ours || world.clock.now() > state.creation_time_seconds.saturating_add(PATIENCE) {
        return Err(lost());
    }
    let asked = state.request(world).ok_or_else(lost)?;
    let refuse = |error| Refusal::Redirect {
        back: asked.back.clone(),
        error,
    };
    // The provider's own refusal is relayed with its name (U7).
    if let Some(error) = params.filled("error") {
        let description = params.first("error_description").unwrap_or(error);
        return Err(refuse(CallbackError::new(error, description)));
    }
    let provider = provider(world, &asked.client.pool, &state.provider_name).ok_or_else(lost)?;
    let code = params
        .filled("code")
        .ok_or_else(|| refuse(CallbackError::invalid_request("code is missing")))?;
    let exchange = Exchange {
        provider: provider.clone(),
        code: code.to_owned(),
        redirect_uri: callback(world),
        nonce: state.upstream_nonce.clone(),
        now: world.clock.now(),
    };
    Ok((asked, state, exchange))
}

fn provider<'a>(world: &'a World, pool: &str, name: &str) -> Option<&'a Provider> {
    world.pools.get(pool)?.provider(name)
}

/// The redirect URI that is registered at every upstream provider.
fn callback(world: &World) -> String {
    format!("{}/oauth2/idpresponse", world.origins.domain)
}

fn clear(reply: Reply) -> Reply {
    let past = "Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/; HttpOnly";
    reply
        .cookie(&format!("{CSRF_STATE}=; {past}; Secure; SameSite=None"))
        .cookie(&format!("{CSRF_STATE_LEGACY}=; {past}"))
}
