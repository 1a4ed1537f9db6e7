//! Keys that sign assertions: ECDSA on P-256 with SHA-256 (ES256, RFC 7518 3.4).
//!
//! Owns their text form and their name. The only file that imports aws-lc-rs,
//! which checks the key once, when it is read, and takes the randomness of a
//! signature from the system itself. Must not know what is signed.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Bytes of a coordinate on P-256.
const COORDINATE: usize = 32;
/// Characters of a line of PEM (RFC 7468 2).
const PEM_LINE: usize = 64;

/// A private key, ready to sign. Debug shows its name alone.
pub struct AssertionKey {
    pair: EcdsaKeyPair,
    kid: String,
    jwk: Value,
    /// The JOSE header of what it signs, encoded.
    head: String,
}

/// Why a text holds no key for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionKeyError {
    /// No private key in PEM, or one that a password protects.
    #[error("holds no private key in PEM that is not encrypted")]
    NoKey,
    /// RSA, Ed25519, another curve, or broken.
    #[error("holds a key that cannot sign with ES256")]
    NotP256,
}

/// The crypto library gave no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the assertion could not be signed")]
pub struct Unsigned;

/// The crypto library gave no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key could be made")]
pub struct NoKeyMade;

impl AssertionKey {
    /// A fresh key.
    ///
    /// # Errors
    /// See [`NoKeyMade`].
    pub fn generate() -> Result<Self, NoKeyMade> {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .ok()
            .and_then(Self::new)
            .ok_or(NoKeyMade)
    }

    /// The keys of a text, in its order: PKCS#8 (RFC 5208), or SEC 1 (RFC 5915)
    /// as OpenSSL writes it, in PEM. Never none.
    ///
    /// # Errors
    /// See [`AssertionKeyError`].
    pub fn parse_all(pem: &str) -> Result<Vec<Self>, AssertionKeyError> {
        let mut keys = Vec::new();
        for der in PrivateKeyDer::pem_slice_iter(pem.as_bytes()) {
            let der = der.map_err(|_| AssertionKeyError::NoKey)?;
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_private_key_der(algorithm, der.secret_der());
            let key = pair.ok().and_then(Self::new);
            keys.push(key.ok_or(AssertionKeyError::NotP256)?);
        }
        match keys.is_empty() {
            true => Err(AssertionKeyError::NoKey),
            false => Ok(keys),
        }
    }

    fn new(pair: EcdsaKeyPair) -> Option<Self> {
        // Uncompressed: 4, x, y (SEC 1 2.3.3).
        let point = pair.public_key().as_ref().strip_prefix(&[4])?;
        let (x, y) = point.split_at_checked(COORDINATE)?;
        if y.len() != COORDINATE {
            return None;
        }
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // The thumbprint's members, in their order and without white space (RFC 7638 3).
        let members = format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}");
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
        let head = json!({ "alg": "ES256", "kid": kid, "typ": "JWT" });
        Some(Self {
            pair,
            jwk: json!({
                "kty": "EC", "crv": "P-256", "x": x, "y": y,
                "alg": "ES256", "use": "sig", "kid": kid,
            }),
            head: URL_SAFE_NO_PAD.encode(head.to_string()),
            kid,
        })
    }

    /// Its name: its thumbprint (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half (RFC 7517, RFC 7518 6.2).
    #[must_use]
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The encoded JOSE header of what it signs (RFC 7515 4).
    pub(super) fn head(&self) -> &str {
        &self.head
    }

    /// The encoded signature: r and s, one after the other.
    pub(super) fn sign(&self, message: &[u8]) -> Result<String, Unsigned> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        signature
            .map(|signature| URL_SAFE_NO_PAD.encode(signature))
            .map_err(|_| Unsigned)
    }

    /// The private key as PKCS#8 in PEM, each line ended.
    ///
    /// # Errors
    /// See [`NoKeyMade`].
    pub fn to_pem(&self) -> Result<Zeroizing<String>, NoKeyMade> {
        let der = self.pair.to_pkcs8v1().map_err(|_| NoKeyMade)?;
        let body = Zeroizing::new(STANDARD.encode(der.as_ref()));
        let mut pem = Zeroizing::new(String::from("-----BEGIN PRIVATE KEY-----\n"));
        let mut rest = body.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(pem)
    }
}

impl std::fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AssertionKey({})", self.kid)
    }
}

#[cfg(test)]
mod tests;
