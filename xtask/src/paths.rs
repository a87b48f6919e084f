//! Where things lie: the repository, cargo's target folder and what is built into it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The repository's root, whichever folder the command was given in.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Cargo's target folder: `CARGO_TARGET_DIR` where it is set.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}

/// A program of this workspace, as `cargo build --release` leaves it.
pub fn release(root: &Path, name: &str) -> PathBuf {
    target(root)
        .join("release")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}

/// A folder outside the repository for what was fetched or built once: the one that a variable names, else of this name in the user's cache.
pub fn cache(name: &str, variable: &str) -> Result<PathBuf> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from);
    if let Some(folder) = of(variable) {
        return Ok(folder);
    }
    match (of("XDG_CACHE_HOME"), of("HOME")) {
        (Some(cache), _) => Ok(cache.join(name)),
        (None, Some(home)) => Ok(home.join(".cache").join(name)),
        (None, None) => bail!("there is no HOME; name a folder in {variable}"),
    }
}
