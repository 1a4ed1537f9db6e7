//! The last activity is never taken back, and room is made by forgetting the oldest.

use super::*;
use crate::gate::tests::support::NOW;

fn id(number: usize) -> SessionId {
    // The first byte chooses the shard: all of them share one.
    let mut id = [0; 16];
    id[8..].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
    id
}

#[test]
fn a_later_activity_stays_whatever_comes_after_it() {
    let activity = Activity::default();
    assert_eq!(activity.last(&id(1)), None);
    assert_eq!(activity.note(&id(1), NOW.plus(300)), NOW.plus(300));
    assert_eq!(activity.note(&id(1), NOW), NOW.plus(300));
    assert_eq!(activity.note(&id(1), NOW.plus(301)), NOW.plus(301));
    assert_eq!(activity.last(&id(1)), Some(NOW.plus(301)));
    assert_eq!(activity.last(&id(2)), None, "another session");
}

#[test]
fn there_is_room_for_so_many_and_the_oldest_are_forgotten() {
    let activity = Activity::default();
    activity.note(&id(0), NOW.plus(1));
    for number in 1..HALF_MAX {
        activity.note(&id(number), NOW);
    }
    // In the older half by now, and taken over into the younger one.
    activity.note(&id(HALF_MAX), NOW);
    assert_eq!(activity.note(&id(0), NOW), NOW.plus(1));
    for number in 0..10 * HALF_MAX {
        activity.note(&id(HALF_MAX + number), NOW);
    }
    assert_eq!(activity.last(&id(1)), None);
    let kept = (0..11 * HALF_MAX).filter(|number| activity.last(&id(*number)).is_some());
    assert!(kept.count() <= 2 * HALF_MAX);
}
