//! Sessions that outlive their tokens: refreshed in time, once, and by whatever the provider gives.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::dev_idp::KIRSTEN;
use crate::support::wire::try_request;
use crate::support::{Browser, Harness, Response, Setup, records};

/// The life of a token in these tests, in seconds.
const LIFE: i64 = 3600;
/// Vestibule's leeway (cognito.md 3.5).
const LEEWAY: i64 = 60;
/// No condition takes longer to come true, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(60);

const INSTANCES: usize = 3;
const AT_ONCE: usize = 50;
const ROUNDS: usize = 20;

#[test]
fn a_burst_at_the_moment_of_expiry_with_a_grace_of_60_seconds_loses_nobody() {
    burst(json!({ "on": true, "grace_seconds": 60 }));
}

#[test]
fn a_burst_at_the_moment_of_expiry_with_a_grace_of_10_seconds_loses_nobody() {
    burst(json!({ "on": true, "grace_seconds": 10 }));
}

#[test]
fn a_burst_at_the_moment_of_expiry_without_rotation_loses_nobody() {
    burst(json!({ "on": false }));
}

#[test]
fn a_burst_at_the_moment_of_expiry_without_any_grace_costs_one_login_at_most() {
    burst(json!({ "on": true, "grace_seconds": 0 }));
}

/// Fifty requests at each of three instances with the cookie of one session whose token is about to
/// end or has just ended; twenty sessions.
fn burst(rotation: Value) {
    let no_grace = rotation["grace_seconds"] == 0;
    let chain = Harness::start();
    let replicas = chain.replicas(INSTANCES - 1);
    let addresses: Vec<SocketAddr> = std::iter::once(chain.address)
        .chain(replicas.iter().map(|replica| replica.address))
        .collect();
    // Long enough for the first bursts to come before the end, and the last ones after it.
    let sessions = sessions(&chain, 4, ROUNDS);
    client(&chain, json!({ "rotation": rotation }));
    let mut seen = BTreeMap::new();
    for (round, session) in sessions.iter().enumerate() {
        let before = refreshes(&chain);
        let answers = all_at_once(&chain, &addresses, &session.app_cookies());
        assert_eq!(refreshes(&chain) - before, 3, "one call for each instance");
        let mut shown = false;
        for (index, address) in addresses.iter().enumerate() {
            let of_instance: Vec<&Response> = answers
                .iter()
                .filter(|(at, _)| at == address)
                .map(|(_, answer)| answer)
                .collect();
            assert_eq!(of_instance.len(), AT_ONCE, "no request is lost");
            let good = of_instance
                .iter()
                .filter(|answer| answer.status == 200)
                .count();
            *seen.entry(good == AT_ONCE).or_insert(0) += 1;
            if !no_grace {
                let statuses: Vec<u16> = of_instance.iter().map(|answer| answer.status).collect();
                assert_eq!(
                    good, AT_ONCE,
                    "round {round}, instance {index}: {statuses:?}"
                );
            }
            for answer in &of_instance {
                let told = matches!(answer.status, 200 | 302 | 401);
                assert!(told, "round {round}, instance {index}: {answer:?}");
            }
            let mut person = session.at(*address);
            if good == AT_ONCE {
                let newest = of_instance
                    .iter()
                    .rev()
                    .find(|a| !a.all("set-cookie").is_empty());
                if let Some(newest) = newest {
                    assert_eq!(newest.header("cache-control"), Some("private, no-cache"));
                    // It is good everywhere, and asks for nothing.
                    person.take_in(newest);
                    let before = refreshes(&chain);
                    for other in &addresses {
                        assert_eq!(person.at(*other).get("/next").status, 200);
                    }
                    assert_eq!(refreshes(&chain), before);
                    shown = true;
                } else {
                    assert!(no_grace, "round {round}, instance {index}: no new cookie");
                }
            } else {
                // A new login, without a password since the provider knows the browser, and that is all;
                // none where the newer cookie of another instance has come by, whose session serves this one.
                let logins = calls(&chain, "authorization_code");
                let page = person.arrive("/next");
                assert_eq!(page.status, 200, "{:?}", person.trail);
                assert_eq!(person.get("/after").status, 200);
                let logins = calls(&chain, "authorization_code") - logins;
                assert_eq!(logins, u64::from(!shown), "round {round}, instance {index}");
            }
        }
    }
    println!("whole instances: {seen:?}");
    if no_grace {
        let whole = seen.get(&true).copied().unwrap_or(0);
        assert!(
            whole >= ROUNDS,
            "somebody has the new token in each round: {seen:?}"
        );
    }
}

