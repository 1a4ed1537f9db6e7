//! What was asked of the emulator: counters and a log (cognito.md E17).
//!
//! Both exist to be asserted on ("one token call", "no userInfo per
//! request"), so the log holds names of fields and never their values.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::http::Request;

/// Requests kept per endpoint.
const KEPT: usize = 200;
/// Grant types that are told apart: whatever a client calls one.
const GRANTS: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Journal {
    counters: BTreeMap<&'static str, u64>,
    /// Token calls by `grant_type`.
    grants: BTreeMap<String, u64>,
    log: BTreeMap<&'static str, VecDeque<Value>>,
}

impl Journal {
    pub(crate) fn arrival(&mut self, endpoint: &'static str, request: &Request) {
        *self.counters.entry(endpoint).or_default() += 1;
        if let Some(grant_type) = request.form.first("grant_type")
            && (self.grants.contains_key(grant_type) || self.grants.len() < GRANTS)
        {
            *self.grants.entry(grant_type.to_owned()).or_default() += 1;
        }
    }

    pub(crate) fn answered(
        &mut self,
        endpoint: &'static str,
        request: &Request,
        status: u16,
        now: i64,
    ) {
        let entries = self.log.entry(endpoint).or_default();
        if entries.len() >= KEPT {
            entries.pop_front();
        }
        entries.push_back(json!({
            "at": now,
            "method": request.method.as_str(),
            "path": request.path,
            "query": request.query.names(),
            "form": request.form.names(),
            "grant_type": request.form.first("grant_type"),
            "client_auth": request.client_auth().map(|auth| auth.name()),
            "status": status,
        }));
    }

    pub(crate) fn counters(&self) -> Value {
        json!(self.counters)
    }

    pub(crate) fn grants(&self) -> Value {
        json!(self.grants)
    }

    pub(crate) fn log(&self) -> Value {
        json!(self.log)
    }

    pub(crate) fn reset(&mut self) {
        self.counters.clear();
        self.grants.clear();
        self.log.clear();
    }
}
