//! What the app gets, and what of its answers reaches the browser.

use crate::support::dev_idp::KIRSTEN;
use crate::support::echo::Seen;
use crate::support::exhausted::without_files;
use crate::support::wire::Kept;
use crate::support::{Harness, Response, Setup};

#[test]
fn our_cookies_never_reach_upstream_and_others_do_byte_for_byte() {
    let chain = Harness::start();
    let ours = chain.signed_in(KIRSTEN).app_cookies();
    let (first, rest) = ours
        .split_once("; ")
        .unwrap_or((&ours, "vestibule-login=stale"));
    let cookies =
        format!("a=1; {first}; b=\"x y\"; {rest}; c=%7b%22; d; vestibule.9=old; e=f=g; a=2");
    let seen = get(&chain, &cookies, "/page", "");
    assert_eq!(
        seen.all("cookie"),
        ["a=1; b=\"x y\"; c=%7b%22; d; e=f=g; a=2"]
    );
}

#[test]
fn cookies_that_only_look_like_ours_belong_to_the_app() {
    let chain = Harness::start();
    let ours = chain.signed_in(KIRSTEN).app_cookies();
    let foreign = "vestibule_theme=dark; vestibules=2; Vestibule=x; my-vestibule=y; vestibule.x=z";
    let seen = get(&chain, &format!("{foreign}; {ours}"), "/page", "");
    assert_eq!(seen.all("cookie"), [foreign]);
}

#[test]
fn without_other_cookies_there_is_no_cookie_header() {
    let chain = Harness::start();
    let ours = chain.signed_in(KIRSTEN).app_cookies();
    let seen = get(&chain, &ours, "/page", "");
    assert!(seen.all("cookie").is_empty(), "{}", seen.head);
}

#[test]
fn several_cookie_headers_are_all_searched_for_ours() {
    let chain = Harness::start();
    let ours = chain.signed_in(KIRSTEN).app_cookies();
    let seen = get(&chain, &ours, "/page", "Cookie: z=26; vestibule=stale\r\n");
    let all = seen.all("cookie").join("; ");
    assert_eq!(all, "z=26", "{}", seen.head);
}

#[test]
fn the_app_cannot_set_or_delete_our_cookies() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let answer = browser.get(
        "/x?h=Set-Cookie:vestibule=evil;Path=/&h=Set-Cookie:vestibule.1=evil&h=Set-Cookie:vestibule-login=evil\
         &h=Set-Cookie:vestibule=;Max-Age=0&h=Set-Cookie:theme=dark;Path=/",
    );
    assert_eq!(answer.all("set-cookie"), ["theme=dark;Path=/"]);
    assert_eq!(browser.get("/still").status, 200);
}

#[test]
fn override_headers_never_reach_upstream() {
    let chain = Harness::start();
    let ours = chain.signed_in(KIRSTEN).app_cookies();
    for name in [
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "X_Original_URL",
        "x.http.method.override",
    ] {
        let seen = get(&chain, &ours, "/page", &format!("{name}: /admin\r\n"));
        assert!(seen.alike(name).is_empty(), "{name}: {}", seen.head);
    }
}

#[test]
fn what_was_public_becomes_private_on_signed_in_routes() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let answer = browser.get("/x?h=Cache-Control:public,%20max-age=60,%20s-maxage=600");
    let directives = cache_control(&answer);
    assert!(directives.contains(&"private".to_owned()), "{directives:?}");
    assert!(
        directives.contains(&"max-age=60".to_owned()),
        "{directives:?}"
    );
    assert!(
        !directives
            .iter()
            .any(|d| d == "public" || d.starts_with("s-maxage")),
        "{directives:?}"
    );

    let answer = browser.get("/x?h=Cache-Control:no-store");
    assert!(
        cache_control(&answer).contains(&"no-store".to_owned()),
        "{answer:?}"
    );
    for name in [
        "CDN-Cache-Control",
        "X-LiteSpeed-Cache-Control",
        "Surrogate-Control",
    ] {
        let answer = browser.get(&format!("/x?h={name}:public,%20max-age=60"));
        assert_eq!((answer.status, answer.header(name)), (200, None));
    }
}

