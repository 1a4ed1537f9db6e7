use serde_json::json;

use crate::support::{Browser, Idp, form, query_of};

#[test]
fn e5_the_page_has_the_observed_fields_and_a_button_per_provider_1_4() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    let login = browser.get(&idp.authorize_url(&[])).location().to_owned();
    let page = browser.get(&login);
    assert_eq!(page.status, 200);
    for part in [
        "<html lang=\"en\">",
        "name=\"viewport\"",
        "name=\"_csrf\"",
        "name=\"cognitoAsfData\"",
        "<label for=\"username\">",
        "id=\"username\" name=\"username\"",
        "<label for=\"password\">",
        "id=\"password\" name=\"password\" type=\"password\"",
        "id=\"signIn\" name=\"signInSubmitButton\"",
        "name=\"identity_provider\" value=\"entra\" id=\"idp-entra\"",
        "prefers-color-scheme:dark",
        "Emulator",
    ] {
        assert!(page.body.contains(part), "{part} is missing");
    }
    assert!(!page.body.contains("http-equiv") && !page.body.contains("<script"));
    assert!(!page.body.contains("src=") && !page.body.contains("<link"));
    assert_eq!(browser.cookies["XSRF-TOKEN"], page.input("_csrf"));
    assert!(page.set_cookie("XSRF-TOKEN").unwrap().contains("HttpOnly"));
}

#[test]
fn e5_without_the_matching_csrf_token_nobody_gets_in_1_12() {
    let idp = Idp::start();
    for (cookie, field) in [
        (Some("one"), Some("two")),
        (Some("one"), None),
        (None, Some("two")),
        (Some(""), Some("")),
    ] {
        let mut browser = Browser::default();
        if let Some(cookie) = cookie {
            browser.cookies.insert("XSRF-TOKEN".into(), cookie.into());
        }
        let mut pairs = vec![("username", Idp::KIRSTEN.0), ("password", Idp::KIRSTEN.1)];
        pairs.extend(field.map(|field| ("_csrf", field)));
        let url = idp
            .authorize_url(&[])
            .replace("/oauth2/authorize", "/login");
        let answer = browser.post(&url, &form(&pairs));
        assert!(
            answer.location().contains("/error?"),
            "{cookie:?} {field:?}"
        );
        assert!(answer.set_cookie("cognito").is_none());
    }
}

#[test]
fn e5_a_second_tab_does_not_spoil_the_first() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    let login = browser.get(&idp.authorize_url(&[])).location().to_owned();
    let first = browser.get(&login);
    browser.get(&login);
    let body = form(&[
        ("_csrf", first.input("_csrf")),
        ("username", Idp::KIRSTEN.0),
        ("password", Idp::KIRSTEN.1),
    ]);
    assert!(
        browser
            .post(&login, &body)
            .location()
            .starts_with(Idp::CALLBACK)
    );
}

#[test]
fn e5_wrong_credentials_show_the_page_again_and_give_nothing() {
    let idp = Idp::start();
    for who in [
        (Idp::KIRSTEN.0, "wrong"),
        (Idp::KIRSTEN.0, ""),
        ("nobody@example.org", "Vestibule-Demo-1"),
        ("nadia.berg@example.com", ""),
    ] {
        let answer = idp.sign_in(&mut Browser::default(), who, &[]);
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("Incorrect username or password."));
        assert!(answer.body.contains("role=\"alert\""));
        assert!(answer.set_cookie("cognito").is_none());
    }
}

#[test]
fn e5_email_is_taken_without_regard_to_case_and_success_is_code_then_state_1_5() {
    let idp = Idp::start();
    let who = ("Kirsten.Holm@EXAMPLE.org", Idp::KIRSTEN.1);
    let mut browser = Browser::default();
    let answer = idp.sign_in(&mut browser, who, &[]);
    assert_eq!(answer.status, 302);
    let query = query_of(answer.location());
    let names: Vec<&str> = query.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state"]);
    assert_eq!(query[0].1.len(), 36, "a UUID");
    assert_eq!(query[1].1, "st4te");
    let cookie = answer.set_cookie("cognito").unwrap();
    assert!(cookie.contains("Max-Age=3600") && cookie.contains("HttpOnly"));
}

#[test]
fn e5_a_login_page_older_than_five_minutes_ends_on_something_went_wrong_1_5() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    let login = browser.get(&idp.authorize_url(&[])).location().to_owned();
    let page = browser.get(&login);
    idp.clock(301);
    let body = form(&[
        ("_csrf", page.input("_csrf")),
        ("pageData", page.input("pageData")),
        ("username", Idp::KIRSTEN.0),
        ("password", Idp::KIRSTEN.1),
    ]);
    let answer = browser.post(&login, &body);
    assert!(answer.location().contains("error=Something+went+wrong"));
}

#[test]
fn e5_everything_from_outside_is_escaped() {
    let idp = Idp::start();
    let attack = "\"><img src=x onerror=alert(1)>'";
    let mut browser = Browser::default();
    let url = idp.authorize_url(&[("state", attack), ("login_hint", attack), ("nonce", attack)]);
    let login = browser.get(&url).location().to_owned();
    let error = idp.domain(&format!(
        "/error?{}",
        form(&[("error", attack), ("client_id", attack)])
    ));
    let entra = browser
        .get(&idp.authorize_url(&[("identity_provider", "entra"), ("login_hint", attack)]))
        .location()
        .to_owned();
    for url in [login, error, entra] {
        let page = browser.get(&url);
        assert!(page.status == 200 || page.status == 400);
        assert!(!page.body.contains("<img"), "{}", page.body);
        assert!(page.header("content-security-policy").is_some());
    }
}

#[test]
fn e5_hint_prefills_and_lang_is_kept_in_a_cookie_1_4() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    let url = idp.authorize_url(&[("login_hint", "ola@example.org"), ("lang", "de")]);
    let login = browser.get(&url).location().to_owned();
    let page = browser.get(&login);
    assert!(page.body.contains("value=\"ola@example.org\""));
    assert_eq!(browser.cookies["lang"], "de");
}

#[test]
fn e5_a_client_without_local_users_shows_no_form_and_takes_none() {
    let idp = Idp::start();
    idp.client(json!({ "providers": ["entra"] }));
    let mut browser = Browser::default();
    let login = browser.get(&idp.authorize_url(&[])).location().to_owned();
    let page = browser.get(&login);
    assert!(!page.body.contains("id=\"password\"") && page.body.contains("idp-entra"));
    let token = browser.cookies["XSRF-TOKEN"].clone();
    let body = form(&[
        ("_csrf", &token),
        ("username", Idp::KIRSTEN.0),
        ("password", Idp::KIRSTEN.1),
    ]);
    assert!(browser.post(&login, &body).location().contains("/error?"));
}
