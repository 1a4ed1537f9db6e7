//! Policy: may this request go upstream, and as whom?
//!
//! Owns the only way to a [`Permit`]. Must not know tokens, cookies or headers.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::claims::ClaimPath;
use super::identity::{NoPerson, Person};
use super::route::Access;
use super::rule::{Condition, Grant, RuleVerdict, Rules, Who};
use super::seal::OpenError;
use super::token::TokenError;

/// Leave to go upstream, and as whom. Made by [`judge`] alone, and neither
/// cloned nor built elsewhere: no permit, no forwarding.
#[derive(Debug)]
pub struct Permit {
    who: Option<Arc<Person>>,
    access: Access,
}

/// Why a request comes without an identity. The client sees none of it; the
/// log sees [`reason`](Self::reason).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoIdentity {
    /// No session cookie.
    NoCookie,
    /// The cookie is not sealed by us, for here, unchanged.
    Unreadable(OpenError),
    /// An `Authorization` header that is no bearer token, or several of them.
    BearerMalformed,
    /// No session cookie, but a bearer token, which the route does not take.
    BearerNotTaken,
    /// Sealed by us, but in a format that this version does not know.
    UnknownFormat,
    /// A session of a provider that is not configured (any more).
    OtherProvider,
    /// `session.lifetime` is over.
    LifetimeOver,
    /// It was ended here, by a sign-out.
    Denied,
    /// It began before `session.revoked.signed_in_before`.
    Revoked,
    /// `session.idle_timeout` is over.
    Idle,
    /// The person authenticated longer ago than `provider.ID.max_auth_age`.
    AuthTooOld,
    /// The token does not hold.
    Token(TokenError),
    /// The provider's keys have never been seen: nothing can be verified.
    NoKeys,
    /// The token has ended, and the provider cannot be asked for a newer one now.
    ProviderOut,
    /// The token has ended, and the provider gives no newer one.
    NotRenewed,
}

/// Why somebody signed in is not let through. Signing in again would not help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// The route is closed to everyone.
    Nobody,
    /// Routes name this path, and none of them this method.
    NoRuleForMethod,
    /// No rule of the route holds for this person.
    Rules(Unmet),
    /// The token makes no person.
    NoPerson(NoPerson),
    /// What the app should be told does not fit into a header.
    HeaderTooLong,
    /// The assertion that the app verifies could not be signed.
    Unsigned,
    /// A token without a person, where people are asked for.
    Machine,
    /// A page of another origin opens a websocket with this person's cookie.
    ForeignOrigin,
}

/// What the rules of a route ask for, none of which held. Debug does not show
/// the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The account that is signed in.
    pub account: String,
    /// The route, once it is known which one it was.
    pub route: Option<Arc<str>>,
    /// For each rule its conditions, and whether each of them holds.
    pub rules: Vec<Vec<(Condition, bool)>>,
}

impl std::fmt::Debug for Unmet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unmet")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// Why a request is not forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Somebody has to sign in first.
    SignIn(NoIdentity),
    /// A bearer token was shown and does not hold. It is judged alone: no cookie
    /// beside it helps, on any route that looks for an identity.
    BadToken(NoIdentity),
    /// 403.
    Forbidden(Forbidden),
}

/// What a request has to show for itself.
#[derive(Debug)]
pub enum Presented<'t> {
    /// A person whose token holds.
    Person(Arc<Person>, Proof<'t>),
    /// A client for itself, whose bearer token holds and is nobody's.
    Machine(Arc<Person>, Proof<'t>),
    /// A token that holds but makes no person.
    NoPerson(NoPerson),
    /// A bearer token that does not hold, and why.
    BadToken(NoIdentity),
    /// No identity, and why.
    None(NoIdentity),
}

/// What rules see of a token that holds. Debug shows nothing of it.
#[derive(Clone, Copy)]
pub struct Proof<'t> {
    /// The provider that it is from.
    pub provider: &'t str,
    /// Its claims, without what is not believed.
    pub claims: &'t Map<String, Value>,
    /// Those of userinfo, if it is asked, without what is not believed.
    pub userinfo: Option<&'t Map<String, Value>>,
    /// What a bearer token grants.
    pub grant: Grant<'t>,
}

