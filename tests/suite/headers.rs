//! What the app is told, in the conventions that apps wait for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::dev_idp::{KIRSTEN, SOREN};
use crate::support::echo::Seen;
use crate::support::{Harness, Setup, records};

fn with(headers: &str) -> Harness {
    Setup {
        identity: "access_right = \"custom:access_right\"".to_owned(),
        tables: format!("[headers]\n{headers}\n"),
        ..Setup::default()
    }
    .start()
}

/// What the app gets of a person, and what it would get of nobody.
fn told(chain: &Harness, username: &str) -> Seen {
    let browser = chain.signed_in(username);
    let answer = chain.raw(&format!(
        "GET /told HTTP/1.1\r\nHost: HOST\r\nCookie: {}\r\n\r\n",
        browser.app_cookies()
    ));
    assert_eq!(answer.status, 200, "{}", answer.text());
    chain.echo.last()
}

/// A value as UTF-8; the echo keeps bytes as ISO 8859-1.
fn utf8(value: &str) -> String {
    let bytes: Vec<u8> = value.chars().map(|c| u8::try_from(c).unwrap()).collect();
    String::from_utf8(bytes).unwrap()
}

/// The headers of a request whose names are written exactly so.
fn exactly<'s>(seen: &'s Seen, name: &str) -> Vec<&'s str> {
    let same = seen.headers.iter().filter(|(n, _)| n == name);
    same.map(|(_, value)| value.as_str()).collect()
}

/// One row for each preset: its headers with a pattern for each value, where `*` is anything.
const PRESETS: &[(&str, &[(&str, &str)])] = &[
    (
        "vestibule",
        &[
            ("X-Forwarded-User", "EMAIL"),
            ("X-Forwarded-Email", "EMAIL"),
            ("X-Forwarded-Name", "Kirsten Holm"),
            ("X-Forwarded-Groups", "GROUPS,"),
            ("X-Access-Right", "RIGHT"),
        ],
    ),
    (
        "oauth2-proxy",
        &[
            ("X-Forwarded-User", "EMAIL"),
            ("X-Forwarded-Email", "EMAIL"),
            ("X-Forwarded-Groups", "GROUPS,"),
        ],
    ),
    (
        "oauth2-proxy-auth-request",
        &[
            ("X-Auth-Request-User", "EMAIL"),
            ("X-Auth-Request-Email", "EMAIL"),
            ("X-Auth-Request-Groups", "GROUPS,"),
            ("GAP-Auth", "EMAIL"),
        ],
    ),
    ("alb", &[("x-amzn-oidc-identity", "SUB")]),
    (
        "authelia",
        &[
            ("Remote-User", "EMAIL"),
            ("Remote-Groups", "GROUPS,"),
            ("Remote-Name", "Kirsten Holm"),
            ("Remote-Email", "EMAIL"),
        ],
    ),
    (
        "authentik",
        &[
            ("X-authentik-username", "EMAIL"),
            ("X-authentik-groups", "GROUPS|"),
            ("X-authentik-entitlements", "RIGHT"),
            ("X-authentik-email", "EMAIL"),
            ("X-authentik-name", "Kirsten Holm"),
            ("X-authentik-uid", "*"),
        ],
    ),
    (
        "grafana",
        &[
            ("X-WEBAUTH-USER", "EMAIL"),
            ("X-WEBAUTH-NAME", "Kirsten Holm"),
            ("X-WEBAUTH-EMAIL", "EMAIL"),
            ("X-WEBAUTH-ROLE", "RIGHT"),
            ("X-WEBAUTH-GROUPS", "GROUPS,"),
        ],
    ),
    ("remote-user", &[("Remote-User", "EMAIL")]),
    (
        "mod_auth_openidc",
        &[
            ("Remote-User", "EMAIL"),
            ("OIDC_CLAIM_sub", "SUB"),
            ("OIDC_CLAIM_email", "EMAIL"),
            ("OIDC_CLAIM_email_verified", "1"),
            ("OIDC_CLAIM_cognito-groups", "GROUPS,"),
            ("OIDC_CLAIM_custom-access_right", "RIGHT"),
        ],
    ),
    (
        "google-iap",
        &[
            (
                "x-goog-authenticated-user-email",
                "accounts.google.com:EMAIL",
            ),
            ("x-goog-authenticated-user-id", "accounts.google.com:SUB"),
        ],
    ),
    (
        "cloudflare-access",
        &[("Cf-Access-Authenticated-User-Email", "EMAIL")],
    ),
    (
        "azure-easy-auth",
        &[
            ("X-MS-CLIENT-PRINCIPAL", "*"),
            ("X-MS-CLIENT-PRINCIPAL-ID", "SUB"),
            ("X-MS-CLIENT-PRINCIPAL-NAME", "EMAIL"),
            ("X-MS-CLIENT-PRINCIPAL-IDP", "corp"),
        ],
    ),
];

