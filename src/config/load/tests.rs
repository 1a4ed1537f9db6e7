//! The rules of the configuration, as tables of text and what is found wrong with it.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::{Loaded, SecretsMode, load, parse};
use crate::config::convert::{EnvError, Files, Outside, SecretSource};
use crate::config::error::ConfigErrors;
use crate::config::{ClientAuth, Config, EmailVerified, LogAs, LogoutReach, ProviderKind};
use crate::gate::route::{Access, PathPattern};

mod defaults;
mod identity;
mod messages;
mod pages;
mod providers;
mod rules;
mod schema;

/// The smallest real configuration, of the contract.
const SMALLEST: &str = r#"
[server]
listen     = "0.0.0.0:8080"
public_url = "https://wiki.example.com"

[upstream]
url = "http://127.0.0.1:3000"

[provider.corp]
kind         = "cognito"
user_pool_id = "eu-central-1_ExAmP1e99"
domain       = "https://login.example.com"
client_id    = "4exampleclient0000000000aa"
client_secret = { file = "/run/secrets/cognito-client-secret" }

[session]
keys = [{ file = "/run/secrets/session-key" }]
"#;

const CLIENT_SECRET: &str = "s3cr3t-of-the-client";
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const OTHER_KEY: &str = "IB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE=";

/// Made for these tests: `openssl genpkey -algorithm EC`.
const SIGNING_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBqOp36N1IYzbQXRG\n2KPPJf31krPMzZpk2ErgKlmipvWhRANCAAQx2Him7ERcvvMCGV6f92dJYYqgHERD\nQfObF4RRUDZ5gbUNb90QFH+0bwfehYw9lb1X+tauiNmb1qcWlgTnOfQo\n-----END PRIVATE KEY-----\n";
const P384_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDL6tqqxMcuYPVqOhAP\ni30NDxcmKAF8V7osrnfbMZgsWKTFvdXcGnqs5Ahm/64DWQShZANiAAQ8l/HLcrrQ\n/AcU/yr40yKNnM/jcK1UdYwCSUHwqUbhmWTlOl0WfZwWvRl5+PKrQJ9lM1s3a8nw\nDJ8nv4LuoGsRcZeXECVqctiLTrjHR0cPDNXjoBOU7NKsuMKfuut7APc=\n-----END PRIVATE KEY-----\n";

/// Made for these tests: `openssl req -x509`.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIBqDCCAU6gAwIBAgIUXGvE151kYrASylaIDXPChow7aqEwCgYIKoZIzj0EAwIw\nGzEZMBcGA1UEAwwQd2lraS5leGFtcGxlLmNvbTAeFw0yNjExMjExMzQ0MDlaFw0z\nNjExMTgxMzQ0MDlaMBsxGTAXBgNVBAMMEHdpa2kuZXhhbXBsZS5jb20wWTATBgcq\nhkjOPQIBBggqhkjOPQMBBwNCAAT8en0yDzIRGT2493upoHmRfyA7ZVr12ZT41Qy1\n0w/6t1snb61KwNozpqy1w8sMv2AmUpsL/FEPkNLKTrrV/j/To3AwbjAdBgNVHQ4E\nFgQUOg/bZO7eWYlGWSXLWD6KXMx8M9gwHwYDVR0jBBgwFoAUOg/bZO7eWYlGWSXL\nWD6KXMx8M9gwDwYDVR0TAQH/BAUwAwEB/zAbBgNVHREEFDASghB3aWtpLmV4YW1w\nbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIH1ls76AEKMeiBkiPlk+F1uo1RyMo5GO\nSQ8AjyTBwvb+AiEAv4Zl1nmh4MGiLYyIL4/WKmdgXHqbsFRGe/o7qny8+2Q=\n-----END CERTIFICATE-----\n";
const CERTIFICATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNGLzTXy+Cixa5sfE\nQD5vwg3uAR3CsAAnmbbDpsufZxChRANCAAT8en0yDzIRGT2493upoHmRfyA7ZVr1\n2ZT41Qy10w/6t1snb61KwNozpqy1w8sMv2AmUpsL/FEPkNLKTrrV/j/T\n-----END PRIVATE KEY-----\n";

/// Files and variables by name; a name that begins with `$` is a variable.
struct Fake(HashMap<String, String>);

impl Fake {
    fn new() -> Self {
        let several = format!("# first\n{KEY}\n\n  {OTHER_KEY}  \n");
        let entries = [
            ("/run/secrets/cognito-client-secret", CLIENT_SECRET),
            ("/run/secrets/session-key", KEY),
            ("other-key", OTHER_KEY),
            ("several-keys", several.as_str()),
            (
                "bad-keys",
                "\n# good\nAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\nAAAA\n",
            ),
            ("short-key", "c2VjcmV0LWJ1dC1zaG9ydA=="),
            ("not-base64", "s3cr3t!"),
            ("comments", "# nothing\n\n"),
            ("blank", " \n"),
            (
                "bare.toml",
                "\"Local Company\" = [\"Argentina\", \"Chile\"]\n\"eu.west\" = \"Europe\"\n",
            ),
            (
                "headed.toml",
                "[identity.groups.map]\n\"Local Company\" = [\"Argentina\", \"Chile\"]\n\"eu.west\" = \"Europe\"\n",
            ),
            (
                "strays.toml",
                "# ours\nstray = \"x\"\n[identity.groups]\nunmapped = \"drop\"\n[identity.groups.map]\na = \"b\"\n[identity.access_right.map]\na = \"c\"\n",
            ),
            ("rights.toml", "\"Global Company\" = \"Admin\"\n"),
            ("broken.toml", "a = [\n"),
            ("wrong.toml", "a = \"x\"\nb = 1\nc = []\n"),
            ("signing-key", SIGNING_KEY),
            ("p384-key", P384_KEY),
            ("certificate", CERTIFICATE),
            ("certificate-key", CERTIFICATE_KEY),
            // A PEM block with a key in name alone.
            (
                "no-key",
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            ),
            ("$ORIGIN", " https://wiki.example.com\n"),
            ("$HTTP_ORIGIN", "http://wiki.example.com/s3cr3t"),
            ("$CLIENT", "4exampleclient0000000000aa"),
            ("$SECRET", CLIENT_SECRET),
            ("$BLANK", " "),
            ("$PROXY", "http://me:s3cr3t@proxy:3128"),
            ("$LEVEL", "s3cr3t"),
            ("$TEMPLATE", "{s3cr3t}"),
            ("$PERSON", " {user} <{email}>\n"),
            ("person-template", "{user} <{email}>"),
        ];
        Self(
            entries
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
        )
    }
}

