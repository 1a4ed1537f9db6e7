//! Instructions and allocations of each stage, counted by valgrind, against a
//! baseline in the repository.
//!
//! A stage runs some times in one process and more often in another; the
//! difference over the difference is one run, whatever starting costs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::stages;

/// Runs one stage so many times and ends: what is counted.
pub(crate) const ONE_STAGE: &str = "--one-stage";

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/baseline.toml");
const FEW: u32 = 20;
const MANY: u32 = 120;
/// By how much a stage may exceed its baseline: compilers, C libraries and
/// processors (the crypto library chooses its code by them) differ.
const TOLERANCE: f64 = 0.05;
/// Below this many instructions more it is no news either.
const SLACK: u64 = 60;

type Error = Box<dyn std::error::Error>;
type Counts = BTreeMap<String, Count>;

#[derive(Clone, Copy)]
struct Count {
    instructions: u64,
    allocations: u64,
}

/// Runs a stage, inside valgrind.
pub(crate) fn run(name: &str, times: &str) -> ExitCode {
    let (Some(mut work), Ok(times)) = (stages::stage(name), times.parse::<u32>()) else {
        return ExitCode::from(64);
    };
    for _ in 0..times {
        work();
    }
    ExitCode::SUCCESS
}

/// Counts all stages and compares them with the baseline, or makes it, as also
/// where there is none yet.
pub(crate) fn compare(save: bool) -> ExitCode {
    let save = save || !Path::new(BASELINE).exists();
    let compared = || -> Result<bool, Error> {
        let before = if save { Counts::new() } else { read()? };
        let mut counts = Counts::new();
        let mut is_fine = true;
        say("stage                 instructions   baseline   change   allocations  baseline")?;
        for name in stages::NAMES {
            let count = count(name)?;
            is_fine &= report(name, count, before.get(*name))? || save;
            counts.insert((*name).to_owned(), count);
        }
        if save {
            write(&counts)?;
        }
        Ok(is_fine)
    };
    match compared() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            let told = say(
                "\nA stage costs more than its baseline allows (5 % or 60 instructions; no\n\
                 allocation more). If that is meant: make bench-baseline",
            );
            ExitCode::from(u8::from(told.is_ok()))
        }
        Err(error) => {
            let told = say(&format!("instructions cannot be counted: {error}"));
            ExitCode::from(if told.is_ok() { 69 } else { 1 })
        }
    }
}

/// One line of the table; whether it is within bounds.
fn report(name: &str, count: Count, before: Option<&Count>) -> Result<bool, Error> {
    let Some(before) = before else {
        say(&format!(
            "{name:<20} {:>13}          -        -  {:>12}         -",
            count.instructions, count.allocations
        ))?;
        return Ok(false);
    };
    let (now, then) = (precise(count.instructions), precise(before.instructions));
    let change = now / then - 1.0;
    let is_fine = count.allocations <= before.allocations
        && (change <= TOLERANCE || count.instructions <= before.instructions + SLACK);
    say(&format!(
        "{name:<20} {:>13} {:>10} {:>+7.1}%  {:>12} {:>9}{}",
        count.instructions,
        before.instructions,
        change * 100.0,
        count.allocations,
        before.allocations,
        if is_fine { "" } else { "   MORE" },
    ))?;
    Ok(is_fine)
}

fn count(name: &str) -> Result<Count, Error> {
    let per_run = |tool: &str, file: &str, before: &str, after: &str| -> Result<u64, Error> {
        let few = valgrind(tool, file, name, FEW)?;
        let many = valgrind(tool, file, name, MANY)?;
        let few = number(&few, before, after)?;
        let many = number(&many, before, after)?;
        let runs = u64::from(MANY - FEW);
        Ok((many.saturating_sub(few) + runs / 2) / runs)
    };
    Ok(Count {
        instructions: per_run("callgrind", "callgrind-out-file", "Collected : ", "")?,
        allocations: per_run("dhat", "dhat-out-file", "bytes in ", " blocks")?,
    })
}

fn valgrind(tool: &str, file: &str, name: &str, times: u32) -> Result<String, Error> {
    let output = Command::new("valgrind")
        .arg(format!("--tool={tool}"))
        .arg(format!("--{file}=/dev/null"))
        .arg(std::env::current_exe()?)
        .args([ONE_STAGE, name, &times.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.success() {
        true => Ok(said),
        false => Err(said.into()),
    }
}

/// The first number between two texts; thousands may be parted by commas.
fn number(text: &str, before: &str, after: &str) -> Result<u64, Error> {
    let found = text.lines().find_map(|line| {
        let (_, rest) = line.split_once(before)?;
        let digits = match after {
            "" => rest,
            after => rest.split_once(after)?.0,
        };
        digits.trim().replace(',', "").parse().ok()
    });
    found.ok_or_else(|| format!("no number after {before:?} in: {text}").into())
}

fn read() -> Result<Counts, Error> {
    let table: toml::Table = std::fs::read_to_string(Path::new(BASELINE))?.parse()?;
    let count = |value: &toml::Value| {
        let member = |name: &str| u64::try_from(value.get(name)?.as_integer()?).ok();
        Some(Count {
            instructions: member("instructions")?,
            allocations: member("allocations")?,
        })
    };
    let counts = table
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), count(value)?)));
    Ok(counts.collect())
}

fn write(counts: &Counts) -> Result<(), Error> {
    let mut text = String::from(
        "# What one run of each stage costs (benches/hot_path). Written by `make bench-baseline`;\n\
         # `make bench` fails if a stage costs more.\n",
    );
    for (name, count) in counts {
        text += &format!(
            "\n[{name}]\ninstructions = {}\nallocations = {}\n",
            count.instructions, count.allocations
        );
    }
    std::fs::write(BASELINE, text)?;
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio for people; counts are far below 2^52"
)]
fn precise(count: u64) -> f64 {
    count as f64
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
