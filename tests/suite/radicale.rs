//! A real app that takes its user from a header: two people sign in, and each sees their own data.

use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::peers::radicale;
use crate::support::{Browser, Harness, Response, Setup};

#[test]
fn each_person_sees_their_own_calendar_only() {
    let app = radicale();
    let chain = Setup {
        upstream: Some(app.url.clone()),
        ..Setup::default()
    }
    .start();
    let (mut kirsten, mut ola) = (person(&chain, KIRSTEN), person(&chain, OLA));

    for (browser, who, what) in [
        (&mut kirsten, KIRSTEN, "Budget"),
        (&mut ola, OLA, "Dentist"),
    ] {
        assert_eq!(
            dav(browser, "MKCALENDAR", &format!("/{who}/work/"), "").status,
            201
        );
        assert_eq!(
            dav(
                browser,
                "PUT",
                &format!("/{who}/work/one.ics"),
                &event(what)
            )
            .status,
            201
        );
    }

    let mine = dav(&mut kirsten, "GET", &format!("/{KIRSTEN}/work/one.ics"), "");
    assert!(mine.text().contains("Budget"), "{}", mine.text());
    let listing = dav(&mut ola, "PROPFIND", &format!("/{OLA}/work/"), "");
    assert_eq!(listing.status, 207);
    assert!(listing.text().contains("one.ics"), "{}", listing.text());

    // Not each other's, however they ask.
    for path in [
        format!("/{KIRSTEN}/"),
        format!("/{KIRSTEN}/work/"),
        format!("/{KIRSTEN}/work/one.ics"),
    ] {
        assert_eq!(dav(&mut ola, "PROPFIND", &path, "").status, 403, "{path}");
        let headers = [
            ("X-Forwarded-User", KIRSTEN),
            ("X-Remote-User", KIRSTEN),
            ("X_Forwarded_User", KIRSTEN),
        ];
        for header in headers {
            assert_eq!(
                ola.send("GET", &path, &[header, ("Accept", "*/*")], b"")
                    .status,
                403,
                "{header:?} {path}"
            );
        }
    }

    // And nobody's without signing in.
    let mut stranger = chain.browser();
    let answer = stranger.send(
        "GET",
        &format!("/{KIRSTEN}/"),
        &[("X-Forwarded-User", KIRSTEN)],
        b"",
    );
    assert_eq!(answer.status, 401);
}

fn person(chain: &Harness, username: &str) -> Browser {
    let mut browser = chain.browser();
    browser.sign_in("/", username, chain.idp().password(username));
    assert_eq!(
        browser.script("GET", "/_vestibule/session").status,
        200,
        "{:?}",
        browser.trail
    );
    browser
}

fn dav(browser: &mut Browser, method: &str, path: &str, body: &str) -> Response {
    let headers = [
        ("Depth", "1"),
        ("Accept", "*/*"),
        ("Content-Type", "text/calendar; charset=utf-8"),
    ];
    browser.send(method, path, &headers, body.as_bytes())
}

fn event(summary: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nBEGIN:VEVENT\r\nUID:one\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260101T100000Z\r\nSUMMARY:{summary}\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}
