//! Cookies: our names, their attributes, chunks over 4 KB.
//!
//! Owns which cookies are ours and how they are set. Must not know what is inside
//! them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::time::{Duration, OffsetDateTime};
use cookie::{Cookie, SameSite};

use super::origin::PublicOrigin;

mod name;
mod presented;
mod surgery;

use name::NAME_MAX;
pub use name::{CookieName, CookieNameError};
pub use presented::Presented;
pub use surgery::{Stripped, strip};
use surgery::{pairs, split_pair};

/// Longest value of one cookie. Name, value and attributes together stay under
/// 4,096 bytes, which browsers store (RFC 6265 6.1).
pub const VALUE_MAX: usize = 3_950;
/// Most chunks that one session may take: a front proxy has to let the header through.
pub const CHUNKS_MAX: usize = 5;
/// Most candidates for the session that are tried in one request.
const CANDIDATES_MAX: usize = 4;
/// How long the last choice of a provider is remembered.
const CHOICE_LASTS: Duration = Duration::days(180);

/// Our cookies on one public origin.
#[derive(Clone, Debug)]
pub struct Cookies {
    session: String,
    logins: String,
    back: String,
    choice: String,
    secure: bool,
}

impl Cookies {
    /// The names on an origin: `__Host-vestibule` on https, `vestibule` on
    /// http, with a suffix from a path prefix other than `/_vestibule`, unless
    /// a name is configured.
    #[must_use]
    pub fn new(configured: Option<&CookieName>, origin: &PublicOrigin, path_prefix: &str) -> Self {
        let session = configured.map_or_else(
            || {
                let host = if origin.is_https() { "__Host-" } else { "" };
                let suffix: String = match path_prefix {
                    "/_vestibule" => String::new(),
                    other => other
                        .chars()
                        .take(NAME_MAX / 2)
                        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
                        .collect(),
                };
                format!("{host}vestibule{suffix}")
            },
            |name| name.as_str().to_owned(),
        );
        Self::named(session, origin.is_https())
    }

    /// The same under names with a port in them, beside those of another origin
    /// on the same host.
    #[must_use]
    pub fn of_port(&self, port: u16) -> Self {
        Self::named(format!("{}-{port}", self.session), self.secure)
    }

    fn named(session: String, secure: bool) -> Self {
        Self {
            logins: format!("{session}-login"),
            back: format!("{session}-back"),
            choice: format!("{session}-provider"),
            session,
            secure,
        }
    }

    /// The session cookie's name without chunk numbers: its sealing context.
    #[must_use]
    pub fn session_name(&self) -> &str {
        &self.session
    }

    /// The name of the cookie of logins in flight.
    #[must_use]
    pub fn logins_name(&self) -> &str {
        &self.logins
    }

