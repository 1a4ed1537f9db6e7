//! Logins in flight and the sealed `state`: bounded, taken once, frozen.

use super::*;
use crate::gate::cookie::Cookies;
use crate::gate::return_to::TARGET_MAX;
use crate::gate::seal::{Context, KeyRing, Purpose};
use crate::gate::tests::support::{Dice, NOW, ORIGIN, origin, secret_key};
use crate::gate::tests::vectors::{self, hex};

fn target(text: &str) -> ReturnTo {
    ReturnTo::parse(text, &origin()).unwrap()
}

fn begin(dice: &mut Dice, to: &str, now: UnixTime) -> PendingLogin {
    PendingLogin::begin("corp", target(to), 1, now, &mut |bytes| dice.fill(bytes)).unwrap()
}

fn path_of(length: usize) -> String {
    format!("/{}", "p".repeat(length - 1))
}

#[test]
fn a_login_is_made_of_fresh_randomness() {
    let mut dice = Dice::new(1);
    let (a, b) = (begin(&mut dice, "/", NOW), begin(&mut dice, "/", NOW));
    assert_eq!((a.nonce().len(), a.code_verifier().len()), (22, 43));
    assert_ne!(a.flow, b.flow);
    assert_ne!(a.nonce(), b.nonce());
    assert_ne!(a.code_verifier(), b.code_verifier());
    // RFC 7636 4.1: unreserved characters.
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    assert!(a.code_verifier().bytes().all(legal));
    let none = PendingLogin::begin("corp", target("/"), 1, NOW, &mut |_| Err(RandomError));
    assert!(none.is_err());
}

#[test]
fn a_login_is_taken_once_and_by_its_own_state() {
    let mut dice = Dice::new(2);
    let (a, b) = (begin(&mut dice, "/a", NOW), begin(&mut dice, "/b", NOW));
    let mut logins = Logins::default();
    logins.add(a.clone(), NOW);
    logins.add(b.clone(), NOW);
    let stranger = begin(&mut dice, "/a", NOW).state(NOW);
    assert!(logins.take(&stranger, NOW).is_none());
    let other_provider = LoginState {
        provider: "other".to_owned(),
        ..a.state(NOW)
    };
    assert!(logins.take(&other_provider, NOW).is_none());
    let taken = logins.take(&a.state(NOW), NOW).unwrap();
    assert_eq!(taken.target().as_str(), "/a");
    assert_eq!(taken.nonce(), a.nonce());
    assert!(logins.take(&a.state(NOW), NOW).is_none(), "taken twice");
    assert!(!logins.is_empty());
    assert!(logins.take(&b.state(NOW), NOW).is_some());
    assert!(logins.is_empty());
}

