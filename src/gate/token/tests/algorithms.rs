//! Other algorithms than Cognito's: which are allowed, which key is for which,
//! and the forms of a signature.

use dev_idp::jws::AnyKey;

use super::*;

/// One key of each algorithm; making them takes its time.
fn any_key(algorithm: Algorithm) -> &'static AnyKey {
    static KEYS: std::sync::OnceLock<Vec<AnyKey>> = std::sync::OnceLock::new();
    let make = |name| AnyKey::generate(name, name).unwrap();
    let keys = KEYS.get_or_init(|| Algorithm::NAMES.map(make).into());
    let at = Algorithm::ALL.iter().position(|one| *one == algorithm);
    &keys[at.unwrap()]
}

fn set_of(jwks: &[Value], allowed: &[Algorithm]) -> Result<KeySet, keys::KeySetError> {
    KeySet::parse(json!({ "keys": jwks }).to_string().as_bytes(), allowed)
}

fn check(token: &str, jwks: &[Value], allowed: &[Algorithm]) -> Result<(), TokenError> {
    let keys = set_of(jwks, allowed).unwrap();
    oidc().verify(token, &keys, NOW).map(|_| ())
}

/// A token of that key, with another header.
fn with_header(algorithm: Algorithm, header: &Value) -> String {
    let (header, payload) = (header.to_string(), id_claims().to_string());
    any_key(algorithm).sign_raw(header.as_bytes(), payload.as_bytes())
}

#[test]
fn each_algorithm_counts_where_it_is_allowed_and_nowhere_else() {
    let all: Vec<Value> = Algorithm::ALL.map(|one| any_key(one).public_jwk()).into();
    for algorithm in Algorithm::ALL {
        let token = any_key(algorithm).sign(&id_claims());
        assert_eq!(check(&token, &all, &[algorithm]), Ok(()), "{algorithm:?}");
        assert_eq!(
            check(&token, &all, &Algorithm::ALL),
            Ok(()),
            "{algorithm:?}"
        );
        for other in Algorithm::ALL.into_iter().filter(|one| *one != algorithm) {
            let refused = check(&token, &all, &[other]);
            assert_eq!(
                refused,
                Err(TokenError::Algorithm),
                "{algorithm:?} {other:?}"
            );
        }
    }
}

#[test]
fn a_key_is_good_for_its_own_algorithm_alone() {
    for algorithm in Algorithm::ALL {
        let jwk = any_key(algorithm).public_jwk();
        for name in Algorithm::NAMES
            .iter()
            .filter(|name| **name != algorithm.name())
        {
            let header = json!({ "kid": algorithm.name(), "alg": name });
            let refused = check(
                &with_header(algorithm, &header),
                std::slice::from_ref(&jwk),
                &Algorithm::ALL,
            );
            assert_eq!(
                refused,
                Err(TokenError::Algorithm),
                "{algorithm:?} as {name}"
            );
        }
    }
}

#[test]
fn a_key_without_an_algorithm_is_good_for_the_allowed_ones_of_its_type() {
    use Algorithm::{EdDsa, Es256, Es384, Ps256, Rs256, Rs512};
    for (signer, fits) in [
        (Rs256, &[Rs256, Ps256, Rs512][..]),
        (Es256, &[Es256]),
        (Es384, &[Es384]),
        (EdDsa, &[EdDsa]),
    ] {
        let jwk = changed(any_key(signer).public_jwk(), &json!({ "alg": null }));
        let allowed = [Rs256, Ps256, Rs512, Es256, Es384, EdDsa];
        let set = set_of(std::slice::from_ref(&jwk), &allowed).unwrap();
        assert_eq!(set.len(), fits.len(), "{signer:?}");
        let token = any_key(signer).sign(&id_claims());
        assert!(oidc().verify(&token, &set, NOW).is_ok(), "{signer:?}");
        // The header says one of the fitting ones, the signature is another's.
        for other in fits.iter().filter(|one| **one != signer) {
            let header = json!({ "kid": signer.name(), "alg": other.name() });
            let verified = oidc().verify(&with_header(signer, &header), &set, NOW);
            let refused = verified.map(|_| ()).unwrap_err();
            assert_eq!(refused, TokenError::Signature, "{signer:?} as {other:?}");
        }
    }
}

