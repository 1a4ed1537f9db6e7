//! People and app registrations of the tenant (cognito.md 3.1, 3.2).

use serde::Deserialize;
use url::{Host, Url};

use crate::ids;

/// The home tenant of guests.
const FOREIGN_IDP: &str = "https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/";

#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) people: Vec<Person>,
    pub(crate) apps: Vec<App>,
}

#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// Names the person's button in the picker: `user-<slug>`.
    pub(crate) slug: String,
    pub(crate) oid: String,
    pub(crate) upn: String,
    pub(crate) mail: Option<String>,
    pub(crate) name: String,
    pub(crate) given_name: String,
    pub(crate) family_name: String,
    /// Object ids.
    pub(crate) groups: Vec<String>,
    /// App roles, by their values.
    pub(crate) roles: Vec<String>,
}

/// An app registration; also the body of `POST /entra/apps`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct App {
    pub(crate) client_id: String,
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
    /// Post-logout targets are looked for here, too (3.7).
    #[serde(default)]
    pub(crate) redirect_uris: Vec<String>,
}

impl Directory {
    pub(crate) fn person(&self, slug: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.slug == slug)
    }

    pub(crate) fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }
}

impl Person {
    /// Stable and pairwise: another app sees another `sub` (3.2).
    pub(crate) fn subject(&self, client_id: &str) -> String {
        ids::sha256(&format!("{}:{client_id}", self.oid))
    }

    pub(crate) fn is_guest(&self) -> bool {
        self.upn.contains("#EXT#")
    }

    pub(crate) fn home_idp(&self) -> Option<&'static str> {
        self.is_guest().then_some(FOREIGN_IDP)
    }

    /// Whether a `login_hint` means this person.
    pub(crate) fn answers_to(&self, hint: &str) -> bool {
        self.upn.eq_ignore_ascii_case(hint)
            || self
                .mail
                .as_deref()
                .is_some_and(|mail| mail.eq_ignore_ascii_case(hint))
    }
}

impl App {
    /// Case-sensitive and exact, but that the port of `localhost` does not
    /// count (3.1).
    pub(crate) fn accepts(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|known| {
            known == uri || local(known).is_some_and(|known| Some(known) == local(uri))
        })
    }
}

/// A URL on `localhost`, without its port.
fn local(uri: &str) -> Option<Url> {
    let mut url = Url::parse(uri).ok()?;
    if url.host() != Some(Host::Domain("localhost")) {
        return None;
    }
    url.set_port(None).ok()?;
    Some(url)
}
