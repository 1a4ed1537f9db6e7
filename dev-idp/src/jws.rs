//! RS256 keys and the tokens they sign (cognito.md 1.3, 2.2).
//!
//! Stands alone: it knows nothing of pools, people or servers, so that other
//! packages can use it in their tests to mint tokens.

mod any;
mod verify;

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub use any::AnyKey;
pub use verify::{DecodedToken, PublicKey, TokenError, decode};

/// An RSA-2048 private key with the `kid` under which it is published.
pub struct SigningKey {
    pair: RsaKeyPair,
    kid: String,
}

impl SigningKey {
    /// A fresh key. Its `kid` is standard base64 that ends in `=` and holds
    /// `+` or `/`, because real ones do and a consumer that puts a kid into
    /// a URL or a file name unescaped should notice here (cognito.md 1.3).
    #[must_use]
    pub fn generate() -> Self {
        Self::generate_with_kid(random_kid())
    }

    /// A fresh key under a name of the caller's choice.
    #[must_use]
    pub fn generate_with_kid(kid: impl Into<String>) -> Self {
        // Generation fails only if the random generator or the allocator
        // does, and neither failure is ours to report: ask again.
        let pair = loop {
            if let Ok(pair) = RsaKeyPair::generate(KeySize::Rsa2048) {
                break pair;
            }
        };
        Self {
            pair,
            kid: kid.into(),
        }
    }

    /// The name of the key in a JWK set and in token headers.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half with the six members that Cognito publishes:
    /// `alg`, `e`, `kid`, `kty`, `n`, `use`.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let public = self.pair.public_key();
        json!({
            "alg": "RS256",
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
            "kid": self.kid,
            "kty": "RSA",
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            "use": "sig",
        })
    }

    /// A token in Cognito's form: the header holds `kid` and `alg` alone, and
    /// slashes in the payload are escaped (`https:\/\/…`, cognito.md 2.2).
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({ "kid": self.kid, "alg": "RS256" }).to_string();
        self.sign_raw(header.as_bytes(), escape_slashes(claims).as_bytes())
    }

    /// Signs exactly these bytes with RS256, whatever they say. Nothing is
    /// parsed or checked: this is how malformed tokens are made.
    #[must_use]
    pub fn sign_raw(&self, header: &[u8], payload: &[u8]) -> String {
        let mut token = signing_input(header, payload);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        // A failed signature leaves zeros, which no verifier accepts.
        if self
            .pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .is_err()
        {
            signature.fill(0);
        }
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        token
    }

    /// The public key as PEM text (SubjectPublicKeyInfo): the "secret" of the
    /// HS256 confusion attack.
    #[must_use]
    pub fn public_pem(&self) -> String {
        let der = self
            .pair
            .public_key()
            .as_der()
            .map(|der| STANDARD.encode(der.as_ref()))
            .unwrap_or_default();
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for (index, letter) in der.chars().enumerate() {
            if index > 0 && index % 64 == 0 {
                pem.push('\n');
            }
            pem.push(letter);
        }
        pem.push_str("\n-----END PUBLIC KEY-----\n");
        pem
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        let public = self.pair.public_key();
        PublicKey::new(
            public.modulus().big_endian_without_leading_zero().to_vec(),
            public.exponent().big_endian_without_leading_zero().to_vec(),
        )
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// Signs exactly these bytes with HS256 and the given key: a forgery for
/// tests of verifiers that let a token choose its algorithm.
#[must_use]
pub fn sign_hs256(key: &[u8], header: &[u8], payload: &[u8]) -> String {
    let token = signing_input(header, payload);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), token.as_bytes());
    format!("{token}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

/// A token with an empty signature, as `alg: none` wants it.
#[must_use]
pub fn unsigned(header: &[u8], payload: &[u8]) -> String {
    format!("{}.", signing_input(header, payload))
}

/// JSON text with every slash escaped. A slash occurs in JSON only inside
/// strings, where `\/` means the same, so this never changes the value.
#[must_use]
pub fn escape_slashes(value: &Value) -> String {
    value.to_string().replace('/', "\\/")
}

fn signing_input(header: &[u8], payload: &[u8]) -> String {
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    )
}

fn random_kid() -> String {
    loop {
        let mut bytes = [0; 32];
        if rand::fill(&mut bytes).is_ok() {
            let kid = STANDARD.encode(bytes);
            if kid.contains(['+', '/']) {
                return kid;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kid_is_padded_standard_base64_with_an_awkward_character() {
        for _ in 0..50 {
            let kid = random_kid();
            assert_eq!(kid.len(), 44);
            assert!(kid.ends_with('=') && kid.contains(['+', '/']), "{kid}");
        }
    }

    #[test]
    fn a_token_verifies_with_its_own_published_key_and_no_other() {
        let (ours, other) = (SigningKey::generate(), SigningKey::generate());
        let token = ours.sign(&json!({ "iss": "https://a/b", "n": 1 }));
        let key = PublicKey::from_jwk(&ours.public_jwk()).unwrap();
        let decoded = decode(&token).unwrap();
        assert!(key.verifies(&token));
        assert!(
            !PublicKey::from_jwk(&other.public_jwk())
                .unwrap()
                .verifies(&token)
        );
        assert_eq!(decoded.claims["iss"], "https://a/b");
        assert_eq!(decoded.header, json!({ "kid": ours.kid(), "alg": "RS256" }));
    }

    #[test]
    fn slashes_are_escaped_in_the_payload_text() {
        let token = SigningKey::generate().sign(&json!({ "iss": "https://a/b" }));
        let payload = token.split('.').nth(1).unwrap();
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        assert_eq!(text, r#"{"iss":"https:\/\/a\/b"}"#);
    }

    #[test]
    fn pem_is_a_well_formed_public_key() {
        let pem = SigningKey::generate().public_pem();
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOC"));
        assert!(pem.lines().all(|line| line.len() <= 64));
    }
}