#[test]
fn each_preset_sends_its_names_in_its_formats() {
    // What the others are measured by.
    let plain = with("set = { X-Sub = \"{sub}\", X-All = { value = \"{groups}\", join = \"|\" } }");
    let plain = told(&plain, KIRSTEN);
    let groups = plain.header("x-all").expect("groups").to_owned();
    let right = plain.header("x-access-right").expect("a right").to_owned();
    assert!(groups.contains('|'), "several groups are needed: {groups}");
    for (preset, rows) in PRESETS {
        let chain = with(&format!("preset = \"{preset}\""));
        let seen = told(&chain, KIRSTEN);
        let sub = {
            let claims = chain.idp().mint(KIRSTEN, "id", serde_json::json!({}));
            let payload = claims.split('.').nth(1).expect("a payload").to_owned();
            let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
            let payload: Value = serde_json::from_slice(&payload.expect("base64")).expect("JSON");
            payload["sub"].as_str().expect("a subject").to_owned()
        };
        for (name, pattern) in *rows {
            let expected = match *pattern {
                "GROUPS," => groups.replace('|', ","),
                "GROUPS|" => groups.clone(),
                other => other
                    .replace("EMAIL", KIRSTEN)
                    .replace("SUB", &sub)
                    .replace("RIGHT", &right),
            };
            let values = exactly(&seen, name);
            assert_eq!(values.len(), 1, "{preset} {name}: {}", seen.head);
            assert!(
                expected == "*" || values == [&expected],
                "{preset} {name}: {values:?}, not {expected}"
            );
        }
        // Nothing of the default preset, unless it is the same name, and no token.
        let named = |name: &str| rows.iter().any(|(n, _)| *n == name);
        for name in [
            "X-Forwarded-User",
            "X-Forwarded-Name",
            "X-Access-Right",
            "X-Forwarded-Email",
        ] {
            assert!(
                named(name) || seen.alike(name).is_empty(),
                "{preset}: {name}"
            );
        }
        assert!(!seen.head.contains("eyJhbGciOi"), "{preset}: {}", seen.head);
    }
}

#[test]
fn bearer_sends_the_access_token_and_the_clients_own_authorization_goes() {
    let chain = with(
        "preset = [\"alb\", \"bearer\"]\nset = { x-amzn-oidc-accesstoken = \"{access_token}\" }\n\
         [[route]]\npath = \"/public/*\"\naccess = \"public\"",
    );
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    for (path, spelling) in [
        ("/x", "Authorization"),
        ("/x", "authorization"),
        ("/public/x", "AUTHORIZATION"),
    ] {
        chain.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\n{spelling}: Basic ZXZpbA==\r\n\r\n"
        ));
        let seen = chain.echo.last();
        assert!(!seen.head.contains("ZXZpbA"), "{path}: {}", seen.head);
        let sent = seen.alike("authorization").len();
        assert_eq!(sent, usize::from(path == "/x"), "{path}");
    }
    let answer = chain.raw(&format!(
        "GET /x HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\n\r\n"
    ));
    assert_eq!(answer.status, 200);
    let seen = chain.echo.last();
    let authorization = seen.header("authorization").expect("a token");
    let token = authorization.strip_prefix("Bearer ").expect("a bearer");
    records::secret("token", token);
    assert_eq!(seen.header("x-amzn-oidc-accesstoken"), Some(token));
    let payload = token.split('.').nth(1).expect("a payload");
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    let payload: Value = serde_json::from_slice(&payload.expect("base64")).expect("JSON");
    assert_eq!(payload["token_use"], "access");
    assert_eq!(
        seen.header("x-amzn-oidc-identity"),
        payload["sub"].as_str(),
        "{payload}"
    );
}

#[test]
fn the_azure_principal_is_base64_of_json() {
    let chain = with("preset = [\"remote-user\", \"azure-easy-auth\"]");
    let seen = told(&chain, KIRSTEN);
    let principal = STANDARD.decode(seen.header("x-ms-client-principal").expect("a principal"));
    let principal: Value = serde_json::from_slice(&principal.expect("base64")).expect("JSON");
    assert_eq!(principal["auth_typ"], "corp");
    let name = principal["name_typ"].as_str().expect("a type");
    let claims = principal["claims"].as_array().expect("claims");
    assert!(
        claims
            .iter()
            .any(|claim| claim["typ"] == name && claim["val"] == KIRSTEN),
        "{principal}"
    );
    assert_eq!(seen.header("remote-user"), Some(KIRSTEN));
}

