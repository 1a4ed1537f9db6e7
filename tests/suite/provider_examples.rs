//! The configurations of `docs/providers`: `check` takes them, their cases hold, and the providers that they are for
//! are acted out as far as that goes.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;
use toml::{Table, Value as Toml};

use super::third_party;
use crate::support::dev_idp::{NADIA, OLA_OF_POOL2};
use crate::support::peers::root;
use crate::support::{Browser, Harness, Setup};

const ALL: [&str; 5] = ["cognito-two-pools", "entra", "adfs", "keycloak", "okta"];

fn path(name: &str) -> String {
    format!("{}/docs/providers/{name}", root().display())
}

fn read(name: &str) -> Table {
    let text = fs::read_to_string(path(name)).expect("the example");
    text.parse().expect("TOML")
}

fn vestibule(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.args(arguments).output().expect("the command")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Keys of a table, each in a line.
fn lines<'t>(table: impl IntoIterator<Item = (&'t String, &'t Toml)>) -> String {
    let lines = table.into_iter();
    lines
        .map(|(key, value)| format!("\"{key}\" = {value}\n"))
        .collect()
}

/// An example, without what a test has of its own.
fn acted_out(name: &str) -> Setup {
    let mut example = read(&format!("{name}.toml"));
    for ours in ["server", "upstream", "session"] {
        example.remove(ours);
    }
    let provider = example.remove("provider").expect("a provider");
    let provider = provider["corp"].as_table().expect("its table");
    let set_up = [
        "kind",
        "issuer",
        "client_id",
        "client_secret",
        "user_pool_id",
        "domain",
    ];
    let identity = example.remove("identity").expect("an identity");
    Setup {
        provider: lines(
            provider
                .iter()
                .filter(|(key, _)| !set_up.contains(&key.as_str())),
        ),
        identity: lines(identity.as_table().expect("a table")),
        tables: toml::to_string(&example).expect("TOML"),
        ..Setup::default()
    }
}

/// Claims of somebody in an example's cases.
fn claims_of(name: &str, who: &str) -> Value {
    let cases = read(&format!("{name}.cases.toml"));
    serde_json::to_value(&cases["claims"][who]).expect("JSON")
}

/// What the first case about somebody expects of the app's headers.
fn expected_of(name: &str, who: &str) -> Vec<(String, Option<String>)> {
    let cases = read(&format!("{name}.cases.toml"));
    let cases = cases["case"].as_array().expect("cases");
    let is_theirs = |case: &&Toml| case.get("claims").and_then(Toml::as_str) == Some(who);
    let case = cases.iter().find(is_theirs).expect("a case");
    let headers = case["expect"]["headers"].as_table().expect("headers");
    let value = |value: &Toml| value.as_str().map(str::to_owned);
    headers
        .iter()
        .map(|(name, expected)| (name.clone(), value(expected)))
        .collect()
}

fn assert_told(chain: &Harness, browser: &Browser, expected: &[(String, Option<String>)]) {
    assert!(chain.echo.count() > 0, "{:?}", browser.trail);
    let seen = chain.echo.last();
    for (name, value) in expected {
        assert_eq!(
            seen.header(name),
            value.as_deref(),
            "{name}: {:?}",
            browser.trail
        );
    }
}

#[test]
fn check_takes_each_without_a_warning_and_says_what_to_register() {
    for name in ALL {
        let output = vestibule(&[
            "check",
            "--no-secrets",
            "--config",
            &path(&format!("{name}.toml")),
        ]);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{name}: {err}");
        assert!(
            err.ends_with(": no errors\n") && !err.contains("warning"),
            "{name}: {err}"
        );
        assert!(
            out.contains("https://wiki.example.com/_vestibule/callback"),
            "{name}: {out}"
        );
    }
}

