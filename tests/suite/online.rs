//! `vestibule check --online`: what is found out by asking the provider, and how it ends.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::DevIdp;
use crate::support::harness::fresh_key;
use crate::support::issuer::Issuer;
use crate::support::peers::{OidcProvider, free_port};

const CALLBACK: &str = "http://localhost:8080/_vestibule/callback";
const SIGNED_OUT: &str = "http://localhost:8080/_vestibule/signed-out";

#[test]
fn a_good_provider_is_found_good() {
    let (home, idp) = emulator();
    let asked = ask(&home, &cognito(&idp));
    assert_eq!(asked.code, 0, "{}", asked.err);
    for check in [
        "discovery",
        "clock",
        "keys",
        "authorization",
        "token",
        "userinfo",
        "revocation",
        "logout",
        "scopes",
        "signing_algorithms",
        "client_auth",
    ] {
        assert_eq!(asked.verdict(check), "ok", "{check}: {}", asked.err);
    }
    assert!(
        asked.err.contains("ok: provider.corp: keys: "),
        "{}",
        asked.err
    );
    // What to register stays in front of it.
    assert!(
        asked.out.starts_with("register for provider.corp\n"),
        "{}",
        asked.out
    );
    // A token endpoint that was asked without a code has issued nothing.
    assert!(!asked.out.contains(&idp.client_secret) && !asked.err.contains(&idp.client_secret));
}

#[test]
fn a_provider_that_nobody_here_wrote_wants_to_be_asked_for_refresh_tokens() {
    let home = tempfile::tempdir().expect("a directory");
    let op = OidcProvider::start(home.path(), CALLBACK, SIGNED_OUT);
    let plain = format!(
        "kind = \"oidc\"\nissuer = \"{}\"\nclient_id = \"{}\"\n",
        op.issuer, op.client_id
    );
    let asked = ask(&home, &plain);
    assert_eq!(asked.code, 0, "{}", asked.err);
    assert_eq!(asked.verdict("refresh_token"), "warning", "{}", asked.out);
    assert_eq!(asked.verdict("pkce"), "ok", "{}", asked.out);
    assert!(asked.remedy("refresh_token").contains("offline_access"));
    let scopes = "scopes = [\"openid\", \"email\", \"profile\", \"offline_access\"]\n";
    let asked = ask(&home, &format!("{plain}{scopes}"));
    assert_eq!(asked.verdict("refresh_token"), "ok", "{}", asked.out);
    // A scope that it does not know, and an algorithm that it does not sign with.
    let scopes = "scopes = [\"openid\", \"no-such-scope\"]\n";
    let asked = ask(&home, &format!("{plain}{scopes}"));
    assert_eq!(
        (asked.code, asked.verdict("scopes")),
        (0, "warning"),
        "{}",
        asked.out
    );
    let asked = ask(&home, &format!("{plain}signing_algorithms = [\"ES384\"]\n"));
    assert_eq!(asked.code, 78, "{}", asked.err);
    assert_eq!(asked.verdict("keys"), "contradiction", "{}", asked.out);
    assert!(asked.remedy("keys").contains("signing_algorithms"));
}

#[test]
fn nobody_at_the_address_is_69() {
    let home = tempfile::tempdir().expect("a directory");
    let issuer = format!("http://127.0.0.1:{}", free_port());
    let asked = ask(
        &home,
        &format!("kind = \"oidc\"\nissuer = \"{issuer}\"\nclient_id = \"wiki\"\n"),
    );
    assert_eq!(asked.code, 69, "{}", asked.err);
    assert_eq!(asked.verdict("discovery"), "absent", "{}", asked.out);
    assert!(
        asked.err.contains(&issuer) && asked.err.contains("provider.corp.issuer"),
        "{}",
        asked.err
    );
}

#[test]
fn an_endpoint_where_nobody_is_is_69() {
    let (home, idp) = emulator();
    let token = format!("http://127.0.0.1:{}/token", free_port());
    let asked = ask(
        &home,
        &format!("{}endpoints = {{ token = \"{token}\" }}\n", cognito(&idp)),
    );
    assert_eq!(asked.code, 69, "{}", asked.err);
    assert_eq!(asked.verdict("token"), "absent", "{}", asked.out);
    assert_eq!(asked.verdict("keys"), "ok", "{}", asked.out);
}

