//! How others were broken, turned into promises: R1 to R20.
//!
//! | requirement | held by |
//! | --- | --- |
//! | R1 spellings of identity headers | here, and all of `spoofing` |
//! | R2 `Connection` nominations | here, and `spoofing` |
//! | R3 no trust in X-Forwarded-* | here (trusted proxies and forward-auth: owed by their issues) |
//! | R4 path only, raw `#` | here |
//! | R5 one canonical path | here |
//! | R6 hosts compared without case, dot and port | here |
//! | R7 nothing but method and path opens a route | here |
//! | R8 no open redirect | here for the login; the logout takes no target |
//! | R9 no session outlives its end or is reused | `logout`, `session`; a deny-list of copied cookies is owed |
//! | R10 fresh nonces | here in little, `src/gate/seal/tests.rs` in bulk |
//! | R11 purposes kept apart | `tokens`, `session` |
//! | R12 bounded cookies, no panic | here, and `session` |
//! | R13 after a local reply upstream sees no byte | here |
//! | R14 bearer tokens | owed by issue 7; until then no bearer opens anything: here |
//! | R15 algorithms and claims of odd types | `tokens` |
//! | R16 unknown or empty rules refused; email rules owed by the issue that brings them | here |
//! | R17 admin listener apart, no tokens on pages, escaping, log scan | here, `pages`, `log_scan` |
//! | R18 request smuggling | here |
//! | R19 floods by unknown key ids, duplicate parameters | here; refresh is owed by issue 4 |
//! | R20 dependencies | `make deny`, `make audit`, and here |

use serde_json::json;

use crate::support::dev_idp::KIRSTEN;
use crate::support::wire::try_request;
use crate::support::{Harness, Setup, peers};

const ADMIN_CLOSED: &str = "[[route]]\npath = \"/admin/*\"\naccess = \"nobody\"\n\
                            [[route]]\npath = \"/public/*\"\naccess = \"public\"\n";

#[test]
fn r01_underscore_and_dot_spellings_reach_no_app() {
    let chain = ruled();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    for (path, cookies) in [("/page", cookies.as_str()), ("/public/page", "none=1")] {
        let answer = chain.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\nX_Forwarded_User: evil\r\n\
             x.forwarded.user: evil\r\nX-FORWARDED-USER: evil\r\nX-Forwarded_User: evil\r\n\r\n"
        ));
        assert_eq!(answer.status, 200, "{path}");
        let expected: &[&str] = if path == "/page" { &[KIRSTEN] } else { &[] };
        assert_eq!(
            chain.echo.last().alike("X-Forwarded-User"),
            expected,
            "{path}"
        );
    }
}

