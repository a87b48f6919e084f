//! Where Rust for wasm32 comes from: rustup's target, or Debian's packages where rustup can fetch nothing.
//!
//! Debian ships no standard library for wasm32-unknown-unknown; it is built from the packaged source, which a stable compiler
//! allows under `RUSTC_BOOTSTRAP=1`. Versions of those packages move, so they are found, never written down.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{process, steps};

pub const TARGET: &str = "wasm32-unknown-unknown";

const REMEDY: &str = "run `rustup target add wasm32-unknown-unknown`, or, on Debian and its children, as root: \
    `apt-get install rustc-web cargo-web rust-web-src lld-NN` (the newest lld)";

/// What builds the core: a cargo, what stands in its environment, and arguments for `cargo build`.
#[derive(Debug)]
pub struct WasmToolchain {
    pub cargo: PathBuf,
    pub env: Vec<(String, OsString)>,
    pub args: Vec<String>,
}

impl WasmToolchain {
    /// `cargo build` for wasm32, to which package, profile and the like are added.
    pub fn build(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        command
            .arg("build")
            .args(["--target", TARGET])
            .args(&self.args);
        command.env_remove("CARGO_ENCODED_RUSTFLAGS");
        if !self.env.is_empty() {
            // What the cargo that runs us says about itself is wrong for another one.
            for name in ["RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC", "CARGO"] {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Which of the two ways; `FAROL_WASM_TOOLCHAIN` chooses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Rustup,
    Debian,
}

fn chosen(name: Option<&str>) -> Result<Option<Way>> {
    match name {
        None | Some("") => Ok(None),
        Some("rustup") => Ok(Some(Way::Rustup)),
        Some("debian") => Ok(Some(Way::Debian)),
        Some(other) => bail!("FAROL_WASM_TOOLCHAIN is `{other}`: it may be rustup or debian"),
    }
}

/// The toolchain as it is now; an error with the remedy where there is none.
pub fn wasm() -> Result<WasmToolchain> {
    let way = chosen(std::env::var("FAROL_WASM_TOOLCHAIN").ok().as_deref())?;
    if way != Some(Way::Debian)
        && let Some(found) = by_rustup()
    {
        return Ok(found);
    }
    if way != Some(Way::Rustup)
        && let Some(found) = by_debian()
    {
        return Ok(found);
    }
    bail!("no Rust for {TARGET}: {REMEDY}")
}

/// Gets the target where it is missing, by rustup first.
pub fn setup() -> Result<()> {
    const STEP: &str = "wasm target";
    if let Ok(found) = wasm() {
        let way = if found.env.is_empty() {
            "already there"
        } else {
            "already there, Debian's packages"
        };
        steps::there(STEP, way);
        return Ok(());
    }
    let way = chosen(std::env::var("FAROL_WASM_TOOLCHAIN").ok().as_deref())?;
    let mut tried = String::new();
    if way != Some(Way::Debian) {
        match steps::step("wasm target, by rustup", || {
            process::output(
                Command::new("rustup").args(["target", "add", TARGET]),
                "rustup target add",
            )
        }) {
            Ok(_) if by_rustup().is_some() => return Ok(()),
            Ok(_) => {
                tried =
                    "rustup added the target to another toolchain than the one in use".to_owned();
            }
            Err(error) => tried = format!("{error:#}"),
        }
    }
    if way != Some(Way::Rustup) && crate::setup::apt::usable() {
        let done = steps::step("wasm target, by Debian's packages", || {
            crate::setup::apt::update()?;
            let lld = newest_lld(&crate::setup::apt::names("^lld-[0-9]+$")?)
                .context("no package lld-NN")?;
            crate::setup::apt::install(&["rustc-web", "cargo-web", "rust-web-src", &lld])
        });
        match done {
            Ok(()) if by_debian().is_some() => return Ok(()),
            Ok(()) => {
                tried = format!(
                    "{tried}\nDebian's packages are there, but hold no compiler with its source"
                );
            }
            Err(error) => tried = format!("{tried}\n{error:#}"),
        }
    }
    bail!("no Rust for {TARGET}: {REMEDY}\n{}", tried.trim())
}

/// What cargo runs as a command of its own and toolchains come without: rustup's profile `minimal`, and Debian's rustc and cargo.
#[derive(Debug)]
pub struct Tool {
    command: &'static str,
    component: &'static str,
    package: &'static str,
}

pub const RUSTFMT: Tool = Tool {
    command: "fmt",
    component: "rustfmt",
    package: "rustfmt",
};

pub const CLIPPY: Tool = Tool {
    command: "clippy",
    component: "clippy",
    package: "rust-clippy",
};

impl Tool {
    /// Gets it where it is missing, by rustup first.
    pub fn setup(&self) -> Result<()> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.setup_by(&cargo, "rustup", crate::setup::apt::usable())
    }

    fn setup_by(&self, cargo: &OsStr, rustup: &str, apt: bool) -> Result<()> {
        let Self {
            command,
            component,
            package,
        } = self;
        let there = || {
            let mut ask = Command::new(cargo);
            process::output(ask.args([command, "--version"]), component)
        };
        let Err(error) = there() else {
            steps::there(component, "already there");
            return Ok(());
        };
        let by_rustup = steps::step(&format!("{component}, by rustup"), || {
            let mut add = Command::new(rustup);
            process::output(add.args(["component", "add", component]), "rustup")
        });
        let Err(by_rustup) = by_rustup.and_then(|_| there()) else {
            return Ok(());
        };
        let mut tried = format!("{error:#}\n{by_rustup:#}");
        if apt {
            let by_apt = steps::step(&format!("{component}, by Debian's packages"), || {
                crate::setup::apt::update()?;
                crate::setup::apt::install(&[package])
            });
            match by_apt.and_then(|()| there()) {
                Ok(_) => return Ok(()),
                Err(error) => tried = format!("{tried}\n{error:#}"),
            }
        }
        bail!(
            "no {component}: run `rustup component add {component}`, or, on Debian and its children, as root: \
             `apt-get install {package}`\n{tried}"
        )
    }
}

fn by_rustup() -> Option<WasmToolchain> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    has_library(&rustc, TARGET).then(|| WasmToolchain {
        cargo: cargo.into(),
        env: Vec::new(),
        args: Vec::new(),
    })
}

/// Whether a compiler has the standard library of a target.
pub fn has_library(rustc: &OsStr, target: &str) -> bool {
    let folder = process::output(
        Command::new(rustc).args(["--print", "target-libdir", "--target", target]),
        "rustc",
    );
    let files = folder.map(|folder| Path::new(folder.trim()).read_dir());
    let Ok(Ok(files)) = files else { return false };
    files
        .flatten()
        .any(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
}

/// Debian's: rustc and cargo outside rustup's folder, the standard library's source below rustc's sysroot, and an lld.
fn by_debian() -> Option<WasmToolchain> {
    let (cargo, rustc) = (
        PathBuf::from("/usr/bin/cargo"),
        PathBuf::from("/usr/bin/rustc"),
    );
    let sysroot = process::output(
        Command::new(&rustc).args(["--print", "sysroot"]),
        "Debian's rustc",
    )
    .ok()?;
    let source = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std/Cargo.toml");
    if !source.exists() || !cargo.exists() {
        return None;
    }
    let linker = linkers("/usr/bin").pop()?;
    debian(&cargo, &rustc, &linker).ok()
}

fn debian(cargo: &Path, rustc: &Path, linker: &Path) -> Result<WasmToolchain> {
    let bin = cargo.parent().context("cargo lies in a folder")?;
    let path = std::env::join_paths([bin.to_path_buf()].into_iter().chain(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    )))?;
    ensure!(rustc.is_absolute(), "rustc's place must be known");
    Ok(WasmToolchain {
        cargo: cargo.to_path_buf(),
        env: vec![
            ("PATH".to_owned(), path),
            ("RUSTC".to_owned(), rustc.into()),
            ("RUSTC_BOOTSTRAP".to_owned(), "1".into()),
            (
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER".to_owned(),
                linker.into(),
            ),
        ],
        args: vec![
            "-Zbuild-std=std,panic_abort".to_owned(),
            "--ignore-rust-version".to_owned(),
        ],
    })
}

/// Every versioned wasm-ld in a folder, the newest last.
fn linkers(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            Some((
                entry
                    .file_name()
                    .to_str()?
                    .strip_prefix("wasm-ld-")?
                    .parse()
                    .ok()?,
                entry.path(),
            ))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

fn newest_lld(names: &[String]) -> Option<String> {
    let version = |name: &String| {
        name.strip_prefix("lld-")
            .and_then(|version| version.parse::<u32>().ok())
    };
    names
        .iter()
        .filter(|name| version(name).is_some())
        .max_by_key(|name| version(name))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_without_the_formatter_is_told_how_to_get_it() {
        let cargo = OsStr::new("false");
        let error = RUSTFMT.setup_by(cargo, "false", false).unwrap_err();
        assert!(
            format!("{error:#}").contains("rustup component add rustfmt"),
            "{error:#}"
        );
        // Told that it was added, it is asked for again.
        assert!(CLIPPY.setup_by(cargo, "true", false).is_err());
        CLIPPY.setup_by(OsStr::new("true"), "false", false).unwrap();
    }

    #[test]
    fn the_newest_linker_is_chosen_by_number_not_by_spelling() {
        let names = ["lld-9", "lld-22", "lld-19", "lld"].map(str::to_owned);
        assert_eq!(newest_lld(&names).as_deref(), Some("lld-22"));
    }

    #[test]
    fn a_way_that_does_not_exist_is_an_error_that_names_the_two() {
        assert_eq!(chosen(Some("debian")).unwrap(), Some(Way::Debian));
        assert_eq!(chosen(None).unwrap(), None);
        assert!(
            chosen(Some("nix"))
                .unwrap_err()
                .to_string()
                .contains("rustup or debian")
        );
    }

    #[test]
    fn debians_compiler_comes_first_and_builds_the_standard_library() {
        let found = debian(
            Path::new("/usr/bin/cargo"),
            Path::new("/usr/bin/rustc"),
            Path::new("/usr/bin/wasm-ld-22"),
        )
        .unwrap();
        let command = found.build();
        let env: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?)))
            .collect();
        assert!(env.contains(&("RUSTC", "/usr/bin/rustc")));
        assert!(env.contains(&(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
            "/usr/bin/wasm-ld-22"
        )));
        assert!(
            env.iter()
                .any(|(name, value)| *name == "PATH" && value.starts_with("/usr/bin:"))
        );
        assert!(
            command
                .get_args()
                .any(|arg| arg == "-Zbuild-std=std,panic_abort")
        );
    }
}