/// Sends all requests together, half of them a person's and half of them a script's.
fn all_at_once(
    chain: &Harness,
    addresses: &[SocketAddr],
    cookies: &str,
) -> Vec<(SocketAddr, Response)> {
    let start = Barrier::new(addresses.len() * AT_ONCE);
    thread::scope(|scope| {
        let requests: Vec<_> = (0..AT_ONCE)
            .flat_map(|number| addresses.iter().map(move |address| (number, *address)))
            .map(|(number, address)| {
                let start = &start;
                let kind = match number % 2 {
                    0 => "Accept: text/html\r\n",
                    _ => "Accept: */*\r\n",
                };
                let request = format!(
                    "GET /page/{number} HTTP/1.1\r\nHost: {}\r\n{kind}Cookie: {cookies}\r\n\r\n",
                    chain.host()
                );
                scope.spawn(move || {
                    start.wait();
                    (address, try_request(address, request.as_bytes()))
                })
            })
            .collect();
        requests
            .into_iter()
            .filter_map(|request| {
                let (address, answer) = request.join().expect("a client");
                Some((address, answer.ok()?))
            })
            .collect()
    })
}

#[test]
fn a_changed_group_reaches_the_app_at_the_next_refresh_without_a_new_login() {
    let chain = Harness::start();
    let mut browser = sessions(&chain, LEEWAY + 100, 1).remove(0);
    let path = format!("/users/{}/{KIRSTEN}", chain.idp().pool);
    chain
        .idp()
        .call("PATCH", &path, &json!({ "groups": ["Admins"] }));
    let logins = chain.idp().asked("domain:authorize");
    assert_eq!(browser.get("/first").status, 200);
    until("the new group", || {
        assert_eq!(browser.get("/next").status, 200);
        chain.echo.last().header("X-Forwarded-Groups") == Some("Admins")
    });
    assert_eq!(chain.idp().asked("domain:authorize"), logins);
    assert_eq!(refreshes(&chain), 1);
}

#[test]
fn a_refresh_brings_a_newer_access_token_and_another_assertion() {
    let dir = tempfile::tempdir().expect("a directory");
    let chain = Setup {
        tables: format!(
            "[headers]\npreset = \"bearer\"\nassertion = {{ audience = \"wiki\", keys = [{}] }}\n",
            super::assertion::key_file(&dir, "key")
        ),
        ..Setup::default()
    }
    .start();
    let mut browser = sessions(&chain, LEEWAY + 100, 1).remove(0);
    let path = format!("/users/{}/{KIRSTEN}", chain.idp().pool);
    chain
        .idp()
        .call("PATCH", &path, &json!({ "groups": ["Admins"] }));
    until("the new tokens", || {
        assert_eq!(browser.get("/next").status, 200);
        let seen = chain.echo.last();
        let bearer = seen.header("authorization").expect("a token");
        let bearer = bearer.strip_prefix("Bearer ").expect("a bearer").to_owned();
        let assertion = seen.header("x-vestibule-assertion").expect("an assertion");
        records::secret("token", &bearer);
        records::secret("token", assertion);
        let new = json!(["Admins"]);
        let is_new = payload(&bearer)["cognito:groups"] == new;
        // One request tells of one generation, in both.
        assert_eq!(payload(assertion)["groups"] == new, is_new);
        is_new
    });
    assert_eq!(refreshes(&chain), 1);
}

fn payload(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).expect("a payload");
    let part = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&part.expect("base64")).expect("JSON")
}

#[test]
fn the_answer_of_the_request_that_began_the_refresh_brings_the_cookie() {
    let chain = Harness::start();
    // The provider may be slower than the answer's head waits: then another one's is not.
    let brought = sessions(&chain, LEEWAY + 100, 10)
        .iter_mut()
        .any(|browser| {
            let answer = browser.get("/page");
            assert_eq!(answer.status, 200);
            !answer.all("set-cookie").is_empty()
        });
    assert!(brought);
}

