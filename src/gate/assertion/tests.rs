//! What an assertion says, and when it is another one.

use serde_json::Map;

use super::*;
use crate::gate::tests::support::{NOW, ORIGIN};

fn person() -> Person {
    Person {
        user: "kirsten".to_owned(),
        email: Some("kirsten@example.org".to_owned()),
        name: Some("Søren \"K\" Holm".to_owned()),
        groups: vec!["Editors".to_owned(), "x,admins".to_owned()],
        access_right: Some("Local Company".to_owned()),
        attributes: Vec::new(),
    }
}

fn asserter() -> Arc<Asserter> {
    let keys = vec![
        AssertionKey::generate().unwrap(),
        AssertionKey::generate().unwrap(),
    ];
    Arc::new(Asserter::new("wiki".to_owned(), keys).unwrap())
}

fn statement<'s>(person: &'s Person, session: Option<&'s SessionId>) -> Statement<'s> {
    Statement {
        issuer: ORIGIN,
        session,
        sub: "d3a4",
        provider: "corp",
        person,
    }
}

fn part(token: &HeaderValue, index: usize) -> Map<String, Value> {
    let part = token.to_str().unwrap().split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn it_says_who_somebody_is_for_whom_and_until_when() {
    let asserter = asserter();
    let token = asserter.about(&statement(&person(), Some(&[7; 16])));
    let token = token.at(NOW).unwrap();
    assert!(token.is_sensitive());
    let keys = asserter.jwks()["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "all are published");
    let head = json!({ "alg": "ES256", "kid": keys[0]["kid"], "typ": "JWT" });
    assert_eq!(Value::Object(part(&token, 0)), head, "the first signs");
    assert!(keys.iter().all(|key| key.get("d").is_none()), "{keys:?}");
    let expected = json!({
        "iss": ORIGIN,
        "aud": "wiki",
        "sub": "d3a4",
        "provider": "corp",
        "user": "kirsten",
        "email": "kirsten@example.org",
        "name": "Søren \"K\" Holm",
        "groups": ["Editors", "x,admins"],
        "access_right": "Local Company",
        "iat": NOW.secs(),
        "exp": NOW.secs() + 300,
    });
    assert_eq!(Value::Object(part(&token, 1)), expected);
}

#[test]
fn what_somebody_does_not_have_is_absent() {
    let nobody = Person {
        email: None,
        name: None,
        groups: Vec::new(),
        access_right: None,
        ..person()
    };
    let token = asserter().about(&statement(&nobody, None)).at(NOW).unwrap();
    let claims = part(&token, 1);
    for name in ["email", "name", "access_right"] {
        assert!(!claims.contains_key(name), "{name}");
    }
    assert_eq!(
        claims["groups"],
        json!([]),
        "a list is one without items, too"
    );
}

#[test]
fn it_is_the_same_for_minutes_and_another_one_well_before_its_end() {
    let asserter = asserter();
    let about = || asserter.about(&statement(&person(), Some(&[7; 16])));
    let first = about().at(NOW).unwrap();
    assert_eq!(about().at(NOW.plus(1)).unwrap(), first);
    assert_eq!(about().at(NOW.plus(SENT_FOR - 1)).unwrap(), first);
    let second = about().at(NOW.plus(SENT_FOR)).unwrap();
    assert_ne!(second, first);
    assert_eq!(part(&second, 1)["iat"], json!(NOW.secs() + SENT_FOR));
    assert_eq!(about().at(NOW.plus(SENT_FOR + 9)).unwrap(), second);
    // An hour later nothing of before is left.
    let third = about().at(NOW.plus(3_600)).unwrap();
    assert_eq!(part(&third, 1)["exp"], json!(NOW.secs() + 3_900));
    // A clock that was set back: nothing from the future is sent.
    let back = about().at(NOW).unwrap();
    assert_eq!(part(&back, 1)["iat"], json!(NOW.secs()));
    // At any moment, what is sent holds for two minutes more, and for five at most.
    for later in 0..1_000 {
        let now = NOW.plus(later);
        let exp = part(&about().at(now).unwrap(), 1)["exp"].as_u64().unwrap();
        assert!((now.secs() + 120..=now.secs() + 300).contains(&exp));
    }
}

#[test]
fn another_session_another_person_and_another_origin_have_their_own() {
    let asserter = asserter();
    let (one, other) = ([7; 16], [8; 16]);
    let base = person();
    let demoted = Person {
        groups: Vec::new(),
        ..person()
    };
    let here = statement(&base, Some(&one));
    let mut seen = Vec::new();
    for about in [
        here,
        statement(&base, Some(&other)),
        statement(&base, None),
        statement(&demoted, Some(&one)),
        Statement {
            issuer: "https://files.example.com",
            ..here
        },
        Statement {
            sub: "d3a5",
            ..here
        },
        Statement {
            provider: "guests",
            ..here
        },
    ] {
        let token = asserter.about(&about).at(NOW).unwrap();
        assert!(!seen.contains(&token));
        seen.push(token);
    }
    assert_eq!(asserter.about(&here).at(NOW).unwrap(), seen[0]);
}

#[test]
fn the_bound_on_its_length_is_one() {
    let asserter = asserter();
    for extra in 0..200 {
        let person = Person {
            name: Some("x".repeat(extra)),
            ..person()
        };
        let assertion = asserter.about(&statement(&person, None));
        let sent = assertion.at(UnixTime::from_secs(99_999_999_999)).unwrap();
        assert!(sent.len() <= assertion.max_len(), "{extra}");
        assert!(sent.len() + 100 > assertion.max_len(), "{extra}");
    }
}

#[test]
fn the_memory_is_bounded() {
    let asserter = asserter();
    let person = person();
    for count in 0..40_000_u32 {
        let mut session = [0; 16];
        session[..4].copy_from_slice(&count.to_be_bytes());
        drop(asserter.about(&statement(&person, Some(&session))));
    }
    assert!(asserter.recent.weight() <= RECENT_BYTES);
    assert!(asserter.recent.len() > 1_000);
}

#[test]
fn debug_shows_nothing_of_it() {
    let asserter = asserter();
    let person = person();
    let about = statement(&person, Some(&[7; 16]));
    let assertion = asserter.about(&about);
    let token = assertion.at(NOW).unwrap();
    let text = format!("{asserter:?} {about:?} {assertion:?} {token:?}");
    for secret in ["kirsten", "d3a4", "eyJ", "Editors"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn without_a_key_there_is_no_asserter() {
    assert!(Asserter::new("wiki".to_owned(), Vec::new()).is_none());
}

#[test]
fn people_of_several_providers_with_one_subject_are_told_apart_by_it() {
    let several = Arc::new(Arc::into_inner(asserter()).unwrap().of_several(true));
    let base = person();
    let here = statement(&base, None);
    let there = Statement {
        provider: "guests",
        ..here
    };
    let sub = |asserter: &Arc<Asserter>, about| {
        part(&asserter.about(about).at(NOW).unwrap(), 1)["sub"].clone()
    };
    assert_eq!(sub(&several, &here), "corp|d3a4");
    assert_eq!(sub(&several, &there), "guests|d3a4");
    assert_eq!(sub(&asserter(), &here), "d3a4");
}