#[test]
fn a_token_without_a_kid_needs_exactly_one_key_that_fits() {
    use Algorithm::{Es256, Ps256, Rs256};
    let [rsa, ec, pss] = [Rs256, Es256, Ps256].map(|one| any_key(one).public_jwk());
    let second = AnyKey::generate("ES256", "second").unwrap().public_jwk();
    let encryption = changed(second.clone(), &json!({ "use": "enc" }));
    let without_alg = changed(pss.clone(), &json!({ "alg": null }));
    let nameless = with_header(Es256, &json!({ "alg": "ES256" }));
    let rs_nameless = with_header(Rs256, &json!({ "alg": "RS256" }));
    let allowed = [Rs256, Es256, Ps256];
    for (what, token, jwks, expected) in [
        ("among others", &nameless, vec![&rsa, &ec, &pss], Ok(())),
        (
            "one for encryption",
            &nameless,
            vec![&ec, &encryption],
            Ok(()),
        ),
        ("the same twice", &nameless, vec![&ec, &rsa, &ec], Ok(())),
        (
            "two",
            &nameless,
            vec![&ec, &second],
            Err(TokenError::NoKeyId),
        ),
        ("none", &nameless, vec![&rsa], Err(TokenError::UnknownKey)),
        (
            "RSA among others",
            &rs_nameless,
            vec![&rsa, &ec, &pss],
            Ok(()),
        ),
        (
            "one that leaves alg open",
            &rs_nameless,
            vec![&rsa, &without_alg],
            Err(TokenError::NoKeyId),
        ),
    ] {
        let jwks: Vec<Value> = jwks.into_iter().cloned().collect();
        assert_eq!(check(token, &jwks, &allowed), expected, "{what}");
    }
}

#[test]
fn keys_of_one_name_are_told_apart_by_their_algorithm() {
    use Algorithm::{Es256, Rs256};
    let allowed = [Rs256, Es256];
    let named = |algorithm| changed(any_key(algorithm).public_jwk(), &json!({ "kid": "k" }));
    for algorithm in allowed {
        let token = with_header(algorithm, &json!({ "kid": "k", "alg": algorithm.name() }));
        let jwks = [named(Rs256), named(Es256)];
        assert_eq!(check(&token, &jwks, &allowed), Ok(()), "{algorithm:?}");
        // Two that could both be meant: nobody guesses.
        let other = AnyKey::generate(algorithm.name(), "k")
            .unwrap()
            .public_jwk();
        let jwks = [named(Rs256), named(Es256), other];
        let refused = check(&token, &jwks, &allowed);
        assert_eq!(refused, Err(TokenError::NoKeyId), "{algorithm:?}");
    }
}

#[test]
fn an_allowed_algorithm_whose_key_is_not_there_asks_for_keys() {
    use Algorithm::{Es256, Rs256};
    // The provider moves to another algorithm.
    let token = any_key(Es256).sign(&id_claims());
    let rsa = [any_key(Rs256).public_jwk()];
    let refused = check(&token, &rsa, &[Rs256, Es256]);
    assert_eq!(refused, Err(TokenError::UnknownKey));
    assert_eq!(check(&token, &rsa, &[Rs256]), Err(TokenError::Algorithm));
}

