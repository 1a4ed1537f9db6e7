//! A second implementation of the session cookie, written from the formats' description, so that a test
//! can seal what Vestibule itself never would: a session around a token that is no good.
//!
//! Envelope 1: version, key id (4), nonce (12), ciphertext and tag; session 1 inside it.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Where a sealed value belongs.
pub(crate) struct Place<'p> {
    pub(crate) purpose: &'p str,
    pub(crate) name: &'p str,
    pub(crate) origin: &'p str,
}

/// A session as it is sealed.
pub(crate) struct Session<'s> {
    pub(crate) provider: &'s str,
    pub(crate) signed_in: u64,
    pub(crate) id_token: &'s str,
}

impl Session<'_> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![1];
        out.extend_from_slice(&[7; 16]);
        out.extend_from_slice(&0_u32.to_be_bytes());
        out.extend_from_slice(&self.signed_in.to_be_bytes());
        out.extend_from_slice(&self.signed_in.to_be_bytes());
        field(&mut out, self.provider.as_bytes());
        // One segment: the token as text.
        out.push(1);
        field(&mut out, self.id_token.as_bytes());
        // No refresh token.
        out.push(0);
        out
    }
}

/// Seals with a base64 key.
pub(crate) fn seal(key: &str, place: &Place<'_>, plain: &[u8]) -> String {
    let key = STANDARD.decode(key).expect("a key in base64");
    let mut hash = Sha256::new();
    hash.update(b"vestibule key id\0");
    hash.update(&key);
    let key_id = hash.finalize()[..4].to_vec();

    let mut aad = b"vestibule\x01".to_vec();
    aad.extend_from_slice(&key_id);
    for part in [place.purpose, place.name, place.origin] {
        aad.extend_from_slice(
            &u32::try_from(part.len())
                .expect("a short text")
                .to_be_bytes(),
        );
        aad.extend_from_slice(part.as_bytes());
    }
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce).expect("randomness");
    let sealed = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&key))
        .encrypt(
            Nonce::from_slice(&nonce),
            Payload {
                msg: plain,
                aad: &aad,
            },
        )
        .expect("sealing");
    URL_SAFE_NO_PAD.encode([&[1][..], &key_id, &nonce, &sealed].concat())
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(
        &u16::try_from(bytes.len())
            .expect("a short field")
            .to_be_bytes(),
    );
    out.extend_from_slice(bytes);
}
