//! What is told of a request: its route, outcome, rules, headers and reasons.
//!
//! Owns the words and the form for scripts. Must not know how it was found out.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::gate::identity::NoPerson;
use crate::gate::identity::trace::Trace;
use crate::gate::request::RequestError;
use crate::gate::rule::Condition;

/// What would become of a request. Debug shows nothing of the person.
pub struct Explanation {
    /// The route that it falls under, as the log names it.
    pub route: Option<String>,
    /// What becomes of it.
    pub outcome: Outcome,
    /// The status of our answer to a browser that opens a page; 200 where the
    /// app answers, nothing where it depends on the page of ours.
    pub status: Option<u16>,
    /// Why, in the word of the log.
    pub reason: Option<&'static str>,
    /// What exactly cannot be read of the request.
    pub detail: Option<String>,
    /// Who may pass there: a word, or `rules`.
    pub access: Option<&'static str>,
    /// The rules, in the order of the file: one of them has to hold.
    pub rules: Vec<RuleShown>,
    /// The identity headers that the app gets; no secret, no token.
    pub headers: Vec<(String, String)>,
    /// Headers of which something is left out, since it would forge a value.
    pub left_out: Vec<String>,
    /// The account name.
    pub user: Option<String>,
    /// What makes nobody of these claims.
    pub no_person: Option<NoPerson>,
    /// What was mapped from which claim; nothing if nobody is signed in.
    pub identity: Vec<Trace>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The app gets it.
    Forwarded,
    /// Somebody has to sign in first.
    SignIn,
    /// 403.
    Forbidden,
    /// 400, or 405.
    BadRequest,
    /// 421: the host is none of `server.public_url`.
    Misdirected,
    /// 404, under our own prefix.
    NotFound,
    /// A page of ours answers.
    Ours,
}

/// One rule of a route.
pub struct RuleShown {
    /// Whether all of its conditions hold.
    pub holds: bool,
    /// Its conditions.
    pub conditions: Vec<ConditionShown>,
}

/// One condition of a rule.
pub struct ConditionShown {
    /// Its key in `route.access`.
    pub key: &'static str,
    /// What it asks for, in words.
    pub needs: String,
    /// Whether it holds.
    pub holds: bool,
    /// The person's values that decided.
    pub has: Vec<String>,
}

impl std::fmt::Debug for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Explanation")
            .field("route", &self.route)
            .field("outcome", &self.outcome)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl ConditionShown {
    pub(super) fn new(condition: &Condition, holds: bool, has: Vec<String>) -> Self {
        Self {
            key: condition.key(),
            needs: condition.to_string(),
            holds,
            has,
        }
    }
}

impl Explanation {
    /// Of a request that cannot be read at all.
    #[must_use]
    pub fn unreadable(error: RequestError) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self {
            detail: Some(error.to_string()),
            ..Self::of(Outcome::BadRequest, status, "request_unreadable")
        }
    }

    /// Of a page of ours: what it answers is its own matter.
    pub(super) fn ours() -> Self {
        Self {
            status: None,
            reason: None,
            ..Self::of(Outcome::Ours, StatusCode::OK, "page")
        }
    }

    pub(super) fn of(outcome: Outcome, status: StatusCode, reason: &'static str) -> Self {
        Self {
            route: None,
            outcome,
            status: Some(status.as_u16()),
            reason: Some(reason),
            detail: None,
            access: None,
            rules: Vec::new(),
            headers: Vec::new(),
            left_out: Vec::new(),
            user: None,
            no_person: None,
            identity: Vec::new(),
        }
    }

    /// For scripts: `route`, `outcome`, `status`, `rules`, `headers`, and why.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let rules: Vec<Value> = self.rules.iter().map(RuleShown::to_json).collect();
        let identity: Vec<Value> = self.identity.iter().map(Trace::to_json).collect();
        json!({
            "route": self.route,
            "outcome": self.outcome.word(),
            "status": self.status,
            "reason": self.reason,
            "access": self.access,
            "rules": rules,
            "headers": headers,
            "headers_left_out": self.left_out,
            "user": self.user,
            "identity": identity,
        })
    }
}

impl RuleShown {
    fn to_json(&self) -> Value {
        let condition = |one: &ConditionShown| {
            json!({
                "key": one.key, "needs": one.needs, "holds": one.holds, "has": one.has,
            })
        };
        let conditions: Vec<Value> = self.conditions.iter().map(condition).collect();
        json!({ "holds": self.holds, "conditions": conditions })
    }
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Forwarded,
        Self::SignIn,
        Self::Forbidden,
        Self::BadRequest,
        Self::Misdirected,
        Self::NotFound,
        Self::Ours,
    ];

    /// The word for it, from a closed list.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::SignIn => "sign-in",
            Self::Forbidden => "forbidden",
            Self::BadRequest => "bad-request",
            Self::Misdirected => "misdirected",
            Self::NotFound => "not-found",
            Self::Ours => "ours",
        }
    }
}
