//! What several commands build. The collector and the shop are always built together, in one profile: asked for one by one, cargo
//! would unite their dependencies' features differently and compile them again.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{process, sdk, steps};

/// Cargo, in the repository.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Node with TypeScript read as it is, in the repository.
pub fn node(root: &Path) -> Command {
    let mut command = Command::new("node");
    command.args(["--import", "tsx"]).current_dir(root);
    command
}

/// The release collector and the shop's backend.
pub fn servers(root: &Path) -> Result<()> {
    release(
        root,
        "collector and shop backend, release",
        &["farol-collector", "farol-shop"],
    )
}

/// What the collector's benchmark runs.
pub fn load(root: &Path) -> Result<()> {
    release(
        root,
        "collector and load generator, release",
        &["farol-collector", "farol-shop", "farol-load"],
    )
}

fn release(root: &Path, what: &str, packages: &[&str]) -> Result<()> {
    steps::step(what, || {
        let mut cargo = cargo(root);
        cargo.args(["build", "--quiet", "--release", "--locked"]);
        cargo.args(packages.iter().flat_map(|package| ["-p", package]));
        process::run(&mut cargo, "cargo build")
    })
}

pub fn sdk(root: &Path) -> Result<()> {
    steps::step("SDK", || sdk::build(root))
}

/// The shop's page, into examples/spa/dist.
pub fn spa(root: &Path) -> Result<()> {
    steps::step("shop", || {
        process::output(
            Command::new("npm")
                .args(["run", "--silent", "build", "-w", "farol-shop"])
                .current_dir(root),
            "vite build",
        )
        .map(drop)
    })
}

/// All that the demo and the browser tests run.
pub fn all(root: &Path) -> Result<()> {
    sdk(root)?;
    spa(root)?;
    servers(root)
}
