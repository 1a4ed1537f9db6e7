//! What would become of a request, and why: the route, each rule's verdict with
//! the values that decided, and the headers that the app would get.
//!
//! Owns the account, not the judgement: route, rules, mapping and headers are
//! those of [`Gate::decide`](super::Gate::decide), with claims in the place of
//! a cookie. Nothing here lets anybody in: no permit leaves this file.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value};

use super::bearer::told_of_machine;
use super::face::Face;
use super::headers::{AccessToken, Evidence, IdToken};
use super::identity::KeptClaims;
use super::leading::Leads;
use super::policy::{Denial, Forbidden, NoIdentity, Presented, Proof};
use super::request::RequestView;
use super::route::{Access, Ruled, Ruling};
use super::rule::{Condition, Who};
use super::seal::Rng;
use super::time::UnixTime;
use super::{Gate, path_ambiguous, policy};

mod asking;
mod held;
mod told;

pub use asking::{Asking, ClaimSet};
use held::Held;
pub use told::{ConditionShown, Explanation, Outcome, RuleShown};

/// What stands in for a token: it is hidden wherever it would be shown.
const TOKEN: &str = "(token)";

impl Gate {
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
            if held.machine().is_none() {
                told.identity = held.provider.mapping.trace(held.shown());
            }
            match held.person() {
                Ok(person) => told.user = Some(person.user),
                Err(why) => told.no_person = Some(why),
            }
        }
        told
    }

    fn explain_ours(&self, endpoint: super::Endpoint<'_>, req: &RequestView<'_>) -> Explanation {
        if !self.is_there(endpoint) {
            return Explanation::of(Outcome::NotFound, StatusCode::NOT_FOUND, "not_found");
        }
        if !endpoint.allows(req.method()) {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Explanation::of(Outcome::BadRequest, status, "method");
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
        let Some(Ruled { label, rule }) = ruling.ruled() else {
            let reply = path_ambiguous();
            return Explanation::of(Outcome::BadRequest, reply.status, "path_ambiguous");
        };
        let (access, manner) = rule.unzip();
        let app = manner.map_or(Some(0), |manner| manner.upstream);
        if self.has_app && app.is_none() {
            return Explanation::of(Outcome::NotFound, StatusCode::NOT_FOUND, "not_found");
        }
        // Without an app, it is what a front proxy is told.
        let app = app.unwrap_or(0);
        let is_api = manner.is_some_and(|manner| manner.is_api);
        let held = match asking {
            // Elsewhere a bearer is not looked at.
            Asking::Somebody(claims) if is_api || !claims.is_bearer => self.held(claims),
            _ => None,
        };
        // As at a sign-in, which nobody else gets through.
        let other_way = held.as_ref().and_then(Held::other_way_in);
        let held = held.filter(|_| other_way.is_none());
        let nobody = match asking {
            Asking::Somebody(_) if let Some(why) = other_way => Presented::None(why),
            Asking::RefusedBearer(why) if is_api => Presented::BadToken(*why),
            Asking::Refused(why) => Presented::None(*why),
            Asking::RefusedBearer(_) => Presented::None(NoIdentity::BearerNotTaken),
            Asking::Somebody(claims) if claims.is_bearer => {
                Presented::None(NoIdentity::BearerNotTaken)
            }
            _ => Presented::None(NoIdentity::NoCookie),
        };
        let judged = match access {
            Some(access) => self.judge_claims(access, app, nobody, held.as_ref(), face, now),
            None => Err(Denial::Forbidden(Forbidden::NoRuleForMethod)),
        };
        let told = match judged {
            Ok(told) => told,
            Err(denial) => {
                let (outcome, reason) = match &denial {
                    Denial::SignIn(why) | Denial::BadToken(why) => (Outcome::SignIn, why.reason()),
                    Denial::Forbidden(why) => (Outcome::Forbidden, why.reason()),
                };
                let account = held.as_ref().and_then(Held::account);
                let reply = self.denied(req, face, is_api, &denial, account.as_deref(), rng);
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

    /// The same judgement as of a request with a session or a bearer token.
    fn judge_claims(
        &self,
        access: &Access,
        app: usize,
        nobody: Presented<'_>,
        held: Option<&Held<'_>>,
        face: &Face,
        now: UnixTime,
    ) -> Result<Explanation, Denial> {
        let believed = held.map(Held::believed);
        let userinfo = held.and_then(Held::userinfo);
        let permit = policy::judge(access.clone(), || {
            let (Some(held), Some(claims)) = (held, believed.as_deref()) else {
                return nobody;
            };
            let person = match held.person() {
                Ok(person) => Arc::new(person),
                Err(why) => return Presented::NoPerson(why),
            };
            let proof = Proof {
                provider: &held.provider.id,
                claims,
                userinfo: userinfo.as_deref(),
                grant: held.grant(),
            };
            match held.machine() {
                Some(_) => Presented::Machine(person, proof),
                None => Presented::Person(person, proof),
            }
        })?;
        let mut told = Explanation::of(Outcome::Forwarded, StatusCode::OK, "forwarded");
        told.reason = None;
        let (Some(person), Some(claims), Some(held)) = (permit.who(), believed.as_deref(), held)
        else {
            return Ok(told);
        };
        let of_machine = held.machine().map(|_| told_of_machine(claims));
        let claims = of_machine.as_ref().unwrap_or(claims);
        let evidence = evidence_of(held, claims, face);
        let refuse = |why| Denial::Forbidden(Forbidden::from(why));
        let rules = self.headers.of(app);
        let set = rules.tell(person, &evidence).map_err(refuse)?;
        told.left_out = set.left_out().iter().map(ToString::to_string).collect();
        told.headers = rules.shown(person, &evidence, now).map_err(refuse)?;
        Ok(told)
    }

    /// What each rule says of these claims; of nobody, that none holds.
    fn verdicts(&self, rules: &super::rule::Rules, held: Option<&Held<'_>>) -> Vec<RuleShown> {
        let person = held.and_then(|held| Some((held.person().ok()?, held)));
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
        let (claims, userinfo) = (held.believed(), held.userinfo());
        let who = Who {
            person: &person,
            provider: &held.provider.id,
            claims: &claims,
            userinfo: userinfo.as_deref(),
            grant: held.grant(),
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
            Some(id) => self.providers.by_bearer(id),
            None => self.providers.all().next(),
        }?;
        if claims.is_bearer {
            return Some(Held {
                provider,
                token: &claims.access_token,
                kept: KeptClaims::default(),
                bearer: Some(provider.bearer.claimed(&claims.access_token)),
            });
        }
        let mut kept = provider.mapping.keep_access(&claims.access_token);
        provider.mapping.keep_userinfo(&mut kept, &claims.userinfo);
        Some(Held {
            provider,
            token: &claims.id_token,
            kept,
            bearer: None,
        })
    }
}

fn evidence_of<'e>(
    held: &'e Held<'_>,
    claims: &'e Map<String, Value>,
    face: &'e Face,
) -> Evidence<'e> {
    Evidence {
        sub: claims
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default(),
        provider: &held.provider.id,
        claims: Some(claims),
        id_token: match held.bearer {
            Some(_) => IdToken::None,
            None => IdToken::Text(TOKEN),
        },
        origin: face.origin.as_str(),
        session: None,
        access_token: Some(AccessToken {
            text: TOKEN,
            ends: UnixTime::from_secs(u64::MAX),
        }),
    }
}

#[cfg(test)]
mod tests;
