//! Starting, being ready, and stopping.

use std::net::TcpListener;

use crate::support::dev_idp::{DevIdp, KIRSTEN};
use crate::support::{Harness, Setup};

#[test]
fn a_provider_that_is_down_does_not_stop_the_start() {
    let base = free_ports_from();
    let mut chain = Setup {
        provider_down_at: Some(base),
        not_ready: true,
        ..Setup::default()
    }
    .start();
    assert_eq!(chain.ask_admin("/healthz").status, 200, "alive");
    assert_eq!(chain.ask_admin("/readyz").status, 503, "not ready");
    let mut browser = chain.browser();
    let answer = browser.arrive("/");
    assert_eq!(answer.status, 503, "{:?}", browser.trail);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert_eq!(chain.echo.count(), 0);

    // It comes up, and is found without a restart.
    let callback = format!("{}/_vestibule/callback", chain.origin);
    let signed_out = format!("{}/_vestibule/signed-out", chain.origin);
    let idp = DevIdp::start_at(chain.dir.path(), base, &callback, &signed_out);
    std::fs::write(chain.file("client-secret"), &idp.client_secret).expect("the secret's file");
    let admin = chain.admin;
    chain.vestibule.wait_until("readiness", || {
        let request = "GET /readyz HTTP/1.1\r\nHost: admin\r\n\r\n";
        crate::support::raw_request(admin, request).status == 200
    });
    let login = browser.arrive("/");
    assert!(login.html().contains("id=\"signIn\""), "{}", login.text());
}

#[test]
fn alive_and_ready_are_two_answers() {
    let chain = Harness::start();
    assert_eq!(chain.ask_admin("/healthz").status, 200);
    assert_eq!(chain.ask_admin("/readyz").status, 200);
}

#[test]
fn sigterm_and_sigint_end_it_with_0() {
    for signal in ["TERM", "INT"] {
        let mut chain = Harness::start();
        chain.vestibule.signal(signal);
        assert_eq!(
            chain.vestibule.wait().code(),
            Some(0),
            "{signal}: {}",
            chain.vestibule.output()
        );
    }
}

#[test]
fn a_taken_port_is_an_error_that_names_it() {
    let chain = Harness::start();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["run", "--config"])
        .arg(&chain.config)
        .output()
        .expect("vestibule");
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    let names = [chain.address, chain.admin].map(|address| text.contains(&address.to_string()));
    assert!(names.contains(&true), "{text}");
}

#[test]
fn a_session_outlives_the_provider_as_long_as_its_token() {
    let mut chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    chain.idp.take().expect("the emulator").stop();
    for _ in 0..3 {
        assert_eq!(browser.get("/during-the-outage").status, 200);
    }
}

/// A base port for the emulator, which needs some in a row: below the range that the system hands out,
/// so that no other test of this run takes one of them in the meantime.
fn free_ports_from() -> u16 {
    let start = std::process::id() % 1000;
    (0..1000)
        .filter_map(|step| u16::try_from(20_000 + (start + step) % 1000 * 10).ok())
        .find(|base| (*base..base + 10).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()))
        .expect("ten free ports in a row")
}
