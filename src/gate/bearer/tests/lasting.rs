//! How long a bearer token counts, and what ends it before its time.

use super::*;

#[test]
fn what_is_remembered_of_a_token_ends_with_its_times_its_key_and_its_seal() {
    let mut desk = Desk::new(&api_config());
    let token = person();
    let req = with("/people/x", &token);
    desk.forward(&req);
    let figures = desk.gate.verified_figures();
    assert_eq!((figures.entries, figures.checks), (1, 1));
    desk.forward(&req);
    assert_eq!(desk.gate.verified_figures().checks, 1);
    // Another token is another one, and what was refused is not remembered.
    let mut flipped = token.clone();
    let last = flipped.pop().unwrap();
    flipped.push(if last == 'A' { 'Q' } else { 'A' });
    let reply = desk.reply(&with("/people/x", &flipped));
    assert_eq!(reply.status, 401);
    assert_eq!(desk.gate.verified_figures().entries, 1);
    // A cookie with the very text of a token finds nothing, nor the other way round.
    let cookie = Jar::of("__Host-vestibule", &token);
    let reply = desk.reply(&Req::get("/people/x").cookies(&cookie));
    assert_eq!(reply.status, 401);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    desk.forward(&Req::get("/people/x").cookies(&jar));
    let sealed = jar.0["__Host-vestibule"].clone();
    refused(&mut desk, &with("/people/x", &sealed), "token_malformed");
    // The key goes: the next request is refused.
    let other = dev_idp::jws::SigningKey::generate();
    desk.keys = Some(key_set_of(jwks(&[&other])));
    refused(&mut desk, &req, "token_unknown_kid");
    desk.keys = Some(crate::gate::tests::support::key_set());
    desk.forward(&req);
    desk.now = at(EXP + 60);
    refused(&mut desk, &req, "token_expired");
    desk.now = at(NOW.secs() - 10_000);
    refused(&mut desk, &req, "token_not_yet_valid");
}

#[test]
fn revocations_hold_for_tokens_as_for_sessions() {
    let mut config = api_config();
    config.session.revoked.subjects = [KIRSTEN, MACHINE].map(str::to_owned).into();
    let mut desk = Desk::new(&config);
    forbidden(&mut desk, &with("/people/x", &person()), "subject_revoked");
    forbidden(&mut desk, &with("/orders/x", &machine()), "subject_revoked");
    let mut config = api_config();
    config.session.revoked.signed_in_before = Some(at(1_790_000_050));
    let mut desk = Desk::new(&config);
    refused(&mut desk, &with("/people/x", &person()), "session_revoked");
    refused(&mut desk, &with("/orders/x", &machine()), "session_revoked");
    let newer = json!({ "iat": 1_790_000_060 });
    desk.forward(&with(
        "/orders/x",
        &token(&changed(machine_claims(), &newer)),
    ));
    let long_ago = json!({ "iat": 1_790_000_060, "auth_time": 1_790_000_000 });
    let refreshed = token(&changed(access_claims(), &long_ago));
    refused(&mut desk, &with("/people/x", &refreshed), "session_revoked");
}

#[test]
fn max_auth_age_is_asked_of_people_alone() {
    let mut config = api_config();
    config.providers[0].max_auth_age = Some(std::time::Duration::from_secs(600));
    let mut desk = Desk::new(&config);
    refused(&mut desk, &with("/people/x", &person()), "token_auth_time");
    desk.forward(&with("/orders/x", &machine()));
    let token = token(&changed(
        access_claims(),
        &json!({ "auth_time": 1_790_000_000 }),
    ));
    let req = with("/people/x", &token);
    desk.forward(&req);
    desk.now = at(1_790_000_599);
    desk.forward(&req);
    desk.now = at(1_790_000_600);
    refused(&mut desk, &req, "auth_too_old");
}

#[test]
fn an_open_connection_ends_with_its_token_and_what_made_it_count() {
    let config = api_config();
    let mut desk = Desk::new(&config);
    let req = with("/orders/x", &machine());
    let mut lease = desk.forward(&req).lease.unwrap();
    let left = desk
        .gate
        .stays_open(Some(&mut lease), &req.view(), NOW)
        .unwrap();
    assert_eq!(left, EXP + 60 - NOW.secs());
    let over = desk
        .gate
        .stays_open(Some(&mut lease), &req.view(), at(EXP + 60));
    assert!(over.is_err());
    let mut changes: Vec<fn(&mut Config)> =
        vec![|config| config.routes[1].manner = Manner::default()];
    changes.push(|config| config.routes[1].access = Access::SignedIn);
    changes.push(|config| config.routes[1].access = Access::Nobody);
    changes.push(|config| config.providers[0].api.clients = Some(vec![CLIENT.to_owned()]));
    changes.push(|config| config.providers[0].api.access = false);
    changes.push(|config| config.providers[0].id = crate::config::ProviderId("other".to_owned()));
    changes.push(|config| config.session.revoked.subjects = [MACHINE.to_owned()].into());
    for (place, change) in changes.into_iter().enumerate() {
        let mut config = api_config();
        change(&mut config);
        let gate = crate::gate::Gate::new(&config).unwrap();
        assert!(
            gate.stays_open(Some(&mut lease), &req.view(), NOW).is_err(),
            "{place}"
        );
    }
    assert!(
        desk.gate
            .stays_open(Some(&mut lease), &req.view(), NOW)
            .is_ok()
    );
}

#[test]
fn an_open_connection_of_an_optional_route_ends_with_what_its_token_counted_by() {
    let mut desk = Desk::new(&api_config());
    let place = api_config()
        .routes
        .iter()
        .position(|route| route.access == Access::Optional);
    let place = place.unwrap();
    for token in [person(), machine()] {
        let req = with("/optional/x", &token);
        let mut lease = desk.forward(&req).lease.unwrap();
        let mut revoked = api_config();
        revoked.session.revoked.subjects = [KIRSTEN, MACHINE].map(str::to_owned).into();
        let mut pages = api_config();
        pages.routes[place].manner.is_api = false;
        for config in [revoked, pages] {
            let gate = crate::gate::Gate::new(&config).unwrap();
            assert!(gate.stays_open(Some(&mut lease), &req.view(), NOW).is_err());
        }
        let gate = crate::gate::Gate::new(&api_config()).unwrap();
        assert!(gate.stays_open(Some(&mut lease), &req.view(), NOW).is_ok());
    }
}

#[test]
fn what_does_not_say_whose_it_is_does_not_pass_by_max_auth_age() {
    let mut config = api_config();
    config.providers[0].kind = crate::config::ProviderKind::Oidc;
    config.providers[0].api.clients = None;
    let of = |subject: &str| {
        let claims = json!({ "sub": subject, "aud": CLIENT, "token_use": null, "auth_time": null });
        token(&changed(machine_claims(), &claims))
    };
    let silent = with("/orders/x", &of("somebody"));
    Desk::new(&config).forward(&silent);
    config.providers[0].max_auth_age = Some(std::time::Duration::from_secs(600));
    let mut desk = Desk::new(&config);
    refused(&mut desk, &silent, "token_auth_time");
    desk.forward(&with("/orders/x", &of(MACHINE)));
}
