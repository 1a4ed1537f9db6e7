//! What else has to hold for one place of the front proxy's configuration:
//! parameters that oauth2-proxy has too.
//!
//! Owns their names. A parameter that is not understood is refused, never
//! ignored: whoever wrote it meant to let fewer people in.

use std::borrow::Cow;
use std::sync::Arc;

use crate::gate::forward_auth::Dialect;
use crate::gate::query::Params;
use crate::gate::request::RequestView;
use crate::gate::route::Access;
use crate::gate::rule::{Condition, Rule, Rules, Values};

/// What becomes of the values of a parameter.
type Made = fn(Values) -> Condition;

/// What each parameter asks for.
const PARAMETERS: [(&str, Made); 3] = [
    ("allowed_groups", Condition::Groups),
    ("allowed_emails", Condition::Emails),
    ("allowed_email_domains", Condition::EmailDomains),
];

/// All of these have to hold beside the route's own rule.
#[derive(Debug)]
pub(super) struct Conditions(Option<Rule>);

/// Why a query is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ConditionsError {
    /// A parameter of another name.
    #[error(
        "the query holds a parameter other than allowed_groups, allowed_emails and allowed_email_domains"
    )]
    Unknown,
    /// Two readers may take two of them.
    #[error("a parameter of the query is there more than once")]
    Repeated,
    /// It names nobody.
    #[error("a parameter of the query names nobody")]
    Empty,
}

impl ConditionsError {
    /// The word for the log, from a closed list.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "forward_auth_parameter_unknown",
            Self::Repeated => "forward_auth_parameter_repeated",
            Self::Empty => "forward_auth_parameter_empty",
        }
    }
}

impl Conditions {
    /// Reads the endpoint's query. Below Envoy's it is the client's own, and so
    /// is Caddy's where `uri` has none: then it is that of the request which is
    /// asked about, of which nothing is refused for its name. What it names still
    /// holds, since it might stand in both.
    pub(super) fn read(
        dialect: Dialect,
        req: &RequestView<'_>,
        asked: &RequestView<'_>,
    ) -> Result<Self, ConditionsError> {
        if dialect == Dialect::Envoy {
            return Ok(Self(None));
        }
        let is_the_clients = dialect == Dialect::Caddy && req.query() == asked.query();
        let params = Params::of(req);
        let mut named = Vec::new();
        let mut conditions = Vec::new();
        for (name, list) in params.all() {
            match PARAMETERS.iter().find(|(known, _)| *known == name) {
                Some((_, made)) if !named.contains(&name) => {
                    named.push(name);
                    conditions.push(condition(*made, list)?);
                }
                Some(_) => return Err(ConditionsError::Repeated),
                None if is_the_clients => {}
                None => return Err(ConditionsError::Unknown),
            }
        }
        Ok(Self(Rule::new(conditions)))
    }

    /// A route's rule, narrowed. Whoever names people at a place that a route
    /// opens to everybody means the people.
    pub(super) fn with<'a>(&self, access: &'a Access) -> Cow<'a, Access> {
        let Self(Some(conditions)) = self else {
            return Cow::Borrowed(access);
        };
        Cow::Owned(match access {
            Access::Nobody => Access::Nobody,
            Access::Public | Access::Optional | Access::SignedIn => {
                Access::Rules(Arc::new(Rules::one(conditions.clone())))
            }
            Access::Rules(rules) => Access::Rules(Arc::new(rules.and(conditions))),
        })
    }
}

fn condition(made: Made, list: &str) -> Result<Condition, ConditionsError> {
    let values = list.split(',').map(str::trim);
    let values: Vec<String> = values
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .collect();
    Values::new(values).map(made).ok_or(ConditionsError::Empty)
}
