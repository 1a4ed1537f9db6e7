//! Keys in the forms in which people have them.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use super::*;

/// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`.
const PKCS8: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBqOp36N1IYzbQXRG
2KPPJf31krPMzZpk2ErgKlmipvWhRANCAAQx2Him7ERcvvMCGV6f92dJYYqgHERD
QfObF4RRUDZ5gbUNb90QFH+0bwfehYw9lb1X+tauiNmb1qcWlgTnOfQo
-----END PRIVATE KEY-----
";
/// The same key as `openssl ecparam -genkey` writes it.
const SEC1: &str = "\
-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIAajqd+jdSGM20F0RtijzyX99ZKzzM2aZNhK4CpZoqb1oAoGCCqGSM49
AwEHoUQDQgAEMdh4puxEXL7zAhlen/dnSWGKoBxEQ0HzmxeEUVA2eYG1DW/dEBR/
tG8H3oWMPZW9V/rWrojZm9anFpYE5zn0KA==
-----END EC PRIVATE KEY-----
";
/// The same key behind a password.
const ENCRYPTED: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhk7VgEgDgQHwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMcEokCpWwag/AwGg5C4bhEEgZBj
wNYkvTUB7ioZG7qJsX24KNkB93uVG+zr77Pn+BoIBvbc68odAVPsVSw/q9b4H1Je
eXwhZgykkbobsYZ6vePgHHAuRXFMgkyYghdLqPnr7J57+LH5AhdHp92BeoTIg1G6
w39JEaAQdwdsth+6C5gWfUVv84JPY0OS2ykHVu170PPewyIzHEe1NPrJTpGU2lY=
-----END ENCRYPTED PRIVATE KEY-----
";
/// The same key's public half.
const PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMdh4puxEXL7zAhlen/dnSWGKoBxE
Q0HzmxeEUVA2eYG1DW/dEBR/tG8H3oWMPZW9V/rWrojZm9anFpYE5zn0KA==
-----END PUBLIC KEY-----
";
const P384: &str = "\
-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDL6tqqxMcuYPVqOhAP
i30NDxcmKAF8V7osrnfbMZgsWKTFvdXcGnqs5Ahm/64DWQShZANiAAQ8l/HLcrrQ
/AcU/yr40yKNnM/jcK1UdYwCSUHwqUbhmWTlOl0WfZwWvRl5+PKrQJ9lM1s3a8nw
DJ8nv4LuoGsRcZeXECVqctiLTrjHR0cPDNXjoBOU7NKsuMKfuut7APc=
-----END PRIVATE KEY-----
";
const ED25519: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIG4yks6LM1Jf/0uFEXkuQZPQepJR54nF2uDefRXuIDdT
-----END PRIVATE KEY-----
";

fn one(pem: &str) -> AssertionKey {
    let mut keys = AssertionKey::parse_all(pem).unwrap();
    assert_eq!(keys.len(), 1);
    keys.remove(0)
}

#[test]
fn a_key_is_read_as_others_write_it_and_named_by_its_thumbprint() {
    let key = one(PKCS8);
    // What npm's jose makes of it (`calculateJwkThumbprint`, `exportJWK`).
    assert_eq!(key.kid(), "Vv25TPZC3Pn4MD9fz25-8r63rorqql8V5RqC-2pkBOc");
    assert_eq!(
        *key.jwk(),
        json!({
            "kty": "EC",
            "crv": "P-256",
            "x": "Mdh4puxEXL7zAhlen_dnSWGKoBxEQ0HzmxeEUVA2eYE",
            "y": "tQ1v3RAUf7RvB96FjD2VvVf61q6I2ZvWpxaWBOc59Cg",
            "alg": "ES256",
            "use": "sig",
            "kid": "Vv25TPZC3Pn4MD9fz25-8r63rorqql8V5RqC-2pkBOc",
        })
    );
    assert_eq!(one(SEC1).jwk(), key.jwk());
    let windows = PKCS8.replace('\n', "\r\n");
    assert_eq!(
        one(&format!("about this key\r\n{windows}")).kid(),
        key.kid()
    );
}

#[test]
fn a_made_key_is_fresh_and_comes_back_from_its_text() {
    let (key, other) = (
        AssertionKey::generate().unwrap(),
        AssertionKey::generate().unwrap(),
    );
    assert_ne!(key.kid(), other.kid());
    let pem = key.to_pem().unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(pem.ends_with("\n-----END PRIVATE KEY-----\n"));
    assert!(pem.lines().all(|line| line.len() <= 64));
    assert_eq!(one(&pem).jwk(), key.jwk());
    let both = [pem.as_str(), other.to_pem().unwrap().as_str()].concat();
    let kids: Vec<_> = AssertionKey::parse_all(&both).unwrap();
    let kids: Vec<_> = kids.iter().map(AssertionKey::kid).collect();
    assert_eq!(kids, [key.kid(), other.kid()]);
}

#[test]
fn what_is_no_key_for_es256_is_refused() {
    let mismatched = PKCS8.replace("BqOp36N1", "BqOp36N2");
    for (pem, expected) in [
        ("", AssertionKeyError::NoKey),
        (
            "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
            AssertionKeyError::NoKey,
        ),
        (PUBLIC, AssertionKeyError::NoKey),
        (ENCRYPTED, AssertionKeyError::NoKey),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA",
            AssertionKeyError::NoKey,
        ),
        (
            "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n",
            AssertionKeyError::NoKey,
        ),
        (P384, AssertionKeyError::NotP256),
        (ED25519, AssertionKeyError::NotP256),
        (&mismatched, AssertionKeyError::NotP256),
        (&format!("{PKCS8}{P384}"), AssertionKeyError::NotP256),
    ] {
        assert_eq!(
            AssertionKey::parse_all(pem).map(|_| ()),
            Err(expected),
            "{pem}"
        );
    }
}

#[test]
fn a_signature_verifies_with_the_published_key_and_with_no_other() {
    let key = one(PKCS8);
    let point = |key: &AssertionKey| {
        let member = |name: &str| {
            URL_SAFE_NO_PAD
                .decode(key.jwk()[name].as_str().unwrap())
                .unwrap()
        };
        [vec![4], member("x"), member("y")].concat()
    };
    let signature = URL_SAFE_NO_PAD
        .decode(key.sign(b"head.claims").unwrap())
        .unwrap();
    assert_eq!(signature.len(), 64);
    let verify = |key: &AssertionKey, message: &[u8]| {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(key))
            .verify(message, &signature)
            .is_ok()
    };
    assert!(verify(&key, b"head.claims"));
    assert!(!verify(&key, b"head.claimt"));
    assert!(!verify(&AssertionKey::generate().unwrap(), b"head.claims"));
}

#[test]
fn debug_shows_no_key() {
    let key = one(PKCS8);
    assert_eq!(format!("{key:?}"), format!("AssertionKey({})", key.kid()));
}
