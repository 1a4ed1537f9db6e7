//! The command line. Machine-readable output goes to stdout, words for people
//! to stderr.
//!
//! Owns the exit codes and the small commands; the larger ones have a file each.

mod arguments;
mod check;
mod explain;
mod import;
mod leave;

use std::io::Write;
use std::path::Path;

use clap::Parser;

use self::arguments::{Arguments, Command, Import};
use self::check::{How, check};
use self::explain::explain;
use self::import::{mapping, oauth2_proxy};
use self::leave::leave;
use crate::app::{self, StartError};
use crate::config::load;
use crate::config::schema::schema;
use crate::explain::{Question, TokenCheck, Who};
use crate::gate::assertion::key::AssertionKey;
use crate::gate::seal::SecretKey;
use crate::import::MappingOptions;
use crate::{clock, telemetry, version};

/// Done.
pub const DONE: u8 = 0;
/// Anything else.
pub const FAILED: u8 = 1;
/// Bad command line (sysexits EX_USAGE).
pub const USAGE: u8 = 64;
/// A needed service is not there (EX_UNAVAILABLE).
pub const UNAVAILABLE: u8 = 69;
/// Bad configuration (EX_CONFIG).
pub const CONFIG: u8 = 78;

/// Runs the command line; gives the exit code.
pub fn main(arguments: impl Iterator<Item = std::ffi::OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let printed = error.print().is_ok();
            return match error.use_stderr() {
                true => USAGE,
                false if printed => DONE,
                false => FAILED,
            };
        }
    };
    match arguments.command {
        Command::Run { config } => run(&config),
        Command::Check {
            config,
            online,
            no_secrets,
            strict,
            json,
        } => {
            let how = How {
                online,
                no_secrets,
                strict,
                json,
            };
            check(&config, how)
        }
        Command::Explain {
            config,
            request,
            claims,
            token,
            jwks,
            unverified,
            provider,
            cases,
            json,
        } => {
            let check = match jwks {
                Some(keys) => Some(TokenCheck::Keys(keys)),
                None => unverified.then_some(TokenCheck::Unverified),
            };
            let who = match (claims, token) {
                (Some(file), _) => Who::Claims(file),
                (None, Some(file)) => Who::Token(file),
                (None, None) => Who::SignedOut,
            };
            let request = request.unwrap_or_default();
            let question = Question {
                who,
                provider,
                check,
                request,
                json,
            };
            explain(&config, cases.as_deref(), &question)
        }
        Command::Import {
            what:
                Import::Mapping {
                    file,
                    key,
                    value,
                    no_split,
                },
        } => {
            let split = !no_split;
            mapping(&file, &MappingOptions { key, value, split })
        }
        Command::Import {
            what: Import::Oauth2Proxy { file, flags },
        } => oauth2_proxy(file.as_deref(), flags.as_deref()),
        Command::Leave { pid } => leave(pid),
        Command::Keygen { assertion: true } => assertion_keygen(),
        Command::Keygen { assertion: false } => keygen(),
        Command::Schema => print(&format!("{:#}\n", schema())),
        Command::Version => print(&version_text()),
        Command::Other(words) => other(words.first().map_or("", String::as_str)),
    }
}

fn run(config: &Path) -> u8 {
    let (loaded, sources) = load::load_with_sources(config);
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(errors) => {
            say(&errors.to_string());
            say(&format!(
                "try: vestibule check --config {}",
                config.display()
            ));
            return CONFIG;
        }
    };
    telemetry::start(loaded.config.log);
    for warning in &loaded.warnings {
        tracing::warn!(warning = %warning, "configuration");
    }
    let ended = app::run(config, &loaded.config, sources);
    telemetry::flush();
    match ended {
        Ok(()) => DONE,
        Err(error) => {
            say(&format!("vestibule: {error}"));
            match error {
                StartError::Listen(_) => {
                    say("    stop what uses the address, or choose another one");
                    UNAVAILABLE
                }
                StartError::Http(_) | StartError::Key(_) | StartError::Random(_) => FAILED,
            }
        }
    }
}

fn keygen() -> u8 {
    match SecretKey::generate(&mut clock::random) {
        Ok(key) => print(&format!("{}\n", key.to_base64().as_str())),
        Err(error) => {
            say(&format!("vestibule: {error}"));
            FAILED
        }
    }
}

fn assertion_keygen() -> u8 {
    match AssertionKey::generate().and_then(|key| key.to_pem()) {
        Ok(pem) => print(&pem),
        Err(error) => {
            say(&format!("vestibule: {error}"));
            FAILED
        }
    }
}

fn other(name: &str) -> u8 {
    say(&format!("vestibule: there is no command \"{name}\""));
    say("    see: vestibule --help");
    USAGE
}

fn version_text() -> String {
    let version = version::json();
    let text = |name: &str| {
        version
            .get(name)
            .and_then(|v| v.as_str())
            .unwrap_or("unknown")
            .to_owned()
    };
    let crypto = version
        .get("crypto")
        .and_then(|crypto| crypto.as_object())
        .map(|crypto| {
            let uses: Vec<_> = crypto
                .iter()
                .map(|(name, value)| format!("{} ({name})", value.as_str().unwrap_or_default()))
                .collect();
            uses.join(", ")
        })
        .unwrap_or_default();
    format!(
        "vestibule {}\ncommit {}\ntls {}\ncrypto {crypto}\n",
        text("version"),
        text("commit"),
        text("tls"),
    )
}

fn print(text: &str) -> u8 {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => DONE,
        Err(_) => FAILED,
    }
}

/// If nobody reads stderr any more, nothing is left to be said; the exit code tells.
fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{}", text.trim_end()));
}
