use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Browser, Idp, Response};

fn fault(idp: &Idp, kind: Value) {
    let mut body = json!({ "endpoint": "domain:token", "grant_type": "refresh_token" });
    for (name, value) in kind.as_object().unwrap() {
        body[name] = value.clone();
    }
    idp.set("POST", "/faults", body);
}

fn refresh_token(idp: &Idp) -> String {
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

/// A refresh, and all bytes of what comes back; an error is the connection's.
fn raw_refresh(idp: &Idp, token: &str) -> std::io::Result<String> {
    let address = idp.at("domain").strip_prefix("http://").unwrap();
    let form = format!(
        "grant_type=refresh_token&refresh_token={token}&client_id={}&client_secret={}",
        Idp::CLIENT,
        idp.secret()
    );
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /oauth2/token HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn e18_a_body_of_any_kind_takes_the_place_of_the_answer() {
    let idp = Idp::start();
    let token = refresh_token(&idp);
    fault(
        &idp,
        json!({ "kind": "body", "body": "<html>503 backend</html>" }),
    );
    let answer = idp.refresh(&token);
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "<html>503 backend</html>")
    );
    assert_eq!(
        answer.header("content-type"),
        Some("text/html;charset=UTF-8")
    );
    let grant = json!({ "kind": "body", "status": 400, "content_type": "application/json",
        "body": "{\"error\":\"invalid_grant\"}" });
    fault(&idp, grant);
    let answer = idp.refresh(&token);
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!("invalid_grant"))
    );
    fault(&idp, json!({ "kind": "huge", "bytes": 3_000_000 }));
    assert_eq!(idp.refresh(&token).body.len(), 3_000_000);
    fault(
        &idp,
        json!({ "kind": "redirect", "location": "http://elsewhere.example/" }),
    );
    assert_eq!(idp.refresh(&token).location(), "http://elsewhere.example/");
    assert_eq!(idp.refresh(&token).status, 200, "all of them are spent");
}

#[test]
fn e18_faults_of_refreshes_leave_logins_alone() {
    let idp = Idp::start();
    let token = refresh_token(&idp);
    fault(
        &idp,
        json!({ "kind": "status", "status": 500, "times": -1 }),
    );
    assert_eq!(idp.refresh(&token).status, 500);
    refresh_token(&idp);
    assert_eq!(idp.refresh(&token).status, 500);
    let grants = idp.set("GET", "/counters/grants", Value::Null);
    assert_eq!(
        grants,
        json!({ "authorization_code": 2, "refresh_token": 2 })
    );
    idp.set("POST", "/counters/reset", Value::Null);
    assert_eq!(idp.set("GET", "/counters/grants", Value::Null), json!({}));
}

#[test]
fn e18_late_answers_and_silence() {
    let idp = Idp::start();
    let token = refresh_token(&idp);
    fault(&idp, json!({ "kind": "delay", "milliseconds": 300 }));
    let began = Instant::now();
    assert_eq!(idp.refresh(&token).status, 200);
    assert!(began.elapsed() >= Duration::from_millis(300));
    fault(&idp, json!({ "kind": "silence", "milliseconds": 300 }));
    let began = Instant::now();
    let heard = raw_refresh(&idp, &token);
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert!(heard.as_deref().is_ok_and(str::is_empty), "{heard:?}");
}

#[test]
fn e18_a_response_that_is_lost_after_the_rotation() {
    let idp = Idp::start();
    idp.client(json!({ "rotation": { "on": true, "grace_seconds": 0 } }));
    let token = refresh_token(&idp);
    fault(&idp, json!({ "kind": "lose" }));
    let heard = raw_refresh(&idp, &token);
    assert!(heard.as_deref().is_ok_and(str::is_empty), "{heard:?}");
    let late = idp.refresh(&token);
    assert_eq!(late.json()["error"], "invalid_grant", "it was served");
}

#[test]
fn e18_a_connection_that_is_reset() {
    let idp = Idp::start();
    let token = refresh_token(&idp);
    fault(&idp, json!({ "kind": "reset" }));
    let error = raw_refresh(&idp, &token).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(idp.refresh(&token).status, 200, "the token was not touched");
}

#[test]
fn e18_a_body_that_is_cut_off() {
    let idp = Idp::start();
    let token = refresh_token(&idp);
    let whole = idp.refresh(&token);
    let length = |answer: &Response| answer.body.len();
    fault(&idp, json!({ "kind": "truncate" }));
    let heard = raw_refresh(&idp, &token).unwrap();
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.to_lowercase().contains("content-length: "), "{head}");
    assert!(
        !body.is_empty() && body.len() < length(&whole),
        "{}",
        body.len()
    );
}

#[test]
fn e18_faults_that_nobody_could_carry_out_are_refused() {
    let idp = Idp::start();
    for kind in [
        json!({ "kind": "body", "status": 100, "body": "" }),
        json!({ "kind": "silence", "milliseconds": 10_000_000 }),
        json!({ "kind": "huge", "bytes": 1_000_000_000_u64 }),
        json!({ "kind": "melt" }),
    ] {
        let mut body = kind.clone();
        body["endpoint"] = json!("domain:token");
        assert_eq!(idp.admin("POST", "/faults", body).status, 400, "{kind}");
    }
}

#[test]
fn e18_an_invalid_grant_for_a_refresh_token_that_is_good() {
    let idp = Idp::start();
    let token = refresh_token(&idp);
    let refusal = json!({
        "kind": "body", "status": 400, "content_type": "application/json;charset=UTF-8",
        "body": "{\"error\":\"invalid_grant\"}", "times": 2,
    });
    fault(&idp, refusal);
    for _ in 0..2 {
        let answer = idp.refresh(&token);
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"], "invalid_grant");
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("application/json;charset=UTF-8"));
    }
    assert_eq!(idp.refresh(&token).status, 200, "nothing happened to it");
}

#[test]
fn e18_key_sets_that_are_empty_oversized_slow_or_not_there() {
    let idp = Idp::start();
    let url = format!("{}/.well-known/jwks.json", idp.at("issuer"));
    let get = |kind: Value| {
        let mut body = json!({ "endpoint": "issuer:jwks" });
        for (name, value) in kind.as_object().unwrap() {
            body[name] = value.clone();
        }
        idp.set("POST", "/faults", body);
        Browser::default().get(&url)
    };
    let empty = json!({
        "kind": "body", "content_type": "application/json", "body": "{\"keys\":[]}",
    });
    assert_eq!(get(empty).json(), json!({ "keys": [] }));
    let huge = get(json!({ "kind": "huge", "bytes": 3_000_000 }));
    assert_eq!(huge.body.len(), 3_000_000);
    assert_eq!(get(json!({ "kind": "status", "status": 503 })).status, 503);
    let began = Instant::now();
    let late = get(json!({ "kind": "delay", "milliseconds": 300 }));
    assert!(began.elapsed() >= Duration::from_millis(300));
    let keys = |answer: &Response| answer.json()["keys"].as_array().map(Vec::len);
    assert_eq!(keys(&late), Some(2), "the keys, later");
    assert_eq!(
        keys(&Browser::default().get(&url)),
        Some(2),
        "all are spent"
    );
}
