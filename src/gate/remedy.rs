//! What whoever runs this can do about somebody who is signed in and not let
//! through, and about a bearer token that counts for nothing.
//!
//! Owns these words of the log (`docs/troubleshooting.md` and `docs/api.md` hold
//! the same). They are a closed list: none is built from a claim. Must not know
//! what the client is told.

use super::identity::NoPerson;
use super::page::Word;
use super::policy::{Forbidden, NoIdentity};
use super::reply::Note;
use super::rule::Condition;
use super::token::TokenError;

/// Of `rule_several`.
const SEVERAL: &str = "none of the route's rules holds, and each fails for a reason of its own: `vestibule explain` says which condition of which";

impl Forbidden {
    /// What the page says of it.
    pub(super) fn word(&self) -> Word {
        match self {
            Self::Nobody => Word::ForbiddenClosed,
            Self::NoRuleForMethod => Word::ForbiddenMethod,
            Self::Rules(_) => Word::ForbiddenRules,
            Self::NoPerson(NoPerson::NoUser(_)) => Word::ForbiddenNoUser,
            Self::NoPerson(NoPerson::Revoked) => Word::ForbiddenRevoked,
            Self::NoPerson(NoPerson::ControlInUser) => Word::ForbiddenControlInUser,
            Self::NoPerson(NoPerson::ForeignUser) => Word::ForbiddenForeignUser,
            Self::NoPerson(NoPerson::SeveralRights) => Word::ForbiddenSeveralRights,
            Self::NoPerson(NoPerson::NoRight) => Word::ForbiddenNoRight,
            Self::Machine => Word::ForbiddenMachine,
            Self::ForeignOrigin => Word::ForbiddenForeignOrigin,
            Self::Unsigned => Word::ForbiddenNotSigned,
            Self::HeaderTooLong => Word::ForbiddenTooManyGroups,
        }
    }

    /// What the log says of it, but for who it is.
    pub(super) fn note(&self) -> Note {
        let note = Note::new("forbidden")
            .because(self.reason())
            .remedied_by(self.remedy());
        Note {
            claim: self.claim().map(str::to_owned),
            ..note
        }
    }

    /// The names of the claims, one of which would have to say who somebody is.
    pub(super) fn claim(&self) -> Option<&str> {
        match self {
            Self::NoPerson(NoPerson::NoUser(claim)) => Some(claim),
            _ => None,
        }
    }

    /// What can be done.
    fn remedy(&self) -> &'static str {
        match self {
            Self::Nobody => {
                "the route's access is \"nobody\": change it, if somebody is to open this"
            }
            Self::NoRuleForMethod => {
                "name the method in `methods` of a route of this host and path, or add one for the methods that are left"
            }
            Self::Rules(unmet) => unmet.deciding().map_or(SEVERAL, of_condition),
            Self::NoPerson(NoPerson::NoUser(_)) => {
                "the claim of identity.user is missing, empty or not believed (the line names it): have the provider put it into the ID token (a scope, an attribute mapping), or name another one"
            }
            Self::NoPerson(NoPerson::Revoked) => "session.revoked.subjects names this subject",
            Self::NoPerson(NoPerson::ControlInUser) => {
                "the account name holds a control character: correct it in the directory, or name another claim in identity.user"
            }
            Self::NoPerson(NoPerson::ForeignUser) => {
                "the provider names an address at a domain that is not in its email_domains, which may be somebody's attempt: have it corrected there, or name another claim in identity.user; add the domain only if every account of this provider may have an address in it"
            }
            Self::NoPerson(NoPerson::SeveralRights) => {
                "rank the rights in identity.access_right.order, or let the person have one alone at the provider"
            }
            Self::NoPerson(NoPerson::NoRight) => {
                "translate what arrives in identity.access_right.map, set a default there, or give the person a right at the provider"
            }
            Self::Machine => {
                "a program's token passes rules with `scopes` alone: write one for it, or have the client show a person's token"
            }
            Self::ForeignOrigin => {
                "name the page's origin in route.origins, if it may open a websocket here"
            }
            Self::Unsigned => {
                "the identity assertion could not be signed: check headers.assertion.keys"
            }
            Self::HeaderTooLong => {
                "a value for the app does not fit into one header: let fewer groups through (identity.groups.map with unmapped = \"drop\"), or assign fewer at the provider"
            }
        }
    }
}

