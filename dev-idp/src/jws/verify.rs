//! Reading tokens back: the emulator is a resource server for its own access
//! tokens (cognito.md 1.8) and a relying party of the Entra tenant (3.3).

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The public half of an RSA key.
#[derive(Debug, Clone)]
pub struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// The parts of a token. Decoded is not verified.
#[derive(Debug, Clone)]
pub struct DecodedToken {
    /// The JOSE header, a JSON object.
    pub header: Value,
    /// The claims, a JSON object.
    pub claims: Value,
}

/// Why a text is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not three parts separated by dots.
    #[error("not three dot-separated parts")]
    Structure,
    /// A part is not base64url without padding.
    #[error("a part is not base64url")]
    Encoding(#[from] base64::DecodeError),
    /// A part is not JSON.
    #[error("a part is not JSON")]
    Json(#[from] serde_json::Error),
    /// A part is JSON, but no object.
    #[error("a part is not a JSON object")]
    NotAnObject,
}

impl PublicKey {
    pub(super) fn new(modulus: Vec<u8>, exponent: Vec<u8>) -> Self {
        Self { modulus, exponent }
    }

    /// Reads `n` and `e` of a JWK; `None` if it is no RSA key.
    #[must_use]
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        if jwk.get("kty")?.as_str()? != "RSA" {
            return None;
        }
        let part = |name: &str| URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok();
        Some(Self::new(part("n")?, part("e")?))
    }

    /// Whether the token bears an RS256 signature of this key. The header's
    /// `alg` has no say in it.
    #[must_use]
    pub fn verifies(&self, token: &str) -> bool {
        let Some((input, signature)) = token.rsplit_once('.') else {
            return false;
        };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        }
        .verify(&RSA_PKCS1_2048_8192_SHA256, input.as_bytes(), &signature)
        .is_ok()
    }
}

/// Takes a token apart without believing it.
///
/// # Errors
/// If it is not three base64url parts of which the first two are JSON objects.
pub fn decode(token: &str) -> Result<DecodedToken, TokenError> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenError::Structure);
    };
    Ok(DecodedToken {
        header: object(header)?,
        claims: object(claims)?,
    })
}

fn object(part: &str) -> Result<Value, TokenError> {
    let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(TokenError::NotAnObject)
    }
}