impl std::fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof([redacted])")
    }
}

impl Access {
    /// Whether a session is looked for at all.
    #[must_use]
    pub fn looks_for_identity(&self) -> bool {
        match self {
            Self::Public | Self::Nobody => false,
            Self::Optional | Self::SignedIn | Self::Rules(_) => true,
        }
    }

    /// The claims that are looked at beside the mapped ones.
    pub fn claims(&self) -> impl Iterator<Item = &ClaimPath> {
        let rules = match self {
            Self::Rules(rules) => Some(rules),
            Self::Public | Self::Optional | Self::SignedIn | Self::Nobody => None,
        };
        rules.into_iter().flat_map(|rules| rules.claims())
    }
}

/// Judges one request. `presented` is asked only where the route looks for an identity.
///
/// # Errors
/// See [`Denial`].
pub fn judge<'t>(
    access: Access,
    presented: impl FnOnce() -> Presented<'t>,
) -> Result<Permit, Denial> {
    let who = match &access {
        Access::Public => None,
        Access::Nobody => return Err(Denial::Forbidden(Forbidden::Nobody)),
        Access::Optional => match presented() {
            Presented::Person(person, _) => Some(person),
            Presented::BadToken(why) => return Err(Denial::BadToken(why)),
            // A machine is not signed in: the app is told of nobody.
            Presented::Machine(..) | Presented::NoPerson(_) | Presented::None(_) => None,
        },
        Access::SignedIn => match presented() {
            Presented::Machine(..) => return Err(Denial::Forbidden(Forbidden::Machine)),
            presented => Some(somebody(presented)?.0),
        },
        Access::Rules(rules) => {
            let (who, proof) = somebody(presented())?;
            check(rules, &who, proof)?;
            Some(who)
        }
    };
    Ok(Permit { who, access })
}

fn somebody(presented: Presented<'_>) -> Result<(Arc<Person>, Proof<'_>), Denial> {
    match presented {
        Presented::Person(who, proof) | Presented::Machine(who, proof) => Ok((who, proof)),
        Presented::BadToken(why) => Err(Denial::BadToken(why)),
        Presented::NoPerson(why) => Err(Denial::Forbidden(Forbidden::NoPerson(why))),
        Presented::None(why) => Err(Denial::SignIn(why)),
    }
}

/// One of the rules has to hold.
fn check(rules: &Rules, person: &Person, proof: Proof<'_>) -> Result<(), Denial> {
    let who = Who {
        person,
        provider: proof.provider,
        claims: proof.claims,
        userinfo: proof.userinfo,
        grant: proof.grant,
    };
    if rules.verdicts(who).any(|verdict| verdict.holds()) {
        return Ok(());
    }
    let conditions = |verdict: RuleVerdict<'_, '_>| {
        let one = verdict.conditions().iter();
        one.map(|one| (one.condition.clone(), one.holds)).collect()
    };
    Err(Denial::Forbidden(Forbidden::Rules(Unmet {
        account: person.user.clone(),
        route: None,
        rules: rules.verdicts(who).map(conditions).collect(),
    })))
}

impl Denial {
    /// The word for the log, from a closed list.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::SignIn(why) | Self::BadToken(why) => why.reason(),
            Self::Forbidden(why) => why.reason(),
        }
    }
}

impl Permit {
    /// The person, if the app is told of one.
    #[must_use]
    pub fn who(&self) -> Option<&Person> {
        self.who.as_deref()
    }

    /// The rule under which it was given.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }
}

impl NoIdentity {
    /// Whether the person cannot be told for want of the provider: nobody is
    /// sent to sign in for that.
    #[must_use]
    pub fn is_outage(self) -> bool {
        matches!(self, Self::NoKeys | Self::ProviderOut)
    }

