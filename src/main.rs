//! The `vestibule` program: arguments in, exit code out.

use std::process::ExitCode;

/// The system's allocator costs about as much as the core does (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(vestibule::cli::main(std::env::args_os()))
}
