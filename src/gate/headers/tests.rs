//! What the app is told, and what no client can tell it.

use super::*;
use crate::gate::origin::PublicOrigin;
use crate::gate::policy::{self, Presented};
use crate::gate::route::Access;
use crate::gate::tests::support::{Dice, NOW, origin, proof};

mod rules;

fn person() -> Person {
    Person {
        user: "kirsten".to_owned(),
        email: Some("kirsten@example.org".to_owned()),
        name: Some("Kirsten Holm".to_owned()),
        groups: vec!["Editors".to_owned(), "Brand-Nordics".to_owned()],
        access_right: Some("Local Company".to_owned()),
        attributes: Vec::new(),
    }
}

fn told(person: &Person) -> Vec<(String, String)> {
    let told = HeaderRules::default()
        .tell(person, &Evidence::default())
        .unwrap();
    told.set(NOW)
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
        .collect()
}

fn is_managed(name: &str) -> bool {
    HeaderRules::default().is_managed(name)
}

fn one(person: &Person, name: &str) -> Option<String> {
    let mut found = told(person).into_iter().filter(|(n, _)| n == name);
    let value = found.next().map(|(_, value)| value);
    assert!(found.next().is_none(), "{name} twice");
    value
}

fn edits(access: Access, client: Option<&str>, origin: &PublicOrigin) -> HeaderEdits {
    let permit = policy::judge(access, || Presented::Person(person().into(), proof())).unwrap();
    edits_of(&permit, client, origin)
}

fn edits_of(permit: &Permit, client: Option<&str>, origin: &PublicOrigin) -> HeaderEdits {
    let client = client.map(|client| client.parse().unwrap());
    let rules = HeaderRules::default();
    let origin = Arc::new(OriginHeaders::new(origin));
    let tell = |person: &Person| rules.tell(person, &Evidence::default()).map(Arc::new);
    rules.edits(permit, tell, &origin, client, NOW).unwrap()
}

fn value<'e>(edits: &'e HeaderEdits, name: &str) -> Option<&'e str> {
    let found: Vec<_> = edits.set().filter(|(n, _)| **n == name).collect();
    assert!(found.len() <= 1, "{name} twice");
    found.first().map(|(_, value)| value.to_str().unwrap())
}

/// Names of the presets that the contract lists (field.md 4), and the rest of
/// what is removed whatever is configured.
const NAMES: &[&str] = &[
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Name",
    "X-Access-Right",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-Auth-Request-Groups",
    "X-Auth-Request-Preferred-Username",
    "X-Auth-Request-Access-Token",
    "X-Auth-Request-Redirect",
    "GAP-Auth",
    "GAP-Signature",
    "x-amzn-oidc-accesstoken",
    "x-amzn-oidc-identity",
    "x-amzn-oidc-data",
    "Remote-User",
    "Remote-Groups",
    "Remote-Name",
    "Remote-Email",
    "X-authentik-username",
    "X-authentik-groups",
    "X-authentik-entitlements",
    "X-authentik-email",
    "X-authentik-name",
    "X-authentik-uid",
    "X-authentik-jwt",
    "X-authentik-meta-jwks",
    "X-authentik-meta-outpost",
    "X-authentik-meta-provider",
    "X-authentik-meta-app",
    "X-authentik-meta-version",
    "X-WEBAUTH-USER",
    "X-WEBAUTH-NAME",
    "X-WEBAUTH-EMAIL",
    "X-WEBAUTH-ROLE",
    "X-WEBAUTH-GROUPS",
    "X-Wonderwall-Id-Token",
    "X-Pomerium-Jwt-Assertion",
    "X-Pomerium-Claim-Email",
    "Cf-Access-Jwt-Assertion",
    "Cf-Access-Authenticated-User-Email",
    "x-goog-iap-jwt-assertion",
    "x-goog-authenticated-user-email",
    "x-goog-authenticated-user-id",
    "OIDC_CLAIM_sub",
    "OIDC_access_token",
    "OIDC_access_token_expires",
    "OIDC_id_token_payload",
    "OIDC_signed_jwt",
    "X-Vouch-User",
    "X-Vouch-Success",
    "X-Vouch-IdP-Claims-Email",
    "X-Vouch-IdP-AccessToken",
    "X-Vouch-IdP-IdToken",
    "X-MS-CLIENT-PRINCIPAL",
    "X-MS-CLIENT-PRINCIPAL-ID",
    "X-MS-CLIENT-PRINCIPAL-NAME",
    "X-MS-CLIENT-PRINCIPAL-IDP",
    "X-MS-TOKEN-AAD-ACCESS-TOKEN",
    "X-MS-TOKEN-AAD-ID-TOKEN",
    "X-Auth-Email",
    "X-Auth-Groups",
    "X-Auth-Roles",
    "X-Auth-Subject",
    "X-Auth-Userid",
    "X-Auth-Username",
    "X-JWT-Payload",
    "X-Remote-User",
    "X-Remote-Groups",
    "Proxy",
    "X-Vestibule-Assertion",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "Forwarded",
    "X-Real-IP",
];

