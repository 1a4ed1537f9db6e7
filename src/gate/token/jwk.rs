//! One JWK (RFC 7517 4, RFC 7518 6, RFC 8037 2): whether we take it, and what
//! it verifies.
//!
//! Owns the checks on a key and the signature check; beside `assertion::key`,
//! which signs, the only file that imports aws-lc. A key is parsed here, once, and no token parses it again. It is
//! pinned to one algorithm: a JWK that leaves `alg` out becomes one key for
//! each allowed algorithm that its type is good for.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, VerificationAlgorithm,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Algorithm, TokenError, decode};

/// RSA moduli, in bits. Shorter ones are broken too easily (NIST SP 800-131A),
/// longer ones are a way to keep us busy.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// RSA exponents. 1 would make every message its own signature; all in use are
/// 3 or 65,537, and aws-lc takes no more than 33 bits.
const EXPONENTS: std::ops::Range<u64> = 3..(1 << 33);
/// SEC 1, 2.3.3: both coordinates follow.
const UNCOMPRESSED: u8 = 4;

/// One public key, for one algorithm.
pub(super) struct SigningKey {
    kid: Option<String>,
    algorithm: Algorithm,
    fingerprint: KeyFingerprint,
    key: ParsedPublicKey,
}

/// Which key it is: equal if and only if `kid`, algorithm and key material are.
/// The same for one key through all fetches of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyFingerprint([u8; 32]);

/// What a key is made of, checked as far as that goes without an algorithm.
enum Material {
    /// Big-endian, without leading zeros.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl SigningKey {
    /// The keys that a JWK is for us: none if we do not take it. That is no
    /// error: providers publish keys for others too (RFC 7517 5).
    pub(super) fn of_jwk(jwk: &Value, allowed: &[Algorithm]) -> Vec<Self> {
        Self::try_of_jwk(jwk, allowed).unwrap_or_default()
    }

    fn try_of_jwk(jwk: &Value, allowed: &[Algorithm]) -> Option<Vec<Self>> {
        let kid = optional_text(jwk, "kid")?;
        let alg = optional_text(jwk, "alg")?;
        let is_for_signatures = optional_text(jwk, "use")?.is_none_or(|purpose| purpose == "sig")
            && match jwk.get("key_ops") {
                None => true,
                Some(operations) => operations.as_array()?.iter().any(|name| name == "verify"),
            };
        // A key whose private half is published is everybody's.
        if !is_for_signatures || jwk.get("d").is_some() {
            return None;
        }
        let material = Material::of_jwk(jwk)?;
        let keys = allowed
            .iter()
            .filter(|algorithm| alg.is_none_or(|name| name == algorithm.name()))
            .filter_map(|algorithm| {
                Some(Self {
                    kid: kid.map(str::to_owned),
                    algorithm: *algorithm,
                    fingerprint: KeyFingerprint::of(kid, *algorithm, &material),
                    key: material.parse(*algorithm)?,
                })
            });
        Some(keys.collect())
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    /// Checks a signature. ECDSA's is the two numbers side by side, not DER
    /// (RFC 7518 3.4). That r, n-s verifies where r, s does is accepted: the
    /// RFC knows no "low s", and nothing here takes a token's bytes for its
    /// identity.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        self.key
            .verify_sig(message, signature)
            .map_err(|_| TokenError::Signature)
    }
}

impl Material {
    fn of_jwk(jwk: &Value) -> Option<Self> {
        let bytes = |name| decode(jwk.get(name)?.as_str()?).ok();
        let curve = || jwk.get("crv")?.as_str();
        let point = |length| {
            let coordinates = [bytes("x")?, bytes("y")?];
            let whole = coordinates.iter().all(|part| part.len() == length);
            whole.then(|| [&[UNCOMPRESSED][..], &coordinates.concat()].concat())
        };
        match jwk.get("kty")?.as_str()? {
            "RSA" => Self::rsa(&bytes("n")?, &bytes("e")?),
            "EC" => match curve()? {
                "P-256" => Some(Self::P256(point(32)?)),
                "P-384" => Some(Self::P384(point(48)?)),
                _ => None,
            },
            "OKP" if curve()? == "Ed25519" => Some(Self::Ed25519(bytes("x")?)),
            _ => None,
        }
    }

    fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        // Some write a zero in front, against RFC 7518 6.3.1.1.
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        let is_odd = |bytes: &[u8]| bytes.last().is_some_and(|last| last % 2 == 1);
        let mut number = [0; 8];
        let at = number.len().checked_sub(exponent.len())?;
        number.get_mut(at..)?.copy_from_slice(exponent);
        let fits = is_odd(modulus)
            && is_odd(exponent)
            && MODULUS_BITS.contains(&bits(modulus))
            && EXPONENTS.contains(&u64::from_be_bytes(number));
        fits.then(|| Self::Rsa {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        })
    }

    /// The key for one algorithm; nothing if it is of another type, or no key
    /// (such as a point that is not on the curve).
    fn parse(&self, algorithm: Algorithm) -> Option<ParsedPublicKey> {
        let rsa: &'static RsaParameters = match algorithm {
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => {
                return self.parse_curve(algorithm);
            }
        };
        let Self::Rsa { modulus, exponent } = self else {
            return None;
        };
        let components = RsaPublicKeyComponents {
            n: modulus,
            e: exponent,
        };
        components.to_parsed_public_key(rsa).ok()
    }

    fn parse_curve(&self, algorithm: Algorithm) -> Option<ParsedPublicKey> {
        let (curve, point): (&'static dyn VerificationAlgorithm, _) = match (algorithm, self) {
            (Algorithm::Es256, Self::P256(point)) => (&ECDSA_P256_SHA256_FIXED, point),
            (Algorithm::Es384, Self::P384(point)) => (&ECDSA_P384_SHA384_FIXED, point),
            (Algorithm::EdDsa, Self::Ed25519(point)) => (&ED25519, point),
            _ => return None,
        };
        ParsedPublicKey::new(curve, point).ok()
    }
}

impl KeyFingerprint {
    fn of(kid: Option<&str>, algorithm: Algorithm, material: &Material) -> Self {
        let material: [&[u8]; 2] = match material {
            Material::Rsa { modulus, exponent } => [modulus, exponent],
            Material::P256(point) | Material::P384(point) | Material::Ed25519(point) => {
                [point, &[]]
            }
        };
        let mut hash = Sha256::new();
        hash.update([u8::from(kid.is_some())]);
        let parts = [
            kid.unwrap_or_default().as_bytes(),
            algorithm.name().as_bytes(),
        ];
        for part in parts.iter().chain(&material) {
            // With their lengths, so that no two keys share a text.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

/// A member that may be absent, but not of another type: `None` outside.
fn optional_text<'j>(jwk: &'j Value, name: &str) -> Option<Option<&'j str>> {
    match jwk.get(name) {
        None => Some(None),
        Some(value) => value.as_str().map(Some),
    }
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// Of a number without leading zeros.
fn bits(bytes: &[u8]) -> usize {
    let leading = bytes.first().map_or(0, |first| first.leading_zeros());
    (bytes.len() * 8).saturating_sub(leading as usize)
}
