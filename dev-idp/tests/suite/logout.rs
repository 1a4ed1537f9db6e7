use crate::support::{Browser, Idp, Response, query_of, url};

fn signed_in(idp: &Idp) -> Browser {
    let mut browser = Browser::default();
    idp.sign_in(&mut browser, Idp::KIRSTEN, &[]);
    browser
}

fn logout(idp: &Idp, browser: &mut Browser, pairs: &[(&str, &str)]) -> Response {
    browser.get(&url(&idp.domain("/logout"), pairs))
}

fn is_signed_in(idp: &Idp, browser: &mut Browser) -> bool {
    let answer = browser.get(&idp.authorize_url(&[]));
    answer.location().starts_with(Idp::CALLBACK)
}

#[test]
fn e13_form_one_ends_the_session_and_goes_to_the_sign_out_url_without_state_1_10() {
    let idp = Idp::start();
    let mut browser = signed_in(&idp);
    let stolen = browser.clone();
    let answer = logout(
        &idp,
        &mut browser,
        &[
            ("client_id", Idp::CLIENT),
            ("logout_uri", Idp::SIGNED_OUT),
            ("state", "x"),
        ],
    );
    assert_eq!((answer.status, answer.location()), (302, Idp::SIGNED_OUT));
    assert!(!browser.cookies.contains_key("cognito"));
    assert!(!is_signed_in(&idp, &mut browser));
    assert!(
        !is_signed_in(&idp, &mut stolen.clone()),
        "the session is gone, not the cookie alone"
    );
}

#[test]
fn e13_form_two_ends_the_session_and_goes_to_the_login_page_1_10() {
    let idp = Idp::start();
    let mut browser = signed_in(&idp);
    let answer = logout(
        &idp,
        &mut browser,
        &[
            ("client_id", Idp::CLIENT),
            ("response_type", "code"),
            ("redirect_uri", Idp::CALLBACK),
            ("state", "st"),
            ("scope", "openid"),
            ("identity_provider", "entra"),
        ],
    );
    let location = answer.location();
    assert!(location.starts_with(&idp.domain("/login?")), "{location}");
    let query = query_of(location);
    assert!(query.contains(&("state".into(), "st".into())));
    assert!(!query.iter().any(|(name, _)| name == "identity_provider"));
    assert_eq!(browser.get(location).status, 200);
    assert!(!is_signed_in(&idp, &mut browser));
}

#[test]
fn e13_wrong_parameters_end_on_a_page_but_the_session_is_over_1_10() {
    let idp = Idp::start();
    let missing = "Required String parameter 'redirect_uri' is not present";
    for (pairs, error) in [
        // OIDC's own parameters mean nothing here.
        (
            &[
                ("client_id", Idp::CLIENT),
                ("post_logout_redirect_uri", Idp::SIGNED_OUT),
            ][..],
            missing,
        ),
        (&[("client_id", Idp::CLIENT)], missing),
        // The callback is in another list.
        (
            &[("client_id", Idp::CLIENT), ("logout_uri", Idp::CALLBACK)],
            missing,
        ),
        (
            &[
                ("client_id", Idp::CLIENT),
                ("logout_uri", "http://localhost:8080/_vestibule/signed-out/"),
                ("redirect_uri", Idp::CALLBACK),
                ("response_type", "code"),
            ],
            missing,
        ),
        (
            &[
                ("client_id", Idp::CLIENT),
                ("redirect_uri", Idp::SIGNED_OUT),
                ("response_type", "code"),
            ],
            "redirect_mismatch",
        ),
        (
            &[("logout_uri", Idp::SIGNED_OUT)],
            "Required parameters missing",
        ),
    ] {
        let mut browser = signed_in(&idp);
        let answer = logout(&idp, &mut browser, pairs);
        assert!(
            answer.location().starts_with(&idp.domain("/error?")),
            "{pairs:?}"
        );
        assert_eq!(query_of(answer.location())[0].1, error, "{pairs:?}");
        assert!(!is_signed_in(&idp, &mut browser), "{pairs:?}");
    }
}

#[test]
fn e13_refresh_tokens_outlive_logout_1_10() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    let answer = idp.sign_in(&mut browser, Idp::KIRSTEN, &[]);
    let tokens = idp.redeem(&Idp::code_of(&answer)).json();
    logout(
        &idp,
        &mut browser,
        &[("client_id", Idp::CLIENT), ("logout_uri", Idp::SIGNED_OUT)],
    );
    assert_eq!(
        idp.refresh(tokens["refresh_token"].as_str().unwrap())
            .status,
        200
    );
}

#[test]
fn e13_the_upstream_session_is_untouched_1_10() {
    let idp = Idp::start();
    let mut browser = Browser::default();
    idp.federate(&mut browser, "nadia-berg", &[]);
    logout(
        &idp,
        &mut browser,
        &[("client_id", Idp::CLIENT), ("logout_uri", Idp::SIGNED_OUT)],
    );
    // Straight back in, without a picker.
    let out = browser.get(&idp.authorize_url(&[("identity_provider", "entra")]));
    let silent = browser.get(out.location());
    assert_eq!(silent.status, 302);
    let back = browser.get(silent.location());
    assert!(back.location().starts_with(Idp::CALLBACK), "{back:?}");
}
