//! May this request go where its route leads?
//!
//! Owns the one judgement: who is it, is that enough for the route, and what the
//! answer has to carry along. Must not know how a request goes on, or what a
//! refusal looks like.

use std::sync::Arc;

use http::header;

use super::Gate;
use super::Known;
use super::bearer::{self, Bearer, Shows};
use super::face::Face;
use super::identify::Missing;
use super::identity::Shown;
use super::newer::Newness;
use super::policy::{self, Denial, Forbidden, NoIdentity, Permit, Presented, Proof};
use super::refresh::{Mark, Refresh};
use super::request::RequestView;
use super::route::{Access, Manner};
use super::rule::Grant;
use super::seal::Rng;
use super::time::UnixTime;
use super::verified::{Verified, Who};

/// Leave to go to the app, and what came along with it.
pub(super) struct Judged {
    pub(super) permit: Permit,
    /// To set with the answer.
    pub(super) cookies: Vec<String>,
    /// What was shown, if the route looked for something.
    pub(super) kept: Option<Basis>,
    /// Newer tokens that are due.
    pub(super) refresh: Option<Refresh>,
    pub(super) mark: Option<Mark>,
    /// What was shown and does not count, where the route lets nobody pass too.
    pub(super) unproven: Option<NoIdentity>,
}

/// What a judgement stands on.
pub(super) enum Basis {
    /// A session.
    Session(Arc<Verified>),
    /// A bearer token.
    Bearer(Arc<Bearer>),
}

/// Why a request does not go on.
pub(super) enum Held {
    /// Refused; the answer carries these cookies all the same.
    Denied {
        denial: Denial,
        cookies: Vec<String>,
        /// Who is signed in, if somebody is.
        account: Option<String>,
    },
    /// Newer tokens first.
    Refresh(Refresh),
}

impl From<Denial> for Held {
    fn from(denial: Denial) -> Self {
        Self::Denied {
            denial,
            cookies: Vec::new(),
            account: None,
        }
    }
}

impl Held {
    /// The same, with the route's name for whom it tells what the route needs.
    pub(super) fn under(mut self, label: Option<&Arc<str>>) -> Self {
        if let Self::Denied {
            denial: Denial::Forbidden(Forbidden::Rules(unmet)),
            ..
        } = &mut self
        {
            unmet.route = label.cloned();
        }
        self
    }
}

impl Basis {
    /// Who it makes of somebody, and what apps are told of them.
    pub(super) fn who(&self) -> Option<&Who> {
        match self {
            Self::Session(verified) => verified.who.as_ref().ok(),
            Self::Bearer(bearer) => bearer.who.as_ref().ok(),
        }
    }
}

