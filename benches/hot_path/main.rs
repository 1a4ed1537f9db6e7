//! What one request costs in the core: as a whole, and by stage.
//!
//! | command | prints |
//! | --- | --- |
//! | `cargo bench` | times and allocations; times depend on the machine |
//! | `cargo bench --bench hot_path -- --instructions` | instructions and allocations, counted by valgrind, against `benches/baseline.toml`; exit code 1 if a stage costs more |
//! | the same with `--save` | writes that file |
//!
//! Compare times of one run with each other: `5_verify` is the floor that
//! RSA-2048 sets. Instructions hardly depend on what else runs.

use std::process::ExitCode;

use divan::{AllocProfiler, Bencher};

mod instructions;
mod scene;
mod stages;

/// Counts allocations beside the times.
#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let after = |flag: &str| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1..)
    };
    if let Some([name, times, ..]) = after(instructions::ONE_STAGE) {
        return instructions::run(name, times);
    }
    if has("--instructions") {
        return instructions::compare(has("--save"));
    }
    divan::main();
    ExitCode::SUCCESS
}

#[divan::bench(args = stages::NAMES)]
fn stage(bencher: Bencher<'_, '_>, name: &str) {
    let work = stages::stage(name).unwrap_or_else(|| unreachable!("{name} is a stage"));
    bencher.bench_local(work);
}

/// Once in three minutes of a session: signing the assertion.
#[divan::bench]
fn once_in_minutes_sign(bencher: Bencher<'_, '_>) {
    let rules = scene::signing();
    let told = rules.tell(&scene::person(), &Default::default());
    let told = told.unwrap_or_else(|error| unreachable!("{error}"));
    let mut now = scene::NOW;
    bencher.bench_local(|| {
        now = now.plus(300);
        told.assertion().map(|(_, assertion)| assertion.at(now))
    });
}
