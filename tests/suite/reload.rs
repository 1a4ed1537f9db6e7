//! A changed configuration takes effect while requests go on.

use std::fs;

use crate::support::dev_idp::KIRSTEN;
use crate::support::harness::fresh_key;
use crate::support::{Harness, Setup, records};

const RELOADED: &str = "the configuration was reloaded";

/// Changes the configuration's text.
fn change(chain: &Harness, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(&chain.config).expect("the config");
    fs::write(&chain.config, change(text)).expect("the config");
}

#[test]
fn a_signal_takes_up_a_new_rule_and_a_mistake_changes_nothing() {
    let mut chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    assert_eq!(browser.get("/admin/x").status, 200);
    change(&chain, |text| {
        text + "\n[[route]]\npath = \"/admin/*\"\naccess = \"nobody\"\n"
    });
    chain.vestibule.signal("HUP");
    chain.await_log(&[RELOADED]);
    assert_eq!(browser.get("/admin/x").status, 403);
    assert_eq!(browser.get("/x").status, 200, "the session goes on");
    change(&chain, |text| text.replace("\"/admin/*\"", "\"admin\""));
    chain.vestibule.signal("HUP");
    let line = chain.await_log(&["the new configuration is refused; the old one stays"]);
    assert!(line.contains("route[0].path"), "{line}");
    assert_eq!(browser.get("/admin/x").status, 403, "the old one");
}

#[test]
fn a_changed_file_is_taken_up_by_itself_and_a_revoked_person_is_out() {
    let mut chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let sub = browser.get("/_vestibule/session");
    assert_eq!(sub.status, 200);
    change(&chain, |text| {
        text.replace(
            "[session]\n",
            "[session]\nrevoked = { signed_in_before = \"2100-01-01T00:00:00Z\" }\n",
        )
    });
    chain.await_log(&[RELOADED]);
    assert_eq!(browser.script("GET", "/x").status, 401);
}

#[test]
fn a_new_first_key_opens_at_once_and_a_removed_one_ends_its_sessions() {
    let mut chain = Setup {
        session: "key_settle = \"1h\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut before = chain.signed_in(KIRSTEN);
    let old = fs::read_to_string(chain.file("session-key")).expect("the key");
    let new = fresh_key();
    records::secret("session key", &new);
    fs::write(chain.file("session-key"), format!("{new}\n{old}\n")).expect("the keys");
    chain.await_log(&[RELOADED]);
    assert_eq!(before.get("/x").status, 200);
    let mut after = chain.signed_in(KIRSTEN);
    // The new one does not seal yet, so nothing is lost if it is taken back.
    fs::write(chain.file("session-key"), &old).expect("the keys");
    chain.vestibule.signal("HUP");
    chain.await_log_times(RELOADED, 2);
    assert_eq!(before.get("/x").status, 200);
    assert_eq!(after.get("/x").status, 200);
    fs::write(chain.file("session-key"), &new).expect("the keys");
    chain.vestibule.signal("HUP");
    chain.await_log_times(RELOADED, 3);
    assert_eq!(before.script("GET", "/x").status, 401);
    assert_eq!(chain.signed_in(KIRSTEN).get("/x").status, 200);
}

#[test]
fn another_provider_takes_over_once_it_is_known() {
    let mut chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let other = Harness::start();
    let (old, new) = (chain.idp(), other.idp());
    let (issuer, domain) = (old.issuer.clone(), old.domain.clone());
    let (to_issuer, to_domain) = (new.issuer.clone(), new.domain.clone());
    fs::write(chain.file("client-secret"), &new.client_secret).expect("the secret");
    change(&chain, |text| {
        text.replace(&issuer, &to_issuer)
            .replace(&domain, &to_domain)
    });
    chain.await_log(&[RELOADED]);
    assert_eq!(
        browser.script("GET", "/x").status,
        401,
        "a session of the old one"
    );
    let login = browser.get("/_vestibule/login");
    assert!(login.location().starts_with(&to_domain), "{login:?}");
}
