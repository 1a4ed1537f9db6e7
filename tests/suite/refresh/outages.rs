//! Providers that are out, slow or killed while sessions go on.

use super::*;

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