#[test]
fn keys_that_are_not_what_they_say_are_skipped() {
    use Algorithm::{EdDsa, Es256, Es384, Rs256};
    let zero = |count| encode(vec![0; count]);
    let [rsa, ec, ec384, ed] = [Rs256, Es256, Es384, EdDsa].map(|one| any_key(one).public_jwk());
    let member =
        |jwk: &Value, name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let (n, x, y) = (member(&rsa, "n"), member(&ec, "x"), member(&ec, "y"));
    let short_by_a_bit = {
        let mut n = n.clone();
        n[0] = 0x7f;
        encode(n)
    };
    let even = {
        let mut n = n.clone();
        n[255] &= 0xfe;
        encode(n)
    };
    let off_the_curve = {
        let mut y = y.clone();
        y[31] ^= 1;
        encode(y)
    };
    let rows = [
        ("RSA of 2047 bits", &rsa, json!({ "n": short_by_a_bit })),
        ("an even modulus", &rsa, json!({ "n": even })),
        ("exponent 0", &rsa, json!({ "e": "AA" })),
        (
            "exponent 1: every message its own signature",
            &rsa,
            json!({ "e": "AQ" }),
        ),
        ("exponent 2", &rsa, json!({ "e": "Ag" })),
        ("exponent 65536", &rsa, json!({ "e": "AQAA" })),
        (
            "an exponent of 2^33 + 1",
            &rsa,
            json!({ "e": encode([2, 0, 0, 0, 1]) }),
        ),
        (
            "an exponent of a modulus' size",
            &rsa,
            json!({ "e": encode(&n) }),
        ),
        ("no exponent", &rsa, json!({ "e": "" })),
        (
            "padded base64",
            &rsa,
            json!({ "n": format!("{}==", encode(&n)) }),
        ),
        ("a private half", &rsa, json!({ "d": encode(&n) })),
        ("alg of another type", &rsa, json!({ "alg": "ES256" })),
        ("alg of nobody", &rsa, json!({ "alg": "RS1" })),
        ("symmetric alg", &rsa, json!({ "alg": "HS256" })),
        ("a kid that is a number", &rsa, json!({ "kid": 7 })),
        ("for encryption", &rsa, json!({ "use": "enc" })),
        (
            "key_ops without verify",
            &rsa,
            json!({ "key_ops": ["encrypt", "wrapKey"] }),
        ),
        (
            "key_ops that are no list",
            &rsa,
            json!({ "key_ops": "verify" }),
        ),
        ("kty in lower case", &ec, json!({ "kty": "ec" })),
        ("kty of another", &ec, json!({ "kty": "OKP" })),
        ("no curve", &ec, json!({ "crv": null })),
        ("another curve", &ec, json!({ "crv": "P-384" })),
        ("a curve of Bitcoin", &ec, json!({ "crv": "secp256k1" })),
        ("alg of another curve", &ec, json!({ "alg": "ES384" })),
        (
            "P-384 as P-256",
            &ec384,
            json!({ "crv": "P-256", "alg": "ES256" }),
        ),
        ("off the curve", &ec, json!({ "y": off_the_curve })),
        (
            "the point at infinity",
            &ec,
            json!({ "x": zero(32), "y": zero(32) }),
        ),
        (
            "a coordinate too short",
            &ec,
            json!({ "x": encode(&x[1..]) }),
        ),
        (
            "a coordinate too long",
            &ec,
            json!({ "x": encode([&[0][..], &x].concat()) }),
        ),
        ("one coordinate", &ec, json!({ "y": null })),
        (
            "both in one",
            &ec,
            json!({ "x": encode([&x[..], &y].concat()), "y": "" }),
        ),
        ("a private half, too", &ec, json!({ "d": encode(&x) })),
        ("a key for agreement", &ed, json!({ "crv": "X25519" })),
        ("Ed448", &ed, json!({ "crv": "Ed448" })),
        ("too short", &ed, json!({ "x": zero(31) })),
        ("too long", &ed, json!({ "x": zero(33) })),
        ("kty of another, too", &ed, json!({ "kty": "EC" })),
    ];
    for (what, jwk, changes) in rows {
        let result = set_of(&[changed(jwk.clone(), &changes)], &Algorithm::ALL).map(|_| ());
        assert_eq!(result, Err(keys::KeySetError::NoUsableKey), "{what}");
    }
    // And these are what they say.
    for (what, jwk, changes) in [
        (
            "a zero in front",
            &rsa,
            json!({ "n": encode([&[0][..], &n].concat()), "e": "AAEAAQ" }),
        ),
        (
            "key_ops with verify",
            &rsa,
            json!({ "key_ops": ["sign", "verify"], "use": null }),
        ),
        (
            "members for others",
            &ec,
            json!({ "x5c": ["x"], "x5t": "x", "ext": true, "issuer": "y" }),
        ),
    ] {
        let set = set_of(&[changed(jwk.clone(), &changes)], &Algorithm::ALL).unwrap();
        let signer = if jwk == &rsa { Rs256 } else { Es256 };
        let token = any_key(signer).sign(&id_claims());
        assert!(oidc().verify(&token, &set, NOW).is_ok(), "{what}");
    }
}

