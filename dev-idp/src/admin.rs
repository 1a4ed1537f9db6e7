//! The admin API: what a test changes and what it asserts on
//! (cognito.md E17). JSON over loopback, without authentication.

mod clients;
mod mint;
mod pools;
mod users;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::entra;
use crate::faults::Fault;
use crate::http::{Reply, Request};
use crate::world::World;

/// Why a call was refused; the answer is `{"error": …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AdminError {
    /// 400
    Unacceptable(String),
    /// 404
    Unknown(String),
}

type Answer = Result<Value, AdminError>;

pub(crate) fn serve(world: &mut World, request: &Request) -> Reply {
    let path: Vec<String> = request
        .path
        .split('/')
        .skip(1)
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match route(world, request, &path) {
        Ok(value) => Reply::json(200, &value),
        Err(AdminError::Unacceptable(text)) => Reply::json(400, &json!({ "error": text })),
        Err(AdminError::Unknown(text)) => Reply::json(404, &json!({ "error": text })),
    }
}

fn route(world: &mut World, request: &Request, path: &[&str]) -> Answer {
    match (request.method.as_str(), path) {
        ("GET", ["health"]) => Ok(json!({ "status": "ok" })),
        ("GET", ["counters"]) => Ok(world.journal.counters()),
        ("GET", ["counters", "grants"]) => Ok(world.journal.grants()),
        ("POST", ["counters", "reset"]) => {
            world.journal.reset();
            done()
        }
        ("GET", ["log"]) => Ok(world.journal.log()),
        ("GET", ["codes"]) => Ok(world.ledger.codes(world.clock.now())),
        ("GET", ["tokens"]) => Ok(world.ledger.tokens()),
        ("POST", ["clock"]) => pools::clock(world, body(request)?),
        ("POST", ["keys", "rotate"]) => pools::rotate(world, body(request)?),
        ("GET", ["switches", pool]) => pools::show_switches(world, pool),
        ("POST", ["switches"]) => pools::set_switches(world, body(request)?),
        ("GET", ["users"]) => Ok(users::list(world)),
        ("POST", ["users"]) => users::create(world, body(request)?),
        ("PATCH", ["users", pool, name]) => users::patch(world, pool, name, body(request)?),
        ("GET", ["clients"]) => Ok(clients::list(world)),
        ("POST", ["clients"]) => clients::put(world, body(request)?),
        ("PATCH", ["clients", client_id]) => clients::patch(world, client_id, body(request)?),
        ("POST", ["providers"]) => pools::put_provider(world, body(request)?),
        ("POST", ["mint"]) => mint::mint(world, body(request)?),
        ("GET", ["faults"]) => Ok(world.faults.list()),
        ("POST", ["faults"]) => {
            let fault: Fault = body(request)?;
            fault.check().map_err(AdminError::Unacceptable)?;
            world.faults.add(fault);
            done()
        }
        ("DELETE", ["faults"]) => {
            world.faults.clear();
            done()
        }
        ("POST", ["entra", "apps"]) => {
            let app: entra::App = body(request)?;
            let apps = &mut world.entra.directory.apps;
            apps.retain(|known| known.client_id != app.client_id);
            apps.push(app);
            done()
        }
        (method, _) => Err(AdminError::Unknown(format!(
            "no such call: {method} {}",
            request.path
        ))),
    }
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, AdminError> {
    serde_json::from_slice(&request.body)
        .map_err(|error| AdminError::Unacceptable(error.to_string()))
}

fn done() -> Answer {
    Ok(json!({ "status": "ok" }))
}

fn no_pool(id: &str) -> AdminError {
    AdminError::Unknown(format!("no such pool: {id}"))
}

fn no_client(id: &str) -> AdminError {
    AdminError::Unknown(format!("no such client: {id}"))
}

fn no_user(name: &str) -> AdminError {
    AdminError::Unknown(format!("no such user: {name}"))
}
