use serde_json::{Value, json};

use crate::support::{Browser, Idp, base64url, form, query_of, url};

const REDIRECT: &str = "http://localhost:9999/cb";

/// An app of its own, as a relying party without Cognito would have.
fn app(idp: &Idp) {
    idp.set(
        "POST",
        "/entra/apps",
        json!({ "client_id": "app", "secrets": ["a~b c"], "redirect_uris": [REDIRECT] }),
    );
}

fn base(idp: &Idp) -> String {
    idp.at("entra_issuer").trim_end_matches("/v2.0").to_owned()
}

fn authorize(idp: &Idp, changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid profile email"),
        ("state", "st"),
        ("nonce", "no"),
    ];
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    url(&format!("{}/oauth2/v2.0/authorize", base(idp)), &pairs)
}

fn sign_in(idp: &Idp, browser: &mut Browser, slug: &str) -> String {
    let answer = browser.post(&authorize(idp, &[]), &form(&[("user", slug)]));
    query_of(answer.location())[0].1.clone()
}

fn redeem(idp: &Idp, pairs: &[(&str, &str)]) -> crate::support::Response {
    let mut all = vec![
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT),
    ];
    all.extend(pairs);
    Browser::default().post(&format!("{}/oauth2/v2.0/token", base(idp)), &form(&all))
}

fn claims(response: &Value) -> Value {
    let token = response["id_token"].as_str().unwrap();
    serde_json::from_str(&base64url(token.split('.').nth(1).unwrap())).unwrap()
}

#[test]
fn e15_discovery_of_the_tenant_and_of_common_4() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    let tenant = browser
        .get(&format!(
            "{}/.well-known/openid-configuration",
            idp.at("entra_issuer")
        ))
        .json();
    assert_eq!(tenant["issuer"], idp.at("entra_issuer"));
    assert_eq!(
        tenant["token_endpoint_auth_methods_supported"],
        json!([
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic"
        ])
    );
    assert!(
        tenant["end_session_endpoint"]
            .as_str()
            .unwrap()
            .ends_with("/oauth2/v2.0/logout")
    );
    let common = format!(
        "{}/common/v2.0/.well-known/openid-configuration",
        idp.at("entra")
    );
    let common = browser.get(&common).json();
    assert_eq!(
        common["issuer"],
        format!("{}/{{tenantid}}/v2.0", idp.at("entra"))
    );
    let other = format!(
        "{}/other/v2.0/.well-known/openid-configuration",
        idp.at("entra")
    );
    assert_eq!(browser.get(&other).status, 404);
}

#[test]
fn e15_keys_have_no_alg_but_an_issuer_4() {
    let idp = Idp::start();
    let keys = Browser::default().get(&format!("{}/discovery/v2.0/keys", base(&idp)));
    let key = &keys.json()["keys"][0];
    assert!(key.get("alg").is_none());
    assert_eq!(key["issuer"], idp.at("entra_issuer"));
    assert_eq!(key["kty"], "RSA");
}

#[test]
fn e15_the_picker_has_a_button_per_person() {
    let idp = Idp::start();
    app(&idp);
    let page = Browser::default().get(&authorize(&idp, &[]));
    assert_eq!(page.status, 200);
    for slug in [
        "nadia-berg",
        "no-groups",
        "many-groups",
        "too-many-groups",
        "overage",
        "guest",
        "no-mail",
    ] {
        assert!(page.body.contains(&format!("id=\"user-{slug}\"")), "{slug}");
    }
}

#[test]
fn e15_session_prompt_and_login_hint_3_6() {
    let idp = Idp::start();
    app(&idp);
    let mut browser = Browser::default();
    let nobody = browser.get(&authorize(&idp, &[("prompt", "none")]));
    assert_eq!(query_of(nobody.location())[0].1, "login_required");
    sign_in(&idp, &mut browser, "nadia-berg");
    for (changes, status) in [
        (&[][..], 302),
        (&[("prompt", "none")], 302),
        (&[("login_hint", "nadia.berg@example.com")], 302),
        (&[("login_hint", "someone.else@example.com")], 200),
        (&[("prompt", "login")], 200),
        (&[("prompt", "select_account")], 200),
        (&[("prompt", "consent")], 200),
    ] {
        let answer = browser.get(&authorize(&idp, changes));
        assert_eq!(answer.status, status, "{changes:?}");
    }
    let hinted = [("prompt", "login"), ("login_hint", "maja.many@example.com")];
    let page = browser.get(&authorize(&idp, &hinted));
    let at = |slug: &str| page.body.find(&format!("user-{slug}")).unwrap();
    assert!(
        at("many-groups") < at("nadia-berg"),
        "the hinted person comes first"
    );
}

#[test]
fn e15_unknown_app_or_redirect_stays_on_a_page() {
    let idp = Idp::start();
    app(&idp);
    for changes in [
        [("client_id", "nobody")],
        [("redirect_uri", "http://localhost:9999/other")],
        [("redirect_uri", "https://evil.example/cb")],
    ] {
        let answer = Browser::default().get(&authorize(&idp, &changes));
        assert_eq!(answer.status, 400, "{changes:?}");
        assert!(answer.body.contains("AADSTS"));
    }
    let port = [("redirect_uri", "http://localhost:1234/cb")];
    let answer = Browser::default().get(&authorize(&idp, &port));
    assert_eq!(
        answer.status, 200,
        "the port of localhost does not count (3.1)"
    );
}

