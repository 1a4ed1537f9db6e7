//! The signed assertion, as an app meets it that verifies with a library of others: npm's jose, which
//! fetches the keys from the running proxy.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::root;
use crate::support::{Browser, Harness, Setup, records};

const HEADER: &str = "X-Vestibule-Assertion";
const KEYS: &str = "/_vestibule/jwks.json";

/// A fresh key as `vestibule keygen --assertion` prints it, in a file.
pub(super) fn key_file(dir: &tempfile::TempDir, name: &str) -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["keygen", "--assertion"])
        .output()
        .expect("vestibule");
    let pem = String::from_utf8(made.stdout).expect("text");
    for line in pem.lines().filter(|line| !line.starts_with('-')) {
        records::secret("assertion key", line);
    }
    let path = dir.path().join(name);
    std::fs::write(&path, pem).expect("the key's file");
    format!("{{ file = \"{}\" }}", path.display())
}

fn with(assertion: &str) -> Harness {
    Setup {
        identity: "access_right = \"custom:access_right\"".to_owned(),
        tables: format!(
            "[headers]\n{assertion}\n[[route]]\npath = \"/public/*\"\naccess = \"public\"\n"
        ),
        ..Setup::default()
    }
    .start()
}

/// What the app is sent for one more request of this person.
fn sent(chain: &Harness, browser: &Browser, header: &str) -> String {
    let answer = chain.raw(&format!(
        "GET /told HTTP/1.1\r\nHost: HOST\r\nCookie: {}\r\n\r\n",
        browser.app_cookies()
    ));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = chain.echo.last();
    assert_eq!(seen.alike(header).len(), 1, "{}", seen.head);
    let token = seen.header(header).expect("an assertion").to_owned();
    records::secret("token", &token);
    token
}

/// What an app says of a token that expects this audience.
fn verified(chain: &Harness, token: &str, audience: &str) -> Value {
    let mut node = Command::new("node")
        .arg(root().join("tests/support/oidc-provider/verify.mjs"))
        .args([&format!("{}{KEYS}", chain.origin), &chain.origin, audience])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    let mut stdin = node.stdin.take().expect("its stdin");
    stdin.write_all(token.as_bytes()).expect("the token");
    drop(stdin);
    let output = node.wait_with_output().expect("an answer");
    serde_json::from_slice(&output.stdout).expect("one line of JSON")
}

