use serde_json::{Value, json};

use crate::support::{Browser, Idp, Response, form, query_of};

/// `error_description` of a refusal at the callback, with `invalid_request`.
fn description(response: &Response) -> String {
    let location = response.location();
    assert!(location.starts_with(Idp::CALLBACK), "{location}");
    let query = query_of(location);
    assert_eq!(
        query.last().unwrap(),
        &("error".into(), "invalid_request".into())
    );
    query[0].1.clone()
}

fn someone(idp: &Idp, slug: &str) -> Value {
    let tokens = idp.federated_tokens_of(slug, &[]);
    idp.claims(&tokens["id_token"])
}

#[test]
fn e14_end_to_end_through_the_entra_emulator_2_3_b() {
    let idp = Idp::start();
    let tokens = idp.federated_tokens_of("nadia-berg", &[]);
    let id = idp.claims(&tokens["id_token"]);
    let automatic = format!("{}_entra", Idp::POOL);
    assert_eq!(id["cognito:groups"], json!([automatic]));
    assert_eq!(id["email"], "nadia.berg@example.com");
    assert_eq!(id["email_verified"], false, "Entra says nothing about it");
    assert_eq!(id["given_name"], "Nadia");
    assert_eq!(id["nonce"], "n0nce", "ours, not the one sent upstream");
    let groups = id["custom:entra_groups"].as_str().unwrap();
    assert!(groups.starts_with('[') && groups.ends_with(']'));
    assert_eq!(groups.matches(", ").count(), 4, "{groups}");

    let identity = &id["identities"][0];
    let user_id = identity["userId"].as_str().unwrap();
    assert_eq!(identity["providerName"], "entra");
    assert_eq!(identity["providerType"], "OIDC");
    assert_eq!(identity["issuer"], Value::Null);
    assert_eq!(identity["primary"], "true", "text");
    assert_eq!(
        identity["dateCreated"].as_str().unwrap().len(),
        13,
        "milliseconds"
    );
    let username = id["cognito:username"].as_str().unwrap();
    assert_eq!(username, format!("entra_{user_id}").to_lowercase());
    assert_ne!(
        username,
        format!("entra_{user_id}"),
        "there are capitals in it"
    );

    let access = idp.claims(&tokens["access_token"]);
    assert_eq!(access["username"], username);
    assert_eq!(access["cognito:groups"], json!([automatic]));
    assert!(access.get("custom:entra_groups").is_none() && access.get("identities").is_none());
}

#[test]
fn e14_the_request_upstream_1_11() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    let changes = [
        ("identity_provider", "entra"),
        ("login_hint", "nadia.berg@example.com"),
        ("prompt", "select_account"),
        ("domain_hint", "example.com"),
    ];
    let out = browser.get(&idp.authorize_url(&changes));
    let query = query_of(out.location());
    let value = |name: &str| {
        query
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value.as_str()))
    };
    let state = value("state").unwrap();
    assert!(state.len() > 1024, "{} characters of state", state.len());
    assert_eq!(
        value("redirect_uri"),
        Some(idp.domain("/oauth2/idpresponse").as_str())
    );
    assert_eq!(value("scope"), Some("openid profile email"));
    assert_ne!(value("nonce"), Some("n0nce"));
    assert_eq!(value("login_hint"), Some("nadia.berg@example.com"));
    assert_eq!(value("prompt"), Some("select_account"));
    assert_eq!(value("domain_hint"), None, "not passed on");
    let strict = out.set_cookie("csrf-state").unwrap();
    assert!(strict.contains("SameSite=None") && strict.contains("Secure"));
    assert!(
        !out.set_cookie("csrf-state-legacy")
            .unwrap()
            .contains("SameSite")
    );
}

#[test]
fn e14_by_identifier_and_by_the_button_of_the_login_page() {
    let idp = Idp::start();
    let entra = idp.at("entra");
    let by_identifier = idp.authorize_url(&[("idp_identifier", "example.com")]);
    let out = Browser::default().get(&by_identifier);
    assert!(out.location().starts_with(entra));
    // What the button submits: the request's own parameters and its name.
    let by_button = idp.authorize_url(&[("identity_provider", "entra")]);
    assert!(
        Browser::default()
            .get(&by_button)
            .location()
            .starts_with(entra)
    );
}

#[test]
fn e14_barest_request_still_has_a_state_over_a_kilobyte_and_gets_a_nonce_2_2() {
    let idp = Idp::start();
    let bare = [
        ("state", ""),
        ("nonce", ""),
        ("scope", "openid"),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
    ];
    let mut all = vec![("identity_provider", "entra")];
    all.extend(bare);
    let out = Browser::default().get(&idp.authorize_url(&all));
    let state = query_of(out.location()).pop().unwrap();
    assert!(state.0 == "state" && state.1.len() > 1024);
    let tokens = idp.federated_tokens_of("nadia-berg", &bare);
    let nonce = idp.claims(&tokens["id_token"])["nonce"].clone();
    assert_eq!(nonce.as_str().unwrap().len(), 43, "Cognito's own");
    let local = idp.tokens_of(Idp::KIRSTEN, &bare);
    assert!(idp.claims(&local["id_token"]).get("nonce").is_none());
}

