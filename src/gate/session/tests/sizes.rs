//! How large the sessions of typical users are, part by part, as cookies.
//!
//! Tokens are of the lengths that were measured at Cognito (cognito.md 2.7).
//! `cargo test --lib sizes -- --nocapture` prints the table.

use serde_json::Value;

use super::*;
use crate::gate::cookie::{Cookies, Presented};
use crate::gate::seal::{Context, KeyRing, OVERHEAD, Purpose, SecretKey};
use crate::gate::tests::support::{Jar, ORIGIN, access_claims, identity_now, origin};
use crate::gate::wire::Writer;

/// Of a local user, in characters: cognito.md 2.7.
const ID_TOKEN: usize = 1_407;
const ACCESS_TOKEN: usize = 1_026;
const REFRESH_TOKEN: usize = 1_710;
/// What the session itself may take beside tokens and claims, in bytes.
const OWN_MAX: usize = 100;

/// A signed token of these claims, filled up to at least so many characters.
fn token(mut claims: Value, at_least: usize) -> String {
    let mut token = key().sign(&claims);
    let mut filling = String::new();
    while token.len() < at_least {
        filling.push('f');
        claims["custom:filling"] = json!(filling);
        token = key().sign(&claims);
    }
    token
}

/// Opaque, of five parts like Cognito's.
fn refresh_token() -> String {
    let mut dice = Dice::new(3);
    let mut part = |length: usize| -> String {
        let letters: Vec<char> = ('A'..='Z').chain('a'..='z').collect();
        // The last letter has no bits over, else it would not be strict base64url.
        (1..length)
            .map(|_| *dice.pick(&letters))
            .chain(['A'])
            .collect()
    };
    let parts = [part(76), part(342), part(16), part(1_250), part(22)];
    let token = parts.join(".");
    assert_eq!(token.len(), REFRESH_TOKEN);
    token
}

fn groups(count: usize, length: usize) -> Vec<String> {
    (0..count).map(|n| format!("{n:0>length$}")).collect()
}

fn userinfo_claims() -> KeptClaims {
    let mut out = Writer::new(0);
    out.bytes(b"{}");
    out.bytes(br#"{"department":"Brand Management","groups":["Editors","Brand-Nordics"]}"#);
    KeptClaims::decode(&mut Reader::new(&out.finish(), 0).unwrap()).unwrap()
}

fn encoded(kept: &KeptClaims) -> usize {
    let mut out = Writer::new(0);
    kept.encode(&mut out);
    out.finish().len() - 1
}

/// A session's bytes, by what they are for.
fn parts(session: &Session, sealed: &str) -> [(&'static str, usize); 9] {
    let bytes = session.encode(NOW).len();
    let packed =
        |token: &str| -> Vec<usize> { token.split('.').map(|part| part.len() * 3 / 4).collect() };
    let [header, payload, signature] = packed(session.id_token())[..] else {
        panic!("an ID token has three parts");
    };
    let whole =
        |token: Option<&Zeroizing<String>>| token.map_or(0, |token| packed(token).iter().sum());
    let refresh = whole(session.refresh_token());
    let access = whole(session.access_token());
    let kept = encoded(session.kept());
    let tokens = header + payload + signature + refresh + access;
    [
        ("ID token's header", header),
        ("its payload", payload),
        ("its signature", signature),
        ("refresh token", refresh),
        ("access token", access),
        ("kept claims", kept),
        ("session", bytes - tokens - kept),
        ("sealing", OVERHEAD),
        ("base64", sealed.len() - bytes - OVERHEAD),
    ]
}

/// Seals as a login does, and takes the cookies through a browser's jar.
fn carried(session: &Session) -> (String, Vec<String>) {
    let mut dice = Dice::new(4);
    let mut rng = |bytes: &mut [u8]| dice.fill(bytes);
    let ring = KeyRing::new(&[SecretKey::generate(&mut rng).unwrap()]).unwrap();
    let cookies = Cookies::new(None, &origin(), "/_vestibule");
    let context = Context {
        purpose: Purpose::Session,
        name: cookies.session_name(),
        origin: ORIGIN,
    };
    let sealed = ring.seal(context, &session.encode(NOW), &mut rng).unwrap();
    let set = cookies.set_session(&sealed, &Presented::default()).unwrap();
    let mut jar = Jar::default();
    jar.take_in(set.iter().map(String::as_str));
    let header = jar.header();
    let presented = cookies.presented(std::iter::once(header.as_bytes()));
    let opened = ring
        .open(context, &presented.session_candidates()[0])
        .unwrap();
    let read = Session::decode(&opened.plain).unwrap();
    assert_eq!(read.id_token(), session.id_token());
    assert_eq!(read.refresh_token(), session.refresh_token());
    assert_eq!(read.access_token(), session.access_token());
    assert_eq!(read.kept(), session.kept());
    (sealed, set)
}

fn establish(claims: Value, access_token: Option<String>, kept: KeptClaims) -> Session {
    let tokens = SessionTokens {
        id_token: Zeroizing::new(token(claims, ID_TOKEN)),
        refresh_token: Some(Zeroizing::new(refresh_token())),
        access_token: access_token.map(Zeroizing::new),
        kept,
    };
    Session::establish(&identity_now(), "corp", tokens, [7; 16], NOW)
}

#[test]
fn the_typical_session_is_one_cookie_and_a_hundred_groups_are_chunks() {
    let none = KeptClaims::default;
    let guids = |count| json!(format!("[{}]", groups(count, 36).join(", ")));
    let federated = |count| changed(id_claims(), &json!({ "custom:groups": guids(count) }));
    let many = changed(id_claims(), &json!({ "cognito:groups": groups(100, 42) }));
    let access = token(access_claims(), ACCESS_TOKEN);
    for (user, session, cookies) in [
        ("local, 2 groups", establish(id_claims(), None, none()), 1),
        (
            "federated, 5 groups",
            establish(federated(5), None, none()),
            1,
        ),
        (
            "federated, 53 groups",
            establish(federated(53), None, none()),
            2,
        ),
        ("local, 100 groups", establish(many, None, none()), 3),
        (
            "local, access token and userinfo claims kept",
            establish(id_claims(), Some(access), userinfo_claims()),
            2,
        ),
    ] {
        let (sealed, set) = carried(&session);
        println!("{user}: {} bytes in {} cookies", sealed.len(), set.len());
        let parts = parts(&session, &sealed);
        for (part, bytes) in parts {
            println!(
                "  {part:<18}{bytes:>6}  {:>3} %",
                bytes * 100 / sealed.len()
            );
        }
        assert_eq!(set.len(), cookies, "{user}");
        assert!(set.iter().all(|cookie| cookie.len() < 4_096), "{user}");
        let total: usize = parts.iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(total, sealed.len(), "{user}");
        assert!(parts[6].1 < OWN_MAX, "{user}: {:?}", parts[6]);
    }
}
