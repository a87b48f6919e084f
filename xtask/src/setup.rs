//! Set-up: what a fresh machine with Rust and Node lacks. One line a step; what is there is left alone; what cannot be had is an
//! error that says what to do.

pub mod apt;

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::{browser, process, steps, toolchain};

/// The oldest Node of each line, major and minor, that the npm packages of the lock file run on; lines above the last one are fine. Package.json says the same.
const NODE: [(u32, u32); 2] = [(20, 19), (22, 12)];

pub fn all(root: &Path, engines: &[String]) -> Result<()> {
    for_sdk(root)?;
    for engine in engines {
        browser::setup(root, engine)?;
    }
    Ok(())
}

/// What formats and lints, for who works on this repository.
pub fn tools() -> Result<()> {
    toolchain::RUSTFMT.setup()?;
    toolchain::CLIPPY.setup()
}

/// Set-up of what some tests need; but where a person's machine cannot have it by our doing (no apt, or not as root), the answer is why. Where
/// `wanted` or, on Linux, CI says that it has to be there, and where it could be installed and was not, that is an error. No Mac has WebKitGTK.
pub fn or_why(done: Result<()>, wanted: bool) -> Result<Option<String>> {
    let ci = || cfg!(target_os = "linux") && env::var("CI").is_ok_and(|ci| ci != "false");
    why(done, wanted || apt::usable() || ci())
}

fn why(done: Result<()>, wanted: bool) -> Result<Option<String>> {
    match done {
        Ok(()) => Ok(None),
        Err(error) if wanted => Err(error),
        Err(error) => Ok(Some(format!("{error:#}"))),
    }
}

/// What `sdk` needs: no browser.
pub fn for_sdk(root: &Path) -> Result<()> {
    node()?;
    toolchain::setup()?;
    npm(root)
}

fn node() -> Result<()> {
    const REMEDY: &str = "install Node.js 20.19, 22.12 or newer with npm, from its site or by your system's packages";
    let version = process::output(Command::new("node").arg("--version"), "node").context(REMEDY)?;
    if !number(&version).is_some_and(runs) {
        bail!("node is {}: {REMEDY}", version.trim());
    }
    steps::there("node", version.trim());
    Ok(())
}

/// Whether the packages run on a Node of this major and minor version.
fn runs((major, minor): (u32, u32)) -> bool {
    let newest = NODE.iter().map(|it| it.0).max();
    Some(major) > newest || NODE.iter().any(|it| major == it.0 && minor >= it.1)
}

/// Major and minor.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim().trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The packages of the root lock file, for all workspaces.
fn npm(root: &Path) -> Result<()> {
    npm_in(root, "npm packages")
}

/// The packages of a folder's lock file.
pub fn npm_in(folder: &Path, step: &str) -> Result<()> {
    if npm_is_there(folder) {
        steps::there(step, "already there");
        return Ok(());
    }
    let wanted = fs::read(folder.join("package-lock.json")).context("package-lock.json")?;
    steps::step(step, || {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        process::output(
            Command::new(npm)
                .args(["ci", "--no-audit", "--no-fund"])
                .current_dir(folder),
            "npm ci",
        )
        .context(
            "npm could not install what package-lock.json lists; is its registry within reach?",
        )?;
        fs::write(folder.join(NPM_STAMP), &wanted)?;
        Ok(())
    })
}

/// Whether what the lock file lists is installed. Npm keeps a lock file of its own in node_modules, but writes it anew; a copy of ours tells.
pub fn npm_is_there(folder: &Path) -> bool {
    let there = fs::read(folder.join(NPM_STAMP)).ok();
    there.is_some() && there == fs::read(folder.join("package-lock.json")).ok()
}

const NPM_STAMP: &str = "node_modules/.farol-lock";

/// The balancer that two collectors are tried behind.
pub fn haproxy() -> Result<()> {
    const STEP: &str = "haproxy";
    if env::var_os("FAROL_HAPROXY").is_some() || in_path(STEP) {
        steps::there(STEP, "already there");
        return Ok(());
    }
    if !apt::usable() {
        bail!("no haproxy: install it by your system's packages, or name it in FAROL_HAPROXY");
    }
    steps::step("haproxy, by Debian's packages", || {
        apt::update()?;
        apt::install(&["haproxy"])
    })
}

/// Whether a program is in PATH.
pub fn in_path(name: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_cannot_have_is_why_some_tests_are_not_run_unless_they_are_wanted() {
        let missing = || Err(anyhow::anyhow!("no haproxy"));
        assert_eq!(
            why(missing(), false).unwrap().as_deref(),
            Some("no haproxy")
        );
        assert!(why(missing(), true).is_err());
        assert_eq!(why(Ok(()), true).unwrap(), None);
    }

    #[test]
    fn a_node_that_the_packages_do_not_run_on_is_told_from_one_that_they_do() {
        for fine in ["v20.19.0\n", "v20.20.2", "v22.12.0", "v23.0.0", "v24.1.0"] {
            assert!(number(fine).is_some_and(runs), "{fine}");
        }
        for no in ["v18.20.4", "v20.18.3", "v21.7.3", "v22.11.0", "no version"] {
            assert!(!number(no).is_some_and(runs), "{no}");
        }
    }
}
