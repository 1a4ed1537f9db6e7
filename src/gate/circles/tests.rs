//! Circles are stopped, told apart, and never seen by people who sign in as
//! people do.

use serde_json::json;

use super::*;
use crate::gate::page::{Text, Word};
use crate::gate::tests::support::{
    COOKIE, Desk, EXP, Jar, LOGIN_COOKIE, NOW, Req, at, callback, changed, config, header_of,
    id_claims, key, key_set, location, secret_key, set_cookies, text, tokens,
};
use crate::gate::{Decision, Effect};

fn desk() -> Desk {
    Desk::new(&config())
}

/// Three logins one after the other, each of which leads to a session that `lose` takes away.
fn three(desk: &mut Desk, jar: &mut Jar, lose: impl Fn(&mut Jar)) {
    for _ in 0..3 {
        let reply = desk.sign_in_as("/page", &id_claims(), jar);
        assert_eq!(location(&reply), "/page");
        lose(jar);
        desk.now = desk.now.plus(2);
    }
}

/// The page after those.
fn fourth(desk: &mut Desk, jar: &Jar) -> Reply {
    desk.reply(&Req::open("/_vestibule/login?rd=%2Fpage").cookies(jar))
}

fn lose_session(jar: &mut Jar) {
    jar.0.retain(|name, _| name == LOGIN_COOKIE);
}

fn assert_stopped(reply: &Reply, cause: Cause) {
    assert_eq!(
        (reply.status.as_u16(), reply.note.reason),
        (400, Some(cause.reason()))
    );
    let html = text(reply);
    for shown in [
        "Sign-in goes in circles",
        "rd=%2Fpage",
        reply.note.reference.as_ref().unwrap(),
        &said(cause.told().what),
        &said(cause.told().person),
        &said(cause.told().operator),
    ] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
}

#[test]
fn a_session_cookie_that_never_comes_back_is_named_after_three_logins() {
    let (mut desk, mut jar) = (desk(), Jar::default());
    three(&mut desk, &mut jar, lose_session);
    let reply = fourth(&mut desk, &jar);
    assert_stopped(&reply, Cause::SessionCookieLost);
    assert!(text(&reply).contains(COOKIE));
    // Who tries again has three logins before them, not none.
    jar.take_in(set_cookies(&reply));
    assert_eq!(jar.names(), Vec::<&str>::new());
    three(&mut desk, &mut jar, lose_session);
    assert_stopped(&fourth(&mut desk, &jar), Cause::SessionCookieLost);
}

#[test]
fn a_script_is_told_the_same_in_json() {
    let (mut desk, mut jar) = (desk(), Jar::default());
    three(&mut desk, &mut jar, lose_session);
    let reply = desk.reply(&Req::get("/_vestibule/login").cookies(&jar));
    assert_eq!(reply.note.reason, Some("session_cookie_lost"));
    assert_eq!(header_of(&reply, "content-type"), Some("application/json"));
}

#[test]
fn a_minute_after_the_first_a_new_row_begins() {
    let (mut desk, mut jar) = (desk(), Jar::default());
    three(&mut desk, &mut jar, lose_session);
    desk.now = NOW.plus(59);
    assert_stopped(&fourth(&mut desk, &jar), Cause::SessionCookieLost);
    desk.now = NOW.plus(60);
    desk.start(&Req::open("/_vestibule/login").cookies(&jar), &mut jar);
}

#[test]
fn cookies_that_are_too_large_or_come_in_part_are_told_apart() {
    let groups: Vec<String> = (0..100).map(|n| format!("{n:042}")).collect();
    let large = changed(id_claims(), &json!({ "cognito:groups": groups }));
    for (keep, cause) in [
        ("", Cause::TooLarge),
        (".1", Cause::ChunksMissing),
        (".2", Cause::ChunksMissing),
    ] {
        let (mut desk, mut jar) = (desk(), Jar::default());
        for _ in 0..3 {
            desk.sign_in_as("/page", &large, &mut jar);
            assert!(jar.0.contains_key(&format!("{COOKIE}.2")));
            jar.0.retain(|name, _| {
                name == LOGIN_COOKIE || (!keep.is_empty() && name.ends_with(keep))
            });
        }
        assert_stopped(&fourth(&mut desk, &jar), cause);
    }
}

