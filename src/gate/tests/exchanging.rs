//! After the exchange: tokens that hold or do not, and what fits into cookies.

use serde_json::{Value, json};

use super::coming_back::{begun, desk};
use super::support::{
    COOKIE, Desk, Jar, NOW, Req, access_claims, callback, changed, config, header_of, id_claims,
    key, key_set, location, set_cookies, text, tokens,
};
use crate::config::{Config, ProviderKind};
use crate::gate::callback::Failed;
use crate::gate::callback::hint::ClientRefusal;
use crate::gate::headers::HeaderRules;
use crate::gate::headers::preset::Preset;
use crate::gate::identity::rule::ClaimSource;
use crate::gate::reply::Reply;
use crate::gate::signin::ExchangeError;
use crate::gate::token::TokenError;

fn after(desk: &mut Desk, req: &Req, failed: Failed) -> Reply {
    let exchange = desk.exchange(req);
    let dice = &mut desk.dice;
    desk.gate.after_exchange(
        &req.view(),
        &exchange,
        Err(failed),
        desk.now,
        &mut |bytes| dice.fill(bytes),
    )
}

#[test]
fn a_code_that_brings_no_tokens_is_explained() {
    for (error, status, reason) in [
        (ExchangeError::Refused, 400, "code_refused"),
        (
            ExchangeError::Client(ClientRefusal::Secret),
            502,
            "client_refused",
        ),
        (
            ExchangeError::Client(ClientRefusal::SecretExpired),
            502,
            "client_secret_expired",
        ),
        (
            ExchangeError::Client(ClientRefusal::Redirect),
            502,
            "redirect_uri_refused",
        ),
        (ExchangeError::NoIdToken, 502, "id_token_missing"),
        (ExchangeError::IdToken, 502, "id_token_second_opinion"),
        (
            ExchangeError::Unavailable,
            503,
            "token_endpoint_unavailable",
        ),
    ] {
        let (mut desk, jar, started) = begun();
        let req = callback(&started.state).cookies(&jar);
        let reply = after(&mut desk, &req, Failed::Exchange(error));
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (status, Some(reason))
        );
        assert_eq!(header_of(&reply, "retry-after").is_some(), status == 503);
        assert!(
            !set_cookies(&reply)
                .iter()
                .any(|cookie| cookie.starts_with("__Host-vestibule=")),
            "{reason}"
        );
    }
    for error in [
        TokenError::Signature,
        TokenError::Nonce,
        TokenError::Expired,
        TokenError::UnknownKey,
        TokenError::Foreign,
    ] {
        let (mut desk, jar, started) = begun();
        let req = callback(&started.state).cookies(&jar);
        let reply = after(&mut desk, &req, Failed::Token(error));
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (502, Some(error.reason()))
        );
        assert!(text(&reply).contains("nobody was signed in"));
    }
}

#[test]
fn tokens_of_a_login_are_all_verified() {
    let desk = desk();
    let keys = key_set();
    let check = |id: &Value, access: &Value| {
        let mut tokens = tokens(&changed(id_claims(), id));
        let claims = changed(access_claims(), access);
        *tokens.access_token = key().sign(&claims);
        desk.gate
            .check_tokens("corp", &tokens, "n-7Yh2kQ", &keys, NOW)
            .map(|_| ())
    };
    for (what, id, access, expected) in [
        ("good", json!({}), json!({}), Ok(())),
        (
            "nonce",
            json!({ "nonce": "other" }),
            json!({}),
            Err(TokenError::Nonce),
        ),
        (
            "no nonce",
            json!({ "nonce": null }),
            json!({}),
            Err(TokenError::Nonce),
        ),
        (
            "expired",
            json!({ "exp": 1 }),
            json!({}),
            Err(TokenError::Expired),
        ),
        (
            "use",
            json!({ "token_use": "access" }),
            json!({}),
            Err(TokenError::TokenUse),
        ),
        (
            "access: client",
            json!({}),
            json!({ "client_id": "x" }),
            Err(TokenError::Audience),
        ),
        (
            "access: use",
            json!({}),
            json!({ "token_use": "id" }),
            Err(TokenError::TokenUse),
        ),
        (
            "access: person",
            json!({}),
            json!({ "sub": "x" }),
            Err(TokenError::Foreign),
        ),
        (
            "access: expired",
            json!({}),
            json!({ "exp": 1 }),
            Err(TokenError::Expired),
        ),
    ] {
        assert_eq!(check(&id, &access), expected, "{what}");
    }
    let mut opaque = tokens(&id_claims());
    *opaque.access_token = "opaque".to_owned();
    let checked = desk
        .gate
        .check_tokens("corp", &opaque, "n-7Yh2kQ", &keys, NOW)
        .map(|_| ());
    assert_eq!(checked, Err(TokenError::Malformed));
    // Other providers' access tokens are none of our business.
    let mut oidc = config();
    oidc.providers[0].kind = ProviderKind::Oidc;
    let desk = Desk::new(&oidc);
    assert!(
        desk.gate
            .check_tokens("corp", &opaque, "n-7Yh2kQ", &keys, NOW)
            .is_ok()
    );
}

/// ADR 17: the grant is compared where something comes from the access token.
#[test]
fn an_access_token_of_another_grant_is_refused_where_it_is_used() {
    let keys = key_set();
    let check = |config: &Config| {
        let mut tokens = tokens(&id_claims());
        let claims = changed(access_claims(), &json!({ "origin_jti": "x" }));
        *tokens.access_token = key().sign(&claims);
        Desk::new(config)
            .gate
            .check_tokens("corp", &tokens, "n-7Yh2kQ", &keys, NOW)
            .map(|_| ())
    };
    assert_eq!(check(&config()), Ok(()), "nothing comes from it");
    let mut sent = config();
    sent.headers = HeaderRules::new(&[Preset::Bearer], Vec::new());
    let mut asked = config();
    asked.providers[0].userinfo = true;
    let mut mapped = config();
    mapped.providers[0].identity.groups.from = Some(ClaimSource::AccessToken);
    for (what, config) in [("sent", sent), ("userinfo", asked), ("mapped", mapped)] {
        assert_eq!(check(&config), Err(TokenError::Foreign), "{what}");
    }
}

#[test]
fn many_groups_take_several_cookies_and_come_back_whole() {
    // cognito.md 2.7: 100 groups of 42 characters.
    let mut desk = desk();
    let mut jar = Jar::default();
    let groups: Vec<String> = (0..100).map(|n| format!("{n:042}")).collect();
    let claims = changed(id_claims(), &json!({ "cognito:groups": groups }));
    assert_eq!(location(&desk.sign_in_as("/", &claims, &mut jar)), "/");
    assert_eq!(
        jar.names(),
        [
            "__Host-vestibule-login",
            "__Host-vestibule.1",
            "__Host-vestibule.2"
        ]
    );
    let forward = desk.forward(&Req::open("/").cookies(&jar));
    assert_eq!(forward.permit.who().unwrap().groups, groups);
    // The next, smaller session takes their place.
    desk.sign_in(&mut jar);
    assert_eq!(jar.names(), [COOKIE, "__Host-vestibule-login"]);
}
