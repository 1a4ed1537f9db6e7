//! Whose tokens count: each provider's own, and no more than it vouches for.

use super::*;

#[test]
fn a_provider_speaks_for_its_own_addresses_by_tokens_too() {
    let mut config = api_config();
    config.providers[0].email_domains = EmailDomains::Only(vec!["partner.example".to_owned()]);
    let mut desk = Desk::new(&config);
    let ceo = token(&changed(
        access_claims(),
        &json!({ "username": "ceo@example.org" }),
    ));
    forbidden(&mut desk, &with("/people/x", &ceo), "user_email_domain");
    let named = "ceo@example.org";
    let machine = json!({ "sub": named, "client_id": named });
    config.providers[0].api.clients = Some(vec![CLIENT.to_owned(), named.to_owned()]);
    let mut desk = Desk::new(&config);
    let machine = token(&changed(machine_claims(), &machine));
    forbidden(&mut desk, &with("/orders/x", &machine), "user_email_domain");
    let own = token(&changed(
        access_claims(),
        &json!({ "username": "ann@partner.example" }),
    ));
    assert_eq!(
        user(&mut desk, &with("/people/x", &own)).as_deref(),
        Some("ann@partner.example")
    );
}

#[test]
fn a_provider_without_a_client_vouches_for_tokens_and_signs_nobody_in() {
    let mut config = api_config();
    config.providers[0].client_id = None;
    let mut desk = Desk::new(&config);
    desk.forward(&with("/orders/x", &machine()));
    for target in [
        "/_vestibule/login",
        "/_vestibule/login/corp",
        "/_vestibule/callback?code=a&state=b",
    ] {
        let decision = desk.decide_onward(&Req::open(target));
        let crate::gate::Decision::Reply(reply) = decision else {
            panic!("{target}: {decision:?}");
        };
        assert!(reply.status.is_client_error(), "{target}: {reply:?}");
    }
}

#[test]
fn a_provider_that_admits_no_tokens_vouches_for_none() {
    let mut config = api_config();
    config.providers[0].api = crate::config::BearerTokens::none();
    let mut desk = Desk::new(&config);
    for (target, token) in [("/orders/x", machine()), ("/people/x", person())] {
        refused(&mut desk, &with(target, &token), "token_issuer");
    }
}

#[test]
fn a_token_that_two_providers_may_accept_waits_for_the_keys_of_both() {
    let mut config = api_config();
    let mut second = api_config().providers.remove(0);
    second.id = crate::config::ProviderId("second".to_owned());
    config.providers.push(second);
    let gate = crate::gate::Gate::new(&config).unwrap();
    let (keys, none) = (
        crate::gate::tests::support::key_set(),
        crate::gate::Seen::default(),
    );
    let seen = crate::gate::Seen {
        keys: Some(&keys),
        ..none
    };
    let req = with("/orders/x", &machine());
    for (providers, reason) in [
        ([seen, none], "provider_keys_missing"),
        ([none, seen], "provider_keys_missing"),
        ([seen, seen], "token_audience"),
    ] {
        let known = crate::gate::Known {
            providers: &providers,
            refreshed: None,
            may_not_renew: false,
        };
        match gate.decide(&req.view(), known, None, NOW, &mut |_| Ok(())) {
            crate::gate::Decision::Reply(reply) => assert_eq!(reply.note.reason, Some(reason)),
            other => panic!("{other:?}"),
        }
        assert_eq!(gate.verified_figures().entries, 0);
    }
}
