//! Front proxies that ask Vestibule about requests, set up by the recipes of `deploy/forward-auth`.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::peers::{free_port, root};
use super::process::Process;
use super::wire::try_request;
use super::{Browser, Harness, Setup, records};

/// What stands in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Caddy,
    /// Caddy by the recipe that hands cookies on.
    CaddyWithCookies,
    Envoy,
    Haproxy,
}

/// A front proxy, Vestibule beside it, and the app behind it.
pub(crate) struct Front {
    _process: Process,
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    pub(crate) chain: Harness,
    _home: TempDir,
}

impl Kind {
    fn dialect(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy | Self::CaddyWithCookies => "caddy",
            Self::Envoy => "envoy",
            // Its script speaks as Traefik does.
            Self::Haproxy => "traefik",
        }
    }

    /// The recipe, for these addresses.
    pub(crate) fn recipe(
        self,
        front: SocketAddr,
        vestibule: SocketAddr,
        app: SocketAddr,
    ) -> String {
        let name = match self {
            Self::Nginx => "nginx.conf",
            Self::Caddy => "Caddyfile",
            Self::CaddyWithCookies => "Caddyfile.cookies",
            Self::Envoy => "envoy.yaml",
            Self::Haproxy => "haproxy.cfg",
        };
        let text = fs::read_to_string(root().join("deploy/forward-auth").join(name));
        let at = |address: SocketAddr| {
            format!(
                "socket_address: {{ address: 127.0.0.1, port_value: {} }}",
                address.port()
            )
        };
        let public = format!("http://localhost:{}", front.port());
        let changes = match self {
            Self::Nginx => vec![("listen 80;", format!("listen {front};"))],
            Self::Caddy | Self::CaddyWithCookies => {
                vec![("\nwiki.example.com {", format!("\n{public} {{"))]
            }
            Self::Envoy => vec![
                (
                    "socket_address: { address: 127.0.0.1, port_value: 10080 }",
                    at(front),
                ),
                (
                    "socket_address: { address: 127.0.0.1, port_value: 4180 }",
                    at(vestibule),
                ),
                (
                    "socket_address: { address: 127.0.0.1, port_value: 3000 }",
                    at(app),
                ),
            ],
            Self::Haproxy => vec![
                ("bind :80", format!("bind {front}")),
                (
                    "lua-load vestibule-auth.lua",
                    format!(
                        "lua-load {}",
                        root()
                            .join("deploy/forward-auth/vestibule-auth.lua")
                            .display()
                    ),
                ),
            ],
        };
        replaced(text.expect("the recipe"), &changes)
            .replace("127.0.0.1:4180", &vestibule.to_string())
            .replace("127.0.0.1:3000", &app.to_string())
    }
}

/// Each of the texts has to be there.
fn replaced(mut text: String, changes: &[(&str, String)]) -> String {
    for (from, to) in changes {
        assert!(text.contains(from), "the recipe has no {from:?}");
        text = text.replace(from, to);
    }
    text
}

/// A front proxy by its recipe; `server` and `tables` are more of Vestibule's configuration.
pub(crate) fn front(kind: Kind, server: &str, tables: &str) -> Front {
    let setup = Setup {
        server: server.to_owned(),
        tables: tables.to_owned(),
        ..Setup::default()
    };
    by_recipe(kind, setup)
}

/// The same with more of Vestibule's configuration.
pub(crate) fn by_recipe(kind: Kind, setup: Setup) -> Front {
    front_with(kind, setup, |kind, front, vestibule, app| {
        kind.recipe(front, vestibule, app)
    })
}

/// The same by another text than the recipe.
pub(crate) fn front_with(
    kind: Kind,
    setup: Setup,
    text: impl Fn(Kind, SocketAddr, SocketAddr, SocketAddr) -> String,
) -> Front {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let chain = Setup {
        server: format!(
            "forward_auth = \"{}\"\ntrusted_proxies = [\"127.0.0.1\"]\n{}",
            kind.dialect(),
            setup.server
        ),
        public_url: Some(format!("http://localhost:{}", address.port())),
        no_upstream: true,
        ..setup
    }
    .start();
    let home = tempfile::tempdir().expect("a directory");
    let text = text(kind, address, chain.address, chain.echo.address);
    let mut command = command(kind, &home, &text);
    let process = Process::start(&mut command, home.path(), &records::unique("front"));
    let mut front = Front {
        _process: process,
        kind,
        address,
        chain,
        _home: home,
    };
    front._process.wait_until("its first answer", || {
        try_request(
            address,
            b"GET /_vestibule/auth HTTP/1.1\r\nHost: localhost\r\n\r\n",
        )
        .is_ok()
    });
    front
}

impl Front {
    /// A new person.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.chain.origin, self.address)
    }

    /// A new person who has signed in.
    pub(crate) fn signed_in(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        let password = self.chain.idp().password(username);
        let page = browser.sign_in("/", username, password);
        assert_eq!(page.status, 200, "{:?}: {:?}", self.kind, browser.trail);
        browser
    }
}

fn command(kind: Kind, home: &TempDir, text: &str) -> Command {
    let dir = home.path().display();
    // Envoy goes by the name.
    let file = home.path().join("front.yaml");
    let write = |text: &str| fs::write(&file, text).expect("the front proxy's configuration");
    let mut command;
    match kind {
        Kind::Nginx => {
            write(&format!(
                "daemon off;\nmaster_process off;\npid {dir}/pid;\nerror_log stderr error;\n\
                 events {{ }}\nhttp {{\naccess_log off;\nclient_body_temp_path {dir}/body;\n\
                 proxy_temp_path {dir}/proxy;\nfastcgi_temp_path {dir}/fastcgi;\n\
                 uwsgi_temp_path {dir}/uwsgi;\nscgi_temp_path {dir}/scgi;\n{text}\n}}\n"
            ));
            command = Command::new(installed("nginx"));
            command.args(["-e", "stderr", "-c"]).arg(&file);
        }
        Kind::Caddy | Kind::CaddyWithCookies => {
            write(&format!("{{\n\tadmin off\n\tauto_https off\n}}\n{text}"));
            command = Command::new(installed("caddy"));
            command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(&file)
                .env("HOME", home.path())
                .env("XDG_DATA_HOME", home.path())
                .env("XDG_CONFIG_HOME", home.path());
        }
        Kind::Envoy => {
            write(text);
            command = Command::new(envoy());
            command
                .args(["--disable-hot-restart", "--concurrency", "1"])
                .args(["--log-level", "error", "-c"])
                .arg(&file);
        }
        Kind::Haproxy => {
            write(text);
            command = Command::new(installed("haproxy"));
            command.args(["-db", "-f"]).arg(&file);
        }
    }
    command
}

/// A program of the system; Debian has some where users do not look.
fn installed(name: &str) -> PathBuf {
    let path = PathBuf::from("/usr/sbin").join(name);
    if path.exists() { path } else { name.into() }
}

/// Envoy, as `scripts/setup` installs it.
fn envoy() -> PathBuf {
    let lib = root().join("target/tools/peers/lib");
    let mut found = fs::read_dir(lib).expect("target/tools/peers: scripts/setup test");
    found
        .find_map(|python| {
            let path = python.ok()?.path().join("site-packages/envoy/_bin/envoy");
            path.exists().then_some(path)
        })
        .expect("Envoy: scripts/setup test")
}
