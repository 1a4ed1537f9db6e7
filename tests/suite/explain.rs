//! `vestibule explain`: verdicts, headers and reasons, without a network or a secret.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::peers::root;
use crate::support::process::{stderr, stdout};

mod cases;

/// None of the files and variables that it names is there, but for one text.
const CONFIG: &str = r#"
[server]
listen     = "127.0.0.1:0"
public_url = ["https://wiki.example.com", { env = "SUITE_SECOND_URL" }]

[upstream]
url = "http://127.0.0.1:3000"

[provider.corp]
kind          = "cognito"
user_pool_id  = "eu-central-1_ExAmP1e99"
domain        = "https://login.example.com"
client_id     = "4exampleclient0000000000aa"
client_secret = { file = "/no/such/client-secret" }
userinfo      = true

[session]
keys = [{ env = "SUITE_NO_SUCH_KEY" }]

[identity]
access_right = "custom:access_right"
attributes.level = { claim = "level", from = "access_token" }
attributes.team  = "team"

[identity.groups]
claim    = ["cognito:groups", "custom:groups"]
map      = { "Global Company" = ["admins", "all"], "Local Company" = "all" }
unmapped = "drop"

[headers]
preset = ["vestibule", "bearer"]
[headers.set]
X-Level   = "{attribute.level}"
X-Team    = "{attribute.team}"
X-Shared  = { secret = { file = "/no/such/shared-secret" } }
X-Id      = "{id_token}"

[[route]]
path   = "/admin/*"
access = [{ groups = ["admins"], email_domains = ["example.com"] }, { access_right = ["Root"] }]

[[route]]
path    = "/read"
methods = ["GET"]

[[route]]
path   = "/open/*"
access = "public"

[[route]]
path   = "/never"
access = "nobody"
"#;

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    fs::write(home.path().join("vestibule.toml"), CONFIG).expect("the config");
    home
}

fn explain(home: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["explain", "--config", "vestibule.toml"])
        .args(args)
        .env("SUITE_SECOND_URL", "https://second.example.com")
        .current_dir(home)
        .output()
        .expect("vestibule")
}

