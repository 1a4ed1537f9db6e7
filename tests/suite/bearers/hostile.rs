//! Every hostile bearer token through the running proxy, and what becomes of it.

use dev_idp::jws::{SigningKey, sign_hs256, unsigned};
use serde_json::{Value, json};

use super::{IDENTITY, MACHINE, ROUTES, SUBJECT, says_invalid_token};
use crate::suite::hostile_tokens::rows::{CLIENT, changed, encode, setup, start};
use crate::support::issuer::Issuer;
use crate::support::{Harness, Setup, records};

/// What has to become of a request.
enum Fate {
    /// 401, and the log says why.
    Refused(&'static str),
    /// 403, and the log says why.
    Forbidden(&'static str),
    /// The app is asked, and this user named.
    Let(&'static str),
}

struct Table<'c> {
    chain: &'c mut Harness,
    failures: Vec<String>,
    rows: usize,
}

impl Table<'_> {
    /// One request with these header lines.
    fn row(&mut self, what: &str, target: &str, lines: &str, fate: &Fate) {
        self.rows += 1;
        let path = format!("{target}/row-{}-of-the-table", self.rows);
        let before = self.chain.echo.count();
        let request = format!("GET {path} HTTP/1.1\r\nHost: HOST\r\n{lines}\r\n");
        let response = self.chain.raw(&request);
        let reached = self.chain.echo.count() - before;
        let (wanted, reason) = match fate {
            Fate::Refused(reason) => (401, Some(*reason)),
            Fate::Forbidden(reason) => (403, Some(*reason)),
            Fate::Let(_) => (200, None),
        };
        if response.status != wanted || reached != usize::from(wanted == 200) {
            let status = response.status;
            self.failures.push(format!(
                "{what}: {status}, not {wanted}; {reached} upstream"
            ));
            return;
        }
        match fate {
            Fate::Let(user) => {
                let seen = self.chain.echo.last();
                if seen.header("X-Forwarded-User") != Some(user)
                    || seen.header("Authorization").is_some()
                {
                    self.failures.push(format!("{what}: the app saw {seen:?}"));
                }
            }
            Fate::Refused(_) if !says_invalid_token(&response) => {
                self.failures.push(format!("{what}: {response:?}"));
            }
            Fate::Refused(_) | Fate::Forbidden(_) => {}
        }
        let line = self.chain.await_log(&[&format!("\"{path}\""), "\"ms\":"]);
        if let Some(reason) = reason.filter(|reason| !line.contains(&format!("\"{reason}\""))) {
            self.failures.push(format!("{what}: not {reason}: {line}"));
        }
    }

    fn token(&mut self, what: &str, target: &str, token: &str, fate: &Fate) {
        records::secret("token", token);
        self.row(
            what,
            target,
            &format!("Authorization: Bearer {token}\r\n"),
            fate,
        );
    }

    fn end(self) -> usize {
        assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
        self.rows
    }
}

/// A person's access token.
fn person(issuer: &str) -> Value {
    json!({
        "iss": issuer, "sub": SUBJECT, "client_id": CLIENT, "token_use": "access", "username": "hanna",
        "scope": "openid profile", "cognito:groups": ["Editors"], "version": 2,
        "iat": start(), "auth_time": start(), "exp": start() + 3_600,
    })
}

fn machine(issuer: &str) -> Value {
    let changes = json!({
        "sub": MACHINE, "client_id": MACHINE, "scope": "orders/read", "username": null, "cognito:groups": null,
    });
    changed(person(issuer), &changes)
}

fn id_token(issuer: &str) -> Value {
    let changes = json!({
        "token_use": "id", "aud": CLIENT, "client_id": null, "scope": null, "username": null,
        "cognito:username": "hanna", "email": "hanna@example.org", "email_verified": true,
    });
    changed(person(issuer), &changes)
}

#[test]
#[allow(clippy::too_many_lines)] // a table: one row after the other
fn each_hostile_bearer_meets_its_fate() {
    let key = SigningKey::generate();
    let stranger = SigningKey::generate();
    let issuer = Issuer::start(&[key.public_jwk()]);
    let api = format!("api = {{ clients = [\"{CLIENT}\", \"{MACHINE}\"] }}");
    let mut chain = Setup {
        tables: ROUTES.to_owned(),
        identity: IDENTITY.to_owned(),
        ..setup(issuer.provider("cognito", CLIENT), &api)
    }
    .start();
    let sign = |claims: &Value| key.sign(claims);
    let (person, machine, id) = (
        person(&issuer.url),
        machine(&issuer.url),
        id_token(&issuer.url),
    );
    let header = json!({ "kid": key.kid(), "alg": "RS256" });
    let good = sign(&person);
    let pem = key.public_pem();
    let of = |name: &str, value: Value| sign(&changed(person.clone(), &json!({ name: value })));
    let parts: Vec<&str> = good.split('.').collect();
    let other_payload = encode(changed(person.clone(), &json!({ "username": "eve" })).to_string());
    let hs256 = json!({ "kid": key.kid(), "alg": "HS256" }).to_string();
    let none = json!({ "kid": key.kid(), "alg": "none" }).to_string();
    let body = person.to_string();
    let unknown_kid = json!({ "kid": "nobody's", "alg": "RS256" }).to_string();

    let mut table = Table {
        chain: &mut chain,
        failures: Vec::new(),
        rows: 0,
    };
    let people = "/api/people";
    table.token("a person's", people, &good, &Fate::Let("hanna"));
    table.token(
        "a person's, by group",
        "/api/editors",
        &good,
        &Fate::Let("hanna"),
    );
    table.token(
        "a person's without the scope",
        "/api/orders",
        &good,
        &Fate::Forbidden("rule_scopes"),
    );
    table.token(
        "a machine's",
        "/api/orders",
        &sign(&machine),
        &Fate::Let(MACHINE),
    );
    table.token(
        "a machine's for people",
        people,
        &sign(&machine),
        &Fate::Forbidden("machine_token"),
    );
    table.token(
        "a machine's by group",
        "/api/editors",
        &sign(&machine),
        &Fate::Forbidden("rule_groups"),
    );
    let grouped = sign(&changed(
        machine.clone(),
        &json!({ "cognito:groups": ["Editors"] }),
    ));
    table.token(
        "a machine's with a group",
        "/api/editors",
        &grouped,
        &Fate::Forbidden("rule_groups"),
    );
    let unscoped = sign(&changed(
        machine.clone(),
        &json!({ "scope": "orders/write" }),
    ));
    table.token(
        "a machine's of another scope",
        "/api/orders",
        &unscoped,
        &Fate::Forbidden("rule_scopes"),
    );
    let scopes = sign(&changed(
        machine.clone(),
        &json!({ "scope": "orders/read2 xorders/read ORDERS/READ" }),
    ));
    table.token(
        "scopes that only look alike",
        "/api/orders",
        &scopes,
        &Fate::Forbidden("rule_scopes"),
    );

    for (what, reason, token) in [
        ("an ID token", "token_use", sign(&id)),
        (
            "an ID token that says access",
            "token_claim",
            sign(&changed(id.clone(), &json!({ "token_use": "access" }))),
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
        (
            "another pool",
            "token_issuer",
            of("iss", json!(format!("{}/x", issuer.url))),
        ),
        (
            "the issuer with a slash",
            "token_issuer",
            of("iss", json!(format!("{}/", issuer.url))),
        ),
        ("no issuer", "token_issuer", of("iss", Value::Null)),
        ("expired", "token_expired", of("exp", json!(start() - 120))),
        ("no exp", "token_claim", of("exp", Value::Null)),
        ("exp as text", "token_claim", of("exp", json!("9999999999"))),
        (
            "not yet",
            "token_not_yet_valid",
            of("nbf", json!(start() + 600)),
        ),
        (
            "from the future",
            "token_not_yet_valid",
            of("iat", json!(start() + 600)),
        ),
        ("no subject", "token_claim", of("sub", Value::Null)),
        (
            "alg none",
            "token_algorithm",
            unsigned(none.as_bytes(), body.as_bytes()),
        ),
        (
            "HS256 with the public key",
            "token_algorithm",
            sign_hs256(pem.as_bytes(), hs256.as_bytes(), body.as_bytes()),
        ),
        (
            "HMAC that says RS256",
            "token_signature",
            sign_hs256(
                pem.as_bytes(),
                header.to_string().as_bytes(),
                body.as_bytes(),
            ),
        ),
        (
            "a stranger's key",
            "token_signature",
            stranger.sign_raw(header.to_string().as_bytes(), body.as_bytes()),
        ),
        (
            "an unknown kid",
            "token_unknown_kid",
            key.sign_raw(unknown_kid.as_bytes(), body.as_bytes()),
        ),
        (
            "no kid",
            "token_no_kid",
            key.sign_raw(b"{\"alg\":\"RS256\"}", body.as_bytes()),
        ),
        (
            "another's payload",
            "token_signature",
            format!("{}.{other_payload}.{}", parts[0], parts[2]),
        ),
        (
            "no signature",
            "token_signature",
            format!("{}.{}.", parts[0], parts[1]),
        ),
        (
            "two parts",
            "token_malformed",
            format!("{}.{}", parts[0], parts[1]),
        ),
        ("five parts", "token_malformed", format!("{good}.a.b")),
        (
            "an opaque one",
            "token_malformed",
            "mF_9.B5f-4.1JqM".to_owned(),
        ),
        ("a word", "token_malformed", "abc".to_owned()),
        ("padded", "token_malformed", format!("{good}=")),
        ("iss twice", "token_malformed", {
            let twice = body.replacen('{', "{\"iss\":\"https://evil.example\",", 1);
            key.sign_raw(header.to_string().as_bytes(), twice.as_bytes())
        }),
        (
            "crit",
            "token_critical_header",
            key.sign_raw(
                changed(header.clone(), &json!({ "crit": ["exp"] }))
                    .to_string()
                    .as_bytes(),
                body.as_bytes(),
            ),
        ),
        (
            "huge",
            "token_too_long",
            sign(&changed(
                person.clone(),
                &json!({ "x": "y".repeat(16_000) }),
            )),
        ),
    ] {
        table.token(what, people, &token, &Fate::Refused(reason));
    }

    let bearer = |text: &str| format!("Authorization: {text}\r\n");
    for (what, lines, fate) in [
        (
            "lower case",
            bearer(&format!("bearer {good}")),
            Fate::Let("hanna"),
        ),
        (
            "upper case",
            bearer(&format!("BEARER {good}")),
            Fate::Let("hanna"),
        ),
        (
            "several spaces",
            bearer(&format!("Bearer    {good}")),
            Fate::Let("hanna"),
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
            Fate::Let("hanna"),
        ),
    ] {
        table.row(what, people, &lines, &fate);
    }
    table.token("the good one once more", people, &good, &Fate::Let("hanna"));
    assert!(table.end() >= 55);
    // A made-up key id makes us ask the provider, but not each time.
    assert!(
        issuer.asked() <= 3,
        "asked {} times for keys",
        issuer.asked()
    );
}
