//! Presets and configured headers.

use serde_json::{Map, json};

use super::*;
use crate::gate::assertion::key::AssertionKey;
use crate::gate::headers::preset::WORDS;
use crate::gate::tests::support::NOW;

fn template(name: &str, text: &str, encoding: Encoding) -> (Name, Says) {
    let template = Template::parse(text).unwrap();
    let says = Says::Template {
        template,
        join: None,
        encoding,
    };
    (Name::parse(name).unwrap(), says)
}

/// A template whose text came from a file or a variable.
fn from_source(name: &str, text: &str) -> (Name, Says) {
    let template = Template::parse(text).unwrap().from_source();
    let says = Says::Template {
        template,
        join: None,
        encoding: Encoding::Raw,
    };
    (Name::parse(name).unwrap(), says)
}

fn secret(name: &str) -> (Name, Says) {
    let mut secret = HeaderValue::from_static("s3cr3t");
    secret.set_sensitive(true);
    (Name::parse(name).unwrap(), Says::Secret(secret))
}

fn claims() -> Map<String, Value> {
    let claims = json!({
        "iss": "https://id.example.com",
        "sub": "d3a4",
        "preferred_username": "kirsten.h",
        "cognito:groups": ["Editors", "x,admins"],
        "email_verified": true,
        "nonce": "n-7Yh2kQ",
        "name": "Søren",
        "auth_time": 1_790_000_000,
        "address": { "country": "DK" },
        "evil": "a\nb",
        "void": null,
        "a b": "one",
        "a-b": "two",
    });
    claims.as_object().unwrap().clone()
}

fn all(rules: &HeaderRules, person: &Person) -> Vec<(String, String)> {
    let claims = claims();
    let evidence = Evidence {
        sub: "d3a4",
        provider: "corp",
        claims: Some(&claims),
        id_token: IdToken::Text("eyJ.t.t"),
        ..Evidence::default()
    };
    let told = rules.tell(person, &evidence).unwrap();
    let text = |value: &HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
    told.set(NOW)
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

#[test]
fn every_row_of_every_preset_is_a_good_one_and_its_name_is_managed() {
    assert_eq!(WORDS.len(), Preset::ALL.len());
    for preset in Preset::ALL {
        for row in preset.rows() {
            let name = Name::parse(row.name).unwrap();
            let bearer = *preset == Preset::Bearer;
            assert_eq!(is_managed(name.as_str()), !bearer, "{name}");
            if let RowWhat::Template(text) = row.what {
                let template = Template::parse(text).unwrap();
                assert_eq!(template.holds_token(), bearer, "{name}");
            }
        }
        let rules = HeaderRules::new(&[*preset], Vec::new());
        assert_eq!(rules.lines.len(), preset.rows().len(), "{preset:?}");
    }
}

#[test]
fn every_claim_is_sent_as_mod_auth_openidc_does() {
    let rules = HeaderRules::new(&[Preset::ModAuthOpenidc], Vec::new());
    let mut told = all(&rules, &person());
    told.sort();
    let told: Vec<_> = told.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let expected = [
        ("OIDC_CLAIM_address", "{\"country\":\"DK\"}"),
        ("OIDC_CLAIM_auth_time", "1790000000"),
        ("OIDC_CLAIM_cognito-groups", "Editors"),
        ("OIDC_CLAIM_email_verified", "1"),
        ("OIDC_CLAIM_iss", "https://id.example.com"),
        ("OIDC_CLAIM_name", "Søren"),
        ("OIDC_CLAIM_preferred_username", "kirsten.h"),
        ("OIDC_CLAIM_sub", "d3a4"),
        ("Remote-User", "kirsten"),
    ];
    assert_eq!(told, expected);
    let claims = claims();
    let evidence = Evidence {
        claims: Some(&claims),
        ..Evidence::default()
    };
    let edits = rules.tell(&person(), &evidence).unwrap();
    let mut left_out: Vec<_> = edits.left_out().iter().map(ToString::to_string).collect();
    left_out.sort();
    assert_eq!(
        left_out,
        [
            "OIDC_CLAIM_a-b",
            "OIDC_CLAIM_a-b",
            "OIDC_CLAIM_cognito-groups",
            "OIDC_CLAIM_evil"
        ]
    );
    let many: Map<String, Value> = (0..200).map(|n| (format!("c{n}"), json!("x"))).collect();
    let evidence = Evidence {
        claims: Some(&many),
        ..Evidence::default()
    };
    assert_eq!(
        rules.tell(&person(), &evidence).map(|_| ()),
        Err(Untellable::TooLong)
    );
}

#[test]
fn no_claim_is_told_under_the_name_of_another() {
    let rules = HeaderRules::new(&[Preset::ModAuthOpenidc], Vec::new());
    let told = |claims: &Value| {
        let claims = claims.as_object().unwrap().clone();
        let evidence = Evidence {
            claims: Some(&claims),
            ..Evidence::default()
        };
        let told = rules.tell(&person(), &evidence).unwrap();
        let set = told.set(NOW).filter(|(name, _)| **name != "remote-user");
        let set: Vec<_> = set
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect();
        (set, told.left_out().len())
    };
    for (name, forged) in [
        ("iss", "Iss"),
        ("sub", "SUB"),
        ("aud", "aUd"),
        ("email", "Email"),
        ("email", "EMAIL"),
        ("email_verified", "email-verified"),
        ("email_verified", "Email_Verified"),
        ("email_verified", "email.verified"),
        ("email_verified", "email verified"),
        ("preferred_username", "preferred:username"),
        ("auth_time", "auth-time"),
        ("groups", "Groups"),
        ("cognito:groups", "cognito-groups"),
        ("cognito:groups", "Cognito:Groups"),
        ("cognito:groups", "cognito:Groups"),
        ("cognito:username", "cognito_username"),
        ("cognito:whatever", "cognito.whatever"),
        ("phone_number", "Phone_Number"),
    ] {
        // Alone, as where the true one is not believed.
        assert_eq!(told(&json!({ forged: "forged" })), (vec![], 1), "{forged}");
        let (set, left_out) = told(&json!({ name: "true", forged: "forged" }));
        let values: Vec<_> = set
            .iter()
            .map(|(_, value)| value.to_str().unwrap())
            .collect();
        assert_eq!((values, left_out), (vec!["true"], 1), "{forged}");
    }
    for secret in ["Nonce", "NONCE", "at-hash"] {
        assert_eq!(told(&json!({ secret: "x" })).0, [], "{secret}");
    }
    // Of others nobody knows which one is meant.
    let doubles = json!({ "Dept": "a", "dept": "b", "DEPT": "c", "Team": "d" });
    let (set, left_out) = told(&doubles);
    let names: Vec<_> = set.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names, left_out), (vec!["OIDC_CLAIM_Team"], 3));
}

