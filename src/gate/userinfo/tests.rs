//! Userinfo at a login: whose it has to be, and what a session keeps of it.

use serde_json::{Value, json};

use super::*;
use crate::config::{Config, Identity, Provider};
use crate::gate::budget::Part;
use crate::gate::callback::Failed;
use crate::gate::identity::rule::{ClaimRule, ClaimSource};
use crate::gate::tests::support::{
    self, Desk, Jar, NOW, Req, callback, changed, id_claims, key_set, location, rule, set_cookies,
    tokens,
};

const SUB: &str = "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d";

fn desk() -> Desk {
    let groups = ClaimRule {
        from: Some(ClaimSource::Userinfo),
        ..rule(&["custom:teams", "org.units"])
    };
    Desk::new(&Config {
        providers: vec![Provider {
            userinfo: true,
            identity: Identity {
                groups,
                access_right: Some(ClaimRule {
                    from: Some(ClaimSource::AccessToken),
                    ..rule(&["right"])
                }),
                ..support::identity()
            },
            ..support::provider()
        }],
        ..support::config()
    })
}

fn checked(desk: &Desk) -> CheckedTokens {
    desk.gate
        .check_tokens("corp", &tokens(&id_claims()), "n-7Yh2kQ", &key_set(), NOW)
        .unwrap()
}

fn take(answer: &[u8]) -> Result<KeptClaims, UserinfoError> {
    let desk = desk();
    let mut checked = checked(&desk);
    desk.gate
        .take_userinfo(&mut checked, answer)
        .map(|()| checked.kept)
}

#[test]
fn an_answer_about_somebody_else_is_refused() {
    // OpenID Connect Core 5.3.2.
    for (answer, error) in [
        (
            json!({ "sub": "somebody-else" }),
            UserinfoError::OtherSubject,
        ),
        (
            json!({ "sub": SUB.to_uppercase() }),
            UserinfoError::OtherSubject,
        ),
        (json!({ "sub": [SUB] }), UserinfoError::OtherSubject),
        (json!({ "sub": null }), UserinfoError::OtherSubject),
        (json!({ "custom:teams": "a" }), UserinfoError::OtherSubject),
        (json!([SUB]), UserinfoError::Malformed),
        (json!(SUB), UserinfoError::Malformed),
    ] {
        assert_eq!(take(answer.to_string().as_bytes()), Err(error), "{answer}");
    }
    let doubled = format!("{{\"sub\":\"{SUB}\",\"sub\":\"somebody-else\"}}");
    for answer in ["", "{", "eyJhbGciOiJSUzI1NiJ9.e30.x", doubled.as_str()] {
        assert_eq!(
            take(answer.as_bytes()),
            Err(UserinfoError::Malformed),
            "{answer}"
        );
    }
}

#[test]
fn only_what_the_mapping_names_is_kept() {
    let answer = json!({
        "sub": SUB, "username": "x", "email": "k@example.org", "email_verified": "true",
        "custom:teams": ["a"], "custom:secret": "s", "phone_number": "1",
        "org": { "units": ["u"], "payroll": 4711 }, "name": "K",
    });
    let kept = take(answer.to_string().as_bytes()).unwrap();
    let expected = json!({
        "email": "k@example.org", "email_verified": "true", "name": "K",
        "custom:teams": ["a"], "org": { "units": ["u"] },
    });
    assert_eq!(Value::Object(kept.userinfo().clone()), expected);
    let claims = format!("{kept:?}");
    assert!(
        !claims.contains("example") && !claims.contains("units"),
        "{claims}"
    );
}

#[test]
fn more_than_a_session_holds_is_refused() {
    let teams: Vec<String> = (0..900).map(|n| format!("team-number-{n}")).collect();
    let answer = json!({ "sub": SUB, "custom:teams": teams }).to_string();
    match take(answer.as_bytes()) {
        Err(UserinfoError::TooLarge(over)) => assert_eq!(over.part(), Part::Userinfo),
        other => panic!("{other:?}"),
    }
    // What is not kept does not count.
    let answer = json!({ "sub": SUB, "other": teams }).to_string();
    assert!(take(answer.as_bytes()).is_ok());
}

#[test]
fn claims_of_the_access_token_are_kept_from_a_verified_one_alone() {
    let desk = desk();
    let mut tokens = tokens(&id_claims());
    let access = changed(
        support::access_claims(),
        &json!({ "right": "Admin", "left": "x" }),
    );
    tokens.access_token = zeroize::Zeroizing::new(support::key().sign(&access));
    let checked = desk
        .gate
        .check_tokens("corp", &tokens, "n-7Yh2kQ", &key_set(), NOW);
    let kept = checked.unwrap().kept;
    assert_eq!(
        Value::Object(kept.access_token().clone()),
        json!({ "right": "Admin" })
    );
    let foreign = changed(access, &json!({ "client_id": "another" }));
    tokens.access_token = zeroize::Zeroizing::new(support::key().sign(&foreign));
    let checked = desk
        .gate
        .check_tokens("corp", &tokens, "n-7Yh2kQ", &key_set(), NOW);
    assert!(checked.is_err());
}