    /// Picks our cookies out of the `Cookie` header fields.
    #[must_use]
    pub fn presented<'r>(&self, headers: impl Iterator<Item = &'r [u8]>) -> Presented<'r> {
        let mut found = Presented::default();
        for pair in headers.flat_map(pairs) {
            let (name, value) = split_pair(pair);
            if value.len() > VALUE_MAX {
                continue;
            }
            if name == self.session.as_bytes() {
                if found.whole.len() < CANDIDATES_MAX {
                    found.whole.push(value);
                }
            } else if name == self.logins.as_bytes() {
                if found.logins.len() < CANDIDATES_MAX {
                    found.logins.push(value);
                }
            } else if name == self.back.as_bytes() {
                found.back.get_or_insert(value);
            } else if name == self.choice.as_bytes() {
                found.choice.get_or_insert(value);
            } else if let Some(number) = self.chunk_number(name) {
                if let Some(slot) = number.checked_sub(1).and_then(|i| found.chunks.get_mut(i)) {
                    slot.get_or_insert(value);
                }
                if found.chunk_names.len() < 2 * CHUNKS_MAX {
                    found.chunk_names.push(format!("{}.{number}", self.session));
                }
            }
        }
        found
    }

    /// Whether a cookie of this name is ours: the app neither sees nor sets it.
    #[must_use]
    pub fn is_ours(&self, name: &[u8]) -> bool {
        name == self.session.as_bytes()
            || name == self.logins.as_bytes()
            || name == self.back.as_bytes()
            || name == self.choice.as_bytes()
            || self.chunk_number(name).is_some()
    }

    /// Whether an upstream's `Set-Cookie` header is for a name of ours.
    #[must_use]
    pub fn is_ours_set(&self, set_cookie: &[u8]) -> bool {
        let pair = set_cookie.split(|b| *b == b';').next().unwrap_or_default();
        match split_pair(pair) {
            // Browsers send back `=vestibule=x` as `vestibule=x`.
            ([], value) => self.is_ours(split_pair(value).0),
            (name, _) => self.is_ours(name),
        }
    }

    /// `Set-Cookie` values that store a session: one cookie, or chunks only
    /// when it must be. What was presented and is now stale is deleted.
    /// `None` if it is too large to store.
    #[must_use]
    pub fn set_session(&self, sealed: &str, presented: &Presented<'_>) -> Option<Vec<String>> {
        let mut headers = Vec::new();
        let mut names = Vec::new();
        if sealed.len() <= VALUE_MAX {
            names.push(self.session.clone());
            headers.push(self.set(&self.session, sealed));
        } else {
            if sealed.len() > VALUE_MAX * CHUNKS_MAX {
                return None;
            }
            // Sealed text is base64url, so every byte is a character.
            for (index, chunk) in sealed.as_bytes().chunks(VALUE_MAX).enumerate() {
                let name = format!("{}.{}", self.session, index + 1);
                headers.push(self.set(&name, std::str::from_utf8(chunk).ok()?));
                names.push(name);
            }
        }
        headers.extend(
            self.presented_session_names(presented)
                .filter(|name| !names.contains(name))
                .map(|name| self.delete(&name)),
        );
        Some(headers)
    }

    /// `Set-Cookie` values that delete every part of the session that was presented.
    #[must_use]
    pub fn delete_session(&self, presented: &Presented<'_>) -> Vec<String> {
        self.presented_session_names(presented)
            .map(|name| self.delete(&name))
            .collect()
    }

    /// `Set-Cookie` value that stores the logins in flight.
    #[must_use]
    pub fn set_logins(&self, sealed: &str) -> String {
        self.set(&self.logins, sealed)
    }

    /// `Set-Cookie` value that forgets the logins in flight.
    #[must_use]
    pub fn delete_logins(&self) -> String {
        self.delete(&self.logins)
    }

    /// `Set-Cookie` value that keeps, over a sign-out at the provider, the page
    /// that somebody comes back to as someone else. It is read as what any
    /// client may have made up.
    #[must_use]
    pub fn set_back(&self, target: &str) -> String {
        self.set(&self.back, &URL_SAFE_NO_PAD.encode(target))
    }

    /// `Set-Cookie` value that forgets that page.
    #[must_use]
    pub fn delete_back(&self) -> String {
        self.delete(&self.back)
    }

    /// `Set-Cookie` value that remembers, for half a year, the provider that
    /// somebody signed in through. It is read as what any client may have made up.
    #[must_use]
    pub fn set_choice(&self, provider: &str) -> String {
        self.builder(&self.choice, provider)
            .max_age(CHOICE_LASTS)
            .build()
            .to_string()
    }

    fn presented_session_names(&self, presented: &Presented<'_>) -> impl Iterator<Item = String> {
        let whole = (!presented.whole.is_empty()).then(|| self.session.clone());
        let mut names: Vec<String> = whole
            .into_iter()
            .chain(presented.chunk_names.clone())
            .collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }

    /// `NAME.N`, N without leading zeros.
    fn chunk_number(&self, name: &[u8]) -> Option<usize> {
        let digits = name
            .strip_prefix(self.session.as_bytes())?
            .strip_prefix(b".")?;
        let canonical = !digits.is_empty()
            && digits.len() <= 3
            && digits.first() != Some(&b'0')
            && digits.iter().all(u8::is_ascii_digit);
        canonical
            .then(|| std::str::from_utf8(digits).ok()?.parse().ok())
            .flatten()
    }

    fn set(&self, name: &str, value: &str) -> String {
        self.builder(name, value).build().to_string()
    }

    fn delete(&self, name: &str) -> String {
        self.builder(name, "")
            .max_age(Duration::ZERO)
            .expires(OffsetDateTime::UNIX_EPOCH)
            .build()
            .to_string()
    }

    fn builder<'c>(&self, name: &'c str, value: &'c str) -> cookie::CookieBuilder<'c> {
        Cookie::build((name, value))
            .path("/")
            .secure(self.secure)
            .http_only(true)
            .same_site(SameSite::Lax)
    }
}

#[cfg(test)]
mod tests;
