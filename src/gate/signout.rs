//! Signing out: here, at the token endpoint, at the provider, and back.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::json;
use zeroize::Zeroizing;

use super::face::Face;
use super::page::Word;
use super::provider::Provider;
use super::query::Params;
use super::return_to::ReturnTo;
use super::session::Session;
use super::time::UnixTime;
use super::{Asker, Decision, Effect, Gate, Known, Note, Page, Reply, RequestView};
use crate::config::{LogoutReach, ProviderKind};

/// A session that has ended here. The edge revokes the refresh token as far as
/// that goes, then sends the reply.
pub struct Logout {
    /// To revoke (RFC 7009), each at its provider: one, unless the browser held several sessions.
    pub refresh_tokens: Vec<(String, Zeroizing<String>)>,
    /// To send in any case.
    pub reply: Reply,
}

impl std::fmt::Debug for Logout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logout")
            .field("reply", &self.reply.note)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// `/logout`: acts only on what our own pages or the person ask for;
    /// anything else gets a page with one button.
    pub(super) fn logout(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        known: Known<'_>,
        now: UnixTime,
    ) -> Decision {
        let back = self.back_after_logout(req, face);
        if !self.is_meant(req, face) {
            let action = match &back {
                Some(target) => self.logout_path(target.as_str()),
                None => format!("{}/logout", self.paths.prefix()),
            };
            let page = Page::new(Word::LogoutTitle)
                .text(Word::LogoutText)
                .post(action, Word::SignOut);
            let note = Note::new("page").because("logout_question");
            return Decision::Reply(Reply::page(StatusCode::OK, page, note));
        }
        let presented = face.cookies.presented(req.cookie_headers());
        // An expired token does not matter here: the session ends either way.
        let sessions = self.open_sessions(face, &presented);
        // First of all, and whosever it is: a refresh that is under way asks for
        // it when it is done, and a reload may bring its provider back.
        for session in &sessions {
            self.memory.denied.deny(session, now, self.lifetime);
        }
        let sessions = sessions.into_iter().map(|one| self.ended(one));
        // Only the provider that gave a token gets to see it again.
        let (sessions, strays): (Vec<_>, Vec<_>) =
            sessions.partition(|session| self.providers.that_gave(session).is_some());
        let session = sessions.first();
        let own = session.and_then(|session| self.providers.of(session));
        let user = session.zip(own).and_then(|(session, provider)| {
            let keys = known.of(provider).keys?;
            let verifier = &provider.verifier;
            let identity = verifier.verify(session.id_token(), keys, now).ok()?;
            let person = self.person(provider, &identity, session.kept());
            person.ok().map(|person| person.user)
        });
        // Without a session, the one that most likely still knows the person.
        let provider = own
            .or_else(|| self.providers.only())
            .or_else(|| self.last_choice(&presented));
        // One that did not sign the person in has no part in a sign-out.
        let provider = provider.filter(|provider| {
            let its = |stray: &Arc<Session>| provider.verifier.is_issuer(stray.id_token());
            own.is_some() || strays.is_empty() || strays.iter().any(its)
        });
        let note = Note::new("signed_out").by(user.as_deref());
        let reply = if Asker::of(req) == Asker::Script {
            // No hint: a script never gets hold of a token.
            let next = self.logout_by(face, provider, known, None);
            Reply::json(StatusCode::OK, &json!({ "logout_url": next }), note)
        } else {
            let next = self.logout_by(face, provider, known, session.map(Arc::as_ref));
            Reply::redirect(&next, note)
        };
        let mut cookies = face.cookies.delete_session(&presented);
        if !presented.logins_candidates().is_empty() {
            cookies.push(face.cookies.delete_logins());
        }
        match back {
            Some(target) => cookies.push(face.cookies.set_back(target.as_str())),
            None if presented.back().is_some() => cookies.push(face.cookies.delete_back()),
            None => {}
        }
        Decision::Perform(Effect::Logout(Logout {
            refresh_tokens: refresh_tokens(&sessions),
            reply: reply.with_cookies(cookies),
        }))
    }

    /// One of the sessions to end: a newer one, if it was refreshed here and the browser
    /// does not know yet. Its refresh token is the one to revoke, and no answer
    /// brings its cookie from now on.
    fn ended(&self, session: Arc<Session>) -> Arc<Session> {
        let newer = &self.memory.newer;
        let newest = newer.newer_than(session.id(), session.generation());
        newer.forget(session.id());
        newest.unwrap_or(session)
    }

    /// `/signed-out`: public, and never redirects, so that no sign-out ends in a sign-in.
    pub(super) fn signed_out(&self, req: &RequestView<'_>, face: &Face) -> Reply {
        let back = face
            .cookies
            .presented(req.cookie_headers())
            .back()
            .and_then(|target| ReturnTo::parse(&target, &face.origin))
            .unwrap_or_else(ReturnTo::root);
        let page = Page::new(Word::SignedOutTitle)
            .text(Word::SignedOutText)
            .link(self.login_path(back.as_str()), Word::SignedOutAgain);
        let note = Note::new("page").because("signed_out_page");
        if super::reply::accepts_html(req) || req.header("accept").is_none() {
            Reply::page(StatusCode::OK, page, note)
        } else {
            Reply::json(StatusCode::OK, &json!({ "signed_out": true }), note)
        }
    }

    /// `/logout/then`: the provider's logout is done, and the one of whoever
    /// stands behind it is next.
    pub(super) fn logout_goes_on(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        in_path: Option<&str>,
    ) -> Reply {
        let provider = match in_path {
            Some(id) => self.providers.named(id),
            None => self.providers.only_with_logout_then(),
        };
        match provider.and_then(|provider| provider.logout_then.as_ref()) {
            Some(then) => {
                let next = then.url(&self.signed_out_url(face));
                Reply::redirect(&next, Note::new("signed_out").because("logout_then"))
            }
            None => super::reply::not_found(req),
        }
    }

    fn signed_out_url(&self, face: &Face) -> String {
        format!("{}{}/signed-out", face.origin, self.paths.prefix())
    }

    /// The page to come back to as someone else, if the sign-out is for that.
    fn back_after_logout(&self, req: &RequestView<'_>, face: &Face) -> Option<ReturnTo> {
        let params = Params::of(req);
        let target = ReturnTo::parse(params.one("rd").ok()??, &face.origin)?;
        (!self.is_flow_path(&target)).then_some(target)
    }

    /// The contract's rule against sign-outs that other sites trigger.
    fn is_meant(&self, req: &RequestView<'_>, face: &Face) -> bool {
        let acts = *req.method() == Method::POST || *req.method() == Method::GET;
        if !acts || Asker::of(req) == Asker::Prefetch {
            return false;
        }
        if req.headers().contains_key("sec-fetch-site") {
            let from_us = matches!(req.header("sec-fetch-site"), Some("same-origin" | "none"));
            let opens_page = req.header("sec-fetch-mode") == Some("navigate")
                && req.header("sec-fetch-dest") == Some("document");
            return from_us && (*req.method() == Method::POST || opens_page);
        }
        if req.headers().contains_key("origin") {
            return req.header("origin") == Some(face.origin.as_str());
        }
        req.header("referer")
            .is_some_and(|referer| face.origin.is_origin_of(referer))
    }

    /// Where the browser goes next: through the provider's logout, which comes
    /// back to the signed-out page, or there at once.
    fn logout_by(
        &self,
        face: &Face,
        provider: Option<&Provider>,
        known: Known<'_>,
        session: Option<&Session>,
    ) -> String {
        let Some(provider) = provider else {
            return self.signed_out_url(face);
        };
        let signed_out = match provider.logout {
            LogoutReach::Local => return self.signed_out_url(face),
            LogoutReach::Provider => self.signed_out_url(face),
            LogoutReach::Then => {
                let path = &provider.logout_then_path;
                format!("{}{path}", face.origin)
            }
        };
        let Some(endpoint) = known.of(provider).logout else {
            return signed_out;
        };
        let mut url = endpoint.clone();
        match provider.kind {
            // Not RP-initiated logout: `client_id` and `logout_uri`, nothing
            // else is understood (cognito.md 1.10).
            ProviderKind::Cognito => {
                url.query_pairs_mut()
                    .append_pair("client_id", &provider.client_id)
                    .append_pair("logout_uri", &signed_out);
            }
            // OpenID Connect RP-Initiated Logout 1.0, section 2.
            ProviderKind::Oidc => {
                let mut query = url.query_pairs_mut();
                if let Some(session) = session {
                    query.append_pair("id_token_hint", session.id_token());
                }
                query
                    .append_pair("client_id", &provider.client_id)
                    .append_pair("post_logout_redirect_uri", &signed_out);
            }
        }
        url.into()
    }
}

/// Each once, though several cookies may hold it.
fn refresh_tokens(sessions: &[Arc<Session>]) -> Vec<(String, Zeroizing<String>)> {
    let mut tokens: Vec<(String, Zeroizing<String>)> = Vec::new();
    for session in sessions {
        let token = session.refresh_token();
        let named = token.map(|token| (session.provider().to_owned(), token.clone()));
        tokens.extend(named.filter(|one| !tokens.contains(one)));
    }
    tokens
}
