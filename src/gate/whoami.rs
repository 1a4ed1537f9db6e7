//! Who is signed in: `/session` for scripts, `/whoami` for people, with what was
//! mapped from which claim. One's own session only, and never a token.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::face::Face;
use super::identify::{Missing, SignedIn};
use super::identity::trace::Trace;
use super::identity::{AttributeValue, Person, Shown};
use super::page::{Text, Word};
use super::policy::{Forbidden, NoIdentity};
use super::refresh::Refresh;
use super::seal::Rng;
use super::time::UnixTime;
use super::{Decision, Effect, Gate, Known, Note, Page, Reply, RequestView, reference};
use crate::gate::identity::NoPerson;

impl Gate {
    /// `/session`: identity, expiry and where to sign in and out.
    pub(super) fn session_json(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let reply = match self.who(req, face, known, now, rng) {
            Ok(who) => {
                let body = self.session_members(face, &who, now);
                let note = Note::new("page").because("session");
                let note = note.by(Some(&who.person.user));
                Reply::json(StatusCode::OK, &Value::Object(body), note).with_cookies(who.cookies)
            }
            Err(Nobody::NoIdentity(why)) => self.signed_out_json(req, face, why, rng),
            Err(why) => return self.nobody(req, face, why, rng),
        };
        Decision::Reply(reply)
    }

    /// What becomes of a page of ours that needs somebody.
    pub(super) fn nobody(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        why: Nobody,
        rng: Rng<'_>,
    ) -> Decision {
        match why {
            Nobody::Tokens(ask) => Decision::Perform(Effect::Refresh(ask)),
            Nobody::NoIdentity(why) => Decision::Reply(self.unauthenticated(req, face, why, rng)),
            Nobody::NoPerson(signed_in, why) => {
                Decision::Reply(self.no_person(req, &signed_in, why, rng))
            }
        }
    }

    /// 403: somebody is signed in whose claims make nobody.
    fn no_person(
        &self,
        req: &RequestView<'_>,
        signed_in: &SignedIn,
        why: NoPerson,
        rng: Rng<'_>,
    ) -> Reply {
        let account = self.account_of(&signed_in.verified);
        self.forbidden(req, &Forbidden::NoPerson(why), account.as_deref(), rng)
    }

    /// `/whoami`: the same for people, plus the headers that the app receives.
    pub(super) fn whoami_page(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Decision {
        let reply = match self.who(req, face, known, now, rng) {
            Ok(who) => self.whoami_of(req, face, who, now, rng),
            Err(Nobody::NoPerson(signed_in, why)) => {
                self.whoami_of_nobody(req, &signed_in, why, rng)
            }
            Err(why) => return self.nobody(req, face, why, rng),
        };
        Decision::Reply(reply)
    }

    fn whoami_of(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        who: Who,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Reply {
        let Who {
            signed_in, person, ..
        } = &who;
        let Some(provider) = self.providers.of(&signed_in.verified.session) else {
            // Whoever is signed in is so by one of them.
            return self.unauthenticated(req, face, NoIdentity::OtherProvider, rng);
        };
        let headers = Self::with_evidence(
            face,
            signed_in.verified.believed(),
            &signed_in.verified.session,
            &signed_in.verified.identity,
            |evidence| self.headers.shown().shown(person, evidence, now),
        );
        let headers = match headers {
            Ok(headers) => headers,
            Err(why) => return self.forbidden(req, &why.into(), Some(&person.user), rng),
        };
        let traces = self.traces(signed_in);
        let note = Note::new("page").because("whoami").by(Some(&person.user));
        if super::reply::accepts_html(req) {
            let mut page = Page::new(Word::WhoamiTitle).text(Word::WhoamiText);
            for (name, value) in headers {
                page = page.row(name, value);
            }
            page = page.section(Word::WhoamiFrom, rows(&traces));
            let left = self.expires(signed_in).since(now) / 60;
            let page = page
                .detail(Word::WhoamiProvider, &provider.title)
                .detail(
                    Word::WhoamiEnds,
                    Word::WhoamiMinutes {
                        number: left.to_string().into(),
                    },
                )
                .post(format!("{}/logout", self.paths.prefix()), Word::SignOut);
            return Reply::page(StatusCode::OK, page, note).with_cookies(who.cookies);
        }
        let mut body = self.session_members(face, &who, now);
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name, json!(value)));
        body.insert("headers".to_owned(), Value::Object(headers.collect()));
        body.insert("identity".to_owned(), json_of(&traces));
        Reply::json(StatusCode::OK, &Value::Object(body), note).with_cookies(who.cookies)
    }

