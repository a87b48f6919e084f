//! Benchmarks: each is a program of its own under tests/bench; here they get what they measure, built as it is shipped.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::{build, process, setup, steps};

pub fn run(root: &Path, what: &str, rest: &[OsString]) -> Result<bool> {
    if what == "queue" {
        return queue(root, rest);
    }
    let script = root.join("tests/bench").join(format!("{what}.ts"));
    ensure!(script.exists(), "{} is missing", script.display());
    // With --json, stdout is for the figures alone.
    if rest.iter().any(|arg| arg == "--json") {
        steps::to_stderr();
    }
    if what == "sdk" {
        setup::all(root, &["chromium".to_owned()])?;
        build::sdk(root)?;
    } else {
        setup::for_sdk(root)?;
        build::servers(root)?;
    }
    let mut command = build::node(root);
    command.arg(script).args(rest);
    Ok(process::status(&mut command, "the benchmark")?.success())
}

/// A crate of its own: the stores that it compares are no dependency of anything else.
fn queue(root: &Path, rest: &[OsString]) -> Result<bool> {
    let mut command = build::cargo(root);
    command.args(["run", "--quiet", "--release", "--locked"]);
    command.args(["--manifest-path", "tests/bench/queue/Cargo.toml", "--"]);
    command.args(rest);
    Ok(process::status(&mut command, "the benchmark")?.success())
}