impl SecretSource for Fake {
    fn file(&self, path: &Path) -> Result<Zeroizing<String>, io::Error> {
        let text = self.0.get(path.to_str().unwrap());
        text.cloned()
            .map(Zeroizing::new)
            .ok_or(io::ErrorKind::NotFound.into())
    }

    fn env(&self, name: &str) -> Result<Zeroizing<String>, EnvError> {
        if name == "LATIN1" {
            return Err(EnvError::NotText);
        }
        let text = self.0.get(&format!("${name}"));
        text.cloned().map(Zeroizing::new).ok_or(EnvError::Unset)
    }
}

impl Files for Fake {
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, io::Error> {
        self.table(path).map(String::into_bytes)
    }

    fn folder(&self, path: &Path) -> Result<Vec<String>, io::Error> {
        let folder = format!("{}/", path.to_str().unwrap());
        let names = self.0.keys().filter_map(|name| name.strip_prefix(&folder));
        let mut names: Vec<_> = names.map(str::to_owned).collect();
        names.sort();
        match names.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(names),
        }
    }

    fn table(&self, path: &Path) -> Result<String, io::Error> {
        let text = self.0.get(path.to_str().unwrap());
        text.cloned().ok_or(io::ErrorKind::NotFound.into())
    }
}

fn read(text: &str) -> Result<Loaded, ConfigErrors> {
    read_with(text, &Fake::new())
}

fn read_with(text: &str, secrets: &Fake) -> Result<Loaded, ConfigErrors> {
    parse(
        Path::new("config.toml"),
        text,
        &Outside {
            secrets: Some(secrets),
            texts: None,
            files: secrets,
            cores: 3,
        },
    )
}

fn skip(text: &str) -> Result<Loaded, ConfigErrors> {
    parse(
        Path::new("config.toml"),
        text,
        &Outside {
            secrets: None,
            texts: None,
            files: &Fake::new(),
            cores: 3,
        },
    )
}

fn config(text: &str) -> Config {
    read(text)
        .unwrap_or_else(|errors| panic!("{text}\n{errors}"))
        .config
}

/// The smallest configuration with changes: `key = value` sets or replaces a
/// key by its whole path, `-key` removes one, and what follows the first line
/// that begins with a bracket stands at the end as it is.
fn change(changes: &str) -> String {
    let (changes, tail) = match changes.find("\n[") {
        Some(at) => changes.split_at(at),
        None => (changes, ""),
    };
    let mut text = SMALLEST.to_owned();
    for line in changes
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let (key, value) = match line.strip_prefix('-') {
            Some(key) => (key, None),
            None => (line.split_once(" = ").unwrap().0, Some(line)),
        };
        let (table, leaf) = key.rsplit_once('.').unwrap_or(("", key));
        let header = format!("[{table}]\n");
        let mut out = String::new();
        let mut inside = false;
        for old in text.lines() {
            if old.starts_with('[') {
                inside = header.trim() == old;
            }
            let is_it = inside && old.split('=').next().unwrap().trim() == leaf;
            if !is_it {
                out.push_str(old);
                out.push('\n');
            }
            if old == header.trim()
                && let Some(line) = value
            {
                out.push_str(line.strip_prefix(table).unwrap().trim_start_matches('.'));
                out.push('\n');
            }
        }
        // A table that the smallest configuration lacks: as a dotted key at the top.
        text = match value {
            Some(line) if !out.contains(&header) => format!("{line}\n{out}"),
            _ => out,
        };
    }
    text + tail
}

/// Key paths and names of kinds, in the order of the report.
fn found(result: &Result<Loaded, ConfigErrors>) -> Vec<(String, String)> {
    let errors = match result {
        Ok(_) => &[],
        Err(errors) => errors.as_slice(),
    };
    errors
        .iter()
        .map(|error| (error.key().to_owned(), variant(error.kind())))
        .collect()
}

fn variant(kind: &impl std::fmt::Debug) -> String {
    let text = format!("{kind:?}");
    text.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap()
        .to_owned()
}

/// Asserts what is found in each text, and shows all rows that differ.
fn assert_table(rows: &[(&str, &[(&str, &str)])]) {
    let mut wrong = String::new();
    for (changes, expected) in rows {
        let text = change(changes);
        let result = read(&text);
        let actual = found(&result);
        let same = actual.len() == expected.len()
            && actual
                .iter()
                .zip(*expected)
                .all(|((a, b), (c, d))| a == c && b == d);
        if !same {
            wrong += &format!("--- {changes}\nexpected {expected:?}\nfound    {actual:?}\n");
            if let Err(errors) = result {
                wrong += &format!("{errors}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
