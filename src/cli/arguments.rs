//! What may be typed: the commands, their options, and the help text about them.
//!
//! Must not know what a command does.

use std::path::PathBuf;

use clap::{Parser, Subcommand, value_parser};

#[derive(Parser)]
#[command(
    name = "vestibule",
    version,
    about = "Signs people in through Amazon Cognito, or any OpenID Connect provider, in front of an app that needs no change.",
    after_help = "Begin with config.example.toml and `vestibule check --config FILE`."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
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
        /// Ask the provider too: discovery, keys, endpoints, clock; 69 if it is not there
        #[arg(long)]
        online: bool,
        /// Do not read secrets, and other texts only where they are there: for CI without mounts
        #[arg(long)]
        no_secrets: bool,
        /// Warnings are errors: 78
        #[arg(long)]
        strict: bool,
        /// One line of JSON for each finding of --online, also on a terminal
        #[arg(long, requires = "online")]
        json: bool,
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
        /// JSON: an ID token's claims, or { id_token, access_token, userinfo }, each of them claims or a token
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
        /// The provider that signed the person in, where the claims do not say by their issuer
        #[arg(long, value_name = "ID")]
        provider: Option<String>,
        /// A TOML file of requests and what is expected of each; 1 if one differs
        #[arg(long, value_name = "FILE.toml", conflicts_with_all = ["request", "claims", "token", "jwks", "unverified"])]
        cases: Option<PathBuf>,
        /// JSON instead of words
        #[arg(long)]
        json: bool,
    },
    /// Have a running instance send its clients elsewhere: not ready any more, served on until SIGTERM
    #[command(after_help = LEAVE_HELP)]
    Leave {
        /// The process that serves; 1 is the one of a container
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(i32).range(1..))]
        pid: i32,
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
    /// Print a JSON Schema of the configuration: for editors, and for checks of your own
    Schema,
    /// Print version, commit, TLS and crypto backends
    Version,
    #[command(external_subcommand)]
    Other(Vec<String>),
}

#[derive(Subcommand)]
pub(super) enum Import {
    /// Print oauth2-proxy's settings as a configuration; what has no counterpart goes to stderr too
    #[command(name = "oauth2-proxy")]
    Oauth2Proxy {
        /// Its configuration file, or lines OAUTH2_PROXY_NAME=value
        #[arg(value_name = "FILE", required_unless_present = "flags")]
        file: Option<PathBuf>,
        /// Its command line, which wins over the file
        #[arg(long, value_name = "FLAGS", allow_hyphen_values = true)]
        flags: Option<String>,
    },
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

const EXPLAIN_HELP: &str =
    "Without --claims and --token, nobody is signed in. The exit code is 0 for either verdict.";

const LEAVE_HELP: &str = "It sends SIGUSR1, and returns at once. 69 if the process is not there, not Vestibule's or another user's. \
For Kubernetes: lifecycle.preStop.exec of a native sidecar.";
