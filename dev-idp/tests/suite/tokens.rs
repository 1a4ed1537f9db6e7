use serde_json::{Value, json};

use crate::support::{Idp, base64url};

fn names(claims: &Value) -> Vec<&str> {
    claims
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn e10_id_token_of_a_local_user_2_3_a() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let claims = idp.claims(&tokens["id_token"]);
    assert_eq!(
        names(&claims),
        [
            "at_hash",
            "aud",
            "auth_time",
            "cognito:groups",
            "cognito:username",
            "custom:access_right",
            "email",
            "email_verified",
            "event_id",
            "exp",
            "family_name",
            "given_name",
            "iat",
            "iss",
            "jti",
            "name",
            "nonce",
            "origin_jti",
            "sub",
            "token_use",
        ]
    );
    assert_eq!(claims["iss"], idp.at("issuer"));
    assert_eq!(claims["aud"], Idp::CLIENT);
    assert_eq!(claims["token_use"], "id");
    assert_eq!(claims["cognito:username"], claims["sub"]);
    assert_eq!(
        claims["cognito:groups"],
        json!(["Editors", "Brand-Nordics"])
    );
    assert_eq!(claims["custom:access_right"], "Local Company");
    assert_eq!(claims["email_verified"], true, "a boolean here");
    assert_eq!(claims["nonce"], "n0nce");
    let number = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(number("exp") - number("iat"), 3600);
}

#[test]
fn e10_access_token_of_a_local_user_2_3_a() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let id = idp.claims(&tokens["id_token"]);
    let access = idp.claims(&tokens["access_token"]);
    assert_eq!(
        names(&access),
        [
            "auth_time",
            "client_id",
            "cognito:groups",
            "event_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "origin_jti",
            "scope",
            "sub",
            "token_use",
            "username",
            "version",
        ]
    );
    assert_eq!(access["token_use"], "access");
    assert_eq!(access["client_id"], Idp::CLIENT);
    assert_eq!(access["version"], 2);
    for shared in ["sub", "origin_jti", "event_id", "auth_time"] {
        assert_eq!(access[shared], id[shared], "{shared}");
    }
    assert_ne!(access["jti"], id["jti"]);
    assert_ne!(
        access["scope"], "openid profile email",
        "not the request's order"
    );
}

#[test]
fn e10_header_is_kid_and_alg_and_slashes_are_escaped_1_3_2_2() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    for name in ["id_token", "access_token"] {
        let parts: Vec<&str> = tokens[name].as_str().unwrap().split('.').collect();
        let header: Value = serde_json::from_str(&base64url(parts[0])).unwrap();
        assert_eq!(names(&header), ["alg", "kid"]);
        assert_eq!(header["alg"], "RS256");
        let payload = base64url(parts[1]);
        assert!(
            payload.contains(r#""iss":"http:\/\/127.0.0.1:"#),
            "{payload}"
        );
    }
}

#[test]
fn e10_at_hash_is_the_left_half_of_the_access_tokens_hash_2_2() {
    use base64::Engine;
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let access = tokens["access_token"].as_str().unwrap();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access.as_bytes());
    let half = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]);
    assert_eq!(idp.claims(&tokens["id_token"])["at_hash"], half);
}

#[test]
fn e10_groups_are_absent_when_there_are_none_2_2() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(("unverified@example.org", "Vestibule-Demo-4"), &[]);
    for name in ["id_token", "access_token"] {
        assert!(idp.claims(&tokens[name]).get("cognito:groups").is_none());
    }
    assert_eq!(idp.claims(&tokens["id_token"])["email_verified"], false);
}

#[test]
fn e10_names_beyond_ascii_travel_as_they_are() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(("soren@example.org", "Vestibule-Demo-3"), &[]);
    assert_eq!(idp.claims(&tokens["id_token"])["name"], "Søren Łęcki");
}

