//! What is sealed opens for what it was sealed for, unchanged, and for nothing else.

use std::collections::HashSet;

use super::*;
use crate::gate::tests::support::{Dice, ORIGIN, secret_key};
use crate::gate::tests::vectors::{self, hex};

const SESSION: Context<'static> = Context {
    purpose: Purpose::Session,
    name: "__Host-vestibule",
    origin: ORIGIN,
};

fn ring(keys: &[u8]) -> KeyRing {
    let keys: Vec<SecretKey> = keys.iter().map(|byte| secret_key(*byte)).collect();
    KeyRing::new(&keys).unwrap()
}

fn seal(ring: &KeyRing, context: Context<'_>, plain: &[u8], dice: &mut Dice) -> String {
    ring.seal(context, plain, &mut |bytes| dice.fill(bytes))
        .unwrap()
}

fn open(ring: &KeyRing, context: Context<'_>, text: &str) -> Result<(Vec<u8>, bool), OpenError> {
    ring.open(context, text.as_bytes())
        .map(|opened| (opened.plain.to_vec(), opened.old_key))
}

#[test]
fn what_was_sealed_opens() {
    let ring = ring(&[1]);
    let mut dice = Dice::new(1);
    for length in (0..200).chain([1_000, 4_096, 50_000]) {
        let mut plain = vec![0; length];
        dice.fill(&mut plain).unwrap();
        let sealed = seal(&ring, SESSION, &plain, &mut dice);
        assert_eq!(sealed.len(), ((length + OVERHEAD) * 4).div_ceil(3));
        let alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        assert!(sealed.bytes().all(alphabet), "{sealed}");
        assert_eq!(open(&ring, SESSION, &sealed), Ok((plain, false)));
    }
}

#[test]
fn any_flipped_bit_refuses() {
    let ring = ring(&[1]);
    let sealed = seal(&ring, SESSION, b"short", &mut Dice::new(2));
    let envelope = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
    for at in 0..envelope.len() {
        for bit in 0..8 {
            let mut changed = envelope.clone();
            changed[at] ^= 1 << bit;
            let error = open(&ring, SESSION, &URL_SAFE_NO_PAD.encode(changed)).unwrap_err();
            let expected = match at {
                0 => OpenError::Malformed,
                1..=4 => OpenError::UnknownKey,
                _ => OpenError::Forged,
            };
            assert_eq!(error, expected, "byte {at}, bit {bit}");
        }
    }
    // The same on the text: the cookie as an attacker holds it.
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone().into_bytes();
            changed[at] ^= 1 << bit;
            assert!(
                ring.open(SESSION, &changed).is_err(),
                "byte {at}, bit {bit}"
            );
        }
        assert!(
            open(&ring, SESSION, &sealed[..at]).is_err(),
            "cut off at {at}"
        );
    }
}

#[test]
fn random_bytes_never_open_and_never_panic() {
    let ring = ring(&[1, 2]);
    let mut dice = Dice::new(3);
    for _ in 0..20_000 {
        let mut bytes = vec![0; dice.below(80)];
        dice.fill(&mut bytes).unwrap();
        assert!(ring.open(SESSION, &bytes).is_err());
        assert!(
            ring.open(SESSION, URL_SAFE_NO_PAD.encode(&bytes).as_bytes())
                .is_err()
        );
    }
}

#[test]
fn a_sealed_value_opens_where_it_belongs_only() {
    let ring = ring(&[1]);
    let contexts: Vec<Context<'_>> = [Purpose::Session, Purpose::Logins, Purpose::State]
        .into_iter()
        .flat_map(|purpose| {
            [
                "__Host-vestibule",
                "__Host-vestibule-login",
                "vestibule",
                "state",
                "",
            ]
            .into_iter()
            .flat_map(move |name| {
                [
                    ORIGIN,
                    "https://wiki.example.org",
                    "http://localhost:8080",
                    "",
                ]
                .into_iter()
                .map(move |origin| Context {
                    purpose,
                    name,
                    origin,
                })
            })
        })
        .collect();
    let mut dice = Dice::new(4);
    let sealed: Vec<String> = contexts
        .iter()
        .map(|context| seal(&ring, *context, b"x", &mut dice))
        .collect();
    for (at, text) in sealed.iter().enumerate() {
        for (from, context) in contexts.iter().enumerate() {
            let opened = open(&ring, *context, text);
            let expected = if at == from {
                Ok((b"x".to_vec(), false))
            } else {
                Err(OpenError::Forged)
            };
            assert_eq!(opened, expected, "{context:?}");
        }
    }
}

