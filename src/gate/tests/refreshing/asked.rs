//! When newer tokens are asked for.

use std::sync::Arc;

use serde_json::json;

use super::{END, OVER, ask, due, page, reason, signed_in};
use crate::gate::route::Access;
use crate::gate::tests::support::{
    Desk, EXP, Jar, NOW, Req, body, changed, config, id_claims, location, route, signed_in_under,
    signed_in_without_refresh,
};
use crate::gate::time::UnixTime;

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
    let (mut desk, jar) = signed_in_under(&config);
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
    let (mut desk, jar) = signed_in_under(&config);
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
fn a_callback_with_a_session_to_renew_goes_to_the_target() {
    let (mut desk, jar) = signed_in();
    let mut other = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login?rd=/there"), &mut other);
    desk.now = OVER;
    let reply = desk.reply(&crate::gate::tests::support::callback(&started.state).cookies(&jar));
    assert_eq!(location(&reply), "/there");
}

#[test]
fn session_and_whoami_say_when_a_session_that_renews_itself_ends() {
    let (mut desk, jar) = signed_in();
    let reply = desk.reply(&Req::get("/_vestibule/session").cookies(&jar));
    assert_eq!(body(&reply)["expires_at"], NOW.secs() + 8 * 3600);
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
