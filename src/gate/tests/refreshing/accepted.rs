//! Which tokens renew a session, and what is kept of them.

use serde_json::json;
use zeroize::Zeroizing;

use super::{END, OVER, ask, due, newer_tokens, opened, page, refused, renew, signed_in};
use crate::config::Config;
use crate::gate::headers::HeaderRules;
use crate::gate::headers::preset::Preset;
use crate::gate::policy::NoIdentity;
use crate::gate::refresh::RefreshError;
use crate::gate::tests::support::{NOW, config, id_claims, signed_in_under};
use crate::gate::token::TokenError;
use crate::gate::userinfo::UserinfoError;

#[test]
fn refreshed_tokens_have_to_be_of_the_same_person_client_and_issuer() {
    // The access token is sent on, so its grant counts (ADR 17).
    let sent = Config {
        headers: HeaderRules::new(&[Preset::Bearer], Vec::new()),
        ..config()
    };
    let (mut desk, jar) = signed_in_under(&sent);
    desk.now = END;
    let wanted = due(&mut desk, &jar).unwrap();
    let nonce = {
        let token = opened(&desk, &jar);
        let keys = desk.keys.as_ref().unwrap();
        let verified = desk
            .gate
            .providers
            .only()
            .unwrap()
            .verifier
            .verify(token.id_token(), keys, END)
            .unwrap();
        verified.claims()["nonce"].clone()
    };
    for (changes, error) in [
        (json!({ "sub": "somebody-else" }), TokenError::Foreign),
        (json!({ "iss": "https://evil.example" }), TokenError::Issuer),
        (json!({ "aud": "another-client" }), TokenError::Audience),
        (
            json!({ "aud": [crate::gate::tests::support::CLIENT] }),
            TokenError::Audience,
        ),
        (json!({ "nonce": "another" }), TokenError::Nonce),
        (json!({ "nonce": 1 }), TokenError::Nonce),
        (
            json!({ "auth_time": END.secs() + 1 }),
            TokenError::NotYetValid,
        ),
        (json!({ "auth_time": "now" }), TokenError::Claim),
        (json!({ "exp": 1 }), TokenError::Expired),
        (json!({ "token_use": "access" }), TokenError::TokenUse),
        (json!({ "origin_jti": "another" }), TokenError::Foreign),
    ] {
        assert_eq!(refused(&desk, &wanted, changes.clone()), error, "{changes}");
    }
    for changes in [
        json!({}),
        json!({ "nonce": nonce }),
        json!({ "auth_time": END.secs() }),
        json!({ "auth_time": null }),
    ] {
        let tokens = newer_tokens(&desk, changes.clone());
        let keys = desk.keys.as_ref().unwrap();
        let checked = desk.gate.check_refreshed(&wanted, &tokens, keys, desk.now);
        assert!(checked.is_ok(), "{changes}: {checked:?}");
    }
}

#[test]
fn a_nonce_that_was_gone_does_not_come_back() {
    let (mut desk, mut jar) = signed_in();
    desk.now = OVER;
    let wanted = ask(&mut desk, &page().cookies(&jar));
    desk.refreshed = Some(renew(&desk, &wanted, newer_tokens(&desk, json!({}))));
    let forward = desk.forward(&page().cookies(&jar));
    jar.take_in(forward.set_cookies.iter().map(String::as_str));
    desk.refreshed = None;
    desk.now = desk.now.plus(3500);
    let wanted = due(&mut desk, &jar).unwrap();
    let error = refused(&desk, &wanted, json!({ "nonce": "n-7Yh2kQ" }));
    assert_eq!(
        error,
        TokenError::Nonce,
        "nobody knows any more which it was"
    );
}

#[test]
fn another_issuer_is_none_that_renews_even_if_it_is_accepted_at_logins() {
    let mut config = config();
    let updated = "https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99";
    config.providers[0].accepted_issuers = vec![updated.to_owned()];
    let (mut desk, jar) = signed_in_under(&config);
    desk.now = END;
    let wanted = due(&mut desk, &jar).unwrap();
    let error = refused(&desk, &wanted, json!({ "iss": updated }));
    assert_eq!(error, TokenError::Issuer);
}

