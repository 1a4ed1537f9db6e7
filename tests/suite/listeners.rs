//! Where Vestibule itself is reached: TLS and its certificates, HTTP/2, unix sockets.

use std::fs;
use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::authority::Authority;
use crate::support::client::ask;
use crate::support::dev_idp::KIRSTEN;
use crate::support::{Harness, Setup, raw_request, wire};

const PUBLIC: &str = "https://wiki.example.com";
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// A chain on an https origin, with somebody's cookies; then with TLS.
fn chain_with_tls(certificate: &Path, key: &Path, more: &str) -> (Harness, Vec<String>) {
    let mut chain = Setup {
        public_url: Some(PUBLIC.to_owned()),
        ..Setup::default()
    }
    .start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    serve_tls(&mut chain, certificate, key, more);
    let cookies = cookies.split("; ").map(str::to_owned).collect();
    (chain, cookies)
}

/// From now on; nothing is served plain any more.
pub(super) fn serve_tls(chain: &mut Harness, certificate: &Path, key: &Path, more: &str) {
    let text = fs::read_to_string(&chain.config).expect("the config");
    let tls = format!(
        "[server]\ntls = {{ certificate = {{ file = \"{}\" }}, key = {{ file = \"{}\" }} }}\n{more}",
        certificate.display(),
        key.display()
    );
    fs::write(&chain.config, text.replacen("[server]\n", &tls, 1)).expect("the config");
    chain.restart();
}

fn over_tls(chain: &Harness, version: u8, ca: &Path, more: &Value) -> Value {
    let mut asked = json!({
        "url": format!("https://{}/page?x=1", chain.address),
        "version": version,
        "ca": ca,
        "name": "wiki.example.com",
        "headers": { "host": "wiki.example.com" },
    });
    for (key, value) in more.as_object().expect("a table") {
        asked[key] = value.clone();
    }
    ask(&asked)
}

#[test]
fn tls_speaks_both_versions_of_http_and_no_old_one_of_tls() {
    let home = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(home.path(), "ca");
    let (certificate, key) = authority.issue("us", "wiki.example.com");
    let hsts = "hsts = { max_age = \"365d\", include_subdomains = true }\n";
    let (chain, cookies) = chain_with_tls(&certificate, &key, hsts);
    for (version, name, tls) in [
        (1, "1.1", "TLSv1.3"),
        (2, "2.0", "TLSv1.3"),
        (2, "2.0", "TLSv1.2"),
    ] {
        let refused = over_tls(&chain, version, &authority.file, &json!({ "tls": tls }));
        assert_eq!(
            (&refused["status"], &refused["version"], &refused["tls"]),
            (&json!(401), &json!(name), &json!(tls)),
            "{refused}"
        );
        assert_eq!(refused["headers"]["strict-transport-security"], HSTS);
        // As browsers do it over HTTP/2: a field for each cookie.
        let mut crumbs = vec!["a=1".to_owned()];
        crumbs.extend(cookies.clone());
        crumbs.push("b=2".to_owned());
        let cookie = match version {
            1 => json!(crumbs.join("; ")),
            _ => json!(crumbs),
        };
        let headers = json!({ "host": "wiki.example.com", "cookie": cookie });
        let said = over_tls(
            &chain,
            version,
            &authority.file,
            &json!({ "headers": headers }),
        );
        assert_eq!(said["status"], 200, "{said}");
        assert_eq!(said["headers"]["strict-transport-security"], HSTS);
        let seen = chain.echo.last();
        assert_eq!(seen.line, "GET /page?x=1 HTTP/1.1");
        assert_eq!(seen.header("x-forwarded-user"), Some(KIRSTEN));
        assert_eq!(seen.header("host"), Some("wiki.example.com"));
        assert_eq!(seen.header("cookie"), Some("a=1; b=2"));
    }
    let old = over_tls(&chain, 1, &authority.file, &json!({ "tls": "TLSv1.1" }));
    assert!(old["error"].is_string(), "{old}");
    let answer = wire::try_request(
        chain.address,
        b"GET / HTTP/1.1\r\nHost: wiki.example.com\r\n\r\n",
    );
    assert!(answer.is_err(), "nothing is served plain: {answer:?}");
}

