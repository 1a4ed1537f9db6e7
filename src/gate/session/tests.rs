//! The wire form of a session: frozen, exact, and deaf to everything else.

use serde_json::json;

use super::*;
use crate::config::ProviderKind;
use crate::gate::tests::support::{CLIENT, Dice, ISSUER, NOW, changed, id_claims, key, key_set};
use crate::gate::tests::vectors;
use crate::gate::token::Verifier;

mod sizes;

fn session(refresh_token: Option<&str>) -> Session {
    with(refresh_token, None)
}

fn with(refresh_token: Option<&str>, access_token: Option<&str>) -> Session {
    let verifier = Verifier::new(
        ProviderKind::Cognito,
        vec![ISSUER.to_owned()],
        CLIENT.to_owned(),
    );
    let token = key().sign(&changed(id_claims(), &json!({})));
    let proof = verifier.verify(&token, &key_set(), NOW).unwrap();
    let refresh_token = refresh_token.map(|token| Zeroizing::new(token.to_owned()));
    Session::establish(
        &proof,
        "corp",
        SessionTokens {
            id_token: Zeroizing::new(token),
            refresh_token,
            access_token: access_token.map(|token| Zeroizing::new(token.to_owned())),
            kept: KeptClaims::default(),
        },
        [7; 16],
        NOW,
    )
}

/// A session that holds nothing of note.
pub(in crate::gate) fn session_of(id: SessionId, signed_in: UnixTime) -> Session {
    Session {
        id,
        generation: 0,
        signed_in,
        sealed: signed_in,
        seen: signed_in,
        provider: "corp".to_owned(),
        id_token: Zeroizing::new(String::new()).into(),
        refresh_token: None,
        access_token: None,
        kept: KeptClaims::default(),
        plain: 0,
    }
}

/// The same session with another refresh token.
pub(in crate::gate) fn with_refresh_token(session: &Session, token: &str) -> Session {
    Session {
        refresh_token: Some(Zeroizing::new(token.to_owned()).into()),
        ..session.seen_at(session.seen())
    }
}

/// The same session with the same tokens, of another generation.
pub(in crate::gate) fn of_generation(session: &Session, generation: u32) -> Session {
    Session {
        generation,
        ..session.seen_at(session.seen())
    }
}

#[test]
fn a_session_reads_as_it_was_written() {
    for refresh_token in [
        None,
        Some("opaque"),
        Some("a.b.c"),
        Some("aaaa.bbbb.cccc.dddd.eeee"),
        Some(""),
    ] {
        let session = with(refresh_token, refresh_token);
        let later = NOW.plus(5);
        let read = Session::decode(&session.encode(later)).unwrap();
        assert_eq!(read.id, [7; 16]);
        assert_eq!(read.generation, 0);
        assert_eq!(read.signed_in(), NOW);
        assert_eq!(read.sealed(), later);
        assert_eq!(read.seen(), NOW);
        assert_eq!(
            read.access_token().map(|token| token.as_str()),
            refresh_token
        );
        assert_eq!(read.provider(), "corp");
        assert_eq!(read.id_token(), session.id_token());
        assert_eq!(
            read.refresh_token().map(|token| token.as_str()),
            refresh_token
        );
    }
}

#[test]
fn a_jwt_takes_a_quarter_less() {
    let session = session(None);
    assert!(session.encode(NOW).len() < session.id_token().len() * 4 / 5);
}

#[test]
fn texts_are_counted_before_they_are_made() {
    let read = Session::decode(&with(Some("aaaa.bbbb.cccc"), None).encode(NOW)).unwrap();
    let before = read.tokens_size();
    let texts = read.id_token().len() + read.refresh_token().unwrap().len();
    assert!(before >= read.plain + texts, "{before}");
    assert_eq!(read.tokens_size(), before);
}