#[test]
fn r02_a_nomination_removes_no_header_of_ours_and_goes_no_further() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    chain.raw(&format!(
        "GET / HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\nConnection: x-forwarded-email, cookie, host\r\n\r\n"
    ));
    let seen = chain.echo.last();
    assert_eq!(seen.alike("X-Forwarded-Email"), [KIRSTEN]);
    assert_eq!(seen.header("host"), Some(chain.host()));
    assert!(
        !seen
            .all("connection")
            .iter()
            .any(|value| value.contains("x-forwarded")),
        "{}",
        seen.head
    );
}

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
        let callback = super::login::callback_of(
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
fn r10_no_two_cookies_share_a_nonce() {
    let chain = Harness::start();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100 {
        let answer =
            chain.raw("GET /_vestibule/login HTTP/1.1\r\nHost: HOST\r\nAccept: text/html\r\n\r\n");
        let line = answer
            .header("set-cookie")
            .expect("a login cookie")
            .to_owned();
        let value = line.split([';', '=']).nth(1).expect("its value").to_owned();
        // Version, key id and nonce are the first 17 bytes.
        assert!(seen.insert(value[..22].to_owned()), "{value}");
    }
}

#[test]
fn r12_crafted_cookies_break_nothing() {
    let chain = Harness::start();
    for cookie in [
        "vestibule",
        "vestibule=",
        "vestibule==",
        "vestibule=%00",
        "vestibule=\u{e9}",
        "vestibule.0=A; vestibule.1=A",
        "vestibule.99999999999999999999=A",
        "vestibule.-1=A",
        "vestibule.1=A; vestibule.1=B; vestibule.2=C",
        "vestibule=\"quoted\"",
        ";;;;;;=;=;vestibule",
        "vestibule-login=AAAA",
        "=vestibule",
    ] {
        let request = format!("GET /data HTTP/1.1\r\nHost: HOST\r\nCookie: {cookie}\r\n\r\n");
        assert_eq!(chain.raw(&request).status, 401, "{cookie:?}");
    }
    let bytes = [
        b"GET /data HTTP/1.1\r\nHost: ",
        chain.host().as_bytes(),
        b"\r\nCookie: vestibule=\xff\xfe\x80\r\n\r\n",
    ]
    .concat();
    assert_eq!(
        crate::support::raw_request(chain.address, bytes).status,
        401
    );
    assert_eq!(chain.ask_admin("/healthz").status, 200);
}

#[test]
fn r13_after_a_local_reply_upstream_sees_no_byte() {
    let chain = ruled();
    for (method, target, headers, body) in [
        ("GET", "/data", "", ""),
        ("GET", "/page", "Accept: text/html\r\n", ""),
        ("POST", "/form", "Content-Length: 5\r\n", "hello"),
        (
            "POST",
            "/form",
            "Transfer-Encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
        ),
        (
            "POST",
            "/form",
            "Content-Length: 5\r\nExpect: 100-continue\r\n",
            "hello",
        ),
        ("GET", "/admin/x", "", ""),
        (
            "GET",
            "/ws",
            "Connection: upgrade\r\nUpgrade: websocket\r\n",
            "",
        ),
        ("GET", "/_vestibule/whoami", "", ""),
        ("GET", "/public/../data", "", ""),
    ] {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: HOST\r\n{headers}\r\n{body}");
        let status = chain.raw(&request).status;
        assert!((300..500).contains(&status), "{method} {target}: {status}");
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn r14_no_bearer_token_opens_anything_yet() {
    let chain = ruled();
    for token_use in ["id", "access"] {
        let token = chain.idp().mint(KIRSTEN, token_use, json!({}));
        assert_eq!(
            status(
                &chain,
                "GET",
                "/data",
                &format!("Authorization: Bearer {token}")
            ),
            401,
            "{token_use}"
        );
    }
    assert_eq!(chain.echo.count(), 0);
}

#[test]
fn r16_an_unknown_or_empty_rule_stops_the_start() {
    for rule in [
        "[[route]]\npath = \"/x\"\naccess = \"everyone\"\n",
        "[[route]]\npath = \"/x\"\naccess = {}\n",
        "[[route]]\npath = []\naccess = \"public\"\n",
        "[[route]]\npath = \"/x\"\naccess = { grups = [\"Editors\"] }\n",
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

#[test]
fn r17_what_a_stranger_wrote_is_escaped() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    for page in [
        browser.get("/_vestibule/whoami?%3Cscript%3Ealert(1)%3C/script%3E"),
        browser.get("/_vestibule/no%3Cscript%3Ealert(1)"),
        browser.get("/_vestibule/callback?error=%3Cscript%3Ealert(1)&error_description=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"),
        chain.raw("GET / HTTP/1.1\r\nHost: <script>alert(1)</script>\r\nAccept: text/html\r\n\r\n"),
    ] {
        let text = page.text();
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{text}");
    }
}

#[test]
fn r18_smuggled_requests_reach_no_app() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let hidden = "GET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n".replace("HOST", chain.host());
    for (version, framing) in [
        (
            "1.1",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n".to_owned(),
        ),
        (
            "1.1",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n".to_owned(),
        ),
        ("1.1", "Transfer-Encoding:\r\n chunked\r\n".to_owned()),
        ("1.1", "Transfer-Encoding: xchunked\r\n".to_owned()),
        ("1.1", "Transfer-Encoding: chunked, identity\r\n".to_owned()),
        ("1.1", "Transfer-Encoding : chunked\r\n".to_owned()),
        (
            "1.1",
            "Content-Length: 4\r\nContent-Length: 5\r\n".to_owned(),
        ),
        ("1.1", "Content-Length: +4\r\n".to_owned()),
        ("1.0", "Transfer-Encoding: chunked\r\n".to_owned()),
    ] {
        let before = chain.echo.count();
        let request = format!(
            "POST /form HTTP/{version}\r\nHost: {}\r\nCookie: {cookies}\r\n{framing}\r\n0\r\n\r\n{hidden}",
            chain.host()
        );
        let answer = try_request(chain.address, request.as_bytes());
        // Refused, or closed without an answer; never two requests.
        let status = answer.map_or(0, |answer| answer.status);
        let seen = chain.echo.seen();
        let smuggled = seen[before..].iter().any(|seen| {
            seen.target() == "/smuggled" && seen.alike("X-Forwarded-User") != Vec::<&str>::new()
        });
        assert!(
            !smuggled,
            "{framing:?}: a request without a session reached the app"
        );
        assert!(
            matches!(status, 0 | 200 | 400 | 401 | 411 | 501 | 505),
            "{framing:?}: {status}"
        );
        for request in &seen[before..] {
            assert!(
                request.all("transfer-encoding").len() + request.all("content-length").len() <= 1,
                "{}",
                request.head
            );
        }
    }
}

#[test]
fn r19_unknown_key_ids_cause_no_flood_at_the_provider() {
    let chain = Harness::start();
    let before = chain.idp().asked("issuer:jwks");
    for number in 0..50 {
        let order = json!({ "header": { "kid": format!("no-such-key-{number}") } });
        let token = chain.idp().mint(KIRSTEN, "id", order);
        super::tokens::present_token(&chain, &token);
    }
    let asked = chain.idp().asked("issuer:jwks") - before;
    assert!(asked <= 1, "asked {asked} times for keys");
}

#[test]
fn r19_duplicate_protocol_parameters_are_refused() {
    let chain = Harness::start();
    let mut browser = chain.browser();
    let callback = super::login::callback_of(&chain, &mut browser, "/");
    let before = super::login::token_calls(&chain);
    for extra in [
        "&state=x",
        "&code=x",
        "&code=",
        "&error=access_denied&error=x",
        "&%73tate=x",
    ] {
        let answer = browser.get(&format!("{callback}{extra}"));
        assert_eq!(answer.status, 400, "{extra}");
    }
    assert_eq!(super::login::token_calls(&chain), before, "no network call");
}

#[test]
fn r20_the_dependencies_are_those_that_were_chosen() {
    let lock = std::fs::read_to_string(peers::root().join("Cargo.lock")).expect("the lock file");
    let lock: toml::Table = lock.parse().expect("TOML");
    let version = |name: &str| {
        let packages = lock["package"].as_array().expect("packages");
        let found = packages
            .iter()
            .find(|package| package["name"].as_str() == Some(name));
        let text = found
            .and_then(|package| package["version"].as_str())
            .unwrap_or_else(|| panic!("no {name}"));
        let numbers: Vec<u64> = text
            .split(['.', '-', '+'])
            .filter_map(|part| part.parse().ok())
            .collect();
        numbers
    };
    assert!(version("pingora") >= vec![0, 9, 1]);
    assert!(version("jsonwebtoken") >= vec![10, 3, 0]);
    let manifest = std::fs::read_to_string(peers::root().join("Cargo.toml")).expect("the manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let features = manifest["dependencies"]["jsonwebtoken"]["features"]
        .as_array()
        .expect("features");
    assert_eq!(features.len(), 1, "{features:?}");
    assert_eq!(
        features[0].as_str(),
        Some("aws_lc_rs"),
        "not `rust_crypto`, whose rsa leaks timing"
    );
}

/// A chain with a closed and a public subtree.
fn ruled() -> Harness {
    Setup {
        tables: ADMIN_CLOSED.to_owned(),
        ..Setup::default()
    }
    .start()
}

fn status(chain: &Harness, method: &str, target: &str, header: &str) -> u16 {
    let header = if header.is_empty() {
        String::new()
    } else {
        format!("{header}\r\n")
    };
    chain
        .raw(&format!(
            "{method} {target} HTTP/1.1\r\nHost: HOST\r\n{header}\r\n"
        ))
        .status
}
