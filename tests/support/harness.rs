//! The whole chain for one test: provider, upstream and Vestibule, as processes on free ports.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use tempfile::TempDir;

use super::peers::{OidcProvider, free_port};
use super::process::Process;
use super::wire::{Response, raw_request};
use super::{Browser, DevIdp, Echo, records, several};

/// What differs from the plainest setup. All texts are TOML.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    /// Keys of `[server]`.
    pub(crate) server: String,
    /// Keys of `[provider.corp]`.
    pub(crate) provider: String,
    /// Keys of `[identity]`.
    pub(crate) identity: String,
    /// Keys of `[session]`.
    pub(crate) session: String,
    /// Tables of their own: `[[route]]`, `[headers]`, …
    pub(crate) tables: String,
    /// Further addresses to listen on.
    pub(crate) listen: Vec<String>,
    /// The app's URL instead of the echo upstream's.
    pub(crate) upstream: Option<String>,
    /// The tables have the upstream.
    pub(crate) no_upstream: bool,
    /// `server.path_prefix`, if not the usual one.
    pub(crate) path_prefix: Option<String>,
    /// What the browser sees, instead of `http://localhost:PORT`.
    pub(crate) public_url: Option<String>,
    /// Hosts of further public origins, by http and, unless they name another, on the same port.
    pub(crate) hosts: Vec<String>,
    /// The head of `[provider.corp]`, for a provider that the test has started.
    pub(crate) provider_head: Option<String>,
    /// The client secret of that provider.
    pub(crate) provider_secret: Option<String>,
    /// npm's oidc-provider instead of the emulator.
    pub(crate) third_party: bool,
    /// The claims that it puts into ID tokens, in place of its own.
    pub(crate) third_party_claims: Option<serde_json::Value>,
    /// The emulator's Entra tenant, directly, by this client.
    pub(crate) entra_client: Option<String>,
    /// Three providers: see [`several`].
    pub(crate) several: bool,
    /// Do not wait until the provider's keys are loaded.
    pub(crate) not_ready: bool,
    /// The provider is at these ports (later), and is not started.
    pub(crate) provider_down_at: Option<u16>,
    /// Soft and hard limit of its open files (`64:128`), if not those of the test.
    pub(crate) files: Option<String>,
    /// How users are named in the log (`log.user`), if not as usual.
    pub(crate) log_user: Option<&'static str>,
    /// How clients' addresses are in the log (`log.client`), if not as usual.
    pub(crate) log_client: Option<&'static str>,
}

impl Setup {
    pub(crate) fn start(self) -> Harness {
        Harness::build(self)
    }
}

pub(crate) struct Harness {
    pub(crate) vestibule: Process,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// What the browser sees.
    pub(crate) origin: String,
    pub(crate) echo: Echo,
    pub(crate) idp: Option<DevIdp>,
    pub(crate) third_party: Option<OidcProvider>,
    pub(crate) config: PathBuf,
    setup: Setup,
    pub(crate) dir: TempDir,
}

impl Harness {
    /// The plainest setup, ready to serve.
    pub(crate) fn start() -> Self {
        Self::build(Setup::default())
    }

    fn build(setup: Setup) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let [address, admin] =
            [free_port(), free_port()].map(|p| SocketAddr::from(([127, 0, 0, 1], p)));
        let origin = setup
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://localhost:{}", address.port()));
        let prefix = setup.path_prefix.as_deref().unwrap_or("/_vestibule");
        let callback = match setup.several {
            true => several::callback(&origin, "corp"),
            false => format!("{origin}{prefix}/callback"),
        };
        let signed_out = format!("{origin}{prefix}/signed-out");
        let echo = Echo::start();

