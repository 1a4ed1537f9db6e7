//! Random identifiers and digests.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Random bytes. The generator of the crypto library does not fail on the
/// systems we run on; if it ever did, waiting is better than weak bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    loop {
        let mut bytes = [0; N];
        if rand::fill(&mut bytes).is_ok() {
            return bytes;
        }
    }
}

/// A version 4 UUID, the form of codes, `jti`, `sub` and `event_id`.
pub(crate) fn uuid() -> String {
    let mut bits = u128::from_be_bytes(bytes());
    bits = (bits & !(0xf << 76)) | (0x4 << 76);
    bits = (bits & !(0x3 << 62)) | (0x2 << 62);
    let mut text = format!("{bits:032x}");
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

/// 256 random bits as base64url.
pub(crate) fn opaque() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// The SHA-256 of a text as base64url: the S256 of PKCE, and the name under
/// which a refresh token is remembered without keeping its value.
pub(crate) fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// `at_hash`: the left half of the SHA-256 (OIDC Core 3.1.3.6), 22 characters.
pub(crate) fn half_hash(text: &str) -> String {
    let whole = digest(&SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(whole.as_ref().get(..16).unwrap_or_default())
}

/// An opaque refresh token of five parts and about 1.7 KB, the outside of a
/// JWE with RSA-OAEP and A256GCM (cognito.md 2.7). All of it is random but
/// the header: size and form are what a consumer can depend on.
pub(crate) fn refresh_token() -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#);
    format!(
        "{header}.{}.{}.{}.{}",
        URL_SAFE_NO_PAD.encode(bytes::<256>()),
        URL_SAFE_NO_PAD.encode(bytes::<12>()),
        URL_SAFE_NO_PAD.encode(bytes::<948>()),
        URL_SAFE_NO_PAD.encode(bytes::<16>()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_version_and_variant() {
        for _ in 0..100 {
            let id = uuid();
            let parts: Vec<_> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
            assert_eq!(id.as_bytes()[14], b'4', "{id}");
            assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
        }
    }

    #[test]
    fn s256_is_the_example_of_rfc_7636() {
        assert_eq!(
            sha256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
