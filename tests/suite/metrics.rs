//! What an instance says of itself at `/metrics`.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;

use crate::support::Harness;
use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::root;
use crate::support::wire::raw_request;

fn metrics(chain: &Harness) -> String {
    metrics_at(chain.admin)
}

fn metrics_at(admin: SocketAddr) -> String {
    let answer = raw_request(admin, "GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n");
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    answer.text()
}

/// The value of a sample.
fn value(text: &str, sample: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn every_metric_is_described_and_every_described_one_is_there() {
    let chain = Harness::start();
    chain.signed_in(KIRSTEN);
    let text = metrics(&chain);
    let there: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let docs = fs::read_to_string(root().join("docs/metrics.md")).expect("the list");
    let described: BTreeSet<&str> = docs
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(there, described);
    for line in text.lines() {
        let good = line.starts_with("# HELP vestibule_")
            || line.starts_with("# TYPE vestibule_")
            || line.rsplit_once(' ').is_some_and(|(name, value)| {
                name.starts_with("vestibule_") && value.parse::<f64>().is_ok()
            });
        assert!(good, "{line}");
    }
    assert!(!text.contains(KIRSTEN) && !text.contains("kirsten"));
}

#[test]
fn the_last_good_keys_stay_in_use_while_the_provider_is_out_and_their_age_is_told() {
    let mut chain = Harness::start();
    let mut person = chain.signed_in(KIRSTEN);
    let keys = value(
        &metrics(&chain),
        "vestibule_provider_keys{provider=\"corp\"}",
    );
    assert!(keys > Some(0), "{keys:?}");
    chain.idp.take().expect("the emulator").stop();
    let age = |chain: &Harness| {
        value(
            &metrics(chain),
            "vestibule_provider_keys_age_seconds{provider=\"corp\"}",
        )
    };
    let before = age(&chain).expect("an age");
    let mut now = before;
    while now < before + 3 {
        assert_eq!(person.get("/page").status, 200);
        std::thread::sleep(std::time::Duration::from_millis(200));
        now = age(&chain).expect("an age");
        assert!(now >= before, "they were not fetched anew");
    }
    assert_eq!(
        value(
            &metrics(&chain),
            "vestibule_provider_keys{provider=\"corp\"}"
        ),
        keys
    );
    assert_eq!(chain.ask_admin("/readyz").status, 200);
    let login = chain.browser().arrive("/_vestibule/login");
    assert_eq!(login.status, 503, "{login:?}");
    assert!(login.header("retry-after").is_some(), "{login:?}");
}

#[test]
fn requests_are_counted_by_what_became_of_them() {
    let mut chain = Harness::start();
    let admin = chain.admin;
    let mut browser = chain.signed_in(KIRSTEN);
    for _ in 0..3 {
        assert_eq!(browser.get("/x").status, 200);
    }
    chain.browser().script("GET", "/x");
    let unsigned = "vestibule_requests_total{outcome=\"sign_in_needed\",reason=\"no_cookie\"}";
    // The first page, and the script. A request is counted once its answer is out.
    chain.vestibule.wait_until("the last request", || {
        value(&metrics_at(admin), unsigned) == Some(2)
    });
    let text = metrics(&chain);
    let count = |labels: &str| value(&text, &format!("vestibule_requests_total{{{labels}}}"));
    assert_eq!(count("outcome=\"forwarded\",reason=\"\""), Some(4));
    assert_eq!(count("outcome=\"signed_in\",reason=\"\""), Some(1));
    assert_eq!(
        value(&text, "vestibule_provider_keys{provider=\"corp\"}"),
        Some(2)
    );
    assert_eq!(value(&text, "vestibule_verified_sessions"), Some(1));
    assert_eq!(value(&text, "vestibule_signature_checks"), Some(1));
    // Of four requests by the session, and perhaps by the one that brought it.
    let saved = value(&text, "vestibule_signature_checks_saved");
    assert!(saved >= Some(3), "{saved:?}");
    assert!(
        text.lines().any(
            |line| line.starts_with("vestibule_session_key_opened_total{key=")
                && !line.ends_with(" 0")
        ),
        "{text}"
    );
    for (sample, expected) in [
        (
            "vestibule_logins_total{provider=\"corp\",result=\"started\"}",
            1,
        ),
        (
            "vestibule_logins_total{provider=\"corp\",result=\"done\"}",
            1,
        ),
        (
            "vestibule_logins_total{provider=\"corp\",result=\"failed\"}",
            0,
        ),
        (
            "vestibule_upstream_first_byte_seconds_count{upstream=\"default\"}",
            4,
        ),
        (
            "vestibule_upstream_first_byte_seconds_bucket{upstream=\"default\",le=\"+Inf\"}",
            4,
        ),
    ] {
        assert_eq!(value(&text, sample), Some(expected), "{sample}");
    }
    let connected = "vestibule_upstream_connect_seconds_count{upstream=\"default\"}";
    assert!(value(&text, connected) > Some(0));
    assert!(value(&text, "vestibule_provider_wait_seconds_count") > Some(0));
    let public = chain.raw("GET /metrics HTTP/1.1\r\nHost: HOST\r\n\r\n");
    assert_ne!(public.status, 200, "never by the public listener");
}
