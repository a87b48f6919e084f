//! The fuzzer over the targets of `tests/fuzz`: seeds written, each target built with coverage, and run so many times.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::counts::Counts;
use crate::{build, process, setup, steps};

/// The longest input: a body of several items, several times over.
const MAX_LEN: &str = "-max_len=16384";

/// One input may take this many seconds; whatever takes longer is a finding.
const TIMEOUT: &str = "-timeout=10";

/// Runs of each target where the command line does not say.
pub const RUNS: u64 = 1_000_000;

/// Runs of each target under `test --full`.
pub const FULL_RUNS: u64 = 10_000_000;

/// Runs the targets of these names, or all.
pub fn run(root: &Path, runs: u64, names: &[String]) -> Result<Counts> {
    set_up()?;
    let mut seeds = build::cargo(root);
    seeds.args([
        "run",
        "--quiet",
        "--locked",
        "-p",
        "farol-fuzz-targets",
        "--",
    ]);
    seeds.arg(root.join("fuzz/corpus"));
    let all = process::output(&mut seeds, "the seeds")?;
    let all: Vec<&str> = all.lines().collect();
    for name in names {
        ensure!(
            all.contains(&name.as_str()),
            "there is no target `{name}`; there are {}",
            all.join(", ")
        );
    }
    let mut counts = Counts::default();
    for name in all {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        match steps::step(&format!("{name}, {runs} runs"), || one(root, name, runs)) {
            Ok(()) => counts.passed += 1,
            Err(error) => {
                println!("✗ {name}: {error:#}");
                counts.failed += 1;
            }
        }
    }
    Ok(counts)
}

fn one(root: &Path, name: &str, runs: u64) -> Result<()> {
    let mut command = Command::new("cargo");
    command.current_dir(root);
    command.args(["+nightly", "fuzz", "run"]);
    // Only inflating runs code in C; a sanitizer makes all else three times slower for nothing.
    if name != "inflate" {
        command.args(["--sanitizer", "none"]);
    }
    command.args([name, "--", &format!("-runs={runs}"), MAX_LEN, TIMEOUT]);
    // What cargo says about itself is wrong for another toolchain.
    for variable in ["RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC", "CARGO"] {
        command.env_remove(variable);
    }
    process::output(&mut command, "cargo fuzz").map(drop)
}

fn set_up() -> Result<()> {
    let nightly = || {
        process::output(
            Command::new("rustup").args(["run", "nightly", "rustc", "--version"]),
            "rustup",
        )
    };
    match nightly() {
        Ok(version) => steps::there("nightly Rust", version.trim()),
        Err(_) => steps::step("nightly Rust, by rustup", || {
            process::output(
                Command::new("rustup").args([
                    "toolchain",
                    "install",
                    "nightly",
                    "--profile=minimal",
                ]),
                "rustup",
            )
            .map(drop)
            .context("run `rustup toolchain install nightly`")
        })?,
    }
    if setup::in_path("cargo-fuzz") {
        steps::there("cargo-fuzz", "already there");
        return Ok(());
    }
    steps::step("cargo-fuzz", || {
        process::output(
            Command::new("cargo").args(["install", "--quiet", "--locked", "cargo-fuzz"]),
            "cargo install",
        )
        .map(drop)
    })
}
