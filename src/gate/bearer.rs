//! Bearer tokens on routes for API clients (RFC 6750): whose provider verifies
//! one, and who it makes of a client.
//!
//! Owns that a bearer that is there is judged alone: none of its faults is made
//! good by a cookie. Which header is one says [`field`]. Must not know what a
//! refusal looks like.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::face::Face;
use super::headers::{AccessToken, Evidence, HeaderRules, IdToken};
use super::identity::{NoPerson, Person, Shown};
use super::policy::{NoIdentity, Presented, Proof};
use super::provider::Provider;
use super::remembered::{Asked, Weigh};
use super::rule::Grant;
use super::time::{LEEWAY, UnixTime};
use super::token::{BearerUse, TokenError, VerifiedBearer};
use super::verified::{FIXED, Who, claims_size};
use super::{Gate, Known};

mod field;

pub(super) use field::{Shows, shown};

/// Claims of a machine's token that headers may tell: those of the protocol.
/// What others it has would be taken for a person's.
const OF_MACHINES: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "client_id",
    "azp",
    "cid",
    "appid",
    "scope",
    "scp",
    "token_use",
    "exp",
    "iat",
    "nbf",
    "jti",
    "tid",
    "idtyp",
];

/// A bearer token that was verified, with all that follows from it. Debug shows
/// nothing of it.
pub(super) struct Bearer {
    /// The provider that verified it.
    pub(super) provider: String,
    pub(super) token: VerifiedBearer,
    pub(super) who: Result<Who, NoPerson>,
    /// The claims, where there is one among them that is not believed.
    believed: Option<Map<String, Value>>,
    /// Until when the person need not authenticate anew, where there is a limit.
    auth_ends: Option<UnixTime>,
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer([redacted])")
    }
}

impl Bearer {
    /// What it shows for a request.
    pub(super) fn presented(&self) -> Presented<'_> {
        let who = self.who.as_ref().map(|who| &who.person);
        present(who, &self.provider, self.believed(), &self.token)
    }

    fn believed(&self) -> &Map<String, Value> {
        self.believed
            .as_ref()
            .unwrap_or_else(|| self.token.claims())
    }

    /// Whether its times hold: what of a verification changes by itself.
    pub(super) fn is_current(&self, now: UnixTime) -> bool {
        now < self.ends() && self.token.begins() <= now.plus(LEEWAY)
    }

    /// From when on it does not count any more.
    pub(super) fn ends(&self) -> UnixTime {
        let end = self.token.expires().plus(LEEWAY);
        self.auth_ends.map_or(end, |auth_ends| auth_ends.min(end))
    }
}

impl Weigh for Bearer {
    fn size(&self) -> usize {
        let scopes = self.token.scopes().iter();
        FIXED
            + scopes
                .map(|scope| size_of::<String>() + scope.len())
                .sum::<usize>()
            + self.who.as_ref().map_or(0, Who::size)
            + [self.token.claims()]
                .into_iter()
                .chain(&self.believed)
                .map(claims_size)
                .sum::<usize>()
    }
}

impl Gate {
    /// Who a bearer token is of. Times, keys and revocations are asked on every
    /// request, also where it was verified before.
    ///
    /// # Errors
    /// Why it counts for nothing.
    pub(super) fn bearer(
        &self,
        face: &Face,
        token: &str,
        known: Known<'_>,
        now: UnixTime,
    ) -> Result<Arc<Bearer>, NoIdentity> {
        let asked = Asked {
            origin: face.place,
            shown: token.as_bytes(),
        };
        if let Some(bearer) = self.bearers.find(&asked) {
            if self.still_holds(&bearer, known, now) {
                return Ok(bearer);
            }
            self.bearers.forget(&asked);
        }
        let (provider, verified) = self.verified_bearer(token, known, now)?;
        self.check_issued(&verified)?;
        let auth_ends = match verified.may_be_a_persons() {
            false => None,
            true => self.authentication_ends(provider, verified.authenticated(), now)?,
        };
        let bearer = Arc::new(self.bearer_of(face, provider, token, verified, auth_ends));
        self.bearers.remember(&asked, &bearer);
        Ok(bearer)
    }

