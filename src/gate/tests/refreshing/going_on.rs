//! How requests go on once newer tokens came or did not, and which answers carry the cookie.

use std::sync::Arc;

use serde_json::json;
use zeroize::Zeroizing;

use super::{
    END, NO, OUT, OVER, ask, cookies_since, due, elsewhere, newer_tokens, opened, page, reason,
    renew, signed_in,
};
use crate::gate::newer::Newness;
use crate::gate::policy::NoIdentity;
use crate::gate::refresh::RefreshError;
use crate::gate::route::Access;
use crate::gate::rule::{Condition, Rule, Rules, Values};
use crate::gate::tests::support::{
    EXP, NOW, Req, body, config, header_of, location, route, secret_key, set_cookies,
    signed_in_under,
};
use crate::gate::time::UnixTime;
use crate::gate::{Decision, Effect};

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
    let (mut desk, jar) = signed_in_under(&config);
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
    let (mut desk, jar) = signed_in_under(&config);
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
    let (mut desk, jar) = signed_in_under(&config);
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
    let (mut desk, jar) = signed_in_under(&config);
    desk.refreshed = Some(OUT);
    desk.now = OVER.plus(10);
    let reply = desk.reply(&page().cookies(&jar));
    assert_eq!(reason(&reply), "session_lifetime");
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
    let (mut desk, jar) = signed_in_under(&config);
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
fn activity_under_either_cookie_counts_for_both() {
    let mut config = config();
    config.session.idle_timeout = Some(std::time::Duration::from_secs(3600));
    let (mut desk, jar) = signed_in_under(&config);
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