#[test]
fn e15_claims_of_the_id_token_3_2() {
    let idp = Idp::start();
    app(&idp);
    let secret = [("client_id", "app"), ("client_secret", "a~b c")];
    let of = |slug: &str| {
        let code = sign_in(&idp, &mut Browser::default(), slug);
        let mut pairs = vec![("code", code.as_str())];
        pairs.extend(secret);
        claims(&redeem(&idp, &pairs).json())
    };
    let nadia = of("nadia-berg");
    assert_eq!(nadia["iss"], idp.at("entra_issuer"));
    assert_eq!(
        (&nadia["aud"], &nadia["ver"]),
        (&json!("app"), &json!("2.0"))
    );
    assert_eq!(nadia["nonce"], "no");
    assert_eq!(nadia["groups"].as_array().unwrap().len(), 5);
    assert!(nadia["oid"].is_string() && nadia["tid"].is_string());
    for absent in ["email_verified", "at_hash", "auth_time"] {
        assert!(nadia.get(absent).is_none(), "{absent}");
    }
    assert!(of("no-groups").get("groups").is_none());
    assert!(of("no-mail").get("email").is_none());
    let guest = of("guest");
    assert!(guest["upn"].as_str().unwrap().contains("#EXT#"));
    assert!(guest["idp"].is_string());
}

#[test]
fn e15_sub_is_pairwise_3_2() {
    let idp = Idp::start();
    app(&idp);
    let code = sign_in(&idp, &mut Browser::default(), "nadia-berg");
    let pairs = [
        ("code", code.as_str()),
        ("client_id", "app"),
        ("client_secret", "a~b c"),
    ];
    let direct = claims(&redeem(&idp, &pairs).json());
    let tokens = idp.federated_tokens_of("nadia-berg", &[]);
    let through = idp.claims(&tokens["id_token"]);
    assert_ne!(direct["sub"], through["identities"][0]["userId"]);
    assert_eq!(direct["oid"], through["custom:entra_oid"]);
}

#[test]
fn e15_token_endpoint_takes_post_and_basic_and_a_code_once() {
    use base64::Engine;
    let idp = Idp::start();
    app(&idp);
    let mut browser = Browser::default();
    let code = sign_in(&idp, &mut browser, "nadia-berg");
    let wrong = [
        ("code", code.as_str()),
        ("client_id", "app"),
        ("client_secret", "no"),
    ];
    let refused = redeem(&idp, &wrong);
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (401, &json!("invalid_client"))
    );
    // RFC 6749 2.3.1: both halves form-encoded.
    let basic = base64::engine::general_purpose::STANDARD.encode("app:a~b%20c");
    let body = form(&[
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT),
        ("code", &code),
    ]);
    let mut post = || {
        browser.send(
            "POST",
            &format!("{}/oauth2/v2.0/token", base(&idp)),
            &[
                ("content-type", "application/x-www-form-urlencoded"),
                ("authorization", &format!("Basic {basic}")),
            ],
            Some(&body),
        )
    };
    assert_eq!(post().status, 200);
    assert_eq!(post().json()["error"], "invalid_grant");
}

#[test]
fn e15_userinfo_has_six_fields_and_no_more_3_2() {
    let idp = Idp::start();
    app(&idp);
    let code = sign_in(&idp, &mut Browser::default(), "nadia-berg");
    let pairs = [
        ("code", code.as_str()),
        ("client_id", "app"),
        ("client_secret", "a~b c"),
    ];
    let token = redeem(&idp, &pairs).json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let url = format!("{}/oidc/userinfo", idp.at("entra"));
    for method in ["GET", "POST"] {
        let bearer = format!("Bearer {token}");
        let response = Browser::default().send(method, &url, &[("authorization", &bearer)], None);
        let body = response.json();
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(
            names,
            [
                "email",
                "family_name",
                "given_name",
                "name",
                "picture",
                "sub"
            ]
        );
    }
    assert_eq!(Browser::default().get(&url).status, 401);
}

#[test]
fn e15_logout_goes_to_registered_redirect_uris_only_3_7() {
    let idp = Idp::start();
    app(&idp);
    let logout = |browser: &mut Browser, target: &str| {
        let pairs = [("post_logout_redirect_uri", target)];
        browser.get(&url(&format!("{}/oauth2/v2.0/logout", base(&idp)), &pairs))
    };
    for (target, status) in [
        (REDIRECT, 302),
        (Idp::SIGNED_OUT, 302),
        ("https://evil.example/", 200),
    ] {
        let mut browser = Browser::default();
        sign_in(&idp, &mut browser, "nadia-berg");
        assert_eq!(logout(&mut browser, target).status, status, "{target}");
        let answer = browser.get(&authorize(&idp, &[]));
        assert_eq!(answer.status, 200, "the picker again: the session is over");
    }
}
