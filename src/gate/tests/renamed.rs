//! A reload that gives a provider's name to another one, or takes it away.

use std::sync::Arc;

use serde_json::json;

use super::several::{PARTNER, several, sign_in_by};
use super::signing_out::{logout, out};
use super::support::*;
use crate::config::{Config, ProviderKind};
use crate::gate::{Decision, Effect, Gate};

const SIGNED_OUT: &str = "https://wiki.example.com/_vestibule/signed-out";
const OTHER: &str = "https://id.other.example";

fn reload(desk: &mut Desk, config: &Config) {
    let memory = Arc::clone(&desk.gate.memory);
    desk.gate = Gate::with_memory(config, memory).unwrap();
}

/// `corp` is another issuer, client, or both.
fn given_away(issuer: Option<&str>, client: Option<&str>) -> Config {
    let mut config = config();
    let corp = &mut config.providers[0];
    corp.kind = ProviderKind::Oidc;
    corp.issuer = issuer.unwrap_or(&corp.issuer).to_owned();
    corp.client_id = client.map(str::to_owned).or(corp.client_id.take());
    config
}

#[test]
fn a_sign_out_shows_tokens_to_nobody_but_the_issuer_and_client_that_they_are_of() {
    for (issuer, client, tells, goes_there) in [
        (None, None, true, true),
        (Some(OTHER), None, false, false),
        // The same provider, which still knows the person; the token is not ours to show.
        (None, Some("another-client"), false, true),
        (Some(OTHER), Some("another-client"), false, false),
    ] {
        let mut desk = Desk::new(&config());
        let mut jar = Jar::default();
        desk.sign_in(&mut jar);
        let copy = Jar(jar.0.clone());
        reload(&mut desk, &given_away(issuer, client));
        let ended = logout(&mut desk, &out().cookies(&jar));
        let case = format!("{issuer:?} {client:?}");
        assert_eq!(!ended.refresh_tokens.is_empty(), tells, "{case}");
        let to = location(&ended.reply);
        assert_eq!(to.contains("id_token_hint="), tells, "{case}: {to}");
        assert_eq!(to != SIGNED_OUT, goes_there, "{case}: {to}");
        // Here it ends in any case, also where the name is given back.
        reload(&mut desk, &config());
        let why = desk.reply(&Req::get("/page").cookies(&copy)).note.reason;
        assert_eq!(why, Some("session_signed_out"), "{case}");
    }
}

#[test]
fn accepted_issuers_count_where_tokens_are_revoked() {
    let mut desk = Desk::new(&config());
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let mut moved = given_away(Some(OTHER), None);
    moved.providers[0].accepted_issuers = vec![ISSUER.to_owned()];
    reload(&mut desk, &moved);
    let ended = logout(&mut desk, &out().cookies(&jar));
    assert_eq!(ended.refresh_tokens.len(), 1);
}

#[test]
fn a_session_of_a_removed_provider_is_denied_by_a_sign_out() {
    let mut desk = Desk::new(&several());
    let mut jar = Jar::default();
    let claims = json!({
        "iss": PARTNER, "aud": "wiki-at-partner", "token_use": null, "cognito:groups": null,
        "email": "ana@partner.example", "groups": ["Readers"],
    });
    sign_in_by(
        &mut desk,
        "partner",
        &changed(id_claims(), &claims),
        &mut jar,
    );
    let copy = Jar(jar.0.clone());
    let mut fewer = several();
    fewer.providers.remove(1);
    reload(&mut desk, &fewer);
    let ended = logout(&mut desk, &out().cookies(&jar));
    assert!(ended.refresh_tokens.is_empty());
    assert_eq!(location(&ended.reply), SIGNED_OUT);
    reload(&mut desk, &several());
    let why = desk.reply(&Req::get("/page").cookies(&copy)).note.reason;
    assert_eq!(why, Some("session_signed_out"));
}

#[test]
fn the_code_of_a_login_in_flight_goes_to_nobody_but_whom_it_asked() {
    for (issuer, client, redeems) in [
        (None, None, true),
        (Some(OTHER), None, false),
        (None, Some("another-client"), false),
    ] {
        let mut desk = Desk::new(&config());
        let mut jar = Jar::default();
        let started = desk.start(&Req::open("/_vestibule/login"), &mut jar);
        reload(&mut desk, &given_away(issuer, client));
        match desk.decide(&callback(&started.state).cookies(&jar)) {
            Decision::Perform(Effect::Exchange(_)) => assert!(redeems, "{issuer:?} {client:?}"),
            Decision::Reply(reply) => {
                assert!(!redeems, "{issuer:?} {client:?}");
                assert_eq!(reply.status, 400);
                assert_eq!(reply.note.reason, Some("provider_mismatch"));
                assert!(text(&reply).contains("Try again"));
                // It cannot be tried again with the same answer.
                jar.take_in(set_cookies(&reply));
                assert!(!jar.names().contains(&LOGIN_COOKIE));
            }
            other => panic!("{other:?}"),
        }
    }
}
