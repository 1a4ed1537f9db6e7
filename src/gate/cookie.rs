//! Cookies: our names, their attributes, chunks over 4 KB, and the surgery on
//! the `Cookie` header.
//!
//! Owns which cookies are ours. Must not know what is inside them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::time::{Duration, OffsetDateTime};
use cookie::{Cookie, SameSite};
use memchr::memchr;

use super::origin::PublicOrigin;

/// Longest value of one cookie. Name, value and attributes together stay under
/// 4,096 bytes, which browsers store (RFC 6265 6.1).
pub const VALUE_MAX: usize = 3_950;
/// Most chunks that one session may take: a front proxy has to let the header through.
pub const CHUNKS_MAX: usize = 5;
/// Most candidates for the session that are tried in one request.
const CANDIDATES_MAX: usize = 4;
const NAME_MAX: usize = 64;
/// How long the last choice of a provider is remembered.
const CHOICE_LASTS: Duration = Duration::days(180);

/// The session cookie's name, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieName(String);

/// Why a text is no cookie name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CookieNameError {
    /// Empty, too long, or with characters that no cookie name has.
    #[error("has to be 1 to 64 letters, digits, \"-\" or \"_\"")]
    Characters,
}

impl CookieName {
    /// Reads a name. Dots are left out: they number the chunks.
    ///
    /// # Errors
    /// See [`CookieNameError`].
    pub fn parse(text: &str) -> Result<Self, CookieNameError> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if text.is_empty() || text.len() > NAME_MAX || !text.bytes().all(legal) {
            return Err(CookieNameError::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers take a cookie of this name over https only (RFC 6265bis 4.1.3).
    #[must_use]
    pub fn requires_https(&self) -> bool {
        let lower = self.0.to_ascii_lowercase();
        lower.starts_with("__host-") || lower.starts_with("__secure-")
    }
}

/// Our cookies on one public origin.
#[derive(Clone, Debug)]
pub struct Cookies {
    session: String,
    logins: String,
    back: String,
    choice: String,
    secure: bool,
}

/// What a request presented as cookies of ours. Debug shows none of it.
#[derive(Default)]
pub struct Presented<'r> {
    whole: Vec<&'r [u8]>,
    chunks: [Option<&'r [u8]>; CHUNKS_MAX],
    chunk_names: Vec<String>,
    logins: Vec<&'r [u8]>,
    back: Option<&'r [u8]>,
    choice: Option<&'r [u8]>,
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presented")
            .field("sessions", &self.whole.len())
            .field("chunks", &self.chunk_names.len())
            .field("logins", &self.logins.len())
            .finish()
    }
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
            |name| name.0.clone(),
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

impl Presented<'_> {
    /// Sealed texts that may be the session, none of them trusted. Chunks are
    /// joined; where `NAME` and `NAME.1…` both are there, both are candidates
    /// and the newer seal wins.
    #[must_use]
    pub fn session_candidates(&self) -> Vec<std::borrow::Cow<'_, [u8]>> {
        let mut candidates: Vec<_> = self.whole.iter().map(|v| (*v).into()).collect();
        let joined: Vec<u8> = self
            .chunks
            .iter()
            .map_while(|chunk| *chunk)
            .flatten()
            .copied()
            .collect();
        if !joined.is_empty() {
            candidates.push(joined.into());
        }
        candidates
    }

    /// The only sealed text that may be the session, if it is one and came whole.
    #[must_use]
    pub fn only_session(&self) -> Option<&[u8]> {
        match (self.whole.as_slice(), self.chunks) {
            ([only], [None, ..]) => Some(only),
            _ => None,
        }
    }

    /// Sealed texts that may be the logins in flight.
    #[must_use]
    pub fn logins_candidates(&self) -> &[&[u8]] {
        &self.logins
    }

    /// The page that somebody wants to come back to; whatever a client says.
    #[must_use]
    pub fn back(&self) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(self.back?).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// The provider that somebody chose before; whatever a client says.
    #[must_use]
    pub fn choice(&self) -> Option<&str> {
        std::str::from_utf8(self.choice?).ok()
    }

    /// Whether some, but not all, chunks of a session of so many were sent.
    #[must_use]
    pub fn lacks_chunks(&self, whole: usize) -> bool {
        let came = self.chunks.iter().take_while(|chunk| chunk.is_some());
        !self.chunk_names.is_empty() && came.count() < whole
    }

    /// Whether any session cookie of ours was sent at all.
    #[must_use]
    pub fn has_session(&self) -> bool {
        !self.whole.is_empty() || !self.chunk_names.is_empty()
    }
}

/// What is left of a `Cookie` header. No Debug.
#[derive(PartialEq, Eq)]
pub enum Stripped {
    /// No cookie of ours is in it.
    Untouched,
    /// The rest, byte for byte.
    Rest(Vec<u8>),
    /// Nothing.
    Nothing,
}

impl Stripped {
    /// What goes on of the header; `None` if nothing is left.
    #[must_use]
    pub fn of(self, header: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Untouched => (!header.trim_ascii().is_empty()).then(|| header.to_vec()),
            Self::Rest(rest) => Some(rest),
            Self::Nothing => None,
        }
    }
}

/// A `Cookie` header without the cookies of which `is_ours` holds, the rest byte
/// for byte.
#[must_use]
pub fn strip(header: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Stripped {
    let mut kept: Vec<u8> = Vec::new();
    // Bytes before the first cookie of ours; without one, nothing is copied.
    let mut before = 0;
    let mut all = pairs(header);
    let first = all.find(|pair| {
        let found = is_ours(split_pair(pair).0);
        before += if found { 0 } else { pair.len() + 1 };
        found
    });
    if first.is_none() {
        return Stripped::Untouched;
    }
    // Without the semicolon that parted them.
    kept.extend_from_slice(header.get(..before.saturating_sub(1)).unwrap_or_default());
    let mut is_first = before == 0;
    for pair in all.filter(|pair| !is_ours(split_pair(pair).0)) {
        if is_first {
            // What led up to a removed pair is not part of the next one.
            kept.extend_from_slice(pair.trim_ascii_start());
        } else {
            kept.push(b';');
            kept.extend_from_slice(pair);
        }
        is_first = false;
    }
    match kept.trim_ascii().is_empty() {
        true => Stripped::Nothing,
        false => Stripped::Rest(kept),
    }
}

/// What semicolons separate.
fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = memchr(b';', text).unwrap_or(text.len());
        let (pair, after) = text.split_at_checked(at)?;
        rest = after.get(1..);
        Some(pair)
    })
}

/// Name and value of one `name=value`, white space around both cut off.
fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    let at = memchr(b'=', pair);
    let (name, value) = match at.and_then(|at| pair.split_at_checked(at)) {
        Some((name, rest)) => (name, rest.get(1..).unwrap_or_default()),
        None => (pair, &[][..]),
    };
    (name.trim_ascii(), value.trim_ascii())
}

#[cfg(test)]
mod tests;