    fn still_holds(&self, bearer: &Bearer, known: Known<'_>, now: UnixTime) -> bool {
        let keys = self
            .providers
            .by_bearer(&bearer.provider)
            .and_then(|provider| known.of(provider).keys);
        bearer.is_current(now) && keys.is_some_and(|keys| keys.holds(bearer.token.key()))
    }

    /// The one provider of the token's issuer that accepts it: what two of them
    /// would accept is nobody's, and whether they would is not known before the
    /// keys of each were seen.
    fn verified_bearer(
        &self,
        token: &str,
        known: Known<'_>,
        now: UnixTime,
    ) -> Result<(&Provider, VerifiedBearer), NoIdentity> {
        if token.len() > super::token::TOKEN_MAX {
            return Err(NoIdentity::Token(TokenError::TooLong));
        }
        let mut found = None;
        let mut are_all_asked = true;
        let mut why = NoIdentity::Token(TokenError::Issuer);
        for provider in self.providers.all() {
            let is_issuer = provider.bearer.is_issuer(token);
            if !is_issuer.map_err(NoIdentity::Token)? {
                continue;
            }
            let verified = match known.of(provider).keys {
                Some(keys) => {
                    self.bearers.count_check();
                    let verified = provider.bearer.verify(token, keys, now);
                    verified.map_err(NoIdentity::Token)
                }
                None => {
                    are_all_asked = false;
                    Err(NoIdentity::NoKeys)
                }
            };
            match (verified, &found) {
                (Ok(_), Some(_)) => return Err(NoIdentity::Token(TokenError::Audience)),
                (Ok(verified), None) => found = Some((provider, verified)),
                // Of several, the one that says more than that it is not meant.
                (Err(error), _) if why == NoIdentity::Token(TokenError::Issuer) => why = error,
                (Err(error), _) if error != NoIdentity::Token(TokenError::Audience) => why = error,
                (Err(_), _) => {}
            }
        }
        match found {
            Some(_) if !are_all_asked => Err(NoIdentity::NoKeys),
            found => found.ok_or(why),
        }
    }

    /// Nothing from before everybody had to sign in anew.
    fn check_issued(&self, bearer: &VerifiedBearer) -> Result<(), NoIdentity> {
        let authenticated = bearer.authenticated().ok().flatten();
        let begun = authenticated.unwrap_or_else(|| bearer.issued());
        match self.revoked.signed_in_before {
            Some(before) if begun < before => Err(NoIdentity::Revoked),
            _ => Ok(()),
        }
    }

    /// All that follows from a bearer token that holds.
    fn bearer_of(
        &self,
        face: &Face,
        provider: &Provider,
        text: &str,
        token: VerifiedBearer,
        auth_ends: Option<UnixTime>,
    ) -> Bearer {
        let believed = provider.mapping.believed(token.claims(), token.claims());
        let of_machine = token.machine().map(|_| told_of_machine(&believed));
        let who = self.bearers_person(provider, &token).map(|person| {
            let evidence = Evidence {
                sub: token.subject(),
                provider: &provider.id,
                claims: Some(of_machine.as_ref().unwrap_or(&believed)),
                id_token: match token.token_use() {
                    BearerUse::Id => IdToken::Text(text),
                    BearerUse::Access => IdToken::None,
                },
                access_token: match token.token_use() {
                    BearerUse::Access => Some(AccessToken {
                        text,
                        ends: token.expires(),
                    }),
                    BearerUse::Id => None,
                },
                origin: face.origin.as_str(),
                session: None,
            };
            let tell = |rules: &HeaderRules| rules.tell(&person, &evidence).map(Arc::new);
            Who {
                told: self.headers.all().map(tell).collect(),
                person: Arc::new(person),
            }
        });
        Bearer {
            provider: provider.id.clone(),
            who,
            believed: match believed {
                Cow::Borrowed(_) => None,
                Cow::Owned(believed) => Some(believed),
            },
            token,
            auth_ends,
        }
    }

