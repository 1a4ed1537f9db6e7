//! Providers that come, go, or are out: nobody else's people notice.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{answer_of, link, setup, signed_in};
use crate::support::dev_idp::{KIRSTEN, OLA_OF_POOL2};
use crate::support::several::PARTNERS_CLIENT;
use crate::support::{Harness, Setup};

#[test]
fn a_reload_adds_and_removes_a_provider() {
    let mut chain = setup().start();
    let mut frida = signed_in(&chain, "third", "frida");
    let mut kirsten = signed_in(&chain, "corp", KIRSTEN);
    let all = fs::read_to_string(&chain.config).expect("the config");
    let at = all.find("[provider.third]").expect("its table");
    let end = at + all[at..].find("[identity]").expect("what follows");
    fs::write(&chain.config, format!("{}{}", &all[..at], &all[end..])).expect("the config");
    chain.vestibule.signal("HUP");
    chain.await_log_times("the configuration was reloaded", 1);
    assert_eq!(
        frida.script("GET", "/x").status,
        401,
        "of no provider any more"
    );
    assert_eq!(kirsten.script("GET", "/x").status, 200);
    assert_eq!(chain.browser().get(&link("third")).status, 404);
    fs::write(&chain.config, all).expect("the config");
    chain.vestibule.signal("HUP");
    chain.await_log_times("the configuration was reloaded", 2);
    assert_eq!(
        frida.script("GET", "/x").status,
        200,
        "the session still stands"
    );
    signed_in(&chain, "third", "diego");
}

/// Asks for another configuration: with this text in the place of that one.
fn reload(chain: &mut Harness, text: &str, other: &str, times: usize) {
    let all = fs::read_to_string(&chain.config).expect("the config");
    assert!(all.contains(text), "{all}");
    fs::write(&chain.config, all.replacen(text, other, 1)).expect("the config");
    chain.vestibule.signal("HUP");
    chain.await_log_times("the configuration was reloaded", times);
}

/// A provider that does not answer.
const GONE: &str = "[provider.gone]\nkind = \"oidc\"\nissuer = \"http://127.0.0.1:9\"\nclient_id = \"x\"\nemail_domains = \"gone.example\"\n";

#[test]
fn a_provider_that_a_reload_adds_and_that_does_not_answer_makes_nobody_unready() {
    let mut chain = setup().start();
    let before = "[provider.third]";
    reload(&mut chain, before, &format!("{GONE}{before}"), 1);
    let warning = chain.await_log(&["new providers cannot be asked yet"]);
    assert!(warning.contains("gone"), "{warning}");
    let ready = chain.ask_admin("/readyz");
    assert_eq!(ready.status, 200, "{}", ready.text());
    let metrics = chain.ask_admin("/metrics").text();
    let none = "vestibule_provider_keys{provider=\"gone\"} 0";
    assert!(metrics.contains(none), "{metrics}");
    assert_eq!(chain.browser().arrive("/_vestibule/login/gone").status, 503);
    signed_in(&chain, "third", "frida");
}

#[test]
fn a_reload_that_leaves_a_providers_keys_alone_keeps_them_through_its_outage() {
    let mut chain = setup().start();
    let mut kirsten = signed_in(&chain, "corp", KIRSTEN);
    for endpoint in ["issuer:discovery", "issuer:jwks"] {
        let fault = json!({ "endpoint": endpoint, "times": -1, "kind": "status", "status": 503 });
        chain.idp().call("POST", "/faults", &fault);
    }
    let before = "[provider.corp]\n";
    reload(&mut chain, before, &format!("{before}userinfo = true\n"), 1);
    assert_eq!(kirsten.script("GET", "/x").status, 200);
    let off = format!("{before}http = {{ proxy = \"off\" }}\n");
    reload(&mut chain, before, &off, 2);
    assert_eq!(kirsten.script("GET", "/x").status, 200);
    // Other keys than these may be meant by another algorithm.
    assert_eq!(chain.ask_admin("/readyz").status, 200);
}

#[test]
fn a_provider_whose_refreshes_fail_keeps_up_no_session_of_another() {
    let mut chain = setup().start();
    // A token's life, Vestibule's leeway, and what the logins take on a busy machine.
    let soon = json!({
        "clock_offset_seconds": 25 - 3600 - 60,
        "lifetimes": { "id": 3600, "access": 3600, "refresh": 100_000 },
    });
    for client in [chain.idp().client_id.as_str(), PARTNERS_CLIENT] {
        let path = format!("/clients/{client}");
        chain.idp().call("PATCH", &path, &soon);
    }
    let sign_in_alone = |id: &str, name: &str| {
        let mut browser = chain.browser();
        let answer = answer_of(&mut browser, &chain, id, name).location();
        browser.get(&answer);
        assert!(browser.has_session(), "{id}: {:?}", browser.trail);
        browser
    };
    let mut olas: Vec<_> = (0..3)
        .map(|_| sign_in_alone("partner", OLA_OF_POOL2))
        .collect();
    let mut kirstens: Vec<_> = (0..8).map(|_| sign_in_alone("corp", KIRSTEN)).collect();
    let now = json!({ "clock_offset_seconds": 0 });
    chain
        .idp()
        .call("PATCH", &format!("/clients/{PARTNERS_CLIENT}"), &now);
    let before = "[provider.corp]\n";
    let dead = format!("{before}endpoints = {{ token = \"http://127.0.0.1:9/token\" }}\n");
    reload(&mut chain, before, &dead, 1);
    // The last one's token ends last.
    let until = Instant::now() + Duration::from_secs(90);
    let last = kirstens.last_mut().expect("the last");
    while last.script("GET", "/x").status != 503 {
        assert!(Instant::now() < until, "the token does not end");
        sleep(Duration::from_millis(100));
    }
    for ola in &mut olas {
        for kirsten in &mut kirstens {
            assert_eq!(kirsten.script("GET", "/x").status, 503, "corp is out");
        }
        assert_eq!(ola.script("GET", "/x").status, 200, "partner is not");
    }
}

#[test]
fn every_provider_has_been_seen_before_it_is_ready() {
    let mut chain = Setup {
        not_ready: true,
        tables: GONE.to_owned(),
        ..setup()
    }
    .start();
    chain.await_log(&["provider is known", "127.0.0.2"]);
    // The listeners wait for the keys a moment, and answer without them then.
    let start = Instant::now();
    let mut ready = chain.ask_admin("/readyz");
    while ready.text().contains("listeners") && start.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(50));
        ready = chain.ask_admin("/readyz");
    }
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("gone"), "{}", ready.text());
    let metrics = chain.ask_admin("/metrics").text();
    assert!(
        metrics.contains("vestibule_provider_keys{provider=\"gone\"} 0"),
        "{metrics}"
    );
    assert!(
        metrics.contains("vestibule_provider_keys{provider=\"third\"} 1"),
        "{metrics}"
    );
    // It keeps nobody else out.
    signed_in(&chain, "third", "frida");
    let out = chain.browser().arrive("/_vestibule/login/gone");
    assert_eq!(out.status, 503);
}
