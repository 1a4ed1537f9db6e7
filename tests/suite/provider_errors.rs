//! Errors that come back from the provider: each leads to a page that names the cause, to one log line with its
//! reason and what to do, and to no circle (cognito.md 1.6, 1.7, 3.5).

use std::fs;

use serde_json::{Value, json};

use self::rows::{AT_THE_CALLBACK, Row};
use crate::support::dev_idp::KIRSTEN;
use crate::support::{Browser, Harness, Response, Setup};

mod rows;
mod there;

/// Words of the descriptions, which are nobody's business here.
const KEPT_BACK: [&str; 9] = [
    "[email]",
    "AADSTS",
    "login.microsoftonline.com",
    "entra_k9x",
    "invalid_client",
    "the table is locked",
    "not on the list",
    "Audience restriction",
    "custom:groups",
];

/// The next `times` logins end by this row.
fn end_by(chain: &Harness, row: &str, times: u64) {
    let fault = json!({
        "endpoint": "domain:authorize", "kind": "login-error", "row": row, "times": times,
    });
    chain.idp().call("POST", "/faults", &fault);
}

/// The reference on a page.
fn reference(page: &Response) -> String {
    let html = page.html();
    let after = html.split("Reference").nth(1);
    let code = after.and_then(|text| text.split("<code>").nth(1)?.split("</code>").next());
    code.unwrap_or_else(|| panic!("no reference: {html}"))
        .to_owned()
}

/// The one line of the log that has this reference.
fn line_of(chain: &mut Harness, reference: &str) -> Value {
    chain.await_log(&[reference]);
    let log = fs::read_to_string(&chain.vestibule.stdout).expect("the log");
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(reference))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    serde_json::from_str(lines[0]).expect("JSON")
}

/// How often a browser was sent to the provider.
fn logins(browser: &Browser) -> usize {
    let urls = browser.trail.iter();
    urls.filter(|(_, url)| url.contains("/oauth2/authorize"))
        .count()
}

/// A page that names a cause, and the line of the log that does.
fn assert_told(chain: &mut Harness, browser: &Browser, page: &Response, row: Row) {
    let (name, status, text, reason, remedy) = row;
    let html = page.html();
    assert_eq!(page.status, status, "{name}: {:?}", browser.trail);
    assert!(html.contains(text), "{name}: {html}");
    assert!(html.contains("Try again"), "{name}: {html}");
    let line = line_of(chain, &reference(page));
    assert_eq!(line["outcome"], "login_failed", "{name}: {line}");
    assert_eq!(line["reason"], reason, "{name}: {line}");
    let told = line["remedy"].as_str().unwrap_or("");
    assert!(told.contains(remedy), "{name}: {line}");
    for words in KEPT_BACK {
        assert!(!html.contains(words), "{name}: {words}: {html}");
        assert!(!line.to_string().contains(words), "{name}: {words}: {line}");
    }
    assert!(!browser.has_session(), "{name}");
}