#[test]
fn e10_claims_depend_on_scopes_2_4() {
    let idp = Idp::start();
    for (scope, email, profile) in [
        ("openid", true, true),
        ("openid email", true, false),
        ("openid profile", false, true),
        ("openid profile email", true, true),
    ] {
        let tokens = idp.tokens_of(Idp::KIRSTEN, &[("scope", scope)]);
        let claims = idp.claims(&tokens["id_token"]);
        for (name, expected) in [
            ("email", email),
            ("email_verified", email),
            ("given_name", profile),
            ("custom:access_right", profile),
        ] {
            assert_eq!(claims.get(name).is_some(), expected, "{scope}: {name}");
        }
        assert!(claims.get("cognito:groups").is_some(), "{scope}");
    }
}

#[test]
fn e10_a_client_sees_only_what_it_may_read_2_2() {
    let idp = Idp::start();
    idp.client(json!({ "readable": ["email", "email_verified", "name"] }));
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let claims = idp.claims(&tokens["id_token"]);
    assert!(claims.get("name").is_some());
    assert!(claims.get("given_name").is_none());
    assert!(claims.get("custom:access_right").is_none());
}

#[test]
fn e10_lifetimes_and_clock_offset_of_a_client() {
    let idp = Idp::start();
    idp.client(json!({ "lifetimes": { "id": 7, "access": 5 }, "clock_offset_seconds": -500 }));
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    assert_eq!(tokens["expires_in"], 5);
    let id = idp.claims(&tokens["id_token"]);
    let access = idp.claims(&tokens["access_token"]);
    let number = |claims: &Value, name: &str| claims[name].as_i64().unwrap();
    assert_eq!(number(&id, "exp") - number(&id, "iat"), 7);
    assert_eq!(number(&access, "exp") - number(&access, "iat"), 5);
    let other = idp.set(
        "POST",
        "/mint",
        json!({ "pool": Idp::POOL, "client_id": idp.at("other_client_id"), "token_use": "id" }),
    );
    let behind = number(&idp.claims(&other["token"]), "iat") - number(&id, "iat");
    assert!((499..=502).contains(&behind), "{behind}");
}

#[test]
fn e10_pre_token_trigger_v1_2_5() {
    let idp = Idp::start();
    idp.client(json!({ "pre_token": {
        "version": "V1",
        "id_token": { "add": { "groups": "[\"a\",\"b\"]", "sub": "forged" }, "suppress": ["name", "aud"] },
        "groups": ["Overridden"],
    } }));
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let id = idp.claims(&tokens["id_token"]);
    assert_eq!(id["groups"], "[\"a\",\"b\"]");
    assert_ne!(id["sub"], "forged", "cannot be changed");
    assert_eq!(id["aud"], Idp::CLIENT, "cannot be suppressed");
    assert!(id.get("name").is_none());
    let access = idp.claims(&tokens["access_token"]);
    assert_eq!(id["cognito:groups"], json!(["Overridden"]));
    assert_eq!(access["cognito:groups"], json!(["Overridden"]));
}

#[test]
fn e10_pre_token_trigger_v1_takes_text_only_and_v2_anything_2_5() {
    let idp = Idp::start();
    let path = format!("/clients/{}", Idp::CLIENT);
    let of = |version: &str| {
        json!({ "pre_token": {
            "version": version,
            "id_token": { "add": { "groups": ["a", "b"] } },
            "access_token": { "add": { "tenant": { "id": 7 } } },
            "add_scopes": ["api/read"],
        } })
    };
    assert_eq!(idp.admin("PATCH", &path, of("V1")).status, 400);
    idp.client(of("V2"));
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    assert_eq!(idp.claims(&tokens["id_token"])["groups"], json!(["a", "b"]));
    let access = idp.claims(&tokens["access_token"]);
    assert_eq!(access["tenant"], json!({ "id": 7 }));
    assert!(access["scope"].as_str().unwrap().contains("api/read"));
}

#[test]
fn e10_a_failing_trigger_fails_the_login_2_5() {
    let idp = Idp::start();
    idp.client(json!({ "pre_token": { "fail": "boom" } }));
    let answer = idp.sign_in(&mut crate::support::Browser::default(), Idp::KIRSTEN, &[]);
    assert_eq!(
        answer.location(),
        format!(
            "{}?error_description=PreTokenGeneration+failed+with+error+boom.&state=st4te&error=invalid_request",
            Idp::CALLBACK
        )
    );
}