#[test]
fn on_public_routes_cache_control_is_the_apps_own() {
    let chain = Setup {
        tables: "[[route]]\npath = \"/public/*\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let answer = chain
        .raw("GET /public/x?h=Cache-Control:public,s-maxage=600 HTTP/1.1\r\nHost: HOST\r\n\r\n");
    assert_eq!(answer.header("cache-control"), Some("public,s-maxage=600"));
}

#[test]
fn the_app_learns_scheme_host_and_client_from_us_alone() {
    let chain = Harness::start();
    let ours = chain.signed_in(KIRSTEN).app_cookies();
    let forged = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n\
                  X-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /evil\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n";
    let seen = get(&chain, &ours, "/page", forged);
    assert_eq!(seen.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
    assert_eq!(seen.header("x-forwarded-host"), Some(chain.host()));
    assert!(
        !seen.head.contains("6.6.6.6") && !seen.head.contains("evil"),
        "{}",
        seen.head
    );
    assert_eq!(
        seen.header("host"),
        Some(chain.host()),
        "host is kept by default"
    );
}

#[test]
fn behind_a_trusted_proxy_the_client_is_whom_it_names() {
    let chain = Setup {
        server: "trusted_proxies = [\"127.0.0.0/8\", \"10.0.0.0/8\"]\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let ours = chain.signed_in(KIRSTEN).app_cookies();
    let said = "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-For: 10.1.1.1\r\n\
                X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\nX-Real-IP: 6.6.6.6\r\n";
    let seen = get(&chain, &ours, "/page", said);
    assert_eq!(seen.all("x-forwarded-for"), ["203.0.113.9"]);
    assert_eq!(seen.all("x-real-ip"), ["203.0.113.9"]);
    assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
    assert_eq!(seen.header("x-forwarded-host"), Some(chain.host()));
    assert!(
        seen.header("forwarded")
            .is_some_and(|said| said.starts_with("for=203.0.113.9;")),
        "{}",
        seen.head
    );
    assert!(!seen.head.contains("6.6.6.6"), "{}", seen.head);
}

#[test]
fn a_route_may_let_overrides_through_and_no_other_spelling_of_them() {
    let chain = Setup {
        tables: "[[route]]\npath = \"/old/*\"\npass_override_headers = true\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let ours = chain.signed_in(KIRSTEN).app_cookies();
    let sent = "X-HTTP-Method-Override: PUT\r\nX-Original-URL: /x\r\nX_Rewrite_URL: /y\r\n\
                X-Forwarded-User: root\r\n";
    let seen = get(&chain, &ours, "/old/page", sent);
    assert_eq!(seen.all("x-http-method-override"), ["PUT"]);
    assert_eq!(seen.all("x-original-url"), ["/x"]);
    assert!(seen.alike("x-rewrite-url").is_empty(), "{}", seen.head);
    assert!(!seen.head.contains("root"), "{}", seen.head);
    let seen = get(&chain, &ours, "/new/page", sent);
    assert!(seen.alike("x-http-method-override").is_empty());
    assert!(seen.alike("x-original-url").is_empty());
}

#[test]
fn apps_without_case_are_guarded_in_every_case() {
    let chain = Setup {
        server: "ignore_path_case = true\n".to_owned(),
        tables: "[[route]]\npath = \"/Admin/*\"\naccess = \"nobody\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.signed_in(KIRSTEN);
    for path in ["/admin/x", "/ADMIN/x", "/Admin/X"] {
        assert_eq!(browser.get(path).status, 403, "{path}");
    }
    assert_eq!(browser.get("/Wiki/Page").status, 200);
    assert_eq!(chain.echo.last().target(), "/Wiki/Page", "sent as it came");
}

#[test]
fn path_and_query_are_sent_as_received() {
    let chain = Harness::start();
    let ours = chain.signed_in(KIRSTEN).app_cookies();
    for target in [
        "/a%2Fb",
        "/a;v=1/b",
        "//double",
        "/x?q=%zz&r=/../",
        "/%C3%A6",
        "/a+b?c+d",
        "/?a=b?c=d",
    ] {
        let seen = get(&chain, &ours, target, "");
        assert_eq!(seen.target(), target);
    }
}

#[test]
fn a_posted_body_arrives_byte_for_byte() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    let body: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let headers = [
        ("Content-Type", "application/octet-stream"),
        ("Accept", "*/*"),
    ];
    let answer = browser.send("PUT", "/files/one", &headers, &body);
    assert_eq!(answer.status, 200);
    let seen = chain.echo.last();
    assert!(seen.line.starts_with("PUT /files/one "), "{}", seen.line);
    assert_eq!(seen.body, body);
}

#[test]
fn answers_of_the_app_pass_with_their_status_and_headers() {
    let chain = Harness::start();
    let mut browser = chain.signed_in(KIRSTEN);
    for status in [200, 201, 404, 409, 500, 503] {
        let answer = browser.get(&format!("/x?status={status}&h=X-App:yes&body=text"));
        assert_eq!((answer.status, answer.text()), (status, "text".to_owned()));
        assert_eq!(answer.header("x-app"), Some("yes"));
    }
    let answer = browser.get("/x?status=302&h=Location:/elsewhere");
    assert_eq!(answer.header("location"), Some("/elsewhere"));
}

#[test]
fn an_app_that_is_down_is_a_bad_gateway() {
    let port = crate::support::peers::free_port();
    let chain = Setup {
        upstream: Some(format!("http://127.0.0.1:{port}")),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let page = browser.sign_in("/", KIRSTEN, chain.idp().password(KIRSTEN));
    assert_eq!(page.status, 502, "{:?}", browser.trail);
}

#[test]
fn where_no_further_file_can_be_opened_the_fault_is_ours_and_passes() {
    let mut chain = Setup {
        tables: "[[route]]\npath = \"/public/*\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", chain.host());
    let mut kept = Kept::open(chain.address);
    kept.send(&ask("/_vestibule/signed-out"));
    assert_eq!(kept.answer().status, 200);
    let (answer, mut waiting) = without_files(&chain.vestibule, || {
        let mut waiting = Kept::open(chain.address);
        waiting.send(&ask("/public/waiting"));
        kept.send(&ask("/public/x"));
        (kept.answer(), waiting)
    });
    assert_eq!(answer.status, 500, "{answer:?}");
    let told = answer.json();
    assert_eq!(told["error"], "internal", "{told}");
    let reference = told["reference"].as_str().expect("a reference");
    assert_eq!(chain.echo.count(), 0);
    assert_eq!(waiting.answer().status, 200, "whoever came meanwhile");
    assert_eq!(chain.raw(&ask("/public/y")).status, 200);
    let failed = "\"upstream_failed\"";
    chain.await_log(&[failed, "\"internal\"", "\"/public/x\"", reference]);
}

fn get(chain: &Harness, cookies: &str, target: &str, headers: &str) -> Seen {
    let answer = chain.raw(&format!(
        "GET {target} HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\n{headers}\r\n"
    ));
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    chain.echo.last()
}

fn cache_control(answer: &Response) -> Vec<String> {
    let value = answer.header("cache-control").expect("Cache-Control");
    value
        .split(',')
        .map(|directive| directive.trim().to_ascii_lowercase())
        .collect()
}