#[test]
fn a_new_refresh_token_takes_the_place_of_the_old_one() {
    let (mut desk, mut jar) = signed_in();
    desk.now = OVER;
    let wanted = ask(&mut desk, &page().cookies(&jar));
    let mut tokens = newer_tokens(&desk, json!({}));
    tokens.refresh_token = Some(Zeroizing::new("rotated".to_owned()));
    desk.refreshed = Some(renew(&desk, &wanted, tokens));
    let forward = desk.forward(&page().cookies(&jar));
    jar.take_in(forward.set_cookies.iter().map(String::as_str));
    assert_eq!(
        opened(&desk, &jar).refresh_token().unwrap().as_str(),
        "rotated"
    );
}

#[test]
fn a_session_that_has_ended_meanwhile_is_not_renewed() {
    let (mut desk, jar) = signed_in();
    desk.now = OVER;
    let wanted = ask(&mut desk, &page().cookies(&jar));
    desk.now = NOW.plus(8 * 3600);
    let tokens = newer_tokens(&desk, json!({}));
    let outcome = renew(&desk, &wanted, tokens);
    let ended = RefreshError::Ended(NoIdentity::LifetimeOver);
    assert_eq!(outcome.map(drop), Err(ended));
    assert!(desk.gate.refreshed_before(&wanted).is_none());
}

#[test]
fn tokens_that_have_grown_too_large_are_refused() {
    let (mut desk, jar) = signed_in();
    desk.now = END;
    let wanted = due(&mut desk, &jar).unwrap();
    // Each of the two tokens would fit.
    let groups: Vec<String> = (0..300)
        .map(|n| format!("a-group-with-a-name-{n}"))
        .collect();
    let mut tokens = newer_tokens(&desk, json!({ "cognito:groups": groups }));
    tokens.refresh_token = Some(Zeroizing::new("r".repeat(12_000)));
    let outcome = renew(&desk, &wanted, tokens);
    let refused = RefreshError::Refused("session_too_large_refresh_token");
    assert_eq!(outcome.map(drop), Err(refused));
    assert!(desk.gate.memory().newer.is_empty());
}

#[test]
fn userinfo_that_cannot_be_asked_keeps_what_it_said_and_one_that_refuses_ends() {
    let mut config = config();
    config.providers[0].userinfo = true;
    config.providers[0].identity.name = Some(crate::gate::tests::support::rule(&["team"]));
    let (mut desk, jar) = signed_in_under(&config);
    desk.now = END;
    let wanted = due(&mut desk, &jar).unwrap();
    let sub = id_claims()["sub"].clone();
    let said = |team: &str| json!({ "sub": sub, "team": team }).to_string().into_bytes();
    let take = |answer| {
        let tokens = newer_tokens(&desk, json!({}));
        let keys = desk.keys.as_ref().unwrap();
        let checked = desk.gate.check_refreshed(&wanted, &tokens, keys, desk.now);
        let mut checked = checked.unwrap();
        let taken = desk.gate.take_userinfo_again(&wanted, &mut checked, answer);
        (taken, checked.kept.userinfo().clone())
    };
    let (taken, kept) = take(Ok(said("red")));
    assert_eq!((taken, &kept["team"]), (Ok(()), &json!("red")));
    for answer in [Err(UserinfoError::Unavailable), Ok(b"<html>".to_vec())] {
        let (taken, kept) = take(answer);
        assert!(taken.is_ok() && kept.is_empty(), "nothing was known before");
    }
    let other = json!({ "sub": "other" }).to_string().into_bytes();
    assert_eq!(take(Ok(other)).0, Err(UserinfoError::OtherSubject));
    let refused = take(Err(UserinfoError::Refused)).0;
    assert_eq!(refused, Err(UserinfoError::Refused));
}
