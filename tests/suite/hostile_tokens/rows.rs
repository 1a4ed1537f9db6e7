//! A table of tokens, and what has to become of each.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::suite::tokens::{key, now};
use crate::support::echo::Seen;
use crate::support::sealer::{Place, Session, seal};
use crate::support::{Harness, Setup, records};

/// The client that all good tokens are for.
pub(in crate::suite) const CLIENT: &str = "4exampleclient0000000000aa";
/// Whose tokens they are.
pub(super) const PERSON: &str = "hanna@example.org";

/// What has to become of a token.
pub(super) enum Fate {
    /// As if there were none, and the log says why.
    Refused(&'static str),
    /// Somebody who is not let in, and the log says why.
    Forbidden(&'static str),
    /// The app is asked, and is told this (nothing: the header is absent).
    Told(&'static [(&'static str, Option<&'static str>)]),
}

pub(super) struct Row {
    what: String,
    token: String,
    fate: Fate,
}

/// The table as it grows.
#[derive(Default)]
pub(super) struct Rows(Vec<Row>);

impl Rows {
    pub(super) fn refused(&mut self, what: &str, reason: &'static str, token: impl Into<String>) {
        self.push(what, token, Fate::Refused(reason));
    }

    pub(super) fn accepted(&mut self, what: &str, token: impl Into<String>) {
        let told = &[("X-Forwarded-User", Some(PERSON))];
        self.push(what, token, Fate::Told(told));
    }

    pub(super) fn push(&mut self, what: &str, token: impl Into<String>, fate: Fate) {
        let (what, token) = (what.to_owned(), token.into());
        self.0.push(Row { what, token, fate });
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Tries them all against one process; every failure is told, not just the first.
    pub(super) fn try_all(self, chain: &mut Harness) {
        let mut failures = Vec::new();
        for (number, row) in self.0.iter().enumerate() {
            let path = format!("/row-{number}-of-the-table");
            let before = chain.echo.count();
            let status = present(chain, &path, &row.token);
            let reached = chain.echo.count() - before;
            let (wanted, reason, told) = match &row.fate {
                Fate::Refused(reason) => (401, Some(*reason), None),
                Fate::Forbidden(reason) => (403, Some(*reason), None),
                Fate::Told(headers) => (200, None, Some(*headers)),
            };
            if status != wanted || reached != usize::from(wanted == 200) {
                failures.push(format!(
                    "{}: {status}, not {wanted}; {reached} upstream",
                    row.what
                ));
                continue;
            }
            if let Some(headers) = told {
                failures.extend(misses(&chain.echo.last(), headers, &row.what));
            }
            // The last member too: a line may be read while it is written.
            let line = chain.await_log(&[&format!("\"{path}\""), "\"ms\":"]);
            if let Some(reason) = reason.filter(|reason| !line.contains(&format!("\"{reason}\""))) {
                failures.push(format!("{}: not {reason}: {line}", row.what));
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}

fn misses(seen: &Seen, headers: &[(&str, Option<&str>)], what: &str) -> Vec<String> {
    let all = headers
        .iter()
        .filter(|(name, value)| seen.header(name) != *value);
    all.map(|(name, value)| format!("{what}: {name} is {:?}, not {value:?}", seen.header(name)))
        .collect()
}

/// The status that a script gets with a session around that token, in one cookie or in chunks.
fn present(chain: &Harness, path: &str, token: &str) -> u16 {
    let place = Place {
        purpose: "session",
        name: "vestibule",
        origin: &chain.origin,
    };
    let session = Session {
        provider: "corp",
        signed_in: now(),
        id_token: token,
    };
    let value = seal(&key(chain), &place, &session.encode());
    records::secret("token", token);
    let cookies = match value.len() {
        ..=3_950 => format!("vestibule={value}"),
        _ => {
            let chunks = value.as_bytes().chunks(3_950).zip(1..);
            let chunks = chunks.map(|(chunk, number)| {
                format!("vestibule.{number}={}", String::from_utf8_lossy(chunk))
            });
            chunks.collect::<Vec<_>>().join("; ")
        }
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\n\r\n");
    chain.raw(&request).status
}

/// A setup that trusts an issuer of the test's own.
pub(in crate::suite) fn setup(provider_head: String, more: &str) -> Setup {
    Setup {
        provider_head: Some(provider_head),
        provider: more.to_owned(),
        ..Setup::default()
    }
}

/// `object` with members replaced or, by null, taken away.
pub(in crate::suite) fn changed(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        match value {
            Value::Null => object.as_object_mut().expect("an object").remove(name),
            value => object
                .as_object_mut()
                .expect("an object")
                .insert(name.clone(), value.clone()),
        };
    }
    object
}

/// The time of the run: all tokens of it agree.
pub(in crate::suite) fn start() -> u64 {
    static START: OnceLock<u64> = OnceLock::new();
    *START.get_or_init(now)
}

/// The claims of a good token.
pub(in crate::suite) fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer,
        "aud": CLIENT,
        "sub": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
        "token_use": "id",
        "iat": start(),
        "auth_time": start(),
        "exp": start() + 3_600,
        "email": PERSON,
        "email_verified": true,
        "name": "Hanna Host",
        "cognito:groups": ["Editors", "Brand-Nordics"],
        "groups": ["Editors", "Brand-Nordics"],
    })
}

pub(in crate::suite) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}