#[test]
fn userinfo_is_asked_again_and_its_claims_are_kept_anew() {
    let chain = Setup {
        provider: "userinfo = true".to_owned(),
        identity: "attributes = { nick = { claim = \"nickname\", from = \"userinfo\" } }"
            .to_owned(),
        tables: "[headers]\nset = { X-Nick = \"{attribute.nick}\" }".to_owned(),
        ..Setup::default()
    }
    .start();
    let path = format!("/users/{}/{KIRSTEN}", chain.idp().pool);
    let rename = |nick: &str| {
        let change = json!({ "attributes": { "nickname": nick } });
        chain.idp().call("PATCH", &path, &change);
    };
    rename("Kiki");
    let mut browser = sessions(&chain, LEEWAY + 100, 1).remove(0);
    rename("Kix");
    assert_eq!(chain.idp().asked("domain:userinfo"), 1);
    until("the new name", || {
        assert_eq!(browser.get("/next").status, 200);
        let seen = chain.echo.last();
        let nick = seen.header("X-Nick");
        assert!(matches!(nick, Some("Kiki" | "Kix")), "{nick:?}");
        nick == Some("Kix")
    });
    assert_eq!(chain.idp().asked("domain:userinfo"), 2);
    assert_eq!(refreshes(&chain), 1);
}

#[test]
fn nobody_is_sent_to_sign_in_at_a_provider_that_is_out() {
    let chain = Harness::start();
    let fault = |endpoint: &str| {
        let fault = json!({ "endpoint": endpoint, "times": -1, "kind": "status", "status": 503 });
        chain.idp().call("POST", "/faults", &fault);
    };
    // Only its discovery document is missing, which some have not got at all.
    fault("issuer:discovery");
    let login = chain.browser().get("/_vestibule/login");
    assert_eq!(login.status, 302, "{login:?}");
    fault("issuer:jwks");
    until("the news of the outage", || {
        let answer = chain.browser().get("/_vestibule/login");
        let is_out = answer.status == 503;
        assert!(is_out || answer.status == 302, "{answer:?}");
        assert_eq!(answer.header("retry-after").is_some(), is_out, "{answer:?}");
        is_out
    });
    chain.idp().call("DELETE", "/faults", &Value::Null);
    until("the end of the outage", || {
        chain.browser().get("/_vestibule/login").status == 302
    });
}

#[test]
fn whatever_the_provider_does_nobody_with_a_valid_token_notices() {
    let chain = Harness::start();
    for fault in faults() {
        let mut browser = sessions(&chain, LEEWAY + 100, 1).remove(0);
        let cookies = browser.app_cookies();
        set_fault(&chain, &fault, -1);
        let before = refreshes(&chain);
        for _ in 0..5 {
            let answer = browser.get("/page");
            assert_eq!(answer.status, 200, "{fault}");
            assert!(answer.all("set-cookie").is_empty(), "{fault}: {answer:?}");
        }
        assert!(refreshes(&chain) > before, "{fault}: it was asked");
        assert_eq!(browser.app_cookies(), cookies, "{fault}");
        chain.idp().call("DELETE", "/faults", &Value::Null);
        // What is still silent ends by itself. `lose` has cost nothing: there is no rotation.
        until("a refresh after the fault", || {
            assert_eq!(browser.get("/page").status, 200, "{fault}");
            browser.app_cookies() != cookies
        });
    }
}

#[test]
fn not_every_request_asks_a_provider_that_fails() {
    let chain = Harness::start();
    let mut browser = sessions(&chain, LEEWAY + 100, 1).remove(0);
    set_fault(&chain, &json!({ "kind": "status", "status": 500 }), -1);
    let (began, before) = (Instant::now(), refreshes(&chain));
    for _ in 0..30 {
        assert_eq!(browser.get("/page").status, 200);
    }
    // After 1, 3, 7, 12, 17 … seconds.
    let asked = refreshes(&chain) - before;
    assert!(asked <= 3 + began.elapsed().as_secs(), "{asked}");
}

