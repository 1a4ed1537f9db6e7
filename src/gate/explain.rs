//! What would become of a request, and why: the route, each rule's verdict with
//! the values that decided, and the headers that the app would get.
//!
//! Owns the account, not the judgement: route, rules, mapping and headers are
//! those of [`Gate::decide`](super::Gate::decide), with claims in the place of
//! a cookie. Nothing here lets anybody in: no permit leaves this file.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::face::Face;
use super::headers::{AccessToken, Evidence};
use super::identity::trace::Trace;
use super::identity::{KeptClaims, NoPerson, Person};
use super::leading::Leads;
use super::policy::{self, Denial, Forbidden, NoIdentity, Presented, Proof};
use super::provider::Provider;
use super::request::{RequestError, RequestView};
use super::route::{Access, Ruling};
use super::rule::{Condition, Who};
use super::seal::Rng;
use super::time::UnixTime;
use super::token::KeySet;
use super::{Gate, path_ambiguous};

/// Claims of somebody, as far as they are at hand. Debug shows nothing of them.
#[derive(Clone, Default)]
pub struct ClaimSet {
    /// The provider whose they are; the first one if nothing is said.
    pub provider: Option<String>,
    /// The ID token's.
    pub id_token: Map<String, Value>,
    /// The access token's.
    pub access_token: Map<String, Value>,
    /// Userinfo's.
    pub userinfo: Map<String, Value>,
}

/// Who would be asking.
#[derive(Clone, Debug)]
pub enum Asking {
    /// Nobody is signed in.
    Nobody,
    /// Somebody whose token says this.
    Somebody(ClaimSet),
    /// Somebody whose token does not hold, or whose sign-in is too long ago.
    Refused(NoIdentity),
}

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

/// What stands in for a token: it is hidden wherever it would be shown.
const TOKEN: &str = "(token)";

impl std::fmt::Debug for ClaimSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimSet([redacted])")
    }
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

/// The claims of a [`ClaimSet`] as a session would keep them.
struct Held<'c> {
    provider: &'c Provider,
    id_token: &'c Map<String, Value>,
    kept: KeptClaims,
}

impl Gate {
    /// Whose claims a token of a provider holds, by its keys.
    #[must_use]
    pub fn asking(&self, provider: &str, id_token: &str, keys: &KeySet, now: UnixTime) -> Asking {
        let Some(provider) = self.providers.named(provider) else {
            return Asking::Refused(NoIdentity::OtherProvider);
        };
        let identity = match provider.verifier.verify(id_token, keys, now) {
            Ok(identity) => identity,
            Err(error) => return Asking::Refused(NoIdentity::Token(error)),
        };
        match self.auth_ends(provider, &identity, now) {
            Ok(_) => Asking::Somebody(ClaimSet {
                provider: Some(provider.id.clone()),
                id_token: identity.claims().clone(),
                ..ClaimSet::default()
            }),
            Err(why) => Asking::Refused(why),
        }
    }

