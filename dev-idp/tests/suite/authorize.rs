use serde_json::json;

use crate::support::{Browser, Idp, Response, query_of};

fn ask(idp: &Idp, changes: &[(&str, &str)]) -> Response {
    Browser::default().get(&idp.authorize_url(changes))
}

/// The error page's parameter of a refusal that stays at the domain (1.6).
fn page_error(idp: &Idp, response: &Response) -> String {
    let location = response.location();
    assert_eq!(response.status, 302);
    assert!(location.starts_with(&idp.domain("/error?")), "{location}");
    let page = Browser::default().get(location);
    assert_eq!(page.status, 400, "the page itself is a 400");
    query_of(location)[0].1.clone()
}

/// The query of a refusal at the callback (1.6), which must be in order.
fn callback_error(response: &Response) -> Vec<(String, String)> {
    let location = response.location();
    assert!(location.starts_with(Idp::CALLBACK), "{location}");
    query_of(location)
}

#[test]
fn e4_redirect_uri_is_compared_byte_for_byte_1_4() {
    let idp = Idp::start();
    for uri in [
        "http://localhost:8080/_vestibule/callback/",
        "http://localhost:8081/_vestibule/callback",
        "http://localhost/_vestibule/callback",
        "http://LOCALHOST:8080/_vestibule/callback",
        "http://localhost:8080/_vestibule/Callback",
        "http://localhost:8080/_vestibule/callback?x=1",
        "https://localhost:8080/_vestibule/callback",
        "https://wiki.example.com:443/_vestibule/callback",
        "//wiki.example.com/_vestibule/callback",
    ] {
        let response = ask(&idp, &[("redirect_uri", uri)]);
        assert_eq!(page_error(&idp, &response), "redirect_mismatch", "{uri}");
        let query = query_of(response.location());
        assert_eq!(query[1], ("client_id".into(), Idp::CLIENT.into()));
    }
    let exact = "https://wiki.example.com/_vestibule/callback";
    let response = ask(&idp, &[("redirect_uri", exact)]);
    assert!(response.location().starts_with(&idp.domain("/login?")));
}

#[test]
fn e4_mistakes_that_stay_on_a_page_1_6() {
    let idp = Idp::start();
    let missing = "Required parameters missing";
    let option = "Login option is not available. Please try another one";
    for (changes, error) in [
        (&[("client_id", "")][..], missing),
        (&[("client_id", "nobody")], "Client does not exist."),
        (&[("redirect_uri", "")], missing),
        (&[("identity_provider", "Entra")], option),
        (&[("identity_provider", "nowhere")], option),
        (&[("idp_identifier", "nowhere.example")], option),
    ] {
        let response = ask(&idp, changes);
        assert_eq!(page_error(&idp, &response), error, "{changes:?}");
    }
}

#[test]
fn e4_a_provider_the_client_does_not_offer_is_not_available_1_6() {
    let idp = Idp::start();
    idp.client(json!({ "providers": ["COGNITO"] }));
    let response = ask(&idp, &[("identity_provider", "entra")]);
    assert!(page_error(&idp, &response).starts_with("Login option is not available"));
}

#[test]
fn e4_mistakes_that_go_to_the_callback_1_6() {
    let idp = Idp::start();
    for (changes, error) in [
        (&[("response_type", "")][..], "invalid_request"),
        (&[("response_type", "id_token")], "invalid_request"),
        (&[("state", "{\"a\":1}")], "invalid_request"),
        (&[("resource", "/relative")], "invalid_request"),
        (&[("prompt", "none")], "login_required"),
    ] {
        let query = callback_error(&ask(&idp, changes));
        let last = query.last().unwrap();
        assert_eq!(
            (last.0.as_str(), last.1.as_str()),
            ("error", error),
            "{changes:?}"
        );
    }
}