#[test]
fn a_spoofed_name_is_removed_in_every_spelling() {
    for name in NAMES {
        for spelling in [
            (*name).to_owned(),
            name.to_lowercase(),
            name.to_uppercase(),
            name.replace('-', "_"),
            name.replace('_', "-"),
            name.replace(['-', '_'], "."),
            name.replace(['-', '_'], "!").to_lowercase(),
            name.replace(['-', '_'], "~"),
            name.replacen('-', "_", 1).to_uppercase(),
            name.replacen(['-', '_'], "|", 1),
        ] {
            assert!(is_managed(&spelling), "{spelling}");
        }
    }
}

#[test]
fn every_legal_spelling_of_a_name_is_removed() {
    // All characters of a header name (RFC 9110 5.6.2) that are no letter and no digit.
    let separators: Vec<char> = "!#$%&'*+-.^_`|~".chars().collect();
    let mut dice = Dice::new(1);
    for _ in 0..20_000 {
        let spelling: String = dice
            .pick(NAMES)
            .to_owned()
            .chars()
            .map(|c| match c {
                '-' | '_' => *dice.pick(&separators),
                c if dice.below(2) == 0 => c.to_ascii_uppercase(),
                c => c.to_ascii_lowercase(),
            })
            .collect();
        assert!(is_managed(&spelling), "{spelling}");
        let name = http::HeaderName::from_bytes(spelling.as_bytes()).unwrap();
        assert!(is_managed(name.as_str()), "{spelling}");
    }
}

#[test]
fn other_headers_are_the_clients_business() {
    for name in [
        "Accept",
        "Authorization",
        "Cookie",
        "Host",
        "User-Agent",
        "X-Requested-With",
        "X-Forwarded",
        "X-ForwardedUser",
        "XForwarded-User",
        "Remote",
        "Remote-Users",
        "X-Request-Id",
        "X-CSRF-Token",
        "X-Original",
        "Traceparent",
        "X-Amzn-Trace-Id",
        "X-MS-Client-Request-Id",
        "Forwarded-For",
        "Content-Type",
        "Sec-Fetch-Mode",
        "X-Accessright",
    ] {
        assert!(!is_managed(name), "{name}");
    }
}

#[test]
fn everything_that_is_set_is_also_removed() {
    let edits = edits(Access::SignedIn, Some("2001:db8::1"), &origin());
    assert_eq!(edits.set().count(), 11);
    for (name, _) in edits.set() {
        assert!(is_managed(name.as_str()), "{name}");
    }
}

#[test]
fn a_person_is_told_in_the_preset_vestibule() {
    let expected = [
        ("x-forwarded-user", "kirsten"),
        ("x-forwarded-email", "kirsten@example.org"),
        ("x-forwarded-name", "Kirsten Holm"),
        ("x-forwarded-groups", "Editors,Brand-Nordics"),
        ("x-access-right", "Local Company"),
    ];
    let told = told(&person());
    let told: Vec<_> = told.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(told, expected);
}

#[test]
fn what_a_person_lacks_is_absent_never_empty() {
    let bare = Person {
        email: None,
        name: None,
        groups: Vec::new(),
        access_right: None,
        attributes: Vec::new(),
        ..person()
    };
    assert_eq!(
        told(&bare),
        [("x-forwarded-user".to_owned(), "kirsten".to_owned())]
    );
}

