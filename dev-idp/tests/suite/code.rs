use serde_json::json;

use crate::support::{Browser, Idp, Response, VERIFIER, form};

fn fresh_code(idp: &Idp) -> String {
    Idp::code_of(&idp.sign_in(&mut Browser::default(), Idp::KIRSTEN, &[]))
}

fn refused(response: &Response, status: u16, error: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.json()["error"], error, "{response:?}");
    assert_eq!(
        response.header("content-type"),
        Some("application/json;charset=UTF-8")
    );
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
}

#[test]
fn e7_the_response_has_the_members_of_1_7_and_no_scope() {
    let idp = Idp::start();
    let response = idp.redeem(&fresh_code(&idp));
    assert_eq!(response.status, 200);
    let body = response.json();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "access_token",
            "expires_in",
            "id_token",
            "refresh_token",
            "token_type"
        ]
    );
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
}

#[test]
fn e7_no_openid_no_id_token_1_7() {
    let idp = Idp::start();
    idp.client(json!({ "scopes": ["openid", "api/read"] }));
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[("scope", "api/read")]);
    assert!(tokens.get("id_token").is_none());
    assert!(tokens.get("refresh_token").is_some());
}

#[test]
fn e6_a_code_is_good_once_1_5() {
    let idp = Idp::start();
    let code = fresh_code(&idp);
    assert_eq!(idp.redeem(&code).status, 200);
    refused(&idp.redeem(&code), 400, "invalid_grant");
}

#[test]
fn e6_a_code_is_good_for_five_minutes_1_5() {
    let idp = Idp::start();
    let (early, late) = (fresh_code(&idp), fresh_code(&idp));
    idp.clock(298);
    assert_eq!(idp.redeem(&early).status, 200);
    idp.clock(300);
    refused(&idp.redeem(&late), 400, "invalid_grant");
}

#[test]
fn e6_a_code_is_bound_to_its_client() {
    let idp = Idp::start();
    let code = fresh_code(&idp);
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", Idp::CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let other = idp.token_as(
        idp.at("other_client_id"),
        idp.at("other_client_secret"),
        &pairs,
    );
    refused(&other, 400, "invalid_grant");
    assert_eq!(idp.redeem(&code).status, 200, "the owner still can");
}

#[test]
fn e7_another_redirect_uri_is_unauthorized_client_and_invalid_redirect_1_7() {
    let idp = Idp::start();
    let code = fresh_code(&idp);
    let response = idp.token(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "http://127.0.0.1:8080/_vestibule/callback"),
        ("code_verifier", VERIFIER),
    ]);
    refused(&response, 400, "unauthorized_client");
    assert_eq!(response.json()["error_description"], "invalid_redirect");
    refused(&idp.redeem(&code), 400, "invalid_grant");
}

#[test]
fn e7_a_wrong_or_missing_verifier_is_invalid_grant_and_burns_the_code_u4() {
    let idp = Idp::start();
    for verifier in ["", "wrong-verifier-wrong-verifier-wrong-verifier"] {
        let code = fresh_code(&idp);
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", Idp::CALLBACK),
        ];
        if !verifier.is_empty() {
            pairs.push(("code_verifier", verifier));
        }
        refused(&idp.token(&pairs), 400, "invalid_grant");
        refused(&idp.redeem(&code), 400, "invalid_grant");
    }
}

#[test]
fn e7_the_errors_of_1_7() {
    let idp = Idp::start();
    for (pairs, error) in [
        (&[][..], "invalid_request"),
        (&[("grant_type", "password")], "unsupported_grant_type"),
        (&[("grant_type", "authorization_code")], "invalid_request"),
        (
            &[("grant_type", "authorization_code"), ("code", "x")],
            "invalid_request",
        ),
        (&[("grant_type", "refresh_token")], "invalid_request"),
        (
            &[("grant_type", "refresh_token"), ("refresh_token", "junk")],
            "invalid_grant",
        ),
        (
            &[("grant_type", "client_credentials")],
            "unauthorized_client",
        ),
        (
            &[("grant_type", "refresh_token"), ("client_id", "another")],
            "invalid_client",
        ),
    ] {
        refused(&idp.token(pairs), 400, error);
    }
}