#[test]
fn the_cases_of_each_hold() {
    for name in ALL {
        let output = vestibule(&[
            "explain",
            "--config",
            &path(&format!("{name}.toml")),
            "--cases",
            &path(&format!("{name}.cases.toml")),
        ]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{name}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }
}

#[test]
fn the_guide_leads_to_each() {
    let guide = fs::read_to_string(path("README.md")).expect("the guide");
    for name in ALL {
        assert!(guide.contains(&format!("({name}.toml)")), "{name}");
        assert!(guide.contains(&format!("({name}.cases.toml)")), "{name}");
    }
}

#[test]
fn keycloak_okta_and_ad_fs_are_acted_out_by_their_claims() {
    for (name, who) in [
        ("keycloak", "rosa"),
        ("keycloak", "full-path"),
        ("okta", "ines"),
        ("adfs", "jens"),
        ("adfs", "kim"),
    ] {
        let chain = Setup {
            third_party: true,
            third_party_claims: Some(claims_of(name, who)),
            ..acted_out(name)
        }
        .start();
        let mut browser = chain.browser();
        let page = third_party::sign_in(&mut browser, "/page", who);
        assert_eq!(page.status, 200, "{name}, {who}: {:?}", browser.trail);
        assert_told(&chain, &browser, &expected_of(name, who));
    }
}

/// Nobody types: a click on the person.
fn sign_in_at_entra(browser: &mut Browser, url: &str, button: &str) -> crate::support::Response {
    let picker = browser.arrive(url);
    let answer = browser.click(&picker, Some(button), &[]);
    browser.finish(answer)
}

fn entra() -> Harness {
    Setup {
        entra_client: Some("a1b2c3d4-0000-4000-8000-00000000c11e".to_owned()),
        ..acted_out("entra")
    }
    .start()
}

#[test]
fn entra_signs_people_in_directly() {
    let chain = entra();
    let mut browser = chain.browser();
    let page = sign_in_at_entra(&mut browser, "/admin/x", "user-nadia-berg");
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    let seen = chain.echo.last();
    assert_eq!(seen.header("X-Forwarded-User"), Some(NADIA));
    assert_eq!(seen.header("X-Forwarded-Groups"), Some("Editors,Staff"));
    assert_eq!(seen.header("X-Access-Right"), Some("Admin"));
    assert!(seen.header("X-Object-Id").is_some());
    // The way out goes through Entra, which knows where to send people back to.
    let out = browser.arrive("/_vestibule/logout");
    assert_eq!(
        out.url.split('?').next(),
        Some(format!("{}/_vestibule/signed-out", chain.origin).as_str()),
        "{:?}",
        browser.trail
    );
    // Nobody without a role, without a mailbox, or of another domain.
    for button in ["user-no-groups", "user-no-mail", "user-guest"] {
        let mut browser = chain.browser();
        let page = sign_in_at_entra(&mut browser, "/", button);
        assert_eq!(page.status, 403, "{button}: {:?}", browser.trail);
    }
}

#[test]
fn groups_that_entra_leaves_out_are_seen_and_said() {
    let mut setup = acted_out("entra");
    // The one of the emulator with 201 groups has no role; here it is about groups.
    setup.identity = setup
        .identity
        .lines()
        .filter(|line| !line.starts_with("\"access_right\""))
        .map(|line| format!("{line}\n"))
        .collect();
    setup.tables =
        "[[route]]\npath = \"/editors/*\"\naccess = { groups = [\"Editors\"] }\n".to_owned();
    setup.entra_client = Some("a1b2c3d4-0000-4000-8000-00000000c11e".to_owned());
    let mut chain = setup.start();
    let mut browser = chain.browser();
    let page = sign_in_at_entra(&mut browser, "/page", "user-overage");
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert_eq!(chain.echo.last().header("X-Forwarded-Groups"), None);
    let line = chain.await_log(&["\"signed_in\"", "\"claims_left_out\""]);
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let remedy = line["remedy"].as_str().unwrap_or("");
    assert!(remedy.contains("app roles"), "{line}");
    // What groups open is closed, though one of them is the right one.
    assert_eq!(browser.get("/editors/x").status, 403);
    let whoami = browser.get("/_vestibule/whoami");
    assert!(
        whoami.html().contains("left out by the provider"),
        "{}",
        whoami.html()
    );
    // Whoever has few says nothing of the kind.
    let mut nadia = chain.browser();
    sign_in_at_entra(&mut nadia, "/editors/x", "user-nadia-berg");
    let log = fs::read_to_string(&chain.vestibule.stdout).expect("the log");
    assert_eq!(log.matches("claims_left_out").count(), 1, "{log}");
}

#[test]
fn explain_says_which_claim_was_left_out() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("claims.json");
    fs::write(&file, claims_of("entra", "overage").to_string()).expect("the claims");
    let claims = file.to_str().expect("a path");
    let config = path("entra.toml");
    let asked = [
        "explain",
        "--config",
        &config,
        "--claims",
        claims,
        "--request",
        "/editors/x",
    ];
    let words = vestibule(&asked);
    assert!(
        text(&words.stdout).contains("groups (ID token): left out by the provider"),
        "{}",
        text(&words.stdout)
    );
    let told = vestibule(&[&asked[..], &["--json"]].concat());
    let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let groups = told["identity"].as_array().expect("a list");
    let groups = groups.iter().find(|one| one["what"] == "groups");
    assert_eq!(
        groups.expect("groups")["from"][0]["fate"],
        "left_out",
        "{told}"
    );
    assert_eq!(told["status"], 403);
}

