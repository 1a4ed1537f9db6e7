//! The one shape of `identity.*`: every form in which a claim comes, the map
//! and what holds where nothing is left. Here is what those tests stand on.

use serde_json::json;

use super::*;
use crate::config::{Identity, Provider, ProviderKind};
use crate::gate::identity::tests::verified;
use crate::gate::identity::{AttributeValue, KeptClaims, Mapping, NoPerson, Person};
use crate::gate::tests::support::{self, POOL, rule};

mod one;
mod several;
mod sources;

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn map(entries: &[(&str, &[&str])]) -> ValueMap {
    let entries = entries.iter();
    entries
        .map(|(name, local)| ((*name).to_owned(), texts(local)))
        .collect()
}

fn by(identity: &Identity, claims: &Value) -> Result<Person, NoPerson> {
    Mapping::new(identity, &support::provider()).person(&verified(claims), &KeptClaims::default())
}

fn groups(rule: ClaimRule, claims: &Value) -> Vec<String> {
    let identity = Identity {
        groups: rule,
        ..support::identity()
    };
    by(&identity, claims).unwrap().groups
}

fn right(rule: ClaimRule, order: &[&str], claims: &Value) -> Result<Option<String>, NoPerson> {
    let identity = Identity {
        access_right: Some(rule),
        order: texts(order),
        ..support::identity()
    };
    by(&identity, claims).map(|person| person.access_right)
}

fn attribute(kind: AttributeKind, rule: ClaimRule, claims: &Value) -> Option<AttributeValue> {
    let name = "it".to_owned();
    let identity = Identity {
        attributes: vec![AttributeRule { name, rule, kind }],
        ..support::identity()
    };
    let mut attributes = by(&identity, claims).unwrap().attributes;
    let found = attributes.pop();
    assert!(attributes.is_empty());
    found.map(|attribute| {
        assert_eq!(attribute.name, "it");
        attribute.value
    })
}
