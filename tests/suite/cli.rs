//! Commands, their exit codes, and what they say of a wrong configuration.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::harness::fresh_key;
use crate::support::peers::root;
use crate::support::process::{Process, stderr, stdout};

const USAGE: i32 = 64;
const UNAVAILABLE: i32 = 69;
const CONFIG: i32 = 78;

#[test]
fn version_names_itself() {
    let output = vestibule(&["version"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(text.contains(env!("CARGO_PKG_VERSION")), "{text}");
    assert!(text.contains("rustls") && text.contains("aws-lc"), "{text}");
}

#[test]
fn keygen_prints_a_fresh_key_of_32_bytes() {
    use base64::Engine;
    let (one, two) = (vestibule(&["keygen"]), vestibule(&["keygen"]));
    assert_eq!(one.status.code(), Some(0));
    let key = stdout(&one);
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(key.trim())
        .expect("base64");
    assert_eq!(bytes.len(), 32);
    assert_ne!(key, stdout(&two));
}

#[test]
fn keygen_prints_a_fresh_signing_key_that_openssl_reads_too() {
    let (one, two) = (
        vestibule(&["keygen", "--assertion"]),
        vestibule(&["keygen", "--assertion"]),
    );
    assert_eq!(one.status.code(), Some(0));
    let key = stdout(&one);
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----\n"), "no key");
    assert_ne!(key, stdout(&two));
    let home = home();
    let file = home.path().join("assertion-key");
    std::fs::write(&file, &key).expect("the key's file");
    // node's crypto is OpenSSL's.
    let script = "const k = require('crypto').createPrivateKey(require('fs').readFileSync(process.argv[1])); console.log(k.asymmetricKeyType, k.asymmetricKeyDetails.namedCurve)";
    let node = Command::new("node")
        .args(["-e", script])
        .arg(&file)
        .output()
        .expect("node");
    assert_eq!(stdout(&node).trim(), "ec prime256v1", "{}", stderr(&node));
}

#[test]
fn a_bad_command_line_is_64() {
    for args in [
        &["no-such"][..],
        &[],
        &["run"],
        &["run", "--confg", "x"],
        &["check", "--config"],
        &["leave", "--pid", "0"],
        &["leave", "--pid", "-1"],
        &["leave", "--pid", "vestibule"],
        &["leave", "1"],
    ] {
        let output = vestibule(args);
        assert_eq!(output.status.code(), Some(USAGE), "{args:?}");
        assert!(stdout(&output).is_empty(), "words for people go to stderr");
        assert!(!stderr(&output).is_empty());
    }
}

#[test]
fn help_is_no_error() {
    for args in [&["--help"][..], &["run", "--help"]] {
        assert_eq!(vestibule(args).status.code(), Some(0), "{args:?}");
    }
}

#[test]
fn nothing_but_an_instance_that_serves_is_told_to_leave() {
    // Of Vestibule's name, but nobody who takes the signal, which ends it.
    let home = home();
    let program = home.path().join("vestibule");
    fs::copy("/bin/sleep", &program).expect("a program");
    let mut sleeps = Command::new(&program);
    let mut namesake = Process::start(sleeps.arg("600"), home.path(), "namesake");
    let mut sleeps = Command::new("/bin/sleep");
    let mut another = Process::start(sleeps.arg("600"), home.path(), "another");
    let pids = [&namesake, &another].map(|process| process.id().to_string());
    // More than there can be.
    let none = i32::MAX.to_string();
    for (pid, why) in [
        (Some(&pids[0]), "does not serve"),
        (Some(&pids[1]), "is \"sleep\", not Vestibule"),
        (Some(&none), "there is no process 2147483647"),
        // Of this machine, or of the container that the tests run in.
        (None, "process 1 is \""),
    ] {
        let mut args = vec!["leave"];
        args.extend(pid.into_iter().flat_map(|pid| ["--pid", pid]));
        let output = vestibule(&args);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(UNAVAILABLE), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
        assert!(said.contains("\n    "), "what to do: {said}");
    }
    assert_eq!((namesake.exited(), another.exited()), (None, None));
}

#[test]
fn a_missing_config_is_78() {
    for command in ["run", "check"] {
        let output = vestibule(&[command, "--config", "/no/such/vestibule.toml"]);
        assert_eq!(output.status.code(), Some(CONFIG), "{command}");
        assert!(
            stderr(&output).contains("/no/such/vestibule.toml"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn strict_makes_warnings_errors_and_leaves_what_is_good() {
    let home = home();
    let warned = GOOD.replace(
        "[provider.corp]",
        "[provider.corp]\nemail_verified = \"ignore\"",
    );
    for (text, args, code) in [
        (GOOD, &[][..], 0),
        (GOOD, &["--strict"], 0),
        (warned.as_str(), &[], 0),
        (&warned, &["--strict"], CONFIG),
    ] {
        let file = home.path().join("vestibule.toml");
        let text_here = text.replace("HOME", &home.path().display().to_string());
        fs::write(&file, text_here).expect("the config");
        let mut all = vec!["check", "--config", file.to_str().expect("a path")];
        all.extend(args);
        let output = vestibule(&all);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert_eq!(said.contains("warning: "), text != GOOD, "{said}");
        assert_eq!(said.contains("--strict"), code == CONFIG, "{said}");
        // What to register is told in any case.
        assert!(stdout(&output).contains("/_vestibule/callback"));
    }
}

#[test]
fn check_accepts_a_good_config_and_says_what_to_register() {
    let home = home();
    let output = check(home.path(), GOOD);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output) + &stderr(&output);
    assert!(
        text.contains("https://wiki.example.com/_vestibule/callback"),
        "{text}"
    );
    assert!(
        text.contains("https://wiki.example.com/_vestibule/signed-out"),
        "{text}"
    );
}

#[test]
fn the_configs_that_we_hand_out_are_good() {
    for file in ["deploy/demo/vestibule.toml", "config.example.toml"] {
        let path = root().join(file).display().to_string();
        let output = vestibule(&["check", "--no-secrets", "--config", &path]);
        assert_eq!(output.status.code(), Some(0), "{file}: {}", stderr(&output));
    }
}

#[test]
fn check_without_secrets_needs_no_mounts() {
    let home = home();
    fs::remove_file(home.path().join("session-key")).expect("the key's file");
    fs::remove_file(home.path().join("client-secret")).expect("the secret's file");
    let config = write(home.path(), GOOD);
    let bare = vestibule(&["check", "--config", &config]);
    assert_eq!(bare.status.code(), Some(CONFIG));
    assert!(
        stderr(&bare).contains("session-key") && stderr(&bare).contains("client-secret"),
        "{}",
        stderr(&bare)
    );
    let output = vestibule(&["check", "--no-secrets", "--config", &config]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn check_without_secrets_invents_nothing_for_what_is_not_there() {
    let home = home();
    let from_env = GOOD.replace(
        "\"https://wiki.example.com\"",
        "{ env = \"VESTIBULE_TEST_PUBLIC_URL\" }",
    );
    assert_ne!(from_env, GOOD);
    let config = write(home.path(), &from_env);
    let output = vestibule(&["check", "--no-secrets", "--config", &config]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let callback = "(from env VESTIBULE_TEST_PUBLIC_URL, not read)/_vestibule/callback";
    assert!(told.contains(callback), "{told}");
    assert!(!told.contains("not-read"), "{told}");
    let note =
        "note: server.public_url: from env VESTIBULE_TEST_PUBLIC_URL, which is not there: not read";
    assert!(stderr(&output).contains(note), "{}", stderr(&output));
}

#[test]
fn every_mistake_is_named_with_file_key_path_and_remedy() {
    let home = home();
    let bad = GOOD
        .replace("https://wiki.example.com", "http://wiki.example.com")
        .replace("http://127.0.0.1:3000", "ftp://127.0.0.1:3000")
        .replace("eu-central-1_ExAmP1e99", "nonsense");
    let output = check(home.path(), &bad);
    assert_eq!(output.status.code(), Some(CONFIG));
    let text = stderr(&output);
    assert!(text.contains("vestibule.toml"), "{text}");
    for key in [
        "server.public_url",
        "upstream.url",
        "provider.corp.user_pool_id",
    ] {
        assert!(text.contains(key), "{key} is not named:\n{text}");
    }
}

#[test]
fn a_mistake_in_a_template_is_named_with_the_templates_own_file_and_line() {
    let home = home();
    let folder = home.path().join("look");
    fs::create_dir(&folder).expect("a folder");
    let template =
        "<!doctype html>\n<head>{{ head }}</head>\n<p>{{ organisaton }}</p>\n{{ content }}\n";
    fs::write(folder.join("page.html"), template).expect("a template");
    let output = check(
        home.path(),
        &format!("{GOOD}\n[pages]\ntemplates = \"look\"\n"),
    );
    assert_eq!(output.status.code(), Some(CONFIG));
    let told = stderr(&output);
    let place = "look/page.html:3: pages.templates: undefined value";
    assert!(told.contains(place), "{told}");
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_nearest_known_one() {
    for (wrong, right) in [
        (
            GOOD.replace("client_id", "cleint_id"),
            "provider.corp.client_id",
        ),
        (
            GOOD.replace("public_url", "publik_url"),
            "server.public_url",
        ),
        (format!("{GOOD}\n[sesion]\nlifetime = \"8h\"\n"), "session"),
    ] {
        let home = home();
        let output = check(home.path(), &wrong);
        assert_eq!(output.status.code(), Some(CONFIG));
        let text = stderr(&output);
        let hint = text.lines().find(|line| line.contains("did you mean"));
        assert!(hint.is_some_and(|hint| hint.contains(right)), "{text}");
    }
}

#[test]
fn an_inline_secret_is_refused_and_not_repeated() {
    let home = home();
    let secret = "a-secret-that-must-not-be-shown";
    let inline = GOOD.replace(
        "{ file = \"HOME/client-secret\" }",
        &format!("\"{secret}\""),
    );
    let output = check(home.path(), &inline);
    assert_eq!(output.status.code(), Some(CONFIG));
    let text = stderr(&output) + &stdout(&output);
    assert!(
        text.contains("provider.corp.client_secret") && text.contains("file"),
        "{text}"
    );
    assert!(!text.contains(secret), "{text}");
}

#[test]
fn a_key_of_the_wrong_length_is_refused_and_not_repeated() {
    let home = home();
    let key = "c2hvcnQga2V5IHRoYXQgaXMgbm90IGxvbmc=";
    fs::write(home.path().join("session-key"), key).expect("the key's file");
    let output = check(home.path(), GOOD);
    assert_eq!(output.status.code(), Some(CONFIG));
    let text = stderr(&output);
    assert!(
        text.contains("session.keys") && text.contains("keygen"),
        "{text}"
    );
    assert!(!text.contains(key), "{text}");
}

#[test]
fn secrets_may_come_from_the_environment() {
    let home = home();
    let text = GOOD.replace(
        "{ file = \"HOME/client-secret\" }",
        "{ env = \"SUITE_CLIENT_SECRET\" }",
    );
    let config = write(home.path(), &text);
    let ask = |secret: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command
            .args(["check", "--config", &config])
            .env_remove("SUITE_CLIENT_SECRET");
        if let Some(secret) = secret {
            command.env("SUITE_CLIENT_SECRET", secret);
        }
        command.output().expect("vestibule")
    };
    assert_eq!(ask(Some(" kept \n")).status.code(), Some(0));
    let output = ask(None);
    assert_eq!(output.status.code(), Some(CONFIG));
    assert!(
        stderr(&output).contains("SUITE_CLIENT_SECRET"),
        "{}",
        stderr(&output)
    );
}

/// Files are named from the root, `HOME` being the test's directory.
const GOOD: &str = r#"
[server]
listen     = "127.0.0.1:0"
public_url = "https://wiki.example.com"

[upstream]
url = "http://127.0.0.1:3000"

[provider.corp]
kind          = "cognito"
user_pool_id  = "eu-central-1_ExAmP1e99"
domain        = "https://login.example.com"
client_id     = "4exampleclient0000000000aa"
client_secret = { file = "HOME/client-secret" }

[session]
keys = [{ file = "HOME/session-key" }]
"#;

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    fs::write(home.path().join("session-key"), fresh_key()).expect("the key's file");
    fs::write(home.path().join("client-secret"), "kept").expect("the secret's file");
    home
}

fn write(home: &Path, config: &str) -> String {
    let path = home.join("vestibule.toml");
    fs::write(&path, config.replace("HOME", &home.display().to_string())).expect("the config");
    path.display().to_string()
}

fn check(home: &Path, config: &str) -> Output {
    vestibule(&["check", "--config", &write(home, config)])
}

fn vestibule(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(args)
        .output()
        .expect("vestibule")
}
