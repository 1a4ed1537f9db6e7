//! The emulator as a program: arguments, one line of JSON, signals.

use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

use clap::Parser;
use dev_idp::{Emulator, Settings, StartError};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

/// Exit codes of sysexits.h.
const USAGE: u8 = 64;
const UNAVAILABLE: u8 = 69;

/// An Amazon Cognito user pool with an Entra ID tenant behind it, for demos
/// and tests. Loopback only.
#[derive(Debug, Parser)]
#[command(name = "dev-idp", version)]
struct Arguments {
    /// Issuer host here, login domain +1, Entra tenant +2, admin API +8; 0
    /// picks four free ports
    #[arg(long, default_value_t = 9101)]
    base_port: u16,
    /// Loopback address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// A further callback URL of the demo client
    #[arg(long, value_name = "URL")]
    allow_callback: Vec<String>,
    /// A further sign-out URL of the demo client
    #[arg(long, value_name = "URL")]
    allow_signout: Vec<String>,
    /// No banner on stderr
    #[arg(long)]
    quiet: bool,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are errors to clap and none to us.
            let code = if error.use_stderr() { USAGE } else { 0 };
            return match error.print() {
                Ok(()) => ExitCode::from(code),
                Err(_) => ExitCode::FAILURE,
            };
        }
    };
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Start(error)) => {
            say(&format!("dev-idp: {error}\n"));
            ExitCode::from(match error {
                StartError::Listen { .. } => UNAVAILABLE,
                StartError::NotLoopback(_) | StartError::PortRange(_) | StartError::Url(_) => USAGE,
            })
        }
        Err(Failure::Io(error)) => {
            say(&format!("dev-idp: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    // Before the ready line: whoever reads it may send a signal at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let emulator = Emulator::start(&Settings {
        host: arguments.host,
        base_port: arguments.base_port,
        callbacks: arguments.allow_callback,
        signouts: arguments.allow_signout,
    })
    .await?;
    if !arguments.quiet {
        say(&banner(emulator.greeting()));
    }
    {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", emulator.greeting())?;
        stdout.flush()?;
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// For people: the warning first.
fn banner(greeting: &Value) -> String {
    let text = |name: &str| greeting.get(name).and_then(Value::as_str).unwrap_or("");
    let mut banner = format!(
        "dev-idp: EMULATOR of Amazon Cognito and Entra ID. It signs tokens for anyone who asks;\n\
         dev-idp: for demos and tests on this machine only, never for real accounts.\n\n\
         \x20 issuer  {}\n  domain  {}\n  entra   {}\n  admin   {}\n\nWho can sign in:\n",
        text("issuer"),
        text("domain"),
        text("entra"),
        text("admin"),
    );
    for user in greeting
        .get("users")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let text = |name: &str| user.get(name).and_then(Value::as_str);
        let how = match text("password") {
            Some(password) => format!("password {password}"),
            None => "by \"Continue with entra\", no password".to_owned(),
        };
        banner.push_str(&format!(
            "  {:<56} {how}\n",
            text("username").unwrap_or_default()
        ));
    }
    banner
}

/// A closed stderr is no reason to stop.
fn say(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}
