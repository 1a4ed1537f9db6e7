//! A denied session stays denied as long as it could live, and nobody is let in
//! by forgetting.

use super::*;
use crate::gate::session::tests::session_of;
use crate::gate::tests::support::NOW;

const LIFETIME: u64 = 8 * 3600;

fn id(shard: u8, number: u32) -> SessionId {
    let mut id = [shard; 16];
    id[1..5].copy_from_slice(&number.to_be_bytes());
    id
}

#[test]
fn what_was_ended_is_denied_and_nothing_else() {
    let denied = Denied::default();
    assert!(denied.is_empty());
    let ended = session_of(id(3, 1), NOW);
    assert!(!denied.is_denied(&ended));
    denied.deny(&ended, NOW, LIFETIME);
    denied.deny(&ended, NOW, LIFETIME);
    assert_eq!(denied.len(), 1);
    assert!(denied.is_denied(&ended));
    for other in [id(3, 2), id(4, 1), id(3 + 64, 1)] {
        assert!(!denied.is_denied(&session_of(other, NOW)));
    }
}

#[test]
fn a_denial_is_forgotten_when_the_session_would_have_ended_and_holds_all_the_same() {
    let denied = Denied::default();
    let ended = session_of(id(3, 1), NOW);
    denied.deny(&ended, NOW, LIFETIME);
    let late = NOW.plus(LIFETIME - 1);
    denied.deny(&session_of(id(3, 2), late), late, LIFETIME);
    assert!(denied.is_denied(&ended));
    let over = NOW.plus(LIFETIME);
    denied.deny(&session_of(id(3, 3), over), over, LIFETIME);
    assert_eq!(denied.len(), 3, "two, and that those before are over");
    assert!(denied.is_denied(&ended), "for good");
    let next = session_of(id(3, 4), NOW.plus(1));
    assert!(
        !denied.is_denied(&next),
        "it goes on under a longer lifetime"
    );
}

#[test]
fn a_full_shard_denies_all_that_began_before_instead_of_forgetting() {
    let denied = Denied::default();
    let shard_max = u32::try_from(SHARD_MAX).unwrap();
    for number in 0..=shard_max {
        denied.deny(&session_of(id(3, number), NOW), NOW, LIFETIME);
    }
    for number in 0..=shard_max + 5 {
        assert!(
            denied.is_denied(&session_of(id(3, number), NOW)),
            "{number}"
        );
    }
    assert!(
        !denied.is_denied(&session_of(id(3, 1), NOW.plus(1))),
        "a new sign-in"
    );
    assert!(
        !denied.is_denied(&session_of(id(4, 1), NOW)),
        "another shard"
    );
    assert_eq!(denied.len(), 2);
    let over = NOW.plus(LIFETIME + 1);
    denied.deny(&session_of(id(3, 9), over), over, LIFETIME);
    assert_eq!(denied.len(), 2, "one, and those before");
    assert!(denied.is_denied(&session_of(id(3, 1), NOW)), "for good");
}
