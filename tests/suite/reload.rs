//! A changed configuration takes effect while requests go on.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::harness::fresh_key;
use crate::support::process::Process;
use crate::support::wire::Kept;
use crate::support::{Browser, Harness, Setup, records};

/// Between two requests of one person under load.
const PACE: Duration = Duration::from_millis(20);
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
    // As long as it waits there, and not only in the moment of the refusal.
    let refused = |chain: &Harness| {
        let text = chain.ask_admin("/metrics").text();
        text.contains("\nvestibule_configuration_refused 1\n")
    };
    assert!(refused(&chain));
    change(&chain, |text| text.replace("\"admin\"", "\"/admin/*\""));
    chain.vestibule.signal("HUP");
    chain.await_log_times(RELOADED, 2);
    assert!(!refused(&chain));
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

#[test]
fn a_hundred_reloads_under_load_fail_no_request() {
    let mut chain = Harness::start();
    let people = [chain.signed_in(KIRSTEN), chain.signed_in(OLA)];
    let addresses = [chain.address];
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (host, cookies) = (chain.host().to_owned(), people[0].app_cookies());
    thread::scope(|scope| {
        let kept = ["", "Content-Length: 4\r\n"].map(|length| {
            let head = match length {
                "" => "GET /x HTTP/1.1",
                _ => "POST /x HTTP/1.1",
            };
            let body = if length.is_empty() { "" } else { "form" };
            let ask = format!("{head}\r\nHost: {host}\r\nCookie: {cookies}\r\n{length}\r\n{body}");
            let (address, is_over) = (chain.address, &is_over);
            scope.spawn(move || ask_on_one_connection(address, &ask, is_over))
        });
        let load = people.map(|person| {
            let (addresses, is_over, answered) = (&addresses, &is_over, &answered);
            scope.spawn(move || ask_on(person, addresses, is_over, answered))
        });
        for reload in 1..=100 {
            // A change each time, so that each one swaps what is served by.
            let (from, to) = match reload % 2 {
                0 => ("\nwhoami = \"off\"", ""),
                _ => ("", "\nwhoami = \"off\""),
            };
            let server = |whoami: &str| format!("[server]{whoami}\nlisten");
            change(&chain, |text| text.replace(&server(from), &server(to)));
            chain.vestibule.signal("HUP");
            chain.await_log_times(RELOADED, reload);
        }
        is_over.store(true, Ordering::Release);
        for person in load {
            assert_eq!(person.join().expect("the load").1, Vec::<u16>::new());
        }
        for one in kept {
            assert!(one.join().expect("a connection that is kept") > 20);
        }
    });
    assert!(answered.load(Ordering::Acquire) > 100, "there was no load");
}

#[test]
fn a_mount_that_kubernetes_swaps_is_taken_up() {
    let mut chain = Harness::start();
    let home = chain.dir.path().to_owned();
    let old = fs::read_to_string(chain.file("session-key")).expect("the key");
    let mount = |name: &str, key: &str| {
        fs::create_dir(home.join(name)).expect("a directory");
        fs::write(home.join(name).join("key"), key).expect("the key");
        symlink(name, home.join("..data_tmp")).expect("a link");
        fs::rename(home.join("..data_tmp"), home.join("..data")).expect("the swap");
    };
    mount("..1", &old);
    symlink("..data/key", home.join("mounted-key")).expect("a link");
    change(&chain, |text| text.replace("/session-key", "/mounted-key"));
    chain.await_log_times(RELOADED, 1);
    let mut person = chain.signed_in(KIRSTEN);
    mount("..2", &recorded_key());
    chain.await_log_times(RELOADED, 2);
    assert_eq!(person.script("GET", "/x").status, 401, "its key is gone");
    assert_eq!(chain.signed_in(KIRSTEN).get("/x").status, 200);
}

#[test]
fn a_new_client_secret_is_used_for_the_next_token_call() {
    let mut chain = Harness::start();
    // Letters and digits, as Cognito makes them: of anything else Basic sends an encoded form.
    let secret = fresh_key().replace(|c: char| !c.is_ascii_alphanumeric(), "");
    records::secret("client secret", &secret);
    let path = format!("/clients/{}", chain.idp().client_id);
    chain
        .idp()
        .call("PATCH", &path, &json!({ "secrets": [secret] }));
    let mut early = chain.browser();
    early.sign_in("/", KIRSTEN, chain.idp().password(KIRSTEN));
    assert!(!early.has_session(), "the old secret is worth nothing");
    fs::write(chain.file("client-secret"), &secret).expect("the secret");
    chain.await_log(&[RELOADED]);
    assert_eq!(chain.signed_in(KIRSTEN).get("/x").status, 200);
}

