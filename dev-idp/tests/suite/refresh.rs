use serde_json::{Value, json};

use crate::support::{Browser, Idp};

fn refresh_token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().expect("a refresh token")
}

fn rotate(idp: &Idp, grace: i64) {
    idp.client(json!({ "rotation": { "on": true, "grace_seconds": grace } }));
}

#[test]
fn e9_the_refresh_token_is_five_opaque_parts_of_1_7_kb_2_7() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let token = refresh_token(&tokens);
    assert_eq!(token.split('.').count(), 5);
    assert!((1680..=1740).contains(&token.len()), "{}", token.len());
}

#[test]
fn e8_without_rotation_no_refresh_token_comes_back_and_the_old_one_stays_good_1_7() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    for _ in 0..3 {
        let body = idp.refresh(refresh_token(&tokens)).json();
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(
            names,
            ["access_token", "expires_in", "id_token", "token_type"]
        );
    }
}

#[test]
fn e8_refresh_keeps_login_time_and_origin_and_renews_the_rest_2_6() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let before = idp.claims(&tokens["id_token"]);
    idp.clock(100);
    let after = idp.refresh(refresh_token(&tokens)).json();
    let after = idp.claims(&after["id_token"]);
    for kept in [
        "sub",
        "aud",
        "iss",
        "auth_time",
        "origin_jti",
        "cognito:username",
    ] {
        assert_eq!(before[kept], after[kept], "{kept}");
    }
    for renewed in ["iat", "exp", "jti", "event_id"] {
        assert_ne!(before[renewed], after[renewed], "{renewed}");
    }
}

#[test]
fn e8_groups_and_attributes_are_read_again_from_the_pool_2_6() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let path = format!("/users/{}/{}", Idp::POOL, Idp::KIRSTEN.0);
    let change = json!({ "groups": ["Admins"], "attributes": { "custom:access_right": null } });
    idp.set("PATCH", &path, change);
    let after = idp.refresh(refresh_token(&tokens)).json();
    let after = idp.claims(&after["id_token"]);
    assert_eq!(after["cognito:groups"], json!(["Admins"]));
    assert!(after.get("custom:access_right").is_none());
}

#[test]
fn e8_nonce_and_at_hash_on_refresh_by_knob_u2() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let renew = || idp.claims(&idp.refresh(refresh_token(&tokens)).json()["id_token"]);
    let plain = renew();
    assert!(plain.get("nonce").is_none() && plain.get("at_hash").is_none());
    idp.client(json!({ "keep_nonce_on_refresh": true, "keep_at_hash_on_refresh": true }));
    let kept = renew();
    assert_eq!(kept["nonce"], "n0nce");
    assert_eq!(kept["at_hash"].as_str().unwrap().len(), 22);
}

#[test]
fn e8_rotation_gives_a_new_token_and_a_grace_period_for_the_old_1_7() {
    let idp = Idp::start();
    rotate(&idp, 10);
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let first = refresh_token(&tokens);
    let body = idp.refresh(first).json();
    let second = refresh_token(&body);
    assert_ne!(first, second);
    idp.clock(8);
    assert_eq!(idp.refresh(first).status, 200, "a loser of the race");
    idp.clock(11);
    let late = idp.refresh(first);
    assert_eq!(
        late.json()["error"],
        "invalid_grant",
        "a second use prolongs nothing"
    );
    assert_eq!(idp.refresh(second).status, 200);
}

#[test]
fn e8_rotation_without_grace_ends_the_old_token_at_once_1_7() {
    let idp = Idp::start();
    rotate(&idp, 0);
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let first = refresh_token(&tokens);
    let body = idp.refresh(first).json();
    assert_eq!(idp.refresh(first).json()["error"], "invalid_grant");
    assert_eq!(
        idp.refresh(refresh_token(&body)).status,
        200,
        "the new one lives on"
    );
}

#[test]
fn e8_grace_is_sixty_seconds_at_most_1_7() {
    let idp = Idp::start();
    for (grace, status) in [(0, 200), (60, 200), (61, 400), (-1, 400)] {
        let body = json!({ "rotation": { "on": true, "grace_seconds": grace } });
        let response = idp.admin("PATCH", &format!("/clients/{}", Idp::CLIENT), body);
        assert_eq!(response.status, status, "{grace}");
    }
}

#[test]
fn e8_a_rotated_token_inherits_the_remaining_life_1_7() {
    let idp = Idp::start();
    rotate(&idp, 0);
    idp.client(json!({ "lifetimes": { "refresh": 1000 } }));
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    idp.clock(900);
    let body = idp.refresh(refresh_token(&tokens)).json();
    idp.clock(1001);
    let late = idp.refresh(refresh_token(&body));
    assert_eq!(late.json()["error"], "invalid_grant");
}

#[test]
fn e8_a_refresh_token_is_bound_to_client_and_person() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token(&tokens)),
    ];
    let other = idp.token_as(
        idp.at("other_client_id"),
        idp.at("other_client_secret"),
        &pairs,
    );
    assert_eq!(other.json()["error"], "invalid_grant");
    let path = format!("/users/{}/{}", Idp::POOL, Idp::KIRSTEN.0);
    idp.set("PATCH", &path, json!({ "disabled": true }));
    assert_eq!(idp.token(&pairs).json()["error"], "invalid_grant");
}

#[test]
fn e8_refresh_does_not_ask_the_upstream_provider_1_7() {
    let idp = Idp::start();
    let tokens = idp.federated_tokens_of("nadia-berg", &[]);
    idp.set("POST", "/counters/reset", Value::Null);
    assert_eq!(idp.refresh(refresh_token(&tokens)).status, 200);
    let counters = Browser::default()
        .get(&format!("{}/counters", idp.at("admin")))
        .json();
    assert_eq!(counters, json!({ "domain:token": 1 }));
}
