//! Forward-auth: a front proxy asks about a request that it has received, and
//! sends it on, or not, by our answer.
//!
//! Owns the order of the steps. The request that is asked about goes through
//! the same path, routes, judgement and identity as one that we forward
//! ourselves: the two never differ in who may go where. Must not know how each
//! front proxy says which request it means ([`dialect`]).
//!
//! Every doubt is 403: which request is meant decides which rule holds.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::json;

use super::decision::{Decision, Effect};
use super::endpoint::Endpoint;
use super::face::Face;
use super::judging::Held;
use super::leading::{Leads, shows_nobody};
use super::policy::{Denial, Forbidden};
use super::reply::{Asker, Note, Reply};
use super::request::{RequestError, RequestView};
use super::route::{Access, Manner, Ruled};
use super::seal::Rng;
use super::time::UnixTime;
use super::unauthenticated::target_of;
use super::{Gate, Known, reply};

mod answer;
mod conditions;
pub mod dialect;
mod returning;

use conditions::{Conditions, ConditionsError};
pub use dialect::Dialect;
use dialect::{Asked, AskedError, Documented};

/// `server.forward_auth`, where it is not off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardAuth {
    /// Whose headers say which request is meant.
    pub dialect: Dialect,
    /// Whether the front proxy hands our cookies to the browser: only then may
    /// an answer renew a session.
    pub cookies: bool,
}

