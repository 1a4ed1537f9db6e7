//! HTML of the login domain.

use crate::http::{Params, Reply, Request};
use crate::model::{COGNITO, User};
use crate::page::{Brand, escape, hidden, render};
use crate::world::World;

use super::refusal::{OPTION_NOT_AVAILABLE, SOMETHING_WENT_WRONG};
use super::request::AuthorizeRequest;

/// People whose passwords the login page shows at most.
const SHOWN: usize = 12;

pub(super) struct LoginPage<'a> {
    pub(super) request: &'a AuthorizeRequest,
    pub(super) raw_query: &'a str,
    pub(super) query: &'a Params,
    pub(super) csrf: &'a str,
    pub(super) now: i64,
    pub(super) failure: Option<&'a str>,
    pub(super) username: &'a str,
    pub(super) people: Vec<&'a User>,
}

pub(super) fn login(page: &LoginPage<'_>) -> String {
    let providers: Vec<&str> = page
        .request
        .client
        .providers
        .iter()
        .map(String::as_str)
        .filter(|name| *name != COGNITO)
        .collect();
    let local = page.request.client.offers(COGNITO);
    let mut body = String::new();
    if let Some(failure) = page.failure {
        body.push_str(&format!(
            "<p class=\"alarm\" role=\"alert\">{}</p>\n",
            escape(failure)
        ));
    }
    if !providers.is_empty() {
        body.push_str(&provider_buttons(page, &providers));
    }
    if local && !providers.is_empty() {
        body.push_str("<p class=\"or\">or</p>\n");
    }
    if local {
        body.push_str(&local_form(page));
        body.push_str(&people(&page.people));
    }
    render(Brand::Cognito, "Sign in", &body)
}

/// One form for all providers: the button names the provider, the hidden
/// inputs repeat the request.
fn provider_buttons(page: &LoginPage<'_>, providers: &[&str]) -> String {
    let repeated = page
        .query
        .pairs()
        .filter(|(name, _)| !matches!(*name, "identity_provider" | "idp_identifier"));
    let buttons: String = providers
        .iter()
        .map(|name| {
            let name = escape(name);
            format!(
                "<button class=\"quiet\" name=\"identity_provider\" value=\"{name}\" \
                 id=\"idp-{name}\">Continue with {name}</button>\n"
            )
        })
        .collect();
    format!(
        "<form method=\"get\" action=\"/oauth2/authorize\">\n{}<div class=\"choices\">\n{buttons}</div>\n</form>\n",
        hidden(repeated)
    )
}

fn local_form(page: &LoginPage<'_>) -> String {
    let (name_focus, password_focus) = if page.username.is_empty() {
        (" autofocus", "")
    } else {
        ("", " autofocus")
    };
    format!(
        "<form method=\"post\" action=\"/login?{query}\">\n{hidden}\
         <label for=\"username\">Email</label>\n\
         <input id=\"username\" name=\"username\" inputmode=\"email\" autocapitalize=\"none\" autocomplete=\"username\" \
         value=\"{username}\" required{name_focus}>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" \
         required{password_focus}>\n\
         <button id=\"signIn\" name=\"signInSubmitButton\" value=\"Sign in\">Sign in</button>\n</form>\n\
         <p class=\"links\"><a href=\"/forgotPassword?{query}\">Forgot your password?</a>\
         <a href=\"/signup?{query}\">Sign up</a></p>\n",
        query = escape(page.raw_query),
        hidden = hidden([
            ("_csrf", page.csrf),
            ("cognitoAsfData", ""),
            ("pageData", &page.now.to_string()),
        ]),
        username = escape(page.username),
    )
}

/// Who can sign in here, for whoever tries the demo.
fn people(people: &[&User]) -> String {
    let rows: String = people
        .iter()
        .filter_map(|user| Some((user.attribute("email")?, user.password.as_deref()?)))
        .take(SHOWN)
        .map(|(email, password)| {
            format!(
                "<dt>{}</dt><dd><code>{}</code></dd>\n",
                escape(email),
                escape(password)
            )
        })
        .collect();
    if rows.is_empty() {
        rows
    } else {
        format!(
            "<details><summary>People of this pool and their passwords</summary>\n<dl>\n{rows}</dl></details>\n"
        )
    }
}

/// `GET /error`: where mistakes end that the application must not hear of
/// (cognito.md 1.6).
pub(super) fn error(_world: &mut World, request: &Request) -> Reply {
    let error = request
        .query
        .filled("error")
        .unwrap_or(SOMETHING_WENT_WRONG);
    let known = [OPTION_NOT_AVAILABLE, SOMETHING_WENT_WRONG].contains(&error);
    let title = if known {
        error
    } else {
        "An error was encountered with the requested page."
    };
    let mut body = String::new();
    if !known {
        body.push_str(&format!(
            "<p class=\"alarm\" role=\"alert\">{}</p>\n",
            escape(error)
        ));
    }
    if let Some(client_id) = request.query.filled("client_id") {
        body.push_str(&format!(
            "<p>App client <code>{}</code></p>\n",
            escape(client_id)
        ));
    }
    body.push_str(advice(error));
    Reply::html(400, render(Brand::Cognito, title, &body))
}

/// What the real service does not say: where to look.
fn advice(error: &str) -> &'static str {
    match error {
        "redirect_mismatch" => {
            "<p>The callback URL must equal a registered one byte for byte: scheme, port, path, trailing slash. An explicit <code>:443</code> is another URL.</p>\n"
        }
        OPTION_NOT_AVAILABLE => {
            "<p>The identity provider is not configured on the pool, not enabled for this app client, or spelt differently (case counts).</p>\n"
        }
        SOMETHING_WENT_WRONG => {
            "<p>The sign-in took longer than five minutes, or this page was not opened by the browser that began it. Go back to the application and start again.</p>\n"
        }
        _ => "<p>The application was not called back. Its request needs correcting.</p>\n",
    }
}

/// Pages that exist in the real service and have no function here.
pub(super) fn stub(_world: &mut World, request: &Request) -> Reply {
    let title = if request.path == "/signup" {
        "Sign up"
    } else {
        "Forgot your password?"
    };
    let body = format!(
        "<p>The emulator does not act this page out. People are added and changed through the admin API.</p>\n\
         <p><a href=\"/login?{}\">Back to sign-in</a></p>\n",
        escape(&request.raw_query)
    );
    Reply::html(200, render(Brand::Cognito, title, &body))
}