#[test]
fn e7_wrong_credentials_are_invalid_client_with_a_switchable_status_u1() {
    let idp = Idp::start();
    let pairs = [("grant_type", "authorization_code"), ("code", "x")];
    refused(
        &idp.token_as(Idp::CLIENT, "wrong", &pairs),
        400,
        "invalid_client",
    );
    refused(
        &idp.token_as("nobody", "wrong", &pairs),
        400,
        "invalid_client",
    );
    idp.set(
        "POST",
        "/switches",
        json!({ "pool": Idp::POOL, "invalid_client_status": 401 }),
    );
    refused(
        &idp.token_as(Idp::CLIENT, "wrong", &pairs),
        401,
        "invalid_client",
    );
}

#[test]
fn e7_basic_post_and_public_clients_1_7() {
    let idp = Idp::start();
    let url = idp.domain("/oauth2/token");
    let redeem = |code: &str, more: &[(&str, &str)]| {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", Idp::CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", Idp::CLIENT),
        ];
        pairs.extend(more);
        Browser::default().post(&url, &form(&pairs))
    };
    let secret = [("client_secret", idp.secret())];
    assert_eq!(redeem(&fresh_code(&idp), &secret).status, 200);
    refused(&redeem(&fresh_code(&idp), &[]), 400, "invalid_client");
    idp.client(json!({ "secret": null }));
    assert_eq!(redeem(&fresh_code(&idp), &[]).status, 200);
    refused(&redeem(&fresh_code(&idp), &secret), 400, "invalid_client");
}

#[test]
fn e7_two_live_secrets_while_one_is_rotated_1_7() {
    let idp = Idp::start();
    idp.client(json!({ "secrets": ["old", "new"] }));
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", "junk")];
    for secret in ["old", "new"] {
        refused(
            &idp.token_as(Idp::CLIENT, secret, &pairs),
            400,
            "invalid_grant",
        );
    }
    refused(
        &idp.token_as(Idp::CLIENT, "other", &pairs),
        400,
        "invalid_client",
    );
}

#[test]
fn e7_an_attribute_the_client_may_not_read_is_invalid_grant_1_7() {
    let idp = Idp::start();
    idp.client(json!({ "readable": ["email", "name"] }));
    refused(&idp.redeem(&fresh_code(&idp)), 400, "invalid_grant");
}

#[test]
fn e7_post_of_a_form_only() {
    let idp = Idp::start();
    let url = idp.domain("/oauth2/token");
    assert_eq!(Browser::default().get(&url).status, 405);
    let json = ("content-type", "application/json");
    let body = json!({ "grant_type": "refresh_token" }).to_string();
    let response = Browser::default().send("POST", &url, &[json], Some(&body));
    refused(&response, 400, "invalid_request");
}

#[test]
fn e7_client_credentials_give_an_access_token_and_nothing_else_1_7() {
    let idp = Idp::start();
    idp.set(
        "POST",
        "/clients",
        json!({ "pool": Idp::POOL, "client_id": "machine", "secret": "s3cret",
                "flows": ["client_credentials"], "scopes": ["api/read", "api/write"] }),
    );
    let ask = |scope: &str| {
        let pairs = [("grant_type", "client_credentials"), ("scope", scope)];
        idp.token_as("machine", "s3cret", &pairs)
    };
    let body = ask("api/read").json();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["access_token", "expires_in", "token_type"]);
    let claims = idp.claims(&body["access_token"]);
    assert_eq!(claims["scope"], "api/read");
    assert_eq!(claims["sub"], "machine");
    assert_eq!(claims["client_id"], "machine");
    assert!(claims.get("username").is_none());
    assert_eq!(ask("api/delete").json()["error"], "invalid_scope");
}