#[test]
fn e4_error_parameters_come_in_the_observed_order_1_6() {
    let idp = Idp::start();
    let response = ask(&idp, &[("scope", "openid offline_access")]);
    assert_eq!(
        response.location(),
        format!(
            "{}?error_description=invalid_scope&state=st4te&error=invalid_request",
            Idp::CALLBACK
        )
    );
}

#[test]
fn e4_scope_failure_in_its_three_shapes_1_6_u11() {
    let idp = Idp::start();
    let wanted = [("scope", "openid groups")];
    idp.switch("scope_error", "documented");
    assert_eq!(
        ask(&idp, &wanted).location(),
        format!("{}?state=st4te&error=invalid_scope", Idp::CALLBACK)
    );
    idp.switch("scope_error", "ignored");
    let tokens = idp.tokens_of(Idp::KIRSTEN, &wanted);
    assert_eq!(idp.claims(&tokens["access_token"])["scope"], "openid");
}

#[test]
fn e4_attribute_scopes_want_openid_1_4() {
    let idp = Idp::start();
    let query = callback_error(&ask(&idp, &[("scope", "email")]));
    assert_eq!(
        query[0],
        ("error_description".into(), "invalid_scope".into())
    );
}

#[test]
fn e4_no_scope_means_all_scopes_of_the_client_1_4() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[("scope", "")]);
    let scope = idp.claims(&tokens["access_token"])["scope"].clone();
    let mut words: Vec<&str> = scope.as_str().unwrap().split(' ').collect();
    words.sort_unstable();
    assert_eq!(words, ["email", "openid", "profile"]);
}

#[test]
fn e4_pkce_is_s256_or_nothing_1_4() {
    let idp = Idp::start();
    for changes in [
        &[("code_challenge_method", "plain")][..],
        &[("code_challenge_method", "")],
        &[("code_challenge", "")],
        &[("code_challenge", "too-short")],
        &[("code_challenge_method", "s256")],
    ] {
        let query = callback_error(&ask(&idp, changes));
        let last = query.last().unwrap();
        assert_eq!(
            last,
            &("error".into(), "invalid_request".into()),
            "{changes:?}"
        );
    }
}

#[test]
fn e4_get_only_and_the_alias_without_oauth2_1_4() {
    let idp = Idp::start();
    let url = idp.authorize_url(&[]);
    assert_eq!(Browser::default().post(&url, "").status, 405);
    let alias = url.replace("/oauth2/authorize", "/authorize");
    let to_login = Browser::default().get(&alias);
    assert!(to_login.location().starts_with(&idp.domain("/login?")));
}

#[test]
fn e4_a_session_makes_a_code_in_silence_for_the_same_client_and_provider_1_12() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    idp.sign_in(&mut browser, Idp::KIRSTEN, &[]);
    let silent = browser.get(&idp.authorize_url(&[("state", "again")]));
    assert!(silent.location().starts_with(Idp::CALLBACK), "{silent:?}");
    let named = browser.get(&idp.authorize_url(&[("identity_provider", "COGNITO")]));
    assert!(named.location().starts_with(Idp::CALLBACK));
    let other_provider = browser.get(&idp.authorize_url(&[("identity_provider", "entra")]));
    assert!(other_provider.location().starts_with(idp.at("entra")));
    let other_client = idp.authorize_url(&[("client_id", idp.at("other_client_id"))]);
    assert!(browser.get(&other_client).location().contains("/login?"));
}

#[test]
fn e5_the_session_ends_after_an_hour_however_it_is_used_1_12() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    idp.sign_in(&mut browser, Idp::KIRSTEN, &[]);
    for (offset, silent) in [(1800, true), (3500, true), (3600, false)] {
        idp.clock(offset);
        let answer = browser.get(&idp.authorize_url(&[]));
        let to_callback = answer.location().starts_with(Idp::CALLBACK);
        assert_eq!(to_callback, silent, "after {offset} s");
    }
}

