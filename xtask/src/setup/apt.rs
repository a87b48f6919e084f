//! Debian's packages: the last resort for a browser or a wasm target, and only where we may install them.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;

use crate::{process, setup};

/// Only root may, and we ask for no password.
pub fn usable() -> bool {
    nix::unistd::geteuid().is_root() && setup::in_path("apt-get")
}

/// Renews the package lists, once a run: a fresh image has none.
pub fn update() -> Result<()> {
    static DONE: AtomicBool = AtomicBool::new(false);
    if !DONE.load(Ordering::Relaxed) {
        process::output(apt_get().args(["update", "-q"]), "apt-get update")?;
        DONE.store(true, Ordering::Relaxed);
    }
    Ok(())
}

pub fn install(packages: &[&str]) -> Result<()> {
    process::output(
        apt_get()
            .args(["install", "-q", "-y", "--no-install-recommends"])
            .args(packages),
        "apt-get install",
    )
    .map(drop)
}

/// The names of packages that match a pattern.
pub fn names(pattern: &str) -> Result<Vec<String>> {
    let found = process::output(
        Command::new("apt-cache").args(["search", "--names-only", pattern]),
        "apt-cache search",
    )?;
    Ok(found
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
