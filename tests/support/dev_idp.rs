//! The Cognito emulator as a process, and its admin API.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::process::Process;
use super::records;
use super::wire::raw_request;

/// A local user of the emulated pool: groups, an access right, all verified.
pub(crate) const KIRSTEN: &str = "kirsten.holm@example.org";
/// Another one.
pub(crate) const OLA: &str = "ola.admin@example.org";
/// One whose name is not ASCII.
pub(crate) const SOREN: &str = "soren@example.org";
/// One whose email is not verified.
pub(crate) const UNVERIFIED: &str = "unverified@example.org";
/// The picker button of a person of the Entra tenant.
pub(crate) const NADIA_BUTTON: &str = "user-nadia-berg";
/// Her email.
pub(crate) const NADIA: &str = "nadia.berg@example.com";

/// A local user of the second pool, which the first is federated with.
pub(crate) const OLA_OF_POOL2: &str = "ola@example.net";

pub(crate) struct DevIdp {
    process: Process,
    pub(crate) issuer: String,
    pub(crate) domain: String,
    pub(crate) admin: String,
    pub(crate) pool: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// A client that is a program.
    pub(crate) machine_client_id: String,
    machine_client_secret: String,
    entra_issuer: String,
    users: Vec<Value>,
}

impl DevIdp {
    /// On free ports.
    pub(crate) fn start(dir: &Path, callback: &str, sign_out: &str) -> Self {
        Self::start_at(dir, 0, callback, sign_out)
    }

    /// On given ports.
    pub(crate) fn start_at(dir: &Path, base_port: u16, callback: &str, sign_out: &str) -> Self {
        let vestibule = Path::new(env!("CARGO_BIN_EXE_vestibule"));
        let mut command = Command::new(vestibule.with_file_name("dev-idp"));
        command
            .args(["--base-port", &base_port.to_string(), "--quiet"])
            .args(["--allow-callback", callback, "--allow-signout", sign_out]);
        let mut process = Process::start(&mut command, dir, &records::unique("dev-idp"));
        let line = process.first_line();
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("dev-idp's first line ({error}): {line}"));
        let text = |name: &str| {
            ready[name]
                .as_str()
                .unwrap_or_else(|| panic!("dev-idp says no {name}: {line}"))
                .to_owned()
        };
        let idp = Self {
            issuer: text("issuer"),
            domain: text("domain"),
            admin: text("admin"),
            pool: text("pool"),
            client_id: text("client_id"),
            client_secret: text("client_secret"),
            machine_client_id: text("machine_client_id"),
            machine_client_secret: text("machine_client_secret"),
            entra_issuer: text("entra_issuer"),
            users: ready["users"].as_array().expect("people").clone(),
            process,
        };
        records::secret("client secret", &idp.client_secret);
        for user in &idp.users {
            // With `log.user = "hash"`, which is the default, nobody is named.
            records::secret("claim", user["username"].as_str().unwrap_or(""));
        }
        idp
    }

    /// Registers callbacks and sign-out URLs on further origins.
    pub(crate) fn register(&self, origins: &[String], prefix: &str) {
        if origins.is_empty() {
            return;
        }
        let clients = self.call("GET", "/clients", &Value::Null);
        let is_ours = |client: &&Value| client["client_id"] == self.client_id.as_str();
        let ours = clients.as_array().and_then(|all| all.iter().find(is_ours));
        let ours = ours.expect("our client");
        let with = |known: &str, path: &str| -> Vec<Value> {
            let known = ours[known].as_array().expect("a list").iter().cloned();
            let further = origins.iter();
            known
                .chain(further.map(|origin| json!(format!("{origin}{prefix}/{path}"))))
                .collect()
        };
        let change = json!({
            "callbacks": with("callbacks", "callback"), "signouts": with("signouts", "signed-out"),
        });
        self.call("PATCH", &format!("/clients/{}", self.client_id), &change);
    }

    /// Registers an application at the Entra tenant; the head of the provider's table.
    pub(crate) fn entra_app(&self, client: &str, secret: &str, redirects: &[&str]) -> String {
        self.call(
            "POST",
            "/entra/apps",
            &json!({ "client_id": client, "secrets": [secret], "redirect_uris": redirects }),
        );
        format!(
            "kind = \"oidc\"\nissuer = \"{}\"\nclient_id = \"{client}\"\n",
            self.entra_issuer
        )
    }

    /// Everybody of the line that the emulator printed.
    pub(crate) fn users(&self) -> &[Value] {
        &self.users
    }

    /// A person's password.
    pub(crate) fn password(&self, username: &str) -> &str {
        self.users
            .iter()
            .find(|user| user["username"] == username)
            .and_then(|user| user["password"].as_str())
            .unwrap_or_else(|| panic!("{username} has no password: {:?}", self.users))
    }

    /// How often each endpoint was asked.
    pub(crate) fn counters(&self) -> Value {
        self.call("GET", "/counters", &Value::Null)
    }

    /// How often one endpoint was asked, such as `domain:token`.
    pub(crate) fn asked(&self, endpoint: &str) -> u64 {
        self.counters()[endpoint].as_u64().unwrap_or(0)
    }

    /// Any call of the admin API.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = url::Url::parse(&self.admin).expect("the admin URL");
        let address = format!(
            "{}:{}",
            url.host_str().unwrap_or(""),
            url.port().unwrap_or(0)
        );
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let response = raw_request(address.parse().expect("an address"), request);
        assert!(
            response.status < 300,
            "{method} {path}: {} {}",
            response.status,
            response.text()
        );
        serde_json::from_slice(&response.body).unwrap_or(Value::Null)
    }

    /// Moves the emulator's clock: tokens are issued as if it were so much later (or earlier).
    pub(crate) fn set_clock(&self, offset_seconds: i64) {
        self.call(
            "POST",
            "/clock",
            &json!({ "offset_seconds": offset_seconds }),
        );
    }

    /// A token of the emulator's making; `order` holds what is to differ from a good ID token.
    pub(crate) fn mint(&self, username: &str, token_use: &str, order: Value) -> String {
        let mut body = json!({
            "pool": self.pool, "client_id": self.client_id,
            "username": username, "token_use": token_use,
        });
        for (key, value) in order.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let answer = self.call("POST", "/mint", &body);
        let token = answer["token"].as_str().expect("a token").to_owned();
        records::secret("token", &token);
        token
    }

    /// A token of the machine client, as a script gets it (RFC 6749 4.4).
    pub(crate) fn client_credentials(&self, scope: &str) -> String {
        let url = url::Url::parse(&self.domain).expect("the domain");
        let (id, secret) = (&self.machine_client_id, &self.machine_client_secret);
        super::peers::client_credentials(&url, "/oauth2/token", (id, secret), &[("scope", scope)])
    }

    /// Ends it, as an outage would.
    pub(crate) fn stop(self) {
        drop(self.process);
    }
}