#[test]
fn an_app_verifies_it_with_a_library_of_others_and_the_published_keys() {
    let dir = tempfile::tempdir().expect("a directory");
    let chain = with(&format!(
        "assertion = {{ header = \"{HEADER}\", audience = \"wiki\", keys = [{}, {}] }}",
        key_file(&dir, "now"),
        key_file(&dir, "before")
    ));
    let browser = chain.signed_in(KIRSTEN);
    let token = sent(&chain, &browser, HEADER);
    let seen = chain.echo.last();

    let answer = verified(&chain, &token, "wiki");
    let (header, payload) = (&answer["header"], &answer["payload"]);
    assert_eq!(header["alg"], "ES256", "{answer}");
    assert_eq!(header["typ"], "JWT");
    assert_eq!(payload["iss"], json!(chain.origin));
    assert_eq!(payload["aud"], "wiki");
    // It says what the other headers say.
    assert_eq!(payload["user"].as_str(), seen.header("x-forwarded-user"));
    assert_eq!(payload["email"].as_str(), seen.header("x-forwarded-email"));
    assert_eq!(payload["name"].as_str(), seen.header("x-forwarded-name"));
    assert_eq!(
        payload["access_right"].as_str(),
        seen.header("x-access-right")
    );
    let groups: Vec<_> = payload["groups"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    let groups: Vec<_> = groups.iter().filter_map(|group| group.as_str()).collect();
    assert_eq!(
        Some(groups.join(",").as_str()),
        seen.header("x-forwarded-groups")
    );
    assert!(payload["sub"].as_str().is_some_and(|sub| !sub.is_empty()));
    let time = |name: &str| payload[name].as_u64().expect("a time");
    assert!(time("exp") > time("iat") && time("exp") - time("iat") <= 300);

    // Both keys are published, and never their private halves; the first signs.
    let keys = chain.raw(&format!("GET {KEYS} HTTP/1.1\r\nHost: HOST\r\n\r\n"));
    assert_eq!(keys.status, 200);
    let keys: Value = serde_json::from_str(&keys.text()).expect("JSON");
    let keys = keys["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0]["kid"], header["kid"]);
    assert!(keys.iter().all(|key| key.get("d").is_none()));

    // An app that expects another audience, and a changed token, are not convinced.
    let other = verified(&chain, &token, "files");
    assert_eq!(other["error"], "ERR_JWT_CLAIM_VALIDATION_FAILED", "{other}");
    let (claims, signature) = token.rsplit_once('.').expect("a signature");
    let reversed: String = signature.chars().rev().collect();
    let forged = verified(&chain, &format!("{claims}.{reversed}"), "wiki");
    assert_eq!(
        forged["error"], "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
        "{forged}"
    );
}

#[test]
fn all_requests_of_a_session_carry_the_same_one_and_other_sessions_another() {
    let dir = tempfile::tempdir().expect("a directory");
    for cache in ["", "verification_cache = \"off\""] {
        let chain = Setup {
            session: cache.to_owned(),
            tables: format!(
                "[headers]\nassertion = {{ audience = \"wiki\", keys = [{}] }}\n",
                key_file(&dir, "key")
            ),
            ..Setup::default()
        }
        .start();
        let browser = chain.signed_in(KIRSTEN);
        let first = sent(&chain, &browser, HEADER);
        for _ in 0..5 {
            assert_eq!(sent(&chain, &browser, HEADER), first, "{cache}");
        }
        let another = chain.signed_in(KIRSTEN);
        assert_ne!(sent(&chain, &another, HEADER), first, "{cache}");
    }
}

#[test]
fn no_client_can_send_one_whatever_the_header_is_called() {
    let dir = tempfile::tempdir().expect("a directory");
    let chain = with(&format!(
        "preset = [\"vestibule\", \"alb\"]\n\
         assertion = {{ header = \"x-amzn-oidc-data\", audience = \"wiki\", keys = [{}] }}",
        key_file(&dir, "key")
    ));
    let browser = chain.signed_in(KIRSTEN);
    let cookies = browser.app_cookies();
    for name in ["x-amzn-oidc-data", "X_Amzn_Oidc_Data", HEADER] {
        for path in ["/told", "/public/x"] {
            chain.raw(&format!(
                "GET {path} HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\n{name}: evil\r\n\r\n"
            ));
            let seen = chain.echo.last();
            assert!(!seen.head.contains("evil"), "{}", seen.head);
            let ours = usize::from(path == "/told");
            assert_eq!(seen.alike("x-amzn-oidc-data").len(), ours, "{}", seen.head);
        }
    }
    let token = sent(&chain, &browser, "x-amzn-oidc-data");
    let answer = verified(&chain, &token, "wiki");
    assert_eq!(answer["payload"]["email"], KIRSTEN, "{answer}");
    // A person sees that there is one, and not the token.
    let mut browser = browser;
    let page = browser.get("/_vestibule/whoami").text();
    assert!(
        page.contains("x-amzn-oidc-data") && !page.contains(&token),
        "{page}"
    );
}

#[test]
fn the_keys_are_there_only_if_something_is_signed() {
    let chain = Harness::start();
    let answer = chain.raw(&format!("GET {KEYS} HTTP/1.1\r\nHost: HOST\r\n\r\n"));
    assert_eq!(answer.status, 404);
}

#[test]
fn a_file_that_holds_no_key_stops_the_start_and_is_not_needed_without_secrets() {
    let dir = tempfile::tempdir().expect("a directory");
    let chain = Harness::start();
    let text = std::fs::read_to_string(&chain.config).expect("the config");
    let config = dir.path().join("vestibule.toml");
    let bad = dir.path().join("bad");
    std::fs::write(&bad, "-----BEGIN PRIVATE KEY-----\nnot a key\n").expect("a file");
    let assertion = format!(
        "\n[headers.assertion]\naudience = \"wiki\"\nkeys = [{{ file = \"{}\" }}]\n",
        bad.display()
    );
    std::fs::write(&config, format!("{text}{assertion}")).expect("the config");
    let check = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .args(["check", "--config"])
            .arg(&config)
            .args(more)
            .output()
            .expect("vestibule")
    };
    let refused = check(&[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(78), "{said}");
    for part in [
        "headers.assertion.keys[0]",
        "vestibule.toml",
        "keygen --assertion",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    std::fs::remove_file(&bad).expect("gone");
    let without = check(&["--no-secrets"]);
    assert_eq!(
        without.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&without.stderr)
    );
}