#[test]
fn two_chained_pools_sign_in_and_out_by_both() {
    let example = read("cognito-two-pools.toml");
    let then = example["provider"]["corp"]["logout"]["then"]
        .as_str()
        .expect("a URL");
    let mut setup = acted_out("cognito-two-pools");
    setup.provider = setup
        .provider
        .lines()
        .filter(|line| !line.starts_with("\"logout\""))
        .map(|line| format!("{line}\n"))
        .collect();
    let mut chain = setup.start();
    // The two login domains are one in the emulator.
    let then = then.replace("https://partners.example.com", &chain.idp().domain);
    let config = fs::read_to_string(&chain.config).expect("the config");
    let logout = format!("[provider.corp]\nlogout = {{ then = \"{then}\" }}\n");
    fs::write(&chain.config, config.replace("[provider.corp]\n", &logout)).expect("the config");
    chain.restart();
    let signed_out = format!("{}/_vestibule/signed-out", chain.origin);
    let then = format!("{}/_vestibule/logout/then", chain.origin);
    for (client, url) in [
        (chain.idp().client_id.as_str(), &then),
        ("2upstreamclient000000000cc", &signed_out),
    ] {
        let change = serde_json::json!({ "signouts": [url] });
        chain
            .idp()
            .call("PATCH", &format!("/clients/{client}"), &change);
    }
    let mut browser = chain.browser();
    // Straight to the second pool's page.
    let login = browser.arrive("/page");
    assert!(
        login.url.contains("client_id=2upstreamclient"),
        "{}",
        login.url
    );
    let page = browser.submit_login(&login, OLA_OF_POOL2, chain.idp().password(OLA_OF_POOL2));
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert_told(
        &chain,
        &browser,
        &expected_of("cognito-two-pools", "ola")[..1],
    );
    assert_eq!(
        chain.echo.last().header("X-Forwarded-Groups"),
        Some("Guests")
    );
    let before = chain.idp().asked("domain:logout");
    let out = browser.arrive("/_vestibule/logout");
    assert_eq!(out.url, signed_out, "{:?}", browser.trail);
    assert_eq!(chain.idp().asked("domain:logout"), before + 2, "both pools");
    // Both have forgotten the person.
    let login = browser.arrive("/page");
    assert!(
        login.url.contains("client_id=2upstreamclient"),
        "{:?}",
        browser.trail
    );
}