impl Gate {
    /// May this request go where the route leads? Cookies to set come along.
    #[expect(
        clippy::too_many_arguments,
        reason = "the one judgement, with time and randomness"
    )]
    pub(super) fn judge(
        &self,
        access: &Access,
        manner: &Manner,
        req: &RequestView<'_>,
        face: &Face,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Result<Judged, Held> {
        if access.looks_for_identity() && self.is_foreign_websocket(req, manner) {
            return Err(Denial::Forbidden(Forbidden::ForeignOrigin).into());
        }
        let mut cookies = Vec::new();
        let mut kept = None;
        let (mut refresh, mut mark, mut held) = (None, None, None);
        let mut is_newer = false;
        let (mut unproven, mut account) = (None, None);
        let mut shown = None;
        let permit = policy::judge(access.clone(), || {
            if manner.is_api {
                match bearer::shown(req.headers()) {
                    // The one place where a cookie is looked for on such a route.
                    Shows::Nothing => {}
                    Shows::Malformed => return Presented::BadToken(NoIdentity::BearerMalformed),
                    Shows::Token(token) => match self.bearer(face, token, known, now) {
                        Ok(bearer) => {
                            let bearer = shown.insert(bearer);
                            if bearer.who.is_err() {
                                account = self.account_of_bearer(bearer);
                            }
                            return bearer.presented();
                        }
                        Err(why) => return Presented::BadToken(why),
                    },
                }
            }
            let presented = face.cookies.presented(req.cookie_headers());
            let signed_in = match self.identify(face, &presented, known, now) {
                Ok(signed_in) => signed_in,
                Err(Missing::Identity(why)) => {
                    // Not even an optional route takes an outage for a sign-out.
                    held = why.is_outage().then_some(Denial::SignIn(why).into());
                    unproven = Some(why).filter(|why| *why != NoIdentity::NoCookie);
                    return Presented::None(why);
                }
                Err(Missing::Tokens(ask)) => {
                    if manner.is_activity {
                        // The call may take its time; this came before.
                        self.note_activity(ask.id(), now);
                    }
                    held = Some(Held::Refresh(ask));
                    return Presented::None(NoIdentity::NotRenewed);
                }
            };
            if known.refreshed.is_none() && !known.may_not_renew {
                refresh = self.refresh_when_due(&signed_in, now);
            }
            let resealed = self.reseal(face, &presented, &signed_in, manner.is_activity, now, rng);
            mark = Some(Mark::new(&signed_in.verified.session, resealed.seen));
            cookies = resealed.cookies;
            is_newer = matches!(signed_in.newness, Newness::Newer { .. });
            let verified = kept.insert(signed_in.verified);
            let person = match &verified.who {
                Ok(who) => Arc::clone(&who.person),
                Err(why) => {
                    account = self.account_of(verified);
                    return Presented::NoPerson(why.clone());
                }
            };
            let proof = Proof {
                provider: verified.session.provider(),
                claims: verified.believed(),
                userinfo: verified.userinfo.as_ref(),
                grant: Grant::default(),
            };
            Presented::Person(person, proof)
        });
        if let Some(held) = held {
            return Err(held);
        }
        let permit = match permit {
            Ok(permit) => permit,
            // A new seal alone can wait for somebody who is let through.
            Err(denial) => {
                let shows_bearer = || bearer::shown(req.headers()) != Shows::Nothing;
                let denial = match denial {
                    Denial::SignIn(NoIdentity::NoCookie) if !manner.is_api && shows_bearer() => {
                        Denial::SignIn(NoIdentity::BearerNotTaken)
                    }
                    denial => denial,
                };
                return Err(Held::Denied {
                    denial,
                    cookies: if is_newer { cookies } else { Vec::new() },
                    account,
                });
            }
        };
        let session = kept.map(Basis::Session);
        Ok(Judged {
            permit,
            cookies,
            kept: shown.map(Basis::Bearer).or(session),
            refresh,
            mark,
            unproven,
        })
    }

    /// Whose account it is, whom the claims make nobody.
    pub(super) fn account_of(&self, verified: &Verified) -> Option<String> {
        let provider = self.providers.of(&verified.session)?;
        let claims = verified.identity.claims();
        let shown = Shown::session(claims, verified.session.kept());
        provider.mapping.account(shown)
    }

    /// A websocket that a page of another origin opens: cookies go along with
    /// it, and the same-origin policy does not apply (RFC 6455 10.2).
    pub(super) fn is_foreign_websocket(&self, req: &RequestView<'_>, manner: &Manner) -> bool {
        let is_welcome = |origin: &str| {
            self.origins().any(|ours| ours.as_str() == origin)
                || manner.origins.iter().any(|other| other.as_str() == origin)
        };
        // A front proxy that asks about one may keep `Upgrade` to itself.
        let opens = [header::UPGRADE, header::SEC_WEBSOCKET_VERSION];
        opens.iter().any(|name| req.headers().contains_key(name))
            && req.headers().contains_key(header::ORIGIN)
            && !req.header("origin").is_some_and(is_welcome)
    }
}