#[test]
fn pages_in_place_of_documents_are_69() {
    let (home, idp) = emulator();
    let oidc = format!(
        "kind = \"oidc\"\nissuer = \"{}\"\nclient_id = \"wiki\"\n",
        idp.issuer
    );
    let html = |endpoint: &str| json!({ "endpoint": endpoint, "times": -1, "kind": "body", "body": "<!doctype html><p>hello</p>" });
    idp.call("POST", "/faults", &html("issuer:discovery"));
    let asked = ask(&home, &oidc);
    assert_eq!(
        (asked.code, asked.verdict("discovery")),
        (69, "absent"),
        "{}",
        asked.err
    );
    idp.call("DELETE", "/faults", &Value::Null);
    idp.call("POST", "/faults", &html("issuer:jwks"));
    let asked = ask(&home, &oidc);
    assert_eq!(
        (asked.code, asked.verdict("keys")),
        (69, "absent"),
        "{}",
        asked.err
    );
    idp.call("DELETE", "/faults", &Value::Null);
    assert_ne!(ask(&home, &oidc).code, 69, "once the faults are over");
}

#[test]
fn endpoints_that_are_known_need_no_discovery() {
    let home = tempfile::tempdir().expect("a directory");
    // It answers 404 but for its keys, of which there are none.
    let issuer = Issuer::start(&[]);
    let asked = ask(&home, &issuer.provider("oidc", "wiki"));
    assert_eq!(asked.verdict("discovery"), "warning", "{}", asked.out);
    assert_eq!(asked.verdict("keys"), "contradiction", "{}", asked.out);
    assert_eq!(asked.verdict("token"), "warning", "{}", asked.out);
    assert_eq!(asked.code, 78, "{}", asked.err);
}

#[test]
fn the_document_of_another_issuer_is_78() {
    let (home, idp) = emulator();
    let slash = format!("{}/", idp.issuer);
    let asked = ask(
        &home,
        &format!("kind = \"oidc\"\nissuer = \"{slash}\"\nclient_id = \"wiki\"\n"),
    );
    assert_eq!(asked.code, 78, "{}", asked.err);
    assert_eq!(asked.verdict("issuer"), "contradiction", "{}", asked.out);
    assert!(
        asked.err.contains(&format!("\"{}\"", idp.issuer)),
        "{}",
        asked.err
    );
}

#[test]
fn a_clock_that_is_off_is_told_in_seconds() {
    let (home, idp) = emulator();
    idp.set_clock(3_600);
    let asked = ask(&home, &cognito(&idp));
    assert_eq!(
        (asked.code, asked.verdict("clock")),
        (1, "failing"),
        "{}",
        asked.err
    );
    let found = asked.finding("clock")["found"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    let seconds: i64 = found
        .split(' ')
        .find_map(|word| word.parse().ok())
        .expect("seconds");
    // The machine may be slow; an hour is an hour.
    assert!(
        (3_500..3_700).contains(&seconds) && found.contains("behind"),
        "{found}"
    );
    idp.set_clock(-3_600);
    let asked = ask(&home, &cognito(&idp));
    assert!(
        asked.finding("clock")["found"]
            .to_string()
            .contains("ahead"),
        "{}",
        asked.out
    );
}

#[test]
fn a_bad_configuration_asks_nobody() {
    let (home, idp) = emulator();
    let before = idp.asked("issuer:discovery");
    let asked = ask(&home, &format!("{}no_such_key = 1\n", cognito(&idp)));
    assert_eq!(asked.code, 78);
    assert!(asked.out.is_empty(), "{}", asked.out);
    assert_eq!(idp.asked("issuer:discovery"), before);
}

struct Asked {
    code: i32,
    out: String,
    err: String,
}

impl Asked {
    fn finding(&self, check: &str) -> Value {
        self.out
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|finding| finding["check"] == check)
            .unwrap_or_else(|| panic!("nothing about {check}:\n{}{}", self.out, self.err))
    }

    fn verdict(&self, check: &str) -> &'static str {
        let finding = self.finding(check);
        let known = ["ok", "warning", "failing", "absent", "contradiction"];
        known
            .into_iter()
            .find(|verdict| finding["verdict"] == *verdict)
            .expect("a verdict")
    }

    fn remedy(&self, check: &str) -> String {
        self.finding(check)["remedy"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    }
}

fn emulator() -> (TempDir, DevIdp) {
    let home = tempfile::tempdir().expect("a directory");
    let idp = DevIdp::start(home.path(), CALLBACK, SIGNED_OUT);
    (home, idp)
}

fn cognito(idp: &DevIdp) -> String {
    format!(
        "kind = \"cognito\"\nuser_pool_id = \"{}\"\nissuer = \"{}\"\ndomain = \"{}\"\nclient_id = \"{}\"\n",
        idp.pool, idp.issuer, idp.domain, idp.client_id
    )
}

