//! What is explained is what happens: each person and request goes through
//! both, with a session and with the claims alone.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use super::*;
use crate::gate::Decision;
use crate::gate::claims::ClaimPath;
use crate::gate::rule::{Rule, Rules, Values};
use crate::gate::tests::support::{
    Desk, Jar, NOW, Req, changed, config, id_claims, key_set, route,
};
use crate::gate::token::TokenError;

fn values(names: &[&str]) -> Values {
    Values::new(names.iter().map(|&name| name.to_owned()).collect()).unwrap()
}

fn asks(tables: Vec<Vec<Condition>>) -> Access {
    let tables = tables.into_iter().map(|table| Rule::new(table).unwrap());
    Access::Rules(Arc::new(Rules::new(tables.collect()).unwrap()))
}

fn desk() -> Desk {
    let mut config = config();
    let mut closed_to_writers = route(&["/readonly/*"], Access::SignedIn);
    closed_to_writers.methods = vec![Method::GET];
    config.routes = vec![
        route(&["/public/*"], Access::Public),
        route(&["/optional/*"], Access::Optional),
        route(&["/closed"], Access::Nobody),
        closed_to_writers,
        route(
            &["/admin/*"],
            asks(vec![
                vec![
                    Condition::Groups(values(&["Editors"])),
                    Condition::EmailDomains(values(&["example.org"])),
                ],
                vec![Condition::Claim(
                    ClaimPath::parse("custom:level").unwrap(),
                    values(&["9"]),
                )],
            ]),
        ),
    ];
    Desk::new(&config)
}

fn explain(desk: &mut Desk, req: &Req, asking: &Asking) -> Explanation {
    let dice = &mut desk.dice;
    desk.gate
        .explain(&req.view(), asking, NOW, &mut |bytes| dice.fill(bytes))
}

fn somebody(claims: &Value) -> Asking {
    Asking::Somebody(ClaimSet {
        id_token: claims.as_object().unwrap().clone(),
        ..ClaimSet::default()
    })
}

#[test]
fn what_is_explained_is_what_happens() {
    let mut desk = desk();
    let people = [
        None,
        Some(json!({})),
        Some(json!({ "cognito:groups": ["Readers"] })),
        Some(json!({ "cognito:groups": null, "custom:level": 9 })),
        Some(json!({ "email": "nobody@elsewhere.example" })),
        // Nobody: no user.
        Some(json!({ "email_verified": false })),
        // Nobody: two rights and no order.
        Some(json!({ "custom:access_right": ["a", "b"] })),
        // Too long to be told.
        Some(json!({ "cognito:groups": vec!["é".repeat(80); 20] })),
    ];
    let targets = [
        "/",
        "/public/x",
        "/optional/x",
        "/closed",
        "/readonly/x",
        "/admin/x",
        "/admin//x",
        "/x/%2e%2e",
        "/public%2Fx",
        "/_vestibule/nothing",
    ];
    let mut seen = std::collections::BTreeSet::new();
    for changes in &people {
        let mut jar = Jar::default();
        let claims = changes.as_ref().map(|changes| {
            // Each of the many groups is another one.
            let mut claims = changed(id_claims(), changes);
            if let Some(groups) = claims["cognito:groups"].as_array_mut() {
                for (index, group) in groups.iter_mut().enumerate().skip(1) {
                    *group = json!(format!("{}{index}", group.as_str().unwrap()));
                }
            }
            desk.sign_in_as("/", &claims, &mut jar);
            claims
        });
        let asking = claims.as_ref().map_or(Asking::Nobody, somebody);
        for target in targets {
            for (method, host) in [
                (Method::GET, "wiki.example.com"),
                (Method::POST, "wiki.example.com"),
                (Method::TRACE, "wiki.example.com"),
                (Method::GET, "other.example.com"),
            ] {
                let what = format!("{method} {host}{target} {changes:?}");
                let req = Req::new(method, target)
                    .with("host", host)
                    .with("accept", "text/html");
                let view = RequestView::new(req.method(), target.as_bytes(), None, req.headers());
                let Ok(view) = view else {
                    continue;
                };
                let dice = &mut desk.dice;
                let told = desk
                    .gate
                    .explain(&view, &asking, NOW, &mut |bytes| dice.fill(bytes));
                seen.insert(told.outcome.word());
                match desk.decide(&req.clone().cookies(&jar)) {
                    Decision::Forward(forward) => {
                        assert_eq!(told.outcome, Outcome::Forwarded, "{what}");
                        assert_eq!(
                            told.route.as_deref(),
                            forward.note.route.as_deref(),
                            "{what}"
                        );
                        let set: Vec<_> = forward
                            .edits
                            .set()
                            .map(|(name, value)| {
                                (name.to_string(), value.to_str().unwrap().to_owned())
                            })
                            .filter(|(name, _)| {
                                told.headers.iter().any(|(told, _)| told == name)
                                    || name.starts_with("X-Forwarded-User")
                                    || name.starts_with("X-Access")
                            })
                            .collect();
                        assert_eq!(told.headers, set, "{what}");
                    }
                    Decision::Reply(reply) => {
                        assert_eq!(told.status, Some(reply.status.as_u16()), "{what}");
                        assert_eq!(told.route.as_deref(), reply.note.route.as_deref(), "{what}");
                        if told.reason.is_some() {
                            assert_eq!(
                                told.reason,
                                reply.note.reason.or(Some("not_found")),
                                "{what}"
                            );
                        }
                    }
                    Decision::Perform(_) => assert_eq!(told.outcome, Outcome::Ours, "{what}"),
                }
            }
        }
    }
    let all: std::collections::BTreeSet<_> = Outcome::ALL.iter().map(|o| o.word()).collect();
    let missing: Vec<_> = all.difference(&seen).collect();
    assert_eq!(missing, [&"ours"], "a row for each outcome");
}

