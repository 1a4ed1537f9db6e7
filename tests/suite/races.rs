//! What crosses on its way: sign-outs and refreshes, several sessions in one browser, use and the idle timeout.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::refresh::{client, refreshes, sessions, set_fault, until};
use super::session::session_cookies;
use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::{Browser, Harness, Setup};

/// Vestibule's leeway (cognito.md 3.5), and some seconds of a token's life.
const IN_MARGIN: i64 = 60 + 100;

fn rotating(chain: &Harness) {
    client(
        chain,
        json!({ "rotation": { "on": true, "grace_seconds": 60 } }),
    );
}

fn revocations(chain: &Harness) -> u64 {
    chain.idp().asked("domain:revoke")
}

/// The same cookies in another client's hands.
fn copy_of(chain: &Harness, person: &Browser) -> Browser {
    let mut copy = chain.browser();
    for (name, value) in session_cookies(person) {
        copy.set_cookie(&name, &value);
    }
    copy
}

/// A refresh is under way whose answer the provider holds back; the person signs out; the answer comes.
/// What the request was told that had begun it.
fn sign_out_meanwhile(chain: &mut Harness, person: &Browser) -> crate::support::Response {
    set_fault(chain, &json!({ "kind": "delay", "milliseconds": 3_000 }), 1);
    let (before, mut waiting) = (refreshes(chain), person.clone());
    let mut signing_out = person.clone();
    let answer = thread::scope(|scope| {
        let waiting = scope.spawn(|| waiting.get("/page"));
        until("the refresh", || refreshes(chain) > before);
        let out = signing_out.script("POST", "/_vestibule/logout");
        assert_eq!(out.status, 200, "{out:?}");
        waiting.join().expect("an answer")
    });
    until("both revocations", || revocations(chain) == 2);
    let mut copy = copy_of(chain, person);
    assert_eq!(copy.script("GET", "/data").status, 401);
    assert_eq!(copy.get("/page").status, 302);
    assert_eq!(refreshes(chain), before + 1, "nobody asks again");
    chain.await_log(&["session_signed_out"]);
    answer
}

#[test]
fn a_sign_out_while_a_request_waits_for_newer_tokens_ends_the_session_and_revokes_them() {
    let mut chain = Harness::start();
    rotating(&chain);
    let person = sessions(&chain, 3, 1).remove(0);
    thread::sleep(Duration::from_secs(4));
    let answer = sign_out_meanwhile(&mut chain, &person);
    assert_eq!(answer.status, 302, "{answer:?}");
    assert!(answer.all("set-cookie").is_empty(), "{answer:?}");
    assert_eq!(chain.echo.count(), 0, "the app never saw it");
}

#[test]
fn a_sign_out_while_newer_tokens_come_for_a_session_that_still_holds_revokes_them_too() {
    let mut chain = Harness::start();
    rotating(&chain);
    let person = sessions(&chain, IN_MARGIN, 1).remove(0);
    let answer = sign_out_meanwhile(&mut chain, &person);
    assert_eq!(answer.status, 200, "it was let through before: {answer:?}");
    assert!(answer.all("set-cookie").is_empty(), "{answer:?}");
}

#[test]
fn a_rotated_refresh_token_that_comes_with_a_token_of_somebody_else_is_revoked() {
    let chain = Harness::start();
    rotating(&chain);
    let mut person = sessions(&chain, 3, 1).remove(0);
    thread::sleep(Duration::from_secs(4));
    let fault = json!({ "kind": "tamper-token", "claims": { "sub": "somebody-else" } });
    set_fault(&chain, &fault, -1);
    assert_eq!(person.get("/page").status, 302);
    assert_eq!(chain.echo.count(), 0);
    until("the revocation", || revocations(&chain) == 1);
    // Where none is rotated there is none to revoke: the session's own one is the person's.
    client(&chain, json!({ "rotation": { "on": false } }));
    let mut person = sessions(&chain, IN_MARGIN, 1).remove(0);
    let before = refreshes(&chain);
    assert_eq!(person.get("/page").status, 200);
    until("the refresh", || refreshes(&chain) > before);
    chain
        .idp()
        .call("DELETE", "/faults", &serde_json::Value::Null);
    let mut next = sessions(&chain, IN_MARGIN, 1).remove(0);
    assert_eq!(next.get("/page").status, 200);
    until("another refresh", || refreshes(&chain) > before + 1);
    assert_eq!(revocations(&chain), 1);
}

#[test]
fn a_sign_out_ends_every_session_that_the_browser_holds() {
    let chain = Harness::start();
    let people = [
        chain.signed_in(KIRSTEN),
        chain.signed_in(OLA),
        chain.signed_in(KIRSTEN),
    ];
    // A cookie that was set with another path or domain comes along under the same name.
    let cookies: Vec<String> = people.iter().map(Browser::app_cookies).collect();
    let answer = chain.raw(&format!(
        "POST /_vestibule/logout HTTP/1.1\r\nHost: HOST\r\nOrigin: {}\r\nAccept: */*\r\n\
         Content-Length: 0\r\nCookie: {}\r\n\r\n",
        chain.origin,
        cookies.join("; ")
    ));
    assert_eq!(answer.status, 200, "{answer:?}");
    for person in &people {
        let mut copy = copy_of(&chain, person);
        assert_eq!(copy.script("GET", "/data").status, 401);
    }
    until("all revocations", || revocations(&chain) == 3);
}

/// The shortest idle timeout there is. What is used goes on, by cookies that are written now and then; what
/// only polls ends, and so does what nobody uses.
#[test]
fn an_idle_session_ends_and_a_used_one_goes_on_by_few_cookies() {
    let chain = Setup {
        session: "idle_timeout = \"1m\"".to_owned(),
        tables: "[[route]]\npath = \"/poll\"\nactivity = false\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let [mut used, mut polling, mut asleep] = [KIRSTEN; 3].map(|name| chain.signed_in(name));
    let (began, mut asked, mut written) = (Instant::now(), 0, 0);
    let mut polls_end = None;
    while began.elapsed() < Duration::from_secs(80) {
        let answer = used.get("/page");
        assert_eq!(answer.status, 200, "after {:?}", began.elapsed());
        asked += 1;
        written += usize::from(!answer.all("set-cookie").is_empty());
        let poll = polling.script("GET", "/poll");
        let told = polling.script("GET", "/_vestibule/session");
        assert!(matches!(poll.status, 200 | 401), "{poll:?}");
        if poll.status == 401 {
            polls_end.get_or_insert(began.elapsed());
        } else {
            assert_eq!(polls_end, None, "it ends once");
            assert!(poll.all("set-cookie").is_empty() && told.all("set-cookie").is_empty());
        }
        thread::sleep(Duration::from_secs(1));
    }
    // Noted when the last note is a sixth of the timeout ago, ten seconds.
    assert!(written >= 2, "{written} of {asked}");
    assert!(written <= asked / 2, "{written} of {asked}");
    assert!(polls_end.is_some(), "polls kept it alive");
    assert_eq!(asleep.script("GET", "/page").status, 401);
}