/// Why the question itself is refused with 403.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    /// Which request is meant.
    #[error(transparent)]
    Asked(#[from] AskedError),
    /// The request that is meant cannot be read.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// What else has to hold.
    #[error(transparent)]
    Conditions(#[from] ConditionsError),
    /// TRACE.
    #[error("the method is for nobody")]
    Method,
    /// A host that is no public origin.
    #[error("the host is no server.public_url")]
    Host,
    /// Apps read the path in different ways, under different rules.
    #[error("apps read the path in different ways")]
    Ambiguous,
    /// Below our prefix, and the front proxy might not know it for ours.
    #[error("the path is Vestibule's own; let the front proxy send it to Vestibule unasked")]
    OwnPath,
}

/// One question, with all that it is judged by.
struct Question<'q, 'r> {
    setting: ForwardAuth,
    view: &'q RequestView<'r>,
    /// Whether the front proxy compares the same path as we do.
    is_canonical: bool,
    conditions: Conditions,
}

impl Gate {
    /// The answer to a front proxy. `below` is what follows the endpoint's own
    /// path, with its slash; `client` is who opened the connection.
    pub(super) fn forward_auth(
        &self,
        below: Option<&str>,
        req: &RequestView<'_>,
        known: Known<'_>,
        client: Option<std::net::IpAddr>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let Some(setting) = self.forward_auth.filter(|_| self.proxies.trust(client)) else {
            return Decision::Reply(reply::not_found(req));
        };
        if below.is_some() && setting.dialect != Dialect::Envoy {
            return Decision::Reply(reply::not_found(req));
        }
        let documented = Documented::new(self.paths.prefix(), self.router.is_one_rule());
        let asked = Asked::read(setting.dialect, below, documented, req);
        let answered = asked.map_err(Refused::from).and_then(|asked| {
            let view = asked.view()?;
            let question = Question {
                setting,
                view: &view,
                is_canonical: view.is_canonical() && req.is_canonical(),
                conditions: Conditions::read(setting.dialect, req, &view)?,
            };
            let mut decision = self.answer(&question, known, now, rng)?;
            if let Decision::Reply(reply) = &mut decision {
                let face = self.face(view.host());
                reply.origin = face.and_then(|face| u16::try_from(face.place).ok());
            }
            Ok(decision)
        });
        answered.unwrap_or_else(|why| Decision::Reply(refusal(why)))
    }

    fn answer(
        &self,
        question: &Question<'_, '_>,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Result<Decision, Refused> {
        let public = Manner::default();
        let (rule, label, face) = match self.leads(question.view) {
            Leads::Nowhere => return Err(Refused::Method),
            Leads::Elsewhere => return Err(Refused::Host),
            Leads::Asked(_) => return Err(Refused::OwnPath),
            // People open these before they are signed in; they tell nothing of anybody else.
            Leads::Ours(endpoint, face) if self.is_passed(endpoint, question) => {
                (Some((&Access::Public, &public)), None, face)
            }
            Leads::Ours(..) => return Err(Refused::OwnPath),
            Leads::App(ruling, face) => {
                let Ruled { label, rule } = ruling.ruled().ok_or(Refused::Ambiguous)?;
                (rule, Some(label), face)
            }
        };
        let judged = match rule {
            Some((access, manner)) => {
                // What narrows the app does not narrow the way to the login.
                let access = match label {
                    Some(_) => question.conditions.with(access),
                    None => Cow::Borrowed(access),
                };
                self.judged(question, &access, manner, face, known, now, rng)
            }
            None => Err(Denial::Forbidden(Forbidden::NoRuleForMethod).into()),
        };
        Ok(match judged.map_err(|held| held.under(label)) {
            Ok(mut reply) => {
                reply.note.route = label.cloned();
                Decision::Reply(reply)
            }
            Err(Held::Refresh(ask)) => Decision::Perform(Effect::Refresh(ask)),
            Err(Held::Denied {
                denial,
                cookies,
                account,
            }) => {
                let is_api = rule.is_some_and(|(_, manner)| manner.is_api);
                let account = account.as_deref();
                let mut reply = self.held_back(question, face, is_api, &denial, account, rng);
                reply.note.route = label.cloned();
                let cookies = if question.setting.cookies {
                    cookies
                } else {
                    Vec::new()
                };
                Decision::Reply(reply.with_cookies(cookies))
            }
        })
    }

    /// Whether a page of ours passes, should somebody ask about it. The 200 sends
    /// to the app whatever the front proxy does not know for ours: another
    /// spelling of its path, another method. And an nginx may let a client name
    /// the page in place of what it opens (`docs/adr/0020`).
    fn is_passed(&self, endpoint: Endpoint<'_>, question: &Question<'_, '_>) -> bool {
        question.setting.dialect != Dialect::Nginx
            && question.is_canonical
            && endpoint.allows(question.view.method())
            && self.is_there(endpoint)
    }

    /// The judgement that a forwarded request gets, and the answer that its permit makes.
    #[expect(
        clippy::too_many_arguments,
        reason = "the one judgement, with time and randomness"
    )]
    fn judged(
        &self,
        question: &Question<'_, '_>,
        access: &Access,
        manner: &Manner,
        face: &Face,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Result<Reply, Held> {
        let Question { setting, view, .. } = question;
        let mut judged = if setting.cookies {
            self.judge(access, manner, view, face, known, now, rng)?
        } else {
            // What is renewed or noted here would not reach the browser.
            let unrenewed = Known {
                refreshed: None,
                may_not_renew: true,
                ..known
            };
            let still = Manner {
                is_activity: false,
                ..manner.clone()
            };
            self.judge(access, &still, view, face, unrenewed, now, rng)?
        };
        // No app answers meanwhile: what is due is renewed first.
        if let Some(due) = judged.refresh.take() {
            return Err(Held::Refresh(due));
        }
        if !setting.cookies {
            judged.cookies.clear();
        }
        let app = manner.upstream.unwrap_or(0);
        let mut forward = self.forward(judged, view, face, app, None, now)?;
        forward.took_bearer |= shows_nobody(view, manner);
        Ok(answer::granted(forward, &self.headers))
    }

    /// 401, 403, or 302 into the login where the front proxy hands it on.
    fn held_back(
        &self,
        question: &Question<'_, '_>,
        face: &Face,
        is_api: bool,
        denial: &Denial,
        account: Option<&str>,
        rng: Rng<'_>,
    ) -> Reply {
        let Question { setting, view, .. } = question;
        if is_api {
            return self.denied(view, face, true, denial, account, rng);
        }
        match denial {
            // nginx knows 401 and 403 alone, and shows a page of its own.
            Denial::SignIn(why) if setting.dialect == Dialect::Nginx => {
                self.signed_out_json(view, face, *why, rng)
            }
            Denial::SignIn(why) if !why.is_outage() && Asker::of(view) == Asker::Navigation => {
                // Absolute: Traefik takes a path for one of the auth service's own.
                let login = self.login_path(target_of(view, face).as_str());
                let note = why.note();
                Reply::redirect(&format!("{}{login}", face.origin), note)
            }
            denial => self.denied(view, face, false, denial, account, rng),
        }
    }
}

/// 403, with what is wrong for whoever sets up the front proxy; it names
/// headers and parameters, and none of their values.
fn refusal(why: Refused) -> Reply {
    let note = Note::new("forward_auth_refused").because(why.reason());
    let body = json!({ "error": "forbidden", "error_description": why.to_string() });
    Reply::json(StatusCode::FORBIDDEN, &body, note)
}

impl Refused {
    /// The word for the log, from a closed list.
    fn reason(self) -> &'static str {
        match self {
            Self::Asked(why) => why.reason(),
            Self::Request(RequestError::Path(_)) => "forward_auth_path",
            Self::Request(RequestError::Query) => "forward_auth_query",
            Self::Request(_) => "forward_auth_unreadable",
            Self::Conditions(why) => why.reason(),
            Self::Method => "forward_auth_method",
            Self::Host => "forward_auth_host",
            Self::Ambiguous => "forward_auth_path_ambiguous",
            Self::OwnPath => "forward_auth_own_path",
        }
    }
}

#[cfg(test)]
mod tests;
