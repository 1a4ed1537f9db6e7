//! Answers and cookies that come late: what they may not take back.

use std::time::Duration;

use serde_json::json;
use zeroize::Zeroizing;

use super::refreshing::{END, OVER, ask, elsewhere, newer_tokens, renew};
use super::session_life::{opened, page, signed_in_with, why};
use super::support::{Desk, EXP, Jar, NOW, Req, config, location, route, secret_key, set_cookies};
use crate::config::Config;
use crate::gate::policy::NoIdentity;
use crate::gate::refresh::RefreshError;
use crate::gate::route::{Access, Manner, Route};
use crate::gate::session::Session;
use crate::gate::session::tests::{session_of, with_refresh_token};
use crate::gate::time::UnixTime;
use crate::gate::{Decision, Effect, Forward};

/// `session.idle_timeout = "1h"`; `/poll` is no activity.
fn idle() -> Config {
    let mut config = config();
    config.session.idle_timeout = Some(Duration::from_secs(3600));
    let manner = Manner {
        is_activity: false,
        ..Manner::default()
    };
    config.routes = vec![Route {
        manner,
        ..route(&["/poll"], Access::SignedIn)
    }];
    config
}

/// A token that outlives all of it.
fn in_use() -> (Desk, Jar) {
    signed_in_with(&idle(), &json!({ "exp": EXP + 1_000_000 }))
}

fn may_write(desk: &Desk, forward: &Forward) -> bool {
    let (lease, mark) = (
        forward.lease.as_ref().unwrap(),
        forward.mark.as_ref().unwrap(),
    );
    desk.gate.may_write(lease, mark, desk.now)
}

fn seen(desk: &Desk, jar: &Jar, forward: &Forward) -> UnixTime {
    let mut jar = jar.clone();
    jar.take_in(forward.set_cookies.iter().map(String::as_str));
    opened(desk, &jar).seen()
}

#[test]
fn an_answer_that_took_its_time_writes_no_activity_older_than_one_that_was_written() {
    let (mut desk, jar) = in_use();
    desk.now = NOW.plus(400);
    let slow = desk.forward(&page().cookies(&jar));
    assert_eq!(seen(&desk, &jar, &slow), NOW.plus(400));
    assert!(may_write(&desk, &slow));
    desk.now = NOW.plus(900);
    let quick = desk.forward(&page().cookies(&jar));
    assert_eq!(seen(&desk, &jar, &quick), NOW.plus(900));
    assert!(may_write(&desk, &quick));
    assert!(!may_write(&desk, &slow), "it would take 500 seconds back");
}

#[test]
fn a_new_seal_without_activity_says_the_last_one_that_was_written() {
    let mut config = idle();
    let (_, jar) = signed_in_with(&config, &json!({ "exp": EXP + 1_000_000 }));
    config.session.keys = vec![secret_key(2), secret_key(1)];
    let mut desk = Desk::new(&config);
    desk.now = NOW.plus(900);
    let used = desk.forward(&page().cookies(&jar));
    assert_eq!(seen(&desk, &jar, &used), NOW.plus(900));
    // Under way with the older cookie; its key is the second one by now.
    desk.now = NOW.plus(901);
    let poll = desk.forward(&Req::get("/poll").cookies(&jar));
    assert_eq!(seen(&desk, &jar, &poll), NOW.plus(900));
    assert!(may_write(&desk, &poll));
}

#[test]
fn an_old_copy_of_a_cookie_does_not_live_on_the_activity_of_its_person() {
    let (mut desk, mut jar) = in_use();
    let copy = jar.clone();
    desk.now = NOW.plus(3000);
    let used = desk.forward(&page().cookies(&jar));
    jar.take_in(used.set_cookies.iter().map(String::as_str));
    desk.now = NOW.plus(3600);
    assert_eq!(why(&mut desk, &copy), "session_idle");
    assert!(desk.forward(&page().cookies(&jar)).permit.who().is_some());
}

/// Used until the timeout is five seconds off, when the token has ended: the provider takes ten to answer.
fn waits_past_idle(first: &Req) -> (Desk, Jar, Decision) {
    let (mut desk, jar) = signed_in_with(&idle(), &json!({}));
    desk.now = NOW.plus(3595);
    assert!(desk.now >= OVER);
    let asked = desk.decide(&first.clone().cookies(&jar));
    let Decision::Perform(Effect::Refresh(wanted)) = asked else {
        panic!("no refresh: {asked:?}");
    };
    desk.now = NOW.plus(3605);
    let outcome = renew(&desk, &wanted, newer_tokens(&desk, json!({})));
    desk.refreshed = Some(outcome);
    let decision = desk.decide(&first.clone().cookies(&jar));
    (desk, jar, decision)
}