#[test]
fn e14_a_stranger_or_a_stale_answer_ends_on_a_page_not_at_the_callback_1_5() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    let out = browser.get(&idp.authorize_url(&[("identity_provider", "entra")]));
    let back = browser.post(out.location(), &form(&[("user", "nadia-berg")]));
    let back = back.location();
    let wrong = |answer: Response| {
        answer
            .location()
            .contains("/error?error=Something+went+wrong")
    };
    assert!(wrong(Browser::default().get(back)), "another browser");
    assert!(
        wrong(browser.clone().get(&back.replace("state=", "state=AAAA"))),
        "tampered"
    );
    idp.clock(301);
    assert!(wrong(browser.clone().get(back)), "late");
    idp.clock(0);
    let answer = browser.get(back);
    assert!(answer.location().starts_with(Idp::CALLBACK));
    assert!(answer.set_cookie("csrf-state").unwrap().contains("1970"));
}

#[test]
fn e14_cancelling_at_the_provider_is_relayed_u7() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    let out = browser.get(&idp.authorize_url(&[("identity_provider", "entra")]));
    let back = browser.post(out.location(), &form(&[("cancel", "1")]));
    let answer = browser.get(back.location());
    let query = query_of(answer.location());
    assert_eq!(
        query.last().unwrap(),
        &("error".into(), "access_denied".into())
    );
    assert_eq!(query[1], ("state".into(), "st4te".into()));
}

#[test]
fn e14_arrays_flatten_in_selectable_forms_3_3_u3() {
    let idp = Idp::start();
    for (form, start, separator) in [
        ("comma-space", "[5b1c", ", "),
        ("comma", "[5b1c", ","),
        ("form", "[5b1c", ","),
        ("json", "[\"5b1c", "\",\""),
        ("bare-single", "[5b1c", ", "),
    ] {
        idp.switch("flattening", form);
        let text = someone(&idp, "nadia-berg")["custom:entra_groups"].clone();
        let text = text.as_str().unwrap();
        assert!(text.starts_with(start), "{form}: {text}");
        assert_eq!(text.matches(separator).count(), 4, "{form}: {text}");
    }
    let single = someone(&idp, "guest")["custom:entra_groups"].clone();
    assert!(single.as_str().unwrap().starts_with("5b1c"), "bare-single");
}

#[test]
fn e14_the_limit_of_2048_characters_lies_between_53_and_54_groups_3_3() {
    let idp = Idp::start();
    let text = someone(&idp, "many-groups")["custom:entra_groups"].clone();
    assert_eq!(text.as_str().unwrap().len(), 2014);
    let refused = idp.federate(&mut Browser::default(), "too-many-groups", &[]);
    let text = description(&refused);
    assert!(
        text.starts_with("Invalid user attributes: custom:entra_groups"),
        "{text}"
    );
    idp.switch("flattening", "json");
    assert!(
        description(&idp.federate(&mut Browser::default(), "many-groups", &[])).contains("2048")
    );
}

#[test]
fn e14_required_attributes_1_6() {
    let idp = Idp::start();
    let refused = idp.federate(&mut Browser::default(), "no-mail", &[]);
    assert_eq!(description(&refused), "attributes required: [email]");
    idp.set(
        "POST",
        "/switches",
        json!({ "pool": Idp::POOL, "required_attributes": ["nickname", "email"] }),
    );
    let refused = idp.federate(&mut Browser::default(), "nadia-berg", &[]);
    assert_eq!(description(&refused), "attributes required: [nickname]");
}

#[test]
fn e14_an_immutable_attribute_fails_the_second_login_with_newline_and_space_1_6() {
    let idp = Idp::start();
    idp.set(
        "POST",
        "/switches",
        json!({ "pool": Idp::POOL, "immutable_attributes": ["email"] }),
    );
    let first = someone(&idp, "nadia-berg");
    someone(&idp, "nadia-berg");
    let path = format!(
        "/users/{}/{}",
        Idp::POOL,
        first["cognito:username"].as_str().unwrap()
    );
    idp.set(
        "PATCH",
        &path,
        json!({ "attributes": { "email": "old@example.com" } }),
    );
    let refused = idp.federate(&mut Browser::default(), "nadia-berg", &[]);
    assert_eq!(
        description(&refused),
        "Invalid user attributes: email: Attribute cannot be updated.\n "
    );
}

#[test]
fn e14_what_the_client_may_not_write_is_skipped_in_silence_3_3() {
    let idp = Idp::start();
    idp.client(json!({ "writable": ["email", "name"] }));
    let claims = someone(&idp, "nadia-berg");
    assert!(claims.get("custom:entra_groups").is_none());
    assert!(claims.get("given_name").is_none());
    assert_eq!(claims["name"], "Nadia Berg");
}

