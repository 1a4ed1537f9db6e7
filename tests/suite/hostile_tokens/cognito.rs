//! `kind = "cognito"`: RS256, a `kid`, `token_use`. One table of mutations, whose tokens are shown in both ways: an ID
//! token in a session, an access token as a bearer.
//!
//! Owns what the ways have in common. What only an access token or a header field can be is in `bearers::hostile`.

use serde_json::json;

use super::audiences::audiences;
use super::forge::Forge;
use super::issuers::{issuers, subjects};
use super::members::headers_and_members;
use super::people::people;
use super::rows::{CLIENT, Rows, Way, setup};
use super::signatures::{algorithms, keys};
use super::structure::structure;
use super::times::times;

/// What no token survives, however it is shown.
pub(in crate::suite) fn mutations(rows: &mut Rows, forge: &Forge) {
    rows.accepted("the good one", forge.with_claims(&json!({})));
    algorithms(rows, forge);
    keys(rows, forge);
    structure(rows, forge);
    headers_and_members(rows, forge);
    times(rows, forge);
    issuers(rows, forge);
    subjects(rows, forge);
}

#[test]
fn each_mutation_of_a_cognito_token_meets_its_fate() {
    let (forge, issuer) = Forge::start(Way::Session);
    let mut rows = Rows::shown_in(Way::Session);
    mutations(&mut rows, &forge);
    audiences(&mut rows, &forge);
    people(&mut rows, &forge);
    rows.accepted("the good one once more", forge.with_claims(&json!({})));
    assert!(rows.len() >= 190, "{}", rows.len());
    let mut chain = setup(issuer.provider("cognito", CLIENT), "").start();
    rows.try_all(&mut chain);
    assert!(
        issuer.asked() <= 3,
        "asked {} times for keys",
        issuer.asked()
    );
}