#[test]
fn many_cookies_of_a_browser_are_one_header() {
    let home = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(home.path(), "ca");
    let (certificate, key) = authority.issue("us", "wiki.example.com");
    let (chain, cookies) = chain_with_tls(&certificate, &key, "");
    let mut crumbs: Vec<_> = (0..150).map(|n| format!("cookie-{n}={n}")).collect();
    let foreign = crumbs.join("; ");
    crumbs.extend(cookies);
    let headers = json!({ "host": "wiki.example.com", "cookie": crumbs });
    let said = over_tls(&chain, 2, &authority.file, &json!({ "headers": headers }));
    assert_eq!(said["status"], 200, "{said}");
    assert_eq!(chain.echo.last().header("cookie"), Some(foreign.as_str()));
    assert!(
        said["headers"]["strict-transport-security"].is_null(),
        "{said}"
    );
}

#[test]
fn a_new_certificate_is_served_and_a_bad_one_is_not() {
    let home = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(home.path(), "ca");
    // As Kubernetes mounts a secret: names, by way of a link, in a folder that is swapped.
    let mount = home.path().join("tls");
    let version = |name: &str, file: &str, key_of: &str| {
        let folder = home.path().join(name);
        fs::create_dir(&folder).expect("a folder");
        let (certificate, _) = authority.issue(file, "wiki.example.com");
        let key = home.path().join(format!("{key_of}.key"));
        fs::copy(certificate, folder.join("tls.crt")).expect("the certificate");
        fs::copy(key, folder.join("tls.key")).expect("the key");
        folder
    };
    let swap = |folder: &Path| {
        let next = home.path().join("next");
        symlink(folder, &next).expect("a link");
        fs::rename(&next, home.path().join("data")).expect("a swap");
    };
    swap(&version("one", "first", "first"));
    fs::create_dir(&mount).expect("a folder");
    for name in ["tls.crt", "tls.key"] {
        symlink(home.path().join("data").join(name), mount.join(name)).expect("a link");
    }
    let (mut chain, _) = chain_with_tls(&mount.join("tls.crt"), &mount.join("tls.key"), "");
    let serial = |chain: &Harness| {
        let said = over_tls(chain, 2, &authority.file, &json!({}));
        assert_eq!(said["status"], 401, "{said}");
        said["serial"].as_str().expect("a serial number").to_owned()
    };
    let first = serial(&chain);
    swap(&version("two", "second", "second"));
    chain.await_log(&["the configuration was reloaded"]);
    let second = serial(&chain);
    assert_ne!(first, second);
    // The key of another one.
    swap(&version("three", "third", "first"));
    let line = chain.await_log(&["the new configuration is refused; the old one stays"]);
    assert!(line.contains("server.tls.key"), "{line}");
    assert_eq!(serial(&chain), second, "the old one goes on");
    swap(&version("four", "fourth", "fourth"));
    chain.await_log_times("the configuration was reloaded", 2);
    assert_ne!(serial(&chain), second);
}

#[test]
fn an_unix_socket_is_as_good_as_an_address_and_its_peers_count_as_proxies() {
    let home = tempfile::tempdir().expect("a directory");
    let sockets = ["one.sock", "two.sock"].map(|name| home.path().join(name));
    // What a process that was killed leaves behind.
    drop(UnixListener::bind(&sockets[0]).expect("a socket"));
    let chain = Setup {
        listen: sockets
            .iter()
            .map(|path| format!("unix:{}", path.display()))
            .collect(),
        server: "trusted_proxies = [\"unix\"]\nsocket_mode = \"0600\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    for path in &sockets {
        let mode = fs::metadata(path).expect("the socket").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for version in [1, 2] {
            let said = ask(&json!({
                "url": format!("http://{}/page", chain.host()),
                "socket": path,
                "version": version,
                "headers": { "cookie": cookies, "x-forwarded-for": "1.1.1.1, 203.0.113.9" },
            }));
            assert_eq!(said["status"], 200, "{said}");
            let seen = chain.echo.last();
            assert_eq!(seen.header("x-forwarded-user"), Some(KIRSTEN));
            assert_eq!(seen.header("x-forwarded-for"), Some("203.0.113.9"));
        }
    }
}

#[test]
fn a_socket_that_somebody_listens_on_is_not_taken_away() {
    let chain = Harness::start();
    let path = chain.file("taken.sock");
    let listening = UnixListener::bind(&path).expect("a socket");
    let text = fs::read_to_string(&chain.config).expect("the config");
    let listen = format!("listen = \"unix:{}\"", path.display());
    let config = chain.file("other.toml");
    fs::write(
        &config,
        text.replacen(&format!("listen = \"{}\"", chain.address), &listen, 1),
    )
    .expect("a config");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["run", "--config"])
        .arg(&config)
        .output()
        .expect("vestibule");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(
        said.contains("taken.sock") && said.contains("server.listen"),
        "{said}"
    );
    UnixStream::connect(&path).expect("it is still there");
    listening.accept().expect("it is still ours");
}