/// `check --online` of a configuration with this provider.
fn ask(home: &TempDir, provider: &str) -> Asked {
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).expect("a file");
    write("client-secret", "kept");
    write("session-key", &fresh_key());
    write(
        "vestibule.toml",
        &format!(
            "[server]\nlisten = \"127.0.0.1:8080\"\npublic_url = \"http://localhost:8080\"\n\
             [upstream]\nurl = \"http://127.0.0.1:3000\"\n\
             [session]\nkeys = [{{ file = \"session-key\" }}]\n\
             [provider.corp]\nclient_secret = {{ file = \"client-secret\" }}\n{provider}"
        ),
    );
    let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["check", "--online", "--config"])
        .arg(home.path().join("vestibule.toml"))
        .output()
        .expect("vestibule");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Asked {
        code: output.status.code().unwrap_or(-1),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

#[test]
fn what_ends_at_the_providers_own_page_is_found_without_a_person() {
    let (home, idp) = emulator();
    let good = ask(&home, &cognito(&idp));
    for check in ["redirect_uri", "sign_out_uri"] {
        assert_eq!(good.verdict(check), "ok", "{}", good.err);
    }
    let client = format!("/clients/{}", idp.client_id);
    let change = |change: Value| idp.call("PATCH", &client, &change);
    for (more, (name, registered), check, remedy) in [
        // Another port, and a slash at the end.
        (
            "",
            (
                "callbacks",
                json!([CALLBACK.replace("8080", "8081"), format!("{CALLBACK}/")]),
            ),
            "redirect_uri",
            "Allowed callback URLs",
        ),
        (
            "",
            ("signouts", json!([CALLBACK])),
            "sign_out_uri",
            "Allowed sign-out URLs",
        ),
        (
            "identity_provider = \"Entra\"\n",
            ("callbacks", json!([CALLBACK])),
            "redirect_uri",
            "identity_provider",
        ),
        (
            "scopes = [\"openid\", \"phone\"]\n",
            ("callbacks", json!([CALLBACK])),
            "redirect_uri",
            "provider.corp.scopes",
        ),
        (
            "",
            ("flows", json!(["implicit"])),
            "redirect_uri",
            "authorization code grant",
        ),
    ] {
        let before = idp.call("GET", "/clients", &Value::Null);
        let is_ours = |client: &&Value| client["client_id"] == idp.client_id.as_str();
        let before = before.as_array().expect("a list").iter().find(is_ours);
        let before = before.expect("our client")[name].clone();
        change(json!({ name: registered }));
        let asked = ask(&home, &format!("{}{more}", cognito(&idp)));
        assert_eq!(asked.code, 78, "{remedy}: {}", asked.err);
        assert_eq!(
            asked.verdict(check),
            "contradiction",
            "{remedy}: {}",
            asked.out
        );
        assert!(asked.err.contains(remedy), "{remedy}: {}", asked.err);
        change(json!({ name: before }));
    }
    // An app client made by API, without a branding style.
    let unbranded =
        json!({ "endpoint": "domain:authorize", "kind": "login-error", "row": "no-branding" });
    idp.call("POST", "/faults", &unbranded);
    let asked = ask(&home, &cognito(&idp));
    assert_eq!(asked.code, 78, "{}", asked.err);
    assert_eq!(
        asked.verdict("redirect_uri"),
        "contradiction",
        "{}",
        asked.out
    );
    for words in ["Login pages unavailable", "branding style"] {
        assert!(asked.err.contains(words), "{words}: {}", asked.err);
    }
    let unknown = cognito(&idp).replace(&idp.client_id, "4unknownclient0000000000zz");
    let asked = ask(&home, &unknown);
    assert_eq!(asked.code, 78, "{}", asked.err);
    assert!(asked.err.contains("of one pool"), "{}", asked.err);
    // Nobody was signed in by it.
    let codes = idp.call("GET", "/codes", &Value::Null);
    assert_eq!(codes, json!([]), "{codes}");
}

#[test]
fn a_provider_that_nobody_here_wrote_says_whether_it_knows_the_redirect_uri() {
    let home = tempfile::tempdir().expect("a directory");
    let op = OidcProvider::start(home.path(), &format!("{CALLBACK}/"), SIGNED_OUT);
    let plain = format!(
        "kind = \"oidc\"\nissuer = \"{}\"\nclient_id = \"{}\"\n",
        op.issuer, op.client_id
    );
    let asked = ask(&home, &plain);
    assert_eq!(asked.code, 78, "{}", asked.err);
    assert_eq!(
        asked.verdict("redirect_uri"),
        "contradiction",
        "{}",
        asked.out
    );
    assert!(asked.err.contains(CALLBACK), "{}", asked.err);
    let op = OidcProvider::start(home.path(), CALLBACK, SIGNED_OUT);
    let plain = plain.replace(plain.split('"').nth(3).expect("the issuer"), &op.issuer);
    let asked = ask(&home, &plain);
    assert_eq!(
        (asked.code, asked.verdict("redirect_uri")),
        (0, "ok"),
        "{}",
        asked.out
    );
}
