//! A table of tokens, and what has to become of each.
//!
//! Owns the ways in which a token is shown, and how its fate is seen. Must not know what is wrong with one.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::suite::tokens::{now, one_of_many};
use crate::support::echo::Seen;
use crate::support::{Harness, Response, Setup, records};

/// The client that all good tokens are for.
pub(in crate::suite) const CLIENT: &str = "4exampleclient0000000000aa";
/// Whose ID tokens they are.
pub(super) const PERSON: &str = "hanna@example.org";

/// The fate of a good ID token.
const LET_IN: Fate = Fate::Told(&[("X-Forwarded-User", Some(PERSON))]);
/// The fate of a good access token, which stays here.
pub(in crate::suite) const LET_IN_BY_BEARER: Fate =
    Fate::Told(&[("X-Forwarded-User", Some("hanna")), ("Authorization", None)]);

/// How a token is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::suite) enum Way {
    /// An ID token in a sealed session, as an attacker with the session key could.
    Session,
    /// An access token, by whoever holds it.
    Bearer,
}

/// What has to become of a token.
#[derive(Clone, Copy)]
pub(in crate::suite) enum Fate {
    /// 401, and the log says why.
    Refused(&'static str),
    /// Somebody who is not let in, and the log says why.
    Forbidden(&'static str),
    /// The app is asked, and is told this (nothing: the header is absent).
    Told(&'static [(&'static str, Option<&'static str>)]),
}

/// What is sent of a row.
enum Shown {
    Token(String),
    /// Whole lines of a header.
    Fields(String),
}

struct Row {
    what: String,
    /// Where to, without the row's own name.
    target: &'static str,
    shown: Shown,
    fate: Fate,
}

/// The table as it grows: mutations, and the fate of each.
pub(in crate::suite) struct Rows {
    way: Way,
    all: Vec<Row>,
}

impl Rows {
    pub(in crate::suite) fn shown_in(way: Way) -> Self {
        let all = Vec::new();
        Self { way, all }
    }

    pub(in crate::suite) fn refused(
        &mut self,
        what: &str,
        reason: &'static str,
        token: impl Into<String>,
    ) {
        self.push(what, token, Fate::Refused(reason));
    }

    /// The log gives another reason in each way.
    pub(super) fn refused_as(
        &mut self,
        what: &str,
        in_a_session: &'static str,
        as_a_bearer: &'static str,
        token: impl Into<String>,
    ) {
        let reason = match self.way {
            Way::Session => in_a_session,
            Way::Bearer => as_a_bearer,
        };
        self.refused(what, reason, token);
    }

    /// No bearer can be this.
    pub(super) fn refused_in_a_session(
        &mut self,
        what: &str,
        reason: &'static str,
        token: impl Into<String>,
    ) {
        if self.way == Way::Session {
            self.refused(what, reason, token);
        }
    }

    pub(in crate::suite) fn accepted(&mut self, what: &str, token: impl Into<String>) {
        let told = match self.way {
            Way::Session => LET_IN,
            Way::Bearer => LET_IN_BY_BEARER,
        };
        self.push(what, token, told);
    }

    pub(super) fn push(&mut self, what: &str, token: impl Into<String>, fate: Fate) {
        let target = match self.way {
            Way::Session => "",
            Way::Bearer => "/api/people",
        };
        self.to(target, what, token, fate);
    }

    /// The same somewhere else.
    pub(in crate::suite) fn to(
        &mut self,
        target: &'static str,
        what: &str,
        token: impl Into<String>,
        fate: Fate,
    ) {
        let shown = Shown::Token(token.into());
        let what = what.to_owned();
        self.all.push(Row {
            what,
            target,
            shown,
            fate,
        });
    }

    /// Header lines in place of a token.
    pub(in crate::suite) fn fields(&mut self, what: &str, lines: String, fate: Fate) {
        let (what, shown) = (what.to_owned(), Shown::Fields(lines));
        self.all.push(Row {
            what,
            target: "/api/people",
            shown,
            fate,
        });
    }

    pub(in crate::suite) fn len(&self) -> usize {
        self.all.len()
    }

    /// Tries them all against one process; every failure is told, not just the first.
    pub(in crate::suite) fn try_all(self, chain: &mut Harness) {
        let mut failures = Vec::new();
        for (number, row) in self.all.iter().enumerate() {
            let path = format!("{}/row-{number}-of-the-table", row.target);
            let lines = match &row.shown {
                Shown::Token(token) => lines_of(chain, self.way, token),
                Shown::Fields(lines) => lines.clone(),
            };
            let before = chain.echo.count();
            let request = format!("GET {path} HTTP/1.1\r\nHost: HOST\r\n{lines}\r\n");
            let response = chain.raw(&request);
            let (status, reached) = (response.status, chain.echo.count() - before);
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
            if status == 401 && self.way == Way::Bearer && !says_invalid_token(&response) {
                failures.push(format!("{}: {response:?}", row.what));
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

/// RFC 6750 3.1.
pub(in crate::suite) fn says_invalid_token(response: &Response) -> bool {
    let challenge = response.header("WWW-Authenticate").unwrap_or("");
    challenge == "Bearer realm=\"localhost\", error=\"invalid_token\""
        && response.json() == json!({ "error": "invalid_token" })
}

fn misses(seen: &Seen, headers: &[(&str, Option<&str>)], what: &str) -> Vec<String> {
    let all = headers
        .iter()
        .filter(|(name, value)| seen.header(name) != *value);
    all.map(|(name, value)| format!("{what}: {name} is {:?}, not {value:?}", seen.header(name)))
        .collect()
}

/// The header lines by which a script shows it.
fn lines_of(chain: &Harness, way: Way, token: &str) -> String {
    records::secret("token", token);
    match way {
        Way::Session => format!("Cookie: {}\r\n", cookies_around(chain, token)),
        Way::Bearer => format!("Authorization: Bearer {token}\r\n"),
    }
}

/// A session around a token, in one cookie or in chunks.
fn cookies_around(chain: &Harness, token: &str) -> String {
    let value = one_of_many(chain, token);
    if value.len() <= 3_950 {
        return format!("vestibule={value}");
    }
    let chunks = value.as_bytes().chunks(3_950).zip(1..);
    let chunks = chunks
        .map(|(chunk, number)| format!("vestibule.{number}={}", String::from_utf8_lossy(chunk)));
    chunks.collect::<Vec<_>>().join("; ")
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
