//! Programs of others, and the demo's legacy app.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::{fs, iter};

use base64::Engine;
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use super::process::Process;
use super::records;

/// A program that listens on a free port and says which in its first line.
pub(crate) struct Peer {
    _process: Process,
    pub(crate) url: String,
    _home: TempDir,
}

/// The app of `make demo`.
pub(crate) fn legacy_app() -> Peer {
    let mut command = Command::new("python3");
    command
        .arg(root().join("deploy/demo/legacy-app.py"))
        .args(["--port", "0"]);
    peer(command, "legacy-app", &[])
}

/// An app that says what reached it, by the protocol that `arguments` name.
pub(crate) fn app(arguments: &[&str]) -> Peer {
    peer_script("app.mjs", arguments)
}

/// An app that is one of the scripts beside this file.
pub(crate) fn peer_script(script: &str, arguments: &[&str]) -> Peer {
    let mut command = Command::new("node");
    command
        .arg(root().join("tests/support").join(script))
        .args(arguments);
    peer(command, "app", &[])
}

/// A calendar server that takes its user from a header.
pub(crate) fn radicale() -> Peer {
    let mut command = Command::new(root().join("target/tools/venv/bin/python"));
    command.arg(root().join("tests/support/radicale-app.py"));
    peer(command, "radicale", &["calendars"])
}

/// Starts a program in a directory of its own; `folders` in it become its arguments.
fn peer(mut command: Command, name: &str, folders: &[&str]) -> Peer {
    let home = tempfile::tempdir().expect("a directory");
    command.args(folders.iter().map(|folder| home.path().join(folder)));
    let mut process = Process::start(&mut command, home.path(), &records::unique(name));
    let url = process.first_line();
    Peer {
        _process: process,
        url,
        _home: home,
    }
}

/// A server of `traffic.py`, and its port.
pub(crate) fn traffic_server(kind: &str, dir: &Path) -> (Process, u16) {
    let mut process = Process::start(&mut traffic(&[kind]), dir, &records::unique(kind));
    let port = process.first_line().parse().expect("a port");
    (process, port)
}

/// `traffic.py` with these arguments.
pub(crate) fn traffic(arguments: &[&str]) -> Command {
    let mut command = Command::new(root().join("target/tools/venv/bin/python"));
    command
        .arg(root().join("tests/support/traffic.py"))
        .args(arguments);
    command
}

/// A forward proxy that lets everybody out, and logs where to.
pub(crate) struct ForwardProxy {
    process: Process,
    pub(crate) url: String,
}

impl ForwardProxy {
    pub(crate) fn start(dir: &Path) -> Self {
        let port = free_port();
        let mut command = Command::new(root().join("target/tools/venv/bin/python"));
        command
            .args([
                "-m",
                "proxy",
                "--hostname",
                "127.0.0.1",
                "--num-workers",
                "1",
            ])
            .args(["--num-acceptors", "1", "--port", &port.to_string()])
            .env("HOME", dir);
        let mut process = Process::start(&mut command, dir, &records::unique("forward-proxy"));
        process.wait_until("an open port", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
        }
    }

    /// Waits until it has let somebody through to this host and port.
    pub(crate) fn await_tunnel_to(&mut self, authority: &str) {
        let paths = [self.process.stdout.clone(), self.process.stderr.clone()];
        let tunnel = format!("CONNECT {authority}");
        self.process.wait_until(&tunnel, || {
            let texts = paths
                .iter()
                .map(|path| fs::read_to_string(path).unwrap_or_default());
            texts.collect::<String>().contains(&tunnel)
        });
    }

    /// Whether it was asked for anything.
    pub(crate) fn was_asked(&self) -> bool {
        self.process.output().contains("CONNECT")
    }
}

/// It has processes of its own, which it ends when it is asked to end, and not otherwise.
impl Drop for ForwardProxy {
    fn drop(&mut self) {
        self.process.signal("TERM");
        self.process.wait();
    }
}