        let (mut idp, mut third_party) = (None, None);
        let mut further = String::new();
        let (provider, secret) = if let Some(head) = &setup.provider_head {
            (
                head.clone(),
                setup
                    .provider_secret
                    .clone()
                    .unwrap_or_else(|| "never asked for".to_owned()),
            )
        } else if setup.third_party {
            let claims = dir.path().join("claims.json");
            let mut more = Vec::new();
            if let Some(given) = &setup.third_party_claims {
                fs::write(&claims, given.to_string()).expect("the claims");
                more = vec!["--claims", claims.to_str().expect("a path")];
            }
            let op = OidcProvider::start_with(dir.path(), &callback, &signed_out, &more);
            let text = format!(
                "kind = \"oidc\"\nissuer = \"{}\"\nclient_id = \"{}\"\n",
                op.issuer, op.client_id
            );
            let secret = op.client_secret.clone();
            third_party = Some(op);
            (text, secret)
        } else if let Some(base) = setup.provider_down_at {
            let (issuer, domain) = (
                format!("http://127.0.0.1:{base}/eu-central-1_ExAmP1e99"),
                format!("http://127.0.0.1:{}", base + 1),
            );
            (
                cognito(&issuer, &domain, "4exampleclient0000000000aa"),
                "not known yet".to_owned(),
            )
        } else {
            let started = DevIdp::start(dir.path(), &callback, &signed_out);
            let mut text = cognito(&started.issuer, &started.domain, &started.client_id);
            let mut secret = started.client_secret.clone();
            if let Some(client) = &setup.entra_client {
                secret = "kept-between-us-and-entra".to_owned();
                records::secret("client secret", &secret);
                text = started.entra_app(client, &secret, &[&callback, &signed_out]);
            }
            if setup.several {
                let op = several::third(dir.path(), &origin);
                further = several::further(&started, &op, &origin, dir.path());
                third_party = Some(op);
            }
            idp = Some(started);
            (text, secret)
        };
        fs::write(dir.path().join("client-secret"), secret).expect("the secret's file");
        let provider = (provider.as_str(), further.as_str());
        let origins = origins(&origin, &setup.hosts, address);
        if let Some(idp) = &idp {
            idp.register(&origins[1..], prefix);
        }
        let config = write_config(&setup, &dir, [address, admin], &origins, &echo, provider);

        let vestibule = spawn(&config, &setup);
        let mut harness = Self {
            vestibule,
            address,
            admin,
            origin,
            echo,
            idp,
            third_party,
            config,
            setup,
            dir,
        };
        harness.await_start();
        harness
    }

    fn await_start(&mut self) {
        let (admin, not_ready) = (self.admin, self.setup.not_ready);
        let probe = plain_get(if not_ready { "/healthz" } else { "/readyz" });
        self.vestibule.wait_until("its start", || {
            let answer = super::wire::try_request(admin, probe.as_bytes());
            answer.is_ok_and(|answer| answer.status == 200)
        });
    }

    /// Stops and starts Vestibule alone, same config, same keys.
    pub(crate) fn restart(&mut self) {
        self.vestibule.signal("TERM");
        self.vestibule.wait();
        self.vestibule = spawn(&self.config, &self.setup);
        self.await_start();
    }

    /// A new person.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.origin, self.address)
    }

    /// A new person who has signed in, at `/`.
    pub(crate) fn signed_in(&self, username: &str) -> Browser {
        self.signed_in_at("/", username)
    }

    /// A new person who has signed in, at a page that asks for it and lets them through.
    pub(crate) fn signed_in_at(&self, url: &str, username: &str) -> Browser {
        let mut browser = self.browser();
        let page = browser.sign_in(url, username, self.idp().password(username));
        assert_eq!(
            page.status, 200,
            "{username} is not signed in: {:?}",
            browser.trail
        );
        browser
    }

    /// The emulator.
    pub(crate) fn idp(&self) -> &DevIdp {
        self.idp.as_ref().expect("this setup has an emulator")
    }

    /// Sends bytes as they are; `Host: HOST` in them stands for the public host.
    pub(crate) fn raw(&self, bytes: &str) -> Response {
        raw_request(
            self.address,
            bytes.replace("Host: HOST", &format!("Host: {}", self.host())),
        )
    }

    /// A further public origin.
    pub(crate) fn other_origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.address.port())
    }

    /// Host and port of the public URL.
    pub(crate) fn host(&self) -> &str {
        self.origin.split("//").nth(1).unwrap_or("")
    }

    /// Asks the admin listener.
    pub(crate) fn ask_admin(&self, path: &str) -> Response {
        raw_request(self.admin, plain_get(path))
    }

    /// Waits until some log line holds all of these texts.
    pub(crate) fn await_log(&mut self, texts: &[&str]) -> String {
        let (out, err) = (self.vestibule.stdout.clone(), self.vestibule.stderr.clone());
        let mut found = String::new();
        self.vestibule
            .wait_until(&format!("a log line with {texts:?}"), || {
                let log = [&out, &err]
                    .map(|path| fs::read_to_string(path).unwrap_or_default())
                    .concat();
                let line = log
                    .lines()
                    .find(|line| texts.iter().all(|text| line.contains(text)));
                found = line.unwrap_or("").to_owned();
                line.is_some()
            });
        found
    }

    /// Waits until so many log lines hold a text.
    pub(crate) fn await_log_times(&mut self, text: &str, times: usize) {
        let (out, err) = (self.vestibule.stdout.clone(), self.vestibule.stderr.clone());
        self.vestibule
            .wait_until(&format!("{times} log lines with {text}"), || {
                let log = [&out, &err].map(|path| fs::read_to_string(path).unwrap_or_default());
                log.concat().matches(text).count() >= times
            });
    }

    /// Path of a file beside the config.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