fn of_condition(condition: &Condition) -> &'static str {
    match condition {
        Condition::Groups(_) => {
            "the person is in none of the groups: add them to one at the provider, or translate what arrives (identity.groups.map); `vestibule explain` shows both"
        }
        Condition::AllGroups(_) => {
            "the person is not in all of the groups: add them at the provider, or translate what arrives (identity.groups.map); `vestibule explain` shows both"
        }
        Condition::AccessRight(_) => {
            "the person has another access right, or none: give them this one at the provider, or translate what arrives (identity.access_right.map)"
        }
        Condition::EmailDomains(_) => {
            "the email is at another domain, missing, or not believed (provider.ID.email_verified, email_domains): correct it at the provider, or change the rule"
        }
        Condition::Emails(_) => {
            "the front proxy's allowed_emails has another address, or the person's is missing or not believed (provider.ID.email_verified)"
        }
        Condition::Provider(_) => {
            "the person came by another provider: have them sign in by one that the rule names, or add theirs to it"
        }
        Condition::Scopes(_) => {
            "the token lacks the scope, and a session never has one: grant it to the client at the provider, or give the route a further rule for people"
        }
        Condition::Claim(..) => {
            "the claim is missing or has another value: look at the ID token's claims with `vestibule explain`, and at what the provider puts into it"
        }
    }
}

impl NoIdentity {
    /// What the log says of a request without an identity where one is needed.
    pub(super) fn note(self) -> Note {
        let remedy = match self {
            Self::BearerNotTaken => self.bearer_remedy(),
            // Signing in is the remedy.
            _ => None,
        };
        Note {
            remedy,
            ..Note::new("sign_in_needed").because(self.reason())
        }
    }

    /// What can be done about a bearer token that counts for nothing; `None` where
    /// nothing is known that would help.
    pub(super) fn bearer_remedy(self) -> Option<&'static str> {
        Some(match self {
            Self::BearerMalformed => {
                "have the client send one Authorization field: Bearer, a space, and the token"
            }
            Self::BearerNotTaken => {
                "nobody is signed in, and the route takes no bearer tokens: have people sign in there; only if the token is the provider's, and not the app's own, write api = true to the route, on which a bearer is judged alone"
            }
            Self::Revoked => {
                "the token was issued before session.revoked.signed_in_before: have the client get a new one"
            }
            Self::AuthTooOld => {
                "the person signed in longer ago than provider.ID.max_auth_age: they have to sign in anew"
            }
            Self::Token(error) => return error.bearer_remedy(),
            _ => return None,
        })
    }
}

impl TokenError {
    fn bearer_remedy(self) -> Option<&'static str> {
        Some(match self {
            Self::Audience => {
                "have the client ask for a token that is meant for this API; only if this one is, name its client in provider.ID.api.clients, or its aud in provider.ID.api.audiences, which lets in every token that is meant for that; one that two providers would take is nobody's"
            }
            Self::Issuer => {
                "the token says that it is of an issuer that is not configured, as anybody can; if the client is yours, write provider.ID.issuer as tokens have it, byte for byte, or add it to accepted_issuers; of several providers, only those with an api table vouch for tokens"
            }
            Self::TokenUse => {
                "have the client show an access token; an ID token counts only with \"id\" in provider.ID.api.tokens, and one that is bound to a key (cnf) never"
            }
            Self::Expired => {
                "have the client get a newer token before this one ends; if it is new, keep the clock of this machine by NTP"
            }
            Self::NotYetValid => {
                "keep the clock of this machine by NTP; the provider's and ours differ by more than 60 seconds"
            }
            Self::Malformed => {
                "the client shows no JWT: have the provider issue access tokens as JWTs, which some do only for an API that is registered there"
            }
            Self::TooLong => "have the provider put less into the token: 16 KiB are the most",
            Self::Algorithm => {
                "name in provider.ID.signing_algorithms what the provider signs with"
            }
            Self::NoKeyId | Self::UnknownKey | Self::Signature => {
                "the token is signed with none of the provider's keys: the client has to ask the pool, realm or tenant of provider.ID.issuer, for a token that is meant for you"
            }
            Self::Claim => {
                "the token lacks a claim that it needs (exp, iat, sub; at Cognito client_id), or has it of another type: look at what changes tokens at the provider (a trigger, a mapper)"
            }
            Self::AuthTime => {
                "have the provider say when somebody signed in (auth_time) in these tokens too; provider.ID.max_auth_age = \"off\" would end the limit for people's sessions as well"
            }
            Self::IdentityProvider => {
                "with provider.ID.identity_provider, access tokens of people do not count: they do not say how somebody signed in"
            }
            // Whoever made such a token is not the provider; the others are of logins.
            Self::Duplicate | Self::Critical | Self::Nonce | Self::Foreign => return None,
        })
    }
}

#[cfg(test)]
mod tests;
