//! `kind = "oidc"` with RS256, PS256, ES256 and EdDSA.

use dev_idp::jws::{AnyKey, sign_hs256, unsigned};
use serde_json::{Value, json};

use super::rows::{CLIENT, Rows, Way, changed, claims, decode, encode, setup};
use crate::support::issuer::Issuer;

const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

/// The order of P-256 (SEC 2, 2.4.2).
const N: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

struct Forge {
    keys: Vec<AnyKey>,
    payload: String,
}

impl Forge {
    fn key(&self, alg: &str) -> &AnyKey {
        let at = ALGORITHMS
            .iter()
            .position(|one| *one == alg)
            .expect("one of ours");
        &self.keys[at]
    }

    /// One key signs, the header says what it likes.
    fn with_header(&self, alg: &str, header: &Value) -> String {
        let header = header.to_string();
        self.key(alg)
            .sign_raw(header.as_bytes(), self.payload.as_bytes())
    }

    fn good(&self, alg: &str) -> String {
        self.with_header(alg, &json!({ "kid": alg, "alg": alg }))
    }
}

#[test]
fn each_mutation_of_a_token_with_other_algorithms_meets_its_fate() {
    let keys: Vec<AnyKey> = ALGORITHMS
        .iter()
        .map(|alg| AnyKey::generate(alg, alg).expect("a key"))
        .collect();
    let mut jwks: Vec<Value> = keys.iter().map(AnyKey::public_jwk).collect();
    // Published, and not for us.
    let other = AnyKey::generate("ES384", "ES384").expect("a key");
    let encryption = AnyKey::generate("RS256", "enc").expect("a key");
    let withdrawn = AnyKey::generate("ES256", "withdrawn").expect("a key");
    jwks.push(other.public_jwk());
    jwks.push(changed(encryption.public_jwk(), &json!({ "use": "enc" })));
    let issuer = Issuer::start(&jwks);
    let forge = Forge {
        keys,
        payload: claims(&issuer.url).to_string(),
    };
    let mut rows = Rows::shown_in(Way::Session);
    algorithms(&mut rows, &forge);
    let claims = claims(&issuer.url);
    rows.refused(
        "an algorithm that is not allowed",
        "token_algorithm",
        other.sign(&claims),
    );
    rows.refused(
        "a key for encryption",
        "token_unknown_kid",
        encryption.sign(&claims),
    );
    rows.refused(
        "a key that was withdrawn",
        "token_unknown_kid",
        withdrawn.sign(&claims),
    );
    let no_use = changed(claims, &json!({ "token_use": null }));
    rows.accepted(
        "no token_use, which is Cognito's",
        forge.key("ES256").sign(&no_use),
    );
    ecdsa(&mut rows, &forge);
    ed25519(&mut rows, &forge);
    assert!(rows.len() >= 40, "{}", rows.len());
    let allowed = "signing_algorithms = [\"RS256\", \"PS256\", \"ES256\", \"EdDSA\"]\n";
    let mut chain = setup(issuer.provider("oidc", CLIENT), allowed).start();
    rows.try_all(&mut chain);
    assert!(
        issuer.asked() <= 3,
        "asked {} times for keys",
        issuer.asked()
    );
}

fn algorithms(rows: &mut Rows, forge: &Forge) {
    for alg in ALGORITHMS {
        rows.accepted(&format!("good {alg}"), forge.good(alg));
        // Each of them has one key that fits, so nobody has to guess.
        let nameless = forge.with_header(alg, &json!({ "alg": alg }));
        rows.accepted(&format!("{alg} without a kid"), nameless);
        for other in ALGORITHMS.iter().filter(|other| **other != alg) {
            let said = forge.with_header(alg, &json!({ "kid": alg, "alg": other }));
            rows.refused(&format!("{alg} that says {other}"), "token_algorithm", said);
            let crossed = forge.with_header(alg, &json!({ "kid": other, "alg": other }));
            rows.refused(
                &format!("{alg} under {other}'s name"),
                "token_signature",
                crossed,
            );
        }
        let header = json!({ "kid": alg, "alg": "none" }).to_string();
        let token = unsigned(header.as_bytes(), forge.payload.as_bytes());
        rows.refused(&format!("none for {alg}"), "token_algorithm", token);
        let jwk = forge.key(alg).public_jwk();
        let secret = decode(jwk["x"].as_str().or(jwk["n"].as_str()).expect("material"));
        let header = json!({ "kid": alg, "alg": "HS256" }).to_string();
        let token = sign_hs256(&secret, header.as_bytes(), forge.payload.as_bytes());
        rows.refused(
            &format!("HS256 with {alg}'s public key"),
            "token_algorithm",
            token,
        );
    }
}

fn ecdsa(rows: &mut Rows, forge: &Forge) {
    let token = forge.good("ES256");
    let (message, signature) = token.rsplit_once('.').expect("a signature");
    let signature = decode(signature);
    let (r, s) = signature.split_at(32);
    let (zero, other) = ([0; 32], negated(s));
    let number = |number: &[u8]| [&[2, 33, 0][..], number].concat();
    let der = [&[0x30, 70][..], &number(r), &number(s)].concat();
    let with = |parts: &[&[u8]]| format!("{message}.{}", encode(parts.concat()));
    rows.accepted("ES256: n - s, as RFC 7518 has it", with(&[r, &other]));
    for (what, parts) in [
        ("r = 0", vec![&zero[..], s]),
        ("s = 0", vec![r, &zero]),
        ("both 0", vec![&zero, &zero]),
        ("r = n", vec![&N, s]),
        ("s = n", vec![r, &N]),
        ("both beyond n", vec![&[0xff; 64]]),
        ("swapped", vec![s, r]),
        ("DER", vec![&der]),
        ("a byte short", vec![r, &s[..31]]),
        ("a byte more", vec![r, s, &[0]]),
        ("zeros in front", vec![&[0], r, &[0], s]),
        ("nothing", vec![]),
    ] {
        rows.refused(&format!("ES256: {what}"), "token_signature", with(&parts));
    }
}

fn ed25519(rows: &mut Rows, forge: &Forge) {
    let token = forge.good("EdDSA");
    let (message, signature) = token.rsplit_once('.').expect("a signature");
    let signature = decode(signature);
    let (r, s) = signature.split_at(32);
    let mut identity = [0; 32];
    identity[0] = 1;
    let with = |parts: &[&[u8]]| format!("{message}.{}", encode(parts.concat()));
    for (what, parts) in [
        ("S + L", vec![r, &beyond_the_order(s)[..]]),
        ("R of low order", vec![&identity, s]),
        ("R of low order, S = 0", vec![&identity, &[0; 32]]),
        ("zeros", vec![&[0; 64]]),
        ("a byte short", vec![r, &s[..31]]),
    ] {
        rows.refused(&format!("EdDSA: {what}"), "token_signature", with(&parts));
    }
}

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
            u8::try_from(digit.rem_euclid(256)).expect("a byte")
        })
        .collect();
    out.reverse();
    out
}

/// S + L, the same number to a careless reader (RFC 8032 5.1.7).
fn beyond_the_order(s: &[u8]) -> Vec<u8> {
    const L: [u8; 16] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14,
    ];
    let mut order = [0; 32];
    order[..16].copy_from_slice(&L);
    order[31] = 0x10;
    let mut carry = 0;
    s.iter()
        .zip(order)
        .map(|(s, order)| {
            let sum = u16::from(*s) + u16::from(order) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        })
        .collect()
}