#[test]
fn past_the_tokens_end_an_outage_is_503_and_the_cookie_is_kept() {
    let chain = Harness::start();
    let mut people = sessions(&chain, 3, faults().len());
    thread::sleep(Duration::from_secs(4));
    for (browser, fault) in people.iter_mut().zip(faults()) {
        let cookies = browser.app_cookies();
        set_fault(&chain, &fault, -1);
        for answer in [browser.get("/page"), browser.script("GET", "/data")] {
            assert_eq!(answer.status, 503, "{fault}: {answer:?}");
            assert!(
                answer.header("retry-after").is_some(),
                "{fault}: {answer:?}"
            );
            assert!(answer.all("set-cookie").is_empty(), "{fault}: {answer:?}");
        }
        assert_eq!(browser.app_cookies(), cookies);
        chain.idp().call("DELETE", "/faults", &Value::Null);
        until("the session's return", || {
            browser.get("/page").status == 200
        });
        assert_ne!(browser.app_cookies(), cookies);
    }
}

#[test]
fn a_provider_that_is_killed_in_the_middle_of_a_refresh_signs_nobody_out() {
    let mut chain = Harness::start();
    let mut valid = sessions(&chain, LEEWAY + 100, 1).remove(0);
    let mut ended = sessions(&chain, 3, 1).remove(0);
    thread::sleep(Duration::from_secs(4));
    set_fault(
        &chain,
        &json!({ "kind": "delay", "milliseconds": 60_000 }),
        -1,
    );
    let before = refreshes(&chain);
    let mut waiting = ended.clone();
    let (of_ended, of_valid) = thread::scope(|scope| {
        let of_ended = scope.spawn(|| waiting.get("/page"));
        let of_valid = scope.spawn(|| valid.get("/page"));
        until("both refreshes", || refreshes(&chain) - before == 2);
        chain.idp.take().expect("the emulator").stop();
        (
            of_ended.join().expect("an answer"),
            of_valid.join().expect("an answer"),
        )
    });
    assert_eq!(of_valid.status, 200);
    assert_eq!(of_ended.status, 503, "{of_ended:?}");
    for _ in 0..3 {
        assert_eq!(valid.get("/page").status, 200);
        let answer = ended.get("/page");
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.all("set-cookie").is_empty(), "{answer:?}");
    }
    let answer = chain.browser().arrive("/_vestibule/login");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
}

