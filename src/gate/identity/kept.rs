//! Claims that a session keeps beside the ID token: raw, and only those that
//! the mapping names, so that a changed configuration maps them anew.

use serde_json::{Map, Value};

use super::super::budget::{Oversize, Part};
use super::super::token::json;
use super::super::wire::{Reader, WireError, Writer};

/// Longest text of the claims of one source, in bytes: more would not fit into
/// cookies beside the tokens.
const MAX: usize = 12 * 1024;

/// What a login learnt beside the ID token. Debug shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeptClaims {
    /// Of the access token, which was verified at the login.
    pub(super) access_token: Map<String, Value>,
    /// Of the userinfo answer, whose `sub` was the ID token's.
    pub(super) userinfo: Map<String, Value>,
}

impl std::fmt::Debug for KeptClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptClaims([redacted])")
    }
}

impl KeptClaims {
    #[cfg(test)]
    pub(in crate::gate) fn userinfo(&self) -> &Map<String, Value> {
        &self.userinfo
    }

    #[cfg(test)]
    pub(in crate::gate) fn access_token(&self) -> &Map<String, Value> {
        &self.access_token
    }

    /// Those of the access token.
    pub(super) fn access_claims(&self) -> &Map<String, Value> {
        &self.access_token
    }

    /// Those of the userinfo answer.
    pub(super) fn userinfo_claims(&self) -> &Map<String, Value> {
        &self.userinfo
    }

    /// The claims of each source.
    pub(in crate::gate) fn maps(&self) -> [&Map<String, Value>; 2] {
        [&self.access_token, &self.userinfo]
    }

    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.access_token.is_empty() && self.userinfo.is_empty()
    }

    /// What they take in a session, in bytes: the access token's, and
    /// userinfo's.
    #[must_use]
    pub fn sizes(&self) -> [usize; 2] {
        self.maps().map(|claims| text(claims).len())
    }

    /// What is more than a session can hold.
    ///
    /// # Errors
    /// The source whose claims are too large.
    pub fn check_size(&self) -> Result<(), Oversize> {
        for (part, bytes) in [Part::AccessClaims, Part::Userinfo]
            .into_iter()
            .zip(self.sizes())
        {
            if bytes > MAX {
                return Err(Oversize::of_part(part, bytes, MAX));
            }
        }
        Ok(())
    }

    /// Of these claims, those of the userinfo answer: where a refresh brings no
    /// newer ones, they stay.
    pub(in crate::gate) fn keep_userinfo_of(&mut self, before: &Self) {
        self.userinfo.clone_from(&before.userinfo);
    }

    /// About what they take in memory, in bytes.
    pub(in crate::gate) fn size(&self) -> usize {
        match self.is_empty() {
            true => 0,
            false => text(&self.access_token).len() + text(&self.userinfo).len(),
        }
    }

    /// The access token's as JSON, then userinfo's; nothing at all for none.
    pub(in crate::gate) fn encode(&self, out: &mut Writer) {
        out.bytes(text(&self.access_token).as_bytes());
        out.bytes(text(&self.userinfo).as_bytes());
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub(in crate::gate) fn decode(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            access_token: object(input.bytes()?)?,
            userinfo: object(input.bytes()?)?,
        })
    }
}

fn text(claims: &Map<String, Value>) -> String {
    match claims.is_empty() {
        true => String::new(),
        false => serde_json::to_string(claims).unwrap_or_default(),
    }
}

fn object(text: &[u8]) -> Result<Map<String, Value>, WireError> {
    match text.is_empty() {
        true => Ok(Map::new()),
        false => json::object(text).map_err(|_| WireError),
    }
}
