//! Every hostile bearer token through the running proxy, and what becomes of it.
//!
//! Owns what only an access token, a program or a header field can be; the other mutations are those of ID tokens
//! in sessions (`hostile_tokens`).

use serde_json::{Value, json};

use super::{IDENTITY, MACHINE, ROUTES};
use crate::suite::hostile_tokens::cognito::mutations;
use crate::suite::hostile_tokens::forge::Forge;
use crate::suite::hostile_tokens::rows::{
    CLIENT, Fate, LET_IN_BY_BEARER, Rows, Way, changed, setup,
};
use crate::support::Setup;

/// The fate of a program's good token.
const LET_IN_AS_MACHINE: Fate =
    Fate::Told(&[("X-Forwarded-User", Some(MACHINE)), ("Authorization", None)]);

#[test]
fn each_hostile_bearer_meets_its_fate() {
    let (forge, issuer) = Forge::start(Way::Bearer);
    let mut rows = Rows::shown_in(Way::Bearer);
    mutations(&mut rows, &forge);
    people_and_machines(&mut rows, &forge);
    uses_and_clients(&mut rows, &forge);
    fields(&mut rows, &forge);
    rows.accepted("the good one once more", forge.with_claims(&json!({})));
    assert!(rows.len() >= 180, "{}", rows.len());
    let api = format!("api = {{ clients = [\"{CLIENT}\", \"{MACHINE}\"] }}");
    let mut chain = Setup {
        tables: ROUTES.to_owned(),
        identity: IDENTITY.to_owned(),
        ..setup(issuer.provider("cognito", CLIENT), &api)
    }
    .start();
    rows.try_all(&mut chain);
    // A made-up key id makes us ask the provider, but not each time.
    assert!(
        issuer.asked() <= 3,
        "asked {} times for keys",
        issuer.asked()
    );
}

fn people_and_machines(rows: &mut Rows, forge: &Forge) {
    let person = forge.with_claims(&json!({}));
    let machine = |changes: &Value| {
        let machine = json!({
            "sub": MACHINE, "client_id": MACHINE, "scope": "orders/read",
            "username": null, "name": null, "cognito:groups": null,
        });
        forge.with_claims(&changed(machine, changes))
    };
    let grouped = json!({ "cognito:groups": ["Editors"] });
    let unscoped = json!({ "scope": "orders/write" });
    let alike = json!({ "scope": "orders/read2 xorders/read ORDERS/READ" });
    let (people, editors, orders) = ("/api/people", "/api/editors", "/api/orders");
    for (what, target, token, fate) in [
        (
            "a person's, by group",
            editors,
            person.clone(),
            LET_IN_BY_BEARER,
        ),
        (
            "a person's without the scope",
            orders,
            person,
            Fate::Forbidden("rule_scopes"),
        ),
        (
            "a machine's",
            orders,
            machine(&json!({})),
            LET_IN_AS_MACHINE,
        ),
        (
            "a machine's for people",
            people,
            machine(&json!({})),
            Fate::Forbidden("machine_token"),
        ),
        (
            "a machine's by group",
            editors,
            machine(&json!({})),
            Fate::Forbidden("rule_groups"),
        ),
        (
            "a machine's with a group",
            editors,
            machine(&grouped),
            Fate::Forbidden("rule_groups"),
        ),
        (
            "a machine's of another scope",
            orders,
            machine(&unscoped),
            Fate::Forbidden("rule_scopes"),
        ),
        (
            "scopes that only look alike",
            orders,
            machine(&alike),
            Fate::Forbidden("rule_scopes"),
        ),
    ] {
        rows.to(target, what, token, fate);
    }
}

/// What a token is for, and whose client it was given to.
fn uses_and_clients(rows: &mut Rows, forge: &Forge) {
    let id = json!({
        "token_use": "id", "aud": CLIENT, "client_id": null, "scope": null, "username": null,
        "cognito:username": "hanna", "email": "hanna@example.org", "email_verified": true,
    });
    let of = |name: &str, value: Value| forge.with_claims(&json!({ name: value }));
    for (what, reason, token) in [
        ("an ID token", "token_use", forge.with_claims(&id)),
        (
            "an ID token that says access",
            "token_claim",
            forge.with_claims(&changed(id, &json!({ "token_use": "access" }))),
        ),
        (
            "token_use swapped",
            "token_use",
            of("token_use", json!("id")),
        ),
        ("no token_use", "token_use", of("token_use", Value::Null)),
        (
            "token_use as a list",
            "token_use",
            of("token_use", json!(["access"])),
        ),
        (
            "another client",
            "token_audience",
            of("client_id", json!("7otherclient000000000000bb")),
        ),
        ("no client", "token_claim", of("client_id", Value::Null)),
        (
            "clients as a list",
            "token_claim",
            of("client_id", json!([CLIENT])),
        ),
        (
            "bound to another resource",
            "token_audience",
            of("aud", json!("https://other.example")),
        ),
        ("huge", "token_too_long", of("x", json!("y".repeat(16_000)))),
    ] {
        rows.refused(what, reason, token);
    }
}

/// How the token is shown.
fn fields(rows: &mut Rows, forge: &Forge) {
    let good = forge.with_claims(&json!({}));
    let bearer = |text: &str| format!("Authorization: {text}\r\n");
    for (what, lines, fate) in [
        (
            "lower case",
            bearer(&format!("bearer {good}")),
            LET_IN_BY_BEARER,
        ),
        (
            "upper case",
            bearer(&format!("BEARER {good}")),
            LET_IN_BY_BEARER,
        ),
        (
            "several spaces",
            bearer(&format!("Bearer    {good}")),
            LET_IN_BY_BEARER,
        ),
        (
            "a tab",
            bearer(&format!("Bearer\t{good}")),
            Fate::Refused("bearer_malformed"),
        ),
        (
            "a tab after the space",
            bearer(&format!("Bearer \t{good}")),
            Fate::Refused("bearer_malformed"),
        ),
        (
            "no space",
            bearer(&format!("Bearer:{good}")),
            Fate::Refused("bearer_malformed"),
        ),
        (
            "nothing",
            bearer("Bearer"),
            Fate::Refused("bearer_malformed"),
        ),
        (
            "two words",
            bearer(&format!("Bearer {good} {good}")),
            Fate::Refused("bearer_malformed"),
        ),
        (
            "a list",
            bearer(&format!("Bearer {good}, Basic YTpi")),
            Fate::Refused("bearer_malformed"),
        ),
        (
            "in quotes",
            bearer(&format!("Bearer \"{good}\"")),
            Fate::Refused("bearer_malformed"),
        ),
        (
            "two fields",
            bearer(&format!("Bearer {good}")).repeat(2),
            Fate::Refused("bearer_malformed"),
        ),
        (
            "a good one and a Basic one",
            bearer(&format!("Bearer {good}")) + &bearer("Basic YTpi"),
            Fate::Refused("bearer_malformed"),
        ),
        (
            "a good one, then a bad one",
            bearer(&format!("Bearer {good}")) + &bearer("Bearer x"),
            Fate::Refused("bearer_malformed"),
        ),
        (
            "a bad cookie beside it",
            bearer(&format!("Bearer {good}")) + "Cookie: vestibule=AAAA\r\n",
            LET_IN_BY_BEARER,
        ),
    ] {
        rows.fields(what, lines, fate);
    }
}
