//! When a session asks for newer tokens, and what becomes of it. Here is what those
//! tests stand on.

use std::sync::Arc;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::session_life::{opened, page, signed_in};
use super::support::{Desk, EXP, Jar, Req, access_claims, changed, id_claims, key};
use crate::gate::newer::Newness;
use crate::gate::refresh::{Outcome, Refresh, RefreshError};
use crate::gate::reply::Reply;
use crate::gate::session::Session;
use crate::gate::session::tests::of_generation;
use crate::gate::signin::Tokens;
use crate::gate::time::{LEEWAY, UnixTime};
use crate::gate::token::TokenError;
use crate::gate::{Decision, Effect, Forward};

mod accepted;
mod asked;
mod going_on;

/// The token's life in these tests is an hour less a hundred seconds.
pub(super) const END: UnixTime = UnixTime::from_secs(EXP);
pub(super) const OVER: UnixTime = UnixTime::from_secs(EXP + LEEWAY);
const OUT: Outcome = Err(RefreshError::Unavailable("test"));
const NO: Outcome = Err(RefreshError::Refused("test"));

/// Claims of an ID token that was issued later.
fn later(desk: &Desk, changes: Value) -> Value {
    let times = json!({ "iat": desk.now.secs(), "exp": desk.now.secs() + 3600, "nonce": null });
    changed(changed(id_claims(), &times), &changes)
}

pub(super) fn newer_tokens(desk: &Desk, changes: Value) -> Tokens {
    let access = json!({ "iat": desk.now.secs(), "exp": desk.now.secs() + 3600 });
    Tokens {
        id_token: Zeroizing::new(key().sign(&later(desk, changes))),
        access_token: Zeroizing::new(key().sign(&changed(access_claims(), &access))),
        refresh_token: None,
    }
}

pub(super) fn ask(desk: &mut Desk, req: &Req) -> Refresh {
    match desk.decide(req) {
        Decision::Perform(Effect::Refresh(ask)) => ask,
        other => panic!("no refresh is asked for: {other:?}"),
    }
}

/// What the edge does with an answer of the provider.
pub(super) fn renew(desk: &Desk, ask: &Refresh, tokens: Tokens) -> Outcome {
    let keys = desk.keys.as_ref().unwrap();
    match desk.gate.check_refreshed(ask, &tokens, keys, desk.now) {
        Ok(checked) => desk.gate.refreshed(ask, tokens, checked, desk.now),
        Err(error) => Err(RefreshError::Refused(error.reason())),
    }
}

fn refused(desk: &Desk, ask: &Refresh, changes: Value) -> TokenError {
    let tokens = newer_tokens(desk, changes);
    let keys = desk.keys.as_ref().unwrap();
    let checked = desk.gate.check_refreshed(ask, &tokens, keys, desk.now);
    checked.map(drop).unwrap_err()
}

fn due(desk: &mut Desk, jar: &Jar) -> Option<Refresh> {
    desk.forward(&page().cookies(jar)).refresh
}

fn cookies_since(desk: &mut Desk, forward: &Forward, req: &Req) -> Vec<String> {
    let dice = &mut desk.dice;
    let mark = forward.mark.as_ref().unwrap();
    desk.gate
        .cookies_since(mark, &req.view(), desk.now, &mut |bytes| dice.fill(bytes))
}

/// Another instance has refreshed a session, and its cookie comes here.
pub(super) fn elsewhere(desk: &Desk, session: &Session, generation: u32) -> Newness {
    let newer = Arc::new(of_generation(session, generation));
    let end = desk.gate.end_of_life(session);
    desk.gate.memory().newer.look(&newer, end, desk.now)
}

fn reason(reply: &Reply) -> &'static str {
    reply.note.reason.unwrap()
}
