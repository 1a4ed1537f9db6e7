//! `/oauth2/v2.0/authorize`: the user picker, `prompt` and `login_hint`
//! (cognito.md 3.6, E15).

use crate::http::{Params, Reply, Request, with_query};
use crate::ids;
use crate::world::World;

use super::directory::Person;
use super::grants::EntraCode;
use super::{Entra, pages};

/// Entra's browser session.
pub(super) const COOKIE: &str = "ESTSAUTH";
const SESSION: i64 = 24 * 3600;

/// An authorization request whose app and redirect URI are known.
struct Asked {
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
    nonce: Option<String>,
    scopes: Vec<String>,
    challenge: Option<String>,
    prompt: Vec<String>,
    login_hint: Option<String>,
}

pub(super) fn serve(world: &mut World, request: &Request) -> Reply {
    let now = world.clock.now();
    let entra = &mut world.entra;
    let asked = match Asked::parse(entra, &request.query) {
        Ok(asked) => asked,
        Err(text) => return pages::error(&text),
    };
    if let Err((error, text)) = asked.check(&request.query) {
        return asked.refuse(error, text);
    }
    if request.is_post() {
        return picked(entra, request, &asked, now);
    }
    if !request.is_get() {
        return Reply::method_not_allowed();
    }
    decide(entra, request, &asked, now)
}

/// Silently with a session, unless `prompt` or the hint say otherwise.
fn decide(entra: &mut Entra, request: &Request, asked: &Asked, now: i64) -> Reply {
    let asks = |value: &str| asked.prompt.iter().any(|word| word == value);
    let hint = asked.login_hint.as_deref();
    let signed_in = request
        .cookie(COOKIE)
        .and_then(|browser| entra.sessions.get(browser))
        .and_then(|slug| entra.directory.person(slug))
        .filter(|person| hint.is_none_or(|hint| person.answers_to(hint)))
        .map(|person| person.slug.clone());
    match signed_in {
        Some(slug) if !asks("login") && !asks("select_account") && !asks("consent") => {
            asked.succeed(entra, &slug, now)
        }
        _ if asks("none") => asked.refuse(
            "login_required",
            "AADSTS50058: A silent sign-in request was sent but no user is signed in.",
        ),
        _ => {
            // The hinted person comes first; nobody is left out.
            let mut people: Vec<&Person> = entra.directory.people.iter().collect();
            people.sort_by_key(|person| !hint.is_some_and(|hint| person.answers_to(hint)));
            let page = pages::picker(&people, &request.path, &request.raw_query);
            Reply::html(200, page)
        }
    }
}

/// A button of the picker was pressed.
fn picked(entra: &mut Entra, request: &Request, asked: &Asked, now: i64) -> Reply {
    if request.form.first("cancel").is_some() {
        return asked.refuse(
            "access_denied",
            "AADSTS65004: User declined to consent to access the app.",
        );
    }
    let slug = request.form.first("user").unwrap_or_default();
    if entra.directory.person(slug).is_none() {
        return pages::error("AADSTS50034: The user account does not exist in this tenant.");
    }
    if let Some(old) = request.cookie(COOKIE) {
        entra.sessions.remove(old);
    }
    let browser = ids::opaque();
    entra.sessions.insert(browser.clone(), slug.to_owned());
    asked.succeed(entra, slug, now).cookie(&format!(
        "{COOKIE}={browser}; Path=/; Max-Age={SESSION}; HttpOnly; SameSite=Lax"
    ))
}

impl Asked {
    /// Without a known app and redirect URI the mistake stays on a page.
    fn parse(entra: &Entra, query: &Params) -> Result<Self, String> {
        let client_id = query.filled("client_id").ok_or(
            "AADSTS900144: The request body must contain the following parameter: 'client_id'.",
        )?;
        let app = entra.directory.app(client_id).ok_or_else(|| {
            format!("AADSTS700016: Application with identifier '{client_id}' was not found in the directory.")
        })?;
        let redirect_uri = query
            .filled("redirect_uri")
            .filter(|uri| app.accepts(uri))
            .ok_or(
                "AADSTS50011: The redirect URI specified in the request does not match the redirect URIs configured for the application.",
            )?;
        let owned = |name: &str| query.filled(name).map(str::to_owned);
        Ok(Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: owned("state"),
            nonce: owned("nonce"),
            scopes: query.words("scope"),
            challenge: owned("code_challenge"),
            prompt: query.words("prompt"),
            login_hint: owned("login_hint"),
        })
    }

    fn check(&self, query: &Params) -> Result<(), (&'static str, &'static str)> {
        if query.first("response_type") != Some("code") {
            return Err((
                "unsupported_response_type",
                "AADSTS70007: The emulator serves response_type 'code'.",
            ));
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            return Err(("invalid_request", "AADSTS900144: scope must hold 'openid'."));
        }
        if self.challenge.is_some() && query.first("code_challenge_method") != Some("S256") {
            return Err((
                "invalid_request",
                "AADSTS501491: code_challenge_method must be S256.",
            ));
        }
        Ok(())
    }

    fn succeed(&self, entra: &mut Entra, slug: &str, now: i64) -> Reply {
        let code = entra.grants.issue_code(EntraCode {
            client_id: self.client_id.clone(),
            redirect_uri: self.redirect_uri.clone(),
            slug: slug.to_owned(),
            nonce: self.nonce.clone(),
            scopes: self.scopes.clone(),
            challenge: self.challenge.clone(),
            issued_at: now,
        });
        self.back(&[("code", &code)])
    }

    fn refuse(&self, error: &str, text: &str) -> Reply {
        self.back(&[("error", error), ("error_description", text)])
    }

    fn back(&self, pairs: &[(&str, &str)]) -> Reply {
        let state = self.state.as_deref().map(|state| ("state", state));
        Reply::redirect(&with_query(
            &self.redirect_uri,
            pairs.iter().copied().chain(state),
        ))
    }
}
