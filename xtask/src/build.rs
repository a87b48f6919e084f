//! What several commands build. Collector, shop and load generator are always built together, in one profile: asked for one by one, cargo
//! would unite their dependencies' features differently and compile them again.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{process, rust_app, sdk, steps};

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

/// The release programs: collector, shop and load.
pub fn servers(root: &Path) -> Result<()> {
    steps::step("collector, shop and load, release", || {
        let mut cargo = cargo(root);
        cargo.args(["build", "--quiet", "--release", "--locked"]);
        cargo.args([
            "-p",
            "farol-collector",
            "-p",
            "farol-shop",
            "-p",
            "farol-load",
        ]);
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

/// The front end in Rust, which no other command needs.
pub fn rust_app(root: &Path) -> Result<()> {
    steps::step("front end in Rust", || rust_app::build(root))
}

/// All that the demo and the browser tests run.
pub fn all(root: &Path) -> Result<()> {
    sdk(root)?;
    spa(root)?;
    servers(root)
}
