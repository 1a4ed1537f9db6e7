use super::*;
use crate::gate::tests::support::NOW;

const OUT: RefreshError = RefreshError::Unavailable("out");
const CORP: &str = "corp";
const NO: RefreshError = RefreshError::Refused("no");

fn at(seconds: u64) -> UnixTime {
    NOW.plus(seconds)
}

fn id(number: u16) -> SessionId {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    id
}

fn strikes(pauses: &Pauses) -> u32 {
    let strikes = pauses.providers.get(CORP);
    strikes.map_or(0, |strikes| strikes.number)
}

/// Seconds until this session may ask again.
fn wait(pauses: &mut Pauses, session: u16, from: u64) -> u64 {
    (0..1000)
        .find(|wait| {
            pauses
                .may_ask(CORP, &id(session), 0, at(from + wait))
                .is_ok()
        })
        .unwrap()
}

#[test]
fn a_session_waits_longer_from_failure_to_failure_but_never_long() {
    let mut pauses = Pauses::default();
    let mut waits = Vec::new();
    let mut now = 0;
    for _ in 0..4 {
        assert_eq!(pauses.may_ask(CORP, &id(1), 0, at(now)), Ok(()));
        pauses.failed(CORP, &id(1), 0, OUT, at(now));
        assert_eq!(pauses.may_ask(CORP, &id(1), 0, at(now)), Err(OUT));
        let wait = wait(&mut pauses, 1, now);
        waits.push(wait);
        now += wait;
    }
    assert_eq!(waits, [1, 2, 4, 5]);
    pauses.succeeded(CORP, &id(1), 1, false, at(now));
    pauses.failed(CORP, &id(1), 1, OUT, at(now));
    assert_eq!(wait(&mut pauses, 1, now), 1, "a success starts it anew");
    for _ in 0..100 {
        pauses.failed(CORP, &id(1), 1, OUT, at(now));
    }
    assert_eq!(wait(&mut pauses, 1, now), 5);
}

#[test]
fn others_may_ask_while_one_waits() {
    let mut pauses = Pauses::default();
    pauses.failed(CORP, &id(1), 0, OUT, NOW);
    assert_eq!(pauses.may_ask(CORP, &id(2), 0, NOW), Ok(()));
}

#[test]
fn a_no_holds_for_its_refresh_token_and_not_for_a_newer_one() {
    let mut pauses = Pauses::default();
    pauses.failed(CORP, &id(1), 3, NO, NOW);
    assert_eq!(pauses.may_ask(CORP, &id(1), 3, at(59)), Err(NO));
    assert_eq!(pauses.may_ask(CORP, &id(1), 2, at(59)), Err(NO));
    assert_eq!(pauses.may_ask(CORP, &id(1), 4, NOW), Ok(()));
    assert_eq!(pauses.may_ask(CORP, &id(1), 3, at(60)), Ok(()));
    assert_eq!(strikes(&pauses), 0, "the provider has answered");
}

#[test]
fn a_late_failure_of_an_older_refresh_token_takes_no_pause_from_a_newer_one() {
    let mut pauses = Pauses::default();
    pauses.failed(CORP, &id(1), 4, NO, NOW);
    pauses.failed(CORP, &id(1), 3, OUT, NOW);
    assert_eq!(pauses.may_ask(CORP, &id(1), 4, at(59)), Err(NO));
    assert_eq!(strikes(&pauses), 1, "that the provider is out counts");
    pauses.succeeded(CORP, &id(1), 5, true, at(60));
    pauses.failed(CORP, &id(1), 4, OUT, at(60));
    assert!(pauses.may_ask(CORP, &id(1), 5, at(69)).is_err());
}

#[test]
fn while_the_provider_is_out_sessions_ask_one_at_a_time() {
    let mut pauses = Pauses::default();
    for number in 0..5 {
        assert_eq!(
            pauses.may_ask(CORP, &id(number), 0, NOW),
            Ok(()),
            "{number}"
        );
        pauses.failed(CORP, &id(number), 0, OUT, NOW);
    }
    let mut asked = 0;
    for second in 0..10 {
        for number in 100..200 {
            let asks = pauses.may_ask(CORP, &id(second * 100 + number), 0, at(second.into()));
            asked += u32::from(asks.is_ok());
        }
    }
    assert_eq!(asked, 10, "one a second of a thousand");
    // It is back.
    pauses.succeeded(CORP, &id(100), 1, false, at(10));
    assert!((200..300).all(|number| pauses.may_ask(CORP, &id(number), 0, at(10)).is_ok()));
}

#[test]
fn a_provider_that_is_out_keeps_up_no_session_of_another() {
    let mut pauses = Pauses::default();
    for number in 0..20 {
        pauses.failed(CORP, &id(number), 0, OUT, NOW);
    }
    assert_eq!(pauses.may_ask(CORP, &id(100), 0, NOW), Ok(()), "the probe");
    assert!(pauses.may_ask(CORP, &id(101), 0, NOW).is_err());
    for number in 200..220 {
        let asks = pauses.may_ask("partner", &id(number), 0, NOW);
        assert_eq!(asks, Ok(()), "{number}");
    }
    // Nor does one that answers end the wait for another.
    pauses.succeeded("partner", &id(200), 1, false, NOW);
    pauses.failed("partner", &id(201), 0, NO, NOW);
    assert!(pauses.may_ask(CORP, &id(101), 0, NOW).is_err());
}

#[test]
fn tokens_that_are_due_again_at_once_are_not_asked_for_again_at_once() {
    let mut pauses = Pauses::default();
    pauses.succeeded(CORP, &id(1), 1, true, NOW);
    assert!(pauses.may_ask(CORP, &id(1), 1, at(9)).is_err());
    assert_eq!(pauses.may_ask(CORP, &id(1), 1, at(10)), Ok(()));
}

#[test]
fn the_waits_are_bounded() {
    let mut pauses = Pauses::default();
    for number in 0..=u16::MAX {
        pauses.failed(CORP, &id(number), 0, NO, NOW);
    }
    assert_eq!(pauses.sessions.len(), SESSIONS_MAX);
    pauses.failed(CORP, &id(u16::MAX), 0, NO, at(61));
    assert_eq!(pauses.sessions.len(), 1, "what is over goes");
}
