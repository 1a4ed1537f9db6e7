use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::support::Browser;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dev-idp"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn fails(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program(arguments).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn ready(child: &mut Child) -> Value {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    serde_json::from_str(&line).unwrap()
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn prints_one_line_when_all_listeners_accept_and_ends_on_a_signal_with_0() {
    for name in ["-TERM", "-INT"] {
        let mut child = program(&["--base-port", "0"]).spawn().unwrap();
        let line = ready(&mut child);
        for origin in ["issuer_host", "domain", "entra", "admin"] {
            let url = format!("{}/health", line[origin].as_str().unwrap());
            let status = Browser::default().get(&url).status;
            assert!(status == 200 || status == 404, "{origin}");
        }
        assert_eq!(line["pool"], "eu-central-1_ExAmP1e99");
        assert_eq!(line["client_id"], "4exampleclient0000000000aa");
        assert_eq!(line["users"][0]["username"], "kirsten.holm@example.org");
        assert_eq!(line["users"][0]["password"], "Vestibule-Demo-1");
        assert_eq!(line["users"][0]["kind"], "local");
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let mut banner = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut banner)
            .unwrap();
        assert!(banner.contains("EMULATOR") && banner.contains("Who can sign in"));
    }
}

#[test]
fn quiet_is_quiet_and_takes_further_urls() {
    let callback = "http://localhost:7777/oauth2/callback";
    let mut child = program(&[
        "--base-port",
        "0",
        "--quiet",
        "--allow-callback",
        callback,
        "--allow-signout",
        "http://localhost:7777/bye",
    ])
    .spawn()
    .unwrap();
    let line = ready(&mut child);
    let clients = format!("{}/clients", line["admin"].as_str().unwrap());
    assert!(Browser::default().get(&clients).body.contains(callback));
    signal(&child, "-TERM");
    let mut banner = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut banner)
        .unwrap();
    child.wait().unwrap();
    assert_eq!(banner, "");
}

#[test]
fn refuses_what_it_must_with_the_right_exit_code() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, code, word) in [
        (&["--base-port", &port][..], 69, "cannot listen"),
        (&["--base-port", "0", "--host", "0.0.0.0"], 64, "loopback"),
        (&["--base-port", "0", "--host", "::"], 64, "loopback"),
        (&["--base-port", "65530"], 64, "no room"),
        (
            &["--base-port", "0", "--allow-callback", "nonsense"],
            64,
            "nonsense",
        ),
        (&["--nonsense"], 64, "nonsense"),
        (&["--base-port", "70000"], 64, "70000"),
    ] {
        let (status, stderr) = fails(arguments);
        assert_eq!(status, Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(word), "{arguments:?}: {stderr}");
    }
    let help = program(&["--help"]).output().unwrap();
    assert_eq!(help.status.code(), Some(0));
    assert!(
        String::from_utf8(help.stdout)
            .unwrap()
            .contains("--base-port")
    );
}