/// A whole login; the answer of the last request.
fn session_after(desk: &mut Desk, userinfo: &Value, jar: &mut Jar) -> Value {
    let started = desk.start(&Req::open("/_vestibule/login"), jar);
    let back = callback(&started.state).cookies(jar);
    let exchange = desk.exchange(&back);
    let claims = changed(id_claims(), &json!({ "nonce": started.nonce }));
    let mut tokens = tokens(&claims);
    let access = changed(support::access_claims(), &json!({ "right": "Admin" }));
    tokens.access_token = zeroize::Zeroizing::new(support::key().sign(&access));
    let keys = desk.keys.as_ref().unwrap();
    let mut checked = desk
        .gate
        .check_tokens("corp", &tokens, &started.nonce, keys, NOW)
        .unwrap();
    let taken = desk
        .gate
        .take_userinfo(&mut checked, userinfo.to_string().as_bytes());
    let outcome = taken.map(|()| (tokens, checked)).map_err(Failed::from);
    let dice = &mut desk.dice;
    let reply = desk
        .gate
        .after_exchange(&back.view(), &exchange, outcome, NOW, &mut |bytes| {
            dice.fill(bytes)
        });
    if reply.status != 302 {
        return json!({ "status": reply.status.as_u16(), "reason": reply.note.reason });
    }
    assert_eq!(location(&reply), "/");
    jar.take_in(set_cookies(&reply));
    support::body(&desk.reply(&Req::get("/_vestibule/session").cookies(jar)))
}

#[test]
fn a_session_carries_what_was_learnt_and_a_new_configuration_maps_it_anew() {
    let (mut desk, mut jar) = (desk(), Jar::default());
    let userinfo = json!({ "sub": SUB, "custom:teams": "[a, b]", "org": { "units": "c" } });
    let session = session_after(&mut desk, &userinfo, &mut jar);
    assert_eq!(session["groups"], json!(["a", "b", "c"]));
    assert_eq!(session["access_right"], "Admin");
    let entries = [("a".to_owned(), vec!["Argentina".to_owned()])];
    let groups = ClaimRule {
        from: Some(ClaimSource::Userinfo),
        map: Some(entries.into_iter().collect()),
        ..rule(&["custom:teams"])
    };
    let mut later = Desk::new(&Config {
        providers: vec![Provider {
            userinfo: true,
            identity: Identity {
                groups,
                ..support::identity()
            },
            ..support::provider()
        }],
        ..support::config()
    });
    let session = support::body(&later.reply(&Req::get("/_vestibule/session").cookies(&jar)));
    assert_eq!(session["groups"], json!(["Argentina", "b"]));
}

#[test]
fn a_login_with_a_bad_userinfo_answer_ends_on_a_page() {
    let (mut desk, mut jar) = (desk(), Jar::default());
    let failed = session_after(&mut desk, &json!({ "sub": "somebody-else" }), &mut jar);
    assert_eq!(
        failed,
        json!({ "status": 502, "reason": "userinfo_other_subject" })
    );
    let teams = vec!["team"; 4000];
    let failed = session_after(
        &mut desk,
        &json!({ "sub": SUB, "custom:teams": teams }),
        &mut Jar::default(),
    );
    assert_eq!(
        failed,
        json!({ "status": 403, "reason": "session_too_large_userinfo" })
    );
}

#[test]
fn a_silent_userinfo_endpoint_is_an_outage() {
    let mut desk = desk();
    for (error, status) in [
        (UserinfoError::Unavailable, 503),
        (UserinfoError::Refused, 502),
        (UserinfoError::Malformed, 502),
    ] {
        let mut jar = Jar::default();
        let started = desk.start(&Req::open("/_vestibule/login"), &mut jar);
        let back = callback(&started.state).cookies(&jar);
        let exchange = desk.exchange(&back);
        let dice = &mut desk.dice;
        let outcome = Err(Failed::Userinfo(error));
        let reply = desk
            .gate
            .after_exchange(&back.view(), &exchange, outcome, NOW, &mut |bytes| {
                dice.fill(bytes)
            });
        assert_eq!(reply.status, status, "{error:?}");
        assert_eq!(reply.note.reason, Some(error.reason()));
    }
}
