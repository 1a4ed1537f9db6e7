use serde_json::{Value, json};

use crate::support::{Browser, Idp, Response};

const INVALID_TOKEN: &str = "error=\"invalid_token\", error_description=\"Access token is expired, disabled, or deleted, or the user has globally signed out.\"";
const INVALID_REQUEST: &str =
    "error=\"invalid_request\", error_description=\"Bad OAuth2 request at UserInfo Endpoint\"";

fn refused(response: &Response, status: u16, challenge: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.header("www-authenticate"), Some(challenge));
    assert!(response.header("x-amz-cognito-request-id").is_some());
}

#[test]
fn e11_all_values_are_text_and_there_are_no_groups_1_8() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let response = idp.userinfo(tokens["access_token"].as_str().unwrap());
    assert_eq!(response.status, 200);
    assert!(
        response
            .header("cache-control")
            .unwrap()
            .contains("no-store")
    );
    let sub = "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d";
    assert_eq!(
        response.json(),
        json!({
            "sub": sub,
            "username": sub,
            "email": "kirsten.holm@example.org",
            "email_verified": "true",
            "given_name": "Kirsten",
            "family_name": "Holm",
            "name": "Kirsten Holm",
            "custom:access_right": "Local Company",
        })
    );
}

#[test]
fn e11_scopes_decide_1_8() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[("scope", "openid email")]);
    let body = idp
        .userinfo(tokens["access_token"].as_str().unwrap())
        .json();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["email", "email_verified", "sub", "username"]);
}

#[test]
fn e11_identities_are_one_json_text_with_real_types_2_2() {
    let idp = Idp::start();
    let tokens = idp.federated_tokens_of("nadia-berg", &[]);
    let body = idp
        .userinfo(tokens["access_token"].as_str().unwrap())
        .json();
    let identities: Value = serde_json::from_str(body["identities"].as_str().unwrap()).unwrap();
    assert_eq!(identities[0]["primary"], true);
    assert!(identities[0]["dateCreated"].is_i64());
    assert_eq!(body["email_verified"], "false");
}

#[test]
fn e11_bad_requests_and_bad_tokens_have_no_scheme_word_1_8() {
    let idp = Idp::start();
    let url = idp.domain("/oauth2/userInfo");
    refused(&Browser::default().get(&url), 400, INVALID_REQUEST);
    refused(&idp.userinfo("junk"), 401, INVALID_TOKEN);
    assert_eq!(Browser::default().post(&url, "").status, 405, "GET only");
}

#[test]
fn e11_rejects_forged_and_foreign_tokens() {
    let idp = Idp::start();
    let mint = |changes: Value| {
        let mut order =
            json!({ "pool": Idp::POOL, "client_id": Idp::CLIENT, "token_use": "access" });
        for (name, value) in changes.as_object().unwrap() {
            order[name] = value.clone();
        }
        let token = idp.set("POST", "/mint", order)["token"].clone();
        idp.userinfo(token.as_str().unwrap())
    };
    assert_eq!(mint(json!({})).status, 200, "an honest one passes");
    for changes in [
        json!({ "key": "foreign" }),
        json!({ "key": "none" }),
        json!({ "key": "hs256-public" }),
        json!({ "token_use": "id" }),
        json!({ "claims": { "exp": 1 } }),
        json!({ "claims": { "exp": null } }),
        json!({ "claims": { "iss": "https://elsewhere" } }),
        json!({ "claims": { "scope": "profile" } }),
        json!({ "claims": { "username": "nobody" } }),
        json!({ "header": { "kid": "unknown" } }),
        json!({ "header": { "kid": null } }),
    ] {
        refused(&mint(changes), 401, INVALID_TOKEN);
    }
}

#[test]
fn e11_rejects_tokens_without_openid_expired_ones_and_disabled_people() {
    let idp = Idp::start();
    idp.client(json!({ "scopes": ["openid", "api/read"] }));
    let scoped = idp.tokens_of(Idp::KIRSTEN, &[("scope", "api/read")]);
    refused(
        &idp.userinfo(scoped["access_token"].as_str().unwrap()),
        401,
        INVALID_TOKEN,
    );
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[("scope", "openid")]);
    let access = tokens["access_token"].as_str().unwrap();
    idp.clock(3601);
    refused(&idp.userinfo(access), 401, INVALID_TOKEN);
    idp.clock(0);
    assert_eq!(idp.userinfo(access).status, 200);
    let path = format!("/users/{}/{}", Idp::POOL, Idp::KIRSTEN.0);
    idp.set("PATCH", &path, json!({ "disabled": true }));
    refused(&idp.userinfo(access), 401, INVALID_TOKEN);
}
