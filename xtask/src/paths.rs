//! Where things lie: the repository, cargo's target folder and what is built into it.

use std::path::{Path, PathBuf};

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