#[test]
fn outage_grace_carries_sessions_over_an_outage() {
    let mut chain = Setup {
        session: "outage_grace = \"10m\"".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = sessions(&chain, 3, 1).remove(0);
    thread::sleep(Duration::from_secs(4));
    chain.idp.take().expect("the emulator").stop();
    for _ in 0..3 {
        assert_eq!(browser.get("/page").status, 200);
        assert_eq!(chain.echo.last().header("X-Forwarded-Email"), Some(KIRSTEN));
    }
}

#[test]
fn invalid_grant_ends_a_session_after_its_token_and_not_before() {
    let chain = Harness::start();
    let mut valid = sessions(&chain, LEEWAY + 100, 1).remove(0);
    let mut ended = sessions(&chain, 3, 1).remove(0);
    thread::sleep(Duration::from_secs(4));
    let path = format!("/users/{}/{KIRSTEN}", chain.idp().pool);
    chain
        .idp()
        .call("PATCH", &path, &json!({ "disabled": true }));
    let before = refreshes(&chain);
    for _ in 0..5 {
        assert_eq!(valid.get("/page").status, 200);
    }
    let answer = ended.get("/page");
    assert_eq!(answer.status, 302);
    assert!(
        answer.location().contains("/_vestibule/login?"),
        "{answer:?}"
    );
    let answer = ended.script("GET", "/data");
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"], "unauthenticated");
    assert_eq!(refreshes(&chain) - before, 2, "one call for each session");
}

#[test]
fn a_token_of_somebody_else_renews_nothing() {
    let chain = Harness::start();
    let mut browser = sessions(&chain, 3, 1).remove(0);
    thread::sleep(Duration::from_secs(4));
    let fault = json!({ "kind": "tamper-token", "claims": { "sub": "somebody-else" } });
    set_fault(&chain, &fault, -1);
    assert_eq!(browser.get("/page").status, 302);
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn a_tab_that_is_closed_in_the_middle_of_a_refresh_costs_nobody_the_session() {
    let chain = Harness::start();
    client(
        &chain,
        json!({ "rotation": { "on": true, "grace_seconds": 0 } }),
    );
    let mut browser = sessions(&chain, 3, 1).remove(0);
    thread::sleep(Duration::from_secs(4));
    set_fault(&chain, &json!({ "kind": "delay", "milliseconds": 500 }), 1);
    let before = refreshes(&chain);
    {
        use std::io::Write;
        let mut closed = TcpStream::connect(chain.address).unwrap();
        let (host, cookies) = (chain.host(), browser.app_cookies());
        write!(
            closed,
            "GET /page HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\r\n"
        )
        .unwrap();
        until("the refresh", || refreshes(&chain) > before);
    }
    assert_eq!(browser.get("/page").status, 200);
    assert_eq!(refreshes(&chain) - before, 1, "the token was rotated once");
}

#[test]
fn an_upgrade_carries_the_new_cookie_too_and_is_for_no_cache() {
    let chain = Harness::start();
    let browser = sessions(&chain, 3, 1).remove(0);
    thread::sleep(Duration::from_secs(4));
    let answer = chain.raw(&format!(
        "GET /socket?status=101&h=Upgrade:websocket&h=Connection:upgrade HTTP/1.1\r\nHost: HOST\r\n\
         Connection: upgrade\r\nUpgrade: websocket\r\nCookie: {}\r\n\r\n",
        browser.app_cookies()
    ));
    assert_eq!(answer.status, 101, "{answer:?}");
    assert_eq!(answer.all("set-cookie").len(), 1, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
}

#[test]
fn scripts_that_only_ask_for_the_session_get_it_renewed() {
    let chain = Harness::start();
    let mut browser = sessions(&chain, 3, 1).remove(0);
    thread::sleep(Duration::from_secs(4));
    let answer = browser.script("GET", "/_vestibule/session");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["user"], KIRSTEN);
    assert!(!answer.all("set-cookie").is_empty());
}

/// Everything that a provider can do instead of answering a refresh.
fn faults() -> Vec<Value> {
    vec![
        json!({ "kind": "status", "status": 500 }),
        json!({ "kind": "status", "status": 429 }),
        json!({ "kind": "body", "body": "<html>Sorry</html>" }),
        json!({ "kind": "body", "status": 403, "body": "<html>Blocked</html>" }),
        json!({ "kind": "truncate" }),
        json!({ "kind": "reset" }),
        json!({ "kind": "lose" }),
        json!({ "kind": "redirect", "location": "http://127.0.0.1:1/" }),
        json!({ "kind": "huge", "bytes": 2_000_000 }),
        json!({ "kind": "silence", "milliseconds": 30_000 }),
    ]
}

/// A fault of refreshes; logins are not touched.
pub(super) fn set_fault(chain: &Harness, fault: &Value, times: i64) {
    let mut body = fault.clone();
    body["endpoint"] = json!("domain:token");
    body["grant_type"] = json!("refresh_token");
    body["times"] = json!(times);
    chain.idp().call("POST", "/faults", &body);
}

/// How often newer tokens were asked for.
pub(super) fn refreshes(chain: &Harness) -> u64 {
    calls(chain, "refresh_token")
}

/// Token calls of one grant type.
fn calls(chain: &Harness, grant_type: &str) -> u64 {
    let grants = chain.idp().call("GET", "/counters/grants", &Value::Null);
    grants[grant_type].as_u64().unwrap_or(0)
}

pub(super) fn client(chain: &Harness, changes: Value) {
    let path = format!("/clients/{}", chain.idp().client_id);
    chain.idp().call("PATCH", &path, &changes);
}

/// People who have just signed in, and have asked the app for nothing yet. Their tokens are good for
/// so many seconds more, leeway included; later ones for an hour.
pub(super) fn sessions(chain: &Harness, seconds: i64, count: usize) -> Vec<Browser> {
    let offset = seconds - LEEWAY - LIFE;
    let lifetimes = json!({ "id": LIFE, "access": LIFE, "refresh": 100_000 });
    client(
        chain,
        json!({ "clock_offset_seconds": offset, "lifetimes": lifetimes }),
    );
    let sessions = (0..count)
        .map(|_| {
            let mut browser = chain.browser();
            let login = browser.arrive("/");
            let password = chain.idp().password(KIRSTEN);
            let fields = [("username", KIRSTEN), ("password", password)];
            let mut answer = browser.click(&login, Some("signIn"), &fields);
            while !browser.has_session() {
                answer = browser.follow(&answer);
            }
            assert_eq!(answer.status, 302, "{answer:?}");
            browser
        })
        .collect();
    client(chain, json!({ "clock_offset_seconds": 0 }));
    sessions
}

pub(super) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "no sign of {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