#[test]
fn a_session_that_cannot_be_read_here_is_named() {
    // Two instances that share one key of two, and not the first.
    let (mut ours, mut theirs) = (config(), config());
    ours.session.keys = vec![secret_key(1), secret_key(2)];
    theirs.session.keys = vec![secret_key(1)];
    let (mut desk, mut jar) = (Desk::new(&theirs), Jar::default());
    three(&mut desk, &mut jar, |_| {});
    jar.0.insert(COOKIE.to_owned(), jar.0[LOGIN_COOKIE].clone());
    let mut other = Desk::new(&ours);
    other.now = desk.now;
    assert_stopped(&fourth(&mut other, &jar), Cause::Unreadable);
}

#[test]
fn an_application_that_asks_again_and_again_is_named() {
    let (mut desk, mut jar) = (desk(), Jar::default());
    three(&mut desk, &mut jar, |_| {});
    // Who types the address means it.
    let typed = Req::open("/_vestibule/login?rd=%2Fpage").cookies(&jar);
    desk.start(&typed, &mut jar.clone());
    let reply = desk.reply(&typed.with("sec-fetch-site", "cross-site"));
    assert_stopped(&reply, Cause::App);
    jar.take_in(set_cookies(&reply));
    // The session is untouched.
    desk.forward(&Req::open("/page").cookies(&jar));
}

#[test]
fn an_address_that_is_typed_again_and_again_by_redirects_ends_too() {
    let (mut desk, mut jar) = (desk(), Jar::default());
    three(&mut desk, &mut jar, |_| {});
    three(&mut desk, &mut jar, |_| {});
    assert_stopped(&fourth(&mut desk, &jar), Cause::App);
}

#[test]
fn a_session_of_another_clock_is_named_with_the_difference() {
    let (mut desk, mut jar) = (desk(), Jar::default());
    three(&mut desk, &mut jar, |_| {});
    // An instance that is far behind.
    desk.now = at(1_790_000_000 - 500);
    assert_stopped(&fourth(&mut desk, &jar), Cause::Clocks);
    assert!(
        text(&fourth(&mut desk, &jar)).contains("500 seconds (this application&#39;s is behind)")
    );
}

#[test]
fn clocks_that_differ_by_the_providers_word_are_named_with_its_number() {
    // The session's token ends as it comes, and the provider's answers were dated so.
    let ends = changed(id_claims(), &json!({ "exp": NOW.secs() - 30 }));
    for (ahead, cause) in [
        (Some(61), Cause::Clocks),
        (Some(-61), Cause::Clocks),
        (Some(60), Cause::App),
        (None, Cause::App),
    ] {
        let (mut desk, mut jar) = (desk(), Jar::default());
        for _ in 0..3 {
            desk.sign_in_as("/page", &ends, &mut jar);
        }
        desk.now = NOW.plus(40);
        desk.clock_ahead = ahead;
        let again = Req::open("/_vestibule/login?rd=%2Fpage").cookies(&jar);
        let reply = desk.reply(&again.with("sec-fetch-site", "cross-site"));
        assert_stopped(&reply, cause);
        let shown = ahead.filter(|ahead| ahead.unsigned_abs() > LEEWAY);
        assert_eq!(
            text(&reply).contains("61 seconds"),
            shown.is_some(),
            "{}",
            text(&reply)
        );
    }
}

#[test]
fn a_sign_out_ends_the_row() {
    let (mut desk, mut jar) = (desk(), Jar::default());
    for _ in 0..6 {
        desk.sign_in(&mut jar);
        let out = Req::open("/_vestibule/logout").cookies(&jar);
        let Decision::Perform(Effect::Logout(logout)) = desk.decide(&out) else {
            panic!("no sign-out");
        };
        jar.take_in(set_cookies(&logout.reply));
        assert_eq!(jar.names(), Vec::<&str>::new());
    }
}

#[test]
fn ten_tabs_at_once_are_no_circle() {
    let (mut desk, mut jar) = (desk(), Jar::default());
    let tabs: Vec<_> = (0..10)
        .map(|tab| {
            let open = Req::open(&format!("/_vestibule/login?rd=%2F{tab}"));
            let started = desk.start(&open.cookies(&jar), &mut jar);
            (format!("/{tab}"), started)
        })
        .collect();
    for (page, started) in &tabs {
        let back = callback(&started.state).cookies(&jar);
        let exchange = desk.exchange(&back);
        let claims = changed(id_claims(), &json!({ "nonce": started.nonce }));
        let reply = desk.finish(&back, &exchange, tokens(&claims), &started.nonce);
        assert_eq!(location(&reply), page);
        jar.take_in(set_cookies(&reply));
    }
    // And signing in twice more, though signed in, is no circle either.
    desk.sign_in(&mut jar);
    desk.sign_in(&mut jar);
}