    /// `/whoami` of somebody whose claims make no person: the page that says
    /// which value is missing.
    fn whoami_of_nobody(
        &self,
        req: &RequestView<'_>,
        signed_in: &SignedIn,
        why: NoPerson,
        rng: Rng<'_>,
    ) -> Reply {
        let wrong = wrong(&why);
        let refused = Forbidden::NoPerson(why);
        let traces = self.traces(signed_in);
        let reference = reference(rng);
        let note = Note {
            reference: reference.clone(),
            ..refused.note()
        };
        if super::reply::accepts_html(req) {
            let mut page = Page::new(Word::WhoamiTitle)
                .text(Word::WhoamiNobody)
                .row(Word::WhoamiWrong, wrong)
                .section(Word::WhoamiFrom, rows(&traces))
                .link(self.someone_else(req), Word::SomeoneElse);
            if let Some(reference) = reference {
                page = page.detail(Word::Reference, reference);
            }
            return Reply::page(StatusCode::FORBIDDEN, page, note);
        }
        let mut body = json!({
            "error": "forbidden",
            "reason": refused.reason(),
            "reference": reference,
            "identity": json_of(&traces),
        });
        if let (Some(claim), Some(members)) = (refused.claim(), body.as_object_mut()) {
            members.insert("claim".to_owned(), json!(claim));
        }
        Reply::json(StatusCode::FORBIDDEN, &body, note)
    }

    fn traces(&self, signed_in: &SignedIn) -> Vec<Trace> {
        let verified = &signed_in.verified;
        let provider = self.providers.of(&verified.session);
        provider.map_or_else(Vec::new, |provider| {
            let claims = verified.identity.claims();
            let shown = Shown::session(claims, verified.session.kept());
            provider.mapping.trace(shown)
        })
    }

    pub(super) fn who(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        known: Known<'_>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Result<Who, Nobody> {
        let presented = face.cookies.presented(req.cookie_headers());
        let signed_in =
            self.identify(face, &presented, known, now)
                .map_err(|missing| match missing {
                    Missing::Identity(why) => Nobody::NoIdentity(why),
                    Missing::Tokens(ask) => Nobody::Tokens(ask),
                })?;
        let person = match &signed_in.verified.who {
            Ok(who) => Arc::clone(&who.person),
            Err(why) => {
                let why = why.clone();
                return Err(Nobody::NoPerson(Box::new(signed_in), why));
            }
        };
        Ok(Who {
            cookies: self
                .reseal(face, &presented, &signed_in, false, now, rng)
                .cookies,
            signed_in,
            person,
        })
    }

    fn session_members(&self, face: &Face, who: &Who, now: UnixTime) -> Map<String, Value> {
        let Who {
            signed_in, person, ..
        } = who;
        let expires = self.expires(signed_in);
        let attributes: Map<String, Value> = person
            .attributes
            .iter()
            .map(|attribute| {
                let value = match &attribute.value {
                    AttributeValue::One(value) => json!(value),
                    AttributeValue::Many(values) => json!(values),
                };
                (attribute.name.clone(), value)
            })
            .collect();
        let members = json!({
            "user": person.user,
            "email": person.email,
            "name": person.name,
            "groups": person.groups,
            "access_right": person.access_right,
            "attributes": attributes,
            "provider": signed_in.verified.session.provider(),
            "signed_in_at": signed_in.verified.session.signed_in().secs(),
            "expires_at": expires.secs(),
            "expires_in": expires.since(now),
            "login_url": format!("{}{}/login", face.origin, self.paths.prefix()),
            "logout_url": format!("{}{}/logout", face.origin, self.paths.prefix()),
        });
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// A session that can be refreshed ends with its lifetime, or when the person
    /// has to authenticate anew; any other with its token, if that comes first.
    fn expires(&self, signed_in: &SignedIn) -> UnixTime {
        let end = self.end_of(&signed_in.verified);
        match signed_in.verified.session.refresh_token() {
            Some(_) => end,
            None => signed_in.verified.identity.expires().min(end),
        }
    }
}

/// Who is signed in, and the cookies that the answer carries.
pub(super) struct Who {
    pub(super) signed_in: SignedIn,
    pub(super) person: Arc<Person>,
    pub(super) cookies: Vec<String>,
}

/// One row for each thing that is told, and one for each value on its way.
fn rows(traces: &[Trace]) -> Vec<(Text, Text)> {
    let mut rows = Vec::new();
    for trace in traces {
        rows.push(((&trace.what).into(), trace.result()));
        let steps = trace.steps.iter();
        rows.extend(steps.map(|step| (String::new().into(), step.text())));
    }
    rows
}

/// What makes nobody of an account, in words.
fn wrong(why: &NoPerson) -> Word {
    match why {
        NoPerson::Revoked => Word::WhoamiRevoked,
        NoPerson::NoUser(claim) => Word::WhoamiNoUser {
            claim: claim.into(),
        },
        NoPerson::ControlInUser => Word::WhoamiControlInUser,
        NoPerson::ForeignUser => Word::WhoamiForeignUser,
        NoPerson::SeveralRights => Word::WhoamiSeveralRights,
        NoPerson::NoRight => Word::WhoamiNoRight,
    }
}

fn json_of(traces: &[Trace]) -> Value {
    traces.iter().map(Trace::to_json).collect()
}

/// Why there is nobody to show.
pub(super) enum Nobody {
    Tokens(Refresh),
    NoIdentity(NoIdentity),
    NoPerson(Box<SignedIn>, NoPerson),
}