#[test]
fn no_two_contexts_share_their_associated_data() {
    let mut seen = HashSet::new();
    let texts = [
        "",
        "a",
        "b",
        "ab",
        "aa",
        "session",
        "\0\0\0\u{1}a",
        "\0\0\0\0",
    ];
    for purpose in [Purpose::Session, Purpose::Logins, Purpose::State] {
        for name in texts {
            for origin in texts {
                let context = Context {
                    purpose,
                    name,
                    origin,
                };
                assert!(seen.insert(associated_data(context, [1; 4])), "{context:?}");
                assert!(seen.insert(associated_data(context, [2; 4])), "{context:?}");
            }
        }
    }
}

#[test]
fn keys_rotate() {
    let mut dice = Dice::new(5);
    let old = seal(&ring(&[1]), SESSION, b"x", &mut dice);
    for (keys, expected) in [
        (&[1][..], Ok((b"x".to_vec(), false))),
        (&[1, 2], Ok((b"x".to_vec(), false))),
        (&[2, 1], Ok((b"x".to_vec(), true))),
        (&[2, 3, 1], Ok((b"x".to_vec(), true))),
        (&[2, 3], Err(OpenError::UnknownKey)),
        (&[1, 1], Ok((b"x".to_vec(), false))),
    ] {
        assert_eq!(open(&ring(keys), SESSION, &old), expected, "{keys:?}");
    }
    // The first key seals.
    let new = seal(&ring(&[2, 1]), SESSION, b"x", &mut dice);
    assert_eq!(open(&ring(&[1]), SESSION, &new), Err(OpenError::UnknownKey));
    assert_eq!(open(&ring(&[2]), SESSION, &new), Ok((b"x".to_vec(), false)));
    assert!(KeyRing::new(&[]).is_none());
}

#[test]
fn two_keys_that_share_an_id_are_both_tried() {
    let mut ring = ring(&[1, 2]);
    let text = seal(&ring, SESSION, b"x", &mut Dice::new(6));
    // The first key's value, and now the second key claims its id too.
    ring.keys[1].id = ring.keys[0].id;
    ring.keys.swap(0, 1);
    assert_eq!(open(&ring, SESSION, &text), Ok((b"x".to_vec(), true)));
}

#[test]
fn a_key_that_turns_up_opens_at_once_and_seals_once_it_is_settled() {
    const NOW: UnixTime = UnixTime::from_secs(1_000);
    let keys = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| secret_key(*byte))
            .collect::<Vec<_>>()
    };
    let mut dice = Dice::new(8);
    let cold = ring(&[1]);
    let after = cold.succeeded_by(&keys(&[2, 1]), NOW, 300).unwrap();
    let of_another = seal(&ring(&[2]), SESSION, b"x", &mut dice);
    // Opened, and not sealed back and forth between instances.
    assert_eq!(
        open(&after, SESSION, &of_another),
        Ok((b"x".to_vec(), false))
    );
    for (later, sealed_by, old_is_old) in [(0, 1, false), (299, 1, false), (300, 2, true)] {
        after.settle(NOW.plus(later));
        let sealed = seal(&after, SESSION, b"x", &mut dice);
        assert!(
            open(&ring(&[sealed_by]), SESSION, &sealed).is_ok(),
            "{later}"
        );
        let old = seal(&cold, SESSION, b"x", &mut dice);
        assert_eq!(
            open(&after, SESSION, &old),
            Ok((b"x".to_vec(), old_is_old)),
            "{later}"
        );
    }
    // Known for long, and only now the first: everyone else knows it too.
    let appended = cold.succeeded_by(&keys(&[1, 3]), NOW, 300).unwrap();
    let moved = appended
        .succeeded_by(&keys(&[3, 1]), NOW.plus(300), 300)
        .unwrap();
    let sealed = seal(&moved, SESSION, b"x", &mut dice);
    assert!(open(&ring(&[3]), SESSION, &sealed).is_ok());
    // Without an old key there is nothing to wait with.
    let replaced = cold.succeeded_by(&keys(&[4]), NOW, 300).unwrap();
    let sealed = seal(&replaced, SESSION, b"x", &mut dice);
    assert!(open(&ring(&[4]), SESSION, &sealed).is_ok());
    assert!(cold.succeeded_by(&[], NOW, 300).is_none());
}

