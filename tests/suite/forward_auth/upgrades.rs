//! Protocols that a client asks to change to: a websocket, by GET, and nothing else. After any other change the client
//! speaks to the app itself, with identity headers of its own, and nobody is asked.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::recipes::aside;
use crate::support::Setup;
use crate::support::fronts::{Front, Kind, front_with};
use crate::support::wire::{self, read_head};

type Head = (String, Vec<(String, String)>);

/// Long enough for any answer, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A websocket's opening by RFC 6455 1.3, and what it is answered with.
const OPENING: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// An app that changes to whatever it is asked to change to, answers 101 where its query says so, and reads on.
struct Upgrading {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Head>>>,
}

impl Upgrading {
    fn start() -> Self {
        let seen = Arc::default();
        let all = Arc::clone(&seen);
        let address = wire::serve(move |stream| serve(&stream, &all));
        Self { address, seen }
    }

    fn seen(&self) -> Vec<Head> {
        self.seen.lock().expect("the lock").clone()
    }
}

/// Values of a header.
fn all<'h>(head: &'h Head, name: &str) -> Vec<&'h str> {
    let (_, headers) = head;
    let same = headers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    same.map(|(_, value)| value.as_str()).collect()
}

/// What HTTP/1.1 servers do, but for the changes.
fn serve(stream: &TcpStream, seen: &Mutex<Vec<Head>>) {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    while let Ok(head) = read_head(&mut reader) {
        let is_asked_to_close =
            head.0.ends_with("HTTP/1.0") || all(&head, "connection").contains(&"close");
        // What comes after a websocket's opening is no HTTP.
        let is_websocket =
            all(&head, "upgrade") == ["websocket"] && !head.0.contains("?status=101");
        let is_over = is_asked_to_close || is_websocket;
        let answer = match all(&head, "upgrade").first() {
            _ if head.0.contains("?status=101") => {
                "HTTP/1.1 101 Switching Protocols\r\n\r\n".to_owned()
            }
            Some(protocol) => format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\
                 Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
            ),
            None => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(),
        };
        seen.lock().expect("the lock").push(head);
        if writer.write_all(answer.as_bytes()).is_err() || is_over {
            return;
        }
    }
}

/// A front proxy before such an app, by the recipe or by a change of it.
fn before(
    app: &Upgrading,
    kind: Kind,
    text: impl Fn(String, SocketAddr, SocketAddr) -> String,
) -> Front {
    let cookies = kind == Kind::CaddyWithCookies;
    let setup = Setup {
        server: match cookies {
            true => "forward_auth_cookies = true".to_owned(),
            false => String::new(),
        },
        tables: "[[route]]\npath = \"/public/\"\naccess = \"public\"\n\
                 [[route]]\npath = \"/cors/\"\ncors_preflight = true\n"
            .to_owned(),
        ..Setup::default()
    };
    front_with(kind, setup, |kind, front, vestibule, _| {
        let recipe = kind.recipe(front, vestibule, app.address);
        text(recipe, front, app.address)
    })
}

/// Asks to change, then for a page of administrators, as one of them. The status of the first answer.
fn change(front: &Front, method: &str, target: &str, lines: &str) -> u16 {
    let stream = TcpStream::connect(front.address).expect("the front proxy");
    for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        set(&stream, Some(PATIENCE)).expect("a timeout");
    }
    let host = front.chain.host();
    let (mut reader, mut writer) = (BufReader::new(&stream), &stream);
    let first = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n");
    writer.write_all(first.as_bytes()).expect("a request");
    let Ok((line, _)) = read_head(&mut reader) else {
        return 0;
    };
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let forged = format!(
        "GET /admin/users HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-User: root\r\nConnection: close\r\n\r\n"
    );
    // What cannot be sent any more does no harm. By the time of an answer or the end, the app would have seen it.
    let sent = writer
        .write_all(forged.as_bytes())
        .and_then(|()| stream.shutdown(std::net::Shutdown::Write));
    while sent.is_ok() && read_head(&mut reader).is_ok() {}
    status.unwrap_or_default()
}

/// The app has seen a change to nothing but a websocket, and no request that nobody was asked about.
fn nothing_else_passes(app: &Upgrading, what: &str) {
    for head in app.seen() {
        let (line, _) = &head;
        assert!(!line.contains("/admin/"), "{what}: {head:?}");
        assert!(all(&head, "http2-settings").is_empty(), "{what}: {head:?}");
        match all(&head, "upgrade").as_slice() {
            [] => {}
            [protocol] => {
                assert!(
                    protocol.eq_ignore_ascii_case("websocket"),
                    "{what}: {head:?}"
                );
                assert!(line.starts_with("GET "), "{what}: {head:?}");
            }
            several => panic!("{what}: {several:?}"),
        }
    }
}

/// What is no websocket's opening, whoever reads it.
fn others() -> Vec<(&'static str, String)> {
    let settings = "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n";
    let to = |protocol: &str| {
        format!("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\n{settings}")
    };
    let mut all: Vec<_> = [
        "h2c",
        "H2C",
        "h2c, websocket",
        "websocket, h2c",
        "websocket,h2c",
        "websocket/13",
        "TLS/1.0",
    ]
    .map(|protocol| ("GET", to(protocol)))
    .into();
    all.extend([
        ("GET", "Connection: Upgrade\r\nUpgrade: h2c\r\n".to_owned()),
        ("GET", format!("{OPENING}Upgrade: h2c\r\n{settings}")),
        ("GET", format!("Upgrade: h2c\r\n{OPENING}{settings}")),
    ]);
    all
}

