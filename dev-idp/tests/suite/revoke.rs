use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Browser, Idp, Response, form};

fn revoke(idp: &Idp, id: &str, secret: &str, pairs: &[(&str, &str)]) -> Response {
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    Browser::default().send(
        "POST",
        &idp.domain("/oauth2/revoke"),
        &[
            ("content-type", "application/x-www-form-urlencoded"),
            ("authorization", &basic),
        ],
        Some(&form(pairs)),
    )
}

#[test]
fn e12_ends_the_grant_and_nothing_else_1_9() {
    let idp = Idp::start();
    let ended = idp.tokens_of(Idp::KIRSTEN, &[]);
    let other = idp.tokens_of(Idp::KIRSTEN, &[]);
    let token = ended["refresh_token"].as_str().unwrap();
    for _ in 0..2 {
        let response = revoke(&idp, Idp::CLIENT, idp.secret(), &[("token", token)]);
        assert_eq!((response.status, response.body.as_str()), (200, ""));
    }
    assert_eq!(idp.refresh(token).json()["error"], "invalid_grant");
    let access = |tokens: &serde_json::Value| tokens["access_token"].as_str().unwrap().to_owned();
    assert_eq!(idp.userinfo(&access(&ended)).status, 401);
    // The signature alone does not tell.
    assert!(idp.verify(Idp::POOL, &access(&ended)).is_ok());
    assert_eq!(idp.userinfo(&access(&other)).status, 200);
    assert_eq!(
        idp.refresh(other["refresh_token"].as_str().unwrap()).status,
        200
    );
}

#[test]
fn e12_junk_is_a_success_1_9() {
    let idp = Idp::start();
    let response = revoke(&idp, Idp::CLIENT, idp.secret(), &[("token", "junk")]);
    assert_eq!((response.status, response.body.as_str()), (200, ""));
}

#[test]
fn e12_the_errors_of_1_9() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let access = tokens["access_token"].as_str().unwrap();
    for (secret, pairs, status, error) in [
        (idp.secret(), &[][..], 400, "invalid_request"),
        (
            idp.secret(),
            &[("token", access)],
            400,
            "unsupported_token_type",
        ),
        ("wrong", &[("token", "junk")], 401, "invalid_client"),
    ] {
        let response = revoke(&idp, Idp::CLIENT, secret, pairs);
        assert_eq!(response.status, status);
        assert_eq!(response.json()["error"], error);
    }
}

#[test]
fn e12_another_client_ends_nothing() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let token = tokens["refresh_token"].as_str().unwrap();
    let (id, secret) = (idp.at("other_client_id"), idp.at("other_client_secret"));
    assert_eq!(revoke(&idp, id, secret, &[("token", token)]).status, 200);
    assert_eq!(idp.refresh(token).status, 200);
}

#[test]
fn e12_revoking_a_rotated_token_ends_its_successors_too() {
    let idp = Idp::start();
    idp.client(serde_json::json!({ "rotation": { "on": true, "grace_seconds": 60 } }));
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let first = tokens["refresh_token"].as_str().unwrap();
    let renewed = idp.refresh(first).json();
    let second = renewed["refresh_token"].as_str().unwrap();
    revoke(&idp, Idp::CLIENT, idp.secret(), &[("token", second)]);
    for token in [first, second] {
        assert_eq!(idp.refresh(token).json()["error"], "invalid_grant");
    }
}