#[test]
fn each_row_at_the_callback_is_a_page_and_one_line_with_the_remedy() {
    let mut chain = Harness::start();
    for row in AT_THE_CALLBACK {
        let is_retried = row.0 == "just-linked";
        end_by(&chain, row.0, 1 + u64::from(is_retried));
        let mut browser = chain.browser();
        let page = browser.arrive("/page");
        assert_told(&mut chain, &browser, &page, row);
        assert_eq!(logins(&browser), 1 + usize::from(is_retried), "{}", row.0);
        // Whoever tries again gets on.
        let again = browser.click_link(&page, "Try again");
        let login = browser.finish(again);
        assert!(
            login.url.contains("/login?"),
            "{}: {:?}",
            row.0,
            browser.trail
        );
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn a_profile_that_was_just_linked_is_tried_again_once_by_itself() {
    let chain = Harness::start();
    end_by(&chain, "just-linked", 1);
    let mut browser = chain.browser();
    let landed = browser.sign_in("/page?a=b", KIRSTEN, chain.idp().password(KIRSTEN));
    assert_eq!(landed.status, 200, "{:?}", browser.trail);
    assert_eq!(landed.url, format!("{}/page?a=b", chain.origin));
    assert_eq!(logins(&browser), 2);
    // However long it goes on, it ends after the second one.
    end_by(&chain, "just-linked", 20);
    let mut browser = chain.browser();
    assert_eq!(browser.arrive("/page").status, 502);
    assert_eq!(logins(&browser), 2, "{:?}", browser.trail);
}

#[test]
fn an_error_without_a_state_of_ours_is_told_by_its_name_alone() {
    let mut chain = Harness::start();
    let fault = json!({
        "endpoint": "domain:authorize", "kind": "login-error", "row": "user-disabled",
        "without_state": true,
    });
    chain.idp().call("POST", "/faults", &fault);
    let mut browser = chain.browser();
    let page = browser.arrive("/page");
    let row = (
        "without state",
        502,
        "did not accept the sign-in",
        "provider_invalid_request",
        "address line",
    );
    assert_told(&mut chain, &browser, &page, row);
}

#[test]
fn markup_and_line_ends_of_a_description_go_nowhere() {
    let mut chain = Harness::start();
    let fault = json!({
        "endpoint": "domain:authorize", "kind": "login-error", "row": "malformed",
        "description": "<script>alert(1)</script>\r\nuser is  not\nENABLED {\"reason\":\"x\"}",
    });
    chain.idp().call("POST", "/faults", &fault);
    let mut browser = chain.browser();
    let page = browser.arrive("/page");
    assert!(!page.html().contains("alert"), "{}", page.html());
    let row = (
        "markup",
        502,
        "switched off at the provider",
        "provider_user_disabled",
        "enable the profile",
    );
    assert_told(&mut chain, &browser, &page, row);
}

#[test]
fn the_same_causes_by_themselves() {
    // A profile that is switched off while the provider still knows the person.
    let mut chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    browser.lose(|_| true);
    let user = format!("/users/{}/{KIRSTEN}", chain.idp().pool);
    chain
        .idp()
        .call("PATCH", &user, &json!({ "disabled": true }));
    let page = browser.arrive("/page");
    let row = (
        "disabled",
        502,
        "switched off at the provider",
        "provider_user_disabled",
        "enable the profile",
    );
    assert_told(&mut chain, &browser, &page, row);
    // An account without a mailbox, and one with too many groups.
    for (user, text, reason, remedy) in [
        (
            "user-no-mail",
            "lacks something that is required here",
            "provider_attributes_required",
            "map the attribute",
        ),
        (
            "user-too-many-groups",
            "more groups, or a longer entry",
            "provider_attribute_too_long",
            "2,048",
        ),
    ] {
        let mut browser = chain.browser();
        let page = browser.sign_in_by_entra("/", user);
        assert_told(
            &mut chain,
            &browser,
            &page,
            (user, 502, text, reason, remedy),
        );
    }
    // The directory's key set is out, and its token endpoint refuses the pool.
    for (endpoint, kind, as_row) in [
        ("entra:jwks", json!({ "kind": "reset" }), "directory-down"),
        (
            "entra:token",
            json!({ "kind": "body", "status": 401, "body": "{\"error\":\"invalid_client\"}" }),
            "bad-token-response",
        ),
    ] {
        let mut fault = kind;
        fault["endpoint"] = json!(endpoint);
        chain.idp().call("POST", "/faults", &fault);
        let mut browser = chain.browser();
        let page = browser.sign_in_by_entra("/", "user-no-groups");
        let row = AT_THE_CALLBACK.into_iter().find(|row| row.0 == as_row);
        assert_told(&mut chain, &browser, &page, row.expect("the row"));
    }
    // A scope that the client has not.
    let mut chain = Setup {
        provider: "scopes = [\"openid\", \"phone\"]\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let page = browser.arrive("/page");
    let row = AT_THE_CALLBACK[2];
    assert_told(&mut chain, &browser, &page, row);
}

#[test]
fn each_error_of_the_token_endpoint_is_a_page_and_one_line_with_the_remedy() {
    let mut chain = Harness::start();
    let refused = "did not accept this application";
    for (error, description, status, text, reason, remedy) in [
        (
            "invalid_grant",
            None,
            400,
            "did not accept this sign-in any more",
            "code_refused",
            "email_verified",
        ),
        (
            "invalid_client",
            None,
            502,
            refused,
            "client_refused",
            "provider.ID.client_id",
        ),
        (
            "invalid_client",
            Some("AADSTS7000222: The provided client secret keys for app 'x' are expired."),
            502,
            refused,
            "client_secret_expired",
            "make a new one",
        ),
        (
            "unauthorized_client",
            Some("invalid_redirect"),
            502,
            refused,
            "redirect_uri_refused",
            "public_url",
        ),
        (
            "unauthorized_client",
            None,
            502,
            refused,
            "grant_refused",
            "authorization code grant",
        ),
        (
            "unsupported_grant_type",
            None,
            502,
            refused,
            "grant_refused",
            "authorization code grant",
        ),
        (
            "invalid_request",
            None,
            502,
            refused,
            "token_request_refused",
            "PKCE",
        ),
        (
            "made_up",
            Some("<b>AADSTS</b>"),
            502,
            refused,
            "token_request_refused",
            "PKCE",
        ),
    ] {
        let mut body = json!({ "error": error });
        if let Some(description) = description {
            body["error_description"] = json!(description);
        }
        let fault = json!({
            "endpoint": "domain:token", "kind": "body", "status": 400,
            "content_type": "application/json", "body": body.to_string(),
        });
        chain.idp().call("POST", "/faults", &fault);
        let mut browser = chain.browser();
        let page = browser.sign_in("/page", KIRSTEN, chain.idp().password(KIRSTEN));
        assert_told(
            &mut chain,
            &browser,
            &page,
            (error, status, text, reason, remedy),
        );
        assert_eq!(logins(&browser), 1, "{error}");
    }
    // The real thing: a secret that is not the client's.
    fs::write(chain.file("client-secret"), "another one").expect("the secret");
    chain.restart();
    let mut browser = chain.browser();
    let page = browser.sign_in("/page", KIRSTEN, chain.idp().password(KIRSTEN));
    let row = ("secret", 502, refused, "client_refused", "not its id");
    assert_told(&mut chain, &browser, &page, row);
}