#[test]
fn every_truncation_refuses() {
    let bytes = session(Some("aaaa.bbbb.cccc")).encode(NOW);
    for end in 0..bytes.len() {
        assert!(Session::decode(&bytes[..end]).is_err(), "cut off at {end}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(Session::decode(&longer).is_err());
}

#[test]
fn no_flipped_bit_and_no_noise_panics() {
    let bytes = session(Some("aaaa.bbbb.cccc")).encode(NOW);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1 << bit;
            let read = Session::decode(&changed);
            assert!(at > 0 || read.is_err(), "another format is read");
        }
    }
    let mut dice = Dice::new(1);
    for _ in 0..50_000 {
        let mut noise = vec![0; dice.below(120)];
        dice.fill(&mut noise).unwrap();
        if let Some(first) = noise.first_mut() {
            *first = *dice.pick(&[PLAIN, WITH_CLAIMS, CURRENT]);
        }
        if let Ok(read) = Session::decode(&noise) {
            assert!(Session::decode(&read.encode(read.sealed())).is_ok());
        }
    }
}

#[test]
fn debug_output_shows_no_token() {
    let session = session(Some("a-refresh-token"));
    let shown = format!("{session:?}");
    let signature = session.id_token().rsplit('.').next().unwrap();
    assert!(
        !shown.contains("a-refresh-token") && !shown.contains(signature),
        "{shown}"
    );
    assert!(
        !shown.contains("eyJ") && !shown.contains("id_token"),
        "{shown}"
    );
}

#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Same,
    Reads,
    Refused,
}

/// A file of vectors of one format: today's is written too, earlier ones are read.
fn frozen(file: &str, format: &str) {
    let outcomes = match format {
        "session-v3" => [("same", Outcome::Same), ("refused", Outcome::Refused)],
        _ => [("reads", Outcome::Reads), ("refused", Outcome::Refused)],
    };
    vectors::each(file, format, &outcomes, |mut vector, outcome| {
        let bytes = vector.hex("bytes");
        let read = Session::decode(&bytes);
        if outcome == Outcome::Refused {
            assert_eq!(read.map(|_| ()), Err(WireError), "{}", vector.name());
            return vector.done();
        }
        let read = read.unwrap();
        let name = vector.name().to_owned();
        assert_eq!(read.id.to_vec(), vector.hex("id"), "{name}");
        let generation = vector.number("generation");
        assert_eq!(u64::from(read.generation), generation, "{name}");
        assert_eq!(
            read.signed_in().secs(),
            vector.number("signed_in"),
            "{name}"
        );
        assert_eq!(read.sealed().secs(), vector.number("sealed"), "{name}");
        assert_eq!(read.provider(), vector.text("provider"), "{name}");
        assert_eq!(read.id_token(), vector.text("id_token"), "{name}");
        let seen = vector.optional_number("seen");
        let sealed = read.sealed().secs();
        assert_eq!(read.seen().secs(), seen.unwrap_or(sealed), "{name}");
        for (key, found) in [
            ("refresh_token", read.refresh_token()),
            ("access_token", read.access_token()),
        ] {
            let found = found.map(|token| token.as_str().to_owned());
            assert_eq!(found, vector.optional_text(key), "{name}: {key}");
        }
        for (key, found) in [
            ("access_token_claims", read.kept().access_token()),
            ("userinfo_claims", read.kept().userinfo()),
        ] {
            let expected = vector.optional_text(key).unwrap_or_else(|| "{}".to_owned());
            assert_eq!(serde_json::to_string(found).unwrap(), expected, "{name}");
        }
        let written = read.encode(read.sealed());
        assert_eq!(
            written.to_vec() == bytes,
            outcome == Outcome::Same,
            "{name}"
        );
        vector.done();
    });
}

#[test]
fn frozen_vectors_of_format_1_hold() {
    let file = include_str!("../../../tests/vectors/session-v1.toml");
    frozen(file, "session-v1");
}

#[test]
fn frozen_vectors_of_format_2_hold() {
    let file = include_str!("../../../tests/vectors/session-v2.toml");
    frozen(file, "session-v2");
}

#[test]
fn frozen_vectors_of_format_3_hold() {
    let file = include_str!("../../../tests/vectors/session-v3.toml");
    frozen(file, "session-v3");
}