fn only_websockets_pass(
    kind: Kind,
    with_websockets: bool,
    text: impl Fn(String, SocketAddr, SocketAddr) -> String,
) {
    let app = Upgrading::start();
    let front = before(&app, kind, text);
    for (method, lines) in others() {
        change(&front, method, "/public/hello", &lines);
        nothing_else_passes(&app, &format!("{kind:?} {lines:?}"));
    }
    // A preflight opens nothing, and no other method does.
    let preflight =
        format!("{OPENING}Origin: https://evil.example\r\nAccess-Control-Request-Method: GET\r\n");
    for (method, target) in [("OPTIONS", "/cors/x"), ("OPTIONS", "/public/x")] {
        change(&front, method, target, &preflight);
        nothing_else_passes(&app, &format!("{kind:?} {method} {target}"));
    }
    let before = app.seen().len();
    for opening in [OPENING, &OPENING.replace("websocket\r", "WebSocket\r")] {
        assert_eq!(
            opens(&front, opening),
            with_websockets,
            "{kind:?} {opening:?}"
        );
    }
    if with_websockets {
        assert!(app.seen().len() >= before + 2, "{kind:?}");
    }
}

/// Whether a websocket opens on a public route, and none on one for people.
fn opens(front: &Front, opening: &str) -> bool {
    let host = front.chain.host();
    let ask = |target: &str| {
        let stream = TcpStream::connect(front.address).expect("the front proxy");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{opening}\r\n");
        (&stream).write_all(request.as_bytes()).expect("a request");
        let (line, _) = read_head(&mut BufReader::new(&stream)).expect("an answer");
        line.split(' ').nth(1).map(str::to_owned)
    };
    let closed = ask("/page");
    assert_eq!(closed.as_deref(), Some("401"), "{:?}", front.kind);
    ask("/public/socket").as_deref() == Some("101")
}

fn as_it_is(recipe: String, _: SocketAddr, _: SocketAddr) -> String {
    recipe
}

#[test]
fn behind_nginx_no_protocol_is_changed() {
    only_websockets_pass(Kind::Nginx, false, as_it_is);
}

#[test]
fn behind_nginx_with_its_lines_for_websockets_only_those_pass() {
    only_websockets_pass(Kind::Nginx, true, |recipe, _, _| {
        let lines = recipe.lines().map(|line| match line.trim_start() {
            text if text.starts_with("# proxy_") => text.trim_start_matches("# "),
            _ => line,
        });
        let text: Vec<&str> = lines.collect();
        let text = text.join("\n");
        assert_eq!(text.matches("$vestibule_upgrade;").count(), 1);
        text
    });
}

#[test]
fn behind_caddy_only_websockets_pass() {
    only_websockets_pass(Kind::Caddy, true, as_it_is);
}

#[test]
fn behind_caddy_with_cookies_only_websockets_pass() {
    only_websockets_pass(Kind::CaddyWithCookies, true, as_it_is);
}

#[test]
fn behind_envoy_only_websockets_pass() {
    only_websockets_pass(Kind::Envoy, true, as_it_is);
}

#[test]
fn behind_haproxy_only_websockets_pass() {
    only_websockets_pass(Kind::Haproxy, true, as_it_is);
}

/// The line that the recipe has the controller's configuration hold, in what the controller makes of its own.
#[test]
fn the_line_for_ingress_nginx_lets_nothing_but_websockets_pass() {
    let lines = aside("ingress-nginx.yaml");
    let line = lines.iter().find(|line| line.starts_with("if ("));
    let line = line.expect("the line of server-snippet").clone();
    let app = Upgrading::start();
    let front = before(&app, Kind::Nginx, |_, front, app| {
        format!(
            "server {{ listen {front}; {line}\nlocation / {{ proxy_pass http://{app}; proxy_http_version 1.1;\n\
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;\n\
             proxy_set_header HTTP2-Settings \"\"; }} }}"
        )
    });
    for (method, lines) in others() {
        change(&front, method, "/public/hello", &lines);
        nothing_else_passes(&app, &lines);
    }
    assert_eq!(change(&front, "GET", "/public/hello", OPENING), 101);
    assert_eq!(change(&front, "GET", "/public/hello", ""), 200);
}

/// A status that a client chooses is no websocket: the app agrees to nothing.
fn no_tunnel_after_a_bare_101(kind: Kind) {
    let app = Upgrading::start();
    let front = before(&app, kind, as_it_is);
    for lines in ["", OPENING, "Connection: Upgrade\r\nUpgrade: h2c\r\n"] {
        change(&front, "GET", "/public/hello?status=101", lines);
        let seen = app.seen();
        let smuggled = seen.iter().find(|(line, _)| line.contains("/admin/"));
        assert_eq!(smuggled, None, "{kind:?} {lines:?}");
    }
}

#[test]
fn haproxy_opens_no_tunnel_for_a_bare_101() {
    no_tunnel_after_a_bare_101(Kind::Haproxy);
}

#[test]
fn caddy_opens_no_tunnel_for_a_bare_101() {
    no_tunnel_after_a_bare_101(Kind::Caddy);
}

#[test]
fn envoy_opens_no_tunnel_for_a_bare_101() {
    no_tunnel_after_a_bare_101(Kind::Envoy);
}

#[test]
fn nginx_without_websockets_opens_no_tunnel_for_a_bare_101() {
    no_tunnel_after_a_bare_101(Kind::Nginx);
}
