//! What no document says: whether the provider lets our client sign people in
//! and out by the URLs that we send.
//!
//! Asks for a login and a sign-out as a browser without a person would, for
//! each public origin, and reads where the answer leads. Nobody is signed in or
//! out by it, and no secret is sent.

use http::{StatusCode, header};
use url::{Position, Url};

use super::{About, Look, Verdict, finding};
use crate::config::ProviderKind;
use crate::config::registration::Registration;
use crate::edge::http::HttpError;
use crate::gate::callback::hint;

/// A made-up PKCE challenge: nobody redeems anything.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeM1kF3nSb3qLk7nYJ0E";
/// A made-up `state` and `nonce`.
const MADE_UP: &str = "vestibule-check";

/// What an answer says, in which words, and what to do.
type Told = (Verdict, String, &'static str);

/// An answer to a browser that has no cookie.
struct Answer {
    status: StatusCode,
    location: Option<Url>,
    body: Vec<u8>,
}

impl Look<'_> {
    /// Asks for a login by each redirect URI.
    pub(super) async fn logins(&mut self, authorization: &Url, registered: &Registration) {
        for callback in registered.callback_urls() {
            let asked = self.login(authorization, registered.client_id(), callback);
            let told = match self.look_at(&asked).await {
                Ok(answer) => of_login(self.provider.kind, &answer, callback),
                // That the endpoint does not answer is told already.
                Err(_) => continue,
            };
            let (verdict, words, remedy) = told;
            self.find(About::RedirectUri, verdict, authorization, words, remedy);
        }
    }

    /// Asks for a sign-out to each sign-out URL; of Cognito alone, which needs no
    /// person for it (cognito.md 1.10).
    pub(super) async fn sign_outs(&mut self, logout: &Url, registered: &Registration) {
        if self.provider.kind != ProviderKind::Cognito {
            return;
        }
        for target in registered.sign_out_urls() {
            let mut asked = logout.clone();
            asked
                .query_pairs_mut()
                .append_pair("client_id", registered.client_id())
                .append_pair("logout_uri", target);
            let Ok(answer) = self.look_at(&asked).await else {
                continue;
            };
            let (verdict, words, remedy) = of_sign_out(&answer, target);
            self.find(About::SignOutUri, verdict, logout, words, remedy);
        }
    }

    fn login(&self, authorization: &Url, client_id: &str, callback: &str) -> Url {
        let provider = self.provider;
        let mut url = authorization.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", callback)
            .append_pair("scope", &provider.scopes.join(" "))
            .append_pair("state", MADE_UP)
            .append_pair("nonce", MADE_UP)
            .append_pair("code_challenge", CHALLENGE)
            .append_pair("code_challenge_method", "S256");
        let fixed = &provider.authorize_params.fixed;
        for (name, value) in fixed {
            query.append_pair(name, value);
        }
        // Others than Cognito, whose login page is one redirect away, answer by
        // the redirect URI then, if they know it.
        if provider.kind == ProviderKind::Oidc && !fixed.iter().any(|(name, _)| name == "prompt") {
            query.append_pair("prompt", "none");
        }
        drop(query);
        url
    }

    async fn look_at(&self, url: &Url) -> Result<Answer, HttpError> {
        let request = http::Request::get(url.as_str())
            .header(header::ACCEPT, "text/html")
            .body(Vec::new())
            .map_err(|_| HttpError::Connect)?;
        let answer = self.http.look(request).await?;
        let location = answer.headers().get(header::LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        Ok(Answer {
            status: answer.status(),
            location: location.and_then(|location| url.join(location).ok()),
            body: answer.into_body(),
        })
    }
}

fn of_login(kind: ProviderKind, answer: &Answer, callback: &str) -> Told {
    const REGISTER: &str =
        "register the URL at the provider, byte for byte, and check provider.ID.client_id";
    let good = || {
        let words = format!("{callback} is registered");
        (Verdict::Good, words, "")
    };
    let Some(location) = &answer.location else {
        let says = String::from_utf8_lossy(&answer.body);
        return match answer.status.as_u16() {
            // Entra tells its errors by number, with any status.
            200..=299 if !says.contains("AADSTS") => good(),
            status => (
                Verdict::Contradiction,
                format!("a login that comes back to {callback} is refused (HTTP {status})"),
                REGISTER,
            ),
        };
    };
    if location.as_str().starts_with(callback) {
        return of_answer(location, callback);
    }
    if kind == ProviderKind::Cognito && location.path() == "/error" {
        let error = parameter(location, "error").unwrap_or_default();
        let remedy = match error.as_str() {
            "redirect_mismatch" => {
                "add the URL to the Allowed callback URLs of the app client, byte for byte"
            }
            error if error.contains("Login option") => {
                "enable provider.ID.identity_provider (or idp_identifier) for the app client, under exactly that name; a change takes a minute"
            }
            error if error.contains("does not exist") => {
                "check provider.ID.client_id, user_pool_id and domain: they have to be of one pool"
            }
            _ => {
                "look at the app client in the pool: callback URLs, identity providers, branding style"
            }
        };
        let words = format!(
            "a login that comes back to {callback} ends at the provider: {}",
            finding::shown(&error)
        );
        return (Verdict::Contradiction, words, remedy);
    }
    good()
}

/// What the provider tells the redirect URI, which it knows then.
fn of_answer(location: &Url, callback: &str) -> Told {
    let error = parameter(location, "error").unwrap_or_default();
    let description = parameter(location, "error_description");
    match hint::remedy(&error, description.as_deref()) {
        // Nobody is there to sign in.
        None => (Verdict::Good, format!("{callback} is registered"), ""),
        Some((reason, remedy)) => (
            Verdict::Contradiction,
            format!("a login that comes back to {callback} fails: {reason}"),
            remedy,
        ),
    }
}

fn of_sign_out(answer: &Answer, target: &str) -> Told {
    let is_there = |location: &Url| &location[..Position::AfterPath] == target;
    match answer.location.as_ref().is_some_and(is_there) {
        true => (Verdict::Good, format!("{target} is registered"), ""),
        false => (
            Verdict::Contradiction,
            format!("a sign-out that comes back to {target} ends at the provider"),
            "add the URL to the Allowed sign-out URLs of the app client, a list of its own",
        ),
    }
}

/// A parameter of the query, or of the fragment.
fn parameter(url: &Url, name: &str) -> Option<String> {
    let parts = [url.query(), url.fragment()];
    parts.into_iter().flatten().find_map(|part| {
        url::form_urlencoded::parse(part.as_bytes())
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.into_owned())
    })
}
