//! The provider's clock, by the Date of its answers (RFC 9110 6.6.1).

use http::HeaderMap;

use super::Verdict;
use crate::edge::skew::ahead_by;
use crate::gate::time::{LEEWAY, UnixTime};

/// Seconds that a round trip and the cut-off fractions may make.
const NOISE: u64 = 3;

/// How far it is from ours; nothing if it does not say, or the answer comes out of a cache.
pub(super) fn compare(headers: &HeaderMap, now: UnixTime) -> Option<(Verdict, String)> {
    let ahead = ahead_by(headers, now)?;
    let off = ahead.unsigned_abs();
    let which = if ahead < 0 { "behind" } else { "ahead of" };
    let verdict = match off {
        0..=NOISE => return Some((Verdict::Good, "as the provider's".to_owned())),
        _ if off > LEEWAY => Verdict::Failing,
        _ => Verdict::Warning,
    };
    Some((
        verdict,
        format!("this machine's is {off} s {which} the provider's"),
    ))
}

#[cfg(test)]
mod tests {
    use http::header::{AGE, DATE};

    use super::*;

    #[test]
    fn the_date_of_an_answer_is_held_against_our_clock() {
        // 784111777 is the time of RFC 9110's example.
        for (date, now, expected) in [
            (
                "Sun, 06 Nov 1994 08:49:37 GMT",
                784_111_777,
                Some((Verdict::Good, "as")),
            ),
            (
                "Sun, 06 Nov 1994 08:49:37 GMT",
                784_111_780,
                Some((Verdict::Good, "as")),
            ),
            (
                "Sun, 06 Nov 1994 08:49:37 GMT",
                784_111_807,
                Some((Verdict::Warning, "30 s ahead of")),
            ),
            (
                "Sun, 06 Nov 1994 08:49:37 GMT",
                784_111_477,
                Some((Verdict::Failing, "300 s behind")),
            ),
            (
                "Sun, 06 Nov 1994 08:49:37 GMT",
                784_111_837,
                Some((Verdict::Warning, "60 s")),
            ),
            (
                "Sun, 06 Nov 1994 08:49:37 GMT",
                784_111_838,
                Some((Verdict::Failing, "61 s")),
            ),
            ("yesterday", 784_111_777, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, date.parse().unwrap());
            let found = compare(&headers, UnixTime::from_secs(now));
            match (&found, expected) {
                (Some((verdict, words)), Some((wanted, part))) => {
                    assert!(
                        *verdict == wanted && words.contains(part),
                        "{now}: {found:?}"
                    );
                }
                (found, expected) => assert_eq!(found.is_some(), expected.is_some(), "{date}"),
            }
        }
        assert!(compare(&HeaderMap::new(), UnixTime::from_secs(1)).is_none());
        let mut cached = HeaderMap::new();
        cached.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        cached.insert(AGE, "600".parse().unwrap());
        assert!(compare(&cached, UnixTime::from_secs(784_111_777)).is_none());
    }
}