/// The explanation of a request by somebody with these claims, or nobody.
fn told(home: &Path, claims: Option<&Value>, request: &str) -> Value {
    let mut args = vec!["--json", "--request", request];
    if let Some(claims) = claims {
        fs::write(home.join("claims.json"), claims.to_string()).expect("the claims");
        args.extend(["--claims", "claims.json"]);
    }
    let output = explain(home, &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn nadia() -> Value {
    json!({
        "sub": "n1", "email": "nadia.berg@example.com", "email_verified": true,
        "cognito:groups": ["Global Company", "Unheard-Of"], "custom:access_right": "Editor",
    })
}

#[test]
fn each_outcome_is_explained_without_network_or_secret() {
    let home = home();
    let nobody = json!({ "sub": "n2" });
    for (claims, request, outcome, status, reason, route) in [
        (
            Some(nadia()),
            "GET https://wiki.example.com/admin/x",
            "forwarded",
            json!(200),
            json!(null),
            json!("route[0] /admin/*"),
        ),
        (
            Some(nadia()),
            "https://second.example.com/admin",
            "forwarded",
            json!(200),
            json!(null),
            json!("route[0] /admin/*"),
        ),
        (
            Some(nadia()),
            "/anything?q=1",
            "forwarded",
            json!(200),
            json!(null),
            json!("default"),
        ),
        (
            None,
            "/admin/x",
            "sign-in",
            json!(302),
            json!("no_cookie"),
            json!("route[0] /admin/*"),
        ),
        (
            None,
            "POST /admin/x",
            "sign-in",
            json!(401),
            json!("no_cookie"),
            json!("route[0] /admin/*"),
        ),
        (
            Some(nadia()),
            "/never",
            "forbidden",
            json!(403),
            json!("route_closed"),
            json!("route[3] /never"),
        ),
        (
            Some(nadia()),
            "POST /read",
            "forbidden",
            json!(403),
            json!("no-rule-for-method"),
            json!("route[1] /read"),
        ),
        (
            Some(nobody.clone()),
            "/",
            "forbidden",
            json!(403),
            json!("no_user_claim"),
            json!("default"),
        ),
        (
            Some(nobody),
            "/open/x",
            "forwarded",
            json!(200),
            json!(null),
            json!("route[2] /open/*"),
        ),
        (
            None,
            "/open/x",
            "forwarded",
            json!(200),
            json!(null),
            json!("route[2] /open/*"),
        ),
        (
            Some(nadia()),
            "/open//x",
            "bad-request",
            json!(400),
            json!("path_ambiguous"),
            json!(null),
        ),
        (
            Some(nadia()),
            "/x/../admin",
            "bad-request",
            json!(400),
            json!("request_unreadable"),
            json!(null),
        ),
        (
            Some(nadia()),
            "TRACE /",
            "bad-request",
            json!(405),
            json!("method"),
            json!(null),
        ),
        (
            Some(nadia()),
            "https://other.example.com/admin",
            "misdirected",
            json!(421),
            json!("host_unknown"),
            json!(null),
        ),
        (
            None,
            "/_vestibule/nothing",
            "not-found",
            json!(404),
            json!("not_found"),
            json!(null),
        ),
        (
            None,
            "/_vestibule/login",
            "ours",
            json!(null),
            json!(null),
            json!(null),
        ),
    ] {
        let told = told(home.path(), claims.as_ref(), request);
        let found = (
            &told["outcome"],
            &told["status"],
            &told["reason"],
            &told["route"],
        );
        assert_eq!(
            found,
            (&json!(outcome), &status, &reason, &route),
            "{request}: {told:#}"
        );
    }
}

#[test]
fn the_headers_of_the_app_are_shown_without_secret_or_token() {
    let home = home();
    let claims = json!({
        "id_token": nadia(), "access_token": { "level": 7 }, "userinfo": { "sub": "n1", "team": "Nord" },
    });
    let told = told(home.path(), Some(&claims), "/");
    assert_eq!(
        told["headers"],
        json!({
            "X-Forwarded-User": "nadia.berg@example.com",
            "X-Forwarded-Email": "nadia.berg@example.com",
            "X-Forwarded-Groups": "admins,all",
            "X-Access-Right": "Editor",
            "X-Level": "7", "X-Team": "Nord",
            "X-Shared": "(secret)", "X-Id": "(token)", "Authorization": "(token)",
        })
    );
    // A public route tells the app nothing of anybody.
    let told = self::told(home.path(), Some(&claims), "/open/x");
    assert_eq!(told["headers"], json!({}));
}

#[test]
fn each_rule_and_each_value_says_why() {
    let home = home();
    let mut claims = nadia();
    claims["email"] = json!("nadia.berg@elsewhere.example");
    let told = told(home.path(), Some(&claims), "/admin/x");
    assert_eq!(told["outcome"], "forbidden");
    assert_eq!(
        told["rules"],
        json!([
            { "holds": false, "conditions": [
                { "key": "groups", "needs": "the group admins", "holds": true, "has": ["admins", "all"] },
                { "key": "email_domains", "needs": "an email address at example.com", "holds": false, "has": ["elsewhere.example"] },
            ]},
            { "holds": false, "conditions": [
                { "key": "access_right", "needs": "the access right Root", "holds": false, "has": ["Editor"] },
            ]},
        ])
    );
    let groups = told["identity"]
        .as_array()
        .and_then(|traces| traces.iter().find(|trace| trace["what"] == "groups"))
        .expect("an account of the groups");
    assert_eq!(
        groups["from"][1],
        json!({ "claim": "cognito:groups", "source": "id_token", "value": "Unheard-Of", "fate": "dropped" })
    );
    let output = explain(
        home.path(),
        &["--claims", "claims.json", "--request", "/admin/x"],
    );
    let words = stdout(&output);
    for text in [
        "GET wiki.example.com/admin/x",
        "nadia.berg@elsewhere.example",
        "route[0] /admin/*",
        "yes needs the group admins; has: admins, all",
        "no  needs an email address at example.com; has: elsewhere.example",
        "forbidden (403): no rule of the route holds for this person",
        "\"Global Company\" from cognito:groups (ID token): mapped to admins, all",
        "\"Unheard-Of\" from cognito:groups (ID token): left out, the map has no name for it",
        "custom:groups (ID token): not there",
    ] {
        assert!(words.contains(text), "{text}:\n{words}");
    }
}

#[test]
fn a_token_is_checked_or_explicitly_not() {
    use dev_idp::jws::SigningKey;
    let home = home();
    let key = SigningKey::generate();
    let now = vestibule::clock::now().secs();
    let mut claims = nadia();
    for (name, value) in [
        (
            "iss",
            json!("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99"),
        ),
        ("aud", json!("4exampleclient0000000000aa")),
        ("token_use", json!("id")),
        ("iat", json!(now)),
        ("exp", json!(now + 3600)),
    ] {
        claims[name] = value;
    }
    let write = |name: &str, text: String| fs::write(home.path().join(name), text).expect("a file");
    write("good.jwt", format!("{}\n", key.sign(&claims)));
    write(
        "jwks.json",
        json!({ "keys": [key.public_jwk()] }).to_string(),
    );
    write(
        "other.json",
        json!({ "keys": [SigningKey::generate().public_jwk()] }).to_string(),
    );
    claims["exp"] = json!(now - 3600);
    write("old.jwt", key.sign(&claims));
    let ask = |args: &[&str]| {
        let output = explain(
            home.path(),
            &[args, &["--request", "/admin", "--json"]].concat(),
        );
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (
            output.status.code(),
            told["outcome"].clone(),
            told["reason"].clone(),
            stderr(&output),
        )
    };
    for (args, outcome, reason) in [
        (
            &["--token", "good.jwt", "--jwks", "jwks.json"][..],
            "forwarded",
            json!(null),
        ),
        (
            &["--token", "good.jwt", "--unverified"],
            "forwarded",
            json!(null),
        ),
        (
            &["--token", "old.jwt", "--unverified"],
            "forwarded",
            json!(null),
        ),
        (
            &["--token", "old.jwt", "--jwks", "jwks.json"],
            "sign-in",
            json!("token_expired"),
        ),
        (
            &["--token", "good.jwt", "--jwks", "other.json"],
            "sign-in",
            json!("token_unknown_kid"),
        ),
    ] {
        let (code, is, why, err) = ask(args);
        assert_eq!(
            (code, is, why),
            (Some(0), json!(outcome), reason),
            "{args:?}: {err}"
        );
    }
    let (code, _, _, err) = ask(&["--token", "good.jwt"]);
    assert_eq!(code, Some(64));
    assert!(
        err.contains("--jwks") && err.contains("--unverified"),
        "{err}"
    );
    // No message holds what a file holds.
    let (code, _, _, err) = ask(&["--token", "jwks.json", "--unverified"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("jwks.json") && !err.contains("kty"), "{err}");
}

#[test]
fn a_bad_command_line_is_64_and_says_the_remedy() {
    let home = home();
    for (args, remedy) in [
        (&[][..], "--request"),
        (
            &["--request", "wiki.example.com/x"],
            "GET https://host/path",
        ),
        (&["--request", "G@T /x"], "method"),
        (&["--request", "/x", "--provider", "corporate"], "corp"),
        (
            &["--request", "/x", "--claims", "a", "--token", "b"],
            "--token",
        ),
    ] {
        let output = explain(home.path(), args);
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        assert!(
            stderr(&output).contains(remedy),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
    }
    let output = explain(home.path(), &["--request", "/x", "--provider", "corp"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn an_access_tokens_claims_are_told_from_an_id_tokens_and_a_missing_file_has_a_remedy() {
    let home = home();
    let file = home.path().join("claims.json");
    let access = json!({ "sub": "n1", "token_use": "access", "client_id": "x", "scope": "openid" });
    for (claims, is_misread) in [
        (access.clone(), true),
        (json!({ "access_token": access }), false),
        (nadia(), false),
    ] {
        fs::write(&file, claims.to_string()).unwrap();
        let output = explain(home.path(), &["--claims", "claims.json", "--request", "/x"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let said = stderr(&output);
        assert_eq!(
            said.contains("--token FILE"),
            is_misread,
            "{claims}: {said}"
        );
    }
    let missing = explain(
        home.path(),
        &["--claims", "no-such.json", "--request", "/x"],
    );
    assert_eq!(missing.status.code(), Some(1));
    let said = stderr(&missing);
    assert!(
        said.contains("no-such.json") && said.contains("name a file"),
        "{said}"
    );
}

#[test]
fn claims_do_not_control_the_terminal() {
    let home = home();
    let claims =
        json!({ "sub": "x", "email": "a@example.com", "cognito:groups": ["\u{1b}[2J", "x\ny"] });
    fs::write(home.path().join("claims.json"), claims.to_string()).expect("the claims");
    let output = explain(home.path(), &["--claims", "claims.json", "--request", "/"]);
    let words = stdout(&output);
    assert!(
        words.contains("[2J") && !words.contains('\u{1b}'),
        "{words:?}"
    );
}
