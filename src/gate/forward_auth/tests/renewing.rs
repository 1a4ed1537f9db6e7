//! Sessions that need newer tokens, with an answer's cookies and without them.

use super::*;

#[test]
fn without_cookies_an_ended_token_is_an_ended_session() {
    for dialect in ALL {
        let (mut desk, jar) = signed_in_under(&asked_by(dialect));
        // Due is not over: nothing is asked for.
        desk.now = UnixTime::from_secs(EXP - 10);
        let reply = desk.reply(&ask(dialect, "/").cookies(&jar));
        assert_eq!(reply.status, 200);
        assert!(set_cookies(&reply).is_empty());
        desk.now = OVER;
        let reply = desk.reply(&ask(dialect, "/").cookies(&jar));
        assert_eq!(reply.status, 401);
        assert_eq!(reason(&reply), Some("token_expired"));
        assert!(set_cookies(&reply).is_empty());
    }
}

#[test]
fn without_cookies_nothing_slides() {
    for (cookies, is_set) in [(false, false), (true, true)] {
        let mut config = asked_by(Dialect::Caddy);
        if cookies {
            config = with_cookies(Dialect::Caddy);
        }
        config.session.idle_timeout = Some(std::time::Duration::from_secs(1800));
        let (mut desk, jar) = signed_in_under(&config);
        desk.now = NOW.plus(1200);
        let reply = desk.reply(&ask(Dialect::Caddy, "/").cookies(&jar));
        assert_eq!(reply.status, 200);
        assert_eq!(!set_cookies(&reply).is_empty(), is_set);
        desk.now = NOW.plus(1800);
        let reply = desk.reply(&ask(Dialect::Caddy, "/").cookies(&jar));
        assert_eq!(reason(&reply), Some("session_idle"));
    }
}

#[test]
fn without_cookies_an_old_copy_does_not_live_on_the_activity_of_others() {
    for dialect in ALL {
        let mut config = asked_by(dialect);
        config.session.idle_timeout = Some(std::time::Duration::from_secs(1800));
        let (mut desk, copy) = signed_in_under(&config);
        let mut jar = copy.clone();
        desk.now = NOW.plus(1200);
        let page = Req::open("/page");
        let answer = desk.forward(&page.cookies(&jar));
        jar.take_in(answer.set_cookies.iter().map(String::as_str));
        desk.now = NOW.plus(1800);
        let fresh = desk.reply(&ask(dialect, "/").cookies(&jar));
        assert_eq!(fresh.status, 200, "{dialect:?}");
        let old = desk.reply(&ask(dialect, "/").cookies(&copy));
        assert_eq!(old.status, 401, "{dialect:?}");
        assert_eq!(reason(&old), Some("session_idle"));
    }
}

#[test]
fn with_cookies_tokens_are_renewed_and_the_answer_carries_the_session() {
    for dialect in ALL {
        for now in [UnixTime::from_secs(EXP - 10), OVER] {
            let (mut desk, mut jar) = signed_in_under(&with_cookies(dialect));
            desk.now = now;
            let req = ask(dialect, "/").cookies(&jar);
            let wanted = renewal(&mut desk, &req);
            desk.refreshed = Some(renew(&desk, &wanted));
            let reply = desk.reply(&req);
            assert_eq!(reply.status, 200, "{dialect:?}");
            let before = jar.0[COOKIE].clone();
            jar.take_in(set_cookies(&reply));
            assert_ne!(jar.0[COOKIE], before);
            desk.refreshed = None;
            let reply = desk.reply(&ask(dialect, "/").cookies(&jar));
            assert_eq!(reply.status, 200);
        }
    }
}

