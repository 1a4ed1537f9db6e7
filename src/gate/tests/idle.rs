//! The idle timeout: what keeps a session alive, and how it is written down.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::session_life::{opened, page, signed_in_with, user, why};
use super::support::{Desk, EXP, Jar, NOW, Req, config, route};
use crate::gate::route::{Access, Manner, Route};

/// `session.idle_timeout = "1h"`, and a token that outlives it.
fn idle() -> (Desk, Jar) {
    idle_after(3600)
}

fn idle_after(seconds: u64) -> (Desk, Jar) {
    let mut config = config();
    config.session.idle_timeout = Some(Duration::from_secs(seconds));
    config.routes = vec![
        route(&["/public"], Access::Public),
        route(&["/maybe"], Access::Optional),
        Route {
            manner: Manner {
                is_activity: false,
                ..Manner::default()
            },
            ..route(&["/poll"], Access::SignedIn)
        },
    ];
    signed_in_with(&config, &json!({ "exp": EXP + 1_000_000 }))
}

#[test]
fn an_idle_session_ends_and_a_used_one_goes_on() {
    let (mut desk, jar) = idle();
    desk.now = NOW.plus(3600 - 1);
    assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
    desk.now = NOW.plus(3600);
    assert_eq!(why(&mut desk, &jar), "session_idle");
    // Used every half hour, it lasts until its lifetime ends.
    let (mut desk, mut jar) = idle();
    for half_hours in 1..16 {
        desk.now = NOW.plus(half_hours * 1800);
        let cookies = desk.forward(&page().cookies(&jar)).set_cookies;
        assert_eq!(cookies.len(), 1, "{half_hours}");
        jar.take_in(cookies.iter().map(String::as_str));
    }
    desk.now = NOW.plus(8 * 3600);
    assert_eq!(why(&mut desk, &jar), "session_lifetime");
}

#[test]
fn activity_is_written_down_once_in_a_step_and_may_end_a_step_early_never_late() {
    let (mut desk, mut jar) = idle();
    for (later, writes) in [(1, false), (299, false), (300, true)] {
        desk.now = NOW.plus(later);
        let cookies = desk.forward(&page().cookies(&jar)).set_cookies;
        assert_eq!(!cookies.is_empty(), writes, "{later}");
        jar.take_in(cookies.iter().map(String::as_str));
    }
    // The last one was 299 seconds after what is written down.
    desk.now = NOW.plus(300 + 299);
    assert!(desk.forward(&page().cookies(&jar)).set_cookies.is_empty());
    desk.now = NOW.plus(300 + 3600);
    assert_eq!(why(&mut desk, &jar), "session_idle");
    // What is written down is the session's own: nothing else of it changes.
    let session = opened(&desk, &jar);
    assert_eq!(session.seen(), NOW.plus(300));
    assert_eq!((session.signed_in(), session.generation()), (NOW, 0));
}

#[test]
fn a_timeout_of_seconds_spares_who_asks_every_second_and_nobody_outlives_it() {
    for timeout in [2, 3, 5, 7, 20] {
        let (mut desk, mut jar) = idle_after(timeout);
        let mut written = 0;
        for second in 1..=60 {
            desk.now = NOW.plus(second);
            let cookies = desk.forward(&page().cookies(&jar)).set_cookies;
            written = if cookies.is_empty() { written } else { second };
            jar.take_in(cookies.iter().map(String::as_str));
            // As much early as a step, which is a sixth.
            assert!(second - written < 1.max(timeout / 6), "{timeout} {second}");
        }
        desk.now = NOW.plus(written + timeout - 1);
        assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
        desk.now = NOW.plus(written + timeout);
        assert_eq!(why(&mut desk, &jar), "session_idle", "{timeout}");
    }
    // Within a second of it.
    let (mut desk, jar) = idle_after(1);
    assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
    desk.now = NOW.plus(1);
    assert_eq!(why(&mut desk, &jar), "session_idle");
}

#[test]
fn what_is_no_activity_keeps_no_session_alive() {
    let (mut desk, jar) = idle();
    desk.now = NOW.plus(1800);
    for path in ["/public", "/poll"] {
        let forward = desk.forward(&Req::get(path).cookies(&jar));
        assert!(forward.set_cookies.is_empty(), "{path}");
    }
    for path in ["/_vestibule/session", "/_vestibule/whoami"] {
        let reply = desk.reply(&Req::get(path).cookies(&jar));
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        assert!(!reply.headers.iter().any(|(name, _)| name == "set-cookie"));
    }
    let forward = desk.forward(&Req::get("/maybe").cookies(&jar));
    assert_eq!(forward.set_cookies.len(), 1, "an identity was used");
}

#[test]
fn without_a_timeout_nothing_is_written_down() {
    let (mut desk, jar) = signed_in_with(&config(), &json!({ "exp": EXP + 1_000_000 }));
    desk.now = NOW.plus(7 * 3600);
    assert!(desk.forward(&page().cookies(&jar)).set_cookies.is_empty());
}
