//! Times are tokio's own here, so that hours take no time.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_provider_says_when_within_bounds() {
    for (max_age, seconds) in [
        (None, 900),
        (Some(0), 300),
        (Some(60), 300),
        (Some(300), 300),
        (Some(1_800), 1_800),
        (Some(3_600), 3_600),
        (Some(86_400), 3_600),
        (Some(u64::MAX), 3_600),
    ] {
        let wait = Schedule::default().after_success(max_age.map(Duration::from_secs));
        assert_eq!(wait, SECOND * seconds, "{max_age:?}");
    }
}

#[test]
fn failures_are_tried_again_ever_more_seldom() {
    let mut schedule = Schedule::default();
    let waits: Vec<u128> = (0..8)
        .map(|_| schedule.after_failure().as_millis())
        .collect();
    assert_eq!(
        waits,
        [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]
    );
    schedule.after_success(None);
    let waits: Vec<u64> = (0..7).map(|_| schedule.after_failure().as_secs()).collect();
    assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300]);
    schedule.after_success(None);
    assert_eq!(schedule.after_failure(), SECOND * 10, "forgotten by then");
    for _ in 0..100 {
        assert!(schedule.after_failure() <= LAST_RETRY);
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_waits_for_a_fetch_that_began_afterwards() {
    let turns = Turns::new();
    let mut questions = turns.questions();
    // This one may have been answered before the key was published.
    turns.begin(&mut questions);
    let mut asked = turns.ask();
    assert!(asked.is_prompt(), "a fetch runs");
    turns.end();
    assert!(asked.answered(SECOND).await, "it may have brought the key");
    assert!(!asked.answered(SECOND).await, "the next is far");
    turns.begin(&mut questions);
    turns.end();
    assert!(asked.answered(SECOND).await);
    assert!(!asked.answered(SECOND).await, "there is no more to come");
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_one_fetch() {
    let turns = Turns::new();
    let mut questions = turns.questions();
    let mut asked: Vec<KeyRequest> = (0..100).map(|_| turns.ask()).collect();
    assert!(questions.has_changed().unwrap());
    turns.begin(&mut questions);
    assert!(!questions.has_changed().unwrap(), "this fetch is theirs");
    turns.end();
    for one in &mut asked {
        assert!(one.answered(SECOND).await);
        assert!(!one.answered(SECOND).await);
    }
}

#[tokio::test(start_paused = true)]
async fn fetches_for_key_ids_keep_their_distance() {
    let turns = Turns::new();
    let mut questions = turns.questions();
    let began = Instant::now();
    assert!(turns.ask().is_prompt(), "nothing was fetched yet");
    turns.begin(&mut questions);
    tokio::time::advance(SECOND * 3).await;
    turns.end();
    assert!(!turns.ask().is_prompt());
    assert_eq!(turns.next(), began + PAUSE, "from beginning to beginning");
    tokio::time::advance(SECOND * 7).await;
    assert!(turns.ask().is_prompt());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_task_that_has_ended() {
    let turns = Turns::new();
    let mut questions = turns.questions();
    turns.begin(&mut questions);
    let mut asked = turns.ask();
    let began = Instant::now();
    let (answered, ()) = tokio::join!(asked.answered(SECOND * 3600), async { turns.close() });
    assert!(!answered, "in the middle of a fetch");
    let mut late = turns.ask();
    assert!(!late.is_prompt() && !late.answered(SECOND * 3600).await);
    assert_eq!(began.elapsed(), Duration::ZERO);
}