#[test]
fn e4_prompt_counts_in_managed_login_only_1_4() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    idp.sign_in(&mut browser, Idp::KIRSTEN, &[]);
    let mut goes = |prompt: &str| {
        let answer = browser.get(&idp.authorize_url(&[("prompt", prompt)]));
        answer.location().split('?').next().unwrap().to_owned()
    };
    let login = idp.domain("/login");
    assert_eq!(goes("none"), Idp::CALLBACK);
    assert_eq!(goes("login"), login);
    assert_eq!(goes("login consent"), login);
    assert_eq!(goes("select_account"), Idp::CALLBACK, "no local effect");
    idp.switch("login_pages", "classic");
    assert_eq!(goes("login"), Idp::CALLBACK, "classic pages ignore prompt");
    let nobody = ask(&idp, &[("prompt", "none")]);
    assert!(nobody.location().starts_with(&login));
}

#[test]
fn e4_prompt_login_makes_a_new_session_with_a_new_auth_time() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    idp.sign_in(&mut browser, Idp::KIRSTEN, &[]);
    let cookie = browser.cookies["cognito"].clone();
    idp.clock(600);
    let silent = browser.get(&idp.authorize_url(&[]));
    let old = idp.redeem(&Idp::code_of(&silent)).json();
    let fresh = idp.sign_in(&mut browser, Idp::KIRSTEN, &[("prompt", "login")]);
    let new = idp.redeem(&Idp::code_of(&fresh)).json();
    let auth_time = |tokens: &serde_json::Value| {
        idp.claims(&tokens["id_token"])["auth_time"]
            .as_i64()
            .unwrap()
    };
    assert!(auth_time(&new) >= auth_time(&old) + 599);
    assert_ne!(browser.cookies["cognito"], cookie);
}

#[test]
fn e4_redirect_uri_may_be_left_out_with_one_callback_and_one_provider_1_4() {
    let idp = Idp::start();
    idp.client(json!({ "callbacks": [Idp::CALLBACK], "providers": ["COGNITO"] }));
    let answer = idp.sign_in(
        &mut Browser::default(),
        Idp::KIRSTEN,
        &[("redirect_uri", "")],
    );
    assert!(answer.location().starts_with(Idp::CALLBACK));
}

#[test]
fn e4_a_disabled_user_is_refused_at_the_callback_1_6() {
    let idp = Idp::start();
    let path = format!("/users/{}/{}", Idp::POOL, Idp::KIRSTEN.0);
    idp.set("PATCH", &path, json!({ "disabled": true }));
    let answer = idp.sign_in(&mut Browser::default(), Idp::KIRSTEN, &[]);
    assert_eq!(
        answer.location(),
        format!(
            "{}?error_description=User+is+not+enabled&state=st4te&error=invalid_request",
            Idp::CALLBACK
        )
    );
}

#[test]
fn e4_implicit_flow_answers_in_the_fragment_1_5() {
    let idp = Idp::start();
    let implicit = [("response_type", "token")];
    let refused = ask(&idp, &implicit);
    assert_eq!(
        refused.location(),
        format!("{}#state=st4te&error=unauthorized_client", Idp::CALLBACK)
    );
    idp.client(json!({ "flows": ["code", "implicit"] }));
    let answer = idp.sign_in(&mut Browser::default(), Idp::KIRSTEN, &implicit);
    assert!(
        answer
            .location()
            .starts_with(&format!("{}#", Idp::CALLBACK))
    );
    let names: Vec<String> = query_of(answer.location())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        [
            "id_token",
            "access_token",
            "expires_in",
            "token_type",
            "state"
        ]
    );
}

#[test]
fn e4_resource_becomes_the_audience_of_the_access_token_1_4() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[("resource", "https://api.example.com")]);
    assert_eq!(
        idp.claims(&tokens["access_token"])["aud"],
        "https://api.example.com"
    );
    let plain = idp.tokens_of(Idp::KIRSTEN, &[]);
    assert!(idp.claims(&plain["access_token"]).get("aud").is_none());
}