#[test]
fn the_ring_counts_what_each_key_is_still_good_for() {
    let cold = ring(&[1]);
    let mut dice = Dice::new(9);
    let elsewhere = Context {
        purpose: Purpose::State,
        ..SESSION
    };
    let sealed = seal(&cold, SESSION, b"x", &mut dice);
    let keys = [secret_key(2), secret_key(1)];
    let after = cold.succeeded_by(&keys, UnixTime::from_secs(9), 0).unwrap();
    assert!(open(&after, SESSION, &sealed).is_ok());
    assert!(
        open(&after, elsewhere, &sealed).is_err(),
        "counts only what opens"
    );
    let uses: Vec<_> = after.uses().map(|key| (key.seals, key.opens)).collect();
    assert_eq!(uses, [(0, 0), (1, 1)]);
    assert!(after.uses().all(|key| key.id.len() == 8));
}

/// field.md R10.
#[test]
fn a_hundred_thousand_seals_never_repeat_a_nonce() {
    let ring = ring(&[1]);
    let mut random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| RandomError);
    let mut nonces = HashSet::new();
    for _ in 0..100_000 {
        let sealed = ring.seal(SESSION, b"", &mut random).unwrap();
        let envelope = URL_SAFE_NO_PAD.decode(sealed).unwrap();
        assert!(nonces.insert(envelope[5..17].to_vec()));
    }
}

#[test]
fn the_nonce_is_what_the_randomness_gave() {
    let mut calls = 0;
    let sealed = ring(&[1])
        .seal(SESSION, b"x", &mut |bytes| {
            calls += 1;
            bytes.fill(0xab);
            Ok(())
        })
        .unwrap();
    let envelope = URL_SAFE_NO_PAD.decode(sealed).unwrap();
    assert_eq!((calls, &envelope[5..17]), (1, &[0xab; 12][..]));
}

#[test]
fn without_randomness_nothing_is_sealed() {
    let sealed = ring(&[1]).seal(SESSION, b"x", &mut |_| Err(RandomError));
    assert_eq!(sealed, Err(SealError::Random(RandomError)));
    assert!(SecretKey::generate(&mut |_| Err(RandomError)).is_err());
}

#[test]
fn a_key_is_32_bytes_of_base64() {
    let bytes: Vec<u8> = (224..=255).collect();
    let padded = STANDARD.encode(&bytes);
    assert!(padded.contains('+') && padded.contains('/') && padded.ends_with('='));
    let key = SecretKey::parse(&padded).unwrap();
    assert_eq!(key.0.as_slice(), bytes);
    assert_eq!(key.to_base64().as_str(), padded);
    for text in [
        URL_SAFE_NO_PAD.encode(&bytes),
        padded.trim_end_matches('=').to_owned(),
        format!("  {padded}\r\n"),
        format!("\t{}\n\n", URL_SAFE_NO_PAD.encode(&bytes)),
    ] {
        assert_eq!(SecretKey::parse(&text).unwrap().0, key.0, "{text:?}");
    }
    let half = padded.split_at(20);
    for (text, error) in [
        (String::new(), KeyError::Length(0)),
        ("  \n".to_owned(), KeyError::Length(0)),
        ("====".to_owned(), KeyError::Length(0)),
        ("not base64!".to_owned(), KeyError::NotBase64),
        (format!("{} {}", half.0, half.1), KeyError::NotBase64),
        (format!("{}\n{}", half.0, half.1), KeyError::NotBase64),
        (format!("\"{padded}\""), KeyError::NotBase64),
        (format!("{padded}\n{padded}"), KeyError::NotBase64),
        // Bits that belong to no byte.
        (format!("{}9", &padded[..42]), KeyError::NotBase64),
        (STANDARD.encode([1; 16]), KeyError::Length(16)),
        (STANDARD.encode([1; 31]), KeyError::Length(31)),
        (STANDARD.encode([1; 33]), KeyError::Length(33)),
        (STANDARD.encode([1; 64]), KeyError::Length(64)),
        (hex(&bytes), KeyError::Length(48)),
    ] {
        assert_eq!(SecretKey::parse(&text).map(|_| ()), Err(error), "{text:?}");
    }
}