#[test]
fn each_rule_shows_the_values_that_decided() {
    let mut desk = desk();
    let told = explain(&mut desk, &Req::open("/admin/x"), &somebody(&id_claims()));
    assert_eq!(told.route.as_deref(), Some("route[4] /admin/*"));
    assert_eq!(
        told.to_json()["rules"],
        json!([
            { "holds": true, "conditions": [
                { "key": "groups", "needs": "the group Editors", "holds": true, "has": ["Editors", "Brand-Nordics"] },
                { "key": "email_domains", "needs": "an email address at example.org", "holds": true, "has": ["example.org"] },
            ]},
            { "holds": false, "conditions": [
                { "key": "claim", "needs": "custom:level to be 9", "holds": false, "has": [] },
            ]},
        ])
    );
}

#[test]
fn of_nobody_the_rules_are_shown_and_none_holds() {
    let mut desk = desk();
    let told = explain(&mut desk, &Req::open("/admin/x"), &Asking::Nobody);
    assert_eq!(
        (told.outcome, told.reason),
        (Outcome::SignIn, Some("no_cookie"))
    );
    assert_eq!(told.status, Some(302));
    assert_eq!(told.rules.len(), 2);
    assert!(told.rules.iter().all(|rule| !rule.holds));
    assert!(told.headers.is_empty() && told.identity.is_empty());
}

#[test]
fn our_own_pages_are_named_as_ours() {
    let mut desk = desk();
    for target in [
        "/_vestibule/login",
        "/_vestibule/whoami",
        "/_vestibule/callback",
    ] {
        let told = explain(&mut desk, &Req::open(target), &Asking::Nobody);
        assert_eq!(
            (told.outcome, told.status),
            (Outcome::Ours, None),
            "{target}"
        );
    }
}

#[test]
fn a_token_is_verified_as_a_session_s_would_be() {
    let desk = desk();
    let key = crate::gate::tests::support::key();
    let asking = |claims: &Value| desk.gate.asking("corp", &key.sign(claims), &key_set(), NOW);
    assert!(matches!(asking(&id_claims()), Asking::Somebody(_)));
    for (changes, error) in [
        (json!({ "exp": 1 }), TokenError::Expired),
        (json!({ "aud": "another" }), TokenError::Audience),
        (json!({ "token_use": "access" }), TokenError::TokenUse),
    ] {
        match asking(&changed(id_claims(), &changes)) {
            Asking::Refused(found) => assert_eq!(found, NoIdentity::Token(error)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn whoever_came_by_another_way_than_the_one_that_is_open_is_nobody() {
    let mut config = config();
    config.providers[0].identity_provider = Some("entra".to_owned());
    let mut desk = Desk::new(&config);
    let mut explained = |identities: Value| {
        let claims = changed(id_claims(), &json!({ "identities": identities }));
        explain(&mut desk, &Req::open("/page"), &somebody(&claims))
    };
    let entra = json!([{ "providerName": "entra", "providerType": "OIDC", "userId": "1" }]);
    assert_eq!(explained(entra).outcome, Outcome::Forwarded);
    for other in [
        json!(null),
        json!([]),
        json!([{ "providerName": "other", "providerType": "OIDC", "userId": "1" }]),
    ] {
        let told = explained(other.clone());
        assert_eq!(told.outcome, Outcome::SignIn, "{other}");
        assert_eq!(told.reason, Some("token_identity_provider"), "{other}");
    }
}