#[test]
fn every_bit_of_the_flow_id_counts() {
    let login = begin(&mut Dice::new(3), "/", NOW);
    for at in 0..12 {
        for bit in 0..8 {
            let mut logins = Logins::default();
            logins.add(login.clone(), NOW);
            let mut state = login.state(NOW);
            state.flow[at] ^= 1 << bit;
            assert!(logins.take(&state, NOW).is_none(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn a_login_ends_after_an_hour() {
    let login = begin(&mut Dice::new(4), "/", NOW);
    let mut logins = Logins::default();
    logins.add(login.clone(), NOW);
    let last = NOW.plus(LOGIN_LIFETIME - 1);
    assert!(logins.clone().take(&login.state(NOW), last).is_some());
    assert!(
        logins
            .take(&login.state(NOW), NOW.plus(LOGIN_LIFETIME))
            .is_none()
    );
    assert!(logins.is_empty(), "it is forgotten for good");
}

#[test]
fn the_oldest_login_makes_room() {
    let mut dice = Dice::new(5);
    let mut logins = Logins::default();
    let all: Vec<PendingLogin> = (0..LOGINS_MAX + 3)
        .map(|number| begin(&mut dice, &format!("/{number}"), NOW))
        .collect();
    for login in &all {
        logins.add(login.clone(), NOW);
    }
    assert_eq!(logins.pending.len(), LOGINS_MAX);
    for (number, login) in all.iter().enumerate() {
        let found = logins.take(&login.state(NOW), NOW).is_some();
        assert_eq!(found, number >= 3, "{number}");
    }
}

#[test]
fn logins_always_fit_into_one_cookie() {
    let ring = KeyRing::new(&[secret_key(1)]).unwrap();
    let cookies = Cookies::new(None, &origin(), "/_vestibule");
    let mut dice = Dice::new(6);
    for _ in 0..30 {
        let mut logins = Logins::default();
        for _ in 0..25 {
            let length = match dice.below(3) {
                0 => TARGET_MAX,
                1 => 1 + dice.below(TARGET_MAX),
                _ => 1 + dice.below(60),
            };
            let login = begin(&mut dice, &path_of(length), NOW);
            logins.add(login.clone(), NOW);
            let context = Context {
                purpose: Purpose::Logins,
                name: cookies.logins_name(),
                origin: ORIGIN,
            };
            let sealed = ring
                .seal(context, &logins.encode(), &mut |bytes| dice.fill(bytes))
                .unwrap();
            assert!(sealed.len() <= VALUE_MAX, "{}", sealed.len());
            assert!(cookies.set_logins(&sealed).len() < 4_096);
            assert!(logins.pending.len() <= LOGINS_MAX);
            // Whatever else went, the newest is there, whole.
            let mut read = Logins::decode(&logins.encode(), &origin()).unwrap();
            let newest = read.take(&login.state(NOW), NOW).unwrap();
            assert_eq!(newest.target().as_str().len(), length);
        }
    }
}

#[test]
fn old_logins_do_not_push_out_new_ones() {
    let mut dice = Dice::new(7);
    let mut logins = Logins::default();
    for _ in 0..LOGINS_MAX {
        logins.add(begin(&mut dice, "/old", NOW), NOW);
    }
    let later = NOW.plus(LOGIN_LIFETIME);
    logins.add(begin(&mut dice, "/new", later), later);
    assert_eq!(logins.pending.len(), 1);
}

#[test]
fn a_sealed_state_is_never_longer_than_1024_characters() {
    let ring = KeyRing::new(&[secret_key(1)]).unwrap();
    let mut dice = Dice::new(8);
    let seal = |state: &LoginState, dice: &mut Dice| {
        let context = Context {
            purpose: Purpose::State,
            name: "state",
            origin: ORIGIN,
        };
        ring.seal(context, &state.encode(), &mut |bytes| dice.fill(bytes))
            .unwrap()
            .len()
    };
    let mut longest = 0;
    for provider in ["c", &"c".repeat(32)] {
        for length in 1..=TARGET_MAX {
            let query = format!("/a?{}", "q".repeat(length.max(4) - 3));
            for (to, rest) in [(path_of(length), "/"), (query, "/a")] {
                let login = PendingLogin::begin(provider, target(&to), 1, NOW, &mut |bytes| {
                    bytes.fill(1);
                    Ok(())
                })
                .unwrap();
                let state = login.state(NOW);
                assert!(state.encode().len() <= STATE_BYTES_MAX);
                longest = longest.max(state.encode().len());
                let kept = state.target.as_str();
                assert!(kept == to || kept == rest, "{kept}");
                assert_eq!(login.target().as_str(), to, "the cookie keeps it whole");
            }
        }
    }
    assert_eq!(longest, STATE_BYTES_MAX);
    let full = LoginState {
        flow: [0; 12],
        target: target(&path_of(STATE_BYTES_MAX - 1 - 12 - 1 - 8 - 2 - 4 - 2)),
        provider: "corp".to_owned(),
        attempt: 1,
        first_attempt: NOW,
    };
    assert_eq!(full.encode().len(), STATE_BYTES_MAX);
    assert!(seal(&full, &mut dice) <= STATE_MAX);
}

#[test]
fn truncations_and_flipped_bits_never_panic() {
    let mut dice = Dice::new(9);
    let login = begin(&mut dice, "/wiki/Main_Page?a=b", NOW);
    let mut logins = Logins::default();
    logins.add(login.clone(), NOW);
    logins.add(begin(&mut dice, "/", NOW), NOW);
    let (logins, state) = (logins.encode(), login.state(NOW).encode());
    let same_origin =
        |to: &ReturnTo| assert_eq!(ReturnTo::parse(to.as_str(), &origin()).as_ref(), Some(to));
    let read = |bytes: &[u8]| {
        if let Ok(logins) = Logins::decode(bytes, &origin()) {
            logins
                .pending
                .iter()
                .for_each(|login| same_origin(&login.target));
        }
        if let Ok(state) = LoginState::decode(bytes, &origin()) {
            same_origin(&state.target);
        }
    };
    for bytes in [&logins, &state] {
        for end in 0..bytes.len() {
            assert!(
                Logins::decode(&bytes[..end], &origin()).is_err(),
                "cut off at {end}"
            );
            assert!(
                LoginState::decode(&bytes[..end], &origin()).is_err(),
                "cut off at {end}"
            );
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.to_vec();
                changed[at] ^= 1 << bit;
                read(&changed);
            }
        }
    }
    for round in 0..50_000 {
        let mut noise = vec![0; dice.below(150)];
        dice.fill(&mut noise).unwrap();
        if let Some(first) = noise.first_mut() {
            *first = 1 + u8::from(round % 2 == 0);
        }
        read(&noise);
    }
}

#[test]
fn a_target_of_another_origin_is_not_read() {
    // Sealed for one origin, its target is checked against the one that opens it.
    let login = begin(&mut Dice::new(10), "/a", NOW);
    let mut state = login.state(NOW).encode().to_vec();
    let at = state.len() - 2;
    state[at..].copy_from_slice(b"//");
    assert!(LoginState::decode(&state, &origin()).is_err());
}

#[test]
fn debug_output_shows_neither_code_nor_nonce_nor_verifier_nor_target() {
    let login = begin(&mut Dice::new(11), "/secret?token=hidden", NOW);
    let (nonce, verifier) = (login.nonce(), login.code_verifier());
    let mut logins = Logins::default();
    logins.add(login.clone(), NOW);
    let raw: Vec<String> = vec![
        format!("{:?}", login.nonce),
        format!("{:?}", login.verifier),
        hex(&login.nonce),
        hex(login.verifier.as_slice()),
    ];
    let state = login.state(NOW);
    let exchange = login.clone().redeem(Zeroizing::new("the-code".to_owned()));
    let shown = format!("{login:?} {logins:?} {state:?} {exchange:?}");
    for secret in ["the-code", "hidden", &nonce, &verifier]
        .into_iter()
        .chain(raw.iter().map(String::as_str))
    {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(
        (exchange.code(), exchange.login().nonce()),
        ("the-code", nonce)
    );
}

#[test]
fn frozen_vectors_of_logins_format_1_hold() {
    let file = include_str!("../../../tests/vectors/logins-v1.toml");
    let outcomes = [("same", true), ("refused", false)];
    vectors::each(file, "logins-v1", &outcomes, |mut vector, reads| {
        let bytes = vector.hex("bytes");
        let logins = Logins::decode(&bytes, &origin());
        let tables = vector.tables("login");
        if reads {
            let logins = logins.unwrap();
            assert_eq!(logins.pending.len(), tables.len(), "{}", vector.name());
            for (login, mut table) in logins.pending.iter().zip(tables) {
                let name = table.name().to_owned();
                assert_eq!(login.flow.to_vec(), table.hex("flow"), "{name}");
                assert_eq!(login.started.secs(), table.number("started"), "{name}");
                assert_eq!(
                    u64::from(login.attempt()),
                    table.number("attempt"),
                    "{name}"
                );
                assert_eq!(login.nonce.to_vec(), table.hex("nonce"), "{name}");
                assert_eq!(login.verifier.to_vec(), table.hex("verifier"), "{name}");
                assert_eq!(login.provider, table.text("provider"), "{name}");
                assert_eq!(login.target.as_str(), table.text("target"), "{name}");
                table.done();
            }
            assert_eq!(logins.row, None, "{}", vector.name());
        } else {
            assert_eq!(logins.map(|_| ()), Err(WireError), "{}", vector.name());
            assert!(tables.is_empty(), "{}", vector.name());
        }
        vector.done();
    });
}

#[test]
fn frozen_vectors_of_logins_format_2_hold() {
    let file = include_str!("../../../tests/vectors/logins-v2.toml");
    each_login_holds(file, "logins-v2", false);
}

#[test]
fn frozen_vectors_of_logins_format_3_hold() {
    let file = include_str!("../../../tests/vectors/logins-v3.toml");
    each_login_holds(file, "logins-v3", true);
}

/// `is_written`: the format of today, which holds whom a login asked.
fn each_login_holds(file: &str, name: &str, is_written: bool) {
    let outcomes = [("same", true), ("refused", false)];
    vectors::each(file, name, &outcomes, |mut vector, reads| {
        let bytes = vector.hex("bytes");
        let logins = Logins::decode(&bytes, &origin());
        let row = vector.optional_number("row_logins").map(|logins| Row {
            logins: u8::try_from(logins).unwrap(),
            first: UnixTime::from_secs(vector.number("row_first")),
            characters: u32::try_from(vector.number("row_characters")).unwrap(),
        });
        let tables = vector.tables("login");
        if reads {
            let logins = logins.unwrap();
            assert_eq!(logins.row, row, "{}", vector.name());
            assert_eq!(logins.pending.len(), tables.len(), "{}", vector.name());
            for (login, mut table) in logins.pending.iter().zip(tables) {
                let name = table.name().to_owned();
                let number = |byte: u8| u64::from(byte);
                assert_eq!(login.flow.to_vec(), table.hex("flow"), "{name}");
                assert_eq!(login.started.secs(), table.number("started"), "{name}");
                assert_eq!(number(login.attempt), table.number("attempt"), "{name}");
                assert_eq!(number(login.flags), table.number("flags"), "{name}");
                assert_eq!(number(login.before), table.number("before"), "{name}");
                let expected = match is_written {
                    true => table.hex("asked"),
                    false => ASKED_UNKNOWN.to_vec(),
                };
                assert_eq!(login.asked.to_vec(), expected, "{name}");
                assert_eq!(login.nonce.to_vec(), table.hex("nonce"), "{name}");
                assert_eq!(login.verifier.to_vec(), table.hex("verifier"), "{name}");
                assert_eq!(login.provider, table.text("provider"), "{name}");
                assert_eq!(login.target.as_str(), table.text("target"), "{name}");
                table.done();
            }
            if is_written {
                assert_eq!(logins.encode().to_vec(), bytes, "{}", vector.name());
            }
        } else {
            assert_eq!(logins.map(|_| ()), Err(WireError), "{}", vector.name());
            assert!(tables.is_empty(), "{}", vector.name());
        }
        vector.done();
    });
}

#[test]
fn a_login_is_of_whom_it_asked_and_an_older_one_of_whom_its_name_says() {
    let login = begin(&mut Dice::new(13), "/", NOW);
    assert!(login.has_asked([1; 8]) && login.has_asked([2; 8]));
    let login = login.asking([1; 8]);
    assert!(login.has_asked([1; 8]) && !login.has_asked([2; 8]));
    let mut logins = Logins::default();
    logins.add(login.clone(), NOW);
    let mut again = Logins::decode(&logins.encode(), &origin()).unwrap();
    let again = again.take(&login.state(NOW), NOW).unwrap();
    assert!(again.has_asked([1; 8]) && !again.has_asked([2; 8]));
}

#[test]
fn a_login_of_format_1_that_asks_anew_still_does() {
    let file = include_str!("../../../tests/vectors/logins-v1.toml");
    let one = file.split("name = \"one\"").nth(1).unwrap();
    let one = one.split("bytes = \"").nth(1).unwrap();
    let mut bytes = vectors::unhex(one.split('"').next().unwrap());
    let attempt = 1 + 1 + 12 + 8;
    assert_eq!(bytes[attempt], 1);
    bytes[attempt] |= 0x80;
    let logins = Logins::decode(&bytes, &origin()).unwrap();
    assert!(logins.pending[0].reauthenticates());
    assert_eq!(logins.pending[0].attempt(), 1);
    let again = Logins::decode(&logins.encode(), &origin()).unwrap();
    assert!(again.pending[0].reauthenticates());
}

#[test]
fn logins_after_each_other_are_a_row_and_side_by_side_they_are_none() {
    let mut dice = Dice::new(12);
    let mut logins = Logins::default();
    let answer = |logins: &mut Logins, login: &PendingLogin, now| {
        let login = logins.take(&login.state(now), now).unwrap();
        logins.note_signed_in(&login, 4_000, now);
    };
    let tabs: Vec<_> = (0..LOGINS_MAX)
        .map(|_| begin(&mut dice, "/tab", NOW))
        .collect();
    tabs.iter().for_each(|tab| logins.add(tab.clone(), NOW));
    assert_eq!(logins.row(NOW), None);
    for (later, tab) in (1..).zip(&tabs) {
        answer(&mut logins, tab, NOW.plus(later));
        assert_eq!(logins.row(NOW.plus(later)).unwrap().logins, 1);
    }
    let began = logins.row(NOW.plus(20)).unwrap().first;
    for expected in 2..=4 {
        let login = begin(&mut dice, "/again", NOW.plus(20));
        logins.add(login.clone(), NOW.plus(20));
        answer(&mut logins, &login, NOW.plus(21));
        let row = logins.row(NOW.plus(21)).unwrap();
        assert_eq!(
            (row.logins, row.first, row.characters),
            (expected, began, 4_000)
        );
    }
    assert!(logins.row(began.plus(ROW_WITHIN - 1)).is_some());
    assert_eq!(logins.row(began.plus(ROW_WITHIN)), None);
    // What comes later begins anew.
    let later = began.plus(ROW_WITHIN);
    let login = begin(&mut dice, "/later", later);
    logins.add(login.clone(), later);
    answer(&mut logins, &login, later);
    assert_eq!(logins.row(later).unwrap().logins, 1);
    logins.forget_row();
    assert!(logins.is_empty());
}

#[test]
fn frozen_vectors_of_state_format_1_hold() {
    let file = include_str!("../../../tests/vectors/state-v1.toml");
    let outcomes = [("same", true), ("refused", false)];
    vectors::each(file, "state-v1", &outcomes, |mut vector, reads| {
        let bytes = vector.hex("bytes");
        let read = LoginState::decode(&bytes, &origin());
        let name = vector.name().to_owned();
        if reads {
            let state = LoginState {
                flow: vector.hex("flow").try_into().unwrap(),
                target: target(&vector.text("target")),
                provider: vector.text("provider"),
                attempt: u8::try_from(vector.number("attempt")).unwrap(),
                first_attempt: UnixTime::from_secs(vector.number("first_attempt")),
            };
            assert_eq!(read.as_ref(), Ok(&state), "{name}");
            assert_eq!(state.encode().to_vec(), bytes, "{name}");
        } else {
            assert_eq!(read, Err(WireError), "{name}");
        }
        vector.done();
    });
}
