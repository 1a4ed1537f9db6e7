//! When a session asks for newer tokens, and what becomes of it.

use std::sync::Arc;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::support::{
    COOKIE, Desk, EXP, Jar, NOW, Req, access_claims, body, changed, config, header_of, id_claims,
    key, location, route, secret_key, set_cookies, signed_in_without_refresh,
};
use crate::config::Config;
use crate::gate::Effect;
use crate::gate::headers::HeaderRules;
use crate::gate::headers::preset::Preset;
use crate::gate::newer::Newness;
use crate::gate::policy::NoIdentity;
use crate::gate::refresh::{Outcome, Refresh, RefreshError};
use crate::gate::reply::Reply;
use crate::gate::route::Access;
use crate::gate::rule::{Condition, Rule, Rules, Values};
use crate::gate::session::Session;
use crate::gate::session::tests::of_generation;
use crate::gate::signin::Tokens;
use crate::gate::time::{LEEWAY, UnixTime};
use crate::gate::token::TokenError;
use crate::gate::userinfo::UserinfoError;
use crate::gate::{Decision, Forward};

/// The token's life in these tests is an hour less a hundred seconds.
pub(super) const END: UnixTime = UnixTime::from_secs(EXP);
pub(super) const OVER: UnixTime = UnixTime::from_secs(EXP + LEEWAY);
const OUT: Outcome = Err(RefreshError::Unavailable("test"));
const NO: Outcome = Err(RefreshError::Refused("test"));

fn signed_in() -> (Desk, Jar) {
    signed_in_with(&config())
}

fn signed_in_with(config: &Config) -> (Desk, Jar) {
    let mut desk = Desk::new(config);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    (desk, jar)
}

fn page() -> Req {
    Req::open("/page")
}

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