#[test]
fn an_entitlement_of_authentik_is_one_of_a_list() {
    let rules = HeaderRules::new(&[Preset::Authentik], Vec::new());
    for (right, expected) in [("Editor", Some("Editor")), ("Editor|Admin", None)] {
        let person = Person {
            access_right: Some(right.to_owned()),
            groups: vec!["a|b".to_owned(), "c".to_owned()],
            ..person()
        };
        let told = all(&rules, &person);
        let of = |name: &str| {
            let mut found = told.iter().filter(|(n, _)| n == name);
            found.next().map(|(_, value)| value.as_str())
        };
        assert_eq!(of("X-authentik-entitlements"), expected, "{right}");
        assert_eq!(of("X-authentik-groups"), Some("c"));
    }
}

#[test]
fn nothing_that_people_say_of_themselves_breaks_out_of_azures_principal() {
    use base64::Engine;
    let rules = HeaderRules::new(&[Preset::AzureEasyAuth], Vec::new());
    let evil = "\"},{\"typ\":\"http://schemas.microsoft.com/ws/2008/06/identity/claims/role\",\"val\":\"Admin\\\u{2028}";
    let person = Person {
        user: evil.to_owned(),
        email: Some(format!("{evil}@x")),
        name: Some(evil.to_owned()),
        groups: vec![evil.to_owned(), "a\nb".to_owned()],
        access_right: Some("Reader".to_owned()),
        attributes: Vec::new(),
    };
    let told = all(&rules, &person);
    let (_, value) = told
        .iter()
        .find(|(name, _)| name == "X-MS-CLIENT-PRINCIPAL")
        .unwrap();
    let json = base64::engine::general_purpose::STANDARD
        .decode(value)
        .unwrap();
    let principal: Value = serde_json::from_slice(&json).unwrap();
    let claims = principal["claims"].as_array().unwrap();
    let roles: Vec<_> = claims
        .iter()
        .filter(|claim| claim["typ"] == principal["role_typ"])
        .collect();
    assert_eq!(
        roles,
        [&json!({ "typ": principal["role_typ"], "val": "Reader" })]
    );
    let names: Vec<_> = claims
        .iter()
        .filter(|claim| claim["typ"] == principal["name_typ"])
        .collect();
    assert_eq!(
        names,
        [&json!({ "typ": principal["name_typ"], "val": evil })]
    );
    assert_eq!(claims.len(), 7, "{claims:?}");
}

