//! An instance that leaves long before it stops, as a native sidecar does: its pod ends, its app goes on for a moment and
//! is gone then, and the signal to stop comes last.

use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{PATIENCE, get};
use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::app;
use crate::support::process::stderr;
use crate::support::wire::{Kept, Response};
use crate::support::{Harness, Setup};

const CLIENTS: usize = 6;
/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(5);

#[test]
fn whoever_goes_when_told_to_never_meets_the_end_of_the_app() {
    let app = app(&["http"]);
    let mut chain = Setup {
        upstream: Some(app.url.clone()),
        ..Setup::default()
    }
    .start();
    let cookies = chain.signed_in_without_page(KIRSTEN);
    let request = get(&chain, &cookies, "/");
    let (begins, begun) = mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (address, request, begins) = (chain.address, request.clone(), begins.clone());
            thread::spawn(move || asks_until_told_to_go(Kept::open(address), &request, &begins))
        })
        .collect();
    for _ in 0..CLIENTS {
        begun.recv_timeout(PATIENCE).expect("an answer");
    }
    let mut idle = Kept::open(chain.address);
    idle.send(&request);
    assert_eq!(said(&idle.answer()), (200, Some("keep-alive")));

    leaves(&chain);
    for client in clients {
        let last = client.join().expect("no request of it failed");
        assert_eq!(said(&last), (200, Some("close")));
    }
    let readiness = chain.ask_admin("/readyz");
    assert_eq!(
        (readiness.status, readiness.text().as_str()),
        (503, "not ready: leaving\n")
    );
    assert_eq!(chain.ask_admin("/healthz").status, 200, "but alive");
    // Being told again, it serves on: whoever is there, and whoever comes without knowing better.
    leaves(&chain);
    idle.send(&request);
    assert_eq!(said(&idle.answer()), (200, Some("close")));
    for _ in 0..3 {
        assert_eq!(said(&chain.raw(&request)), (200, Some("close")));
    }

    // Whoever is told nothing, and stays, sees it.
    drop(app);
    assert_eq!(chain.raw(&request).status, 502);
    chain.vestibule.signal("TERM");
    assert_eq!(chain.vestibule.wait().code(), Some(0));
    let log = chain.vestibule.output();
    assert_eq!(log.matches("leaving: requests are served on").count(), 1);
    assert_eq!(log.matches("\"reason\":\"upstream_").count(), 1, "{log}");
    assert!(log.contains("\"stopped\""), "{log}");
}

/// Asks one request after the other, until an answer says that it was the connection's last one.
fn asks_until_told_to_go(mut kept: Kept, request: &str, begins: &mpsc::Sender<()>) -> Response {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        kept.send(request);
        let answer = kept.answer();
        if said(&answer) != (200, Some("keep-alive")) {
            return answer;
        }
        // The test may wait for nothing any more.
        let _waited_for = begins.send(());
        thread::sleep(PAUSE);
    }
    panic!("nobody told it to go");
}

fn said(answer: &Response) -> (u16, Option<&str>) {
    (answer.status, answer.header("connection"))
}

/// What a hook of the pod calls.
fn leaves(chain: &Harness) {
    let pid = chain.vestibule.id().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["leave", "--pid", &pid])
        .output()
        .expect("vestibule");
    let said = stderr(&output);
    assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
}
