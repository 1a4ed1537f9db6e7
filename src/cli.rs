//! The command line. Machine-readable output goes to stdout, words for people
//! to stderr.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::app::{self, StartError};
use crate::config::load::{self, SecretsMode};
use crate::config::registration::registration;
use crate::explain::{self, Question, TokenCheck, Who};
use crate::gate::assertion::key::AssertionKey;
use crate::gate::seal::SecretKey;
use crate::import::{FILE_MAX, MappingOptions, import_mapping};
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

#[derive(Parser)]
#[command(
    name = "vestibule",
    version,
    about = "Signs people in through Amazon Cognito, or any OpenID Connect provider, in front of an app that needs no change.",
    after_help = "Begin with config.example.toml and `vestibule check --config FILE`."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT, then drain and end
    Run {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Check a configuration, and say what to register at the provider
    Check {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Do not read secrets: for CI without mounts
        #[arg(long)]
        no_secrets: bool,
    },
    /// Say what would become of a request, and why: no network, no secret
    #[command(after_help = EXPLAIN_HELP)]
    Explain {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// "METHOD https://host/path"; a path alone means the first server.public_url, and GET
        #[arg(long, value_name = "REQUEST", required_unless_present = "cases")]
        request: Option<String>,
        /// JSON: an ID token's claims, or { id_token, access_token, userinfo }
        #[arg(long, value_name = "FILE.json")]
        claims: Option<PathBuf>,
        /// An ID token, to be checked by --jwks or taken --unverified
        #[arg(long, value_name = "FILE", conflicts_with = "claims")]
        token: Option<PathBuf>,
        /// The provider's key set, for --token
        #[arg(long, value_name = "FILE")]
        jwks: Option<PathBuf>,
        /// Take the claims of a token without checking it
        #[arg(long, conflicts_with = "jwks")]
        unverified: bool,
        /// The provider that signed the person in
        #[arg(long, value_name = "ID")]
        provider: Option<String>,
        /// A TOML file of requests and what is expected of each; 1 if one differs
        #[arg(long, value_name = "FILE.toml", conflicts_with_all = ["request", "claims", "token", "jwks", "unverified"])]
        cases: Option<PathBuf>,
        /// JSON instead of words
        #[arg(long)]
        json: bool,
    },
    /// Bring over what another system holds
    Import {
        #[command(subcommand)]
        what: Import,
    },
    /// Print a fresh session key (32 bytes, base64)
    Keygen {
        /// A key that signs assertions instead (P-256, PKCS#8 in PEM)
        #[arg(long)]
        assertion: bool,
    },
    /// Print version, commit, TLS and crypto backends
    Version,
    #[command(external_subcommand)]
    Other(Vec<String>),
}

#[derive(Subcommand)]
enum Import {
    /// Print a mapping XML as a TOML table: to paste, or for map_file
    Mapping {
        /// The XML file
        #[arg(value_name = "FILE.xml")]
        file: PathBuf,
        /// Node that holds the provider's value, such as ExternalSystemAccess (@NAME: an attribute)
        #[arg(long, value_name = "NODE")]
        key: String,
        /// Node that holds the local name, such as EncodeGroup or EncodeAccessRight
        #[arg(long, value_name = "NODE")]
        value: String,
        /// Take a value whole, commas and all: for access rights
        #[arg(long)]
        no_split: bool,
    },
}

/// Commands of later versions: named, so that nobody takes them for misspelt.
const LATER: &[&str] = &["schema"];

const EXPLAIN_HELP: &str =
    "Without --claims and --token, nobody is signed in. The exit code is 0 for either verdict.";

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
        Command::Check { config, no_secrets } => check(&config, no_secrets),
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
                check,
                request,
                json,
            };
            explain(&config, provider.as_deref(), cases.as_deref(), &question)
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
        Command::Keygen { assertion: true } => assertion_keygen(),
        Command::Keygen { assertion: false } => keygen(),
        Command::Version => print(&version_text()),
        Command::Other(words) => other(words.first().map_or("", String::as_str)),
    }
}

fn run(config: &Path) -> u8 {
    let loaded = match load::load(config, SecretsMode::Read) {
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
    match app::run(&loaded.config) {
        Ok(()) => DONE,
        Err(error) => {
            say(&format!("vestibule: {error}"));
            match error {
                StartError::Listen { .. } => {
                    say("    stop what uses the address, or choose another one");
                    UNAVAILABLE
                }
                StartError::Http(_) | StartError::Key(_) | StartError::Random(_) => FAILED,
            }
        }
    }
}

fn check(config: &Path, no_secrets: bool) -> u8 {
    let mode = if no_secrets {
        SecretsMode::Skip
    } else {
        SecretsMode::Read
    };
    match load::load(config, mode) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                say(&format!("warning: {warning}"));
            }
            say(&format!("{}: no errors", config.display()));
            print(&format!("{}\n", registration(&loaded.config)))
        }
        Err(errors) => {
            say(&errors.to_string());
            CONFIG
        }
    }
}

fn explain(config: &Path, provider: Option<&str>, cases: Option<&Path>, question: &Question) -> u8 {
    let config = match load::load(config, SecretsMode::Explain) {
        Ok(loaded) => loaded.config,
        Err(errors) => {
            say(&errors.to_string());
            return CONFIG;
        }
    };
    let known = config.provider.id.as_str();
    if let Some(other) = provider.filter(|id| *id != known) {
        say(&format!(
            "vestibule: --provider: the configuration has no provider \"{other}\""
        ));
        say(&format!("    there is: {known}"));
        return USAGE;
    }
    let answer = match cases {
        Some(file) => explain::explain_cases(&config, file, question.json),
        None => explain::explain(&config, question),
    };
    match answer {
        Ok(answer) => match (print(&answer.text), answer.holds) {
            (DONE, true) => DONE,
            _ => FAILED,
        },
        Err(error) => {
            say(&format!("vestibule: {error}"));
            if error.is_usage() { USAGE } else { FAILED }
        }
    }
}

fn mapping(file: &Path, options: &MappingOptions) -> u8 {
    let mut xml = Vec::new();
    // One byte more than is allowed, so that the refusal is the import's own.
    let most = u64::try_from(FILE_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let read = File::open(file).and_then(|open| open.take(most).read_to_end(&mut xml));
    if let Err(error) = read {
        say(&format!("vestibule: {}: {error}", file.display()));
        return FAILED;
    }
    match import_mapping(&xml, options) {
        Ok(imported) => {
            for note in &imported.notes {
                say(&format!("note: {note}"));
            }
            print(&imported.to_toml(file))
        }
        Err(error) => {
            say(&format!("vestibule: {}: {error}", file.display()));
            if error.is_usage() { USAGE } else { FAILED }
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
    if LATER.contains(&name) {
        say(&format!(
            "vestibule: the command \"{name}\" is not in this version"
        ));
    } else {
        say(&format!("vestibule: there is no command \"{name}\""));
        say("    see: vestibule --help");
    }
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