#[test]
fn http2_with_prior_knowledge_and_short_requests_come_to_one_address() {
    let chain = Harness::start();
    let cookies = chain.signed_in(KIRSTEN).app_cookies();
    let said = ask(&json!({
        "url": format!("{}/page", chain.origin),
        "version": 2,
        "headers": { "cookie": cookies, "x-forwarded-user": "root" },
    }));
    assert_eq!(said["status"], 200, "{said}");
    let seen = chain.echo.last();
    assert_eq!(seen.header("x-forwarded-user"), Some(KIRSTEN));
    assert_eq!(seen.header("host"), Some(chain.host()));
    // Shorter than what HTTP/2 begins with.
    let short = raw_request(chain.address, "GET / HTTP/1.0\r\n\r\n");
    assert_eq!(short.status, 400);
    // Something that only begins like it, and a client that goes away.
    for begun in ["PRI * HTTP/1.1\r\nHost: HOST\r\n\r\n", "PRI", "GE"] {
        let mut stream = std::net::TcpStream::connect(chain.address).expect("a connection");
        stream.write_all(begun.as_bytes()).expect("sent");
        stream.shutdown(Shutdown::Write).expect("the end");
        let answer = wire::read_response(&mut BufReader::new(stream), false);
        assert!(answer.is_ok_and(|answer| answer.status >= 400) || begun.len() < 4);
    }
    assert_eq!(chain.signed_in(KIRSTEN).get("/").status, 200);
}

#[test]
fn a_handshake_that_fails_has_one_line_and_is_counted_by_its_reason() {
    let home = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(home.path(), "ca");
    let (certificate, key) = authority.issue("us", "wiki.example.com");
    let (mut chain, _) = chain_with_tls(&certificate, &key, "");
    let count = |chain: &Harness, reason: &str| {
        let page = chain.ask_admin("/metrics").text();
        let sample = format!("vestibule_tls_handshakes_failed_total{{reason=\"{reason}\"}} ");
        let value = page.lines().find_map(|line| line.strip_prefix(&sample));
        value.expect("a sample").parse::<u64>().expect("a number")
    };
    let reasons = [
        "tls_not_spoken",
        "tls_nothing_in_common",
        "tls_certificate_refused",
        "tls_alert",
        "tls_client_gone",
        "tls_timeout",
        "tls_failed",
    ];
    for reason in reasons {
        assert_eq!(
            count(&chain, reason),
            0,
            "{reason}: our own look is no handshake"
        );
    }
    // A load balancer that looks whether somebody listens.
    drop(TcpStream::connect(chain.address).expect("a connection"));

    let mut plain = TcpStream::connect(chain.address).expect("a connection");
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: wiki.example.com\r\n\r\n")
        .expect("bytes");
    let line = chain.await_log(&["a TLS handshake failed", "\"tls_not_spoken\""]);
    let line: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(line["client"], "127.0.0.1");

    let stranger = Authority::new(home.path(), "stranger");
    let refused = believing(&stranger, chain.address);
    assert!(refused.is_err(), "the certificate is believed");
    chain.await_log(&["a TLS handshake failed", "\"tls_certificate_refused\""]);

    let mut half = TcpStream::connect(chain.address).expect("a connection");
    half.write_all(&[22, 3, 1]).expect("bytes");
    drop(half);
    chain.await_log(&["a TLS handshake failed", "\"tls_client_gone\""]);
    for reason in reasons {
        let expected = u64::from(matches!(
            reason,
            "tls_not_spoken" | "tls_certificate_refused" | "tls_client_gone"
        ));
        assert_eq!(count(&chain, reason), expected, "{reason}");
    }
}

/// A handshake of somebody who believes this authority alone.
fn believing(authority: &Authority, address: SocketAddr) -> std::io::Result<()> {
    let mut session = session(authority, &[]);
    let mut socket = TcpStream::connect(address)?;
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    Ok(())
}

/// TLS with somebody who believes this authority alone, and speaks these protocols.
pub(super) fn session(authority: &Authority, protocols: &[&[u8]]) -> rustls::ClientConnection {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    let one = CertificateDer::from_pem_file(&authority.file).expect("a certificate");
    roots.add(one).expect("an authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let name = "wiki.example.com".try_into().expect("a name");
    rustls::ClientConnection::new(Arc::new(config), name).expect("a session")
}
