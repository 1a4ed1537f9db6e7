use serde_json::json;

use crate::support::{Browser, Idp};

/// How a login ends: where the browser is sent.
fn ended(idp: &Idp, fault: serde_json::Value) -> String {
    let mut body = json!({ "endpoint": "domain:authorize", "kind": "login-error" });
    for (name, value) in fault.as_object().unwrap() {
        body[name] = value.clone();
    }
    idp.set("POST", "/faults", body);
    let answer = Browser::default().get(&idp.authorize_url(&[("state", "s-1")]));
    assert_eq!(answer.status, 302);
    answer.location().to_owned()
}

#[test]
fn e18_a_login_ends_by_a_row_of_1_6_in_the_observed_shape() {
    let idp = Idp::start();
    for (row, query) in [
        (
            "scope",
            "error_description=invalid_scope&state=s-1&error=invalid_request",
        ),
        ("scope-documented", "state=s-1&error=invalid_scope"),
        ("login-required", "state=s-1&error=login_required"),
        (
            "attributes-required",
            "error_description=attributes+required%3A+%5Bemail%5D&state=s-1&error=invalid_request",
        ),
        (
            "attribute-immutable",
            "error_description=Invalid+user+attributes%3A+email%3A+Attribute+cannot+be+updated.%0A+&state=s-1&error=invalid_request",
        ),
        (
            "jwks-timeout",
            "error_description=error_description%3DTimeout+in+calling+jwks+uri&state=s-1&error=invalid_request",
        ),
    ] {
        let location = ended(&idp, json!({ "row": row }));
        assert!(
            location.ends_with(&format!("?{query}")),
            "{row}: {location}"
        );
    }
    for row in [
        "redirect-mismatch",
        "parameters-missing",
        "option-not-available",
        "no-branding",
        "saml-acs",
        "too-late",
    ] {
        let location = ended(&idp, json!({ "row": row }));
        assert!(
            location.starts_with(&format!("{}/error?error=", idp.at("domain"))),
            "{row}: {location}"
        );
    }
}

#[test]
fn e18_a_row_without_state_and_with_other_words() {
    let idp = Idp::start();
    let location = ended(
        &idp,
        json!({ "row": "scope", "without_state": true, "error": "odd", "description": "<b>\n" }),
    );
    assert!(
        location.ends_with("?error_description=%3Cb%3E%0A&error=odd"),
        "{location}"
    );
    // Once, and the next login is as good as any.
    let next = Browser::default().get(&idp.authorize_url(&[]));
    assert!(next.location().contains("/login?"), "{}", next.location());
}