#[test]
fn derived_keys_differ_by_label_and_key() {
    let mut seen = HashSet::new();
    for key in [1, 2] {
        assert!(seen.insert(secret_key(key).0.to_vec()));
        for label in ["", "log", "logs", "log user"] {
            assert!(
                seen.insert(secret_key(key).derive(label).to_vec()),
                "{label}"
            );
        }
    }
}

#[test]
fn debug_output_shows_no_key_and_no_plain_text() {
    let ring = ring(&[7, 8]);
    let sealed = seal(&ring, SESSION, b"plain text", &mut Dice::new(8));
    let opened = ring.open(SESSION, sealed.as_bytes()).unwrap();
    assert_eq!(format!("{:?}", secret_key(7)), "SecretKey([redacted])");
    assert_eq!(format!("{ring:?}"), "KeyRing(2 keys)");
    assert_eq!(format!("{opened:?}"), "Opened { old_key: false, .. }");
}

#[derive(Clone, Copy)]
enum Outcome {
    Opens,
    OpensWithOldKey,
    Refuses(OpenError),
}

#[test]
fn frozen_vectors_of_version_1_hold() {
    let outcomes = [
        ("opens", Outcome::Opens),
        ("opens-with-old-key", Outcome::OpensWithOldKey),
        ("malformed", Outcome::Refuses(OpenError::Malformed)),
        ("unknown-key", Outcome::Refuses(OpenError::UnknownKey)),
        ("forged", Outcome::Refuses(OpenError::Forged)),
    ];
    let file = include_str!("../../../tests/vectors/sealed-v1.toml");
    vectors::each(file, "sealed-v1", &outcomes, |mut vector, outcome| {
        let keys: Vec<SecretKey> = vector
            .texts("keys")
            .iter()
            .map(|key| SecretKey::parse(key).unwrap())
            .collect();
        let ring = KeyRing::new(&keys).unwrap();
        let purpose = match vector.text("purpose").as_str() {
            "session" => Purpose::Session,
            "logins" => Purpose::Logins,
            "state" => Purpose::State,
            other => panic!("unknown purpose {other}"),
        };
        let (name, origin) = (vector.text("context"), vector.text("origin"));
        let context = Context {
            purpose,
            name: &name,
            origin: &origin,
        };
        let sealed = vector.text("sealed");
        let opened = open(&ring, context, &sealed);
        match outcome {
            Outcome::Opens => {
                let (plain, nonce) = (vector.hex("plain"), vector.hex("nonce"));
                assert_eq!(opened, Ok((plain.clone(), false)), "{}", vector.name());
                let again = ring.seal(context, &plain, &mut |bytes| {
                    bytes.copy_from_slice(&nonce);
                    Ok(())
                });
                assert_eq!(again, Ok(sealed), "{}", vector.name());
            }
            Outcome::OpensWithOldKey => {
                let plain = vector.hex("plain");
                assert_eq!(opened, Ok((plain, true)), "{}", vector.name());
            }
            Outcome::Refuses(error) => assert_eq!(opened, Err(error), "{}", vector.name()),
        }
        vector.done();
    });
}