/// The order of P-256 (SEC 2, 2.4.2).
const N: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// N - s.
fn negated(s: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut out: Vec<u8> = N
        .iter()
        .zip(s)
        .rev()
        .map(|(n, s)| {
            let digit = i16::from(*n) - i16::from(*s) - borrow;
            borrow = i16::from(digit < 0);
            u8::try_from(digit.rem_euclid(256)).unwrap()
        })
        .collect();
    out.reverse();
    out
}

/// DER of a non-negative number.
fn der(number: &[u8]) -> Vec<u8> {
    let number = [&[0][..], number].concat();
    [&[2, u8::try_from(number.len()).unwrap()][..], &number].concat()
}

#[test]
fn an_ecdsa_signature_is_two_numbers_within_the_order_and_nothing_else() {
    let jwk = [any_key(Algorithm::Es256).public_jwk()];
    let token = any_key(Algorithm::Es256).sign(&id_claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = signature.split_at(32);
    let (zero, one) = ([0; 32], {
        let mut one = [0; 32];
        one[31] = 1;
        one
    });
    let der = {
        let both = [der(r), der(s)].concat();
        [&[0x30, u8::try_from(both.len()).unwrap()][..], &both].concat()
    };
    let verdict = |parts: &[&[u8]]| {
        let token = format!("{message}.{}", encode(parts.concat()));
        check(&token, &jwk, &[Algorithm::Es256])
    };
    assert_eq!(verdict(&[r, s]), Ok(()));
    // RFC 7518 3.4 knows no "low s"; see `SigningKey::verify`.
    assert_eq!(verdict(&[r, &negated(s)]), Ok(()), "the other s");
    for (what, parts) in [
        ("nothing", vec![]),
        ("r = 0", vec![&zero[..], s]),
        ("s = 0", vec![r, &zero]),
        ("both 0", vec![&zero, &zero]),
        ("both 1", vec![&one, &one]),
        ("r = n", vec![&N, s]),
        ("s = n", vec![r, &N]),
        ("both n", vec![&N, &N]),
        ("all ones", vec![&[0xff; 64]]),
        ("r and s swapped", vec![s, r]),
        ("r alone", vec![r]),
        ("one byte short", vec![r, &s[..31]]),
        ("one byte more", vec![r, s, &[0]]),
        ("a zero in front", vec![&[0], r, s]),
        ("zeros in front of both", vec![&[0], r, &[0], s]),
        ("P-384's length", vec![&[0; 16], r, &[0; 16], s]),
        ("DER", vec![&der]),
        ("twice", vec![r, s, r, s]),
    ] {
        assert_eq!(verdict(&parts), Err(TokenError::Signature), "{what}");
    }
}

#[test]
fn an_ed25519_signature_has_one_form() {
    let jwk = [any_key(Algorithm::EdDsa).public_jwk()];
    let token = any_key(Algorithm::EdDsa).sign(&id_claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = signature.split_at(32);
    // S + L means the same number to a careless reader (RFC 8032 5.1.7).
    let order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10_u8,
    ];
    let mut carry = 0;
    let malleable: Vec<u8> = s
        .iter()
        .zip(order)
        .map(|(s, order)| {
            let sum = u16::from(*s) + u16::from(order) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        })
        .collect();
    let identity = {
        let mut point = [0; 32];
        point[0] = 1;
        point
    };
    let verdict = |parts: &[&[u8]]| {
        let token = format!("{message}.{}", encode(parts.concat()));
        check(&token, &jwk, &[Algorithm::EdDsa])
    };
    assert_eq!(verdict(&[r, s]), Ok(()));
    for (what, parts) in [
        ("S + L", vec![r, &malleable[..]]),
        ("R of low order", vec![&identity, s]),
        ("nothing but zeros", vec![&[0; 64]]),
        ("R of low order and S = 0", vec![&identity, &[0; 32]]),
        ("one byte short", vec![r, &s[..31]]),
        ("one byte more", vec![r, s, &[0]]),
    ] {
        assert_eq!(verdict(&parts), Err(TokenError::Signature), "{what}");
    }
}
