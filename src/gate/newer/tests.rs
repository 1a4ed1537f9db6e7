use zeroize::Zeroizing;

use super::*;
use crate::gate::identity::KeptClaims;
use crate::gate::session::SessionTokens;
use crate::gate::tests::support::{NOW, identity_now};

const END: UnixTime = UnixTime::from_secs(NOW.secs() + 8 * 3600);

fn at(seconds: u64) -> UnixTime {
    NOW.plus(seconds)
}

fn id(number: u8) -> SessionId {
    // The first byte chooses the shard: all of them share one.
    let mut id = [0; 16];
    id[15] = number;
    id
}

fn session(id: SessionId, generation: u32) -> Arc<Session> {
    session_of(id, generation, 100)
}

fn session_of(id: SessionId, generation: u32, bytes: usize) -> Arc<Session> {
    let tokens = || SessionTokens {
        id_token: Zeroizing::new("x".repeat(bytes)),
        refresh_token: Some(Zeroizing::new("r".to_owned())),
        access_token: None,
        kept: KeptClaims::default(),
    };
    let proof = identity_now();
    let first = Session::establish(&proof, "corp", tokens(), id, NOW);
    Arc::new(first.refreshed(&proof, tokens(), generation, NOW))
}

/// A request brings a cookie of that generation.
fn look(newer: &Newer, id: &SessionId, generation: u32, end: UnixTime, now: UnixTime) -> Newness {
    newer.look(&session(*id, generation), end, now)
}

fn is_current(newness: &Newness) -> bool {
    matches!(newness, Newness::Current)
}

fn generation_of(newness: &Newness) -> Option<(u32, bool)> {
    match newness {
        Newness::Newer { session, unseen } => Some((session.generation(), *unseen)),
        Newness::Current | Newness::Behind => None,
    }
}

#[test]
fn what_nobody_has_refreshed_is_current_and_costs_nothing() {
    let newer = Newer::default();
    for number in 0..100 {
        assert!(is_current(&look(&newer, &id(number), 0, END, NOW)));
    }
    assert!(newer.is_empty(), "{newer:?}");
}

#[test]
fn every_look_at_the_older_cookie_finds_the_newer_session_until_its_cookie_is_seen() {
    let newer = Newer::default();
    newer.keep(session(id(1), 1), END, NOW);
    for seconds in [0, 1, 60, 3600] {
        let found = look(&newer, &id(1), 0, END, at(seconds));
        assert_eq!(generation_of(&found), Some((1, true)), "{seconds}");
    }
    assert!(
        is_current(&look(&newer, &id(2), 0, END, NOW)),
        "another session"
    );
    // The browser brings the new one.
    assert!(is_current(&look(&newer, &id(1), 1, END, at(3600))));
    // Requests that were under way are served by it, and carry it no more.
    let straggler = look(&newer, &id(1), 0, END, at(3659));
    assert_eq!(generation_of(&straggler), Some((1, false)));
    let late = look(&newer, &id(1), 0, END, at(3660));
    assert!(matches!(late, Newness::Behind), "{late:?}");
    assert!(newer.newer_than(&id(1), 0).is_none(), "its tokens are gone");
    assert_eq!(newer.next_generation(&id(1), 0), 2, "its generation is not");
}

#[test]
fn a_generation_that_was_seen_is_never_forgotten_for_a_lower_one() {
    let newer = Newer::default();
    // Another instance has refreshed it.
    assert!(is_current(&look(&newer, &id(1), 3, END, NOW)));
    for generation in [0, 1, 2] {
        let straggler = look(&newer, &id(1), generation, END, at(59));
        assert_eq!(generation_of(&straggler), Some((3, false)), "{generation}");
        let late = look(&newer, &id(1), generation, END, at(60));
        assert!(matches!(late, Newness::Behind), "{generation}: {late:?}");
        newer.forget(&id(1));
        assert!(is_current(&look(&newer, &id(1), 3, END, NOW)));
    }
    assert!(is_current(&look(&newer, &id(1), 4, END, NOW)));
    let late = look(&newer, &id(1), 3, END, at(60));
    assert!(matches!(late, Newness::Behind), "{late:?}");
    assert_eq!(newer.next_generation(&id(1), 2), 5);
    assert_eq!(newer.next_generation(&id(1), 7), 8);
    // What comes late from a refresh of long ago does not take it back.
    newer.keep(session(id(1), 2), END, NOW);
    let late = look(&newer, &id(1), 2, END, at(60));
    assert!(matches!(late, Newness::Behind), "{late:?}");
}

#[test]
fn a_cookie_that_is_newer_than_what_was_refreshed_here_takes_its_place() {
    let newer = Newer::default();
    newer.keep(session(id(1), 1), END, NOW);
    assert!(is_current(&look(&newer, &id(1), 2, END, NOW)));
    for generation in [0, 1] {
        let found = look(&newer, &id(1), generation, END, NOW);
        assert_eq!(generation_of(&found), Some((2, false)), "{generation}");
    }
}

