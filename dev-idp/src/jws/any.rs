//! Keys of the other algorithms (RFC 7518 3.1, RFC 8037): for tests of
//! verifiers that take more than Cognito's RS256. The emulator has no use for
//! them.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::signing_input;

/// A private key for one algorithm, with the `kid` under which it is published.
pub struct AnyKey {
    pair: Pair,
    alg: &'static str,
    kid: String,
}

enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
}

impl AnyKey {
    /// A fresh key for `RS256`–`RS512`, `PS256`–`PS512` (2048 bits), `ES256`,
    /// `ES384` or `EdDSA`; `None` for any other name.
    #[must_use]
    pub fn generate(alg: &'static str, kid: &str) -> Option<Self> {
        let rsa = |encoding: &'static dyn RsaEncoding| {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
            Some(Pair::Rsa(pair, encoding))
        };
        let pair = match alg {
            "RS256" => rsa(&RSA_PKCS1_SHA256)?,
            "RS384" => rsa(&RSA_PKCS1_SHA384)?,
            "RS512" => rsa(&RSA_PKCS1_SHA512)?,
            "PS256" => rsa(&RSA_PSS_SHA256)?,
            "PS384" => rsa(&RSA_PSS_SHA384)?,
            "PS512" => rsa(&RSA_PSS_SHA512)?,
            "ES256" => Pair::Ec(
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?,
                "P-256",
            ),
            "ES384" => Pair::Ec(
                EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).ok()?,
                "P-384",
            ),
            "EdDSA" => Pair::Ed(Ed25519KeyPair::generate().ok()?),
            _ => return None,
        };
        Some(Self {
            pair,
            alg,
            kid: kid.to_owned(),
        })
    }

    /// The public half, with `alg`, `kid` and `use`.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.pair {
            Pair::Rsa(pair, _) => {
                let public = pair.public_key();
                json!({
                    "kty": "RSA",
                    "n": encode(public.modulus().big_endian_without_leading_zero()),
                    "e": encode(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Pair::Ec(pair, curve) => {
                // An uncompressed point: 4, then both coordinates.
                let point = pair.public_key().as_ref();
                let (_, coordinates) = point.split_at(point.len().min(1));
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) })
            }
            Pair::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) })
            }
        };
        if let Some(members) = jwk.as_object_mut() {
            members.insert("alg".to_owned(), json!(self.alg));
            members.insert("kid".to_owned(), json!(self.kid));
            members.insert("use".to_owned(), json!("sig"));
        }
        jwk
    }

    /// A token of these claims, under the key's own `kid` and `alg`.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({ "kid": self.kid, "alg": self.alg });
        self.sign_raw(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// Signs exactly these bytes, whatever they say.
    #[must_use]
    pub fn sign_raw(&self, header: &[u8], payload: &[u8]) -> String {
        let token = signing_input(header, payload);
        let signature = self.signature(token.as_bytes());
        format!("{token}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The bare signature of a message; empty if there is no randomness, which
    /// no verifier accepts.
    #[must_use]
    pub fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(*encoding, &random, message, &mut signature);
                signed.map(|()| signature).unwrap_or_default()
            }
            Pair::Ec(pair, _) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .unwrap_or_default(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

impl fmt::Debug for AnyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyKey")
            .field("alg", &self.alg)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
