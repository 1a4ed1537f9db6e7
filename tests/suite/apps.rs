//! Apps of every kind behind one Vestibule: several, by other protocols, under other names.

use std::path::Path;

use serde_json::Value;

use crate::support::authority::Authority;
use crate::support::dev_idp::KIRSTEN;
use crate::support::peers::app;
use crate::support::{Browser, Setup, raw_request};

/// What the app says reached it.
fn seen(browser: &mut Browser, url: &str) -> Value {
    let page = browser.get(url);
    assert_eq!(page.status, 200, "{url}: {}", page.text());
    page.json()
}

fn user(seen: &Value) -> Option<&str> {
    seen["headers"]["x-forwarded-user"].as_str()
}

#[test]
fn each_route_has_its_app_and_what_no_route_names_the_default_one() {
    let (wiki, tickets, rest) = (app(&["http"]), app(&["http"]), app(&["http"]));
    let chain = Setup {
        no_upstream: true,
        tables: format!(
            "[upstream.wiki]\nurl = \"{}\"\nhost = \"upstream\"\n\
             [upstream.tickets]\nurl = \"{}\"\nhost = \"tickets.internal:81\"\n\
             [upstream.default]\nurl = \"{}\"\n\
             [[route]]\npath = \"/wiki/*\"\nupstream = \"wiki\"\n\
             [[route]]\npath = \"/tickets/*\"\nupstream = \"tickets\"\naccess = \"public\"\n",
            wiki.url, tickets.url, rest.url
        ),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.signed_in(KIRSTEN);
    let at_wiki = seen(&mut browser, "/wiki/a?b=c");
    assert_eq!(at_wiki["url"], "/wiki/a?b=c");
    assert_eq!(
        at_wiki["host"].as_str(),
        wiki.url.strip_prefix("http://"),
        "the app's own name"
    );
    assert_eq!(at_wiki["headers"]["x-forwarded-host"], chain.host());
    assert_eq!(user(&at_wiki), Some(KIRSTEN));
    let at_tickets = seen(&mut browser, "/tickets/1");
    assert_eq!(at_tickets["host"], "tickets.internal:81");
    assert_eq!(user(&at_tickets), None, "a public route");
    let elsewhere = seen(&mut browser, "/elsewhere");
    assert_eq!(elsewhere["host"], chain.host());
}

#[test]
fn without_a_default_what_no_route_names_is_not_found() {
    let wiki = app(&["http"]);
    let chain = Setup {
        no_upstream: true,
        tables: format!(
            "[upstream.wiki]\nurl = \"{}\"\n[[route]]\npath = \"/wiki/*\"\nupstream = \"wiki\"\n",
            wiki.url
        ),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.signed_in_at("/wiki/x", KIRSTEN);
    assert_eq!(browser.get("/wiki/y").status, 200);
    assert_eq!(browser.get("/elsewhere").status, 404);
    assert_eq!(browser.script("GET", "/elsewhere").status, 404);
}

#[test]
fn apps_speak_http2_without_tls_and_listen_on_unix_sockets() {
    let home = tempfile::tempdir().expect("a directory");
    let socket = home.path().join("app.sock");
    let (h2c, unix) = (app(&["h2c"]), app(&["unix", &path(&socket)]));
    for (app, version) in [(&h2c, "2.0"), (&unix, "1.1")] {
        let chain = Setup {
            upstream: Some(app.url.clone()),
            ..Setup::default()
        }
        .start();
        let mut browser = chain.signed_in(KIRSTEN);
        let got = seen(&mut browser, "/page?x=1");
        assert_eq!(got["version"], version, "{}", app.url);
        assert_eq!(got["host"], chain.host());
        assert_eq!(user(&got), Some(KIRSTEN));
        let sent = browser.post("/form", &[("a", "b c")]);
        assert_eq!(sent.json()["body"], "a=b+c", "{}", app.url);
    }
}

#[test]
fn an_app_behind_tls_has_to_be_the_one_that_is_meant() {
    let home = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(home.path(), "ca");
    let stranger = Authority::new(home.path(), "other-ca");
    let (certificate, key) = authority.issue("app", "app.internal");
    let (ours, our_key) = authority.issue("us", "vestibule");
    let app = app(&[
        "https",
        &path(&certificate),
        &path(&key),
        &path(&authority.file),
    ]);
    let with = |tls: &str| Setup {
        no_upstream: true,
        tables: format!("[upstream]\nurl = \"{}\"\ntls = {{ {tls} }}\n", app.url),
        ..Setup::default()
    };
    let file = |name: &str, at: &Path| format!("{name} = {{ file = \"{}\" }}", at.display());
    let (ca, client) = (
        file("ca", &authority.file),
        format!("{}, {}", file("certificate", &ours), file("key", &our_key)),
    );
    let chain = with(&format!("{ca}, {client}, server_name = \"app.internal\"")).start();
    let mut browser = chain.signed_in(KIRSTEN);
    let got = seen(&mut browser, "/page");
    assert_eq!(got["version"], "2.0", "as the app prefers");
    assert_eq!(got["client"], "vestibule");
    assert_eq!(user(&got), Some(KIRSTEN));
    for (wrong, tls) in [
        ("the name in url", format!("{ca}, {client}")),
        (
            "another name",
            format!("{ca}, {client}, server_name = \"evil.internal\""),
        ),
        (
            "another authority",
            format!(
                "{}, {client}, server_name = \"app.internal\"",
                file("ca", &stranger.file)
            ),
        ),
        (
            "the system's authorities",
            format!("{client}, server_name = \"app.internal\""),
        ),
        (
            "no client certificate",
            format!("{ca}, server_name = \"app.internal\""),
        ),
    ] {
        let chain = with(&tls).start();
        let mut browser = chain.browser();
        let page = browser.sign_in("/page", KIRSTEN, chain.idp().password(KIRSTEN));
        assert_eq!(page.status, 502, "{wrong}");
    }
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn each_app_is_told_in_its_own_way_and_clients_cannot_say_it_to_another() {
    let (plain, own, token) = (app(&["http"]), app(&["http"]), app(&["http"]));
    let chain = Setup {
        no_upstream: true,
        tables: format!(
            "[upstream.default]\nurl = \"{}\"\n\
             [upstream.own]\nurl = \"{}\"\nheaders = {{ preset = \"remote-user\" }}\n\
             [upstream.token]\nurl = \"{}\"\n[upstream.token.headers]\npreset = \"bearer\"\nset = {{ X-Badge = \"{{email}}\" }}\n\
             [headers.set]\nX-Common = \"{{user}}\"\n\
             [[route]]\npath = \"/own/*\"\nupstream = \"own\"\n\
             [[route]]\npath = \"/token/*\"\nupstream = \"token\"\n",
            plain.url, own.url, token.url
        ),
        ..Setup::default()
    }
    .start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let ask = |path: &str| {
        let said = raw_request(
            chain.address,
            format!(
                "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {cookies}\r\nAuthorization: Basic bWU6bWU=\r\n\
                 X_Badge: root\r\nX-Common: root\r\nRemote-User: root\r\nX-Forwarded-User: root\r\n\r\n",
                chain.host()
            ),
        );
        assert_eq!(said.status, 200, "{path}: {}", said.text());
        said.json()["headers"].clone()
    };
    let told = |headers: &Value| {
        let names = [
            "x-forwarded-user",
            "x-common",
            "remote-user",
            "x-badge",
            "x_badge",
        ];
        names.map(|name| headers[name].as_str().map(str::to_owned))
    };
    let kirsten = || Some(KIRSTEN.to_owned());
    let (first, second, third) = (ask("/x"), ask("/own/x"), ask("/token/x"));
    assert_eq!(told(&first), [kirsten(), kirsten(), None, None, None]);
    assert_eq!(told(&second), [None, kirsten(), kirsten(), None, None]);
    assert_eq!(told(&third), [None, None, None, kirsten(), None]);
    // A password of its own reaches an app, unless a header of ours takes its place.
    assert_eq!(first["authorization"], "Basic bWU6bWU=");
    assert_eq!(second["authorization"], "Basic bWU6bWU=");
    let bearer = third["authorization"].as_str().expect("a token");
    assert!(bearer.starts_with("Bearer "), "{bearer}");
}