    /// What would become of a request that `asking` makes, and why.
    #[must_use]
    pub fn explain(
        &self,
        req: &RequestView<'_>,
        asking: &Asking,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Explanation {
        let mut told = match self.leads(req) {
            Leads::Nowhere => Explanation::of(
                Outcome::BadRequest,
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
            ),
            Leads::Elsewhere => {
                let reply = self.misdirected(req);
                Explanation::of(Outcome::Misdirected, reply.status, "host_unknown")
            }
            Leads::Asked(_) => Explanation::ours(),
            Leads::Ours(endpoint, _) => self.explain_ours(endpoint, req),
            Leads::App(ruling, face) => self.explain_app(ruling, req, face, asking, now, rng),
        };
        if let Asking::Somebody(claims) = asking
            && let Some(held) = self.held(claims)
        {
            let mapping = &held.provider.mapping;
            told.identity = mapping.trace(held.id_token, &held.kept);
            match mapping.described(held.id_token, &held.kept) {
                Ok(person) => told.user = Some(person.user),
                Err(why) => told.no_person = Some(why),
            }
        }
        told
    }

    fn explain_ours(&self, endpoint: super::Endpoint<'_>, req: &RequestView<'_>) -> Explanation {
        if !endpoint.allows(req.method()) {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Explanation::of(Outcome::BadRequest, status, "method");
        }
        if !self.is_there(endpoint) {
            return Explanation::of(Outcome::NotFound, StatusCode::NOT_FOUND, "not_found");
        }
        Explanation::ours()
    }

    fn explain_app(
        &self,
        ruling: Ruling<'_>,
        req: &RequestView<'_>,
        face: &Face,
        asking: &Asking,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Explanation {
        let app = match ruling {
            Ruling::Rule { manner, .. } => manner.upstream.unwrap_or(0),
            Ruling::NoMethod { .. } | Ruling::Ambiguous => 0,
        };
        let (access, label) = match ruling {
            // Without an app, it is what a front proxy is told.
            Ruling::Rule { manner, .. } if self.has_app && manner.upstream.is_none() => {
                return Explanation::of(Outcome::NotFound, StatusCode::NOT_FOUND, "not_found");
            }
            Ruling::Rule { access, label, .. } => (Some(access), label),
            Ruling::NoMethod { label } => (None, label),
            Ruling::Ambiguous => {
                let reply = path_ambiguous();
                return Explanation::of(Outcome::BadRequest, reply.status, "path_ambiguous");
            }
        };
        let held = match asking {
            Asking::Somebody(claims) => self.held(claims),
            Asking::Nobody | Asking::Refused(_) => None,
        };
        let judged = match access {
            Some(access) => self.judge_claims(access, app, asking, held.as_ref(), face, now),
            None => Err(Denial::Forbidden(Forbidden::NoRuleForMethod)),
        };
        let told = match judged {
            Ok(told) => told,
            Err(denial) => {
                let (outcome, reason) = match &denial {
                    Denial::SignIn(why) => (Outcome::SignIn, why.reason()),
                    Denial::Forbidden(why) => (Outcome::Forbidden, why.reason()),
                };
                let account = held.as_ref().and_then(|held| {
                    let kept = &held.kept;
                    held.provider.mapping.account(held.id_token, kept)
                });
                let reply = self.denied(req, face, &denial, account.as_deref(), rng);
                Explanation::of(outcome, reply.status, reason)
            }
        };
        Explanation {
            route: Some(label.to_string()),
            access: access.map(Access::word),
            rules: match access {
                Some(Access::Rules(rules)) => self.verdicts(rules, held.as_ref()),
                _ => Vec::new(),
            },
            ..told
        }
    }

    /// The same judgement as of a request with a session.
    fn judge_claims(
        &self,
        access: &Access,
        app: usize,
        asking: &Asking,
        held: Option<&Held<'_>>,
        face: &Face,
        now: UnixTime,
    ) -> Result<Explanation, Denial> {
        let believed = held.map(|held| {
            let mapping = &held.provider.mapping;
            mapping.believed(held.id_token, held.id_token)
        });
        let userinfo = held.and_then(|held| {
            let mapping = &held.provider.mapping;
            mapping.ruled_userinfo(&held.kept, held.id_token)
        });
        let userinfo = userinfo.as_deref();
        let permit = policy::judge(access.clone(), || {
            let (Some(held), Some(claims)) = (held, believed.as_deref()) else {
                return Presented::None(match asking {
                    Asking::Refused(why) => *why,
                    Asking::Nobody | Asking::Somebody(_) => NoIdentity::NoCookie,
                });
            };
            match held.provider.mapping.described(held.id_token, &held.kept) {
                Ok(person) => {
                    let provider = &held.provider.id;
                    let proof = Proof {
                        provider,
                        claims,
                        userinfo,
                    };
                    Presented::Person(Arc::new(person), proof)
                }
                Err(why) => Presented::NoPerson(why),
            }
        })?;
        let mut told = Explanation::of(Outcome::Forwarded, StatusCode::OK, "forwarded");
        told.reason = None;
        let (Some(person), Some(claims), Some(held)) = (permit.who(), believed.as_deref(), held)
        else {
            return Ok(told);
        };
        let evidence = evidence_of(held.provider, claims, face);
        let refuse = |why| Denial::Forbidden(Forbidden::from(why));
        let rules = self.headers.of(app);
        let set = rules.tell(person, &evidence).map_err(refuse)?;
        told.left_out = set.left_out().iter().map(ToString::to_string).collect();
        told.headers = rules.shown(person, &evidence, now).map_err(refuse)?;
        Ok(told)
    }

    /// What each rule says of these claims; of nobody, that none holds.
    fn verdicts(&self, rules: &super::rule::Rules, held: Option<&Held<'_>>) -> Vec<RuleShown> {
        let person: Option<(Person, &Held<'_>)> = held.and_then(|held| {
            let mapping = &held.provider.mapping;
            let person = mapping.described(held.id_token, &held.kept).ok()?;
            Some((person, held))
        });
        let Some((person, held)) = person else {
            let unmet = |condition: &Condition| ConditionShown::new(condition, false, Vec::new());
            return rules
                .tables()
                .map(|table| RuleShown {
                    holds: false,
                    conditions: table.iter().map(unmet).collect(),
                })
                .collect();
        };
        let mapping = &held.provider.mapping;
        let claims = mapping.believed(held.id_token, held.id_token);
        let userinfo = mapping.ruled_userinfo(&held.kept, held.id_token);
        let who = Who {
            person: &person,
            provider: &held.provider.id,
            claims: &claims,
            userinfo: userinfo.as_deref(),
        };
        rules
            .verdicts(who)
            .map(|verdict| RuleShown {
                holds: verdict.holds(),
                conditions: verdict
                    .conditions()
                    .iter()
                    .map(|one| {
                        let has = one.has.iter().map(ToString::to_string).collect();
                        ConditionShown::new(one.condition, one.holds, has)
                    })
                    .collect(),
            })
            .collect()
    }

    /// Nothing of a provider that there is not.
    fn held<'c>(&'c self, claims: &'c ClaimSet) -> Option<Held<'c>> {
        let provider = match &claims.provider {
            Some(id) => self.providers.named(id),
            None => self.providers.iter().next(),
        }?;
        let mut kept = provider.mapping.keep_access(&claims.access_token);
        provider.mapping.keep_userinfo(&mut kept, &claims.userinfo);
        Some(Held {
            provider,
            id_token: &claims.id_token,
            kept,
        })
    }
}

fn evidence_of<'e>(
    provider: &'e Provider,
    claims: &'e Map<String, Value>,
    face: &'e Face,
) -> Evidence<'e> {
    Evidence {
        sub: claims
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default(),
        provider: &provider.id,
        claims: Some(claims),
        id_token: TOKEN,
        origin: face.origin.as_str(),
        session: None,
        access_token: Some(AccessToken {
            text: TOKEN,
            ends: UnixTime::from_secs(u64::MAX),
        }),
    }
}

impl ConditionShown {
    fn new(condition: &Condition, holds: bool, has: Vec<String>) -> Self {
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
    fn ours() -> Self {
        Self {
            status: None,
            reason: None,
            ..Self::of(Outcome::Ours, StatusCode::OK, "page")
        }
    }

    fn of(outcome: Outcome, status: StatusCode, reason: &'static str) -> Self {
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

#[cfg(test)]
mod tests;
