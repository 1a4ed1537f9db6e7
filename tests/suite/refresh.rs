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

mod bursts;
mod outages;

/// The life of a token in these tests, in seconds.
const LIFE: i64 = 3600;

/// Vestibule's leeway (cognito.md 3.5).
const LEEWAY: i64 = 60;

/// No condition takes longer to come true, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(60);

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
