//! Failure injection (cognito.md E18): per endpoint, once, n times or always.
//!
//! A fault that replaces the response is asked for by the router; one that
//! changes a token is asked for where tokens are signed.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::forge::{Forgery, ForgeryKey};
use crate::model::KeyName;

/// The body of `POST /faults`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Fault {
    pub(crate) endpoint: String,
    /// How often; -1 is always.
    #[serde(default = "once")]
    pub(crate) times: i64,
    #[serde(flatten)]
    pub(crate) kind: FaultKind,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    /// Answers with this status and an empty body.
    Status { status: u16 },
    /// Deviations for one token of the response.
    TamperToken {
        #[serde(default = "id_token")]
        token: KeyName,
        #[serde(default)]
        claims: Map<String, Value>,
        #[serde(default)]
        header: Map<String, Value>,
        #[serde(default)]
        key: Option<ForgeryKey>,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Fault {
    /// # Errors
    /// If no server could answer like this.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.kind {
            FaultKind::Status { status } if !(200..=599).contains(&status) => {
                Err(format!("{status} is no final status"))
            }
            _ => Ok(()),
        }
    }
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        if fault.times != 0 {
            self.0.push(fault);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The status to answer with instead of serving the request.
    pub(crate) fn status(&mut self, endpoint: &str) -> Option<u16> {
        self.spend(endpoint, |kind| match kind {
            FaultKind::Status { status } => Some(*status),
            FaultKind::TamperToken { .. } => None,
        })
    }

    /// The deviations for a token of that use.
    pub(crate) fn tamper(&mut self, endpoint: &str, token_use: KeyName) -> Option<Forgery> {
        self.spend(endpoint, |kind| match kind {
            FaultKind::TamperToken {
                token,
                claims,
                header,
                key,
            } if *token == token_use => Some(Forgery {
                claims: claims.clone(),
                header: header.clone(),
                key: *key,
            }),
            _ => None,
        })
    }

    pub(crate) fn list(&self) -> Value {
        self.0
            .iter()
            .map(|fault| {
                json!({
                    "endpoint": fault.endpoint,
                    "times": fault.times,
                    "kind": match fault.kind {
                        FaultKind::Status { .. } => "status",
                        FaultKind::TamperToken { .. } => "tamper-token",
                    },
                })
            })
            .collect()
    }

    /// Uses up one time of the oldest fault that has something to say.
    fn spend<T>(&mut self, endpoint: &str, pick: impl Fn(&FaultKind) -> Option<T>) -> Option<T> {
        let (index, found) = self.0.iter().enumerate().find_map(|(index, fault)| {
            (fault.endpoint == endpoint)
                .then(|| pick(&fault.kind))
                .flatten()
                .map(|found| (index, found))
        })?;
        let exhausted = self.0.get_mut(index).is_some_and(|fault| {
            if fault.times > 0 {
                fault.times -= 1;
            }
            fault.times == 0
        });
        if exhausted {
            self.0.remove(index);
        }
        Some(found)
    }
}

fn once() -> i64 {
    1
}

fn id_token() -> KeyName {
    KeyName::Id
}