#[test]
fn a_configured_header_goes_before_a_preset_and_an_earlier_preset_before_a_later_one() {
    let set = vec![
        template("remote_user", "{email}", Encoding::Raw),
        template("OIDC_CLAIM_sub", "{provider}", Encoding::Raw),
    ];
    let presets = [
        Preset::Vestibule,
        Preset::Oauth2Proxy,
        Preset::Authelia,
        Preset::ModAuthOpenidc,
    ];
    let rules = HeaderRules::new(&presets, set);
    let jorgen = Person {
        name: Some("Jørgen".to_owned()),
        ..person()
    };
    let told = all(&rules, &jorgen);
    let of = |name: &str| -> Vec<&str> {
        let same = told
            .iter()
            .filter(|(n, _)| normalised(n) == normalised(name));
        same.map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(of("Remote-User"), ["kirsten@example.org"]);
    assert_eq!(of("OIDC_CLAIM_sub"), ["corp"]);
    assert_eq!(of("X-Forwarded-Name"), ["J%C3%B8rgen"]);
    assert_eq!(of("X-Forwarded-Preferred-Username"), ["kirsten.h"]);
    assert_eq!(of("Remote-Name"), ["Jørgen"]);
    let mut names: Vec<_> = told.iter().map(|(name, _)| normalised(name)).collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
}

#[test]
fn a_configured_name_is_removed_in_every_spelling_and_others_are_not() {
    let set = vec![
        template("X-Company-User", "{user}", Encoding::Raw),
        secret("X-Proxy-Secret"),
    ];
    let rules = HeaderRules::new(&[Preset::Vestibule], set);
    let separators: Vec<char> = "!#$%&'*+-.^_`|~".chars().collect();
    let mut dice = Dice::new(3);
    for _ in 0..5_000 {
        for name in ["X-Company-User", "X-Proxy-Secret"] {
            let spelling: String = name
                .chars()
                .map(|c| match c {
                    '-' => *dice.pick(&separators),
                    c if dice.below(2) == 0 => c.to_ascii_uppercase(),
                    c => c.to_ascii_lowercase(),
                })
                .collect();
            assert!(rules.is_managed(&spelling), "{spelling}");
            assert!(!is_managed(&spelling), "{spelling} is not built in");
        }
    }
    for name in ["X-Company-Users", "X-Company", "Authorization"] {
        assert!(!rules.is_managed(name), "{name}");
    }
    let bearer = template("Authorization", "Bearer {id_token}", Encoding::Raw);
    assert!(HeaderRules::new(&[], vec![bearer]).is_managed("authorization"));
    assert!(HeaderRules::new(&[Preset::Bearer], Vec::new()).is_managed("Authorization"));
}

#[test]
fn names_of_the_connection_and_of_the_origin_cannot_be_configured() {
    for name in [
        "Host",
        "Cookie",
        "Connection",
        "Keep-Alive",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "Content-Length",
        "Proxy-Authorization",
        "Proxy-Connection",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "X_Forwarded_For",
        "x.forwarded.host",
        "Forwarded",
        "X-Real-IP",
        "Proxy",
        "Set-Cookie",
        "transfer_encoding",
    ] {
        assert_eq!(Name::parse(name), Err(NameError::Reserved), "{name}");
    }
    for name in ["", "a b", "X-Ü", "X:", "a\r\nb"] {
        assert_eq!(Name::parse(name), Err(NameError::NotAName), "{name:?}");
    }
    for name in ["Authorization", "X-Remote-User", "REMOTE_USER", "X.Y"] {
        assert_eq!(
            Name::parse(name).unwrap().as_written().as_ref(),
            name.as_bytes()
        );
    }
}

#[test]
fn the_assertion_has_its_header_for_itself_and_no_client_can_send_one() {
    let asserter = || {
        let keys = vec![AssertionKey::generate().unwrap()];
        Asserter::new("wiki".to_owned(), keys).unwrap()
    };
    let name = |name: &str| Name::parse(name).unwrap();
    let rules = HeaderRules::new(&[Preset::Vestibule, Preset::ModAuthOpenidc], Vec::new());
    let own = rules.clone().with_assertion(name("X-Signed"), asserter());
    for spelling in ["X-Signed", "x_signed", "X.SIGNED"] {
        assert!(own.is_managed(spelling) && !rules.is_managed(spelling));
    }
    assert!(own.is_managed("Remote-User") && own.is_managed("X-Forwarded-User"));
    // Beside presets that would set the same, it alone is sent.
    for taken in ["remote_user", "OIDC_CLAIM_sub"] {
        let rules = rules.clone().with_assertion(name(taken), asserter());
        let claims = claims();
        let evidence = Evidence {
            claims: Some(&claims),
            ..Evidence::default()
        };
        let told = rules.tell(&person(), &evidence).unwrap();
        let same = |found: &Name| found.normalised() == normalised(taken);
        assert!(told.set(NOW).all(|(name, _)| !same(name)), "{taken}");
        assert!(told.assertion().is_some_and(|(name, _)| same(name)));
        let shown = rules.shown(&person(), &evidence, NOW).unwrap();
        assert!(
            shown.contains(&(taken.to_owned(), "(token)".to_owned())),
            "{shown:?}"
        );
    }
    // What does not fit, and who cannot be named, is refused here as elsewhere.
    let of = |person: &Person| own.tell(person, &Evidence::default()).map(|_| ());
    let named = |name: usize| Person {
        name: Some("x".repeat(name)),
        ..person()
    };
    assert_eq!(of(&named(5_000)), Ok(()));
    assert_eq!(of(&named(6_500)), Err(Untellable::TooLong));
    let bare = HeaderRules::new(&[], Vec::new()).with_assertion(name("X-Signed"), asserter());
    let evil = Person {
        user: "a\nb".to_owned(),
        ..person()
    };
    let told = bare.tell(&evil, &Evidence::default()).map(|_| ());
    assert_eq!(told, Err(Untellable::ControlInUser));
}

#[test]
fn a_person_sees_neither_secrets_nor_tokens() {
    let set = vec![
        secret("X-Proxy-Secret"),
        template("Authorization", "Bearer {id_token}", Encoding::Raw),
        template("X-Latin", "{name}", Encoding::Latin1),
        from_source("X-Told", "Basic {user}:hunter2"),
    ];
    let rules = HeaderRules::new(&[Preset::RemoteUser], set);
    assert!(!format!("{rules:?}").contains("hunter2"));
    let person = Person {
        name: Some("Søren".to_owned()),
        ..person()
    };
    let evidence = Evidence {
        id_token: IdToken::Text("eyJ.t.t"),
        ..Evidence::default()
    };
    let shown = rules.shown(&person, &evidence, NOW).unwrap();
    let shown: Vec<_> = shown
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let expected = [
        ("Remote-User", "kirsten"),
        ("X-Proxy-Secret", "(secret)"),
        ("Authorization", "(token)"),
        ("X-Latin", "Søren"),
        ("X-Told", "(secret)"),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn debug_shows_no_value() {
    let rules = HeaderRules::new(&[Preset::Vestibule], vec![secret("X-Proxy-Secret")]);
    let edits = rules.tell(&person(), &Evidence::default()).unwrap();
    let evidence = Evidence {
        sub: "d3a4",
        id_token: IdToken::Text("eyJ"),
        access_token: Some(AccessToken {
            text: "eyA",
            ends: NOW,
        }),
        ..Evidence::default()
    };
    let values: Vec<_> = edits.set(NOW).collect();
    let text = format!("{rules:?} {edits:?} {evidence:?} {values:?}");
    for secret in ["s3cr3t", "kirsten", "d3a4", "eyJ", "eyA"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn every_preset_gives_legal_values_for_whatever_the_claims_say() {
    let mut dice = Dice::new(4);
    let alphabet: Vec<char> = "aB0 ,;|:%\"\\\r\n\t\u{0}\u{1f}\u{7f}\u{80}é日\u{2028}\u{feff}😀{}=?"
        .chars()
        .collect();
    let rules: Vec<_> = Preset::ALL
        .iter()
        .map(|preset| HeaderRules::new(&[*preset], Vec::new()))
        .collect();
    for _ in 0..500 {
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
        let claims: Map<String, Value> = (0..6)
            .map(|_| (text(), json!([text(), { "x": text() }, text()])))
            .collect();
        let (sub, provider) = (text(), text());
        let evidence = Evidence {
            sub: &sub,
            provider: &provider,
            claims: Some(&claims),
            id_token: IdToken::Text("t"),
            access_token: Some(AccessToken {
                text: &sub,
                ends: NOW.plus(1),
            }),
            ..Evidence::default()
        };
        for rules in &rules {
            let edits = rules.tell(&person, &evidence).unwrap();
            for (name, value) in edits.set(NOW) {
                let bytes = value.as_bytes();
                let text = std::str::from_utf8(bytes).unwrap();
                assert!(!text.contains(char::is_control), "{name} {text:?}");
                assert!(rules.is_managed(name.as_str()), "{name}");
            }
        }
    }
}