#[test]
fn what_ended_on_purpose_is_no_circle() {
    for why in [
        NoIdentity::Denied,
        NoIdentity::Revoked,
        NoIdentity::AuthTooOld,
        NoIdentity::NoKeys,
        NoIdentity::ProviderOut,
    ] {
        assert_eq!(Cause::of_session(why, true), None, "{why:?}");
    }
}

#[test]
fn a_login_cookie_that_is_lost_has_its_causes() {
    let https = |req: Req| req;
    let cases: [(&dyn Fn(Req) -> Req, Cause); 5] = [
        (&https, Cause::NoCookies),
        (
            &|req| req.with("cookie", "theme=dark"),
            Cause::LoginCookieLost,
        ),
        (
            &|req| req.with("host", "wiki.example.com:8443"),
            Cause::OtherHost,
        ),
        (
            &|req| req.with("x-forwarded-proto", "http"),
            Cause::PlainHttp,
        ),
        (
            &|req| req.with("x-forwarded-proto", "https"),
            Cause::NoCookies,
        ),
    ];
    for (as_sent, cause) in cases {
        let mut desk = desk();
        let mut started = desk.start(
            &Req::open("/_vestibule/login?rd=%2Fpage"),
            &mut Jar::default(),
        );
        for _ in 0..2 {
            started = desk.start(&as_sent(callback(&started.state)), &mut Jar::default());
        }
        let reply = desk.reply(&as_sent(callback(&started.state)));
        assert_stopped(&reply, cause);
        assert!(text(&reply).contains(LOGIN_COOKIE));
    }
}

#[test]
fn clocks_that_differ_are_told_where_a_login_fails_for_it() {
    for (now, reason, shown) in [
        (
            1_790_000_000 - 900,
            "token_not_yet_valid",
            "900 seconds (this application&#39;s is behind)",
        ),
        (
            EXP + 400,
            "token_expired",
            "4000 seconds (this application&#39;s is ahead)",
        ),
    ] {
        let (mut desk, mut jar) = (desk(), Jar::default());
        desk.now = at(now);
        let started = desk.start(&Req::open("/_vestibule/login?rd=%2Fpage"), &mut jar);
        let back = callback(&started.state).cookies(&jar);
        let exchange = desk.exchange(&back);
        let claims = changed(id_claims(), &json!({ "nonce": started.nonce }));
        let reply = desk.finish(&back, &exchange, tokens(&claims), &started.nonce);
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (502, Some(reason))
        );
        assert!(text(&reply).contains(shown), "{}", text(&reply));
        assert!(text(&reply).contains(reply.note.reference.as_ref().unwrap()));
    }
}

#[test]
fn a_forged_token_tells_nothing_of_clocks() {
    let desk = desk();
    let late = at(EXP + 5_000);
    let genuine = key().sign(&id_claims());
    let failed = desk
        .gate
        .failed_check("corp", TokenError::Expired, &genuine, &key_set(), late);
    assert!(matches!(failed, crate::gate::callback::Failed::Clocks(..)));
    let (head, _) = genuine.rsplit_once('.').unwrap();
    for token in [format!("{head}.AAAA"), "a.b.c".to_owned(), String::new()] {
        let failed = desk
            .gate
            .failed_check("corp", TokenError::Expired, &token, &key_set(), late);
        assert_eq!(failed, TokenError::Expired.into(), "{token}");
    }
}

#[test]
fn each_cause_has_words_of_its_own() {
    for (place, one) in Cause::ALL.into_iter().enumerate() {
        let told = one.told();
        let what = said(told.what);
        assert!(
            what.ends_with('.') && said(told.person).ends_with('.'),
            "{one:?}"
        );
        for other in Cause::ALL.into_iter().skip(place + 1) {
            assert_ne!(what, said(other.told().what), "{one:?}, {other:?}");
        }
    }
}

/// In English, as a page has it.
fn said(word: Word) -> String {
    Text::from(word).to_string().replace('\'', "&#39;")
}