fn origins(first: &str, hosts: &[String], address: SocketAddr) -> Vec<String> {
    let further = hosts.iter().map(|host| match host.contains(':') {
        true => format!("http://{host}"),
        false => format!("http://{host}:{}", address.port()),
    });
    std::iter::once(first.to_owned()).chain(further).collect()
}

fn cognito(issuer: &str, domain: &str, client_id: &str) -> String {
    format!(
        "kind = \"cognito\"\nuser_pool_id = \"eu-central-1_ExAmP1e99\"\n\
         issuer = \"{issuer}\"\ndomain = \"{domain}\"\nclient_id = \"{client_id}\"\n"
    )
}

fn write_config(
    setup: &Setup,
    dir: &TempDir,
    [address, admin]: [SocketAddr; 2],
    origins: &[String],
    echo: &Echo,
    (provider, further): (&str, &str),
) -> PathBuf {
    let key = fresh_key();
    records::secret("session key", &key);
    fs::write(dir.path().join("session-key"), key).expect("the key's file");
    let home = dir.path().display();
    let upstream = match (setup.no_upstream, &setup.upstream) {
        (true, _) => String::new(),
        (false, Some(url)) => format!("[upstream]\nurl = \"{url}\"\n"),
        (false, None) => format!("[upstream]\nurl = \"{}\"\n", echo.url()),
    };
    let log: String = [("user", setup.log_user), ("client", setup.log_client)]
        .into_iter()
        .filter_map(|(key, word)| Some(format!("log.{key} = \"{}\"\n", word?)))
        .collect();
    let mut listen = format!("\"{address}\"");
    if !setup.listen.is_empty() {
        listen = format!("[{listen}, \"{}\"]", setup.listen.join("\", \""));
    }
    let Setup {
        server,
        provider: more,
        identity,
        session,
        tables,
        ..
    } = setup;
    let prefix = match &setup.path_prefix {
        Some(prefix) => format!("path_prefix = \"{prefix}\"\n"),
        None => String::new(),
    };
    let text = format!(
        "{log}[server]\nlisten = {listen}\nadmin_listen = \"{admin}\"\npublic_url = [\"{}\"]\n\
         {prefix}{server}\n{upstream}\
         [provider.corp]\n{provider}client_secret = {{ file = \"{home}/client-secret\" }}\n{more}\n{further}\
         [identity]\n{identity}\n\
         [session]\nkeys = [{{ file = \"{home}/session-key\" }}]\n{session}\n{tables}\n",
        origins.join("\", \"")
    );
    let path = dir.path().join("vestibule.toml");
    fs::write(&path, text).expect("the config");
    path
}

/// 32 random bytes as base64.
pub(crate) fn fresh_key() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("randomness");
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn spawn(config: &std::path::Path, setup: &Setup) -> Process {
    // The log scan knows by the name which logs may name users.
    let label = match setup.log_user {
        Some("plain") => "vestibule-plain",
        _ => "vestibule",
    };
    let program = env!("CARGO_BIN_EXE_vestibule");
    let mut command = match &setup.files {
        // It becomes the program, and keeps its id.
        Some(files) => {
            let mut limited = Command::new("prlimit");
            limited.arg(format!("--nofile={files}")).arg(program);
            limited
        }
        None => Command::new(program),
    };
    command.args(["run", "--config"]).arg(config);
    Process::start(&mut command, &records::log_dir(), &records::unique(label))
}

fn plain_get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: admin\r\n\r\n")
}