    /// The word for the log, from a closed list.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoCookie => "no_cookie",
            Self::Unreadable(OpenError::Malformed) => "cookie_malformed",
            Self::Unreadable(OpenError::UnknownKey) => "cookie_key_retired",
            Self::Unreadable(OpenError::Forged) => "cookie_forged",
            Self::BearerMalformed => "bearer_malformed",
            Self::BearerNotTaken => "bearer_not_taken",
            Self::UnknownFormat => "cookie_format",
            Self::OtherProvider => "session_provider",
            Self::LifetimeOver => "session_lifetime",
            Self::Denied => "session_signed_out",
            Self::Revoked => "session_revoked",
            Self::Idle => "session_idle",
            Self::AuthTooOld => "auth_too_old",
            Self::Token(error) => error.reason(),
            Self::NoKeys => "provider_keys_missing",
            Self::ProviderOut => "refresh_unavailable",
            Self::NotRenewed => "refresh_refused",
        }
    }
}

impl TokenError {
    /// The word for the log, from a closed list.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "token_too_long",
            Self::Malformed => "token_malformed",
            Self::Duplicate => "token_duplicate_member",
            Self::Critical => "token_critical_header",
            Self::Algorithm => "token_algorithm",
            Self::NoKeyId => "token_no_kid",
            Self::UnknownKey => "token_unknown_kid",
            Self::Signature => "token_signature",
            Self::Claim => "token_claim",
            Self::Issuer => "token_issuer",
            Self::Audience => "token_audience",
            Self::TokenUse => "token_use",
            Self::IdentityProvider => "token_identity_provider",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Nonce => "token_nonce",
            Self::AuthTime => "token_auth_time",
            Self::Foreign => "token_access_foreign",
        }
    }
}

impl Unmet {
    /// The first condition that does not hold, if that is of the same kind in every rule.
    pub(super) fn deciding(&self) -> Option<&Condition> {
        let mut unmet = self.rules.iter().filter_map(|rule| {
            let (condition, _) = rule.iter().find(|(_, holds)| !holds)?;
            Some(condition)
        });
        let first = unmet.next()?;
        unmet
            .all(|condition| condition.reason() == first.reason())
            .then_some(first)
    }

    fn reason(&self) -> &'static str {
        self.deciding().map_or("rule_several", Condition::reason)
    }
}

impl Unmet {
    /// The scopes of the first rule of which nothing but those is missing.
    #[must_use]
    pub fn scopes(&self) -> Option<String> {
        self.rules.iter().find_map(|rule| {
            let mut missing = rule.iter().filter(|(_, holds)| !holds);
            match (missing.next(), missing.next()) {
                (Some((Condition::Scopes(scopes), _)), None) => {
                    Some(scopes.iter().collect::<Vec<_>>().join(" "))
                }
                _ => None,
            }
        })
    }
}

impl Forbidden {
    /// The word for the log, from a closed list.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Nobody => "route_closed",
            Self::NoRuleForMethod => "no-rule-for-method",
            Self::Rules(unmet) => unmet.reason(),
            Self::NoPerson(NoPerson::NoUser(_)) => "no_user_claim",
            Self::NoPerson(NoPerson::Revoked) => "subject_revoked",
            Self::NoPerson(NoPerson::ControlInUser) => "control_in_user",
            Self::NoPerson(NoPerson::ForeignUser) => "user_email_domain",
            Self::NoPerson(NoPerson::SeveralRights) => "several_access_rights",
            Self::NoPerson(NoPerson::NoRight) => "no_access_right",
            Self::HeaderTooLong => "header_too_long",
            Self::Unsigned => "assertion_unsigned",
            Self::Machine => "machine_token",
            Self::ForeignOrigin => "websocket_origin",
        }
    }
}

#[cfg(test)]
mod tests;