/// Three instances, one load balancer that goes round, and a key that is appended, moved to the front and
/// then alone. Scaled: in operation instances take a change up some 30 s apart and `key_settle` is minutes;
/// here the next instance gets each change once the one before has logged it (about 4 s) and `key_settle`
/// is 1 s, which is over before a key that was appended is moved. The load aims at 200 requests a second
/// and is what a busy machine makes of it: the rate that was reached is printed. `make rotation` has the
/// instances take each change up 30 s apart.
#[test]
fn keys_rotate_under_load_over_three_instances_and_a_removed_key_ends_exactly_its_sessions() {
    let chain = Setup {
        session: "key_settle = \"1s\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let old = fs::read_to_string(chain.file("session-key")).expect("the key");
    let new = recorded_key();
    let mut replicas = chain.replicas(2);
    let mut addresses = vec![chain.address];
    addresses.extend(replicas.iter().map(|replica| replica.address));
    let asleep = chain.signed_in(KIRSTEN);
    let people = [KIRSTEN, OLA, KIRSTEN, OLA].map(|name| chain.signed_in(name));
    let mut vestibule = chain.vestibule;
    let mut instances: Vec<(&mut Process, PathBuf)> = vec![(&mut vestibule, chain.config.clone())];
    instances.extend(
        replicas
            .iter_mut()
            .map(|replica| (&mut replica.process, replica.config.clone())),
    );
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let apart = std::env::var("ROTATION_APART").map_or(0, |text| text.parse().expect("seconds"));
    let apart = Duration::from_secs(apart);
    let began = Instant::now();
    let people = thread::scope(|scope| {
        let load = people.map(|person| {
            let (addresses, is_over, answered) = (&addresses, &is_over, &answered);
            scope.spawn(move || ask_on(person, addresses, is_over, answered))
        });
        let stages = [
            format!("{old}\n{new}"),
            format!("{new}\n{old}"),
            new.clone(),
        ];
        for (stage, keys) in stages.iter().enumerate() {
            let file = format!("session-key-{stage}");
            fs::write(chain.dir.path().join(&file), keys).expect("the keys");
            for (process, config) in &mut instances {
                thread::sleep(apart);
                let text = fs::read_to_string(&*config).expect("the config");
                let before = match stage {
                    0 => "/session-key\"".to_owned(),
                    _ => format!("/session-key-{}\"", stage - 1),
                };
                let text = text.replace(&before, &format!("/{file}\""));
                fs::write(&*config, text).expect("the config");
                let logs = [process.stdout.clone(), process.stderr.clone()];
                process.wait_until("the reload", || {
                    let read = |path: &PathBuf| fs::read_to_string(path).unwrap_or_default();
                    let all: String = logs.iter().map(read).collect();
                    all.matches(RELOADED).count() > stage
                });
            }
            // Each person asks each instance under these keys.
            let seen = answered.load(Ordering::Acquire);
            vestibule_lives(&mut instances, || {
                answered.load(Ordering::Acquire) > seen + 120
            });
        }
        is_over.store(true, Ordering::Release);
        let (requests, elapsed) = (answered.load(Ordering::Acquire), began.elapsed());
        let rate = requests as f64 / elapsed.as_secs_f64();
        println!("{requests} requests in {elapsed:.1?}, {rate:.0} a second, over three instances");
        load.map(|person| {
            let (person, failed) = person.join().expect("the load");
            assert_eq!(failed, Vec::<u16>::new(), "a session was lost");
            person
        })
    });
    for address in &addresses {
        let status = |person: &Browser| person.at(*address).script("GET", "/x").status;
        assert_eq!(status(&asleep), 401, "sealed by the key that is gone");
        assert_eq!(people.each_ref().map(status), [200; 4]);
    }
}

/// Waits for a condition while the first instance lives.
fn vestibule_lives(instances: &mut [(&mut Process, PathBuf)], done: impl FnMut() -> bool) {
    let (process, _) = instances.first_mut().expect("an instance");
    process.wait_until("more answers", done);
}

/// Asks each instance in turn, fifty times a second, with the newest cookies, until it is over: the
/// person, and each status that was no 200.
fn ask_on(
    mut person: Browser,
    addresses: &[SocketAddr],
    is_over: &AtomicBool,
    answered: &AtomicUsize,
) -> (Browser, Vec<u16>) {
    let mut failed = Vec::new();
    let mut next = Instant::now();
    for address in addresses.iter().cycle() {
        if is_over.load(Ordering::Acquire) {
            break;
        }
        let answer = person.at(*address).script("GET", "/x");
        if answer.status != 200 {
            failed.push(answer.status);
        }
        person.take_in(&answer);
        answered.fetch_add(1, Ordering::AcqRel);
        // By the clock: what an answer took is not waited for once more.
        next += PACE;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    (person, failed)
}

/// The same by one connection, which no reload may end: how many answers there were.
fn ask_on_one_connection(address: SocketAddr, request: &str, is_over: &AtomicBool) -> usize {
    let mut kept = Kept::open(address);
    let mut answered = 0;
    while !is_over.load(Ordering::Acquire) {
        kept.send(request);
        let answer = kept.answer();
        assert_eq!(answer.status, 200, "after {answered}: {answer:?}");
        assert_ne!(answer.header("connection"), Some("close"), "{answer:?}");
        answered += 1;
        thread::sleep(PACE);
    }
    answered
}

/// A new key that no log may hold.
fn recorded_key() -> String {
    let key = fresh_key();
    records::secret("session key", &key);
    key
}

#[test]
fn a_changed_map_file_maps_anew_without_a_new_login() {
    let dir = tempfile::tempdir().expect("a directory");
    let map = dir.path().join("groups.toml");
    let table = |group: &str| format!("[identity.groups.map]\n\"Editors\" = \"{group}\"\n");
    fs::write(&map, table("Readers")).expect("the map");
    let mut chain = Setup {
        identity: format!(
            "groups = {{ claim = \"cognito:groups\", map_file = \"{}\", unmapped = \"drop\" }}\n",
            map.display()
        ),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.signed_in(KIRSTEN);
    let groups = |chain: &Harness| {
        let seen = chain.echo.last();
        seen.header("x-forwarded-groups").map(str::to_owned)
    };
    assert_eq!(groups(&chain).as_deref(), Some("Readers"));
    fs::write(&map, table("Writers")).expect("the map");
    chain.await_log(&[RELOADED]);
    assert_eq!(browser.get("/x").status, 200);
    assert_eq!(groups(&chain).as_deref(), Some("Writers"), "no new login");
}

#[test]
fn changed_templates_are_taken_up_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, says: &str, content: &str| {
        let text = format!(
            "<!doctype html>\n<html lang=\"{{{{ lang }}}}\">\n<head>{{{{ head }}}}</head>\n\
             <body><p>{says}</p>{content}</body>\n</html>\n"
        );
        // In one step, so that no half of it is read.
        let new = folder.path().join(".new");
        fs::write(&new, text).expect("a template");
        fs::rename(new, folder.path().join(name)).expect("a template");
    };
    put("page.html", "of the first day", "{{ content }}");
    let mut chain = Setup {
        tables: format!("[pages]\ntemplates = \"{}\"\n", folder.path().display()),
        ..Setup::default()
    }
    .start();
    let page = |chain: &Harness, path: &str| chain.browser().get(path).text();
    let [this, other] = ["/_vestibule/signed-out", "/_vestibule/no-such"];
    assert!(page(&chain, this).contains("of the first day"));
    // Another text of a file, and another file.
    put("page.html", "of the second day", "{{ content }}");
    chain.await_log_times(RELOADED, 1);
    let shown = page(&chain, this);
    assert!(shown.contains("of the second day"), "{shown}");
    assert!(!shown.contains("of the first day"), "{shown}");
    put("signed-out.html", "goodbye", "{{ content }}");
    chain.vestibule.signal("HUP");
    chain.await_log_times(RELOADED, 2);
    assert!(page(&chain, this).contains("goodbye"));
    assert!(page(&chain, other).contains("of the second day"));
    // It leaves out what the page says.
    put("signed-out.html", "farewell", "");
    chain.vestibule.signal("HUP");
    let refused = "the new configuration is refused; the old one stays";
    let line = chain.await_log(&[refused, "signed-out.html"]);
    assert!(line.contains("pages.templates"), "{line}");
    assert!(page(&chain, this).contains("goodbye"), "the old one");
    assert!(page(&chain, other).contains("of the second day"));
    fs::remove_file(folder.path().join("signed-out.html")).expect("removed");
    chain.await_log_times(RELOADED, 3);
    assert!(page(&chain, this).contains("of the second day"));
}
