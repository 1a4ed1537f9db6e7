//! The account agrees with the mapping, whatever the claims are.

use serde_json::{Map, json};

use super::*;
use crate::config::{Identity, Provider};
use crate::gate::identity::KeptClaims;
use crate::gate::identity::rule::{AttributeRule, Unmapped};
use crate::gate::tests::support::{Dice, POOL, changed, id_claims, identity, provider, rule};

fn map(entries: &[(&str, &[&str])]) -> super::super::rule::ValueMap {
    entries
        .iter()
        .map(|(from, to)| {
            let to = to.iter().map(|name| (*name).to_owned()).collect();
            ((*from).to_owned(), to)
        })
        .collect()
}

fn traces(mapping: &Mapping, claims: &Value, userinfo: &Value) -> Vec<Trace> {
    let mut kept = KeptClaims::default();
    mapping.keep_userinfo(&mut kept, userinfo.as_object().unwrap());
    mapping.trace(Shown::session(claims.as_object().unwrap(), &kept))
}

fn groups(mapping: &Mapping, changes: &Value) -> Vec<String> {
    let claims = changed(id_claims(), changes);
    let traces = traces(mapping, &claims, &json!({}));
    let groups = traces.iter().find(|trace| trace.what == "groups").unwrap();
    groups
        .steps
        .iter()
        .map(|step| step.text().to_string())
        .collect()
}

#[test]
fn every_value_that_is_left_out_says_why() {
    let mut configured = identity();
    configured.groups = rule(&["cognito:groups", "custom:more"]);
    configured.groups.map = Some(map(&[("Editors", &["staff", "wiki"]), ("Keep", &["Keep"])]));
    configured.groups.unmapped = Unmapped::Drop;
    let mapping = Mapping::new(&configured, &provider());
    let automatic = format!("{POOL}_entra");
    let lines = groups(
        &mapping,
        &json!({
            "cognito:groups": [automatic, "Editors", "Nobody-Knows", "Keep"],
            "identities": [{ "providerName": "entra" }],
        }),
    );
    assert_eq!(
        lines,
        [
            format!(
                "\"{automatic}\" from cognito:groups (ID token): left out, the pool's automatic group of a provider's people"
            ),
            "\"Editors\" from cognito:groups (ID token): mapped to staff, wiki".to_owned(),
            "\"Nobody-Knows\" from cognito:groups (ID token): left out, the map has no name for it"
                .to_owned(),
            "\"Keep\" from cognito:groups (ID token)".to_owned(),
            "custom:more (ID token): not there".to_owned(),
        ]
    );
}

#[test]
fn an_email_that_is_not_vouched_for_is_named_as_that() {
    let mapping = Mapping::new(&identity(), &provider());
    let claims = changed(id_claims(), &json!({ "email_verified": false }));
    let traces = traces(&mapping, &claims, &json!({}));
    for what in ["user", "email"] {
        let trace = traces.iter().find(|trace| trace.what == what).unwrap();
        assert!(trace.values.is_empty());
        assert_eq!(trace.steps[0].fate, Fate::Unbelieved, "{what}");
    }
}

#[test]
fn what_is_found_later_is_shown_as_unused() {
    let mut configured = identity();
    configured.user = rule(&["custom:login", "email", "sub"]);
    let mapping = Mapping::new(&configured, &provider());
    let traces = traces(&mapping, &id_claims(), &json!({}));
    let fates: Vec<_> = traces[0]
        .steps
        .iter()
        .map(|step| step.fate.word())
        .collect();
    assert_eq!(fates, ["absent", "kept", "later"]);
}

/// What the steps say is taken is what the person is told to be, for any claims.
#[test]
fn the_account_agrees_with_the_mapping() {
    let mut dice = Dice::new(7);
    let pool = json!([
        "a", "b", "[a, b]", "[\"c\",\"d\"]", "", " ", 7, true, null, ["a", "b", "a"], ["x", 1],
        { "y": "a" }, [], "mail@example.com", "two@at@signs", format!("{POOL}_entra"),
    ]);
    let names = [
        "email",
        "groups1",
        "groups2",
        "right",
        "name",
        "given_name",
        "extra",
        "email_verified",
    ];
    for round in 0..3_000 {
        let mut configured = Identity {
            user: rule(&["email", "extra"]),
            groups: rule(&["groups1", "groups2"]),
            access_right: Some(rule(&["right"])),
            attributes: vec![AttributeRule {
                name: "list".to_owned(),
                rule: rule(&["extra", "groups2"]),
                kind: AttributeKind::List,
            }],
            ..identity()
        };
        let mapped = map(&[("a", &["A1", "A2"]), ("b", &["b"])]);
        for rule in [&mut configured.groups, &mut configured.user] {
            rule.map = (dice.below(2) == 0).then(|| mapped.clone());
            rule.unmapped = *dice.pick(&[Unmapped::Keep, Unmapped::Drop]);
            rule.default = dice.pick(&[vec![], vec!["def".to_owned()]]).clone();
        }
        let userinfo = dice.below(2) == 0;
        let mapping = Mapping::new(
            &configured,
            &Provider {
                userinfo,
                ..provider()
            },
        );
        let mut claims = || {
            let mut claims = Map::new();
            for name in names {
                if dice.below(3) > 0 {
                    claims.insert(name.to_owned(), dice.pick(pool.as_array().unwrap()).clone());
                }
            }
            claims
        };
        let (id_token, more) = (claims(), claims());
        let mut kept = KeptClaims::default();
        mapping.keep_userinfo(&mut kept, &more);
        for trace in mapping.trace(Shown::session(&id_token, &kept)) {
            let mut taken: Vec<String> = Vec::new();
            for step in &trace.steps {
                let values = match &step.fate {
                    Fate::Kept => step.value.iter().cloned().collect(),
                    Fate::Mapped(names) => names.clone(),
                    _ => continue,
                };
                taken.extend(values);
            }
            let mut seen = std::collections::HashSet::new();
            taken.retain(|value| seen.insert(value.clone()));
            match trace.what.as_str() {
                // Of two names that are put together.
                "name" => assert_eq!(trace.values.is_empty(), taken.is_empty(), "{round}"),
                // Of several, `order` takes one or none.
                "access_right" => assert!(
                    trace.values.iter().all(|right| taken.contains(right)),
                    "{round}"
                ),
                // A single value may stand for several names: the first counts.
                "user" | "email" if !trace.is_default => assert_eq!(
                    trace.values.first(),
                    taken.first(),
                    "{round} {}",
                    trace.what
                ),
                _ if trace.is_default => assert!(taken.is_empty(), "{round}"),
                _ => assert_eq!(trace.values, taken, "{round} {}", trace.what),
            }
        }
        // The results are the person's.
        if let Ok(person) = mapping.described(Shown::session(&id_token, &kept)) {
            let traces = mapping.trace(Shown::session(&id_token, &kept));
            let of = |what: &str| {
                let trace = traces.iter().find(|trace| trace.what == what);
                trace.map(|trace| trace.values.clone()).unwrap_or_default()
            };
            assert_eq!(of("user"), [person.user]);
            assert_eq!(of("email").first(), person.email.as_ref());
            assert_eq!(of("name").first(), person.name.as_ref());
            assert_eq!(of("groups"), person.groups);
            assert_eq!(of("access_right").first(), person.access_right.as_ref());
        }
    }
}