#[test]
fn what_is_kept_for_stragglers_makes_room_first_and_leaves_its_generation() {
    let one = ENTRY + session_of(id(0), 1, 1000).size();
    let newer = Newer::of_bytes(SHARDS * (3 * one + one / 2));
    newer.keep(session_of(id(1), 1, 1000), END, NOW);
    for number in 2..6 {
        let seen = session_of(id(number), 1, 1000);
        assert!(is_current(&newer.look(&seen, END, NOW)));
    }
    assert_eq!((newer.len(), newer.evictions()), (5, 0));
    let unseen = look(&newer, &id(1), 0, END, NOW);
    assert_eq!(generation_of(&unseen), Some((1, true)), "still to be told");
    let kept = |number: u8| generation_of(&look(&newer, &id(number), 0, END, NOW)).is_some();
    assert_eq!([2, 3, 4, 5].map(kept), [false, false, true, true]);
    assert!(matches!(look(&newer, &id(2), 0, END, NOW), Newness::Behind));
}

#[test]
fn what_is_kept_for_stragglers_goes_after_a_minute() {
    let newer = Newer::default();
    for number in 0..20 {
        look(&newer, &id(number), 1, END, NOW);
    }
    let bytes = |newer: &Newer| newer.read(&id(0)).unwrap().bytes;
    assert!(bytes(&newer) > 20 * ENTRY);
    for number in 20..30 {
        look(&newer, &id(number), 1, END, at(60));
    }
    let kept = 10 * (ENTRY + session(id(0), 1).size());
    assert_eq!(bytes(&newer), 20 * ENTRY + kept);
    assert_eq!(newer.len(), 30);
}

#[test]
fn the_next_generation_at_the_end_of_all_numbers_stops() {
    let newer = Newer::default();
    assert_eq!(newer.next_generation(&id(1), u32::MAX), u32::MAX);
}

#[test]
fn only_what_is_newer_is_given_to_those_who_ask_for_newer() {
    let newer = Newer::default();
    newer.keep(session(id(1), 2), END, NOW);
    for (generation, found) in [(0, true), (1, true), (2, false), (3, false)] {
        assert_eq!(newer.newer_than(&id(1), generation).is_some(), found);
    }
}

#[test]
fn the_oldest_go_when_there_is_no_room_and_are_counted() {
    // Room for three of them in a shard.
    let one = ENTRY + session_of(id(0), 1, 1000).size();
    let newer = Newer::of_bytes(SHARDS * (3 * one + one / 2));
    for number in 0..5 {
        newer.keep(session_of(id(number), 1, 1000), END, NOW);
    }
    assert_eq!((newer.len(), newer.evictions()), (3, 2));
    for number in 0..5 {
        let found = generation_of(&look(&newer, &id(number), 0, END, NOW));
        assert_eq!(found.is_some(), number >= 2, "{number}");
    }
    // One that is larger than all there is does not stay either.
    newer.keep(session_of(id(9), 1, 100_000), END, NOW);
    assert!(newer.newer_than(&id(9), 0).is_none());
    assert_eq!(newer.len(), 0);
}

#[test]
fn what_is_over_makes_room_without_being_counted() {
    let newer = Newer::default();
    for number in 0..50 {
        newer.keep(session(id(number), 1), at(10), NOW);
    }
    assert_eq!(newer.len(), 50);
    for number in 50..100 {
        newer.keep(session(id(number), 1), END, at(10));
    }
    assert_eq!((newer.len(), newer.evictions()), (50, 0));
}

#[test]
fn a_session_that_was_refreshed_twice_is_remembered_once() {
    let newer = Newer::default();
    for generation in 1..100 {
        newer.keep(session(id(1), generation), END, NOW);
    }
    assert_eq!(newer.len(), 1);
    assert_eq!(
        generation_of(&look(&newer, &id(1), 0, END, NOW)),
        Some((99, true))
    );
    newer.forget(&id(1));
    assert!(newer.is_empty() && is_current(&look(&newer, &id(1), 0, END, NOW)));
    newer.forget(&id(1));
}

#[test]
fn an_answer_learns_nothing() {
    let newer = Newer::default();
    assert!(newer.unseen_after(&id(1), 0).is_none());
    newer.keep(session(id(1), 1), END, NOW);
    for _ in 0..2 {
        assert!(newer.unseen_after(&id(1), 1).is_none());
        assert!(newer.unseen_after(&id(1), 0).is_some());
    }
    look(&newer, &id(1), 1, END, NOW);
    assert!(newer.unseen_after(&id(1), 0).is_none());
}

#[test]
fn debug_shows_no_session() {
    let newer = Newer::default();
    newer.keep(session(id(1), 1), END, NOW);
    let shown = format!("{newer:?} {:?}", look(&newer, &id(1), 0, END, NOW));
    assert!(!shown.contains("xxxx"), "{shown}");
}
