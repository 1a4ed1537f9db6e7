//! Whom a bearer token lets through, and where.

use super::*;

#[test]
fn a_persons_token_is_that_person() {
    let mut desk = Desk::new(&api_config());
    let token = person();
    for path in ["/people/x", "/editors/x", "/corp/x", "/optional/x"] {
        assert_eq!(
            user(&mut desk, &with(path, &token)).as_deref(),
            Some(KIRSTEN),
            "{path}"
        );
        let again = told(&mut desk, &with(path, &token));
        let expected = [
            ("X-Forwarded-User", KIRSTEN),
            ("X-Forwarded-Groups", "Editors,Brand-Nordics"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(again, expected, "{path}: no email, no name, no right");
    }
    assert!(desk.forward(&with("/people/x", &token)).took_bearer);
    assert_eq!(desk.gate.verified_figures().checks, 1, "verified once");
}

#[test]
fn a_machines_token_opens_what_asks_for_scopes_and_nothing_for_people() {
    let mut desk = Desk::new(&api_config());
    let token = machine();
    let only = [("X-Forwarded-User".to_owned(), MACHINE.to_owned())];
    for path in ["/orders/x", "/one/x"] {
        assert_eq!(told(&mut desk, &with(path, &token)), only, "{path}");
    }
    let reply = forbidden(&mut desk, &with("/people/x", &token), "machine_token");
    assert_eq!(header_of(&reply, "www-authenticate"), None);
    assert_eq!(body(&reply)["error"], "forbidden");
    // Of one key alone, that key is what does not hold.
    forbidden(&mut desk, &with("/editors/x", &token), "rule_groups");
    forbidden(&mut desk, &with("/corp/x", &token), "rule_provider");
    forbidden(&mut desk, &with("/claim/x", &token), "rule_claim");
    let forward = desk.forward(&with("/optional/x", &token));
    assert!(forward.permit.who().is_none(), "nobody is signed in");
    assert!(forward.took_bearer, "and its token stays here");
}

#[test]
fn groups_and_email_of_a_machines_token_count_for_nothing() {
    let mut config = api_config();
    config.providers[0].email_verified = EmailVerified::Ignore;
    config.headers = crate::gate::headers::HeaderRules::new(
        &[Preset::ModAuthOpenidc, Preset::Vestibule],
        Vec::new(),
    );
    let mut desk = Desk::new(&config);
    let dressed_up = json!({
        "cognito:groups": ["Editors"], "email": "kirsten.holm@example.org", "email_verified": true,
        "name": "Kirsten", "custom:access_right": "Admin",
    });
    let token = token(&changed(machine_claims(), &dressed_up));
    forbidden(&mut desk, &with("/editors/x", &token), "rule_groups");
    forbidden(&mut desk, &with("/people/x", &token), "machine_token");
    for (name, value) in told(&mut desk, &with("/orders/x", &token)) {
        for of_people in ["Editors", "example.org", "Kirsten", "Admin"] {
            assert!(!value.contains(of_people), "{name}: {value}");
        }
    }
}

#[test]
fn scopes_that_lack_are_said_as_rfc_6750_says() {
    let mut desk = Desk::new(&api_config());
    let reply = forbidden(&mut desk, &with("/orders/x", &person()), "rule_scopes");
    let expected = "Bearer realm=\"wiki.example.com\", error=\"insufficient_scope\", scope=\"orders/read orders/all\"";
    assert_eq!(header_of(&reply, "www-authenticate"), Some(expected));
    assert_eq!(body(&reply)["error"], "insufficient_scope");
    // Of several tables, the one that only lacks scopes.
    let reply = forbidden(&mut desk, &with("/either/x", &person()), "rule_several");
    let header = header_of(&reply, "www-authenticate").unwrap();
    assert!(header.ends_with("scope=\"a b\""), "{header}");
    // What scopes would not open is no lack of scopes, and a session has none to show.
    let reply = forbidden(&mut desk, &with("/either/x", &machine()), "rule_groups");
    assert_eq!(header_of(&reply, "www-authenticate"), None);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let reply = forbidden(
        &mut desk,
        &Req::get("/orders/x").cookies(&jar),
        "rule_scopes",
    );
    assert_eq!(header_of(&reply, "www-authenticate"), None);
    assert_eq!(body(&reply)["error"], "forbidden");
}

#[test]
fn an_id_token_is_a_bearer_only_where_it_is_admitted() {
    let id_token = token(&id_claims());
    let mut desk = Desk::new(&api_config());
    refused(&mut desk, &with("/people/x", &id_token), "token_use");
    let mut config = api_config();
    config.providers[0].api.id = true;
    let mut desk = Desk::new(&config);
    let by_id = user(&mut desk, &with("/people/x", &id_token));
    assert_eq!(
        by_id.as_deref(),
        Some("kirsten.holm@example.org"),
        "that very person"
    );
    forbidden(&mut desk, &with("/orders/x", &id_token), "rule_scopes");
    assert_eq!(
        user(&mut desk, &with("/people/x", &person())).as_deref(),
        Some(KIRSTEN)
    );
    // Of another client it is nobody's.
    let other = token(&changed(id_claims(), &json!({ "aud": "another" })));
    refused(&mut desk, &with("/people/x", &other), "token_audience");
    // Scopes in it are no scopes.
    let with_scope = token(&changed(id_claims(), &json!({ "scope": "orders/read" })));
    forbidden(&mut desk, &with("/orders/x", &with_scope), "rule_scopes");
    config.providers[0].api.access = false;
    let mut desk = Desk::new(&config);
    refused(&mut desk, &with("/people/x", &person()), "token_use");
}

#[test]
fn a_person_without_the_user_claim_is_refused_and_told_which() {
    let mut config = api_config();
    config.providers[0].identity.user = rule(&["email"]);
    let mut desk = Desk::new(&config);
    let reply = forbidden(&mut desk, &with("/people/x", &person()), "no_user_claim");
    let words = body(&reply)["error_description"].to_string();
    assert!(words.contains("email"), "{words}");
    assert_eq!(body(&reply)["claim"], "email");
    assert_eq!(reply.note.claim.as_deref(), Some("email"));
    // Scopes alone make no person of somebody.
    let scoped = token(&changed(
        access_claims(),
        &json!({ "scope": "orders/read" }),
    ));
    forbidden(&mut desk, &with("/orders/x", &scoped), "no_user_claim");
}

#[test]
fn the_pools_automatic_group_is_no_group() {
    let pool = crate::gate::tests::support::POOL;
    let groups = json!({ "cognito:groups": [format!("{pool}_entra"), "Editors"] });
    let mut desk = Desk::new(&api_config());
    let token = token(&changed(access_claims(), &groups));
    let told = told(&mut desk, &with("/people/x", &token));
    assert!(
        told.contains(&("X-Forwarded-Groups".to_owned(), "Editors".to_owned())),
        "{told:?}"
    );
}

#[test]
fn a_token_that_is_bound_to_a_key_is_no_bearer() {
    let mut config = api_config();
    config.providers[0].api.id = true;
    let mut desk = Desk::new(&config);
    for cnf in [json!({ "jkt": "x" }), json!({ "x5t#S256": "x" }), json!([])] {
        let bound = json!({ "cnf": cnf });
        let of = |claims: Value| token(&changed(claims, &bound));
        refused(
            &mut desk,
            &with("/people/x", &of(access_claims())),
            "token_use",
        );
        refused(&mut desk, &with("/people/x", &of(id_claims())), "token_use");
        refused(
            &mut desk,
            &with("/orders/x", &of(machine_claims())),
            "token_use",
        );
    }
}

#[test]
fn an_access_token_that_says_no_right_gives_nobody_the_default() {
    use crate::gate::identity::rule::Unmapped;
    let right = |unmapped| {
        let mut config = api_config();
        config.providers[0].api.id = true;
        let mut rule = rule(&["custom:access_right"]);
        rule.map = Some(
            [("User".to_owned(), vec!["Reader".to_owned()])]
                .into_iter()
                .collect(),
        );
        rule.unmapped = unmapped;
        rule.default = vec!["Guest".to_owned()];
        config.providers[0].identity.access_right = Some(rule);
        Desk::new(&config)
    };
    let told_right = |desk: &mut Desk, claims: &Value| {
        let told = told(desk, &with("/people/x", &token(claims))).into_iter();
        told.filter(|(name, _)| name == "X-Access-Right")
            .map(|(_, value)| value)
            .next()
    };
    let silent = access_claims();
    let none = changed(id_claims(), &json!({ "custom:access_right": null }));
    let unknown = changed(access_claims(), &json!({ "custom:access_right": "x" }));
    let known = changed(access_claims(), &json!({ "custom:access_right": "User" }));
    let guest = Some("Guest".to_owned());
    let mut desk = right(Unmapped::Deny);
    forbidden(
        &mut desk,
        &with("/people/x", &token(&silent)),
        "no_access_right",
    );
    forbidden(
        &mut desk,
        &with("/people/x", &token(&unknown)),
        "no_access_right",
    );
    assert_eq!(told_right(&mut desk, &known).as_deref(), Some("Reader"));
    assert_eq!(told_right(&mut desk, &none), guest);
    let mut desk = right(Unmapped::Default);
    assert_eq!(told_right(&mut desk, &silent), None);
    assert_eq!(told_right(&mut desk, &unknown), guest);
    assert_eq!(told_right(&mut desk, &none), guest);
}
