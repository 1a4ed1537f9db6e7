//! Cookies that no browser of ours ever sent: whatever they are, nobody gets in
//! by them, and nothing falls over. The dice fall alike on every run.

use serde_json::json;

use super::session_life::{seal, signed_in_with};
use super::support::{COOKIE, Desk, Dice, Jar, LOGIN_COOKIE, NOW, Req, changed, config, id_claims};
use super::vectors;
use crate::gate::Decision;
use crate::gate::cookie::VALUE_MAX;

/// Two people with chunked sessions at one desk, both remembered as verified.
fn two_people() -> (Desk, Vec<String>, Vec<String>) {
    let groups: Vec<String> = (0..100).map(|n| format!("{n:042}")).collect();
    let claims = json!({ "cognito:groups": groups });
    let (mut desk, one) = signed_in_with(&config(), &claims);
    let mut two = Jar::default();
    let other = json!({ "sub": "other", "email": "other@example.org" });
    desk.sign_in_as(
        "/",
        &changed(changed(id_claims(), &claims), &other),
        &mut two,
    );
    let [one, two] = [one, two].map(|jar| {
        let chunks = jar.0.into_iter().filter(|(name, _)| *name != LOGIN_COOKIE);
        chunks.map(|(_, value)| value).collect::<Vec<_>>()
    });
    assert_eq!((one.len(), two.len()), (2, 2));
    assert_eq!(who(&mut desk, &cookies(&one)).as_deref(), Some(KIRSTEN));
    assert_eq!(
        who(&mut desk, &cookies(&two)).as_deref(),
        Some("other@example.org")
    );
    (desk, one, two)
}

const KIRSTEN: &str = "kirsten.holm@example.org";

fn chunk(number: impl std::fmt::Display, value: &str) -> String {
    format!("{COOKIE}.{number}={value}")
}

fn cookies(chunks: &[String]) -> Vec<u8> {
    let pairs: Vec<String> = chunks
        .iter()
        .zip(1..)
        .map(|(value, n)| chunk(n, value))
        .collect();
    pairs.join("; ").into_bytes()
}

/// As whom a request with this Cookie header reaches the app.
fn who(desk: &mut Desk, header: &[u8]) -> Option<String> {
    match desk.decide(&Req::get("/data").with_bytes("cookie", header)) {
        Decision::Forward(forward) => forward.permit.who().map(|person| person.user.clone()),
        Decision::Reply(reply) => {
            assert_eq!(reply.status, 401, "{reply:?}");
            None
        }
        Decision::Perform(effect) => panic!("{effect:?}"),
    }
}

#[test]
fn no_mutation_of_a_good_session_is_one() {
    let (mut desk, one, two) = two_people();
    let good = cookies(&one);
    let values: Vec<usize> = good
        .iter()
        .enumerate()
        .filter(|(at, _)| *at > 40)
        .map(|(at, _)| at)
        .collect();
    let mut dice = Dice::new(11);
    for _ in 0..3_000 {
        let mut changed = good.clone();
        match dice.below(5) {
            0 => changed[*dice.pick(&values)] ^= 1 << dice.below(8),
            1 => changed.truncate(*dice.pick(&values)),
            2 => drop(changed.remove(*dice.pick(&values))),
            3 => changed.insert(*dice.pick(&values), *dice.pick(b"AZaz09-_ ;=.,\x80\xff")),
            _ => {
                let (a, b) = (*dice.pick(&values), *dice.pick(&values));
                changed.swap(a, b);
            }
        }
        // Controls are no header values, and swapping like for like changes nothing.
        let is_header = http::HeaderValue::from_bytes(&changed).is_ok();
        if !is_header || changed == good || only_space_differs(&changed, &good) {
            continue;
        }
        assert_eq!(
            who(&mut desk, &changed),
            None,
            "{}",
            String::from_utf8_lossy(&changed)
        );
    }
    // Parts of two sessions, and parts in another order.
    for header in [
        cookies(&[one[0].clone(), two[1].clone()]),
        cookies(&[two[0].clone(), one[1].clone()]),
        cookies(&[one[1].clone(), one[0].clone()]),
        cookies(&one[..1]),
        cookies(&[one[0].clone(), one[1].clone(), two[1].clone()]),
        cookies(&[one[0].clone(), one[0].clone()]),
        format!("{COOKIE}={}", one.concat()).into_bytes(),
        format!("{COOKIE}={}; {}", one[0], chunk(2, &one[1])).into_bytes(),
    ] {
        assert_eq!(who(&mut desk, &header), None);
    }
    assert_eq!(who(&mut desk, &good).as_deref(), Some(KIRSTEN));
}

