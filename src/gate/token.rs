//! Tokens: from a string of bytes to claims that hold right now.
//!
//! Owns what may be wrong with a token. The checks are the [`verifier`]'s, and
//! what passes them is [`verified`]. Must not know sessions or headers. The
//! signature itself is aws-lc's business (in [`jwk`], the only file that
//! imports it).

use super::base64url;
use super::time::UnixTime;

mod algorithm;
mod bearer;
mod claims;
mod compact;
pub mod json;
mod jwk;
pub mod keys;
mod verified;
mod verifier;

pub use algorithm::Algorithm;
pub use bearer::{BearerUse, BearerVerifier, ClaimedBearer, VerifiedBearer};
pub(in crate::gate) use compact::Compact;
pub use jwk::KeyFingerprint;
pub use keys::KeySet;
pub use verified::{VerifiedAccess, VerifiedIdentity};
pub use verifier::Verifier;

/// Longest token that is looked at, in bytes, before anything is decoded.
pub const TOKEN_MAX: usize = 16 * 1024;

/// Why a token counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`TOKEN_MAX`].
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of strict base64url with JSON objects in the first two.
    #[error("the token is no JWT")]
    Malformed,
    /// A member that is there twice: two readers could see two values.
    #[error("the token holds a member twice")]
    Duplicate,
    /// `crit` names an extension; we know none (RFC 7515 4.1.11).
    #[error("the token's header demands an extension")]
    Critical,
    /// `alg` is not the one that the key is for.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// No `kid`, where one is required; or what is there means several keys.
    #[error("the token does not name one key")]
    NoKeyId,
    /// No key of that `kid` in the JWK set.
    #[error("the token's key is not in the JWK set")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the token's signature does not verify")]
    Signature,
    /// A required claim is missing or of another type.
    #[error("the token lacks a required claim, or it has the wrong type")]
    Claim,
    /// `iss` is none of the configured issuers.
    #[error("the token is of another issuer")]
    Issuer,
    /// `aud` (ID token) or `client_id` (access token) is not our client.
    #[error("the token is for another client")]
    Audience,
    /// `token_use` is not the expected one.
    #[error("the token is of another use")]
    TokenUse,
    /// `identities` does not name the one identity provider that is let in.
    #[error("the token is of somebody who signed in through another identity provider")]
    IdentityProvider,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` lies in the future: a clock is wrong.
    #[error("the token is from the future; check the clocks")]
    NotYetValid,
    /// `nonce` is not the one of this login.
    #[error("the token's nonce is not this login's")]
    Nonce,
    /// `auth_time` is missing or no NumericDate where it is needed, or not the
    /// one of the token before.
    #[error("the token does not say when the person authenticated, or not what it said before")]
    AuthTime,
    /// The access token is somebody else's.
    #[error("the access token does not belong to the ID token")]
    Foreign,
}

/// What a token says of when it was issued. Nothing is verified: for telling
/// people, and for asking whether it would have held then.
#[must_use]
pub fn issued_at(token: &str) -> Option<UnixTime> {
    claims::unverified(token)?.time("iat").ok()?
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    base64url::decode(part.as_bytes()).ok_or(TokenError::Malformed)
}

#[cfg(test)]
mod tests;