#[test]
fn with_cookies_an_outage_signs_nobody_out() {
    for dialect in ALL {
        let (mut desk, jar) = signed_in_under(&with_cookies(dialect));
        let req = ask(dialect, "/").navigates().cookies(&jar);
        desk.now = UnixTime::from_secs(EXP - 10);
        renewal(&mut desk, &req);
        desk.refreshed = Some(Err(RefreshError::Unavailable("test")));
        assert_eq!(desk.reply(&req).status, 200, "the token still holds");
        desk.now = OVER;
        let reply = desk.reply(&req);
        assert_eq!(reply.status, 503);
        assert!(header_of(&reply, "retry-after").is_some());
    }
}

#[test]
fn the_login_renews_a_session_that_only_needs_newer_tokens() {
    let (mut desk, mut jar) = signed_in_under(&asked_by(Dialect::Nginx));
    desk.now = OVER;
    let login = Req::open("/_vestibule/login?rd=%2Fpage%3Fx%3D1");
    let req = login.clone().cookies(&jar);
    let wanted = renewal(&mut desk, &req);
    desk.refreshed = Some(renew(&desk, &wanted));
    let reply = desk.reply(&req);
    assert_eq!(location(&reply), "/page?x=1");
    desk.refreshed = None;
    // Another tab that was sent here with the same cookie goes back too.
    assert_eq!(location(&desk.reply(&req)), "/page?x=1");
    jar.take_in(set_cookies(&reply));
    let asked = ask(Dialect::Nginx, "/page?x=1").cookies(&jar);
    assert_eq!(desk.reply(&asked).status, 200);
    // Whoever comes with a good session wants to sign in.
    let decision = desk.decide_onward(&login.cookies(&jar));
    assert!(matches!(decision, Decision::Perform(Effect::Authorize(_))));
}

#[test]
fn where_it_is_not_renewed_the_login_goes_on() {
    let (mut desk, jar) = signed_in_under(&asked_by(Dialect::Nginx));
    desk.now = OVER;
    let req = Req::open("/_vestibule/login?rd=%2F").cookies(&jar);
    renewal(&mut desk, &req);
    desk.refreshed = Some(Err(RefreshError::Refused("test")));
    let decision = desk.decide_onward(&req);
    assert!(matches!(decision, Decision::Perform(Effect::Authorize(_))));
    desk.refreshed = Some(Err(RefreshError::Unavailable("test")));
    assert_eq!(desk.reply(&req).status, 503);
}

#[test]
fn in_an_outage_the_login_sends_nobody_back_to_a_question_that_refuses_them() {
    for dialect in ALL {
        for cookies in [false, true] {
            let mut config = match cookies {
                true => with_cookies(dialect),
                false => asked_by(dialect),
            };
            config.session.outage_grace = Duration::from_secs(600);
            let (mut desk, jar) = signed_in_under(&config);
            desk.now = OVER;
            let login = Req::open("/_vestibule/login?rd=%2Fpage").cookies(&jar);
            let asked = ask(dialect, "/page").navigates().cookies(&jar);
            let outage = Some(Err(RefreshError::Unavailable("test")));
            renewal(&mut desk, &login);
            desk.refreshed.clone_from(&outage);
            let at_login = desk.reply(&login);
            // The question alone says whether anybody was asked for newer tokens.
            desk.refreshed = outage.filter(|_| cookies);
            let passes = desk.reply(&asked).status == 200;
            assert_eq!(passes, cookies, "{dialect:?}");
            match passes {
                true => assert_eq!(location(&at_login), "/page"),
                false => {
                    assert_eq!(at_login.status, 503, "{dialect:?}");
                    assert_eq!(reason(&at_login), Some("refresh_unavailable"));
                    assert!(header_of(&at_login, "retry-after").is_some());
                }
            }
        }
    }
}

#[test]
fn without_forward_auth_a_login_is_a_login() {
    let (mut desk, jar) = signed_in_under(&config());
    desk.now = OVER;
    let req = Req::open("/_vestibule/login?rd=%2F").cookies(&jar);
    let decision = desk.decide_onward(&req);
    assert!(matches!(decision, Decision::Perform(Effect::Authorize(_))));
}
