use serde_json::{Value, json};

use crate::support::{Browser, Idp};

fn discovery(issuer: &str) -> Value {
    let url = format!("{issuer}/.well-known/openid-configuration");
    let response = Browser::default().get(&url);
    assert_eq!(response.status, 200);
    response.json()
}

#[test]
fn e1_two_origins_that_do_not_serve_each_others_paths() {
    let idp = Idp::start();
    let pool = Idp::POOL;
    assert_ne!(idp.at("issuer_host"), idp.at("domain"));
    let mut browser = Browser::default();
    for path in [".well-known/openid-configuration", ".well-known/jwks.json"] {
        let url = idp.domain(&format!("/{pool}/{path}"));
        assert_eq!(browser.get(&url).status, 404, "{url}");
    }
    let url = format!("{}/oauth2/authorize", idp.at("issuer_host"));
    assert_eq!(browser.get(&url).status, 404);
}

#[test]
fn e1_several_pools_with_keys_of_their_own() {
    let idp = Idp::start();
    let upstream = idp.at("upstream_pool").to_owned();
    assert_eq!(
        discovery(idp.at("upstream_issuer"))["issuer"],
        idp.at("upstream_issuer")
    );
    let kids = |pool: &str| -> Vec<String> {
        let set = idp.jwks(pool);
        set.keys
            .iter()
            .map(|key| key.common.key_id.clone().unwrap())
            .collect()
    };
    assert!(
        kids(Idp::POOL)
            .iter()
            .all(|kid| !kids(&upstream).contains(kid))
    );
}

#[test]
fn e1_updated_issuer_is_served_beside_the_original_and_switchable_in_tokens() {
    let idp = Idp::start();
    let updated = format!("{}/issuer-cognito-idp/{}", idp.at("issuer_host"), Idp::POOL);
    assert_eq!(discovery(&updated)["issuer"], updated);
    assert_eq!(discovery(idp.at("issuer"))["issuer"], idp.at("issuer"));
    let before = idp.tokens_of(Idp::KIRSTEN, &[]);
    assert_eq!(idp.claims(&before["id_token"])["iss"], idp.at("issuer"));
    idp.switch("issuer", "updated");
    let after = idp.tokens_of(Idp::KIRSTEN, &[]);
    assert_eq!(idp.claims(&after["id_token"])["iss"], updated);
    assert_eq!(idp.claims(&after["access_token"])["iss"], updated);
}

#[test]
fn e2_discovery_has_exactly_the_twelve_fields_of_1_2() {
    let idp = Idp::start();
    let domain = idp.at("domain");
    let issuer = idp.at("issuer");
    assert_eq!(
        discovery(issuer),
        json!({
            "authorization_endpoint": format!("{domain}/oauth2/authorize"),
            "end_session_endpoint": format!("{domain}/logout"),
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "response_types_supported": ["code", "token"],
            "revocation_endpoint": format!("{domain}/oauth2/revoke"),
            "scopes_supported": ["openid", "email", "phone", "profile"],
            "subject_types_supported": ["public"],
            "token_endpoint": format!("{domain}/oauth2/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "userinfo_endpoint": format!("{domain}/oauth2/userInfo"),
        })
    );
}

#[test]
fn e2_discovery_of_a_pool_without_domain_points_at_the_issuer_and_fails_there() {
    let idp = Idp::start();
    idp.switch("discovery", "no-domain");
    let issuer = idp.at("issuer");
    let document = discovery(issuer);
    for (field, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("userinfo_endpoint", "/userInfo"),
        ("end_session_endpoint", "/logout"),
        ("revocation_endpoint", "/revoke"),
    ] {
        let url = document[field].as_str().unwrap();
        assert_eq!(url, format!("{issuer}{path}"));
        let answer = Browser::default().get(url);
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["code"], "BadRequest");
    }
}

#[test]
fn e2_discovery_of_before_2024_lacks_logout_and_revocation() {
    let idp = Idp::start();
    idp.switch("discovery", "pre-2024");
    let document = discovery(idp.at("issuer"));
    assert_eq!(document.as_object().unwrap().len(), 10);
    assert!(document.get("end_session_endpoint").is_none());
    assert!(document.get("revocation_endpoint").is_none());
}

#[test]
fn e3_two_rsa_2048_keys_with_the_six_members_and_awkward_kids() {
    let idp = Idp::start();
    let url = format!("{}/.well-known/jwks.json", idp.at("issuer"));
    let document = Browser::default().get(&url).json();
    let keys = document["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        let members: Vec<&String> = key.as_object().unwrap().keys().collect();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!((&key["alg"], &key["kty"]), (&json!("RS256"), &json!("RSA")));
        assert_eq!((&key["e"], &key["use"]), (&json!("AQAB"), &json!("sig")));
        // 2048 bits are 342 characters.
        assert_eq!(key["n"].as_str().unwrap().len(), 342);
        let kid = key["kid"].as_str().unwrap();
        assert!(kid.ends_with('=') && kid.contains(['+', '/']), "{kid}");
    }
}

#[test]
fn e3_id_and_access_token_are_signed_by_different_keys() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let kid = |name: &str| {
        jsonwebtoken::decode_header(tokens[name].as_str().unwrap())
            .unwrap()
            .kid
            .unwrap()
    };
    assert_ne!(kid("id_token"), kid("access_token"));
}

#[test]
fn e3_rotation_with_overlap_keeps_the_old_key_and_a_hard_cut_does_not() {
    let idp = Idp::start();
    let rotate = |mode: &str| {
        let body = json!({ "pool": Idp::POOL, "which": "id", "mode": mode });
        idp.set("POST", "/keys/rotate", body);
    };
    let first = idp.tokens_of(Idp::KIRSTEN, &[]);
    rotate("overlap");
    let second = idp.tokens_of(Idp::KIRSTEN, &[]);
    let verify = |tokens: &Value, name: &str| idp.verify(Idp::POOL, tokens[name].as_str().unwrap());
    assert_eq!(idp.jwks(Idp::POOL).keys.len(), 3);
    assert!(verify(&first, "id_token").is_ok());
    assert!(verify(&second, "id_token").is_ok());
    rotate("hard");
    assert_eq!(idp.jwks(Idp::POOL).keys.len(), 2);
    assert_eq!(verify(&first, "id_token").unwrap_err(), "unknown kid");
    assert_eq!(verify(&second, "id_token").unwrap_err(), "unknown kid");
    assert!(
        verify(&first, "access_token").is_ok(),
        "only the ID key moved"
    );
}

#[test]
fn e3_how_long_keys_may_be_kept_is_switchable() {
    let idp = Idp::start();
    let url = format!("{}/.well-known/jwks.json", idp.at("issuer"));
    let cache_control = || {
        Browser::default()
            .get(&url)
            .header("cache-control")
            .map(str::to_owned)
    };
    assert_eq!(cache_control().as_deref(), Some("public, max-age=86400"));
    idp.switch("jwks_cache_control", "no-cache");
    assert_eq!(cache_control().as_deref(), Some("no-cache"));
    idp.switch("jwks_cache_control", "");
    assert_eq!(cache_control(), None);
}