/// White space around a value belongs to the header, not to the value, and a
/// cookie that follows the session is somebody else's.
fn only_space_differs(changed: &[u8], good: &[u8]) -> bool {
    let pairs = |header: &[u8]| -> Vec<Vec<u8>> {
        let pairs = header
            .split(|b| *b == b';')
            .map(|pair| pair.trim_ascii().to_vec());
        pairs.filter(|pair| !pair.is_empty()).collect()
    };
    let all = pairs(changed);
    pairs(good).iter().all(|pair| all.contains(pair))
}

#[test]
fn strange_neighbours_neither_help_nor_harm() {
    let (mut desk, one, two) = two_people();
    let (good, junk) = (String::from_utf8(cookies(&one)).unwrap(), "x".repeat(40));
    let long = "l".repeat(VALUE_MAX + 1);
    let many = |value: &str| -> String {
        let all: Vec<String> = (1..5_000).map(|n| chunk(n, value)).collect();
        all.join("; ")
    };
    for (header, expected) in [
        // The first of a name counts, as in every browser's order.
        (format!("{good}; {good}"), Some(KIRSTEN)),
        (format!("{good}; {}", chunk(1, &junk)), Some(KIRSTEN)),
        (format!("{}; {good}", chunk(1, &junk)), None),
        (format!("{}; {good}", chunk(2, &two[1])), None),
        // Names that are no chunk's, and beyond all chunks.
        (
            format!("{}; {good}; {}", chunk(0, &junk), chunk(999, &junk)),
            Some(KIRSTEN),
        ),
        (
            format!("{}; {}; {good}", chunk("01", &junk), chunk("", &junk)),
            Some(KIRSTEN),
        ),
        (format!("{good}; {}", chunk(6, &junk)), Some(KIRSTEN)),
        (format!("{good}; {}", chunk(3, &junk)), None),
        // Whole and in chunks: each is looked at.
        (format!("{COOKIE}={junk}; {good}"), Some(KIRSTEN)),
        (format!("{good}; {COOKIE}="), Some(KIRSTEN)),
        (
            format!("{COOKIE}={junk}; {COOKIE}={long}; {good}"),
            Some(KIRSTEN),
        ),
        (format!("{COOKIE}={junk}; {}", chunk(1, &one[0])), None),
        (chunk(0, &one[0]), None),
        (chunk(999, &one[0]), None),
        // More than anybody looks at.
        (many(&junk), None),
        (format!("{good}; {}", many("y")), None),
        (vec![format!("{COOKIE}={junk}"); 5_000].join("; "), None),
        (";".repeat(60_000), None),
        ("=".repeat(60_000), None),
        (format!("{COOKIE}.").repeat(4_000), None),
    ] {
        let start = header.get(..80).unwrap_or(&header).to_owned();
        assert_eq!(
            who(&mut desk, header.as_bytes()).as_deref(),
            expected,
            "{start}"
        );
    }
}

