//! Benchmarks: each is a program of its own under tests/; here they get what they measure, built as it is shipped.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::{build, process, setup};

pub fn run(root: &Path, what: &str, rest: &[OsString]) -> Result<bool> {
    let script = root.join("tests/bench").join(format!("{what}.ts"));
    if !script.exists() {
        bail!("{} is missing", script.display());
    }
    // With --json, stdout is for the figures alone, so the steps run in a process whose stdout is our stderr.
    if rest.iter().any(|arg| arg == "--json") && std::env::var_os(PREPARED).is_none() {
        let mut again = Command::new(std::env::current_exe()?);
        again
            .args(["bench", what, "--prepare"])
            .env(PREPARED, "1")
            .stdout(Stdio::from(std::io::stderr()));
        process::run(&mut again, "preparing the benchmark")?;
    } else {
        prepare(root, what)?;
    }
    if rest.iter().any(|arg| arg == "--prepare") {
        return Ok(true);
    }
    let mut command = build::node(root);
    command.arg(script).args(rest);
    Ok(process::status(&mut command, "the benchmark")?.success())
}

const PREPARED: &str = "FAROL_BENCH_PREPARES";

fn prepare(root: &Path, what: &str) -> Result<()> {
    if what == "sdk" {
        setup::all(root, &["chromium".to_owned()])?;
        build::sdk(root)
    } else {
        setup::for_sdk(root)?;
        build::servers(root)
    }
}
