//! What a provider may not say is not there, in whatever shape it says so.

use serde_json::json;

use super::*;
use crate::config::{Identity, Provider};
use crate::gate::email::EmailDomains;
use crate::gate::identity::Shown;
use crate::gate::identity::rule::{AttributeKind, AttributeRule, ClaimSource};
use crate::gate::identity::trace::Fate;
use crate::gate::identity::{AttributeValue, NoPerson, Person};
use crate::gate::tests::support::{changed, id_claims, identity, provider, rule};

fn only(domain: &str) -> EmailDomains {
    EmailDomains::Only(vec![domain.to_owned()])
}

fn all_but(domain: &str) -> EmailDomains {
    EmailDomains::AllBut(vec![domain.to_owned()])
}

fn mapping(identity: &Identity, email_domains: EmailDomains) -> Mapping {
    let provider = Provider {
        email_domains,
        userinfo: true,
        ..provider()
    };
    Mapping::new(identity, &provider)
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn believed(email_domains: EmailDomains, claims: &Value) -> Value {
    let claims = map(claims);
    let mapping = mapping(&identity(), email_domains);
    Value::Object(mapping.believed(&claims, &claims).into_owned())
}

fn described(identity: &Identity, claims: &Value, kept: &KeptClaims) -> Result<Person, NoPerson> {
    mapping(identity, only("partner.example")).described(Shown::session(&map(claims), kept))
}

/// Everything that a configuration can read out of these claims.
fn reading(names: &[&str], from: Option<ClaimSource>) -> Identity {
    let mut any = rule(names);
    any.from = from;
    let attribute = |name: &str, kind| AttributeRule {
        name: name.to_owned(),
        rule: any.clone(),
        kind,
    };
    Identity {
        user: rule(&["sub"]),
        email: any.clone(),
        name: Some(any.clone()),
        groups: any.clone(),
        access_right: Some(any.clone()),
        attributes: vec![
            attribute("one", AttributeKind::Text),
            attribute("many", AttributeKind::List),
        ],
        ..identity()
    }
}

fn is_bare(person: &Person) -> bool {
    person.email.is_none()
        && person.name.is_none()
        && person.groups.is_empty()
        && person.access_right.is_none()
        && person.attributes.is_empty()
}

/// An email in another shape than text.
fn shapes() -> [Value; 7] {
    [
        json!(["ceo@corp.example"]),
        json!([["ceo@corp.example"]]),
        json!({ "0": "ceo@corp.example" }),
        json!([]),
        json!({}),
        json!(4711),
        json!(true),
    ]
}

#[test]
fn an_email_that_is_no_text_is_none_in_every_source() {
    for shape in shapes() {
        for domains in [
            EmailDomains::Any,
            only("corp.example"),
            all_but("a.example"),
        ] {
            let rest = json!({ "sub": "d3a4", "email_verified": true });
            let mut claims = rest.clone();
            claims["email"] = shape.clone();
            assert_eq!(believed(domains, &claims), rest, "{shape}");
        }
        let bare = changed(id_claims(), &json!({ "email": null }));
        let said = map(&json!({ "email": shape, "email_verified": true }));
        for from in [
            ClaimSource::IdToken,
            ClaimSource::AccessToken,
            ClaimSource::Userinfo,
        ] {
            let (mut claims, mut kept) = (bare.clone(), KeptClaims::default());
            match from {
                ClaimSource::IdToken => claims["email"] = shape.clone(),
                ClaimSource::AccessToken => kept.access_token = said.clone(),
                ClaimSource::Userinfo => kept.userinfo = said.clone(),
            }
            let identity = reading(&["email"], Some(from));
            let person = described(&identity, &claims, &kept).unwrap();
            assert!(is_bare(&person), "{shape} {from:?}");
        }
    }
}

#[test]
fn an_address_of_others_is_absent_by_whatever_claim_it_comes() {
    let foreign = [
        json!("ceo@corp.example"),
        json!(" CEO@Corp.Example. "),
        json!("ceo@corp。example"),
        json!("ceo\u{ff20}corp.example"),
        json!("ceo\u{fe6b}corp.example"),
        json!("Ana <ceo@corp.example>"),
        json!("mailto:ceo@corp.example"),
        json!("ana@partner.example,ceo@corp.example"),
        json!("ceo@corp.example ana@partner.example"),
        json!("ceo@corp.example@partner.example"),
        json!("\"ceo\" @corp.example"),
        json!("[\"ceo@corp.example\"]"),
        json!("[ceo%40corp.example]"),
        json!(["ceo@corp.example"]),
        json!([["ceo@corp.example"]]),
        json!({ "deep": [{ "er": "ceo@corp.example" }] }),
        json!({ "ceo@corp.example": true }),
    ];
    for domains in [only("partner.example"), all_but("corp.example")] {
        for value in &foreign {
            for claim in [
                "preferred_username",
                "upn",
                "name",
                "Email",
                "cognito:groups",
            ] {
                let rest = json!({ "sub": "d3a4", "email": "ana@partner.example" });
                let mut claims = rest.clone();
                claims[claim] = value.clone();
                assert_eq!(believed(domains.clone(), &claims), rest, "{claim} {value}");
                assert_eq!(believed(EmailDomains::Any, &claims), claims);
            }
        }
    }
    for value in &foreign {
        let claims = changed(id_claims(), &json!({ "email": null, "upn": value }));
        let identity = reading(&["upn", "upn.deep.er"], None);
        let person = described(&identity, &claims, &KeptClaims::default()).unwrap();
        assert!(is_bare(&person), "{value}");
        for from in [ClaimSource::AccessToken, ClaimSource::Userinfo] {
            let mut kept = KeptClaims::default();
            match from {
                ClaimSource::Userinfo => kept.userinfo = map(&json!({ "upn": value })),
                _ => kept.access_token = map(&json!({ "upn": value })),
            }
            let identity = reading(&["upn", "upn.deep.er"], Some(from));
            let claims = changed(id_claims(), &json!({ "email": null }));
            let person = described(&identity, &claims, &kept).unwrap();
            assert!(is_bare(&person), "{value} {from:?}");
        }
    }
}

#[test]
fn what_is_no_address_of_others_stays_as_it_is() {
    let claims = json!({
        "sub": "d3a4", "email": "ana@partner.example", "upn": "ANA@Partner.Example.",
        "name": "Ana, of the Partner", "alias": ["a@partner.example", "b@partner.example", 7, null],
        "aliases": "a@partner.example, <b@partner.example>", "groups": [], "address": {},
        "text": "[a, b]", "auth_time": 1_790_000_000, "deep": [[{ "x": "y" }]],
    });
    let mapping = mapping(&identity(), only("partner.example"));
    let claims = map(&claims);
    assert!(matches!(
        mapping.believed(&claims, &claims),
        Cow::Borrowed(_)
    ));
    // Only what is theirs is taken out of a list.
    let mixed =
        json!({ "groups": ["Readers", "ceo@corp.example", { "a": 1, "b": "x@corp.example" }] });
    let left = json!({ "groups": ["Readers", { "a": 1 }] });
    assert_eq!(believed(only("partner.example"), &mixed), left);
}

#[test]
fn a_text_that_is_cut_gives_no_address_of_others() {
    let mut identity = reading(&["more"], None);
    for (split, text) in [
        ("--", "ceo@corp.example--x"),
        ("_", "Readers_ceo@corp.example_x"),
    ] {
        identity.groups.split = Some(split.to_owned());
        let claims = json!({ "sub": "d3a4", "more": text });
        let mapping = mapping(&identity, all_but("corp.example"));
        let person = mapping.described(Shown::session(&map(&claims), &KeptClaims::default()));
        let groups = person.unwrap().groups;
        assert!(!groups.iter().any(|group| group.contains('@')), "{text}");
        let traces = mapping.trace(Shown::session(&map(&claims), &KeptClaims::default()));
        let traced = traces.iter().find(|trace| trace.what == "groups").unwrap();
        let taken = traced.steps.iter().filter(|step| step.fate == Fate::Kept);
        let taken: Vec<_> = taken.filter_map(|step| step.value.clone()).collect();
        assert_eq!(taken, groups);
    }
}

#[test]
fn an_account_by_an_address_of_others_is_nobody_and_no_map_makes_it_one() {
    let claims = changed(
        id_claims(),
        &json!({ "upn": "ceo@corp.example", "email": null }),
    );
    let mut configured = Identity {
        user: rule(&["upn", "cognito:username"]),
        ..identity()
    };
    let none = KeptClaims::default();
    let found = described(&configured, &claims, &none);
    assert_eq!(found, Err(NoPerson::ForeignUser));
    let boss = [("ceo@corp.example".to_owned(), vec!["boss".to_owned()])];
    configured.user.map = Some(boss.into_iter().collect());
    let found = described(&configured, &claims, &none);
    assert_eq!(found, Err(NoPerson::ForeignUser));
    // Headers tell the subject as it is.
    configured.user = rule(&["cognito:username"]);
    assert!(described(&configured, &claims, &none).is_ok());
    let claims = changed(claims, &json!({ "sub": "ceo@corp.example" }));
    let found = described(&configured, &claims, &none);
    assert_eq!(found, Err(NoPerson::ForeignUser));
}

#[test]
fn the_account_of_a_mapping_shows_what_was_left_out_of_a_list() {
    let mut configured = identity();
    configured.groups = rule(&["groups"]);
    let mapping = mapping(&configured, only("partner.example"));
    let claims = changed(
        id_claims(),
        &json!({ "groups": ["Readers", "ceo@corp.example"] }),
    );
    let traces = mapping.trace(Shown::session(&map(&claims), &KeptClaims::default()));
    let groups = traces.iter().find(|trace| trace.what == "groups").unwrap();
    let steps = groups.steps.iter().filter(|step| step.value.is_some());
    let steps: Vec<_> = steps
        .map(|step| (step.value.as_deref().unwrap(), step.fate.clone()))
        .collect();
    assert_eq!(
        steps,
        [
            ("Readers", Fate::Kept),
            ("ceo@corp.example", Fate::Unbelieved)
        ]
    );
}

#[test]
fn attributes_of_ones_own_domain_are_told() {
    let claims = changed(
        id_claims(),
        &json!({ "email": "ana@partner.example", "alias": ["a@partner.example", "ceo@corp.example"] }),
    );
    let mut configured = reading(&["alias"], None);
    configured.email = rule(&["email"]);
    configured.access_right = None;
    let person = described(&configured, &claims, &KeptClaims::default()).unwrap();
    assert_eq!(person.email.as_deref(), Some("ana@partner.example"));
    let values: Vec<_> = person.attributes.iter().map(|one| &one.value).collect();
    let own = AttributeValue::Many(vec!["a@partner.example".to_owned()]);
    assert!(values == [&own], "{} attributes", values.len());
}