#[test]
fn e14_a_claim_that_stops_coming_leaves_its_old_value_3_3() {
    let idp = Idp::start();
    let fresh = someone(&idp, "no-groups");
    assert!(fresh.get("custom:entra_groups").is_none(), "never had any");
    let path = format!(
        "/users/{}/{}",
        Idp::POOL,
        fresh["cognito:username"].as_str().unwrap()
    );
    idp.set(
        "PATCH",
        &path,
        json!({ "attributes": { "custom:entra_groups": "[yesterday]" } }),
    );
    let again = someone(&idp, "no-groups");
    assert_eq!(again["custom:entra_groups"], "[yesterday]");
    assert_eq!(again["sub"], fresh["sub"], "one profile");
}

#[test]
fn e14_usernames_keep_their_case_in_a_case_sensitive_pool_3_4() {
    let idp = Idp::start();
    idp.set(
        "POST",
        "/switches",
        json!({ "pool": Idp::POOL, "lower_case_usernames": false }),
    );
    let claims = someone(&idp, "nadia-berg");
    let user_id = claims["identities"][0]["userId"].as_str().unwrap();
    assert_eq!(claims["cognito:username"], format!("entra_{user_id}"));
}

#[test]
fn e14_a_disabled_profile_is_refused_1_6() {
    let idp = Idp::start();
    let claims = someone(&idp, "nadia-berg");
    let path = format!(
        "/users/{}/{}",
        Idp::POOL,
        claims["cognito:username"].as_str().unwrap()
    );
    idp.set("PATCH", &path, json!({ "disabled": true }));
    let refused = idp.federate(&mut Browser::default(), "nadia-berg", &[]);
    assert_eq!(description(&refused), "User is not enabled");
}

#[test]
fn e14_a_linked_profile_is_the_local_one_without_the_automatic_group_3_4() {
    let idp = Idp::start();
    let user_id = someone(&idp, "guest")["identities"][0]["userId"].clone();
    let path = format!("/users/{}/{}", Idp::POOL, Idp::KIRSTEN.0);
    idp.set(
        "PATCH",
        &path,
        json!({ "links": [{ "provider": "entra", "user_id": user_id }] }),
    );
    let claims = someone(&idp, "guest");
    assert_eq!(claims["sub"], "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d");
    assert_eq!(claims["cognito:username"], claims["sub"]);
    assert_eq!(
        claims["cognito:groups"],
        json!(["Editors", "Brand-Nordics"])
    );
    assert_eq!(claims["identities"][0]["primary"], "false");
}

#[test]
fn e14_upstream_trouble_in_the_words_of_1_6() {
    let idp = Idp::start();
    for (endpoint, expected) in [
        (
            "entra:token",
            "Bad token response: HTTP/1.1 503 Service Unavailable, entity: ",
        ),
        ("entra:jwks", "jwks is not JSON"),
        ("entra:userinfo", "userinfo response is not JSON"),
    ] {
        let fault = json!({ "endpoint": endpoint, "kind": "status", "status": 503 });
        idp.set("POST", "/faults", fault);
        let refused = idp.federate(&mut Browser::default(), "nadia-berg", &[]);
        assert_eq!(description(&refused), expected);
    }
    someone(&idp, "nadia-berg");
}

#[test]
fn e14_a_wrong_upstream_issuer_or_address_1_6() {
    let idp = Idp::start();
    let entra = idp.at("entra_issuer");
    let base = entra.trim_end_matches("/v2.0");
    let provider = |issuer: &str, token: &str| {
        json!({ "pool": Idp::POOL, "provider": {
            "name": "entra", "issuer": issuer,
            "endpoints": {
                "authorization": format!("{base}/oauth2/v2.0/authorize"),
                "token": token,
                "userinfo": format!("{}/oidc/userinfo", idp.at("entra")),
                "jwks": format!("{base}/discovery/v2.0/keys"),
            },
            "client_id": idp.at("entra_client_id"),
            "client_secret": idp.at("entra_client_secret"),
            "scopes": "openid profile email",
            "userinfo_method": "get",
            "mapping": { "email": "email" },
        } })
    };
    let token = format!("{base}/oauth2/v2.0/token");
    idp.set("POST", "/providers", provider(&format!("{entra}/"), &token));
    let refused = idp.federate(&mut Browser::default(), "nadia-berg", &[]);
    assert_eq!(
        description(&refused),
        format!("Bad id_token issuer {entra}")
    );
    idp.set(
        "POST",
        "/providers",
        provider(entra, "http://127.0.0.1:1/token"),
    );
    let refused = idp.federate(&mut Browser::default(), "nadia-berg", &[]);
    assert_eq!(description(&refused), "Connection reset");
    idp.set("POST", "/providers", provider(entra, &token));
    let claims = someone(&idp, "nadia-berg");
    assert!(claims.get("name").is_none(), "only email is mapped now");
}
