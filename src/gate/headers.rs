//! Identity headers: what is removed from what the client sent and what is set
//! instead, as one value.
//!
//! Owns the list of managed names, their comparison and the encoding of
//! values. Must not know how edits are applied, nor where an identity comes
//! from.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue};

use super::identity::Person;
use super::origin::PublicOrigin;
use super::policy::Permit;

/// Longest header value that the app is sent, in bytes.
pub const VALUE_MAX: usize = 8 * 1024;

/// Names of identity headers of all built-in presets, normalised (contract, "Headers").
const MANAGED: &[&str] = &[
    "x-access-right",
    "gap-auth",
    "gap-signature",
    "remote-user",
    "remote-groups",
    "remote-name",
    "remote-email",
    "oidc-access-token",
    "oidc-access-token-expires",
    "oidc-id-token",
    "oidc-id-token-payload",
    "oidc-signed-jwt",
    "oidc-userinfo-json",
    "x-pomerium-jwt-assertion",
    "x-goog-iap-jwt-assertion",
    "x-wonderwall-id-token",
    "x-jwt-payload",
    "x-auth-email",
    "x-auth-groups",
    "x-auth-name",
    "x-auth-roles",
    "x-auth-subject",
    "x-auth-user",
    "x-auth-userid",
    "x-auth-username",
    // Headers that make an app see another request than the one judged.
    "x-original-url",
    "x-original-uri",
    "x-original-method",
    "x-rewrite-url",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    // CGI hands it to programs as HTTP_PROXY.
    "proxy",
    // Where the request came from is said by us alone.
    "forwarded",
    "x-real-ip",
];

/// Prefixes of the same, each with its last hyphen.
const MANAGED_PREFIXES: &[&str] = &[
    "x-forwarded-",
    "x-auth-request-",
    "x-remote-",
    "x-amzn-oidc-",
    "x-authentik-",
    "x-webauth-",
    "x-pomerium-claim-",
    "x-vouch-",
    "x-vestibule-",
    "cf-access-",
    "x-goog-authenticated-user-",
    "oidc-claim-",
    "x-ms-client-principal",
    "x-ms-token-aad-",
];

/// Fields that say where a body ends.
const FRAMING: &[&str] = &["content-length", "transfer-encoding"];

/// What happens to a request's headers on the way to the app. "Set only"
/// cannot be expressed: removal is part of it. Debug shows no value.
pub struct HeaderEdits {
    set: Vec<(HeaderName, HeaderValue)>,
    left_out: Vec<&'static str>,
}

impl std::fmt::Debug for HeaderEdits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeaderEdits")
            .field("set", &self.set.len())
            .field("left_out", &self.left_out)
            .finish()
    }
}

/// A value is longer than [`VALUE_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a header value would be longer than 8 KiB")]
pub struct TooLong;

/// Whether a client's header of this name is removed, whatever is configured:
/// compared lower-case with every other character as a hyphen, since CGI,
/// WSGI and others read `X_Forwarded_User` and `x.forwarded.user` as the same
/// (field.md R1).
#[must_use]
pub fn is_managed(name: &str) -> bool {
    let normal: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    // Another spelling of a framing field is no such field, but an app may think so.
    let framing = FRAMING.contains(&normal.as_str()) && !normal.eq_ignore_ascii_case(name);
    let name = normal;
    framing
        || MANAGED.contains(&name.as_str())
        || MANAGED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

impl HeaderEdits {
    /// The edits for a permitted request: the person's headers (preset
    /// `vestibule`), and where the request came from.
    ///
    /// # Errors
    /// If a value does not fit.
    pub fn new(
        permit: &Permit,
        origin: &PublicOrigin,
        client: Option<IpAddr>,
    ) -> Result<Self, TooLong> {
        let mut edits = Self {
            set: Vec::with_capacity(10),
            left_out: Vec::new(),
        };
        if let Some(person) = permit.who() {
            edits.set_person(person)?;
        }
        edits.set_origin(origin, client)?;
        Ok(edits)
    }

    /// Headers to set, after every [managed](is_managed) one has been removed.
    #[must_use]
    pub fn set(&self) -> &[(HeaderName, HeaderValue)] {
        &self.set
    }

    /// Headers from which a list item was left out, since it would have read
    /// as several items.
    #[must_use]
    pub fn left_out(&self) -> &[&'static str] {
        &self.left_out
    }

    /// Header names and values that tell the app who somebody is, for the
    /// person's own eyes.
    ///
    /// # Errors
    /// If a value does not fit.
    pub fn of_person(person: &Person) -> Result<Vec<(HeaderName, HeaderValue)>, TooLong> {
        let mut edits = Self {
            set: Vec::new(),
            left_out: Vec::new(),
        };
        edits.set_person(person)?;
        Ok(edits.set)
    }

    fn set_person(&mut self, person: &Person) -> Result<(), TooLong> {
        const GROUPS: &str = "x-forwarded-groups";
        let (whole, forging): (Vec<_>, Vec<_>) = person
            .groups
            .iter()
            .partition(|group| !group.contains(|c: char| c == ',' || c.is_control()));
        if !forging.is_empty() {
            self.left_out.push(GROUPS);
        }
        let groups: Vec<_> = whole
            .into_iter()
            .map(|group| percent_encode(group))
            .collect();
        let optional = |value: &Option<String>| value.as_deref().map(percent_encode);
        let values = [
            ("x-forwarded-user", Some(percent_encode(&person.user))),
            ("x-forwarded-email", optional(&person.email)),
            ("x-forwarded-name", optional(&person.name)),
            (GROUPS, (!groups.is_empty()).then(|| groups.join(","))),
            ("x-access-right", optional(&person.access_right)),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                self.push(name, &value)?;
            }
        }
        Ok(())
    }

    /// X-Forwarded-For is the peer; -Proto, -Host and -Port are the public
    /// origin's, never the socket's.
    fn set_origin(&mut self, origin: &PublicOrigin, client: Option<IpAddr>) -> Result<(), TooLong> {
        if let Some(client) = client {
            let node = match client {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("\"[{address}]\""),
            };
            self.push("x-forwarded-for", &client.to_string())?;
            self.push("x-real-ip", &client.to_string())?;
            let forwarded = format!(
                "for={node};host=\"{}\";proto={}",
                origin.authority(),
                origin.scheme()
            );
            self.push("forwarded", &forwarded)?;
        }
        self.push("x-forwarded-proto", origin.scheme())?;
        self.push("x-forwarded-host", origin.authority())?;
        self.push("x-forwarded-port", &origin.port().to_string())
    }

    fn push(&mut self, name: &'static str, value: &str) -> Result<(), TooLong> {
        if value.len() > VALUE_MAX {
            return Err(TooLong);
        }
        // Percent-encoded and origin texts are visible ASCII: never an error.
        let value = HeaderValue::from_str(value).map_err(|_| TooLong)?;
        self.set.push((HeaderName::from_static(name), value));
        Ok(())
    }
}

/// Bytes outside 0x20–0x7E, and `%`, as `%XX` of their UTF-8 (contract, "Headers").
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.trim().bytes() {
        match byte {
            b'%' | ..0x20 | 0x7f.. => {
                out.push_str(&format!("%{byte:02X}"));
            }
            _ => out.push(char::from(byte)),
        }
    }
    out
}

#[cfg(test)]
mod tests;
