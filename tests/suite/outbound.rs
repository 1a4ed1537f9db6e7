//! The way to a provider behind a proxy and an authority of its own: npm's oidc-provider over TLS, and a
//! forward proxy that nobody here wrote.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::third_party::sign_in;
use crate::support::Setup;
use crate::support::authority::Authority;
use crate::support::harness::fresh_key;
use crate::support::peers::{ForwardProxy, OidcProvider, free_port};

const PUBLIC: &str = "https://wiki.example.com";

/// A provider over TLS whose authority nobody else knows.
struct Behind {
    home: TempDir,
    authority: Authority,
    provider: OidcProvider,
}

impl Behind {
    fn start() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let authority = Authority::new(home.path(), "ca");
        let (certificate, key) = authority.issue("op", "127.0.0.2");
        let path = |path: &Path| path.display().to_string();
        let (certificate, key) = (path(&certificate), path(&key));
        let provider = OidcProvider::start_with(
            home.path(),
            &format!("{PUBLIC}/_vestibule/callback"),
            &format!("{PUBLIC}/_vestibule/signed-out"),
            &["--certificate", &certificate, "--key", &key],
        );
        assert!(provider.issuer.starts_with("https://"));
        Self {
            home,
            authority,
            provider,
        }
    }

    /// `[provider.corp]`, reached in this way. Browsers go where they need no TLS.
    fn head(&self, http: &str) -> String {
        let OidcProvider {
            issuer,
            plain,
            client_id,
            ..
        } = &self.provider;
        format!(
            "kind = \"oidc\"\nissuer = \"{issuer}\"\nclient_id = \"{client_id}\"\n\
             endpoints = {{ authorization = \"{plain}/auth\" }}\nuserinfo = true\nhttp = {{ {http} }}\n"
        )
    }

    fn ca(&self) -> String {
        format!("ca = {{ file = \"{}\" }}", self.authority.file.display())
    }

    fn host(&self) -> &str {
        self.provider.issuer.trim_start_matches("https://")
    }

    /// `check --online`'s exit code, with a proxy in the environment.
    fn check(&self, http: &str, environment: &[(&str, &str)]) -> Option<i32> {
        let file = |name: &str, text: &str| fs::write(self.home.path().join(name), text);
        file("client-secret", &self.provider.client_secret).expect("a file");
        file("session-key", &fresh_key()).expect("a file");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:8080\"\npublic_url = \"{PUBLIC}\"\n\
             [upstream]\nurl = \"http://127.0.0.1:3000\"\n[session]\nkeys = [{{ file = \"session-key\" }}]\n\
             [provider.corp]\nclient_secret = {{ file = \"client-secret\" }}\n{}",
            self.head(http)
        );
        file("check.toml", &text).expect("a file");
        let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .args(["check", "--online", "--config"])
            .arg(self.home.path().join("check.toml"))
            .envs(environment.iter().copied())
            .output()
            .expect("vestibule");
        output.status.code()
    }
}

#[test]
fn people_sign_in_through_a_provider_behind_a_proxy_and_an_own_authority() {
    let behind = Behind::start();
    let mut proxy = ForwardProxy::start(behind.home.path());
    let chain = Setup {
        public_url: Some(PUBLIC.to_owned()),
        provider_head: Some(behind.head(&format!("proxy = \"{}\", {}", proxy.url, behind.ca()))),
        provider_secret: Some(behind.provider.client_secret.clone()),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let page = sign_in(&mut browser, "/docs", "frida");
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert_eq!(
        chain.echo.last().header("X-Forwarded-User"),
        Some("frida@example.net")
    );
    let out = browser.script("POST", "/_vestibule/logout");
    assert_eq!(out.status, 200, "{}", out.text());
    drop(chain);
    proxy.await_tunnel_to(behind.host());
}

#[test]
fn there_is_no_other_way_than_the_configured_one() {
    let behind = Behind::start();
    let mut proxy = ForwardProxy::start(behind.home.path());
    let (ca, url) = (behind.ca(), proxy.url.clone());
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let with = |proxy: &str| format!("proxy = \"{proxy}\", {ca}");
    // Without its authority, and with a proxy that is not there.
    assert_eq!(behind.check("proxy = \"off\"", &[]), Some(69));
    assert_eq!(behind.check(&with(&nowhere), &[]), Some(69));
    assert_eq!(
        behind.check(&with("off"), &[("HTTPS_PROXY", &nowhere)]),
        Some(0)
    );
    // The environment, unless the configuration says something.
    assert_eq!(behind.check(&ca, &[("HTTPS_PROXY", &nowhere)]), Some(69));
    let except = [("HTTPS_PROXY", nowhere.as_str()), ("NO_PROXY", "127.0.0.2")];
    assert_eq!(behind.check(&ca, &except), Some(0));
    assert!(!proxy.was_asked());
    assert_eq!(behind.check(&ca, &[("HTTPS_PROXY", &url)]), Some(0));
    proxy.await_tunnel_to(behind.host());
    assert_eq!(
        behind.check(&with(&url), &except),
        Some(0),
        "not the environment's"
    );
}