#[test]
fn a_soup_of_pieces_is_nobody_and_never_a_panic() {
    let (mut desk, one, two) = two_people();
    let mut dice = Dice::new(12);
    // All but a first chunk: without one there is no session in any order.
    let values = [
        one[1].clone(),
        two[1].clone(),
        one[0][..one[0].len() - 4].to_owned(),
        two[0][4..].to_owned(),
        String::new(),
        "AQ".to_owned(),
        "%00".to_owned(),
        "\"quoted\"".to_owned(),
        "=".repeat(9),
    ];
    let names = [
        "", ".1", ".2", ".3", ".5", ".0", ".999", ".1000", ".x", "-login", "-back",
    ];
    for _ in 0..3_000 {
        let mut header = Vec::new();
        for _ in 0..dice.below(12) {
            match dice.below(4) {
                0 => {
                    let mut noise = vec![0; dice.below(30)];
                    dice.fill(&mut noise).unwrap();
                    // What a header value may hold, and the parser then has to.
                    let legal = |b: &u8| *b == b'\t' || (*b >= 0x20 && *b != 0x7f);
                    header.extend(noise.into_iter().filter(legal));
                }
                _ => {
                    header.extend(COOKIE.bytes());
                    header.extend(dice.pick(&names).bytes());
                    header.push(*dice.pick(b"== ;"));
                    header.extend(dice.pick(&values).bytes());
                }
            }
            header.extend(*dice.pick(&[&b"; "[..], b";", b" ; ", b""]));
        }
        assert_eq!(
            who(&mut desk, &header),
            None,
            "{}",
            String::from_utf8_lossy(&header)
        );
        // What reaches the app holds none of ours.
        let rest = desk
            .gate
            .strip_cookies(&header)
            .of(&header)
            .unwrap_or_default();
        let ours = |pair: &[u8]| {
            let name = pair.split(|b| *b == b'=').next().unwrap_or_default();
            [COOKIE.to_owned(), chunk(1, ""), chunk(999, "")]
                .iter()
                .any(|ours| name.trim_ascii() == ours.trim_end_matches('=').as_bytes())
        };
        assert!(
            !rest.split(|b| *b == b';').any(ours),
            "{}",
            String::from_utf8_lossy(&rest)
        );
    }
}

#[test]
fn whatever_was_sealed_in_any_format_is_read_or_refused() {
    let (mut desk, _) = signed_in_with(&config(), &json!({}));
    let mut ask = |plain: &[u8]| {
        let jar = seal(&mut desk, plain);
        let reply = desk.reply(&Req::get("/data").cookies(&jar));
        assert_eq!(reply.status, 401);
        reply.note.reason.unwrap()
    };
    for (format, file) in [
        (
            "session-v1",
            include_str!("../../../tests/vectors/session-v1.toml"),
        ),
        (
            "session-v2",
            include_str!("../../../tests/vectors/session-v2.toml"),
        ),
        (
            "session-v3",
            include_str!("../../../tests/vectors/session-v3.toml"),
        ),
    ] {
        let outcomes = [("same", true), ("reads", true), ("refused", false)];
        let outcomes: Vec<_> = outcomes
            .into_iter()
            .filter(|(word, _)| {
                file.contains(&format!("\"{word}\"")) || file.contains(&format!("'{word}'"))
            })
            .collect();
        let mut sealed = Vec::new();
        let found = std::cell::RefCell::new(&mut sealed);
        vectors::each(file, format, &outcomes, |mut vector, reads| {
            found.borrow_mut().push((vector.hex("bytes"), reads));
        });
        assert!(!sealed.is_empty());
        for (bytes, reads) in sealed {
            // Read, they are of long ago; else their format says nothing here.
            assert_eq!(ask(&bytes) != "cookie_format", reads, "{format}");
        }
    }
    // Under a good seal, as only a bug of ours or a stolen key could put it there.
    let mut dice = Dice::new(13);
    for _ in 0..5_000 {
        let mut noise = vec![0; dice.below(200)];
        dice.fill(&mut noise).unwrap();
        if let Some(first) = noise.first_mut() {
            *first = *dice.pick(&[1, 2, 3, 4, 0xff]);
        }
        ask(&noise);
    }
    assert_eq!(desk.now, NOW);
}