fn opened(desk: &Desk, jar: &Jar) -> Session {
    let face = &desk.gate.faces[0];
    let sealed = jar.0[COOKIE].as_bytes();
    let opened = desk.gate.ring.open(face.session_context(), sealed).unwrap();
    Session::decode(&opened.plain).unwrap()
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

#[test]
fn tokens_are_due_in_the_margin_and_not_before() {
    let (mut desk, jar) = signed_in();
    // Twenty per cent of an hour are more than five minutes.
    for (before_end, is_due) in [
        (3000, false),
        (301, false),
        (300, true),
        (1, true),
        (0, true),
    ] {
        desk.now = UnixTime::from_secs(EXP - before_end);
        assert_eq!(due(&mut desk, &jar).is_some(), is_due, "{before_end}");
    }
    desk.now = UnixTime::from_secs(OVER.secs() - 1);
    assert!(
        due(&mut desk, &jar).is_some(),
        "within the leeway it is still good"
    );
    // Of a short life, a fifth.
    let mut desk = Desk::new(&config());
    let mut jar = Jar::default();
    let short = json!({ "iat": NOW.secs(), "exp": NOW.secs() + 100 });
    desk.sign_in_as("/", &changed(id_claims(), &short), &mut jar);
    for (after, is_due) in [(0, false), (79, false), (80, true)] {
        desk.now = NOW.plus(after);
        assert_eq!(due(&mut desk, &jar).is_some(), is_due, "{after}");
    }
}

#[test]
fn instances_use_between_three_quarters_and_all_of_the_margin() {
    use crate::gate::memory::Memory;
    for (byte, margin) in [(0, 225), (128, 262), (255, 300)] {
        let memory = Memory::new(&mut |bytes: &mut [u8]| {
            bytes.fill(byte);
            Ok(())
        });
        let memory = Arc::new(memory.unwrap());
        let (mut desk, jar) = signed_in();
        desk.gate = crate::gate::Gate::with_memory(&config(), memory).unwrap();
        desk.now = UnixTime::from_secs(EXP - margin - 1);
        assert!(due(&mut desk, &jar).is_none(), "{byte}");
        desk.now = UnixTime::from_secs(EXP - margin);
        assert!(due(&mut desk, &jar).is_some(), "{byte}");
    }
}

#[test]
fn without_a_refresh_token_or_a_longer_life_nothing_is_due() {
    let mut desk = Desk::new(&config());
    let jar = signed_in_without_refresh(&mut desk);
    desk.now = END;
    assert!(due(&mut desk, &jar).is_none());
    desk.now = OVER;
    let reply = desk.reply(&page().cookies(&jar));
    assert_eq!(
        (reply.status.as_u16(), reason(&reply)),
        (302, "token_expired")
    );

    // A session that ends with its token has no use for another one.
    let mut config = config();
    config.session.lifetime = std::time::Duration::from_secs(EXP - NOW.secs());
    let (mut desk, jar) = signed_in_with(&config);
    desk.now = UnixTime::from_secs(EXP - 1);
    assert!(due(&mut desk, &jar).is_none());
}

#[test]
fn a_token_that_has_ended_is_renewed_before_anything_else_happens() {
    let mut config = config();
    config.routes = vec![
        route(&["/public/*"], Access::Public),
        route(&["/optional/*"], Access::Optional),
        route(&["/closed/*"], Access::Nobody),
    ];
    let (mut desk, jar) = signed_in_with(&config);
    desk.now = OVER;
    for target in [
        "/page",
        "/optional/",
        "/_vestibule/session",
        "/_vestibule/whoami",
    ] {
        for req in [Req::open(target), Req::get(target)] {
            ask(&mut desk, &req.cookies(&jar));
        }
    }
    assert!(
        desk.forward(&Req::open("/public/").cookies(&jar))
            .mark
            .is_none()
    );
    assert_eq!(desk.reply(&Req::open("/closed/").cookies(&jar)).status, 403);
}

#[test]
fn after_the_refresh_the_request_goes_on_and_every_answer_to_the_older_cookie_carries_the_new() {
    let (mut desk, mut jar) = signed_in();
    desk.now = OVER;
    let old = jar.clone();
    let wanted = ask(&mut desk, &page().cookies(&jar));
    let tokens = newer_tokens(&desk, json!({ "cognito:groups": ["Admins"] }));
    let outcome = renew(&desk, &wanted, tokens);
    desk.refreshed = Some(outcome);
    let forward = desk.forward(&page().cookies(&jar));
    assert_eq!(forward.permit.who().unwrap().groups, ["Admins"]);
    assert_eq!(forward.set_cookies.len(), 1);
    assert!(forward.refresh.is_none());
    desk.refreshed = None;
    for _ in 0..3 {
        let forward = desk.forward(&page().cookies(&old));
        assert_eq!(forward.permit.who().unwrap().groups, ["Admins"]);
        assert_eq!(forward.set_cookies.len(), 1);
        let since = cookies_since(&mut desk, &forward, &page().cookies(&old));
        assert!(since.is_empty(), "it has them already");
    }
    for target in ["/_vestibule/session", "/_vestibule/whoami"] {
        let reply = desk.reply(&Req::get(target).cookies(&old));
        assert_eq!((reply.status.as_u16(), set_cookies(&reply).len()), (200, 1));
    }
    jar.take_in(forward.set_cookies.iter().map(String::as_str));
    let session = opened(&desk, &jar);
    assert_eq!(session.generation(), 1);
    assert_eq!(
        session.signed_in(),
        NOW,
        "the lifetime counts from the sign-in"
    );
    assert_eq!(session.refresh_token().unwrap().as_str(), "a-refresh-token");
    // The browser brings it.
    let forward = desk.forward(&page().cookies(&jar));
    assert!(forward.set_cookies.is_empty());
    let straggler = desk.forward(&page().cookies(&old));
    assert!(straggler.set_cookies.is_empty());
    assert_eq!(straggler.permit.who().unwrap().groups, ["Admins"]);
}

#[test]
fn an_answer_that_was_decided_before_the_refresh_carries_the_cookie_too() {
    let (mut desk, mut jar) = signed_in();
    desk.now = END;
    let request = page().cookies(&jar);
    let starter = desk.forward(&request);
    let other = desk.forward(&request);
    let wanted = starter.refresh.clone().unwrap();
    assert!(cookies_since(&mut desk, &starter, &request).is_empty());
    let tokens = newer_tokens(&desk, json!({}));
    renew(&desk, &wanted, tokens).unwrap();
    for forward in [&starter, &other] {
        assert!(forward.set_cookies.is_empty());
        assert_eq!(cookies_since(&mut desk, forward, &request).len(), 1);
    }
    let cookies = cookies_since(&mut desk, &starter, &request);
    jar.take_in(cookies.iter().map(String::as_str));
    desk.forward(&page().cookies(&jar));
    assert!(
        cookies_since(&mut desk, &other, &request).is_empty(),
        "it has been seen"
    );
}

#[test]
fn a_403_carries_the_cookie_too() {
    let mut config = config();
    let admins = Values::new(vec!["Admins".to_owned()]).unwrap();
    let rule = Rule::new(vec![Condition::Groups(admins)]).unwrap();
    let rules = Access::Rules(Arc::new(Rules::new(vec![rule]).unwrap()));
    config.routes = vec![route(&["/admin/*"], rules)];
    let (mut desk, jar) = signed_in_with(&config);
    desk.now = OVER;
    let wanted = ask(&mut desk, &Req::open("/admin/").cookies(&jar));
    desk.refreshed = Some(renew(&desk, &wanted, newer_tokens(&desk, json!({}))));
    let reply = desk.reply(&Req::open("/admin/").cookies(&jar));
    assert_eq!((reply.status.as_u16(), set_cookies(&reply).len()), (403, 1));
}

#[test]
fn while_the_token_holds_no_failure_is_noticed() {
    for outcome in [OUT, NO] {
        let (mut desk, jar) = signed_in();
        desk.now = UnixTime::from_secs(OVER.secs() - 1);
        desk.refreshed = Some(outcome);
        let forward = desk.forward(&page().cookies(&jar));
        assert!(forward.set_cookies.is_empty() && forward.refresh.is_none());
    }
}

#[test]
fn after_its_end_a_no_means_a_new_login_and_an_outage_503() {
    let (mut desk, jar) = signed_in();
    desk.now = OVER;
    desk.refreshed = Some(NO);
    let reply = desk.reply(&page().cookies(&jar));
    assert_eq!(location(&reply), "/_vestibule/login?rd=%2Fpage");
    assert_eq!(reason(&reply), "refresh_refused");
    let reply = desk.reply(&Req::get("/api").cookies(&jar));
    assert_eq!(reply.status, 401);
    assert_eq!(body(&reply)["error"], "unauthenticated");
    desk.refreshed = Some(OUT);
    for target in ["/page", "/_vestibule/session", "/_vestibule/whoami"] {
        for req in [Req::open(target), Req::get(target)] {
            let reply = desk.reply(&req.cookies(&jar));
            assert_eq!(reply.status, 503, "{target}");
            assert!(header_of(&reply, "retry-after").is_some());
            assert!(set_cookies(&reply).is_empty(), "the cookie is kept");
        }
    }
    desk.refreshed = Some(Err(RefreshError::Ended(NoIdentity::LifetimeOver)));
    let reply = desk.reply(&page().cookies(&jar));
    assert_eq!(
        (reply.status.as_u16(), reason(&reply)),
        (302, "session_lifetime")
    );
}

#[test]
fn an_outage_is_no_sign_out_on_an_optional_route_and_a_no_is_one() {
    let mut config = config();
    config.routes = vec![route(&["/*"], Access::Optional)];
    let (mut desk, jar) = signed_in_with(&config);
    desk.now = OVER;
    desk.refreshed = Some(OUT);
    assert_eq!(desk.reply(&page().cookies(&jar)).status, 503);
    desk.refreshed = Some(NO);
    assert!(desk.forward(&page().cookies(&jar)).permit.who().is_none());
    assert!(desk.forward(&page()).permit.who().is_none());
}

#[test]
fn outage_grace_carries_a_session_over_an_outage_and_over_nothing_else() {
    let mut config = config();
    config.session.outage_grace = std::time::Duration::from_secs(600);
    let (mut desk, jar) = signed_in_with(&config);
    desk.now = OVER;
    ask(&mut desk, &page().cookies(&jar));
    for (after, goes_on) in [(0, true), (599, true), (600, false)] {
        desk.now = OVER.plus(after);
        desk.refreshed = Some(OUT);
        match desk.decide(&page().cookies(&jar)) {
            Decision::Forward(forward) => {
                assert!(goes_on && forward.permit.who().is_some(), "{after}");
            }
            Decision::Reply(reply) => assert!(!goes_on && reply.status == 503, "{after}"),
            other => panic!("{other:?}"),
        }
        desk.refreshed = Some(NO);
        assert_eq!(desk.reply(&page().cookies(&jar)).status, 302, "{after}");
    }
    // It never outlasts the session itself.
    config.session.lifetime = std::time::Duration::from_secs(OVER.secs() - NOW.secs() + 10);
    let (mut desk, jar) = signed_in_with(&config);
    desk.refreshed = Some(OUT);
    desk.now = OVER.plus(10);
    let reply = desk.reply(&page().cookies(&jar));
    assert_eq!(reason(&reply), "session_lifetime");
}

#[test]
fn refreshed_tokens_have_to_be_of_the_same_person_client_and_issuer() {
    // The access token is sent on, so its grant counts (ADR 17).
    let sent = Config {
        headers: HeaderRules::new(&[Preset::Bearer], Vec::new()),
        ..config()
    };
    let (mut desk, jar) = signed_in_with(&sent);
    desk.now = END;
    let wanted = due(&mut desk, &jar).unwrap();
    let nonce = {
        let token = opened(&desk, &jar);
        let keys = desk.keys.as_ref().unwrap();
        let verified = desk
            .gate
            .providers
            .only()
            .unwrap()
            .verifier
            .verify(token.id_token(), keys, END)
            .unwrap();
        verified.claims()["nonce"].clone()
    };
    for (changes, error) in [
        (json!({ "sub": "somebody-else" }), TokenError::Foreign),
        (json!({ "iss": "https://evil.example" }), TokenError::Issuer),
        (json!({ "aud": "another-client" }), TokenError::Audience),
        (
            json!({ "aud": [super::support::CLIENT] }),
            TokenError::Audience,
        ),
        (json!({ "nonce": "another" }), TokenError::Nonce),
        (json!({ "nonce": 1 }), TokenError::Nonce),
        (
            json!({ "auth_time": END.secs() + 1 }),
            TokenError::NotYetValid,
        ),
        (json!({ "auth_time": "now" }), TokenError::Claim),
        (json!({ "exp": 1 }), TokenError::Expired),
        (json!({ "token_use": "access" }), TokenError::TokenUse),
        (json!({ "origin_jti": "another" }), TokenError::Foreign),
    ] {
        assert_eq!(refused(&desk, &wanted, changes.clone()), error, "{changes}");
    }
    for changes in [
        json!({}),
        json!({ "nonce": nonce }),
        json!({ "auth_time": END.secs() }),
        json!({ "auth_time": null }),
    ] {
        let tokens = newer_tokens(&desk, changes.clone());
        let keys = desk.keys.as_ref().unwrap();
        let checked = desk.gate.check_refreshed(&wanted, &tokens, keys, desk.now);
        assert!(checked.is_ok(), "{changes}: {checked:?}");
    }
}

#[test]
fn a_nonce_that_was_gone_does_not_come_back() {
    let (mut desk, mut jar) = signed_in();
    desk.now = OVER;
    let wanted = ask(&mut desk, &page().cookies(&jar));
    desk.refreshed = Some(renew(&desk, &wanted, newer_tokens(&desk, json!({}))));
    let forward = desk.forward(&page().cookies(&jar));
    jar.take_in(forward.set_cookies.iter().map(String::as_str));
    desk.refreshed = None;
    desk.now = desk.now.plus(3500);
    let wanted = due(&mut desk, &jar).unwrap();
    let error = refused(&desk, &wanted, json!({ "nonce": "n-7Yh2kQ" }));
    assert_eq!(
        error,
        TokenError::Nonce,
        "nobody knows any more which it was"
    );
}

#[test]
fn another_issuer_is_none_that_renews_even_if_it_is_accepted_at_logins() {
    let mut config = config();
    let updated = "https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99";
    config.providers[0].accepted_issuers = vec![updated.to_owned()];
    let (mut desk, jar) = signed_in_with(&config);
    desk.now = END;
    let wanted = due(&mut desk, &jar).unwrap();
    let error = refused(&desk, &wanted, json!({ "iss": updated }));
    assert_eq!(error, TokenError::Issuer);
}

#[test]
fn a_new_refresh_token_takes_the_place_of_the_old_one() {
    let (mut desk, mut jar) = signed_in();
    desk.now = OVER;
    let wanted = ask(&mut desk, &page().cookies(&jar));
    let mut tokens = newer_tokens(&desk, json!({}));
    tokens.refresh_token = Some(Zeroizing::new("rotated".to_owned()));
    desk.refreshed = Some(renew(&desk, &wanted, tokens));
    let forward = desk.forward(&page().cookies(&jar));
    jar.take_in(forward.set_cookies.iter().map(String::as_str));
    assert_eq!(
        opened(&desk, &jar).refresh_token().unwrap().as_str(),
        "rotated"
    );
}

#[test]
fn a_session_that_was_evicted_is_not_lost_for_the_request_that_waited_for_it() {
    let (mut desk, jar) = signed_in();
    desk.now = OVER;
    let wanted = ask(&mut desk, &page().cookies(&jar));
    let outcome = renew(&desk, &wanted, newer_tokens(&desk, json!({})));
    desk.gate.memory().newer.forget(wanted.id());
    desk.refreshed = Some(outcome);
    assert_eq!(desk.forward(&page().cookies(&jar)).set_cookies.len(), 1);
}

#[test]
fn a_late_reseal_never_undoes_a_refresh() {
    // Sealed by a key that is the second one now: each answer would seal it anew.
    let mut config = config();
    let (mut desk, jar) = signed_in_with(&config);
    config.session.keys = vec![secret_key(2), secret_key(1)];
    desk.gate = crate::gate::Gate::new(&config).unwrap();
    assert_eq!(desk.forward(&page().cookies(&jar)).set_cookies.len(), 1);
    // Another instance has refreshed the session, and this one has seen it.
    let looked = elsewhere(&desk, &opened(&desk, &jar), 1);
    assert!(matches!(looked, Newness::Current));
    // A minute later that one is not at hand any more.
    desk.now = desk.now.plus(60);
    let forward = desk.forward(&page().cookies(&jar));
    assert!(
        forward.permit.who().is_some(),
        "what was under way is served"
    );
    assert!(forward.set_cookies.is_empty(), "and writes nothing");
    desk.now = END;
    assert!(
        due(&mut desk, &jar).is_none(),
        "nor does it ask for anything"
    );
}

#[test]
fn a_refresh_that_another_instance_has_outrun_serves_its_request_and_writes_nothing() {
    let (mut desk, jar) = signed_in();
    desk.now = OVER;
    let wanted = ask(&mut desk, &page().cookies(&jar));
    let outcome = renew(&desk, &wanted, newer_tokens(&desk, json!({})));
    elsewhere(&desk, &opened(&desk, &jar), 6);
    desk.now = desk.now.plus(60);
    desk.refreshed = Some(outcome);
    let forward = desk.forward(&page().cookies(&jar));
    assert!(forward.permit.who().is_some() && forward.set_cookies.is_empty());
    assert!(!desk.gate.may_write(
        forward.lease.as_ref().unwrap(),
        forward.mark.as_ref().unwrap(),
        desk.now
    ));
}

#[test]
fn the_next_generation_follows_on_all_that_were_seen() {
    let (mut desk, jar) = signed_in();
    desk.now = OVER;
    let wanted = ask(&mut desk, &page().cookies(&jar));
    elsewhere(&desk, &opened(&desk, &jar), 6);
    let outcome = renew(&desk, &wanted, newer_tokens(&desk, json!({})));
    assert_eq!(outcome.unwrap().generation(), 7);
}

#[test]
fn signing_out_revokes_the_newest_refresh_token_and_no_answer_brings_the_session_back() {
    let (mut desk, jar) = signed_in();
    desk.now = END;
    let before = desk.forward(&page().cookies(&jar));
    let wanted = before.refresh.clone().unwrap();
    let mut tokens = newer_tokens(&desk, json!({}));
    tokens.refresh_token = Some(Zeroizing::new("rotated".to_owned()));
    renew(&desk, &wanted, tokens).unwrap();
    let out = Req::open("/_vestibule/logout").cookies(&jar);
    match desk.decide(&out) {
        Decision::Perform(Effect::Logout(logout)) => {
            assert_eq!(logout.refresh_tokens[0].1.as_str(), "rotated");
        }
        other => panic!("{other:?}"),
    }
    // The app took its time with this one.
    assert!(cookies_since(&mut desk, &before, &page().cookies(&jar)).is_empty());
}

#[test]
fn a_session_that_has_ended_meanwhile_is_not_renewed() {
    let (mut desk, jar) = signed_in();
    desk.now = OVER;
    let wanted = ask(&mut desk, &page().cookies(&jar));
    desk.now = NOW.plus(8 * 3600);
    let tokens = newer_tokens(&desk, json!({}));
    let outcome = renew(&desk, &wanted, tokens);
    let ended = RefreshError::Ended(NoIdentity::LifetimeOver);
    assert_eq!(outcome.map(drop), Err(ended));
    assert!(desk.gate.refreshed_before(&wanted).is_none());
}

#[test]
fn tokens_that_have_grown_too_large_are_refused() {
    let (mut desk, jar) = signed_in();
    desk.now = END;
    let wanted = due(&mut desk, &jar).unwrap();
    // Each of the two tokens would fit.
    let groups: Vec<String> = (0..300)
        .map(|n| format!("a-group-with-a-name-{n}"))
        .collect();
    let mut tokens = newer_tokens(&desk, json!({ "cognito:groups": groups }));
    tokens.refresh_token = Some(Zeroizing::new("r".repeat(12_000)));
    let outcome = renew(&desk, &wanted, tokens);
    let refused = RefreshError::Refused("session_too_large_refresh_token");
    assert_eq!(outcome.map(drop), Err(refused));
    assert!(desk.gate.memory().newer.is_empty());
}

#[test]
fn userinfo_that_cannot_be_asked_keeps_what_it_said_and_one_that_refuses_ends() {
    let mut config = config();
    config.providers[0].userinfo = true;
    config.providers[0].identity.name = Some(super::support::rule(&["team"]));
    let (mut desk, jar) = signed_in_with(&config);
    desk.now = END;
    let wanted = due(&mut desk, &jar).unwrap();
    let sub = id_claims()["sub"].clone();
    let said = |team: &str| json!({ "sub": sub, "team": team }).to_string().into_bytes();
    let take = |answer| {
        let tokens = newer_tokens(&desk, json!({}));
        let keys = desk.keys.as_ref().unwrap();
        let checked = desk.gate.check_refreshed(&wanted, &tokens, keys, desk.now);
        let mut checked = checked.unwrap();
        let taken = desk.gate.take_userinfo_again(&wanted, &mut checked, answer);
        (taken, checked.kept.userinfo().clone())
    };
    let (taken, kept) = take(Ok(said("red")));
    assert_eq!((taken, &kept["team"]), (Ok(()), &json!("red")));
    for answer in [Err(UserinfoError::Unavailable), Ok(b"<html>".to_vec())] {
        let (taken, kept) = take(answer);
        assert!(taken.is_ok() && kept.is_empty(), "nothing was known before");
    }
    let other = json!({ "sub": "other" }).to_string().into_bytes();
    assert_eq!(take(Ok(other)).0, Err(UserinfoError::OtherSubject));
    let refused = take(Err(UserinfoError::Refused)).0;
    assert_eq!(refused, Err(UserinfoError::Refused));
}

#[test]
fn a_callback_with_a_session_to_renew_goes_to_the_target() {
    let (mut desk, jar) = signed_in();
    let mut other = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login?rd=/there"), &mut other);
    desk.now = OVER;
    let reply = desk.reply(&super::support::callback(&started.state).cookies(&jar));
    assert_eq!(location(&reply), "/there");
}

#[test]
fn nothing_of_a_session_shows_in_debug_output() {
    let (mut desk, jar) = signed_in();
    desk.now = END;
    let forward = desk.forward(&page().cookies(&jar));
    let shown = format!("{:?} {forward:?}", forward.refresh);
    for secret in ["a-refresh-token", "kirsten", "eyJ"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn session_and_whoami_say_when_a_session_that_renews_itself_ends() {
    let (mut desk, jar) = signed_in();
    let reply = desk.reply(&Req::get("/_vestibule/session").cookies(&jar));
    assert_eq!(body(&reply)["expires_at"], NOW.secs() + 8 * 3600);
}

#[test]
fn activity_under_either_cookie_counts_for_both() {
    let mut config = config();
    config.session.idle_timeout = Some(std::time::Duration::from_secs(3600));
    let (mut desk, jar) = signed_in_with(&config);
    // In use at another instance, which seals the activity; refreshed here before.
    desk.now = UnixTime::from_secs(EXP - 200);
    let request = page().cookies(&jar);
    let starter = desk.forward(&request);
    assert_eq!(starter.set_cookies.len(), 1, "activity is due");
    let mut elsewhere = jar.clone();
    elsewhere.take_in(starter.set_cookies.iter().map(String::as_str));
    let wanted = starter.refresh.clone().unwrap();
    renew(&desk, &wanted, newer_tokens(&desk, json!({}))).unwrap();
    // The answer that carries the new cookie notes the activity of its request.
    let mut renewed = jar.clone();
    let cookies = cookies_since(&mut desk, &starter, &request);
    renewed.take_in(cookies.iter().map(String::as_str));
    assert_eq!(opened(&desk, &renewed).seen(), desk.now);
    // An hour later the older cookie, in which the activity stands, finds the newer session alive.
    desk.now = desk.now.plus(3599);
    let forward = desk.forward(&page().cookies(&elsewhere));
    assert!(forward.permit.who().is_some());
    desk.now = desk.now.plus(1);
    let reply = desk.reply(&page().cookies(&elsewhere));
    assert_eq!(reply.status, 302, "{:?}", reply.note);
}
