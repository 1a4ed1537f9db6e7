//! What API clients get who are not let through: never a redirect and never a
//! page, but a status, JSON, and what RFC 6750 has them told.
//!
//! Must not know why somebody is not let through beyond what a denial says.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use super::face::Face;
use super::policy::{Denial, Forbidden, NoIdentity};
use super::seal::Rng;
use super::unauthenticated::RETRY_SECONDS;
use super::{Gate, Note, Reply, RequestView, reference};

impl Gate {
    /// The answer on a route that is `api`. `shows_bearer`: whether the request
    /// came with a bearer token, which alone can lack scopes (RFC 6750 3.1).
    pub(super) fn denied_to_api(
        &self,
        req: &RequestView<'_>,
        face: &Face,
        denial: &Denial,
        account: Option<&str>,
        shows_bearer: bool,
        rng: Rng<'_>,
    ) -> Reply {
        match denial {
            Denial::SignIn(why) | Denial::BadToken(why) if why.is_outage() => out(*why, rng),
            Denial::SignIn(why) => self.signed_out_json(req, face, *why, rng),
            Denial::BadToken(why) => bad_token(face, *why),
            Denial::Forbidden(why) => forbidden(face, why, account, shows_bearer, rng),
        }
    }
}

/// 401: which of its faults a token has is in the log alone.
pub(super) fn bad_token(face: &Face, why: NoIdentity) -> Reply {
    let note = Note {
        remedy: why.bearer_remedy(),
        ..Note::new("token_refused").because(why.reason())
    };
    let body = json!({ "error": "invalid_token" });
    let reply = Reply::json(StatusCode::UNAUTHORIZED, &body, note);
    let host = face.origin.host();
    let value = format!("Bearer realm=\"{host}\", error=\"invalid_token\"");
    reply.with(header::WWW_AUTHENTICATE, &value)
}

/// 503: nothing can be verified now; the token is as good as it was.
fn out(why: NoIdentity, rng: Rng<'_>) -> Reply {
    let reference = reference(rng);
    let body = json!({ "error": "provider_unavailable", "reference": reference });
    let note = Note {
        reference,
        ..Note::new("provider_out").because(why.reason())
    };
    let reply = Reply::json(StatusCode::SERVICE_UNAVAILABLE, &body, note);
    reply.retry_after(RETRY_SECONDS)
}

fn forbidden(
    face: &Face,
    why: &Forbidden,
    account: Option<&str>,
    shows_bearer: bool,
    rng: Rng<'_>,
) -> Reply {
    let reference = reference(rng);
    let mut body = Map::new();
    let mut tell = |name: &str, value: Value| body.insert(name.to_owned(), value);
    let scopes = match why {
        Forbidden::Rules(unmet) if shows_bearer => unmet.scopes(),
        _ => None,
    };
    let error = if scopes.is_some() {
        "insufficient_scope"
    } else {
        "forbidden"
    };
    tell("error", json!(error));
    tell("reference", json!(reference));
    let mut account = account;
    match why {
        Forbidden::Rules(unmet) => {
            tell("route", json!(unmet.route.as_deref()));
            tell("account", json!(unmet.account));
            let needs = unmet.needs();
            let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
            tell("needs_one_of", json!(needs));
            account = Some(&unmet.account);
        }
        Forbidden::Machine => {
            tell(
                "error_description",
                json!("this is for people; the token is of nobody, or does not say of whom"),
            );
        }
        Forbidden::NoPerson(why) => {
            tell("error_description", json!(why.to_string()));
        }
        _ => {}
    }
    if let Some(claim) = why.claim() {
        tell("claim", json!(claim));
    }
    let note = Note {
        reference,
        ..why.note().by(account)
    };
    let reply = Reply::json(StatusCode::FORBIDDEN, &Value::Object(body), note);
    match scopes {
        Some(scopes) => {
            let host = face.origin.host();
            let value = format!(
                "Bearer realm=\"{host}\", error=\"insufficient_scope\", scope=\"{scopes}\""
            );
            reply.with(header::WWW_AUTHENTICATE, &value)
        }
        None => reply,
    }
}