    /// Who it makes of a client. Whoever is revoked is nobody.
    pub(super) fn bearers_person(
        &self,
        provider: &Provider,
        token: &VerifiedBearer,
    ) -> Result<Person, NoPerson> {
        if self.is_revoked(token) {
            return Err(NoPerson::Revoked);
        }
        match token.machine() {
            Some(client) => provider.mapping.machine(client),
            None => provider.mapping.bearer(token),
        }
    }

    /// By subject, or as a program.
    fn is_revoked(&self, token: &VerifiedBearer) -> bool {
        let names = [Some(token.subject()), token.machine()];
        let mut names = names.into_iter().flatten();
        names.any(|name| self.revoked.subjects.contains(name))
    }

    /// Whose account it is, whom the claims make nobody.
    pub(super) fn account_of_bearer(&self, bearer: &Bearer) -> Option<String> {
        let provider = self.providers.by_bearer(&bearer.provider)?;
        let token = &bearer.token;
        match token.machine() {
            Some(client) => Some(client.to_owned()),
            None => {
                let shown = Shown::bearer(token.claims(), token.token_use());
                provider.mapping.account(shown)
            }
        }
    }

    /// What a bearer token shows that was verified before, by the configuration of
    /// now; `None` without its provider.
    pub(super) fn bearer_again<'b>(&self, bearer: &'b Bearer) -> Option<BearerAgain<'b>> {
        let provider = self.providers.by_bearer(&bearer.provider)?;
        let claims = bearer.token.claims();
        let believed = provider.mapping.believed(claims, claims);
        Some(BearerAgain {
            who: self.bearers_person(provider, &bearer.token).map(Arc::new),
            provider: &bearer.provider,
            claims: believed.into_owned(),
            token: &bearer.token,
        })
    }

    /// Whether a connection that was opened with a bearer token goes on, and
    /// until when: the configuration may be another one by now.
    ///
    /// # Errors
    /// Why it ends.
    pub(super) fn bearer_stays(
        &self,
        bearer: &Bearer,
        now: UnixTime,
    ) -> Result<UnixTime, NoIdentity> {
        let provider = self.providers.by_bearer(&bearer.provider);
        let provider = provider.ok_or(NoIdentity::OtherProvider)?;
        let accepted = provider.bearer.accepts(&bearer.token, now);
        accepted.map_err(NoIdentity::Token)?;
        self.check_issued(&bearer.token)?;
        let token = &bearer.token;
        // Also on a route that would go on without anybody.
        if self.is_revoked(token) {
            return Err(NoIdentity::Revoked);
        }
        if token.may_be_a_persons() {
            self.authentication_ends(provider, token.authenticated(), now)?;
        }
        match now < bearer.ends() {
            true => Ok(bearer.ends()),
            false => Err(NoIdentity::AuthTooOld),
        }
    }
}

/// What rules see of a bearer token, by another configuration than at first.
pub(super) struct BearerAgain<'b> {
    who: Result<Arc<Person>, NoPerson>,
    provider: &'b str,
    claims: Map<String, Value>,
    token: &'b VerifiedBearer,
}

impl BearerAgain<'_> {
    pub(super) fn presented(&self) -> Presented<'_> {
        present(self.who.as_ref(), self.provider, &self.claims, self.token)
    }
}

fn present<'p>(
    who: Result<&Arc<Person>, &NoPerson>,
    provider: &'p str,
    claims: &'p Map<String, Value>,
    token: &'p VerifiedBearer,
) -> Presented<'p> {
    let who = match who {
        Ok(who) => Arc::clone(who),
        Err(why) => return Presented::NoPerson(why.clone()),
    };
    let is_machine = token.machine().is_some();
    let proof = Proof {
        provider,
        claims,
        userinfo: None,
        grant: Grant {
            scopes: token.scopes(),
            is_machine,
        },
    };
    match is_machine {
        true => Presented::Machine(who, proof),
        false => Presented::Person(who, proof),
    }
}

/// What headers may say of a machine by its claims.
pub(super) fn told_of_machine(claims: &Map<String, Value>) -> Map<String, Value> {
    let of_protocol = claims
        .iter()
        .filter(|(name, _)| OF_MACHINES.contains(&name.as_str()));
    of_protocol
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
