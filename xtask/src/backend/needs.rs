//! What Python's and Spring's backends need beside the stores: kept in the user's cache, and made anew when what it was made of has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{paths, process, steps};

fn cache(name: &str) -> Result<PathBuf> {
    Ok(paths::cache("farol-backends", "FAROL_BACKENDS_CACHE")?.join(name))
}

/// A copy of what it was made of, beside it.
const STAMP: &str = ".made-of";

fn is_there(name: &str, wanted: &[u8]) -> bool {
    cache(name).is_ok_and(|it| fs::read(it.join(STAMP)).is_ok_and(|there| there == wanted))
}

/// Makes it, unless it is there.
fn once(
    name: &str,
    step: &str,
    wanted: Vec<u8>,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    if is_there(name, &wanted) {
        steps::there(step, "already there");
        return Ok(());
    }
    let folder = cache(name)?;
    steps::step(step, || {
        fs::create_dir_all(&folder)?;
        make(&folder)?;
        fs::write(folder.join(STAMP), wanted)?;
        Ok(())
    })
}

const REQUIREMENTS: &str = "requirements.txt";

pub fn python(folder: &Path) -> Result<()> {
    let wanted = fs::read(folder.join(REQUIREMENTS)).context(REQUIREMENTS)?;
    once("python", "Python packages of the backend", wanted, |to| {
        let venv = to.join("venv");
        let python = ["python3", "python"]
            .into_iter()
            .find(|it| crate::setup::in_path(it))
            .context("no python3: install Python 3.11 or newer, or choose another backend")?;
        process::output(
            Command::new(python)
                .args(["-m", "venv", "--clear"])
                .arg(&venv),
            "python -m venv",
        )
        .context("Debian keeps venv in a package of its own: python3-venv")?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "-r"]);
        pip.arg(folder.join(REQUIREMENTS));
        process::output(&mut pip, "pip install")
            .context("pip could not install what requirements.txt lists; is its index within reach, and Python 3.11 or newer?")?;
        Ok(())
    })
}

pub fn python_is_there(folder: &Path) -> bool {
    fs::read(folder.join(REQUIREMENTS)).is_ok_and(|wanted| is_there("python", &wanted))
}

pub fn python_program() -> Result<PathBuf> {
    Ok(cache("python")?.join("venv/bin/python"))
}

pub fn spring(folder: &Path) -> Result<()> {
    once(
        "spring",
        "Spring's backend, by Maven",
        sources(folder)?,
        |to| {
            let mut maven = Command::new("mvn");
            maven.args(["--batch-mode", "--quiet", "package"]);
            maven.arg(format!("-Dshop.target={}", to.join("target").display()));
            process::output(maven.current_dir(folder), "mvn package").context(
            "Spring's backend wants Java 17 or newer and Maven, and Maven its repository within reach (Debian: default-jdk-headless maven); or choose another backend",
        )?;
            Ok(())
        },
    )
}

pub fn spring_is_there(folder: &Path) -> bool {
    sources(folder).is_ok_and(|wanted| is_there("spring", &wanted))
}

pub fn spring_jar() -> Result<PathBuf> {
    Ok(cache("spring")?.join("target/farol-shop-spring.jar"))
}

/// The project's file and sources, one behind the other.
fn sources(folder: &Path) -> Result<Vec<u8>> {
    let mut bytes = fs::read(folder.join("pom.xml")).context("pom.xml")?;
    let mut folders = vec![folder.join("src/main")];
    while let Some(folder) = folders.pop() {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            entries.push(entry?.path());
        }
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else {
                bytes.extend(fs::read(path)?);
            }
        }
    }
    Ok(bytes)
}
