//! Cases of expectations, for whoever keeps them beside a configuration.

use super::*;

const CASES: &str = r#"
[claims]
filed = "nadia.json"
[claims.kim]
sub   = "k1"
email = "kim@example.com"

[[case]]
name    = "Nadia is an admin"
claims  = "filed"
request = "/admin/x"
expect  = { outcome = "forwarded", status = 200, headers = { x-forwarded-groups = "admins,all" } }

[[case]]
name    = "Kim is not"
claims  = "kim"
request = "/admin/x"
expect  = { outcome = "forbidden", reason = "rule_several", route = "route[0] /admin/*" }

[[case]]
name    = "Kim has no group"
claims  = { sub = "k1", email = "kim@example.com" }
request = "/x"
expect.headers = { X-Forwarded-Groups = false }

[[case]]
name    = "nobody comes in"
request = "GET https://wiki.example.com/x"
expect  = { outcome = "sign-in" }
"#;

#[test]
fn cases_hold_or_differ_readably() {
    let home = home();
    fs::write(home.path().join("nadia.json"), nadia().to_string()).expect("the claims");
    let run = |cases: &str| {
        fs::write(home.path().join("cases.toml"), cases).expect("the cases");
        explain(home.path(), &["--cases", "cases.toml"])
    };
    let output = run(CASES);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    assert!(stdout(&output).contains("4 cases: as expected"));

    let differing = CASES
        .replace("\"admins,all\"", "\"all,admins\"")
        .replace("outcome = \"sign-in\"", "outcome = \"forwarded\"")
        .replace("Groups = false", "Groups = \"x\"");
    let output = run(&differing);
    assert_eq!(output.status.code(), Some(1));
    let words = stdout(&output);
    for text in [
        "DIFFERS  Nadia is an admin",
        "expected  all,admins",
        "found     admins,all",
        "DIFFERS  nobody comes in",
        "found     sign-in (no_cookie)",
        "found     (absent)",
        "4 cases: 3 differ",
    ] {
        assert!(words.contains(text), "{text}:\n{words}");
    }
    assert!(!words.contains("Kim is not"));
}

#[test]
fn cases_that_could_never_fail_are_refused() {
    let home = home();
    fs::write(home.path().join("nadia.json"), nadia().to_string()).expect("the claims");
    for (cases, named) in [
        (String::new(), "[[case]]"),
        (CASES.replace("outcome", "outcom"), "outcom"),
        (CASES.replace("\"sign-in\"", "\"signin\""), "sign-in"),
        (
            CASES.replace("{ outcome = \"sign-in\" }", "{}"),
            "expects nothing",
        ),
        (
            CASES.replace("Groups = false", "Groups = true"),
            "X-Forwarded-Groups",
        ),
        (
            CASES.replace("claims  = \"kim\"", "claims  = \"kin\""),
            "kin",
        ),
        (CASES.replace("nadia.json", "no-such.json"), "no-such.json"),
        (
            CASES.replace("GET https://wiki", "GET wiki"),
            "nobody comes in",
        ),
    ] {
        fs::write(home.path().join("cases.toml"), &cases).expect("the cases");
        let output = explain(home.path(), &["--cases", "cases.toml"]);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{named}: {}",
            stdout(&output)
        );
        assert!(
            stderr(&output).contains(named),
            "{named}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_cases_that_we_hand_out_hold() {
    let output = explain(&root().join("deploy/demo"), &["--cases", "cases.toml"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}