#[test]
fn bytes_beyond_visible_ascii_and_percent_are_encoded() {
    for (text, expected) in [
        ("Jørgen", "J%C3%B8rgen"),
        ("100%", "100%25"),
        ("%41", "%2541"),
        ("a b", "a b"),
        (" a ", "a"),
        ("a\tb", "a%09b"),
        ("a\r\nX-Admin: yes", "a%0D%0AX-Admin: yes"),
        ("a\u{0}b\u{7f}", "a%00b%7F"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("\u{1f600}", "%F0%9F%98%80"),
        (
            "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~",
            "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~",
        ),
    ] {
        let named = Person {
            name: Some(text.to_owned()),
            access_right: Some(text.to_owned()),
            ..person()
        };
        assert_eq!(one(&named, "x-forwarded-name").as_deref(), Some(expected));
        assert_eq!(one(&named, "x-access-right").as_deref(), Some(expected));
    }
}

#[test]
fn a_group_that_would_read_as_several_is_left_out() {
    for (groups, expected) in [
        (vec!["x,admins"], None),
        (vec!["a", "x,admins", "b"], Some("a,b")),
        (vec!["a", "b\nc"], Some("a")),
        (vec!["a\u{0}", "\u{85}b", "c"], Some("c")),
        (vec![",", "a"], Some("a")),
        (vec!["Local Company", "R&D"], Some("Local Company,R&D")),
        (vec!["café", "50%"], Some("caf%C3%A9,50%25")),
        // Encoded, a comma of another script is no comma.
        (vec!["a，b", "c"], Some("a%EF%BC%8Cb,c")),
    ] {
        let left_out = groups
            .iter()
            .any(|g| g.contains(',') || g.contains(char::is_control));
        let person = Person {
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..person()
        };
        assert_eq!(
            one(&person, "x-forwarded-groups").as_deref(),
            expected,
            "{groups:?}"
        );
        let permit = policy::judge(Access::SignedIn, || {
            Presented::Person(person.into(), proof())
        })
        .unwrap();
        let edits = edits_of(&permit, None, &origin());
        let names: &[&str] = if left_out {
            &["x-forwarded-groups"]
        } else {
            &[]
        };
        assert_eq!(edits.left_out(), names, "{groups:?}");
    }
}

#[test]
fn no_value_is_longer_than_8_kib() {
    let of = |user: String| {
        let person = Person { user, ..person() };
        HeaderRules::default()
            .tell(&person, &Evidence::default())
            .map(|_| ())
    };
    assert_eq!(of("u".repeat(VALUE_MAX)), Ok(()));
    assert_eq!(of("u".repeat(VALUE_MAX + 1)), Err(Untellable::TooLong));
    // What counts is what is sent.
    assert_eq!(of("é".repeat(VALUE_MAX / 6)), Ok(()));
    assert_eq!(of("é".repeat(VALUE_MAX / 6 + 1)), Err(Untellable::TooLong));
    let groups = |count: usize| {
        let groups = (0..count).map(|n| format!("{n:042}")).collect();
        HeaderRules::default()
            .tell(&Person { groups, ..person() }, &Evidence::default())
            .map(|_| ())
    };
    assert_eq!(groups(190), Ok(()));
    assert_eq!(groups(191), Err(Untellable::TooLong));
}

#[test]
fn values_are_legal_whatever_the_claims_say() {
    let mut dice = Dice::new(2);
    let alphabet: Vec<char> = "aB0 ,;:%\"\\\r\n\t\u{0}\u{1f}\u{7f}\u{80}é日\u{2028}\u{feff}😀"
        .chars()
        .collect();
    for _ in 0..10_000 {
        let mut text =
            || -> String { (0..dice.below(12)).map(|_| *dice.pick(&alphabet)).collect() };
        let person = Person {
            user: text().replace(char::is_control, ""),
            email: Some(text()),
            name: Some(text()),
            groups: vec![text(), text(), text()],
            access_right: Some(text()),
            attributes: Vec::new(),
        };
        let honest = person
            .groups
            .iter()
            .filter(|g| !g.contains(',') && !g.contains(char::is_control) && !g.trim().is_empty())
            .count();
        for (name, value) in told(&person) {
            assert!(
                value.bytes().all(|b| (0x20..0x7f).contains(&b)),
                "{value:?}"
            );
            if name == "x-forwarded-groups" {
                assert_eq!(value.split(',').count(), honest, "{person:?} {value:?}");
            }
        }
    }
}

#[test]
fn the_app_learns_where_it_is_from_the_public_origin_alone() {
    let local = PublicOrigin::parse("http://localhost:8080").unwrap();
    let v6 = PublicOrigin::parse("http://[::1]:8080").unwrap();
    for (origin, proto, host, port) in [
        (origin(), "https", "wiki.example.com", "443"),
        (local, "http", "localhost:8080", "8080"),
        (v6, "http", "[::1]:8080", "8080"),
    ] {
        let edits = edits(Access::SignedIn, None, &origin);
        assert_eq!(value(&edits, "x-forwarded-proto"), Some(proto));
        assert_eq!(value(&edits, "x-forwarded-host"), Some(host));
        assert_eq!(value(&edits, "x-forwarded-port"), Some(port));
        for name in ["x-forwarded-for", "x-real-ip", "forwarded"] {
            assert_eq!(value(&edits, name), None, "without a known peer");
        }
    }
    for (client, forwarded) in [
        (
            "203.0.113.7",
            "for=203.0.113.7;host=\"wiki.example.com\";proto=https",
        ),
        (
            "2001:db8::1",
            "for=\"[2001:db8::1]\";host=\"wiki.example.com\";proto=https",
        ),
    ] {
        let edits = edits(Access::SignedIn, Some(client), &origin());
        assert_eq!(value(&edits, "x-forwarded-for"), Some(client));
        assert_eq!(value(&edits, "x-real-ip"), Some(client));
        assert_eq!(value(&edits, "forwarded"), Some(forwarded));
    }
}

#[test]
fn a_public_route_tells_of_no_one() {
    let edits = edits(Access::Public, Some("203.0.113.7"), &origin());
    assert_eq!(edits.set().count(), 6);
    for name in [
        "x-forwarded-user",
        "x-forwarded-email",
        "x-forwarded-name",
        "x-forwarded-groups",
        "x-access-right",
    ] {
        assert_eq!(value(&edits, name), None);
    }
}

#[test]
fn other_spellings_of_framing_fields_are_removed_and_the_fields_stay() {
    for name in [
        "content_length",
        "Content.Length",
        "transfer_encoding",
        "TRANSFER_Encoding",
    ] {
        assert!(is_managed(&name.to_ascii_lowercase()), "{name}");
    }
    for name in ["content-length", "transfer-encoding"] {
        assert!(!is_managed(name), "{name}");
    }
}