#[test]
fn a_request_that_came_in_time_is_not_idle_because_the_provider_took_its_time() {
    let (desk, jar, decision) = waits_past_idle(&page());
    let Decision::Forward(forward) = decision else {
        panic!("it is activity: {decision:?}");
    };
    assert!(forward.permit.who().is_some());
    assert_eq!(seen(&desk, &jar, &forward), NOW.plus(3595), "when it came");
    // Its cookie may get lost: the next request finds the session alive.
    let (mut desk, jar, _) = waits_past_idle(&page());
    desk.refreshed = None;
    assert!(desk.forward(&page().cookies(&jar)).permit.who().is_some());
    // Nor because it could not be asked: the person hears so.
    let (mut desk, jar) = signed_in_with(&idle(), &json!({}));
    desk.now = NOW.plus(3595);
    ask(&mut desk, &page().cookies(&jar));
    desk.now = NOW.plus(3605);
    desk.refreshed = Some(Err(RefreshError::Unavailable("test")));
    assert_eq!(desk.reply(&page().cookies(&jar)).status, 503);
}

#[test]
fn what_is_no_activity_does_not_carry_a_session_over_its_timeout_by_waiting() {
    let (mut desk, jar, decision) = waits_past_idle(&Req::open("/poll"));
    let Some(Err(RefreshError::Ended(NoIdentity::Idle))) = &desk.refreshed else {
        panic!("it goes on: {:?}", desk.refreshed);
    };
    let Decision::Reply(reply) = decision else {
        panic!("let through: {decision:?}");
    };
    assert_eq!(location(&reply), "/_vestibule/login?rd=%2Fpoll");
    desk.refreshed = None;
    assert_eq!(why(&mut desk, &jar), "session_idle");
}

/// The person signs in; a while later another instance refreshes the session, and rotates its token or not.
fn outrun(rotated: bool) -> (Desk, Jar, Session) {
    let (desk, jar) = signed_in_with(&config(), &json!({}));
    let session = opened(&desk, &jar);
    let newer = match rotated {
        true => with_refresh_token(&session, "rotated"),
        false => with_refresh_token(&session, "a-refresh-token"),
    };
    (desk, jar, newer)
}

#[test]
fn a_late_request_with_the_older_cookie_is_served_by_the_newer_session_and_spends_nothing() {
    for rotated in [true, false] {
        let (mut desk, jar, newer) = outrun(rotated);
        desk.now = UnixTime::from_secs(OVER.secs() - 1);
        elsewhere(&desk, &newer, 1);
        // The newer one's token is good here: only its generation tells them apart.
        let forward = desk.forward(&page().cookies(&jar));
        assert!(forward.permit.who().is_some() && forward.set_cookies.is_empty());
        assert_eq!(forward.lease.unwrap().session().generation(), 1);
        desk.now = OVER;
        let wanted = ask(&mut desk, &page().cookies(&jar));
        assert_eq!(wanted.generation(), 1, "the newer one's");
    }
}

#[test]
fn a_refresh_token_that_has_been_rotated_is_not_spent_once_more() {
    let (mut desk, jar, newer) = outrun(true);
    desk.now = END;
    elsewhere(&desk, &newer, 1);
    desk.now = OVER.plus(60);
    assert_eq!(why(&mut desk, &jar), "refresh_refused");
    // One that is the same as the newer session's is no theft.
    let (mut desk, jar, newer) = outrun(false);
    desk.now = END;
    elsewhere(&desk, &newer, 1);
    desk.now = OVER.plus(60);
    let wanted = ask(&mut desk, &page().cookies(&jar));
    assert_eq!(wanted.generation(), 0);
}

#[test]
fn a_refresh_that_was_rotated_here_is_not_spent_once_more_either() {
    let (mut desk, jar) = signed_in_with(&config(), &json!({}));
    desk.now = OVER;
    let wanted = ask(&mut desk, &page().cookies(&jar));
    let mut tokens = newer_tokens(&desk, json!({}));
    tokens.refresh_token = Some(Zeroizing::new("rotated".to_owned()));
    let session = renew(&desk, &wanted, tokens).unwrap();
    elsewhere(&desk, &session, 1);
    desk.now = desk.now.plus(60);
    assert_eq!(why(&mut desk, &jar), "refresh_refused");
}

#[test]
fn a_lengthened_lifetime_brings_no_signed_out_session_back() {
    let (mut desk, jar) = signed_in_with(&config(), &json!({ "exp": EXP + 1_000_000 }));
    desk.decide(
        &Req::open("/_vestibule/logout")
            .with("sec-fetch-site", "same-origin")
            .cookies(&jar),
    );
    // Eight hours later another one signs out whose id falls into the same part.
    desk.now = NOW.plus(8 * 3600);
    let mut id = *opened(&desk, &jar).id();
    id[15] ^= 1;
    let other = session_of(id, desk.now);
    desk.gate.memory().denied.deny(&other, desk.now, 8 * 3600);
    let mut longer = config();
    longer.session.lifetime = Duration::from_secs(24 * 3600);
    desk.gate = desk.gate.succeeded_by(&longer, desk.now).unwrap();
    let reply = desk.reply(&page().cookies(&jar));
    assert_eq!(reply.note.reason, Some("session_signed_out"));
    assert!(set_cookies(&reply).is_empty());
}
