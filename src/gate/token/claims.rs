//! What a token says, member by member.
//!
//! Owns how a claim is read: by its exact name, and as nothing but its type.
//! Must not know which claims a token has to have.

use serde_json::{Map, Value};

use super::{TokenError, decode, json};
use crate::gate::time::UnixTime;

/// A token's claims. Debug shows nothing of them.
pub(super) struct Claims(pub(super) Map<String, Value>);

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Claims({} redacted)", self.0.len())
    }
}

impl Claims {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        member_text(&self.0, name)
    }

    /// From when on it holds, without leeway: it was issued by then, and begun.
    pub(super) fn begins(&self) -> Option<UnixTime> {
        let time = |name| self.time(name).ok().flatten();
        [time("iat"), time("nbf")].into_iter().flatten().max()
    }

    /// When the person authenticated (`auth_time`, OpenID Connect Core 2), if
    /// it says so.
    pub(super) fn authenticated(&self) -> Result<Option<UnixTime>, TokenError> {
        self.time("auth_time").map_err(|_| TokenError::AuthTime)
    }

    /// A NumericDate (RFC 7519 2). Fractions are cut off; anything else refuses.
    pub(super) fn time(&self, name: &str) -> Result<Option<UnixTime>, TokenError> {
        /// Beyond the year 9999 a number is no point in time (milliseconds would be).
        const LATEST: u64 = 253_402_300_800;
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let secs = match (value.as_u64(), value.as_f64()) {
            (Some(secs), _) if secs < LATEST => secs,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "the range is checked in the guard"
            )]
            (None, Some(secs)) if (0.0..LATEST as f64).contains(&secs) => secs as u64,
            _ => return Err(TokenError::Claim),
        };
        Ok(Some(UnixTime::from_secs(secs)))
    }
}

/// The claims of a token that nobody has verified here.
pub(super) fn unverified(token: &str) -> Option<Claims> {
    let payload = decode(token.split('.').nth(1)?).ok()?;
    Some(Claims(json::object(&payload).ok()?))
}

pub(super) fn member_text<'m>(object: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    object.get(name)?.as_str()
}
