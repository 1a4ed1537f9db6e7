//! Identity headers that a client made up: upstream sees only ours, on public routes none.

use crate::support::dev_idp::KIRSTEN;
use crate::support::echo::Seen;
use crate::support::{Harness, Setup};

/// All names of the preset.
const OURS: [&str; 5] = [
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Access-Right",
    "X-Forwarded-Name",
];

/// What an app behind CGI, WSGI or PHP reads as the same name.
fn spellings(name: &str) -> Vec<String> {
    vec![
        name.to_owned(),
        name.to_ascii_lowercase(),
        name.to_ascii_uppercase(),
        name.replace('-', "_"),
        name.replace('-', ".").to_ascii_lowercase(),
        name.replacen('-', "_", 1),
        name.replace('-', "~"),
        name.replace('-', "!"),
        name.replace('-', "'"),
    ]
}

#[test]
fn spoofed_spellings_never_reach_upstream() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    for name in OURS {
        for spelling in spellings(name) {
            let seen = send(
                &chain,
                &cookies,
                &format!("{spelling}: evil@example.org\r\n"),
            );
            assert_no_evil(&seen, &spelling);
            assert!(seen.alike(name).len() <= 1, "{}", seen.head);
        }
    }
    let seen = chain.echo.last();
    assert_eq!(seen.alike("X-Forwarded-Email"), [KIRSTEN]);
}

#[test]
fn a_spoofed_attribute_that_the_user_lacks_is_removed_too() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    // No access right is configured: ours is absent, and so must be the client's.
    for spelling in spellings("X-Access-Right") {
        let seen = send(&chain, &cookies, &format!("{spelling}: Administrator\r\n"));
        assert!(seen.alike("X-Access-Right").is_empty(), "{}", seen.head);
    }
}

#[test]
fn doubled_spoofs_leave_exactly_one_copy_of_ours() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let spoof = "X-Forwarded-Email: evil@example.org\r\n";
    let seen = send(
        &chain,
        &cookies,
        &format!("{spoof}X_Forwarded_Email: evil\r\n{spoof}"),
    );
    assert_eq!(seen.alike("X-Forwarded-Email"), [KIRSTEN]);
}

#[test]
fn nominating_our_header_in_connection_does_not_remove_it() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    for nomination in [
        "Connection: X-Forwarded-Email\r\n",
        "Connection: close, x-forwarded-email, X-Forwarded-User\r\n",
        "Connection: keep-alive\r\nConnection: x-forwarded-email\r\n",
        "Connection: X-Forwarded-Email\r\nX-Forwarded-Email: evil@example.org\r\n",
    ] {
        let seen = send(&chain, &cookies, nomination);
        assert_eq!(seen.alike("X-Forwarded-Email"), [KIRSTEN], "{nomination}");
        assert_eq!(seen.alike("X-Forwarded-User"), [KIRSTEN], "{nomination}");
        for value in seen.all("connection") {
            assert!(
                !value.to_ascii_lowercase().contains("x-forwarded"),
                "{}",
                seen.head
            );
        }
    }
}

#[test]
fn public_routes_carry_no_identity_header_at_all() {
    let chain = Setup {
        tables: "[[route]]\npath = \"/public/*\"\naccess = \"public\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    for name in OURS {
        for spelling in spellings(name) {
            chain.raw(&format!(
                "GET /public/x HTTP/1.1\r\nHost: HOST\r\n{spelling}: evil@example.org\r\n\r\n"
            ));
            let seen = chain.echo.last();
            assert!(seen.alike(name).is_empty(), "{spelling}: {}", seen.head);
            assert_no_evil(&seen, &spelling);
        }
    }
}

#[test]
fn headers_of_other_conventions_are_removed_as_well() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    for name in [
        "X-Auth-Request-User",
        "X-Auth-Request-Email",
        "X-Forwarded-Preferred-Username",
        "X-Amzn-Oidc-Identity",
        "X-Amzn-Oidc-Data",
        "Remote-User",
        "Remote-Groups",
        "X-Remote-User",
        "X-authentik-username",
        "X-WEBAUTH-USER",
    ] {
        let seen = send(&chain, &cookies, &format!("{name}: evil@example.org\r\n"));
        assert_no_evil(&seen, name);
    }
}

#[test]
fn headers_that_say_nothing_of_identity_pass_unchanged() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let seen = send(
        &chain,
        &cookies,
        "X-Requested-With: XMLHttpRequest\r\nAccept-Language: da, en;q=0.5\r\n",
    );
    assert_eq!(seen.header("x-requested-with"), Some("XMLHttpRequest"));
    assert_eq!(seen.header("accept-language"), Some("da, en;q=0.5"));
}

#[test]
fn trailers_carry_no_identity() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let answer = chain.raw(&format!(
        "POST /form HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\nTransfer-Encoding: chunked\r\n\
         Trailer: X-Forwarded-Email\r\n\r\n2\r\nhi\r\n0\r\nX-Forwarded-Email: evil@example.org\r\n\r\n"
    ));
    // Refusing trailers is as good as dropping them.
    if answer.status == 200 {
        let seen = chain.echo.last();
        assert_eq!(seen.alike("X-Forwarded-Email"), [KIRSTEN]);
        assert_eq!(seen.body, b"hi");
    }
}

fn send(chain: &Harness, cookies: &str, headers: &str) -> Seen {
    let before = chain.echo.count();
    let answer = chain.raw(&format!(
        "GET /spoof HTTP/1.1\r\nHost: HOST\r\nCookie: {cookies}\r\n{headers}\r\n"
    ));
    assert_eq!(answer.status, 200, "{headers}: {}", answer.text());
    assert_eq!(chain.echo.count(), before + 1);
    chain.echo.last()
}

fn assert_no_evil(seen: &Seen, name: &str) {
    assert!(
        !seen.head.to_ascii_lowercase().contains("evil"),
        "{name}: {}",
        seen.head
    );
}
