//! What decides about a request: path, host, rules; and where a login may return to.

use serde_json::json;

use super::{grouped, ruled, status};
use crate::suite::login::callback_of;
use crate::suite::tokens::present_token;
use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::{Harness, Setup};

#[test]
fn r03_forwarded_headers_of_anyone_decide_nothing() {
    let chain = ruled();
    for header in [
        "X-Forwarded-Uri: /public/x",
        "X-Forwarded-Prefix: /public",
        "X-Original-URL: /public/x",
        "X-Original-URI: /public/x",
        "X-Rewrite-URL: /public/x",
        "X-Envoy-Original-Path: /public/x",
        "X-Forwarded-Method: OPTIONS",
        "Forwarded: for=127.0.0.1;host=localhost;proto=https",
    ] {
        assert_ne!(status(&chain, "GET", "/data", header), 200, "{header}");
        assert_ne!(status(&chain, "GET", "/admin/x", header), 200, "{header}");
    }
    // A forged host neither passes as ours nor enters a URL of ours.
    let answer =
        chain.raw("GET /data HTTP/1.1\r\nHost: HOST\r\nX-Forwarded-Host: evil.example\r\n\r\n");
    assert!(!answer.text().contains("evil.example"), "{}", answer.text());
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn r04_rules_see_the_path_only() {
    let chain = ruled();
    for target in [
        "/admin?/public/x",
        "/data?/public/",
        "/admin/x?a=/public/x",
        "/public%23/../admin/x",
    ] {
        let status = status(&chain, "GET", target, "");
        assert!(matches!(status, 400 | 401 | 403), "{target}: {status}");
    }
    assert_eq!(
        status(&chain, "GET", "/public/x#/admin", ""),
        400,
        "a raw fragment"
    );
    assert_eq!(status(&chain, "GET", "/admin#/public/x", ""), 400);
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn r04_rules_on_people_see_the_path_only() {
    let chain = grouped();
    let mut ola = chain.signed_in_at("/data", OLA);
    for target in ["/staff?/guests/x", "/staff/x?a=/guests/x", "/%73taff/x"] {
        assert_eq!(ola.get(target).status, 403, "{target}");
    }
    assert_eq!(ola.get("/guests/x?/staff/x").status, 200);
    assert_eq!(chain.echo.last().target(), "/guests/x?/staff/x");
}

#[test]
fn r05_ambiguous_paths_are_refused_where_there_are_rules() {
    let chain = ruled();
    for target in [
        "/public/../admin/x",
        "/public/..;/admin/x",
        "/public/%2e%2e/admin/x",
        "/public/%2E%2E%2Fadmin",
        "/public/.%2e/admin",
        "/public/./x",
        "/public//admin",
        "//public/x",
        "/public/x;a=b",
        "/public%2Fx",
        "/public%5Cx",
        "/public\\x",
        "/public/%00",
        "/public/%0a",
        "/public/%",
        "/public/%zz",
        "/public/%252e%252e/admin",
        "/public/%252Fx",
    ] {
        assert_eq!(status(&chain, "GET", target, ""), 400, "{target}");
    }
    assert_eq!(chain.echo.count(), 0);
    // One spelling is matched and sent.
    assert_eq!(status(&chain, "GET", "/%70ublic/%c3%a6%7E", ""), 200);
    assert_eq!(chain.echo.last().target(), "/public/%C3%A6~");
    assert_ne!(status(&chain, "GET", "/%61dmin/x", ""), 200);
}

#[test]
fn r05_a_route_that_allows_a_form_opens_no_other_route_by_it() {
    let chain = grouped();
    let cookies = chain.signed_in_at("/data", OLA).app_cookies();
    let cookie = format!("Cookie: {cookies}");
    for target in [
        "/guests/..;/staff/x",
        "/guests/%2e%2e%2fstaff/x",
        "//staff/x",
        "/%2Fstaff/x",
        "/staff%2Fx",
        "/staff;x/y",
        "/guests/x;y/../../staff",
        "/guests%252f..%252fstaff",
    ] {
        let status = status(&chain, "GET", target, &cookie);
        assert!(matches!(status, 400 | 403), "{target}: {status}");
    }
    let before = chain.echo.count();
    for target in ["/guests/a%2Fb", "/guests//a", "/guests;v=1/a"] {
        assert_eq!(status(&chain, "GET", target, &cookie), 200, "{target}");
        assert_eq!(chain.echo.last().target(), target);
    }
    assert_eq!(chain.echo.count() - before, 3);
}

#[test]
fn r05_encoding_what_need_not_be_encoded_walks_around_no_rule() {
    let tables = "[[route]]\npath = \"/wiki/*\"\naccess = \"public\"\n\
                  [[route]]\npath = \"/wiki/Special:Rights\"\naccess = { groups = [\"Nobodies\"] }\n";
    let chain = Setup {
        tables: tables.to_owned(),
        ..Setup::default()
    }
    .start();
    for target in [
        "/wiki/Special%3ARights",
        "/wiki/Special%3arights/../Special:Rights",
        "/wiki/Special%253ARights",
        "/wiki/Special:%2552ights",
        "/wiki/%53pecial%3aRights?x",
    ] {
        assert_eq!(status(&chain, "GET", target, ""), 400, "{target}");
    }
    assert_eq!(status(&chain, "GET", "/wiki/Special:Rights", ""), 401);
    assert_eq!(chain.echo.count(), 0);
    // What meets no other rule goes on as it came.
    assert_eq!(status(&chain, "GET", "/wiki/Talk%3aA%40B", ""), 200);
    assert_eq!(chain.echo.last().target(), "/wiki/Talk%3AA%40B");
}

#[test]
fn r06_hosts_are_compared_without_case_dot_and_strangers_are_refused() {
    let chain = ruled();
    let (name, port) = chain.host().split_once(':').expect("a port");
    for host in [
        format!("{}:{port}", name.to_uppercase()),
        format!("{name}.:{port}"),
    ] {
        let answer = chain.raw(&format!("GET /public/x HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(answer.status, 200, "{host}: {answer:?}");
        let closed = chain.raw(&format!("GET /admin/x HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_ne!(closed.status, 200, "{host}");
    }
    let grouped = grouped();
    let cookie = grouped.signed_in_at("/data", OLA).app_cookies();
    let (name, port) = grouped.host().split_once(':').expect("a port");
    for host in [format!("LOCALHOST:{port}"), format!("{name}.:{port}")] {
        let closed = grouped.raw(&format!(
            "GET /hosted/x HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n"
        ));
        assert_eq!(closed.status, 403, "{host}: a rule of the host is skipped");
    }
    for host in ["evil.example", "localhost.evil.example", "", "127.0.0.1"] {
        let answer = chain.raw(&format!("GET /data HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(
            matches!(answer.status, 400 | 421),
            "{host:?}: {}",
            answer.status
        );
    }
}

#[test]
fn r07_no_header_opens_a_route() {
    let chain = ruled();
    for header in [
        "User-Agent: kube-probe/1.30",
        "User-Agent: GoogleHC/1.0",
        "User-Agent: ELB-HealthChecker/2.0",
        "X-Vestibule-Skip: 1",
        "Purpose: health",
        "Upgrade-Insecure-Requests: 1",
        "Authorization: Basic YWRtaW46YWRtaW4=",
        "Access-Control-Request-Method: GET",
    ] {
        for method in ["GET", "OPTIONS", "HEAD"] {
            assert_ne!(
                status(&chain, method, "/data", header),
                200,
                "{method} {header}"
            );
        }
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn r08_no_return_target_leads_off_the_origin() {
    let chain = Harness::start();
    for target in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/ /evil.example",
        " //evil.example",
        "/%09/evil.example",
        "/%5cevil.example",
        "http:evil.example",
        "https:/evil.example",
        "https:///evil.example",
        "https://localhost@evil.example",
        "https://localhost.evil.example",
        "http://localhost:1/",
        "javascript:alert(1)",
        "data:text/html,x",
        "/./\\evil.example",
        "/..//evil.example",
        "/.//evil.example",
        "//localhost%2eevil.example",
        "/\u{2028}/evil.example",
        "ftp://localhost/",
    ] {
        let mut browser = chain.browser();
        let encoded: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let callback = callback_of(
            &chain,
            &mut browser,
            &format!("/_vestibule/login?rd={encoded}"),
        );
        let answer = browser.get(&callback);
        let lands = answer.location();
        let path = lands
            .strip_prefix(&chain.origin)
            .unwrap_or_else(|| panic!("{target:?} leads to {lands}"));
        assert!(path.starts_with('/'), "{target:?}: {lands}");
        let raw = answer.header("location").expect("Location");
        assert!(
            raw.starts_with('/') && !raw.starts_with("//")
                || raw.starts_with(&format!("{}/", chain.origin)),
            "{raw:?}"
        );
    }
}

#[test]
fn r16_an_email_belongs_to_the_domain_after_its_only_at() {
    let chain = Setup {
        identity: "user = \"sub\"\n".to_owned(),
        tables: "[[route]]\npath = \"/data\"\naccess = { email_domains = [\"example.org\"] }\n"
            .to_owned(),
        ..Setup::default()
    }
    .start();
    for (order, open) in [
        (json!({}), true),
        (json!({ "email": "a@EXAMPLE.org" }), true),
        (json!({ "email": "a@evil.example@example.org" }), false),
        (json!({ "email": "a@example.org@evil.example" }), false),
        (json!({ "email": "a@example.org.evil.example" }), false),
        (json!({ "email": "a@evil-example.org" }), false),
        (json!({ "email": "example.org" }), false),
        (
            json!({ "email": "a@example.org", "email_verified": false }),
            false,
        ),
        (json!({ "email": null }), false),
    ] {
        let token = chain
            .idp()
            .mint(KIRSTEN, "id", json!({ "claims": order.clone() }));
        let expected = if open { 200 } else { 403 };
        assert_eq!(present_token(&chain, &token), expected, "{order}");
    }
}

#[test]
fn r16_an_unknown_or_empty_rule_stops_the_start() {
    for rule in [
        "[[route]]\npath = \"/x\"\naccess = \"everyone\"\n",
        "[[route]]\npath = \"/x\"\naccess = {}\n",
        "[[route]]\npath = []\naccess = \"public\"\n",
        "[[route]]\npath = \"/x\"\naccess = { grups = [\"Editors\"] }\n",
        "[[route]]\npath = \"/x\"\naccess = { groups = [] }\n",
        "[[route]]\npath = \"/x\"\naccess = [{ groups = [\"a\"] }, {}]\n",
        "[[route]]\npath = \"/x\"\naccess = { email_domains = \"@corp.example\" }\n",
        "[[route]]\npath = \"/x\"\naccess = { provider = \"elsewhere\" }\n",
        "[[route]]\npath = \"/x\"\naccess = { claim = \"a\" }\n",
        "[[route]]\npath = \"/x\"\nmethods = \"get\"\n",
        "[[route]]\npath = \"/x\"\nacess = \"public\"\n",
        "[[route]]\npath = \"x\"\naccess = \"public\"\n",
        "[[route]]\npath = \"/x\"\naccess = \"public\"\n[[route]]\npath = \"/x\"\naccess = \"signed-in\"\n",
    ] {
        let chain = Harness::start();
        let config = std::fs::read_to_string(&chain.config).expect("the config");
        std::fs::write(&chain.config, format!("{config}\n{rule}")).expect("the config");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .args(["check", "--config"])
            .arg(&chain.config)
            .output()
            .expect("vestibule");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{rule}\n{text}");
        assert!(text.contains("route"), "{rule}\n{text}");
    }
}