/// An identity provider that nobody here wrote.
pub(crate) struct OidcProvider {
    _process: Process,
    pub(crate) issuer: String,
    /// The same where browsers get by without TLS.
    pub(crate) plain: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl OidcProvider {
    /// Whose people have addresses in `example.net`.
    pub(crate) fn start(dir: &Path, callback: &str, signed_out: &str) -> Self {
        Self::start_with(dir, callback, signed_out, &[])
    }

    /// With further arguments.
    pub(crate) fn start_with(dir: &Path, callback: &str, signed_out: &str, more: &[&str]) -> Self {
        let client_secret = "kept-between-these-two".to_owned();
        records::secret("client secret", &client_secret);
        let mut command = Command::new("node");
        command
            .arg(root().join("tests/support/oidc-provider/server.mjs"))
            .args(["--redirect-uri", callback, "--signed-out-uri", signed_out])
            .args(["--client-secret", &client_secret])
            .args(more);
        let mut process = Process::start(&mut command, dir, &records::unique("oidc-provider"));
        let ready: Value = serde_json::from_str(&process.first_line()).expect("JSON");
        let text = |name: &str| ready[name].as_str().expect("text").to_owned();
        Self {
            issuer: text("issuer"),
            plain: text("plain"),
            client_id: text("client_id"),
            client_secret,
            _process: process,
        }
    }

    /// A JWT of its client that is a program, for a resource.
    pub(crate) fn machine_token(&self, resource: &str, scope: &str) -> String {
        let at = url::Url::parse(&self.plain).expect("its URL");
        let client = ("orders-script", self.client_secret.as_str());
        client_credentials(
            &at,
            "/token",
            client,
            &[("resource", resource), ("scope", scope)],
        )
    }
}

/// A token of the client credentials grant, with the client's secret by HTTP Basic.
pub(crate) fn client_credentials(
    at: &url::Url,
    path: &str,
    (id, secret): (&str, &str),
    more: &[(&str, &str)],
) -> String {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .extend_pairs(more)
        .finish();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    let address = format!("{}:{}", at.host_str().unwrap_or(""), at.port().unwrap_or(0));
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {basic}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let response = super::wire::raw_request(address.parse().expect("an address"), request);
    assert_eq!(response.status, 200, "{}", response.text());
    let token = response.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    records::secret("token", &token);
    token
}

/// Ports that this process has been given, each held by a socket that is bound to it and never listens.
///
/// The system gives such a port to nobody, neither to who binds port 0 nor as the near end of a connection, but lets
/// whoever names it listen there (both have `SO_REUSEADDR`, as all servers here). Whoever connects is refused until then.
static HELD: Mutex<Vec<Socket>> = Mutex::new(Vec::new());

/// A TCP port for who has to be told one, free of everybody else's as long as this process runs.
pub(crate) fn free_port() -> u16 {
    let (socket, port) = held(Ipv4Addr::LOCALHOST.into(), 0).expect("a free port");
    HELD.lock().expect("the ports").push(socket);
    port
}

/// The same for who listens by IPv6 too, where there is such a thing.
pub(crate) fn free_port_of_both() -> u16 {
    loop {
        let (socket, port) = held(Ipv4Addr::LOCALHOST.into(), 0).expect("a free port");
        let other = held(Ipv6Addr::LOCALHOST.into(), port);
        if other
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
        {
            continue;
        }
        let sockets = iter::once(socket).chain(other.ok().map(|(socket, _)| socket));
        HELD.lock().expect("the ports").extend(sockets);
        return port;
    }
}

fn held(address: IpAddr, port: u16) -> io::Result<(Socket, u16)> {
    let address = SocketAddr::new(address, port);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    let address = socket.local_addr()?.as_socket();
    Ok((socket, address.expect("a TCP address").port()))
}

/// The checkout.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
