//! Where a claim is looked for.

use super::*;

#[test]
fn sources_are_asked_in_their_order_and_no_others() {
    let kept = KeptClaims {
        access_token: json!({ "x": "access", "only_access": "a" })
            .as_object()
            .unwrap()
            .clone(),
        userinfo: json!({ "x": "userinfo", "only_userinfo": "u" })
            .as_object()
            .unwrap()
            .clone(),
    };
    let find = |claim: &str, from: Option<ClaimSource>, userinfo: bool, claims: &Value| {
        let name = "it".to_owned();
        let rule = ClaimRule {
            from,
            ..rule(&[claim])
        };
        let kind = AttributeKind::Text;
        let identity = Identity {
            attributes: vec![AttributeRule { name, rule, kind }],
            ..support::identity()
        };
        let provider = Provider {
            userinfo,
            kind: ProviderKind::Cognito,
            ..support::provider()
        };
        let person = Mapping::new(&identity, &provider).person(&verified(claims), &kept);
        match person.unwrap().attributes.pop().map(|found| found.value) {
            Some(AttributeValue::One(value)) => Some(value),
            _ => None,
        }
    };
    let token = json!({ "x": "id" });
    let none = json!({});
    for (claim, from, userinfo, claims, expected) in [
        ("x", None, true, &token, Some("id")),
        ("x", None, true, &none, Some("userinfo")),
        ("x", None, false, &none, None),
        ("only_userinfo", None, true, &token, Some("u")),
        ("only_access", None, true, &token, None),
        ("x", Some(ClaimSource::IdToken), true, &none, None),
        ("x", Some(ClaimSource::IdToken), true, &token, Some("id")),
        (
            "x",
            Some(ClaimSource::AccessToken),
            true,
            &token,
            Some("access"),
        ),
        (
            "x",
            Some(ClaimSource::Userinfo),
            true,
            &token,
            Some("userinfo"),
        ),
        ("x", Some(ClaimSource::Userinfo), false, &token, None),
    ] {
        let found = find(claim, from, userinfo, claims);
        assert_eq!(
            found.as_deref(),
            expected,
            "{claim} {from:?} {userinfo} {claims}"
        );
    }
}

#[test]
fn an_email_of_userinfo_is_believed_as_one_of_the_token() {
    let email = |userinfo: Value, claims: Value| {
        let kept = KeptClaims {
            userinfo: userinfo.as_object().unwrap().clone(),
            ..KeptClaims::default()
        };
        let provider = Provider {
            userinfo: true,
            ..support::provider()
        };
        let identity = Identity {
            user: rule(&["sub"]),
            ..support::identity()
        };
        Mapping::new(&identity, &provider)
            .person(&verified(&claims), &kept)
            .unwrap()
            .email
    };
    let none = json!({ "email": null, "email_verified": null });
    for (userinfo, claims, believed) in [
        (json!({ "email": "u@example.com" }), none.clone(), true),
        (
            json!({ "email": "u@example.com", "email_verified": "true" }),
            none.clone(),
            true,
        ),
        (
            json!({ "email": "u@example.com", "email_verified": "false" }),
            none.clone(),
            false,
        ),
        (
            json!({ "email": "u@example.com", "email_verified": false }),
            none,
            false,
        ),
        // The ID token's word holds where userinfo says nothing.
        (
            json!({ "email": "u@example.com" }),
            json!({ "email": null, "email_verified": false }),
            false,
        ),
        (
            json!({ "email": "u@example.com", "email_verified": "false" }),
            json!({ "email": null, "email_verified": null, "identities": [{ "providerName": "entra" }] }),
            true,
        ),
    ] {
        let expected = believed.then_some("u@example.com");
        assert_eq!(
            email(userinfo.clone(), claims.clone()).as_deref(),
            expected,
            "{userinfo} {claims}"
        );
    }
}
