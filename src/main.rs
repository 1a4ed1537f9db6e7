//! The `vestibule` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(vestibule::cli::main(std::env::args_os()))
}