#[test]
fn each_encoding_brings_a_name_that_is_not_ascii_to_the_app() {
    let mut chain = with(
        "[headers.set]\n\
         X-Default = \"{name}\"\n\
         X-Raw = { value = \"{name}\", encoding = \"raw\" }\n\
         X-Percent = { value = \"{name}\", encoding = \"percent\" }\n\
         X-Base64 = { value = \"{name}\", encoding = \"base64\" }\n\
         X-Rfc2047 = { value = \"{name}\", encoding = \"rfc2047\" }\n\
         X-Latin1 = { value = \"{claim.given_name}\", encoding = \"latin1\" }\n\
         X-Unsayable = { value = \"{name}\", encoding = \"latin1\" }\n",
    );
    let seen = told(&chain, SOREN);
    let name = utf8(seen.header("x-raw").expect("a name"));
    assert!(!name.is_ascii(), "{name}");
    let percent: String = name
        .bytes()
        .map(|b| {
            if b.is_ascii() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    assert_eq!(seen.header("x-default"), Some(percent.as_str()));
    assert_eq!(seen.header("x-percent"), Some(percent.as_str()));
    assert_eq!(seen.header("x-forwarded-name"), Some(percent.as_str()));
    assert_eq!(
        seen.header("x-base64"),
        Some(STANDARD.encode(&name).as_str())
    );
    let word = format!("=?UTF-8?B?{}?=", STANDARD.encode(&name));
    assert_eq!(seen.header("x-rfc2047"), Some(word.as_str()));
    // The echo reads ISO 8859-1, which has no Ł: better no header than another name.
    assert_eq!(seen.header("x-latin1"), Some("Søren"));
    assert_eq!(seen.header("x-unsayable"), None, "{}", seen.head);
    chain.await_log(&["X-Unsayable"]);
}

#[test]
fn configured_headers_cannot_be_spoofed_in_any_spelling() {
    let secret = "proxy-secret-0123456789";
    records::secret("header secret", secret);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("header-secret");
    std::fs::write(&path, format!("{secret}\n")).expect("the secret's file");
    let chain = Setup {
        // Nobody of the emulator has it.
        identity: "attributes = { nowhere = \"custom:nowhere\" }".to_owned(),
        tables: format!(
            "[headers.set]\nX-Company-User = \"{{user}}\"\nX-Company-Missing = \"{{attribute.nowhere}}\"\n\
             X-Proxy-Secret = {{ secret = {{ file = \"{}\" }} }}\n\
             Authorization = \"Bearer {{id_token}}\"\n\
             [[route]]\npath = \"/public/*\"\naccess = \"public\"\n",
            path.display()
        ),
        ..Setup::default()
    }
    .start();
    let browser = chain.signed_in(KIRSTEN);
    let cookies = browser.app_cookies();
    for name in [
        "X-Company-User",
        "X-Company-Missing",
        "X-Proxy-Secret",
        "Authorization",
    ] {
        for spelling in [
            name.to_owned(),
            name.to_ascii_uppercase(),
            name.replace('-', "_").to_ascii_lowercase(),
            name.replace('-', "."),
            name.replacen('-', "~", 1),
        ] {
            for path in ["/private", "/public/x"] {
                chain.raw(&format!(
                    "GET {path} HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\n{spelling}: evil\r\n\r\n"
                ));
                let seen = chain.echo.last();
                assert!(!seen.head.contains("evil"), "{spelling}: {}", seen.head);
                let ours = usize::from(path == "/private" && name != "X-Company-Missing");
                assert_eq!(seen.alike(name).len(), ours, "{path} {name}: {}", seen.head);
            }
        }
    }
    chain.raw(&format!(
        "GET /private HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\n\r\n"
    ));
    let seen = chain.echo.last();
    assert_eq!(seen.header("x-company-user"), Some(KIRSTEN));
    assert_eq!(seen.header("x-proxy-secret"), Some(secret));
    let bearer = seen.header("authorization").expect("a token");
    assert!(bearer.starts_with("Bearer ey"));
    records::secret("token", bearer.trim_start_matches("Bearer "));

    let mut browser = browser;
    let page = browser.get("/_vestibule/whoami").text();
    assert!(
        page.contains("X-Company-User") && page.contains("(secret)") && page.contains("(token)"),
        "{page}"
    );
    assert!(!page.contains(secret) && !page.contains(bearer), "{page}");
}

#[test]
fn authorization_is_the_clients_own_where_no_header_sets_it() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    chain.raw(&format!(
        "GET /x HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\nAuthorization: Basic YTpi\r\n\r\n"
    ));
    assert_eq!(
        chain.echo.last().header("authorization"),
        Some("Basic YTpi")
    );
}

#[test]
fn a_value_that_does_not_fit_is_403_and_reaches_no_app() {
    let many = "{groups}".repeat(800);
    let chain = with(&format!("set = {{ X-Long = \"{many}\" }}"));
    let browser = chain.browser();
    let mut browser = browser;
    let page = browser.sign_in("/", KIRSTEN, chain.idp().password(KIRSTEN));
    assert_eq!(page.status, 403, "{}", page.text());
    assert_eq!(chain.echo.count(), 0);
}
